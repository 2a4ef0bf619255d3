"""Git: the only package that imports GitPython and that writes to a repository."""
