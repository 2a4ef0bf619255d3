"""`fcgitops rollback ENV`: what an environment renders is what it was, in a new commit."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fcgitops.commands import leaving, writing
from fcgitops.commands.writing import Options
from fcgitops.core import shell, terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import layout
from fcgitops.model.environment import check_name
from fcgitops.repository import owned
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.merge import Merged
from fcgitops.text.words import count


def run(folder: Path, name: str, *, to: str | None, release: bool, **options: Any) -> int:  # noqa: ANN401
    """Puts an environment back to what it was, and holds promotions to it; or lets them go on.

    Args:
        folder: somewhere in the repository.
        name: the environment.
        to: the revision; by default, before the last commit that changed what it renders.
        release: only take out what holds promotions.
        options: those of `writing.Options`.

    Returns:
        0.

    Raises:
        InputError, ToolError: nothing was written.
        FoundError: it would not be what it was, or `verify` would fail; nothing was written.
    """
    how = Options(**options)
    if release:
        if to is not None:
            raise InputError(Problem("--to", "is not taken together with --release", "one of them"))
        return _release(folder, name, how)
    told: list[str] = []

    def make(repository: Repository) -> Change:
        return _planned(repository, name, to, told)

    def foresee(repository: Repository, what: Change) -> Sequence[str]:
        from fcgitops.promotion.preview import Preview  # noqa: PLC0415 - imports every rule

        preview = Preview(repository.root, what.merged.files)
        for finding in preview.faults([name]):  # it is what it was: no reason to stay in trouble
            place = finding.place or finding.overlay
            what.merged.notes.append(f"{place}: {finding.sentence} [{finding.rule}]")
        return [told[0], "", *preview.lines(), *told[1:]]

    status = writing.change(folder, make, how, foresee=foresee)
    if not how.dry_run and told:
        again = shell.line("fcgitops", "rollback", name, "--release")
        terminal.say(f"nothing is promoted to {name} until `{again}`")
    return status


def _planned(repository: Repository, name: str, to: str | None, told: list[str]) -> Change:
    """What the repository holds afterwards; `told` gets what is said of it."""
    from fcgitops.git.history import History  # noqa: PLC0415 - a release does not need them
    from fcgitops.programs import kustomize  # noqa: PLC0415
    from fcgitops.promotion import frozen, rollback  # noqa: PLC0415

    history = History(repository.root)
    is_removed = not check_name(name, name) and rollback.was_removed(history, name)
    if not is_removed:
        repository.require([name], repository.environment_names(), "environment")
    rendered = rollback.Rendered(history, name, kustomize.find())
    target = history.commit(to) if to is not None else rollback.last_change(rendered)
    title = history.title(target)
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    back = rollback.plan(repository, rendered, target, f"{today} rolled back to {title[:160]}")
    told.append(f"{name} as it was at {title}: {count(back.objects, 'object')}, all equal")
    copy = f"{layout.overlay(name)}/{frozen.FOLDER}"
    if back.frozen:
        told += ["", f"{copy}/ is its own copy of what it was built on, until it is released"]
    written = back.change.merged.files
    apart = {path: data for path, data in written.items() if not path.startswith(f"{copy}/")}
    if own := owned.told(repository, name, apart):
        told += ["", *own]
    if back.lost:
        told += ["", "what does not come back:"]
        told += [f"- {effect.says} ({effect.id})" for effect in back.lost]
    notes = back.change.merged.notes
    if not is_removed:
        notes += leaving.notes(repository, back.change.environments)
        if to is None and (hold := repository.environment(name).hold):
            what = "this takes that back, and `--to REV` goes further"
            notes.append(f"{name} was held: {hold}; {what}")
    back.change.title = f"Roll {name} back to {title.partition(' ')[0]}"
    return back.change


def _release(folder: Path, name: str, how: Options) -> int:
    """Takes the key `hold` out of an environment."""
    from fcgitops.git.history import History  # noqa: PLC0415
    from fcgitops.promotion import rollback  # noqa: PLC0415

    def make(repository: Repository) -> Change:
        repository.require([name], repository.environment_names(), "environment")
        if not repository.environment(name).hold:
            return Change(Merged(), idle=f"{name} is not held")
        what = rollback.release(repository, History(repository.root), name)
        what.title = f"Release {name}"
        return what

    return writing.change(folder, make, how)
