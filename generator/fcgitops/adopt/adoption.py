"""Manifests → a new environment of a repository: its keys, its `local/`, and what differs then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fcgitops.adopt import local, rendering
from fcgitops.adopt.keys import Keys
from fcgitops.adopt.parts import Part, dotted, parts
from fcgitops.adopt.reading import Item
from fcgitops.adopt.recognition import PROGRAM, Found
from fcgitops.adopt.renaming import Renaming
from fcgitops.adopt.sorting import STAYS, LeftOut, is_shared, sort
from fcgitops.core.errors import InputError, Problem
from fcgitops.diff import compare
from fcgitops.diff.effects import Severity
from fcgitops.diff.objects import bare_name
from fcgitops.diff.outcome import Outcome
from fcgitops.fcconfig import parting
from fcgitops.kubernetes import references
from fcgitops.kubernetes.objects import Fields, Object, mapping, mappings, name
from fcgitops.model import expects, layout, synctools
from fcgitops.model.answers import Answers
from fcgitops.model.assignments import Assignments
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
        typed: what options set.
    """

    name: str
    typed: Assignments = field(default_factory=Assignments)


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
        answers: of the repository.
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
    answers: Answers

    @property
    def profile(self) -> str:
        """The repository's profile."""
        return self.answers.profile


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
    if others.components and "components" not in asked.typed.given:
        given["components"] = others.components
    made = parts(found, others.pairs, keys, first, profile)
    renaming = Renaming(found, item.environment.namespace, profile)
    resources = [renaming.resource(each.object) for each in others.resources]
    if found.role and not any(part.item is found.role for part in made):
        resources.append(renaming.resource(found.role.object))
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
    made = [part._replace(rendered=_as_it_is(part.rendered, rendered)) for part in made]
    outcome = _compared(found, made, resources, rendered, renaming, item.environment)
    if found.binding is None:
        keys.notes.append(("rights", "no binding is here: what it may do until now is not known"))
    left_out = [*others.left_out, *_unsaid(found, made, others.pairs, keys, rendered, profile)]
    return Adoption(
        found,
        change,
        item.environment,
        given,
        made,
        resources,
        left_out,
        [LeftOut(*note) for note in keys.notes],
        outcome,
        rendered,
        renaming.moved,
        repository.answers,
    )


_OF_THE_TOOLS_OWN = ("C25", "N01")
"""Rules of what a sync tool does with what it has applied before: nothing of this."""
_NEEDS_THE_SAME = {"R11": "ClusterRoleBinding"}
"""Rules of an object that is changed, and not of one that is made anew under another name."""


def _compared(  # noqa: PLR0913, PLR0917 - both sides, and how they are named
    found: Found,
    made: Sequence[Part],
    resources: Sequence[Object],
    rendered: Sequence[Object],
    renaming: Renaming,
    environment: Environment,
) -> Outcome:
    """What differs between the input and what is rendered, and what that does."""
    tools = frozenset({environment.sync})
    as_it_is = [renaming.before(part) for part in made] + list(resources)
    alike = [renaming.before(part, container=True) for part in made] + list(resources)
    outcome = compare.outcome(as_it_is, rendered, tools)
    anew = {part.kind for part in made if name(part.item.object) != name(part.rendered)}
    effects = [
        effect
        for effect in outcome.effects
        if effect.id not in _OF_THE_TOOLS_OWN
        and _NEEDS_THE_SAME.get(effect.id) not in anew
        and (found.binding is not None or effect.severity != Severity.RIGHTS)
    ]
    return Outcome(tuple(effects), compare.outcome(alike, rendered, tools).objects)


def _unsaid(  # noqa: PLR0913, PLR0917 - what was read, and what came of it
    found: Found,
    made: Sequence[Part],
    pairs: Sequence[Item],
    keys: Keys,
    rendered: Sequence[Object],
    profile: str,
) -> list[LeftOut]:
    """What the environment does not have of what was found, and why."""
    hidden = {(part.item.label, path) for part in made for path in part.hidden}
    why = "may be a secret, which does not belong to Git, or nothing that kustomize can write"
    left_out = [LeftOut(f"{label}: {path}", why) for label, path in sorted(hidden)]
    for part in parts(found, pairs, keys, rendered, profile):
        for operation in part.patch:
            path = dotted(operation.path)
            if not any(path.startswith(known) for _, known in hidden):
                what = f"{part.item.label}: {path}"
                left_out.append(LeftOut(what, "is not what it was, whatever is patched"))
    if found.home and not any(part.item is found.home for part in made):
        left_out.append(LeftOut(found.home.label, STAYS))
    return left_out


def seen_profile(found: Found) -> str:
    """The profile that manifests are nearest to: hardened starts the program itself."""
    command = found.container.get("command") or []
    return "hardened" if command == [f"{PROGRAM}/frameworkcontroller"] else "upstream"


def _as_it_is(o: Object, rendered: Sequence[Object]) -> Object:
    """An object as it was rendered last."""
    key = (o["kind"], bare_name(o))
    return next((other for other in rendered if (other["kind"], bare_name(other)) == key), o)


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
    typed = asked.typed
    given |= typed.given
    where = f"environment {asked.name!r}"
    return Request(asked.name, where, given, typed.settings, config, typed.entries)


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
