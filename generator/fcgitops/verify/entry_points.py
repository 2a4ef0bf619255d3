"""What must be true of the entry points, which Argo CD and Flux are pointed at."""

from __future__ import annotations

from fcgitops.core import shell
from fcgitops.core.errors import InputError
from fcgitops.core.findings import HAZARD
from fcgitops.model import layout
from fcgitops.model.answers import PATH
from fcgitops.repository import outcome, record
from fcgitops.repository.contents import Repository
from fcgitops.sync import entrypoints, registry, safeguards
from fcgitops.sync.tool import SyncTool
from fcgitops.text import conflicts
from fcgitops.text.tree import Tree, at, read_file
from fcgitops.verify.in_line import out_of_line
from fcgitops.verify.registry import Fault, Faults, fault
from fcgitops.verify.subjects import ENVIRONMENT, REPOSITORY, Known, Whole


@REPOSITORY.check("FCG12", HAZARD)
def in_line(whole: Whole) -> Faults:
    """The entry points are in line with fcgitops.yaml, and `.fcgitops/base` is there."""
    try:
        merged = outcome.of_shared_entry_points(whole.repository, whole.environments)
    except InputError as error:
        for problem in error.problems:
            yield fault(problem)
        return
    root = whole.repository.root
    recorded = read_file(root, layout.BASE_RECORD)
    lost = record.decode(recorded) is None
    if lost:
        merged.files.pop(layout.BASE_RECORD, None)
    for found in out_of_line(merged, root, layout.ANSWERS, "make overlays"):
        yield found._replace(message=f"is not in line with {layout.ANSWERS}")
    if edited := whole.repository.edited_version:
        yield fault(edited)
    yield from _elsewhere(whole.repository)
    if record.sides(recorded):
        yield Fault(conflicts.WHAT, "make overlays", file=layout.BASE_RECORD)
    elif lost:
        what = "is missing" if recorded is None else "is damaged"
        message = f"{what}, and without it no command knows what was generated here"
        yield Fault(message, "make overlays", file=layout.BASE_RECORD)


def _elsewhere(repository: Repository) -> Faults:
    """Content that does not stand where its entry points look for it.

    A copy in another Git repository than the one that is synced is nothing to say of.
    """
    said = repository.answers.path
    here = said if repository.place is None else repository.place
    if here != said and (said or _is_synced(repository)):
        message = f"`{PATH}` is {said or 'the top'!r}, and all of this stands in {here or '.'!r}"
        set_it = f"`{PATH}: {here}`" if here else f"take `{PATH}` out"
        yield Fault(message, f"{set_it} of `answers`, then make overlays", file=layout.ANSWERS)


def _is_synced(repository: Repository) -> bool:
    head = repository.head
    return head is not None and _same(head.origin, repository.answers.repo_url)


def _same(one: str, other: str) -> bool:
    """Whether two URLs lead to one repository, as far as their text tells."""
    first, second = (url.rstrip("/").removesuffix(".git") for url in (one, other))
    return bool(first) and first == second


@REPOSITORY.check("FCG14", HAZARD)
def left_behind(whole: Whole) -> Faults:
    """No tool has an entry point of an environment that is gone, or that another tool syncs."""
    for tool in registry.TOOLS.values():
        if not tool.traits.central:
            yield from _left_behind_by(tool, whole)


def _left_behind_by(tool: SyncTool, whole: Whole) -> Faults:
    folder = whole.repository.root / tool.folder
    names = whole.repository.environment_names()
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        file = next((f for f in reversed(tool.bootstrap.files) if (entry / f).is_file()), "")
        if not file:
            continue
        name = entry.name
        if name not in names:
            what = "there is no such environment"
        else:
            try:
                own = whole.sync(name)
            except InputError:  # FCG11 says what is wrong with it
                continue
            if own == tool.traits.name:
                continue
            what = f"{registry.TOOLS[own].traits.label} syncs it"
        place = f"{tool.folder}/{name}"
        yield Fault(
            f"{place}/{file} is for {tool.traits.label}, but {what}",
            f"{shell.line('git', 'rm', '-r', place)}, but for what others have there",
            file=f"{place}/{file}",
            overlay=name,
        )


@REPOSITORY.check("FCG18", HAZARD)
def unguarded(whole: Whole) -> Faults:
    """The entry points are there, with all that keeps them from deleting anything.

    That is `create-update`, `preserveResourcesOnDeletion` and `prune: disabled`: an edit of an
    entry point is kept, but must not take these away.
    """
    try:
        wanted, _ = outcome.shared_entry_points(whole.repository, whole.environments)
    except InputError:  # the record is gone: FCG12 says so
        return
    yield from _lost(whole.repository, wanted)


@ENVIRONMENT.check("FCG18", HAZARD)
def unguarded_environment(known: Known) -> Faults:
    """The entry points are there, with all that keeps them from deleting anything."""
    repository, wanted = known.repository, Tree()
    try:
        role = read_file(repository.root, layout.CLUSTER_ROLE)
        entries = entrypoints.of_environment(known.environment, repository.answers, role)
        for folder, files in entries.items():
            wanted |= at(folder, files)
        yield from _lost(repository, wanted)
    except InputError:  # something cannot be read: FCG12 says so
        return


def _lost(repository: Repository, wanted: Tree) -> Faults:
    found = {path: read_file(repository.root, path) for path in wanted}
    for path, message, hint in safeguards.lost(wanted, found, repository.way_back):
        yield Fault(message, hint, file=path)
