"""Docker or podman: which, and what an image is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from fcgitops.core.errors import ToolError
from fcgitops.programs import containers
from fcgitops.programs.containers import full_name

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1.36.1", "docker.io/library/busybox:1.36.1"),
        ("frameworkcontroller/frameworkcontroller", None),
        ("local/workload:1", "docker.io/local/workload:1"),
        ("docker.io/busybox:1", "docker.io/library/busybox:1"),
        ("index.docker.io/a/b:1", "docker.io/a/b:1"),
        ("localhost/a:1", "localhost/a:1"),
        ("localhost:5000/a", "localhost:5000/a:latest"),
        ("registry.example.com/a/b/c:v1.0.0", "registry.example.com/a/b/c:v1.0.0"),
        (f"registry.example.com/a:1@{DIGEST}", f"registry.example.com/a@{DIGEST}"),
        (f"a/b@{DIGEST}", f"docker.io/a/b@{DIGEST}"),
    ],
)
def test_full_name(image: str, full: str | None) -> None:
    """As containerd has it; its own full name is its full name."""
    full = full or f"docker.io/{image}:latest"

    assert full_name(image) == full
    assert full_name(full) == full


def program(folder: Path, name: str, script: str) -> None:
    """A program of that name."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(containers.PROVIDER, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("there", "provider", "found"),
    [
        ("docker podman", "", "docker"),
        ("podman", "", "podman"),
        ("docker podman", "podman", "podman"),
        ("docker", "podman", None),
        ("", "", None),
    ],
)
def test_which(
    place: Path, monkeypatch: pytest.MonkeyPatch, there: str, provider: str, found: str | None
) -> None:
    """Docker before podman, unless kind has been told otherwise."""
    for name in there.split():
        program(place, name, "")
    if provider:
        monkeypatch.setenv(containers.PROVIDER, provider)

    engine = containers.find()

    assert (engine.name if engine else None) == found


def test_without_its_daemon_it_is_refused(place: Path) -> None:
    """With its own last line."""
    program(place, "docker", "echo Client: 1; echo warning >&2; echo no daemon >&2; exit 1")
    engine = containers.find()
    assert engine

    with pytest.raises(ToolError, match=r"docker: no daemon \(is it started\?\)"):
        engine.require()


def test_tags(place: Path) -> None:
    """What `image inspect` says; None for an image that is not there."""
    answer = """[ "$1 $2 $3" = "image inspect a:1" ] && echo '[{"RepoTags": ["a:1", "b:2"]}]'"""
    program(place, "docker", answer)
    engine = containers.find()
    assert engine

    assert engine.tags("a:1") == ["a:1", "b:2"]
    assert engine.tags("c:1") is None
