"""What `update` is compared with: cruft and copier on one change, `git merge` in a big fleet."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from followers import carried
from measure import Subject
from workspace import ROOT, Workspace

sys.path.insert(0, str(ROOT / "generator"))

from fcgitops import __version__
from fcgitops.repository import record

PROGRAMS = ROOT / ".tools" / "followers" / "bin"
"""Where `make followers` and `make bench` install cruft and copier."""
FORMER = "0.1.0"


class Pair(NamedTuple):
    """One comparison, before it is measured."""

    what: str
    ours: Subject
    against: str
    other: Subject
    bar: float
    held: float
    why: str


_IMPORTS = (
    "Python and what it imports alone are 82 % of our CPU time, 0.55 s where a third of cruft's is "
    "0.39 s: GitPython 0.13 s, cookiecutter's environment 0.16 s, the rules of `diff` 0.1 s, which "
    "say what the change does to clusters"
)


def missing() -> str:
    """Why cruft and copier are not compared; empty where they are there."""
    lacking = [n for n in ("cruft", "copier") if not shutil.which(n, path=str(PROGRAMS))]
    return f"{' and '.join(lacking)} could not be installed here" if lacking else ""


def followers(work: Workspace) -> Iterator[Pair]:
    """The same change of files by each, where the others are there."""
    if missing():
        return
    folder = Path(tempfile.mkdtemp(dir=work.folder))
    changed, ours, cruft, copier = carried(folder, PROGRAMS, work.fcgitops("update").command)
    what = f"update, {changed} files change"
    yield Pair(what, ours, "cruft 2.16.0 update", cruft, 1 / 3, 0.7, _IMPORTS)
    yield Pair(what, ours, "copier 9.19.1 update", copier, 1 / 8, 1 / 8, "")


def fleet(work: Workspace, many: Path, count: int) -> Pair:
    """All environments change, by a version that generates a line less than the former one."""
    root = work.copy(many, "former")
    for path in root.glob("overlays/*/.fcgitops"):
        _rewrite(path, "kustomization.yaml", b"namespace:", b"# Where it runs.\nnamespace:")
    version = f"version: {__version__}".encode()
    _rewrite(root / ".fcgitops/base", "fcgitops.yaml", version, f"version: {FORMER}".encode())
    work.git(root, "commit", "-qam", "As a former version made it")
    start = work.git(root, "rev-parse", "HEAD")
    ours = work.fcgitops("update", cwd=root, prepare=lambda: _back(work, root, start))
    ours.run()
    new = work.git(root, "rev-parse", "HEAD")
    _back(work, root, start)
    work.git(root, "commit", "-q", "--allow-empty", "-m", "Beside it")
    beside = work.git(root, "rev-parse", "HEAD")
    merge = ("git", "merge", "-q", "-m", "The same change", new)
    other = work.subject(*merge, cwd=root, prepare=lambda: _back(work, root, beside))
    why = (
        "git merges bytes, in 0.15 to 0.35 s; to read and judge each source takes 0.7 s, to merge "
        "and judge its settings 1 s, each about what the bar leaves for all"
    )
    return Pair(f"update, {count:,} environments change", ours, "git merge", other, 3.5, 30, why)


def _rewrite(place: Path, path: str, old: bytes, new: bytes) -> None:
    """Has the record and the file say that the former version generated something else."""
    root = place.parents[1] if place.name == "base" else place.parent
    tree = record.decode(place.read_bytes()) or {}
    tree[path] = tree[path].replace(old, new, 1)
    place.write_bytes(record.encode(tree))
    file = root / path
    file.write_bytes(file.read_bytes().replace(old, new, 1))


def _back(work: Workspace, root: Path, start: str) -> None:
    work.git(root, "reset", "-q", "--hard", start)
