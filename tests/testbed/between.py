"""What stands between FrameworkController and the API server: a proxy that can be slow, or cut."""

from __future__ import annotations

import http.client
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from testbed.controlplane import ControlPlane

_OWN = {"host", "connection", "transfer-encoding", "content-length", "accept-encoding"}
"""Headers of one connection, which are not passed on."""


@dataclass
class Between:
    """A running proxy.

    Attributes:
        kubeconfig: that goes through it.
        token: of the account, which is not sent to what is no TLS.
        news: set while what a watch of Pods tells is passed on.
    """

    kubeconfig: Path
    token: str
    news: threading.Event = field(default_factory=threading.Event)
    is_open: bool = True
    sockets: set[socket.socket] = field(default_factory=set)

    def cut(self) -> None:
        """Ends every connection, and takes no other one until `is_open` is set again."""
        self.is_open = False
        for one in list(self.sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def between(plane: ControlPlane, account: str) -> Iterator[Between]:
    """Run a proxy to the API server on loopback, until the context ends.

    Args:
        plane: where.
        account: NAMESPACE/NAME of the ServiceAccount.
    """
    kubeconfig = plane.kubeconfig_for(account)
    path = plane.folder / "between.kubeconfig"
    (user,) = json.loads(kubeconfig.read_text())["users"]
    found = Between(path, user["user"]["token"])
    found.news.set()
    handler = type("Handler", (_Handler,), {"plane": plane, "found": found})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    url = f"http://127.0.0.1:{server.server_port}"
    path.write_text(kubeconfig.read_text().replace(plane.server, url))
    path.chmod(0o600)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        found.cut()
        server.shutdown()
        server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    """Passes one request on, and its answer back as it comes."""

    plane: ControlPlane
    found: Between
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _pass_on(self) -> None:
        self.close_connection = True
        if not self.found.is_open:
            return
        context = ssl.create_default_context(cafile=str(self.plane.certificate))
        host = self.plane.server.removeprefix("https://")
        upstream = http.client.HTTPSConnection(host, context=context)
        upstream.connect()
        both = {self.connection, upstream.sock}
        self.found.sockets |= both
        try:
            with suppress(OSError, http.client.HTTPException):
                self._answer(upstream)
        finally:
            upstream.close()
            self.found.sockets -= both

    def _answer(self, upstream: http.client.HTTPSConnection) -> None:
        """The API server's answer as it comes; what a watch of Pods tells may be held back."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _OWN}
        headers["Authorization"] = f"Bearer {self.found.token}"
        upstream.request(self.command, self.path, body or None, headers)
        answer = upstream.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        held = "/pods" in self.path and "watch=true" in self.path
        while chunk := answer.read1(65536):
            while held and self.found.is_open and not self.found.news.wait(0.1):
                pass
            self.wfile.write(chunk)
            self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on
