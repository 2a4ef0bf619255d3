"""A comparison as a row of the table that `make bench` prints, and whether its bar is met."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from measure import Cost, median

WALL, MEMORY = attrgetter("wall"), attrgetter("memory")
HEAD = ("what", "ours", "the other", "the other's", "ratio", "bar", "met")


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        what: what ours did.
        ours: its costs.
        against: what the other did.
        other: its costs, in the same rounds.
        bar: the most that ours may cost in terms of the other; below 1, at least 1/bar faster.
        by: what is compared; memory is told in MiB then.
        held: what it is held to where the bar is out of reach; the bar elsewhere.
        why: the bar is out of reach.
    """

    what: str
    ours: Sequence[Cost]
    against: str
    other: Sequence[Cost]
    bar: float
    by: Callable[[Cost], float] = attrgetter("cpu")
    held: float | None = None
    why: str = ""

    @property
    def ratios(self) -> list[float]:
        """Ours to the other, round by round, by CPU time or what else `by` says, lowest first.

        By rounds, since the same work may take twice as long a minute later on a shared machine.
        """
        by = self.by
        return sorted(by(a) / by(b) for a, b in zip(self.ours, self.other, strict=True))

    @property
    def met(self) -> bool:
        """Whether the median of the ratios keeps to the bar."""
        return statistics.median(self.ratios) <= self.bar

    @property
    def good(self) -> bool:
        """Whether it is no worse than what it is held to."""
        return statistics.median(self.ratios) <= (self.held or self.bar)

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        ends = sorted((self.ratios[0], self.ratios[-1]), reverse=self.bar < 1)
        middle, *spread = (
            f"{1 / ratio:.0f}" if self.bar < 1 else f"{ratio:.2f}"
            for ratio in (statistics.median(self.ratios), *ends)
        )
        return (
            self.what,
            self._cost(self.ours),
            self.against,
            self._cost(self.other),
            f"{middle}×{' faster' * (self.bar < 1)} ({'…'.join(spread)})",
            f"≥ {1 / self.bar:.0f}× faster" if self.bar < 1 else f"≤ {self.bar:g}×",
            self._verdict,
        )

    @property
    def _verdict(self) -> str:
        if self.met:
            return "yes"
        return f"no, and held to ≤ {self.held:g}×" if self.held and self.good else "NO"

    def _cost(self, costs: Sequence[Cost]) -> str:
        middle = median(costs)
        return f"{middle.memory:.0f} MiB" if self.by is MEMORY else both(middle)


def both(cost: Cost) -> str:
    """CPU time, and in brackets wall time."""
    return f"{duration(cost.cpu)} ({duration(cost.wall)})"


def duration(seconds: float) -> str:
    """A time as it is printed."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows of cells, with columns of one width."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
