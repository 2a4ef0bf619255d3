"""Where FrameworkController's image has what it starts."""

from __future__ import annotations

from collections.abc import Iterable

HOME = "/opt/frameworkcontroller/frameworkcontroller"
"""The image's working directory, which holds the binary and its own configuration file."""
BINARY = f"{HOME}/frameworkcontroller"
FLAGS = {
    "add_dir_header", "alsologtostderr", "log_backtrace_at", "log_dir", "log_file",
    "log_file_max_size", "logtostderr", "skip_headers", "skip_log_headers",
    "stderrthreshold", "v", "vmodule",
}  # fmt: skip
"""The flags that the binary knows (`frameworkcontroller -h`); it ends at once on any other."""


def unknown_flags(arguments: Iterable[str]) -> list[str]:
    """Those of a program's arguments that the binary does not know."""
    return [a for a in arguments if a.startswith("-") and _flag(a) not in FLAGS]


def _flag(argument: str) -> str:
    """The name in an argument such as --v=4."""
    return argument.lstrip("-").partition("=")[0]
