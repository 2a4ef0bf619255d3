"""The words that a shell completes: names of the repository's, and fixed ones.

Each function takes what click gives to a `shell_complete`, and returns the words that begin with
what was typed. A shell asks at every <Tab>, so nothing is imported before, and no fault is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import click

from fcgitops.core.errors import FcgitopsError


def environments(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """The repository's environments."""
    from fcgitops.repository import listing  # noqa: PLC0415

    return _of_repository(context, typed, listing.environments)


def experiments(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """The repository's experiments."""
    from fcgitops.repository import listing  # noqa: PLC0415

    return _of_repository(context, typed, listing.experiments)


def kustomizations(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """All that kustomize can build: variants, environments, ENV/nni, experiments/NAME."""
    from fcgitops.repository import listing  # noqa: PLC0415

    return _of_repository(context, typed, lambda root: map(str, listing.kustomizations(root)))


def sides(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """What `diff` compares: environments, and Git's branches and tags."""
    from fcgitops.repository import listing  # noqa: PLC0415

    def known(root: Path) -> list[str]:
        return [*listing.environments(root), *_revisions(root)]

    return _of_repository(context, typed, known)


def revisions(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """Git's branches and tags."""
    return _of_repository(context, typed, _revisions)


def _revisions(root: Path) -> list[str]:
    from fcgitops.git import program  # noqa: PLC0415

    told = program.glance(root, "for-each-ref", "--format=%(refname:short)") or b""
    return program.text(told).split()


def environment_of_variant(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """NAME=VARIANT, once the name is there."""
    from fcgitops.model import layout  # noqa: PLC0415

    name, equals, _variant = typed.partition("=")
    return _beginning([f"{name}={v}" for v in layout.VARIANTS], typed) if equals else []


def variants(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """What an environment may build on."""
    from fcgitops.model import layout  # noqa: PLC0415

    return _beginning(layout.VARIANTS, typed)


def profiles(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """The answers to `profile`."""
    from fcgitops.model.environment import PROFILES  # noqa: PLC0415

    return _beginning(PROFILES, typed)


def answers_to_gitops(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """The answers to `gitops`."""
    from fcgitops.model import synctools  # noqa: PLC0415

    return _beginning((*synctools.KNOWN, synctools.ALL), typed)


def tools(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """The sync tools."""
    from fcgitops.model import synctools  # noqa: PLC0415

    return _beginning(synctools.KNOWN, typed)


def settings(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """The keys of FrameworkController's file."""
    from fcgitops.fcconfig import schema  # noqa: PLC0415

    return _beginning([path.replace("[]", "") for path, _ in schema.walk()], typed)


def assignments(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """KEY= of every key of environment.yaml and every setting."""
    return [] if "=" in typed else [f"{key}=" for key in keys(_, __, typed)]


def keys(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """The keys of environment.yaml, and FrameworkController's settings."""
    from fcgitops.model.assignments import SETTABLE  # noqa: PLC0415
    from fcgitops.model.settings import names  # noqa: PLC0415

    return _beginning([*SETTABLE, *names()], typed)


def numbers(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """The numbers of checks and rules."""
    from fcgitops.commands import explain  # noqa: PLC0415

    return _beginning(explain.numbers(), typed.upper())


def severities(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """The severities of effects."""
    from fcgitops.diff.effects import Severity  # noqa: PLC0415

    return _beginning([severity.word.replace(" ", "-") for severity in Severity], typed)


def _of_repository(
    context: click.Context, typed: str, names: Callable[[Path], Iterable[str]]
) -> list[str]:
    """Names in the repository that the command would work in; none where there is none."""
    from fcgitops.model import layout  # noqa: PLC0415

    top = context.find_root().params.get("at") or Path()
    with suppress(FcgitopsError, OSError):
        root = layout.root_of(top / (context.params.get("at") or Path()))
        return _beginning(names(root), typed)
    return []


def _beginning(words: Iterable[str], typed: str) -> list[str]:
    return [word for word in words if word.startswith(typed)]
