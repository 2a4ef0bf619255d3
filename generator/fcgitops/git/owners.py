"""CODEOWNERS: whose review a forge asks for, as GitHub and GitLab read it.

Sources: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/
customizing-your-repository/about-code-owners,
https://docs.gitlab.com/user/project/codeowners/reference/
"""

from __future__ import annotations

import re
from pathlib import Path

from fcgitops.core.lazy import regex

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""From the work tree's top; the first that is there counts, on GitHub and on GitLab."""
_SECTION = regex(r"\^?\[[^\]]+\](\[\d+\])?(?P<owners>.*)")
"""GitLab's: `[Name]`, who owns its lines that name nobody behind it."""


def of(top: Path, path: str) -> list[str]:
    """Who owns a file; nobody where no line says so.

    Args:
        top: of the work tree.
        path: from there.
    """
    file = next((top / place for place in PLACES if (top / place).is_file()), None)
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file else []
    found: dict[str, list[str]] = {}
    section, usual = "", list[str]()
    for line in lines:
        text = line.partition(" #")[0].strip()
        if head := _SECTION.fullmatch(text):
            section, usual = text.partition("]")[0].lower(), head["owners"].split()
        elif text and not text.startswith("#"):
            pattern, *owners = text.split()
            if _fits(pattern, path):  # the last line of a section that fits counts
                found[section] = owners or usual
    return list(dict.fromkeys(owner for owners in found.values() for owner in owners))


def _fits(pattern: str, path: str) -> bool:
    """Whether a path is meant, as in .gitignore; but `docs/*` is no file of a folder below."""
    anchored, last = "/" in pattern.rstrip("/"), pattern.rpartition("/")[2]
    body = re.escape(pattern.strip("/"))
    body = body.replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*")
    body = body.replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    head = "" if anchored else "(?:.*/)?"
    tail = "/.*" if pattern.endswith("/") else "" if anchored and last == "*" else "(?:/.*)?"
    return re.fullmatch(f"{head}{body}{tail}", path) is not None
