"""What all tests share: the command as a function, kept away from the developer's own settings."""

from __future__ import annotations

import contextlib
import functools
import gc
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from fcgitops.cli import main as cli
from gitenv import copied, git, git_home, homes, isolate, make_repository, settle
from testbed.kindcluster import kind_cluster, kind_images, kind_program, task_image

__all__ = [
    "git_home",
    "homes",
    "kind_cluster",
    "kind_images",
    "kind_program",
    "make_repository",
    "task_image",
]

# Programs that a test starts find the package as the tests do, and compile it once.
os.environ["PYTHONPATH"] = str(Path(__file__).parents[1] / "generator")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
gc.set_threshold(100_000)  # as the command does: objects between two collections of garbage


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    status: int
    out: str
    err: str


Fcgitops = Callable[..., Ran]


@pytest.fixture
def fcgitops(
    git_home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Fcgitops:
    """Runs `fcgitops ARGUMENTS…` in this process."""
    # Commands that write build what they change, to tell its effects; few tests are of that.
    monkeypatch.setenv("FCGITOPS_EFFECTS", "off")

    def run(*arguments: str | Path, status: int | None = 0) -> Ran:
        capfd.readouterr()
        typed = [str(argument) for argument in arguments]
        named = Path(typed[1]) if typed[:1] == ["-C"] else Path()
        # One who names a folder stands in it too: what is advised is typed there.
        stands = named if named.is_absolute() and named.is_dir() else Path.cwd()
        with contextlib.chdir(stands):
            found = cli.run(typed)
        out, err = capfd.readouterr()
        assert status in (None, found), err
        return Ran(found, out, err)

    return run


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes each repository once: what its commands are → its folder, for copies alone.

    Where tests run in several processes, one makes it for all of them.
    """
    base = tmp_path_factory.getbasetemp()
    ours = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(commands: Sequence[Sequence[str]]) -> Path:
        (_, name, *options), *more = commands
        made = ours / f"made-{hashlib.sha256(repr(commands).encode()).hexdigest()[:16]}"
        if not made.exists():
            place = tmp_path_factory.mktemp("making")
            folder = place / name
            with pytest.MonkeyPatch.context() as patch:
                isolate(tmp_path_factory.mktemp("home"), patch)
                patch.setenv("FCGITOPS_EFFECTS", "off")
                assert cli.run(["new", str(folder), "--no-input", *options]) == 0
                for command in more:
                    assert cli.run(["-C", str(folder), *command]) == 0
                settle(folder)
            with contextlib.suppress(OSError):  # another process was quicker
                place.rename(made)
        return made / name

    return make


CopyOf = Callable[..., Path]


@pytest.fixture
def copy_of(made_once: Callable[..., Path], fcgitops: Fcgitops, tmp_path: Path) -> CopyOf:
    """A repository of its own for a test, as commands make it, the first one `new NAME`."""

    def copy(*commands: Sequence[str]) -> Path:
        made = made_once(commands)
        return copied(made, tmp_path / made.name)

    return copy


@pytest.fixture
def repository(copy_of: CopyOf) -> Path:
    """A new repository with the environments dev (default-config) and prod (customized-config)."""
    return copy_of(["new", "deploy", "--env", "dev", "--env", "prod=customized-config"])


def tree(folder: Path) -> str:
    """Git's name of the committed tree."""
    return git(folder, "rev-parse", "HEAD^{tree}")


def snapshot(folder: Path) -> Mapping[str, bytes]:
    """Every file below `folder`, Git's own ones included."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.hookimpl(tryfirst=True)  # before -m takes those that it does not name
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is slow: all of tests/e2e, and of a test that is sampled(N) all but one case in N.

    What stands in tests/property is tried with all its examples where slow ones run.
    """
    cases: Counter[str] = Counter()
    for item in items:
        part = _part(item.path)
        if part == "e2e":
            item.add_marker(pytest.mark.slow)
        elif part == "property":
            item.add_marker(pytest.mark.property)
        if mark := item.get_closest_marker("sampled"):
            (every,) = mark.args
            test = item.nodeid.partition("[")[0]
            if cases[test] % every:
                item.add_marker(pytest.mark.slow)
            cases[test] += 1


def pytest_collection_finish() -> None:
    """What thousands of collected tests hold is there to stay: it is not looked through again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """As pytest's own, but that set-up and clean-up which pass are not reported.

    Thousands of tests would tell it to the process that prints, which has no use for it unless
    somebody asks how long it all took.
    """
    if item.config.getoption("durations") is not None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@functools.cache
def _part(path: Path) -> str:
    """The folder of tests/ that a file is in."""
    return path.relative_to(Path(__file__).parent).parts[0]


FIGURE = "figure"
"""The property of a test that measures: a line for the end of the run."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what was measured, whichever process has run the test."""
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == FIGURE:
                terminalreporter.write_line(str(line))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """With NO_SKIP=1, as in our own CI, a skip is a failure: nothing goes unseen."""
    report = yield
    if os.environ.get("NO_SKIP") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report
