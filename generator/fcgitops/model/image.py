"""Where FrameworkController's image has what it starts."""

from __future__ import annotations

HOME = "/opt/frameworkcontroller/frameworkcontroller"
"""The image's working directory, which holds the binary and its own configuration file."""
BINARY = f"{HOME}/frameworkcontroller"
