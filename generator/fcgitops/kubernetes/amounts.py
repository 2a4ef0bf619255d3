"""Amounts of resources: what a container takes, quotas and ranges of a namespace.

The API server compares them in thousandths, to which it rounds whatever is finer, away from zero.

Source: k8s.io/kubernetes, pkg/apis/core/validation/validation.go and pkg/apis/core/helper;
Convert_v1_ResourceList_To_core_ResourceList of pkg/apis/core/v1/conversion.go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from fcgitops.core.lazy import regex
from fcgitops.kubernetes import metadata, names, quantity
from fcgitops.kubernetes.field import USELESS, Field
from fcgitops.kubernetes.quantity import Quantity

_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_COUNTED = (
    "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
    "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
)  # fmt: skip
_QUOTA = (
    *_COMPUTE, *(f"requests.{one}" for one in (*_COMPUTE, "storage")),
    *(f"limits.{one}" for one in _COMPUTE), *_COUNTED,
)  # fmt: skip
_PODS = ("pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory")
_ATTRIBUTES = "VolumeAttributesClass"
_SCOPES = {
    "Terminating": _PODS, "NotTerminating": _PODS, "NotBestEffort": _PODS, "PriorityClass": _PODS,
    "CrossNamespacePodAffinity": _PODS, "BestEffort": ("pods",),
    _ATTRIBUTES: ("persistentvolumeclaims", "requests.storage"),
}  # fmt: skip
_CLASS_QUOTA = regex(
    r".+\.storageclass\.storage\.k8s\.io/(requests\.storage|persistentvolumeclaims)"
    r"|.+\.deviceclass\.resource\.k8s\.io/devices"
    r"|openshift\.io/.+"
)
"""Names that count something though they look like devices': the claims of a storage class
(pkg/quota/v1/evaluator/core/persistent_volume_claims.go), devices of a class, and what OpenShift
counts on its own."""
_CONFLICTS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))


def requirements(found: Field, claims: Collection[str] = (), *, of_pod: bool = False) -> None:
    """validateResourceRequirements: `resources` of a container, or of a whole Pod."""
    name = pod_resource if of_pod else container_resource
    limits, requests = found["limits"], found["requests"]
    for listed in (limits, requests):
        for key, value in listed.entries():
            name(key, value)
            amount(key, value)
            if _huge(key) and not _divisible(key, value):
                value.invalid(f"is no whole multiple of {key}")
    for key, value in requests.entries():
        wanted, most = quantity.parse(value.value), quantity.parse(limits[key].value)
        if most is None:
            if not overcommitted(key):
                limits[key].required(f"{key} needs a limit, which equals the request")
        elif wanted and wanted.milli != most.milli and not overcommitted(key):
            value.invalid(f"must equal the limit, {limits[key].value}")
        elif wanted and wanted.milli > most.milli:
            value.invalid(f"is more than the limit, {limits[key].value}")
    keys = {*_keys(limits), *_keys(requests)}
    if any(map(_huge, keys)) and not keys & {"cpu", "memory"}:
        found.forbidden("huge pages take cpu or memory beside them")
    _claims(found["claims"], claims)


def _claims(found: Field, known: Collection[str]) -> None:
    """ValidateResourceClaimNames."""
    seen: set[tuple[str, str]] = set()
    for claim in found:
        name, request = claim["name"].text, claim["request"].text
        if not name:
            claim["name"].required()
            continue
        if request:
            claim["request"].must(names.dns_label(request))
        if any(one == name and (asked == request or "" in (asked, request)) for one, asked in seen):
            claim["name"].duplicate()
        seen.add((name, request))
        if name not in known:
            claim["name"].invalid("is none of the Pod's resourceClaims")


def amount(key: str, value: Field) -> None:
    """ValidateResourceQuantityValue: not negative, and whole where it counts things."""
    found = quantity.parse(value.value)
    if found is None:
        return
    if found.amount < 0:
        value.invalid("must be 0 or more")
    if _whole(key) and found.milli % 1000:
        value.invalid("must be a whole number")
    if _whole(key) and found.milli >= 1 << 63:
        value.fault("is more than can be counted", USELESS)


def resource(key: str, value: Field) -> bool:
    """validateResourceName: a standard name, or one with a domain."""
    complaint = names.qualified(key)
    if (
        not complaint
        and "/" not in key
        and key not in (*_QUOTA, "storage")
        and not _huge_quota(key)
    ):
        complaint = "must be a standard resource, or example.com/name"
    if complaint:
        value.fault(f"the name {key} {complaint}")
    return not complaint


def container_resource(key: str, value: Field) -> None:
    """ValidateContainerResourceName."""
    resource(key, value)
    if "/" not in key:
        if key not in _COMPUTE and not _huge(key):
            value.fault(f"{key} is no resource of a container: {', '.join(_COMPUTE)}")
    elif not _native(key) and not _extended(key):
        value.fault(f"{key} is no name of a device")


def pod_resource(key: str, value: Field) -> None:
    """ValidatePodResourceName."""
    if resource(key, value) and key not in ("cpu", "memory") and not _huge(key):
        value.fault(f"{key} is no resource of a whole Pod: cpu, memory")


def overcommitted(key: str) -> bool:
    """IsOvercommitAllowed: whether a request may be less than its limit."""
    return _native(key) and not _huge(key)


def quota(spec: Field) -> None:
    """ValidateResourceQuotaSpec."""
    for key, value in spec["hard"].entries():
        if resource(key, value) and "/" not in key and key not in _QUOTA and not _huge_quota(key):
            value.fault(f"{key} is no resource of a quota")
        amount(key, value)
        if counts_nothing(key):
            device = key.removeprefix("limits.")
            value.fault(f"{key} counts nothing: requests.{device} does", USELESS)
    _scopes(spec)
    _scope_selector(spec)


def counts_nothing(key: str) -> bool:
    """Whether the API server takes a name in a quota, and no Pod adds to it: a device's alone."""
    return _extended(key) and not key.startswith("count/") and _CLASS_QUOTA.fullmatch(key) is None


def _scopes(spec: Field) -> None:
    """ValidateResourceQuotaScopes."""
    given = spec["scopes"]
    for scope in given:
        _scope(spec, scope)
    for pair in _CONFLICTS:
        if set(pair) <= set(given.texts()):
            given.fault(f"{' and '.join(pair)} exclude each other")


def _scope(spec: Field, scope: Field) -> None:
    known = [one for one in _SCOPES if one != _ATTRIBUTES or spec.since(33)]
    if scope.text not in known:
        scope.unsupported(known)
        return
    for key, _ in spec["hard"].entries():
        standard = key in _QUOTA or _huge_quota(key)
        if standard and key not in _SCOPES[scope.text]:
            scope.invalid(f"does not apply to {key}")


def _scope_selector(spec: Field) -> None:
    """ValidateScopedResourceSelectorRequirement."""
    rules = spec["scopeSelector"]["matchExpressions"]
    for rule in rules:
        scope = rule["scopeName"]
        _scope(spec, scope)
        if scope.text in _SCOPES and rule["operator"].text != "Exists":
            if scope.text not in ("PriorityClass", _ATTRIBUTES):
                rule["operator"].invalid("must be Exists with this scope")
        metadata.operator(rule)
    for pair in _CONFLICTS:
        if set(pair) <= {rule["scopeName"].text for rule in rules}:
            rules.fault(f"{' and '.join(pair)} exclude each other")


def limit_range(spec: Field) -> None:
    """ValidateLimitRange."""
    seen: set[str] = set()
    for limit in spec["limits"]:
        kind = limit["type"]
        if kind.must_be(names.qualified) and "/" not in kind.text:
            if kind.text not in ("Pod", "Container", "PersistentVolumeClaim"):
                kind.unsupported(("Pod", "Container", "PersistentVolumeClaim"))
        kind.unique_in(seen)
        _limit(limit, kind.text)


_PARTS = ("min", "max", "default", "defaultRequest", "maxLimitRequestRatio")
_RISING = (
    ("min", "max"), ("min", "defaultRequest"), ("defaultRequest", "max"),
    ("defaultRequest", "default"), ("min", "default"), ("default", "max"),
)  # fmt: skip
"""Parts of a range of which the first must not be more than the second."""
Ranges = dict[str, dict[str, Quantity]]
"""Part of a range → resource → amount."""


def _limit(limit: Field, kind: str) -> None:
    """One range of a LimitRange: its amounts, their order, and their ratio."""
    given = _ranges(limit, kind)
    if kind == "PersistentVolumeClaim":
        if "storage" not in given["min"] and "storage" not in given["max"]:
            limit.required("a min or a max of storage")
    for low, high in _RISING:
        for key, value in given.get(low, {}).items():
            upper = given.get(high, {}).get(key)
            if upper is not None and value.milli > upper.milli:
                at = limit[low] if limit[low][key].given else limit[high]
                at[key].fault(f"{low} of {key} is more than {high}")
    _ratios(limit["maxLimitRequestRatio"], given)
    for key, value in given.get("default", {}).items():
        asked = given["defaultRequest"].get(key)
        if not overcommitted(key) and asked is not None and asked.milli != value.milli:
            limit["defaultRequest"][key].fault(f"must equal default, since {key} is not shared")


def _ranges(limit: Field, kind: str) -> Ranges:
    """What a range says, with the defaults that SetDefaults_LimitRangeItem fills in."""
    name = container_resource if kind in ("Pod", "Container") else resource
    given: Ranges = {}
    for part in _PARTS:
        if kind == "Pod" and part.startswith("default"):
            if limit[part]:
                limit[part].forbidden("of a Pod")
            continue
        given[part] = _amounts(limit[part], name)
    if kind == "Container":
        given["default"] = given["max"] | given["default"]
        given["defaultRequest"] = given["min"] | given["default"] | given["defaultRequest"]
    return given


def _ratios(found: Field, given: Ranges) -> None:
    """How many times its request a limit may be, at most."""
    for key, ratio in given["maxLimitRequestRatio"].items():
        if ratio.milli < 1000:
            found[key].invalid("must be 1 or more")
        least, most = given["min"].get(key), given["max"].get(key)
        if least and most and least.milli and ratio.milli > 1000 * most.milli / least.milli:
            found[key].invalid("is more than max / min")


def _amounts(found: Field, name: Callable[[str, Field], object]) -> dict[str, Quantity]:
    made = {}
    for key, value in found.entries():
        name(key, value)
        read = quantity.parse(value.value)
        if read is not None:
            made[key] = read
    return made


def _keys(found: Field) -> list[str]:
    return [key for key, _ in found.entries()]


def _huge(key: str) -> bool:
    """IsHugePageResourceName."""
    return key.startswith("hugepages-")


def _huge_quota(key: str) -> bool:
    """IsQuotaHugePageResourceName."""
    return key.startswith(("hugepages-", "requests.hugepages-"))


def _divisible(key: str, value: Field) -> bool:
    """IsHugePageResourceValueDivisible."""
    page, found = quantity.parse(key.removeprefix("hugepages-")), quantity.parse(value.value)
    if page is None or found is None or page.amount <= 0 or page.milli % 1000:
        return False
    return found.whole % page.whole == 0


def _native(key: str) -> bool:
    """IsNativeResource."""
    return "/" not in key or "kubernetes.io/" in key


def _extended(key: str) -> bool:
    """IsExtendedResourceName: a device, such as nvidia.com/gpu."""
    if _native(key) or key.startswith("requests."):
        return False
    return not names.qualified(f"requests.{key}")


def _whole(key: str) -> bool:
    """IsIntegerResourceName."""
    return key in _COUNTED or _extended(key)
