"""Rules on when another file of FrameworkController's takes effect."""

from __future__ import annotations

from fcgitops.core import shell
from fcgitops.diff import objects
from fcgitops.diff.change import Change
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.kubectl import in_namespace
from fcgitops.diff.objects import Pair
from fcgitops.kubernetes.objects import name, namespace
from fcgitops.programs import namehash


def _pair(change: Change) -> Pair | None:
    """The ConfigMap with FrameworkController's file, on both sides."""
    if change.both is None:
        return None
    before, after = change.both[0].config_map, change.both[1].config_map
    found = [p for p in change.pairs if p.before is before and p.after is after]
    return found[0] if before is not None and after is not None and found else None


def _texts_differ(change: Change) -> bool:
    settings = change.settings
    return settings is not None and settings[0].text != settings[1].text


@rule("S01", "the content differs, and with it the hash in the name", Severity.RESTART, "A K X G")
def rolls_out(change: Change) -> Says:
    """The change rolls out by itself."""
    pair = _pair(change)
    if pair is None or not change.rolls or change.settings is None:
        return
    if name(pair.before or {}) == name(pair.after or {}) or change.settings[0].same_as(
        change.settings[1]
    ):
        return
    first = [tool.habits.prunes_first for tool in change.appliers]
    kept = bool(first) and all(first) and objects.kept_by_argocd(pair.before or {})
    says = (
        "The ConfigMap's name changes with its content, so the change rolls out; the old ConfigMap "
        f"{'stays for some changes more' if kept else 'is pruned'}."
    )
    yield Said(pair.label, says)


@rule(
    "S02",
    "the content differs under the same name, the Pod template does not",
    Severity.MANUAL,
    "K",
)
def waits(change: Change) -> Says:
    """It takes effect at the next restart, whatever causes that."""
    pair = _pair(change)
    if pair is None or change.both is None or change.settings is None or change.moved:
        return
    if _is_frozen(pair) or change.template_differs or min(c.replicas for c in change.both) < 1:
        return
    if _texts_differ(change) and not change.settings[0].same_as(change.settings[1]):
        after = change.both[1]
        command = in_namespace(after.namespace, "delete", "pod", after.pod_name)
        why = "" if namehash.has_hash(name(pair.either)) else ": the name has no hash"
        yield Said(
            pair.label,
            f"The configuration changes and nothing restarts{why}. It takes effect at the next "
            "restart, whatever causes that.",
            "not by `rollout restart`, whose annotation Flux takes back, which restarts a second "
            f"time: {command}",
        )


def _is_frozen(pair: Pair) -> bool:
    """Whether the API server refuses another content: an immutable ConfigMap or Secret."""
    if pair.before is None or pair.after is None or pair.how != "same":
        return False
    if name(pair.before) != name(pair.after) or pair.before.get("immutable") is not True:
        return False
    keys = ("data", "binaryData", "stringData")
    differs = any((pair.before.get(k) or {}) != (pair.after.get(k) or {}) for k in keys)
    return differs or pair.after.get("immutable") is not True


@rule("S03", "an immutable ConfigMap or Secret gets other content", Severity.FAILS, "A")
def frozen(change: Change) -> Says:
    """Refused: `field is immutable when immutable is set`."""
    for pair in change.of_kind("ConfigMap", "Secret"):
        if _is_frozen(pair):
            kind, called_ = pair.kind.lower(), name(pair.either)
            place = namespace(pair.either)
            command = "before the sync: " + in_namespace(
                place, "delete", *shell.named(kind, called_)
            )
            controller = change.after.controller
            if controller and (pair.kind, called_) in controller.mounted:
                pod = in_namespace(controller.namespace, "delete", "pod", controller.pod_name)
                command += f"; after it: {pod}"
            yield Said(
                pair.label, f"The API server refuses the {pair.kind}: it is immutable.", command
            )


@rule("S04", "the text differs, the decoded settings do not", Severity.RESTART, "K")
def for_nothing(change: Change) -> Says:
    """A restart for a comment, an order, a default that is spelled out."""
    pair = _pair(change)
    if pair is None or change.settings is None or not change.rolls:
        return
    if name(pair.before or {}) == name(pair.after or {}):
        return
    if _texts_differ(change) and change.settings[0].same_as(change.settings[1]):
        says = "No setting changes, only the text: FrameworkController restarts for nothing."
        yield Said(pair.label, says)
