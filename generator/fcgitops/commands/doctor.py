"""`fcgitops doctor`: which programs are here, and which are missing."""

from __future__ import annotations

import platform
import re
import sys
from importlib import metadata
from pathlib import Path

from fcgitops import __version__
from fcgitops.core import terminal
from fcgitops.core.errors import TOOL_FAILED, FcgitopsError
from fcgitops.programs import containers, kustomize
from fcgitops.programs import process as programs

PACKAGES = ("cookiecutter", "GitPython", "PyYAML", "click", "rich")
GIT_FLOOR = (2, 38)
KIND_TEST = "for `make kind-test`"


def report() -> list[dict[str, str]]:
    """One row a program or package: name, version, where, and a remark."""
    rows = [
        _row("fcgitops", __version__, str(Path(__file__).parents[1])),
        _row("python", platform.python_version(), sys.executable),
        _git(),
        *_kustomizes(),
        _program("kubectl", "version", "--client", needed=False),
        _program("go", "version", needed=False, use="one way for `make tools`"),
        _program("make", "--version", needed=False, use="for the Makefile"),
        *(_program(name, "--version", needed=False, use=KIND_TEST) for name in _for_kind()),
    ]
    for name in PACKAGES:
        try:
            rows.append(_row(name, metadata.version(name), "package"))
        except metadata.PackageNotFoundError:
            rows.append(_row(name, "-", "package", f"missing: pip install {name}"))
    return rows


def run(folder: Path, form: str) -> int:  # noqa: ARG001 - every command has -C
    """Prints the table.

    Args:
        folder: anywhere.
        form: `text` or `json`.

    Returns:
        0, or 3 where something that is needed is missing or too old.
    """
    rows = report()
    (terminal.as_json if form == "json" else terminal.table)(rows)
    return TOOL_FAILED if any(row["remark"].startswith("missing") for row in rows) else 0


def _row(name: str, version: str, where: str, remark: str = "") -> dict[str, str]:
    return {"name": name, "version": version, "where": where, "remark": remark}


def _program(name: str, *arguments: str, needed: bool = True, use: str = "") -> dict[str, str]:
    path = programs.which(name)
    if path is None:
        return _row(name, "-", "-", "missing" if needed else f"not here; {use or 'not needed'}")
    try:
        text = programs.run([path, *arguments], timeout=30).stdout.decode(errors="replace")
    except FcgitopsError as error:
        return _row(name, "?", path, str(error))
    found = re.search(r"\d+\.\d+(\.\d+)?", text)
    return _row(name, found[0] if found else "?", path)


def _for_kind() -> tuple[str, str]:
    """kind, and what it would run its nodes with."""
    engine = containers.find()
    return "kind", engine.name if engine else containers.PROGRAMS[0]


def _git() -> dict[str, str]:
    row = _program("git", "--version")
    parts = tuple(int(part) for part in row["version"].split(".")[:2] if part.isdigit())
    if parts and parts < GIT_FLOOR:
        row["remark"] = "missing: 2.38 or newer is needed"
    return row


def _kustomizes() -> list[dict[str, str]]:
    """The one that is used, and the others that are here."""
    there = kustomize.candidates()
    if not there:
        return [_row("kustomize", "-", "-", f"missing: {kustomize.INSTALL}")]
    try:
        used, reason = kustomize.find().command[0], ""
    except FcgitopsError:
        used, reason = there[0][1], "missing: "
    rows = []
    for origin, program in there:
        is_used = program == used
        name = "kustomize" if is_used else "kustomize (not used)"
        try:
            found = kustomize.checked(program, origin)
        except FcgitopsError as error:
            remark = "; ".join(str(problem) for problem in error.problems)
            rows.append(_row(name, "-", program, f"{reason}{remark}" if is_used else remark))
        else:
            where = " ".join(found.command).removesuffix(" build")
            rows.append(
                _row(name, found.version, where, found.remark or (origin if is_used else ""))
            )
    return rows
