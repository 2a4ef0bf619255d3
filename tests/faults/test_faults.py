"""Whatever call it is that fails, or is the last: nothing is lost, and the next run is as ever.

In `make test` every tenth call that changes a file meets a fault, the kinds of it in turn; in
`make faults` every call meets each kind, or one try in FAULTS_EVERY is made; in each of them those
that went wrong once.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import FIGURE
from gitenv import git

from faults import gitfiles
from faults.folders import Folders, Look
from faults.harness import KINDS, Call, Commands, Ran, Walk, left_over, state
from faults.scenarios import GOES_ON_FROM, SCENARIOS, Scenario, prepare

IN_TURN = "FAULTS_EVERY" not in os.environ
"""Whether a call that is tried meets one kind of fault, else each: `make test` has 90 s for all."""
EVERY = int(os.environ.get("FAULTS_EVERY", "10"))
"""From one call that is tried to the next; where it meets each kind, from one try to the next."""
RARE = {"dead": 5}
"""Kinds of which fewer are tried."""
ASIDE = 10
"""In a temporary folder one call of so many meets each kind: hundreds are of the same few forms."""
AGAIN = 10
"""Where the fault left all as before, all done, or as another one did, one in so many is followed
by the next run all the same."""

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
        stops: how many of them there were wherever it stopped.
    """

    before: dict[str, Any]
    after: dict[str, Any]
    names_before: set[str]
    names: set[str]
    calls: list[Call]
    stops: list[int]

    def is_an_end(self, top: Path, look: Look) -> bool:
        """Whether all is as before or as after, and nothing stands beside the repository."""
        reached = state(top, look), left_over(top, look)
        ends = (self.before, self.names_before), (self.after, self.names)
        return reached in ends and not _stray(top)

    def end_of(self, stop: int) -> int:
        """The last call that is tried from a stop: that before the next one."""
        return self.stops[stop + 1] if stop + 1 < len(self.stops) else len(self.calls)


Try = tuple[str, int]
"""A kind of fault, and the number of the call that it is tried at."""


class Seen:
    """What needs no second look in a scenario.

    Args:
        begun: what stands there before its command is run.
    """

    def __init__(self, top: Path, begun: Look) -> None:
        self._fine: set[gitfiles.Alike] = set()
        """States from which the next run came to all that it should, but for loose objects."""
        self._same = {_with_objects(top, begun)}
        """The same with them."""
        self._known = 0

    def is_known(self, top: Path, look: Look, *, whole: bool) -> bool:
        """Whether it is known what the next run comes to; of those, one in `AGAIN` is not.

        Args:
            top: of the repository.
            look: what stands there.
            whole: whether that is known anyway, of all but the objects.
        """
        alike, objects = _with_objects(top, look)
        if (alike, objects) in self._same:
            return True
        if not whole and alike not in self._fine:
            return False
        self._known += 1
        return self._known % AGAIN != 0

    def is_fine(self, top: Path, look: Look) -> None:
        """Know of a state that the next run comes from there to all that it should."""
        found = _with_objects(top, look)
        self._fine.add(found[0])
        self._same.add(found)


def _with_objects(top: Path, look: Look) -> tuple[gitfiles.Alike, gitfiles.Alike]:
    """What a command that is run there can tell from other states, and the loose objects."""
    return gitfiles.alike(top, look), gitfiles.loose(top, look)


_LEARNED = "repository"
"""The start that each server prepares."""


class Site:
    """The server, and what tries are made of.

    Args:
        folder: for its own files.
        starts: where what scenarios start from is kept, for all processes that run tests.
    """

    def __init__(self, folder: Path, starts: Path) -> None:
        self.folder, self._starts = folder, starts
        starts.mkdir(exist_ok=True)
        self.commands = Commands(folder)
        self._fsck = gitfiles.Fsck()
        self._whole: dict[str, Whole] = {}
        self._knows_kustomize = False
        # The server learns by this one, whichever process makes it for all.
        prepare(self.commands, _LEARNED, folder / _LEARNED)

    def _original(self, start: str) -> Path:
        """What walks that start there are copies of; one process makes it."""
        original = self._starts / start
        with original.with_name(f"{start}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not original.exists():
                made, before = self.folder / start, GOES_ON_FROM.get(start)
                if before:
                    subprocess.run(["cp", "-a", str(self._original(before)), str(made)], check=True)
                if start != _LEARNED:
                    prepare(self.commands, start, made)
                made.rename(original)
        return original

    @contextmanager
    def copy(self, scenario: Scenario) -> Iterator[tuple[Path, Folders]]:
        """A copy of what the scenario starts from, which git takes for unchanged; its top."""
        place, aside = self.commands.place, self.folder / "aside"
        aside.mkdir()
        top = place / "deploy"
        if scenario.start:
            original = self._original(scenario.start)
            subprocess.run(["cp", "-a", str(original), str(place)], check=True)
            git(top, "status", "--porcelain")
        else:
            place.mkdir()
        try:
            yield top, Folders([place, self.commands.temporary], aside)
        finally:
            for folder in (place, aside, *self.commands.temporary.iterdir()):
                shutil.rmtree(folder)

    def _place(self, scenario: Scenario, top: Path) -> Path:
        """Where the command is typed."""
        return top if scenario.start else top.parent

    def whole(self, name: str) -> Whole:
        """What a scenario does when nothing goes wrong."""
        if name not in self._whole:
            scenario = SCENARIOS[name]
            if scenario.kustomize and not self._knows_kustomize:
                with self.copy(scenario) as (top, _):  # its version is kept for later runs
                    self._again(scenario, top, here=True)
                self._knows_kustomize = True
            with self.copy(scenario) as (top, folders):
                look = folders.look()
                before, names = state(top, look), left_over(top, look)
                walk = self.walk(scenario, top, here=True)
                stops = list(walk)
                assert walk.ran
                assert walk.ran.status == scenario.status, walk.ran.err
                plan = self.commands.plan
                calls = [plan.call(number) for number in range(1, plan.count + 1)]
                look = folders.look()
                after = state(top, look)
                # It is read as git reads it.
                assert after["index"] == git(top, "ls-files", "-s", "-t")
                self._whole[name] = Whole(before, after, names, left_over(top, look), calls, stops)
        return self._whole[name]

    def _again(self, scenario: Scenario, top: Path, *, here: bool = False) -> Ran:
        """The scenario's command, once."""
        place, kustomize = self._place(scenario, top), scenario.kustomize
        return self.commands.run(place, *scenario.arguments, here=here, kustomize=kustomize)

    def _once_more(self, scenario: Scenario, top: Path, is_known: Callable[[], bool]) -> Ran | None:
        """The same after a fault; None where it came to what is known by setting that right.

        Only in `make test`: the rest of it may rely on what it has read before.
        """
        if not IN_TURN:
            return self._again(scenario, top)
        place, kustomize = self._place(scenario, top), scenario.kustomize
        return self.commands.run_on(
            place, *scenario.arguments, kustomize=kustomize, enough=is_known
        )

    def walk(self, scenario: Scenario, top: Path, *, here: bool = False) -> Walk:
        """The scenario's command, on its way."""
        place, kustomize = self._place(scenario, top), scenario.kustomize
        return self.commands.walk(place, *scenario.arguments, here=here, kustomize=kustomize)

    def faulty(self, name: str, wanted: Collection[Try]) -> list[str]:
        """Let calls fail, run the command again each time, and say what is not as it should be."""
        scenario, whole = SCENARIOS[name], self.whole(name)
        left = sorted(wanted, key=lambda one: one[1])
        wrong = []
        with self.copy(scenario) as (top, folders):
            seen = Seen(top, folders.look())
            walk = self.walk(scenario, top)
            for stop, count in enumerate(walk):
                assert count == whole.stops[stop], "it is another run than that which was counted"
                here = [one for one in left if one[1] <= whole.end_of(stop)]
                left = left[len(here) :]
                kept = folders.keep() if here else {}
                for kind, number in here:
                    ran = walk.attempt(kind, number)
                    look, found = self._judged(name, (kind, number), ran, top, folders, seen)
                    folders.restore(kept, look)
                    wrong += found
            assert walk.ran
            assert walk.ran.status == scenario.status, walk.ran.err
            assert not left
            # Whatever was tried on its way, the walk itself comes to the same as ever.
            look = folders.look()
            assert state(top, look) == whole.after
            assert left_over(top, look) == whole.names
        return wrong

    def _judged(
        self, name: str, tried: Try, ran: Ran, top: Path, folders: Folders, seen: Seen
    ) -> tuple[Look, list[str]]:
        """What is there in the end, and what of a try, or of the next run, is not as it should."""
        scenario, whole, plan = SCENARIOS[name], self.whole(name), self.commands.plan
        kind, number = tried
        assert plan.count >= number, "the call was not made"
        call = plan.call(number).what
        look = folders.look()
        told = state(top, look)
        met = [look]

        def is_known() -> bool:
            return seen.is_known(top, met[-1], whole=whole.is_an_end(top, met[-1]))

        def is_known_now() -> bool:
            met.append(folders.look())
            return is_known()

        again = None if is_known() else self._once_more(scenario, top, is_known_now)
        look = met[-1]
        problems = list(_untrue(ran, whole, scenario, told, call))
        if again:
            look = folders.look()
            refused = scenario.again and scenario.again in again.err
            if again.status != scenario.status and not refused:
                problems.append(f"the next run ends with {again.status}")
            found = _comparable(state(top, look), call)
            wanted = _comparable(whole.after, call)
            problems += [f"{key} differs" for key in wanted if found.get(key) != wanted[key]]
            if more := (left_over(top, look) ^ whole.names) - _unlogged(call):
                problems.append(f"git's files differ: {sorted(more)}")
            if stray := _stray(top):
                problems.append(f"left behind: {stray}")
        problems += self._fsck.damage(top, look)
        if not problems:
            if (again or len(met) > 1) and not _pardoned(call):
                for one in met:
                    seen.is_fine(top, one)
            return look, []
        said = [f"{run.status}: {run.err}" for run in (ran, again) if run]
        told_of = [f"    {problem}" for problem in problems + said]
        return look, [f"{name}: {kind} at {number}, {call}:", *told_of]


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


def _pardoned(call: str) -> bool:
    """Whether not all is asked of the next run after it."""
    return call.startswith("rmdir") or bool(_unlogged(call))


def _unlogged(call: str) -> set[str]:
    """HEAD's log, if it could not be begun: git has moved the branch by then, and so it stays."""
    return {"logs/HEAD"} if call == "open .git/logs/HEAD" else set()


def _stray(top: Path) -> set[str]:
    """What stands beside the repository."""
    return {path.name for path in top.parent.iterdir()} - {"deploy", "list.yaml", "seed.yaml"}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all tries."""
    base = tmp_path_factory.getbasetemp()
    ours = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    found = Site(tmp_path_factory.mktemp("faults"), ours / "faults-starts")
    yield found
    found.commands.close()


def comes_to_something(kind: str, number: int, calls: Sequence[Call]) -> bool:
    """Whether a kind of fault at a call, numbered from 1, comes to what no other one does.

    Killed after a call that changed nothing, there is what was there before it. A disk that is full
    from a call on that takes no room is full from the next one on that does.
    """
    call = calls[number - 1]
    if kind == "kill":
        return number == 1 or calls[number - 2].changes
    if kind == "torn":
        return "write" in call.verb
    return call.takes_room or kind != "full"


def every_kind(calls: Sequence[Call]) -> list[Try]:
    """The tries of each kind, at all calls but most of those that are aside."""
    numbers = [n for n, call in enumerate(calls, 1) if not call.aside or n % ASIDE == 0]
    return [
        (kind, number)
        for kind in KINDS
        for number in [n for n in numbers if comes_to_something(kind, n, calls)][
            :: RARE.get(kind, 1)
        ]
    ]


def in_turn(calls: Sequence[Call], first: int) -> list[Try]:
    """One try at every `EVERY`-th call: of the kind, among those it can meet, that was least."""
    tries: list[Try] = []
    turn = list(KINDS)[first % len(KINDS) :] + list(KINDS)[: first % len(KINDS)]
    counts = dict.fromkeys(turn, 0)
    for number in range(1 + first, len(calls) + 1, EVERY):
        kinds = [kind for kind in turn if comes_to_something(kind, number, calls)]
        kind = min(kinds, key=counts.__getitem__)
        counts[kind] += 1
        tries.append((kind, number))
    return tries


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault_at_any_call(site: Site, record_property: pytest.RecordProperty, name: str) -> None:
    """Nothing of the user's is touched, what is said is true, the next run makes what was asked."""
    calls = site.whole(name).calls
    # Each command begins elsewhere, so that few tries are of different calls of what they share.
    first = list(SCENARIOS).index(name) * 7 % EVERY
    tries = set(in_turn(calls, first) if IN_TURN else every_kind(calls)[first::EVERY])
    counts = Counter(kind for kind, _ in tries)
    told = ", ".join(f"{kind} at {counts[kind]}" for kind in KINDS)
    record_property(FIGURE, f"{name}: of {len(calls)} calls {told}")
    tries |= {_first(calls, kind, call) for where, kind, call in ONCE if where == name}
    wrong = site.faulty(name, tries)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["overlay, new", "remove"])
def test_a_try_is_as_a_run_of_its_own(site: Site, name: str) -> None:
    """From where the command stops on its way, a fault comes to what it does from its beginning."""
    scenario, whole = SCENARIOS[name], site.whole(name)
    tries: dict[int, list[Try]] = {}
    for stop, number in enumerate(whole.stops[1:]):
        if number > whole.stops[stop]:
            kinds = [list(KINDS)[stop % len(KINDS)]] if IN_TURN else list(KINDS)
            tries[stop] = [(kind, number) for kind in kinds]
    first: dict[Try, object] = {}
    with site.copy(scenario) as (top, folders):
        walk = site.walk(scenario, top)
        for stop, _ in enumerate(walk):
            kept = folders.keep()
            if stop == 0:
                for one in (one for those in tries.values() for one in those):
                    first[one] = _outcome(walk.attempt(*one), top, folders.look())
                    folders.restore(kept, folders.look())
            for one in tries.get(stop, ()):
                assert _outcome(walk.attempt(*one), top, folders.look()) == first[one], one
                folders.restore(kept, folders.look())
    assert len(tries) > 2


def _outcome(ran: Ran, top: Path, look: Look) -> object:
    """What a command did, but for names that are drawn."""
    err = re.sub(r"tmp_(\w+)_\w{6}", r"tmp_\1", ran.err)
    objects = {path for path in look if "/objects/" in path and "/tmp_" not in path}
    return ran.status, ran.out, err, objects, gitfiles.alike(top, look)


ONCE = [
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
]
"""Tries that went wrong in 0.1.0 or later, and are made in each run: locks were left, "nothing was
written" was said of a commit, or the exit status was 0 with a file still there."""


def _first(calls: Sequence[Call], kind: str, call: str) -> Try:
    """A try of the first call of a name, of a file whose path has this in it."""
    verb, _, path = call.partition(" ")
    (number, *_) = [
        number for number, found in enumerate(calls, 1) if found.verb == verb and path in found.what
    ]
    return kind, number


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
