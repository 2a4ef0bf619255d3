"""A template is updated: what becomes of 500 edits, and what it costs, beside cruft and copier.

`make followers` runs it, and prints the tables of docs/update.md. The cases are those of
tests/mergecases.py, each a file of one template; the judge is the merge of their values. The cost
is that of carrying a repository of 0.1.0 to this version: the others get the two trees as two
versions of a template without a question.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS.parent / "generator")]

from fcgitops.repository.merge import merge  # noqa: E402
from measure import Subject, median, side_by_side  # noqa: E402
from mergecases import Case, cases  # noqa: E402

NUMBER = 500
ROUNDS = 5
FORMER = TESTS / "released" / "0.1.0" / "hardened-both.bundle"
ANSWERS = {"right": "right", "lost edit": "lost or damaged edit",
           "false clean": "clean, and wrong", "needless conflict": "needless conflict"}  # fmt: skip
Outcome = tuple[str | None, bool]
"""The text of a file, and whether it is told to conflict."""


def name(number: int) -> str:
    """The file of a case."""
    return f"case{number:03}.yaml"


class Place:
    """A template, a project made from it, and the program that updates it."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.template, self.project = folder / "template", folder / "project"
        self._programs = programs
        home = folder / "home"
        home.mkdir(parents=True)
        (home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.com\n")
        self.env = {"HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}",
                     "GIT_CONFIG_GLOBAL": str(home / ".gitconfig")}  # fmt: skip
        self.template.mkdir()
        self.run("git", "init", "-q", "-b", "main", cwd=self.template)

    def run(self, *command: str | Path, cwd: Path, check: bool = True) -> str:
        """Runs a program; what it prints."""
        done = subprocess.run(
            command, cwd=cwd, env=self.env, check=False, capture_output=True, text=True
        )
        if check and done.returncode:
            raise SystemExit(f"error: {command}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout.strip()

    def commit(self, root: Path, folder: Path, files: Mapping[str, str | None], tag: str) -> None:
        """Writes files, and commits all."""
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            if text is None:
                (folder / path).unlink(missing_ok=True)
            else:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text)
        self.run("git", "add", "-A", cwd=root)
        self.run("git", "commit", "-q", "--allow-empty", "-m", tag, cwd=root)
        self.run("git", "tag", tag, cwd=root)


def ours(made: Sequence[Case]) -> list[Outcome]:
    """What fcgitops makes of them."""
    found: list[Outcome] = []
    for case in made:
        old, mine, new = (
            {} if text is None else {"f.yaml": text.encode()}
            for text in (case.base, case.ours, case.theirs)
        )
        merged = merge(old, mine, new)
        data = merged.files.get("f.yaml", mine.get("f.yaml"))
        found.append((None if data is None else data.decode(), bool(merged.conflicts)))
    return found


class Cruft(Place):
    """cruft, on a template of cookiecutter's."""

    title = "cruft 2.16.0"
    update = ("cruft", "update", "-y")

    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(folder, programs)
        (self.template / "cookiecutter.json").write_text('{"slug": "project"}\n')
        self.inside = self.template / "{{cookiecutter.slug}}"

    def generate(self) -> None:
        """Makes the project of the template's newest version."""
        self.run("cruft", "create", "-y", self.template, cwd=self.template.parent)

    @staticmethod
    def raw(text: str | None) -> str | None:
        """A text as a template has it that says nothing of it to Jinja."""
        return None if text is None else f"{{% raw %}}{text}{{% endraw %}}"


class Copier(Place):
    """copier, with conflicts inline."""

    title = "copier 9.19.1"
    update = ("copier", "update", "--defaults", "--conflict", "inline")

    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(folder, programs)
        answers = self.template / "{{_copier_conf.answers_file}}.jinja"
        answers.write_text("{{ _copier_answers|to_nice_yaml }}\n")
        self.inside = self.template

    def generate(self) -> None:
        """Makes the project of the template's newest version."""
        command = ("copier", "copy", "--defaults", self.template, self.project)
        self.run(*command, cwd=self.template.parent)

    @staticmethod
    def raw(text: str | None) -> str | None:
        """A text as a template has it: files without its suffix are copied as they are."""
        return text


Follower = Cruft | Copier
Files = Mapping[str, str | None]


def prepare(place: Follower, before: Files, edits: Files, after: Files) -> None:
    """A project of a template's former version, edited; the template goes on to the next one."""
    new = {path: place.raw(text) for path, text in after.items()}
    gone: Files = {path: None for path in before if path not in after}
    made = {path: place.raw(text) for path, text in before.items()}
    place.commit(place.template, place.inside, made, "1.0.0")
    place.generate()
    if not (place.project / ".git").exists():
        place.run("git", "init", "-q", "-b", "main", cwd=place.project)
    place.commit(place.project, place.project, {}, "made")
    place.commit(place.project, place.project, edits, "edited")
    place.commit(place.template, place.inside, {**gone, **new}, "2.0.0")


def theirs(made: Sequence[Case], place: Follower) -> list[Outcome]:
    """What another program makes of the cases, all in one update."""
    files = {name(number): case for number, case in enumerate(made)}
    before, edits, after = (
        {path: getattr(case, side) for path, case in files.items()}
        for side in ("base", "ours", "theirs")
    )
    prepare(place, before, edits, after)
    place.run(*place.update, cwd=place.project, check=False)
    found: list[Outcome] = []
    for path in files:
        there = place.project / path
        text = there.read_text() if there.exists() else None
        rejected = (place.project / f"{path}.rej").exists()
        found.append((text, rejected or bool(re.search("^<{7} ", text or "", re.M))))
    return found


def outcomes(scratch: Path, programs: Path) -> Iterator[str]:
    """The table of what becomes of the edits."""
    made = list(cases(NUMBER))
    rows = {"`fcgitops update`": ours(made)}
    for kind in (Cruft, Copier):
        rows[kind.title] = theirs(made, kind(scratch / kind.__name__, programs))
    yield f"| {NUMBER} edits | {' | '.join(ANSWERS.values())} |"
    yield "| --- " * 5 + "|"
    for who, found in rows.items():
        counts = Counter(
            case.judged(text, conflict=conflict)
            for case, (text, conflict) in zip(made, found, strict=True)
        )
        yield f"| {who} | {' | '.join(str(counts[word]) for word in ANSWERS)} |"


def carried(
    scratch: Path, programs: Path, command: Sequence[str | Path]
) -> tuple[int, Subject, Subject, Subject]:
    """How many files change from 0.1.0 to this version; fcgitops, cruft and copier carrying them.

    Args:
        scratch: an empty folder.
        programs: the folder of the others.
        command: `fcgitops update`.
    """
    cruft, copier = Cruft(scratch / "c", programs), Copier(scratch / "k", programs)
    former, new = scratch / "former", scratch / "new"
    for folder in (former, new):
        cruft.run("git", "clone", "-q", FORMER, folder, cwd=scratch)
    cruft.run(*command, cwd=new)
    before, after = _texts(former), _texts(new)
    for place in (cruft, copier):
        prepare(place, before, {}, after)

    def subject(line: Sequence[str | Path], project: Path) -> Subject:
        def back() -> None:
            cruft.run("git", "reset", "-q", "--hard", start, cwd=project)
            cruft.run("git", "clean", "-fdq", cwd=project)

        start = cruft.run("git", "rev-parse", "HEAD", cwd=project)
        return Subject(line, project, cruft.env, back)

    changed = sum(before.get(path) != after.get(path) for path in before.keys() | after.keys())
    theirs, copiers = (subject(place.update, place.project) for place in (cruft, copier))
    return changed, subject(command, former), theirs, copiers


def costs(scratch: Path, programs: Path) -> Iterator[str]:
    """The table of what an update costs, the same change of files by each."""
    command = (Path(sys.executable).with_name("fcgitops"), "update")
    changed, *subjects = carried(scratch, programs, command)
    titles = ("`fcgitops update`", Cruft.title, Copier.title)
    yield f"| {changed} files change | CPU time | beside `fcgitops update` |"
    yield "| --- | --- | --- |"
    found = side_by_side(ROUNDS, *subjects)
    for title, cost in zip(titles, found, strict=True):
        ratio = statistics.median(a.cpu / b.cpu for a, b in zip(cost, found[0], strict=True))
        yield f"| {title} | {median(cost).cpu:.2f} s | {ratio:.1f}× |"


def _texts(repository: Path) -> dict[str, str]:
    """The files of a work tree, but for git's."""
    return {
        path.relative_to(repository).as_posix(): path.read_text()
        for path in sorted(repository.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(repository).parts
    }


def main() -> int:
    """Prints the tables."""
    programs = Path(sys.argv[1]).resolve()
    if not all(shutil.which(program, path=str(programs)) for program in ("cruft", "copier")):
        raise SystemExit(f"error: {programs} has no cruft and copier")
    with tempfile.TemporaryDirectory() as folder:
        for lines in (outcomes(Path(folder), programs), costs(Path(folder), programs)):
            sys.stdout.write("".join(f"{line}\n" for line in lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
