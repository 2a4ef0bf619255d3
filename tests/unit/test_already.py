"""Parts of a kustomization without which the same is rendered: kustomize itself is the judge."""

from __future__ import annotations

from pathlib import Path

import pytest
import yamls
from fcgitops.core.findings import HAZARD, INFO
from fcgitops.programs import kustomize
from fcgitops.verify import effect
from fcgitops.verify.layers import Reader
from fcgitops.verify.subjects import Layered
from gitenv import write

COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: []\n"
BASE = """\
namespace: ml
resources: [objects.yaml]
configMapGenerator:
- name: settings
  literals: [a=b, "c='d'"]
  options: {labels: {team: a}}
"""
OBJECTS = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: fc, labels: {team: a, app: fc}, annotations: {who: fc, "example.com/a.b": fc}}
spec:
  replicas: 2
  serviceName: fc
  selector: {matchLabels: {app: fc, team: a}}
  template:
    metadata: {labels: {app: fc, team: a}, annotations: {who: fc}}
    spec:
      containers:
      - {name: fc, image: "x:1"}
      - {name: other, image: "y:1", env: [{name: WHO, value: fc}, {name: FAR, value: a.fc.b}]}
---
apiVersion: v1
kind: Service
metadata: {name: fc, labels: {team: a}}
spec: {clusterIP: None, selector: {app: fc, team: a}}
"""
OVERLAY = "resources: [../base]\ncomponents: [local]\n"

REPLACED = """\
replacements:
- source: {{kind: StatefulSet, name: fc, fieldPath: metadata.name}}
  targets:
  - select: {{kind: {kind}}}
    fieldPaths: [{paths}]
    {more}
"""


STS, WHO = "StatefulSet", "metadata.annotations.who"


def replaced(kind: str, *paths: str, more: str = "") -> str:
    return REPLACED.format(kind=kind, paths=", ".join(f"'{p}'" for p in paths), more=more)


def patched(path: str, value: str) -> str:
    return (f"patches:\n- target: {{kind: StatefulSet}}\n  patch: |\n"
            f"    - {{op: add, path: {path}, value: {value}}}\n")  # fmt: skip


LITERALS = "configMapGenerator:\n- {{name: settings, behavior: {}, literals: [{}]}}\n"
FOLLOWED = [
    replaced("Service", "metadata.name"),
    replaced(STS, "spec.serviceName", "spec.template.spec.containers.[name=fc].name"),
    replaced(STS, "spec.template.spec.containers.1.env.[name=WHO].value"),
    replaced(STS, "spec.template.spec.containers.*.env.0.value"),
    replaced(STS, "metadata.annotations.[example.com/a.b]"),
    replaced(STS, r"metadata.annotations.example\.com/a\.b"),
    replaced(STS, "spec.template.spec.containers.1.env.1.value",
             more="options: {delimiter: ., index: 1}"),
    replaced(STS, "metadata.annotations.new", more="options: {create: true}"),
    replaced(STS, WHO, "spec.template.spec.containers.0.image"),
    replaced(STS, "spec.template.spec.containers.*.name"),
    patched("/metadata/annotations/new", "fc") + replaced(STS, "metadata.annotations.new"),
    patched("/metadata/annotations/who", "me") + replaced(STS, WHO),
    patched("/spec/template/spec/containers/-", "{name: third, image: 'z:1'}")
    + replaced(STS, "spec.template.spec.containers.2.name"),
    "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: StatefulSet\n    metadata: "
    "{name: fc}\n    spec: {serviceName: other}\n" + replaced(STS, "spec.serviceName"),
    "labels: [{pairs: {team: a}}]\n",
    "labels: [{pairs: {team: a}, includeTemplates: true}]\n",
    "labels: [{pairs: {team: a}, includeSelectors: true}]\n",
    "labels: [{pairs: {team: a, more: a}}]\n",
    "labels: [{pairs: {app: fc}}]\n",
    "commonLabels: {team: a}\n",
    "commonLabels: {app: fc}\n",
    "commonAnnotations: {who: fc}\n",
    patched("/metadata/labels/team", "b") + "labels: [{pairs: {team: a}}]\n",
    LITERALS.format("merge", "a=b"),
    LITERALS.format("merge", "a=c"),
    LITERALS.format("merge", "e=f"),
    LITERALS.format("replace", "a=b, 'c=d'"),
    LITERALS.format("replace", "a=b"),
]  # fmt: skip
"""Bodies of a component, whose last key is asked about."""


def built(root: Path, body: str, overlay: str = OVERLAY) -> bytes:
    write(root, {
        "base/kustomization.yaml": BASE, "base/objects.yaml": OBJECTS,
        "over/kustomization.yaml": overlay, "over/local/kustomization.yaml": COMPONENT + body,
    })  # fmt: skip
    return kustomize.find().build(root / "over")


def said(root: Path, rendered: bytes, severity: str) -> list[str]:
    layered = Layered(Reader(root), root / "over", yamls.load_all(rendered.decode()))
    found = list(effect.without_effect(layered))
    return [f"{f.file}:{f.line}" for f in found if (f.severity or HAZARD) == severity]


def without(body: str) -> str:
    """A component without its last key, and what is below that."""
    lines = body.splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if line[0].isalpha())
    return "".join(lines[:last])


@pytest.mark.sampled(6)
@pytest.mark.parametrize("body", FOLLOWED)
def test_what_stands_there_already(body: str, tmp_path: Path) -> None:
    """It is told, with its file and line, where the same is rendered without it, and only there."""
    rendered = built(tmp_path / "with", body)
    same = built(tmp_path / "without", without(body)) == rendered
    found = said(tmp_path / "with", rendered, INFO)
    assert bool(found) == same
    assert all(place.startswith("over/local/kustomization.yaml:") for place in found)


OVERRULED = [
    (LITERALS.format("merge", "a=c"), LITERALS.format("replace", "a=d")),
    (LITERALS.format("merge", "a=c"), LITERALS.format("merge", "a=d")),
    (LITERALS.format("merge", "a=c, e=f"), LITERALS.format("merge", "a=d")),
    ("labels: [{pairs: {team: b}}]\n", "labels: [{pairs: {team: c}}]\n"),
    ("labels: [{pairs: {more: b}}]\n", "labels: [{pairs: {team: c}}]\n"),
    (replaced("Service", "metadata.namespace"), "namespace: other\n"),
    ("namespace: other\n", "namespace: third\n"),
    ("replicas: [{name: fc, count: 3}]\n", "replicas: [{name: fc, count: 4}]\n"),
    ("replicas: [{name: fc, count: 3}]\n", "images: [{name: x, newTag: '4'}]\n"),
    ("images: [{name: x, newTag: '3'}]\n", "images: [{name: x, newTag: '4'}]\n"),
    ("images: [{name: x, digest: sha256:a}]\n", "images: [{name: x, newTag: '4'}]\n"),
    ("images: [{name: x, newName: z}]\n", "images: [{name: z, newTag: '4'}]\n"),
    ("images: [{name: x, newName: z, newTag: '3'}]\n",
     "images: [{name: z, newName: w, newTag: '4'}]\n"),
    ("images: [{name: x, newName: z, newTag: '3'}]\n",
     "images: [{name: '[xz]', newName: w, newTag: '4'}]\n"),
    ("images: [{name: x, newTag: '3'}]\n", "images: [{name: 'y', newTag: '4'}]\n"),
    (replaced(STS, WHO), patched("/metadata/annotations/who", "x")),
    (replaced(STS, "metadata.annotations.new", more="options: {create: true}"),
     patched("/metadata/annotations/new", "x")),
    (replaced(STS, "metadata.annotations.new", more="options: {create: true}"),
     patched("/metadata/annotations/who", "x")),
]  # fmt: skip
"""Bodies of `local/`, and what comes after it."""


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("body", "after"), OVERRULED)
def test_what_the_overlay_sets_again(body: str, after: str, tmp_path: Path) -> None:
    """It is told as a hazard where `local/` has no say, and only there."""
    overlay = OVERLAY + after
    rendered = built(tmp_path / "with", body, overlay)
    same = built(tmp_path / "without", "", overlay) == rendered
    found = said(tmp_path / "with", rendered, HAZARD)
    assert bool(found) == same
    assert all(place.startswith("over/local/kustomization.yaml:") for place in found)


DROPPED = [
    ("labels: [{pairs: {more: a}}]\n---\nlabels: [{pairs: {other: a}}]\n", {}, 6),
    ("labels: [{pairs: {more: a}}]\n---\n# nothing\n", {}, 0),
    ("patches:\n- target: {kind: StatefulSet}\n  path: p.yaml\n", {
        "p.yaml": "---\n- {op: add, path: /spec/a, value: b}\n"
                  "---\n- {op: add, path: /c, value: d}\n"}, 5),
    ("patches:\n- path: p.yaml\n", {"p.yaml": "\n---\n".join(
        f"{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: fc, labels: {{{x}: b}}}}}}"
        for x in "cd")}, 0),
    ("replacements:\n- path: r.yaml\n", {"r.yaml": "\n---\n".join(
        replaced(STS, f"metadata.annotations.{x}", more="options: {create: true}")
        .removeprefix("replacements:\n") for x in "cd")}, 5),
]  # fmt: skip
"""Bodies of a component, more files of its, and the line of what kustomize does not read."""


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("body", "files", "line"), DROPPED)
def test_what_follows_the_first_document(
    body: str, files: dict[str, str], line: int, tmp_path: Path
) -> None:
    """Where kustomize reads no other, the rest is told: without it the same is rendered."""
    write(tmp_path, {f"over/local/{name}": text for name, text in files.items()})
    rendered = built(tmp_path, body)
    found = said(tmp_path, rendered, HAZARD)
    assert found == ([f"over/local/kustomization.yaml:{line}"] if line else [])
    write(tmp_path, {f"over/local/{name}": first(text) for name, text in files.items()})
    assert (built(tmp_path, first(body)) == rendered) == (line > 0 or "nothing" in body)


def first(text: str) -> str:
    """A file's first document."""
    return text.removeprefix("---\n").partition("---\n")[0]


def test_the_same_twice(tmp_path: Path) -> None:
    """Of two that say the same the second one is told; in a component of a component, too."""
    body = "components: [part]\nlabels:\n- pairs: {more: a}\n- pairs: {new: a}\n- pairs: {new: a}\n"
    part = f"{COMPONENT}labels: [{{pairs: {{more: a}}}}]\n"
    write(tmp_path, {"over/local/part/kustomization.yaml": part})
    rendered = built(tmp_path, body)
    place = "over/local/kustomization.yaml"
    assert said(tmp_path, rendered, INFO) == [f"{place}:6", f"{place}:8"]
