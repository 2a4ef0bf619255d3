"""`fcgitops bootstrap`: points Argo CD or Flux at the repository, on the current cluster."""

from __future__ import annotations

from pathlib import Path

import click

from fcgitops.core import terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.core.printable import printable
from fcgitops.git import repo
from fcgitops.kubernetes.objects import mapping
from fcgitops.model import answers, clusters, layout
from fcgitops.programs import kubectl
from fcgitops.programs.kubectl import Kubectl
from fcgitops.repository.contents import Repository
from fcgitops.sync import entrypoints, registry
from fcgitops.sync.tool import SyncTool
from fcgitops.text import yamlio
from fcgitops.text.tree import read_file, safe_join
from fcgitops.text.unified import unified


def run(folder: Path, name: str, *, tool_name: str | None, yes: bool) -> int:
    """Shows what would be applied, and applies it after a yes. Twice is as good as once.

    Args:
        folder: somewhere in the repository.
        name: the environment; with Argo CD, which is pointed at all of them, it may be empty.
        tool_name: of the sync tool; the environment's own when None.
        yes: whether to ask for nothing.

    Returns:
        0, also where the answer was no.

    Raises:
        InputError: the repository has no such entry points, or does not know its own URL; or the
            cluster is another environment's, or may be while nobody is asked.
        ToolError: there is no kubectl, no cluster, or the API server refuses.
    """
    repository = Repository.find(folder)
    repository.require_answers()
    tool, files = _entry_points(repository, name, tool_name)
    program = kubectl.find()
    label, kind = tool.traits.label, tool.bootstrap.kind
    if not program.has_kind(kind):
        what = f"{label} is not installed there: it does not know {kind}"
        hint = f"install {label} {tool.version(repository.answers)} first"
        raise InputError(Problem(f"context {program.context}", what, hint))
    _refuse_the_cluster_of_another(repository, name, program, tool)
    if remark := tool.remark(repository.answers):
        terminal.say(f"note: {remark}")
    server = program.server()
    if doubt := _doubt(repository, name, tool, server):
        if yes:
            hint = "another context, or that address in environment.yaml; without --yes you decide"
            raise InputError(Problem(f"context {program.context}", doubt, hint))
        terminal.say(f"note: the context {program.context} {doubt}")
    place = ["--namespace", tool.bootstrap.namespace] if tool.bootstrap.namespace else []
    shown = "".join(_difference(program, place, *file) for file in files.items())
    if not shown:
        terminal.say(f"nothing to do: the context {program.context} has all of it already")
        return 0
    terminal.difference(shown)
    question = printable(f"Apply this to the context {program.context}, {server}?")
    if not yes and not (terminal.interactive() and click.confirm(question, err=True)):
        terminal.say("nothing was applied (YES=1, or --yes, applies without asking)")
        return 0
    if (now := program.server()) != server:  # a kubeconfig that was written while it was read
        what = f"leads to {now} by now, and what was shown is for {server}"
        raise InputError(Problem(f"context {program.context}", what, "run it again"))
    terminal.lines(program.apply(b"\n---\n".join(files.values()), *place))
    return 0


def _difference(program: Kubectl, place: list[str], path: str, data: bytes) -> str:
    """What applying a file's content would change, as a diff.

    The API server looks at nothing that belongs in a Namespace which is not there: a file that
    begins with one is shown as it is.
    """
    name = _namespace(path, data)
    if name and not program.get(f"namespace/{name}"):
        return unified(path, None, data)
    return program.diff(data, *place)


def _namespace(path: str, data: bytes) -> str:
    """The name of the Namespace that a file begins with; empty where it begins with none.

    Raises:
        InputError: the file is no YAML.
    """
    nodes = yamlio.compose_all(yamlio.decoded(data, path), path)
    first = mapping(yamlio.construct(nodes[0], path)) if nodes else {}
    name = mapping(first.get("metadata")).get("name")
    return name if first.get("kind") == "Namespace" and isinstance(name, str) else ""


def _doubt(repository: Repository, name: str, tool: SyncTool, server: str) -> str:
    """Why a context may not be the environment's cluster; empty for no reason.

    One cluster has several addresses, such as that of a tunnel, so a person may know better. Of
    the address inside of every cluster nothing follows.
    """
    if tool.traits.central or not name:
        return ""
    wanted = repository.environment(name).cluster_server
    inside = clusters.identity(clusters.IN_CLUSTER_SERVER)
    if not wanted or clusters.identity(wanted) in (clusters.identity(server), inside):
        return ""
    return f"leads to {server}, and cluster.server of {name} is {wanted}"


def _refuse_the_cluster_of_another(
    repository: Repository, name: str, program: kubectl.Kubectl, tool: SyncTool
) -> None:
    """Refuses the wrong context: the tool would turn that cluster into this environment's.

    Raises:
        InputError: another environment of this repository is synced there, or another folder.
    """
    there = tool.occupant(program.value)
    if there is None:
        return
    where, label = f"context {program.context}", tool.traits.label
    if there.folder != repository.answers.path and _is_content(repository, there.folder):
        what = f"{label} there is pointed at {there.folder or 'the top'} of this Git repository"
        hint = f"its entry points have the same names: take another {label}"
        raise InputError(Problem(where, what, hint))
    if there.environment != name and there.environment in repository.environment_names():
        what = f"is the cluster of the environment {there.environment}"
        hint = f"`kubectl config use-context`, with that of {name}"
        raise InputError(Problem(where, what, hint))


def _is_content(repository: Repository, folder: str) -> bool:
    """Whether a folder of the Git repository has content of its own."""
    if repository.head is None:
        return False
    whole = repo.open_repository(repository.head.top)
    return bool(whole.list_head(f"{folder}/{layout.ANSWERS}" if folder else layout.ANSWERS))


def _entry_points(
    repository: Repository, name: str, tool_name: str | None
) -> tuple[SyncTool, dict[str, bytes]]:
    """The tool, and what to apply: path → content, as it is shown and as it is applied.

    Raises:
        InputError: with what is not in line.
    """
    tool = _tool(repository, name, tool_name)
    own = not tool.traits.central
    if own and not name:
        raise InputError(Problem("ENV", "is not given", "the environment of this cluster"))
    ours = repository.answers
    if not ours.repo_url:
        hint = f"repo_url in {layout.ANSWERS}, then `make overlays`, and push"
        raise InputError(Problem(layout.ANSWERS, "does not say where the repository is", hint))
    place = entrypoints.folder(tool, name) if own else tool.folder
    folder = safe_join(repository.root, place)
    paths = [f"{place}/{file}" for file in tool.bootstrap.files]
    paths += [
        file.relative_to(repository.root).as_posix()
        for pattern in tool.bootstrap.more
        for file in sorted(folder.glob(pattern))
    ]
    there = {path: read_file(repository.root, path) for path in paths}
    files = {path: data for path, data in there.items() if data is not None}
    if missing := [path for path in there if path not in files]:
        raise InputError(Problem(path, "is missing", "make overlays") for path in missing)
    stale = [
        path
        for path, data in files.items()
        if b"<<<<<<<" in data or answers.NO_URL.encode() in data
    ]
    if tool.source_url(ours).encode() not in b"".join(files.values()):
        stale.append(place)
    if stale:
        what = f"is not in line with {layout.ANSWERS}"
        raise InputError(Problem(path, what, "make overlays, and push") for path in stale)
    return tool, files


def _tool(repository: Repository, name: str, given: str | None) -> SyncTool:
    """The sync tool that was named, which must be that of the environment if one was named too.

    Raises:
        InputError: it is not, or there is none.
    """
    if given and given not in registry.TOOLS:
        raise InputError(Problem("GITOPS", f"{given!r} is not known", " or ".join(registry.TOOLS)))
    if not name:
        return registry.TOOLS[given or repository.answers.tools[0].name]
    repository.require([name], repository.environment_names(), "environment")
    own = repository.environment(name).sync
    if given and given != own:
        where = f"{layout.source_path(name)}: sync"
        raise InputError(Problem(where, f"is {own}, not {given}", f"sync: {given}"))
    return registry.TOOLS[own]
