"""To whom an NNI manager listens at port 8081: NNI's own server for runners, without the rest."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from testbed.nnioracle import interpreter
from testbed.pods import two_ports
from testbed.programs import running

pytestmark = pytest.mark.cluster  # it takes none, but NNI

SERVER = Path(__file__).parents[1] / "testbed" / "nni_channel.js"
RUNNER = """
import asyncio, json, sys, websockets

async def main(port, experiment, runner):
    data = json.dumps({"expId": experiment, "runnerId": runner})
    async with websockets.connect(f"ws://127.0.0.1:{port}") as socket:
        await socket.send(f"ID{len(data):014d}{data}")
        try:
            await asyncio.wait_for(socket.wait_closed(), 3)
            print("closed")
        except asyncio.TimeoutError:
            print("open")

asyncio.run(main(*sys.argv[1:]))
"""
"""Introduces itself, and says whether the server has closed on it."""


def test_a_manager_hears_its_own_runners_alone(tmp_path: Path) -> None:
    """It closes on one of another experiment, and on one that it has not started."""
    python = interpreter()
    where = "import nni_node; print(nni_node.__path__[0])"
    found = subprocess.run([python, "-c", where], capture_output=True, text=True, check=True)
    root, port = found.stdout.strip(), two_ports()
    with running([f"{root}/node", SERVER, root, str(port)], tmp_path, name="channel") as server:
        server.says("ready", 60)
        answers = {
            (experiment, runner): subprocess.run(
                [python, "-c", RUNNER, str(port + 1), experiment, runner],
                capture_output=True, text=True, check=True, timeout=120,
            ).stdout.strip()
            for experiment in ("ours", "another")
            for runner in ("known", "another")
        }  # fmt: skip
        assert answers == {
            ("ours", "known"): "open",
            ("ours", "another"): "closed",
            ("another", "known"): "closed",
            ("another", "another"): "closed",
        }
        assert server.text().splitlines() == ["ready", "known ID"]
