"""What an adoption comes to → the lines that a person reads, and data for a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fcgitops.adopt.adoption import Adoption, seen_profile
from fcgitops.adopt.parts import dotted
from fcgitops.core import shell
from fcgitops.core.formats import json, text
from fcgitops.core.printable import line
from fcgitops.diff import report as reports
from fcgitops.diff.objects import bare_name
from fcgitops.diff.outcome import shown
from fcgitops.diff.report import Entry, Report
from fcgitops.diff.secrecy import hide
from fcgitops.kubernetes.objects import name
from fcgitops.sync.runbook import Step
from fcgitops.text import keypaths


def as_text(found: Adoption, steps: Sequence[Step]) -> Iterator[str]:
    """The lines: what was found, what becomes of it, what differs, and what to type."""
    env, controller = found.environment, found.found.stateful_set
    yield f"{controller.label} of {found.found.place} → {env.name}"
    seen = seen_profile(found.found)
    if seen != found.profile:
        typed = shell.line("fcgitops", "new", "DEST", "--profile", seen)
        yield (
            f"It is as the profile {seen} has it; this repository is {found.profile}. One of "
            f"`{typed}` renders it as it is."
        )
    yield ""
    yield "environment.yaml has"
    for key, value in found.keys.items():
        yield line(f"  {key}: {shown(value)}")
    if env.settings:
        for key, value in env.settings.items():
            yield line(f"  settings.{key}: {shown(hide(value, (key,)))}")
    if patched := [part for part in found.parts if part.patch]:
        yield "local/ has, for what no key says"
        for part in patched:
            for operation in part.patch:
                value = shown(operation.value)
                yield line(f"  {part.kind}: {dotted(operation.path)}: {value}")
    for o in found.resources:
        yield line(f"  {o['kind']}/{name(o)}, an object of its own")
    for title, those in (("taken otherwise", found.notes), ("not in Git", found.left_out)):
        if those:
            yield title
            yield from (line(f"  {each.what}: {each.why}") for each in those)
    yield ""
    yield "What differs from what was read, once it is synced:"
    yield from reports.as_text(_comparison(found), full=True)
    if found.faults:
        yield ""
        yield "What `verify` finds:"
        yield from (f"  {text.line(fault)}" for fault in found.faults)
    yield ""
    yield "How to move, step by step:"
    for number, step in enumerate(steps, 1):
        yield line(f"{number}. {step.title}")
        yield from (f"   {typed}" for typed in step.lines)


def _comparison(found: Adoption) -> Report:
    entry = Entry(found.environment.name, found.outcome)
    differs = found.outcome.objects or found.outcome.effects
    return Report((entry,) if differs else ())


def as_json(found: Adoption, steps: Sequence[Step]) -> dict[str, Any]:
    """The outcome of an adoption as data; docs/json.md has its shape."""
    (entry,) = reports.as_json(Report((Entry(found.environment.name, found.outcome),)))[
        "environments"
    ]
    settings = {key: hide(v, (key,)) for key, v in found.environment.settings.items()}
    return {
        "environment": found.environment.name,
        "from": {
            "object": found.found.stateful_set.label,
            "namespace": found.found.place,
            "profile": seen_profile(found.found),
        },
        "profile": found.profile,
        "keys": keypaths.nested(dict(found.keys)),
        "settings": settings,
        "patches": [
            {
                "object": f"{part.kind}/{bare_name(part.rendered)}",
                "field": dotted(o.path),
                **o.as_yaml(),
            }
            for part in found.parts
            for o in part.patch
        ],
        "resources": [f"{o['kind']}/{name(o)}" for o in found.resources],
        "otherwise": [each._asdict() for each in found.notes],
        "leftOut": [each._asdict() for each in found.left_out],
        "difference": {key: entry[key] for key in ("effects", "objects")},
        "findings": list(map(json.fields, found.faults)),
        "runbook": [{"title": step.title, "lines": list(step.lines)} for step in steps],
    }
