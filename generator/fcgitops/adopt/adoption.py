"""Manifests → a new environment of a repository: its keys, its `local/`, and what differs then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fcgitops.adopt import local, rendering
from fcgitops.adopt.keys import Keys
from fcgitops.adopt.parts import Part, parts
from fcgitops.adopt.recognition import PROGRAM, Found
from fcgitops.adopt.renaming import Renaming
from fcgitops.adopt.sorting import LeftOut, is_shared, sort
from fcgitops.core.errors import InputError, Problem
from fcgitops.diff import compare
from fcgitops.diff.effects import Severity
from fcgitops.diff.outcome import Outcome
from fcgitops.fcconfig import parting
from fcgitops.kubernetes import references
from fcgitops.kubernetes.objects import Fields, Object, mapping, mappings, name
from fcgitops.model import expects, layout, synctools
from fcgitops.model.environment import CUSTOMIZED_CONFIG, DEFAULT_CONFIG, Environment
from fcgitops.programs import kustomize
from fcgitops.repository import customized
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.text import yamlio
from fcgitops.text.tree import at

Plan = Callable[[Request], Change]
"""From the environment that is asked for to all that the repository should hold."""
_GUARDRAILS = "components/guardrails"
_OF_KEYS = {"Secret": "kubeconfig_secret", "PriorityClass": "priority_class"}
"""Kinds that a key names already."""
_EXPECTS = {kind: key for key, kind in expects.KINDS.items()}


@dataclass(frozen=True)
class Asked:
    """What was typed beside the manifests.

    Attributes:
        name: of the environment.
        given: key path → value, of options.
    """

    name: str
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Adoption:
    """An environment that takes the place of what runs without it.

    Attributes:
        found: what was recognised.
        change: what the repository should hold.
        environment: the new one.
        keys: key path → value of its environment.yaml, as they were found.
        parts: what takes the place of each object, and how it is patched.
        resources: what is added to it.
        left_out: what does not go to Git, and why.
        notes: what is taken otherwise than it was: where, and how.
        outcome: what differs, with its effects.
        rendered: the environment's objects.
        moved: whether FrameworkController is another StatefulSet from now on.
        profile: the repository's.
    """

    found: Found
    change: Change
    environment: Environment
    keys: Mapping[str, Any]
    parts: Sequence[Part]
    resources: Sequence[Object]
    left_out: Sequence[LeftOut]
    notes: Sequence[LeftOut]
    outcome: Outcome
    rendered: Sequence[Object]
    moved: bool
    profile: str


def adopt(repository: Repository, found: Found, asked: Asked, plan: Plan) -> Adoption:
    """Makes an environment of what was found.

    Args:
        repository: that it is to be in.
        found: FrameworkController among some objects.
        asked: its name, and what is set whatever was found.
        plan: makes the change that a request asks for.

    Raises:
        InputError: with every problem of the outcome.
        ToolError: there is no good kustomize, or it does not build.
    """
    if asked.name in repository.environment_names():
        raise InputError(
            Problem(asked.name, "is an environment already", "another --name, or `fcgitops diff`")
        )
    profile = repository.answers.profile
    keys = Keys(found, profile, repository.defaults, _base(repository))
    request = _request(repository, found, asked, keys)
    builds = _Builds(repository, asked.name)
    change = plan(request)
    (item,) = (i for i in change.environments if i.environment.name == asked.name)
    first = builds.of(change.merged.files)
    others = sort(found, first, _guardrails(repository))
    given = dict(request.given)
    if others.components and "components" not in asked.given:
        given["components"] = others.components
    made = parts(found, others.pairs, keys, first, profile)
    renaming = Renaming(found, item.environment.namespace)
    resources = [renaming.resource(each.object) for each in others.resources]
    own = at(f"{layout.OVERLAYS}/{asked.name}", local.files(made, resources))
    if wanted := _expected(builds.of({**change.merged.files, **own}), item.environment):
        given["expects"] = wanted
    if given != request.given:
        change = plan(replace(request, given=given))
        (item,) = (i for i in change.environments if i.environment.name == asked.name)
    if "components" in given:
        made = parts(found, others.pairs, keys, builds.of(change.merged.files), profile)
        own = at(f"{layout.OVERLAYS}/{asked.name}", local.files(made, resources))
    change.merged.files |= own
    change.title = f"Adopt {asked.name}"
    rendered = builds.of(change.merged.files)
    before = [renaming.before(part) for part in made] + resources
    outcome = compare.outcome(before, rendered, frozenset({item.environment.sync}))
    if found.binding is None:
        effects = [e for e in outcome.effects if e.severity != Severity.RIGHTS]
        outcome = outcome._replace(effects=tuple(effects))
        keys.notes.append(("rights", "no binding is here: what it may do until now is not known"))
    hidden = [
        LeftOut(f"{part.item.label}: {path}", "may be a secret, which does not belong to Git")
        for part in made
        for path in part.hidden
    ]
    return Adoption(
        found,
        change,
        item.environment,
        given,
        made,
        resources,
        [*others.left_out, *hidden],
        [LeftOut(*note) for note in keys.notes],
        outcome,
        rendered,
        renaming.moved,
        profile,
    )


def seen_profile(found: Found) -> str:
    """The profile that manifests are nearest to: hardened starts the program itself."""
    command = found.container.get("command") or []
    return "hardened" if command == [f"{PROGRAM}/frameworkcontroller"] else "upstream"


class _Builds:
    """Renders the environment as a change would have it."""

    def __init__(self, repository: Repository, name: str) -> None:
        self._root, self._folder = repository.root, f"{layout.OVERLAYS}/{name}"
        self._program = kustomize.find()

    def of(self, files: Mapping[str, bytes | None]) -> list[Object]:
        """The objects; raises as `rendering.of_change`."""
        return rendering.of_change(self._root, files, self._folder, self._program)


def _request(repository: Repository, found: Found, asked: Asked, keys: Keys) -> Request:
    """What the environment is to be by its keys."""
    profile, defaults = repository.answers.profile, repository.defaults
    given: dict[str, Any] = {"variant": DEFAULT_CONFIG}
    place = found.place
    if profile == "hardened" and _is_anothers(place):
        place = str(defaults["namespace"])
    given |= {"namespace": place, **keys.given}
    config = None
    if found.configuration is not None:
        given["variant"] = CUSTOMIZED_CONFIG
        own = parting.part(
            found.configuration,
            customized.variant_config(repository),
            str(defaults["shippedPodFailureSpec"]),
            f"{found.config_map.where}: {found.config_map.label}" if found.config_map else "",
        )
        config = own.text or None
        if own.shipped != defaults["shippedPodFailureSpec"]:
            given["shippedPodFailureSpec"] = own.shipped
    given |= asked.given
    return Request(asked.name, f"environment {asked.name!r}", given, config=config)


def _is_anothers(place: str) -> bool:
    """Whether a namespace is others' too, so that hardened must not label it."""
    return is_shared(place) or place in {tool.namespace for tool in synctools.KNOWN.values()}


def _base(repository: Repository) -> Fields:
    """FrameworkController's container as the repository's base has it."""
    document = yamlio.load(repository.read("base/statefulset.yaml") or b"", "base/statefulset.yaml")
    spec = mapping(mapping(document).get("spec"))
    pod = mapping(mapping(spec.get("template")).get("spec"))
    return next(iter(mappings(pod.get("containers"))), {})


def _guardrails(repository: Repository) -> list[Object]:
    """What the component of that name adds."""
    tree = repository.folder(_GUARDRAILS)
    return [
        document
        for path, data in tree.items()
        if "/" not in path and path != layout.KUSTOMIZATION_FILE
        for document in yamlio.load_all(data, path)
        if isinstance(document, dict) and "kind" in document
    ]


def _expected(rendered: Sequence[Object], environment: Environment) -> dict[str, list[str]]:
    """What the Pod names, nothing renders and no key says: it is on the cluster already."""
    there = {(o["kind"], name(o)) for o in rendered}
    there |= {(kind, str(getattr(environment, key))) for kind, key in _OF_KEYS.items()}
    found: dict[str, list[str]] = {}
    for o in rendered:
        pod = mapping(mapping(mapping(o.get("spec")).get("template")).get("spec"))
        for reference in references.of_pod(pod) if o["kind"] == "StatefulSet" else ():
            known = (reference.kind, reference.name) in there or reference.kind == "ServiceAccount"
            standard = reference.name.startswith("system-") or reference.name == "default-scheduler"
            if not (known or standard or reference.optional):
                names = found.setdefault(_EXPECTS[reference.kind], [])
                names += [reference.name] if reference.name not in names else []
    return found
