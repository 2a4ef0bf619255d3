"""A kind cluster that is made for one run and deleted after it. No other is ever touched.

kind (https://kind.sigs.k8s.io) is told each time which kubeconfig to write and which cluster it
is about: by default it would write the user's own, and take the cluster called `kind`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fcgitops.core import shell, terminal
from fcgitops.core.errors import Problem, ToolError
from fcgitops.core.interrupts import Interrupts
from fcgitops.programs import containers, kubectl, process
from fcgitops.programs.containers import Containers
from fcgitops.programs.kubectl import Kubectl
from fcgitops.trial.steps import Steps

PREFIX = "fcgitops-"
"""What the names of our clusters begin with."""
INSTALL = "https://kind.sigs.k8s.io/docs/user/quick-start says how to install them"
MANAGER = "fcgitops-kind-test"
READY = "--timeout=110s"
CTR = ("ctr", "--namespace", "k8s.io", "images")
"""The images of a node, as its kubelet knows them."""
IMAGES = "/fcgitops-images.tar"
LATE = 5.0
"""Seconds in which a container that was asked for may still appear."""
PERSISTENCE = 60.0
"""Seconds in which a deletion is tried again."""


@dataclass(frozen=True)
class Kind:
    """kind, and what it runs its nodes with."""

    program: str
    kubectl: str
    containers: Containers
    interrupts: Interrupts

    def _run(self, *arguments: str | Path, timeout: float) -> process.Result:
        return process.run(
            [self.program, *arguments],
            env=os.environ | {containers.PROVIDER: self.containers.name},
            timeout=timeout,
            watch=self.interrupts.check,
        )

    @contextmanager
    def cluster(
        self, steps: Steps, image: str = "", config: str = "", *, keep: bool = False
    ) -> Iterator[Cluster]:
        """A new cluster with a ready node, deleted when the context ends, however it ends.

        Args:
            steps: where it is told.
            image: the node's; kind's own choice when empty.
            config: the file that describes the cluster, empty for kind's defaults.
            keep: whether it stays, with its kubeconfig.

        Raises:
            ToolError: kind cannot make it. What it made of it is deleted all the same.
        """
        folder = Path(tempfile.mkdtemp(prefix="fcgitops-kind-"))
        name = PREFIX + secrets.token_hex(4)
        made = Cluster(self, name, folder)
        whole = stays = False
        try:
            with steps.step(name, "create") as result:
                self._create(made, image, config)
                whole, stays = True, keep
                made.kubectl.output("wait", "node", "--all", "--for=condition=Ready", READY)
                made.wait_for_services()
                result(made.version())
            yield made
        finally:
            with self.interrupts.shielded():
                if stays:
                    made.say_how_to_look()
                else:
                    with steps.step(name, "delete"):
                        self._delete(made, whole=whole)
                    shutil.rmtree(folder, ignore_errors=True)

    def _create(self, made: Cluster, image: str, config: str) -> None:
        arguments: list[str | Path] = ["--name", made.name, "--kubeconfig", made.kubeconfig]
        arguments += ["--image", image] if image else []
        arguments += ["--config", config] if config else []
        result = self._run("create", "cluster", *arguments, timeout=900)
        if result.status:
            raise ToolError(Problem("kind", f"cannot make a cluster: {process.said(result)}"))

    def _delete(self, made: Cluster, *, whole: bool) -> None:
        """Until nothing of it is left.

        Where a signal has cut off its making, a `docker run` that was under way may still become
        a container, a moment later.
        """
        start = time.monotonic()
        until = start + (0 if whole else LATE)
        result = self._delete_once(made)
        while (left := not self._gone(made.name)) or time.monotonic() < until:
            if time.monotonic() > start + PERSISTENCE:
                what = f"cannot delete the cluster {made.name}: {process.said(result)}"
                raise ToolError(
                    Problem(
                        "kind", what, shell.line("kind", "delete", "cluster", "--name", made.name)
                    )
                )
            self.interrupts.sleep(0.5)
            if left:
                until = max(until, time.monotonic() + 1)
                result = self._delete_once(made)

    def _delete_once(self, made: Cluster) -> process.Result:
        arguments = ("--name", made.name, "--kubeconfig", made.kubeconfig)
        try:
            return self._run("delete", "cluster", *arguments, timeout=180)
        except ToolError as error:  # it hangs
            return process.Result(1, b"", str(error))

    def _gone(self, name: str) -> bool:
        """Whether no container is left, for certain: a daemon that is down cannot tell."""
        try:
            return not self.containers.of_cluster(name)
        except ToolError:
            return False

    def nodes(self, name: str) -> list[str]:
        """The nodes' containers.

        Raises:
            ToolError: kind cannot tell.
        """
        result = self._run("get", "nodes", "--name", name, timeout=60)
        if result.status:
            raise ToolError(Problem("kind", process.said(result)))
        return result.stdout.decode(errors="replace").split()

    def load(self, name: str, archive: Path) -> None:
        """Gives every node the images of an archive.

        kind asks for all platforms of an image. Docker's newer image store saves the names of all,
        but the contents of those alone that it has: then the node's own platform is taken. See
        https://github.com/kubernetes-sigs/kind/issues/3795

        Raises:
            ToolError: it cannot.
        """
        result = self._run("load", "image-archive", archive, "--name", name, timeout=600)
        if not result.status:
            return
        for node in self.nodes(name):
            self.containers.copy(archive, node, IMAGES)
            own = self.containers.execute(node, *CTR, "import", "--digests", IMAGES)
            self.containers.execute(node, "rm", "-f", IMAGES)
            if own.status:
                what = f"cannot load images: {process.said(result)}; {process.said(own)}"
                raise ToolError(Problem("kind", what))


@dataclass(frozen=True)
class Cluster:
    """One of ours."""

    kind: Kind
    name: str
    folder: Path
    """For files of this run; it goes with the cluster."""

    @property
    def kubeconfig(self) -> Path:
        """The file that leads to it, and to no other."""
        return self.folder / "kubeconfig"

    @property
    def kubectl(self) -> Kubectl:
        """kubectl, for this cluster; what it keeps of it goes with it too."""
        return Kubectl(
            self.kind.kubectl,
            f"kind-{self.name}",
            (f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.folder / 'cache'}"),
            MANAGER,
            self.kind.interrupts.check,
        )

    def wait_for_services(self) -> None:
        """Until Pods find the API server by its Service: FrameworkController panics before.

        A node is ready earlier than its kube-proxy; a cluster of the user's may have none.
        """
        proxy = ("daemonset/kube-proxy", "--namespace=kube-system")
        if self.kubectl.get(*proxy):
            self.kubectl.output("rollout", "status", *proxy, READY)

    def version(self) -> str:
        """The Kubernetes version of its API server, such as v1.34.2."""
        found = json.loads(self.kubectl.output("version", "--output=json"))
        return f"Kubernetes {found['serverVersion']['gitVersion']}"

    def kinds(self) -> set[str]:
        """GROUP/KIND of all that its API server serves."""
        lines = self.kubectl.output("api-resources", "--no-headers").splitlines()
        rows = [line.split() for line in lines]  # NAME [SHORTNAMES] APIVERSION NAMESPACED KIND
        return {f"{row[-3].rpartition('/')[0]}/{row[-1]}" for row in rows if len(row) >= 4}

    def load(self, images: Sequence[tuple[str, str]], steps: Steps) -> None:
        """Gives every node images that are here.

        Args:
            images: (one of the names that it has here, its name for the cluster) each. Only the
                nodes learn the second name.
            steps: where it is told.

        Raises:
            ToolError: they cannot be loaded.
        """
        if not images:
            return
        with steps.step(self.name, "load images") as result:
            self._load(images)
            result(", ".join(sorted({here for here, _ in images})))

    def _load(self, images: Sequence[tuple[str, str]]) -> None:
        archive = self.folder / "images.tar"
        engine = self.kind.containers
        engine.save(sorted({here for here, _ in images}), archive)
        self.kind.load(self.name, archive)
        archive.unlink()
        for node in self.kind.nodes(self.name):
            for here, there in images:
                source, target = containers.full_name(here), containers.full_name(there)
                if source == target:
                    continue
                result = engine.execute(node, *CTR, "tag", "--force", source, target)
                if result.status:
                    what = f"cannot call the image {here} {there}: {process.said(result)}"
                    raise ToolError(Problem(node, what))

    def say_how_to_look(self) -> None:
        """What a person types who wants to look into it, and to end it."""
        terminal.say(f"the cluster {self.name} is kept:")
        terminal.say(f"  export KUBECONFIG={shell.quote(str(self.kubeconfig))}")
        terminal.say("  kubectl get pods --all-namespaces")
        terminal.say(f"  {shell.line('kind', 'delete', 'cluster', '--name', self.name)}")


def find(interrupts: Interrupts) -> Kind:
    """The kind that is here, with docker or podman, and kubectl.

    Raises:
        ToolError: one of them is missing, or its daemon does not answer.
    """
    engine = containers.find(interrupts.check)
    program = process.which("kind")
    client = kubectl.program()
    if engine is None or program is None or client is None:
        needed = {"docker or podman": engine, "kind": program, "kubectl": client}
        missing = [name for name, found in needed.items() if not found]
        what = f"needs what is not on PATH: {', '.join(missing)}"
        raise ToolError(Problem("kind-test", what, INSTALL))
    engine.require()
    return Kind(program, client, engine, interrupts)
