"""The page that `make faults` writes, and what it shows meanwhile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = "# Promises\n<!-- faults -->\nold\n<!-- end of faults -->\nMore.\n"
COUNTS = "overlays: of 159 calls kill at 39, torn at 11\n"
TABLE = """\
| command | calls | kill | torn | full | eio | dead | exceptions |
| --- | --- | --- | --- | --- | --- | --- | --- |
| `overlays` | 159 | 39 | 11 | 0 | 0 | 0 | 0 |
| all | 159 | 39 | 11 | 0 | 0 | 0 | 0 |
"""


@pytest.mark.parametrize(
    ("end", "status", "expected"),
    [
        ("29 passed in 126.07s (0:02:06)\n", 0, PAGE.replace("old\n", TABLE)),
        ("1 failed, 28 passed in 126.07s\n", 1, PAGE),
        ("", 1, PAGE),
    ],
)
def test_a_run_is_shown_and_its_counts_are_kept(
    tmp_path: Path, end: str, status: int, expected: str
) -> None:
    """Where a log takes all of it, what stands in the log stays; a run that fails has no counts."""
    page, log = tmp_path / "page.md", tmp_path / "log"
    page.write_text(PAGE)
    log.write_text("before\n")
    with log.open("a") as shown:
        done = subprocess.run(
            [sys.executable, "-m", "faults.report", page],
            cwd=TESTS, input=COUNTS + end, stdout=shown, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == status
    assert page.read_text() == expected
    assert log.read_text() == f"before\n{COUNTS}{end}"
