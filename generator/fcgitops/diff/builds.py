"""The folders of both sides that are to be rendered: each content once, in parallel, and kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from fcgitops.core.errors import ToolError
from fcgitops.diff.secrecy import redact
from fcgitops.diff.units import Content
from fcgitops.programs.kustomize import Kustomize
from fcgitops.programs.renderings import Renderings


class Builds:
    """Everything that one comparison renders."""

    def __init__(self, program: Kustomize, scratch: Path) -> None:
        """Of nothing yet.

        Args:
            program: builds.
            scratch: an empty folder for what is to be built.
        """
        self._program = program
        self._scratch = scratch
        self._keys: dict[tuple[int, str], str] = {}
        self._first: dict[str, tuple[Content, str]] = {}
        self._built: dict[str, bytes | ToolError] = {}
        self._coming: Iterator[tuple[str, bytes | ToolError]] | None = None

    def add(self, content: Content, folder: str) -> None:
        """Notes a folder of one side; all are added before the first is asked for."""
        key = content.key(folder)
        self._keys[id(content), folder] = key
        self._first.setdefault(key, (content, folder))

    def key(self, content: Content, folder: str) -> str:
        """What a folder's rendering is known by."""
        return self._keys[id(content), folder]

    def rendered(self, content: Content, folder: str) -> bytes:
        """The rendering of a folder of one side; the others are built meanwhile.

        Raises:
            ToolError: kustomize cannot build it.
        """
        wanted = self.key(content, folder)
        if self._coming is None:
            self._coming = self._run()
        while wanted not in self._built:
            key, result = next(self._coming)
            self._built[key] = result
        found = self._built[wanted]
        if isinstance(found, ToolError):
            raise found
        return found

    def _run(self) -> Iterator[tuple[str, bytes | ToolError]]:
        """Builds what is not known from earlier, in the order in which it was added."""
        renderings = Renderings(self._program)
        missing: dict[str, tuple[Content, str]] = {}
        for key, (content, folder) in self._first.items():
            known = renderings.find(key)
            if known is None:
                missing[key] = content, folder
            else:
                yield key, known
        needed: dict[int, tuple[Content, dict[str, None]]] = {}
        for content, folder in missing.values():
            paths = needed.setdefault(id(content), (content, {}))[1]
            paths |= dict.fromkeys(content.closure(folder))
        tops = {
            number: content.state.place(paths, self._scratch / str(place))
            for place, (number, (content, paths)) in enumerate(needed.items())
        }
        folders = [tops[id(content)] / folder for content, folder in missing.values()]
        built = self._program.build_all(folders)
        for (key, (content, folder)), (_, result) in zip(missing.items(), built, strict=True):
            if isinstance(result, ToolError):
                ignored = content.state.ignored(content.closure(folder))
                yield key, _without(_noted(result, ignored), tops.values())
                continue
            if content.state.is_exact:
                renderings.keep(key, result)
            yield key, result


def _noted(error: ToolError, ignored: list[str]) -> ToolError:
    """An error with those of the ignored files that it names: they are there, for this user."""
    first, *rest = error.problems
    named = [path for path in ignored if path.rpartition("/")[2] in first.what]
    if not named:
        return error
    what = f"{first.what} (Git ignores {', '.join(named)}, so no cluster gets it)"
    return ToolError([replace(first, what=what), *rest])


def _without(error: ToolError, tops: Iterable[Path]) -> ToolError:
    """An error without the temporary folders' names."""
    problems = list(error.problems)
    for top in tops:
        problems = [replace(p, what=p.what.replace(f"{top}/", "")) for p in problems]
    return ToolError(problems)


_QUOTED = (
    (r"(?s)\[[^\]]*[{:\n].*\]", "[…]"),
    (r"(?s)`[^`]*(?:\\n|[{:=\n])[^`]*`?", "`…`"),
    (r"(?s)(literal sources )\[.*?\](?=: )", r"\1[…]"),
    (r"(?s)(literal source ).*?(?=, expected|\Z)", r"\1…"),
    (r'(?s)"(?:[^"\\]|\\.)*(?:\\n|[{\n])(?:[^"\\]|\\.)*"', '"…"'),
)
"""How kustomize quotes files, or what is in them, and what stands there instead."""


def cleaned(message: str) -> str:
    """An error of kustomize without the files that it quotes, which may hold secrets."""
    for pattern, instead in _QUOTED:
        message = re.sub(pattern, instead, message)
    return redact(message)
