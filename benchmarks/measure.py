"""What a command costs: CPU time of it and its children, wall time, medians side by side."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Seconds, and the most MiB that one of its processes had."""

    cpu: float
    wall: float
    memory: float = 0.0

    def __mul__(self, factor: float) -> Cost:
        """The cost of doing it `factor` times."""
        return Cost(self.cpu * factor, self.wall * factor, self.memory)

    def __add__(self, seconds: float) -> Cost:
        """The cost with some seconds more."""
        return Cost(self.cpu + seconds, self.wall + seconds, self.memory)


@dataclass(frozen=True)
class Subject:
    """A command to measure.

    Attributes:
        command: the program and its arguments.
        cwd: where it runs.
        env: its environment, whole.
        prepare: what makes the place ready before each run; not measured.
    """

    command: Sequence[str | Path]
    cwd: Path
    env: Mapping[str, str]
    prepare: Callable[[], object] = field(default=lambda: None)

    def run(self) -> Cost:
        """Prepares and runs it once; the benchmark ends where it fails."""
        self.prepare()
        with tempfile.TemporaryFile() as errors:
            start = time.perf_counter()
            process = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
            # Its usage is that of the process and of all children that it waited for.
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                errors.seek(0)
                sys.stderr.write(errors.read().decode(errors="replace"))
                words = " ".join(map(str, self.command))
                raise SystemExit(f"error: {words} ended with {process.returncode}")
        return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)

    def output(self) -> str:
        """What it prints, unmeasured."""
        self.prepare()
        return subprocess.run(
            self.command, cwd=self.cwd, env=self.env, check=True, capture_output=True, text=True
        ).stdout


def side_by_side(repetitions: int, *subjects: Subject, warm: bool = True) -> list[list[Cost]]:
    """The costs of each subject, run by run; they take turns, so that a slow minute hits all alike.

    Args:
        repetitions: how often each runs.
        subjects: what is compared.
        warm: run each once before, uncounted.
    """
    if warm:
        for subject in subjects:
            subject.run()
    rounds = [[subject.run() for subject in subjects] for _ in range(repetitions)]
    return [list(costs) for costs in zip(*rounds, strict=True)]


def median(costs: Sequence[Cost]) -> Cost:
    """The median of CPU, that of wall time and that of memory."""
    return Cost(
        statistics.median(c.cpu for c in costs),
        statistics.median(c.wall for c in costs),
        statistics.median(c.memory for c in costs),
    )
