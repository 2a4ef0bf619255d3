"""FrameworkController's own settings: their names and types.

Source: Config in pkg/apis/frameworkcontroller/v1/config.go of microsoft/frameworkcontroller.
It reads its file without strictness, so a mistyped name would silently change nothing.
"""

from __future__ import annotations

from typing import Any

from fcgitops import yamlio
from fcgitops.values import did_you_mean

TYPES: dict[str, str] = {
    "kubeApiServerAddress": "text",
    "kubeConfigFilePath": "text",
    "kubeClientQps": "number",
    "kubeClientBurst": "whole number",
    "workerNumber": "whole number",
    "largeFrameworkCompression": "true or false",
    "crdEstablishedCheckIntervalSec": "whole number",
    "crdEstablishedCheckTimeoutSec": "whole number",
    "objectLocalCacheCreationTimeoutSec": "whole number",
    "frameworkCompletedRetainSec": "whole number",
    "frameworkMinRetryDelaySecForTransientConflictFailed": "whole number",
    "frameworkMaxRetryDelaySecForTransientConflictFailed": "whole number",
    "logObjectSnapshot": "mapping",
    "podFailureSpec": "list",
}

_PYTHON: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "whole number": (int,),
    "true or false": (bool,),
    "mapping": (dict,),
    "list": (list,),
}


def check(value: object) -> str:
    """What is wrong with a mapping of settings, or the empty text; a `values.Check`."""
    if not isinstance(value, dict):
        return f"{value!r} is not a mapping (write KEY: VALUE lines)"
    wrong = []
    for name, item in value.items():
        if name not in TYPES:
            hint = did_you_mean(name, TYPES)
            what = f"{name!r} is no setting of FrameworkController"
            wrong.append(f"{what} ({hint})" if hint else what)
        elif not _is(item, TYPES[name]):
            wrong.append(f"{name} is {item!r} (a {TYPES[name]})")
    return "\n".join(wrong)


def _is(item: object, kind: str) -> bool:
    return isinstance(item, _PYTHON[kind]) and (kind == "true or false") == isinstance(item, bool)


def parse(name: str, text: str, where: str) -> Any:  # noqa: ANN401
    """The value that `text` means for the setting `name` (YAML, but text stays text).

    Raises:
        InputError: it is not valid YAML.
    """
    return text if TYPES[name] == "text" else yamlio.load(text.encode(), f"{where}: {name}")
