"""Answers and a rendered skeleton → the whole tree of a new repository."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace

from fcgitops.core import installation
from fcgitops.core.errors import InputError, Problem
from fcgitops.fcconfig import schema
from fcgitops.manifests import overlay
from fcgitops.manifests.skeleton import render_skeleton, skeleton_paths, template_root
from fcgitops.model import answersfile, consistency, layout
from fcgitops.model.answers import Answers
from fcgitops.model.environment import (
    CUSTOMIZED_CONFIG,
    PROFILES,
    VARIANTS,
    Environment,
    default_values,
    environment,
)
from fcgitops.repository import record
from fcgitops.sync import entrypoints
from fcgitops.text.tree import Tree, at, read_tree, under

PROFILES_FOLDER = "profiles"


@functools.cache
def variant_files(variant: str, profile: str) -> Tree:
    """The files of `overlays/VARIANT/`: what both profiles share and what `profile` adds."""
    tree = read_tree(template_root() / layout.OVERLAYS / variant)
    shared = {path: data for path, data in tree.items() if "/" not in path}
    return shared | under(tree, profile)


def variant_config(profile: str) -> str:
    """The text of FrameworkController's file in the variant customized-config."""
    return variant_files(CUSTOMIZED_CONFIG, profile)[layout.CONFIG_FILE].decode()


def requirements(answers: Answers) -> bytes:
    """What pip installs into the repository's .venv/."""
    return (
        "# The fcgitops that `make` installs into .venv: the one place that says which.\n"
        "# An index version, a wheel's path, or `frameworkcontroller-gitops @ git+https://…@REV`.\n"
        f"{answers.requirement}\n"
    ).encode()


def pin(requirements: bytes) -> str:
    """The line of requirements.txt that names fcgitops: the last one that was generated."""
    lines = [line.strip() for line in requirements.decode(errors="replace").splitlines()]
    named = [line for line in lines if line.startswith(installation.NAME)]
    return next(reversed(named or [line for line in lines if line and line[0] != "#"]), "")


def generated(answers: Answers, pinned: bytes | None) -> Tree:
    """All that is in the base's record, as this version generates it from the answers.

    Args:
        answers: of a repository of this version.
        pinned: its requirements.txt, whose answer is recorded nowhere else.
    """
    answers = replace(answers, requirement=pin(pinned or b"") or answers.requirement)
    tree = base_tree(answers, render_skeleton(answers))
    del tree[layout.BASE_RECORD]
    return tree


def base_tree(answers: Answers, skeleton: Mapping[str, bytes]) -> Tree:
    """Everything of a repository but its environments, with its record.

    Args:
        answers: the answers.
        skeleton: `template.render_skeleton`'s, or what cookiecutter wrote: files of one
            profile stand below profiles/PROFILE/ and move to the top.
    """
    tree = _of_the_base(answers, skeleton)
    return tree | {layout.BASE_RECORD: record.encode(tree)}


def base_paths(answers: Answers) -> set[str]:
    """What the record of `base_tree` may name, in whichever profile; nothing is rendered."""
    skeleton = dict.fromkeys(skeleton_paths(), b"")
    each = (_of_the_base(replace(answers, profile=profile), skeleton) for profile in PROFILES)
    return {path for tree in each for path in tree}


def _of_the_base(answers: Answers, skeleton: Mapping[str, bytes]) -> Tree:
    """`base_tree` without its record."""
    profiles = f"{PROFILES_FOLDER}/"
    tree = {path: data for path, data in skeleton.items() if not path.startswith(profiles)}
    tree |= under(skeleton, f"{PROFILES_FOLDER}/{answers.profile}")
    for path in left_out(answers, tree):
        del tree[path]
    for variant in VARIANTS:
        tree |= at(layout.overlay(variant), variant_files(variant, answers.profile))
    tree[layout.REQUIREMENTS] = requirements(answers)
    tree[layout.SCHEMA] = schema.FILE.read_bytes()
    from fcgitops.model import schemas  # noqa: PLC0415 - what changes one environment needs none

    tree |= schemas.files()
    tree |= entrypoints.of_repository(answers)
    tree[layout.ANSWERS] = answersfile.render(answers)
    return tree


def left_out(answers: Answers, skeleton: Iterable[str]) -> list[str]:
    """The skeleton's files that do nothing where the content stands, or on its forge."""
    return [
        path
        for path in skeleton
        if (answers.path and layout.is_read_at_the_top(path))
        or layout.is_of_another_forge(path, answers.forge)
    ]


def read_at_the_top() -> set[str]:
    """The skeleton's files that go where the content becomes a folder of a repository."""
    return {path for path in skeleton_paths() if layout.is_read_at_the_top(path)}


def new_environment(
    env: Environment, source: str, answers: Answers, cluster_role: bytes | None
) -> Tree:
    """All files of a new environment, relative to the repository, with its records.

    Args:
        env: the environment.
        source: the text of its environment.yaml.
        answers: of the repository.
        cluster_role: content of `layout.CLUSTER_ROLE`.
    """
    configuration = ""
    if env.variant == CUSTOMIZED_CONFIG:
        configuration = overlay.configuration(env, variant_config(answers.profile))
    files = overlay.environment_files(env, answers.profile, configuration)
    tree = at(
        layout.overlay(env.name),
        {layout.SOURCE_FILE: source.encode(), **record.with_record(files), **overlay.LOCAL},
    )
    for place, entries in entrypoints.of_environment(env, answers, cluster_role).items():
        tree |= at(place, record.with_record(entries))
    return tree


def environments(answers: Answers) -> list[Environment]:
    """The environments that the answers name.

    Raises:
        InputError: with every problem of every environment.
    """
    found = []
    problems: list[Problem] = []
    for name, variant in answers.environments.items():
        try:
            found.append(
                environment(
                    name, {"variant": variant}, answers.environment_defaults, answers.profile,
                    f"environment {name}", defaults_where="defaults",
                )
            )  # fmt: skip
        except InputError as error:
            problems += error.problems
    if answers.profile == "hardened" and not answers.environments:
        values = default_values(answers.profile) | answers.environment_defaults
        problems += consistency.image_tag(values, "defaults: {}".format)
    if problems:
        raise InputError(problems)
    return found


def repository_tree(answers: Answers, skeleton: Mapping[str, bytes]) -> Tree:
    """The whole tree of a new repository, the answered environments included.

    Raises:
        InputError: with every problem of every environment.
    """
    tree = base_tree(answers, skeleton)
    for env in environments(answers):
        defaults = default_values(answers.profile) | answers.environment_defaults
        source = overlay.source(env.name, {"variant": env.variant}, defaults)
        tree |= new_environment(env, source, answers, tree.get(layout.CLUSTER_ROLE))
    return tree


def first_message(answers: Answers) -> str:
    """The message of the commit that makes a repository."""
    named = ", ".join(answers.environments)
    where = f" in {answers.path}" if answers.path else ""
    return (
        f"Scaffold {answers.repo_slug}{where}\n\n"
        f"FrameworkController for {answers.gitops}, profile {answers.profile}"
        f"{f', environments {named}' if named else ''}.\n"
        f"Generated by fcgitops {answers.version}.\n"
    )
