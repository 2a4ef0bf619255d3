"""What cookiecutter's hooks do: plain `cookiecutter` gives the same tree as `fcgitops new`.

A hook works in the new project's folder. A status other than 0 makes cookiecutter remove
what it has written, and end with its own traceback below our messages.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fcgitops.core import shell
from fcgitops.core.errors import (
    TOOL_FAILED,
    FcgitopsError,
    InputError,
    Problem,
    ToolError,
    messages,
)
from fcgitops.core.printable import line as printed

PACKAGES = {"git": "GitPython", "yaml": "PyYAML"}
"""Module → package of what the generator needs besides cookiecutter."""


def pre_gen(raw: Mapping[str, Any]) -> int:
    """Checks the answers and the place, before cookiecutter renders anything.

    Args:
        raw: cookiecutter's context.

    Returns:
        The exit status.
    """
    return _reported(lambda: _check(raw))


def post_gen(raw: Mapping[str, Any]) -> int:
    """Turns the rendered skeleton in the working directory into the committed repository.

    Args:
        raw: cookiecutter's context.

    Returns:
        The exit status.
    """
    return _reported(lambda: _commit(raw))


def _reported(work: Callable[[], None]) -> int:
    try:
        work()
    except FcgitopsError as error:
        for line in messages(error):
            sys.stderr.write(f"{line}\n")
        return error.exit_status
    except OSError as error:
        what = f"error: {error.filename or ''}: {error.strerror}"
        sys.stderr.write(f"{printed(what)}\n")
        return TOOL_FAILED
    return 0


def _answers(raw: Mapping[str, Any]) -> Any:  # noqa: ANN401 - imported late
    from fcgitops.model import answers  # noqa: PLC0415 - needs PyYAML, which may be missing

    return answers.parse({name: raw[name] for name in answers.QUESTIONS if name in raw})


def _check(raw: Mapping[str, Any]) -> None:
    missing = [name for module, name in PACKAGES.items() if not importlib.util.find_spec(module)]
    if missing:
        raise ToolError(
            Problem(
                " and ".join(missing),
                "is missing beside cookiecutter",
                shell.line(sys.executable, "-m", "pip", "install", *missing),
            )
        )
    from fcgitops.git import program  # noqa: PLC0415 - needs both
    from fcgitops.repository import scaffold  # noqa: PLC0415 - needs both

    parsed = _answers(raw)
    scaffold.environments(parsed)
    here = Path.cwd()
    if any(here.iterdir()):
        raise InputError(Problem(str(here), "is not empty", "a name that is not taken yet"))
    if above := program.inside_other_work_tree(here):
        raise InputError(
            Problem(str(here), f"is inside the Git repository {above}", "another --output-dir")
        )


def _commit(raw: Mapping[str, Any]) -> None:
    from fcgitops.git import repo  # noqa: PLC0415
    from fcgitops.repository import scaffold  # noqa: PLC0415
    from fcgitops.text.tree import read_tree  # noqa: PLC0415

    parsed = _answers(raw)
    here = Path.cwd()
    tree = scaffold.repository_tree(parsed, read_tree(here))
    for entry in here.iterdir():  # written again by git, from the commit
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    message = scaffold.first_message(parsed)
    repo.init_and_commit(here, tree, message, branch=parsed.branch, remote_url=parsed.repo_url)
