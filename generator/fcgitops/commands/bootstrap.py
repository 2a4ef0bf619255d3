"""`fcgitops bootstrap`: points Argo CD or Flux at the repository, on the current cluster."""

from __future__ import annotations

from pathlib import Path

import click
import yaml

from fcgitops.commands.writing import unified
from fcgitops.core import terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import answers
from fcgitops.programs import kubectl
from fcgitops.programs.kubectl import Kubectl
from fcgitops.repository.contents import Repository, source_path
from fcgitops.sync import argocd, entrypoints, flux, nni_argocd, nni_flux
from fcgitops.text.tree import safe_join

KINDS = {
    "argocd": ("Argo CD", "applicationsets.argoproj.io"),
    "flux": ("Flux", "kustomizations.kustomize.toolkit.fluxcd.io"),
}
"""Tool → its name and a kind that the cluster knows where it is installed."""


def run(folder: Path, name: str, *, tool: str | None, yes: bool) -> int:
    """Shows what would be applied, and applies it after a yes. Twice is as good as once.

    Args:
        folder: somewhere in the repository.
        name: the environment; with Argo CD, which is pointed at all of them, it may be empty.
        tool: `argocd` or `flux`; the environment's own when None.
        yes: whether to ask for nothing.

    Returns:
        0, also where the answer was no.

    Raises:
        InputError: the repository has no such entry points, or does not know its own URL; or the
            cluster is another environment's.
        ToolError: there is no kubectl, no cluster, or the API server refuses.
    """
    repository = Repository.find(folder)
    tool, files = _entry_points(repository, name, tool)
    program = kubectl.find()
    label, kind = KINDS[tool]
    if not program.has_kind(kind):
        what = f"{label} is not installed there: it does not know {kind}"
        raise InputError(Problem(f"context {program.context}", what, f"install {label} first"))
    if tool == "flux":
        _refuse_the_cluster_of_another(repository, name, program)
    remark = (flux if tool == "flux" else argocd).remark(repository.answers)
    if remark:
        terminal.say(f"note: {remark}")
    place = ["--namespace", argocd.NAMESPACE] if tool == "argocd" else []
    arguments = [*place, *(word for file in files for word in ("--filename", str(file)))]
    difference = "".join(_difference(program, place, repository.root, file) for file in files)
    if not difference:
        terminal.say(f"nothing to do: the context {program.context} has all of it already")
        return 0
    terminal.data(difference)
    question = f"Apply this to the context {terminal.printable(program.context)}?"
    if not yes and not (terminal.interactive() and click.confirm(question, err=True)):
        terminal.say("nothing was applied (YES=1, or --yes, applies without asking)")
        return 0
    terminal.data(program.apply(*arguments))
    return 0


def _difference(program: Kubectl, place: list[str], root: Path, file: Path) -> str:
    """What applying a file would change, as a diff.

    The API server looks at nothing that belongs in a Namespace which is not there: a file that
    begins with one is shown as it is.
    """
    data = file.read_bytes()
    first = next(yaml.safe_load_all(data))
    if first["kind"] == "Namespace" and not program.get("namespace", first["metadata"]["name"]):
        return unified(file.relative_to(root).as_posix(), None, data)
    return program.diff(*place, "--filename", str(file))


def _refuse_the_cluster_of_another(
    repository: Repository, name: str, program: kubectl.Kubectl
) -> None:
    """Refuses the wrong context: Flux would turn that cluster into this environment's.

    Raises:
        InputError: Flux syncs another environment of this repository there.
    """
    place = ("--namespace", flux.NAMESPACE, KINDS["flux"][1], flux.NAME)
    there = program.value("{.spec.path}", *place).rpartition("/")[2]
    if there != name and there in repository.environment_names():
        what = f"is the cluster of the environment {there}"
        hint = f"kubectl config use-context, with that of {name}"
        raise InputError(Problem(f"context {program.context}", what, hint))


def _entry_points(repository: Repository, name: str, tool: str | None) -> tuple[str, list[Path]]:
    if name:
        repository.require([name], repository.environment_names())
        own = repository.environment(name).sync
        if tool in KINDS and tool != own:
            problem = Problem(
                f"{source_path(name)}: sync", f"is {own}, not {tool}", f"sync: {tool}"
            )
            raise InputError(problem)
        tool = tool or own
    tool = tool or ("flux" if repository.answers.gitops == "flux" else "argocd")
    if tool not in KINDS:
        raise InputError(Problem("GITOPS", f"{tool!r} is not known", "argocd or flux"))
    if tool == "flux" and not name:
        raise InputError(Problem("ENV", "is not given", "the environment of this cluster"))
    if not repository.answers.repo_url:
        hint = f"repo_url in {answers.FILE}, then `make overlays`, and push"
        raise InputError(Problem(answers.FILE, "does not say where the repository is", hint))
    place = entrypoints.folder(name) if tool == "flux" else argocd.FOLDER
    shown = safe_join(repository.root, place)
    wanted = (
        ("account.yaml", "sync.yaml")
        if tool == "flux"
        else ("appproject.yaml", "applicationset.yaml")
    )
    files = [shown / file for file in wanted]
    nni = (
        [shown / nni_flux.FILE, *sorted(shown.glob(f"experiments/*/{flux.SYNC_FILE}"))]
        if tool == "flux"
        else [shown / nni_argocd.FILE]
    )
    files += [file for file in nni if file.is_file()]
    missing = [file.relative_to(repository.root).as_posix() for file in files if not file.is_file()]
    if missing:
        raise InputError(Problem(path, "is missing", "make overlays") for path in missing)
    texts = {file: file.read_text(encoding="utf-8", errors="replace") for file in files}
    stale = [
        file.relative_to(repository.root).as_posix()
        for file, text in texts.items()
        if "<<<<<<<" in text or answers.NO_URL in text
    ]
    ours = repository.answers
    url = flux.source_url(ours) if tool == "flux" else ours.source_url
    if url not in "".join(texts.values()):
        stale.append(place)
    if stale:
        what = f"is not in line with {answers.FILE}"
        raise InputError(Problem(path, what, "make overlays, and push") for path in stale)
    return tool, files
