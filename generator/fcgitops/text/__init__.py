"""YAML and trees of files as values: read, edited, checked. Nothing here knows a repository."""
