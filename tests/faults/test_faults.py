"""Whatever call it is that fails, or is the last: nothing is lost, and the next run is as ever.

Every call that changes a file in `make faults`, a few of them in `make e2e`, fewer in `make test`,
and those that went wrong once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import FIGURE
from gitenv import git

from faults.harness import (
    KINDS,
    SCENARIOS,
    Call,
    Commands,
    Ran,
    Scenario,
    left_over,
    prepare,
    state,
)

EVERY = int(os.environ.get("FAULTS_EVERY", "1000"))
"""From one call that is tried to the next; so that by default it is one of each kind."""
RARE = {"dead": 5}
"""Kinds of which fewer are tried."""
ASIDE = 10
"""In a temporary folder one call of so many is tried: hundreds are of the same few forms."""
AGAIN = 10
"""Where the fault left all as before, or all done, so many run the command again nevertheless."""

pytestmark = [
    pytest.mark.usefixtures("git_home"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="the shim takes a C compiler"),
]


@dataclass(frozen=True)
class Whole:
    """A scenario without a fault.

    Attributes:
        before: the state that it starts from.
        after: the state that it comes to.
        names_before: of git's own files before.
        names: the same after.
        calls: that change a file.
    """

    before: dict[str, Any]
    after: dict[str, Any]
    names_before: set[str]
    names: set[str]
    calls: list[Call]


class Site:
    """The server, and what tries are made of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands = Commands(folder)
        self._whole: dict[str, Whole] = {}
        self._original("repository")  # which the server learns by

    def _original(self, start: str) -> Path:
        """What tries that start there are copies of."""
        original = self.folder / f"original-{start}"
        if not original.exists():
            prepare(self.commands, start, original)
        return original

    def copy(self, scenario: Scenario, name: str) -> Path:
        """A copy of what the scenario starts from, which git takes for unchanged; its top."""
        place = self.folder / name
        if not scenario.start:
            place.mkdir()
            return place / "deploy"
        original = self._original(scenario.start)
        subprocess.run(["cp", "-a", str(original), str(place)], check=True)
        git(place / "deploy", "status", "--porcelain")
        return place / "deploy"

    def _ran(self, scenario: Scenario, top: Path) -> Ran:
        """The scenario's command, once."""
        folder = top if scenario.start else top.parent
        return self.commands.run(folder, *scenario.arguments, kustomize=scenario.kustomize)

    def whole(self, name: str) -> Whole:
        """What a scenario does when nothing goes wrong."""
        if name not in self._whole:
            scenario = SCENARIOS[name]
            # What is kept for later runs, such as renderings, is there for each that is counted.
            self._ran(scenario, self.copy(scenario, "first"))
            shutil.rmtree(self.folder / "first")
            top = self.copy(scenario, "whole")
            before, names = state(top), left_over(top)
            with self.commands.plan.armed():
                ran = self._ran(scenario, top)
            assert ran.status == scenario.status, ran.err
            plan = self.commands.plan
            calls = [plan.call(number) for number in range(1, plan.count + 1)]
            self._whole[name] = Whole(before, state(top), names, left_over(top), calls)
            shutil.rmtree(top.parent)
        return self._whole[name]

    def faulty(self, name: str, kind: str, number: int) -> list[str]:
        """Let the call fail, run the command again, and say what is not as it should be."""
        scenario, whole = SCENARIOS[name], self.whole(name)
        top, plan = self.copy(scenario, "try"), self.commands.plan
        with plan.armed(kind, number):
            ran = self._ran(scenario, top)
        # Builds run side by side: the call of that number may be another one than without a fault.
        call = (plan.call(number) if plan.count >= number else whole.calls[number - 1]).what
        told, names = state(top), left_over(top)
        as_before = told == whole.before and names == whole.names_before
        as_after = told == whole.after and names == whole.names
        # The next run then starts, or has ended, where the one without a fault did.
        known = (as_before or as_after) and number % AGAIN and not _stray(top)
        again = None if known else self._ran(scenario, top)
        problems = list(_untrue(ran, whole, scenario, told, call))
        if again:
            refused = scenario.again and scenario.again in again.err
            if again.status != scenario.status and not refused:
                problems.append(f"the next run ends with {again.status}")
            found = _comparable(state(top), call)
            wanted = _comparable(whole.after, call)
            problems += [f"{key} differs" for key in wanted if found.get(key) != wanted[key]]
            if more := (left_over(top) ^ whole.names) - _unlogged(call):
                problems.append(f"git's files differ: {sorted(more)}")
        if stray := _stray(top):
            problems.append(f"left behind: {stray}")
        problems += _damage(top)
        shutil.rmtree(top.parent)
        if not problems:
            return []
        said = [f"{run.status}: {run.err}" for run in (ran, again) if run]
        return [f"{name}: {kind} at {number}, {call}:", *(f"    {p}" for p in problems + said)]


def _untrue(
    ran: Ran, whole: Whole, scenario: Scenario, told: dict[str, Any], call: str
) -> Iterator[str]:
    """What a run that met a fault said that is not so."""
    as_before = told == whole.before
    failed = ran.status > 0 and ran.status != scenario.status
    if "Traceback" in ran.err:
        yield "a traceback"
    if ran.status > 3:
        yield "a status of no meaning"
    if ran.status == 0 and _comparable(told, call) != _comparable(whole.after, call):
        yield "exit status 0, and it is not done"
    if "nothing was written" in ran.err and not as_before:
        yield "'nothing was written' is not true"
    if failed and not as_before and "the next" not in ran.err:
        yield "it is begun or done, and no word of it"


def _comparable(state: dict[str, Any], call: str) -> dict[str, Any]:
    """Without folders that are empty, if such a one could not be removed: git knows of none."""
    if not call.startswith("rmdir"):
        return state
    files = {name: text for name, text in state["files"].items() if not name.endswith("/")}
    return {**state, "files": files}


def _unlogged(call: str) -> set[str]:
    """HEAD's log, if it could not be begun: git has moved the branch by then, and so it stays."""
    return {"logs/HEAD"} if call == "open .git/logs/HEAD" else set()


def _stray(top: Path) -> set[str]:
    """What stands beside the repository."""
    return {path.name for path in top.parent.iterdir()} - {"deploy", "list.yaml", "seed.yaml"}


def _damage(top: Path) -> list[str]:
    """What git finds wrong; objects that nothing refers to yet are no damage."""
    if not top.exists():
        return []
    told = git(top, "fsck", "--full", "--strict").splitlines()
    return [line for line in told if not line.startswith("dangling")]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all tries."""
    found = Site(tmp_path_factory.mktemp("faults"))
    yield found
    found.commands.close()


def numbers(kind: str, calls: Sequence[Call]) -> list[int]:
    """The calls, numbered from 1, at which a kind of fault is tried: it comes to something there.

    Killed after a call that changed nothing, there is what was there before it. A disk that is full
    from a call on that takes no room is full from the next one on that does.
    """
    found = [
        (number, call, calls[number - 2])
        for number, call in enumerate(calls, 1)
        if not call.aside or number % ASIDE == 0
    ]
    if kind == "torn":
        return [number for number, call, _ in found if "write" in call.verb]
    if kind == "full":
        return [number for number, call, _ in found if call.takes_room]
    if kind == "kill":
        return [number for number, _, before in found if number == 1 or before.changes]
    return [number for number, _, _ in found]


@pytest.mark.sampled(14)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault_at_any_call(
    site: Site, record_property: pytest.RecordProperty, name: str, kind: str
) -> None:
    """Nothing of the user's is touched, what is said is true, the next run makes what was asked."""
    calls = site.whole(name).calls
    # Each kind begins elsewhere, so that a few tries are of different calls.
    first = (list(KINDS).index(kind) * 37 + list(SCENARIOS).index(name) * 17) % EVERY
    possible = numbers(kind, calls)
    step = EVERY * RARE.get(kind, 1)
    tries = possible[first % min(step, len(possible)) :: step]
    wrong = [line for number in tries for line in site.faulty(name, kind, number)]
    record_property(FIGURE, f"{name}: {kind} at {len(tries)} of {len(calls)} calls")
    assert not wrong, "\n".join(wrong)


def test_on_the_disk_before_the_journal_goes(site: Site) -> None:
    """Each object, the branch and the journal are flushed, before what follows relies on them."""
    calls = [call.what.split(" ", 1) for call in site.whole("overlay, new").calls]
    flushed: list[str] = []
    written: set[str] = set()
    for verb, path in calls:
        name = path.rpartition("/")[2]
        if verb == "write" and ("tmp_obj" in name or name in ("main.lock", "journal.new")):
            written.add(name)
        if verb == "fsync":
            flushed.append(name)
        if verb == "rename" and name == "journal":
            assert all(object in flushed for object in written)
            assert "journal.new" in flushed
        if verb == "rename" and path.endswith("refs/heads/main"):
            assert "main.lock" in flushed
    assert [verb for verb, path in calls if path.endswith("fcgitops/journal")] == [
        "rename",
        "unlink",
    ]
    assert len(written) > 5


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("name", "kind", "call"),
    [
        ("overlay, new", "kill", "unlink .git/HEAD.lock"),
        ("overlay --branch", "kill", "rename .git/HEAD"),
        ("overlay, new", "torn", "write refs/heads/main.lock"),
        ("overlay, new", "eio", "write .git/objects/pack/"),
        ("overlay, new", "eio", "rename .git/index"),
        ("overlay, new", "full", "open .git/logs/HEAD"),
        ("overlay, new", "dead", "rename .git/index"),
        ("remove", "eio", "unlink overlays/dev/kustomization.yaml"),
        ("new", "kill", "rename /deploy"),
        ("new", "eio", "open .git/logs/HEAD"),
        ("update", "kill", "write .keep"),
        ("update", "kill", "link .idx"),
        ("restore", "eio", "rename refs/heads/main"),
        ("update --continue", "full", "write .git/fcgitops/index.lock"),
        ("update --abort", "kill", "open base/service.yaml"),
        ("update --abort", "kill", "rename .git/index"),
        ("update --abort", "torn", "write base/service.yaml"),
        ("update --abort", "eio", "unlink .git/index.lock"),
        ("overlays, merge", "eio", "unlink .git/index.lock"),
    ],
)
def test_what_went_wrong_once(site: Site, name: str, kind: str, call: str) -> None:
    """0.1.0 left locks, said "nothing was written" of a commit, or exited 0 with a file there."""
    verb, _, path = call.partition(" ")
    (number, *_) = [
        number
        for number, found in enumerate(site.whole(name).calls, 1)
        if found.verb == verb and path in found.what
    ]
    wrong = site.faulty(name, kind, number)
    assert not wrong, "\n".join(wrong)
