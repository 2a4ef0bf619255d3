"""A forge's HTTP API: JSON in, JSON out. The only module that talks to one."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from fcgitops.core.errors import Problem, ToolError
from fcgitops.core.printable import printable
from fcgitops.core.redaction import redacted
from fcgitops.text import jsonio

TIME = 30
"""Seconds for one answer."""
PAUSE = 2.0
"""Seconds before a busy server is asked again."""
_LONGEST = 60.0
"""Seconds that it may ask to be left alone for; who has to wait longer is told."""
_TRIES = 3
_BUSY = (502, 503, 504)
_MOST = 16 << 20
"""Bytes of one answer."""
_PAGES = 1_000
"""Pages of a list, so that a server which repeats itself is not asked for ever."""


class _Stays(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token would go along, wherever that leads."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Refuses it, so that it ends as an error of its status."""
        return


@dataclass(frozen=True)
class Answered:
    """An answer.

    Attributes:
        status: of HTTP.
        body: what it says; None where that is no JSON.
        pause: seconds after which it may be asked again, where too much was asked: it has done
            nothing then; None otherwise.
    """

    status: int
    body: Any
    pause: float | None = None


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
            ToolError: there is no answer, or it is another failure, or no JSON.
        """
        found = self._once(method, path, body)
        for _ in range(_TRIES - 1):
            pause = found.pause
            if pause is None and found.status in _BUSY and method != "POST":
                pause = PAUSE
            if pause is None or pause > _LONGEST:
                break
            time.sleep(pause)
            found = self._once(method, path, body)
        if found.pause is not None:
            wait = f"too many requests, for {found.pause:.0f} seconds more"
            self._fail(method, path, f"{found.status} {wait}")
        if found.status in accept:
            return found
        if found.status >= 300:
            said = found.body.get("message") if isinstance(found.body, dict) else None
            reason = printable(redacted(str(said or "without a reason")))
            self._fail(method, path, f"{found.status} {reason}")
        if not isinstance(found.body, dict | list):
            self._fail(method, path, f"{found.status}, and what it says is no JSON")
        return found

    def pages(self, path: str) -> Iterator[Mapping[str, Any]]:
        """The items of a list, of all its pages.

        Raises:
            ToolError: as `ask`.
        """
        mark = "&" if "?" in path else "?"
        for number in range(1, _PAGES + 1):
            items = self.ask("GET", f"{path}{mark}per_page=100&page={number}").body
            yield from (item for item in items if isinstance(item, dict))
            if len(items) < 100:
                return

    def _fail(self, method: str, path: str, reason: str) -> NoReturn:
        raise ToolError(Problem(self.title, f"{method} {path} failed: {reason}"))

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
                return Answered(error.code, _json(error.read(_MOST)), _pause(error))
        except (OSError, http.client.HTTPException) as error:
            self._fail(method, path, redacted(str(getattr(error, "reason", None) or error)))
        except ValueError:  # which may name the token
            self._fail(method, path, "HTTP carries neither line breaks nor such letters in a token")


def _json(data: bytes) -> Any:  # noqa: ANN401 - whatever the server says
    try:
        return jsonio.load(data or b"null")
    except ValueError:
        return None


def _pause(error: urllib.error.HTTPError) -> float | None:
    """How long to wait where too much was asked; None where that is not what is wrong.

    Sources: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api;
    https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
    """
    told, left = error.headers.get("Retry-After"), error.headers.get("X-RateLimit-Remaining")
    if error.code != 429 and not (error.code == 403 and (told or left == "0")):
        return None
    if told and told.isdecimal():
        return float(told)
    reset = error.headers.get("X-RateLimit-Reset") or ""
    if left == "0" and reset.isdecimal():
        return max(PAUSE, float(reset) - time.time())
    return PAUSE
