r"""Regular expressions as FrameworkController takes them: Go's regexp, judged by google-re2.

RE2 and Go's regexp share their syntax (https://github.com/google/re2/wiki/Syntax) but for
what is closed here: `\p{…}` names, `(?<name>…)`, `\C`, `{n}` and depth. Source of these:
regexp/syntax/parse.go of Go 1.26; the published image was built with Go 1.12.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

import re2

from fcgitops.core.lazy import regex
from fcgitops.fcconfig.gounicode import known_to_newer, known_to_older

MAX_LENGTH = 10_000
"""Characters; RE2 takes quadratic time on some patterns, and a readable one has a few hundred."""
MAX_DEPTH = 300
"""Groups within groups. Go refuses trees over 1,000 high, to which a group adds one to three; how
many is not worth knowing. Its limit of size, 3.3 million instructions, is beyond MAX_LENGTH."""
_PLAIN_DEPTH = 997
_PLAIN = regex(r"\(+[^()|*+?{]*\)+")
"""Groups and nothing else, of which each adds one."""


class Verdict(NamedTuple):
    """What Go says of a regular expression."""

    error: str = ""
    """Why every Go refuses it, or nothing."""
    newer: tuple[str, ...] = ()
    """What in it the Go of the published image refuses."""


@functools.lru_cache(maxsize=4096)
def judge(pattern: str) -> Verdict:
    """Whether FrameworkController takes `pattern`."""
    if len(pattern) > MAX_LENGTH:
        return Verdict(f"has {len(pattern)} characters, over {MAX_LENGTH}: not judged")
    try:
        pattern.encode()
    except UnicodeEncodeError:
        return Verdict("is no text")
    scan = _Scan(pattern)
    if scan.error:
        return Verdict(scan.error)
    if error := _re2_error("".join(scan.portable)):
        return Verdict(error)
    return Verdict(newer=tuple(dict.fromkeys(scan.newer)))


def _re2_error(pattern: str) -> str:
    r"""Why RE2 does not parse it, or nothing.

    A Set parses and does not compile, which for `\pL{1000}` would take 100 MB.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        re2.Set.SearchSet(options).Add(pattern)
    except re2.error:
        pass
    else:
        return ""
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        text = error.args[0] if error.args else "no regular expression"
        return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return "no regular expression"


_TOKEN = regex(
    r"""\\Q(?P<quoted>.*?)(?:\\E|\Z)
      | (?P<unicode>\\[pP](?:\{(?P<braced>[^}]*)\}|(?P<short>.)))
      | \\.
      | (?P<class>\[)
      | (?P<open>\((?!\?)|\(\?(?P<p>P?)<(?![=!])(?P<name>[^>]*)>|\(\?(?P<flags>[a-zA-Z-]*[:)]?))
      | (?P<close>\))
      | \{(?P<low>[0-9]+)(,(?P<high>[0-9]*))?\}
      | .""",
    re.VERBOSE | re.DOTALL,
)
_IN_CLASS = regex(
    r"\[:\^?[a-z]*:\]|(?P<unicode>\\[pP](?:\{(?P<braced>[^}]*)\}|(?P<short>.)))|\\.|.", re.DOTALL
)


class _Scan:
    """One pass over a pattern: what RE2 is asked instead, what is newer, how deep it is."""

    def __init__(self, pattern: str) -> None:
        self.error = ""
        self.newer: list[str] = []
        self.portable: list[str] = []
        self._depth = 0
        self._most = _PLAIN_DEPTH if _PLAIN.fullmatch(pattern) else MAX_DEPTH
        position = 0
        while position < len(pattern) and not self.error:
            token = _TOKEN.match(pattern, position)
            assert token  # noqa: S101 - its last branch matches any character
            position = token.end()
            if token["class"]:
                position = self._class(pattern, token.start())
            else:
                self.portable.append(self._translated(token))

    def _translated(self, token: re.Match[str]) -> str:
        if token["unicode"]:
            return self._unicode(token)
        if token["open"] or token["close"]:
            return self._parenthesis(token)
        if any(len(n.lstrip("0")) > 4 for n in (token["low"], token["high"]) if n):
            self.error = f"invalid repeat count: {token[0]}"  # literal text to RE2
        elif token[0] == r"\C":
            self.error = r"\C (one byte) is not in Go's syntax"
        return token[0]

    def _parenthesis(self, token: re.Match[str]) -> str:
        """Goes down or up a level, and returns what RE2 is asked instead."""
        if token["close"]:
            self._depth -= 1
            return token[0]
        self._depth += not (token["flags"] or "").endswith(")")
        if self._depth > self._most:
            self.error = f"nests over {self._most} groups deep: not judged"
        name = token["name"]
        if name is None:
            return token[0]
        if not re.fullmatch(r"\w+", name, re.ASCII):
            self.error = f"invalid named capture: {token[0]}"
        if not token["p"]:
            self.newer.append(f"{token[0]} (write (?P<{name}>)")
        return f"(?P<{name}>"

    def _class(self, pattern: str, start: int) -> int:
        """Takes over a bracketed class, and returns where it ends."""
        position = start + 1
        text = "["
        if pattern.startswith("^", position):
            text, position = "[^", position + 1
        first = True
        while position < len(pattern) and (first or pattern[position] != "]"):
            token = _IN_CLASS.match(pattern, position)
            assert token  # noqa: S101 - its last branch matches any character
            text += self._unicode(token) if token["unicode"] else token[0]
            position, first = token.end(), False
        self.portable.append(text + pattern[position : position + 1])
        return position + 1

    def _unicode(self, token: re.Match[str]) -> str:
        r"""What stands for a `\p{…}` of a name that RE2 may know differently: another class."""
        braced = token["braced"]
        name = token["short"] if braced is None else braced.removeprefix("^")
        if not known_to_newer(name):
            self.error = f"invalid character class range: {token[0]}"
        elif not known_to_older(name):
            self.newer.append(f"{token[0]} (a name that its Unicode or Go does not know)")
        return r"\d"
