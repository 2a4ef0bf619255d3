"""S01 to S24: what another configuration of FrameworkController does (facts, section 4).

All of it takes effect at FrameworkController's next start, and not before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fcgitops.diff import objects
from fcgitops.diff.change import Change
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.objects import Pair, name
from fcgitops.diff.rules_pod import in_namespace
from fcgitops.diff.secrecy import redact
from fcgitops.diff.settings import (
    MAX_SECONDS,
    Settings,
    attributes,
    called,
    image_codes,
)
from fcgitops.diff.stored import mappings

_RETAIN = "frameworkCompletedRetainSec"
_DELAYS = (
    "frameworkMinRetryDelaySecForTransientConflictFailed",
    "frameworkMaxRetryDelaySecForTransientConflictFailed",
)
_COMPRESSION = "largeFrameworkCompression"


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


def _runs(change: Change) -> tuple[Settings, Settings] | None:
    """Both configurations, where FrameworkController starts with the one after."""
    settings = change.settings
    if settings is None or settings[1].refusals:
        return None
    return settings


def _differs(change: Change, key: str) -> Iterator[tuple[Any, Any]]:
    """Both values of a setting, where they differ."""
    settings = _runs(change)
    if settings is not None:
        old, new = settings[0].value.get(key), settings[1].value.get(key)
        if old != new:
            yield old, new


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
    kept = change.tools == {"argocd"} and objects.kept_by_argocd(pair.before or {})
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
        command = in_namespace(f"delete pod {after.pod_name}", after.namespace)
        why = "" if objects.has_hash(name(pair.either)) else ": the name has no hash"
        yield Said(
            pair.label,
            f"The configuration changes and nothing restarts{why}. It takes effect at the next "
            "restart, whatever causes that.",
            f"{command}   # not `rollout restart`: Flux takes its annotation back, which restarts "
            "a second time",
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
            place = objects.namespace(pair.either)
            command = in_namespace(f"delete {kind} {called_}", place) + "   # then sync"
            controller = change.after.controller
            if controller and (pair.kind, called_) in controller.mounted:
                pod = in_namespace(f"delete pod {controller.pod_name}", controller.namespace)
                command += f", then {pod}"
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
        says = "No setting changes, but the file does: FrameworkController restarts for a comment."
        yield Said(pair.label, says)


def _effective(seconds: object) -> int:
    """How long a completed Framework is kept, in seconds: beyond its range that is not at all."""
    return seconds if isinstance(seconds, int) and 0 < seconds <= MAX_SECONDS else 0


def duration(seconds: int) -> str:
    """Seconds in words: 1 day, 90 minutes."""
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {word}{'s' * (seconds != size)}"
    return f"{seconds} second{'s' * (seconds != 1)}"


def _older_than(seconds: int) -> str:
    return (
        f"kubectl get frameworks -A -o json | jq --argjson s {seconds} '[.items[] | "
        'select(.status.state=="Completed") | select((now - (.status.transitionTime|fromdate)) > '
        "$s)] | length'"
    )


_SAVE = "save what is needed first: kubectl get frameworks -A -o yaml > frameworks.yaml"


@rule("S05", f"{_RETAIN} is lower", Severity.LOSS, "F S")
def kept_shorter(change: Change) -> Says:
    """Older completed Frameworks are deleted 0.25 s after the start."""
    for old, new in _differs(change, _RETAIN):
        if 0 < _effective(new) < _effective(old):
            yield Said(
                change.config_label,
                f"Completed Frameworks older than {duration(new)} are deleted within seconds of "
                "the restart, with their status; running ones are not touched.",
                _SAVE,
                _older_than(new),
            )


@rule("S06", f"{_RETAIN} is higher", Severity.NONE, "F")
def kept_longer(change: Change) -> Says:
    """Those that are deleted already do not come back."""
    for old, new in _differs(change, _RETAIN):
        if _effective(new) > _effective(old):
            says = (
                f"Completed Frameworks are kept for {duration(new)}; those that are deleted "
                "already do not come back."
            )
            yield Said(change.config_label, says)


@rule("S07", f"{_RETAIN} is 0, below 0, or above {MAX_SECONDS}", Severity.LOSS, "F S")
def kept_never(change: Change) -> Says:
    """Nanoseconds overflow: every completed Framework is deleted."""
    for old, new in _differs(change, _RETAIN):
        if _effective(new) or not _effective(old):
            continue
        why = (
            f"More than {MAX_SECONDS} s overflows" if new > 0
            else f"Completed Frameworks are kept for {new} s"
        )  # fmt: skip
        do = f"use at most {MAX_SECONDS}; OpenPAI uses 2147483600" if new > 0 else _SAVE
        yield Said(
            change.config_label,
            f"{why}: EVERY completed Framework is deleted at the restart, and each later one as "
            "soon as it completes.",
            do,
            _older_than(0),
        )


def _from_image(settings: tuple[Settings, Settings]) -> bool:
    return settings[0].of_image and not settings[1].of_image


_ATTRIBUTE = {
    "Transient": "no longer retried for free (Transient) and counts against maxRetryCount",
    "Permanent": "retried (Permanent: it was not)",
}


@rule("S08", "an entry of podFailureSpec is gone", Severity.RESTART, "F S")
def entry_gone(change: Change) -> Says:
    """Such failures become ContainerUnrecognizedFailed, or the next entry's that matches."""
    settings = _runs(change)
    if settings is None or _from_image(settings):
        return
    gone = [e for code, e in settings[0].entries.items() if code not in settings[1].entries]
    for entry in gone[:_MOST]:
        kinds = attributes(entry)
        then = next((_ATTRIBUTE[k] for k in kinds if k in _ATTRIBUTE), "judged by that")
        verb = "is" if then != "judged by that" else "and is"
        yield Said(
            change.config_label,
            f"{called(entry)} is no longer known: such a failure becomes "
            f"ContainerUnrecognizedFailed, {verb} {then}. Pods that fail while "
            "FrameworkController restarts are judged by the new list; what is recorded stays.",
        )
    if len(gone) > _MOST:
        rest = ", ".join(str(entry.get("code")) for entry in gone[_MOST:])
        yield Said(change.config_label, f"So are {len(gone) - _MOST} more: {rest}.")


_MOST = 5
"""Entries that get a sentence each; the rest share one."""


def _retried(kinds: tuple[str, ...]) -> str:
    if "Permanent" in kinds:
        return "no longer retried at all"
    if "Transient" in kinds:
        return "retried without counting against maxRetryCount" + (
            ", after a random delay" if "Conflict" in kinds else ""
        )
    return "retried, and count against maxRetryCount"


@rule("S09", "the attributes of an entry's type differ", Severity.RESTART, "F S")
def other_attributes(change: Change) -> Says:
    """With fancyRetryPolicy they decide whether such a failure is retried."""
    settings = _runs(change)
    if settings is None:
        return
    before, after = settings
    for code, entry in after.entries.items():
        old = attributes(before.entries[code]) if code in before.entries else None
        new = attributes(entry)
        if old is not None and old != new:
            words = [", ".join(kinds) or "no attribute" for kinds in (old, new)]
            yield Said(
                change.config_label,
                f"{code} {words[0]} → {words[1]}: with fancyRetryPolicy such failures are "
                f"{_retried(new)}.",
            )


_WORD = re.compile(r"(?P<flags>\(\?[a-zA-Z]+\))?\^(?P<word>[A-Za-z0-9_-]+)\$\Z")


def _reason(pattern: dict[str, Any]) -> tuple[str, bool] | None:
    """(the one word that the Pod's reason must be, whether its case counts not); None: any."""
    found = _WORD.match(str(pattern.get("reasonRegex") or ""))
    return (found["word"], "i" in (found["flags"] or "")) if found else None


def _disjoint(one: dict[str, Any], other: dict[str, Any]) -> bool:
    a, b = _reason(one), _reason(other)
    if a is None or b is None:
        return False
    return a[0].lower() != b[0].lower() if a[1] or b[1] else a[0] != b[0]


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether a Pod can match both entries; container patterns match if any container does."""
    return any(
        not _disjoint(p, q)
        for p in mappings(one.get("podPatterns"))
        for q in mappings(other.get("podPatterns"))
    )


@rule("S10", "entries that a Pod can both match change their order", Severity.RESTART, "F")
def other_order(change: Change) -> Says:
    """The first entry that matches wins."""
    settings = _runs(change)
    if settings is None:
        return
    before, after = settings
    order = [code for code in after.entries if code in before.entries]
    place = {code: number for number, code in enumerate(before.entries)}
    swapped = [
        (code, late)
        for number, code in enumerate(order)
        for late in order[number + 1 :]
        if place[late] < place[code] and _overlap(after.entries[late], after.entries[code])
    ]
    kinds = {code: attributes(entry) for code, entry in after.entries.items()}
    swapped.sort(key=lambda codes: kinds[codes[0]] == kinds[codes[1]])
    for code, late in swapped[:_MOST]:
        first = ", ".join(kinds[code]) or "no attribute"
        then = ", ".join(kinds[late]) or "no attribute"
        yield Said(
            change.config_label,
            f"{called(after.entries[late])} ({then}) now comes after {code} ({first}), which can "
            f"match the same Pods: they get {code}, and are {_retried(kinds[code])}.",
        )
    if len(swapped) > _MOST:
        yield Said(
            change.config_label, f"{len(swapped) - _MOST} more pairs of entries change their order."
        )


@rule("S11", "an entry is new, or matches other failures", Severity.RESTART, "F")
def entry_new(change: Change) -> Says:
    """Matched failures get its code from the next start on."""
    settings = _runs(change)
    if settings is None:
        return
    before, after = settings
    new = [entry for code, entry in after.entries.items() if code not in before.entries]
    other = [
        entry for code, entry in after.entries.items()
        if code in before.entries
        and before.entries[code].get("podPatterns") != entry.get("podPatterns")
    ]  # fmt: skip
    for entries, what in ((new, "is new"), (other, "matches other failures")):
        for entry in entries[:_MOST]:
            says = f"{called(entry)} {what}: from the next start on what it matches gets its code."
            yield Said(change.config_label, says)
        if len(entries) > _MOST:
            rest = ", ".join(str(entry.get("code")) for entry in entries[_MOST:])
            yield Said(change.config_label, f"So it is with {len(entries) - _MOST} more: {rest}.")


@rule(
    "S12",
    "a file of its own takes the place of the image's, without its codes",
    Severity.RESTART,
    "S",
)
def image_codes_gone(change: Change) -> Says:
    """The mounted file replaces the image's whole list."""
    settings = _runs(change)
    if settings is None or not _from_image(settings):
        return
    missing = [code for code in image_codes() if code not in settings[1].entries]
    if missing:
        listed = ", ".join(map(str, missing[:_MOST])) + (", …" if len(missing) > _MOST else "")
        yield Said(
            change.config_label,
            f"{len(missing)} codes that the image's own file knows are no longer known ({listed}): "
            "such a failure becomes ContainerUnrecognizedFailed and counts against maxRetryCount.",
            "shippedPodFailureSpec: keep",
        )


@rule("S13", "kubeClientQps, kubeClientBurst or workerNumber differs", Severity.NONE, "F")
def speed(change: Change) -> Says:
    """Faster or slower; nothing that exists changes."""
    what = {"kubeClientQps": "requests to the API server a second",
            "kubeClientBurst": "requests at once",
            "workerNumber": "Frameworks at the same time"}  # fmt: skip
    for key, of in what.items():
        for old, new in _differs(change, key):
            if key == "kubeClientBurst" and new == 0:
                continue
            more = "more" if new > old else "fewer"
            says = f"{key} {old:g} → {new:g}: {more} {of}; nothing that exists changes."
            yield Said(change.config_label, says)


@rule("S14", f"{_COMPRESSION} is turned on", Severity.MANUAL, "F S")
def compression_on(change: Change) -> Says:
    """Readers of taskRoleStatuses find null in large Frameworks."""
    for _, new in _differs(change, _COMPRESSION):
        if new:
            yield Said(
                change.config_label,
                "A status of 700 KiB or more is written as taskRoleStatusesCompressed: whoever "
                "reads taskRoleStatuses finds null there.",
                "teach those who read it to decompress (gzip, base64) first",
            )


@rule("S15", f"{_COMPRESSION} is turned off", Severity.OUTAGE, "F S")
def compression_off(change: Change) -> Says:
    """One above etcd's limit is stuck."""
    for _, new in _differs(change, _COMPRESSION):
        if not new:
            yield Said(
                change.config_label,
                "A Framework whose status is too large for etcd uncompressed gets no status any "
                "more from its next change on (`etcdserver: request is too large`): it neither "
                "retries nor completes until compression is on again.",
                "set it back to true; what was stuck goes on",
                "kubectl get frameworks -A -o json | jq '[.items[] | "
                "select(.status.attemptStatus.taskRoleStatusesCompressed != null)] | length'",
                certain=False,
            )


@rule("S16", "a retry delay differs", Severity.NONE, "F S")
def retry_delay(change: Change) -> Says:
    """Only retries that are decided later."""
    if _spread_panics(change):
        return
    for key in _DELAYS:
        for old, new in _differs(change, key):
            none = f" ({new} s is none at all)" if new > MAX_SECONDS else ""
            yield Said(
                change.config_label,
                f"{key} {old} → {new}{none}: it holds for retries that are decided later; a delay "
                "that is scheduled already stays.",
                count="kubectl get frameworks -A -o json | jq '[.items[] | "
                "select(.status.retryPolicyStatus.retryDelaySec != null)] | length'",
            )


def _spread(settings: Settings) -> int:
    low, high = (settings.value.get(key) for key in _DELAYS)
    return high - low if isinstance(low, int) and isinstance(high, int) else 0


def _spread_panics(change: Change) -> bool:
    settings = _runs(change)
    limit = 2**63 - 1
    return settings is not None and _spread(settings[1]) >= limit > _spread(settings[0])


@rule("S17", "the retry delays are 2^63 - 1 or more apart", Severity.OUTAGE, "F")
def retry_panic(change: Change) -> Says:
    """rand.Int63n panics."""
    if _spread_panics(change):
        yield Said(
            change.config_label,
            "The first Transient and Conflict failure makes FrameworkController panic (`invalid "
            "argument to Int63n`), at each start again.",
            f"at most {MAX_SECONDS}",
        )


@rule("S18", "crdEstablishedCheck… differs", Severity.NONE, "S")
def crd_check(change: Change) -> Says:
    """It matters only where the CRD is new."""
    for key in ("crdEstablishedCheckIntervalSec", "crdEstablishedCheckTimeoutSec"):
        for old, new in _differs(change, key):
            says = f"{key} {old} → {new}: it matters only where the CRD is made anew."
            yield Said(change.config_label, says)


@rule("S19", "objectLocalCacheCreationTimeoutSec differs", Severity.NONE, "S")
def cache_timeout(change: Change) -> Says:
    """A new Pod counts as lost sooner on a slow API server."""
    key = "objectLocalCacheCreationTimeoutSec"
    for old, new in _differs(change, key):
        when = "sooner" if new < old else "later"
        yield Said(
            change.config_label,
            f"{key} {old} → {new}: on a slow API server a new Pod counts as lost {when} (-110, "
            "-111: its attempt fails as Transient).",
        )


@rule("S20", "logObjectSnapshot differs", Severity.RIGHTS, "F")
def snapshots(change: Change) -> Says:
    """Whole objects, environment values included, in the log or not."""
    settings = _runs(change)
    if settings is None:
        return
    keys = [key for key in settings[1].value if key.startswith("logObjectSnapshot.")]
    old, new = ({k for k in keys if s.value.get(k)} for s in settings)
    names = [
        ", ".join(k.rpartition(".")[2] for k in sorted(part)) for part in (new - old, old - new)
    ]
    if names[0]:
        yield Said(
            change.config_label,
            f"Whole objects, values of environment variables included, go to the log ({names[0]}): "
            "whoever reads the log reads them.",
        )
    if names[1]:
        yield Said(
            change.config_label,
            f"Objects are no longer written to the log ({names[1]}): a history that is taken from "
            "it ends.",
            severity=Severity.MANUAL,
        )


@rule("S21", "FrameworkController speaks to another API server", Severity.OUTAGE, "F S")
def other_cluster(change: Change) -> Says:
    """It looks after another cluster; nobody looks after this one."""
    if change.both is None or change.invalid or not _may_differ(change):
        return
    places = [_api_server(change, side) for side in (0, 1)]
    (old_address, old_file), (address, file) = places
    if places[0] == places[1]:
        return
    from_settings = any(
        change.settings and change.settings[0].value.get(k) != change.settings[1].value.get(k)
        for k in ("kubeApiServerAddress", "kubeConfigFilePath")
    )
    label = change.config_label if from_settings else change.both[1].label
    lost = "The Frameworks of this cluster are no longer looked after."
    if file and file != old_file:
        says = (
            f"FrameworkController then works on the cluster that the kubeconfig {file} names: if "
            f"that is another one, {lost[0].lower()}{lost[1:]} Without the file it panics at "
            "start."
        )
        yield Said(label, says, "look at the kubeconfig's server", certain=False)
    elif address and not file:
        says = (
            f"FrameworkController then speaks to {redact(address)} without credentials and without "
            f"the cluster's CA: panic at start. {lost}"
        )
        yield Said(label, says, "give a kubeconfig too")
    elif address != old_address and (address or file):
        says = (
            f"FrameworkController then speaks to {redact(address) or 'the kubeconfig’s server'}. "
        )
        yield Said(label, says + lost, "look at which cluster that is", certain=False)
    elif old_address or old_file:
        says = (
            "FrameworkController then works on the cluster that its Pod runs on, with its "
            "ServiceAccount: the Frameworks of the other cluster are no longer looked after."
        )
        yield Said(label, says, certain=False)


def _may_differ(change: Change) -> bool:
    """Whether the settings, the variables or the mounts are not the same on both sides."""
    assert change.both is not None  # noqa: S101 - asked by the caller
    before, after = (c.container for c in change.both)
    keys = ("env", "volumeMounts")
    return change.settings is not None or any(before.get(k) != after.get(k) for k in keys)


def _api_server(change: Change, side: int) -> tuple[str, str]:
    """(address, kubeconfig) that FrameworkController uses; "" for the cluster that it runs on.

    A KUBECONFIG that names no mounted file is ignored (fc: config.go:408-422).
    """
    assert change.both is not None  # noqa: S101 - asked by the caller
    controller = change.both[side]
    value = controller.settings.value if controller.settings else {}
    address = str(value.get("kubeApiServerAddress") or "")
    file = str(value.get("kubeConfigFilePath") or "")
    variable = controller.variable("KUBECONFIG")
    mounts = [str(m.get("mountPath")) for m in mappings(controller.container.get("volumeMounts"))]
    if any(variable == m or variable.startswith(m.rstrip("/") + "/") for m in mounts):
        file = file or variable
    return address or controller.variable("KUBE_APISERVER_ADDRESS"), file


@rule("S22", "FrameworkController refuses a value", Severity.OUTAGE, "F")
def refused(change: Change) -> Says:
    """It panics at each start."""
    settings = change.settings
    if settings is None or not settings[1].refusals:
        return
    new = {k: m for k, m in settings[1].refusals.items() if settings[0].refusals.get(k) != m}
    if new:
        listed = "; ".join(redact(f"{key} {message}") for key, message in list(new.items())[:3])
        says = f"FrameworkController panics at each start: {listed}."
        yield Said(change.config_label, says, "correct it, or revert")


@rule("S23", "a key that FrameworkController does not know", Severity.MANUAL, "F")
def unknown_key(change: Change) -> Says:
    """Ignored: the default holds."""
    settings = change.settings
    if settings is None:
        return
    new = [key for key in settings[1].unknown if key not in settings[0].unknown]
    if new:
        yield Said(
            change.config_label,
            f"FrameworkController does not know {', '.join(new[:_MOST])} and ignores it: the "
            "default holds.",
            "correct the name; `fcgitops config explain` lists all",
        )


@rule("S24", "kubeClientBurst becomes 0", Severity.OUTAGE, "F")
def burst_zero(change: Change) -> Says:
    """Its validation takes it, its Kubernetes client does not."""
    for _, new in _differs(change, "kubeClientBurst"):
        if new == 0:
            says = "The Kubernetes client refuses a burst of 0: FrameworkController panics at each"
            yield Said(change.config_label, f"{says} start.", "at least 1")
