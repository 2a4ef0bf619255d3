"""Checks of single values: each takes what was given and says what is wrong with it, or nothing.

A check is a function `value -> str`: the empty string where the value is right, else one
line a mistake, "what is wrong (what would be right)", without the place: the caller knows it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from fcgitops.core.lazy import regex
from fcgitops.text import hosts
from fcgitops.text.words import shown

Check = Callable[[object], str]

_SLUG = regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9_-])?\Z")
_CIDR = regex(r"[0-9A-Fa-f.:]+/[0-9]{1,3}\Z")
_URL_PATH = regex(r"[-A-Za-z0-9._~/%+@:]*\Z")
_USER = regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}\Z")
"""The user of an SSH URL: neither a template nor an option of ssh."""
_SCP_LIKE = regex(
    r"(?!(https?|ssh|file):)([A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?"
    r":(?!//)[-A-Za-z0-9._~/]+\Z"
)
_REQUIREMENT = regex(r"[-A-Za-z0-9._~/%+@:=<>!,\[\] #&]+\Z")


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A hint that names the nearest of `known`, or all of them where they are few."""
    import difflib  # noqa: PLC0415 - where something is wrong

    names = list(known)
    near = difflib.get_close_matches(str(word), names, n=1, cutoff=0.6)
    folded = [name for name in names if name.casefold() == str(word).casefold()]
    if folded or near:
        return f"did you mean {(folded or near)[0]!r}?"
    return f"one of {', '.join(names)}" if 0 < len(names) <= 12 else ""


def odd_character(text: str) -> str:
    """Names a character that looks right and is not, as a look-alike or a newline does."""
    for character in text:
        if not character.isascii() or not character.isprintable():
            return f", it has U+{ord(character):04X}"
    return ""


def _pattern(pattern: re.Pattern[str], wanted: str) -> Check:
    def check(value: object) -> str:
        if not isinstance(value, str):
            return f"{shown(value)} is not text ({wanted}; quote it)"
        if pattern.match(value):
            return ""
        return f"{shown(value)} is not valid{odd_character(value)} ({wanted})"

    return check


slug = _pattern(_SLUG, "letters, digits, '.', '_' and '-', at most 63, the first a letter or digit")


def optional(check: Check) -> Check:
    """`check`, which the empty text passes too."""
    return lambda value: "" if value == "" else check(value)


def sentence(value: object) -> str:
    """A line of text that a person reads."""
    wanted = "a line of at most 200 characters"
    if not isinstance(value, str):
        return f"{shown(value)} is not text ({wanted}; quote it)"
    if value.strip() and value.isprintable() and len(value) <= 200:
        return ""
    return f"{shown(value)} is not valid ({wanted})"


def one_of(*choices: str) -> Check:
    """One of the fixed words."""

    def check(value: object) -> str:
        if value in choices:
            return ""
        if isinstance(value, str | list | dict):
            return f"{shown(value)} is not known ({did_you_mean(value, choices)})"
        return f"{shown(value)} is not text (one of {', '.join(choices)}; quote it)"

    return check


def list_of(check: Check) -> Check:
    """A list, each item of which passes `check`; nothing twice."""

    def check_list(value: object) -> str:
        if not isinstance(value, list | tuple):
            return f"{shown(value)} is not a list (write [A, B])"
        wrong = [message for item in value if (message := check(item))]
        if not wrong and len({repr(item) for item in value}) < len(value):
            return f"{shown(value)} names something twice (each once)"
        return "\n".join(wrong)

    return check_list


def integer(low: int, high: int) -> Check:
    """A whole number from `low` to `high`."""

    def check(value: object) -> str:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return ""
        return f"{shown(value)} is not valid (a whole number from {low} to {high})"

    return check


def duration(value: object) -> str:
    r"""A time from a second to a year, as Flux's CRDs and Go's time.ParseDuration both take it.

    Source: the pattern of a Kustomization's spec.interval, ^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$.
    """
    wanted = "a time such as 10m, 90s or 1h30m, from 1s to 8760h"
    if not isinstance(value, str):
        return f"{shown(value)} is not text ({wanted}; quote it)"
    part = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)"
    seconds = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
    total = sum(float(number) * seconds[unit] for number, unit in re.findall(part, value))
    if re.fullmatch(f"(?:{part}){{1,4}}", value) and 1 <= total <= 8760 * 3600:
        return ""
    return f"{value!r} is not valid{odd_character(value)} ({wanted})"


def endpoint(value: object) -> str:
    """One address of an API server: {cidr, port}."""
    if not isinstance(value, dict) or set(value) != {"cidr", "port"}:
        return f"{shown(value)} is not valid (a mapping {{cidr: 10.0.0.1/32, port: 6443}})"
    cidr = value["cidr"]
    try:
        right = isinstance(cidr, str) and _CIDR.match(cidr) and ipaddress.ip_network(cidr)
    except ValueError:
        right = None
    if not right:
        return f"{shown(cidr)} is not valid (an address range such as 10.0.0.1/32)"
    if ipaddress.ip_network(cidr).is_loopback:
        return f"{shown(cidr)} is the Pod itself (the API server's address)"
    return integer(1, 65535)(value["port"])


_BRANCH = regex(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}\Z")
# git check-ref-format, for the names that the pattern leaves.
_NO_BRANCH = regex(r"\.\.|//|/\.|[./]\Z|\.lock(/|\Z)")
# What Argo CD's repo-server takes for something else (util/git/client.go, LsRemote; util/versions):
# HEAD, a commit, or a constraint of semver, for which it looks among the tags.
_NO_REVISION = regex(r"HEAD|[0-9a-fA-F]{7,40}|v?[0-9xX]+(\.[0-9xX]+){0,2}([-+].*)?")


def branch(value: object) -> str:
    """The name of a branch, as Git, Argo CD and Flux all take it."""
    wanted = "the name of a branch such as main or deploy/prod"
    if not isinstance(value, str):
        return f"{shown(value)} is not text ({wanted}; quote it)"
    if not _BRANCH.match(value) or _NO_BRANCH.search(value):
        return f"{value!r} is not valid{odd_character(value)} ({wanted})"
    if _NO_REVISION.fullmatch(value):
        return f"{value!r} is a commit or a version to Argo CD, not a branch ({wanted})"
    return ""


_FOLDER = regex(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*(/[A-Za-z0-9_.][A-Za-z0-9_.-]*)*\Z")
_NO_FOLDER = regex(r"(^|/)(\.git|[^/]*\.)(/|\Z)", re.IGNORECASE)
"""Git's own folder, `..`, and what some file systems take for either."""


def folder(value: object) -> str:
    """A folder of a Git repository, which stands in patterns of Argo CD's, Flux's and make's."""
    wanted = "a relative path such as infra/frameworkcontroller, of letters, digits, '.', '_', '-'"
    if not isinstance(value, str):
        return f"{shown(value)} is not text ({wanted}; quote it)"
    if len(value) > 200 or not _FOLDER.match(value) or _NO_FOLDER.search(value):
        return f"{shown(value)} is not valid{odd_character(value)} ({wanted})"
    return ""


def signing_keys(value: object) -> str:
    """IDs of GnuPG keys: 16 hexadecimal digits each, as `gpg --keyid-format long` shows them."""
    wanted = "16 hexadecimal digits each, with spaces between"
    if not isinstance(value, str):
        return f"{shown(value)} is not text ({wanted}; quote it)"
    right = re.fullmatch(r"[0-9A-Fa-f]{16}([ ,]+[0-9A-Fa-f]{16})*", value)
    return "" if right else f"{shown(value)} is not valid{odd_character(value)} ({wanted})"


def repository_url(value: object) -> str:
    """Where a Git repository is pushed to; never with a password or a token in it."""
    if isinstance(value, str) and _SCP_LIKE.match(value):
        return ""
    return url(
        value, ("https", "http", "ssh", "file"), "https://HOST/PATH, ssh://… or git@HOST:PATH"
    )


_KEEPER = "Git's credential helper"


def url(value: object, schemes: tuple[str, ...], wanted: str, *, keeper: str = _KEEPER) -> str:
    """A URL of a host, without a user's password, a query or a fragment.

    Args:
        value: what was given.
        schemes: those that it may have.
        wanted: what would be right, for the message.
        keeper: who keeps the password that has no place here.
    """
    if not isinstance(value, str):
        return f"{shown(value)} is not text ({wanted})"
    try:
        parts = urlsplit(value)
        secret = parts.password is not None or (
            parts.scheme.startswith("http") and "@" in parts.netloc
        )
        host, host_port = hosts.split_port(parts.netloc.rpartition("@")[2])
    except ValueError:
        return f"{shown(value)} is not valid ({wanted})"
    if secret:
        return f"carries a user or password (leave it out: {keeper} keeps secrets)"
    right = (
        value.isascii()
        and value.isprintable()
        and " " not in value
        and parts.scheme in schemes
        and ("@" not in parts.netloc or _USER.match(parts.netloc.rpartition("@")[0]))
        and (hosts.is_host(host) or re.match("file:///+[^/]", value))
        and (host_port is None or hosts.is_port(host_port))
        and _URL_PATH.match(parts.path)
        and not parts.query
        and not parts.fragment
    )
    return "" if right else f"{shown(value)} is not valid{odd_character(value)} ({wanted})"


def requirement(value: object) -> str:
    """What pip installs: NAME==VERSION, a wheel's path, or NAME @ git+URL."""
    wanted = "NAME==VERSION, the path of a wheel, or NAME @ git+https://…"
    if (
        not isinstance(value, str)
        or not _REQUIREMENT.match(value)
        or value[0] in " -#"
        or " -" in value
    ):
        return f"{shown(value)} is not valid ({wanted})"
    if re.search(r"://[^/\s]*@", value) and not re.search(
        r"ssh://[A-Za-z0-9_][A-Za-z0-9._-]*@[^/\s@]+(/|$)", value
    ):
        return f"carries a user or password (leave it out: {_KEEPER} keeps secrets)"
    return ""
