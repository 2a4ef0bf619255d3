"""Manifests that run FrameworkController without us → an environment, and how to move to it."""
