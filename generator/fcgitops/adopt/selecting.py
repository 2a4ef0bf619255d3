"""What selects FrameworkController's Pod goes on to: its label `app` is ours from now on."""

from __future__ import annotations

from typing import Any

from fcgitops.kubernetes.objects import Fields, Object, listing, mapping
from fcgitops.manifests.overlay import NAME

_LABEL = "app"


def labels_of_pod(stateful_set: Object) -> Fields:
    """The labels that a StatefulSet gives its Pod."""
    template = mapping(mapping(stateful_set.get("spec")).get("template"))
    return mapping(mapping(template.get("metadata")).get("labels"))


def selects(selector: Fields, labels: Fields) -> bool:
    """Whether a plain selector, of labels and their values, is about a Pod with these labels."""
    return bool(selector) and selector.items() <= labels.items()


def follow(value: Any, labels: Fields) -> None:  # noqa: ANN401 - any value of YAML
    """Has the selectors below a value, which are changed in place, find the Pod by its new label.

    Args:
        value: of a spec.
        labels: of the Pod as it was.
    """
    if isinstance(value, dict):
        for key in ("matchLabels", "selector"):
            if selects(mapping(value.get(key)), labels) and _LABEL in value[key]:
                value[key][_LABEL] = NAME
        if value.get("key") == _LABEL and labels.get(_LABEL) in listing(value.get("values")):
            value["values"] = [NAME if v == labels[_LABEL] else v for v in value["values"]]
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        follow(inner, labels)
