"""Which gates before an environment are open, and why: asked of Git, of a cluster, of a clock."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fcgitops.core.errors import FcgitopsError
from fcgitops.core.lazy import regex
from fcgitops.core.reporting import fails
from fcgitops.diff.units import Content
from fcgitops.git import owners, upstream
from fcgitops.git.history import Commit, History
from fcgitops.model import layout
from fcgitops.model.environment import Environment
from fcgitops.model.gates import Approval, Gate, before
from fcgitops.promotion import lineage
from fcgitops.promotion.health import Health
from fcgitops.promotion.origin import Origin
from fcgitops.repository import listing
from fcgitops.repository.contents import Repository
from fcgitops.text.words import count

_OVERRULED = regex(
    r"^overruled: (?P<gates>[a-z, ]+) of (?P<names>[a-z0-9, -]+): (?P<reason>.+)$", re.MULTILINE
)
"""A line that `overruled` writes."""
_NOBODY = "it is not known of which environment: --from FROM"


@dataclass(frozen=True)
class Verdict:
    """One question of a gate, and the answer.

    Attributes:
        gate: which question: from, verified, healthy, soaked, window, approval.
        target: what the gate stands before, as it is written.
        is_open: the answer.
        why: the reason, as the rest of a sentence.
    """

    gate: str
    target: str
    is_open: bool
    why: str

    def __str__(self) -> str:
        """On one line."""
        return f"{self.gate}: {'open' if self.is_open else 'closed'}: {self.why}"


def overruled(gates: Iterable[str], names: Iterable[str], reason: str) -> str:
    """The line of a commit that says why closed gates of some environments do not matter."""
    return f"overruled: {', '.join(gates)} of {', '.join(names)}: {reason.strip()}"


@dataclass(eq=False)
class Guard:
    """Asks the gates of a repository.

    Attributes:
        repository: whose gates they are.
        origin: what is promoted; its name is "" where it is not known.
        health: of its cluster.
        trailers: what the commit will say, KEY: VALUE each; None where it is made already, and the
            last one of this branch that changes the environment's source says it.
        on_branch: whether it will be on a branch of its own, for a pull request.
        now: the time.
    """

    repository: Repository
    origin: Origin
    health: Health
    trailers: Sequence[str] | None = None
    on_branch: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def verdicts(self, environment: Environment) -> list[Verdict]:
        """What each gate before an environment says."""
        gates = before(self.repository.answers.gates, environment)
        return [verdict for gate in gates for verdict in self._of(gate, environment)]

    def _of(self, gate: Gate, environment: Environment) -> list[Verdict]:
        source = self.origin.name or gate.source
        asked: list[tuple[str, bool, str]] = []
        if gate.source:
            right = source == gate.source
            asked.append(("from", right, f"{gate.source} is what may be promoted to it"))
        questions: dict[str, Callable[[], tuple[bool, str]]] = {}
        if gate.verified:
            questions["verified"] = lambda: self.verified(source)
        if gate.healthy:
            questions["healthy"] = lambda: self.health.of(source, gate.status)
        if (wanted := gate.soaked) is not None:
            questions["soaked"] = lambda: self._soaked(source, wanted)
        nobody = self._unknown(source)
        for name, ask in questions.items():
            asked.append((name, *((False, nobody) if nobody else ask())))
        if gate.window is not None:
            said = f"{gate.window}; there it is {gate.window.there(self.now):%a %H:%M}"
            asked.append(("window", gate.window.holds(self.now), said))
        if gate.approval is not None:
            asked.append(("approval", *self._approved(gate.approval, environment.name)))
        return [Verdict(name, gate.target, is_open, why) for name, is_open, why in asked]

    @functools.cache  # noqa: B019 - as long as one command
    def verified(self, name: str) -> tuple[bool, str]:
        """Whether `verify` passes for an environment as it is."""
        from fcgitops.verify.session import Session  # noqa: PLC0415 - few gates ask for it

        ran = Session(self.origin.repository.root)
        there = {str(item) for item in ran.wanted([], None, None)}
        wanted = [each for each in (name, f"{name}/{layout.NNI}") if each in there]
        try:
            ran.verify(ran.wanted(wanted or [name], None, None), others=False)
        except FcgitopsError as error:
            return False, f"verify of {name} does not run: {error.problems[0]}"
        wrong = [finding for finding in ran.findings if fails([finding])]
        if wrong:
            return False, f"verify finds {count(len(wrong), 'fault')} in {name}: {wrong[0].rule}, …"
        return True, f"verify passes for {name}"

    def _unknown(self, name: str) -> str:
        """Why nothing can be asked about an environment; "" where something can."""
        if not name:
            return _NOBODY
        known = listing.environments(self.origin.repository.root)
        return "" if name in known else f"{name} is no environment of this repository"

    def _soaked(self, name: str, wanted: timedelta) -> tuple[bool, str]:
        changed = self._changed(name)
        if changed is None:
            return True, f"{name} has no commit that could have changed it"
        age = self.now - changed
        ago = "which is yet to come by this clock" if age < timedelta() else f"{_time(age)} ago"
        span = _time(wanted)
        verb = "is" if span in ("1 d", "1 h", "1 min") else "are"
        said = f"{name} is as it is since {changed:%Y-%m-%d %H:%M %z}, {ago}"
        return age >= wanted, f"{said}; {span} {verb} wanted"

    @functools.cache  # noqa: B019 - as long as one command
    def _changed(self, name: str) -> datetime | None:
        """When what an environment renders has changed last, as Git tells."""
        history = self.origin.history
        contents: dict[str, Content] = {}

        def key(commit: Commit) -> tuple[str, ...]:
            content = contents.setdefault(commit.name, Content(commit, history.prefix))
            unit = content.units.get(name)
            return tuple(content.key(f) for f in unit.kustomizations) if unit else ()

        commit: Commit | None = None
        for made, parent in lineage.commits(history, name, self.origin.commit):
            commit = history.commit(made)
            if not parent or key(commit) != key(history.commit(parent)):
                break
        # Of very many commits the oldest that was looked at counts as the one.
        return history.when(commit) if commit else None

    def _approved(self, approval: Approval, name: str) -> tuple[bool, str]:
        path = f"{self.repository.git.prefix}{layout.source_path(name)}"
        if not approval.trailer:
            return self._owned(path)
        wanted = f"a line `{approval.trailer}: …`"
        if approval.by:
            wanted += f" of {' or '.join(approval.by)}"
        right = [one for one in self._said(approval.trailer, path) if approval.is_of(one)]
        if right:
            return True, f"{approval.trailer}: {right[0]}"
        return False, f"{wanted} is wanted in the commit: --trailer '{approval.trailer}: …'"

    def _said(self, trailer: str, path: str) -> list[str]:
        """What stands behind a trailer in the commit that promotes."""
        if self.trailers is not None:
            start = f"{trailer}:".lower()
            return [t[len(start) :].strip() for t in self.trailers if t.lower().startswith(start)]
        history, start = self._made
        return history.trailers(trailer, start, path) if start else []

    @functools.cached_property
    def _made(self) -> tuple[History, str]:
        """The repository's own history, and where the commits begin that are not synced yet."""
        root, branch = self.repository.root, self.repository.answers.branch
        history = History(root)
        start = upstream.synced(root, branch) or f"refs/heads/{branch}"
        return history, start if history.is_commit(start) else ""

    def overruled(self, environment: Environment) -> dict[str, str]:
        """Gate → why it does not matter, as the commit says that promotes to an environment."""
        history, start = self._made
        path = f"{self.repository.git.prefix}{layout.source_path(environment.name)}"
        message = history.message(start, path) if start else ""
        return {
            gate: found["reason"]
            for found in _OVERRULED.finditer(message)
            if environment.name in found["names"].split(", ")
            for gate in found["gates"].split(", ")
        }

    def _owned(self, path: str) -> tuple[bool, str]:
        found = owners.of(self.repository.git.top, path)
        if not found:
            return False, f"CODEOWNERS names nobody for {path}"
        branch = self.repository.git.branch
        if not self.on_branch and branch == self.repository.answers.branch:
            return False, f"{', '.join(found)} are asked on a branch of its own: --branch NAME"
        return True, f"CODEOWNERS asks {', '.join(found)} on the pull request"


def _time(span: timedelta) -> str:
    """A span of time in its two biggest units."""
    minutes = int(span.total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {rest} min" if hours and rest else f"{hours} h" if hours else f"{rest} min"
