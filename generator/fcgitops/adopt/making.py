"""Manifests → a new environment of a repository.

Its keys are rendered first. What they do not say is patched, which is rendered again; what the
outcome names and nothing renders is expected to be there. Then both are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fcgitops.adopt import comparing, local, nni, rendering
from fcgitops.adopt.adoption import Adoption, Asked
from fcgitops.adopt.keys import Keys
from fcgitops.adopt.parts import parts
from fcgitops.adopt.reading import Item
from fcgitops.adopt.recognition import Found
from fcgitops.adopt.renaming import Renaming
from fcgitops.adopt.sorting import LeftOut, Sorted, is_shared, sort
from fcgitops.core.errors import InputError, Problem
from fcgitops.core.redaction import redacted
from fcgitops.diff.objects import bare_name
from fcgitops.fcconfig import merging, parting
from fcgitops.kubernetes import references
from fcgitops.kubernetes.objects import Fields, Object, mapping, mappings, name, namespace
from fcgitops.model import expects, layout, storage, synctools
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
    return _Making(repository, found, asked, plan).adoption()


class _Making:
    """One adoption, in its steps."""

    def __init__(self, repository: Repository, found: Found, asked: Asked, plan: Plan) -> None:
        self._repository = repository
        self._plan = plan
        self._name = asked.name
        self._profile = repository.answers.profile
        self._folder = layout.overlay(asked.name)
        self._program = kustomize.find()
        self._platform = nni.find(found.others)
        if self._platform:
            found = replace(found, others=nni.without(found.others, self._platform))
        self._found = found
        self._keys = Keys(found, self._profile, repository.defaults, _base(repository))
        self._request = self._asked_for(asked)

    def adoption(self) -> Adoption:
        """The outcome."""
        found, keys, profile = self._found, self._keys, self._profile
        change, environment = self._planned(self._request)
        first = self._rendered(change)
        others = sort(found, first, _guardrails(self._repository))
        renaming = Renaming(found, environment.namespace, profile)
        made = parts(found, others.pairs, keys, first, profile)
        resources = [renaming.resource(each.object) for each in others.resources]
        if found.role and not any(part.item is found.role for part in made):
            resources.append(renaming.resource(found.role.object))
        own = at(self._folder, local.files(made, resources))
        request = self._completed(others, self._rendered(change, own), environment)
        if request != self._request:
            change, environment = self._planned(request)
            made = parts(found, others.pairs, keys, self._rendered(change), profile)
            own = at(self._folder, local.files(made, resources))
        change.merged.files |= own
        change.title = f"Adopt {self._name}"
        rendered = self._rendered(change)
        made = [part._replace(rendered=_as_it_is(part.rendered, rendered)) for part in made]
        sides = self._with_nni(change, environment, resources, rendered)
        outcome = comparing.compared(found, made, sides, renaming, environment.sync)
        unsaid = comparing.unsaid(found, made, others.pairs, keys, rendered, profile)
        return Adoption(
            found,
            change,
            environment,
            request.given,
            made,
            resources,
            [*others.left_out, *unsaid, *self._without_share(environment)],
            [
                *(LeftOut(*note) for note in keys.notes),
                *_hooks([*found.objects, *others.pairs, *others.resources]),
                *_left_behind(found, moved=renaming.moved),
            ],
            outcome,
            rendered,
            renaming.moved,
            self._repository.answers,
        )

    def _asked_for(self, asked: Asked) -> Request:
        """What the environment is to be by its keys."""
        found, defaults = self._found, self._repository.defaults
        given: dict[str, Any] = {"variant": DEFAULT_CONFIG}
        place = found.place
        if self._profile == "hardened" and _is_anothers(place):
            place = str(defaults["namespace"])
        given |= {"namespace": place, **self._keys.given}
        config = None
        if found.configuration is not None:
            given["variant"] = CUSTOMIZED_CONFIG
            where = (
                f"{found.config_map.where}: {found.config_map.label}" if found.config_map else ""
            )
            _refuse_login(found.configuration, where)
            own = parting.part(
                found.configuration,
                customized.variant_config(self._repository),
                str(defaults["shippedPodFailureSpec"]),
                where,
            )
            config = own.text or None
            if own.shipped != defaults["shippedPodFailureSpec"]:
                given["shippedPodFailureSpec"] = own.shipped
        typed = asked.typed
        given |= typed.given
        share = given.get(nni.SHARE, defaults[nni.SHARE])
        if self._platform and share and not storage.check(share):
            given = {**self._platform.keys({**given, nni.SHARE: share}), **given}
        if found.binding is None:
            what = "no binding is here: what it may do until now is not known"
            self._keys.notes.append(("rights", what))
        where = f"environment {asked.name!r}"
        return Request(asked.name, where, given, typed.settings, config, typed.entries)

    def _completed(
        self, others: Sorted, rendered: Sequence[Object], environment: Environment
    ) -> Request:
        """The request, with what only a rendering tells."""
        given = dict(self._request.given)
        if others.components:
            given.setdefault("components", others.components)
        if wanted := _expected(rendered, environment):
            given["expects"] = wanted
        return replace(self._request, given=given)

    def _planned(self, request: Request) -> tuple[Change, Environment]:
        change = self._plan(request)
        (item,) = (i for i in change.environments if i.environment.name == self._name)
        return change, item.environment

    def _rendered(
        self, change: Change, more: Mapping[str, bytes] | None = None, folder: str = ""
    ) -> list[Object]:
        """The objects of the environment, or of a folder in its own; `more` files are added."""
        files = {**change.merged.files, **(more or {})}
        place = f"{self._folder}/{folder}" if folder else self._folder
        return rendering.of_change(self._repository.root, files, place, self._program)

    def _with_nni(
        self,
        change: Change,
        environment: Environment,
        resources: Sequence[Object],
        rendered: Sequence[Object],
    ) -> comparing.Sides:
        """What else is compared: objects of their own, and NNI's on both sides."""
        if not (self._platform and environment.runs_nni):
            return resources, rendered
        platform = self._rendered(change, folder=layout.NNI)
        kinds = {(o["kind"], name(o)) for o in platform}
        there = [
            item.object
            for item in self._platform.items
            if item.kind != "Namespace" or (item.kind, name(item.object)) in kinds
        ]
        return [*resources, *there], [*rendered, *platform]

    def _without_share(self, environment: Environment) -> list[LeftOut]:
        """NNI's objects, where nobody has said what its managers and trials share."""
        if self._platform is None or environment.runs_nni:
            return []
        why = f"is NNI's; adopted with --set {nni.SHARE}=URL, which no object tells"
        return [LeftOut(item.label, why) for item in self._platform.items]


def _hooks(items: Sequence[Item]) -> list[LeftOut]:
    """What was a hook, and is an object like any other."""
    why = "is synced as all else: a hook would be deleted, and made anew"
    return [LeftOut(f"{item.label}, a hook", why) for item in items if item.hook]


def _left_behind(found: Found, *, moved: bool) -> list[LeftOut]:
    """The claims of a StatefulSet that is made anew elsewhere, which gets others."""
    old = found.stateful_set.object
    templates = mappings(mapping(old.get("spec")).get("volumeClaimTemplates"))
    claims = [mapping(template.get("metadata")).get("name") for template in templates]
    why = f"stays in {found.place}, with what it holds: a new and empty one takes its place"
    labels = [f"PersistentVolumeClaim/{claim}-{name(old)}-0" for claim in claims]
    return [LeftOut(label, why) for label in labels if moved]


def _refuse_login(text: str, where: str) -> None:
    """Refuses a file with a password in it, which would go to Git.

    Raises:
        InputError: the API server's address has one.
    """
    address = str(merging.settings(text).get("kubeApiServerAddress") or "")
    if redacted(address) != address:
        what = "has a password, which does not belong to Git"
        raise InputError(
            Problem(f"{where}: kubeApiServerAddress", what, "a kubeconfig in a Secret")
        )


def _as_it_is(o: Object, rendered: Sequence[Object]) -> Object:
    """An object as it was rendered last."""
    key = (o["kind"], bare_name(o))
    return next((other for other in rendered if (other["kind"], bare_name(other)) == key), o)


def _is_anothers(place: str) -> bool:
    """Whether a namespace is others' too, so that hardened must not label it."""
    return is_shared(place) or place in {tool.namespace for tool in synctools.KNOWN.values()}


def _base(repository: Repository) -> Fields:
    """FrameworkController's container as the repository's base has it."""
    document = yamlio.load(repository.read(layout.STATEFUL_SET) or b"", layout.STATEFUL_SET)
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
    """What is named, nothing renders and no key says: it is on the cluster already."""
    there = {(o["kind"], name(o)) for o in rendered}
    there |= {(kind, str(getattr(environment, key))) for kind, key in _OF_KEYS.items()}
    accounts = {(namespace(o), name(o)) for o in rendered if o["kind"] == "ServiceAccount"}
    found: dict[str, dict[str, None]] = {}
    for o in rendered:
        pod = mapping(mapping(mapping(o.get("spec")).get("template")).get("spec"))
        for reference in references.of_pod(pod) if o["kind"] == "StatefulSet" else ():
            known = (reference.kind, reference.name) in there or reference.kind == "ServiceAccount"
            standard = reference.name.startswith("system-") or reference.name == "default-scheduler"
            if not (known or standard or reference.optional):
                found.setdefault(_EXPECTS[reference.kind], {})[reference.name] = None
        for subject in mappings(o.get("subjects")):
            place, bound = str(subject.get("namespace") or ""), str(subject.get("name"))
            if subject.get("kind") == "ServiceAccount" and place and (place, bound) not in accounts:
                found.setdefault(_EXPECTS["ServiceAccount"], {})[f"{place}/{bound}"] = None
    return {key: list(names) for key, names in found.items()}
