"""The crd component against the CRD that FrameworkController itself creates.

FrameworkController's own binary runs against a small fake of the Kubernetes API, which knows
no CRD and refuses to create one, so the binary posts its CRD and ends.
"""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yamls
from testbed.controller import binary as find_binary

REPOSITORY = Path(__file__).resolve().parents[2]
CRD = REPOSITORY / "{{cookiecutter.repo_slug}}" / "components" / "crd" / "crd.yaml"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAME = "frameworks.frameworkcontroller.microsoft.com"

Request = tuple[str, str, bytes]


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    """FrameworkController's own."""
    return find_binary(tmp_path)


@contextmanager
def api_without_crds() -> Iterator[tuple[str, list[Request]]]:
    """An API server's address and the list of what it was asked, on loopback.

    It answers GET with 404 and anything else with 403.
    """
    requests: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            requests.append((self.command, self.path, body))
            code, reason = (404, "NotFound") if self.command == "GET" else (403, "Forbidden")
            status = json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Status",
                    "status": "Failure",
                    "reason": reason,
                    "code": code,
                }
            ).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(status)))
            self.end_headers()
            self.wfile.write(status)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *args: object) -> None:
            """Say nothing: pytest's output is for failures."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", requests
        finally:
            server.shutdown()


@pytest.fixture
def posted(binary: Path, tmp_path: Path) -> dict[str, Any]:
    """The CRD that the binary posts to an API server that has none."""
    work = tmp_path / "work"  # the binary reads frameworkcontroller.yaml from where it stands
    work.mkdir()
    (work / "frameworkcontroller.yaml").touch()
    with api_without_crds() as (address, requests):
        run = subprocess.run(
            [binary],
            cwd=work,
            env={"KUBE_APISERVER_ADDRESS": address},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
    asked = [(method, path) for method, path, _ in requests]
    assert asked == [("GET", f"{CRDS}/{NAME}"), ("POST", CRDS)], run.stdout
    crd: dict[str, Any] = json.loads(requests[1][2])
    return crd


def test_the_crd_component_is_what_frameworkcontroller_creates(posted: dict[str, Any]) -> None:
    """A difference would be undone by every start of the controller and redone by every sync."""
    crd = yamls.load(CRD.read_text(encoding="utf-8"))

    assert (crd["apiVersion"], crd["kind"]) == (posted["apiVersion"], posted["kind"])
    assert crd["metadata"]["name"] == posted["metadata"]["name"]
    assert crd["spec"] == posted["spec"]


def test_no_sync_tool_deletes_the_crd() -> None:
    """Every Framework of the cluster would go with it."""
    annotations = yamls.load(CRD.read_text(encoding="utf-8"))["metadata"]["annotations"]

    argocd = annotations["argocd.argoproj.io/sync-options"].split(",")
    assert {"Prune=false", "Delete=false"} <= set(argocd)
    assert annotations["kustomize.toolkit.fluxcd.io/prune"] == "disabled"


def test_the_crd_has_no_status_subresource() -> None:
    """With one, the API server drops every status that FrameworkController writes."""
    crd = yamls.load(CRD.read_text(encoding="utf-8"))

    assert [version.get("subresources") for version in crd["spec"]["versions"]] == [None]
    assert "status" not in crd
