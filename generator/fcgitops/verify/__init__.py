"""What must be true of a repository and of what it renders."""
