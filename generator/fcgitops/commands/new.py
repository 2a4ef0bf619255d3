"""`fcgitops new DEST`: a whole repository from a few answers."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from fcgitops.commands.writing import Options, read_text, show
from fcgitops.core import installation, shell, terminal
from fcgitops.core.errors import InputError, Problem, ToolError
from fcgitops.core.printable import printable
from fcgitops.core.redaction import redacted
from fcgitops.git import program, repo
from fcgitops.git import push as remote
from fcgitops.git.staging import staging
from fcgitops.git.transaction import Unfinished
from fcgitops.manifests import overlay
from fcgitops.manifests.skeleton import questions, render_skeleton
from fcgitops.model import answers as answers_module
from fcgitops.model import assignments, layout
from fcgitops.model import environments as environments_answer
from fcgitops.model.answers import BRANCH, QUESTIONS, Answers
from fcgitops.model.assignments import DEFAULTABLE
from fcgitops.model.environment import CUSTOMIZED_CONFIG
from fcgitops.repository import record, scaffold
from fcgitops.repository.contents import Repository
from fcgitops.repository.customized import check_parts, check_settings
from fcgitops.repository.merge import Merged
from fcgitops.sync import entrypoints
from fcgitops.text import keypaths, yamlio
from fcgitops.text.tree import Tree, read_file
from fcgitops.text.words import count, named, shown

ASKED = ("profile", "gitops", "repo_url", "environments", "defaults")
"""In cookiecutter.json's order; `repo_slug` is DEST's last part, `requirement` has a default."""


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
    given, problems = _given(dest, answers, sets, environments)
    for name, value in (("profile", profile), ("gitops", gitops), ("repo_url", repo_url)):
        if value is not None:
            given[name] = value
    fresh, more = _place(dest, given)
    problems += more
    given.setdefault("branch", _own_branch(dest))
    if not no_input and not problems and terminal.interactive():
        _ask(given)
    try:
        parsed = answers_module.parse(given)
        scaffold.environments(parsed)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from error
    if problems:
        raise InputError(problems)
    if push:
        _refuse_push(parsed, how, fresh)
    _check_configurations(parsed)
    tree = scaffold.repository_tree(parsed, render_skeleton(parsed))
    if fresh is None and _is_there(dest, parsed, tree):
        terminal.say(f"nothing to do: {dest} is there already, from these answers")
        if push:
            branch = repo.open_repository(dest).branch or parsed.branch
            _push(dest, branch, parsed, ask=not no_input)
        return 0
    if how.dry_run:
        show(dest, Merged(dict(tree)))
        return 0
    here = fresh is None and dest.exists() and dest.samefile(Path.cwd())
    commit = _make(dest, parsed, tree, how) if fresh is None else _fill(fresh, parsed, tree, how)
    _report(dest, parsed, tree, commit)
    if here:  # the repository was renamed to where the empty folder was
        terminal.say("this shell still stands in the empty folder that was there: `cd .`")
    if push:
        _push(dest, how.branch or parsed.branch, parsed, ask=not no_input)
    return 0


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
    return fresh, _origin(fresh, given)


def _fresh(dest: Path) -> repo.GitRepository | None:
    """The Git repository at `dest` that has nothing in it yet; None where there is none."""
    if not (dest / ".git").exists():
        return None
    with suppress(InputError):  # what is wrong with it is said where it is needed
        found = repo.open_repository(dest)
        return found if found.is_fresh else None
    return None


def _origin(fresh: repo.GitRepository, given: dict[str, Any]) -> list[Problem]:
    """Takes the repository's own URL from its remote, and says where another one is asked for."""
    if not (url := fresh.origin):
        return []
    told = printable(redacted(url))
    if asked := given.get("repo_url"):
        same = str(asked).rstrip("/") == url.rstrip("/")
        what = f"is {redacted(str(asked))}, and the remote origin here is {told}"
        return [] if same else [Problem("repo_url", what, "leave it out")]
    if answers_module.check_answer("repo_url", url):
        terminal.say(f"note: {told} is no URL that can be synced: repo_url stays empty")
    else:
        given["repo_url"] = url
    return []


def _own_branch(dest: Path) -> str:
    """The synced branch of a repository that is there, the own one of an empty one, or `BRANCH`."""
    with suppress(InputError):  # what is wrong with it is said where it is needed
        if (dest / layout.ANSWERS).is_file():
            return Repository(dest).answers.branch
        if (dest / ".git").exists():
            return repo.open_repository(dest).branch or BRANCH
    return BRANCH


def _check_configurations(parsed: Answers) -> None:
    """Refuses defaults with settings that FrameworkController would not start with."""
    variant = scaffold.variant_config(parsed.profile)
    for env in scaffold.environments(parsed):
        if not env.settings or env.variant != CUSTOMIZED_CONFIG:
            continue
        problems = check_parts(env, variant, "defaults") or check_settings(
            overlay.configuration(env, variant), "defaults"
        )
        if problems:
            raise InputError(problems)


def _push(dest: Path, branch: str, parsed: Answers, *, ask: bool) -> None:
    remote.push(dest, branch, interactive=ask and terminal.interactive())
    terminal.say(f"pushed {branch} to {parsed.repo_url or 'origin'}")


def _given(
    dest: Path, file: Path | None, sets: tuple[str, ...], environments: tuple[str, ...]
) -> tuple[dict[str, Any], list[Problem]]:
    """The raw answers, the file's and the options over them, and what is wrong so far."""
    given: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    listed: list[str] = []
    answered, more_defaults, problems = _sets(sets)
    try:
        given |= _answers_file(file) if file is not None else {}
        listed = environments_answer.listed(given.get("environments") or [])
    except InputError as error:
        problems += error.problems
        given.pop("environments", None)
    try:
        defaults = answers_module.parse_defaults(given.get("defaults") or {}, "defaults")
    except InputError as error:
        problems += error.problems
    given |= answered
    if given.setdefault("repo_slug", dest.name) != dest.name:
        what = f"{shown(given['repo_slug'])} is not DEST's last part, {dest.name!r}"
        problems.append(Problem("repo_slug", what, "leave it out"))
    if environments:
        given["environments"] = [*listed, *environments]
    return given | {"defaults": keypaths.nested(defaults | more_defaults)}, problems


def _answers_file(file: Path) -> dict[str, Any]:
    root = yamlio.compose(read_text(file, str(file)).encode(), str(file))
    document = yamlio.construct(root, str(file))
    if problems := answers_module.ambiguous(root, str(file)):
        raise InputError(problems)
    if not isinstance(document, dict):
        raise InputError(Problem(str(file), "is no mapping of answers", "profile: hardened"))
    return {named(key): value for key, value in document.items()}


def _sets(pairs: tuple[str, ...]) -> tuple[dict[str, str], dict[str, Any], list[Problem]]:
    """KEY=VALUE texts as answers and as defaults of environments, and what is wrong."""
    answered: dict[str, str] = {}
    defaults: dict[str, Any] = {}
    problems: list[Problem] = []
    others = []
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name not in QUESTIONS:
            others.append(pair)
        elif name != "defaults":
            answered[name] = text
        else:
            try:
                defaults |= answers_module.parse_defaults(text, "defaults")
            except InputError as error:
                problems += error.problems
    typed, wrong = assignments.parse(others, "--set", DEFAULTABLE, QUESTIONS)
    return answered, defaults | typed.over(defaults), problems + wrong


def _ask(given: dict[str, Any]) -> None:
    """Asks for each answer that is not given, until it is right."""
    prompts = questions()["__prompts__"]
    for name in ASKED:
        if given.get(name):
            continue
        default = questions()[name]
        prompt = prompts[name]
        if isinstance(default, list):
            for choice in default:
                click.echo(f"  {prompt[choice]}", err=True)
            prompt, default = prompt["__prompt__"], default[0]
        while True:
            answer = click.prompt(prompt, default=default, show_default=bool(default), err=True)
            wrong = answers_module.check_answer(name, answer)
            if not wrong:
                given[name] = answer
                break
            for line in wrong.split("\n"):
                click.echo(f"  {Problem('', line)}", err=True)


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
        raise InputError(
            Problem(str(dest), "is not empty, and no repository of fcgitops",
                    "a folder that does not exist yet, or a Git repository without any file")
        )  # fmt: skip


def _is_there(dest: Path, parsed: Answers, tree: Tree) -> bool:
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
