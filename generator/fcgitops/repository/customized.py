"""The variant customized-config: its file, and the texts that a configuration is merged of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fcgitops.core.errors import InputError, Problem
from fcgitops.manifests import overlay
from fcgitops.model import environment as model
from fcgitops.model import layout, settings
from fcgitops.model.environment import Environment
from fcgitops.repository import scaffold
from fcgitops.repository.contents import Repository

if TYPE_CHECKING:
    from fcgitops.core.findings import Finding


def check_parts(environment: Environment, variant: str, where: str) -> list[Problem]:
    """What is wrong with the two texts that an environment's configuration is merged of.

    Args:
        environment: one of the variant customized-config.
        variant: the text of that variant's frameworkcontroller.yaml.
        where: its environment.yaml, or the option that its settings come from, for messages.
    """
    own = check_settings(overlay.own_settings(environment), where)
    return own or [found.problem(layout.VARIANT_FILE) for found in _faults(variant)]


def _faults(text: str) -> list[Finding]:
    from fcgitops.fcconfig.check import check  # noqa: PLC0415 - only customized ones need it
    from fcgitops.fcconfig.findings import faults  # noqa: PLC0415

    return faults(check(text.encode()))


def check_settings(text: str, where: str) -> list[Problem]:
    """What FrameworkController would panic on, or not take as written, in settings.

    Args:
        text: its file, or an environment's own part of it.
        where: the source of the settings, for messages.
    """
    return [
        Problem(
            f"{where}: settings{f'.{found.path}' if found.path else ''}",
            f"{found.message} [{found.rule}]",
            found.hint,
        )
        for found in _faults(text)
    ]


def known_settings(problems: Iterable[Problem]) -> list[Problem]:
    """Problems of `check_settings`, without those of unknown settings: the model tells these."""
    names = settings.names()
    return [
        problem
        for problem in problems
        if not problem.what.endswith("[FCC11]")
        or problem.where.rpartition(": settings.")[2].partition(".")[0] in names
    ]


def of_request(problems: Iterable[Problem], where: str) -> list[Problem]:
    """Problems of an environment whose settings stand in a request and nowhere else.

    The hint at settings that have no file is for who has typed them.
    """
    hint = f"--variant {model.CUSTOMIZED_CONFIG}, or take them away"
    return [
        Problem(f"{where}: settings", problem.what, hint)
        if problem.what == model.NO_FILE_FOR_SETTINGS
        else problem
        for problem in problems
    ]


def variant_config(repository: Repository) -> str:
    """The repository's own customized-config, which its owners may have changed."""
    data = repository.read(layout.VARIANT_FILE)
    if data is None:
        return scaffold.variant_config(repository.answers.profile)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(Problem(f"{layout.VARIANT_FILE}:{line}", "is not UTF-8 text")) from error
