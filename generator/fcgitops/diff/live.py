"""What is on a cluster, what it would be once a rendering is applied, and answers to questions.

Applied as the sync tool does it: server-side, as the manager of fields that the tool is, and as a
dry run. So a field that leaves Git goes only where no other manager has it, or where the tool takes
over what that manager has.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fcgitops.core import shell
from fcgitops.core.errors import Problem, ToolError
from fcgitops.core.lazy import regex
from fcgitops.diff import objects, takeover
from fcgitops.diff.effects import Effect, Severity
from fcgitops.diff.outcome import Outcome
from fcgitops.diff.secrecy import redact
from fcgitops.kubernetes.objects import Object, group, name, namespace
from fcgitops.model.synctools import KNOWN
from fcgitops.programs import process
from fcgitops.programs.kubectl import Kubectl, is_unanswered
from fcgitops.programs.kubectl import said as kubectl_said
from fcgitops.sync import deletion
from fcgitops.text.words import count

_OF_THE_SERVER = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp",
                  "selfLink")  # fmt: skip
_OF_THE_TOOLS = regex(
    r"(argocd\.argoproj\.io/(tracking-id|installation-id|instance|refresh)"
    r"|app\.kubernetes\.io/instance"
    r"|kustomize\.toolkit\.fluxcd\.io/(name|namespace|checksum|reconcile.*)"
    r"|helm\.toolkit\.fluxcd\.io/(name|namespace|driftDetection)"
    r"|kubectl\.kubernetes\.io/last-applied-configuration)\Z"
)
"""Labels and annotations that say whose an object is, and nothing of what it does."""


@dataclass(frozen=True)
class Live:
    """A cluster beside a rendering.

    Attributes:
        before: what is there of it, and what the sync tool has applied and is rendered no more.
        after: the same once the rendering is applied.
        refused: Kind/name → what the API server says of an object that it refuses.
    """

    before: list[Object]
    after: list[Object]
    refused: dict[str, str]


def look(kubectl: Kubectl, rendered: list[Object], tool: str) -> Live:
    """Asks the API server what is there, and what applying would make of it.

    Args:
        kubectl: with the cluster's context.
        rendered: what Git renders.
        tool: `argocd` or `flux`.

    Raises:
        ToolError: the cluster does not answer.
    """
    applying = replace(kubectl, manager=KNOWN[tool].field_manager)
    habits = KNOWN[tool].habits
    with tempfile.TemporaryDirectory(prefix="fcgitops-") as scratch:
        before = {objects.key(o): o for o in _there(kubectl, rendered, Path(scratch))}
        after: list[Object] = []
        refused: dict[str, str] = {}
        for o in rendered:
            file = Path(scratch) / "object.json"
            file.write_text(json.dumps(o), encoding="utf-8")
            result = applying.dry_run(file, "--output=json", "--show-managed-fields")
            if result.status == 0:
                after.append(bare(takeover.without(json.loads(result.stdout), habits.takes_over)))
                continue
            reason = kubectl_said(result)
            if is_unanswered(result):
                raise ToolError(Problem(kubectl.place, reason))
            after.append(o)
            if not _is_of_a_new_namespace(reason, o, rendered, before):
                refused[objects.label(o)] = redact(reason)
    kept = {objects.key(o) for o in rendered}
    left = [o for o in _applied(kubectl, rendered, tool) if objects.key(o) not in kept]
    return Live([bare(o) for o in [*before.values(), *left]], after, refused)


def _there(kubectl: Kubectl, rendered: list[Object], scratch: Path) -> list[Object]:
    file = scratch / "rendered.json"
    items = {"apiVersion": "v1", "kind": "List", "items": rendered}
    file.write_text(json.dumps(items), encoding="utf-8")
    found = kubectl.get("-f", str(file))
    return found if isinstance(found, list) else [found] if found else []


def _is_of_a_new_namespace(
    reason: str, o: Object, rendered: list[Object], before: dict[Any, Object]
) -> bool:
    """Whether it is refused because its Namespace, which is rendered, is not there yet."""
    place = namespace(o)
    there = ("", "Namespace", "", place) in before
    is_rendered = any(r["kind"] == "Namespace" and name(r) == place for r in rendered)
    return "not found" in reason and is_rendered and not there


def _applied(kubectl: Kubectl, rendered: list[Object], tool: str) -> list[Object]:
    """What the tool has applied of the rendered kinds, in the rendered namespaces."""
    found: list[Object] = []
    for place in {namespace(o) for o in rendered} - {""}:
        of_it = (o for o in rendered if namespace(o) == place)
        kinds = {f"{o['kind']}.{group(o)}".rstrip(".") for o in of_it}
        asked = sorted(kind for kind in kinds if deletion.is_kind(kind.lower()))
        items = kubectl.get(",".join(asked), "--namespace", place) if asked else []
        found += [o for o in items or [] if _is_applied(o, tool)]
    return found


def _is_applied(o: Object, tool: str) -> bool:
    part, key = KNOWN[tool].habits.mark
    return bool(key) and key in (o["metadata"].get(part) or {})


def bare(o: Object) -> Object:
    """An object without what the API server and the sync tools add to each."""
    metadata = {k: v for k, v in o["metadata"].items() if k not in _OF_THE_SERVER}
    for key in ("labels", "annotations"):
        if isinstance(metadata.get(key), dict):
            own = {k: v for k, v in metadata[key].items() if not _OF_THE_TOOLS.match(k)}
            if o["kind"] == "Namespace":
                own.pop("kubernetes.io/metadata.name", None)
            metadata[key] = own
            if not own:  # there was nothing but the tool's: else it would differ from none
                del metadata[key]
    return {**{k: v for k, v in o.items() if k != "status"}, "metadata": metadata}


def with_refusals(outcome: Outcome, refused: dict[str, str]) -> Outcome:
    """The outcome, with what the API server itself refuses and no rule has said."""
    known = {e.object for e in outcome.effects if e.severity in (Severity.MANUAL, Severity.FAILS)}
    more = [
        Effect("C04", Severity.FAILS, label, f"The API server refuses it: {reason}.")
        for label, reason in refused.items()
        if label not in known
    ]
    effects = sorted([*outcome.effects, *more], key=lambda effect: -effect.severity)
    return outcome._replace(effects=tuple(effects))


def answered(outcome: Outcome, kubectl: Kubectl) -> Outcome:
    """The outcome, each effect that has a query with what the cluster answers."""
    answers: dict[str, str] = {}
    for effect in outcome.effects:
        if effect.count and effect.count not in answers:
            answers[effect.count] = _ask(effect.count, kubectl)
    return outcome._replace(
        effects=tuple(replace(e, answer=answers.get(e.count, "")) for e in outcome.effects),
    )


def _ask(query: str, kubectl: Kubectl) -> str:
    """What a query prints on the cluster; why it cannot be asked, where it cannot."""
    if "jq " in query and process.which("jq") is None:
        return "not asked: jq is not here"
    pieces = [kubectl.program, *kubectl.flags, "--context", kubectl.context]
    script = f'kubectl() {{ {shell.line(*pieces)} "$@"; }}\n{query}'
    try:
        result = process.run(["sh", "-c", script], timeout=60)
    except ToolError as error:
        return f"not known: {error.problems[0].what}"
    text = result.stdout.decode(errors="replace").strip()
    if not text:
        return "not there" if "NotFound" in result.stderr else (
            f"not known: {process.said(result)}" if result.status else "none"
        )  # fmt: skip
    lines = text.splitlines()
    return lines[0] if len(lines) == 1 else f"{count(len(lines), 'line')}: {lines[-1]}"
