"""fcgitops.yaml: the answers as they are recorded, and what a person may change of them there.

`environments` and `requirement` are answered once and not recorded there: the first is
the folders below overlays/, the second stands in requirements.txt, where users change it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from fcgitops import __version__
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import gates as gates_module
from fcgitops.model import layout, promotion
from fcgitops.model.answers import PATH, RECORDED, Answers, parse
from fcgitops.model.answerstext import read
from fcgitops.model.assignments import DEFAULTABLE
from fcgitops.model.environment import default_values
from fcgitops.text import keypaths, values, yamlio
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import named, shown

_SHOWN_DEFAULTS = (
    "namespace", "image.registry", "image.repository", "image.tag", "image.digest",
    "image.pullSecrets",
)  # fmt: skip
"""Defaults that fcgitops.yaml spells out, since most repositories set them sooner or later."""


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
    document, _ = read(data)
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
    document, misread = read(data)
    before = _generated(generated)
    top = _sections(document)
    version, defaults = top["version"], top.get("defaults")
    recorded = dict(top["answers"])
    path = recorded.pop(PATH, "")
    problems = _misnamed(recorded, _asked(version, before))
    if misplaced := values.optional(values.folder)(path):
        problems.append(Problem(f"{layout.ANSWERS}: {PATH}", misplaced))
    # The defaults are judged even where answers are missing.
    judged = {"repo_slug": "x"} if problems else recorded
    try:
        answers = parse({**judged, "defaults": defaults or {}}, layout.ANSWERS)
    except InputError as error:
        problems += error.problems
    problems += keypaths.dotted(defaults, f"{layout.ANSWERS}: defaults", DEFAULTABLE)
    problems += misread
    promote, wrong = promotion.parse(top.get(promotion.SECTION), layout.ANSWERS)
    gates, more = gates_module.parse(top.get(gates_module.SECTION), layout.ANSWERS)
    if problems := _edits(document, before) + problems + wrong + more:
        raise InputError(problems)
    return dataclasses.replace(answers, version=version, promote=promote, gates=gates, path=path)


def _sections(document: object) -> dict[str, Any]:
    """The file's sections by name.

    Raises:
        InputError: one is unknown or missing, or is no text or mapping where it must be.
    """
    known = ("version", "answers", "defaults", promotion.SECTION, gates_module.SECTION)
    top, problems = keypaths.flatten(document, layout.ANSWERS, known)
    problems += [
        Problem(f"{layout.ANSWERS}: {name}", "is missing", "take it back from Git")
        for name in ("version", "answers")
        if name not in top
    ]
    if problems:
        raise InputError(problems)
    for name, kind, what in (("answers", dict, "a mapping"), ("version", str, "text")):
        if not isinstance(top[name], kind):
            wrong = f"{shown(top[name])} is not {what}"
            raise InputError(Problem(f"{layout.ANSWERS}: {name}", wrong))
    return top


def _asked(version: str, before: Mapping[str, Any]) -> Collection[str]:
    """The answers that a file must have: what an older version did not ask has its default.

    Args:
        version: that wrote the file.
        before: what the file held when it was generated last; empty where nothing tells.
    """
    if before:  # which is newer than the file while an update waits for its conflicts
        return tuple(before["answers"]) if before.get("version") == version else ()
    return RECORDED if version == __version__ else ()


def _misnamed(recorded: Mapping[Any, Any], asked: Collection[str]) -> list[Problem]:
    """A problem for each answer that is unknown, and for each of those `asked` that is missing."""
    extra = sorted(set(map(named, recorded)) - set(RECORDED))
    missing = [name for name in asked if name not in recorded and name != PATH]
    return [
        Problem(f"{layout.ANSWERS}: answers.{name}", "is not known", did_you_mean(name, RECORDED))
        for name in extra
    ] + [
        Problem(f"{layout.ANSWERS}: answers.{name}", "is missing", "take it back from Git")
        for name in missing
    ]


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
    return _edits(read(data)[0], _generated(generated))


def _generated(text: bytes | None) -> dict[str, Any]:
    """What a generated fcgitops.yaml holds; nothing where it does not tell."""
    try:
        found, _ = read(text or b"")
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
        for name in layout.FIXED_ANSWERS
        if name in now and name in old and now[name] != old[name]
    ]
