"""One rendering, and FrameworkController as it stands in it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from fcgitops.diff import objects
from fcgitops.diff.objects import label
from fcgitops.diff.settings import FILE, Settings, image_settings
from fcgitops.diff.stored import pod_template, stored
from fcgitops.kubernetes import mounts, references
from fcgitops.kubernetes.objects import (
    Fields,
    Object,
    listing,
    mapping,
    mappings,
    name,
    namespace,
    number,
)
from fcgitops.kubernetes.references import Reference
from fcgitops.kubernetes.rights import Granted, Subject, granted
from fcgitops.model.image import BINARY, HOME

CONTAINER = "frameworkcontroller"
"""What FrameworkController's StatefulSet and its container are called."""


@dataclass(frozen=True)
class Side:
    """One rendering.

    Attributes:
        objects: what is rendered.
        beside: what Git has for the same cluster, and another part renders.
    """

    objects: tuple[Object, ...]
    beside: tuple[Object, ...] = ()

    def all(self, kind: str) -> list[Object]:
        """Its objects of a kind."""
        return [o for o in self.objects if o["kind"] == kind]

    def has(self, kind: str, wanted: str, place: str = "") -> bool:
        """Whether Git has an object of that kind, name and namespace, here or beside it."""
        return any(
            o["kind"] == kind and name(o) == wanted and namespace(o) == place
            for o in (*self.objects, *self.beside)
        )

    @cached_property
    def controller(self) -> Controller | None:
        """The StatefulSet that runs FrameworkController, if it is there."""
        sets = [o for o in self.all("StatefulSet") if objects.runs_frameworkcontroller(o)]
        plain = [o for o in sets if name(o) == CONTAINER]
        return Controller(self, (plain or sets)[0]) if sets else None

    @cached_property
    def _grants(self) -> dict[Subject, Granted]:
        return {}

    def granted(self, subject: Subject) -> Granted:
        """What a subject may do by the roles and bindings that are rendered."""
        if subject not in self._grants:
            self._grants[subject] = granted(self.objects, subject)
        return self._grants[subject]

    def namespace_of(self, wanted: str) -> Object | None:
        """The Namespace of that name."""
        return next((o for o in self.all("Namespace") if name(o) == wanted), None)


@dataclass(frozen=True)
class Controller:
    """FrameworkController's StatefulSet, as it is stored."""

    side: Side = field(repr=False)
    object: Object

    @cached_property
    def stored(self) -> Object:
        """With the API server's defaults."""
        return stored(self.object)

    @property
    def name(self) -> str:
        """metadata.name."""
        return name(self.object)

    @property
    def namespace(self) -> str:
        """metadata.namespace."""
        return namespace(self.object)

    @property
    def label(self) -> str:
        """StatefulSet/NAME."""
        return label(self.object)

    @property
    def spec(self) -> Fields:
        """The stored spec."""
        return mapping(self.stored.get("spec"))

    @property
    def template(self) -> Fields:
        """The stored Pod template."""
        return pod_template(self.spec)

    @property
    def pod(self) -> Fields:
        """The stored Pod spec."""
        return mapping(self.template.get("spec"))

    @property
    def container(self) -> Fields:
        """FrameworkController's own container; the first where none has its name."""
        found = mappings(self.pod.get("containers"))
        named = [c for c in found if c.get("name") == CONTAINER]
        return (named or found or [{}])[0]

    @property
    def replicas(self) -> int:
        """How many Pods it asks for."""
        return number(self.spec, "replicas", 1)

    @property
    def account(self) -> str:
        """The name of its ServiceAccount."""
        return str(self.pod.get("serviceAccountName") or "default")

    @property
    def pod_name(self) -> str:
        """Its first Pod."""
        start = mapping(self.spec.get("ordinals")).get("start", 0)
        return f"{self.name}-{start}"

    @property
    def holds_back(self) -> bool:
        """Whether its update strategy replaces no Pod when the template changes."""
        strategy = mapping(self.spec.get("updateStrategy"))
        if strategy.get("type") == "OnDelete":
            return True
        partition = mapping(strategy.get("rollingUpdate")).get("partition", 0)
        start = mapping(self.spec.get("ordinals")).get("start", 0)
        return isinstance(partition, int) and partition >= self.replicas + start > start

    def variable(self, wanted: str) -> str:
        """The value of an environment variable of FrameworkController; "" where it has none."""
        for variable in mappings(self.container.get("env")):
            if variable.get("name") == wanted:
                return str(variable.get("value") or "")
        return ""

    @cached_property
    def needed(self) -> list[Reference]:
        """Every ConfigMap, Secret and claim that its Pod does not start without."""
        kinds = ("ConfigMap", "Secret", "PersistentVolumeClaim")
        return [
            found
            for found in references.of_pod(self.pod)
            if found.kind in kinds and found.name and not found.optional
        ]

    @property
    def mounted(self) -> list[tuple[str, str]]:
        """Kind and name of the ConfigMaps and Secrets that its volumes name."""
        mounts = (r for r in self.needed if r.is_volume and r.kind != "PersistentVolumeClaim")
        return list(dict.fromkeys((r.kind, r.name) for r in mounts))

    @cached_property
    def _maps(self) -> list[Object]:
        """The rendered ConfigMaps of its namespace."""
        return [o for o in self.side.all("ConfigMap") if namespace(o) == self.namespace]

    @cached_property
    def _volume_maps(self) -> set[str]:
        """The names of the ConfigMaps that its volumes are made of."""
        volumes = mappings(self.pod.get("volumes"))
        return {str(source.get("name")) for v in volumes for source in mounts.sources(v)}

    @property
    def config_map(self) -> Object | None:
        """The mounted ConfigMap that holds FrameworkController's file."""
        maps = [o for o in self._maps if FILE in mapping(o.get("data"))]
        return next((o for o in maps if name(o) in self._volume_maps), None)

    @property
    def is_binary(self) -> bool:
        """Whether the container starts FrameworkController's binary itself, and no script."""
        command = [str(word) for word in listing(self.container.get("command"))]
        return command[:1] == [BINARY]

    @property
    def folder(self) -> str:
        """The directory that it starts in, and reads its file from."""
        return mounts.absolute(self.container.get("workingDir") or HOME)

    @cached_property
    def settings(self) -> Settings | None:
        """What it runs with; None where that is not rendered, or not where it starts."""
        found = self.config_map
        if not self.is_binary and found is not None:
            return Settings(str(mapping(found.get("data"))[FILE]))
        if mounted := self._file:
            return Settings(str(mounted.config_map["data"][mounted.key]))
        outside = self.is_binary and self.folder != HOME
        unknown = self._volume_maps - {name(o) for o in self._maps}
        hidden = not self._knows_what_is_there or (outside and found is not None)
        return None if unknown or hidden else image_settings()

    @cached_property
    def _file(self) -> mounts.MountedKey | None:
        """What it reads as its file, of what is mounted."""
        here = f"{self.folder}/{FILE}"
        keys = mounts.keys(self.pod, self.container, self._maps)
        return next((key for key in keys if key.path == here), None)

    @property
    def finds_no_file(self) -> bool:
        """Whether its binary starts where there is no file, of what is rendered or the image's."""
        unknown = self._volume_maps - {name(o) for o in self._maps}
        outside = self.is_binary and self.folder != HOME
        return outside and self._knows_what_is_there and not unknown and self._file is None

    @property
    def _knows_what_is_there(self) -> bool:
        """Whether all that is mounted where it starts is ConfigMaps."""
        return all(volume.keys() <= {"name", "configMap"} for volume in self._volumes_there())

    def _volumes_there(self) -> Iterator[Fields]:
        """The volumes that the directory is in which it starts."""
        for mount, volume in mounts.volumes(self.pod, self.container):
            path = mounts.absolute(mount.get("mountPath"))
            if volume and posixpath.commonpath([self.folder, path]) == path:
                yield volume
