"""Rules that look at several values at once, numbered in `findings.RULES`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from fcgitops.core.findings import Finding, Path
from fcgitops.core.findings import dotted as text
from fcgitops.core.lazy import regex
from fcgitops.fcconfig import schema, sizing
from fcgitops.fcconfig.decode import Decoded
from fcgitops.fcconfig.findings import found
from fcgitops.fcconfig.image import shipped_codes
from fcgitops.fcconfig.schema import LIST
from fcgitops.text import hosts
from fcgitops.text.words import count

_MIN = "frameworkMinRetryDelaySecForTransientConflictFailed"
_MAX = "frameworkMaxRetryDelaySecForTransientConflictFailed"
_ADDRESS = regex(r"(https?://)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?/?\Z")
_NO_HOST = regex(r"""[\x00-\x20\x7f"<>\\^`{|}%]""")

Rule = Callable[[Decoded], Iterator[Finding]]


def check(decoded: Decoded) -> Iterator[Finding]:
    """The findings of all rules."""
    for rule in _RULES:
        yield from rule(decoded)


def setting(decoded: Decoded, name: str) -> Any:  # noqa: ANN401
    """The value of a setting, or its default."""
    value = decoded.value.get(name)
    return schema.default(name) if value is None else value


def _retry_delays(decoded: Decoded) -> Iterator[Finding]:
    low, high = setting(decoded, _MIN), setting(decoded, _MAX)
    if high < low and not decoded.broken & {(_MIN,), (_MAX,)}:
        name, other = (_MAX, _MIN) if _MAX in decoded.value else (_MIN, _MAX)
        limit = f"{other} ({setting(decoded, other)})"
        word = "below" if name == _MAX else "above"
        message = f"is {setting(decoded, name)}, {word} {limit}"
        yield found("FCC21", name, decoded.line((name,)), message, "the lower one first")


def _entries(decoded: Decoded) -> list[tuple[int, dict[str, Any]]]:
    entries = decoded.value.get(LIST) or []
    return [(i, entry) for i, entry in enumerate(entries) if isinstance(entry, dict)]


def _codes(decoded: Decoded) -> Iterator[Finding]:
    seen: dict[int, int] = {}
    for index, entry in _entries(decoded):
        code = entry.get("code")
        if code is None:
            continue
        path: Path = (LIST, index, "code")
        if code in seen:
            message = f"{code} is podFailureSpec[{seen[code]}]'s already"
            yield found("FCC22", text(path), decoded.line(path), message, "each code once")
        seen.setdefault(code, index)


def _patterns(decoded: Decoded) -> Iterator[tuple[Path, dict[str, Any]]]:
    for index, entry in _entries(decoded):
        for number, pattern in enumerate(entry.get("podPatterns") or []):
            if isinstance(pattern, dict):
                yield (LIST, index, "podPatterns", number), pattern


def _ranges(decoded: Decoded) -> Iterator[Finding]:
    for place, pattern in _patterns(decoded):
        for number, container in enumerate(pattern.get("containers") or []):
            for name in ("signalRange", "codeRange"):
                limits = (container or {}).get(name) or {}
                low, high = limits.get("min"), limits.get("max")
                if low is not None and high is not None and low > high:
                    path = (*place, "containers", number, name)
                    message = f"min {low} is above max {high}: it matches nothing"
                    yield found("FCC23", text(path), decoded.line(path), message, "min ≤ max")


def _address(decoded: Decoded) -> Iterator[Finding]:
    address = decoded.value.get("kubeApiServerAddress")
    if address and not _ADDRESS.match(address):
        path: Path = ("kubeApiServerAddress",)
        rule = "FCC24" if _client_refuses(address) else "FCC25"
        hint = "http[s]://HOST:PORT"
        yield found(rule, text(path), decoded.line(path), f"is {address!r}", hint)
    elif address and hosts.is_loopback(_host(address)):
        path = ("kubeApiServerAddress",)
        message = f"is {address!r}: in a Pod that is FrameworkController's Pod itself"
        hint = "the API server's address in its network, or leave it out"
        yield found("FCC26", text(path), decoded.line(path), message, hint)
    if address and not decoded.value.get("kubeConfigFilePath"):
        message = "alone: FrameworkController sends no credentials there, its token neither"
        yield found("FCC35", "kubeApiServerAddress", decoded.line(("kubeApiServerAddress",)),
                    message, "kubeConfigFilePath too, unless KUBECONFIG is set")  # fmt: skip


def _host(address: str) -> str:
    """The host of what `_ADDRESS` matches."""
    return hosts.split_port(address.rpartition("://")[2].rstrip("/"))[0]


def _client_refuses(address: str) -> bool:
    """Whether client-go cannot make a client for it: DefaultServerURL, and net/url of Go."""
    scheme, found_scheme, rest = address.partition("://")
    if not found_scheme:
        if "/" in address:
            return True
        rest = scheme
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if found_scheme and not (host and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme)):
        return True
    if _NO_HOST.search(host):
        return True
    if host.startswith("["):
        return not re.fullmatch(r"\[[^]]*\](:[0-9]*)?", host)
    return ":" in host and re.fullmatch(r"[0-9]*", host.rpartition(":")[2]) is None


def _snapshots(decoded: Decoded) -> Iterator[Finding]:
    """Only where nothing is said of it: who has written true has decided."""
    said = decoded.value.get("logObjectSnapshot") or {}
    if not any(said.get(name) for name in ("framework", "task", "pod")):
        message = (
            "is not set: whole Framework, task and Pod specs, environment values included, "
            "go to the log when one is retried or deleted"
        )
        yield found("FCC31", "logObjectSnapshot", 0, message, "set it, true or false")


def _shipped(decoded: Decoded) -> Iterator[Finding]:
    own = {entry.get("code") for _, entry in _entries(decoded)}
    lacking = [code for code in shipped_codes() if code not in own]
    if lacking:
        listed = ", ".join(map(str, lacking[:3])) + (", …" if len(lacking) > 3 else "")
        line = decoded.line((LIST,)) if own else 0
        message = f"lacks {count(len(lacking), 'code')} that the image's own file knows: {listed}"
        yield found("FCC32", LIST, line, message, "`fcgitops config merge` keeps them")


def _sizes(decoded: Decoded) -> Iterator[Finding]:
    values = {name: setting(decoded, name) for name in sizing.NAMES}
    if all((name,) not in decoded.broken and value > 0 for name, value in values.items()):
        for name, message, hint in sizing.remarks(values):
            yield found("FCC33", name, decoded.line((name,)), message, hint)


def _matches_all(decoded: Decoded) -> Iterator[Finding]:
    last = max((index for index, _ in _entries(decoded)), default=0)
    for path, pattern in _patterns(decoded):
        if path[1] != last and not any(pattern.get(name) for name in pattern):
            message = "matches every failed Pod: no entry below is reached"
            yield found("FCC34", text(path), decoded.line(path), message, "put it last")
            return


def _burst(decoded: Decoded) -> Iterator[Finding]:
    """FrameworkController takes 0, client-go's rest.NewRESTClient does not."""
    if decoded.value.get("kubeClientBurst") == 0:
        line = decoded.line(("kubeClientBurst",))
        message = "is 0: the Kubernetes client refuses it, and FrameworkController panics"
        yield found("FCC36", "kubeClientBurst", line, message, "at least 1")


_RULES: tuple[Rule, ...] = (
    _retry_delays, _codes, _ranges, _address, _snapshots, _shipped, _sizes, _matches_all, _burst,
)  # fmt: skip
