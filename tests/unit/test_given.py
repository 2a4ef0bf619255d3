"""What a user gives a command to read may be no file, have no end, or not be there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops

NEW = ["new", "deploy", "--env", "dev", "--env", "prod=customized-config"]
READS = {
    "adopt {} --name live": "64 MiB",
    "diff --rendered {} overlays/dev/kustomization.yaml": "64 MiB",
    "overlays --from {}": "1048576 bytes",
    "gates dev --status {}": "1048576 bytes",
    "overlay prod --config {}": "1048576 bytes",
}
"""A command, and how much it reads."""


@pytest.mark.parametrize(("line", "most"), READS.items())
def test_a_file_without_an_end(line: str, most: str, copy_of: CopyOf, fcgitops: Fcgitops) -> None:
    """Is too big, and not read on."""
    ran = fcgitops("-C", copy_of(NEW), *line.format("/dev/zero").split(), status=2)
    assert (ran.out, ran.err) == ("", f"error: /dev/zero: has over {most}\n")


@pytest.mark.parametrize("line", ["adopt - --name live", "overlays --from -", "config check -"])
def test_standard_input_that_does_not_block(
    line: str, copy_of: CopyOf, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And has nothing yet: another program has set that on a pipe that it shares."""
    repository = copy_of(NEW)
    here, there = os.pipe()
    os.set_blocking(here, False)
    with open(here, encoding="utf-8") as stdin, open(there, "w", encoding="utf-8"):  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", stdin)
        ran = fcgitops("-C", repository, *line.split(), status=2)
    assert ran.err.endswith(": cannot be read: Resource temporarily unavailable\n")


def test_nobody_is_asked_where_standard_input_is_closed(
    fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a pipe: the defaults are taken."""
    monkeypatch.setattr(sys, "stdin", None)
    fcgitops("-C", tmp_path, "new", "deploy")
    assert (tmp_path / "deploy/overlays/default-config").is_dir()


@pytest.mark.parametrize(
    "line",
    [
        "adopt - --name live",
        "diff --rendered - overlays/dev/kustomization.yaml",
        "overlays --from -",
        "gates dev --status -",
        "config check -",
        "nni check -",
    ],
)
def test_standard_input_that_is_closed(
    line: str, copy_of: CopyOf, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`<&-` of a shell is a mistake of the caller, said in a line."""
    repository = copy_of(NEW)
    monkeypatch.setattr(sys, "stdin", None)
    ran = fcgitops("-C", repository, *line.split(), status=2)
    place = "-" if line.split(maxsplit=1)[0] in {"diff", "config", "nni"} else "standard input"
    assert (ran.out, ran.err) == ("", f"error: {place}: cannot be read: Bad file descriptor\n")
