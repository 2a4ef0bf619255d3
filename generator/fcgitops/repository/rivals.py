"""Environments on one cluster: FrameworkController is one per cluster.

Of other environments only those files are parsed in which a wanted cluster's name or server can
stand at all, so that this stays quick in a repository of a thousand.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator

from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import clusters, layout
from fcgitops.model.facts import Known
from fcgitops.repository.contents import Repository


def others_on_the_clusters_of(
    repository: Repository, changed: Collection[Known], left: Collection[Known] = ()
) -> list[Problem]:
    """A problem for each environment on whose cluster another one stands already.

    And one for each that may be such another one, and cannot be read.

    Args:
        repository: that has them.
        changed: environments that are not as their files say.
        left: others that a commit finds where HEAD has them, whatever the work tree says.
    """
    names = {env.name for env in changed}
    taken: dict[str, Known] = {}
    problems: list[Problem] = []
    others = _possible(repository, changed, repository.sources_but(names, problems), problems)
    for env in (*others, *left, *changed):
        for key, where in env.identities:
            rival = taken.setdefault(key, env)
            if rival.name == env.name or env.name not in names:
                continue
            what = f"the environment {rival.name} is on this cluster already"
            hint = "FrameworkController is one per cluster: give each its own"
            if rival.name in repository.absent:
                what += "; it is committed, but not in the work tree"
                hint = repository.missing(rival.name).hint
            elif any(rival is one for one in left):
                what += f"; the edit of {layout.source_path(rival.name)} is not committed"
                hint = f"commit it first: {shell.line('fcgitops', 'overlay', rival.name)}"
            problems.append(Problem(f"{layout.source_path(env.name)}: {where}", what, hint))
    return problems


def left_behind(repository: Repository, changed: Collection[Known]) -> list[Known]:
    """Other environments as HEAD has them, where their files have edits.

    A commit does not hold an edit of another environment's file: for it that one is still where
    HEAD says. Those that cannot be on the clusters of `changed` are left out.
    """
    edited = repository.uncommitted_sources(changed).items()
    unread: list[Problem] = []  # it is judged as the work tree has it
    committed = ((name, source) for name, source in edited if source)
    return [*_possible(repository, changed, committed, unread)]


def of_others(repository: Repository, others: Collection[Known]) -> list[Known]:
    """Its environments that may be on the cluster of another repository's; a few too many."""
    unread: list[Problem] = []  # its own `verify` says what is wrong with them
    return [*_possible(repository, others, repository.sources_but((), unread), unread)]


def _possible(
    repository: Repository,
    changed: Collection[Known],
    others: Iterable[tuple[str, bytes]],
    problems: list[Problem],
) -> Iterator[Known]:
    """Those of `others` that may be on a cluster of `changed`; `problems` gets the unreadable."""
    needles: set[bytes] = set()
    for name, source in others:
        needles = needles or {
            needle.encode()
            for env in changed
            for needle in clusters.needles(env.cluster_name, env.cluster_server)
        }
        # A backslash may spell any text in YAML, so such a file is looked at closely too.
        lowered = source.lower() + b"\n" + os.fsencode(name)
        if b"\\" in source or any(needle in lowered for needle in needles):
            try:
                yield repository.parse(name, source)
            except InputError as error:
                problems += error.problems
