"""`adopt` makes an environment of what runs FrameworkController without us."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
import yamls
from conftest import CopyOf, Fcgitops, snapshot
from fcgitops.adopt import reading, recognition
from fcgitops.adopt.keys import Keys
from fcgitops.adopt.patching import Operation, operations
from fcgitops.core.errors import InputError
from fcgitops.model import image
from gitenv import git, write

SEED = Path(__file__).parents[1] / "data" / "seed"
DEFAULT = SEED / "frameworkcontroller-with-default-config.yaml"
OURS = "overlays/live/environment.yaml"
SEED_AS_KEYS = """\
variant: default-config
cluster:
  name: live
namespace: default
sync: argocd
"""
SEED_RUNBOOK = """\
How to move, step by step:
1. On the cluster live: see what runs, and that what is named is there
   kubectl get frameworks.frameworkcontroller.microsoft.com --all-namespaces
2. What applies it until now lets go of it; nothing is deleted
   # files do not say who that is, what a cluster has does. Adopt that:
   # "kubectl get … -o yaml | fcgitops adopt -"
3. Push the commit, and point Argo CD at it, where Argo CD runs
   # once the commit is merged and pushed:
   fcgitops bootstrap live
4. On the cluster: see that it has started, and that every Framework is there
   kubectl --namespace default rollout status --timeout=5m statefulset/frameworkcontroller
   kubectl get frameworks.frameworkcontroller.microsoft.com --all-namespaces
"""


def controller(**changes: object) -> dict[str, object]:
    """A StatefulSet that runs FrameworkController, changed."""
    kind, image = (
        changes.pop("kind", "StatefulSet"),
        changes.pop("image", "frameworkcontroller:v1.0.0"),
    )
    name, replicas = changes.pop("name", "frameworkcontroller"), changes.pop("replicas", 1)
    labels = {"app": "frameworkcontroller"}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "fc"},
        "spec": {
            "serviceName": "frameworkcontroller",
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "fc", "image": image, **changes}]},
            },
        },
    }


def configured(text: str | None) -> list[object]:
    """One that copies its file from a ConfigMap with this text; None is no ConfigMap."""
    command = ["bash", "-c", "cp /settings/frameworkcontroller.yaml . && ./start.sh"]
    found: Any = controller(command=command, volumeMounts=[{"name": "s", "mountPath": "/settings"}])
    pod = found["spec"]["template"]["spec"]
    pod["volumes"] = [{"name": "s", "configMap": {"name": "settings"}}]
    metadata = {"name": "settings", "namespace": "fc"}
    data = {"frameworkcontroller.yaml": text}
    own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    return [found, *([own] if text is not None else [])]


def kustomized(o: Any, patch: list[Operation]) -> Any:
    """An object with a patch applied: of keys that are added or replaced."""
    after = json.loads(json.dumps(o))
    for each in patch:
        place, (*way, last) = after, each.path
        for part in way:
            place = place[int(part) if isinstance(place, list) else part]
        if isinstance(place, list) and each.op == "add":
            place.insert(len(place) if last == "-" else int(last), each.value)
        else:
            place[int(last) if isinstance(place, list) else last] = each.value
    return after


def refused(*documents: object) -> list[str]:
    """What is said of objects that cannot be adopted."""
    data = "---\n".join(json.dumps(document) + "\n" for document in documents).encode()
    with pytest.raises(InputError) as raised:
        recognition.find(reading.read({"all.yaml": data}))
    return [str(problem) for problem in raised.value.problems]


def test_the_seed_as_an_environment(copy_of: CopyOf, fcgitops: Fcgitops) -> None:
    """In a repository of its profile no field differs; a dry run prints what the commit says."""
    folder = copy_of(["new", "deploy", "--profile", "upstream"])
    before = snapshot(folder / "overlays")
    dry = fcgitops("-C", folder, "adopt", DEFAULT, "--name", "live", "--dry-run")
    assert snapshot(folder / "overlays") == before
    ran = fcgitops("-C", folder, "adopt", DEFAULT, "--name", "live")
    assert ran.out == dry.out
    assert (folder / OURS).read_text().endswith(SEED_AS_KEYS)
    assert git(folder, "log", "-1", "--format=%s") == "Adopt live"
    assert git(folder, "log", "-1", "--format=%b").rstrip("\n") == ran.out.rstrip("\n")
    assert git(folder, "status", "--porcelain") == ""
    assert ran.out.endswith(SEED_RUNBOOK)
    assert "~ StatefulSet" not in ran.out
    assert fcgitops("-C", folder, "adopt", DEFAULT, "--name", "live", status=2).err.startswith(
        "error: live: is an environment already"
    )


def test_what_is_asked_of_the_pod_is_asked_where_it_runs(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """Where it moves to another namespace nothing is there yet to be looked at."""
    out = fcgitops("-C", repository, "adopt", DEFAULT, "--name", "live", "--dry-run").out
    assert "kubectl top pod -n default\n" in out


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([], "nothing here runs FrameworkController: no object at all"),
        (
            [controller(image="nginx:1", name="web")],
            "nothing here runs FrameworkController: StatefulSet/web",
        ),
        (
            [controller(kind="Deployment")],
            "Deployment/frameworkcontroller runs FrameworkController, and is no StatefulSet",
        ),
        ([controller(), controller(name="other")], "and so does another: there is one per cluster"),
        ([controller(replicas=2)], "has 2 replicas, which work against each other"),
        (
            [controller(image="frameworkcontroller:v0.9.0")],
            "runs v0.9.0, which fails on Kubernetes",
        ),
        (configured(None), "the ConfigMap settings, which is not here (kubectl get configmap"),
        (configured("workerNumber: 0\n"), "ConfigMap/settings:1: workerNumber: is 0"),
        ([controller(ports=1)], "spec.template.spec.containers[0].ports: "),
        ([controller(name="--all")], "metadata.name '--all' is no name"),
        ([{**controller(), "kind": "../x"}], "kind '../x' is none of Kubernetes'"),
        (["text"], "document 1 is no mapping"),
        ([{"apiVersion": "v1", "kind": "ConfigMap"}], "document 1 has no metadata.name"),
    ],
)
def test_what_is_no_input(documents: list[object], said: str) -> None:
    """Each mistake is named, and nothing is adopted."""
    assert any(said in line for line in refused(*documents))


def test_all_mistakes_at_once(tmp_path: Path, fcgitops: Fcgitops, repository: Path) -> None:
    """Of options and of every file; nothing is written."""
    write(
        tmp_path, {"m/a.yaml": "a: [", "m/b.yml": "- 1\n", "m/kustomization.yaml": "resources: []"}
    )
    head = git(repository, "rev-parse", "HEAD")
    said = fcgitops(
        "-C", repository, "adopt", tmp_path / "m", "--name", "No", "--set", "nope=1", status=2
    ).err
    for part in (
        "--set: 'nope' is not known",
        "--name: 'No'",
        "a.yaml: is not valid YAML",
        "b.yml: document 1",
        "kustomize build DIR | fcgitops adopt -",
    ):
        assert part in said
    assert git(repository, "rev-parse", "HEAD") == head


LIVE = """\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  metadata: {name: fc-token, namespace: fc}
  data: {password: aHVudGVyMg==}
- apiVersion: v1
  kind: ServiceAccount
  metadata:
    name: fc
    namespace: fc
    uid: 1f
    annotations: {example.com/role: reader}
    labels:
      kustomize.toolkit.fluxcd.io/name: old
      kustomize.toolkit.fluxcd.io/namespace: flux-system
  secrets: [{name: fc-token-x7}]
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRoleBinding
  metadata: {name: fc}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
  subjects: [{kind: ServiceAccount, name: fc, namespace: fc}]
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: settings
    namespace: fc
    managedFields: [{manager: kubectl, operation: Update}]
    annotations: {argocd.argoproj.io/tracking-id: "web; id:/ConfigMap:fc/settings"}
  data:
    frameworkcontroller.yaml: |
      kubeClientQps: 200
      kubeClientBurst: 300
      # a small cluster
      workerNumber: 20
- apiVersion: policy/v1
  kind: PodDisruptionBudget
  metadata:
    name: fc
    namespace: fc
    annotations: {argocd.argoproj.io/tracking-id: "rest:policy/PodDisruptionBudget:fc/fc"}
  spec: {maxUnavailable: 1, selector: {matchLabels: {app: frameworkcontroller}}}
- apiVersion: apps/v1
  kind: StatefulSet
  metadata:
    name: frameworkcontroller
    namespace: fc
    uid: 2f
    resourceVersion: "7"
    generation: 3
    creationTimestamp: "2026-01-01T00:00:00Z"
    annotations:
      meta.helm.sh/release-name: fc
      meta.helm.sh/release-namespace: fc
      kubectl.kubernetes.io/last-applied-configuration: '{"password":"hunter2"}'
    labels: {app.kubernetes.io/managed-by: Helm, team: ml}
  spec:
    podManagementPolicy: OrderedReady
    persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}
    replicas: 1
    revisionHistoryLimit: 10
    selector: {matchLabels: {app: frameworkcontroller}}
    serviceName: fc
    template:
      metadata:
        annotations: {owner: ml}
        creationTimestamp: null
        labels: {app: frameworkcontroller, team: ml}
      spec:
        containers:
        - name: controller
          image: mirror.example.com:5000/frameworkcontroller:v1.1.0
          imagePullPolicy: IfNotPresent
          command: [bash, -c, cp /settings/frameworkcontroller.yaml . && ./start.sh]
          env:
          - {name: API_TOKEN, value: hunter2}
          - {name: LEVEL, value: debug}
          - {name: KUBECONFIG, value: /kube/config}
          - name: PASS
            valueFrom: {secretKeyRef: {name: fc-token, key: password}}
          resources: {requests: {cpu: 500m, memory: 2Gi}, limits: {memory: 2048Mi}}
          terminationMessagePath: /dev/termination-log
          terminationMessagePolicy: File
          volumeMounts:
          - {name: settings, mountPath: /settings}
          - {name: kube, mountPath: /kube}
        dnsPolicy: ClusterFirst
        priorityClassName: high
        restartPolicy: Always
        schedulerName: default-scheduler
        securityContext: {}
        serviceAccount: fc
        serviceAccountName: fc
        terminationGracePeriodSeconds: 30
        tolerations: [{key: gpu, operator: Exists}]
        volumes:
        - {name: settings, configMap: {name: settings, defaultMode: 420}}
        - {name: kube, secret: {secretName: kube, defaultMode: 420}}
    updateStrategy: {rollingUpdate: {partition: 0}, type: RollingUpdate}
  status: {replicas: 1, currentRevision: x}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, namespace: fc}
  spec: {template: {spec: {containers: [{name: web, image: nginx}]}}}
"""
LIVE_AS_KEYS = """\
variant: customized-config
cluster:
  name: live
namespace: fc
sync: argocd
image:
  registry: mirror.example.com:5000
  repository: frameworkcontroller
  tag: v1.1.0
apiServer:
  kubeconfigKey: config
  kubeconfigSecret: kube
resources:
  cpu: 500m
  memory: 2Gi
tolerations:
- key: gpu
  operator: Exists
priorityClassName: high
labels:
  team: ml
annotations:
  owner: ml
shippedPodFailureSpec: replace
expects:
  secrets:
  - fc-token
settings:
  # a small cluster
  workerNumber: 20
  largeFrameworkCompression: false
  frameworkCompletedRetainSec: 2592000
  podFailureSpec: []
"""
LIVE_AS_PATCH = """\
- op: add
  path: /spec/template/spec/containers/0/env/-
  value:
    name: PASS
    valueFrom:
      secretKeyRef:
        name: fc-token
        key: password
- op: add
  path: /spec/template/spec/containers/0/env/0
  value:
    name: LEVEL
    value: debug
"""
MOVE_OF_LIVE = [
    "kubectl --namespace fc get secret fc-token",
    "kubectl --namespace fc get secret kube",
    "kubectl get priorityclass high",
    "kubectl --namespace fc delete secret --selector owner=helm,name=fc",
    "kubectl --namespace flux-system patch kustomizations.kustomize.toolkit.fluxcd.io old "
    """--type=merge '--patch={"spec":{"suspend":true,"prune":false}}'""",
    "kubectl --namespace argocd patch applications.argoproj.io rest --type=merge "
    """'--patch={"spec":{"syncPolicy":{"automated":null}}}'""",
    "kubectl --namespace fc annotate poddisruptionbudget.policy/fc argocd.argoproj.io/tracking-id-",
    "kubectl annotate namespace/fc argocd.argoproj.io/tracking-id-",
    "#   namespaceResourceWhitelist: [{group: policy, kind: PodDisruptionBudget}]",
    "kubectl --namespace fc delete statefulset frameworkcontroller --cascade=orphan",
    "kubectl --namespace fc delete configmap settings",
    "# kubectl --namespace fc delete serviceaccount fc",
    "# kubectl delete clusterrolebinding fc",
    "# kubectl --namespace flux-system delete kustomizations.kustomize.toolkit.fluxcd.io old",
]


@pytest.mark.slow
def test_what_a_cluster_has(copy_of: CopyOf, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """With all that the API server and Helm add: keys, patches, and what is not Git's."""
    folder = copy_of(["new", "deploy"])
    write(tmp_path, {"live.yaml": LIVE})
    ran = fcgitops("-C", folder, "adopt", tmp_path / "live.yaml", "--name", "live",
                   "--format", "json")  # fmt: skip
    said = json.loads(ran.out)
    assert (folder / OURS).read_text().endswith(LIVE_AS_KEYS)
    local = folder / "overlays/live/local"
    assert (local / "patch-statefulset.yaml").read_text() == LIVE_AS_PATCH
    assert said["resources"] == ["PodDisruptionBudget/fc"]
    assert [each["what"] for each in said["leftOut"]] == [
        "Secret/fc-token",
        "Deployment/web",
        "StatefulSet/frameworkcontroller: spec.template.spec.containers[0].env.API_TOKEN",
    ]
    typed = [line for step in said["runbook"] for line in step["lines"]]
    assert [line for line in MOVE_OF_LIVE if line not in typed] == []
    assert [line for line in typed if "delete" in line and "framework" in line.split()[-1]] == []
    everything = ran.out + ran.err + git(folder, "log", "-p", "-1")
    assert [word for word in ("hunter2", "aHVudGVyMg") if word in everything] == []


def test_a_list_of_one_kind() -> None:
    """Its members need not say which kind they are: the API server's own lists do not."""
    found: Any = controller()
    bare = {key: value for key, value in found.items() if key not in ("apiVersion", "kind")}
    listed = {"apiVersion": "apps/v1", "kind": "StatefulSetList", "items": [bare]}
    for document in (listed, {"apiVersion": "v1", "kind": "List", "items": [listed]}):
        (item,) = reading.read({"f": json.dumps(document).encode()})
        assert item.label == "StatefulSet/frameworkcontroller"
    with pytest.raises(InputError, match="has no apiVersion and no kind"):
        reading.read({"f": json.dumps(listed | {"kind": "List"}).encode()})


HOOKS = """---
# Source: fc/templates/account.yaml
apiVersion: v1
kind: ServiceAccount
metadata:
  name: fc
  namespace: fc
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "-5"
    helm.sh/hook-delete-policy: before-hook-creation
    example.com/role: reader
---
apiVersion: v1
kind: ConfigMap
metadata: {name: notes, namespace: fc, annotations: {argocd.argoproj.io/hook: PreSync}}
data: {a: b}
---
apiVersion: v1
kind: Pod
metadata: {name: fc-test, namespace: fc, annotations: {helm.sh/hook: test}}
spec: {containers: [{name: x, image: frameworkcontroller/frameworkcontroller:v1.0.0}]}
---
"""


def test_hooks(copy_of: CopyOf, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """None goes to Git as one: Argo CD would delete it, and make it anew, at each sync."""
    found: Any = controller()
    found["spec"]["template"]["spec"]["serviceAccountName"] = "fc"
    write(tmp_path, {"all.yaml": HOOKS + json.dumps(found)})
    folder = copy_of(["new", "deploy"])
    ran = fcgitops("-C", folder, "adopt", tmp_path / "all.yaml", "--name", "live",
                   "--format", "json", "--dry-run")  # fmt: skip
    said = json.loads(ran.out)
    assert [patch["value"] for patch in said["patches"] if "ServiceAccount" in patch["object"]] == [
        {"example.com/role": "reader"}
    ]
    assert "ServiceAccount/fc, a hook" in [each["what"] for each in said["otherwise"]]
    assert [each["what"] for each in said["leftOut"]] == ["ConfigMap/notes", "Pod/fc-test"]
    assert said["resources"] == []


ARGO = "argocd.argoproj.io"
PAUSE = (
    "kubectl --namespace {} patch applications.argoproj.io web --type=merge "
    """'--patch={{"spec":{{"syncPolicy":{{"automated":null}}}}}}'"""
)
ACCOUNT = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: frameworkcontroller, namespace: fc, labels: {app.kubernetes.io/instance: web}}
"""
"""Whose label a chart may have written, unless it is known otherwise that an Application has."""
SUSPEND = """--type=merge '--patch={"spec":{"suspend":true}}'"""
APPLIERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "by annotation, and a chart's label": (
        {
            "labels": {"app.kubernetes.io/instance": "web", "a": "b"},
            "annotations": {f"{ARGO}/tracking-id": "web:apps/StatefulSet:fc/frameworkcontroller"},
        },
        [PAUSE.format("argocd"), f"annotate {ARGO}/tracking-id-"],
    ),
    "an Application elsewhere, of one of several installations": (
        {
            "annotations": {
                f"{ARGO}/tracking-id": "team-a_web:apps/StatefulSet:fc/frameworkcontroller",
                f"{ARGO}/installation-id": "second",
            }
        },
        [PAUSE.format("team-a"), f"annotate {ARGO}/tracking-id- {ARGO}/installation-id-"],
    ),
    "by its own label": (
        {"labels": {f"{ARGO}/instance": "web"}},
        [PAUSE.format("argocd"), f"label {ARGO}/instance-"],
    ),
    "by the label of all, and it has written that": (
        {
            "labels": {"app.kubernetes.io/instance": "web"},
            "managedFields": [{"manager": "argocd-controller", "operation": "Apply"}],
        },
        [
            PAUSE.format("argocd"),
            "kubectl --namespace fc label statefulset/frameworkcontroller "
            "serviceaccount/frameworkcontroller app.kubernetes.io/instance-",
        ],
    ),
    "a HelmRelease": (
        {
            "labels": {f"helm.toolkit.fluxcd.io/{k}": v for k, v in {"name": "web",
                       "namespace": "team-a"}.items()},
            "annotations": {"meta.helm.sh/release-name": "web"},
        },
        [f"kubectl --namespace team-a patch helmreleases.helm.toolkit.fluxcd.io web {SUSPEND}"],
    ),
}  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize("who", APPLIERS)
@pytest.mark.slow
def test_who_lets_go(who: str, copy_of: CopyOf, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """The lines pause it, and take off each mark of it and no other; none goes to Git."""
    metadata, lines = APPLIERS[who]
    found: Any = controller()
    found["metadata"] |= {"uid": "1", **metadata}
    write(tmp_path, {"live.yaml": f"{ACCOUNT}---\n{json.dumps(found)}"})
    folder = copy_of(["new", "deploy", "--profile", "upstream"])
    ran = fcgitops("-C", folder, "adopt", tmp_path / "live.yaml", "--name", "live",
                   "--format", "json", "--dry-run")  # fmt: skip
    said = json.loads(ran.out)
    step = next(s["lines"] for s in said["runbook"] if "lets go" in s["title"])
    of = "kubectl --namespace fc {} statefulset/frameworkcontroller {}"
    wanted = [line if line[0] == "k" else of.format(*line.split(" ", 1)) for line in lines]
    assert [line for line in step if not line.startswith("#")] == wanted
    assert "toolkit" not in json.dumps([said["keys"], said["patches"], said["difference"]])
    assert "argoproj" not in json.dumps([said["keys"], said["patches"], said["difference"]])


OF_OUR_NAME = {
    "argocd": (
        {"annotations": {f"{ARGO}/tracking-id": "frameworkcontroller-live:apps/StatefulSet:fc/x"}},
        "kubectl --namespace argocd delete applications.argoproj.io frameworkcontroller-live",
    ),
    "flux": (
        {"labels": {"kustomize.toolkit.fluxcd.io/name": "frameworkcontroller"}},
        "kubectl --namespace flux-system delete kustomizations.kustomize.toolkit.fluxcd.io "
        "frameworkcontroller",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("tool", OF_OUR_NAME)
def test_who_has_the_name_of_ours(
    tool: str, copy_of: CopyOf, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """It goes before ours comes: that would stay suspended, or prune what was applied before."""
    metadata, line = OF_OUR_NAME[tool]
    found: Any = controller()
    found["metadata"] |= {"uid": "1", **metadata}
    write(tmp_path, {"live.yaml": json.dumps(found)})
    folder = copy_of(["new", "deploy", "--profile", "upstream", "--gitops", "both"])
    for sync in OF_OUR_NAME:
        ran = fcgitops("-C", folder, "adopt", tmp_path / "live.yaml", "--name", "live", "--format",
                       "json", "--dry-run", "--set", f"sync={sync}")  # fmt: skip
        steps = {step["title"]: step["lines"] for step in json.loads(ran.out)["runbook"]}
        (first,) = (lines for title, lines in steps.items() if "lets go" in title)
        assert (line in first) == (sync == tool)
        assert ("What has applied it forgets it" in steps) == (sync != tool)


def read_as(
    profile: str,
    changes: dict[str, Any],
    pod: dict[str, Any],
    key: str = "frameworkcontroller.yaml",
) -> Keys:
    """The keys of one whose container is changed, and a ConfigMap that has a file under a key."""
    found: Any = controller(**changes)
    found["spec"]["template"]["spec"] |= pod
    own = {"apiVersion": "v1", "kind": "ConfigMap", "data": {key: "workerNumber: 7\n"}}
    own["metadata"] = {"name": "settings", "namespace": "fc"}
    text = "---\n".join(json.dumps(document) + "\n" for document in (found, own))
    recognised = recognition.find(reading.read({"all.yaml": text.encode()}))
    return Keys(recognised, profile, defaultdict(str), {})


def kept(*read: Any, **how: str) -> Any:
    """What no key says of the Pod of such a one."""
    return recognition.pod_of(read_as(*read, **how).rest)


OURS_BY_NAME = "frameworkcontroller-config"
COPIES = ["bash", "-c", "cp /settings/frameworkcontroller.yaml . && ./start.sh"]
THE_FILE = f"{image.HOME}/frameworkcontroller.yaml"


def test_another_volume_has_the_name_of_ours() -> None:
    """It is called otherwise, wherever it is mounted, so that neither is taken for the other."""
    mounts = [{"name": "s", "mountPath": "/settings"}, {"name": OURS_BY_NAME, "mountPath": "/x"}]
    volumes = [{"name": "s", "configMap": {"name": "settings"}},
               {"name": OURS_BY_NAME, "emptyDir": {"medium": "Memory"}}]  # fmt: skip
    changes = {"command": COPIES, "volumeMounts": mounts}
    other = f"{OURS_BY_NAME}-2"
    pod = kept("hardened", changes, {"volumes": volumes})
    assert pod["volumes"] == [{"name": other, "emptyDir": {"medium": "Memory"}}]
    assert pod["containers"][0]["volumeMounts"] == [{"name": other, "mountPath": "/x"}]
    pod = kept("upstream", changes, {"volumes": volumes})
    assert [volume["name"] for volume in pod["volumes"]] == [OURS_BY_NAME, other]
    assert [m["name"] for m in pod["containers"][0]["volumeMounts"]] == [OURS_BY_NAME, other]


def test_a_file_that_is_mounted_where_it_starts() -> None:
    """In hardened in its own way; in upstream as the image does, and nothing is copied."""
    mount = {"name": "s", "mountPath": THE_FILE, "subPath": "frameworkcontroller.yaml"}
    volumes = [{"name": "s", "configMap": {"name": "settings"}}]
    changes = {"volumeMounts": [mount]}
    (container,) = kept("hardened", changes, {"volumes": volumes})["containers"]
    assert container.keys() == {"name"}
    (container,) = kept("upstream", changes, {"volumes": volumes})["containers"]
    assert container["command"] == ["./start.sh"]
    assert container["volumeMounts"] == [{**mount, "name": OURS_BY_NAME}]


def test_who_else_reads_the_config_map() -> None:
    """A variable or another container follows it to its new name: the old one is taken away."""
    of_it = {"name": "settings"}
    changes = {"envFrom": [{"configMapRef": of_it}], "command": COPIES,
               "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {**of_it, "key": "a"}}}],
               "volumeMounts": [{"name": "s", "mountPath": "/settings"}]}  # fmt: skip
    volumes = [{"name": "s", "configMap": of_it},
               {"name": "p", "projected": {"sources": [{"configMap": of_it}]}}]  # fmt: skip
    for profile in ("hardened", "upstream"):
        text = json.dumps(kept(profile, changes, {"volumes": volumes}))
        assert '"settings"' not in text
        assert text.count(f'"name": "{OURS_BY_NAME}"') >= 3


def test_limits_without_requests() -> None:
    """A Pod has both then, and its template the limits alone: more is a restart for nothing."""
    limits = {"cpu": "500m", "memory": "512Mi"}
    (container,) = kept("upstream", {"resources": {"limits": limits}}, {})["containers"]
    assert container["resources"] == {"limits": limits}
    given = read_as("hardened", {"resources": {"limits": limits}}, {}).given
    assert (given["resources.cpu"], given["resources.memory"]) == ("500m", "512Mi")


ITEMS = [{"key": "fc.yaml", "path": "frameworkcontroller.yaml"}]
AT_WORK = {"workingDir": "/x", "volumeMounts": [{"name": "s", "mountPath": "/x"}]}


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        (
            {"command": COPIES, "volumeMounts": [{"name": "s", "mountPath": "/settings"}]},
            {"name": "settings", "items": ITEMS},
        ),
        (AT_WORK, {"name": "settings", "items": ITEMS}),
        (
            {"volumeMounts": [{"name": "s", "mountPath": THE_FILE, "subPath": "fc.yaml"}]},
            {"name": "settings"},
        ),
    ],
)
def test_a_file_under_another_key(changes: dict[str, Any], source: dict[str, Any]) -> None:
    """It is found by how it is mounted; the outcome has it under the key that ours has."""
    volumes = {"volumes": [{"name": "s", "configMap": source}]}
    pod = kept("hardened", changes, volumes, key="fc.yaml")
    assert pod == {"containers": [{"name": "frameworkcontroller"}]}
    pod = kept("upstream", changes, volumes, key="fc.yaml")
    assert pod["volumes"] == [{"name": OURS_BY_NAME, "configMap": {}}]
    assert "fc.yaml" not in json.dumps(pod)


def test_a_start_that_is_not_known() -> None:
    """It goes on with its file: where it works stays, and what hardened may not run is said."""
    sources = [{"configMap": {"name": "settings"}}]
    volumes = {"volumes": [{"name": "s", "projected": {"sources": sources}}]}
    (container,) = kept("hardened", AT_WORK, volumes)["containers"]
    assert container["workingDir"] == "/x"
    typed = {**AT_WORK, "command": ["sh", "-c", "envsubst <a >b && ./start.sh"]}
    keys = read_as("hardened", typed, volumes)
    assert [what for what, _ in keys.notes if what == "command"] == ["command"]


@pytest.mark.parametrize(
    ("rendered", "said", "outcome"),
    [
        (
            {"readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 9}},
            {"readinessProbe": {"httpGet": {"port": 80}}},
            {"readinessProbe": {"httpGet": {"port": 80}, "periodSeconds": 9}},
        ),
        (
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
        ),
        (
            {"securityContext": {"allowPrivilegeEscalation": False, "runAsNonRoot": True}},
            {"securityContext": {"privileged": True, "runAsUser": 0}},
            {"securityContext": {"privileged": True, "runAsUser": 0}},
        ),
    ],
)
def test_what_excludes_what_is_rendered(
    rendered: dict[str, Any], said: dict[str, Any], outcome: dict[str, Any]
) -> None:
    """Takes its place: both together no API server takes, or no kubelet starts."""
    before: Any = controller(**rendered)
    patch = operations(before, controller(**said))
    after = kustomized(before, patch)
    (container,) = recognition.pod_of(after)["containers"]
    assert {key: container[key] for key in outcome} == outcome


HAND_MADE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: fc-role}
rules:
- {apiGroups: [frameworkcontroller.microsoft.com], resources: ["*"], verbs: ["*"]}
- {apiGroups: [""], resources: [pods, configmaps, configmaps/finalizers], verbs: ["*"]}
- {apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: frameworkcontroller}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: fc-role}
subjects:
- {kind: ServiceAccount, name: default, namespace: fc}
- {kind: ServiceAccount, name: other, namespace: fc}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: fc}
data:
  frameworkcontroller.yaml: |
    kubeClientQps: &few 77
    kubeClientBurst: *few
  notes.txt: mine
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: more, namespace: fc}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: fc, namespace: fc}
spec: {minAvailable: 0, selector: {matchLabels: {app: frameworkcontroller}}}
---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: fc, namespace: fc}
spec: {targetRef: {apiVersion: apps/v1, kind: StatefulSet, name: fc}}
---
"""


@pytest.mark.slow
def test_a_role_settings_and_a_file_of_its_own(
    copy_of: CopyOf, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Rights that it has stay rights that it has, anchors are read, each difference is shown.

    What `verify` finds is told, and nothing is written before somebody says why it does not matter.
    """
    folder = copy_of(["new", "deploy"])
    mounts = {"volumeMounts": [{"name": "s", "mountPath": "/settings"}]}
    variables = [{"configMapRef": {"name": "settings"}}]
    found: Any = controller(command=COPIES, name="fc", envFrom=variables, **mounts)
    pod = found["spec"]["template"]["spec"]
    pod["volumes"] = [{"name": name, "configMap": {"name": "settings"}} for name in ("s", "more")]
    write(tmp_path, {"all.yaml": HAND_MADE + json.dumps(found)})
    adopt = ("-C", folder, "adopt", tmp_path / "all.yaml", "--name", "live")
    before = git(folder, "rev-parse", "HEAD")
    said = fcgitops(*adopt, status=1)
    what = "subjects[1]: ServiceAccount fc/other has FrameworkController's rights"
    assert f"{what} [FCG34] (" in said.err
    assert said.err.count("\n") == 2
    assert f"{what} (" in said.out.partition("What `verify` finds:\n")[2]
    assert "1. Mend what `verify` finds\n   fcgitops verify live\n" in said.out
    assert (git(folder, "rev-parse", "HEAD"), git(folder, "status", "--porcelain")) == (before, "")
    ran = fcgitops(*adopt, "--overrule", "NNI's trials")
    *_, blank, last = git(folder, "log", "-1", "--format=%b").rstrip("\n").split("\n")
    assert (blank, last) == ("", "overruled: FCG34 of live: NNI's trials")
    assert "  expects: {serviceAccounts: [fc/other]}\n" in ran.out
    resource = (folder / "overlays/live/local/verticalpodautoscaler-fc.yaml").read_text()
    assert resource.endswith("    name: frameworkcontroller\n")
    assert "rights widened" not in ran.out
    assert "not in Git" not in ran.out
    assert "--full" not in ran.out
    kinds = {"rbac.authorization.k8s.io": "Role", "policy": "PodDisruptionBudget",
             "autoscaling.k8s.io": "VerticalPodAutoscaler"}  # fmt: skip
    more = ", ".join(f"{{group: {group}, kind: {kind}}}" for group, kind in kinds.items())
    for line in ("  settings.kubeClientBurst: 77", "  ConfigMap: data.notes.txt: mine",
                 f"#   namespaceResourceWhitelist: [{more}]"):  # fmt: skip
        assert f"{line}\n" in ran.out


CHART = """\
---
# Source: fc/templates/controller.yaml
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: rel-fc, labels: {app.kubernetes.io/managed-by: Helm, helm.sh/chart: fc-1}}
spec:
  serviceName: rel-fc
  selector: {matchLabels: {app: fc}}
  template:
    metadata: {labels: {app: fc}}
    spec:
      containers: [{name: fc, image: "frameworkcontroller/frameworkcontroller:v1.0.0"}]
---
"""
MOVE_OF_CHART = [
    "# kubectl --namespace NAMESPACE delete secret --selector owner=helm,name=RELEASE",
    "kubectl --namespace fc scale statefulset rel-fc --replicas=0 &&",
    "(for i in $(seq 150); do there=$(kubectl --namespace fc get pod rel-fc-0 --ignore-not-found "
    '--output name) && [ -z "$there" ] && exit; sleep 2; done; '
    "echo 'it has not ended, so push nothing: rel-fc-0' >&2; exit 1)",
    "kubectl --namespace fc delete statefulset rel-fc",
]


@pytest.mark.slow
def test_what_helm_renders(copy_of: CopyOf, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Without namespaces, and under its own name: the old one ends before the new one begins."""
    folder = copy_of(["new", "deploy"])
    write(tmp_path, {"chart.yaml": CHART})
    ran = fcgitops("-C", folder, "adopt", tmp_path / "chart.yaml", "--name", "live",
                   "--namespace", "fc", "--dry-run", "--format", "json")  # fmt: skip
    typed = [line for step in json.loads(ran.out)["runbook"] for line in step["lines"]]
    assert [line for line in typed if line in MOVE_OF_CHART] == MOVE_OF_CHART
    assert typed.index(MOVE_OF_CHART[2]) < typed.index("fcgitops bootstrap live")
    assert typed.index("fcgitops bootstrap live") < typed.index(MOVE_OF_CHART[3])


GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.sampled(2)
@pytest.mark.parametrize("profile", ["hardened", "upstream"])
def test_what_we_render_comes_again(profile: str, copy_of: CopyOf, fcgitops: Fcgitops) -> None:
    """Of an environment with every key: nothing is patched, left out or different."""
    folder = copy_of(["new", "deploy", "--gitops", "flux", "--profile", profile])
    rendered = GOLDEN / profile / "rendered"
    texts = [path.read_text() for path in sorted(rendered.glob("every-key*.yaml"))]
    write(folder.parent, {"rendered.yaml": "---\n".join(texts)})
    share = ("--set", "nni.storage=nfs://10.0.0.2/exports/nni") if len(texts) > 1 else ()
    said = json.loads(
        fcgitops("-C", folder, "adopt", folder.parent / "rendered.yaml", "--name", "live", *share,
                 "--format", "json", "--dry-run").out
    )  # fmt: skip
    assert said["difference"]["objects"] == []
    assert (said["patches"], said["resources"], said["leftOut"]) == ([], [], [])


@pytest.mark.slow
@pytest.mark.parametrize("lacking", [0, 1])
def test_a_part_of_the_guardrails_is_not_the_component(
    lacking: int, repository: Path, fcgitops: Fcgitops
) -> None:
    """Whole it is the component; else each object that is there is told, whatever comes first."""
    fcgitops("-C", repository, "overlay", "prod", "--set", "components=[crd, guardrails]")
    objects = yamls.load_all(fcgitops("-C", repository, "build", "prod").out)
    objects.sort(key=lambda o: o["kind"] != "CustomResourceDefinition")
    policies = [o for o in objects if o["kind"].startswith("ValidatingAdmissionPolicy")]
    there = policies[lacking:]
    kept = [o for o in objects if o not in policies or o in there]
    write(repository.parent, {"live.yaml": yaml.safe_dump_all(kept)})
    fcgitops("-C", repository, "remove", "prod")

    said = json.loads(
        fcgitops("-C", repository, "adopt", repository.parent / "live.yaml", "--name", "live",
                 "--overrule", "a test", "--format", "json").out
    )  # fmt: skip

    made = yamls.load((repository / "overlays/live/environment.yaml").read_text())
    told = [
        line for line in map(str, [*said["resources"], *said["leftOut"]]) if "Admission" in line
    ]
    assert (made["components"], len(told)) == (
        (["crd"], len(there)) if lacking else (["guardrails", "crd"], 0)
    )
