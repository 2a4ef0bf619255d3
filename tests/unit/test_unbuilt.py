"""What kustomize cannot build is told with the file and the line that its words are about."""

from __future__ import annotations

from pathlib import Path

import pytest
from fcgitops.core.errors import ToolError
from fcgitops.programs import kustomize
from fcgitops.verify import unbuilt
from fcgitops.verify.layers import Reader
from gitenv import write

COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: fc}\n"
OVERLAY = "resources: [../base]\ncomponents: [local]\n"
LOCAL, OVER = "over/local/kustomization.yaml", "over/kustomization.yaml"
SOURCE = "replacements:\n- source: {kind: Service, fieldPath: metadata.name}\n  targets:\n"


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({LOCAL: f"{COMPONENT}{SOURCE}  - select: {{kind: Service}}\n    fieldPaths:\n"
                 "    - metadata.name\n    - spec.nothing\n"}, (LOCAL, 9)),
        ({LOCAL: f"{COMPONENT}replacements:\n- source: {{kind: Nobody}}\n"
                 "  targets: [{select: {kind: Service}}]\n"}, (LOCAL, 4)),
        ({LOCAL: f"{COMPONENT}patches:\n- target: {{kind: Service}}\n  patch: |\n"
                 "    - op: replace\n      path: /spec/nothing/at\n      value: 1\n"}, (LOCAL, 7)),
        ({LOCAL: f"{COMPONENT}configMapGenerator: [{{name: gone, behavior: merge}}]\n"},
         (LOCAL, 3)),
        ({LOCAL: f"{COMPONENT}labelz: []\n"}, (LOCAL, 3)),
        ({LOCAL: f"{COMPONENT}resources: [more.yaml]\n", "over/local/more.yaml": "metadata: {}\n"},
         ("over/local/more.yaml", 0)),
        ({OVER: f"{OVERLAY}patches:\n- target: {{kind: Service}}\n  patch: nonsense\n"},
         (OVER, 5)),
        ({"base/service.yaml": f"{SERVICE}a: [\nb: c\n"}, ("base/service.yaml", 3)),
    ],
)  # fmt: skip
def test_place(files: dict[str, str], place: tuple[str, int], tmp_path: Path) -> None:
    """Of what it names the last one that is there, and the one line that has its words."""
    sound = {"base/kustomization.yaml": "resources: [service.yaml]\n", OVER: OVERLAY,
             "base/service.yaml": SERVICE, LOCAL: f"{COMPONENT}resources: []\n"}  # fmt: skip
    write(tmp_path, sound | files)
    folder = tmp_path / "over"
    with pytest.raises(ToolError) as told:
        kustomize.find().build(folder)
    said = told.value.problems[0].what.partition(": ")[2]
    assert unbuilt.place(Reader(tmp_path), folder, said) == place


def test_nothing_tells(tmp_path: Path) -> None:
    """Words that name nothing of the repository's are no file's."""
    write(tmp_path, {OVER: "resources: []\n"})
    said = "it takes over 256 MiB of memory: '/elsewhere/x'"
    assert unbuilt.place(Reader(tmp_path), tmp_path / "over", said) == ("", 0)
