"""PersistentVolumes: their capacity, the nodes that reach them, and what they are made of.

Source: k8s.io/kubernetes, pkg/apis/core/validation/validation.go (ValidatePersistentVolume).
"""

from __future__ import annotations

from fcgitops.kubernetes import metadata, names, quantity, scheduling, volumes
from fcgitops.kubernetes.field import Field

_OF_PODS_ALONE = {
    "emptyDir", "gitRepo", "secret", "configMap", "downwardAPI", "projected", "ephemeral", "image",
    "persistentVolumeClaim",
}  # fmt: skip
"""Kinds of volumes that no PersistentVolume is made of."""


def persistent_volume(item: Field) -> None:
    """ValidatePersistentVolume."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=False)
    spec = item["spec"]
    volumes.access_modes(spec["accessModes"])
    _capacity(spec["capacity"])
    if spec["persistentVolumeReclaimPolicy"]:
        spec["persistentVolumeReclaimPolicy"].one_of(("Delete", "Recycle", "Retain"))
    spec["volumeMode"].one_of_if_given(("Block", "Filesystem"))
    if spec["storageClassName"]:
        spec["storageClassName"].must_be(names.dns_subdomain)
    _node_affinity(spec["nodeAffinity"])
    if not any(spec[kind].given for kind in _SOURCES):
        spec.required("a kind of volume")
    volumes.source(spec, _SOURCES)
    _named_elsewhere(spec)
    attributes = spec["volumeAttributesClassName"]
    if attributes.given and spec.since(34):  # the gate VolumeAttributesClass is on
        attributes.required_as(names.dns_subdomain)
        if not spec["csi"].given:
            spec["csi"].required("with volumeAttributesClassName")
    if spec["local"].given and not spec["nodeAffinity"]["required"].given:
        spec["nodeAffinity"]["required"].required("with local")
    portal, name = spec["iscsi"]["targetPortal"], item["metadata"]["name"]
    if spec["iscsi"]["initiatorName"].given and len(name.text) + 1 + len(portal) > 64:
        portal.invalid("has with the volume's name more than 64 characters")


def _capacity(found: Field) -> None:
    if [key for key, _ in found.entries()] != ["storage"]:
        found.required("storage, and nothing else")
    for _, value in found.entries():
        size = quantity.parse(value.value)
        if size is not None and size.amount <= 0:
            value.invalid("must be more than 0")


def _node_affinity(found: Field) -> None:
    """ValidateVolumeNodeAffinity."""
    required = found["required"]
    if found.given and not required.given:
        required.required()
    if required.given and not required["nodeSelectorTerms"]:
        required["nodeSelectorTerms"].required("one term at least")
    for term in required["nodeSelectorTerms"]:
        scheduling.node_term(term, required=True)


def _local(found: Field) -> None:
    """ValidateLocalVolumeSource."""
    if not found["path"]:
        found["path"].required()
    found["path"].must_be(names.no_backsteps)


def _csi(found: Field) -> None:
    """ValidateCSIPersistentVolumeSource."""
    volumes.csi_driver(found["driver"])
    if not found["volumeHandle"]:
        found["volumeHandle"].required()
    for key in ("controllerPublish", "controllerExpand", "nodePublish", "nodeExpand"):
        reference = found[f"{key}SecretRef"]
        if reference.given:
            reference["name"].required_as(names.dns_subdomain)
            reference["namespace"].required_as(names.dns_label)


def _named_elsewhere(spec: Field) -> None:
    """What a volume, which has no namespace, says of the objects that it names.

    validateCinderPersistentVolumeSource and its like for storageos, iscsi, glusterfs, azureFile.
    """
    for kind, part in (("cinder", "namespace"), ("storageos", "namespace"), ("iscsi", "name")):
        reference = spec[kind]["secretRef"]
        if reference.given and not reference[part]:
            reference[part].required()
    endpoints = spec["glusterfs"]["endpointsNamespace"]
    if endpoints.given:
        endpoints.must_be(names.dns_label)
    home = spec["azureFile"]["secretNamespace"]
    if home.given and not home:
        home.required()


_SOURCES = {
    **{kind: rule for kind, rule in volumes.SOURCES.items() if kind not in _OF_PODS_ALONE},
    "local": _local,
    "csi": _csi,
}
"""What is asked of each kind of volume that a PersistentVolume may be made of."""
