"""The fleet → one HTML page that needs nothing beside it: no network, no other file.

A content security policy lets nothing run but the page's own script, by its digest, and nothing be
loaded at all; every value is escaped besides.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from importlib import resources
from string import Template

from fcgitops import __version__
from fcgitops.core.findings import INFO, Finding
from fcgitops.report.differences import Difference
from fcgitops.report.fleet import Fleet, Row
from fcgitops.report.markup import text
from fcgitops.text.words import count

_HEADS = (
    "Environment", "Variant", "Cluster", "Namespace", "Sync", "Image", "Differs from its variant",
    "Findings", "Last change",
)  # fmt: skip
"""The columns; page.css has their widths."""
_FOLDED = ' class="folded"'
"""Of the cells whose content may be long: paper has it below the others."""


def page(fleet: Fleet, change: str = "") -> str:
    """The whole page.

    Args:
        fleet: what it shows.
        change: HTML of what a change does, which goes first.
    """
    style, script = _part("page.css"), _part("page.js")
    return Template(_part("page.html")).substitute(
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        version=text(__version__),
        title=text(fleet.title),
        state=text(fleet.state),
        numbers=text(_numbers(fleet)),
        change=change,
        elsewhere=_elsewhere(fleet.findings),
        filters="\n".join(_filters(fleet.rows)),
        heads="".join(map(_head, _HEADS)),
        rows="\n".join(map(_row, fleet.rows)),
        data=fleet.rendered.packed(),
    )


def _part(name: str) -> str:
    """A file beside this module."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _numbers(fleet: Fleet) -> str:
    clusters = {_cluster(row) for row in fleet.rows if row.environment}
    findings = [f for row in fleet.rows for f in row.findings] + list(fleet.findings)
    faults = sum(finding.severity != INFO for finding in findings)
    found = count(faults, "finding") if faults else "no findings"
    if not fleet.rows:
        return f"No environments yet: `fcgitops overlay NAME` adds one; {found}."
    environments = count(len(fleet.rows), "environment")
    return f"{environments} on {count(len(clusters), 'cluster')}, {found}."


def _cluster(row: Row) -> str:
    return row.environment.cluster_name if row.environment else ""


def _elsewhere(findings: Iterable[Finding]) -> str:
    items = "".join(map(_finding, findings))
    return f"<h2>Findings outside of environments</h2>\n<ul>{items}</ul>" if items else ""


def _filters(rows: Iterable[Row]) -> Iterator[str]:
    """A choice for each fact by which rows can be left out, of the values that there are."""
    facts = [_facts(row) for row in rows]
    for key in ("variant", "sync", "findings"):
        values = sorted({fact[key] for fact in facts} - {""})
        options = "".join(
            f'<option value="{text(value)}">{text(value)}</option>' for value in values
        )
        label = key.capitalize()
        yield (
            f'<label>{label} <select data-filter="{key}"><option value="">all</option>'
            f"{options}</select></label>"
        )


def _facts(row: Row) -> dict[str, str]:
    env = row.environment
    worst = next((f.severity for s in ("reject", "hazard", INFO) for f in row.findings
                  if f.severity == s), "none")  # fmt: skip
    return {
        "name": row.name,
        "variant": env.variant if env else "",
        "sync": env.sync if env else "",
        "findings": worst,
    }


def _head(title: str) -> str:
    of = _FOLDED if title in _HEADS[6:8] else ""
    button = f'<button type="button">{text(title)}</button>'
    return f'<th scope="col" role="columnheader"{of}>{button}</th>'


def _row(row: Row) -> str:
    facts = "".join(f' data-{key}="{text(value)}"' for key, value in _facts(row).items())
    cells = "".join(_cells(row))
    name = f'<button type="button" class="open">{text(row.name)}</button>'
    return f'<tr role="row"{facts}><th scope="row" role="rowheader">{name}</th>{cells}</tr>'


def _cells(row: Row) -> Iterator[str]:
    env = row.environment
    if env is None:
        yield _cell("") * 5
    else:
        server = f'<br><span class="soft">{text(env.cluster_server)}</span>'
        tag = f":{env.image_tag}" if env.image_tag else ""
        digest = f"@{env.image_digest}" if env.image_digest else ""
        for fact in (env.variant, env.cluster_name, env.namespace, env.sync):
            more = server if fact is env.cluster_name and env.cluster_server else ""
            yield _cell(text(fact) + more)
        yield _cell(f"<code>{text(env.image_name + tag + digest)}</code>")
    settings = "".join(map(_difference, row.differences))
    yield _folded(len(row.differences), "value", settings)
    yield _folded(len(row.findings), "finding", "".join(map(_finding, row.findings)))
    yield _changed(row)


def _folded(number: int, noun: str, items: str) -> str:
    if not number:
        return _cell("", "0", _FOLDED)
    summary = count(number, noun)
    folded = f"<details><summary>{summary}</summary><ul>{items}</ul></details>"
    return _cell(folded, str(number), _FOLDED)


def _cell(content: str, sort: str | None = None, of: str = "") -> str:
    """A cell; `sort` is what its column is sorted by where that is not its text."""
    by = "" if sort is None else f' data-sort="{sort}"'
    return f'<td role="cell"{of}{by}>{content}</td>'


def _difference(found: Difference) -> str:
    instead = f' <span class="soft">instead of {text(found.instead)}</span>' * bool(found.instead)
    return f"<li><code>{text(found.key)}</code>: {text(found.value)}{instead}</li>"


def _finding(found: Finding) -> str:
    place = f" <code>{text(found.place)}</code>" if found.place else ""
    do = f' <span class="soft">{text(found.hint)}</span>' if found.hint else ""
    badge = f'<span class="badge {text(found.severity)}">{text(found.severity)}</span>'
    sentence = " ".join(filter(None, (found.object, found.sentence)))
    return f"<li>{badge} {text(found.rule)}: {text(sentence)}{place}{do}</li>"


def _changed(row: Row) -> str:
    if row.change is None:
        return _cell("not committed", "")
    commit, date, author, subject = map(text, row.change)
    said = f'{date} {author}<br><span class="soft">{subject} ({commit})</span>'
    return _cell(said, date)
