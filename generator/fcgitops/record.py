"""The record: what the generator wrote last time, kept in the tree as the base of every merge.

One plain file for each environment and one for the rest, so that branches which add
environments never meet in it. Its letters are rotated, so that `sed -i`, grep and
dependency bots, which change the generated files, leave the record of them alone.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping

from fcgitops.tree import Tree

BASE_FILE = ".fcgitops/base"
ENVIRONMENT_FILE = ".fcgitops"
"""Below overlays/NAME/."""

_HEADER = (
    "# What fcgitops generated here last time, the base of its next merge. Leave it as it is.\n"
    "# Each file's lines follow its path; letters are rotated by 13.\n"
)


def encode(tree: Mapping[str, bytes]) -> bytes:
    """The record of `tree`, whose files are UTF-8 text that ends with a newline or is empty."""
    parts = [_HEADER]
    for path in sorted(tree):
        parts.append(f"=> {path}\n")
        rotated = codecs.encode(tree[path].decode(), "rot13")
        parts += [f"|{line}\n" for line in rotated.split("\n")[:-1]]
    return "".join(parts).encode()


def decode(data: bytes | None) -> Tree | None:
    """The tree that a record holds, or None where it is missing or damaged."""
    try:
        text = data.decode() if data else ""
    except UnicodeDecodeError:
        return None
    if not text.startswith("#"):
        return None
    tree: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in text.split("\n")[:-1]:
        if line.startswith("=> "):
            lines = tree.setdefault(line[3:], [])
        elif line.startswith("|") and lines is not None:
            lines.append(f"{line[1:]}\n")
        elif not line.startswith("#"):
            return None
    return {path: codecs.encode("".join(rows), "rot13").encode() for path, rows in tree.items()}
