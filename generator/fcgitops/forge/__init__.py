"""What a forge (GitHub, GitLab) is told of a pull request, from within its CI."""
