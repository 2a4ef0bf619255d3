"""What NNI experiments need on a cluster: overlays/ENV/nni/, a kustomization of its own.

Apart from the environment's own overlay, since a second Namespace below one `namespace:` is an
ID conflict for kustomize, and because it waits for the controller and is removed alone.

The rights are all that NNI 3.0 and FrameworkBarrier ask for, as seen in an API server's audit
log. NNI's own documentation gives trials the account of FrameworkController, which may do
anything; trials run what anybody writes.
"""

from __future__ import annotations

from typing import Any

from fcgitops.kubernetes.objects import RBAC, Object
from fcgitops.manifests import guardrails, nni_network
from fcgitops.model import framework, layout, storage
from fcgitops.model.environment import Environment
from fcgitops.text import yamlio
from fcgitops.text.tree import Tree

MADE = tuple(
    f"{layout.NNI}/{name}.yaml"
    for name in ("accounts", "kustomization", "limits", "namespace", "networkpolicies")
)
"""Every file that this version or a former one makes here, from the environment's folder."""
MANAGER = "nni-manager"
TRIAL = "nni-trial"
UI_PORT = 8080
METRICS_PORT = UI_PORT + 1
"""Where a manager hears from its trials: always the port after its page's."""

_MANAGERS = {"matchLabels": {"app": MANAGER}}
_TRIALS = {"matchExpressions": [{"key": "FC_FRAMEWORK_NAME", "operator": "Exists"}]}
"""FrameworkController labels each Pod with its Framework."""


def files(environment: Environment) -> Tree:
    """The generated files, relative to the environment's folder; empty where NNI is not on."""
    if not environment.runs_nni:
        return {}
    documents = {
        "namespace.yaml": (
            "# Trials cannot be `restricted`: FrameworkController (of Kubernetes 1.16's time)\n"
            "# drops the seccompProfile from their Pods.\n",
            [namespace(environment)],
        ),
        "accounts.yaml": (
            "# The manager makes Frameworks; a trial's first container looks whether its own\n"
            "# is complete. Neither may do more; neither uses FrameworkController's account.\n",
            _account(environment, MANAGER, manager_rules(environment))
            + _account(environment, TRIAL, [_rule(framework.GROUP, framework.PLURAL, "get")]),
        ),
        "networkpolicies.yaml": (
            "# A manager's page has no password: only the namespaces of `nni.uiFrom` reach it\n"
            "# (`kubectl port-forward` does too), and only trials reach what they report to.\n"
            "# They may connect to each other, DNS, the share, the API server and the Internet,\n"
            "# but not to private networks or to a cloud's metadata, which holds secrets, nor to\n"
            "# these behind a NAT64 gateway (64:ff9b::).\n",
            _policies(environment),
        ),
    }
    if environment.tool.makes_nni_namespace:  # it stands with the entry points
        del documents["namespace.yaml"]
    if limits := _limits(environment):
        documents["limits.yaml"] = ("", limits)
    header = layout.header(environment.name)
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": environment.nni_namespace,
        "labels": [{"pairs": labels("platform")}],
        "resources": list(documents),
    }
    texts = {name: comment + _dump(objects) for name, (comment, objects) in documents.items()}
    texts[layout.KUSTOMIZATION_FILE] = yamlio.dump(kustomization)
    return {
        f"{layout.NNI}/{name}": (header + text).encode() for name, text in sorted(texts.items())
    }


def _dump(objects: list[Object]) -> str:
    return "---\n".join(map(yamlio.dump, objects))


def labels(component: str) -> dict[str, str]:
    """By which a person, or a dashboard, finds what belongs to NNI.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ (`instance` is
    Argo CD's own where it tracks by label.)
    """
    return {"app.kubernetes.io/name": "nni", "app.kubernetes.io/component": component}


def namespace(environment: Environment) -> Object:
    """The Namespace of the experiments, which nothing prunes."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": environment.nni_namespace,
            "labels": guardrails.ALLOWED,
            "annotations": {
                guardrails.ACCOUNTS: TRIAL,
                "argocd.argoproj.io/sync-options": "Prune=confirm,Delete=confirm",
                "kustomize.toolkit.fluxcd.io/prune": "disabled",
            },
        },
    }


def _rule(group: str, resource: str, *verbs: str) -> Object:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}


def manager_rules(environment: Environment) -> list[Object]:
    """All that a manager may do."""
    rules = [_rule(framework.GROUP, framework.PLURAL, "create", "get", "deletecollection")]
    if isinstance(storage.parse(environment.nni_storage), storage.Azure):
        rules.append(_rule("", "secrets", "create"))  # with the share's key, for the trials
    return rules


def _account(environment: Environment, name: str, rules: list[Object]) -> list[Object]:
    """A ServiceAccount with a Role of its own."""
    account: Object = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
    if environment.nni_pull_secrets:
        account["imagePullSecrets"] = [{"name": secret} for secret in environment.nni_pull_secrets]
    return [
        account,
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "Role",
            "metadata": {"name": name},
            "rules": rules,
        },
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name}],
        },
    ]


def _policy(name: str, pods: Object, *rules: Object) -> Object:
    spec: Object = {"podSelector": pods, "policyTypes": ["Ingress"]}
    if rules:
        spec["ingress"] = list(rules)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def _policies(environment: Environment) -> list[Object]:
    # Port 8081 is open to all trials of the namespace. A narrower policy would have to know a trial
    # by a label of its Pod: NNI sets none there, and what FrameworkController sets or keeps
    # (fc: funcs.go NewPod) is chosen by whoever creates the Framework, as each manager may. NNI's
    # channel itself closes on who does not name its experiment's ID and a runner's
    # (nni_node/training_service/reusable/channels/webCommandChannel.js).
    metrics = {
        "from": [{"podSelector": _TRIALS}],
        "ports": [{"protocol": "TCP", "port": METRICS_PORT}],
    }
    found = [
        _policy("nni-default-deny", {}),
        _policy("nni-metrics", _MANAGERS, metrics),
        # The task roles of one Framework talk to each other at ports of their own choice.
        _policy("nni-trials", _TRIALS, {"from": [{"podSelector": _TRIALS}]}),
    ]
    if environment.nni_ui_from:
        names = {
            "key": "kubernetes.io/metadata.name",
            "operator": "In",
            "values": environment.nni_ui_from,
        }
        page = {
            "from": [{"namespaceSelector": {"matchExpressions": [names]}}],
            "ports": [{"protocol": "TCP", "port": UI_PORT}],
        }
        found.append(_policy("nni-ui", _MANAGERS, page))
    return found + nni_network.policies(environment)


def _limits(environment: Environment) -> list[Object]:
    found: list[Object] = []
    if environment.nni_quota:
        found.append(
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": {"name": "nni"},
                "spec": {"hard": _texts(environment.nni_quota)},
            }
        )
    if environment.nni_limits:
        found.append(
            {
                "apiVersion": "v1",
                "kind": "LimitRange",
                "metadata": {"name": "nni"},
                "spec": {
                    "limits": [
                        {
                            "type": "Container",
                            **{k: _texts(v) for k, v in environment.nni_limits.items()},
                        }
                    ]
                },
            }
        )
    return found


def _texts(amounts: dict[str, Any]) -> dict[str, str]:
    """Amounts as the API server keeps them: a number would look changed at every sync."""
    return {name: str(value) for name, value in amounts.items()}
