"""A generated repository: read from disk, and what a request makes of it."""
