"""Which images a throw-away cluster's nodes are given from here; the others they pull."""

from __future__ import annotations

from collections.abc import Iterable

from fcgitops.core.errors import Problem, ToolError
from fcgitops.kubernetes.objects import Object
from fcgitops.manifests import overlay
from fcgitops.programs.containers import Containers, full_name
from fcgitops.trial import fit


def plan(
    containers: Containers, overlays: Iterable[list[Object]], controller: str, task: str
) -> list[tuple[str, str]]:
    """The images to load.

    Args:
        containers: docker or podman.
        overlays: the rendered objects of each environment.
        controller: what runs in the place of FrameworkController's image, whatever the
            environment calls it; empty for the environment's own.
        task: the image of the Framework's task.

    Returns:
        (its name here, its name in the cluster) each.

    Raises:
        ToolError: `controller` is not here and cannot be pulled.
    """
    if controller and containers.tags(controller) is None:
        containers.pull(controller)
    wanted = {task: task}
    for objects in overlays:
        own = controller_image(objects)
        for image in fit.images(objects):
            wanted[image] = controller if controller and image == own else image
    found = []
    for there, here in wanted.items():
        tags = containers.tags(here)
        if tags:
            same = [tag for tag in tags if full_name(tag) == full_name(here)]
            found.append(((same or tags)[0], there))
        elif here == controller:
            raise ToolError(Problem(here, "has no name by which it can be loaded", "tag it"))
    return found


def controller_image(objects: Iterable[Object]) -> str:
    """The image of FrameworkController's container, empty where there is none."""
    for item in objects:
        if item["kind"] == "StatefulSet" and item["metadata"]["name"] == overlay.NAME:
            for container in item["spec"]["template"]["spec"].get("containers", ()):
                if container.get("name") == overlay.NAME:
                    return str(container.get("image", ""))
    return ""
