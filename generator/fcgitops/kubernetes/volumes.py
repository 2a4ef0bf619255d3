"""The volumes of a Pod, and what claims ask for.

Source: k8s.io/kubernetes, pkg/apis/core/validation/validation.go (validateVolumeSource and below,
ValidatePersistentVolumeClaimSpec).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext

from fcgitops.core.lazy import regex
from fcgitops.kubernetes import amounts, features, metadata, names, quantity
from fcgitops.kubernetes.field import REFUSED, USELESS, Field, shown

ACCESS_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
_HOST_TYPES = (
    "", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice",
    "BlockDevice",
)  # fmt: skip
_POD_FIELDS = tuple(
    f"metadata.{name}" for name in ("name", "namespace", "labels", "annotations", "uid")
)
CONTAINER_RESOURCES = tuple(
    f"{part}.{name}"
    for part in ("limits", "requests")
    for name in ("cpu", "memory", "ephemeral-storage")
)
_IQN = regex(
    r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)$|eui\.([0-9A-Fa-f]{16})$|naa\.[0-9A-Fa-f]{32}$"
)


def volumes(found: Field) -> dict[str, Field]:
    """ValidateVolumes.

    Returns:
        The volumes that are not refused, by their names: those that can be mounted.
    """
    good: dict[str, Field] = {}
    for volume in found:
        before = len(volume.faults)
        name = volume["name"]
        if image_dropped(volume):
            volume["image"].fault(f"{features.dropped(features.IMAGES)}, and its mounts", USELESS)
            good[name.text] = volume
            continue
        with volume.lenient() if volume["image"].given else nullcontext():
            source(volume, SOURCES)
            name.required_as(names.dns_label)
            if name.text in good:
                name.duplicate()
        if not any(fault.severity == REFUSED for fault in volume.faults[before:]):
            good[name.text] = volume
    return good


def image_dropped(volume: Field) -> bool:
    """Whether a volume is left out, with its mounts: dropImageVolumes of pkg/api/pod/util.go."""
    off = volume.faults.stated and not volume.since(features.IMAGES.on)
    return off and volume["image"].given


def source(volume: Field, sources: Mapping[str, Callable[[Field], None]]) -> None:
    """validateVolumeSource: one kind of volume; none is an emptyDir (SetDefaults_Volume)."""
    given = [(key, value) for key, value in volume.entries() if key in sources]
    for i, (key, value) in enumerate(given):
        if i and not (key == "flexVolume" and volume["capacity"].given):
            value.forbidden(f"there is {given[0][0]} already; a volume is of one kind")
        sources[key](value)


def _needs(*keys: str) -> Callable[[Field], None]:
    def rule(found: Field) -> None:
        for key in keys:
            if not found[key]:
                found[key].required()

    return rule


def _empty_dir(found: Field) -> None:
    limit = quantity.parse(found["sizeLimit"].value)
    if limit is not None and limit.amount < 0:
        found["sizeLimit"].invalid("must be 0 or more")
    medium = found["medium"]
    if medium.text not in ("", "Memory", "HugePages") and not medium.text.startswith("HugePages-"):
        # SetUpAt of pkg/volume/emptydir: the API server does not look.
        medium.fault(f"{shown(medium.text)} is none that a kubelet knows: no Pod starts", USELESS)


def _host_path(found: Field) -> None:
    """ValidateHostPathVolumeSource."""
    if not found["path"]:
        found["path"].required()
        return
    found["path"].must_be(names.no_backsteps)
    found["type"].one_of(_HOST_TYPES, "Directory")


def _mode(found: Field) -> None:
    found.at_least(0, 0o777)


def key_to_path(item: Field) -> None:
    """ValidateKeyToPath."""
    for key in ("key", "path"):
        if not item[key]:
            item[key].required()
    item["path"].must_be(names.file_path)
    _mode(item["mode"])


def _files_of(name: str) -> Callable[[Field], None]:
    """validateSecretVolumeSource, validateConfigMapVolumeSource."""

    def rule(found: Field) -> None:
        if not found[name]:
            found[name].required()
        _mode(found["defaultMode"])
        for item in found["items"]:
            key_to_path(item)

    return rule


def _nfs(found: Field) -> None:
    """ValidateNFSVolumeSource."""
    if not found["server"]:
        found["server"].required()
    if not found["path"].text.startswith("/"):
        found["path"].invalid("must be an absolute path")


def _iscsi(found: Field) -> None:
    """ValidateISCSIVolumeSource."""
    _needs("targetPortal", "iqn")(found)
    for name in (found["iqn"], found["initiatorName"]):
        if name and not _IQN.match(name.text):
            name.invalid("must begin with iqn., eui. or naa., and follow its form")
    found["lun"].at_least(0, 255)
    if (found["chapAuthDiscovery"] or found["chapAuthSession"]) and not found["secretRef"].given:
        found["secretRef"].required()


def _fibre_channel(found: Field) -> None:
    """ValidateFCVolumeSource."""
    names_, ids = found["targetWWNs"], found["wwids"]
    if bool(names_) == bool(ids):
        names_.required("targetWWNs or wwids, not both")
    if names_:
        if not found["lun"].given:
            found["lun"].required("with targetWWNs")
        found["lun"].at_least(0, 255)


def _disk(key: str) -> Callable[[Field], None]:
    """validateGCEPersistentDiskVolumeSource, validateAWSElasticBlockStoreVolumeSource."""

    def rule(found: Field) -> None:
        _needs(key)(found)
        found["partition"].at_least(0, 255)

    return rule


def _azure_disk(found: Field) -> None:
    """ValidateAzureDisk."""
    _needs("diskName", "diskURI")(found)
    found["cachingMode"].one_of_if_given(("None", "ReadOnly", "ReadWrite"))
    found["kind"].one_of_if_given(("Shared", "Dedicated", "Managed"))
    kind = found["kind"].text or "Shared"
    start = "/subscriptions/" if kind == "Managed" else "https://"
    if found["diskURI"] and not found["diskURI"].text.startswith(start):
        found["diskURI"].invalid(f"must begin with {start} where kind is {kind}")


def _cinder(found: Field) -> None:
    """ValidateCinderVolumeSource."""
    _needs("volumeID")(found)
    _named(found["secretRef"])


def _named(reference: Field) -> None:
    """A reference to a Secret, which has to name one where it is there."""
    if reference.given and not reference["name"]:
        reference["name"].required()


def _storage_os(found: Field) -> None:
    """ValidateStorageOSVolumeSource."""
    _needs("volumeName")(found)
    for key in ("volumeName", "volumeNamespace"):
        if found[key]:
            found[key].must_be(names.dns_label)
    _named(found["secretRef"])


def _flex(found: Field) -> None:
    """ValidateFlexVolumeSource."""
    _needs("driver")(found)
    for key, option in found["options"].entries():
        domain = f".{key.partition('/')[0].lower()}"
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            option.fault(f"the key {key} is Kubernetes' own")


def _flocker(found: Field) -> None:
    """ValidateFlockerVolumeSource."""
    if bool(found["datasetName"]) == bool(found["datasetUUID"]):
        found.required("datasetName or datasetUUID, not both")
    if "/" in found["datasetName"].text:
        found["datasetName"].invalid("must not contain '/'")


def _git(found: Field) -> None:
    """ValidateGitRepoVolumeSource."""
    _needs("repository")(found)
    found["directory"].must_be(names.relative_path)


def _csi(found: Field) -> None:
    """ValidateCSIVolumeSource."""
    csi_driver(found["driver"])
    secret = found["nodePublishSecretRef"]
    if secret.given:
        secret["name"].required_as(names.dns_subdomain)


def csi_driver(name: Field) -> None:
    """ValidateCSIDriverName."""
    if not name:
        name.required()
    elif len(name) > 63:
        name.invalid("must be no more than 63 characters")
    else:
        name.must(names.dns_subdomain(name.text.lower()))


def downward(found: Field) -> None:
    """ValidateDownwardAPIVolumeSource."""
    _mode(found["defaultMode"])
    for item in found["items"]:
        downward_file(item)


def downward_file(item: Field) -> None:
    """ValidateDownwardAPIVolumeFile."""
    if not item["path"]:
        item["path"].required()
    item["path"].must_be(names.file_path)
    if item["fieldRef"].given:
        pod_field(item["fieldRef"], _POD_FIELDS)
        if item["resourceFieldRef"].given:
            item.invalid("fieldRef and resourceFieldRef exclude each other")
    elif item["resourceFieldRef"].given:
        container_resource(item["resourceFieldRef"], of_volume=True)
    else:
        item.required("fieldRef or resourceFieldRef")
    _mode(item["mode"])


def pod_field(found: Field, allowed: tuple[str, ...]) -> None:
    """ValidateObjectFieldSelector."""
    if found["apiVersion"] and found["apiVersion"].text != "v1":
        found["apiVersion"].invalid("must be v1")
    path = found["fieldPath"]
    if not path:
        path.required()
        return
    name, bracket, key = path.text.partition("['")
    if bracket and key.endswith("']") and name:
        key = key.removesuffix("']")
        if name == "metadata.annotations":
            path.must(names.qualified(key.lower()))
        elif name == "metadata.labels":
            path.must(names.qualified(key))
        else:
            path.invalid("takes no key in brackets")
    elif path.text not in allowed:
        path.unsupported(allowed)


def container_resource(found: Field, *, of_volume: bool) -> None:
    """ValidateContainerResourceFieldSelector."""
    name, divisor = found["resource"], found["divisor"]
    huge = name.text.startswith(("limits.hugepages-", "requests.hugepages-"))
    if of_volume and not found["containerName"]:
        found["containerName"].required()
    elif not name:
        name.required()
    elif name.text not in CONTAINER_RESOURCES and not huge:
        name.unsupported(CONTAINER_RESOURCES)
    unit = quantity.parse(divisor.value)
    if unit is None or not unit.amount:
        return
    if name.text.endswith(".cpu"):
        if unit.amount != 1 and unit.milli != 1:
            divisor.invalid("must be 1 or 1m for cpu")
    elif (name.text in CONTAINER_RESOURCES or huge) and not unit.unit:
        divisor.invalid("must be 1 of a unit: 1, 1k, 1Mi …")


def _projected(found: Field) -> None:
    """ValidateProjectedVolumeSource."""
    _mode(found["defaultMode"])
    paths: set[str] = set()

    def once(path: Field) -> None:
        if path and path.text in paths:
            path.invalid("is the path of another file, too")
        paths.add(path.text)

    for part in found["sources"]:
        kinds = [key for key, _ in part.entries()]
        if len(kinds) > 1:
            part.forbidden(f"{' and '.join(kinds)}: a source is of one kind")
        for kind in ("secret", "configMap"):
            if part[kind].given and not part[kind]["name"]:
                part[kind]["name"].required()
            for item in part[kind]["items"]:
                key_to_path(item)
                once(item["path"])
        for item in part["downwardAPI"]["items"]:
            downward_file(item)
            once(item["path"])
        if part["serviceAccountToken"].given:
            _token(part["serviceAccountToken"])
        bundle = part["clusterTrustBundle"]
        if bundle.given:  # ClusterTrustBundleProjection is off by default: then it is left out
            with bundle.lenient():
                _bundle(bundle)
                once(bundle["path"])


def _token(found: Field) -> None:
    if found["expirationSeconds"].given:
        found["expirationSeconds"].at_least(600, 1 << 32)
    with found.refused_since(30) if found["path"] else nullcontext():
        found["path"].required_as(names.file_path)


def _bundle(found: Field) -> None:
    if found["name"].given == found["signerName"].given:
        found.invalid("takes one of name and signerName")
    if found["name"].given and found["labelSelector"].given:
        found["labelSelector"].forbidden("with name")
    metadata.selector(found["labelSelector"])
    if not found["path"]:
        found["path"].required()
    found["path"].must_be(names.file_path)


def _ephemeral(found: Field) -> None:
    """ValidateEphemeralVolumeSource."""
    template = found["volumeClaimTemplate"]
    if not template.given:
        template.required()
        return
    metadata.template_metadata(template["metadata"])
    claim(template["spec"])


def _image(found: Field) -> None:
    """ValidateImageVolumeSource."""
    _needs("reference")(found)
    if found["pullPolicy"]:
        found["pullPolicy"].one_of(("Always", "IfNotPresent", "Never"))


def _quobyte(found: Field) -> None:
    """ValidateQuobyteVolumeSource."""
    _needs("registry", "volume")(found)
    if len(found["tenant"]) > 64:
        found["tenant"].invalid("must be no more than 64 characters")
    for pair in filter(None, found["registry"].text.split(",")):
        if pair.count(":") != 1:
            found["registry"].invalid("must be HOST:PORT pairs, with commas between them")


SOURCES: dict[str, Callable[[Field], None]] = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "gitRepo": _git,
    "gcePersistentDisk": _disk("pdName"),
    "awsElasticBlockStore": _disk("volumeID"),
    "secret": _files_of("secretName"),
    "nfs": _nfs,
    "iscsi": _iscsi,
    "glusterfs": _needs("endpoints", "path"),
    "flocker": _flocker,
    "persistentVolumeClaim": _needs("claimName"),
    "rbd": _needs("monitors", "image"),
    "cinder": _cinder,
    "cephfs": _needs("monitors"),
    "quobyte": _quobyte,
    "downwardAPI": downward,
    "fc": _fibre_channel,
    "flexVolume": _flex,
    "configMap": _files_of("name"),
    "azureFile": _needs("secretName", "shareName"),
    "vsphereVolume": _needs("volumePath"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "azureDisk": _azure_disk,
    "storageos": _storage_os,
    "projected": _projected,
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "csi": _csi,
    "ephemeral": _ephemeral,
    "image": _image,
}
"""What is asked of each kind of volume."""


def access_modes(found: Field) -> None:
    """The access modes of claims and volumes."""
    if not found:
        found.required("one access mode at least")
    for mode in found:
        mode.one_of(ACCESS_MODES)
    if "ReadWriteOncePod" in found.texts() and len(set(found.texts())) > 1:
        found.forbidden("ReadWriteOncePod goes with no other")


def claim(spec: Field) -> None:
    """ValidatePersistentVolumeClaimSpec."""
    access_modes(spec["accessModes"])
    metadata.selector(spec["selector"])
    storage = spec["resources"]["requests"]["storage"]
    if not storage.given:
        storage.required()
    else:
        found = quantity.parse(storage.value)
        if found is not None and found.amount <= 0:
            storage.invalid("must be more than 0")
        amounts.amount("storage", storage)
    for key in ("storageClassName", "volumeAttributesClassName"):
        if spec[key]:
            spec[key].must_be(names.dns_subdomain)
    spec["volumeMode"].one_of_if_given(("Block", "Filesystem"))
    _data_sources(spec["dataSource"], spec["dataSourceRef"])


_DROPPED_UNLESS = (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))
"""API group and kind of what `dataSource` alone may name: NormalizeDataSources of
pkg/api/persistentvolumeclaim drops all else."""


def _data_sources(source: Field, reference: Field) -> None:
    """What a claim is filled with, by `dataSource` and `dataSourceRef`, which have to agree."""
    if reference["namespace"]:
        reference.fault(features.dropped(features.ELSEWHERE), USELESS)
    elif reference.given:
        _data_source(reference)
    if not source.given:
        return
    alone = not reference.given or bool(reference["namespace"])
    if alone and (source["apiGroup"].text, source["kind"].text) not in _DROPPED_UNLESS:
        source.fault("is no claim and no snapshot, and is dropped", USELESS)
        return
    _data_source(source)
    keys = ("apiGroup", "kind", "name")
    if not alone and any(source[key].value != reference[key].value for key in keys):
        source.invalid("must match dataSourceRef")


def _data_source(found: Field) -> None:
    """validateDataSource, validateDataSourceRef."""
    for key in ("name", "kind"):
        if not found[key]:
            found[key].required()
    if not found["apiGroup"]:
        if found["kind"].text != "PersistentVolumeClaim":
            found["kind"].invalid("must be PersistentVolumeClaim without an apiGroup")
    else:
        found["apiGroup"].must_be(names.dns_subdomain)
    if found["namespace"]:
        found["namespace"].must_be(names.dns_label)
