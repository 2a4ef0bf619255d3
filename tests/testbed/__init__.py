"""A real control plane without Docker: programs on loopback, their state in one folder."""
