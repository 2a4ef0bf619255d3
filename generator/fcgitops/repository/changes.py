"""A change of a repository: what its files come to, with all that follows from the same sources.

A commit holds the sources that its files follow from. Where somebody has edited one that others
share, and has not committed the edit, it goes into the commit, and what else follows from it is
brought in line there: a clone of that commit does not contradict itself.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import experiment as experiment_model
from fcgitops.model import layout
from fcgitops.model.environment import CUSTOMIZED_CONFIG, Environment
from fcgitops.model.kustomization import Kind, Kustomization
from fcgitops.repository import environments, experiments, outcome
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.repository.merge import Merged
from fcgitops.repository.subject import subject
from fcgitops.sync import entrypoints
from fcgitops.text.tree import read_tree, safe_join

SHARED = (layout.ANSWERS, layout.VARIANT_FILE, layout.CLUSTER_ROLE)
"""The sources that environments share."""
COMPONENT = layout.NNI_COMPONENT
"""The folder of the sources that experiments share."""


@dataclass
class Change:
    """What a repository should hold after a change."""

    merged: Merged
    environments: list[environments.Planned] = field(default_factory=list)
    """The environments that were asked for, and those that follow from the same edits."""
    added: set[str] = field(default_factory=set)
    """Folders of the environments and experiments that it makes."""
    removed: set[str] = field(default_factory=set)
    """Folders of those that it takes away."""
    left: Collection[str] = ()
    """Files that the same change has left in the work tree before: no edits of the user's."""
    overwrite: Collection[str] = ()
    """Files that are written whatever the work tree holds."""
    resolved: Collection[str] = ()
    """Files whose conflicts end, and those that the index lacks."""
    ends: Path | None = None
    """A note in Git's own directory that goes with it."""
    title: str = ""
    """What it does, in one line; empty where its files tell."""
    idle: str = ""
    """Why there is nothing to do, where there is nothing; empty where its files tell."""
    told: Sequence[str] = ()
    """Lines of what it does that its files and its effects do not tell; in the commit, too."""
    lead: str = ""
    """A line that a check goes by: the commit's message has it, whoever words that."""
    footer: Sequence[str] = ()
    """Lines at the end of the commit's message, whatever that says otherwise."""
    lacking: list[Problem] = field(default_factory=list)
    """What is not there of the files that its kustomizations are built from, and is not refused."""
    all_there_is: bool = False
    """Whether nobody asked for one environment: what is wrong with one stops no other."""
    experiments: Collection[str] = ()
    """The experiments asked for, those in these environments, and those of the same edits."""

    def told_by(self, differing: Iterable[str]) -> str:
        """What it does, in one line, by the files that differ; empty where none does."""
        told = subject([*differing, *self.merged.conflicts], self.added, self.removed)
        return told and (self.title or told)

    def by_hand(self, subject: str) -> str:
        """The `git commit` that finishes it, with all that its message has to say."""
        *before, last = "\n".join(self.footer).strip().split("\n\n")
        texts = [subject, *([self.lead] if self.lead else []), *before]
        options = [word for part in texts for word in ("-m", part)]
        options += [word for each in last.splitlines() for word in ("--trailer", each)]
        return shell.line("git", "commit", *options)

    @property
    def kustomizations(self) -> list[Kustomization]:
        """What of it kustomize builds."""
        found = [Kustomization(Kind.OVERLAY, item.environment.name) for item in self.environments]
        found += [
            Kustomization(Kind.NNI, item.environment.name)
            for item in self.environments
            if item.environment.runs_nni
        ]
        return [*found, *(Kustomization(Kind.EXPERIMENT, name) for name in self.experiments)]


def is_source(path: str) -> bool:
    """Whether a file of a repository is one that people edit and others follow from."""
    folder, _, name = path.rpartition("/")
    if folder.startswith(f"{layout.EXPERIMENTS}/"):
        return name not in (*experiment_model.GENERATED, layout.RECORD_FILE)
    own = path == layout.source_path(folder.rpartition("/")[2])
    return own or path in SHARED or folder == COMPONENT


def of_environments(
    repository: Repository,
    requests: Sequence[Request],
    *,
    whole: bool = False,
    gone: Collection[Environment] = (),
    experiment: experiments.Planned | None = None,
) -> Change:
    """The change that adds or changes environments, and with them their experiments.

    Args:
        repository: as it is on disk.
        requests: what to add or change.
        whole: whether the entry points that environments share are brought in line too.
        gone: environments that go in the same commit, as the others should take them.
        experiment: one that is added or changed in the same commit.

    Raises:
        InputError: with every problem of every request.
    """
    sources = _Sources(repository)
    planned = environments.plan(repository, requests)
    away, own = {env.name for env in gone}, [experiment] if experiment else []
    while True:
        changed = {item.environment.name: item.environment for item in planned}
        there, notes = _experiments(repository, changed, own, whole=bool(sources.component))
        used = sources.used(changed.values(), whole=whole, experiments=bool(there))
        homes = {item.environment.name for item in there}
        more = sources.followers(used, {*away, *changed}, homes)
        if not more:
            break
        requests = [*requests, *(Request(name, layout.source_path(name)) for name in more)]
        planned = environments.plan(repository, requests)
    merged = Merged(notes=[*sources.notes, *notes])
    merged.add(outcome.of_environments(repository, planned))
    merged.add(outcome.of_experiments(repository, there))
    if whole or layout.ANSWERS in used or (changed and _nni_is_on(repository, changed.values())):
        others = [*changed.values(), *gone]
        merged.add(outcome.of_shared_entry_points(repository, others))
    merged.files |= {path: repository.file(path) for path in used}
    names = [item.experiment.name for item in there]
    return Change(merged, planned, _added(repository, planned, own), experiments=names)


def _experiments(
    repository: Repository,
    changed: Mapping[str, Environment],
    own: Sequence[experiments.Planned],
    *,
    whole: bool,
) -> tuple[list[experiments.Planned], list[str]]:
    """The experiments that follow from a change of environments, and notes on those left alone.

    Args:
        repository: as it is on disk.
        changed: the environments, by name.
        own: experiments that are asked for themselves.
        whole: whether one experiment brings all others along.
    """
    names, unreadable = experiments.of_environments(repository, changed)
    if (names or own) and whole:
        names = repository.experiment_names()
    asked = [item.experiment.name for item in own]
    found, notes = [], []
    for name in names:
        if name in asked:
            continue
        try:
            found.append(experiments.as_it_is(repository, name, changed))
        except InputError as error:
            notes.append(f"{layout.EXPERIMENTS}/{name} was left as it is: {error}")
            typed = shell.line("make", "experiment", f"NAME={name}")
            notes.append(f"once that is right, `{typed}` brings it in line")
    notes += [f"an experiment was left as it is: {problem}" for problem in unreadable]
    return [*found, *own], notes


def _added(
    repository: Repository,
    planned: Iterable[environments.Planned],
    own: Iterable[experiments.Planned],
) -> set[str]:
    """The folders that a change makes: of environments that HEAD has not, of new experiments."""
    committed = {path.split("/")[1] for path in repository.git.list_head(layout.OVERLAYS)}
    made = {
        layout.overlay(item.environment.name)
        for item in planned
        if item.whole or item.environment.name not in committed
    }
    return made | {f"{layout.EXPERIMENTS}/{item.experiment.name}" for item in own if item.new}


class _Sources:
    """The shared sources whose edits HEAD does not have, and what follows from them."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._edited = set(repository.git.edited(SHARED))
        self.notes: list[str] = []

    @functools.cached_property
    def component(self) -> set[str]:
        """The edited files of the component that experiments share."""
        git, folder = self._repository.git, safe_join(self._repository.root, COMPONENT)
        there = {f"{COMPONENT}/{path}" for path in read_tree(folder)}
        return set(git.edited(there | set(git.list_head(COMPONENT))))

    def used(self, changed: Iterable[Environment], *, whole: bool, experiments: bool) -> set[str]:
        """The edited sources that the files of a commit follow from."""
        wanted = {path for env in changed for path in _of(env)}
        if whole or experiments:
            wanted.add(layout.ANSWERS)
        return wanted & self._edited | (self.component if experiments else set())

    def followers(self, used: set[str], known: Collection[str], names: Iterable[str]) -> list[str]:
        """Further environments whose files follow from edits that go into a commit.

        Args:
            used: the sources that go into it.
            known: the environments in it.
            names: those that its experiments run in, whose own source is one of these too.
        """
        self.notes.clear()
        shared = used & self._edited
        found = []
        for name in self._repository.environment_names() if shared else ():
            if name in known:
                continue
            try:
                if _of(self._repository.environment(name)) & shared:
                    found.append(name)
            except InputError as error:
                self.notes.append(f"{name} was left as it is: {error}")
        own = {layout.source_path(name): name for name in {*names} - {*known, *found}}
        return [*found, *(own[path] for path in self._repository.git.edited(own))]


def _of(environment: Environment) -> set[str]:
    """The shared sources that the files of an environment follow from."""
    customized = environment.variant == CUSTOMIZED_CONFIG
    return {
        layout.ANSWERS,
        *([layout.VARIANT_FILE] if customized else []),
        *([] if environment.tool.central else [layout.CLUSTER_ROLE]),
    }


def _nni_is_on(repository: Repository, changed: Iterable[Environment]) -> bool:
    """Whether the entry points that environments share may depend on what changes."""
    there = (repository.root / path for path in entrypoints.of_nni(repository.answers))
    return any(env.runs_nni for env in changed) or any(path.exists() for path in there)
