"""Flux: entry points for each environment, on its own cluster."""
