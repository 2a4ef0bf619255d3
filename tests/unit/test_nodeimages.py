"""Which images a throw-away cluster's nodes are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fcgitops.core.errors import ToolError
from fcgitops.programs.containers import Containers
from fcgitops.trial import images
from test_containers import program

DOCKER = """\
case "$*" in
  "image inspect fc:1") echo '[{"RepoTags": ["other:2", "fc:1"]}]';;
  "image inspect built"|"image inspect built:latest") echo '[{"RepoTags": ["built:latest"]}]';;
  "image inspect unnamed") echo '[{"RepoTags": []}]';;
  "image inspect pulled:1") [ -e "$0.pulled" ] && echo '[{"RepoTags": ["pulled:1"]}]';;
  "pull --quiet pulled:1") : > "$0.pulled";;
  *) echo "no such image" >&2; exit 1;;
esac
"""


def environment(image: str, *others: str) -> list[dict[str, Any]]:
    """The objects of one, with FrameworkController's image and those of other containers."""
    containers = [{"name": "frameworkcontroller", "image": image}]
    containers += [{"name": f"c{i}", "image": other} for i, other in enumerate(others)]
    spec = {"template": {"spec": {"containers": containers}}}
    return [{"kind": "StatefulSet", "metadata": {"name": "frameworkcontroller"}, "spec": spec}]


@pytest.mark.parametrize(
    ("overlays", "controller", "task", "expected"),
    [
        ([environment("fc:1")], "", "busybox", [("fc:1", "fc:1")]),
        ([environment("mirror/fc:9")], "", "busybox", []),
        (
            [environment("mirror/fc:9", "built"), environment("fc")],
            "fc:1",
            "built",
            [("built:latest", "built"), ("fc:1", "mirror/fc:9"), ("fc:1", "fc")],
        ),
        ([environment("fc:1")], "pulled:1", "busybox", [("pulled:1", "fc:1")]),
    ],
)
def test_plan(
    tmp_path: Path,
    overlays: list[list[dict[str, Any]]],
    controller: str,
    task: str,
    expected: list[tuple[str, str]],
) -> None:
    """Those that are here, under the names that the environments have for them."""
    program(tmp_path, "docker", DOCKER)
    docker = Containers(str(tmp_path / "docker"), "docker")

    assert images.plan(docker, overlays, controller, task) == expected


@pytest.mark.parametrize(
    ("controller", "said"),
    [
        ("nowhere:1", "nowhere:1: is not here, and docker cannot pull it: no such image"),
        ("unnamed", "unnamed: has no name by which it can be loaded"),
    ],
)
def test_an_image_that_was_asked_for_must_be_there(
    tmp_path: Path, controller: str, said: str
) -> None:
    """Else the environment's own would be tried in its place."""
    program(tmp_path, "docker", DOCKER)
    docker = Containers(str(tmp_path / "docker"), "docker")

    with pytest.raises(ToolError, match=said):
        images.plan(docker, [environment("fc:1")], controller, "busybox")
