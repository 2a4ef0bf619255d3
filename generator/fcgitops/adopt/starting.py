"""How a container starts FrameworkController, and where the file is that it starts with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fcgitops.core.lazy import regex
from fcgitops.diff.settings import FILE
from fcgitops.kubernetes.objects import Fields, listing, mapping, mappings
from fcgitops.model.image import HOME

_SHELLS = ("bash", "sh")
_STARTS = regex(rf"(\./|{HOME}/)(start\.sh|frameworkcontroller)")
_COPIES = regex(
    rf"cp\s+(-\w+\s+)*(?P<file>/[\w./-]+)\s+(?P<to>\.|(\./|{HOME}/)?({re.escape(FILE)})?)"
    r"(?=\s*(&&|;|\Z))"
)
"""A copy to where FrameworkController looks for its file, under whatever name it was mounted."""


class Start(NamedTuple):
    """How FrameworkController starts."""

    is_known: bool
    """Whether it is one of the usual ways: by its program or script, after a copy at most."""
    copies: str = ""
    """The path of the file that it copies to its own folder before; empty for none."""


def start_of(container: Fields) -> Start:
    """How a container starts it."""
    words = [str(word) for key in ("command", "args") for word in listing(container.get(key))]
    if not words:
        return Start(is_known=True)
    if len(words) == 1:
        return Start(bool(_STARTS.fullmatch(words[0])))
    text = words[-1]
    copy = _COPIES.search(text)
    if copy and not copy["to"].endswith(FILE) and not copy["file"].endswith(f"/{FILE}"):
        copy = None  # under a name that FrameworkController does not look for
    in_a_shell = len(words) == 3 and words[1] == "-c" and words[0].rpartition("/")[2] in _SHELLS
    rest = re.sub(r"\A\s*(&&|;)", "", text[copy.end() :]) if copy and not copy.start() else text
    plain = re.sub(r"\Aexec\s+", "", rest.strip())
    is_known = in_a_shell and bool(_STARTS.fullmatch(plain))
    return Start(is_known, copy["file"] if copy else "")


def mounted(pod: Fields, container: Fields) -> Iterator[tuple[Fields, list[Fields]]]:
    """Each volume of a Pod, and where the container has it."""
    for volume in mappings(pod.get("volumes")):
        mounts = mappings(container.get("volumeMounts"))
        yield volume, [m for m in mounts if m.get("name") == volume.get("name")]


def file_in(mounts: Iterable[Fields], container: Fields) -> str:
    """How FrameworkController's file is called in a volume that is mounted there; empty for none.

    It is the file that is copied, or has its own name.
    """
    copied = start_of(container).copies
    for mount in mounts:
        path, part = str(mount.get("mountPath")).rstrip("/"), str(mount.get("subPath") or "")
        if part and (path == copied if copied else path.endswith(f"/{FILE}")):
            return part
        if copied.startswith(f"{path}/") and not part:
            return copied[len(path) + 1 :]
    return "" if copied else FILE


def key_of(volume: Fields, mounts: Iterable[Fields], container: Fields) -> str:
    """Under which key the ConfigMap of a volume has FrameworkController's file; empty for none."""
    path = file_in(mounts, container)
    items = mappings(mapping(volume.get("configMap")).get("items"))
    found = (str(item.get("key")) for item in items if item.get("path") == path)
    return next(found, "" if items else path)


def is_configuration(container: Fields, mounts: Iterable[Fields]) -> bool:
    """Whether FrameworkController's file is in what is mounted: it starts there, or copies it."""
    words = [str(w) for key in ("command", "args") for w in listing(container.get(key))]
    for mount in mounts:
        path = str(mount.get("mountPath", "")).rstrip("/")
        starts = path == str(container.get("workingDir", "")).rstrip("/") or path.startswith(HOME)
        if path and (starts or any(path in word for word in words)):
            return True
    return False
