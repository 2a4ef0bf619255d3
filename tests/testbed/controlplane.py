"""A real Kubernetes control plane whose one node is kwok's: its Pods run, but nothing runs in them.

Flags and start order as tried in facts/testbed.md; Kubernetes 1.34, etcd 3.7, kwok 0.8.
https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
"""

from __future__ import annotations

import base64
import functools
import http.client
import json
import secrets
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.programs import (
    Program,
    beside,
    dies_with_us,
    environment,
    eventually,
    free_port,
    need,
    running,
)

PROGRAMS = (
    "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubectl",
    "openssl",
)  # fmt: skip
# Users of the API server beside the ServiceAccounts, each of them all-powerful: the audit log
# tells who did what.
USERS = ("admin", "kube-controller-manager", "kube-scheduler", "kwok", "argocd", "flux")

_connections: dict[str, http.client.HTTPSConnection] = {}
"""Server → a connection that nobody uses at the moment."""

AUDIT = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Request
  users: [flux]
  verbs: [patch]
- level: Metadata
"""

NODE = """\
apiVersion: v1
kind: Node
metadata:
  name: node-1
  annotations:
    kwok.x-k8s.io/node: fake
  labels:
    kubernetes.io/arch: amd64
    kubernetes.io/hostname: node-1
    kubernetes.io/os: linux
"""


@dataclass(frozen=True)
class ControlPlane:
    """A running control plane.

    Attributes:
        folder: all of its state.
        server: the API server's URL.
        certificate: the API server's certificate, which is its own authority.
        kubeconfig: the administrator's.
        programs: what runs, by name.
    """

    folder: Path
    server: str
    certificate: Path
    kubeconfig: Path
    programs: dict[str, Program]

    def kubectl(self, *arguments: str | Path, data: str = "", status: int | None = 0) -> str:
        """Run kubectl as the administrator; its stdout. None takes any exit status."""
        done = subprocess.run(
            [*dies_with_us(), "kubectl", f"--kubeconfig={self.kubeconfig}", *map(str, arguments)],
            env=environment(self.folder),
            input=data,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert status in (None, done.returncode), f"kubectl {arguments}: {done.stderr}"
        return done.stdout

    def ask(
        self, method: str, path: str, body: str = "", kind: str = "application/json"
    ) -> tuple[int, str]:
        """Ask the API server as the administrator; the status and the text of its answer.

        At a hundredth of the cost of kubectl, for those who ask thousands of times: the
        connection stays open, and is made anew where it was lost.
        """
        connection = _connections.pop(self.server, None) or self._connect()
        headers = {"Authorization": f"Bearer {self._admin_token}", "Content-Type": kind}
        try:
            connection.request(method, path, body.encode(), headers)
            answer = connection.getresponse()
            found = answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return 0, str(error)
        _connections[self.server] = connection
        return found

    def _connect(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.certificate))
        host = self.server.removeprefix("https://")
        return http.client.HTTPSConnection(host, context=context, timeout=60)

    @functools.cached_property
    def _admin_token(self) -> str:
        return self.tokens()["admin"]

    def apply(self, text: str, *arguments: str) -> str:
        """`kubectl apply` of YAML, with `--server-side` or other arguments."""
        return self.kubectl("apply", "-f", "-", *arguments, data=text)

    def establish(self, text: str) -> None:
        """Apply the YAML of CRDs, and wait until they are served."""
        self.apply(text, "--server-side", "--force-conflicts", "--validate=false")
        wait = ("wait", "--for=condition=Established", "--timeout=30s", "-f", "-")
        # It fails on a CRD that has no conditions yet.
        eventually(lambda: self.kubectl(*wait, data=text), 30, "CRDs are served")

    def get(self, *arguments: str) -> Any:
        """`kubectl get`, as a value; of several objects the list of them."""
        found = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return found["items"] if found["kind"] == "List" else found

    def finish(self, pod: str, namespace: str, exit_code: int = 0) -> None:
        """End a Pod's containers, as only a kubelet or kwok does."""
        found = self.get("pod", pod, f"--namespace={namespace}")
        terminated = {"exitCode": exit_code, "reason": "Error" if exit_code else "Completed"}
        containers = [
            container | {"ready": False, "state": {"terminated": terminated}}
            for container in found["status"]["containerStatuses"]
        ]
        phase = "Failed" if exit_code else "Succeeded"
        patch = json.dumps({"status": {"phase": phase, "containerStatuses": containers}})
        target = ("pod", pod, f"--namespace={namespace}", "--subresource=status")
        self.kubectl("patch", *target, f"--patch={patch}")

    def token_for(self, namespace: str, account: str) -> str:
        """A ServiceAccount's token, good for a day."""
        create = ("create", "token", account, f"--namespace={namespace}", "--duration=24h")
        return self.kubectl(*create).strip()

    def authority(self) -> str:
        """The API server's certificate as `caData`."""
        return base64.b64encode(self.certificate.read_bytes()).decode()

    def kubeconfig_for(self, account: str, namespace: str = "") -> Path:
        """A kubeconfig with a fresh token of a ServiceAccount, NAMESPACE/NAME.

        Its default namespace is `namespace`, else the account's own.
        """
        home, name = account.split("/")
        path = self.folder / f"{home}.{name}.kubeconfig"
        token = self.token_for(home, name)
        _write_kubeconfig(path, self.server, self.certificate, token, namespace or home)
        return path

    def kubeconfig_of(self, user: str, namespace: str = "default") -> Path:
        """A kubeconfig of one of USERS."""
        path = self.folder / f"{user}.{namespace}.kubeconfig"
        token = self.tokens()[user]
        _write_kubeconfig(path, self.server, self.certificate, token, namespace)
        return path

    def tokens(self) -> dict[str, str]:
        """The tokens of USERS."""
        lines = _token_file(self.folder).read_text(encoding="utf-8").splitlines()
        return {line.split(",")[1]: line.split(",")[0] for line in lines}

    def audit(self, **wanted: object) -> list[dict[str, Any]]:
        """What the API server was asked, oldest first, up to now.

        Each request has verb, user (as whom it was made), group (""), resource (with its
        subresource, `pods/status`), namespace, name, code and agent; those that the request does
        not have are "". `body` is what Flux, in its own name, sent to have an object patched, and
        `uri` how.

        Args:
            wanted: the values of some of them that a request must have, such as `code=403`.
        """
        requests: dict[str, dict[str, Any]] = {}
        with (self.folder / "audit.log").open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):  # else it is still being written
                    event = json.loads(line)
                    requests[event["auditID"]] = _request(event)  # a watch has two
        return [
            request
            for request in requests.values()
            if all(request[key] == value for key, value in wanted.items())
        ]


def _request(event: dict[str, Any]) -> dict[str, Any]:
    of = event.get("objectRef", {})
    parts = [of.get("resource", ""), of.get("subresource", "")]
    return {
        "verb": event["verb"],
        "user": (event.get("impersonatedUser") or event["user"])["username"],
        "group": of.get("apiGroup", ""),
        "resource": "/".join(filter(None, parts)),
        "namespace": of.get("namespace", ""),
        "name": of.get("name", ""),
        "code": event.get("responseStatus", {}).get("code", 0),
        "agent": event.get("userAgent", ""),
        "uri": event["requestURI"],
        "body": event.get("requestObject", ""),
    }


@contextmanager
def api_server(folder: Path) -> Iterator[ControlPlane]:
    """Run etcd and an API server alone, with all of their state below `folder`.

    Nothing acts on what it takes: enough to ask what it would take. The API server has RBAC, an
    audit log and the admission plugin OwnerReferencesPermissionEnforcement, without which a
    missing permission on `finalizers` goes unseen.
    """
    need("etcd", "kube-apiserver", "openssl")
    folder.mkdir(exist_ok=True)
    key, certificate = _certificate(folder)
    _token_file(folder).write_text(
        "".join(f'{secrets.token_hex(16)},{user},{user},"system:masters"\n' for user in USERS),
        encoding="utf-8",
    )
    server = f"https://127.0.0.1:{free_port()}"
    plane = ControlPlane(folder, server, certificate, folder / "admin.default.kubeconfig", {})
    with ExitStack() as stack:
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in "cp")
        _start(
            plane,
            stack,
            "etcd",
            f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        ).listens(int(client.rpartition(":")[2]))
        flags = _api_flags(folder, client, server, key, certificate)
        api = _start(plane, stack, "kube-apiserver", *flags)
        api.wait_until(lambda: plane.ask("GET", "/readyz")[1] == "ok", 180, "API server")
        yield plane


def _start(plane: ControlPlane, stack: ExitStack, name: str, *flags: str | Path) -> Program:
    program = stack.enter_context(running([name, *flags], plane.folder))
    plane.programs[name] = program
    return program


@contextmanager
def control_plane(folder: Path, crds: str = "") -> Iterator[ControlPlane]:
    """Run a control plane, with all of its state below `folder`; its node is ready.

    Args:
        folder: its own; it is made where it is not there.
        crds: the YAML of CRDs that are there from the start. The garbage collector notices those
            that come later after half a minute, or more, and deletes nothing of theirs before.
    """
    need(*PROGRAMS, files=["kwok-stages.yaml"])
    with ExitStack() as stack:
        plane = stack.enter_context(api_server(folder))
        configs = {user: plane.kubeconfig_of(user) for user in USERS}
        key, certificate = folder / "key.pem", plane.certificate

        def start(name: str, *flags: str | Path) -> Program:
            return _start(plane, stack, name, *flags)

        if crds:
            plane.establish(crds)

        start(
            "kube-controller-manager",
            f"--kubeconfig={configs['kube-controller-manager']}",
            "--leader-elect=false",
            "--secure-port=0",
            f"--service-account-private-key-file={key}",
            f"--root-ca-file={certificate}",
            "--kube-api-qps=200",
            "--kube-api-burst=300",
            "--node-monitor-grace-period=24h",  # kwok's node has no heartbeat
        )
        start(
            "kube-scheduler",
            f"--kubeconfig={configs['kube-scheduler']}",
            "--leader-elect=false",
            "--secure-port=0",
        )
        start(
            "kwok",
            f"--kubeconfig={configs['kwok']}",
            f"--config={_stages(folder)}",
            "--manage-all-nodes=true",
        )
        plane.apply(NODE)
        eventually(lambda: _ready(plane), 60, "a ready node, and namespaces with an account")
        yield plane


def _stages(folder: Path) -> Path:
    """The stages of kwok, but for the one that ends a Job's Pods: that is a test's own to do."""
    stages = beside("kwok-stages.yaml").read_text(encoding="utf-8").split("\n---\n")
    kept = [stage for stage in stages if "\n  name: pod-complete\n" not in stage]
    assert len(kept) == len(stages) - 1
    path = folder / "kwok-stages.yaml"
    path.write_text("\n---\n".join(kept), encoding="utf-8")
    return path


def _ready(plane: ControlPlane) -> bool:
    """Whether a Pod could be made and scheduled."""
    node = plane.get("node", "node-1")
    conditions = {one["type"]: one["status"] for one in node["status"].get("conditions", ())}
    plane.get("serviceaccount", "default", "--namespace=default")
    return conditions.get("Ready") == "True" and not node["spec"].get("taints")


def _api_flags(folder: Path, etcd: str, server: str, key: Path, certificate: Path) -> Iterator[str]:
    policy = folder / "audit-policy.yaml"
    policy.write_text(AUDIT, encoding="utf-8")
    yield from (
        f"--etcd-servers={etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=192.0.2.1",  # nobody's: without a network there is none to find
        "--endpoint-reconciler-type=none",
        f"--secure-port={server.rpartition(':')[2]}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--token-auth-file={_token_file(folder)}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={folder / 'audit.log'}",
    )


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate for loopback, its own authority; the key signs tokens too."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", key, "-out", certificate, "-subj", "/CN=testbed",
         "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
        env=environment(folder), capture_output=True, check=True,
    )  # fmt: skip
    return key, certificate


def _token_file(folder: Path) -> Path:
    return folder / "tokens.csv"


def _write_kubeconfig(
    path: Path, server: str, certificate: Path, token: str, namespace: str
) -> None:
    """A kubeconfig, which may be JSON."""
    cluster = {"server": server, "certificate-authority": str(certificate)}
    context = {"cluster": "testbed", "user": "testbed", "namespace": namespace}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "testbed", "cluster": cluster}],
        "users": [{"name": "testbed", "user": {"token": token}}],
        "contexts": [{"name": "testbed", "context": context}],
        "current-context": "testbed",
    }
    path.write_text(json.dumps(config), encoding="utf-8")
    path.chmod(0o600)
