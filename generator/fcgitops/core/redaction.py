"""Text without the passwords and tokens that stand in its URLs."""

from __future__ import annotations

import re

_URL = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*://)([^\s'\"<>`]+)")
_LOGIN = re.compile(r"(?<![\w.@/-])[\w.-]+:[^\s/@:'\"`]+@(?=[A-Za-z0-9\[])")
"""USER:PASSWORD@HOST without a scheme."""
_PARAMETER = re.compile(r"(?<=[?&#;])([^=&#;]*)=([^&#;]*)")
_TELLING = {"ref", "version", "timeout", "submodules", "depth"}
"""What kustomize reads in a base's URL: no secret, and worth to be seen."""


def redacted(text: str) -> str:
    """`text`, its URLs without user and password, and without what their queries say.

    A name alone, as in ssh://git@HOST, is none.
    """
    if "@" not in text and "?" not in text and "#" not in text:
        return text
    return _LOGIN.sub("", _URL.sub(_without, text))


def _without(found: re.Match[str]) -> str:
    """A URL as it may be shown; what may be a password, whatever is in it, is taken for one."""
    scheme, rest = found[1], found[2]
    login, at, host = rest.rpartition("@")
    if at and (":" in login or not re.search("[/?#]", login)):
        user = f"{login}@" if scheme.lower() == "ssh://" and ":" not in login else ""
        rest = user + host
    return scheme + _PARAMETER.sub(_parameter, rest)


def _parameter(found: re.Match[str]) -> str:
    return found[0] if found[1] in _TELLING else f"{found[1]}=…"
