"""The answers to cookiecutter.json's questions: what each may be, and what follows from them.

`answersfile` has fcgitops.yaml, which records them.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fcgitops import __version__
from fcgitops.core import installation
from fcgitops.core.errors import InputError, Problem
from fcgitops.kubernetes import values as kube
from fcgitops.model import assignments, environments_answer, layout, promotion, synctools
from fcgitops.model import gates as gates_module
from fcgitops.model.assignments import DEFAULTABLE
from fcgitops.model.environment import PROFILES, check_values
from fcgitops.text import values
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import shown

if TYPE_CHECKING:
    from fcgitops.kubernetes import schema

RECORDED = (
    "repo_slug", "profile", "gitops", "forge", "repo_url", "branch", "argocd_version",
    "flux_secret", "signing_keys", "kubernetes",
)  # fmt: skip
PATH = "path"
"""An answer too, of `new --into` alone: the folder of a bigger repository that has the content."""
KUBERNETES = "1.29-"
"""The versions that a repository is for, unless it says so itself: of all that are known here."""
ARGOCD_VERSIONS = ("3.2", "3.0", "3.1", "3.3", "3.4", "3.5", "3.6")
"""The versions of Argo CD whose settings are known here; the end-to-end tests ran the first."""
BRANCH = "main"
"""The one branch, unless the answer `branch` has another: `new` commits on it, and it is synced.

Environments are folders, so what differs between them is seen side by side and a promotion is a
commit; with a branch each it would be a merge. One name leaves nothing to keep in line.
"""
NO_URL = "https://git.example.invalid/set-repo_url.git"
"""Stands where the repository's URL belongs, until it is known; nothing resolves it."""


@dataclass(frozen=True)
class Answers:
    """What a repository is generated from; every value is valid."""

    repo_slug: str
    profile: str = "hardened"
    gitops: str = synctools.ARGOCD.name
    repo_url: str = ""
    requirement: str = field(default_factory=installation.requirement)
    """What the repository's Makefile installs; by default the fcgitops that is running."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Key path → value, for all environments that do not say otherwise."""
    environments: Mapping[str, str] = field(default_factory=dict)
    """Name → variant, in the order given."""
    version: str = __version__
    """The fcgitops that wrote the repository."""
    argocd_version: str = ARGOCD_VERSIONS[0]
    flux_secret: str = ""
    """Name of the Secret with Flux's credentials for the repository; empty for none."""
    signing_keys: str = ""
    """IDs of the GnuPG keys that a synced commit must be signed with; empty for any commit."""
    branch: str = BRANCH
    """What Argo CD and Flux follow."""
    promote: promotion.Rules = field(default_factory=promotion.Rules)
    """Which keys of environment.yaml `promote` copies."""
    gates: gates_module.Gates = field(default_factory=gates_module.Gates)
    """What must be so before that."""
    forge: str = layout.FORGES[0]
    """Whose CI it has."""
    path: str = ""
    """The folder of the Git repository in which all of it stands; empty where that is its top."""
    kubernetes: str = KUBERNETES
    """The Kubernetes versions of its clusters: FIRST-LAST, or FIRST- for all from it on."""

    def at(self, path: str) -> str:
        """A path from the top of the Git repository, as Argo CD and Flux have it."""
        return f"{self.path}/{path}" if self.path else path

    @property
    def source_url(self) -> str:
        """What Argo CD and Flux fetch."""
        return self.repo_url or NO_URL

    @property
    def tools(self) -> list[synctools.Traits]:
        """The sync tools that the repository is made for."""
        return synctools.answered(self.gitops)

    @property
    def keys(self) -> list[str]:
        """The IDs of `signing_keys`."""
        return self.signing_keys.replace(",", " ").upper().split()

    @property
    def versions(self) -> schema.Versions | None:
        """The Kubernetes versions that it states; None where it has the default."""
        if self.kubernetes == KUBERNETES:
            return None
        from fcgitops.kubernetes import schema  # noqa: PLC0415 - few repositories state versions

        first, _, last = self.kubernetes.partition("-")
        return schema.Versions(first, last or schema.known_versions()[-1])

    @property
    def environment_defaults(self) -> dict[str, Any]:
        """The repository's defaults and what follows from the answers themselves."""
        return {"sync": self.tools[0].name, **self.defaults}


def _gitops(value: object) -> str:
    return values.one_of(*synctools.KNOWN, synctools.ALL)(value)


def _versions(value: object) -> str:
    if value == KUBERNETES:
        return ""
    from fcgitops.kubernetes import schema  # noqa: PLC0415 - few repositories state versions

    known = schema.known_versions()
    wanted = f"FIRST-LAST or FIRST-, of {known[0]} to {known[-1]}; quote it"
    if not isinstance(value, str):
        return f"{shown(value)} is not text ({wanted})"
    first, dash, last = value.partition("-")
    if not dash or first not in known or (last and last not in known):
        return f"{shown(value)} is not known ({wanted})"
    if last and known.index(last) < known.index(first):
        return f"{shown(value)} ends before it begins ({wanted})"
    return ""


_CHECKS: dict[str, values.Check] = {
    "repo_slug": values.slug,
    "profile": values.one_of(*PROFILES),
    "gitops": _gitops,
    "forge": values.one_of(*layout.FORGES),
    "repo_url": values.optional(values.repository_url),
    "branch": values.branch,
    "argocd_version": values.one_of(*ARGOCD_VERSIONS),
    "flux_secret": values.optional(kube.subdomain),
    "signing_keys": values.optional(values.signing_keys),
    "kubernetes": _versions,
    "requirement": values.optional(values.requirement),
}
TEXTS = tuple(_CHECKS)
"""The answers that are text, and are taken as they are written: `argocd_version: 3.4`."""
QUESTIONS = (*_CHECKS, "defaults", "environments")


def check_answer(name: str, value: object) -> str:
    """What is wrong with one answer, or the empty text."""
    if name in _CHECKS:
        return _CHECKS[name](value)
    try:
        if name == "environments":
            environments_answer.parse(value, name)
        else:
            parse_defaults(value, name)
    except InputError as error:
        return "\n".join(str(Problem("", p.what, p.hint)) for p in error.problems)
    return ""


def parse(given: Mapping[str, Any], where: str = "") -> Answers:
    """Answers of raw values; what is not given has its default.

    Args:
        given: question → text; `environments` may be a list or a mapping, `defaults` a mapping.
        where: the file they come from, for messages; empty for options.

    Raises:
        InputError: with every problem of every answer.
    """
    place = f"{where}: " if where else ""
    problems = [
        Problem(f"{place}{name}", "is no question", did_you_mean(name, QUESTIONS))
        for name in given
        if name not in QUESTIONS
    ]
    parsed: dict[str, Any] = {}
    for name, check in _CHECKS.items():
        if name not in given or (name == "requirement" and not given[name]):
            continue
        parsed[name] = given[name]
        problems += [
            Problem(f"{place}{name}", line) for line in check(given[name]).split("\n") if line
        ]
    for name, read in (("defaults", parse_defaults), ("environments", environments_answer.parse)):
        try:
            parsed[name] = read(given.get(name, ""), f"{place}{name}")
        except InputError as error:
            problems += error.problems
    if parsed.get("repo_url"):
        parsed["repo_url"] = str(parsed["repo_url"]).rstrip("/")
    problems += _misfits(parsed, place)
    if problems:
        raise InputError(problems)
    return Answers(**parsed)


def _misfits(parsed: Mapping[str, Any], place: str) -> list[Problem]:
    """What does not go together with other answers, or is missing.

    Args:
        parsed: the answers, each checked by itself.
        place: the file they come from, for messages.
    """
    problems = []
    profile, url = parsed.get("profile", PROFILES[0]), str(parsed.get("repo_url"))
    if profile in PROFILES and "defaults" in parsed:
        problems += check_values(parsed["defaults"], f"{place}defaults", profile)
    if url.startswith("file:"):
        problems += [
            Problem(
                f"{place}repo_url",
                f"{url!r} is a folder, which {tool.label} does not fetch",
                "https://HOST/PATH or ssh://…",
            )
            for tool in synctools.answered(str(parsed.get("gitops", "")))
            if not tool.fetches_folders
        ]
    if "repo_slug" not in parsed:
        problems.append(Problem(f"{place}repo_slug", "is not given", "the repository's name"))
    return problems


def parse_defaults(value: object, where: str) -> dict[str, Any]:
    """Key path → value of `defaults`, written as a nested mapping or as KEY=VALUE texts.

    Raises:
        InputError: with every problem.
    """
    flat: dict[str, Any] = {}
    problems: list[Problem] = []
    if isinstance(value, dict):
        typed, problems = assignments.of_mapping(value, where, DEFAULTABLE)
        flat = typed.over({})
    elif isinstance(value, str):
        try:
            pairs = shlex.split(value)
        except ValueError as error:
            raise InputError(Problem(where, f"{value!r}: {error}", "KEY=VALUE each")) from error
        typed, problems = assignments.parse(pairs, where, DEFAULTABLE)
        flat = typed.over({})
    else:
        problems.append(Problem(where, f"{shown(value)} is not text", "KEY=VALUE each"))
    if problems:
        raise InputError(problems + check_values(flat, where, PROFILES[0]))
    return {path: flat[path] for path in DEFAULTABLE if path in flat}
