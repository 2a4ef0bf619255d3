"""Whether an environment is synced and well on its cluster: asked of that, or told by a status."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fcgitops.core.errors import FcgitopsError, InputError, Problem
from fcgitops.diff import compare, live, objects
from fcgitops.diff.fleet import Fleet
from fcgitops.git.history import Commit, History
from fcgitops.kubernetes.objects import Object, mapping, name, namespace
from fcgitops.model.synctools import KNOWN
from fcgitops.programs import kubectl, kustomize
from fcgitops.text import jsonio
from fcgitops.text.words import count


@dataclass(frozen=True)
class Status:
    """A commit status, as a sync tool wrote it.

    Attributes:
        name: of what it speaks.
        is_good: whether it says that all is well.
    """

    name: str
    is_good: bool


@dataclass(frozen=True)
class Statuses:
    """Those of one commit.

    Attributes:
        commit: its name; "" where that is not said.
        all: the newest of each name first.
    """

    commit: str
    all: tuple[Status, ...]

    @classmethod
    def parse(cls, text: str, where: str) -> Statuses:
        """Those that GitHub's or GitLab's API tells, as JSON.

        GitHub: GET /repos/OWNER/REPO/commits/REF/status.
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
        first = mapping(rows[0]) if rows else {}
        commit = mapping(found).get("sha") or first.get("sha") or ""
        return cls(str(commit), tuple(_statuses(rows)))


def _statuses(rows: list[dict[str, Any]]) -> Iterator[Status]:
    for row in rows:
        label = str(row.get("context") or row.get("name") or "")
        yield Status(label, str(row.get("state") or row.get("status")) == "success")


@dataclass(frozen=True, eq=False)
class Health:
    """What can be asked.

    Attributes:
        history: of the repository that the environment is in.
        commit: in which it is so.
        context: of its cluster; None where that is not asked.
        statuses: of a commit; None where none are told.
    """

    history: History
    commit: Commit
    context: str | None = None
    statuses: Statuses | None = None

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
        history, commit = self.history, self.statuses.commit
        if commit and not history.is_commit(commit):
            return False, f"the commit status is of {commit[:10]}, which is not known here"
        if commit:
            then = Fleet.of(history.commit(commit), self.commit, history.prefix, (environment,))
            if environment in then.affected():
                what = f"the commit status is of {commit[:10]}, and {environment} is another since"
                return False, what
        found = [each for each in self.statuses.all if each.name.startswith(status)]
        if not found:
            return False, f"no commit status begins with {status}"
        is_good = found[0].is_good
        return is_good, f"{found[0].name} says {'success' if is_good else 'that it is not well'}"

    def _asked(self, environment: str, context: str) -> tuple[bool, str]:
        fleet = Fleet.of(self.commit, self.commit, self.history.prefix, (environment,))
        rendered, tool = fleet.rendered(environment, kustomize.find())
        asking = kubectl.of_context(context)
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


def _stays(o: Object, wanted: list[Object], tool: str) -> bool:
    """Whether an object is there for good though Git has it no more, as former configurations."""
    keys = map(objects.key, wanted)
    return KNOWN[tool].habits.guard in objects.guards(o) and objects.key(o) not in keys


def _not_rolled_out(asking: kubectl.Kubectl, wanted: Object) -> str:
    """Why a StatefulSet does not run as it should; "" where it does."""
    found = asking.get("statefulset", name(wanted), "--namespace", namespace(wanted))
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
