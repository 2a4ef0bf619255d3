"""What the last release made is carried on by a copy of this program with another version.

Its template and what it generates differ from ours in a few lines, as the next release's will.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fcgitops.manifests.skeleton import template_root
from gitenv import clone_released, git
from test_released import KEPT
from test_update import edits

LAST = list(KEPT)[-1]
"""The release that made the repositories."""
NEXT = "99.0.0"
OUT_OF_LINE = "out-of-line"
"""It lacks a file, so that no second update is content; test_update.py has what becomes of it."""
PACKAGE = Path(__file__).parents[2] / "generator" / "fcgitops"
TEMPLATE = "_template/{{cookiecutter.repo_slug}}"
OLD = "# What `make tools` installs is found first; $KUSTOMIZE beats it."
NEW = "# What is installed here is found first; $KUSTOMIZE beats it."
CHANGES = {
    f"{TEMPLATE}/Makefile": (OLD, NEW),
    f"{TEMPLATE}/profiles/hardened/base/statefulset.yaml": (
        "terminationGracePeriodSeconds: 10", "terminationGracePeriodSeconds: 12",
    ),
}  # fmt: skip
"""File of the package → what it says here, and there."""


@pytest.fixture(scope="module")
def coming(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with the next version in it."""
    folder = tmp_path_factory.mktemp("next")
    package = folder / "fcgitops"
    shutil.copytree(PACKAGE, package)  # compiled as it is; what is edited here is so anew
    here, packed = template_root(), package / "_template"
    packed.mkdir()
    for name in ("cookiecutter.json", "hooks", "overlays", "{{cookiecutter.repo_slug}}"):
        copy = shutil.copytree if (here / name).is_dir() else shutil.copy
        copy(here / name, packed / name)
    version = package / "__init__.py"
    version.write_text(
        re.sub(r'__version__ = ".*"', f'__version__ = "{NEXT}"', version.read_text())
    )
    for path, (old, new) in CHANGES.items():
        text = (package / path).read_text()
        assert old in text, path
        (package / path).write_text(text.replace(old, new))
    return folder


def run(coming: Path, root: Path, *arguments: str, status: int = 0) -> str:
    """`fcgitops ARGUMENTS…` of the next version; what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "fcgitops", *arguments], cwd=root, capture_output=True, text=True,
        check=False, env=os.environ | {"PYTHONPATH": str(coming), "FCGITOPS_EFFECTS": "off"},
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def not_of_answers(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Edits but for those of fcgitops.yaml, which are answers then, and no edits any more."""
    return {path: lines for path, lines in found.items() if path != "fcgitops.yaml"}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(KEPT[LAST]) - {OUT_OF_LINE}))
def test_the_next_version_carries_it_on(
    name: str, coming: Path, git_home: Path, tmp_path: Path
) -> None:
    """In one commit, every edit kept; then there is nothing to do, and `verify` is content."""
    root = clone_released(name, tmp_path, LAST)
    content = next(path.parent for path in root.glob("**/fcgitops.yaml"))
    before = edits(content)
    sources = (content / "fcgitops.yaml").read_text()

    newer = f"from fcgitops {LAST} to {NEXT}"
    assert run(coming, content, "update", "--check", status=1).startswith(newer)
    run(coming, content, "update")

    assert git(root, "log", "-1", "--format=%s") == f"Update to fcgitops {NEXT}"
    assert git(root, "status", "--porcelain") == ""
    if content == root:  # a folder of a bigger repository has none
        assert NEW in (content / "Makefile").read_text()
    grace = "terminationGracePeriodSeconds: 12\n" in (content / "base/statefulset.yaml").read_text()
    assert grace is (KEPT[LAST][name].profile == "hardened")
    assert not_of_answers(edits(content)) == not_of_answers(before)
    assert (content / "fcgitops.yaml").read_text() == sources.replace(f": {LAST}\n", f": {NEXT}\n")
    assert "nothing to do" in run(coming, content, "update")
    run(coming, content, "verify")
