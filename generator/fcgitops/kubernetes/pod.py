"""A Pod, alone or as the template of another object.

Source: k8s.io/kubernetes, pkg/apis/core/validation/validation.go (ValidatePodSpec,
ValidatePodTemplateSpec).
"""

from __future__ import annotations

import re
from contextlib import nullcontext

from fcgitops.kubernetes import amounts, containers, metadata, names, quantity, scheduling, security
from fcgitops.kubernetes import volumes as volume_rules
from fcgitops.kubernetes.field import USELESS, Field
from fcgitops.kubernetes.podsecurity import APP_ARMOR
from fcgitops.text import jsonio

RESTART_POLICIES = ("Always", "OnFailure", "Never")
DEFAULT_GRACE = 30
"""Seconds: DefaultTerminationGracePeriodSeconds."""
_SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"


def template(found: Field, claims: Field | None = None) -> None:
    """ValidatePodTemplateSpec.

    Args:
        found: `template`.
        claims: the volumeClaimTemplates of a StatefulSet, which are volumes of its Pod, too.
    """
    metadata.label_map(found["metadata"]["labels"])
    metadata.annotation_map(found["metadata"]["annotations"])
    _annotations(found["metadata"]["annotations"], found["spec"])
    # Before, a StatefulSet was taken whatever its Pods are: they were refused one by one.
    with found.refused_since(34) if claims is not None else nullcontext():
        spec(found["spec"], claims)
        if found["spec"]["ephemeralContainers"]:
            found["spec"]["ephemeralContainers"].forbidden("in the template of a Pod")
    scheduling.merged_keys(found["spec"], found["metadata"]["labels"], USELESS)


def spec(found: Field, claims: Field | None = None) -> None:
    """ValidatePodSpec."""
    own = {claim["metadata"]["name"].text: claim["metadata"] for claim in claims or ()}
    mounted = _volumes(found["volumes"], own)
    resource_claims = [claim["name"].text for claim in found["resourceClaims"]]
    _resource_claims(found["resourceClaims"])
    grace = found["terminationGracePeriodSeconds"]
    pod = containers.Pod(
        volumes=mounted,
        claims=resource_claims,
        grace=grace.number if grace.given else DEFAULT_GRACE,
        os=found["os"]["name"].text,
        own_users=found["hostUsers"].value is False,
        restart=found["restartPolicy"].text or "Always",
        host_network=bool(found["hostNetwork"]),
    )
    containers.containers(found["containers"], pod)
    containers.init_containers(found["initContainers"], found["containers"], pod)
    _whole(found, resource_claims)
    found["restartPolicy"].one_of(RESTART_POLICIES, "Always")
    metadata.label_map(found["nodeSelector"])
    security.of_pod(found["securityContext"], found)
    scheduling.affinity(found["affinity"])
    scheduling.dns(found["dnsPolicy"], found["dnsConfig"])
    scheduling.spread(found["topologySpreadConstraints"])
    scheduling.tolerations(found["tolerations"])
    scheduling.host_aliases(found["hostAliases"])
    _gates(found)
    _names(found)
    _system(found)
    if found["activeDeadlineSeconds"].given:
        found["activeDeadlineSeconds"].at_least(1, 2147483647)
    _host_name(found)
    found["preemptionPolicy"].one_of_if_given(("PreemptLowerPriority", "Never"))
    if found["overhead"]:  # validateOverhead: as the limits of a container
        limits = {"limits": found["overhead"].value}
        amounts.requirements(Field(limits, found["overhead"].path, found.faults))
    if claims is None:  # a StatefulSet names its Pods itself
        for key in ("hostname", "subdomain"):
            if found[key]:
                found[key].must_be(names.dns_label)
    if pod.own_users:
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if found[key]:
                found[key].forbidden("with hostUsers: false")


def _volumes(found: Field, own: dict[str, Field]) -> dict[str, Field]:
    """The volumes that can be mounted; a claim of the StatefulSet hides one of its name."""
    visible = [v for v in found if v["name"].text not in own]
    kept = Field([v.value for v in visible], found.path, found.faults)
    good = volume_rules.volumes(kept if len(visible) < len(found) else found)
    for name, meta in own.items():
        if not name:
            meta["name"].required()
        else:
            meta["name"].must(names.dns_label(name))
        good[name] = Field({"persistentVolumeClaim": {"claimName": name}}, meta.path, meta.faults)
    return good


def _host_name(found: Field) -> None:
    """The name that the Pod gets instead of its own: validatePodHostName."""
    name = found["hostnameOverride"]
    if not name.given:
        return
    with name.lenient():
        for key in ("setHostnameAsFQDN", "hostNetwork"):
            if found[key]:
                name.forbidden(f"with {key}")
        if len(name) > 64:
            name.invalid("must be no more than 64 characters")
        name.must(names.dns_subdomain(name.text))


def _resource_claims(found: Field) -> None:
    """ValidatePodResourceClaims."""
    seen: set[str] = set()
    for claim in found:
        name = claim["name"]
        if not name:
            name.required()
        elif name.text in seen:
            name.duplicate()
        else:
            name.must_be(names.dns_label)
        seen.add(name.text)
        given = [k for k in ("resourceClaimName", "resourceClaimTemplateName") if claim[k].given]
        if len(given) != 1:
            claim.required("one of resourceClaimName and resourceClaimTemplateName")
        for key in given:
            claim[key].must_be(names.dns_subdomain)


def _whole(found: Field, claims: list[str]) -> None:
    """validatePodResources: what is asked for the whole Pod."""
    resources = found["resources"]
    if not resources.given:
        return
    if found["os"]["name"].text == "windows":
        resources.forbidden("of a Windows Pod")
    if resources["claims"].given:
        resources["claims"].forbidden("of a whole Pod")
    amounts.requirements(resources, claims, of_pod=True)
    for key, value in resources["requests"].entries():
        asked = [
            quantity.parse(
                c["resources"]["requests"][key].value or c["resources"]["limits"][key].value
            )
            for c in found["containers"]
        ]
        whole = quantity.parse(value.value)
        total = sum((one.amount for one in asked if one), start=0)
        if whole is not None and total > whole.amount:
            value.invalid("is less than its containers ask for together")
    for container in found["containers"]:
        for key, value in container["resources"]["limits"].entries():
            most = quantity.parse(resources["limits"][key].value)
            limit = quantity.parse(value.value)
            if most is not None and limit is not None and limit.amount > most.amount:
                value.invalid(
                    f"is more than the limit of the whole Pod, {resources['limits'][key].value}"
                )


def _gates(found: Field) -> None:
    """validateReadinessGates, validateSchedulingGates."""
    for gate in found["readinessGates"]:
        gate["conditionType"].must_be(names.qualified)
    seen: set[str] = set()
    for gate in found["schedulingGates"]:
        gate["name"].must_be(names.qualified)
        gate["name"].unique_in(seen)


def _names(found: Field) -> None:
    if not found["serviceAccountName"] and found["serviceAccount"]:  # its old name
        found["serviceAccount"].must_be(names.dns_subdomain)
    for key in ("serviceAccountName", "nodeName", "priorityClassName"):
        if found[key]:
            found[key].must_be(names.dns_subdomain)
    if found["runtimeClassName"].given:
        found["runtimeClassName"].must_be(names.dns_subdomain)


_NOT_ON_WINDOWS = {
    "": ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"),
    "pod": (
        "appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy",
        "sysctls", "runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy",
        "seLinuxChangePolicy",
    ),
    "container": (
        "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities",
        "readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation", "procMount",
        "runAsUser", "runAsGroup",
    ),
}  # fmt: skip


def _system(found: Field) -> None:
    """validateOS, and what a Pod of a named system may not have."""
    system = found["os"]["name"]
    contexts = [c["securityContext"] for c in [*found["containers"], *found["initContainers"]]]
    if found["os"].given:
        system.one_of(("linux", "windows"))
    if system.text == "linux":
        for context in (found["securityContext"], *contexts):
            if context["windowsOptions"].given:
                context["windowsOptions"].forbidden("of a Linux Pod")
    if system.text == "windows":
        _windows(found, contexts)
    _host_process(found, contexts)


def _windows(found: Field, contexts: list[Field]) -> None:
    """validateWindows; of some keys only a value that is not Go's zero is refused."""
    own = found["securityContext"]
    for at, keys in (
        (found, _NOT_ON_WINDOWS[""]),
        (own, _NOT_ON_WINDOWS["pod"]),
        *((context, _NOT_ON_WINDOWS["container"]) for context in contexts),
    ):
        for key in keys:
            if at[key] if key in _ZERO_IS_NOTHING else at[key].given:
                at[key].forbidden("of a Windows Pod")


_ZERO_IS_NOTHING = ("hostPID", "hostIPC", "sysctls")


def _host_process(found: Field, contexts: list[Field]) -> None:
    """validateWindowsHostProcessPod: all containers, or none, and on the node's network."""
    of_pod = found["securityContext"]["windowsOptions"]["hostProcess"]
    of_each = [context["windowsOptions"]["hostProcess"] for context in contexts]
    for one in of_each:
        if of_pod.given and one.given and of_pod.value != one.value:
            one.invalid("is not what the Pod says")
    processes = [bool(one.value if one.given else of_pod.value) for one in of_each]
    if any(processes):
        if not all(processes):
            found.fault("has containers with hostProcess and others without")
        if not found["hostNetwork"]:
            found["hostNetwork"].required("with hostProcess")


def _annotations(found: Field, spec: Field) -> None:
    """ValidatePodSpecificAnnotations."""
    if found["kubernetes.io/config.mirror"].given and not spec["nodeName"]:
        found["kubernetes.io/config.mirror"].invalid("takes spec.nodeName")
    cost = found["controller.kubernetes.io/pod-deletion-cost"]
    if cost.given and not _int32(cost.text):
        cost.invalid("must be a whole number of 32 bits")
    listed = found["scheduler.alpha.kubernetes.io/tolerations"]
    if listed:
        try:
            tolerations = jsonio.load(listed.text)
        except ValueError:
            listed.invalid("must be JSON")
        else:
            scheduling.tolerations(Field(tolerations, listed.path, listed.faults))
    _profiles(found, spec)


def _profiles(found: Field, spec: Field) -> None:
    """The annotations of seccomp and AppArmor, which have to agree with the fields."""
    every = {c["name"].text: c for c in [*spec["containers"], *spec["initContainers"]]}
    for key, value in found.entries():
        if key == _SECCOMP or key.startswith(_SECCOMP_CONTAINER):
            _seccomp_annotation(value)
        if key.startswith(APP_ARMOR):
            if key.removeprefix(APP_ARMOR) not in every:
                value.fault("there is no such container")
            _app_armor_annotation(value)
    _agree(found[_SECCOMP], spec["securityContext"]["seccompProfile"])
    for name, container in every.items():
        own = container["securityContext"]
        _agree(found[_SECCOMP_CONTAINER + name], own["seccompProfile"])
        profile = own["appArmorProfile"]
        if not profile.given:
            profile = spec["securityContext"]["appArmorProfile"]
        _agree(found[APP_ARMOR + name], profile)


_LOCAL = "localhost/"
"""What the names of profiles begin with that a node has as files."""


def _seccomp_annotation(value: Field) -> None:
    """ValidateSeccompProfile."""
    if value.text.startswith(_LOCAL):
        value.must(names.relative_path(value.text.removeprefix(_LOCAL)))
    elif value.text not in ("runtime/default", "docker/default", "unconfined"):
        value.invalid("is no profile of seccomp")


def _app_armor_annotation(value: Field) -> None:
    """ValidateAppArmorProfileFormat."""
    known = value.text in ("", "runtime/default", "unconfined")
    if not known and not value.text.startswith(_LOCAL):
        value.invalid("is no profile of AppArmor")


def _agree(annotation: Field, profile: Field) -> None:
    """validateSeccompAnnotationsAndFieldsMatch, and the same of AppArmor."""
    if not annotation.given or not profile.given:
        return
    wanted = {
        "Unconfined": ("unconfined",),
        "RuntimeDefault": ("runtime/default", "docker/default"),
        "Localhost": (f"{_LOCAL}{profile['localhostProfile'].text}",),
    }.get(profile["type"].text, ())
    if wanted and annotation.text not in wanted:
        profile["type"].invalid("is not what the annotation says")


def _int32(text: str) -> bool:
    """GetDeletionCostFromPodAnnotations."""
    if not re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
        return False
    return -(1 << 31) <= int(text) < 1 << 31
