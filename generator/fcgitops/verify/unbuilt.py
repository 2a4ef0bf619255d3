"""Where kustomize failed: the file and the line that its words are about, as far as they tell.

It names the folders on its way down, the last one where it stopped, and the name, field or patch
that it could not do with; never a line.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from fcgitops.core.lazy import regex
from fcgitops.verify.layers import Reader

_WORDS = regex(r"""\\?"([\w.*=/\[\] -]+?)\\?"|'([\w.*-]+)'|path: (/[^\s:]+)|selected by (\w+)""")
"""What it quotes, as a text in a text or by itself, and what it does not."""
_IN_FILE = regex(r"line (\d+): .* in File: ([\w./-]+)")
_BESIDE = regex(r"([\w./-]+\.ya?ml)(?::(\d+))?(?:: | names (\S+), |\s)")
"""A file from the kustomization's folder that was read before kustomize was asked, and why not."""
_OWN = ("trouble configuring builtin", "`: unable to parse")
"""What it says of the kustomization that it was asked for, without a folder's name."""


def place(reader: Reader, folder: Path, said: str) -> tuple[str, int]:
    """The file, from the repository's top, and the line; an empty name and 0 if nothing tells.

    Args:
        reader: of the repository.
        folder: that of the kustomization.
        said: kustomize's words.
    """
    beside = _BESIDE.match(said)
    if beside and (folder / beside[1]).is_file():
        line = int(beside[2] or 0) or _of_words(folder / beside[1], beside[3] or "")
        return os.path.relpath(folder / beside[1], reader.root), line
    named = re.findall(re.escape(f"{reader.root}/") + r"""[^'"`:\s\\]+""", said)
    there = [path for path in map(Path, named) if path.exists()]
    if not there and not said.startswith(_OWN):
        return "", 0
    path = there[-1] if there else folder
    if path.is_dir() and (found := _IN_FILE.search(said)) and (path / found[2]).is_file():
        return os.path.relpath(path / found[2], reader.root), int(found[1])
    if path.is_dir() and (kustomization := reader.kustomization(path)):
        path = reader.root / kustomization.file
    file = os.path.relpath(path, reader.root)
    for words in reversed(list(_WORDS.finditer(said))):
        if line := _of_words(path, next(filter(None, words.groups()))):
            return file, line
    return file, 0


def _of_words(file: Path, text: str) -> int:
    """The one line of a file that has a text; 0 without one."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    at = [number for number, line in enumerate(lines, 1) if text and text in line]
    return at[0] if len(at) == 1 else 0
