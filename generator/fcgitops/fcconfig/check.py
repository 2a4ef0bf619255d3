"""The text of one configuration file → everything that is to say of it.

The order is FrameworkController's own: YAML, types, then values. Where it stops at the first
mistake, this goes on.
"""

from __future__ import annotations

import codecs
import functools
import itertools
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from fcgitops.core.findings import HAZARD, REJECT, Finding, Path
from fcgitops.core.findings import dotted as text
from fcgitops.fcconfig import goregexp, rules, schema, wrapped
from fcgitops.fcconfig.decode import MAX_FAULTS, Decoded, read
from fcgitops.fcconfig.findings import found
from fcgitops.fcconfig.goyaml import Document, GoError
from fcgitops.fcconfig.schema import LIST
from fcgitops.text.words import shown

MAX_REGEX_CHARACTERS = 300_000
MAX_REGEXES = 8_000
"""In a file: bounds on the time to judge; OpenPAI runs with some hundreds."""


@functools.lru_cache(maxsize=64)  # environments share some, and several ask of each
def check(data: bytes) -> tuple[Finding, ...]:
    """All findings of a file, in the order of their lines."""
    try:
        document, decoded = read(data)
    except GoError as error:
        return (found("FCC01", "", error.line, error.message),)
    everything = itertools.chain(
        _encoding(data), _ignored(document), decoded.findings,
        _regexes(decoded), _values(decoded), rules.check(decoded),
    )  # fmt: skip
    findings = list(itertools.islice(everything, MAX_FAULTS))
    if len(findings) == MAX_FAULTS:
        message = f"has over {MAX_FAULTS} faults: not judged further"
        findings.append(found("FCC01", "", 0, message))
    if an_object := wrapped.finding(document.root):  # its keys are all unknown here
        findings = [an_object, *(finding for finding in findings if finding.severity == REJECT)]
    return tuple(sorted(findings, key=lambda f: (f.line, f.rule, f.path, f.message)))


def _ignored(document: Document) -> Iterator[Finding]:
    if document.ignored:
        message = "what stands here is not read: a second document"
        yield found("FCC02", "", document.ignored, message, "one document a file")


def _encoding(data: bytes) -> Iterator[Finding]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        message = "is UTF-16, which a ConfigMap holds as binary data only"
        yield found("FCC05", "", 1, message, "save it as UTF-8")


def _regexes(decoded: Decoded) -> Iterator[Finding]:
    characters = 0
    for number, (path, line, pattern) in enumerate(decoded.regexes):
        characters += len(pattern)
        if characters > MAX_REGEX_CHARACTERS or number >= MAX_REGEXES:
            message = (
                f"over {MAX_REGEXES} regular expressions, or {MAX_REGEX_CHARACTERS} characters of "
                "them: not judged further"
            )
            yield found("FCC17", text(path), line, message)
            return
        judged = goregexp.judge(pattern)
        if judged.error:
            hint = "https://github.com/google/re2/wiki/Syntax; look-around and \\1 are not in it"
            yield found("FCC17", text(path), line, judged.error, hint)
        for newer in judged.newer:
            yield found("FCC18", text(path), line, f"{newer}: Go 1.12 panics on it")


_PART = 5000
"""Values given to the validator at once."""


@functools.cache
def _validator() -> Any:  # noqa: ANN401 - the library's class
    return jsonschema_rs.Draft202012Validator(schema.load())


def _values(decoded: Decoded) -> Iterator[Finding]:
    """What the schema says of the values that FrameworkController would get."""
    for path, error in _violations(decoded):
        if error.schema_path[-1] == "required":
            missing = error.kind.property
            if not _is_broken(decoded, (*path, missing)):
                hint = schema.describe(_schema((*path, missing)))
                yield found("FCC15", text(path), decoded.line(path), f"has no {missing}", hint)
            continue
        if _is_broken(decoded, path):
            continue
        at = _schema(path)
        rule = "FCC16" if at.get("x-verdict") == HAZARD else "FCC15"
        value = error.instance
        said = f"{value:.9g}" if isinstance(value, float) else shown(value)
        message = "is empty" if value == [] else f"is {said}"
        yield found(rule, text(path), decoded.line(path), message, schema.describe(at))


def _violations(decoded: Decoded) -> Iterator[tuple[Path, Any]]:
    """The validator's errors; it makes all of them at once, so it gets a long list in parts."""
    value, sizes = decoded.value, decoded.sizes
    entries = value.get(LIST)
    if sum(sizes) <= _PART or not isinstance(entries, list):
        yield from ((tuple(e.instance_path), e) for e in _errors(value))
        return
    start = 0
    while start < len(entries):
        end, size = start + 1, sizes[start]
        while end < len(entries) and size + sizes[end] <= _PART:
            size += sizes[end]
            end += 1
        rest = {} if start else {k: v for k, v in value.items() if k != LIST}
        for error in _errors({**rest, LIST: entries[start:end]}):
            path = tuple(error.instance_path)
            inside = path[0] == LIST and len(path) > 1
            yield ((LIST, int(path[1]) + start, *path[2:]) if inside else path), error
        start = end


def _errors(value: dict[str, Any]) -> Any:  # noqa: ANN401 - the library's errors
    return _validator().iter_errors(value)


def _is_broken(decoded: Decoded, path: Path) -> bool:
    return any(path[:length] in decoded.broken for length in range(1, len(path) + 1))


def _schema(path: Path) -> schema.Schema:
    at = schema.load()
    for part in path:
        at = schema.follow(at["items"] if isinstance(part, int) else at["properties"][part])
    return at
