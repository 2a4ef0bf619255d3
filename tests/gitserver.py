"""A Git server on loopback that speaks smart HTTP: `git http-backend` behind a CGI handler."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from gitenv import git

PROTECT = """\
#!/bin/sh
while read old new ref; do
    if [ "$ref" = refs/heads/main ]; then
        echo "GL-HOOK-ERR: You are not allowed to push code to protected branches." >&2
        exit 1
    fi
done
"""


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        url: the repository's URL, without credentials.
        repository: the bare repository behind it.
    """

    url: str
    repository: Path

    def url_as(self, user: str, password: str) -> str:
        """The URL with credentials in it."""
        return self.url.replace("://", f"://{user}:{password}@")


@contextmanager
def serve(
    directory: Path, *, password: str = "", protected: bool = False, hook: str = ""
) -> Iterator[Server]:
    """Serve a new bare repository in `directory`.

    Args:
        directory: where it is made.
        password: what Basic authentication has to bring, whoever the user; "" for none.
        protected: pushes to `main` are refused, in GitLab's words.
        hook: the text of another pre-receive hook.
    """
    repository = directory / "served.git"
    git(directory, "init", "-q", "--bare", str(repository))
    git(repository, "config", "http.receivepack", "true")
    if protected or hook:
        script = repository / "hooks" / "pre-receive"
        script.parent.mkdir(exist_ok=True)
        script.write_text(hook or PROTECT)
        script.chmod(0o755)

    class Handler(_Handler):
        root = directory
        secret = password

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_port}/served.git", repository)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Hands each request to `git http-backend`, a CGI program."""

    root: Path
    secret: str

    def do_GET(self) -> None:
        self._backend()

    def do_POST(self) -> None:
        self._backend()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _backend(self) -> None:
        user = self._user()
        if self.secret and user is None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_USER": user or "",
        }
        done = subprocess.run(
            ["git", "http-backend"], env=env, input=self._body(), capture_output=True, check=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = next((value for name, value in headers if name == "Status"), "200")
        self.send_response(int(status.split()[0]))
        for name, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _user(self) -> str | None:
        """Who asks, if the password is right."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return None
        user, _, password = base64.b64decode(token).decode().partition(":")
        return user if password == self.secret else None

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body
