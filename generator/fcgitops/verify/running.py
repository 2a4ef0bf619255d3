"""Whether what is rendered starts FrameworkController, with what it needs, and keeps it running."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from fcgitops.core.findings import HAZARD, INFO
from fcgitops.kubernetes import metadata, mounts, quantity, references
from fcgitops.kubernetes.field import Field
from fcgitops.manifests.overlay import NAME
from fcgitops.model import expects, layout
from fcgitops.model.image import BINARY, HOME, unknown_flags
from fcgitops.verify import admitted
from fcgitops.verify.judged import named
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import NEEDS, Object, Rendered

_SHELLS = ("sh", "bash", "ash")
_RELATIVE = re.compile(rf"(?<![\w./-])\./{posixpath.basename(BINARY)}(?![\w./-])")
"""The binary as a script says it that runs in the binary's folder."""
LEAST_MEMORY = "32Mi"
"""Less than the process takes before it has seen a single Framework (tests/e2e measure it)."""
LEAST_CPU = "10m"
OBJECT = f"StatefulSet {NAME}"
_CONTAINER = f"spec.template.spec.containers[{NAME}]"
_POD = "spec.template.spec"


@NEEDS.check("FCG35", HAZARD)
def started(r: Rendered) -> Faults:
    """FrameworkController's binary is started in the directory of its configuration."""
    container = r.container()
    if not container:
        yield Fault(f"no container is called {NAME}", NAME, object=OBJECT, path=_POD)
        return
    command = _list(container.get("command"))
    arguments = _list(container.get("args"))
    folder = str(container.get("workingDir") or "").rstrip("/")
    yield from _hidden(container)
    yield from _unreadable(r)
    files = dict(_mounted(r))
    if arguments and not command:
        what = "changes what the image starts"
        yield Fault(what, "command", object=OBJECT, path=f"{_CONTAINER}.args")
        return
    script = _script(command, arguments)
    if script is not None:
        relative = folder in ("", HOME) and _RELATIVE.search(script)
        if "start.sh" not in script and BINARY not in script and not relative:
            what = "starts neither start.sh nor FrameworkController's binary"
            yield Fault(what, BINARY, object=OBJECT, path=f"{_CONTAINER}.command")
        elif r.config is not None and not any(path in script for path in files):
            what = f"does not take {layout.CONFIG_FILE} from where it is mounted"
            yield Fault(what, _places(files), object=OBJECT, path=f"{_CONTAINER}.command")
        return
    odd = unknown_flags([*command[1:], *arguments])
    if odd:
        what = f"{odd[0]} is no flag of FrameworkController, which ends at once"
        yield Fault(what, "take it out", object=OBJECT, path=f"{_CONTAINER}.command")
    program = posixpath.normpath(posixpath.join(folder or HOME, command[0])) if command else BINARY
    if program not in (BINARY, f"{HOME}/start.sh"):
        what = f"starts {command[0]}, not FrameworkController"
        yield Fault(what, BINARY, object=OBJECT, path=f"{_CONTAINER}.command")
    elif r.config is None and folder not in ("", HOME):
        what = f"is {folder}, where no {layout.CONFIG_FILE} is: FrameworkController panics"
        yield Fault(what, HOME, object=OBJECT, path=f"{_CONTAINER}.workingDir")
    elif r.config is not None and f"{folder or HOME}/{layout.CONFIG_FILE}" not in files:
        what = f"is {folder or HOME}, where the configuration is not mounted"
        yield Fault(what, _places(files), object=OBJECT, path=f"{_CONTAINER}.workingDir")


def _script(command: list[str], arguments: list[str]) -> str | None:
    """What a shell is given to run; None where no shell is started."""
    words = [*command, *arguments]
    if not words or posixpath.basename(words[0]) not in _SHELLS:
        return None
    return " ".join(words[1:])


def _hidden(container: Object) -> Faults:
    for i, mount in enumerate(_dicts(container.get("volumeMounts"))):
        path = posixpath.normpath(str(mount.get("mountPath") or "."))
        if path == BINARY or BINARY.startswith(f"{path.rstrip('/')}/"):
            what = f"{path} hides FrameworkController's binary, {BINARY}"
            place = f"{_CONTAINER}.volumeMounts[{i}]"
            yield Fault(what, "another path", object=OBJECT, path=place)


def _unreadable(r: Rendered) -> Faults:
    """The configuration is a file that FrameworkController's user may read."""
    uid = mounts.security(r.pod(), r.container(), "runAsUser")
    for volume, mode in mounts.unreadable(r.pod(), r.container()):
        what = f"{mode:#o} lets the user {uid} not read it: FrameworkController panics"
        yield Fault(what, "0o444", object=OBJECT, path=f"{_POD}.volumes[{volume}]")


def _places(files: dict[str, str]) -> str:
    return posixpath.dirname(next(iter(files))) if files else "mount its ConfigMap"


def _mounted(r: Rendered) -> Iterator[tuple[str, str]]:
    """Where the container finds a configuration file of a rendered ConfigMap, and which one."""
    maps = [o for o in r.objects if o.get("kind") == "ConfigMap"]
    for found in mounts.keys(r.pod(), r.container(), maps):
        if found.key == layout.CONFIG_FILE:
            yield found.path, str(found.config_map["metadata"]["name"])


@NEEDS.check("FCG36", HAZARD)
def connected(r: Rendered) -> Faults:
    """Its Pod has a token, and asks the API server that the environment names."""
    pod, env = r.pod(), r.environment
    own = r.all("ServiceAccount", str(pod.get("serviceAccountName") or "default"))
    token = pod.get("automountServiceAccountToken")
    if token is None and own:
        token = own[0].get("automountServiceAccountToken")
    by_file = bool(env and env.kubeconfig_secret)
    if token is False and not by_file and not _projects_token(pod):
        what = "is false: without a token FrameworkController panics at each start"
        yield Fault(what, "true", object=OBJECT, path=f"{_POD}.automountServiceAccountToken")
    wanted = {"KUBE_APISERVER_ADDRESS": env.api_address if env else ""}
    for variable in _dicts(r.container().get("env")):
        name, value = variable.get("name"), variable.get("value")
        place = f"{_CONTAINER}.env[{name}]"
        if name in wanted and (value or "") != wanted[name]:
            what = f"is {value}, not apiServer.address of the environment"
            yield Fault(what, "apiServer.address", object=OBJECT, path=place)
        if name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
            what = "leads to another API server than the Pod's own"
            yield Fault(what, "apiServer.address", object=OBJECT, path=place)
        if name == "KUBECONFIG" and not by_file:
            what = "is set, but the environment names no Secret with a kubeconfig"
            yield Fault(what, "apiServer.kubeconfigSecret", object=OBJECT, path=place)


def _projects_token(pod: Object) -> bool:
    return any(
        "serviceAccountToken" in source
        for volume in _dicts(pod.get("volumes"))
        for source in _dicts((volume.get("projected") or {}).get("sources"))
    )


@NEEDS.check("FCG37", HAZARD)
def rolled_out(r: Rendered) -> Faults:
    """A change reaches the one Pod: it is rolled out, and there is one."""
    spec = r.controller()["spec"]
    replicas = spec.get("replicas", 1)
    if replicas == 0:
        what = "is 0: FrameworkController does not run"
        yield Fault(what, "1", object=OBJECT, path="spec.replicas")
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        what = "is OnDelete: a change reaches no Pod until somebody deletes it"
        yield Fault(what, "RollingUpdate", object=OBJECT, path="spec.updateStrategy.type")
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    if isinstance(partition, int) and partition > 0:
        what = f"is {partition}: a change does not reach the Pod {NAME}-0"
        yield Fault(what, "0", object=OBJECT, path="spec.updateStrategy.rollingUpdate.partition")


_NOT_APPLIED = {
    "kustomize.toolkit.fluxcd.io/reconcile": ("disabled",),
    "kustomize.toolkit.fluxcd.io/ssa": ("Ignore", "IfNotPresent"),
    "argocd.argoproj.io/hook": (),
}
"""Annotation → the values with which a sync tool leaves an object as it is; () for any."""


@NEEDS.check("FCG44", HAZARD)
def applied(r: Rendered) -> Faults:
    """The sync tools apply what is rendered: no annotation keeps an object from them.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources,
    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
    """
    for item in r.objects:
        given = item["metadata"].get("annotations") or {}
        for key, values in _NOT_APPLIED.items():
            if key in given and (not values or given[key] in values):
                what = f"{given[key]} keeps it from being applied with the others"
                place = f"metadata.annotations[{key}]"
                yield Fault(what, "take it out", object=named(item), path=place)


@NEEDS.check("FCG39", HAZARD)
def survives(r: Rendered) -> Faults:
    """The Pod can be scheduled and stays: memory, probes, gates."""
    pod, container = r.pod(), r.container()
    limits = (container.get("resources") or {}).get("limits") or {}
    for key, least in (("memory", LEAST_MEMORY), ("cpu", LEAST_CPU)):
        for where, given in ((f"{_CONTAINER}.resources.limits", limits),):
            found, needed = quantity.parse(given.get(key)), quantity.parse(least)
            if found and needed and 0 < found.amount < needed.amount:
                what = f"{key} {given[key]} is too little: it is killed, or does not get ready"
                yield Fault(what, f"{least} or more", object=OBJECT, path=where)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        for kind in ("httpGet", "tcpSocket", "grpc"):
            if kind in (container.get(probe) or {}):
                ends = (
                    "is never Ready" if probe == "readinessProbe" else "is killed again and again"
                )
                what = f"FrameworkController listens at no port: it {ends}"
                yield Fault(what, "exec", object=OBJECT, path=f"{_CONTAINER}.{probe}.{kind}")
        command = _list((container.get(probe) or {}).get("exec", {}).get("command"))
        if command and posixpath.basename(command[0]) == "false":
            place = f"{_CONTAINER}.{probe}.exec.command"
            yield Fault("never succeeds", "another command", object=OBJECT, path=place)
    if pod.get("schedulingGates"):
        what = "keep the Pod from every node until somebody takes them away"
        yield Fault(what, "none", object=OBJECT, path=f"{_POD}.schedulingGates")
    yield from admitted.faults(r)


@NEEDS.check("FCG40", HAZARD)
def reachable(r: Rendered) -> Faults:
    """The network policies that select its Pod leave it a way to the API server."""
    labels = r.controller()["spec"]["template"].get("metadata", {}).get("labels") or {}
    limiting = [
        o for o in r.objects
        if o.get("kind") == "NetworkPolicy" and _limits_egress(o) and _selects(o, labels)
    ]  # fmt: skip
    if limiting and not any((o.get("spec") or {}).get("egress") for o in limiting):
        names = " and ".join(named(o) for o in limiting)
        what = "lets the Pod reach nothing, the API server neither"
        yield Fault(what, "egress.mode of environment.yaml", object=names, path="spec.egress")


def _limits_egress(policy: Object) -> bool:
    spec = policy.get("spec") or {}
    return "Egress" in (spec.get("policyTypes") or []) or "egress" in spec


def _selects(policy: Object, labels: dict[str, str]) -> bool:
    selector = (policy.get("spec") or {}).get("podSelector") or {}
    return metadata.matches(Field(selector, (), []), labels)


@NEEDS.check("FCG38", HAZARD)
def referred(r: Rendered) -> Faults:
    """What the Pod refers to is rendered, or `expects` of environment.yaml names it."""
    there = expected(r)
    for kind, name, place, key, optional in references.of_pod(r.pod()):
        if optional or (kind, name) == _SCHEDULER or kind == "ServiceAccount":
            continue  # bindings tell what the account lacks, below
        found = r.all(kind, name)
        if found:
            keys = {**(found[0].get("data") or {}), **(found[0].get("binaryData") or {}),
                    **(found[0].get("stringData") or {})}  # fmt: skip
            if key and kind in ("ConfigMap", "Secret") and key not in keys:
                what = f"the {kind} {name} has no key {key}: the Pod never starts"
                yield Fault(
                    what, ", ".join(keys) or "add it", object=OBJECT, path=f"{_POD}.{place}"
                )
        elif (kind, name) not in there and not name.startswith("system-"):
            what = f"no {kind} {name} is rendered, nor expected: the Pod never starts"
            hint = f"expects: {{{_EXPECTS[kind]}: [{name}]}} where something else makes it"
            yield Fault(what, hint, object=OBJECT, path=f"{_POD}.{place}")
    yield from _namespace(r, there)
    yield from _bound_accounts(r, there)


def _namespace(r: Rendered, expected: set[tuple[str, str]]) -> Faults:
    name = r.namespace()
    there = r.profile != "hardened" or r.all("Namespace", name) or ("Namespace", name) in expected
    if not there:
        what = f"no Namespace {name} is rendered, nor expected: nothing of it can be applied"
        hint = f"expects: {{namespaces: [{name}]}} where something else makes it"
        yield Fault(what, hint, object=OBJECT, path="metadata.namespace")
    if not r.all("Service", str(r.controller()["spec"].get("serviceName") or NAME)):
        what = "no such Service is rendered: the Pod runs, and has no name in DNS"
        yield Fault(what, severity=INFO, object=OBJECT, path="spec.serviceName")


def _bound_accounts(r: Rendered, expected: set[tuple[str, str]]) -> Faults:
    """Subjects of bindings: kustomize moves them with `namespace:`, or does not."""
    rendered = {
        (o["metadata"].get("namespace"), o["metadata"].get("name"))
        for o in r.objects
        if o.get("kind") == "ServiceAccount"
    }
    for binding in r.objects:
        if binding.get("kind") not in ("ClusterRoleBinding", "RoleBinding"):
            continue
        for i, subject in enumerate(_dicts(binding.get("subjects"))):
            if subject.get("kind") != "ServiceAccount":
                continue
            home, name = (subject.get(key) or "" for key in ("namespace", "name"))
            if (home, name) in rendered or ("ServiceAccount", f"{home}/{name}") in expected:
                continue
            if not (home and name):  # Kubernetes' own validation says so
                continue
            what = f"no ServiceAccount {name} is rendered in {home}, nor expected"
            hint = f"expects: {{serviceAccounts: [{home}/{name}]}} where something else makes it"
            yield Fault(what, hint, object=named(binding), path=f"subjects[{i}]")


_SCHEDULER = ("scheduler", "default-scheduler")
_EXPECTS = {kind: key for key, kind in expects.KINDS.items()}
"""Kind → its list in `expects`."""


def expected(r: Rendered) -> set[tuple[str, str]]:
    """Kind and name of what the environment says to be on its cluster."""
    env = r.environment
    if env is None:
        return set()
    found = {(expects.KINDS[key], name) for key, listed in env.expects.items() for name in listed}
    # These keys name what has to be there.
    found.add(("Secret", env.kubeconfig_secret))
    found.add(("PriorityClass", env.priority_class))
    return found


def _dicts(value: Any) -> list[Object]:  # noqa: ANN401
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _list(value: Any) -> list[str]:  # noqa: ANN401
    return [str(item) for item in value] if isinstance(value, list) else []
