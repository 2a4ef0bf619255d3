"""What a container mounts of its Pod's volumes: where keys of ConfigMaps are files it may read."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from fcgitops.kubernetes.objects import Fields, Object, mapping, mappings, name


class MountedKey(NamedTuple):
    """A key of a ConfigMap, as a file of a container; `path` is "" where it is not mounted."""

    path: str
    key: str
    config_map: Object


def keys(pod: Fields, container: Fields, config_maps: Iterable[Object]) -> Iterator[MountedKey]:
    """Every key of a ConfigMap that a container has as a file.

    Args:
        pod: the spec that has the volumes.
        container: one of its containers.
        config_maps: those of the Pod's namespace that are known.
    """
    known = {name(found): found for found in config_maps}
    for mount, volume in volumes(pod, container):
        for source in sources(volume):
            if (found := known.get(str(source.get("name")))) is not None:
                for key, path in _files(source, found):
                    yield MountedKey(_at(mount, path), key, found)


def volumes(pod: Fields, container: Fields) -> Iterator[tuple[Fields, Fields]]:
    """Each mount of a container, with the volume that it mounts."""
    found = {str(volume.get("name")): volume for volume in mappings(pod.get("volumes"))}
    for mount in mappings(container.get("volumeMounts")):
        yield mount, found.get(str(mount.get("name")), {})


def absolute(path: object) -> str:
    """A path of a container, which the kubelet takes from the root where it is relative.

    Source: MakeAbsolutePath in Kubernetes' pkg/volume/util/util.go.
    """
    return posixpath.normpath("/" + str(path or "").lstrip("/"))


def sources(volume: Fields) -> list[Fields]:
    """The ConfigMaps that a volume is made of."""
    parts = mappings(mapping(volume.get("projected")).get("sources"))
    return mappings([volume.get("configMap"), *(part.get("configMap") for part in parts)])


def _files(source: Fields, found: Object) -> Iterator[tuple[str, str]]:
    """The keys of a ConfigMap that a volume holds, and their paths in it."""
    there = mapping(found.get("data"))
    if source.get("items") is None:
        yield from ((str(key), str(key)) for key in there)
    for item in mappings(source.get("items")):
        if (key := str(item.get("key"))) in there:
            yield key, str(item.get("path"))


def _at(mount: Fields, path: str) -> str:
    base = absolute(mount.get("mountPath"))
    part = str(mount.get("subPath") or mount.get("subPathExpr") or "").strip("/")
    if part == path:
        return base
    if part and not path.startswith(f"{part}/"):
        return ""  # another part of the volume is mounted
    path = path.removeprefix(f"{part}/") if part else path
    return posixpath.normpath(posixpath.join(base, path))


def unreadable(pod: Fields, container: Fields) -> Iterator[tuple[str, int]]:
    """Mounted volumes of ConfigMaps that a container's user may not read, and their mode.

    Their files are root's: who else runs, reads what the mode gives to all. The kubelet gives them
    to fsGroup, and lets that read: SetVolumeOwnership.
    """
    uid, gid, group = (
        security(pod, container, key) for key in ("runAsUser", "runAsGroup", "fsGroup")
    )
    if not uid or group is not None:
        return
    needed = 0o040 if gid in (None, 0) else 0o004
    mounted = {str(mount.get("name")) for mount in mappings(container.get("volumeMounts"))}
    for volume in mappings(pod.get("volumes")):
        source = mapping(volume.get("configMap") or volume.get("projected"))
        modes = [source.get("defaultMode"), *(i.get("mode") for i in mappings(source.get("items")))]
        for mode in modes:
            if str(volume.get("name")) in mounted and isinstance(mode, int) and not mode & needed:
                yield str(volume.get("name")), mode


def security(pod: Fields, container: Fields, key: str) -> Any:  # noqa: ANN401 - any field
    """What the container's securityContext says, else the Pod's."""
    own, pods = (mapping(one.get("securityContext")) for one in (container, pod))
    return own.get(key, pods.get(key))
