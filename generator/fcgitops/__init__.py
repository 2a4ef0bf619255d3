"""fcgitops: Git repositories that run Microsoft FrameworkController by GitOps."""

__version__ = "0.2.1.dev0"
