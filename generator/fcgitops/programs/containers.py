"""Docker or podman: the images that are here, and commands in a cluster's nodes.

An image's name is short for a longer one, which containerd on a node knows: see
https://pkg.go.dev/github.com/distribution/reference#ParseNormalizedNamed
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fcgitops.core.errors import Problem, ToolError
from fcgitops.programs import process

PROGRAMS = ("docker", "podman")
PROVIDER = "KIND_EXPERIMENTAL_PROVIDER"
"""How kind is told which of them to use."""


@dataclass(frozen=True)
class Containers:
    """The program that runs containers here."""

    program: str
    name: str
    """docker or podman."""
    watch: Callable[[], None] | None = None

    def _run(self, *arguments: str | Path, timeout: float = 120) -> process.Result:
        return process.run([self.program, *arguments], timeout=timeout, watch=self.watch)

    def require(self) -> None:
        """Refuses one that does nothing, as Docker's without its daemon.

        Raises:
            ToolError: with what it says.
        """
        result = self._run("version", timeout=60)
        if result.status:
            raise ToolError(Problem(self.name, process.said(result, lines=1), "is it started?"))

    def tags(self, image: str) -> list[str] | None:
        """The names that an image has here, None where there is no such image.

        Raises:
            ToolError: its answer cannot be read.
        """
        result = self._run("image", "inspect", image)
        if result.status:
            return None
        try:
            (found,) = json.loads(result.stdout)
            return list(found["RepoTags"] or [])
        except (ValueError, KeyError, TypeError) as error:
            raise ToolError(Problem(self.name, f"cannot say what {image} is")) from error

    def pull(self, image: str) -> None:
        """Fetches an image from its registry.

        Raises:
            ToolError: there is none.
        """
        result = self._run("pull", "--quiet", image, timeout=900)
        if result.status:
            what = f"is not here, and {self.name} cannot pull it: {process.said(result, lines=1)}"
            raise ToolError(Problem(image, what))

    def save(self, images: Sequence[str], archive: Path) -> None:
        """Writes images to one file.

        Raises:
            ToolError: it cannot.
        """
        several = ["--multi-image-archive"] if self.name == "podman" else []
        result = self._run("save", *several, "--output", archive, *images, timeout=600)
        if result.status:
            raise ToolError(Problem(self.name, f"cannot save images: {process.said(result)}"))

    def copy(self, file: Path, container: str, path: str) -> None:
        """Copies a file into a container that runs.

        Raises:
            ToolError: it cannot.
        """
        result = self._run("cp", file, f"{container}:{path}", timeout=600)
        if result.status:
            raise ToolError(
                Problem(self.name, f"cannot copy to {container}: {process.said(result)}")
            )

    def execute(self, container: str, *command: str) -> process.Result:
        """Runs a command in a container that runs."""
        return self._run("exec", container, *command, timeout=600)

    def of_cluster(self, name: str) -> list[str]:
        """The containers that are the nodes of a kind cluster, or of which one was to become.

        Raises:
            ToolError: it cannot tell.
        """
        label = f"label=io.x-k8s.kind.cluster={name}"
        result = self._run("ps", "--all", "--quiet", "--filter", label)
        if result.status:
            raise ToolError(Problem(self.name, f"cannot list containers: {process.said(result)}"))
        return result.stdout.decode(errors="replace").split()


def find(watch: Callable[[], None] | None = None) -> Containers | None:
    """The one that kind would use: what $KIND_EXPERIMENTAL_PROVIDER says, docker, or podman."""
    chosen = os.environ.get(PROVIDER, "").strip()
    for name in [chosen] if chosen else PROGRAMS:
        if program := process.which(name):
            return Containers(program, name, watch)
    return None


def full_name(image: str) -> str:
    """`image` as containerd calls it: with its registry, and with a tag or a digest.

    Args:
        image: such as `busybox`, `frameworkcontroller/frameworkcontroller:v1.0.0`, or
            `registry.example.com:5000/a/b:1@sha256:…`, whose tag containerd leaves out.
    """
    name, _, digest = image.partition("@")
    path, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:  # the colon is that of a port
        path, tag = name, "latest"
    registry, slash, rest = path.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, rest = "docker.io", path
    if registry == "index.docker.io":
        registry = "docker.io"
    if registry == "docker.io" and "/" not in rest:
        rest = f"library/{rest}"
    return f"{registry}/{rest}" + (f"@{digest}" if digest else f":{tag}")
