"""A forge's HTTP API: JSON in, JSON out. The only module that talks to one."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fcgitops.core.errors import Problem, ToolError
from fcgitops.core.printable import printable
from fcgitops.core.redaction import redacted
from fcgitops.text import jsonio

TIME = 30
"""Seconds for one answer."""
PAUSE = 2.0
"""Seconds before a busy server is asked again."""
_TRIES = 3
_BUSY = (429, 502, 503, 504)
_MOST = 16 << 20
"""Bytes of one answer."""


class _Stays(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token would go along, wherever that leads."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Refuses it, so that it ends as an error of its status."""
        return


@dataclass(frozen=True)
class Answered:
    """An answer: its status and what it says."""

    status: int
    body: Any


@dataclass(frozen=True)
class Api:
    """One API, as one user.

    Attributes:
        title: how the forge is called: "GitHub".
        url: what every path is put behind.
        headers: of each request; the token stands in one.
    """

    title: str
    url: str
    headers: Mapping[str, str] = field(repr=False)

    def ask(
        self, method: str, path: str, body: object = None, *, accept: tuple[int, ...] = ()
    ) -> Answered:
        """One request; a busy server is asked again, unless that could do a thing twice.

        Args:
            method: such as GET.
            path: below `url`.
            body: what is sent, as JSON.
            accept: statuses of failure that are an answer too.

        Raises:
            ToolError: there is no answer, or it is another failure.
        """
        for left in range(_TRIES - 1, -1, -1):
            found = self._once(method, path, body)
            if found.status in _BUSY and left and method != "POST":
                time.sleep(PAUSE)
                continue
            break
        if found.status >= 300 and found.status not in accept:
            said = found.body.get("message") if isinstance(found.body, dict) else None
            reason = f"{found.status} {printable(redacted(str(said or 'without a reason')))}"
            raise ToolError(Problem(self.title, f"{method} {path} failed: {reason}"))
        return found

    def pages(self, path: str) -> Iterator[Any]:
        """The items of a list, of all its pages.

        Raises:
            ToolError: as `ask`.
        """
        mark = "&" if "?" in path else "?"
        number = 1
        while items := self.ask("GET", f"{path}{mark}per_page=100&page={number}").body:
            yield from items
            if len(items) < 100:
                return
            number += 1

    def _once(self, method: str, path: str, body: object) -> Answered:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        if not self.url.startswith(("https://", "http://")):
            what = f"has no HTTP address: {redacted(self.url) or 'none'}"
            raise ToolError(Problem(self.title, what))
        request = urllib.request.Request(  # noqa: S310 - the scheme was just looked at
            f"{self.url}{path}", data=data, method=method, headers=headers
        )
        opener = urllib.request.build_opener(_Stays)
        try:
            with opener.open(request, timeout=TIME) as answer:
                return Answered(answer.status, _json(answer.read(_MOST)))
        except urllib.error.HTTPError as error:
            with error:
                return Answered(error.code, _json(error.read(_MOST)))
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            what = f"{method} {path} failed: {redacted(str(reason))}"
            raise ToolError(Problem(self.title, what)) from error


def _json(data: bytes) -> Any:  # noqa: ANN401 - whatever the server says
    try:
        return jsonio.load(data or b"null")
    except ValueError:
        return None
