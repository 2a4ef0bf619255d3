"""What a generated repository installs follows how this fcgitops was installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Fcgitops
from fcgitops.core import installation

TOP = Path(__file__).parents[2]
COMMIT = "219892aa0f7b1de2c7f6d9cd1b5c4e0a6f4a7f11"


def test_a_checkout_is_named_by_its_folder() -> None:
    """The tests run from one; its address takes blanks and other odd characters."""
    assert installation.requirement() == f"frameworkcontroller-gitops @ {TOP.as_uri()}"


@pytest.mark.parametrize(
    ("recorded", "url"),
    [
        ({}, ""),
        ({"url": "file:///opt/fc.whl", "archive_info": {}}, "file:///opt/fc.whl"),
        (
            {"url": "file:///opt/fc.whl", "archive_info": {"hashes": {"sha256": "ab12"}}},
            "file:///opt/fc.whl#sha256=ab12",
        ),
        ({"url": "file:///src", "dir_info": {"editable": True}}, "file:///src"),
        (
            {
                "url": "https://git.example.com/fc.git",
                "vcs_info": {"vcs": "git", "requested_revision": "main", "commit_id": COMMIT},
            },
            f"git+https://git.example.com/fc.git@{COMMIT}",
        ),
        (
            {
                "url": "https://git.example.com/all.git",
                "vcs_info": {"vcs": "git", "commit_id": COMMIT},
                "subdirectory": "tools/fc",
            },
            f"git+https://git.example.com/all.git@{COMMIT}#subdirectory=tools/fc",
        ),
    ],
)
def test_what_pip_recorded_is_installed_again(recorded: dict[str, Any], url: str) -> None:
    """direct_url.json of PEP 610: nothing, wheels, folders, Git commits and folders in them."""
    assert installation.direct_url(recorded) == url


def test_what_pip_recorded_stands_beside_the_package(tmp_path: Path) -> None:
    """In its .dist-info, whatever its version; nothing where it came from an index."""
    assert installation.recorded(tmp_path) == {}
    folder = tmp_path / "frameworkcontroller_gitops-9.9.dist-info"
    folder.mkdir()
    assert installation.recorded(tmp_path) == {}
    (folder / "direct_url.json").write_text('{"url": "file:///opt/fc.whl", "archive_info": {}}')
    assert installation.recorded(tmp_path) == {"url": "file:///opt/fc.whl", "archive_info": {}}


@pytest.mark.parametrize(
    ("requirement", "source"),
    [
        ("fc @ file:///my%20src/fc", ("/my src/fc", True)),
        ("fc @ file:///opt/fc.whl#sha256=ab12", ("/opt/fc.whl", True)),
        ("/opt/fc.whl", ("/opt/fc.whl", True)),
        ("fc==0.2.0", ("the package index (fc==0.2.0)", False)),
        ("fc @ git+https://h/fc@ab", ("git+https://h/fc@ab", False)),
    ],
)
def test_where_make_will_get_it_from(requirement: str, source: tuple[str, bool]) -> None:
    """In words, and whether another machine finds nothing there."""
    assert installation.source(requirement) == source


def test_new_says_where_make_gets_it_from(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """By default the running one; a place of this machine is called that."""
    ran = fcgitops("new", tmp_path / "a", "--no-input")
    assert f"or installs one from {TOP} (requirements.txt)\n" in ran.err
    assert "on this machine alone" in ran.err
    last = (tmp_path / "a" / "requirements.txt").read_text().splitlines()[-1]
    assert last == f"frameworkcontroller-gitops @ {TOP.as_uri()}"

    ran = fcgitops("new", tmp_path / "b", "--no-input", "--set", "requirement=fc==9")
    assert "or installs one from the package index (fc==9) (requirements.txt)\n" in ran.err
    assert "on this machine alone" not in ran.err
