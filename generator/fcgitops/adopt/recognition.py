"""Objects → which of them run FrameworkController, and what each of them is for.

What is refused: none that runs it, more than one, a workload that may start two at a time, and a
version that no cluster of today runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from fcgitops.adopt.images import Image
from fcgitops.adopt.patching import copied
from fcgitops.adopt.reading import Item
from fcgitops.adopt.starting import is_configuration, key_of, mounted
from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.diff.objects import runs_frameworkcontroller
from fcgitops.diff.settings import FILE
from fcgitops.kubernetes import check
from fcgitops.kubernetes.field import REFUSED, dotted
from fcgitops.kubernetes.objects import Fields, Object, mapping, mappings, name, namespace
from fcgitops.manifests.overlay import NAME
from fcgitops.model import consistency, image
from fcgitops.model.image import HOME
from fcgitops.text.words import count, shown

_TEMPLATES = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    **dict.fromkeys(
        ("StatefulSet", "Deployment", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"),
        ("spec", "template", "spec"),
    ),
}
"""Kinds that run Pods → where the Pod's spec stands."""
RUNS_PODS = frozenset(_TEMPLATES)


@dataclass(frozen=True)
class Found:
    """FrameworkController among some objects.

    Attributes:
        stateful_set: what runs it.
        place: its namespace.
        configuration: the text of its file; None where it runs with that of its image.
        config_map: the ConfigMap that has it.
        key: under which key that has it.
        account: its ServiceAccount.
        binding: what gives that the rights that FrameworkController needs.
        role: the ClusterRole of that binding, if it is one of the objects.
        service: what `serviceName` says, or has our name, if ours takes its place.
        home: the Namespace.
        others: what else there is.
        notes: what was read otherwise than it stands there: where, and how.
    """

    stateful_set: Item
    place: str
    configuration: str | None = None
    config_map: Item | None = None
    key: str = FILE
    account: Item | None = None
    binding: Item | None = None
    role: Item | None = None
    service: Item | None = None
    home: Item | None = None
    others: Sequence[Item] = field(default=())
    notes: Sequence[tuple[str, str]] = ()

    @property
    def pod(self) -> Fields:
        """The Pod's spec."""
        return pod_of(self.stateful_set.object)

    @property
    def container(self) -> Fields:
        """The container that runs it."""
        return container_of(self.stateful_set.object)

    @property
    def account_name(self) -> str:
        """The name of the ServiceAccount that it runs as."""
        return account_of(self.pod)

    @property
    def objects(self) -> list[Item]:
        """The objects that were recognised as FrameworkController's."""
        known = (self.home, self.account, self.role, self.binding, self.config_map, self.service)
        return [*(item for item in known if item), self.stateful_set]


def find(items: Sequence[Item], place: str = "") -> Found:
    """Finds FrameworkController.

    Args:
        items: objects of a cluster, or of what is applied to one.
        place: the namespace of those that name none, where FrameworkController names none either;
            by default the only one that is named.

    Raises:
        InputError: with all that is wrong.
    """
    items = [item for item in items if not item.owned]
    running = [item for item in items if _runs(item.object) and not item.hook]
    problems = list(_unfit(running, items))
    if problems:
        raise InputError(problems)
    (controller,) = running
    read, notes = _last_of_each(controller)
    home = _place(items, controller, place)
    items = [_at(read if item is controller else item, home) for item in items]
    controller = next(item for item in items if _runs(item.object) and not item.hook)
    pod = pod_of(controller.object)
    text, config_map, key, missing = _configuration(items, controller)
    account, home = account_of(pod), namespace(controller.object)
    binding = _binding(items, account, home)
    role = mapping(binding.object.get("roleRef")).get("name") if binding else ""
    service = mapping(controller.object.get("spec")).get("serviceName")
    found = Found(
        controller,
        home,
        text,
        config_map,
        key,
        _named(items, "ServiceAccount", account, home),
        binding,
        _named(items, "ClusterRole", str(role)),
        _service(items, str(service), home),
        _named(items, "Namespace", home),
        notes=notes,
    )
    problems = [*missing, *(problem for item in found.objects for problem in _refused(item))]
    if problems:
        raise InputError(problems)
    known = {id(item) for item in found.objects}
    return replace(found, others=[item for item in items if id(item) not in known])


def pod_of(o: Object) -> Fields:
    """The Pod's spec of what runs Pods; {} of anything else."""
    value: object = o
    for key in _TEMPLATES.get(o["kind"], ("",)):
        value = mapping(value).get(key)
    return mapping(value)


def container_of(o: Object) -> Fields:
    """The container in which FrameworkController runs: by its image, else the first."""
    containers = mappings(pod_of(o).get("containers"))
    return next((c for c in containers if _is_it(c)), containers[0] if containers else {})


def account_of(pod: Fields) -> str:
    """The ServiceAccount of a Pod."""
    return str(pod.get("serviceAccountName") or pod.get("serviceAccount") or "default")


def _is_it(container: Fields) -> bool:
    words = [container.get(key) for key in ("command", "args")]
    typed = " ".join(str(word) for part in words if isinstance(part, list) for word in part)
    return image.is_ours(container.get("image")) or HOME in typed


def _runs(o: Object) -> bool:
    containers = mappings(pod_of(o).get("containers"))
    return any(map(_is_it, containers)) or (bool(containers) and runs_frameworkcontroller(o))


def _unfit(running: Sequence[Item], items: Sequence[Item]) -> Iterator[Problem]:
    """Why what runs FrameworkController cannot be taken over."""
    if not running:
        workloads = [item for item in items if item.kind in RUNS_PODS]
        there = ", ".join(item.label for item in workloads[:5]) or count(len(items), "object")
        yield Problem(
            "",
            f"nothing here runs FrameworkController: {there if items else 'no object at all'}",
            "a StatefulSet with the image frameworkcontroller/frameworkcontroller",
        )
    if len(running) > 1:
        for item in running:
            yield Problem(
                item.where,
                f"{item.label}{_in(item.object)} runs FrameworkController, and so does another: "
                "there is one per cluster",
                "the manifests of one",
            )
    for item in running:
        if item.kind != "StatefulSet":
            yield Problem(
                item.where,
                f"{item.label} runs FrameworkController, and is no StatefulSet: a {item.kind} may "
                "run two at a time, which work against each other",
                "put its Pod template into a StatefulSet with `replicas: 1`",
            )
        yield from _version(item)
        replicas = mapping(item.object.get("spec")).get("replicas", 1)
        if isinstance(replicas, int) and replicas > 1:
            what = f"{item.label} has {replicas} replicas, which work against each other"
            yield Problem(item.where, what, "replicas: 1")


def _version(item: Item) -> Iterator[Problem]:
    reference = container_of(item.object).get("image")
    image = Image.parse(str(reference))
    if image is None:
        yield Problem(item.where, f"{item.label}: its image is {shown(reference)}", "an image")
    elif consistency.is_too_old(image.repository, image.tag):
        oldest = f"v{'.'.join(map(str, consistency.OLDEST))}"
        what = f"{item.label} runs {image.tag}, which fails on Kubernetes 1.22 and newer"
        yield Problem(item.where, what, f"update it to {oldest} first, then adopt it")


def _service(items: Sequence[Item], wanted: str, place: str) -> Item | None:
    """The Service that ours takes the place of: it has our name, or is for the StatefulSet alone.

    One with ports or an address is somebody's, and stays under its own name.
    """
    if ours := _named(items, "Service", NAME, place):
        return ours
    found = _named(items, "Service", wanted, place)
    spec = mapping(found.object.get("spec")) if found else {}
    return found if spec.get("clusterIP") == "None" and not spec.get("ports") else None


def _last_of_each(item: Item) -> tuple[Item, list[tuple[str, str]]]:
    """What runs it with each variable once, and notes: a kubelet takes the last of several.

    Server-side apply, by which sync tools apply, refuses a name that is there twice. A variable
    that another one uses in between stays as it is, and is refused.
    """
    o, notes = copied(item.object), []
    for container in _containers(pod_of(o)):
        variables = mappings(container.get("env"))
        last = {str(v.get("name")): place for place, v in enumerate(variables)}
        kept = []
        for place, variable in enumerate(variables):
            named = str(variable.get("name"))
            between = variables[place + 1 : last[named]]
            if place == last[named] or any(f"$({named})" in str(v.get("value")) for v in between):
                kept.append(variable)
                continue
            what = "stands there more than once; Kubernetes takes the last one, which is kept"
            notes.append((f"env {named} of container {container.get('name')}", what))
        if len(kept) < len(variables):
            container["env"] = kept
    return item._replace(object=o), list(dict.fromkeys(notes))


def _containers(pod: Fields) -> list[Fields]:
    return [c for key in ("initContainers", "containers") for c in mappings(pod.get(key))]


def _refused(item: Item) -> Iterator[Problem]:
    """What no API server takes of an object: of a wrong type, for instance."""
    where = f"{item.where}: {item.label}"
    for fault in check.faults(item.object):
        if fault.severity == REFUSED:
            yield Problem(where, f"{dotted(fault.path)}: {fault.message}")


def _panics(item: Item, text: str) -> Iterator[Problem]:
    """With what in its file FrameworkController does not start."""
    from fcgitops.core.findings import REJECT  # noqa: PLC0415
    from fcgitops.fcconfig.check import check as judge  # noqa: PLC0415 - where there is a file

    for found in judge(text.encode()):
        if found.severity == REJECT:
            yield found.problem(f"{item.where}: {item.label}")


def _in(o: Object) -> str:
    return f" of {namespace(o)}" if namespace(o) else ""


def _place(items: Iterable[Item], controller: Item, place: str) -> str:
    """The namespace of objects that name none."""
    if named := namespace(controller.object) or place:
        return named
    homes = {name(item.object) for item in items if item.kind == "Namespace"}
    homes |= {namespace(item.object) for item in items} - {""}
    return homes.pop() if len(homes) == 1 else "default"


OF_NO_NAMESPACE = {
    "Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PriorityClass",
    "PersistentVolume", "StorageClass", "RuntimeClass", "Node", "IngressClass", "APIService",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration", "ClusterPolicy", "CiliumClusterwideNetworkPolicy",
}  # fmt: skip
"""Kinds that are cluster-wide."""


def _at(item: Item, place: str) -> Item:
    """An object with its namespace, as it is once it was applied."""
    metadata = item.object["metadata"]
    if item.kind in OF_NO_NAMESPACE:
        metadata = {key: value for key, value in metadata.items() if key != "namespace"}
    elif not metadata.get("namespace"):
        metadata = {**metadata, "namespace": place}
    return item._replace(object={**item.object, "metadata": metadata})


def _named(items: Iterable[Item], kind: str, wanted: str, place: str = "") -> Item | None:
    """The object of a kind, name and namespace."""
    key = (kind, wanted, place)
    return next((i for i in items if (i.kind, name(i.object), namespace(i.object)) == key), None)


def _configuration(
    items: Sequence[Item], controller: Item
) -> tuple[str | None, Item | None, str, list[Problem]]:
    """FrameworkController's file, the ConfigMap that has it, its key there, and what is wrong.

    Where it mounts one that is not here, nobody knows with what it runs.
    """
    pod, container = pod_of(controller.object), container_of(controller.object)
    place = namespace(controller.object)
    for volume, mounts in mounted(pod, container):
        if not mounts:
            continue
        wanted = str(mapping(volume.get("configMap")).get("name") or "")
        there = _named(items, "ConfigMap", wanted, place)
        key = key_of(volume, mounts, container)
        text = mapping(there.object.get("data")).get(key) if there else None
        if there and isinstance(text, str):
            return text, there, key, list(_panics(there, text))
        if wanted and there is None and is_configuration(container, mounts):
            what = f"reads its settings from the ConfigMap {wanted}, which is not here"
            typed = shell.line(
                "kubectl", "get", *shell.named("configmap", wanted), "-n", place, "-o", "yaml"
            )
            problem = Problem(controller.where, f"{controller.label} {what}", typed)
            return None, None, FILE, [problem]
    return None, None, FILE, []


def _binding(items: Iterable[Item], account: str, place: str) -> Item | None:
    """The ClusterRoleBinding of an account: the one that may give it most."""
    found = [
        item
        for item in items
        if item.kind == "ClusterRoleBinding"
        and any(is_account(s, account, place) for s in mappings(item.object.get("subjects")))
    ]
    return min(found, key=_rank, default=None)


def _rank(item: Item) -> tuple[bool, bool, str]:
    role = mapping(item.object.get("roleRef")).get("name")
    return role != "cluster-admin", "frameworkcontroller" not in str(role), name(item.object)


def is_account(subject: Fields, account: str, place: str) -> bool:
    """Whether a subject is a ServiceAccount, by its kind or by its user name."""
    if subject.get("kind") == "User":
        return subject.get("name") == f"system:serviceaccount:{place}:{account}"
    same = subject.get("name") == account and subject.get("namespace", place) == place
    return subject.get("kind") == "ServiceAccount" and same
