"""Fields that Kubernetes knows before it heeds them: behind a feature gate that is off by default.

Until then its API server takes such a field and drops it, before it looks at what is left.

Source: k8s.io/kubernetes, pkg/features/kube_features.go (from when a gate is on by default), and
dropDisabledFields of pkg/api/pod/util.go and its like for the other kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

NEVER = 999


class Gate(NamedTuple):
    """The feature gate of a field."""

    name: str
    on: int = NEVER
    """From when it is on by default: 33 for 1.33."""
    same: object = None
    """The value with which nothing is lost: it says what is so without the field, too."""


IMAGES = Gate("ImageVolume", 35)
RESTARTS = Gate("ContainerRestartRules", 35)
SLEEP = Gate("PodLifecycleSleepAction", 30)
ELSEWHERE = Gate("CrossNamespaceVolumeDataSource")
_CLAIMS = Gate("DynamicResourceAllocation", 34)
_LABEL_KEYS = Gate("MatchLabelKeysInPodAffinity", 31)
_ATTRIBUTES = Gate("VolumeAttributesClass", 34)
GATES: Mapping[str, Mapping[str, Gate]] = {
    "core.v1.PodSpec": {
        "hostUsers": Gate("UserNamespacesSupport", 33, same=True),
        "hostnameOverride": Gate("HostnameOverride", 35),
        "resourceClaims": _CLAIMS,
        "resources": Gate("PodLevelResources", 34),
        "schedulingGroup": Gate("GenericWorkload"),
        "workloadRef": Gate("GenericWorkload"),
    },
    "core.v1.PodSecurityContext": {
        "seLinuxChangePolicy": Gate("SELinuxChangePolicy", 33, same="Recursive"),
        "supplementalGroupsPolicy": Gate("SupplementalGroupsPolicy", 33, same="Merge"),
    },
    "core.v1.SecurityContext": {"procMount": Gate("ProcMountType", 33, same="Default")},
    "core.v1.ResourceRequirements": {"claims": _CLAIMS},
    "core.v1.Container": {
        "resizePolicy": Gate("InPlacePodVerticalScaling", 33),
        "restartPolicyRules": RESTARTS,
    },
    "core.v1.EnvVarSource": {"fileKeyRef": Gate("EnvFiles", 35)},
    "core.v1.Lifecycle": {"stopSignal": Gate("ContainerStopSignals")},
    "core.v1.VolumeMount": {
        "recursiveReadOnly": Gate("RecursiveReadOnlyMounts", 31, same="Disabled"),
    },
    "core.v1.VolumeProjection": {
        "clusterTrustBundle": Gate("ClusterTrustBundleProjection"),
        "podCertificate": Gate("PodCertificateRequest"),
    },
    "core.v1.PodAffinityTerm": {
        "matchLabelKeys": _LABEL_KEYS, "mismatchLabelKeys": _LABEL_KEYS,
    },
    "core.v1.PersistentVolumeClaimSpec": {"volumeAttributesClassName": _ATTRIBUTES},
    "core.v1.PersistentVolumeSpec": {"volumeAttributesClassName": _ATTRIBUTES},
    "core.v1.ServiceSpec": {"trafficDistribution": Gate("ServiceTrafficDistribution", 31)},
    "apps.v1.RollingUpdateStatefulSetStrategy": {
        "maxUnavailable": Gate("MaxUnavailableStatefulSet", same=1),  # but for 1.35.0
    },
    "batch.v1.JobSpec": {
        "managedBy": Gate("JobManagedBy", 32), "successPolicy": Gate("JobSuccessPolicy", 31),
    },
    "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion": {
        "selectableFields": Gate("CustomResourceFieldSelectors", 31),
    },
}  # fmt: skip
"""Type → field → its gate, of fields that alone are dropped; rules know what else goes with one."""


def dropped(gate: Gate) -> str:
    """What becomes of a field where its gate is off, to follow its path in a sentence."""
    off = "" if gate.on == NEVER else f" before Kubernetes 1.{gate.on}"
    return f"is dropped{off} without the feature gate {gate.name}"
