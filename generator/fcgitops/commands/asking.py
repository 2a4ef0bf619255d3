"""What is asked before something is scaffolded: answers from a file, options and the terminal."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from fcgitops.commands.given import read_text
from fcgitops.core import terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.core.printable import printable
from fcgitops.core.redaction import redacted
from fcgitops.git import repo
from fcgitops.manifests import overlay
from fcgitops.manifests.skeleton import questions
from fcgitops.model import answers as answers_module
from fcgitops.model import answerstext, assignments, environments_answer
from fcgitops.model.answers import QUESTIONS, TEXTS, Answers
from fcgitops.model.assignments import DEFAULTABLE
from fcgitops.model.environment import CUSTOMIZED_CONFIG
from fcgitops.repository import scaffold
from fcgitops.repository.customized import check_parts, check_settings
from fcgitops.text import keypaths, scalars, yamlio
from fcgitops.text.words import named, shown

ASKED = ("profile", "gitops", "repo_url", "environments", "defaults")
"""In cookiecutter.json's order; `repo_slug` is DEST's last part, `requirement` has a default."""


def given(
    name: str,
    file: Path | None,
    sets: tuple[str, ...],
    environments: tuple[str, ...],
    where: str = "DEST",
    **options: str | None,
) -> tuple[dict[str, Any], list[Problem]]:
    """The raw answers, the file's and the options over them, and what is wrong so far.

    Args:
        name: the answer `repo_slug`.
        file: of answers, as YAML or JSON.
        sets: KEY=VALUE each: an answer, or a default of environments.
        environments: NAME or NAME=VARIANT each.
        where: what `name` is the last part of.
        options: answers that have an option of their own; None where it was not used.
    """
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
    given |= {option: value for option, value in options.items() if value is not None}
    if given.setdefault("repo_slug", name) != name:
        what = f"{shown(given['repo_slug'])} is not {where}'s last part, {name!r}"
        problems.append(Problem("repo_slug", what, "leave it out"))
    if environments:
        given["environments"] = [*listed, *environments]
    return given | {"defaults": keypaths.nested(defaults | more_defaults)}, problems


def _answers_file(file: Path) -> dict[str, Any]:
    root = yamlio.compose(read_text(file, str(file)).encode(), str(file))
    for path in (*((name,) for name in TEXTS), ("environments", None)):
        scalars.take_as_text(root, path)
    if problems := answerstext.misread(root, str(file)):
        raise InputError(problems)
    document = yamlio.construct(root, str(file))
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


def ask(given: dict[str, Any]) -> None:
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


def answers(raw: dict[str, Any], problems: Sequence[Problem], path: str = "") -> Answers:
    """The answers of raw values, and environments that can be made of them.

    Args:
        raw: as `given` and `ask` have it.
        problems: what was found before.
        path: the folder of the Git repository that the content is for; "" is its top.

    Raises:
        InputError: with `problems` and every further one.
    """
    try:
        parsed = answers_module.parse(raw)
        scaffold.environments(parsed)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from error
    if problems:
        raise InputError(problems)
    return dataclasses.replace(parsed, path=path)


def take_origin(fresh: repo.GitRepository, given: dict[str, Any]) -> list[Problem]:
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


def check_configurations(parsed: Answers) -> None:
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
