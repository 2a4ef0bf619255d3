"""The schema as text: one key for `config explain`, all of them for docs/configuration.md."""

from __future__ import annotations

import json
import textwrap

from fcgitops.core.findings import table
from fcgitops.fcconfig import schema
from fcgitops.fcconfig.findings import RULES
from fcgitops.fcconfig.schema import Schema


def explain(path: str, wanted: Schema) -> str:
    """What one key does, what it takes, and its default."""
    lines = [f"{path}: {schema.describe(wanted)}"]
    if "default" in wanted:
        lines.append(f"default: {json.dumps(wanted['default'])}")
    lines += textwrap.wrap(wanted["description"], 88)
    children = wanted
    if schema.kind(wanted) == "array":
        children = schema.follow(wanted["items"])
        if "description" in children:
            lines += ["", *textwrap.wrap(f"Each item: {children['description']}", 88)]
    lines += [
        f"  {name}: {schema.describe(schema.follow(child))}"
        for name, child in children.get("properties", {}).items()
    ]
    return "\n".join(lines) + "\n"


def page() -> str:
    """docs/configuration.md."""
    rows = [
        f"| `{path}` | {schema.describe(found)} | {_default(found)} | {found['description']} |"
        for path, found in schema.walk()
    ]
    return "\n".join(
        [
            "# FrameworkController's configuration",
            "",
            "Generated from `generator/fcgitops/fcconfig/schema.json` and the checker's rules by "
            "`make docs`.",
            "",
            schema.load()["description"],
            "",
            "| key | takes | default | what it does |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "## What `fcgitops config check` looks at",
            "",
            "`reject`: FrameworkController would panic at its start. `hazard`: it would start, but "
            "not with what is written. `info`: right, and worth knowing.",
            "",
            *table(RULES),
            "",
        ]
    )


def _default(found: Schema) -> str:
    return f"`{json.dumps(found['default'])}`" if "default" in found else ""
