"""Bars that are counts: so many cases, and none of them judged wrongly. Tests hold them.

The tests compare with the real API server, or with what it was seen to do; a row says how many of
their cases passed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
RECORDED = "the API server's answers, recorded"
ASKED = "a real API server, asked"
SEEDED = "what was seeded"
ALL_RIGHT = "all as expected"
BARS = (
    ("verify, 100 patches", RECORDED, "0 missed, 0 false alarms",
     ("tests/unit/test_oracle.py::test_patches",)),
    ("verify, random patches of all kinds", ASKED, "0 missed, 0 false alarms",
     ("tests/e2e/test_oracle_apiserver.py::test_patches",)),
    ("verify, 150 seeded faults and more", SEEDED, "all found, by the right number",
     ("tests/unit/test_every_check.py::test_seeded_faults",
      "tests/unit/test_every_check.py::test_a_fault_is_found_by_its_number")),
    ("verify, the golden repositories", "nothing", "0 findings",
     ("tests/unit/test_every_check.py::test_the_golden_repositories_have_no_findings",)),
    ("diff, 150 seeded changes and more", SEEDED, "all found, ≤ 2 % that are not there",
     ("tests/unit/test_diff_seeded.py",)),
    ("diff, the pairs of tests/data/consequences", RECORDED, ALL_RIGHT,
     ("tests/unit/test_diff_consequences.py",)),
    ("diff, 300 random changes", ASKED, ALL_RIGHT,
     ("tests/e2e/test_diff_server.py::test_random_changes_of_golden_environments",)),
)  # fmt: skip
"""What is judged, what it is held to, the bar, and the tests."""


@dataclass(frozen=True)
class Held:
    """A bar, and how its tests ended.

    Attributes:
        what: is judged.
        against: what knows better.
        bar: in words.
        passed: how many tests passed.
        others: how many failed, or were skipped, which holds nothing.
        seconds: that they took.
    """

    what: str
    against: str
    bar: str
    passed: int
    others: int
    seconds: float

    @property
    def met(self) -> bool:
        """Whether all passed."""
        return bool(self.passed) and not self.others

    good = met
    why = ""
    """No count is out of reach."""

    def cells(self) -> tuple[str, ...]:
        """The row of the table; its columns are those of a comparison."""
        ran = f"{self.passed} of {self.passed + self.others} tests passed"
        took = f"in {self.seconds:.0f} s"
        return (self.what, ran, self.against, "", took, self.bar, "yes" if self.met else "NO")


def ran(folder: Path) -> Iterable[Held]:
    """Runs the tests of each bar.

    Args:
        folder: an empty one, for their reports.
    """
    for number, (what, against, bar, tests) in enumerate(BARS):
        report = folder / f"held-{number}.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
        start = time.perf_counter()
        done = subprocess.run(
            [*command, f"--junitxml={report}"], cwd=ROOT, check=False, capture_output=True,
            text=True, env={k: v for k, v in os.environ.items() if k != "NO_SKIP"},
        )  # fmt: skip
        passed, others = _counts(report)
        if done.returncode:
            sys.stderr.write(f"{done.stdout[-4000:]}{done.stderr[-4000:]}")
        yield Held(what, against, bar, passed, others, time.perf_counter() - start)


def _counts(report: Path) -> tuple[int, int]:
    """How many tests passed, and how many did not, as pytest's report has it."""
    suites = ElementTree.parse(report).iter("testsuite") if report.exists() else ()
    passed = others = 0
    for suite in suites:
        wrong = sum(int(suite.get(name, 0)) for name in ("failures", "errors", "skipped"))
        others += wrong
        passed += int(suite.get("tests", 0)) - wrong
    return passed, others
