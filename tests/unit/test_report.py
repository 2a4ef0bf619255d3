"""`fcgitops report`: the page's facts, and that no value becomes more than text on it."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
import yamls
from conftest import CopyOf, Fcgitops
from fcgitops.report.differences import of_settings
from fcgitops.report.edges import edges
from gitenv import git, write
from reportpage import Page

NAMESPACE = "frameworkcontroller"
COLUMNS = ["name", "variant", "cluster", "namespace", "sync", "image", "differs", "findings"]


@pytest.fixture
def report(fcgitops: Fcgitops) -> Any:
    """The page of a repository, read."""

    def run(folder: Path, *options: str) -> Page:
        return Page(fcgitops("-C", folder, "report", *options).out)

    return run


@pytest.mark.slow
def test_a_row_says_what_an_environment_is(copy_of: CopyOf, report: Any) -> None:
    """Variant, cluster, image, what it has otherwise than its variant, and who changed it last."""
    folder = copy_of(
        ["new", "deploy", "--env", "dev", "--env", "prod=customized-config"],
        ["overlay", "prod", "--cluster", "https://10.1.2.3:6443", "--set", "workerNumber=800",
         "--set", "labels.team=ml", "--set", "image.registry=mirror.example.com"],
    )  # fmt: skip
    git(folder, "config", "user.name", "Ada Lovelace")
    write(folder, {"overlays/dev/local/note.txt": "x\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Note", "--author", "Ada Lovelace <ada@example.com>")
    commit = git(folder, "log", "-1", "--format=%h")
    day = git(folder, "log", "-1", "--format=%as")

    page = report(folder)

    found = {name: dict(zip(COLUMNS, cells, strict=False)) for name, cells in page.rows.items()}
    image = "frameworkcontroller/frameworkcontroller:v1.0.0"
    assert found == {
        "dev": {
            "name": "dev",
            "variant": "default-config",
            "cluster": "dev",
            "namespace": NAMESPACE,
            "sync": "argocd",
            "image": image,
            "differs": "",
            "findings": "",
        },
        "prod": {
            "name": "prod",
            "variant": "customized-config",
            "cluster": "prodhttps://10.1.2.3:6443",
            "namespace": NAMESPACE,
            "sync": "argocd",
            "image": f"mirror.example.com/{image}",
            "differs": "2 valueslabels: {team: ml}workerNumber: 800 instead of 500",
            "findings": "",
        },
    }
    assert page.rows["dev"][-1] == f"{day} Ada LovelaceNote ({commit})"
    assert "2 environments on 2 clusters, no findings." in page.text


def test_the_page_has_the_objects_that_are_built(
    repository: Path, report: Any, fcgitops: Fcgitops
) -> None:
    """Each environment's, as `build` prints them; what two have in common is there once."""
    packed = report(repository).packed

    shown = {
        name: [packed["objects"][number] for number in numbers]
        for name, (numbers, _) in packed["environments"].items()
    }
    built = {
        name: [o for o in yamls.load_all(fcgitops("-C", repository, "build", name).out) if o]
        for name in ("dev", "prod")
    }
    assert shown == built
    assert len(packed["objects"]) < len(shown["dev"]) + len(shown["prod"])


def test_a_setting_that_is_refused_is_not_called_the_default() -> None:
    """And a number is as it is written."""
    own, variant = "kubeClientQps: fast\nworkerNumber: 800\n", "kubeClientQps: 200\n"
    assert [tuple(found) for found in of_settings(own, variant)] == [
        ("kubeClientQps", "(refused: see the findings)", "200"),
        ("workerNumber", "800", "200"),
    ]


HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">'


@pytest.mark.slow
def test_no_value_is_more_than_text(repository: Path, report: Any) -> None:
    """HTML and script in an author's name, a commit, a value and a file: shown as they are."""
    clean = report(repository)
    file = repository / "overlays/prod/environment.yaml"
    lines = {"annotations": {"note": HOSTILE}}
    file.write_text(file.read_text() + yaml.safe_dump(lines))
    component = yamls.load((repository / "overlays/dev/local/kustomization.yaml").read_text())
    patch = [{"op": "add", "path": "/metadata/annotations", "value": {"note": HOSTILE}}]
    component["patches"] = [{"target": {"kind": "Service"}, "patch": yaml.safe_dump(patch)}]
    write(repository, {"overlays/dev/local/kustomization.yaml": yaml.safe_dump(component)})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", HOSTILE, "--author", f"{HOSTILE.replace('<', '＜')} <x@y>")

    page = report(repository, "--diff", "HEAD~1..HEAD")

    assert (page.elements.count("script"), page.elements.count("img")) == (2, 0)
    assert page.scripts == [*clean.scripts[:1], page.scripts[1], *clean.scripts[2:]]
    assert page.rows["dev"][-1].count(HOSTILE) == 1
    assert f"annotations: {{note: {HOSTILE}}}" in page.rows["prod"][6]
    annotated = [o["metadata"].get("annotations", {}).get("note") for o in page.packed["objects"]]
    assert HOSTILE in annotated


def test_the_page_loads_nothing_and_runs_its_own_script_alone(
    repository: Path, report: Any
) -> None:
    """No address leads out of the page; the policy names the digests of its style and script."""
    page = report(repository)

    style, _, script = page.scripts
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    ]
    assert page.links == ["#_fleet"]  # no environment is called so
    assert page.policy == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'"
    )


CANARY = "c4n4ryV4lue"


@pytest.mark.slow
def test_nothing_secret_is_on_the_page(repository: Path, report: Any, fcgitops: Fcgitops) -> None:
    """A Secret's values, a variable that names one, a URL's password: said to be not shown."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login"},
        "stringData": {"user": CANARY},
    }
    variable = {"name": "DB_PASSWORD", "value": CANARY}
    patch = [{"op": "add", "path": "/spec/template/spec/containers/0/env", "value": [variable]}]
    component = {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "resources": ["secret.yaml"],
        "patches": [{"target": {"kind": "StatefulSet"}, "patch": yaml.safe_dump(patch)}],
    }
    write(
        repository,
        {
            "overlays/dev/local/kustomization.yaml": yaml.safe_dump(component),
            "overlays/dev/local/secret.yaml": yaml.safe_dump(secret),
        },
    )
    fcgitops(
        "-C", repository, "overlay", "prod", "--set", f"annotations.apiToken={CANARY}",
        "--set", f"annotations.docs=https://me:{CANARY}@example.com/",
    )  # fmt: skip
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", f"Use token={CANARY}")

    assert CANARY in fcgitops("-C", repository, "build").out
    html = fcgitops("-C", repository, "report", "--diff", "HEAD~2..HEAD").out
    page = Page(html)
    assert CANARY not in html
    assert CANARY not in str(page.packed)
    assert "(not shown)" in str(page.packed)


def test_one_environments_fault_hides_no_other(repository: Path, report: Any) -> None:
    """What cannot be read, or does not build, has its findings beside its name."""
    write(
        repository,
        {
            "overlays/dev/environment.yaml": "variant: nonsense\n",
            "overlays/prod/kustomization.yaml": "resources: [../nowhere]\n",
        },
    )

    page = report(repository)

    assert list(page.rows) == ["dev", "prod"]
    assert page.rows["dev"][1:6] == ["", "", "", "", ""]
    assert "reject FCG11: " in page.rows["dev"][7]
    assert "reject FCG00: " in page.rows["prod"][7]
    assert page.rows["prod"][1] == "customized-config"
    assert page.packed["environments"]["prod"][0] == []


def test_a_change_stands_first(repository: Path, report: Any, fcgitops: Fcgitops) -> None:
    """--diff A..B: the effects, and what differs."""
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=800")

    page = report(repository, "--diff", "HEAD~1..HEAD")

    start, end = page.text.index("What HEAD~1..HEAD does"), page.text.index("Environments")
    change = page.text[start:end]
    assert "prod: 3 effects, the worst: restart" in change
    assert "workerNumber 500 → 800: more Frameworks at the same time" in change
    assert "1 environment and 1 other part do not change" in change


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--diff", "nope..HEAD"], "nope: is no revision of this repository"),
        (["--output", "README.md/page.html"], "cannot be written"),
        (["--output", "."], "error: .: is a folder (a file's name, such as report.html)"),
        (["--output", "overlays/"], "error: overlays: is a folder"),
    ],
)
def test_wrong_input_writes_no_page(
    repository: Path, fcgitops: Fcgitops, options: list[str], said: str
) -> None:
    """Exit 2, what was wrong, and nothing on stdout."""
    ran = fcgitops("-C", repository, "report", *options, status=2)

    assert ran.out == ""
    assert said in ran.err
    assert git(repository, "status", "--porcelain") == ""


def test_the_page_goes_to_a_file(repository: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """--output names it, relative to where the command works; it replaces a former page."""
    (repository / "r.html").write_text("old")

    said = fcgitops("-C", repository, "report", "--output", "r.html")

    assert (said.out, said.err) == ("", "the page: r.html\n")
    assert (repository / "r.html").read_text().startswith("<!DOCTYPE html>")
    assert [path.name for path in repository.glob(".*.html")] == []


def test_the_page_does_not_follow_a_link_out_of_the_repository(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Anybody may have committed it."""
    (tmp_path / "elsewhere").mkdir()
    (repository / "build").symlink_to(tmp_path / "elsewhere")

    said = fcgitops("-C", repository, "report", "--output", "build/r.html", status=2).err

    assert "build: is a symbolic link, which fcgitops does not follow" in said
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_device_is_not_replaced(repository: Path, fcgitops: Fcgitops) -> None:
    """As root's `--output /dev/null` would do for every program of the machine."""
    os.mkfifo(repository / "r.html")
    said = fcgitops("-C", repository, "report", "--output", "r.html", status=2).err
    assert "r.html: is a device or the like, which would be replaced (a file)" in said
    assert (repository / "r.html").is_fifo()


@pytest.mark.slow
def test_the_same_repository_gives_the_same_page(repository: Path, fcgitops: Fcgitops) -> None:
    """No time and no place of this run is on it."""
    first = fcgitops("-C", repository, "report").out
    assert fcgitops("-C", repository, "report").out == first


def test_last_changes_are_those_of_commits_not_of_merges(
    repository: Path, report: Any, tmp_path: Path
) -> None:
    """A merge is nobody's change; a name follows .mailmap; what nobody committed says so."""
    git(repository, "switch", "-qc", "topic")
    write(repository, {"overlays/dev/local/a.txt": "a\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Topic", "--author", "ada <ada@example.com>")
    git(repository, "switch", "-q", "main")
    write(repository, {".mailmap": "Ada Lovelace <ada@example.com>\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Names")
    git(repository, "merge", "-q", "--no-ff", "-m", "Merge", "topic")
    source = (repository / "overlays/dev/environment.yaml").read_text()
    write(repository, {"overlays/new/environment.yaml": source.replace("name: dev", "name: new")})

    rows = report(repository).rows

    assert "Ada LovelaceTopic" in rows["dev"][-1]
    assert "Scaffold deploy" in rows["prod"][-1]
    assert rows["new"][-1] == "not committed"


def workload(kind: str = "StatefulSet", **pod: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "fc", "x": "y"}}, "spec": pod}
    metadata = {"name": "fc", "namespace": "ns"}
    return {"kind": kind, "metadata": metadata, "spec": {"template": template}}


def other(kind: str, name: str = "o", namespace: str = "ns", **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, **fields}


REFERENCES = [
    (workload(serviceAccountName="o"), other("ServiceAccount"), "fc runs as o"),
    (workload("Job", serviceAccountName="o"), other("ServiceAccount"), "fc runs as o"),
    (workload(priorityClassName="o"), other("PriorityClass", namespace=""),
     "fc has the priority of o"),
    (workload(imagePullSecrets=[{"name": "o"}]), other("Secret"), "fc is pulled with o"),
    (workload(volumes=[{"name": "v", "configMap": {"name": "o"}}]), other("ConfigMap"),
     "fc mounts o"),
    (workload(volumes=[{"secret": {"secretName": "o"}}]), other("Secret"), "fc mounts o"),
    (workload(volumes=[{"persistentVolumeClaim": {"claimName": "o"}}]),
     other("PersistentVolumeClaim"), "fc mounts o"),
    (workload(volumes=[{"projected": {"sources": [{"secret": {"name": "o"}}]}}]), other("Secret"),
     "fc mounts o"),
    (workload(containers=[{"env": [{"valueFrom": {"configMapKeyRef": {"name": "o"}}}]}]),
     other("ConfigMap"), "fc reads o"),
    (workload(initContainers=[{"envFrom": [{"secretRef": {"name": "o"}}]}]), other("Secret"),
     "fc reads o"),
    (other("Service", spec={"selector": {"app": "fc"}}), workload(), "o leads to fc"),
    (other("NetworkPolicy", spec={"podSelector": {}}), workload(), "o limits fc"),
    (other("PersistentVolumeClaim", spec={"volumeName": "v"}),
     other("PersistentVolume", "v", namespace=""), "o takes v"),
    (other("ValidatingAdmissionPolicyBinding", "b", "", spec={"policyName": "o"}),
     other("ValidatingAdmissionPolicy", namespace=""), "b enforces o"),
    (other("ClusterRoleBinding", "b", "", subjects=[
        {"kind": "ServiceAccount", "name": "o", "namespace": "ns"}]), other("ServiceAccount"),
     "b to o"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "two", "wanted"), REFERENCES)
def test_a_reference_is_found(one: dict[str, Any], two: dict[str, Any], wanted: str) -> None:
    """From an object to one that it names, or whose labels it selects."""
    objects = [two, one]

    found = [
        f"{objects[r.source]['metadata']['name']} {r.why} {objects[r.target]['metadata']['name']}"
        for r in edges(objects)
        if r.target >= 0
    ]

    assert found == [wanted]


def test_a_reference_to_what_is_not_there_keeps_its_name() -> None:
    """Of another namespace, other labels, or nowhere."""
    one = workload(serviceAccountName="gone", volumes=[{"configMap": {"name": "o"}}])
    objects = [
        one,
        other("ConfigMap", namespace="elsewhere"),
        other("Service", spec={"selector": {"app": "another"}}),
        other("NetworkPolicy", namespace="elsewhere", spec={"podSelector": {}}),
    ]

    found = [(r.why, r.target, r.label) for r in edges(objects)]

    assert found == [("runs as", -1, "ServiceAccount/gone"), ("mounts", -1, "ConfigMap/o")]
