"""A second process reads the files of a fleet: it may save time, and change nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from gitenv import write

FLEET = {
    f"overlays/env-{number}/{name}": f"{number} {name}\n"
    for number in range(6)
    for name in ("environment.yaml", "local/kustomization.yaml")
} | {"overlays/env-5/local/patch.yaml": "# fcgitops: ignore FCG30 because\n"}

DIGESTS = """
import json, os, sys
from fcgitops.model.kustomization import Kind, Kustomization
from fcgitops.verify import ahead, inputs

root, many, fault = sys.argv[1], int(sys.argv[2]), sys.argv[3]
inputs._MANY = many
reader = os.getpid()
content = inputs.Inputs._content

def read(self, path):
    if os.getpid() != reader and fault:
        raise {"raises": RuntimeError, "interrupted": KeyboardInterrupt}[fault]
    here.append(path.decode())
    return content(self, path)

here = []
inputs.Inputs._content = read
fleet = [Kustomization(Kind.OVERLAY, f"env-{number}") for number in range(6)]
found = inputs.Inputs(root, [])
found.read_ahead(fleet)
found.take_over(iter([]))
found.take_over(iter([]))  # there is nothing more to take
digests = [found.of(item) for item in fleet]
read_here = sorted({path.split("/")[-2] for path in here if path.endswith("environment.yaml")})
print(json.dumps([digests, sorted(found.marked), read_here]))
"""


def digests(root: Path, many: int, fault: str = "") -> tuple[list[str], list[str], list[str]]:
    """The fleet's digests, the files with a mark, and the folders that the first process read."""
    command = [sys.executable, "-c", DIGESTS, str(root), str(many), fault]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found, marked, read = json.loads(ran.stdout)
    return found, marked, read


ALL = [f"env-{number}" for number in range(6)]


def test_what_two_processes_read_is_what_one_reads(tmp_path: Path) -> None:
    """The digests, and the files that may take findings back, are the same."""
    write(tmp_path, FLEET)
    alone, marked, read = digests(tmp_path, many=1000)
    assert (marked, read) == (["overlays/env-5/local/patch.yaml"], ALL)

    assert digests(tmp_path, many=1) == (alone, marked, [])


@pytest.mark.parametrize("fault", ["raises", "interrupted"])
def test_what_was_not_read_ahead_is_read_when_it_is_asked_for(tmp_path: Path, fault: str) -> None:
    """Where the second process fails, the first one reads all."""
    write(tmp_path, FLEET)

    assert digests(tmp_path, 1, fault) == digests(tmp_path, many=1000)


def test_other_work_ends_when_the_answer_is_there() -> None:
    """What is done meanwhile goes on step by step, and no longer than it is waited for."""
    code = (
        "import itertools, time\n"
        "from fcgitops.verify.ahead import Ahead\n"
        "slow = Ahead(lambda: [time.sleep(0.3), 'read'])\n"
        "steps = (time.sleep(0.01) or print('step') for _ in itertools.count())\n"
        "print(slow.outcome(steps))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    *steps, answer = ran.stdout.splitlines()
    assert (set(steps), answer) == ({"step"}, "[None, 'read']")
