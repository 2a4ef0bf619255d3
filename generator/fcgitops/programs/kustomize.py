"""Finds kustomize, refuses the versions that are known to render wrongly, and builds overlays.

Source of the versions: kubectl 1.32 carries 5.5.0, the oldest that renders our trees as the
newer ones do (nine of them were compared); 5.8.0 is broken (kustomize issue 6031).
"""

from __future__ import annotations

import functools
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path

from fcgitops.core import cache
from fcgitops.core.errors import InputError, Problem, ToolError
from fcgitops.core.redaction import redacted
from fcgitops.programs import process
from fcgitops.text import conflicts

FLOOR = (5, 5, 0)
BROKEN = (5, 8, 0)
PINNED = "5.8.1"
INSTALL = f"`make tools` installs {PINNED}"
CHOSEN = "$KUSTOMIZE"
_QUICK = {"GOGC": "off", "GOMEMLIMIT": "256MiB", "GOMAXPROCS": "1"}
"""A build is over before collecting garbage pays: it takes a fifth less CPU time without. As many
builds as there are cores run side by side, so each is best off with a core of its own."""

FETCH = "FCGITOPS_FETCH"
"""The environment variable by which a user lets kustomize fetch what is pinned by a commit."""
_ASKS_NOTHING = {"GIT_TERMINAL_PROMPT": "0"}
_NOWHERE = "http://127.0.0.1:9"
"""The port of RFC 863, which discards; a proxy there lets nothing through."""
_OFFLINE = {
    **_ASKS_NOTHING,
    "GIT_ALLOW_PROTOCOL": "none",
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _NOWHERE),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), ""),
}
"""For what is named in no file that is read before: kustomize starts git, and asks by HTTP."""

TIME = 60
"""Seconds for one build; one of our own takes a hundredth of it."""
MEMORY = 1 << 30
"""Bytes for one build; one of our own takes 30 MiB. Aliases that name aliases take all there is."""
OUTPUT = 64 << 20
"""Bytes that one build may print."""


class WouldFetch(ToolError):
    """What is to be built names what is not here, and may not be fetched."""


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
            f"taken in the place of {other.where}, which {other.what}" for other in self.passed_over
        ]
        if self.version == "(devel)":
            remarks.append(
                "it does not tell its version; one of 5.5.0 or newer, not 5.8.0, is needed"
            )
        return "; ".join(remarks)

    def build(self, folder: Path) -> bytes:
        """The objects that `folder` renders, as YAML; what is not here is not fetched.

        Raises:
            WouldFetch: it names what kustomize would fetch.
            ToolError: kustomize refuses it, with its reason, or needs too much.
        """
        allowed = _fetched(folder)
        result = process.run(
            [*self.command, str(folder)],
            env=_QUICK | os.environ | (_ASKS_NOTHING if allowed else _OFFLINE),
            timeout=TIME,
            memory=MEMORY,
        )
        if result.status:
            reason = _conflict(folder) or _reason(result)
            raise ToolError(Problem(folder.name, f"kustomize cannot build it: {reason}"))
        if len(result.stdout) > OUTPUT:
            what = f"renders over {OUTPUT >> 20} MiB, which no cluster takes"
            raise ToolError(Problem(folder.name, what))
        if b"<<<<<<< " in result.stdout and (reason := _conflict(folder)):  # in a ConfigMap, say
            raise ToolError(Problem(folder.name, f"is not rendered: {reason}"))
        return result.stdout

    def build_all(self, folders: Iterable[Path]) -> Iterator[tuple[Path, bytes | ToolError]]:
        """Builds in parallel; each folder in the order given, with its objects or its error."""

        def one(folder: Path) -> tuple[Path, bytes | ToolError]:
            try:
                return folder, self.build(folder)
            except ToolError as error:
                return folder, error

        waiting = iter(folders)
        first = list(islice(waiting, 2))
        if len(first) < 2:
            yield from map(one, first)
            return
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - of those who build many

        workers = os.cpu_count() or 1
        waiting = chain(first, waiting)
        with ThreadPoolExecutor(max_workers=workers) as pool:
            # A few ahead of who takes the results: all of a fleet's at once would fill the memory.
            pending = deque(pool.submit(one, f) for f in islice(waiting, 4 * workers))
            while pending:
                yield pending.popleft().result()
                pending.extend(pool.submit(one, f) for f in islice(waiting, 1))


def _fetched(folder: Path) -> bool:
    """Whether something may be fetched: all that is named is pinned, and the user allows it.

    Raises:
        WouldFetch: something is named that may not be.
        ToolError: a kustomization cannot be read, so that nobody knows.
    """
    from fcgitops.programs import references  # noqa: PLC0415 - of those who build

    try:
        found = references.remotes(folder)
    except InputError as error:
        what = "; ".join(map(str, error.problems))
        raise ToolError(Problem(folder.name, f"kustomize was not asked: {what}")) from error
    except OSError as error:
        what = f"{error.filename} cannot be read: {error.strerror}"
        raise ToolError(Problem(folder.name, f"kustomize was not asked: {what}")) from error
    allowed = os.environ.get(FETCH, "") not in ("", "0")
    problems = [
        Problem(
            os.path.relpath(remote.file, os.path.realpath(folder)),
            f"names {redacted(remote.text)}, which kustomize would fetch"
            + (" at each build" if not remote.pinned else ""),
            f"copy it into the repository, or set {FETCH}=1 to let it fetch what is pinned"
            if remote.pinned
            else "copy it into the repository, or name one commit: https://HOST/PATH?ref=COMMIT",
        )
        for remote in found
        if not (allowed and remote.pinned)
    ]
    if problems:
        raise WouldFetch(problems)
    return bool(found)


def _conflict(folder: Path) -> str:
    """A merge conflict in what is built, which kustomize tells as some error of YAML."""
    from fcgitops.programs.parts import parts  # noqa: PLC0415 - where something is wrong

    for file in (file for direct in parts(folder) for file in direct.there):
        with suppress(OSError):
            if line := conflicts.line(Path(file).read_bytes()):
                return f"{os.path.relpath(file, folder)}:{line} {conflicts.WHAT}"
    return ""


def _reason(result: process.Result) -> str:
    """The last line of stderr; kubectl logs it: … err="REASON", or of several lines err=< … >."""
    if re.search(r"^fatal error: (runtime: )?(out of memory|cannot allocate)", result.stderr, re.M):
        return f"it takes over {MEMORY >> 20} MiB of memory"
    told = re.sub(r" err=<\n(.*)\n >$", r"\n\1", result.stderr.rstrip(), flags=re.DOTALL)
    lines = told.strip().splitlines() or [f"ended with {result.status}"]
    if logged := re.search(r' err="(.*)"$', lines[-1]):
        return logged[1].replace('\\"', '"')
    return lines[-1].strip().removeprefix("Error: ").removeprefix("error: ")


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
    version = _version(program)
    command = (program, "kustomize" if _is_kubectl(program) else "build")
    found = Kustomize(command, version, origin)
    if version == "(devel)":
        return found
    name = found.title
    parts = tuple(int(part) for part in version.split("."))
    if parts < FLOOR:
        floor = ".".join(map(str, FLOOR))
        what = f"is older than {floor}, the first that renders these trees as newer ones do"
        raise ToolError(Problem(name, what, INSTALL))
    if parts == BROKEN:
        raise ToolError(Problem(name, "renders namespaces wrongly (kustomize issue 6031)", INSTALL))
    return found


def identity(program: str) -> str:
    """What changes with every change of a program: its file, or else the version that it tells."""
    if about := _file(program):
        return about
    try:
        return f"{program} {_told(program)}"
    except ToolError:
        return program


def _file(program: str) -> str:
    """A program's file with its size and date; empty where these do not tell what is started.

    A script, or a link to a program of another name, may start another one in each folder: so do
    asdf's and mise's.
    """
    try:
        real = os.path.realpath(process.which(program) or program)
        with open(real, "rb") as opened:  # noqa: PTH123 - for its number
            about = os.fstat(opened.fileno())
            script = opened.read(2) == b"#!"
    except OSError:
        return ""
    if script or not Path(real).name.startswith(("kustomize", "kubectl")):
        return ""
    return f"{real} {about.st_size} {about.st_mtime_ns}"


def _version(program: str) -> str:
    """A program's version, which is asked for once as long as the program stays the same."""
    about = _file(program)
    return _known_version(program, about) if about else _told(program)


@functools.cache
def _known_version(program: str, about: str) -> str:
    file = about.encode("utf-8", "surrogateescape")
    kept = cache.folder("kustomize") / sha256(file).hexdigest()[:32]
    if known := cache.load(kept, file):
        return known.decode()
    version = _told(program)
    cache.save(kept, file, version.encode())
    return version


def _told(program: str) -> str:
    """The version that a program tells.

    Raises:
        ToolError: it tells none.
    """
    kubectl = _is_kubectl(program)
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


def _is_kubectl(program: str) -> bool:
    return Path(program).name.startswith("kubectl")
