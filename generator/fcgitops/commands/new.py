"""`fcgitops new DEST`: a whole repository from a few answers."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from fcgitops.commands import asking, forecast
from fcgitops.commands.writing import Options
from fcgitops.core import installation, shell, terminal
from fcgitops.core.errors import InputError, Problem, ToolError
from fcgitops.git import program, repo
from fcgitops.git import push as remote
from fcgitops.git.staging import staging
from fcgitops.git.transaction import Unfinished
from fcgitops.manifests.skeleton import render_skeleton
from fcgitops.model import layout
from fcgitops.model.answers import BRANCH, Answers
from fcgitops.repository import record, scaffold
from fcgitops.repository.contents import Repository
from fcgitops.sync import entrypoints
from fcgitops.text.tree import Tree, read_file
from fcgitops.text.words import count


def run(  # noqa: PLR0913 - the command's options
    dest: Path,
    *,
    answers: Path | None,
    sets: tuple[str, ...],
    environments: tuple[str, ...],
    profile: str | None,
    gitops: str | None,
    repo_url: str | None,
    push: bool,
    no_input: bool,
    **options: Any,  # noqa: ANN401
) -> int:
    """Scaffolds a repository at `dest`, adds the environments and commits all of it.

    Args:
        dest: where; its last part is the answer `repo_slug`.
        answers: a YAML or JSON file of answers.
        sets: KEY=VALUE each: an answer, or a default of environments.
        environments: NAME or NAME=VARIANT each.
        profile: an answer.
        gitops: an answer.
        repo_url: an answer.
        push: whether to push to it.
        no_input: whether to ask for nothing.
        options: those of `writing.Options`.

    Returns:
        0.

    Raises:
        InputError: with every problem; nothing was written.
        ToolError: git or the remote refuses; the message says what was done.
    """
    how = Options(**options)
    dest = Path(os.path.abspath(dest))  # noqa: PTH100 - resolve() would follow a link at DEST
    given, problems = asking.given(
        dest.name, answers, sets, environments, profile=profile, gitops=gitops, repo_url=repo_url
    )
    fresh, more = _place(dest, given)
    problems += more
    given.setdefault("branch", _own_branch(dest))
    if not no_input and not problems and terminal.interactive():
        asking.ask(given)
    parsed = asking.answers(given, problems)
    if fresh is not None:
        _refuse_branch(dest, fresh, parsed)
    if push:
        _refuse_push(parsed, how, fresh)
    asking.check_configurations(parsed)
    tree = scaffold.repository_tree(parsed, render_skeleton(parsed))
    if fresh is None and is_there(dest, parsed, tree):
        terminal.say(f"nothing to do: {dest} is there already, from these answers")
        if push:
            branch = repo.open_repository(dest).branch or parsed.branch
            _push(dest, branch, parsed, ask=not no_input)
        return 0
    if how.dry_run:
        forecast.show_tree(dest, tree, scaffold.first_message(parsed), how.form)
        return 0
    here = fresh is None and dest.exists() and dest.samefile(Path.cwd())
    commit = _make(dest, parsed, tree, how) if fresh is None else _fill(fresh, parsed, tree, how)
    _report(dest, parsed, tree, commit)
    if here:  # the repository was renamed to where the empty folder was
        terminal.say("this shell still stands in the empty folder that was there: `cd .`")
    if push:
        _push(dest, how.branch or parsed.branch, parsed, ask=not no_input)
    return 0


def _refuse_branch(dest: Path, fresh: repo.GitRepository, parsed: Answers) -> None:
    """Refuses to commit to another branch than the one that is synced."""
    if fresh.branch != parsed.branch:
        what = f"is {parsed.branch!r}, and {dest} is on the branch {fresh.branch!r}"
        switch = shell.line("git", "-C", str(dest), "switch", "-c", parsed.branch)
        raise InputError(Problem("branch", what, f"{switch}, or leave the answer out"))


def _refuse_push(parsed: Answers, how: Options, fresh: repo.GitRepository | None) -> None:
    """Refuses to push where there is no remote to be, or no commit."""
    if not parsed.repo_url and not (fresh and fresh.origin):
        raise InputError(Problem("--push", "has nowhere to push to", "--repo-url URL"))
    if how.no_commit or how.dry_run:
        raise InputError(
            Problem("--push", "has no commit to push", "without --no-commit, --dry-run")
        )


def _place(dest: Path, given: dict[str, Any]) -> tuple[repo.GitRepository | None, list[Problem]]:
    """The repository that is to be filled, None where one is to be made; and what is wrong so far.

    Raises:
        InputError: no repository belongs there.
    """
    fresh = _fresh(dest)
    if fresh is None:
        _refuse_place(dest)
        return None, []
    return fresh, asking.take_origin(fresh, given)


def _fresh(dest: Path) -> repo.GitRepository | None:
    """The Git repository at `dest` that has nothing in it yet; None where there is none."""
    if not (dest / ".git").exists():
        return None
    with suppress(InputError):  # what is wrong with it is said where it is needed
        found = repo.open_repository(dest)
        return found if found.is_fresh else None
    return None


def _own_branch(dest: Path) -> str:
    """The synced branch of a repository that is there, the own one of an empty one, or `BRANCH`."""
    with suppress(InputError):  # what is wrong with it is said where it is needed
        if (dest / layout.ANSWERS).is_file():
            return Repository(dest).answers.branch
        if (dest / ".git").exists():
            return repo.open_repository(dest).branch or BRANCH
    return BRANCH


def _push(dest: Path, branch: str, parsed: Answers, *, ask: bool) -> None:
    remote.push(dest, branch, interactive=ask and terminal.interactive())
    terminal.say(f"pushed {branch} to {parsed.repo_url or 'origin'}")


def _refuse_place(dest: Path) -> None:
    """Refuses a place where no repository belongs.

    Raises:
        InputError: with the reason.
    """
    if dest.is_symlink() and not dest.exists():
        raise InputError(Problem(str(dest), "is a symbolic link to nothing", "another DEST"))
    if dest.exists() and not dest.is_dir():
        raise InputError(Problem(str(dest), "is a file", "a folder that does not exist yet"))
    if not dest.is_dir() or not any(dest.iterdir()):
        above = program.inside_other_work_tree(dest)
        if above is not None:
            raise InputError(
                Problem(str(dest), f"is inside the Git repository {above}",
                        "another place, or ignore it there")
            )  # fmt: skip
        return
    if not (dest / layout.ANSWERS).is_file():
        if (dest / ".git").exists() and len(list(dest.iterdir())) == 1:
            what = "is a Git repository with commits, or with something staged"
            raise InputError(Problem(str(dest), what, "one that was just made, or --into"))
        raise InputError(
            Problem(str(dest), "is not empty, and no repository of fcgitops",
                    "a folder that does not exist yet, or a Git repository without any file")
        )  # fmt: skip


def is_there(dest: Path, parsed: Answers, tree: Tree) -> bool:
    """Whether `dest` is a repository from just these answers.

    Raises:
        InputError: it is one from other answers, or of another version.
    """
    if not dest.is_dir() or not any(dest.iterdir()):
        return False
    repository = Repository(dest)
    repository.require_same_version()
    missing = [name for name in parsed.environments if name not in repository.environment_names()]
    others = [
        name
        for name, variant in parsed.environments.items()
        if name not in missing and repository.environment(name).variant != variant
    ]
    problems = [
        Problem(f"--env {name}", "is not in the repository that is there already" if name in missing
                else "has another variant in the repository that is there already",
                shell.line("fcgitops", "-C", str(dest), "overlay", name, "--variant",
                           parsed.environments[name]))
        for name in (*missing, *others)
    ]  # fmt: skip
    recorded, wanted = _base(read_file(dest, layout.BASE_RECORD)), _base(tree[layout.BASE_RECORD])
    if recorded is None or recorded != wanted:
        problems.append(
            Problem(str(dest), "was generated from other answers",
                    "another DEST, or the answers in its fcgitops.yaml")
        )  # fmt: skip
    if problems:
        raise InputError(problems)
    return True


def _base(recorded: bytes | None) -> Tree | None:
    """What a base's record holds that follows from the answers alone.

    The entry points say the same, and whether an environment of later runs NNI.
    """
    tree = record.decode(recorded)
    return tree and {p: data for p, data in tree.items() if not entrypoints.is_shared(p)}


def _make(dest: Path, parsed: Answers, tree: Tree, how: Options) -> str | None:
    """Makes the repository beside `dest` and moves it there: a killed run leaves no half of it.

    Raises:
        InputError: there is no place for it; nothing was written.
    """
    try:
        return _made(dest, parsed, tree, how)
    except OSError as error:
        place = str(error.filename or dest)
        what = error.strerror or str(error)
        raise InputError(Problem(place, what, "nothing was written")) from error


def _fill(fresh: repo.GitRepository, parsed: Answers, tree: Tree, how: Options) -> str | None:
    """Commits the tree in a repository that is there; all or nothing, as every other commit."""
    commit = fresh.commit(
        tree,
        how.message or scaffold.first_message(parsed),
        branch=how.branch if how.branch != fresh.branch else None,
        commit=not how.no_commit,
    )
    if parsed.repo_url and not fresh.origin:
        fresh.add_origin(parsed.repo_url)
    return commit


def _made(dest: Path, parsed: Answers, tree: Tree, how: Options) -> str | None:
    with staging(dest) as stage:
        try:
            commit = repo.init_and_commit(
                stage,
                tree,
                how.message or scaffold.first_message(parsed),
                branch=how.branch or parsed.branch,
                commit=not how.no_commit,
                remote_url=parsed.repo_url,
            )
        except Unfinished as error:  # which is no matter here: all of it goes
            raise ToolError(error.reasons) from error
        target = dest.resolve() if dest.is_symlink() else dest
        try:
            stage.rename(target)
        except OSError as error:
            raise InputError(
                Problem(str(dest), f"cannot be made: {error.strerror}", "another DEST")
            ) from error
    return commit


def _report(dest: Path, parsed: Answers, tree: Tree, commit: str | None) -> None:
    done = f"commit {commit[:10]}" if commit else "staged, not committed"
    terminal.say(f"{dest}: {count(len(tree), 'file')}, {done}")
    for name, variant in parsed.environments.items():
        terminal.say(f"  overlays/{name} ({variant})")
    origin, here_alone = installation.source(parsed.requirement)
    terminal.say(f"next: {shell.line('cd', str(dest))} && make help")
    terminal.say(
        f"  `make` uses an fcgitops {parsed.version} on PATH, or installs one from {origin} "
        "(requirements.txt)"
    )
    if here_alone:
        terminal.say(
            "  that place is on this machine alone: for colleagues and CI, name an index version "
            "or a Git URL in requirements.txt"
        )
