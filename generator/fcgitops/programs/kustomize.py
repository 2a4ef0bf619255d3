"""Finds kustomize, refuses the versions that are known to render wrongly, and builds overlays.

Source of the versions: kubectl 1.32 carries 5.5.0, the oldest that renders our trees as the
newer ones do (nine of them were compared); 5.8.0 is broken (kustomize issue 6031).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from fcgitops.core.errors import Problem, ToolError
from fcgitops.programs import process

FLOOR = (5, 5, 0)
BROKEN = (5, 8, 0)
PINNED = "5.8.1"
INSTALL = f"`make tools` installs {PINNED}"
CHOSEN = "$KUSTOMIZE"


@dataclass(frozen=True)
class Kustomize:
    """A program that builds: kustomize itself, or kubectl."""

    command: tuple[str, ...]
    version: str
    """Such as 5.8.1, or (devel) for one that does not know its own."""
    origin: str
    """Where it was found: $KUSTOMIZE, or which name on PATH."""
    passed_over: tuple[Problem, ...] = ()
    """What was found before it, and why that is not used."""

    @property
    def title(self) -> str:
        """The program and its version, as in a sentence: a kubectl has another than its own."""
        return f"{' '.join(self.command).removesuffix(' build')} {self.version}"

    @property
    def remark(self) -> str:
        """What a user should know of it; mostly empty."""
        remarks = [
            f"in the place of {other.where}, which {other.what}" for other in self.passed_over
        ]
        if self.version == "(devel)":
            remarks.append(
                "it does not tell its version; one of 5.5.0 or newer, not 5.8.0, is needed"
            )
        return "; ".join(remarks)

    def build(self, folder: Path) -> bytes:
        """The objects that `folder` renders, as YAML.

        Raises:
            ToolError: kustomize refuses it, with its reason.
        """
        result = process.run([*self.command, str(folder)])
        if result.status:
            reason = _reason(result)
            raise ToolError(Problem(folder.name, f"kustomize cannot build it: {reason}"))
        return result.stdout

    def build_all(self, folders: Iterable[Path]) -> Iterator[tuple[Path, bytes | ToolError]]:
        """Builds in parallel; each folder in the order given, with its objects or its error."""

        def one(folder: Path) -> tuple[Path, bytes | ToolError]:
            try:
                return folder, self.build(folder)
            except ToolError as error:
                return folder, error

        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            yield from pool.map(one, folders)


def _reason(result: process.Result) -> str:
    """The last line of stderr; kubectl wraps it into a log line: … err="REASON"."""
    lines = result.stderr.strip().splitlines() or [f"ended with {result.status}"]
    if logged := re.search(r' err="(.*)"$', lines[-1]):
        return logged[1].replace('\\"', '"')
    return lines[-1].removeprefix("Error: ").removeprefix("error: ")


def find() -> Kustomize:
    """The kustomize to use: $KUSTOMIZE, or the first on PATH that is good enough, then kubectl.

    Raises:
        ToolError: none is there, or none is good enough, $KUSTOMIZE for one; with each reason.
    """
    there = candidates()
    problems: list[Problem] = []
    for origin, program in there:
        try:
            return replace(checked(program, origin), passed_over=tuple(problems))
        except ToolError as error:
            problems += error.problems
            if origin == CHOSEN:  # what somebody has named is not replaced behind his back
                break
    what = "is not here: no $KUSTOMIZE, no kustomize, no kubectl on PATH"
    raise ToolError(problems or Problem("kustomize", what, INSTALL))


def candidates() -> list[tuple[str, str]]:
    """(where from, program) of all that could build, in the order of preference."""
    found = []
    if chosen := os.environ.get("KUSTOMIZE", "").strip():
        found.append((CHOSEN, chosen.removesuffix(" kustomize")))
    for name in ("kustomize", "kubectl"):
        found += [(f"{name} on PATH", program) for program in process.which_all(name)]
    return found


def checked(program: str, origin: str) -> Kustomize:
    """`program`, once its version is known to render as it should.

    Raises:
        ToolError: it is no program, or its version is too old or broken.
    """
    if process.which(program) is None:
        raise ToolError(Problem(origin, f"{program} is no program", INSTALL))
    kubectl = Path(program).name.startswith("kubectl")
    version = _version(program, kubectl=kubectl)
    command = (program, "kustomize" if kubectl else "build")
    found = Kustomize(command, version, origin)
    if version == "(devel)":
        return found
    name = found.title
    parts = tuple(int(part) for part in version.split("."))
    if parts < FLOOR:
        floor = ".".join(map(str, FLOOR))
        raise ToolError(
            Problem(
                name, f"is older than {floor}, from which on all render our trees alike", INSTALL
            )
        )
    if parts == BROKEN:
        raise ToolError(Problem(name, "renders namespaces wrongly (kustomize issue 6031)", INSTALL))
    return found


def _version(program: str, *, kubectl: bool) -> str:
    arguments = ("version", "--client") if kubectl else ("version",)
    result = process.run([program, *arguments], timeout=30)
    text = result.stdout.decode(errors="replace")
    if kubectl:
        text = text.partition("Kustomize Version:")[2]
    if "(devel)" in text:
        return "(devel)"
    found = re.search(r"v?(\d+\.\d+\.\d+)", text)
    if result.status or not found:
        raise ToolError(Problem(program, "does not tell which kustomize it is", INSTALL))
    return found[1]
