"""What Flux is pointed at: clusters/flux/ENV/, one source and one Kustomization for each cluster.

`flux bootstrap --path clusters/flux/ENV` takes the folder as it is, and `kubectl apply -f` does
where Flux is there already. There is no kustomization.yaml: Flux then takes every YAML file of
the folder, that of its own bootstrap included.
Sources: https://fluxcd.io/flux/components/kustomize/kustomizations/ and
/source/gitrepositories/; what the ServiceAccount needs was seen in an API server's audit log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fcgitops.kubernetes.objects import RBAC, Object, group, mapping, name
from fcgitops.manifests import guardrails, overlay
from fcgitops.manifests.overlay import EGRESS
from fcgitops.model import layout
from fcgitops.model.answers import Answers
from fcgitops.model.environment import Environment
from fcgitops.model.framework import CRD
from fcgitops.model.synctools import FLUX
from fcgitops.text import yamlio
from fcgitops.text.tree import Tree

FOLDER = FLUX.folder
NAME = overlay.NAME
NAMESPACE = FLUX.namespace
ACCOUNT = "frameworkcontroller-flux"
ACCOUNT_FILE = "account.yaml"
SYNC_FILE = "sync.yaml"
SIGNING_KEYS = "frameworkcontroller-signing-keys"

KEEP = {"kustomize.toolkit.fluxcd.io/prune": "disabled"}
"""Not pruned by the Kustomization that syncs clusters/flux/ENV/."""
_API_VERSION = f"{RBAC}/v1"
ALL = ["get", "create", "patch", "delete"]
"""The verbs with which Flux applies, watches and prunes a kind."""
_BUT_CREATE = [verb for verb in ALL if verb != "create"]


def files(environment: Environment, answers: Answers, rules: list[dict[str, Any]]) -> Tree:
    """The files of clusters/flux/ENV/, relative to it.

    Args:
        environment: one that Flux syncs.
        answers: of the repository.
        rules: those of FrameworkController's own ClusterRole; empty in `upstream`.
    """
    account: list[dict[str, Any]] = [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": ACCOUNT, "namespace": NAMESPACE, "annotations": KEEP},
        },
        {
            "apiVersion": _API_VERSION,
            "kind": "ClusterRole",
            "metadata": {"name": ACCOUNT, "annotations": KEEP},
            "rules": _rights(environment, answers.profile) + _guardrails(environment) + rules,
        },
        {
            "apiVersion": _API_VERSION,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": ACCOUNT, "annotations": KEEP},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": ACCOUNT},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
        },
    ]
    return {
        ACCOUNT_FILE: file(
            "# The account with which Flux applies the environment. It has the rights for what\n"
            "# is rendered and those that FrameworkController gets, and no more. It must outlive\n"
            "# the Kustomization: without it Flux could not take back what it has applied.\n",
            *account,
        ),
        SYNC_FILE: file(
            "# Neither is pruned by the Kustomization that syncs this folder: a folder that goes\n"
            "# missing from Git must not delete FrameworkController.\n"
            "# A commit is applied once the source has fetched it, within about a minute. What\n"
            "# somebody changes or deletes on the cluster is restored from Git after `interval`\n"
            "# of the Kustomization at the latest (the key flux.interval).\n",
            _source(environment, answers),
            kustomization(
                environment,
                name=NAME,
                path=f"./{answers.at(layout.overlay(environment.name))}",
            ),
        ),
    }


def source_url(answers: Answers) -> str:
    """Where Flux fetches: git@HOST:PATH is ssh://git@HOST/PATH there, all else as it is.

    Source: the pattern of a GitRepository's spec.url in its CRD, ^(http|https|ssh)://.*$.
    """
    url = answers.source_url
    if "://" in url:
        return url
    host, _, path = url.partition(":")
    return f"ssh://{host}/{path.removeprefix('/')}"


def file(comment: str, *documents: dict[str, Any]) -> bytes:
    """A file of several objects, below a comment."""
    return (comment + "---\n".join(map(yamlio.dump, documents))).encode()


def _metadata(environment: Environment, name: str = NAME) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": NAMESPACE}
    if environment.flux_shard:
        metadata["labels"] = {"sharding.fluxcd.io/key": environment.flux_shard}
    return metadata | {"annotations": KEEP}


def _source(environment: Environment, answers: Answers) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "interval": "1m",
        "timeout": "1m",
        "url": source_url(answers),
        "ref": {"branch": answers.branch},
        "ignore": "".join(f"{line}\n" for line in _ignored(environment, answers)),
    }
    if answers.flux_secret:
        spec["secretRef"] = {"name": answers.flux_secret}
    if answers.keys:
        spec["verify"] = {"mode": "HEAD", "secretRef": {"name": SIGNING_KEYS}}
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": _metadata(environment),
        "spec": spec,
    }


def _ignored(environment: Environment, answers: Answers) -> list[str]:
    """Lines of a .gitignore that leave just what the environment is rendered from.

    What stands in a folder comes back only where the folder does, so each on the way to the
    content is named too.
    """
    experiments = (layout.EXPERIMENTS,) if environment.runs_nni else ()
    names = answers.path.split("/") if answers.path else []
    way = ["/".join(names[: depth + 1]) for depth in range(len(names))]
    variant_and_own = (environment.variant, environment.name)
    return [
        "/*",
        *(line for folder in way for line in (f"!/{folder}/", f"/{folder}/*")),
        *(f"!/{answers.at(folder)}/" for folder in (*layout.SHARED, layout.OVERLAYS, *experiments)),
        f"/{answers.at(layout.OVERLAYS)}/*/",
        *(f"!/{answers.at(layout.OVERLAYS)}/{folder}/" for folder in variant_and_own),
    ]


def kustomization(  # noqa: PLR0913 - what differs between Kustomizations, all by name
    environment: Environment,
    *,
    name: str,
    path: str,
    account: str = ACCOUNT,
    depends_on: Sequence[str] = (),
    wait: bool = True,
) -> dict[str, Any]:
    """A Kustomization of one folder of the repository, on the cluster of an environment.

    Args:
        environment: whose shard it is in.
        name: its own.
        path: the folder, from the top of the source.
        account: the ServiceAccount that it applies as.
        depends_on: names of the Kustomizations that must be ready before.
        wait: whether it is ready once its objects are; a Job is when it has ended.
    """
    dependencies = {"dependsOn": [{"name": other} for other in depends_on]} if depends_on else {}
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": _metadata(environment, name),
        "spec": {
            **dependencies,
            "interval": environment.flux_interval,
            "retryInterval": "2m",
            "timeout": "3m",
            "wait": wait,
            "prune": True,
            "force": False,
            "path": path,
            "sourceRef": {"kind": "GitRepository", "name": NAME},
            "serviceAccountName": account,
        },
    }


def rule(group: str, resources: list[str], verbs: list[str], *names: str) -> dict[str, Any]:
    """One rule of a role, for objects of some names or of all."""
    kinds = {"apiGroups": [group], "resources": resources}
    return kinds | ({"resourceNames": list(names)} if names else {}) | {"verbs": verbs}


def _by_name(group: str, resources: list[str], *names: str) -> list[dict[str, Any]]:
    """The rules by which Flux applies, watches and prunes objects of some names alone.

    `create` cannot be limited to a name.
    """
    return [rule(group, resources, ["create"]), rule(group, resources, _BUT_CREATE, *names)]


def _rights(environment: Environment, profile: str) -> list[dict[str, Any]]:
    """What applying, watching and taking back the profile's objects takes, by name where it can.

    A ConfigMap's name ends in a hash. A Role in the environment's namespace would hardly give less:
    FrameworkController's own rights, which the account must have to grant them, are ConfigMaps and
    Pods everywhere. And the Role needs the Namespace before the first sync. Applied from the folder
    of `flux bootstrap` too, that has two owners, and each sync of one takes away what the other has
    said of it, Pod Security included (seen); `ssa: IfNotPresent` would prevent that, but Flux
    before 2.8.7 deletes what has it.
    """
    hardened = profile == "hardened"
    rules = [
        *_by_name("", ["serviceaccounts", "services"], NAME),
        rule("", ["configmaps"], ALL),
        # `wait` looks at a StatefulSet's Pods (cli-utils' podControllerStatusReader).
        rule("", ["pods"], ["list"]),
        *_by_name("apps", ["statefulsets"], NAME),
        *_by_name(RBAC, ["clusterrolebindings"], NAME),
        rule("apiextensions.k8s.io", ["customresourcedefinitions"], ["create"]),
        rule("apiextensions.k8s.io", ["customresourcedefinitions"], ["get", "patch"], CRD),
    ]
    if not hardened:
        return [*rules, rule(RBAC, ["clusterroles"], ["bind"], "cluster-admin")]
    return [
        # Read all: one that an environment has left is looked at before it is not pruned.
        rule("", ["namespaces"], ["get", "create"]),
        rule("", ["namespaces"], ["patch"], environment.namespace),
        *rules,
        *_by_name(RBAC, ["clusterroles"], NAME),
        *_by_name("networking.k8s.io", ["networkpolicies"], NAME, EGRESS),
        *_by_name("cilium.io", ["ciliumnetworkpolicies"], EGRESS),
    ]


def unruled(objects: Iterable[Object], profile: str) -> list[str]:
    """The rules that Flux's account lacks to apply some objects, a line each.

    ConfigMaps it may write by any name. Who applies a role must have its rights, or `escalate`;
    who applies a binding those that it gives, or `bind`.
    """
    found: list[dict[str, Any]] = []
    for o in objects:
        kind, plural = str(o["kind"]), _plural(str(o["kind"]).lower())
        if kind == "ConfigMap":
            continue
        if name(o) not in (NAME, EGRESS):
            found += _by_name(group(o), [plural], name(o))
        if kind in ("Role", "ClusterRole"):
            found.append(rule(RBAC, [plural], ["escalate"], name(o)))
        reference = mapping(o.get("roleRef"))
        given = NAME if profile == "hardened" else "cluster-admin"
        if reference and reference.get("name") != given:
            kinds = _plural(str(reference.get("kind")).lower())
            found.append(rule(RBAC, [kinds], ["bind"], str(reference.get("name"))))
    return list(dict.fromkeys(map(yamlio.scalar, found)))


def _plural(kind: str) -> str:
    """A kind as a resource, by the rule that nearly all names follow (meta.UnsafeGuessKind…)."""
    if kind.endswith("y") and kind[-2:-1] not in "aeiou":
        return f"{kind[:-1]}ies"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def _guardrails(environment: Environment) -> list[dict[str, Any]]:
    """The rights that the policies of components/guardrails/ take.

    An environment without the component may take them back, and not make them: whoever makes such
    a policy can stop a whole cluster.
    """
    kinds = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"]
    group = "admissionregistration.k8s.io"
    create, rest = _by_name(group, kinds, *guardrails.POLICIES)
    return [create, rest] if "guardrails" in environment.components else [rest]
