"""What is never shown: values of Secrets, and of whatever names itself as holding one.

A value that may be one is replaced before it reaches any text, so that no output format has to
think of it. Where there is doubt the value is hidden: that it differs is still said.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Container
from typing import Any

from fcgitops.core.lazy import regex

HIDDEN = "(not shown)"

_NAMES = regex(
    r"""(pass(word|wd|phrase|code)?|pwd|secret|token|credential|cred|auth(orization)?|bearer
       |apikey|accesskey|conn(ection)?[-_. ]?str(ing)?|dsn|sas|hmac|jwt|encrypteddata|kubeconfig
       |dockerconfig(json)?|netrc|htpasswd|cookie|(?<![a-z])(pat|pin|pw|otp|salt)
       )s?(?=[^a-z]|\Z)
       |webhook[-_. ]?url
       |[-_.]webhook\Z
       |(api|access|account|client|encryption|master|private|secret|session|shared|signing|ssh
       |storage|tls)[-_. ]?key
       |[-_.]key\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_REFERENCES = regex(
    r"(name|names|namespace|ref|refs|path|file|filepath|mountpath|sec|seconds|enabled|rotation"
    r"|pullsecrets|class|kind|type|mode|policy|audience|rbac\.authorization\.k8s\.io"
    r"|topologykey|podgroupreplicakey)\Z",
    re.IGNORECASE,
)
"""The end of a name that says where a secret is, or of what kind, and not what it is; RBAC.

And the fields of Kubernetes that name a label: all of its schemas' that end like a secret's name.
"""
_URL = regex(r"(\w+://)(?!git@)[^/@\s\"']*@")
_LOGGED_IN = regex(r"(?<![\w/:.-])[\w.-]+:[^\s/@:\"']+@(?!sha\d+:)(?=\w)")
"""USER:PASSWORD@HOST without a scheme; NAME:TAG@DIGEST is an image."""
_ASSIGNED = regex(
    r"""(?<![\w.-])(?P<name>[\w.-]++)["']?\s*[:=]\s*|(?<!\S)-+(?P<option>[\w.-]+)\s+"""
)
"""What a value stands behind: a name, from its first letter on, and = or :, or an option."""
_VALUE = regex(r""""[^"]*"?|'[^']*'?|[^\s,;&]+""")
_CREDENTIALS = regex(r""""[^"]*"?|'[^']*'?|[^\s,;&"']+(?:[ ]+(?!-)[^\s,;&"']+)?""")
"""What stands behind an Authorization header: a scheme, and what it is for."""
_HEADER = regex(r"\b((?:bearer|basic)\s+)[\w.~+/=-]{6,}", re.IGNORECASE)
_NETRC = regex(r"(\blogin\s+\S+\s+password\s+)\S+", re.IGNORECASE)
_HOOK = regex(
    r"(https://(?:hooks\.slack\.com/|discord(?:app)?\.com/api/webhooks/|[\w.-]+\.webhook\.office\.com/))"
    r"[^\s\"'<>]+"
)
"""URLs of which whoever knows them may post."""
_SIGNATURE = regex(r"([?&;][\w-]*sig(?:nature)?=)[^&;\s\"'<>]+", re.IGNORECASE)
"""What signs a URL, such as Azure's and S3's."""
_LOGIN_OPTIONS = ("-u", "-U", "--user", "--proxy-user")
_LOGIN = regex(rf"((?<!\S)(?:(?:{'|'.join(_LOGIN_OPTIONS)})[ =]|-[uU]))\S+:\S+")
"""curl's USER:PASSWORD."""
_MYSQL = regex(r"\S*(mysql|mariadb)")
"""A program that takes its password as -pPASSWORD."""
_BEHIND = {
    _HEADER: ("bearer", "basic"),
    _SIGNATURE: ("sig",),
    _NETRC: ("password",),
    _HOOK: ("hook",),
    _LOGIN: tuple(option.casefold() for option in _LOGIN_OPTIONS),
}
"""What hides what stands behind it → words of which it has one."""
_LOOKS = {
    "PRIVATE KEY-----": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "eyJ": r"\beyJ[\w-]{8,}\.[\w-]{8,}",
    **{f"gh{kind}_": rf"\bgh{kind}_\w{{20,}}" for kind in "pousr"},
    "AKIA": r"\bAKIA[0-9A-Z]{12,}",
    "xox": r"\bxox[a-z]-[\w-]{8,}",
    "glpat-": r"\bglpat-[\w-]{8,}",
}
"""Keys and tokens that are known whatever name they have, each behind what it has in it.

Most texts have none of that, which takes less to see.
"""
_LONG = regex("|".join(_LOOKS.values()))
_VALUES = {"value", "defaultValue", "content"}
"""What a named value has it in; a variable of a container must have it in `value`."""
_OBJECTS = regex(r"last-applied-configuration\Z")
"""An annotation that holds a whole object."""


@functools.lru_cache(maxsize=8192)  # a fleet's objects have the same words again and again
def names_one(name: str) -> bool:
    """Whether a name says that its value is a secret: DB_PASSWORD, apiToken, client-secret."""
    spread = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    if not (_NAMES.search(spread) or _NAMES.search(name)) and not _OBJECTS.search(name):
        return False
    return not _REFERENCES.search(name)


def redact(text: str) -> str:
    """A sentence without what looks like a secret in it: in a URL, behind a name, by its looks."""
    return _behind_names(_by_looks(text))


def _by_looks(text: str) -> str:
    """A sentence without what is known for a secret, whatever name it has."""
    if _holds_one(text):
        return HIDDEN
    hidden = text
    if "@" in text:
        hidden = _LOGGED_IN.sub(f"{HIDDEN}@", _URL.sub(rf"\1{HIDDEN}@", text))
    folded = text.casefold()
    for pattern, words in _BEHIND.items():
        if any(word in folded for word in words):  # most texts have none: less to search for
            hidden = pattern.sub(rf"\1{HIDDEN}", hidden)
    return hidden


def _behind_names(text: str) -> str:
    """A sentence without what stands behind a name that says so."""
    parts: list[str] = []
    end = 0
    for found in _ASSIGNED.finditer(text):
        if found.start() < end or not names_one((found["name"] or found["option"]).strip("-.")):
            continue
        value = (_CREDENTIALS if _is_header(found["name"]) else _VALUE).match(text, found.end())
        if value and not value[0].startswith(HIDDEN[:4]):
            parts += [text[end : found.end()], HIDDEN]
            end = value.end()
    return "".join(parts) + text[end:]


def _is_header(name: str | None) -> bool:
    return name is not None and name.casefold().endswith("authorization")


def is_doubtful(text: str) -> bool:
    """Whether a file, or a text with a structure, may hold a secret: one of its words names one."""
    return _holds_one(text) or any(map(_has_a_name, text.split("\n")))


@functools.lru_cache(maxsize=8192)  # the files of a fleet have nearly all of their lines in common
def _has_a_name(line: str) -> bool:
    """Whether a word of a line is the name of a secret."""
    return any(names_one(word.strip("-.")) for word in re.split(r"[^\w.-]+", line))


def _holds_one(text: str) -> bool:
    """Whether a key or a token stands in a text that looks like nothing else."""
    return any(mark in text for mark in _LOOKS) and _LONG.search(text) is not None


@functools.lru_cache(maxsize=4096)
def _text(value: str) -> str:
    """A value without secrets; one with a structure, JSON or XML, is shown whole or not at all."""
    if not is_doubtful(value):
        return _by_looks(value)  # no name in it says that a secret stands behind it
    return HIDDEN if re.search(r"[{<]", value) else redact(value)


def hide(value: Any, path: tuple[str, ...], *, secret: bool = False) -> Any:  # noqa: ANN401
    """A value with everything in it hidden that must not be shown.

    Args:
        value: any part of an object.
        path: the keys that lead to it, from the object's top; those of list items are left out.
        secret: it stands in a Secret.
    """
    return _hide(value, path, secret=secret, below=any(map(names_one, path[:-1])))


def _hide(value: Any, path: tuple[str, ...], *, secret: bool, below: bool) -> Any:  # noqa: ANN401
    """The same; `below`: whether a key that leads to what holds the value names a secret."""
    name = path[-1] if path else ""
    content = (secret and path[:1] in (("data",), ("stringData",))) or path[:1] == ("binaryData",)
    if content and (len(path) > 1 or not isinstance(value, dict)):
        return HIDDEN
    if isinstance(value, dict):
        return _mapping(value, path, secret=secret, below=below or names_one(name))
    if isinstance(value, list):
        return _list(value, path, secret=secret, below=below)
    if value is None or isinstance(value, bool):
        return value
    inside_one = below and not _REFERENCES.search(name)
    if names_one(name) or inside_one or (name == "key" and path[:1] == ("data",)):
        return value if name == "key" and path[:1] != ("data",) else HIDDEN
    return _text(value) if isinstance(value, str) else value


def _mapping(
    value: dict[Any, Any], path: tuple[str, ...], *, secret: bool, below: bool
) -> dict[Any, Any]:
    """A mapping; one that is called as a secret, as an environment variable is, shows no value."""
    of = str(value.get("name") or value.get("key") or "")
    shown: Container[Any] = value
    if of and names_one(of) and not (of == "KUBECONFIG" and _is_path(value.get("value"))):
        is_variable = path[-1:] == ("env",)
        shown = ("name", "valueFrom") if is_variable else set(value) - _VALUES
    return {
        key: _hide(item, (*path, str(key)), secret=secret, below=below)
        if key in shown or item in (None, "")
        else HIDDEN
        for key, item in value.items()
    }


def _is_path(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/")


def _list(value: list[Any], path: tuple[str, ...], *, secret: bool, below: bool) -> list[Any]:
    """A list; the word behind an option such as --password is hidden."""
    mysql = any(_MYSQL.match(item) for item in value if isinstance(item, str))
    hidden: list[Any] = []
    before = ""
    for item in value:
        option = before.startswith("-") and "=" not in before and names_one(before.lstrip("-"))
        login = before in _LOGIN_OPTIONS and ":" in str(item)
        joined = mysql and re.match(r"-p.", str(item))
        is_one = option or login or joined
        hidden.append(HIDDEN if is_one else _hide(item, path, secret=secret, below=below))
        before = item if isinstance(item, str) else ""
    return hidden
