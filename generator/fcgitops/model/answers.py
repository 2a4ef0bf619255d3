"""The answers to cookiecutter.json's questions, and `fcgitops.yaml`, which records them.

`environments` and `requirement` are answered once and not recorded there: the first is
the folders below overlays/, the second stands in requirements.txt, where users change it.
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
from fcgitops.model import answersfile, assignments, environments, layout, promotion, synctools
from fcgitops.model import gates as gates_module
from fcgitops.model.assignments import DEFAULTABLE
from fcgitops.model.environment import (
    PROFILES,
    check_values,
    default_values,
)
from fcgitops.text import keypaths, values, yamlio
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import named, shown

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
FIXED = ("repo_slug", "profile", "gitops", "forge")
"""Those that files follow from which no command but `update` writes again."""
ARGOCD_VERSIONS = ("3.2", "3.0", "3.1", "3.3", "3.4", "3.5", "3.6")
"""Those whose settings are known here; the first was run in the end-to-end tests."""
BRANCH = "main"
"""The one branch, unless the answer `branch` has another: `new` commits on it, and it is synced.

Environments are folders, so what differs between them is seen side by side and a promotion is a
commit; with a branch each it would be a merge. One name leaves nothing to keep in line.
"""
NO_URL = "https://git.example.invalid/set-repo_url.git"
"""Stands where the repository's URL belongs, until it is known; nothing resolves it."""
_SHOWN_DEFAULTS = (
    "namespace", "image.registry", "image.repository", "image.tag", "image.digest",
    "image.pullSecrets",
)  # fmt: skip
"""Defaults that fcgitops.yaml spells out, since most repositories set them sooner or later."""


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

    kubernetes: str = KUBERNETES
    """The Kubernetes versions of its clusters: FIRST-LAST, or FIRST- for all from it on."""

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
            environments.parse(value, name)
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
    for name, read in (("defaults", parse_defaults), ("environments", environments.parse)):
        try:
            parsed[name] = read(given.get(name, ""), f"{place}{name}")
        except InputError as error:
            problems += error.problems
    if parsed.get("profile", PROFILES[0]) in PROFILES and "defaults" in parsed:
        profile = parsed.get("profile", PROFILES[0])
        problems += check_values(parsed["defaults"], f"{place}defaults", profile)
    if parsed.get("repo_url"):
        parsed["repo_url"] = str(parsed["repo_url"]).rstrip("/")
    if str(parsed.get("repo_url")).startswith("file:"):
        problems += [
            Problem(
                f"{place}repo_url",
                f"{parsed['repo_url']!r} is a folder, which {tool.label} does not fetch",
                "https://HOST/PATH or ssh://…",
            )
            for tool in synctools.answered(str(parsed.get("gitops", "")))
            if not tool.fetches_folders
        ]
    if "repo_slug" not in given:
        problems.append(Problem(f"{place}repo_slug", "is not given", "the repository's name"))
    if problems:
        raise InputError(problems)
    return Answers(**parsed)


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


def render(answers: Answers) -> bytes:
    """The text of fcgitops.yaml."""
    shown = {path: default_values(answers.profile)[path] for path in _SHOWN_DEFAULTS}
    document = yamlio.dump(
        {
            "version": answers.version,
            "answers": {name: getattr(answers, name) for name in RECORDED}
            | ({PATH: answers.path} if answers.path else {}),
        }
    )
    defaults = yamlio.dump({"defaults": keypaths.nested(shown | dict(answers.defaults))})
    written = dict(answers.promote.written)
    promote = yamlio.dump({promotion.SECTION: written}) if written else ""
    listed = list(answers.gates.written)
    promote += yamlio.dump({gates_module.SECTION: listed}) if listed else ""
    last = f"kubernetes or {PATH}" if answers.path else "kubernetes"
    between = "," if answers.path else " or"
    return (
        f"{layout.modeline(layout.ANSWERS_SCHEMA)}"
        "# What this repository is generated from; `version` is the fcgitops that wrote it last.\n"
        f"# After an edit of repo_url, branch, argocd_version, flux_secret, signing_keys{between}\n"
        f"# {last} run `make overlays`. Do not edit the version and the other answers.\n"
        f"{document}"
        "# Every environment has these unless its own environment.yaml says otherwise; all keys\n"
        "# but variant, cluster and sync may stand here. After an edit run `make overlays`.\n"
        f"{defaults}{promote}"
    ).encode()


def version_of(data: bytes) -> str:
    """The version that a fcgitops.yaml records, which may be one that has other answers.

    Raises:
        InputError: it records none.
    """
    document, _ = answersfile.read(data)
    version = document.get("version") if isinstance(document, dict) else None
    if isinstance(version, str):
        return version
    what = "is missing" if version is None else f"{shown(version)} is not text"
    raise InputError(Problem(f"{layout.ANSWERS}: version", what, "take it back from Git"))


def is_newer(version: str, than: str = __version__) -> bool:
    """Whether a version of fcgitops is newer than another one, in the order of PEP 440.

    Raises:
        InputError: it is no version.
    """
    if version == than:
        return False
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - for other ones alone

    try:
        return Version(version) > Version(than)
    except InvalidVersion as error:
        where = f"{layout.ANSWERS}: version"
        raise InputError(Problem(where, f"{version!r} is no version", than)) from error


def load(data: bytes, generated: bytes | None = None) -> Answers:
    """The answers that fcgitops.yaml records; `requirement` and `environments` are defaults.

    Args:
        data: its text.
        generated: the text that it was generated with last; None where nothing tells.

    Raises:
        InputError: with every problem of the file, an answer among them that was changed by hand
            where no command can carry that out.
    """
    document, misread = answersfile.read(data)
    before = _generated(generated)
    edits = _edits(document, before)
    known = ("version", "answers", "defaults", promotion.SECTION, gates_module.SECTION)
    top, problems = keypaths.flatten(document, layout.ANSWERS, known)
    problems += [
        Problem(f"{layout.ANSWERS}: {name}", "is missing", "take it back from Git")
        for name in ("version", "answers")
        if name not in top
    ]
    if problems:
        raise InputError(problems)
    recorded = top["answers"]
    if not isinstance(recorded, dict):
        raise InputError(
            Problem(f"{layout.ANSWERS}: answers", f"{shown(recorded)} is not a mapping")
        )
    if not isinstance(top["version"], str):
        raise InputError(
            Problem(f"{layout.ANSWERS}: version", f"{shown(top['version'])} is not text")
        )
    recorded = dict(recorded)
    path = recorded.pop(PATH, "")
    extra = sorted(set(map(named, recorded)) - set(RECORDED))
    # What an older version did not ask has its default; `update` writes it down.
    asked = RECORDED if top["version"] == __version__ else ()
    if before:  # which is newer than the file while an update waits for its conflicts
        asked = tuple(before["answers"]) if before.get("version") == top["version"] else ()
    missing = [name for name in asked if name not in recorded and name != PATH]
    problems = [
        Problem(f"{layout.ANSWERS}: answers.{name}", "is not known", did_you_mean(name, RECORDED))
        for name in extra
    ] + [
        Problem(f"{layout.ANSWERS}: answers.{name}", "is missing", "take it back from Git")
        for name in missing
    ]
    if misplaced := values.optional(values.folder)(path):
        problems.append(Problem(f"{layout.ANSWERS}: {PATH}", misplaced))
    try:
        answers = parse(
            {**recorded, "defaults": top.get("defaults") or {}}
            if not problems
            else {"repo_slug": "x", "defaults": top.get("defaults") or {}},
            layout.ANSWERS,
        )
    except InputError as error:
        problems += error.problems
    place = f"{layout.ANSWERS}: defaults"
    problems += keypaths.dotted(top.get("defaults"), place, DEFAULTABLE)
    problems += misread
    promote, wrong = promotion.parse(top.get(promotion.SECTION), layout.ANSWERS)
    gates, more = gates_module.parse(top.get(gates_module.SECTION), layout.ANSWERS)
    if problems := edits + problems + wrong + more:
        raise InputError(problems)
    found = {"version": top["version"], "promote": promote, "gates": gates, "path": path}
    return Answers(**{**vars(answers), **found})


def edited_version(data: bytes, generated: bytes | None) -> Problem | None:
    """What is wrong with a version that was changed by hand; None where it was not.

    Args:
        data: fcgitops.yaml.
        generated: the text that it was generated with last; None where nothing tells.
    """
    old = _generated(generated).get("version")
    if not isinstance(old, str) or (now := version_of(data)) == old:
        return None
    said = f"says that fcgitops {now} wrote this repository"
    if lags_behind(data, generated):
        what = f"{said}; what is here was generated by {old}"
        hint = (
            f"set it back: `version: {yamlio.scalar(old)}`; or commit it: `fcgitops update` sets it"
        )
        return Problem(f"{layout.ANSWERS}: version", what, hint)
    return Problem(
        f"{layout.ANSWERS}: version",
        f"{said}, but {old} did, and no command can change that",
        f"set it back: `version: {yamlio.scalar(old)}`; or use the one that requirements.txt pins",
    )


def lags_behind(data: bytes, generated: bytes | None) -> bool:
    """Whether the version is older than what was generated last, as an update may leave it.

    So it is where somebody has resolved an update's conflicts and committed that by himself.
    """
    old = _generated(generated).get("version")
    try:
        return isinstance(old, str) and is_newer(old, version_of(data))
    except InputError:
        return False


def edited_answers(data: bytes, generated: bytes | None) -> list[Problem]:
    """A problem for each answer that was changed by hand where no command can carry that out.

    Args:
        data: fcgitops.yaml.
        generated: the text that it was generated with last; None where nothing tells.
    """
    return _edits(answersfile.read(data)[0], _generated(generated))


def _generated(text: bytes | None) -> dict[str, Any]:
    """What a generated fcgitops.yaml holds; nothing where it does not tell."""
    try:
        found, _ = answersfile.read(text or b"")
    except InputError:
        return {}
    told = isinstance(found, dict) and isinstance(found.get("answers"), dict)
    return found if told else {}


def _edits(document: Any, before: Mapping[str, Any]) -> list[Problem]:  # noqa: ANN401
    """A problem for each answer that is not as it was generated, and cannot be changed."""
    now = document.get("answers") if isinstance(document, dict) else None
    if not before or not isinstance(now, dict):
        return []
    old = before["answers"]
    return [
        Problem(
            f"{layout.ANSWERS}: {name}",
            f"{shown(now[name])} was set by hand, and no command can carry that out: the files "
            f"here were generated for {shown(old[name])}",
            f"set it back: `{name}: {yamlio.scalar(old[name])}`",
        )
        for name in FIXED
        if name in now and name in old and now[name] != old[name]
    ]
