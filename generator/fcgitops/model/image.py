"""What FrameworkController's image has, and what its program takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from fcgitops.core.lazy import regex
from fcgitops.text.words import shown

PUBLISHED = "frameworkcontroller/frameworkcontroller"
"""Its name on Docker Hub, without a tag; a mirror of it may have been made anew."""
MACHINE = "amd64"
"""What the published image is for, alone."""
MACHINES = ("kubernetes.io/arch", "beta.kubernetes.io/arch")
"""Labels of a node that say what it is."""
HOME = "/opt/frameworkcontroller/frameworkcontroller"
"""The image's working directory, which holds the binary and its own configuration file."""
BINARY = f"{HOME}/frameworkcontroller"
START = f"{HOME}/start.sh"
"""The image's entry point, as ./start.sh: it goes to its own folder, and starts the binary there
with its arguments (bin/frameworkcontroller/start.sh of microsoft/frameworkcontroller)."""
_NAMED = regex(r"(^|/)frameworkcontroller([:@]|\Z)")
LEAST = {"memory": "32Mi", "cpu": "10m"}
"""Less than the process takes before it has seen a single Framework (tests/e2e measure it)."""
MANY_CPUS = 100
"""What few nodes have, and what is written where thousandths are meant: `cpu: 500`, not 500m."""
MAX_SECONDS = 9223372036
"""Seconds that fit into Go's time.Duration, in nanoseconds (fc: common/utils.go:146)."""


def is_ours(reference: object) -> bool:
    """Whether an image is called as FrameworkController's is, in whichever registry."""
    return _NAMED.search(str(reference)) is not None


def is_too_little(key: str, given: object) -> bool:
    """Whether a limit of memory or cpu ends the process, or starves it; 0 is none."""
    from fcgitops.kubernetes import quantity  # noqa: PLC0415 - where there is a limit

    found, least = quantity.parse(given), quantity.parse(LEAST.get(key))
    return bool(found and least and 0 < found.amount < least.amount)


def has_many_cpus(given: object) -> bool:
    """Whether it is a plain number, and of so many CPUs that thousandths may be meant."""
    return str(given).isdecimal() and int(str(given)) >= MANY_CPUS


def memory(value: object) -> str:
    """What is wrong with the memory that FrameworkController is to have."""
    from fcgitops.kubernetes import values  # noqa: PLC0415 - of keys that are given

    wrong = values.memory(value)
    if not wrong and is_too_little("memory", value):
        least = LEAST["memory"]
        return f"{shown(value)} is too little: FrameworkController is killed ({least} or more)"
    return wrong


def node_selector(value: object) -> str:
    """What is wrong with the labels of the nodes that it may run on."""
    from fcgitops.kubernetes import values  # noqa: PLC0415 - the same

    wrong = values.node_selector(value)
    system = value.get("kubernetes.io/os", "linux") if isinstance(value, dict) else "linux"
    if not wrong and system != "linux":
        return f"kubernetes.io/os: {shown(system)}: FrameworkController's image is for linux"
    return wrong


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


def unsuitable(arguments: Sequence[str], literal: Collection[str] = ()) -> str:
    """The first of a program's arguments with which the binary ends at once; "" if there is none.

    As Go's package `flag` reads them: what follows the first word that is no flag, or `--`, is not
    looked at. What a variable of the container stands for is not known here, but for `literal`:
    names that no variable has, so that the kubelet leaves them as they are.
    """
    words = iter(arguments)
    for word in words:
        name, given, value = word.removeprefix("-").removeprefix("-").partition("=")
        if not word.startswith("-") or word in ("-", "--"):
            return ""
        if name not in FLAGS:
            return "" if _may_be_any(word, literal) else word
        right = FLAGS[name]
        if right is None:
            suits = not given or value in _TRUTHS
        else:
            value = value if given else next(words, "")
            suits = (bool(given) or value != "") and right(value)
        if not suits and not _may_be_any(value, literal):
            return word if given or right is None else f"{word} {value}".rstrip()
    return ""


REFERENCE = regex(r"\$\(([^)]*)\)")
"""A reference to a variable, which the kubelet replaces."""


def _may_be_any(text: str, literal: Collection[str]) -> bool:
    return any(name not in literal for name in REFERENCE.findall(text))
