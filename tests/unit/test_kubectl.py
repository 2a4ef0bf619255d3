"""kubectl: a cluster that does not answer is another thing than one that says no."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fcgitops.core.errors import ToolError
from fcgitops.diff import live
from fcgitops.programs import kubectl
from fcgitops.programs.kubectl import Kubectl
from fcgitops.programs.process import Result

GET = 'Get \\"https://10.0.0.1/api?timeout=32s\\"'
LOG = 'E1130 07:32:34.963880   11737 memcache.go:265] "Unhandled Error" err="{}"\n'
SAID = {
    LOG.format(f"{GET}: dial tcp 10.0.0.1:443: connect: connection refused")
    + "The connection to the server 10.0.0.1 was refused - did you specify the right host?": True,
    "Unable to connect to the server: net/http: TLS handshake timeout": True,
    "Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout": True,
    "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while "
    "awaiting headers)": True,
    "Unable to connect to the server: unexpected EOF": True,
    'error: error validating "o.json": error validating data: failed to download openapi: the '
    "server is currently unable to handle the request; if you choose to ignore": True,
    "Error from server (ServiceUnavailable): the server is currently unable to handle the": True,
    "Error from server (TooManyRequests): the server has received too many requests": True,
    "Error from server: etcdserver: request timed out": True,
    "Unable to connect to the server: dial tcp: lookup prod on 10.0.0.2:53: no such host": False,
    "Unable to connect to the server: tls: failed to verify certificate: x509: unknown": False,
    'Error from server (NotFound): statefulsets.apps "x" not found': False,
    'Error from server (Forbidden): pods is forbidden: User "a" cannot list resource': False,
    'Error from server (InternalError): failed calling webhook "w": connect: connection refused': (
        False
    ),
    "error: context was not found for specified context: prod": False,
}  # fmt: skip


@pytest.mark.parametrize("text", SAID)
def test_what_nothing_has_answered(text: str) -> None:
    """Where the network or the API server itself fails; not what it says of an object."""
    assert kubectl.is_unanswered(Result(1, b"", f"{text}\n")) == SAID[text]
    assert not kubectl.is_unanswered(Result(0, b"", f"{text}\n"))
    assert kubectl.said(Result(1, b"", text)) == text.splitlines()[-1]


def program(folder: Path, script: str) -> str:
    """A kubectl that does this; its calls are lines of a file."""
    file = folder / "kubectl"
    file.write_text(f"#!/bin/sh\necho \"$*\" >> '{folder}/calls'\n{script}\n")
    file.chmod(0o755)
    return str(file)


REFUSE = "echo 'The connection to the server x was refused - did you specify the right' >&2; exit 1"


def test_an_answer_that_comes_late(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is taken; somebody who waits is told why."""
    script = (
        f"[ $(wc -l < '{tmp_path}/calls') -gt 2 ] || {{ {REFUSE}; }}; echo '{{\"kind\": \"X\"}}'"
    )
    asking = Kubectl(program(tmp_path, script), "prod", waits=(0, 0, 0))
    assert asking.get("x") == {"kind": "X"}
    assert len((tmp_path / "calls").read_text().splitlines()) == 3
    again = "note: kubectl, context prod: The connection to the server x was refused - did you "
    assert [line.startswith(again) for line in capsys.readouterr().err.splitlines()] == [True] * 2
    (tmp_path / "calls").unlink()
    with pytest.raises(ToolError, match=r"specify the right$"):
        Kubectl(program(tmp_path, REFUSE), "prod").get("x")
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


def test_an_outage_is_no_refusal(tmp_path: Path) -> None:
    """Of a cluster that goes away while it is asked, nobody says what it refuses."""
    o: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    words = f'case "$*" in *apply*) {REFUSE};; esac'
    with pytest.raises(ToolError, match=r"^kubectl, context prod: The connection to the server x"):
        live.look(Kubectl(program(tmp_path, words), "prod"), [o], "flux")
    no = "echo 'Error from server (Forbidden): admission says no' >&2; exit 1"
    words = f"case \"$*\" in *apply*) {no};; *-f*) echo '{json.dumps(o)}';; esac"
    found = live.look(Kubectl(program(tmp_path, words), "prod"), [o], "flux")
    assert list(found.refused) == ["ConfigMap/a"]
