"""NNI 3.0 itself, as the judge of experiment files, and the files around them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("nni_verdict.py")
VERSION = "3.0"
SKIP = (
    "NNI_PYTHON is not set: a Python with nni==3.0, "
    "`python -m venv DIR; DIR/bin/pip install nni==3.0 'setuptools<81'`"
)


def interpreter() -> str:
    """The Python of NNI_PYTHON; the test is skipped where it is not set."""
    found = os.environ.get("NNI_PYTHON")
    if not found:
        pytest.skip(SKIP)
    return found


def surroundings(folder: Path) -> None:
    """The files that an experiment file in `folder` may name."""
    (folder / "code").mkdir()
    files = {
        "code/trial.py": "print()\n",
        "space.json": '{"x": {"_type": "choice", "_value": [1, 2]}}\n',
        "space.yaml": "x: {_type: choice, _value: [1, 2]}\n",
        "bad.json": '{"x": [\n',
        "list.json": "[1]\n",
        "key": "k\n",
        "empty": "",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


@dataclass
class Nni:
    """NNI in a process of its own, which judges one file after the other."""

    process: subprocess.Popen[str]
    folder: Path

    def __call__(self, data: bytes) -> tuple[str, str]:
        """Accept or reject, and why, of a file in `folder`."""
        file = self.folder / "experiment.yaml"
        file.write_bytes(data)
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{json.dumps(str(file))}\n")
        self.process.stdin.flush()
        verdict, reason = json.loads(self.process.stdout.readline())
        return verdict, reason


@contextmanager
def started(python: str, folder: Path) -> Iterator[Nni]:
    """NNI, run by `python`, among the files of `surroundings` in `folder`."""
    surroundings(folder)
    home = folder / "home"
    home.mkdir()
    with subprocess.Popen(
        [python, str(SCRIPT)],
        cwd=folder,
        env={"HOME": str(home), "NNI_CONFIG_DIR": str(home), "PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            assert json.loads(process.stdout.readline()) == VERSION
            yield Nni(process, folder)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(timeout=30)
