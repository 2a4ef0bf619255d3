"""The template: where it lies, and the skeleton of a repository rendered from it.

The only module that imports cookiecutter.
"""

from __future__ import annotations

import functools
import json
import tempfile
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
    folder = template_root() / "{{cookiecutter.repo_slug}}"
    return frozenset(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def render_skeleton(answers: Answers) -> Tree:
    """The static skeleton with `answers` filled in, by cookiecutter itself."""
    return dict(_rendered(tuple((name, getattr(answers, name)) for name in (*RECORDED, PATH))))


@functools.lru_cache(maxsize=8)
def _rendered(answers: tuple[tuple[str, str], ...]) -> Tree:
    """The same of what the template asks: 70 ms, for which most of the templates are compiled."""
    from cookiecutter.generate import generate_files  # noqa: PLC0415 - 100 ms

    # Only what changes how a file is rendered; `_extensions` serves the hooks alone.
    context = dict(answers) | {k: v for k, v in questions().items() if k == "_jinja2_env_vars"}
    with tempfile.TemporaryDirectory(prefix="fcgitops-") as folder:
        generate_files(
            repo_dir=str(template_root()),
            context={"cookiecutter": context},
            output_dir=folder,
            accept_hooks=False,
        )
        return read_tree(Path(folder) / context["repo_slug"])
