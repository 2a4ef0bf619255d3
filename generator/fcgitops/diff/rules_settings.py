"""Rules on what other settings of FrameworkController do.

All of it takes effect at FrameworkController's next start, and not before.
"""

from __future__ import annotations

from typing import NamedTuple

from fcgitops.diff.change import Change
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.rendering import Controller
from fcgitops.diff.secrecy import redact
from fcgitops.diff.settings import BURST, Settings
from fcgitops.kubernetes.objects import mappings
from fcgitops.model.image import MAX_SECONDS
from fcgitops.text.words import count

_RETAIN = "frameworkCompletedRetainSec"
_DELAYS = (
    "frameworkMinRetryDelaySecForTransientConflictFailed",
    "frameworkMaxRetryDelaySecForTransientConflictFailed",
)
_COMPRESSION = "largeFrameworkCompression"
_SECOND = 10**9
_LONG_AGO = 10 * 365 * 86400


def _nanoseconds(seconds: object) -> int:
    """A time as FrameworkController has it: Go's int64, which overflows (fc: common/utils.go)."""
    found = seconds if isinstance(seconds, int) else 0
    return (found * _SECOND + 2**63) % 2**64 - 2**63


def _kept(seconds: object) -> int:
    """How long a completed Framework is kept, in whole seconds."""
    return max(0, _nanoseconds(seconds) // _SECOND)


def duration(seconds: int) -> str:
    """Seconds in words: 1 day, 90 minutes."""
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds and seconds % size == 0:
            return count(seconds // size, word)
    return count(seconds, "second")


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
    for old, new in change.setting(_RETAIN):
        if 0 < _kept(new) < _kept(old) and new <= MAX_SECONDS:
            yield Said(
                change.config_label,
                f"Completed Frameworks older than {duration(new)} are deleted within seconds of "
                f"{'the' if change.rolls else 'its next'} restart, with their status; running ones "
                "are not touched.",
                _SAVE,
                _older_than(new),
            )


@rule("S06", f"{_RETAIN} is higher", Severity.NONE, "F")
def kept_longer(change: Change) -> Says:
    """Those that are deleted already do not come back."""
    for old, new in change.setting(_RETAIN):
        if _kept(new) > _kept(old) and new <= MAX_SECONDS:
            says = (
                f"Completed Frameworks are kept for {duration(new)}; those that are deleted "
                "already do not come back."
            )
            yield Said(change.config_label, says)


@rule("S07", f"{_RETAIN} is 0, below 0, or above {MAX_SECONDS}", Severity.LOSS, "F S")
def kept_never(change: Change) -> Says:
    """Nanoseconds overflow: what is kept then, and for how long, is chance."""
    for old, new in change.setting(_RETAIN):
        if 0 < new <= MAX_SECONDS or not _kept(old):
            continue
        kept, do = _kept(new), _SAVE
        why = f"Completed Frameworks are kept for {new} s"
        if new > MAX_SECONDS:
            do = f"use at most {MAX_SECONDS}; OpenPAI uses 2147483600"
            why = f"More than {MAX_SECONDS} s overflows"
        if kept >= _kept(old):
            says = f"{why}, here to {duration(kept)}: nothing is deleted earlier than before."
            yield Said(change.config_label, says, do, severity=Severity.NONE)
        elif kept:
            says = (
                f"{why}, here to {duration(kept)}: completed Frameworks that are older are deleted "
                "within seconds of the restart."
            )
            yield Said(change.config_label, says, do, _older_than(kept))
        else:
            says = (
                f"{why}: EVERY completed Framework is deleted at the restart, and each later one "
                f"as soon as it completes{_spared(new)}."
            )
            yield Said(change.config_label, says, do, _older_than(0))


def _spared(seconds: int) -> str:
    """What a second overflow keeps: what ended longer ago than int64 can still be below."""
    ago = (_nanoseconds(seconds) + 2**63) // _SECOND
    if seconds <= MAX_SECONDS or ago > _LONG_AGO:
        return ""
    when = f"ended more than {duration(ago)} before" if ago else "had ended before"
    return f", but for those that {when}, which stay"


def _plain(amount: float) -> str:
    """A number as a person writes it: 10000000, and 0.5."""
    return str(int(amount)) if float(amount).is_integer() and amount < 1e15 else f"{amount:g}"


@rule("S13", "kubeClientQps, kubeClientBurst or workerNumber differs", Severity.NONE, "F")
def speed(change: Change) -> Says:
    """Faster or slower; nothing that exists changes."""
    what = {"kubeClientQps": "requests to the API server a second",
            BURST: "requests at once",
            "workerNumber": "Frameworks at the same time"}  # fmt: skip
    for key, of in what.items():
        for old, new in change.setting(key):
            if key == BURST and new == 0:
                continue
            more = "more" if new > old else "fewer"
            says = f"{key} {_plain(old)} → {_plain(new)}: {more} {of}; nothing that exists changes."
            yield Said(change.config_label, says)


@rule("S14", f"{_COMPRESSION} is turned on", Severity.MANUAL, "F S")
def compression_on(change: Change) -> Says:
    """Readers of taskRoleStatuses find null in large Frameworks."""
    for _, new in change.setting(_COMPRESSION):
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
    for _, new in change.setting(_COMPRESSION):
        if not new:
            yield Said(
                change.config_label,
                "A Framework whose status is too large for etcd uncompressed gets no status any "
                "more from its next change on (`etcdserver: request is too large`): it neither "
                "retries nor completes until compression is on again.",
                f"{_COMPRESSION}: true again; what was stuck goes on",
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
        for old, new in change.setting(key):
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
    settings = change.runs_with
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
        for old, new in change.setting(key):
            says = f"{key} {old} → {new}: it matters only where the CRD is made anew."
            yield Said(change.config_label, says)


@rule("S19", "objectLocalCacheCreationTimeoutSec differs", Severity.NONE, "S")
def cache_timeout(change: Change) -> Says:
    """A new Pod counts as lost sooner on a slow API server."""
    key = "objectLocalCacheCreationTimeoutSec"
    for old, new in change.setting(key):
        when = "sooner" if new < old else "later"
        yield Said(
            change.config_label,
            f"{key} {old} → {new}: on a slow API server a new Pod counts as lost {when} (-110, "
            "-111: its attempt fails as Transient).",
        )


@rule("S20", "logObjectSnapshot differs", Severity.RIGHTS, "F")
def snapshots(change: Change) -> Says:
    """Whole objects, environment values included, in the log or not."""
    settings = change.runs_with
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
    old, new = (_api_server(controller) for controller in change.both)
    old_host, host = (c.variable("KUBERNETES_SERVICE_HOST") for c in change.both)
    if host != old_host and host and new == _OWN_CLUSTER:
        says = (
            f"FrameworkController then asks {redact(host)} in the place of its cluster's API "
            "server: unless that is the same, it is refused there, and panics at start."
        )
        yield Said(change.both[1].label, says, "take the variable out", certain=False)
    if old != new:
        yield from _other_api_server(_where_set(change), old, new)


class _ApiServer(NamedTuple):
    """What FrameworkController is told of its API server; nothing for that of its own cluster."""

    address: str = ""
    kubeconfig: str = ""


_OWN_CLUSTER = _ApiServer()


def _where_set(change: Change) -> str:
    """What says which API server it is: the file where that differs, else the StatefulSet."""
    assert change.both is not None  # noqa: S101 - asked by the caller
    keys = ("kubeApiServerAddress", "kubeConfigFilePath")
    if change.settings is not None:
        old, new = (settings.value for settings in change.settings)
        if any(old.get(key) != new.get(key) for key in keys):
            return change.config_label
    return change.both[1].label


def _other_api_server(label: str, old: _ApiServer, new: _ApiServer) -> Says:
    lost = "The Frameworks of this cluster are no longer looked after."
    if new.kubeconfig and new.kubeconfig != old.kubeconfig:
        says = (
            f"FrameworkController then works on the cluster that the kubeconfig {new.kubeconfig} "
            f"names: if that is another one, {lost[0].lower()}{lost[1:]} Without the file it "
            "panics at start."
        )
        yield Said(label, says, "look at the kubeconfig's server", certain=False)
    elif new.address and not new.kubeconfig:
        says = (
            f"FrameworkController then speaks to {redact(new.address)} without credentials and "
            f"without the cluster's CA: panic at start. {lost}"
        )
        yield Said(label, says, "give a kubeconfig too")
    elif new.address != old.address and new != _OWN_CLUSTER:
        where = redact(new.address) or "the kubeconfig’s server"
        says = f"FrameworkController then speaks to {where}. {lost}"
        yield Said(label, says, "look at which cluster that is", certain=False)
    elif old != _OWN_CLUSTER:
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


def _api_server(controller: Controller) -> _ApiServer:
    """Which API server a FrameworkController uses.

    A KUBECONFIG that names no mounted file is ignored (fc: config.go:408-422).
    """
    value = controller.settings.value if controller.settings else {}
    address = str(value.get("kubeApiServerAddress") or "")
    file = str(value.get("kubeConfigFilePath") or "")
    variable = controller.variable("KUBECONFIG")
    mounts = [str(m.get("mountPath")) for m in mappings(controller.container.get("volumeMounts"))]
    if any(variable == m or variable.startswith(m.rstrip("/") + "/") for m in mounts):
        file = file or variable
    return _ApiServer(address or controller.variable("KUBE_APISERVER_ADDRESS"), file)


@rule("S22", "FrameworkController refuses a value", Severity.OUTAGE, "F")
def refused(change: Change) -> Says:
    """It panics at each start."""
    settings = change.settings
    if change.starts_with is not None:
        new = change.starts_with.refusals
    elif settings is None or not settings[1].refusals:
        return
    else:
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
            f"FrameworkController does not know {', '.join(new[:5])} and ignores it: the "
            "default holds.",
            "correct the name; `fcgitops config explain` lists all",
        )


@rule("S24", "kubeClientBurst becomes 0", Severity.OUTAGE, "F")
def burst_zero(change: Change) -> Says:
    """Its validation takes it, its Kubernetes client does not."""
    changed = any(new == 0 for _, new in change.setting(BURST))
    starts = change.starts_with is not None and change.starts_with.value.get(BURST) == 0
    if changed or starts:
        says = "The Kubernetes client refuses a burst of 0: FrameworkController panics at each"
        yield Said(change.config_label, f"{says} start.", "at least 1")
