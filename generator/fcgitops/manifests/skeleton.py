"""The template: where it lies, and the skeleton of a repository rendered from it.

The only module that imports cookiecutter.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from fcgitops.model.answers import PATH, RECORDED, Answers
from fcgitops.text.tree import Tree, read_tree

_PACKAGE = Path(__file__).resolve().parents[1]


def template_root() -> Path:
    """The folder of cookiecutter.json: in the wheel beside the code, else the checkout's top."""
    packed = _PACKAGE / "_template"
    return packed if packed.is_dir() else _PACKAGE.parents[1]


@functools.cache
def questions() -> dict[str, Any]:
    """cookiecutter.json as it is."""
    document: dict[str, Any] = json.loads((template_root() / "cookiecutter.json").read_bytes())
    return document


@functools.cache
def skeleton_paths() -> frozenset[str]:
    """The paths of the skeleton's files, which no answer changes."""
    folder = _folder()
    return frozenset(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def render_skeleton(answers: Answers) -> Tree:
    """The static skeleton with `answers` filled in, in cookiecutter's own environment of Jinja."""
    return dict(_rendered(tuple((name, getattr(answers, name)) for name in (*RECORDED, PATH))))


def static_file(path: str) -> bytes:
    """A file of the skeleton that no answer changes."""
    return (_folder() / path).read_bytes()


_MARKS = (b"{{", b"{%", b"{#")
"""How what Jinja fills in begins; no path of the skeleton has one, and most files have none."""


@functools.lru_cache(maxsize=8)
def _rendered(answers: tuple[tuple[str, str], ...]) -> Tree:
    """The skeleton by the answers to what the template asks.

    `generate_files`, which plain `cookiecutter` calls, gives the same; it compiles every path and
    file, and brings what asks and what tells binary files: 60 ms more.
    """
    from cookiecutter.utils import create_env_with_context  # noqa: PLC0415 - 100 ms

    # Only what changes how a file is rendered; `_extensions` serves the hooks alone.
    own = dict(answers) | {k: v for k, v in questions().items() if k == "_jinja2_env_vars"}
    context = {"cookiecutter": own}
    environment = create_env_with_context(context)

    def filled_in(data: bytes) -> bytes:
        text: str = environment.from_string(data.decode()).render(context)
        return text.encode()

    return {
        path: filled_in(data) if any(mark in data for mark in _MARKS) else data
        for path, data in read_tree(_folder()).items()
    }


def _folder() -> Path:
    """The folder of the template that holds the skeleton."""
    return template_root() / "{{cookiecutter.repo_slug}}"
