"""Text without the passwords and tokens that stand in its URLs."""

from __future__ import annotations

import re

from fcgitops.core.lazy import regex

_URL = regex(r"\b([A-Za-z][A-Za-z0-9+.-]*:/+)([^\s'\"<>`]+)")
"""With one slash where it was taken for a path."""
_LOGIN = regex(r"(?<![\w.@/-])[\w.-]+:[^\s/@:'\"`]+@(?=[A-Za-z0-9\[])")
"""USER:PASSWORD@HOST without a scheme."""
_PARAMETER = regex(r"(?<=[?&#;])([^=&#;]*)=([^&#;]*)")
_TELLING = {"ref", "version", "timeout", "submodules", "depth"}
"""What kustomize reads in a base's URL: no secret, and worth to be seen."""
_SECRET = regex(r"token|pass|secret|sig|sas|auth|credential|pwd|api.?key|access.?key|private")
"""Names of parameters that log in somewhere; in a URL for browsers and git any other may, too."""
_BARE = regex(rf"(?<=[?&#;])([\w.-]*(?:{_SECRET.pattern})[\w.-]*)=[^&#;\s'\"<>`]+", re.IGNORECASE)
"""Such a parameter of what has no scheme, as git@HOST:PATH."""


def redacted(text: str) -> str:
    """`text`, its URLs without user and password, and without what their queries say.

    A name alone, as in ssh://git@HOST, is no secret.
    """
    if "@" not in text and "?" not in text and "#" not in text:
        return text
    return _BARE.sub(r"\1=…", _LOGIN.sub("", redacted_urls(text)))


def redacted_urls(text: str) -> str:
    """Lines of a file without the logins of URLs; NAME:TAG@DIGEST is an image, and no login."""
    return _URL.sub(_without, text)


def _without(found: re.Match[str]) -> str:
    """A URL as it may be shown; what may be a password, whatever is in it, is taken for one."""
    scheme, rest = found[1], found[2]
    login, at, host = rest.rpartition("@")
    by_web = bool(re.search("https?:/+$", scheme.lower()))  # where a token may be the user
    there = at and login != "…"  # which our own docs write for any login
    if there and (":" in login or (by_web and not re.search("[/?#]", login))):
        rest = host

    def parameter(found: re.Match[str]) -> str:
        name = found[1].lower()
        hidden = _SECRET.search(name) or (by_web and name not in _TELLING)
        return f"{found[1]}=…" if hidden else found[0]

    return scheme + _PARAMETER.sub(parameter, rest)
