"""Two states of a repository → a report: only what differs is built, each content once."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import accumulate
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from fcgitops.core.errors import FOUND, TOOL_FAILED, InputError, Problem, ToolError
from fcgitops.diff import environment, objects, unchanged, unrendered
from fcgitops.diff.builds import Builds, cleaned
from fcgitops.diff.environment import BOTH, Environment, Settings
from fcgitops.diff.outcome import Outcome
from fcgitops.diff.report import Entry, Report
from fcgitops.diff.sources import Sources
from fcgitops.diff.units import Content, Unit
from fcgitops.git.history import State
from fcgitops.kubernetes.objects import Object
from fcgitops.model import layout
from fcgitops.model.synctools import KNOWN
from fcgitops.programs.kustomize import Kustomize
from fcgitops.programs.parts import NAMES

_MANY = 40
"""From so many changed units on, reading all kustomizations is cheaper than to ask for each."""


class Comparison(NamedTuple):
    """Which unit is compared with which.

    Attributes:
        name: how it is called.
        before: the unit as it was; None where it is new.
        after: the unit as it is; None where it is gone.
    """

    name: str
    before: Unit | None
    after: Unit | None


@dataclass
class Fleet:
    """Two states of one repository, compared.

    Attributes:
        before: what Git had.
        after: what it has now.
        limit: the units that are asked for; all where none is.
    """

    before: Content
    after: Content
    limit: tuple[str, ...] = ()
    _parsed: dict[bytes, list[Object]] = field(default_factory=dict)
    _outcomes: dict[tuple[object, ...], Outcome] = field(default_factory=dict)

    @classmethod
    def of(cls, before: State, after: State, prefix: str, limit: Iterable[str] = ()) -> Fleet:
        """The comparison of two states of the repository below `prefix`."""
        one = Content(before, prefix)
        same = before.files.keys() == after.files.keys()
        return cls(one, Content(after, prefix, one if same else None), tuple(limit))

    @cached_property
    def changed_paths(self) -> frozenset[str]:
        """The paths that differ."""
        old, new = self.before.state.files, self.after.state.files
        return frozenset(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))

    @cached_property
    def names(self) -> list[str]:
        """The units of both sides, those that are asked for, sorted."""
        known = {**self.before.units, **self.after.units}
        wanted = known.keys() & set(self.limit) if self.limit else known.keys()
        return sorted(wanted, key=lambda name: (not known[name].is_environment, name))

    def affected(self) -> list[str]:
        """The units whose inputs differ."""
        return list(self._affected)

    @cached_property
    def _affected(self) -> list[str]:
        owners = {self.after.owner(p) or self.before.owner(p) for p in self.changed_paths}
        known = set(self.names)
        candidates = known & owners
        if "" in owners or len(owners) > _MANY:
            candidates = known
            for content in (self.before, self.after):
                content.preload(f for n in known for f in _folders(content.units.get(n)))
        else:
            candidates |= self._mentioning(owners) & known
            for content in (self.before, self.after):
                content.read_ahead(content.units[n] for n in candidates if n in content.units)
        return [name for name in self.names if name in candidates and self._differs(name)]

    def _mentioning(self, owners: set[str]) -> set[str]:
        """Units whose kustomizations name a folder that changed and is not their own.

        As they are now: one that named it before only has changed itself.
        """
        words = [f"../{name.rpartition('/')[2]}" for name in owners]
        found = self.after.state.grep(words, self.after.prefix, NAMES)
        return {self.after.owner(path) for path in found}

    def _differs(self, name: str) -> bool:
        old, new = self.before.units.get(name), self.after.units.get(name)
        if old is None or new is None or old != new:
            return True
        if any(folder in self._changed_folders for folder in new.kustomizations):
            return True
        return self.before.inputs(old) != self.after.inputs(new)

    @cached_property
    def _changed_folders(self) -> frozenset[str]:
        """Every folder below which a file differs: all that stands there is an input."""
        parents = (accumulate(p.split("/")[:-1], "{}/{}".format) for p in self.changed_paths)
        return frozenset(folder for folders in parents for folder in folders)

    @cached_property
    def added(self) -> list[str]:
        """The environments that the left side does not have."""
        units = self.after.units
        return [n for n in self.names if n not in self.before.units and units[n].is_environment]

    @cached_property
    def changed(self) -> list[str]:
        """The environments of both sides whose inputs differ."""
        there = self.before.units.keys() & self.after.units.keys()
        found = self._affected if self.changed_paths else []
        return [n for n in found if n in there and self.after.units[n].is_environment]

    def report(self, program: Kustomize, unbuilt: Collection[str] = ()) -> Report:
        """Builds what differs, and says what that does.

        Args:
            program: builds.
            unbuilt: units of which only their sources are asked.
        """
        if not self.changed_paths:
            return self._counted((), unchanged.NOT_BUILT)
        _begin_imports()
        affected = self.affected()
        pairs = [
            Comparison(name, *(_bare(u) if name in unbuilt else u for u in self._sides(name)))
            for name in affected
        ]
        entries = tuple(
            entry
            for entry in self.compare(pairs, program)
            if entry.outcome.objects or entry.outcome.effects or entry.errors
            or entry.name in self._own
        )  # fmt: skip
        built = len(affected) > len(entries)
        reason = "equal inputs, or equal renderings" if built else "equal inputs: not built"
        return self._counted(entries, reason)

    def _sides(self, name: str) -> tuple[Unit | None, Unit | None]:
        return self.before.units.get(name), self.after.units.get(name)

    def _counted(self, entries: tuple[Entry, ...], reason: str) -> Report:
        """The report, with the number of all that is not in it."""
        told = {entry.name for entry in entries}
        quiet = [name for name in self.names if name not in told]
        environments = sum("/" not in name for name in quiet)
        report = Report(entries, environments, len(quiet) - environments, reason)
        if report.changes:
            return report
        notes = unrendered.shared_notes(self.before, self.after, self.changed_paths)
        return report._replace(notes=tuple(notes))

    @cached_property
    def _own(self) -> frozenset[str]:
        """The units of whose own files one differs: they are named, though nothing is synced."""
        sides = (self.before, self.after)
        return frozenset(side.owner(path) for path in self.changed_paths for side in sides)

    def compare(self, pairs: Iterable[Comparison], program: Kustomize) -> Iterator[Entry]:
        """Builds both sides of each pair and compares them, in order.

        An environment that cannot be built is an entry with the reason; the others go on.
        """
        _begin_imports()
        found = list(pairs)
        with tempfile.TemporaryDirectory(prefix="fcgitops-") as scratch:
            builds = Builds(program, Path(scratch))
            for pair in found:
                for side, unit in ((self.before, pair.before), (self.after, pair.after)):
                    for folder in _folders(unit):
                        builds.add(side, folder)
            self.before.read_plain(pair.before for pair in found if pair.before)
            self.after.read_plain(pair.after for pair in found if pair.after)
            for pair in found:
                yield self._entry(pair, builds)

    def rendered(self, name: str, program: Kustomize) -> tuple[list[Object], str]:
        """What an environment renders as it is now, without its entry points; the tool's name.

        Raises:
            InputError: the right side has no environment of that name.
            ToolError: it cannot be built.
        """
        unit = self.after.units.get(name)
        settings = self._settings(self.after, unit)
        if unit is None or settings is None:
            raise InputError(Problem(name, "is no environment of the work tree"))
        with tempfile.TemporaryDirectory(prefix="fcgitops-") as scratch:
            builds = Builds(program, Path(scratch))
            for folder in unit.kustomizations:
                builds.add(self.after, folder)
            bare = unit._replace(plain=())
            return self._objects(self.after, bare, builds), settings.sync

    def _entry(self, pair: Comparison, builds: Builds) -> Entry:
        sides: list[list[Object]] = []
        errors: list[str] = []
        status = 0
        both = ((self.before, pair.before), (self.after, pair.after))
        for (content, unit), word in zip(both, ("before", "after"), strict=True):
            try:
                sides.append(self._objects(content, unit, builds))
            except (InputError, ToolError) as error:
                errors += [f"{word}: {cleaned(problem.what)}" for problem in error.problems]
                status = max(status, TOOL_FAILED if isinstance(error, ToolError) else FOUND)
        errors += [f"after: {reason}" for reason in self._unreadable(pair.after)]
        if errors:
            return Entry(pair.name, errors=tuple(dict.fromkeys(errors)), status=status or FOUND)
        old, new = (self._settings(content, unit) for content, unit in both)
        env, tools = self._environment(pair, old, new), self._tools(pair, old, new)
        key = (*(_key(content, unit, builds) for content, unit in both), tools, env)
        if key not in self._outcomes:
            from fcgitops.diff import compare  # noqa: PLC0415 - imported while kustomize builds

            beside = self._beside(self.before, pair.before), self._beside(self.after, pair.after)
            self._outcomes[key] = compare.outcome(sides[0], sides[1], tools, env, beside)
        outcome = self._outcomes[key]
        return Entry(pair.name, outcome, note="" if outcome.objects else self._note(pair))

    def _unreadable(self, unit: Unit | None) -> list[str]:
        """Why the source of a unit, as it is now, cannot be read."""
        if unit is None or not unit.source:
            return []
        data, link = (
            self.after.texts([unit.source]).get(unit.source),
            self.after.is_link(unit.source),
        )
        return environment.unreadable(unit.source, data, link=link)

    def _note(self, pair: Comparison) -> str:
        """What is to be said of two sides that render the same; "" where comments differ alone."""
        if pair.before is None or pair.after is None:
            return ""
        crossed = pair.before.name != pair.after.name
        if crossed or self.before.inputs(pair.before) == self.after.inputs(pair.after):
            return "nothing differs"
        return unrendered.note(self.before, self.after, pair.before, pair.after)

    def _objects(self, content: Content, unit: Unit | None, builds: Builds) -> list[Object]:
        """Everything that a unit deploys; what stands in two places is taken once."""
        if unit is None:
            return []
        found: dict[tuple[str, str, str, str], Object] = {}
        parts = [(builds.rendered(content, folder), folder) for folder in unit.kustomizations]
        parts += [(data, path) for path, data in content.texts(content.plain_files(unit)).items()]
        for data, where in parts:
            for o in self._load(data, where):
                found.setdefault(objects.key(o), o)
        return list(found.values())

    def _beside(self, content: Content, unit: Unit | None) -> list[Object]:
        """The entry points of an experiment's environment, which bring the account it needs."""
        host = _host(content, unit)
        files = content.texts(content.plain_files(host)) if host else {}
        with suppress(InputError):  # the environment's own entry says what is wrong with them
            return [o for path, data in files.items() for o in self._load(data, path)]
        return []

    def _load(self, data: bytes, where: str) -> Iterator[Object]:
        """The objects of a rendering; a document that was met before is not parsed again."""
        for document in re.split(rb"^---[ \t]*\n", data, flags=re.MULTILINE):
            if document not in self._parsed:
                self._parsed[document] = objects.load(document, where)
            yield from self._parsed[document]

    def _environment(
        self, pair: Comparison, old: Settings | None, new: Settings | None
    ) -> Environment | None:
        """Where an environment goes, if that differs; None where it does not, or is no matter."""
        crossed = pair.before and pair.after and pair.before.name != pair.after.name
        unreadable = old is None and pair.before and pair.before.source
        if old == new or crossed or unreadable:
            return None
        rivals: tuple[str, ...] = ()
        gone = ""
        moved = old is None or new is None or old.place != new.place
        if new is not None and moved:
            rivals = tuple(n for n in self._there.get(new.place, ()) if n != pair.name)
        if new is not None and old is None:
            gone = next(iter(self._gone.get(new.place, ())), "")
        return Environment(pair.name, old, new, rivals, gone)

    @cached_property
    def _sources(self) -> dict[int, Sources]:
        """Each side's content, by its identity → the environments' own files of it."""
        return {id(content): Sources(content) for content in (self.before, self.after)}

    def _settings(self, content: Content, unit: Unit | None) -> Settings | None:
        return self._sources[id(content)].settings(unit)

    @cached_property
    def _there(self) -> dict[tuple[str, str], list[str]]:
        """The environments by where they go."""
        return self._sources[id(self.after)].by_place(self.after.units.values())

    @cached_property
    def _gone(self) -> dict[tuple[str, str], list[str]]:
        """Those that are there no longer, by where they went."""
        gone = (u for name, u in self.before.units.items() if name not in self.after.units)
        return self._sources[id(self.before)].by_place(gone)

    def _tools(self, pair: Comparison, *settings: Settings | None) -> frozenset[str]:
        """The tools that may apply a unit."""
        if found := frozenset(each.sync for each in settings if each):
            return found
        if own := frozenset(t.name for t in KNOWN.values() if t.folder == pair.name):
            return own
        for content, unit in ((self.after, pair.after), (self.before, pair.before)):
            for folder in _folders(unit):
                run = f"{folder}/{layout.RUN_FILE}"
                named = layout.environment_named(content.texts([run]).get(run, b""))
                of = content.units.get(named)
                if of and (one := self._settings(content, of)):
                    return frozenset({one.sync})
        return BOTH


def _host(content: Content, unit: Unit | None) -> Unit | None:
    """The environment in whose folder of entry points an experiment has its own."""
    if unit is None or unit.is_environment or not unit.plain:
        return None
    name = unit.plain[0].removeprefix(content.prefix).split("/")[2]  # clusters/TOOL/ENV/…
    return content.units.get(name)


def _folders(unit: Unit | None) -> tuple[str, ...]:
    return unit.kustomizations if unit else ()


def _bare(unit: Unit | None) -> Unit | None:
    """A unit of which nothing is built or read but its source."""
    return unit._replace(kustomizations=(), plain=()) if unit else None


def _key(content: Content, unit: Unit | None, builds: Builds) -> tuple[object, ...]:
    """What the objects of a unit, and those beside it, are known by."""
    rendered = tuple(builds.key(content, folder) for folder in _folders(unit))
    return rendered, _plain_key(content, unit), _plain_key(content, _host(content, unit))


def _plain_key(content: Content, unit: Unit | None) -> tuple[tuple[str, str], ...]:
    files = content.state.files
    return tuple((p, files[p].id) for p in content.plain_files(unit)) if unit else ()


@cache
def _begin_imports() -> None:
    """Begins to import what compares, which takes as long as a build: while git and kustomize work.

    No daemon: one that is cut off amid an import ends the whole process by a signal.
    """
    Thread(target=_import_rules).start()


def _import_rules() -> None:
    from fcgitops.diff import compare  # noqa: F401, PLC0415
    from fcgitops.fcconfig import check as _  # noqa: F401, PLC0415
    from fcgitops.kubernetes import check  # noqa: F401, PLC0415
