"""Measures fcgitops beside what a user would take instead, and says whether the bars are met.

`make bench` runs it: the wheel is built and installed in a virtual environment of its own,
the other side is the plain `cookiecutter` command, git by hand, or Python itself. Both sides
take turns in one run; what counts is the median of the rounds' ratios of CPU time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import updating
from held import Held, ran
from measure import Cost, median, side_by_side
from rows import HEAD, MEMORY, WALL, Row, both, duration, table
from workspace import REQUIREMENT, SEED, Workspace, builds, customized

_BY_HAND = "by hand: write, add -A, commit"


class Bench:
    """The comparisons, each a function that gives its rows."""

    def __init__(self, work: Workspace, *, quick: bool, fleet: int) -> None:
        self.work = work
        self.quick = quick
        self.fleet = fleet
        self.count = 200 if quick else 1000
        self.beside: list[tuple[str, str]] = []
        """What was measured along the way and has no bar."""
        self.empty = work.new("empty")
        self.file = work.overlays("many", [customized(i) for i in range(self.count)])
        self.many = work.copy(self.empty, "many")
        work.fcgitops("overlays", "--from", self.file, cwd=self.many).run()

    def version(self) -> Iterable[Row]:
        """The price of starting at all."""
        bare = self.work.subject(self.work.python, "-c", "pass")
        ours, other = side_by_side(self._times(31), self.work.fcgitops("--version"), bare)
        yield Row("fcgitops --version", ours, "python -c pass", other, 5)

    def new(self) -> Iterable[Row]:
        """The same repository by both commands."""
        ours_at, other_at = (self.work.folder / side / "demo" for side in ("ours", "plain"))
        variants = ("dev", "prod=customized-config")
        envs = [word for variant in variants for word in ("--env", variant)]
        given = ("--no-input", "--set", f"requirement={REQUIREMENT}", *envs)
        ours, other = side_by_side(
            self._times(9),
            self.work.fcgitops("new", ours_at, *given, prepare=lambda: _remove(ours_at)),
            self.work.cookiecutter(other_at, " ".join(variants), prepare=lambda: _remove(other_at)),
        )
        trees = {self.work.git(at, "rev-parse", "HEAD^{tree}") for at in (ours_at, other_at)}
        if len(trees) != 1:
            raise SystemExit("error: cookiecutter and fcgitops made different repositories")
        yield Row("new, 2 environments", ours, "cookiecutter, same template", other, 1.5)

    def overlays(self) -> Iterable[Row]:
        """Many environments at once, into a fresh copy of a new repository."""
        texts = self.work.folder / "texts.json"
        texts.write_text(json.dumps(self.work.added_files(self.many)))
        by_hand = Path(__file__).with_name("by_hand.py")
        ours_at, other_at, one_at = (self.work.folder / n for n in ("copy", "copy-hand", "single"))
        ours, other, one = side_by_side(
            self._times(5),
            self.work.fcgitops(
                *("overlays", "--from", self.file), cwd=ours_at,
                prepare=lambda: self.work.copy(self.empty, ours_at.name),
            ),
            self.work.subject(
                *(self.work.python, by_hand, texts), cwd=other_at,
                prepare=lambda: self.work.copy(self.empty, other_at.name),
            ),
            self.work.cookiecutter(
                one_at, "prod=customized-config", prepare=lambda: _remove(one_at)
            ),
        )  # fmt: skip
        each = [cost * self.count for cost in one]
        what = f"overlays --from, {self.count:,} environments"
        yield Row(what, ours, f"cookiecutter × {self.count:,} (*)", each, 1 / 50)
        why = (
            "git alone takes what all takes by hand, 1.2 ms an environment; that leaves as much, "
            "and reading environment.yaml takes 0.15 ms, judging it 0.3, merging its "
            "configuration 0.45, judging that by Go's rules 0.5, writing YAML 0.25"
        )
        yield Row(what, ours, _BY_HAND, other, 2, held=5, why=why)

    def promote(self) -> Iterable[Row]:
        """What was proven goes to a hundred environments: foreseen, verified and committed."""
        fleet = self.work.copy(self.empty, "fleet")
        alike = {"variant": "customized-config", "labels": {"tier": "prod"}}
        items = [
            {
                **alike,
                "name": f"prod-{i:03}",
                "cluster": {"server": f"https://prod-{i}.example.com"},
            }
            for i in range(100)
        ]
        file = self.work.overlays("fleet", items)
        self.work.fcgitops("overlays", "--from", file, cwd=fleet).run()
        proven = ("--variant", "customized-config", "--set", "workerNumber=800")
        self.work.fcgitops("overlay", "staging", *proven, cwd=fleet).run()
        command = ("promote", "staging", "--label", "tier=prod")
        start = self.work.git(fleet, "rev-parse", "HEAD")
        self.work.fcgitops(*command, cwd=fleet).run()
        texts = self.work.folder / "promoted.json"
        texts.write_text(json.dumps(self.work.added_files(fleet)))
        by_hand = Path(__file__).with_name("by_hand.py")

        def back() -> None:
            self.work.git(fleet, "reset", "-q", "--hard", start)

        ours, other = side_by_side(
            self._times(5),
            self.work.fcgitops(*command, cwd=fleet, prepare=back),
            self.work.subject(self.work.python, by_hand, texts, cwd=fleet, prepare=back),
        )
        yield Row(
            *("promote to 100 environments", ours, _BY_HAND, other, 3),
            held=25,
            why="by hand it is 1.2 ms an environment; the 50 checks of one take 5 ms, its plan and "
            "the merge of its files take 5 ms, and Python's start with all rules and checks 0.3 s",
        )

    def overlay(self) -> Iterable[Row]:
        """One more environment, in a repository of one and in one of many."""
        few = self.work.copy(self.empty, "few")
        one = self.work.overlays("one", [customized(self.count)])
        self.work.fcgitops("overlays", "--from", one, cwd=few).run()
        command = (
            *("overlay", "added", "--variant", "customized-config", "--set", "workerNumber=7"),
            *("--cluster", "https://added.example.com"),
        )

        def back(at: Path, commit: str) -> Callable[[], object]:
            return lambda: self.work.git(at, "reset", "-q", "--hard", commit)

        ours, other = side_by_side(
            self._times(15),
            *(
                self.work.fcgitops(
                    *command, cwd=at, prepare=back(at, self.work.git(at, "rev-parse", "HEAD"))
                )
                for at in (self.many, few)
            ),
        )
        yield Row(f"overlay, number {self.count + 1:,}", ours, "overlay, number 2", other, 2)

    def builds(self) -> Iterable[Row]:
        """What each sync of each cluster pays."""
        seeds = self.work.folder / "seeds"
        manifests = {
            "default": ["frameworkcontroller-with-default-config.yaml"],
            "customized": [
                "frameworkcontroller-customized-config.yaml",
                "frameworkcontroller-with-customized-config.yaml",
            ],
        }
        for name, files in manifests.items():
            (seeds / name).mkdir(parents=True)
            for manifest in files:
                shutil.copy(SEED / manifest, seeds / name)
            content = {"resources": files}
            (seeds / name / "kustomization.yaml").write_text(json.dumps(content))
        for profile in ("hardened", "upstream"):
            repository = self.work.new(f"built-{profile}", "--profile", profile)
            items = builds(profile)
            file = self.work.overlays(profile, items)
            self.work.fcgitops("overlays", "--from", file, cwd=repository).run()
            for item in items:
                name = item["name"]
                built = self.work.subject(*self.work.kustomize, repository / "overlays" / name)
                seed_name = "customized" if "variant" in item else "default"
                what, other_what = f"build of {name}, {profile}", f"the seed's, {seed_name}"
                seed = self.work.subject(*self.work.kustomize, seeds / seed_name)
                if "components" not in item:
                    ours, other = side_by_side(self._times(21), built, seed)
                    yield Row(what, ours, other_what, other, 2.5)
                    continue
                # With every key set it renders more than the seed has: what is compared is the
                # price of the layers, so the same objects stand beside it as plain resources.
                listed = self._plain(f"plain-{profile}-{name}", repository, name)
                plain = self.work.subject(*self.work.kustomize, listed)
                ours, other, third = side_by_side(self._times(21), built, plain, seed)
                yield Row(what, ours, "its objects as plain resources", other, 2.5)
                ratio = median(ours).cpu / median(third).cpu
                self.beside.append((what, f"{ratio:.2f}× {other_what}"))

    def _plain(self, folder: str, repository: Path, name: str) -> Path:
        """A kustomization that lists, a file each, the very objects that an overlay renders."""
        place = self.work.folder / folder
        place.mkdir()
        rendered = self.work.fcgitops("build", name, cwd=repository).output()
        files = []
        for number, text in enumerate(rendered.split("\n---\n")):
            files.append(f"{number}.yaml")
            (place / files[-1]).write_text(f"{text}\n")
        (place / "kustomization.yaml").write_text(json.dumps({"resources": files}))
        return place

    def config(self) -> Iterable[Row]:
        """The configurations that the environments of a repository end up with, and one alone."""
        files = sorted(self.many.glob("overlays/cluster-*/frameworkcontroller.yaml"))
        bare = self.work.subject(self.work.python, "-c", "pass")
        one, other = side_by_side(
            self._times(31), self.work.fcgitops("config", "check", files[0]), bare
        )
        yield Row("config check, 1 file", one, "python -c pass", other, 12)
        all_at_once, single = side_by_side(
            self._times(5),
            self.work.fcgitops("config", "check", *files),
            self.work.fcgitops("config", "check", files[0]),
        )
        each = [cost * self.count for cost in single]
        what = f"config check, {self.count:,} files"
        yield Row(what, all_at_once, f"1 file × {self.count:,} (*)", each, 1 / 20)

    def diff(self) -> Iterable[Row]:
        """A clean tree; one environment changed; the base of all, each with a file of its own."""
        at = self.work.copy(self.many, "compared")
        compared = self.work.fcgitops("diff", cwd=at)
        many = f"{self.count:,} environments"
        status = self.work.subject("git", "status", cwd=at)
        ours, other = side_by_side(self._times(15), compared, status)
        yield Row(f"diff, {many}, clean", ours, "git status", other, 5)
        one = at / "overlays" / customized(self.count // 2)["name"]
        file = one / "frameworkcontroller.yaml"
        text = file.read_text()
        workers = f"workerNumber: {customized(self.count // 2)['settings']['workerNumber']}\n"
        numbers = iter(range(5000, 6000))

        def edit() -> None:
            file.write_text(text.replace(workers, f"workerNumber: {next(numbers)}\n"))

        build = " ".join(map(str, self.work.kustomize))
        twice = f"{build} {one} > /dev/null; {build} {one} > /dev/null"
        changed, built = side_by_side(
            self._times(9),
            self.work.fcgitops("diff", cwd=at, prepare=edit),
            self.work.subject("sh", "-c", twice),
        )
        limit = [cost + 0.3 for cost in built]
        yield Row(f"diff, 1 of {many} changed", changed, "2 builds, and 0.3 s", limit, 1, WALL)
        file.write_text(text)
        base = at / "base" / "statefulset.yaml"
        base.write_text(base.read_text().replace("memory: 1Gi", "memory: 2Gi"))
        each = f"ls -d overlays/cluster-* | xargs -P2 -n1 {build} > /dev/null"
        cold = self.work.fcgitops("diff", cwd=at, prepare=self._forget)
        twofold = self.work.subject("sh", "-c", f"{each}; {each}", cwd=at)
        ours, other = side_by_side(1, cold, twofold, warm=False)
        what = f"diff, the base of {many} changed"
        yield Row(what, ours, "xargs -P2 kustomize build, both sides", other, 1.3, WALL)
        (again,) = side_by_side(1, compared, warm=False)
        self.beside.append((f"{what}, again", both(median(again))))

    def _forget(self) -> None:
        """Takes away what was kept between runs."""
        _remove(Path(self.work.env["HOME"], ".cache"))

    def verify(self) -> Iterable[Row]:
        """All of a fleet, again, and after one change; each environment renders something else."""
        at = self.work.copy(self.many, "verified")
        build = " ".join(map(str, self.work.kustomize))
        bare = f"ls -d overlays/*/ | xargs -P2 -n1 {build} > /dev/null"
        cold, other = side_by_side(
            1,
            self.work.fcgitops("verify", "--afresh", cwd=at),
            self.work.subject("sh", "-c", bare, cwd=at),
            warm=False,
        )
        many = f"{self.count:,} environments"
        yield Row(f"verify, {many}, cold", cold, "xargs -P2 kustomize build", other, 1.3, WALL)
        (again,) = side_by_side(self._times(9), self.work.fcgitops("verify", cwd=at))
        first = cold * len(again)
        yield Row("verify again, nothing changed", again, "cold", first, 1 / 50, WALL)
        one = at / "overlays" / customized(self.count // 2)["name"]
        edits = iter(range(1000))

        def edit() -> None:
            source = one / "environment.yaml"
            source.write_text(f"{source.read_text()}# {next(edits)}\n")

        changed, built = side_by_side(
            self._times(9),
            self.work.fcgitops("verify", cwd=at, prepare=edit),
            self.work.subject(*self.work.kustomize, one),
        )
        limit = [cost + 0.3 for cost in built]
        what = "verify, one changed"
        why = "on a slow machine Python's start and the import of the checks alone take 0.3 s"
        yield Row(what, changed, "its build, and 0.3 s", limit, 1, WALL, held=1.5, why=why)
        limit = [Cost(0, 0, 300)]
        yield Row(f"verify, {many}, memory", cold, "the limit", limit, 1, MEMORY)
        if self.fleet:
            yield from self._fleet(cold[0])

    def _fleet(self, cold: Cost) -> Iterable[Row]:
        """What one environment costs where there are many, and where there are few."""
        sizes = (self.fleet // 100, self.fleet)
        costs: dict[int, list[Cost]] = {}
        for size in sizes:
            repository = self.work.copy(self.empty, f"fleet-{size}")
            for start in range(0, size, 2000):  # a list of environments has at most 1 MiB
                items = [customized(i) for i in range(start, min(size, start + 2000))]
                file = self.work.overlays(f"fleet-{size}", items)
                self.work.fcgitops("overlays", "--from", file, cwd=repository).run()
            command = self.work.fcgitops("verify", "--afresh", cwd=repository)
            (costs[size],) = side_by_side(1 if size > 1000 else 5, command, warm=False)
            _remove(repository)
        few, many = ([median(costs[size]) * (1 / size)] for size in sizes)
        what = f"verify, one environment of {sizes[1]:,}"
        yield Row(what, many, f"one of {sizes[0]:,}", few, 1.2)
        what = f"verify, {sizes[1]:,} environments, memory"
        cold_too = [cold] * len(costs[sizes[1]])
        yield Row(what, costs[sizes[1]], f"that at {self.count:,}", cold_too, 2, MEMORY)

    def report(self) -> Iterable[Row]:
        """The page of a fleet in which no two environments have the same settings.

        The page shows what `verify` finds, so it takes the same builds. They take twenty times what
        is judged, and vary by more than that: both get what kustomize printed the first time.
        """
        at = self.work.copy(self.many, "reported")
        page, verified = side_by_side(
            3,
            *(
                self.work.replayed(self.work.fcgitops(*command, cwd=at))
                for command in (
                    ("report", "--output", self.work.folder / "fleet.html"),
                    ("verify", "--afresh"),
                )
            ),
        )
        limit = [cost + 2 for cost in verified]
        what = f"report, {self.count:,} environments, but for builds"
        yield Row(what, page, "verify --afresh, and 2 s", limit, 1)

    def update(self) -> Iterable[Row]:
        """A repository follows its generator, beside those that follow a template."""
        if reason := updating.missing():
            _say(f"update beside cruft and copier: skipped: {reason}")
            self.beside.append(("update beside cruft and copier", f"skipped: {reason}"))
        for pair in (
            *updating.followers(self.work), updating.fleet(self.work, self.many, self.count)
        ):  # fmt: skip
            what, ours, against, other, bar, held, why = pair
            costs = side_by_side(self._times(5), ours, other)
            yield Row(what, costs[0], against, costs[1], bar, held=held, why=why)

    def judged(self) -> Iterable[Held]:
        """The bars that are counts of right answers."""
        return ran(self.work.folder)

    def others(self) -> Iterable[tuple[str, str]]:
        """What has no bar."""
        yield from self.beside
        rendered, page = (str(self.work.folder / name) for name in ("rendered", "fleet.html"))
        for command in (["list"], ["build", "--output", rendered], ["report", "--output", page]):
            (costs,) = side_by_side(1, self.work.fcgitops(*command, cwd=self.many), warm=False)
            yield f"{command[0]}, {self.count:,} environments", both(median(costs))
        few = self.work.new("imports", "--env", "dev")
        changed = self.work.overlays("changed", [customized(1)])
        for line in (
            *("--version", "new ../imported --no-input", "overlay one"),
            *(f"overlays --from {changed}", "remove one", "list", "build dev", "verify dev"),
            "doctor",
        ):
            arguments = line.split()
            seconds, modules = self.work.imports(*arguments, cwd=few)
            yield f"imports of {arguments[0]}", f"{duration(seconds)}, {modules} modules"

    def _times(self, repetitions: int) -> int:
        return 3 if self.quick else repetitions


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Runs all of it.

    Returns:
        0, or 1 where one is worse than it is held to: its bar, but for those that say why not.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="200 environments, 3 repetitions")
    parser.add_argument("--only", metavar="NAME", help="one group of rows, such as verify")
    parser.add_argument(
        "--fleet",
        metavar="N",
        type=int,
        help="environments of the big fleet, 10,000 by default, 1,000 with --quick; 0: none",
    )
    options = parser.parse_args()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="fcgitops-bench-") as folder:
        _say("building the wheel and two virtual environments ...")
        usual = 1000 if options.quick else 10_000
        fleet = usual if options.fleet is None else options.fleet
        bench = Bench(Workspace(Path(folder)), quick=options.quick, fleet=fleet)
        rows: list[Row | Held] = []
        for measure in (
            *(bench.version, bench.new, bench.overlays, bench.promote, bench.overlay),
            *(bench.config, bench.builds, bench.diff, bench.verify, bench.report, bench.update),
            bench.judged,
        ):
            if options.only in (None, measure.__name__):
                _say(f"measuring {measure.__name__} ...")
                rows += measure()
        others: list[tuple[str, str]] = []
        if options.only is None:
            _say("measuring what has no bar ...")
            others += bench.others()
        machine = bench.work.machine()
    print(table([HEAD, *(row.cells() for row in rows)]))
    for row in rows:
        if row.why and not row.met:
            print(f"{row.what}: the bar is out of reach: {row.why}")
    print(
        "\nMedian CPU time of the process and its children (wall time); the ratio is the median of"
        "\nthe rounds' ratios of CPU time (lowest…highest), and that is judged; of verify, but for"
        "\none environment of many, that of wall time. Memory is that of the biggest process."
        f"\n(*) one run, for one environment, times {bench.count:,}\n"
    )
    print(table(others))
    print(f"\n{machine}; measured in {time.perf_counter() - start:.0f} s")
    return 0 if all(row.good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
