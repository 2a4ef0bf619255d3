"""FrameworkController's objects → keys of environment.yaml, and what no key says.

Each key is taken off what it was read from. What is left is compared with what the keys render
(`patching`), and goes to `local/` where the two differ.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from fcgitops.adopt.images import Image
from fcgitops.adopt.recognition import Found, container_of, pod_of
from fcgitops.adopt.starting import (
    file_in,
    is_configuration,
    key_of,
    mounted,
    start_of,
)
from fcgitops.adopt.stated import stated
from fcgitops.diff.secrecy import hide
from fcgitops.diff.settings import FILE
from fcgitops.kubernetes.objects import Fields, Object, listing, mapping, mappings, name
from fcgitops.kubernetes.quantity import canonical
from fcgitops.manifests import readback
from fcgitops.manifests.overlay import CONFIG_MAP, EGRESS, KUBECONFIG_VOLUME, LABELS, NAME
from fcgitops.model import consistency
from fcgitops.model.environment import KEYS
from fcgitops.model.image import HOME

_NAMES_A_CONFIG_MAP = {"configMap", "configMapRef", "configMapKeyRef"}
_VARIABLES = ("KUBE_APISERVER_ADDRESS", "KUBECONFIG")
"""The environment variables that keys say, in the order in which they are rendered."""
_FREE = ("annotations", "labels", "nodeSelector")
"""Keys whose entries may be anything, a secret too: that goes nowhere."""


class Keys:
    """The keys that a StatefulSet tells.

    Attributes:
        given: key path → value.
        rest: the StatefulSet without what they say, or what this profile does in its own way.
        notes: what was understood, and is not taken as it is: where, and why.
    """

    def __init__(
        self, found: Found, profile: str, defaults: Mapping[str, Any], base: Fields
    ) -> None:
        """Reads them.

        Args:
            found: FrameworkController among the objects.
            profile: the repository's.
            defaults: key path → what it is where an environment does not say it.
            base: the container of the repository's base, whose values need no key.
        """
        self.given: dict[str, Any] = {}
        self.notes: list[tuple[str, str]] = list(found.notes)
        self.rest: Object = stated(found.stateful_set.object)
        self._found = found
        self._hardened = profile == "hardened"
        self._defaults = defaults
        self._base = base
        self._renamed: list[Fields] = []
        self._pod, self._container = pod_of(self.rest), container_of(self.rest)
        self._configuration()
        self._image()
        self._api_server()
        self._egress()
        self._resources()
        self._pod_fields()
        self._metadata()
        self._identity()
        self.given = {k: v for k, v in self.given.items() if v != defaults[k]}

    def _take(self, key: str, value: Any) -> bool:  # noqa: ANN401 - of any key
        """Whether the key takes the value, which it then has."""
        if KEYS[key].check(value) or (key in _FREE and hide(value, (key,)) != value):
            return False
        self.given[key] = value
        return True

    def _configuration(self) -> None:
        """The ConfigMap with FrameworkController's file, and how it starts with that."""
        found = self._found
        start = start_of(self._container)
        if found.config_map is None:
            if self._hardened and start.is_known and not start.copies:
                self._container.pop("command", None)
                self._container.pop("args", None)
            elif self._hardened:
                self._starts_otherwise()
            elif not start.is_known or start.copies:
                what = "is kept; which settings it starts with is not known, and no key says them"
                self.notes.append(("command", what))
            return
        own = name(found.config_map.object)
        volumes = [
            (volume, mounts)
            for volume, mounts in mounted(self._pod, self._container)
            if mapping(volume.get("configMap")).get("name") == own
        ]
        for volume, mounts in volumes:
            if len(mounts) == len(self._mounts_of(volume)):  # nothing else looks for its names
                self._under_our_key(volume, mounts)
        known = [
            (volume, mounts)
            for volume, mounts in volumes
            if self._hardened
            and self._starts_with(mounts)
            and _is_plain(volume, mounts, self._container)
        ]
        has_it = [(v, mounts) for v, mounts in volumes if mounts and self._file_in(mounts)]
        file, places = next(iter(known or has_it))
        self._give_way(CONFIG_MAP, but=file)
        self._follow(self._pod, own)
        if known:
            for field in ("command", "args", "workingDir"):
                self._container.pop(field, None)
            self._forget(file, places)
            self._give_way(CONFIG_MAP)
        else:
            self._rename(file, CONFIG_MAP)
            del file["configMap"]["name"]  # what is rendered has it, with a hash
            self._starts_otherwise()

    def _starts_otherwise(self) -> None:
        """How it starts where the variant's own way is not its own: as its image does, or typed."""
        if not self._hardened:
            # The image's entry point: what the variant has would copy a file that is not there.
            self._container.setdefault("command", ["./start.sh"])
            return
        self._container.setdefault("workingDir", HOME)
        what = "is kept; hardened runs it as a user that writes nowhere, so it may not start"
        if self._container.get("command") or self._container.get("args"):
            self.notes.append(("command", what))

    def _under_our_key(self, volume: Fields, mounts: list[Fields]) -> None:
        """A volume has FrameworkController's file by the name that ours has."""
        path = self._file_in(mounts)
        if not path or key_of(volume, mounts, self._container) != self._found.key:
            return
        for mount in mounts:
            if mount.get("subPath") == path:
                mount["subPath"] = FILE
            elif path != FILE:
                self._copy_from(f"{str(mount.get('mountPath')).rstrip('/')}/", path)
        source = volume["configMap"]
        for item in mappings(source.get("items")):
            if item.get("path") == path:
                item |= {"key": FILE, "path": FILE}
        if source.get("items") == [{"key": FILE, "path": FILE}]:
            del source["items"]
        self._renamed.append(source)

    def _copy_from(self, folder: str, path: str) -> None:
        """What is typed copies the file by the name that ours has."""
        for key in ("command", "args"):
            if key in self._container:
                words = [str(word) for word in listing(self._container[key])]
                self._container[key] = [
                    w.replace(f"{folder}{path}", f"{folder}{FILE}") for w in words
                ]

    def _follow(self, value: object, own: str) -> None:
        """What names the ConfigMap of the file, in a volume or a variable, has its new name."""
        if isinstance(value, dict):
            for key in _NAMES_A_CONFIG_MAP & value.keys():
                if mapping(value[key]).get("name") == own:
                    self._lead(value[key], in_files=key == "configMap")
            value = list(value.values())
        for inner in value if isinstance(value, list) else ():
            self._follow(inner, own)

    def _lead(self, source: Fields, *, in_files: bool) -> None:
        """Leads what names the ConfigMap to ours; files are called there as they were."""
        own = self._found.key
        source["name"] = CONFIG_MAP
        if source.get("key") == own:
            source["key"] = FILE
        if not in_files or own == FILE or any(source is done for done in self._renamed):
            return
        config_map = self._found.config_map.object if self._found.config_map else {}
        keys = [*mapping(config_map.get("data")), *mapping(config_map.get("binaryData"))]
        whole = [{"key": key, "path": key} for key in keys if key != FILE]
        source["items"] = [
            {**item, "key": FILE} if item.get("key") == own else item
            for item in mappings(source.get("items")) or whole
        ]

    def _file_in(self, mounts: list[Fields]) -> str:
        """How FrameworkController's file is called in a volume; empty for none."""
        return file_in(mounts, self._container)

    def _give_way(self, to: str, but: Fields | None = None) -> None:
        """A volume with a name that one of ours gets is called otherwise."""
        volumes = mappings(self._pod.get("volumes"))
        taken = {str(volume.get("name")) for volume in volumes}
        for volume in volumes:
            if volume.get("name") == to and volume is not but:
                number = next(n for n in itertools.count(2) if f"{to}-{n}" not in taken)
                self._rename(volume, f"{to}-{number}")

    def _rename(self, volume: Fields, to: str) -> None:
        """Gives a volume another name, and its mounts."""
        for named in (*self._mounts_of(volume), volume):
            named["name"] = to

    def _mounts_of(self, volume: Fields) -> list[Fields]:
        """Where any container of the Pod has a volume."""
        containers = [
            c for k in ("initContainers", "containers") for c in mappings(self._pod.get(k))
        ]
        mounts = [m for c in containers for m in mappings(c.get("volumeMounts"))]
        return [mount for mount in mounts if mount.get("name") == volume.get("name")]

    def _starts_with(self, mounts: list[Fields]) -> bool:
        """Whether it starts with the mounted file, in one of the ways that are known."""
        start = start_of(self._container)
        if start.copies:
            return start.is_known and bool(mounts and self._file_in(mounts))
        return start.is_known and is_configuration(self._container, mounts)

    def _forget(self, volume: Fields, mounts: list[Fields]) -> None:
        """Takes the container's mounts of a volume off, and the volume, if no other has it."""
        self._container["volumeMounts"] = [
            m for m in self._container["volumeMounts"] if not any(m is mount for mount in mounts)
        ]
        if not self._mounts_of(volume):
            self._pod["volumes"] = [v for v in self._pod["volumes"] if v is not volume]
        for fields, key in ((self._pod, "volumes"), (self._container, "volumeMounts")):
            if not fields[key]:
                del fields[key]

    def _image(self) -> None:
        """Its registry, name, tag and digest."""
        image = Image.parse(str(self._container.pop("image", "")))
        if image is None:  # `recognition` has refused it
            return
        if self._hardened and not (image.tag or image.digest):
            what = "has no tag; hardened runs the version that the repository names"
            self.notes.append(("image", what))
            image = image._replace(tag=str(self._defaults["image.tag"]))
        for part, value in image._asdict().items():
            self._take(f"image.{part}", value)
        values = {f"image.{part}": value for part, value in image._asdict().items()}
        policy = {"image.tagPolicy": consistency.PINNED}
        if self._hardened and consistency.image_tag({**values, **policy}, lambda *_: ""):
            self._take("image.tagPolicy", consistency.ANY)

    def _api_server(self) -> None:
        """KUBE_APISERVER_ADDRESS, and KUBECONFIG where it is a file of a Secret.

        Their names are left where such a variable stands, in our order, for the order of all.
        """
        variables, taken = mappings(self._container.pop("env", None)), list[Fields]()
        for variable in variables:
            plain = variable.keys() <= {"name", "value"}
            value = str(variable.get("value") or "")
            known = {
                "KUBE_APISERVER_ADDRESS": lambda v: self._take("apiServer.address", v),
                "KUBECONFIG": self._kubeconfig,
            }.get(str(variable.get("name")))
            if plain and value and known and known(value):
                del variable["value"]
                taken.append(variable)
        there = {variable["name"] for variable in taken}
        ours = [name for name in _VARIABLES if name in there]
        for variable, name_of_it in zip(taken, ours, strict=True):
            variable["name"] = name_of_it
        if len(variables) > len(taken):
            self._container["env"] = variables

    def _kubeconfig(self, path: str) -> bool:
        folder, _, key = path.rpartition("/")
        for volume, mounts in list(mounted(self._pod, self._container)):
            secret = mapping(volume.get("secret"))
            places = [m for m in mounts if str(m.get("mountPath")).rstrip("/") == folder]
            plain = (
                secret.keys() <= {"secretName", "defaultMode"} and len(mounts) == len(places) == 1
            )
            if not (secret and plain and "subPath" not in places[0]):
                continue
            if self._take("apiServer.kubeconfigKey", key) and self._take(
                "apiServer.kubeconfigSecret", secret.get("secretName")
            ):
                self._forget(volume, mounts)
                self._give_way(KUBECONFIG_VOLUME)
                if self._pod.get("automountServiceAccountToken") is False:
                    del self._pod["automountServiceAccountToken"]
                return True
        return False

    def _egress(self) -> None:
        """The policy that lets it reach the API server alone, under the name that ours has."""
        policies = [i for i in self._found.others if name(i.object) == EGRESS]
        if not (self._hardened and policies):
            return
        found = readback.endpoints(policies[0].object)
        known = (
            self.given.get("apiServer.address") or "apiServer.kubeconfigSecret" not in self.given
        )
        if policies[0].kind == "CiliumNetworkPolicy" and known:
            self.given["egress.mode"] = "cilium"
        elif (
            policies[0].kind == "NetworkPolicy" and found and self._take("egress.endpoints", found)
        ):
            self.given["egress.mode"] = "cidr"

    def _resources(self) -> None:
        """What it asks for. Memory is request and limit in one key."""
        resources = mapping(self._container.get("resources"))
        requests, limits = (resources.setdefault(key, {}) for key in ("requests", "limits"))
        base = mapping(self._base.get("resources"))
        for key, fields, own in (
            ("cpu", [requests], mapping(base.get("requests"))),
            ("memory", [requests, limits], mapping(base.get("limits"))),
        ):
            if self._hardened and key in limits and key not in requests:  # as a Pod has it then
                requests[key] = limits[key]
            amounts = {str(canonical(f[key])) for f in fields if key in f}
            if len(amounts) != 1 or not (self._hardened or all(key in f for f in fields)):
                continue
            amount = next(f[key] for f in fields if key in f)
            same = key in own and str(canonical(own[key])) in amounts
            if same or self._take(f"resources.{key}", str(amount)):
                for each in fields:
                    each.pop(key, None)
        for part in ("requests", "limits"):
            if not resources.get(part):
                resources.pop(part, None)
        if not resources:
            self._container.pop("resources", None)

    def _pod_fields(self) -> None:
        """Where it runs, and what it is pulled with."""
        for field, key in (
            ("nodeSelector", "nodeSelector"),
            ("tolerations", "tolerations"),
            ("priorityClassName", "priorityClassName"),
        ):
            if self._pod.get(field) and self._take(key, self._pod[field]):
                del self._pod[field]
        secrets = [s.get("name") for s in mappings(self._pod.get("imagePullSecrets"))]
        if secrets and self._take("image.pullSecrets", secrets):
            del self._pod["imagePullSecrets"]

    def _metadata(self) -> None:
        """Labels that StatefulSet and Pod have both, and annotations of the Pod."""
        template = mapping(self.rest["spec"]["template"]).setdefault("metadata", {})
        metadata = self.rest["metadata"]
        of_pod, of_set = (mapping(m.get("labels")) for m in (template, metadata))
        both = {
            key: value
            for key, value in of_pod.items()
            if of_set.get(key) == value
            and key != "app"
            and not (self._hardened and LABELS.get(key) == value)
        }
        if both and self._take("labels", both):
            for key in both:
                del of_pod[key], of_set[key]
        annotations = mapping(template.get("annotations"))
        if annotations and self._take("annotations", annotations):
            del template["annotations"]

    def _identity(self) -> None:
        """Names, and what follows from them: these are the same in every environment."""
        spec = self.rest["spec"]
        metadata = self.rest["metadata"]
        labels = mapping(spec["template"]["metadata"].get("labels"))
        labels.pop("app", None)
        for owner in (metadata, spec["template"]["metadata"]):
            if not owner.get("labels"):
                owner.pop("labels", None)
        for key in ("name", "namespace"):
            metadata.pop(key, None)
        for key in ("replicas", "serviceName", "selector"):
            spec.pop(key, None)
        self._pod.pop("serviceAccountName", None)
        self._pod.pop("serviceAccount", None)
        if self._container.get("name") != NAME:
            what = f"is called {NAME}, as in every environment"
            self.notes.append((f"container {self._container.get('name')}", what))
        self._container["name"] = NAME


def _is_plain(volume: Fields, mounts: list[Fields], container: Fields) -> bool:
    """Whether a volume is the whole ConfigMap, mounted once: as a folder, or the file alone."""
    source: Mapping[str, Any] = mapping(volume.get("configMap"))
    if not (source.keys() <= {"name", "defaultMode"} and len(mounts) == 1):
        return False
    mount = dict(mounts[0])
    path = str(mount.get("mountPath"))
    if mount.get("subPath") == FILE and (
        path.endswith(f"/{FILE}") or path == start_of(container).copies
    ):
        del mount["subPath"]
    return mount.keys() <= {"name", "mountPath", "readOnly"}
