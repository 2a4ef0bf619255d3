"""FrameworkController's settings as keys of environment.yaml; `config` knows what they mean."""

from __future__ import annotations

import re
from typing import Any

from fcgitops.core.errors import InputError, Problem
from fcgitops.text import yamlio
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import shown


def names() -> list[str]:
    """The names of all settings, in the schema's order."""
    from fcgitops.fcconfig import schema  # noqa: PLC0415 - most environments have none

    return list(schema.settings())


def check(value: object) -> str:
    """What is wrong with a mapping of settings, or the empty text; a `values.Check`.

    Their values are judged in the file that they end up in, by `config.check`.
    """
    if not isinstance(value, dict):
        return f"{shown(value)} is not a mapping (write KEY: VALUE lines)"
    wrong = []
    known = names() if value else []
    for name in value:
        if name not in known:
            hint = did_you_mean(name, known)
            what = f"{shown(name)} is no setting of FrameworkController"
            wrong.append(f"{what} ({hint})" if hint else what)
    return "\n".join(wrong)


def parse(path: str, text: str, where: str) -> Any:  # noqa: ANN401
    """The value that `text` means for the setting at `path` (YAML, but text stays text).

    Raises:
        InputError: it is not valid YAML.
    """
    from fcgitops.fcconfig import goyaml, schema  # noqa: PLC0415

    found = schema.find(path)
    if found is not None and schema.kind(found) == "string" and text not in yamlio.NULLS:
        return text
    value = yamlio.load(text.encode(), f"{where}: {path}")
    plain = text.strip()
    if isinstance(value, dict | list) or plain[:1] in ("'", '"', "|", ">", "!", "&"):
        return value
    # Go takes 1e2 for a number and 1:30 for text, PyYAML the other way round.
    _, value = goyaml.resolve(goyaml.Node("scalar", 1, plain, implicit=True))
    if isinstance(value, int) and re.match(r"[-+]?0[0-7oO_]", plain):
        what = f"{plain} is octal: FrameworkController would read {value}"
        raise InputError(Problem(f"{where}: {path}", what, f"{value}, or without the zero"))
    return int(value) if isinstance(value, float) and value.is_integer() else value
