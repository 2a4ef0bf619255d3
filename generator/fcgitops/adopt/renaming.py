"""Objects of the input under the names that they have from now on.

FrameworkController's own names are the same in every environment, and its namespace is one key.
What names them is renamed with them. Objects that are compared are taken for the same ones: that
another name or namespace makes new ones is what the runbook is about.
"""

from __future__ import annotations

from fcgitops.adopt import selecting
from fcgitops.adopt.parts import Part
from fcgitops.adopt.patching import copied
from fcgitops.adopt.recognition import Found, container_of, is_account, pod_of
from fcgitops.diff.objects import bare_name
from fcgitops.diff.settings import FILE
from fcgitops.kubernetes.objects import Fields, Object, mapping, mappings, name, namespace
from fcgitops.manifests.overlay import CONFIG_MAP, NAME

_FIXED = {
    "StatefulSet": ("serviceName", "selector", "podManagementPolicy", "volumeClaimTemplates"),
    "Service": ("clusterIP",),
}
"""What cannot change, and need not where the object is made anew."""


def is_another(o: Object, rendered: Object) -> bool:
    """Whether what is rendered in the place of an object is made anew, under another name."""
    return (name(o), namespace(o)) != (name(rendered), namespace(rendered))


class Renaming:
    """From the names of the input to those of an environment.

    Attributes:
        moved: whether FrameworkController's StatefulSet is another one from now on.
    """

    def __init__(self, found: Found, place: str, profile: str) -> None:
        """The names of FrameworkController's objects in the namespace `place` of a repository."""
        self._role_is_ours = profile == "hardened"
        self._found = found
        self._place = place
        self._labels = selecting.labels_of_pod(found.stateful_set.object)
        self.moved = (name(found.stateful_set.object), found.place) != (NAME, place)

    def resource(self, o: Object) -> Object:
        """An object of its own as it goes to Git."""
        o = copied(o)
        if namespace(o):
            o["metadata"]["namespace"] = self._place
        self._subjects(o)
        self._references(mapping(o.get("spec")))
        selecting.follow(o.get("spec"), self._labels)
        return o

    def before(self, part: Part, *, container: bool = False) -> Object:
        """An object of the input as it is compared with what takes its place.

        Args:
            part: what takes its place.
            container: whether FrameworkController's container is taken for the same one too.
        """
        o: Object = copied(part.item.object)
        new = part.rendered
        same_name = bare_name(o) == bare_name(new)
        o["metadata"]["name"] = name(o) if same_name else bare_name(new)
        if namespace(new):
            o["metadata"]["namespace"] = namespace(new)
        self._subjects(o)
        if o["kind"] == "ClusterRoleBinding" and not same_name:
            ours = self._found.role and self._role_is_ours
            o["roleRef"] = new["roleRef"] if ours else o.get("roleRef")
        if part.item is self._found.config_map:
            o["data"][FILE] = o["data"].pop(self._found.key)
        if o["kind"] == "StatefulSet":
            self._pod(pod_of(o))
            if container:
                container_of(o)["name"] = NAME
        if is_another(part.item.object, new) and o["kind"] in _FIXED:
            spec, other = mapping(o.get("spec")), mapping(new.get("spec"))
            for key in _FIXED[o["kind"]]:
                spec.pop(key, None)
                spec |= {key: other[key]} if key in other else {}
        return o

    def _subjects(self, o: Object) -> None:
        """Who is bound: the account by its new name."""
        for subject in mappings(o.get("subjects")):
            if is_account(subject, self._found.account_name, self._found.place):
                if subject.get("kind") == "User":
                    subject["name"] = f"system:serviceaccount:{self._place}:{NAME}"
                else:
                    subject |= {"name": NAME, "namespace": self._place}

    def _references(self, value: object) -> None:
        """What names its StatefulSet, as an autoscaler does, wherever that stands."""
        old = self._found.stateful_set
        if isinstance(value, dict):
            if (value.get("kind"), value.get("name")) == (old.kind, name(old.object)):
                value["name"] = NAME
            value = list(value.values())
        for inner in value if isinstance(value, list) else ():
            self._references(inner)

    def _pod(self, pod: Fields) -> None:
        """What it runs as, and the ConfigMap with its file."""
        pod["serviceAccountName"] = NAME
        pod.pop("serviceAccount", None)
        own = self._found.config_map
        for volume in mappings(pod.get("volumes")):
            source = mapping(volume.get("configMap"))
            if own and source.get("name") == name(own.object) != CONFIG_MAP:
                same = bare_name(own.object) == CONFIG_MAP
                source["name"] = source["name"] if same else CONFIG_MAP
