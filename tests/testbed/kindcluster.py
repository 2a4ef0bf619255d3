"""One kind cluster for all that is tried on one, as the settings of `kind-test` say."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from fcgitops.commands.kind_test import TASK_IMAGE
from fcgitops.core import interrupts
from fcgitops.core.errors import ToolError
from fcgitops.trial import cluster as kind
from fcgitops.trial.cluster import Cluster, Kind
from fcgitops.trial.steps import Steps

from testbed.deployed import NAME


def setting(name: str, default: str = "") -> str:
    """A setting of `kind-test`."""
    return os.environ.get(name) or default


@pytest.fixture(scope="session")
def kind_program() -> Iterator[Kind]:
    """kind; where it is missing, or docker, the tests skip."""
    with interrupts.noted() as signals:
        try:
            yield kind.find(signals)
        except ToolError as error:
            pytest.skip("; ".join(map(str, error.problems)))


@pytest.fixture(scope="session")
def task_image() -> str:
    """The image of the Frameworks' tasks."""
    return setting("TASK_IMAGE", TASK_IMAGE)


@pytest.fixture(scope="session")
def kind_images(kind_program: Kind, task_image: str) -> list[tuple[str, str]]:
    """The nodes' images: FrameworkController's, as both profiles call it, and the task's."""
    controller = setting("FRAMEWORKCONTROLLER_IMAGE", f"{NAME}/{NAME}:v1.0.0")
    wanted = [
        (controller, f"{NAME}/{NAME}:v1.0.0"),
        (controller, f"{NAME}/{NAME}"),
        (task_image, task_image),
    ]
    return [pair for pair in wanted if kind_program.containers.tags(pair[0])]


@pytest.fixture(scope="session")
def kind_cluster(kind_program: Kind, kind_images: list[tuple[str, str]]) -> Iterator[Cluster]:
    """A cluster for one test after the other."""
    steps = Steps()
    node, config = setting("KIND_NODE_IMAGE"), setting("KIND_CONFIG")
    with kind_program.cluster(steps, node, config) as cluster:
        cluster.load(kind_images, steps)
        yield cluster
