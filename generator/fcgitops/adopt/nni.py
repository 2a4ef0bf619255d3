"""What NNI experiments need on a cluster → the keys below `nni`; the opposite of `nni_environment`.

Everything of it is in a namespace of its own, and has a label. Only the share is in no object: who
adopts has to say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fcgitops.adopt.reading import Item
from fcgitops.kubernetes.objects import labels_of, listing, mapping, mappings, name, namespace
from fcgitops.manifests import nni_environment, nni_network, readback
from fcgitops.model.environment import FIELDS, Environment

SHARE = "nni.storage"
_LABELS = nni_environment.labels("platform")


class Platform(NamedTuple):
    """What there is of it.

    Attributes:
        place: its namespace.
        items: its objects.
    """

    place: str
    items: list[Item]

    def keys(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Key path → value.

        Args:
            given: the environment's other keys, the share among them.
        """
        account = self._named("ServiceAccount", nni_environment.MANAGER)
        limits = next(iter(mappings(self._spec("LimitRange", "nni").get("limits"))), {})
        found = {
            "nni.namespace": self.place,
            "nni.pullSecrets": [s.get("name") for s in mappings(account.get("imagePullSecrets"))],
            "nni.uiFrom": self._pages(),
            "nni.egress": self._egress(given),
            "nni.quota": mapping(self._spec("ResourceQuota", "nni").get("hard")),
            "nni.limits": {kind: limits[kind] for kind in limits if kind != "type"},
        }
        return {key: value for key, value in found.items() if value}

    def _named(self, kind: str, wanted: str) -> Mapping[str, Any]:
        found = (i.object for i in self.items if (i.kind, name(i.object)) == (kind, wanted))
        return next(found, {})

    def _spec(self, kind: str, wanted: str) -> Mapping[str, Any]:
        return mapping(self._named(kind, wanted).get("spec"))

    def _pages(self) -> list[Any]:
        """The namespaces whose Pods may open NNI's pages."""
        return [
            value
            for rule in mappings(self._spec("NetworkPolicy", "nni-ui").get("ingress"))
            for peer in mappings(rule.get("from"))
            for words in mappings(mapping(peer.get("namespaceSelector")).get("matchExpressions"))
            for value in listing(words.get("values"))
        ]

    def _egress(self, given: Mapping[str, Any]) -> list[Any]:
        """What is open beyond what every environment with these keys opens."""
        known = {FIELDS[key]: value for key, value in given.items()}
        plain = Environment("x", **{**known, "nni_egress": [], "nni_namespace": self.place})
        usual = nni_network.policies(plain)[0]["spec"]["egress"]
        rules = listing(self._spec("NetworkPolicy", "nni-egress").get("egress"))
        own = [rule for number, rule in enumerate(rules) if rule not in usual[number : number + 1]]
        return readback.endpoints({"spec": {"egress": own}}) or []


def find(items: Iterable[Item]) -> Platform | None:
    """What NNI has on the cluster; None where it has nothing."""
    found = [i for i in items if _LABELS.items() <= labels_of(i.object).items()]
    places = {namespace(i.object) for i in found if name(i.object) == nni_environment.MANAGER}
    if len(places) != 1:
        return None
    (place,) = places
    return Platform(place, [i for i in found if place in (namespace(i.object), name(i.object))])


def without(items: Sequence[Item], platform: Platform) -> list[Item]:
    """The objects that are not of it."""
    known = {id(item) for item in platform.items}
    return [item for item in items if id(item) not in known]
