"""For each check of `verify` a fault that it finds, as an edit of a repository in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yamls

Edit = str | Callable[[str], str] | None
"""What a file is to hold, what becomes of it, or that it goes."""


@dataclass(frozen=True)
class Case:
    """One fault, and where it is looked for."""

    place: str
    """The title of the place of the registry."""
    number: str
    edits: Mapping[str, Edit]
    """Path in the repository → its edit."""
    names: tuple[str, ...] = ("prod",)
    """The kustomizations that are verified."""


SOURCE = "overlays/prod/environment.yaml"
OVERLAY = "overlays/prod/kustomization.yaml"
MNIST = "experiments/mnist"
EXPERIMENT = (MNIST,)


def replaced(old: str, new: str) -> Callable[[str], str]:
    """An edit of one text, which must be there."""

    def edit(text: str) -> str:
        assert old in text, (old, text)
        return text.replace(old, new)

    return edit


def changed(**keys: Any) -> Callable[[str], str]:
    """An edit of a YAML file's top level."""
    return lambda text: str(yamls.dump(yamls.load(text) | keys))


def local(environment: str = "prod", **keys: Any) -> dict[str, Edit]:
    """An edit of an environment's own patches."""
    head = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
    return {f"overlays/{environment}/local/kustomization.yaml": yamls.dump(head | keys)}


def patch(kind: str, path: str, value: Any, op: str = "add", name: str = "") -> dict[str, Edit]:
    """The same with one operation on all objects of a kind."""
    operation = {"op": op, "path": path} | ({"value": value} if op != "remove" else {})
    target = {"kind": kind} | ({"name": name} if name else {})
    return local(patches=[{"target": target, "patch": json.dumps([operation])}])


def resource(environment: str = "prod", **fields: Any) -> dict[str, Edit]:
    """The same with one object more."""
    file = f"overlays/{environment}/local/more.yaml"
    return local(environment, resources=["more.yaml"]) | {file: yamls.dump(fields)}


EMPTIED = json.dumps([{"op": "replace", "path": "/spec/replicas", "value": 1}])
STS, POD = "StatefulSet", "/spec/template/spec"
CONTAINER = f"{POD}/containers/0"
RULE = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
ALONE = {"podSelector": {}, "policyTypes": ["Egress"], "egress": []}
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "more"}}

CASES = [
    Case("what kustomize says", "FCG00", local(resources=["nowhere.yaml"])),
    Case("what kustomize says", "FCG45", local(resources=["https://example.com/x.yaml"])),
    Case("what an overlay renders", "FCG01", patch(STS, "/spec/replicas", 2)),
    Case("what an overlay renders", "FCG02", {OVERLAY: changed(namespace="other")}),
    Case("the one StatefulSet that an overlay renders", "FCG03",
         patch("ClusterRoleBinding", "/subjects/0/name", "other")),
    Case("the one StatefulSet that an overlay renders", "FCG04",
         patch(STS, f"{POD}/volumes/-", {"name": "v", "configMap": {"name": "none"}})),
    Case("the one StatefulSet that an overlay renders", "FCG05",
         {"overlays/prod/frameworkcontroller.yaml": "workerNumber: 0\n"}),
    Case("the one StatefulSet that an overlay renders", "FCG06",
         patch(STS, f"{CONTAINER}/image", "r.io/x:v1.0.0")),
    Case("the one StatefulSet that an overlay renders", "FCG07",
         patch(STS, "/spec/template/metadata/labels/app", "x")),
    Case("the one StatefulSet that an overlay renders", "FCG08",
         patch(STS, f"{POD}/hostNetwork", True)),
    Case("what an overlay renders", "FCG09",
         patch("NetworkPolicy", "/spec/egress", [{}], name="frameworkcontroller-egress")),
    Case("what an overlay renders", "FCG10",
         {OVERLAY: changed(generatorOptions={"disableNameSuffixHash": True})}),
    Case("the repository", "FCG11",
         {"overlays/dev/environment.yaml": replaced("name: dev", "name: prod")},
         ("dev", "prod")),
    Case("environment.yaml", "FCG11", {SOURCE: replaced("customized-config", "nonsense")}),
    Case("an environment's files", "FCG11",
         {SOURCE: lambda text: f"{text}settings: {{workerNumber: 0}}\n"}),
    Case("the repository", "FCG12",
         {"fcgitops.yaml": replaced("repo_url: ''", "repo_url: https://x/y")}),
    Case("the repository", "FCG12", {".fcgitops/base": None}),
    Case("the repository", "FCG12", {".fcgitops/base": lambda text: text.replace("=>", ">>")}),
    Case("an environment's files", "FCG12",
         {SOURCE: lambda text: f"{text}priorityClassName: high\n"}),
    Case("an experiment's files", "FCG12", {f"{MNIST}/code/trial.py": lambda text: f"{text}\n"},
         EXPERIMENT),
    Case("an environment's files", "FCG13", {SOURCE: replaced("sync: argocd\n", "")}),
    Case("the repository", "FCG49",
         {"fcgitops.yaml": lambda text: f"{text}gates: [{{for: prd}}]\n"}),
    Case("what an overlay renders", "FCG50",
         local(components=["../../../components/crd"], patches=[{
             "target": {"kind": "CustomResourceDefinition"},
             "patch": '[{"op": "add", "path": "/spec/versions/0/subresources", '
                      '"value": {"status": {}}}]'}])),
    Case("the repository", "FCG14", {"clusters/flux/gone/sync.yaml": "kind: Kustomization\n"}),
    Case("an environment's files", "FCG15",
         local(components=["../../../docs"]) | {"docs/kustomization.yaml": COMPONENT}),
    Case("an experiment's files", "FCG16",
         {f"{MNIST}/experiment.yaml": replaced("reuseMode: true", "reuseMode: false")},
         EXPERIMENT),
    Case("what NNI's kustomizations render", "FCG17",
         {f"{MNIST}/kustomization.yaml": changed(namespace="other")}, EXPERIMENT),
    Case("the repository", "FCG18", {"clusters/argocd/appproject.yaml": None}),
    Case("what NNI's kustomizations render", "FCG19",
         {f"{MNIST}/job.yaml": lambda text: f"{text}---\n{yamls.dump(ROLE)}"}, EXPERIMENT),
    Case("an environment's files", "FCG20",
         {"overlays/prod/.fcgitops": lambda text: f"{text}=> mine.txt\n|n\n"}),
    Case("an experiment's files", "FCG20",
         {f"{MNIST}/.fcgitops": lambda text: f"{text}=> mine.txt\n|n\n"}, EXPERIMENT),
    Case("the repository", "FCG20",
         {"overlays/prod/.fcgitops": lambda text: f"{text}=> mine.txt\n|n\n", SOURCE: None},
         ("dev",)),
    Case("an environment's files", "FCG18", {"clusters/flux/dev/account.yaml": None}, ("dev",)),
    Case("comments that take findings back", "FCG21",
         {SOURCE: lambda text: f"{text}# fcgitops: ignore FCG38\n"}),
    Case("each object that a kustomization renders", "FCG30", patch(STS, "/spec/replica", 1)),
    Case("each object that a kustomization renders", "FCG31",
         patch(STS, "/spec/replicas", 4294967297)),
    Case("each object that a kustomization renders", "FCG32",
         resource(apiVersion="example.com/v1", kind="Thing", metadata={"name": "t"})),
    Case("what FrameworkController needs of an overlay", "FCG33",
         patch("ClusterRole", "/rules/0", None, "remove")),
    Case("what FrameworkController needs of an overlay", "FCG34",
         patch("ClusterRole", "/rules/-", RULE)),
    Case("what FrameworkController needs of an overlay", "FCG35",
         patch(STS, f"{CONTAINER}/command", ["/bin/true"])),
    Case("what FrameworkController needs of an overlay", "FCG36",
         patch(STS, f"{POD}/automountServiceAccountToken", False)),
    Case("what FrameworkController needs of an overlay", "FCG37",
         patch(STS, "/spec/replicas", 0)),
    Case("what FrameworkController needs of an overlay", "FCG38",
         patch(STS, f"{POD}/priorityClassName", "high")),
    Case("what FrameworkController needs of an overlay", "FCG39",
         patch(STS, f"{CONTAINER}/resources", {"limits": {"memory": "4Mi"}})),
    Case("what FrameworkController needs of an overlay", "FCG40",
         resource("dev", apiVersion="networking.k8s.io/v1", kind="NetworkPolicy",
                  metadata={"name": "alone"}, spec=ALONE), ("dev",)),
    Case("each object that a kustomization renders", "FCG41",
         resource(apiVersion="v1", kind="Pod", metadata={"name": "more"},
                  spec={"containers": [{"name": "c", "image": "r.io/x:1"}]})),
    Case("what FrameworkController needs of an overlay", "FCG44",
         patch(STS, "/metadata/annotations", {"argocd.argoproj.io/hook": "PreSync"})),
    Case("what FrameworkController needs of an overlay", "FCG47",
         resource(apiVersion="admissionregistration.k8s.io/v1", kind="ValidatingAdmissionPolicy",
                  metadata={"name": "frameworkcontroller"}, spec={})),
    Case("the files that a kustomization is made of", "FCG42",
         local(labels=[{"pairs": {"team": "a"}, "includeSelectors": True}])),
    Case("the files that a kustomization is made of", "FCG43",
         local(patches=[{"target": {"kind": STS, "name": "gone"}, "patch": EMPTIED}])),
]  # fmt: skip
