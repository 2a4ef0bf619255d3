"""Whether what FrameworkController's Pod refers to is there, rendered or expected."""

from __future__ import annotations

from fcgitops.core.findings import HAZARD, INFO
from fcgitops.kubernetes import references
from fcgitops.kubernetes.objects import mappings
from fcgitops.manifests.overlay import NAME
from fcgitops.model import expects
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import NEEDS, POD, STATEFUL_SET, Rendered, named

_SCHEDULER = ("scheduler", "default-scheduler")
_CLASSES = [("PriorityClass", name) for name in references.SYSTEM_PRIORITIES]
_EXPECTS = {kind: key for key, kind in expects.KINDS.items()}
"""Kind → its list in `expects`."""
_AUTHORITY = ("ConfigMap", "kube-root-ca.crt")
"""Kubernetes puts one into every namespace (pkg/controller/certificates/rootcacertpublisher)."""


@NEEDS.check("FCG38", HAZARD)
def referred(r: Rendered) -> Faults:
    """What the Pod refers to is rendered, or `expects` of environment.yaml names it."""
    there = expected(r)
    for kind, name, place, key, optional in references.of_pod(r.pod()):
        if optional or (kind, name) == _SCHEDULER or kind == "ServiceAccount":
            continue  # bindings tell what the account lacks, below
        found = r.all(kind, name)
        if found:
            keys = {**(found[0].get("data") or {}), **(found[0].get("binaryData") or {}),
                    **(found[0].get("stringData") or {})}  # fmt: skip
            if key and kind in ("ConfigMap", "Secret") and key not in keys:
                what = f"the {kind} {name} has no key {key}: the Pod never starts"
                yield Fault(
                    what, ", ".join(keys) or "add it", object=STATEFUL_SET, path=f"{POD}.{place}"
                )
        elif (kind, name) not in there and (kind, name) not in _CLASSES:
            what = f"no {kind} {name} is rendered, nor expected: the Pod never starts"
            hint = f"expects: {{{_EXPECTS[kind]}: [{name}]}} where something else makes it"
            yield Fault(what, hint, object=STATEFUL_SET, path=f"{POD}.{place}")
    yield from _namespace(r, there)
    yield from _bound_accounts(r, there)


def _namespace(r: Rendered, expected: set[tuple[str, str]]) -> Faults:
    name = r.namespace()
    there = r.profile != "hardened" or r.all("Namespace", name) or ("Namespace", name) in expected
    if not there:
        what = f"no Namespace {name} is rendered, nor expected: nothing of it can be applied"
        hint = f"expects: {{namespaces: [{name}]}} where something else makes it"
        yield Fault(what, hint, object=STATEFUL_SET, path="metadata.namespace")
    if not r.all("Service", str(r.controller()["spec"].get("serviceName") or NAME)):
        what = "no such Service is rendered: the Pod runs, and has no name in DNS"
        yield Fault(what, severity=INFO, object=STATEFUL_SET, path="spec.serviceName")


def _bound_accounts(r: Rendered, expected: set[tuple[str, str]]) -> Faults:
    """Subjects of bindings: kustomize moves them with `namespace:`, or does not."""
    rendered = {
        (o["metadata"].get("namespace"), o["metadata"].get("name"))
        for o in r.objects
        if o.get("kind") == "ServiceAccount"
    }
    for binding in r.objects:
        if binding.get("kind") not in ("ClusterRoleBinding", "RoleBinding"):
            continue
        for i, subject in enumerate(mappings(binding.get("subjects"))):
            if subject.get("kind") != "ServiceAccount":
                continue
            home, name = (subject.get(key) or "" for key in ("namespace", "name"))
            if (home, name) in rendered or ("ServiceAccount", f"{home}/{name}") in expected:
                continue
            if not (home and name):  # Kubernetes' own validation says so
                continue
            what = f"no ServiceAccount {name} is rendered in {home}, nor expected"
            hint = f"expects: {{serviceAccounts: [{home}/{name}]}} where something else makes it"
            yield Fault(what, hint, object=named(binding), path=f"subjects[{i}]")


def expected(r: Rendered) -> set[tuple[str, str]]:
    """Kind and name of what the environment says to be on its cluster."""
    env = r.environment
    if env is None:
        return {_AUTHORITY}
    found = {_AUTHORITY}
    found |= {(expects.KINDS[key], name) for key, listed in env.expects.items() for name in listed}
    # These keys name what has to be there.
    found.add(("Secret", env.kubeconfig_secret))
    found.add(("PriorityClass", env.priority_class))
    return found
