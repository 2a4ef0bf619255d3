"""What is planned → what the files should hold, merged with the user's edits. Writes nothing.

A folder's record says what was generated there last. What is generated now, what the user has, and
that record are merged three-way; the new record stands beside the outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from fcgitops import __version__
from fcgitops.manifests import nni_experiment, overlay
from fcgitops.model import experiment as experiment_model
from fcgitops.model import layout
from fcgitops.model.facts import Known
from fcgitops.repository import experiments, provenance, record, retiring, scaffold
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned
from fcgitops.repository.merge import Merged, merge, merge_of_two
from fcgitops.sync import entrypoints, registry
from fcgitops.text import conflicts, sameness
from fcgitops.text.tree import Tree, at, read_file

_NO_RECORD = "what differs from the generated text is taken for an edit"
_EDITED = (
    "has edits of yours, and its name does not tell them: on a cluster a Job cannot be changed, so "
    "give `run` in run.yaml another number with each of them"
)


def of_environments(repository: Repository, planned: Iterable[Planned]) -> Merged:
    """What the files of environments should hold.

    Args:
        repository: as it is on disk.
        planned: the environments.

    Returns:
        Paths relative to the repository.

    Raises:
        InputError: a file that they are generated from cannot be read.
    """
    items = list(planned)
    cluster_role = repository.read(layout.CLUSTER_ROLE)
    total, retired = Merged(), retiring.files(repository, items)
    total.files |= retired
    for item in items:
        env = item.environment
        folder = layout.overlay(env.name)
        total.files[f"{folder}/{layout.SOURCE_FILE}"] = item.source
        retires = bool(retired.get(f"{folder}/{layout.RETIRED_FILE}"))
        files = overlay.environment_files(
            env, repository.answers.profile, item.configuration, retires=retires
        )
        total.add(_in_line(repository, folder, files, anew=item.whole))
        total.files |= _local(repository, item)
        places = entrypoints.of_environment(env, repository.answers, cluster_role)
        for place, entries in places.items():
            total.add(_in_line(repository, place, entries, anew=item.whole))
    return total


def generated(repository: Repository, item: Planned) -> Tree:
    """What is generated of an environment, before it is merged with anything.

    Args:
        repository: that the environment is in.
        item: the environment.

    Returns:
        Paths from the repository's root; retired.yaml, which follows from history, is not among
        them.
    """
    env, answers = item.environment, repository.answers
    files = overlay.environment_files(env, answers.profile, item.configuration)
    found = at(layout.overlay(env.name), files)
    cluster_role = repository.read(layout.CLUSTER_ROLE)
    for place, entries in entrypoints.of_environment(env, answers, cluster_role).items():
        found |= at(place, entries)
    return found


def _local(repository: Repository, item: Planned) -> Tree:
    """What of an environment's `local/` goes into the commit.

    Of a new environment: the starter, and what somebody has put there before. Else the starter, as
    long as it is as it was made: an earlier --no-commit may have left it uncommitted.
    """
    folder = layout.overlay(item.environment.name)
    starter = at(folder, overlay.LOCAL)
    if not item.whole:
        return {p: data for p, data in starter.items() if read_file(repository.root, p) == data}
    place = f"{folder}/{layout.LOCAL}"
    there = at(place, repository.folder(place))
    ignored = tuple(repository.git.list_ignored(place)) if there else ()
    return starter | {path: data for path, data in there.items() if not path.startswith(ignored)}


def of_experiments(repository: Repository, planned: Iterable[experiments.Planned]) -> Merged:
    """What the files of experiments should hold.

    Args:
        repository: as it is on disk.
        planned: the experiments.

    Returns:
        Paths relative to the repository.
    """
    total = Merged()
    names = repository.environment_names()
    repository.read(f"{layout.NNI_COMPONENT}/kustomization.yaml")  # it is not left out unseen
    component = repository.folder(layout.NNI_COMPONENT)
    for item in planned:
        experiment, env = item.experiment, item.environment
        folder = f"{layout.EXPERIMENTS}/{experiment.name}"
        inputs = experiment_model.inputs(item.own)
        files = nni_experiment.files(experiment, env, inputs, component)
        total.add(_in_line(repository, folder, files))
        if _job_is_edited(repository, folder):
            total.notes.append(f"{folder}/{layout.JOB_FILE} {_EDITED}")
        total.files |= at(folder, item.own)
        places = entrypoints.of_experiment(experiment, env, repository.answers, names)
        for place, entries in places.items():
            if entries or (repository.root / place).exists():
                total.add(_in_line(repository, place, entries))
    return total


def _job_is_edited(repository: Repository, folder: str) -> bool:
    """Whether the Job of an experiment's folder has other values than were generated last."""
    found = read_file(repository.root, f"{folder}/{layout.JOB_FILE}")
    recorded = repository.recorded(folder).get(layout.JOB_FILE)
    if found is None or recorded is None or found == recorded:
        return False
    return not sameness.means(found, recorded)


def of_shared_entry_points(repository: Repository, changed: Collection[Known] = ()) -> Merged:
    """What the entry points that no environment has of its own should hold.

    They are in the base's record, whose other files only `update` changes.

    Args:
        repository: as it is on disk.
        changed: environments that change in the same commit.

    Returns:
        Paths relative to the repository.
    """
    recorded = repository.base_record
    branches = record.sides(recorded)
    old = record.decode(recorded)
    lost = not branches and (old is None or recorded != repository.file(layout.BASE_RECORD))
    trees = branches or (_unrecorded(repository) if old is None else old,)
    bases = [_shared(tree) for tree in trees]
    theirs, notes = shared_entry_points(repository, changed)
    merged = _merged(repository, bases, theirs)
    merged.notes += notes
    if branches or lost:
        what = conflicts.WHAT if branches else "is missing or damaged"
        merged.notes.append(f"{layout.BASE_RECORD} {what}: it is generated anew")
    others = [_not_shared(tree) for tree in trees]
    if (not others[0] or others[0] != others[-1]) and repository.version == __version__:
        pinned = repository.file(layout.REQUIREMENTS)
        others = [_not_shared(scaffold.generated(repository.answers, pinned))]
    if others[0] and (branches or lost or bases[0] != theirs):
        merged.files[layout.BASE_RECORD] = record.encode(others[0] | theirs)
    return merged


def shared_entry_points(
    repository: Repository, changed: Collection[Known] = ()
) -> tuple[Tree, list[str]]:
    """The entry points that no environment has of its own, and notes on them; not merged yet.

    Those for NNI are there as long as an environment needs them, or cannot be read.

    Args:
        repository: as it is on disk.
        changed: environments that change in the same commit.
    """
    recorded = record.known(repository.base_record) or _unrecorded(repository)
    there = entrypoints.tools_with_nni(repository.answers, recorded)
    needed, unreadable = repository.tools_with_nni(changed)
    leaving = there - needed
    if leaving:
        # What says nothing of NNI, as a file that something else was written over, may be no
        # environment at all: before anything goes each file is read.
        _, unreadable = repository.tools_with_nni(changed, whole=True)
    kept = leaving if unreadable else set()
    why = [str(problem) for problem in unreadable if kept]
    if needed != there and not kept and (edited := repository.uncommitted_sources(changed)):
        # This commit does not hold these edits: what HEAD has there is what its clones read.
        committed, damaged = repository.tools_with_nni(changed, committed=edited)
        needed &= committed | there
        if kept := leaving if damaged else leaving & committed:
            had = sorted(name for name, data in edited.items() if b"nni" in (data or b""))
            why = [f"{layout.source_path(name)}: its edit is not committed" for name in had]
    notes = [f"the entry points of NNI are left as they are: {'; '.join(why)}"] if kept else []
    return entrypoints.of_repository(repository.answers, needed | kept), notes


def _unrecorded(repository: Repository) -> Tree:
    """The shared entry points that are as they are generated now, with or without NNI.

    Without a record nobody knows of the rest whether it was edited.
    """
    found: Tree = {}
    for names in ((), tuple(registry.TOOLS)):
        made = entrypoints.of_repository(repository.answers, names)
        found |= {p: data for p, data in made.items() if repository.file(p) == data}
    return found


def _shared(recorded: Tree) -> Tree:
    """The entry points in the base's record."""
    return {path: data for path, data in recorded.items() if entrypoints.is_shared(path)}


def _not_shared(recorded: Tree) -> Tree:
    """The other files in the base's record: no command but `update` writes them."""
    return {path: data for path, data in recorded.items() if not entrypoints.is_shared(path)}


def _in_line(repository: Repository, folder: str, files: Tree, *, anew: bool = False) -> Merged:
    """The generated files of one folder, merged with the user's edits, and their record.

    Args:
        repository: as it is on disk.
        folder: relative to the repository; its record stands in it.
        files: relative to the folder; none where nothing is generated there any longer.
        anew: whether what is not there is made again: nobody has deleted it.

    Returns:
        Paths relative to the repository.
    """
    place = f"{folder}/{layout.RECORD_FILE}"
    recorded = read_file(repository.root, place)
    if recorded is None and not files:
        return Merged()
    theirs = at(folder, files)
    if branches := record.sides(recorded):
        bases = [provenance.generated(folder, tree)[0] for tree in branches]
        merged = _merged(repository, bases, theirs)
        merged.notes.append(f"{place} {conflicts.WHAT}: it is generated anew")
    else:
        base, notes = _last_generated(repository, folder, theirs)
        if anew:
            base = {p: old for p, old in base.items() if read_file(repository.root, p) is not None}
        merged = _merged(repository, [base], theirs)
        merged.notes[:0] = notes
    merged.files[place] = record.encode(files) if files else None
    return merged


def _last_generated(
    repository: Repository, folder: str, theirs: Mapping[str, bytes]
) -> tuple[Tree, list[str]]:
    """What a folder's record says, or the last one of Git's history, and notes on that.

    Args:
        repository: as it is on disk.
        folder: relative to the repository.
        theirs: what is generated there now; paths relative to the repository.
    """
    place, notes = f"{folder}/{layout.RECORD_FILE}", []
    old = record.decode(read_file(repository.root, place))
    if old is None and any((repository.root / path).exists() for path in theirs):
        former = repository.former_record(place)
        old = record.decode(former)
        what = "the last one of Git's history is the base" if former else _NO_RECORD
        notes.append(f"{place} is missing or damaged: {what}")
    base, strange = provenance.generated(folder, old or {})
    notes += [f"{place} names {path}: not generated there, so left alone" for path in strange]
    return base, notes


def _merged(repository: Repository, bases: Sequence[Tree], theirs: Tree) -> Merged:
    """What is generated, merged with what the user has.

    Args:
        repository: as it is on disk.
        bases: what was generated last; two, where two branches met that have a record each.
        theirs: what is generated now.
    """
    paths = {*theirs, *(path for base in bases for path in base)}
    ours = {path: read_file(repository.root, path) for path in paths}
    if len(bases) == 1:
        return merge(bases[0], ours, theirs)
    return merge_of_two((bases[0], bases[1]), ours, theirs)
