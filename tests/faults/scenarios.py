"""The commands that write, and what each of them starts from."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fcgitops.model import layout
from fcgitops.repository import record
from gitenv import clone_released, git, write

from faults.harness import Commands


@dataclass(frozen=True)
class Scenario:
    """A command that writes.

    Attributes:
        arguments: run in a copy of what `start` has prepared.
        again: what the second run may say instead of doing it, once the first has done it.
        status: with which it ends.
        start: of `STARTS`; "" for an empty folder, in which it makes the repository.
        kustomize: whether it finds one.
    """

    arguments: Sequence[str]
    again: str = ""
    status: int = 0
    start: str = "repository"
    kustomize: bool = False


SCENARIOS = {
    "new": Scenario(["new", "deploy", "--env", "dev", "--no-input", "--gitops", "both"], start=""),
    "new --into": Scenario(
        ["new", "--into", ".", "--path", "infra/fc", "--env", "dev", "--no-input"], start="bigger"
    ),
    "eject": Scenario(["eject"], "is in no repository", start="small", kustomize=True),
    "overlay, new": Scenario(["overlay", "stage", "--variant", "customized-config"]),
    "overlay, change": Scenario(["overlay", "dev", "--namespace", "other"]),
    "overlay, conflict": Scenario(["overlay", "prod", "--set", "workerNumber=7"], "conflicts", 1),
    "overlay --branch": Scenario(["overlay", "stage", "--branch", "add/stage"], "exists"),
    "overlay --take": Scenario(["overlay", "prod", "--take"]),
    "overlay --no-commit": Scenario(["overlay", "stage", "--no-commit"]),
    "overlays": Scenario(["overlays", "--from", "../list.yaml"]),
    "remove": Scenario(["remove", "dev"], "is no environment"),
    "nni enable": Scenario(["nni", "enable", "dev", "--storage", "nfs://10.0.0.1/export"]),
    "nni experiment": Scenario(["nni", "experiment", "mnist", "--env", "prod"]),
    "nni remove": Scenario(["nni", "remove", "first"], "is no experiment"),
    "overlays, merge": Scenario(["overlays"], "merge is under way", start="merge"),
    "restore": Scenario(["restore", "overlays"]),
    "promote": Scenario(["promote", "dev", "prod"], start="proven", kustomize=True),
    "adopt": Scenario(
        ["adopt", "../seed.yaml", "--name", "live"],
        "is an environment already",
        start="found",
        kustomize=True,
    ),
    "rollback": Scenario(  # the second run finds the user's edit in local/, which does not build
        ["rollback", "prod", "--to", "v1"], "HEAD has it so", start="proven", kustomize=True
    ),
    "rollback --release": Scenario(["rollback", "prod", "--release"], start="held", kustomize=True),
    "update": Scenario(["update"], start="released"),
    "update, conflict": Scenario(["update"], "has left conflicts", 1, start="edited"),
    "update --continue": Scenario(["update", "--continue"], "no update waits", start="resolved"),
    "update --continue, rewriting": Scenario(
        ["update", "--continue"], "no update waits", start="following"
    ),
    "update --continue, conflict": Scenario(
        ["update", "--continue"], "is a conflict marker", 1, start="conflicting"
    ),
    "update --abort": Scenario(["update", "--abort"], "no update waits", start="resolved"),
}


def prepare(commands: Commands, start: str, place: Path) -> None:
    """The folder that each walk gets a copy of: a repository, and all that must not be touched.

    Args:
        commands: that make it.
        start: its name in `STARTS`.
        place: where it shall stand; what it goes on from stands there already.
    """
    if start not in GOES_ON_FROM:
        place.mkdir()
    STARTS[start](commands, place)


def _run(commands: Commands, folder: Path, line: str, status: int = 0) -> None:
    ran = commands.run(folder, *line.split(), here=True)
    assert ran.status == status, ran.err


LIST = """\
- {name: dev, namespace: other}
- {name: stage, variant: customized-config}
"""


def _repository(commands: Commands, place: Path) -> None:
    """One of this version, with a generated file that is edited and another that is missing."""
    (place / "list.yaml").write_text(LIST)
    new = "new deploy --env dev --env prod=customized-config --no-input --gitops both"
    _run(commands, place, f"{new} --repo-url https://git.example.com/a/b.git")
    top = place / "deploy"
    _run(commands, top, "nni enable prod --storage nfs://10.0.0.1/export")
    _run(commands, top, "nni experiment first --env prod")
    edited = top / "overlays/prod/frameworkcontroller.yaml"
    edited.write_text(edited.read_text().replace("workerNumber: 500", "workerNumber: 5"))
    (top / "overlays/default-config/README.md").unlink()
    git(top, "commit", "-qam", "Edits that the generator does not know")
    make_dirty(top, edited="README.md", staged="Makefile")


def _bigger(commands: Commands, place: Path) -> None:
    """Somebody's repository, with nothing of fcgitops in it."""
    del commands
    git(place, "init", "-q", "deploy")
    _of_the_users_own(place / "deploy")


def _small(commands: Commands, place: Path) -> None:
    """One of this version with a single environment; whatever is dirty is none of it."""
    _run(commands, place, "new deploy --env prod --no-input --gitops flux")
    _of_the_users_own(place / "deploy")


def _of_the_users_own(top: Path) -> None:
    write(top, {"mine/edited": "mine\n", "mine/staged": "mine\n"})
    git(top, "add", "mine")
    git(top, "commit", "-q", "-m", "Files of the user's own")
    make_dirty(top, edited="mine/edited", staged="mine/staged")


def _proven(commands: Commands, place: Path) -> None:
    """One whose environment dev was proven, and whose prod was changed since v1."""
    _run(commands, place, "new deploy --env dev --env prod=customized-config --no-input")
    top = place / "deploy"
    git(top, "tag", "v1")
    _run(commands, top, "overlay dev --set image.tag=v1.1.0")
    base = top / "base/statefulset.yaml"
    base.write_text(base.read_text().replace("memory: 1Gi", "memory: 2Gi"))
    git(top, "commit", "-qam", "More memory for all")
    _run(commands, top, "overlay prod --set workerNumber=7")
    make_dirty(top, edited="README.md", staged="Makefile")


def _found(commands: Commands, place: Path) -> None:
    """One of the seed's profile, and manifests beside it."""
    seed = "frameworkcontroller-with-default-config.yaml"
    shutil.copy(Path(__file__).parents[1] / "data/seed" / seed, place / "seed.yaml")
    _run(commands, place, "new deploy --env dev --no-input --profile upstream")
    make_dirty(place / "deploy", edited="README.md", staged="Makefile")


def _held(commands: Commands, place: Path) -> None:
    """The same, with prod rolled back to v1: on a base of its own."""
    top = place / "deploy"
    ran = commands.run(top, "rollback", "prod", "--to", "v1", kustomize=True)
    assert ran.status == 0, ran.err


def _merge(commands: Commands, place: Path) -> None:
    """A merge that waits: both branches generated an environment anew; its source is resolved."""
    new = "new deploy --env dev --env prod=customized-config --no-input"
    _run(commands, place, new)
    top = place / "deploy"
    git(top, "switch", "-q", "-c", "other")
    _run(commands, top, "overlay prod --set workerNumber=7")
    git(top, "switch", "-q", "main")
    _run(commands, top, "overlay prod --set workerNumber=9")
    source = top / "overlays/prod/environment.yaml"
    resolved = source.read_text()
    make_dirty(top, edited="README.md", staged=None)
    git(top, "merge", "other", status=1)
    source.write_text(resolved)


def _released(commands: Commands, place: Path, name: str = "hardened-both") -> None:
    """One that 0.1.0 made."""
    clone_released(name, place).rename(place / "deploy")
    _run(commands, place / "deploy", "update --check", status=1)  # what it takes is known then
    _of_the_users_own(place / "deploy")


def _edited(commands: Commands, place: Path) -> None:
    """One that 0.1.0 made and somebody has edited, one line of it as this version has."""
    _released(commands, place, "hand-edits")


def _resolved(commands: Commands, place: Path) -> None:
    """The same, while an update waits for its conflicts, which are resolved in the work tree."""
    top = place / "deploy"
    _run(commands, top, "update", status=1)
    for path in git(top, "diff", "--name-only", "--diff-filter=U").splitlines():
        text = (top / path).read_text()
        (top / path).write_text(re.sub(r"(?ms)^<{7} .*?^={7}\n|^>{7} .*?\n", "", text))


def _following(commands: Commands, place: Path) -> None:
    """An update waits; what prod was given follows from a variant that was resolved otherwise."""
    _run(commands, place, "new deploy --env prod=customized-config --no-input")
    top = place / "deploy"
    variant = top / "overlays/customized-config/frameworkcontroller.yaml"
    text, number = variant.read_text(), "workerNumber: {}\n".format
    # As if the former version had generated another number, and somebody had edited it.
    base = top / layout.BASE_RECORD
    tree = record.decode(base.read_bytes()) or {}
    former = text.replace(number(500), number(400)).encode()
    base.write_bytes(record.encode(tree | {str(variant.relative_to(top)): former}))
    variant.write_text(text.replace(number(500), number(700)))
    git(top, "commit", "-qam", "Another number")
    _run(commands, top, "overlays --no-commit")
    git(top, "commit", "-qm", "In line")
    _of_the_users_own(top)
    _run(commands, top, "update", status=1)
    variant.write_text(text.replace(number(500), number(600)))


def _conflicting(commands: Commands, place: Path) -> None:
    """The same, and somebody has edited what follows from it meanwhile."""
    edited = place / "deploy/overlays/prod/frameworkcontroller.yaml"
    text = edited.read_text()
    assert "workerNumber: 700" in text
    edited.write_text(text.replace("workerNumber: 700", "workerNumber: 800"))


STARTS: dict[str, Callable[[Commands, Path], None]] = {
    "repository": _repository,
    "bigger": _bigger,
    "small": _small,
    "proven": _proven,
    "held": _held,
    "found": _found,
    "merge": _merge,
    "released": _released,
    "edited": _edited,
    "resolved": _resolved,
    "following": _following,
    "conflicting": _conflicting,
}

GOES_ON_FROM = {"held": "proven", "resolved": "edited", "conflicting": "following"}
"""What is made of a copy of which other one."""


def make_dirty(top: Path, *, edited: str, staged: str | None) -> None:
    """Give the user all that a fault must not touch; git merges nothing beside what is staged."""
    (top / "notes").write_text("stashed\n")
    git(top, "add", "notes")
    git(top, "stash")
    (top / edited).write_text("edited, not staged\n")
    if staged:
        (top / staged).write_text("staged\n")
        git(top, "add", staged)
        (top / staged).write_text("and edited again\n")
    (top / "untracked").write_text("untracked\n")
    (top / "ignored").write_text("ignored\n")
    (top / ".git/info").mkdir(exist_ok=True)
    (top / ".git/info/exclude").write_text("ignored\n")
    local = top / "overlays/prod/local/kustomization.yaml"
    if local.exists():
        local.write_text("mine\n")
