"""The containers of a Pod.

Source: k8s.io/kubernetes, pkg/apis/core/validation/validation.go (validateContainerCommon and
below) and pkg/apis/core/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from fcgitops.core.lazy import regex
from fcgitops.kubernetes import amounts, features, names, security, volumes
from fcgitops.kubernetes.field import USELESS, Field
from fcgitops.kubernetes.objects import PROBES
from fcgitops.text import images

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
PROTOCOLS = ("TCP", "UDP", "SCTP")
_ENV_FIELDS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
    "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_SIGNALS = regex(
    r"SIG(ABRT|ALRM|BUS|CHLD|CLD|CONT|FPE|HUP|ILL|INT|IO|IOT|KILL|PIPE|POLL|PROF|PWR|QUIT|SEGV|"
    r"STKFLT|STOP|SYS|TERM|TRAP|TSTP|TTIN|TTOU|URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ|RTMIN|RTMAX|"
    r"RTMIN\+([1-9]|1[0-5])|RTMAX-([1-9]|1[0-4]))"
)
_WINDOWS_SIGNALS = regex("SIGKILL|SIGTERM")


class Pod(NamedTuple):
    """What the rules of a container need of the Pod around it."""

    volumes: Mapping[str, Field]
    claims: Collection[str]
    grace: int
    """Seconds that the Pod has to end."""
    os: str
    own_users: bool
    """Whether it has a user namespace of its own: hostUsers is false."""
    restart: str
    host_network: bool


def containers(found: Field, pod: Pod) -> None:
    """ValidateContainers."""
    if not found:
        found.required()
    seen: set[str] = set()
    for container in found:
        _common(container, pod)
        name = container["name"]
        name.unique_in(seen)
        _restart(container)
        _lifecycle(container["lifecycle"], pod)
        for probe in PROBES:
            _probe(container[probe], probe, pod)
    _host_ports(list(found))


def init_containers(found: Field, others: Field, pod: Pod) -> None:
    """ValidateInitContainers."""
    seen = {container["name"].text for container in others}
    for container in found:
        _common(container, pod)
        name, policy = container["name"], container["restartPolicy"]
        name.unique_in(seen)
        _restart(container, may=("Always",))
        if policy.text != "Always" and container.since(36):
            for one in container["resizePolicy"]:
                if one["restartPolicy"].text == "RestartContainer":
                    one["restartPolicy"].invalid("must be NotRequired of such an init container")
        if policy.text == "Always":
            _lifecycle(container["lifecycle"], pod)
            for probe in PROBES:
                _probe(container[probe], probe, pod)
        else:
            for key in ("lifecycle", *PROBES):
                if container[key].given:
                    container[key].forbidden("of an init container that is not restarted always")
        _host_ports([container])


def _restart(container: Field, may: Collection[str] = ()) -> None:
    """validateContainerRestartPolicy, and what came before it.

    Args:
        container: of a Pod.
        may: the policies that it may have without the feature gate ContainerRestartRules.
    """
    policy = container["restartPolicy"]
    rules = container["restartPolicyRules"]
    if policy.since(features.RESTARTS.on):
        if may and policy.text in may and rules and not policy.since(36):
            rules.forbidden(f"with restartPolicy: {policy.text}")
        _restart_rules(policy, rules)
    elif policy.given and policy.text not in may:
        if policy.since(34):  # which knows the gate
            policy.fault(features.dropped(features.RESTARTS), USELESS)
        elif may:
            policy.unsupported(may)
        else:
            policy.forbidden("init containers alone may have one")


def _restart_rules(policy: Field, rules: Field) -> None:
    if policy.given:
        policy.one_of(("Always", "Never", "OnFailure"))
    elif rules:
        policy.required("with restartPolicyRules")
    if len(rules) > 20:
        rules.fault("are too many; 20 is the most")
    for rule in rules:
        more = ("RestartAllContainers",) if rule.since(36) else ()
        rule["action"].one_of(("Restart", *more))
        codes = rule["exitCodes"]
        if not codes.given:
            codes.required()
        else:
            codes["operator"].one_of(("In", "NotIn"))
            if len(codes["values"]) > 255:
                codes["values"].fault("are too many; 255 is the most")


def _common(container: Field, pod: Pod) -> None:
    """ValidateContainerCommon."""
    name, image = container["name"], container["image"]
    name.required_as(names.dns_label)
    if not image:
        image.required()
    elif image.text.strip() != image.text:  # validateContainerOnlyForPod: a template passes
        image.fault("has a space at an end: no Pod can be made of it", USELESS)
    elif complaint := images.reference(image.text):  # EnsureImageExists of pkg/kubelet/images
        image.fault(f"{complaint}: no kubelet pulls it (InvalidImageName)", USELESS)
    container["terminationMessagePolicy"].one_of(("File", "FallbackToLogsOnError"), "File")
    container["imagePullPolicy"].one_of(PULL_POLICIES, "Always")
    _ports(container["ports"], pod)
    _env(container["env"], pod)
    _env_from(container["envFrom"])
    _mounts(container, pod)
    amounts.requirements(container["resources"], pod.claims)
    _resize(container["resizePolicy"], pod)
    security.of_container(container["securityContext"], own_users=pod.own_users)


def _ports(found: Field, pod: Pod) -> None:
    """validateContainerPorts, validatePodHostNetworkDeps."""
    seen: set[str] = set()
    for port in found:
        name, number, host = port["name"], port["containerPort"], port["hostPort"]
        if name and name.must_be(names.port_name):
            name.unique_in(seen)
        if not number:
            number.required()
        else:
            number.must(names.port_number(number.number))
        if host:
            host.must(names.port_number(host.number))
            if pod.host_network and host.number != number.number:
                host.invalid("must equal containerPort with hostNetwork")
        port["protocol"].one_of(PROTOCOLS, "TCP")


def _host_ports(found: list[Field]) -> None:
    """CheckHostPortConflicts."""
    seen: set[tuple[str, str, int]] = set()
    for container in found:
        for port in container["ports"]:
            key = (port["protocol"].text or "TCP", port["hostIP"].text, port["hostPort"].number)
            if key[2] and key in seen:
                port["hostPort"].duplicate()
            seen.add(key)


def _env(found: Field, pod: Pod) -> None:
    """ValidateEnv."""
    for variable in found:
        name, value, given = variable["name"], variable["value"], variable["valueFrom"]
        name.required_as(_name_of_variable(name))
        if not given.given:
            continue
        files = given["fileKeyRef"]
        counts = files.since(35)  # EnvFiles
        sources = [key for key, _ in given.entries() if counts or key != "fileKeyRef"]
        if counts and files.given:
            _key_of_file(files, pod)
        pod_field = given["fieldRef"]
        if pod_field.given:
            volumes.pod_field(pod_field, _ENV_FIELDS)
        if given["resourceFieldRef"].given:
            volumes.container_resource(given["resourceFieldRef"], of_volume=False)
        for key in ("configMapKeyRef", "secretKeyRef"):
            if given[key].given:
                _key_of(given[key])
        if not sources:
            given.required("one of fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef")
        elif value:
            given.forbidden("there is a value already")
        elif len(sources) > 1:
            given.forbidden(f"{' and '.join(sources)}: one alone")


def _name_of_variable(found: Field) -> Callable[[str], str]:
    return names.variable if found.since(32) else names.old_variable


def _key_of(found: Field) -> None:
    """validateConfigMapKeySelector, validateSecretKeySelector."""
    found["name"].must_be(names.dns_subdomain)
    found["key"].required_as(names.key)


def _key_of_file(found: Field, pod: Pod) -> None:
    """validateFileKeySelector, validateFileKeyRefVolumes."""
    name = found["volumeName"]
    found["key"].required_as(names.variable)
    found["path"].required_as(names.no_backsteps)
    name.required_as(names.dns_label)
    if name and (volume := _volume(name, pod)) is not None and not volume["emptyDir"].given:
        name.invalid("is no emptyDir")


def _env_from(found: Field) -> None:
    """ValidateEnvFrom."""
    for source in found:
        if source["prefix"]:
            source["prefix"].must_be(_name_of_variable(source["prefix"]))
        given = [key for key in ("configMapRef", "secretRef") if source[key].given]
        for key in given:
            name = source[key]["name"]
            if not name:
                name.required()
            else:
                stem = name.text[:-1] + "a" if name.text.endswith("-") else name.text
                name.must(names.dns_subdomain(stem))
        if len(given) != 1:
            source.required("one of configMapRef and secretRef")


def _mounts(container: Field, pod: Pod) -> None:
    """ValidateVolumeMounts; and ValidateVolumeDevices, which knows the paths of the mounts."""
    devices, paths = container["volumeDevices"], set[str]()
    blocks = {device["name"].text for device in devices}
    block_paths = {device["devicePath"].text for device in devices}
    for mount in container["volumeMounts"]:
        name, path = mount["name"], mount["mountPath"]
        volume = _volume(name, pod)
        if volume is not None and volumes.image_dropped(volume):
            continue
        if not path:
            path.required()
        elif path.text in paths:
            path.invalid("is the path of another mount, too")
        paths.add(path.text)
        if name.text in blocks:
            name.invalid("is among volumeDevices, too")
        if path.text in block_paths:
            path.invalid("is the path of a device, too")
        for key in ("subPath", "subPathExpr"):
            if mount[key]:
                mount[key].must_be(names.relative_path)
        if mount["subPath"] and mount["subPathExpr"]:
            mount["subPathExpr"].forbidden("with subPath")
        _propagation(mount, container)
    _devices(devices, paths, pod)


_CLAIMS = ("persistentVolumeClaim", "ephemeral")


def _devices(found: Field, paths: set[str], pod: Pod) -> None:
    """ValidateVolumeDevices; `paths` are those of the container's mounts."""
    seen: set[str] = set()
    for device in found:
        name, path = device["name"], device["devicePath"]
        volume = _volume(name, pod)
        if volume is not None and not any(volume[kind].given for kind in _CLAIMS):
            name.invalid("is no claim, which alone can be a block device")
        if name.text in seen:
            name.invalid("is there twice")
        if not path:
            path.required()
        elif path.text in paths:
            path.invalid("is another's path, too")
        path.must_be(names.no_backsteps)
        seen.add(name.text)
        paths.add(path.text)
    if pod.own_users and found:
        with found.refused_since(34):
            found.forbidden("with hostUsers: false")


def _volume(name: Field, pod: Pod) -> Field | None:
    if not name:
        name.required()
    elif name.text not in pod.volumes:
        name.fault(f"no volume is called {name.text}")
    return pod.volumes.get(name.text)


def _propagation(mount: Field, container: Field) -> None:
    """validateMountPropagation, validateMountRecursiveReadOnly."""
    propagation, recursive = mount["mountPropagation"], mount["recursiveReadOnly"]
    if propagation.given:
        propagation.one_of(("Bidirectional", "HostToContainer", "None"))
        if propagation.text == "Bidirectional" and not container["securityContext"]["privileged"]:
            propagation.forbidden("Bidirectional takes a privileged container")
    if recursive.given:
        recursive.one_of(("Disabled", "IfPossible", "Enabled"))
        if recursive.text in ("IfPossible", "Enabled"):
            if not mount["readOnly"]:
                recursive.forbidden("it takes readOnly: true")
            if propagation.given and propagation.text != "None":
                recursive.forbidden("with mountPropagation")


def _resize(found: Field, pod: Pod) -> None:
    """ValidateResizePolicy."""
    seen: set[str] = set()
    for policy in found:
        name, restart = policy["resourceName"], policy["restartPolicy"]
        name.unique_in(seen)
        name.one_of(("cpu", "memory"))
        restart.one_of(("NotRequired", "RestartContainer"))
        if pod.restart == "Never" and restart.text != "NotRequired":
            restart.invalid("must be NotRequired where the Pod is not restarted")


def _lifecycle(found: Field, pod: Pod) -> None:
    """ValidateLifecycle."""
    for key in ("postStart", "preStop"):
        handler = found[key]
        if handler["sleep"].given and not handler.since(features.SLEEP.on):
            handler["sleep"].fault(features.dropped(features.SLEEP), USELESS)
            if list(handler.value) == ["sleep"]:
                continue
        if handler.given:
            _handler(handler, pod)
    signal = found["stopSignal"]
    if signal.given:  # ContainerStopSignals, which is off by default
        with signal.lenient():
            if not pod.os:
                signal.forbidden("it takes spec.os.name")
            elif not (_WINDOWS_SIGNALS if pod.os == "windows" else _SIGNALS).fullmatch(signal.text):
                signal.invalid(f"is no signal of {pod.os}")


def _probe(found: Field, kind: str, pod: Pod) -> None:
    """ValidateProbe and the three that call it."""
    if not found.given:
        return
    _handler(found, pod)
    for key in (
        "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold",
        "failureThreshold",
    ):  # fmt: skip
        found[key].at_least(0)
    grace = found["terminationGracePeriodSeconds"]
    if kind == "readinessProbe":
        if grace.given:
            grace.forbidden("of a readinessProbe")
    else:
        grace.at_least(1)
        if found["successThreshold"] and found["successThreshold"].number != 1:
            found["successThreshold"].invalid("must be 1")


def _handler(found: Field, pod: Pod) -> None:
    """ValidateHandler."""
    given = [key for key in ("exec", "httpGet", "tcpSocket", "grpc", "sleep") if found[key].given]
    if not given:
        found.required("one of exec, httpGet, tcpSocket, grpc and sleep")
    for key in given[1:]:
        found[key].forbidden(f"there is {given[0]} already")
    if found["exec"].given and not found["exec"]["command"]:
        found["exec"]["command"].required()
    http = found["httpGet"]
    if http.given:
        _port(http["port"])
        http["scheme"].one_of(("HTTP", "HTTPS"), "HTTP")
        for header in http["httpHeaders"]:
            header["name"].must_be(names.header)
    if found["tcpSocket"].given:
        _port(found["tcpSocket"]["port"])
    if found["grpc"].given:
        found["grpc"]["port"].must(names.port_number(found["grpc"]["port"].number))
    seconds, least = found["sleep"]["seconds"], 0 if found.since(33) else 1
    if found["sleep"].given and not least <= seconds.number <= pod.grace:
        seconds.invalid(f"must be {least} to the Pod's grace period, {pod.grace}")


def _port(port: Field) -> None:
    """ValidatePortNumOrName."""
    if isinstance(port.value, str):
        port.must_be(names.port_name)
    else:
        port.must(names.port_number(port.number))
