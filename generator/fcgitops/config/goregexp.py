r"""Regular expressions as FrameworkController takes them: Go's regexp, judged by google-re2.

RE2 and Go's regexp share their syntax (https://github.com/google/re2/wiki/Syntax) but for
what is closed here: `\p{…}` names, `(?<name>…)`, `\C` and Go's limits. Source of these:
regexp/syntax/parse.go of Go 1.26; the published image was built with Go 1.12.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

import re2

from fcgitops.config.gounicode import known_to_newer, known_to_older

MAX_LENGTH = 10_000
"""Characters; RE2 takes quadratic time on some patterns, and a readable one has a few hundred."""
_MAX_HEIGHT = 1000
_MAX_SIZE = (128 << 20) // 40


@dataclass(frozen=True)
class Verdict:
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
    scan = _Scan(pattern)
    if scan.error:
        return Verdict(scan.error)
    if error := _re2_error("".join(scan.portable)):
        return Verdict(error)
    if scan.height > _MAX_HEIGHT:
        return Verdict(f"nests over {_MAX_HEIGHT} levels deep")
    if scan.size > _MAX_SIZE:
        return Verdict("is too large once its repetitions are written out")
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


@dataclass(slots=True)
class _Level:
    """Sizes and heights of what is open between two parentheses, as Go's parser counts them."""

    captures: bool
    sizes: list[int] = field(default_factory=list)
    heights: list[int] = field(default_factory=list)
    branches: list[tuple[int, int]] = field(default_factory=list)

    def end_branch(self) -> None:
        height = max(self.heights, default=0) + (len(self.heights) > 1)
        self.branches.append((sum(self.sizes), max(height, 1)))
        self.sizes, self.heights = [], []

    def close(self) -> tuple[int, int]:
        """Its size and height as one operand."""
        self.end_branch()
        size = sum(size for size, _ in self.branches) + len(self.branches) - 1
        height = max(height for _, height in self.branches) + (len(self.branches) > 1)
        return (size + 2, height + 1) if self.captures else (size, height)


_TOKEN = re.compile(
    r"""\\Q(?P<quoted>.*?)(?:\\E|\Z)
      | (?P<unicode>\\[pP](?:\{(?P<braced>[^}]*)\}|(?P<short>.)))
      | \\.
      | (?P<class>\[)
      | (?P<open>\((?!\?)|\(\?(?P<p>P?)<(?![=!])(?P<name>[^>]*)>|\(\?(?P<flags>[a-zA-Z-]*[:)]?))
      | (?P<close>\))
      | (?P<alternate>\|)
      | (?P<repeat>[*+?]|\{(?P<low>[0-9]+)(?P<comma>,(?P<high>[0-9]*))?\})
      | .""",
    re.VERBOSE | re.DOTALL,
)
_IN_CLASS = re.compile(
    r"\[:\^?[a-z]*:\]|(?P<unicode>\\[pP](?:\{(?P<braced>[^}]*)\}|(?P<short>.)))|\\.|.", re.DOTALL
)


class _Scan:
    """One pass over a pattern: what RE2 is asked instead, what is newer, how big it is."""

    def __init__(self, pattern: str) -> None:
        self.error = ""
        self.newer: list[str] = []
        self.portable: list[str] = []
        self.size = self.height = 1
        self._levels = [_Level(captures=False)]
        position = 0
        while position < len(pattern) and not self.error:
            token = _TOKEN.match(pattern, position)
            assert token  # noqa: S101 - its last branch matches any character
            position = token.end()
            if token["class"]:
                position = self._class(pattern, token.start())
            else:
                self._add(token)
        while not self.error:
            self.size, self.height = self._levels.pop().close()
            if not self._levels:
                break
            self._operand(self.size, self.height)

    def _operand(self, size: int, height: int) -> None:
        self._levels[-1].sizes.append(size)
        self._levels[-1].heights.append(height)

    def _add(self, token: re.Match[str]) -> None:
        text = token[0]
        if token["unicode"]:
            text = self._unicode(token)
            self._operand(1, 1)
        elif token["open"] or token["close"]:
            text = self._parenthesis(token)
        elif token["alternate"]:
            self._levels[-1].end_branch()
        elif token["repeat"]:
            self._repeat(token)
        elif text == r"\C":
            self.error = r"\C (one byte) is not in Go's syntax"
        elif token["quoted"] != "":  # an empty \Q\E is nothing
            self._operand(len(token["quoted"] or "x"), 1)
        self.portable.append(text)

    def _parenthesis(self, token: re.Match[str]) -> str:
        """Goes down or up a level, and returns what RE2 is asked instead."""
        if token["close"]:
            if len(self._levels) > 1:
                self._operand(*self._levels.pop().close())
            return token[0]
        if token["flags"] is not None:
            if token["flags"].endswith(":"):
                self._levels.append(_Level(captures=False))
            return token[0]
        self._levels.append(_Level(captures=True))
        name = token["name"]
        if name is None:
            return token[0]
        if not re.fullmatch(r"\w+", name, re.ASCII):
            self.error = f"invalid named capture: {token[0]}"
        if not token["p"]:
            self.newer.append(f"{token[0]} (write (?P<{name}>)")
        return f"(?P<{name}>"

    def _repeat(self, token: re.Match[str]) -> None:
        level = self._levels[-1]
        if any(len(n.lstrip("0")) > 4 for n in (token["low"], token["high"]) if n):
            self.error = f"invalid repeat count: {token[0]}"  # literal text to RE2
        if not level.sizes:
            return  # RE2 says what is wrong
        size = level.sizes.pop()
        times = int((token["high"] or token["low"] or "1")[-4:])
        level.sizes.append(times * (size + 1))
        level.heights[-1] += token[0] != "?" or level.heights[-1] == 1

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
        self._operand(1, 1)
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
