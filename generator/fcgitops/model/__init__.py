"""What a repository, its environments and its experiments are: frozen, valid once they exist."""
