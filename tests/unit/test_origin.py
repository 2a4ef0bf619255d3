"""File and line of what is rendered: the patch, the transformer or the object that has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fcgitops.verify.layers import Reader
from fcgitops.verify.origin import line_of, origin
from gitenv import write

FILES = {
    "base/kustomization.yaml": "resources: [sts.yaml, service.yaml]\n",
    "base/sts.yaml": (
        "kind: StatefulSet\n"
        "metadata:\n"
        "  name: fc\n"
        "spec:\n"
        "  replicas: 1\n"
        "  template:\n"
        "    spec:\n"
        "      containers:\n"
        "      - name: a\n"
        "        image: x:1\n"
        "        imagePullPolicy: Always\n"
    ),
    "base/service.yaml": (
        "kind: Service\n"
        "metadata:\n"
        "  name: fc\n"
        "---\n"
        "kind: Service\n"
        "metadata: {name: b}\n"
    ),
    "prod/kustomization.yaml": (
        "resources: [../base]\n"
        "namespace: ml\n"
        "components: [patches, local]\n"
        "configMapGenerator:\n"
        "- name: config\n"
        "images:\n"
        "- name: x\n"
    ),
    "prod/patches/kustomization.yaml": (
        "kind: Component\n"
        "patches:\n"
        "- path: sts.yaml\n"
        "  target: {kind: StatefulSet, name: fc}\n"
    ),
    "prod/patches/sts.yaml": (
        "- op: add\n"
        "  path: /spec/replicas\n"
        "  value: 2\n"
        "- {op: add, path: /spec/template/spec/containers/0/env, value: []}\n"
    ),
    "prod/local/kustomization.yaml": (
        "kind: Component\n"
        "patches:\n"
        "- target: {kind: StatefulSet}\n"
        "  patch: |-\n"
        "    # three\n"
        "    - {op: replace, path: /spec/replicas, value: 3}\n"
        "- target: {kind: Service, name: other}\n"
        "  patch: '[{op: add, path: /spec/type, value: x}]'\n"
        "- patch: |-\n"
        "    kind: Service\n"
        "    metadata:\n"
        "      name: fc\n"
        "    spec:\n"
        "      ports:\n"
        "      - port: 0\n"
        "- patch: '{kind: Service, metadata: {name: b}, spec: {clusterIP: None}}'\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "path", "place"),
    [
        ("StatefulSet fc", "spec.replicas", "prod/local/kustomization.yaml:6"),
        ("StatefulSet fc", "spec", "prod/local/kustomization.yaml:6"),
        ("StatefulSet fc", "spec.template.spec.containers[0].env[A]", "prod/patches/sts.yaml:4"),
        ("StatefulSet fc", "spec.template.spec.containers[0].image", "prod/kustomization.yaml:6"),
        ("StatefulSet fc", "spec.template.spec.containers[0].imagePullPolicy", "base/sts.yaml:11"),
        ("StatefulSet fc", "metadata.namespace", "prod/kustomization.yaml:2"),
        ("StatefulSet fc", "spec.template.spec.volumes", "base/sts.yaml:7"),
        ("Service fc", "spec.ports[0].port", "prod/local/kustomization.yaml:15"),
        ("Service b", "spec.clusterIP", "prod/local/kustomization.yaml:16"),
        ("Service b", "spec.ports", "base/service.yaml:5"),
        ("ConfigMap config-7h4k", "data", "prod/kustomization.yaml:5"),
        ("Secret config", "data", ":0"),
        ("Job x", "spec", ":0"),
    ],
)  # fmt: skip
def test_the_cause_is_found(wanted: str, path: str, place: str, tmp_path: Path) -> None:
    """The last patch of the very field wins; without one the object's own file is named."""
    write(tmp_path, FILES)
    file, line = origin(Reader(tmp_path), tmp_path / "prod", wanted, path)
    assert f"{file}:{line}" == place


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("labels", 1), ("labels.example.com/team", 2), ("labels.gone", 1),
        ("resources.memory", 5), ("tolerations[0].key", 6), ("gone", 0), ("", 0),
    ],
)  # fmt: skip
def test_line_of_a_key(path: str, line: int) -> None:
    """Of the key, or of the one above it that is there; names may have dots."""
    text = "labels:\n  example.com/team: a\nresources:\n  cpu: 1\n  memory: 1\n"
    text += "tolerations:\n- key: a\n"
    assert line_of(text, path) == line
