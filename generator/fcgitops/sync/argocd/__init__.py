"""Argo CD: one set of entry points that finds every environment by its environment.yaml."""
