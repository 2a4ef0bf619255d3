"""What editors, linters and formatters do with a generated repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from fcgitops.model import layout
from fcgitops.repository import generated
from fcgitops.repository.contents import Repository
from gitenv import git

GOLDEN = Path(__file__).parents[1] / "golden"
FORMATTED = {".yaml", ".yml", ".json", ".md"}
"""The ends of names by which prettier knows a file that a repository has."""


@pytest.mark.parametrize("profile", ["hardened", "upstream"])
def test_prettier_ignores_what_is_generated_and_nothing_else(
    profile: str, git_home: Path, tmp_path: Path
) -> None:
    """Each file that prettier would format is the generator's, or the user's to format."""
    root = tmp_path / profile
    shutil.copytree(GOLDEN / profile / "repository", root)
    git(root, "init", "-q")
    git(root, "add", "-A")

    ignored = git(root, "ls-files", "-ic", "--exclude-from=.prettierignore").splitlines()

    made = {*generated.texts(Repository(root)), layout.ANSWERS}
    formatted = {path for path in made if PurePosixPath(path).suffix in FORMATTED}
    assert formatted - {*ignored} == set()
    own = {*git(root, "ls-files").splitlines()} - made
    assert {path for path in own if path in ignored and not path.endswith(layout.RECORD_FILE)} == {
        layout.BASE_RECORD
    }


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["hardened", "upstream"])
def test_yamllint_passes(profile: str) -> None:
    """With the repository's own .yamllint, warnings included."""
    done = subprocess.run(
        [sys.executable, "-m", "yamllint", "--strict", "."],
        cwd=GOLDEN / profile / "repository", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("", 0)
