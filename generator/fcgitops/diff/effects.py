"""Effects as values, and the registry of the rules that find them.

A rule is a function that looks at a change and says what it does. It is registered under a number,
by which docs/diff.md lists it and tests prove it. Numbers stay for ever.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fcgitops.diff import secrecy

if TYPE_CHECKING:
    from fcgitops.diff.change import Change


class Severity(enum.IntEnum):
    """How bad an effect is, the worst last."""

    NONE = 0
    RESTART = 1
    MANUAL = 2
    FAILS = 3
    RIGHTS = 4
    OUTAGE = 5
    LOSS = 6

    @property
    def word(self) -> str:
        """As it is printed."""
        return _WORDS[self]


_WORDS = {
    Severity.NONE: "none",
    Severity.RESTART: "restart",
    Severity.MANUAL: "needs a manual step",
    Severity.FAILS: "sync will fail",
    Severity.RIGHTS: "rights widened",
    Severity.OUTAGE: "outage",
    Severity.LOSS: "data loss",
}
_SHORT = {
    "manual": Severity.MANUAL,
    "manual step": Severity.MANUAL,
    "fails": Severity.FAILS,
    "sync fails": Severity.FAILS,
    "rights": Severity.RIGHTS,
    "loss": Severity.LOSS,
}


def severity(word: str) -> Severity | None:
    """The severity of a word, long or short, `-` and `_` for spaces; None where it is none."""
    plain = " ".join(word.lower().replace("-", " ").replace("_", " ").split())
    return {**{w: s for s, w in _WORDS.items()}, **_SHORT}.get(plain)


@dataclass(frozen=True)
class Said:
    """What a rule says of one object.

    Attributes:
        object: Kind/name.
        says: one sentence, or a few.
        do: what to type or to change; may be empty.
        count: the query that tells how much it is; may be empty.
        certain: False where it depends on what only the cluster knows.
        severity: where it is not the rule's own.
    """

    object: str
    says: str
    do: str = ""
    count: str = ""
    certain: bool = True
    severity: Severity | None = None


Says = Iterator[Said]
UNLESS_MEANT = "take it back unless it is meant"
"""What to do about more than there was before, which may be what somebody wants."""


class Rule(NamedTuple):
    """A rule: its number, when it holds, how bad it is, how that is known, and what it looks at."""

    id: str
    title: str
    severity: Severity
    proof: str
    find: Callable[[Change], Says]
    of_objects: bool


@dataclass(frozen=True)
class Effect:
    """One effect of a change on one object. Fields as `Said` has them, and the rule's number.

    `answer` is what the cluster says to `count`, where it was asked.
    """

    id: str
    severity: Severity
    object: str
    says: str
    do: str = ""
    count: str = ""
    certain: bool = True
    answer: str = ""

    @property
    def unsure(self) -> str:
        """What is said behind its severity; "" where it is certain."""
        return "" if self.certain else " (depends on the cluster)"

    @property
    def query(self) -> str:
        """`count`, where `do` does not hold it already."""
        return "" if self.count in self.do else self.count


RULES: dict[str, Rule] = {}
"""Every rule by its number, in the order in which the modules that hold them were imported."""


def by_number() -> list[Rule]:
    """Every rule, by its number, whichever module holds it."""
    return [RULES[number] for number in sorted(RULES)]


def rule(
    number: str, title: str, how_bad: Severity, proof: str, *, of_objects: bool = True
) -> Callable[[Callable[[Change], Says]], Callable[[Change], Says]]:
    """Registers a function as the rule `number`.

    Args:
        number: such as C05.
        title: when it holds, in a few words.
        how_bad: the severity of what it says.
        proof: how it is known, as letters: `reference.PROOFS` says what each stands for.
        of_objects: whether it has nothing to say where nothing is rendered.
    """

    def register(find: Callable[[Change], Says]) -> Callable[[Change], Says]:
        RULES[number] = Rule(number, title, how_bad, proof, find, of_objects)
        return find

    return register


Possible = Callable[["Change", list["Effect"]], list["Effect"]]


def find(change: Change, possible: Possible) -> list[Effect]:
    """Every effect of a change, the worst first, without what must not be shown.

    Args:
        change: what is compared.
        possible: leaves out what cannot be, as a sync tool treats an object otherwise than others.
    """
    there = change.before.objects or change.after.objects
    found = [
        Effect(
            each.id,
            each.severity if said.severity is None else said.severity,
            said.object,
            secrecy.redact(said.says),
            secrecy.redact(said.do),
            said.count,
            said.certain,
        )
        for each in by_number()
        if there or not each.of_objects
        for said in each.find(change)
    ]
    found = possible(change, found)
    refused = {effect.object for effect in found if effect.id in _NEVER_APPLIED}
    told = [e for e in found if e.id in _NEVER_APPLIED or e.object not in refused]
    if any(effect.id in _NEVER_STARTED and effect.certain for effect in told):
        told = [effect for effect in told if effect.id != "C06"]
    return sorted(dict.fromkeys(told), key=lambda effect: -effect.severity)


_NEVER_APPLIED = ("C04", "D05", "X04", "X10")
"""Rules by which the API server refuses an object until it is corrected: it stays as it was."""
_NEVER_STARTED = ("C13", "C14", "C19", "C26", "R12", "R16", "S22", "S24")
"""Rules by which FrameworkController does not start, though it is to: C06 is not what happens."""
