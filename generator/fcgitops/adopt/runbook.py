"""How to move from what runs now to an environment: steps in order; none deletes a Framework.

There must never be two controllers, nor Frameworks without their CRD. So where FrameworkController
becomes another StatefulSet, the old one has ended before anything new is pushed: a sync tool that
knows the repository may apply a commit within minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fcgitops.adopt.adoption import Adoption
from fcgitops.adopt.reading import HELM, Item, Owner
from fcgitops.adopt.recognition import OF_NO_NAMESPACE
from fcgitops.core import shell
from fcgitops.diff import immutable
from fcgitops.diff.stored import stored
from fcgitops.kubernetes.objects import Object, mapping, mappings, name, namespace
from fcgitops.manifests.overlay import NAME
from fcgitops.model import expects
from fcgitops.model.environment import Environment
from fcgitops.model.framework import CRD
from fcgitops.sync import deletion, registry
from fcgitops.sync.runbook import Step, rolled_out

_FRAMEWORKS = shell.line("kubectl", "get", CRD, "--all-namespaces")
_COPIES = {"Secret": "type, data", "ConfigMap": "data"}
"""Kinds of a namespace that a Pod names → what of them is copied to another one."""
_GIVES = ("ClusterRoleBinding",)
_SHARED = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding")
"""What others may use too: NNI's documentation has its trials run as FrameworkController."""


def steps(found: Adoption) -> list[Step]:
    """What is typed, in order, on the cluster that the environment is of."""
    return [step for step in _steps(found) if step.lines]


def _steps(found: Adoption) -> Iterator[Step]:
    env, tool = found.environment, registry.of(found.environment)
    where = deletion.cluster(env)
    verify = shell.line("fcgitops", "verify", env.name)
    yield Step("Mend what `verify` finds", (verify,) if found.faults else ())
    yield Step(
        f"On the cluster {where}: what the Pod names goes to its new namespace, too",
        tuple(_brought(found)),
    )
    yield Step(f"On the cluster {where}: see what runs, and that what is named is there", (
        _FRAMEWORKS, *_needed(found), *_own_namespace(found),
    ))  # fmt: skip
    yield Step(
        "What applies it until now lets go of it; nothing is deleted", tuple(_lets_go(found))
    )
    added = [*found.resources, *(p.rendered for p in found.parts if p.kind in _GIVES)]
    yield Step(
        f"In the repository: let {tool.traits.label} apply what local/ adds",
        tuple(tool.unpermitted(added, env, found.answers)),
    )
    yield Step(_way_title(found), tuple(_way(found)))
    central = f"where {tool.traits.label} runs" if tool.traits.central else f"on {where}"
    yield Step(f"Push the commit, and point {tool.traits.label} at it, {central}", (
        shell.comment("once the commit is merged and pushed:"),
        shell.line("fcgitops", "bootstrap", env.name),
    ))  # fmt: skip
    controller = _controller(found.rendered)
    yield Step("On the cluster: see that it has started, and that every Framework is there", (
        rolled_out(namespace(controller), name(controller)),
        _FRAMEWORKS,
    ))  # fmt: skip
    yield Step("Take away what is left, which nothing uses any more", tuple(_left(found)))
    yield Step(
        "What has applied it forgets it",
        tuple(
            line
            for owner in _owners(found)
            if not _is_named_so(owner, found.environment)
            for line in _forget(owner)
        ),
    )


def _named(found: Adoption) -> list[tuple[str, str]]:
    """Kind and name of what Git does not have, and has to be there; NAMESPACE/NAME elsewhere."""
    env = found.environment
    named = [(expects.KINDS[key], n) for key, listed in env.expects.items() for n in listed]
    named += [("Secret", env.kubeconfig_secret), ("PriorityClass", env.priority_class)]
    named += [("Secret", secret) for secret in env.image_pull_secrets]
    return [
        (kind, wanted)
        for kind, wanted in dict.fromkeys(named)
        if wanted and kind != "scheduler" and not wanted.startswith("system-")
    ]


def _brought(found: Adoption) -> Iterator[str]:
    """Where FrameworkController moves: what its Pod names in its namespace is copied."""
    old, new = found.found.place, found.environment.namespace
    named = [(kind, n) for kind, n in _named(found) if kind in _COPIES and "/" not in n]
    if old == new or not named:
        return
    made = shell.line("kubectl", "create", "namespace", new)
    yield f"{shell.line('kubectl', 'get', 'namespace', new)} || {made}"
    for kind, wanted in named:
        its = shell.named(kind.lower(), wanted)
        read = ("--namespace", old, "get", *its, "--output", "json")
        fields = f"apiVersion, kind, {_COPIES[kind]}, metadata: {{name: .metadata.name}}"
        kept = shell.line("jq", f"{{{fields}}}")
        write = shell.line(
            "kubectl", "--namespace", new, "apply", "--server-side", "--filename", "-"
        )
        yield f"{shell.line('kubectl', *read)} | {kept} | {write}"


def _needed(found: Adoption) -> Iterator[str]:
    """Where the objects are looked at that Git does not have."""
    for kind, wanted in _named(found):
        home, _, last = wanted.rpartition("/")
        wide = kind in OF_NO_NAMESPACE
        place = () if wide else ("--namespace", home or found.environment.namespace)
        yield shell.line("kubectl", *place, "get", *shell.named(kind.lower(), last))


def _own_namespace(found: Adoption) -> Iterator[str]:
    """A namespace that gets a stricter policy must be FrameworkController's alone."""
    label = "pod-security.kubernetes.io/enforce"
    homes = [o for o in found.rendered if o["kind"] == "Namespace"]
    for o in homes:
        before = found.found.home.object if found.found.home else {}
        had = mapping(mapping(before.get("metadata")).get("labels")).get(label)
        if name(o) == found.found.place and had != mapping(o["metadata"].get("labels")).get(label):
            whose = shell.quote(name(o))
            what = f"{whose} is to refuse Pods that are not restricted: no others are to be here"
            yield shell.comment(what)
            yield shell.line("kubectl", "--namespace", name(o), "get", f"pods,{CRD}")


def _taken(found: Adoption) -> list[Item]:
    """What is on the cluster already of all that is rendered."""
    there = {(o["kind"], namespace(o), name(o)) for o in found.rendered}
    items = [*found.found.objects, *found.found.others]
    return [i for i in items if (i.kind, namespace(i.object), name(i.object)) in there]


def _owners(found: Adoption) -> list[Owner]:
    """Who applies it, each once; a release without its name only where no other has one."""
    items = [*found.found.objects, *_taken(found)]
    owners = list(dict.fromkeys(item.owner for item in items if item.owner))
    named = [owner for owner in owners if owner.applier.name]
    return named or owners[:1]


def _lets_go(found: Adoption) -> Iterator[str]:
    owners = _owners(found)
    if not owners and not found.found.stateful_set.live:
        yield shell.comment("files do not say who that is, what a cluster has does. Adopt that:")
        yield shell.comment('"kubectl get … -o yaml | fcgitops adopt -"')
    # It runs there, so it is there, and belongs to whoever has applied the rest.
    homes = [] if found.found.home else [o for o in found.rendered if o["kind"] == "Namespace"]
    homes = [o for o in homes if name(o) == found.found.place]
    unknown = [i for i in _taken(found) if not (i.owner and i.owner.applier.name) and i.suspect]
    for owner in owners:
        taken = [item.marked for item in _taken(found) if item.owner == owner]
        taken += [item.marked for item in unknown if item.suspect == owner]
        yield from _let_go(owner, [*taken, *homes] if taken else [])
        if _is_named_so(owner, found.environment):
            yield shell.comment("ours has its name, and would take it over: it goes, and no more")
            yield from registry.TOOLS[owner.tool].forgotten(owner.applier)
    unknown = [item for item in unknown if item.suspect not in owners]
    for suspect in dict.fromkeys(item.suspect for item in unknown if item.suspect):
        label = registry.TOOLS[suspect.tool].traits.label
        what = f"{label} may apply it: a label says {shell.quote(suspect.applier.name)}"
        yield shell.comment(f"{what}, as charts do, too. If {label} has one of that name:")
        taken = [item.marked for item in unknown if item.suspect == suspect]
        yield from map(shell.comment, registry.TOOLS[suspect.tool].paused(suspect.applier, taken))


def _is_named_so(owner: Owner, environment: Environment) -> bool:
    """Whether what the environment is synced by will have the name of what applies it until now."""
    tool = registry.TOOLS.get(owner.tool)
    return tool is registry.of(environment) and tool.is_named_so(environment, owner.applier)


def _let_go(owner: Owner, taken: Sequence[Object]) -> Iterator[str]:
    name, place = owner.applier.name, owner.applier.namespace
    if owner.tool == HELM:
        selector = ("delete", "secret", "--selector", f"owner=helm,name={name or 'RELEASE'}")
        if name:
            yield shell.comment('never "helm uninstall", which deletes it, but:')
            yield shell.line("kubectl", "--namespace", place, *selector)
            return
        yield shell.comment('Helm may have a release of it: "helm list --all-namespaces" names it.')
        yield shell.comment('Never "helm uninstall", which deletes it. Helm forgets it by this:')
        yield shell.comment(shell.line("kubectl", "--namespace", "NAMESPACE", *selector))
        return
    whose = shell.quote(name)
    what = f"{whose} may apply more than FrameworkController, and what has made it may undo this"
    yield shell.comment(what)
    yield from registry.TOOLS[owner.tool].paused(owner.applier, taken)


def _forget(owner: Owner) -> Iterator[str]:
    if owner.tool != HELM:
        yield shell.comment(f"if {shell.quote(owner.applier.name)} applies nothing else:")
        yield from map(shell.comment, registry.TOOLS[owner.tool].forgotten(owner.applier))


def _way_title(found: Adoption) -> str:
    old = found.found.stateful_set
    if found.moved or _reselects(found):
        return f"Before anything is pushed: {old.label} ends; two controllers never run"
    return "Before anything is pushed: what cannot be changed is made anew; the Pod goes on"


def _way(found: Adoption) -> Iterator[str]:
    """What makes way for what is applied."""
    old = found.found.stateful_set.object
    place = ("kubectl", "--namespace", namespace(old))
    if found.moved or _reselects(found):
        its = shell.named("pod", f"{name(old)}-0")
        pod = (*place, "get", *its, "--ignore-not-found", "--output", "name")
        scaled = (*shell.named("statefulset", name(old)), "--replicas=0")
        yield from shell.one_by_one(
            shell.line(*place, "scale", *scaled),
            shell.until_empty(*pod, otherwise=f"it has not ended, so push nothing: {name(old)}-0"),
        )
    if not found.moved and _immutable(found):
        its = shell.named("statefulset", name(old))
        yield shell.line(*place, "delete", *its, "--cascade=orphan")
    replaces = registry.of(found.environment).traits.habits.replaces_bindings
    if found.profile == "hardened" and found.found.binding is None and not replaces:
        words = ("delete", "--ignore-not-found", "clusterrolebinding", NAME)
        yield shell.comment("the role of one that is there cannot be changed:")
        yield shell.line("kubectl", *words)
    for part in found.parts:
        o, new = part.item.object, part.rendered
        if (name(o), namespace(o)) != (name(new), namespace(new)):
            continue
        if part.kind == "ClusterRoleBinding" and not replaces and _role(o) != _role(new):
            yield shell.comment("its role cannot be changed:")
            yield shell.line("kubectl", "delete", *shell.named("clusterrolebinding", name(o)))
    for o in _in_the_way(found):
        why = "while it is there, nothing else gets its address or its port of the nodes:"
        service = ("--namespace", namespace(o), "delete", *shell.named("service", name(o)))
        yield shell.comment(why)
        yield shell.line("kubectl", *service)


def _in_the_way(found: Adoption) -> list[Object]:
    """Services whose own address, or port of every node, is to be another one's."""
    there = {(o["kind"], namespace(o), name(o)) for o in found.rendered}
    items = [*(part.item for part in found.parts), *found.found.others]
    wanted = {value for o in found.rendered for value in _fixed(o)}
    return [
        item.object
        for item in items
        if ("Service", namespace(item.object), name(item.object)) not in there
        and wanted & _fixed(item.object)
    ]


def _fixed(o: Object) -> set[str]:
    """What of the cluster a Service says to be its own."""
    spec = mapping(o.get("spec")) if o["kind"] == "Service" else {}
    ports = [port.get("nodePort") for port in mappings(spec.get("ports"))]
    found = {spec.get("clusterIP"), spec.get("healthCheckNodePort"), *ports}
    return {str(value) for value in found if value and value != "None"}


def _role(o: Object) -> Object:
    return mapping(stored(o).get("roleRef"))


def _immutable(found: Adoption) -> tuple[str, ...]:
    """The fields of the StatefulSet that differ and may not."""
    old, new = found.found.stateful_set.object, _controller(found.rendered)
    return immutable.of_stateful_set(stored(old), stored(new))


def _reselects(found: Adoption) -> bool:
    """Whether the Pod that runs would be none of the new StatefulSet's."""
    return "selector" in _immutable(found)


def _controller(rendered: Iterable[Object]) -> Object:
    return next(o for o in rendered if o["kind"] == "StatefulSet")


def _left(found: Adoption) -> Iterator[str]:
    """The objects that are not those that are rendered; what others may use, as comments."""
    there = {(o["kind"], namespace(o), name(o)) for o in found.rendered}
    in_the_way = _in_the_way(found)
    old = [
        item.object
        for item in found.found.objects
        if (item.kind, namespace(item.object), name(item.object)) not in there
        and name(item.object) not in ("default", "cluster-admin")
        and item.object not in in_the_way
    ]
    yield from deletion.lines(o for o in old if o["kind"] not in _SHARED)
    copied = {(o["kind"], name(o)) for o in found.resources}
    shared = [o for o in old if o["kind"] in _SHARED]
    shared += [
        item.object
        for item in found.found.others
        if (item.kind, name(item.object)) in copied
        and item.object not in in_the_way
        and (item.kind, namespace(item.object), name(item.object)) not in there
    ]
    if shared:
        yield shell.comment("if nothing else uses them, and no trials of NNI run as this account:")
        yield from map(shell.comment, deletion.lines(shared))
