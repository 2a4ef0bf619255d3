"""`adopt` makes an environment of what runs FrameworkController without us."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops, snapshot
from fcgitops.adopt import reading, recognition
from fcgitops.core.errors import InputError
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
2. Push the commit, and point Argo CD at it, where Argo CD runs
   # once the commit is merged and pushed:
   fcgitops bootstrap live
3. On the cluster: see that it has started, and that every Framework is there
   kubectl --namespace default rollout status statefulset/frameworkcontroller
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
