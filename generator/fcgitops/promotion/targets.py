"""Which environments are meant: by name, by label, and of these a wave."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fcgitops.core.errors import InputError, Problem
from fcgitops.repository.contents import Repository
from fcgitops.text.words import count


@dataclass(frozen=True)
class Label:
    """A label that environments have among `labels`, their own or by default."""

    key: str
    value: str

    @classmethod
    def parse(cls, text: str, where: str) -> Label:
        """KEY=VALUE.

        Raises:
            InputError: it is not.
        """
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise InputError(Problem(where, f"{text!r} is no label", "KEY=VALUE"))
        return cls(key, value)

    def __str__(self) -> str:
        """KEY=VALUE."""
        return f"{self.key}={self.value}"

    def named(self, repository: Repository) -> list[str]:
        """The environments that have it, by name.

        Raises:
            InputError: with every problem of those that cannot be read.
        """
        found = []
        problems: list[Problem] = []
        for name in repository.environment_names():
            try:
                if repository.environment(name).labels.get(self.key) == self.value:
                    found.append(name)
            except InputError as error:
                problems += error.problems
        if problems:  # one that cannot be read may be meant
            raise InputError(problems)
        return found


def parse_wave(text: str, where: str) -> int:
    """How many of a hundred environments are a wave.

    Raises:
        InputError: it is no share: 10%.
    """
    found = re.fullmatch(r"([1-9][0-9]?|100)%", text)
    if not found:
        raise InputError(Problem(where, f"{text!r} is no share", "1% to 100%, such as 10%"))
    return int(found[1])


def candidates(
    repository: Repository, source: str, names: Sequence[str], label: Label | None
) -> list[str]:
    """The environments to promote to, in the order in which they are to be taken.

    Args:
        repository: that they are in.
        source: the environment that is promoted; "" for one of another repository.
        names: as they were typed.
        label: of those that are meant instead.

    Raises:
        InputError: with every name that means nothing, or where nothing is meant.
    """
    if bool(names) == bool(label):
        what = "is not given" if not names else "is taken instead of names"
        hint = "fcgitops promote FROM TO…, or --label KEY=VALUE"
        raise InputError(Problem("--label" if names else "TO", what, hint))
    if label is not None:
        found = [name for name in label.named(repository) if name != source]
        if not found:
            what = f"no {'other ' if source else ''}environment has {label} among its labels"
            raise InputError(Problem("--label", what, "`labels` of environment.yaml"))
        return found
    known = repository.environment_names()
    wanted = repository.require(names, known, "environment")
    if source in wanted:
        what = "is the environment that is promoted"
        raise InputError(Problem(source, what, "another one"))
    return wanted


@dataclass(frozen=True)
class Wave:
    """A share of some environments that is promoted to now.

    Attributes:
        taken: those of this wave.
        left: those of later ones.
        done: those that have everything already.
        whole: how many there are.
    """

    taken: list[str]
    left: list[str]
    done: list[str]
    whole: int

    @classmethod
    def of(cls, names: Sequence[str], done: Sequence[str], percent: int) -> Wave:
        """The first of those that are not done, in order: a share of all, at least one.

        The same state of the repository gives the same wave; the next run, the next one.
        """
        todo = [name for name in names if name not in done]
        size = max(1, -(-len(names) * percent // 100))
        return cls(todo[:size], todo[size:], list(done), len(names))

    def __str__(self) -> str:
        """Which they are, and how many are left."""
        these = f"{count(len(self.taken), 'environment')} of {self.whole}: {', '.join(self.taken)}"
        verb = "is" if len(self.left) == 1 else "are"
        return f"wave: {these}; {len(self.done)} had it before, {len(self.left)} {verb} left"
