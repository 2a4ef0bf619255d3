"""Whether components/guardrails/ bounds FrameworkController, where an overlay renders both."""

from __future__ import annotations

from fcgitops.core.findings import HAZARD
from fcgitops.kubernetes.objects import Object, mapping, mappings
from fcgitops.manifests import guardrails
from fcgitops.manifests.overlay import NAME
from fcgitops.text.words import shown
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.rights import account_of
from fcgitops.verify.subjects import NEEDS, POD, STATEFUL_SET, Rendered, named

_POLICY, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
_LEAVES_OUT = "leaves out what it does not select"
_UNKNOWN = "whom the guardrails do not know: it acts without bounds"


@NEEDS.check("FCG47", HAZARD)
def bounded(r: Rendered) -> Faults:
    """Where there are guardrails, they bound FrameworkController.

    Their policies know it by the name of its ServiceAccount, so that one of another name, or the
    user of a kubeconfig, acts without bounds. A policy that only warns bounds nobody, nor does one
    that refuses nothing, or leaves out whom it is for.
    """
    wanted = "guardrails" in r.environment.components if r.environment else False
    if not wanted and not any(r.all(_POLICY, name) for name in guardrails.POLICIES):
        return
    if (account := account_of(r).name) != NAME:
        place = f"{POD}.serviceAccountName"
        yield Fault(f"is {account}, {_UNKNOWN}", NAME, object=STATEFUL_SET, path=place)
    yield from _settings(r)
    for name in guardrails.POLICIES:
        for kind, faults in ((_POLICY, _policy), (_BINDING, _binding)):
            found = r.all(kind, name)
            if not found:
                yield Fault(f"does not render {kind} {name}", "take components/guardrails back")
            for item in found:
                yield from faults(item)


def _settings(r: Rendered) -> Faults:
    """FrameworkController's own file may name another user; FCG36 looks at variables."""
    decoded = r.settings()
    if decoded is None:
        return
    for key in ("kubeApiServerAddress", "kubeConfigFilePath"):
        if decoded.value.get(key):
            what = f"makes FrameworkController another user, {_UNKNOWN}"
            line = decoded.line((key,))
            yield Fault(what, "its ServiceAccount", file=r.config_file, line=line, path=key)


def _policy(item: Object) -> Faults:
    spec, its = mapping(item.get("spec")), named(item)
    if spec.get("failurePolicy", "Fail") != "Fail":
        what = "lets pass what it cannot judge"
        yield Fault(what, "Fail", object=its, path="spec.failurePolicy")
    if not spec.get("validations"):
        hint = "those of components/guardrails/"
        yield Fault("refuse nothing", hint, object=its, path="spec.validations")
    selects = mapping(spec.get("matchConstraints"))
    for key in ("namespaceSelector", "objectSelector", "excludeResourceRules"):
        if selects.get(key):
            path = f"spec.matchConstraints.{key}"
            yield Fault(_LEAVES_OUT, "leave it out", object=its, path=path)
    for condition in mappings(spec.get("matchConditions")):
        if condition.get("name") not in guardrails.CONDITIONS:
            path = f"spec.matchConditions: {shown(condition.get('name'))}"
            yield Fault(_LEAVES_OUT, "leave it out", object=its, path=path)


def _binding(item: Object) -> Faults:
    spec = item.get("spec") or {}
    if "Deny" not in (spec.get("validationActions") or []):
        yield Fault("refuses nothing", "Deny", object=named(item), path="spec.validationActions")
    if spec.get("policyName") != item["metadata"]["name"]:
        what = f"binds {spec.get('policyName')}"
        hint = str(item["metadata"]["name"])
        yield Fault(what, hint, object=named(item), path="spec.policyName")
    if spec.get("matchResources"):
        path = "spec.matchResources"
        yield Fault(_LEAVES_OUT, "leave it out", object=named(item), path=path)
