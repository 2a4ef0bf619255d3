"""What a cluster's API server says of what is rendered: a dry run, as the sync tool would apply it.

Nothing is written. An object whose Namespace is rendered with it, and is not there yet, is asked
for as one of the namespace `default`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fcgitops.core.errors import InputError, Problem, ToolError
from fcgitops.core.findings import INFO, REJECT
from fcgitops.core.lazy import regex
from fcgitops.kubernetes.objects import Object, group, mapping, name, namespace
from fcgitops.model import synctools
from fcgitops.model.environment import VARIANTS
from fcgitops.model.kustomization import Kind, Kustomization
from fcgitops.model.synctools import Traits
from fcgitops.programs import process
from fcgitops.repository import experiments
from fcgitops.repository.contents import Repository
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import SERVER, Answer, named

if TYPE_CHECKING:
    from fcgitops.programs.kubectl import Kubectl

_WITHIN = "--request-timeout=20s"
_STAND_IN = "default"
"""A namespace that each cluster has."""
_SAID = regex(r"^Error from server|^The .* is invalid: |error validating data", re.MULTILINE)
"""The API server's own judgement, in kubectl's words; all else is that it could not be asked."""
_NOT_NOW = regex(
    r"\((Unauthorized|Timeout|ServerTimeout|ServiceUnavailable|TooManyRequests)\)"
    r"|\(Forbidden\).*(User \"[^\"]*\" cannot|attempting to grant RBAC permissions)"
)
"""What it says of who asks and of itself, not of the object."""
_ADMISSION = regex(r"\(Forbidden\)|admission")
_UNKNOWN = "no matches for kind"
_FIELD = regex(r" is invalid: (?:\* )?([A-Za-z][\w.\[\]/\"-]*): ")


@SERVER.check("FCG46", REJECT)
def taken(answers: Sequence[Answer]) -> Faults:
    """The API server of a cluster takes all of it, as the sync tool applies it (--server asks).

    It is a dry run, server-side and by the sync tool's field manager, on the kubectl context that
    --context names. The cluster has its say too: admission, fields that cannot change, kinds that
    it does not know.
    """
    for answer in answers:
        found = _FIELD.search(answer.text)
        yield Fault(
            answer.text,
            object=named(answer.object),
            path=found[1] if found else "",
            severity=INFO if answer.unsure else "",
        )


class _Asked(NamedTuple):
    """An object as it is asked for."""

    object: Object
    moved: bool
    """Whether in the place of its own namespace, which is not there yet."""
    defined: bool
    """Whether its kind is defined by what is rendered with it."""


class ApiServer:
    """The API server of a context, each question asked once.

    Args:
        context: the kubectl context; kubectl's current one where it is None.

    Raises:
        ToolError: there is no kubectl, no such context, or nothing answers.
    """

    def __init__(self, context: str | None) -> None:
        from fcgitops.programs import kubectl  # noqa: PLC0415 - with --server alone

        self.kubectl = kubectl.find() if context is None else kubectl.of_context(context)
        told = self.kubectl.run("get", "--raw", "/version", _WITHIN)
        if told.status:
            raise self._fault(process.said(told, 1), "see whether `kubectl version` reaches it")
        try:
            self.version = str(json.loads(told.stdout)["gitVersion"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._fault("what answers there is no API server") from error
        self._namespaces: dict[str, bool] = {}
        self._answers: dict[tuple[str, str], Answer | None] = {}

    @property
    def title(self) -> str:
        """The cluster, as in a sentence."""
        return f"the API server of {self.kubectl.context} ({self.version})"

    def answers(self, objects: Sequence[Object], tool: Traits, *, whole: bool) -> list[Answer]:
        """What it does not take, or cannot say anything of.

        Args:
            objects: what one kustomization renders.
            tool: as which they are applied.
            whole: whether it renders the namespaces of its objects too.

        Raises:
            ToolError: nothing answers any more, or who asks may not.
        """
        asking = replace(self.kubectl, manager=tool.field_manager)
        made = {name(o) for o in objects if o["kind"] == "Namespace"} if whole else None
        kinds = _defined(objects)
        asked = [self._placed(o, made, (group(o), o["kind"]) in kinds) for o in objects]
        keys = [(tool.name, json.dumps(one.object, sort_keys=True)) for one in asked]
        new = {key: one for key, one in zip(keys, asked, strict=True) if key not in self._answers}
        if new:
            items = [one.object for one in new.values()]
            together = {"apiVersion": "v1", "kind": "List", "items": items}
            taken = self._apply(asking, together).status == 0
            for key, one in new.items():
                self._answers[key] = None if taken else self._answer(asking, one)
        return [answer for key in keys if (answer := self._answers[key])]

    def _placed(self, item: Object, made: set[str] | None, defined: bool) -> _Asked:
        place = namespace(item)
        if not place or (made is not None and place not in made) or self._is_there(place):
            return _Asked(item, moved=False, defined=defined)
        moved = item | {"metadata": item["metadata"] | {"namespace": _STAND_IN}}
        return _Asked(moved, moved=True, defined=defined)

    def _is_there(self, place: str) -> bool:
        if place not in self._namespaces:
            told = self.kubectl.run("get", "namespace", place, "--output=name", _WITHIN)
            self._namespaces[place] = "(NotFound)" not in told.stderr
        return self._namespaces[place]

    def _answer(self, asking: Kubectl, one: _Asked) -> Answer | None:
        told = self._apply(asking, one.object)
        if told.status == 0:
            return None
        from fcgitops.diff.secrecy import redact  # noqa: PLC0415 - with --server alone

        text = redact(process.said(told))
        if _UNKNOWN in told.stderr:
            return Answer(one.object, f"the cluster does not know its kind: {text}", one.defined)
        if _NOT_NOW.search(told.stderr) or not _SAID.search(told.stderr):
            raise self._fault(text, "a context whose user may apply what the sync tool applies")
        if one.moved and _ADMISSION.search(told.stderr):
            what = f"its Namespace is not there yet, and {_STAND_IN} does not take it: {text}"
            return Answer(one.object, what, unsure=True)
        return Answer(one.object, f"the API server refuses it: {text}")

    def _apply(self, asking: Kubectl, item: Object) -> process.Result:
        import tempfile  # noqa: PLC0415

        with tempfile.TemporaryDirectory(prefix="fcgitops-") as folder:
            file = Path(folder) / "objects.json"
            file.write_text(json.dumps(item), encoding="utf-8")
            return asking.dry_run(file, "--output=name", _WITHIN)

    def _fault(self, what: str, hint: str = "") -> ToolError:
        return ToolError(Problem(f"kubectl, context {self.kubectl.context}", what, hint))


def _defined(objects: Sequence[Object]) -> set[tuple[object, object]]:
    """Group and kind of what the CRDs among objects define."""
    specs = [mapping(o.get("spec")) for o in objects if o["kind"] == "CustomResourceDefinition"]
    return {(spec.get("group"), mapping(spec.get("names")).get("kind")) for spec in specs}


def tools(repository: Repository, items: Sequence[Kustomization]) -> Iterator[Traits]:
    """The sync tool of each kustomization; the first of the answers where nothing tells."""
    default = repository.answers.tools[0]
    for item in items:
        named = ""
        with suppress(InputError):
            if item.kind is Kind.EXPERIMENT:
                named = experiments.as_it_is(repository, item.owner).environment.sync
            elif str(item) not in VARIANTS:
                named = repository.environment(item.owner).sync
        yield synctools.KNOWN.get(named, default)
