"""What makes Pods: StatefulSet, Deployment, DaemonSet, ReplicaSet, Job and CronJob.

Source: k8s.io/kubernetes, pkg/apis/apps/validation, pkg/apis/batch/validation and their defaults.
"""

from __future__ import annotations

import re

from fcgitops.core.lazy import regex
from fcgitops.kubernetes import cron, metadata, names, pod, scheduling
from fcgitops.kubernetes.field import REFUSED, Field

_PERCENT = regex(r"[0-9]+%")
_JOB_LABELS = (
    "controller-uid", "job-name", "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
)  # fmt: skip


def stateful_set(item: Field) -> None:
    """ValidateStatefulSet."""
    metadata.metadata(item["metadata"], names.dns_label, namespaced=True)
    spec = item["spec"]
    spec["podManagementPolicy"].one_of(("OrderedReady", "Parallel"), "OrderedReady")
    _update_strategy(spec["updateStrategy"])
    retention = spec["persistentVolumeClaimRetentionPolicy"]
    for key in ("whenDeleted", "whenScaled"):
        retention[key].one_of(("Retain", "Delete"), "Retain")
    from fcgitops.kubernetes.volumes import claim  # noqa: PLC0415 - few have claims

    for template in spec["volumeClaimTemplates"]:
        with template.refused_since(34):
            claim(template["spec"])
    spec["replicas"].at_least(0)
    spec["minReadySeconds"].at_least(0)
    spec["ordinals"]["start"].at_least(0)
    if spec["serviceName"]:
        with spec["serviceName"].refused_since(33):
            spec["serviceName"].must_be(names.dns_label)
    _pods(spec, spec["volumeClaimTemplates"])


def _update_strategy(strategy: Field) -> None:
    """The strategy of a StatefulSet."""
    kind, rolling = strategy["type"], strategy["rollingUpdate"]
    kind.one_of(("RollingUpdate", "OnDelete"), "RollingUpdate")
    if kind.text == "OnDelete":
        if rolling.given:
            rolling.forbidden("with OnDelete")
        return
    rolling["partition"].at_least(0)
    most = rolling["maxUnavailable"]
    if most.given:  # MaxUnavailableStatefulSet, which is off by default before 1.35
        with most.lenient():
            _number_or_percent(most)
            if most.value in (0, "0%"):
                most.invalid("must be more than 0")


def _pods(spec: Field, claims: Field | None = None) -> None:
    """The selector and the template of Pods that are to run for ever."""
    _selector(spec)
    pod.template(spec["template"], claims)
    of_pod = spec["template"]["spec"]
    policy = of_pod["restartPolicy"]
    if policy and policy.text != "Always":
        policy.unsupported(("Always",))
    if of_pod["activeDeadlineSeconds"].given:
        of_pod["activeDeadlineSeconds"].forbidden("of a Pod that runs for ever")


def _selector(spec: Field) -> None:
    """The selector, which has to match the template's labels."""
    selector, labels = spec["selector"], spec["template"]["metadata"]["labels"]
    if not selector.given:
        selector.required()
        return
    metadata.selector(selector)
    if not selector["matchLabels"] and not selector["matchExpressions"]:
        selector.required("matchLabels or matchExpressions")
    elif not metadata.matches(selector, {key: value.text for key, value in labels.entries()}):
        labels.invalid("is not what spec.selector selects")


def _number_or_percent(found: Field) -> None:
    """ValidatePositiveIntOrPercent, IsNotMoreThan100Percent."""
    if isinstance(found.value, str):
        if not _PERCENT.fullmatch(found.text):
            found.invalid("must be a whole number or a percentage, such as 25%")
        elif int(found.text[:-1]) > 100:
            found.invalid("must be no more than 100%")
    else:
        found.at_least(0)


def disruption_budget(item: Field) -> None:
    """ValidatePodDisruptionBudget."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    spec = item["spec"]
    least, most = spec["minAvailable"], spec["maxUnavailable"]
    for amount in (least, most):
        if amount.given:
            _number_or_percent(amount)
    if least.given and most.given:
        most.forbidden("with minAvailable")
    spec["unhealthyPodEvictionPolicy"].one_of_if_given(("AlwaysAllow", "IfHealthyBudget"))
    if spec["selector"].given:
        metadata.selector(spec["selector"])


def deployment(item: Field) -> None:
    """ValidateDeployment."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    spec = item["spec"]
    strategy = spec["strategy"]
    strategy["type"].one_of(("Recreate", "RollingUpdate"), "RollingUpdate")
    rolling = strategy["rollingUpdate"]
    if strategy["type"].text == "Recreate":
        if rolling.given:
            rolling.forbidden("with Recreate")
    else:
        for key in ("maxUnavailable", "maxSurge"):
            _number_or_percent(rolling[key]) if rolling[key].given else None
        if all(rolling[key].value in (0, "0%") for key in ("maxUnavailable", "maxSurge")):
            rolling["maxUnavailable"].invalid("must not be 0 when maxSurge is 0")
    for key in ("replicas", "minReadySeconds", "revisionHistoryLimit"):
        spec[key].at_least(0)
    deadline = spec["progressDeadlineSeconds"]
    deadline.at_least(0)
    if (deadline.number if deadline.given else 600) <= spec["minReadySeconds"].number:
        deadline.invalid("must be more than minReadySeconds")
    _pods(spec)


def daemon_set(item: Field) -> None:
    """ValidateDaemonSet."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    spec = item["spec"]
    strategy = spec["updateStrategy"]
    strategy["type"].one_of(("RollingUpdate", "OnDelete"), "RollingUpdate")
    most, more = (strategy["rollingUpdate"][key] for key in ("maxUnavailable", "maxSurge"))
    for amount in (most, more):
        if amount.given:
            _number_or_percent(amount)
    if strategy["type"].text != "OnDelete" and strategy["rollingUpdate"].given:
        nothing = (0, "0%")
        if more.given and more.value not in nothing:
            if not most.given or most.value not in nothing:  # 1 by default
                more.invalid("takes maxUnavailable: 0")
        elif most.value in nothing:
            most.invalid("must not be 0 when maxSurge is 0")
    spec["minReadySeconds"].at_least(0)
    spec["revisionHistoryLimit"].at_least(0)
    _pods(spec)


def replica_set(item: Field) -> None:
    """ValidateReplicaSet."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    spec = item["spec"]
    spec["replicas"].at_least(0)
    spec["minReadySeconds"].at_least(0)
    _pods(spec)


def lone_pod(item: Field) -> None:
    """ValidatePodCreate."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    pod.spec(item["spec"])
    scheduling.merged_keys(item["spec"], item["metadata"]["labels"], REFUSED)


def job(item: Field) -> None:
    """ValidateJob."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    name, spec = item["metadata"]["name"], item["spec"]
    completions = spec["completions"]
    if not spec["manualSelector"]:  # it becomes a label of its Pods
        name.must_be(names.label_value)
    if spec["completionMode"].text == "Indexed" and completions.number > 0:
        if names.dns_label(f"{name.text}-{completions.number - 1}"):
            name.invalid("is too long a name for the host names of its Pods")
    if spec["manualSelector"]:
        _selector(spec)
    elif spec["selector"].given:
        spec["selector"].forbidden("without manualSelector: the Job makes its own")
    else:
        labels = spec["template"]["metadata"]["labels"]
        for label in _JOB_LABELS:
            wanted = name.text if label.endswith("job-name") else ""
            if labels[label].given and (not wanted or labels[label].text != wanted):
                labels[label].forbidden("the Job sets it")
    job_spec(spec)


def job_spec(spec: Field) -> None:
    """ValidateJobSpec."""
    for key in (
        "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
        "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes",
    ):  # fmt: skip
        spec[key].at_least(0)
    if spec["managedBy"].given:
        spec["managedBy"].must_be(names.domain_prefixed_path)
    _indexes(spec)
    restart = spec["template"]["spec"]["restartPolicy"]
    failures = spec["podFailurePolicy"]
    if failures.given:
        _failure_policy(failures, spec)
    replacement = spec["podReplacementPolicy"]
    allowed = ("Failed",) if failures.given else ("TerminatingOrFailed", "Failed")
    replacement.one_of_if_given(allowed)
    pod.template(spec["template"])
    if restart.text in ("", "Always"):
        restart.required("OnFailure or Never")
    elif failures.given and restart.text == "OnFailure":
        restart.invalid("must be Never with podFailurePolicy")


def _indexes(spec: Field) -> None:
    mode, completions = spec["completionMode"], spec["completions"]
    per_index, failed = spec["backoffLimitPerIndex"], spec["maxFailedIndexes"]
    mode.one_of_if_given(("NonIndexed", "Indexed"))
    if failed.given and not per_index.given:
        per_index.required("with maxFailedIndexes")
    success = spec["successPolicy"]
    if mode.text != "Indexed":
        for only in (per_index, failed, success):
            if only.given:
                only.forbidden("without completionMode: Indexed")
        return
    if not completions.given and spec["parallelism"].given:  # without both, both are 1
        completions.required("with completionMode: Indexed")
    if spec["parallelism"].number > 100_000:
        spec["parallelism"].invalid("must be no more than 100000 with completionMode: Indexed")
    if failed.given and completions.given and failed.number > completions.number:
        failed.invalid("must be no more than completions")
    if failed.number > 100_000:
        failed.invalid("must be no more than 100000")
    if success.given:
        rules = success["rules"]
        if not rules:
            rules.required()
        most = completions.number if completions.given else 1
        for rule in rules:
            _success_rule(rule, most)


def _success_rule(rule: Field, completions: int) -> None:
    """ValidateSuccessPolicyRule."""
    count, indexes = rule["succeededCount"], rule["succeededIndexes"]
    if not count.given and not indexes.given:
        rule.required("succeededCount or succeededIndexes")
    if indexes.given:
        complaint, total = _intervals(indexes.text, completions)
        if indexes.must(complaint):
            completions = min(completions, total)
    count.at_least(0, completions)


def _intervals(text: str, completions: int) -> tuple[str, int]:
    """validateIndexesFormat: what is wrong with 0,2-5 for instance, and how many indexes it has."""
    last, total = -1, 0
    for part in text.split(",") if text else ():
        found = re.fullmatch(r"(\+?[0-9]+)(?:-(\+?[0-9]+))?", part)
        if not found:
            return "must be indexes and ranges of them, such as 0,2-5", 0
        low, high = int(found[1]), int(found[2] or found[1])
        if high >= completions:
            return f"must be below completions, {completions}", 0
        if low <= last or (found[2] and low >= high):
            return "must be in rising order", 0
        last, total = high, total + high - low + 1
    return "", total


def _failure_policy(found: Field, spec: Field) -> None:
    """ValidatePodFailurePolicy."""
    template = spec["template"]["spec"]
    known = {c["name"].text for c in [*template["containers"], *template["initContainers"]]}
    if len(found["rules"]) > 20:
        found["rules"].fault("are too many; 20 is the most")
    for rule in found["rules"]:
        rule["action"].one_of(("Count", "FailIndex", "FailJob", "Ignore"))
        if rule["action"].text == "FailIndex" and not spec["backoffLimitPerIndex"].given:
            rule["action"].invalid("takes backoffLimitPerIndex")
        codes, conditions = rule["onExitCodes"], rule["onPodConditions"]
        if codes.given == bool(conditions):
            rule.required("one of onExitCodes and onPodConditions")
        if codes.given:
            _exit_codes(codes, known)
        for condition in conditions:
            condition["type"].must_be(names.qualified)
            condition["status"].one_of(("False", "True", "Unknown"), "True")


def _exit_codes(found: Field, known: set[str]) -> None:
    """ValidatePodFailurePolicyRuleOnExitCodes."""
    found["operator"].one_of(("In", "NotIn"))
    name, values = found["containerName"], found["values"]
    if name.given and name.text not in known:
        name.invalid("is no container of the Pod")
    if not values:
        values.required()
    if len(values) > 255:
        values.fault("are too many; 255 is the most")
    numbers = [value.number for value in values]
    for value in values:
        if found["operator"].text == "In" and value.number == 0:
            value.invalid("must not be 0 with the operator In")
    if numbers != sorted(set(numbers)):
        values.invalid("must be in order, each once")


def cron_job(item: Field) -> None:
    """ValidateCronJobCreate."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    name, spec = item["metadata"]["name"], item["spec"]
    if len(name) > 52:
        name.invalid("must be no more than 52 characters")
    if not spec["schedule"]:
        spec["schedule"].required()
    elif not cron.is_schedule(spec["schedule"].text):
        spec["schedule"].invalid("is no schedule, such as */5 * * * *")
    spec["concurrencyPolicy"].one_of(("Allow", "Forbid", "Replace"), "Allow")
    for key in (
        "startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit",
    ):  # fmt: skip
        spec[key].at_least(0)
    zone = spec["timeZone"]
    if zone.given and not _ZONE.fullmatch(zone.text):
        zone.invalid("must be a time zone, such as Europe/Berlin")
    inner = spec["jobTemplate"]["spec"]
    if inner["manualSelector"]:
        inner["manualSelector"].forbidden("of a CronJob")
    if inner["selector"].given:
        inner["selector"].forbidden("of a CronJob: its Jobs make their own")
    job_spec(inner)


_ZONE = regex(
    r"(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Brazil|Canada|Chile|Etc|Europe"
    r"|Indian|Mexico|Pacific|US)/[A-Za-z0-9_+-]+(/[A-Za-z0-9_-]+){0,2}"
    r"|[A-Z][A-Za-z]*(-[A-Z]+)?|(EST5EDT|CST6CDT|MST7MDT|PST8PDT)|GMT[-+]0|GMT0"
)
"""What names of the time zone database look like, https://www.iana.org/time-zones."""
