"""A place in an object, as the rules walk through it, and the faults that they find there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from fcgitops.core.lazy import regex
from fcgitops.text import words

ASSUMED = 34
"""The Kubernetes, 1.34, by which values are judged where nobody states a version."""

Path = tuple[str | int, ...]
"""Where a value stands: keys, and from 0 the places in lists."""

_PLAIN = regex(r"[A-Za-z_$][-A-Za-z0-9_$]*")
REFUSED = "error"
"""The API server refuses the object."""
USELESS = "warning"
"""It takes the object, and what is written there does not work, or means something else."""


class Fault(NamedTuple):
    """One thing that is wrong with an object."""

    path: Path
    message: str
    """What is wrong with the value at `path`, to follow the path in a sentence."""
    severity: str = REFUSED

    @property
    def where(self) -> str:
        """The path as Kubernetes writes it: spec.containers[0].image."""
        return dotted(self.path)

    def __str__(self) -> str:
        """The fault as a sentence."""
        return f"{self.where}: {self.message}" if self.path else self.message


def dotted(path: Path) -> str:
    """A path as Kubernetes writes it: metadata.labels[example.com/team], containers[0].image."""
    shown = "".join(
        f".{part}" if isinstance(part, str) and _PLAIN.fullmatch(part) else f"[{words.named(part)}]"
        for part in path
    )
    return shown.removeprefix(".")


class Judgement(list[Fault]):
    """The faults of an object, by the rules of one version of Kubernetes.

    Args:
        minor: the version: 34 for 1.34.
        stated: whether somebody says that it is this one. If so, what it drops before it looks is
            gone already (`features`); else a newer one may look at it: see `Field.lenient`.
    """

    def __init__(self, minor: int = ASSUMED, *, stated: bool = False) -> None:
        super().__init__()
        self.minor = minor
        self.stated = stated


class Field:
    """A value, where it stands, and the judgement that its faults go to.

    What is absent is a Field too: its value is None, and it is as false as Go's zero values are
    ("", 0, false, an empty list or map), which Kubernetes' rules do not tell from absence.
    """

    __slots__ = ("faults", "path", "value")

    def __init__(self, value: Any, path: Path, faults: Judgement) -> None:  # noqa: ANN401
        self.value = value
        self.path = path
        self.faults = faults

    @classmethod
    def of(cls, value: Any) -> Field:  # noqa: ANN401
        """A value that is read here, and not judged."""
        return cls(value, (), Judgement())

    def __getitem__(self, key: str) -> Field:
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return Field(value, (*self.path, key), self.faults)

    def __iter__(self) -> Iterator[Field]:
        """The elements of a list; none of what is no list."""
        items = self.value if isinstance(self.value, list) else ()
        for i, item in enumerate(items):
            yield Field(item, (*self.path, i), self.faults)

    def __len__(self) -> int:
        """How many elements, keys or letters."""
        return len(self.value) if isinstance(self.value, (dict, list, str)) else 0

    def __bool__(self) -> bool:
        return bool(self.value)

    def entries(self) -> Iterator[tuple[str, Field]]:
        """The keys of a map, and what they hold."""
        if isinstance(self.value, dict):
            for key in self.value:
                yield key, self[key]

    @property
    def given(self) -> bool:
        """Whether it is there at all."""
        return self.value is not None

    @property
    def text(self) -> str:
        """A string; "" for what is none."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def number(self) -> int:
        """A whole number; 0 for what is none."""
        return self.value if isinstance(self.value, int) else 0

    def texts(self) -> list[str]:
        """A list of strings."""
        return [item.text for item in self]

    def fault(self, message: str, severity: str = REFUSED) -> None:
        """Something is wrong with this value."""
        self.faults.append(Fault(self.path, message, severity))

    def since(self, minor: int) -> bool:
        """Whether the Kubernetes that judges is 1.`minor` or newer."""
        return self.faults.minor >= minor

    @contextmanager
    def refused_since(self, minor: int) -> Iterator[None]:
        """What is found meanwhile older versions than 1.`minor` take; it works in none of them."""
        start = len(self.faults)
        yield
        if not self.since(minor):
            self._useless(start)

    @contextmanager
    def lenient(self) -> Iterator[None]:
        """What is found meanwhile is no refusal where nobody states which Kubernetes judges.

        It is for features that are off by default in some versions: their API servers do not look.
        """
        start = len(self.faults)
        yield
        if not self.faults.stated:
            self._useless(start)

    def _useless(self, start: int) -> None:
        self.faults[start:] = [f._replace(severity=USELESS) for f in self.faults[start:]]

    def required(self, detail: str = "") -> None:
        """It has to be there."""
        self.fault(f"is required: {detail}" if detail else "is required")

    def invalid(self, detail: str) -> None:
        """It has a value that cannot be."""
        self.fault(
            f"{shown(self.value)}: {detail}" if detail else f"{shown(self.value)} is invalid"
        )

    def forbidden(self, detail: str) -> None:
        """It may not be there."""
        self.fault(f"is not allowed: {detail}")

    def duplicate(self) -> None:
        """Another one is the same."""
        self.fault(f"{shown(self.value)} is there twice")

    def unsupported(self, allowed: Iterable[str]) -> None:
        """It is none of the values that there are."""
        self.fault(f"{shown(self.value)} is none of {', '.join(allowed)}")

    def must(self, complaint: str) -> bool:
        """A fault where there is a complaint; whether there is none."""
        if complaint:
            self.invalid(complaint)
        return not complaint

    def must_be(self, syntax: Callable[[str], str]) -> bool:
        """A text of a syntax, which complains of any other; whether it is one."""
        return self.must(syntax(self.text))

    def required_as(self, syntax: Callable[[str], str]) -> None:
        """A text that has to be there, and of a syntax."""
        if self:
            self.must_be(syntax)
        else:
            self.required()

    def unique_in(self, seen: set[str]) -> None:
        """A text that is not among those seen before; from now on it is."""
        if self.text in seen:
            self.duplicate()
        seen.add(self.text)

    def one_of(self, allowed: Iterable[str], default: str = "") -> None:
        """A value of a few; `default` stands for "" and absence, else they are a fault."""
        if not self.value and not default:
            self.required(f"one of {', '.join(allowed)}")
        elif (self.value or default) not in allowed:
            self.unsupported(allowed)

    def one_of_if_given(self, allowed: Iterable[str]) -> None:
        """A value of a few, where it is there."""
        if self.given:
            self.one_of(allowed)

    def at_least(self, least: int, most: int | None = None) -> None:
        """A whole number of a range, where it is there."""
        if not self.given:
            return
        if most is not None and not least <= self.number <= most:
            self.invalid(f"must be {least} to {most}")
        elif self.number < least:
            self.invalid(f"must be {least} or more")


def shown(value: object) -> str:
    """A value in a message, as YAML has it; what is null is nothing to Kubernetes."""
    return "nothing" if value is None else words.shown(value)
