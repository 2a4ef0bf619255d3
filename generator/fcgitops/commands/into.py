"""`fcgitops new --into REPO --path DIR`: the content in a folder of a repository that is there."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fcgitops.commands import asking, forecast
from fcgitops.commands.new import is_there
from fcgitops.commands.writing import Options
from fcgitops.core import shell, terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.git import repo
from fcgitops.git.repo import GitRepository
from fcgitops.manifests.skeleton import render_skeleton
from fcgitops.model import answers as model
from fcgitops.model import layout
from fcgitops.model.answers import BRANCH, Answers
from fcgitops.repository import scaffold
from fcgitops.sync import registry
from fcgitops.text import values
from fcgitops.text.tree import Tree, at
from fcgitops.text.words import count

_ELSEWHERE = "a folder that does not exist yet"


def run(  # noqa: PLR0913 - the command's options
    into: Path,
    path: str,
    *,
    answers: Path | None,
    sets: tuple[str, ...],
    environments: tuple[str, ...],
    push: bool,
    no_input: bool,
    profile: str | None = None,
    gitops: str | None = None,
    repo_url: str | None = None,
    **options: Any,  # noqa: ANN401
) -> int:
    """Scaffolds the content in a folder of a repository, and commits that alone.

    What the repository holds, its hooks, branches and the user's changes stay as they are.

    Args:
        into: the top of the repository.
        path: the folder, from there.
        answers: a YAML or JSON file of answers.
        sets: KEY=VALUE each: an answer, or a default of environments.
        environments: NAME or NAME=VARIANT each.
        push: is refused: what else the branch holds is not for this to publish.
        no_input: whether to ask for nothing.
        profile: an answer.
        gitops: an answer.
        repo_url: an answer; by default the URL of the repository's `origin`.
        options: those of `writing.Options`.

    Returns:
        0.

    Raises:
        InputError: with every problem; nothing was written.
        FoundError: a hook of the repository's refuses.
        ToolError: git failed.
    """
    how = Options(**options)
    git = _repository(into, how)
    path = path.rstrip("/")
    wrong = values.folder(path)
    name = "wrong" if wrong else path.rpartition("/")[2]
    given, problems = asking.given(
        name,
        answers,
        sets,
        environments,
        "--path",
        profile=profile,
        gitops=gitops,
        repo_url=repo_url,
    )
    place = [Problem("--path", wrong)] if wrong else _on_the_way(git, path)
    there = not place and (git.top / path / layout.ANSWERS).is_file()
    problems = [*place, *([] if place or there else _taken(git, path)), *problems]
    problems += asking.take_origin(git, given)
    if push:
        what = "is for a repository of its own: this one may hold other commits of yours"
        problems.append(Problem("--push", what, "git push"))
    given.setdefault("branch", _synced_branch(git))
    if not no_input and not problems and terminal.interactive():
        asking.ask(given)
    parsed = asking.answers(given, problems, path)
    asking.check_configurations(parsed)
    skeleton = render_skeleton(parsed)
    tree = scaffold.repository_tree(parsed, skeleton)
    if there and is_there(git.top / path, parsed, tree):
        terminal.say(f"nothing to do: {path} is there already, from these answers")
        return 0
    git.refuse_unfinished(commit=not how.no_commit, new_branch=how.branch is not None)
    whole = at(path, tree)
    _refuse_ignored(git, whole)
    if how.dry_run:
        forecast.show_tree(git.top, whole, scaffold.first_message(parsed), how.form)
        terminal.say("nothing was written")
        return 0
    commit = git.commit(
        dict(whole),
        how.message or scaffold.first_message(parsed),
        branch=how.branch,
        commit=not how.no_commit,
    )
    _report(git, parsed, tree, commit)
    _next(git, parsed, scaffold.left_out(parsed, skeleton))
    return 0


def _repository(into: Path, how: Options) -> GitRepository:
    """The repository, set right where a killed run has left something.

    Raises:
        InputError: there is none, or `into` is not its top.
    """
    git = repo.open_repository(into)
    if git.prefix:
        hint = f"{shell.line('--into', str(git.top))} --path {git.prefix}…"
        raise InputError(Problem(str(into), f"is a folder of the repository {git.top}", hint))
    if git.interrupted and not how.dry_run:
        git.recover()
    return git


def _on_the_way(git: GitRepository, path: str) -> list[Problem]:
    """What keeps content from a place, from the repository's top down to it."""
    for folder in ("", *itertools.accumulate(path.split("/"), "{}/{}".format)):
        place = git.top / folder
        what = ""
        if place.is_symlink():
            what = "is a symbolic link"
        elif place.exists() and not place.is_dir():
            what = "is a file"
        elif folder and (place / ".git").exists():
            what = "is another Git repository"
        elif folder != path and (place / layout.ANSWERS).exists():
            what = f"has a {layout.ANSWERS}: what fcgitops has generated there does not nest"
        if what:
            return [Problem("--path", f"{folder or git.top} {what}", _ELSEWHERE)]
    return []


def _taken(git: GitRepository, path: str) -> list[Problem]:
    """What stands there already, in the work tree or in Git alone."""
    place = git.top / path
    held = sorted(item.name for item in place.iterdir()) if place.is_dir() else []
    if held:
        more = ", …" if len(held) > 3 else ""
        return [Problem("--path", f"{path} holds files: {', '.join(held[:3])}{more}", _ELSEWHERE)]
    if committed := git.tracked(path):
        what = f"{path} is taken: Git has {committed[0]}"
        return [Problem("--path", what, "another folder, or commit that it is gone")]
    return []


def _synced_branch(git: GitRepository) -> str:
    """The branch that is synced, unless an answer says it: origin's main one, or the current."""
    for name in (git.main_branch, git.branch or ""):
        if name and not model.check_answer("branch", name):
            return name
    return BRANCH


def _refuse_ignored(git: GitRepository, tree: Tree) -> None:
    """Refuses a place of which git ignores files: the next one there would be left out, unseen.

    Raises:
        InputError: with each rule and the first file that it is about.
    """
    first: dict[str, str] = {}
    for path, rule in sorted(git.ignoring(tree).items()):
        first.setdefault(rule, path)
    if first:
        hint = "exempt the folder there, or another --path"
        raise InputError(
            Problem(path, f"would be ignored by Git ({rule})", hint) for rule, path in first.items()
        )


def _report(git: GitRepository, parsed: Answers, tree: Tree, commit: str | None) -> None:
    """Says what was done."""
    path = parsed.path
    done = f"commit {commit[:10]} on {git.branch}" if commit else "staged, not committed"
    terminal.say(f"{path}: {count(len(tree), 'file')}, {done}; nothing else was touched")
    for name, variant in parsed.environments.items():
        terminal.say(f"  {path}/overlays/{name} ({variant})")
    for note in _of_the_same_names(git, parsed):
        terminal.say(f"note: {note}")


def _next(git: GitRepository, parsed: Answers, left_out: Sequence[str]) -> None:
    """Says what was not made, since it is read at a repository's top alone, and what is next."""
    terminal.say(f"left out, as nothing reads them in a folder: {', '.join(left_out)}")
    make = shell.line("make", "-C", parsed.path)
    terminal.say(f"  in your CI: {make} tools test; as a pre-commit hook: {make} config")
    terminal.say(f"next: {shell.line('cd', str(git.top / parsed.path))} && make help")


def _of_the_same_names(git: GitRepository, parsed: Answers) -> list[str]:
    """Other content of the repository whose entry points are called as these are."""
    there = git.list_head()
    notes = []
    for tool in registry.TOOLS.values():
        if not tool.traits.central or tool.traits not in parsed.tools:
            continue
        file = f"{tool.folder}/{tool.bootstrap.files[0]}"
        others = [p.removesuffix(file) for p in there if p.endswith(f"/{file}") or p == file]
        notes += [
            f"{other or '.'} has entry points of the same names: one {tool.traits.label} takes "
            "either's, so point another one at this folder"
            for other in others
            if other != f"{parsed.path}/"
        ]
    return notes
