"""A forge for tests: the parts of GitHub's and GitLab's APIs that comments and checks take."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "t0k3n-of-the-job"


@dataclass
class Forge:
    """What the forge has, and what it was asked.

    Attributes:
        url: of its API.
        comments: those of the one request, in their order: {"id", "body", "mine"}.
        checks: the check runs that were made.
        pulls: the pull requests that were opened.
        asked: method and path of each request.
        told: the commit statuses, of whichever commit.
        statuses: answers to give first, whatever is asked.
        headers: what these have beside their status.
        text: what these say.
    """

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    text: str = json.dumps({"message": f"no, {TOKEN}"})

    def add(self, body: str, *, mine: bool = True) -> None:
        """Adds a comment."""
        self.comments.append({"id": len(self.comments) + 1, "body": body, "mine": mine})

    def answer(self, method: str, path: str, given: dict[str, Any]) -> tuple[int, Any]:
        """What it says to one request."""
        address = urlsplit(path)
        query = parse_qs(address.query)
        parts = address.path.strip("/").split("/")
        if "check-runs" in parts:
            self.checks.append(given)
            return 201, {}
        if parts[-1] == "pulls":
            self.pulls.append(given)
            return 201, {}
        if method == "GET":
            size, page = int(query["per_page"][0]), int(query["page"][0])
            listed = self.told if parts[-1] == "statuses" else self.comments
            return 200, listed[(page - 1) * size : page * size]
        if method == "POST":
            self.add(given["body"])
            return 201, self.comments[-1]
        comment = self.comments[int(parts[-1]) - 1]
        if comment.get("gone"):
            return comment["gone"], {"message": "gone"}
        if not comment["mine"]:
            return 403, {"message": f"not with {TOKEN}"}
        comment["body"] = given["body"]
        return 200, comment


@contextmanager
def running() -> Iterator[Forge]:
    """A forge that listens on loopback; who does not show the token is sent away."""
    forge = Forge()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            forge.asked.append(f"{self.command} {self.path}")
            length = int(self.headers.get("Content-Length") or 0)
            given = json.loads(self.rfile.read(length) or b"{}")
            shown = self.headers.get("Authorization"), self.headers.get("PRIVATE-TOKEN")
            if forge.statuses:
                self.say(forge.statuses.pop(0), forge.text, forge.headers)
                return
            if shown not in ((f"Bearer {TOKEN}", None), (None, TOKEN)):
                status, body = 401, {"message": "Bad credentials"}
            else:
                status, body = forge.answer(self.command, self.path, given)
            self.say(status, json.dumps(body), {})

        def say(self, status: int, text: str, headers: Mapping[str, str]) -> None:
            data = text.encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{forge.url}/elsewhere")
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = handle_any

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    forge.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
