"""Where FrameworkController's image has what it starts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

HOME = "/opt/frameworkcontroller/frameworkcontroller"
"""The image's working directory, which holds the binary and its own configuration file."""
BINARY = f"{HOME}/frameworkcontroller"
START = f"{HOME}/start.sh"
"""The image's entry point, as ./start.sh: it goes to its own folder, and starts the binary there
with its arguments (bin/frameworkcontroller/start.sh of microsoft/frameworkcontroller)."""
SEVERITIES = ("INFO", "WARNING", "ERROR", "FATAL")
_TRUTHS = {"1", "0", "t", "f", "T", "F", "true", "false", "TRUE", "FALSE", "True", "False"}


def _whole(least: int, most: int) -> Callable[[str], bool]:
    def right(text: str) -> bool:
        return bool(re.fullmatch(r"[-+]?[0-9]+", text)) and least <= int(text) <= most

    return right


_level = _whole(-(1 << 31), (1 << 31) - 1)


def _modules(text: str) -> bool:
    """FILE=LEVEL, with commas between them."""
    return all(re.fullmatch(r"[^=]+=\+?[0-9]+", part) for part in text.split(",") if part)


FLAGS: dict[str, Callable[[str], bool] | None] = {
    "add_dir_header": None,
    "alsologtostderr": None,
    "log_backtrace_at": lambda text: bool(re.fullmatch(r"[^:]*\.[^:]*:\+?0*[1-9][0-9]*", text)),
    "log_dir": lambda _: True,
    "log_file": lambda _: True,
    "log_file_max_size": _whole(0, (1 << 64) - 1),
    "logtostderr": None,
    "skip_headers": None,
    "skip_log_headers": None,
    "stderrthreshold": lambda text: text.upper() in SEVERITIES or _level(text),
    "v": _level,
    "vmodule": _modules,
}
"""The flags that the binary knows (`frameworkcontroller -h`), and whether it takes a value of one;
None for those that are true or false."""


def unsuitable(arguments: Sequence[str]) -> str:
    """The first of a program's arguments with which the binary ends at once; "" if there is none.

    As Go's package `flag` reads them: what follows the first word that is no flag, or `--`, is not
    looked at. What a variable of the container stands for is not known here.
    """
    words = iter(arguments)
    for word in words:
        name, given, value = word.removeprefix("-").removeprefix("-").partition("=")
        if not word.startswith("-") or word in ("-", "--"):
            return ""
        if name not in FLAGS:
            return "" if _VARIABLE in word else word
        right = FLAGS[name]
        if right is None:
            suits = not given or value in _TRUTHS
        else:
            value = value if given else next(words, "")
            suits = (bool(given) or value != "") and right(value)
        if not suits and _VARIABLE not in value:
            return word if given or right is None else f"{word} {value}".rstrip()
    return ""


_VARIABLE = "$("
"""What a reference to a variable begins with, which the kubelet replaces."""
