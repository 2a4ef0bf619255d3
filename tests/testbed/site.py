"""A generated repository on a Git server, and Argo CD or Flux that syncs it into a cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from gitenv import SETTINGS, git, write
from gitserver import Server, serve

from testbed.argocd import ArgoCD, argocd
from testbed.controlplane import ControlPlane
from testbed.flux import Flux, flux
from testbed.programs import environment, eventually

ENVIRONMENT = "prod"
OTHER = "dev"
NAMESPACE = "frameworkcontroller"
APPLICATION = f"frameworkcontroller-{ENVIRONMENT}"
FLUX_ACCOUNT = "system:serviceaccount:flux-system:frameworkcontroller-flux"
"""As whom Flux applies the environment."""
KINDS = (
    "statefulsets,services,configmaps,serviceaccounts,networkpolicies,pods,"
    "clusterroles,clusterrolebindings,namespaces"
)

COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"

CILIUM = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ciliumnetworkpolicies.cilium.io}
spec:
  group: cilium.io
  names: {kind: CiliumNetworkPolicy, plural: ciliumnetworkpolicies}
  scope: Namespaced
  versions:
  - name: v2
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
"""As much of Cilium as a CiliumNetworkPolicy takes to be stored."""

ANOTHER_SERVICE = f"""\
- target: {{kind: StatefulSet, name: {NAMESPACE}}}
  patch: |
    - op: replace
      path: /spec/serviceName
      value: other
"""
"""A patch of what the API server does not let anybody change."""


def config_map(name: str, **annotations: str) -> str:
    """A ConfigMap that somebody adds."""
    metadata = {"name": name, "namespace": NAMESPACE, "annotations": annotations}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


def annotated(kind: str, name: str, **annotations: str) -> str:
    """A patch that annotates an object."""
    given = {"apiVersion": "v1", "kind": kind,
             "metadata": {"name": name, "annotations": annotations}}  # fmt: skip
    patch = yaml.safe_dump(given)
    return yaml.safe_dump([{"target": {"kind": kind, "name": name}, "patch": patch}])


@dataclass(frozen=True)
class Site:
    """All of it, for the environment `prod`.

    Attributes:
        tool: argocd or flux.
        plane: the cluster.
        running: the tool.
        repository: the content's root in the engineer's clone.
        server: where it is pushed to.
        other: another cluster, which Argo CD knows as `dev`.
        there: the Flux of that cluster.
    """

    tool: str
    plane: ControlPlane
    running: ArgoCD | Flux
    repository: Path
    server: Server
    other: ControlPlane | None = None
    there: Flux | None = None

    def fcgitops(
        self, *arguments: str | Path, status: int = 0, plane: ControlPlane | None = None
    ) -> tuple[str, str]:
        """Run the command in the clone; its stdout and stderr."""
        kubeconfig = (plane or self.plane).kubeconfig
        return fcgitops(self.server.repository.parent, "-C", self.repository, *arguments,
                        status=status, kubeconfig=kubeconfig)  # fmt: skip

    def type(self, said: str, plane: ControlPlane | None = None) -> list[str]:
        """Type the commands that were printed, as they stand there, into a shell; what they were.

        Args:
            said: lines of a shell, among others.
            plane: what kubectl's context leads to.
        """
        lines = [line for line in said.splitlines() if line.startswith(("kubectl ", "(for "))]
        plane = plane or self.plane
        done = subprocess.run(
            ["sh", "-e"], input="\n".join(lines),
            env=environment(plane.folder, {"KUBECONFIG": str(plane.kubeconfig)}),
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return lines

    def push(self) -> str:
        """Push, and tell the tool, as a webhook would; the commit."""
        git(self.repository, "push", "-q", "origin", "HEAD:main")
        self.notify()
        return git(self.repository, "rev-parse", "HEAD")

    def commit(self, files: Mapping[str, str | bytes | None], message: str = "By hand") -> None:
        """Commit files by hand, as a person does."""
        write(self.repository, files)
        git(self.repository, "add", "-A")
        git(self.repository, "commit", "-qm", message)

    def effects(self, *revisions: str) -> list[dict[str, str]]:
        """What `diff` tells; of the last commit by default."""
        said, _ = self.fcgitops("diff", *(revisions or ["HEAD~1"]), "--format", "json")
        return [effect for one in json.loads(said)["environments"] for effect in one["effects"]]

    def foretold(self, *revisions: str) -> dict[str, str]:
        """Number → what `diff` says by it, a line an object; of the last commit by default."""
        told: dict[str, str] = {}
        for e in self.effects(*revisions):
            told[e["id"]] = f"{told.get(e['id'], '')}{e['object']}: {e['says']}\n"
        return told

    def local(self, patches: str, **resources: str) -> str:
        """Have `local/` of the environment hold these patches and resources, and push; the commit.

        Args:
            patches: items of its list, as text; "" for none.
            resources: name → YAML of an object.
        """
        folder = f"overlays/{ENVIRONMENT}/local"
        listed = "".join(f"\n- {name}.yaml" for name in sorted(resources)) or " []"
        text = f"{COMPONENT}resources:{listed}\n" + (f"patches:\n{patches}" if patches else "")
        there = {path.stem for path in (self.repository / folder).glob("*.yaml")}
        gone = there - {"kustomization", *resources}
        self.commit(
            {f"{folder}/kustomization.yaml": text}
            | {f"{folder}/{name}.yaml": text for name, text in resources.items()}
            | {f"{folder}/{name}.yaml": None for name in gone}
        )
        return self.push()

    def notify(self) -> None:
        """Have the tool look at Git now."""
        if isinstance(self.running, ArgoCD):
            self.running.refresh(APPLICATION)
        else:
            self.running.reconcile("gitrepositories.source.toolkit.fluxcd.io", NAMESPACE)

    def reconcile(self) -> None:
        """Have the tool compare the cluster with Git now."""
        self.notify()
        if isinstance(self.running, Flux):
            self.running.reconcile("kustomizations.kustomize.toolkit.fluxcd.io", NAMESPACE)

    def sync_again(self) -> None:
        """Have the tool apply all of it once more, though nothing has changed, and wait for it."""
        if self.tool == "argocd":
            done = self.status()["operationState"]["finishedAt"]
            # It is told in whole seconds: the next one must not be told alike.
            eventually(lambda: time.strftime("%FT%TZ", time.gmtime()) > done, 5, "a later second")
            target = ("applications.argoproj.io", APPLICATION, "-n", "argocd", "--type=merge")
            revision = self.status()["sync"]["revision"]
            options = '["ServerSideApply=true"]'
            operation = f'{{"sync":{{"revision":"{revision}","syncOptions":{options}}}}}'
            self.plane.kubectl("patch", *target, f'--patch={{"operation":{operation}}}')
            eventually(lambda: self._synced_since(done), 60, "Argo CD has synced once more")
            return
        place = ("kustomizations.kustomize.toolkit.fluxcd.io", NAMESPACE, "-n", "flux-system")
        self.reconcile()
        asked = self.plane.get(*place)["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"]
        eventually(
            lambda: self.status().get("lastHandledReconcileAt") == asked and _ready(self.status()),
            60, "Flux has applied once more",
        )  # fmt: skip

    def _synced_since(self, done: str) -> bool:
        operation = self.status()["operationState"]
        return operation["phase"] == "Succeeded" and operation.get("finishedAt", done) > done

    def status(self) -> dict[str, Any]:
        """The status of the Application or of the Kustomization."""
        if self.tool == "argocd":
            found = self.plane.get("applications.argoproj.io", APPLICATION, "-n", "argocd")
        else:
            found = self.plane.get("kustomizations.kustomize.toolkit.fluxcd.io", NAMESPACE,
                                   "-n", "flux-system")  # fmt: skip
        status: dict[str, Any] = found.get("status", {})
        return status

    def applied(self, commit: str) -> bool:
        """Whether the commit is on the cluster, and healthy."""
        status = self.status()
        if self.tool == "argocd":
            operation = status.get("operationState", {})
            return (
                status.get("sync", {}).get("status") == "Synced"
                and status["sync"].get("revision") == commit
                and operation.get("phase") == "Succeeded"
                and status.get("health", {}).get("status") == "Healthy"
            )
        return status.get("lastAppliedRevision", "").endswith(commit) and _ready(status)

    def wait_for(self, commit: str, timeout: float = 60) -> None:
        """Wait until the commit is on the cluster, and healthy."""
        eventually(
            lambda: self.applied(commit) or fail(self.status()), timeout, f"{commit} is applied"
        )

    def complaint(self, commit: str) -> str:
        """What the tool says is wrong with the commit; empty while it has said nothing."""
        status = self.status()
        if self.tool == "argocd":
            if status.get("sync", {}).get("status") not in ("Unknown", "OutOfSync"):
                return ""
            said = [c["message"] for c in status.get("conditions", [])]
            operation = status.get("operationState", {})
            if "etrying" in operation.get("message", ""):
                said.append(operation["message"])
            return "; ".join(said)
        attempted = status.get("lastAttemptedRevision", "")
        if _ready(status) or (commit and not attempted.endswith(commit)):
            return ""
        return "; ".join(c["message"] for c in status["conditions"] if c["type"] == "Ready")

    def source_complaint(self) -> str:
        """What the tool says is wrong with the repository; empty while it has said nothing."""
        if self.tool == "argocd":
            return self.complaint("")
        place = ("gitrepositories.source.toolkit.fluxcd.io", NAMESPACE, "-n", "flux-system")
        status = self.plane.get(*place)["status"]
        if _ready(status):
            return ""
        return "; ".join(c["message"] for c in status["conditions"])

    def versions(self, plane: ControlPlane | None = None) -> dict[str, str]:
        """KIND/NAME → resourceVersion of what the repository has put on the cluster."""
        found = (plane or self.plane).get(KINDS, "-n", NAMESPACE)
        return {
            f"{o['kind']}/{o['metadata']['name']}": o["metadata"]["resourceVersion"]
            for o in found
            if "frameworkcontroller" in o["metadata"]["name"]
            and "frameworkcontroller-flux" not in o["metadata"]["name"]
        }

    def config_map(self) -> str:
        """The name of the ConfigMap that the StatefulSet mounts."""
        pod = self.plane.get("statefulset", NAMESPACE, "-n", NAMESPACE)["spec"]["template"]
        (name,) = (v["configMap"]["name"] for v in pod["spec"]["volumes"] if "configMap" in v)
        return str(name)

    def configuration(self) -> str:
        """The file that the controller's Pod reads."""
        found = self.plane.get("configmap", self.config_map(), "-n", NAMESPACE)
        return str(found["data"]["frameworkcontroller.yaml"])


def _ready(status: dict[str, Any]) -> bool:
    conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
    return conditions.get("Ready") == "True"


def fail(found: object) -> bool:
    """To be waited for: what was found is not yet what is wanted."""
    raise AssertionError(found)


def fcgitops(
    home: Path, *arguments: str | Path, status: int = 0, kubeconfig: Path | None = None
) -> tuple[str, str]:
    """Run `fcgitops` away from the developer's own settings; its stdout and stderr."""
    settings = home / ".gitconfig"
    if not settings.exists():
        settings.write_text(SETTINGS)
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(settings),
        "KUBECONFIG": str(kubeconfig or os.devnull),
    }
    done = subprocess.run(
        [sys.executable, "-m", "fcgitops", *map(str, arguments)],
        env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout, done.stderr


@contextmanager
def site(
    tool: str,
    plane: ControlPlane,
    folder: Path,
    *options: str,
    other: ControlPlane | None = None,
    keys: Mapping[str, str] | None = None,
    remembers: str = "1s",
    path: str = "",
    starts: tuple[str, ...] = ("--env", f"{ENVIRONMENT}=customized-config"),
) -> Iterator[Site]:
    """A new repository, pushed, beside a running Argo CD or Flux that does not know it yet.

    Args:
        tool: argocd or flux.
        plane: the cluster of `prod`, where the tool runs.
        folder: for the repository and the tool's state.
        options: further ones of `fcgitops new`.
        other: the cluster of another environment; it has a Flux of its own.
        keys: what Argo CD verifies signatures with.
        remembers: as `argocd` takes it.
        path: the folder of a bigger repository, which is there before; "" makes one of its own.
        starts: options of `fcgitops new` for its environments.
    """
    with serve(folder) as server, ExitStack() as stack:
        repository = folder / "deploy"
        if path:
            _bigger(repository, server.url)
        fcgitops(
            folder, "new", *(("--into", repository, "--path", path) if path else (repository,)),
            "--no-input", "--gitops", tool, "--repo-url", server.url,
            *starts, *options,
        )  # fmt: skip
        git(repository, "config", "user.name", "Ada")
        git(repository, "config", "user.email", "ada@example.com")
        git(repository, "push", "-q", "origin", "HEAD:main")
        # Git's default branch there is what the bare repository was made with.
        git(server.repository, "symbolic-ref", "HEAD", "refs/heads/main")
        clusters = {ENVIRONMENT: plane} | ({OTHER: other} if other else {})
        running: ArgoCD | Flux = stack.enter_context(
            argocd(plane, folder / tool, clusters, keys, remembers)
            if tool == "argocd"
            else flux(plane, folder / tool)
        )
        there = None
        if other and tool == "flux":
            there = stack.enter_context(flux(other, folder / "flux-there"))
        yield Site(tool, plane, running, repository / path, server, other, there)


def _bigger(repository: Path, url: str) -> None:
    """Somebody's repository, with files that a sync tool might take for something."""
    git(repository.parent, "init", "-q", "-b", "main", repository.name)
    apps = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: not-ours}\n"
    write(repository, {"README.md": "# Mono\n", "apps/overlays/x/environment.yaml": apps})
    write(repository, {"overlays/y/environment.yaml": "sync: argocd\n", "base/app.yaml": apps})
    git(repository, "add", "-A")
    git(
        repository, "-c", "user.name=Ada", "-c", "user.email=ada@example.com",
        "commit", "-qm", "The first",
    )  # fmt: skip
    git(repository, "remote", "add", "origin", url)
