"""Rules on NNI's experiments, and on the namespace that they run in."""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.core import shell
from fcgitops.diff import rules_quotas as quotas
from fcgitops.diff.accounts import changed_by, may_differ, named, rights_of, subjects, unknown
from fcgitops.diff.change import Change, spec, values
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.kubectl import in_namespace, let_go
from fcgitops.diff.objects import Pair, label
from fcgitops.diff.outcome import shown
from fcgitops.diff.rules_network import NNI_ACCOUNTS, runs_experiments
from fcgitops.diff.stored import pod_template, stored
from fcgitops.kubernetes import podsecurity
from fcgitops.kubernetes.objects import (
    Fields,
    Object,
    labels_of,
    mapping,
    mappings,
    name,
    namespace,
    number,
)
from fcgitops.kubernetes.rights import summary

_RUN = "RUN"


def _is_experiment(o: Object) -> bool:
    """Whether a Job is the manager of an experiment."""
    found = mapping(mapping(pod_template(spec(o)).get("metadata")).get("labels"))
    return "experiment" in labels_of(o) or found.get("app") == "nni-manager"


def _jobs(change: Change) -> Iterator[tuple[Pair, Object, Object]]:
    for pair in change.of_kind("Job"):
        if pair.before is not None and pair.after is not None and _is_experiment(pair.after):
            yield pair, pair.before, pair.after


def _new_jobs(change: Change) -> Iterator[tuple[Object, Object]]:
    """Jobs that take the place of another one."""
    for pair, before, after in _jobs(change):
        if name(before) != name(after) and pair.how != "moved":
            yield before, after


def _manager(job: Object) -> Fields:
    containers = mappings(mapping(pod_template(spec(job)).get("spec")).get("containers"))
    named = [c for c in containers if c.get("name") == "nni-manager"]
    return (named or containers or [{}])[0]


def _run(job: Object) -> str:
    for variable in mappings(_manager(job).get("env")):
        if variable.get("name") == _RUN:
            return str(variable.get("value"))
    return ""


def _grace(job: Object) -> int:
    return number(mapping(pod_template(spec(job)).get("spec")), "terminationGracePeriodSeconds", 30)


def _trials(place: str) -> str:
    words = ("get", "frameworks", "-l", "app=nni-kubernetes-trial", "--no-headers")
    return f"{in_namespace(place, *words)} | wc -l"


@rule("X01", "an experiment's Job and its RUN differ", Severity.RESTART, "G S")
def new_run(change: Change) -> Says:
    """The running manager is ended, and its trials with it."""
    for before, after in _new_jobs(change):
        if _run(before) != _run(after):
            yield Said(
                label(after),
                "The running manager is ended and its trials' Frameworks are deleted (SIGTERM, "
                f"{_grace(before)} s); a new run begins at 0. Results of the old run stay on the "
                "share.",
                count=_trials(namespace(after)),
            )


@rule("X02", "an experiment's Job differs, its RUN does not", Severity.RESTART, "G")
def same_run(change: Change) -> Says:
    """Two managers for a while."""
    for before, after in _new_jobs(change):
        if _run(before) == _run(after):
            yield Said(
                label(after),
                f"It goes on with the same run. For up to {_grace(before)} s two managers have "
                "the same run and the same share, and the old one ends by deleting the "
                "Frameworks of that run.",
                "let the experiment end first",
                _trials(namespace(after)),
            )


@rule("X03", "an experiment is gone", Severity.MANUAL, "G")
def experiment_gone(change: Change) -> Says:
    """Nothing is deleted."""
    for pair in change.of_kind("Job"):
        if pair.after is not None or pair.before is None or not _is_experiment(pair.before):
            continue
        if not change.after.objects or change.after.controller is None:
            words = ("delete", *shell.named("job", name(pair.before)))
            typed = in_namespace(namespace(pair.before), *words)
            yield Said(
                pair.label,
                "Argo CD and Flux delete nothing: the Job goes on, and is no longer synced.",
                f"what `fcgitops nni remove` prints, or: {typed}",
            )


_JOB = ("template", "completions", "podFailurePolicy", "selector", "completionMode",
        "backoffLimitPerIndex", "managedBy", "successPolicy")  # fmt: skip
"""What of a Job may not change; backoffLimit, suspend, ttl and activeDeadlineSeconds may."""


@rule("X04", "a Job of the same name differs in what it may not", Severity.FAILS, "A G")
def job_immutable(change: Change) -> Says:
    """Field is immutable."""
    for pair in change.of_kind("Job"):
        for before, after in values(pair):
            if pair.how == "moved" or name(before) != name(after):
                continue
            fields = [f for f in _JOB if _differs(pair, f, before, after)]
            if fields == ["template"] and _may_be_placed(before, after):
                yield Said(
                    pair.label,
                    "The Job is suspended: if it has ever run, the API server refuses to have its "
                    "Pods placed otherwise.",
                    certain=False,
                )
            elif fields:
                own = _is_experiment(after)
                yield Said(
                    pair.label,
                    f"The API server refuses: a Job's {' and '.join(fields)} is immutable. The "
                    "old run goes on.",
                    _another_name(after) if own else "another name",
                )


def _another_name(job: Object) -> str:
    """What gives an experiment's Job a name that tells its edits."""
    named = labels_of(job).get("experiment", "…")
    typed = shell.line("make", "experiment", f"NAME={named}")
    return f"{typed}; where job.yaml itself was edited, another number in `run` of run.yaml before"


@rule("X12", "an experiment's Job is stopped, or doubled, in place", Severity.OUTAGE, "K")
def job_in_place(change: Change) -> Says:
    """What of a Job may change, and ends its Pods or makes more of them."""
    for pair, before, after in _jobs(change):
        if name(before) != name(after):
            continue
        old, new = (spec(stored(job)) for job in (before, after))
        ends = f"the manager is ended (SIGTERM, {_grace(before)} s), and its trials with it"
        if new.get("suspend") is True and old.get("suspend") is not True:
            yield Said(
                pair.label,
                f"The Job is suspended: {ends}. It goes on with its run once suspend is false.",
                "suspend: false",
                _trials(namespace(after)),
            )
        if new.get("parallelism") == 0 != old.get("parallelism"):
            yield Said(
                pair.label,
                f"No Pod of the Job may run: {ends}.",
                "parallelism: 1",
                _trials(namespace(after)),
            )
        elif number(new, "parallelism") > 1 and "completions" not in old:
            yield Said(
                pair.label,
                f"{new['parallelism']} managers have the same run and the same share at a time: "
                "each deletes what the other has made.",
                "parallelism: 1",
                severity=Severity.LOSS,
            )
        yield from _deadline(pair, old, new, ends)


def _deadline(pair: Pair, old: Fields, new: Fields, ends: str) -> Says:
    limit = number(new, "activeDeadlineSeconds")
    if limit and limit < (number(old, "activeDeadlineSeconds") or limit + 1):
        words = ("get", *shell.named("job", name(pair.either)))
        yield Said(
            pair.label,
            f"Once the Job is {limit} s old it fails: {ends}, and it is not started again. Where "
            "it is older already that is at once.",
            "leave it out, and limit the experiment itself: maxExperimentDuration",
            in_namespace(namespace(pair.either), *words),
            certain=False,
        )


_LIFETIME = "ttlSecondsAfterFinished"


@rule("X13", "a Job is deleted some time after its end", Severity.RESTART, "K X G")
def made_anew(change: Change) -> Says:
    """The sync tool makes it anew: what has ended runs again."""
    makers = " and ".join(tool.label for tool in change.appliers) or "the next `kubectl apply`"
    for pair in change.of_kind("Job"):
        old, new = (spec(job).get(_LIFETIME) for job in (pair.before, pair.after))
        if pair.after is None or old == new:
            continue
        if not isinstance(new, int):
            says = "The Job stays once it has ended, and does not run again."
            yield Said(pair.label, says, severity=Severity.NONE)
            continue
        then = (
            "Its manager finds on the share that the experiment has ended, and ends too; one "
            "that has failed, or has another share, runs again."
            if _is_experiment(pair.after) else "It runs again, each time."
        )  # fmt: skip
        command = in_namespace(namespace(pair.after), "get", *shell.named("job", name(pair.after)))
        yield Said(
            pair.label,
            f"{new} s after its end the Job is deleted, with the log of its Pod, and {makers} "
            f"{'make' if len(change.appliers) > 1 else 'makes'} it anew, again and again. {then} "
            "Where it has ended before that is at once.",
            f"take {_LIFETIME} out",
            command,
        )


_PLACING = ("nodeSelector", "tolerations", "affinity", "schedulingGates")


def _may_be_placed(before: Object, after: Object) -> bool:
    """Whether a suspended Job's Pods differ in where they run alone: free until it has run.

    Source: pkg/apis/batch/validation/validation.go, validatePodTemplateUpdate, of Kubernetes 1.34.
    """
    if spec(before).get("suspend") is not True:
        return False
    rest = []
    for job in (before, after):
        template = pod_template(spec(job))
        pod = {k: v for k, v in mapping(template.get("spec")).items() if k not in _PLACING}
        metadata = mapping(template.get("metadata"))
        named = {k: v for k, v in metadata.items() if k not in ("labels", "annotations")}
        rest.append((pod, named))
    return rest[0] == rest[1]


def _differs(pair: Pair, field: str, before: Object, after: Object) -> bool:
    """Whether a field of a Job will be stored otherwise.

    `completions` has a default where `parallelism` has none: neither is taken back by the other,
    and parallelism is there by default once completions that were written are left out.
    """
    if field != "completions":
        return spec(before).get(field) != spec(after).get(field)
    old, new = (spec(o).get(field) for o in (pair.before, pair.after))
    return old != new and not (old is None and new == spec(before).get(field))


@rule("X05", "the experiments' namespace differs", Severity.MANUAL, "G")
def other_namespace(change: Change) -> Says:
    """What runs in the old one loses its rights; Argo CD waits for a confirmation."""
    moves = dict.fromkeys(
        (namespace(p.before), namespace(p.after))
        for p in change.pairs
        if p.how == "moved" and p.before and p.after
        and (name(p.after) in NNI_ACCOUNTS or (p.kind == "Job" and _is_experiment(p.after)))
    )  # fmt: skip
    for old, new in moves:
        confirms = any(tool.habits.confirms for tool in change.appliers)
        says = (
            f"NNI's accounts and their rights go from {old} to {new}: an experiment that still "
            f"runs in {old} can start no trial any more, nor end one. It gets another Job in {new} "
            "once its experiment.yaml names that."
        )
        if confirms:
            says += (
                " Argo CD waits for the confirmation to prune the old Namespace, and syncs no "
                "later commit before."
            )
        yield Said(
            f"Namespace/{old}",
            says,
            f"Argo CD: {let_go(old)}" if confirms else "end the experiments there first",
        )


def _shares(job: Object) -> list[Fields]:
    """Where a manager's shared folders are: NFS servers and paths, Azure's files, claims."""
    volumes = mappings(mapping(pod_template(spec(job)).get("spec")).get("volumes"))
    kinds = ("nfs", "azureFile", "persistentVolumeClaim", "csi")
    return [{kind: v[kind]} for v in volumes for kind in kinds if kind in v]


@rule("X06", "the experiments' storage differs", Severity.LOSS, "N S")
def other_storage(change: Change) -> Says:
    """Earlier results and ended runs are not seen there."""
    for _, before, after in _jobs(change):
        old, new = (_shares(stored(job)) for job in (before, after))
        if old != new and (old or new):
            yield Said(
                label(after),
                f"Another share ({shown(old)} → {shown(new)}): earlier results and ended runs are "
                "not seen there, so experiments that have ended run again.",
                "copy the share first",
            )


@rule("X08", "new Pods of Frameworks are refused", Severity.LOSS, "F")
def pods_refused(change: Change) -> Says:
    """FrameworkController takes a refusal for a failure: -310."""
    fails = (
        "and FrameworkController takes a refusal for a failure: the trial's Framework FAILS "
        "with -310"
    )
    for pair in change.of_kind("Namespace"):
        if pair.after is None or not runs_experiments(change.after, name(pair.after)):
            continue
        old = podsecurity.enforced(pair.before) if pair.before else ("privileged", 999)
        new = podsecurity.enforced(pair.after)
        if _refuses_trials(*new) and not _refuses_trials(*old):
            yield Said(
                pair.label,
                "Each new trial Pod is refused (FrameworkController drops seccompProfile), "
                + fails
                + ".",
                "keep baseline",
            )
    yield from quotas.refused_pods(change, fails)
    for pair in change.of_kind("ServiceAccount"):
        own = pair.after is None and name(pair.either) in NNI_ACCOUNTS
        if own and _still_there(change, pair):
            is_trial = name(pair.either) == NNI_ACCOUNTS[1]
            whose = "trial" if is_trial else "manager's"
            then = fails if is_trial else (
                "and no experiment starts. One that runs ends in ERROR: its token is no longer "
                "valid"
            )  # fmt: skip
            says = f"Each new {whose} Pod is refused (its ServiceAccount is gone), {then}."
            yield Said(pair.label, says, "put it back")
    for pair in change.of_kind("PriorityClass"):
        if pair.after is None:
            says = f"Each new Pod that names this PriorityClass is refused, {fails}."
            yield Said(pair.label, says, "put it back", certain=False)


def _still_there(change: Change, pair: Pair) -> bool:
    """Whether the rest of NNI stays: else all of it is taken off."""
    place = namespace(pair.either)
    return any(namespace(o) == place for o in change.after.objects if o["kind"] != "Namespace")


def _refuses_trials(level: str, minor: int) -> bool:
    """FrameworkController drops seccompProfile, which `restricted` asks for since 1.19."""
    return level == "restricted" and minor >= 19


@rule("X11", "an experiment's image differs", Severity.RESTART, "S")
def image(change: Change) -> Says:
    """As X01, or X02."""
    for before, after in _new_jobs(change):
        old, new = (str(_manager(job).get("image", "")) for job in (before, after))
        if old != new:
            yield Said(
                label(after),
                f"Another image ({old} → {new}) makes another Job: the running manager is ended.",
                "let the experiment end first",
            )


@rule("X09", "NNI's manager or its trials have fewer rights", Severity.LOSS, "S")
def nni_rights(change: Change) -> Says:
    """The manager ends in ERROR; a trial polls for 10 minutes and exits."""
    if not may_differ(change):
        return
    for before, after in subjects(change):
        if before is None or before.name not in NNI_ACCOUNTS or after is None:
            continue
        if not change.after.has("ServiceAccount", after.name, after.namespace):
            continue
        old, new = rights_of(change.before, before), rights_of(change.after, after)
        less = [] if before != after else old.beyond(new)
        if less:
            roles = named(unknown(change, new))
            unless = f"Unless {roles} on the cluster grants as much, " if roles else ""
            then = (
                "a 403 puts the experiment in ERROR" if before.name == NNI_ACCOUNTS[0]
                else "each trial's first container polls for 10 minutes and exits"
            )  # fmt: skip
            says = f"{unless}{before.name} may no longer: {summary(less)}. Then {then}."
            where = changed_by(change, before, wider=False)
            yield Said(where, says, "restore the rule", certain=not roles)
