"""Whether an environment is synced and well on its cluster: asked of that, or told by a status."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from fcgitops.core.errors import FcgitopsError, InputError, Problem
from fcgitops.diff import compare, live, objects
from fcgitops.diff.fleet import Fleet
from fcgitops.git.history import Commit, History
from fcgitops.kubernetes.objects import Object, mapping, name, namespace
from fcgitops.model import clusters
from fcgitops.model.synctools import KNOWN
from fcgitops.programs import kubectl, kustomize
from fcgitops.repository.contents import Repository
from fcgitops.text import jsonio
from fcgitops.text.words import count


@dataclass(frozen=True)
class Status:
    """A commit status, as a sync tool wrote it.

    Attributes:
        name: of what it speaks.
        is_good: whether it says that all is well.
        commit: that it is of; "" where that is not said.
    """

    name: str
    is_good: bool
    commit: str


@dataclass(frozen=True)
class Statuses:
    """Commit statuses that somebody was told of.

    Attributes:
        all: the newest of each name.
    """

    all: tuple[Status, ...]

    @classmethod
    def parse(cls, text: str, where: str) -> Statuses:
        """The statuses that GitHub's or GitLab's API tells, as JSON.

        GitHub: GET /repos/OWNER/REPO/commits/REF/status, or the list of /statuses.
        GitLab: GET /projects/ID/repository/commits/SHA/statuses.

        Raises:
            InputError: it is neither.
        """
        try:
            found = jsonio.load(text)
        except ValueError as error:
            raise InputError(Problem(where, f"is no JSON: {error}")) from error
        rows = found.get("statuses") if isinstance(found, dict) else found
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            hint = "gh api repos/OWNER/REPO/commits/SHA/status"
            raise InputError(Problem(where, "holds no commit statuses", hint))
        return cls.read(rows, str(mapping(found).get("sha") or ""))

    @classmethod
    def read(cls, rows: Iterable[Mapping[str, Any]], whole: str) -> Statuses:
        """The statuses of a list.

        Args:
            rows: as the APIs have them.
            whole: the commit of those that do not say theirs.
        """
        newest: dict[str, Status] = {}
        for row in sorted(rows, key=_time, reverse=True):
            status = _status(row, whole)
            newest.setdefault(status.name, status)
        return cls(tuple(newest.values()))

    def of(self, name: str) -> list[Status]:
        """The statuses of a name, or of one that goes on behind it: `kustomization/prod/7f2a`.

        One that goes on within its last word is another's: `kustomization/prod-2`.
        """
        meant = re.compile(re.escape(name) + (r"(?![\w.-])" if re.search(r"\w\Z", name) else ""))
        return [status for status in self.all if meant.match(status.name)]


def _time(row: Mapping[str, Any]) -> str:
    return str(row.get("updated_at") or row.get("created_at") or "")


def _status(row: Mapping[str, Any], commit: str) -> Status:
    """One of them, of a commit if it does not say of which; a URL of GitHub's says so too."""
    label = str(row.get("context") or row.get("name") or "")
    link = re.search(r"/statuses/([0-9a-f]{40,64})\Z", str(row.get("url") or ""))
    own = str(row.get("sha") or (link[1] if link else commit))
    return Status(label, str(row.get("state") or row.get("status")) == "success", own)


@dataclass(frozen=True, eq=False)
class Health:
    """What can be asked.

    Attributes:
        history: of the repository that the environment is in.
        commit: in which it is so.
        context: of its cluster; None where that is not asked.
        statuses: of a commit; None where none are told.
        repository: that the environment is in; where it is known, a context is not taken that is
            another one's cluster.
    """

    history: History
    commit: Commit
    context: str | None = None
    statuses: Statuses | None = None
    repository: Repository | None = None

    @functools.cache  # noqa: B019 - as long as one command
    def of(self, environment: str, status: str) -> tuple[bool, str]:
        """Whether an environment is synced and well, and how that is known.

        Args:
            environment: its name.
            status: how the name of the commit status begins that says so; "" for none.
        """
        if status and self.statuses is not None:
            return self._told(environment, status)
        if self.context is None:
            ways = "--context CONTEXT" + (" or --status FILE" if status else "")
            return False, f"nobody was asked about {environment}: {ways}"
        try:
            return self._asked(environment, self.context)
        except FcgitopsError as error:
            return False, f"{environment} cannot be asked: {error.problems[0]}"

    def _told(self, environment: str, status: str) -> tuple[bool, str]:
        assert self.statuses is not None  # noqa: S101 - just asked
        found = self.statuses.of(status)
        if not found:
            return False, f"no commit status is named {status}"
        for one in found:
            if why := self._of_the_past(environment, one.commit):
                return False, f"the commit status {one.name} {why}"
        bad = [one.name for one in found if not one.is_good]
        if bad:
            return False, f"{', '.join(bad)} says that it is not well"
        return True, f"{', '.join(one.name for one in found)} says success"

    @functools.cache  # noqa: B019 - as long as one command
    def _of_the_past(self, environment: str, commit: str) -> str:
        """Why what is said of a commit does not count for an environment; "" where it does."""
        if not commit:
            return "does not say of which commit it is"
        if not self.history.is_commit(commit):
            return f"is of {commit[:10]}, which is not known here"
        then = self.history.commit(commit)
        fleet = Fleet.of(then, self.commit, self.history.prefix, (environment,))
        if environment in fleet.affected():
            return f"is of {commit[:10]}, and {environment} is another since"
        return ""

    def _asked(self, environment: str, context: str) -> tuple[bool, str]:
        fleet = Fleet.of(self.commit, self.commit, self.history.prefix, (environment,))
        rendered, tool = fleet.rendered(environment, kustomize.find())
        asking = replace(kubectl.of_context(context), waits=kubectl.WAITS)
        if other := self._whose(environment, asking.server()):
            return False, f"{context} is the cluster of {other}, by its cluster.server"
        found = live.look(asking, rendered, tool)
        there = [o for o in found.before if not _stays(o, found.after, tool)]
        outcome = compare.outcome(there, found.after, frozenset({tool}))
        if outcome.objects:
            number = count(len(outcome.objects), "object")
            first = outcome.objects[0].label
            return False, f"{number} on {context} are not as {environment} renders: {first}, …"
        for o in rendered:
            if objects.runs_frameworkcontroller(o) and (why := _not_rolled_out(asking, o)):
                return False, f"{objects.label(o)} on {context} {why}"
        return True, f"{environment} is synced and rolled out on {context}"

    def _whose(self, environment: str, address: str) -> str:
        """The other environment whose cluster has that address; empty for none that is known.

        An address of no environment's may be another one of its own, such as that of a tunnel; of
        that inside of every cluster nothing follows.
        """
        there, inside = map(clusters.identity, (address, clusters.IN_CLUSTER_SERVER))
        if self.repository is None or there == inside:
            return ""
        known: dict[str, str] = {}
        for each in self.repository.environment_names():
            with suppress(InputError):  # one that cannot be read says nothing
                server = self.repository.environment(each).cluster_server
                known[each] = clusters.identity(server)
        if known.get(environment) == there:
            return ""
        return next((each for each, server in known.items() if server == there), "")


def _stays(o: Object, wanted: list[Object], tool: str) -> bool:
    """Whether an object is there for good though Git has it no more, as former configurations."""
    keys = map(objects.key, wanted)
    return KNOWN[tool].habits.guard in objects.guards(o) and objects.key(o) not in keys


def _not_rolled_out(asking: kubectl.Kubectl, wanted: Object) -> str:
    """Why a StatefulSet does not run as it should; "" where it does."""
    found = asking.get(f"statefulset/{name(wanted)}", "--namespace", namespace(wanted))
    if not found:
        return "is not there"
    status, spec = mapping(found.get("status")), mapping(found.get("spec"))
    if status.get("observedGeneration", 0) < found["metadata"].get("generation", 0):
        return "was not looked at yet"
    replicas = spec.get("replicas", 1)
    for field in ("updatedReplicas", "readyReplicas"):
        if status.get(field, 0) < replicas:
            return f"has {status.get(field, 0)} of {replicas} {field.removesuffix('Replicas')}"
    return ""
