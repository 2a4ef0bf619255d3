"""CODEOWNERS: whose review a forge asks for. As GitHub and GitLab read it, sections left out.

Source: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/
customizing-your-repository/about-code-owners
"""

from __future__ import annotations

import re
from pathlib import Path

PLACES = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""From the work tree's top; the first that is there counts."""


def of(top: Path, path: str) -> list[str]:
    """Who owns a file; nobody where no line says so.

    Args:
        top: of the work tree.
        path: from there.
    """
    file = next((top / place for place in PLACES if (top / place).is_file()), None)
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file else []
    found: list[str] = []
    for line in lines:
        words = line.partition(" #")[0].split()
        if not words or words[0].startswith(("#", "[", "^[")):
            continue
        pattern, *owners = words
        if _fits(pattern, path):  # the last line that fits counts
            found = owners
    return found


def _fits(pattern: str, path: str) -> bool:
    """Whether a path is meant, as in .gitignore."""
    anchored = "/" in pattern.rstrip("/")
    body = re.escape(pattern.strip("/"))
    body = body.replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*")
    body = body.replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    head = "" if anchored else "(?:.*/)?"
    tail = "/.*" if pattern.endswith("/") else "(?:/.*)?"
    return re.fullmatch(f"{head}{body}{tail}", path) is not None
