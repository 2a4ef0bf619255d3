"""Experiment files that no person writes: an answer in under a second and 200 MB of memory."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from metered import aliases, rejected
from nnifiles import RIGHT

DEEP = 100_000
SPACE = RIGHT.replace("searchSpace: {x: {_type: uniform, _value: [0, 1]}}\n", "")
assert SPACE != RIGHT


def space(text: str) -> bytes:
    return f"{SPACE}searchSpace: {text}\n".encode()


BAD: dict[str, Callable[[], bytes]] = {
    "binary junk": lambda: random.Random(1).randbytes(500_000),
    "zeros": lambda: b"\0" * 1_000_000,
    "a NUL": lambda: RIGHT.encode() + b"\0",
    "no UTF-8": lambda: RIGHT.encode() + b"# \xe9\n",
    "UTF-16": lambda: RIGHT.encode("utf-16"),
    "tabs": lambda: b"\t" * 100_000,
    "exclamation marks": lambda: b"!" * 500_000,
    "an open quote": lambda: b'"' + b"a\n" * 400_000,
    "a long key": lambda: b"a" * 1_000_000 + b": 1\n",
    "aliases that grow tenfold each line": lambda: aliases(
        "[lol]", 9, 12, RIGHT.partition("\n")[0] + "\nsearchSpace: {}"
    ),
    "aliases in a search space": lambda: (
        b"x: &p [" + b"1, " * 1_000 + b"]\nsearchSpace: {x: {_type: choice, _value: ["
        + b"*p, " * 1_000 + b"]}}\n"
    ),
    "an alias of itself": lambda: space("&a {x: *a}"),
    "the file in itself": lambda: b"&a\nsearchSpace: *a\n",
    "a merge key of itself": lambda: b"&a\ntrialConcurrency: 1\n<<: *a\n",
    "merge keys that double": lambda: (
        b"m0: &m0 {debug: true}\n"
        + b"".join(b"m%d: &m%d {<<: [*m%d, *m%d]}\n" % (n, n, n - 1, n - 1) for n in range(1, 30))
        + b"<<: *m29\n"
    ),
    "deep brackets": lambda: b"x: " + b"[" * DEEP + b"]" * DEEP,
    "deep brackets in a small file": lambda: b"x: " + b"[" * 16_000,
    "just too deep": lambda: space("[" * 151 + "]" * 151),
    "deep braces": lambda: b"{a: " * DEEP,
    "deep dashes": lambda: b"- " * DEEP + b"a\n",
    "deep question marks": lambda: b"? " * DEEP,
    "deep aliases": lambda: b"k0: &a0 []\n" + b"".join(
        b"k%d: &a%d [*a%d]\n" % (n, n, n - 1) for n in range(1, 9_000)
    ),
    "100,000 values": lambda: b"x: [" + b"a," * 520_000 + b"]",
    "values in a small file": lambda: b"searchSpace: [" + b"," .join([b"a"] * 16_000) + b"]",
    "100,000 keys": lambda: b"".join(b"k%d: 1\n" % n for n in range(90_000)),
    "typing mistakes": lambda: b"".join(b"trialComand%d: 1\n" % n for n in range(25_000)),
    "a repeated key": lambda: b"trialCommand: x\n" * 25_000,
    "one key in many spellings": lambda: b"".join(
        b"_" * n + b"debug: x\n" for n in range(1, 240)
    ),
    "many roles": lambda: b"trainingService: {platform: frameworkcontroller, taskRoles: ["
    + b"{}," * 25_000 + b"]}\n",
    "many parameters": lambda: space(
        "{" + ", ".join(f"p{n}: {{_type: unform, _value: [1e5]}}" for n in range(9_000)) + "}"
    ),
    "many bad numbers": lambda: space("[" + "1e-5, " * 25_000 + "]"),
    "a long number": lambda: b"trialConcurrency: " + b"9" * 900_000 + b"\n",
    "a number to the base of 60": lambda: b"trialConcurrency: 1" + b":1" * 400_000 + b"\n",
    "a long fraction": lambda: space("1." + "0" * 900_000),
    "a long path": lambda: b"trialCodeDirectory: " + b"a/" * 400_000 + b"\n",
    "long indices": lambda: b"tunerGpuIndices: '" + b"1," * 400_000 + b"'\n",
    "a long size": lambda: RIGHT.replace("8gb", "9" * 900_000 + "gb").encode(),
    "a long image": lambda: RIGHT.replace("msranni/nni:v3.0", "a-" * 400_000).encode(),
    "a long address": lambda: RIGHT.encode() + b"nniManagerIp: '" + b"1." * 400_000 + b"'\n",
    "a long name": lambda: RIGHT.replace("name: TPE", f"name: {'T' * 900_000}").encode(),
    "over 1 MiB": lambda: b"#" * ((1 << 20) + 1),
    "documents": lambda: b"--- a\n" * 100_000,
    "anchors": lambda: b"".join(b"- &a%d x\n" % n for n in range(60_000)),
    "dates": lambda: space("[" + "2020-01-01, " * 25_000 + "]"),
}  # fmt: skip


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str, tmp_path: Path) -> None:
    """A verdict with its reasons, in time and in space; no hang and no traceback."""
    (tmp_path / "code").mkdir()
    file = tmp_path / "bad.yaml"
    file.write_bytes(BAD[name]())
    assert rejected("nni", file).rstrip().endswith(("bad.yaml: reject", "bad.yaml: hazard"))


SPACES: dict[str, Callable[[], bytes]] = {
    "junk": lambda: random.Random(1).randbytes(500_000),
    "deep JSON": lambda: b"[" * 300_000 + b"]" * 300_000,
    "much JSON": lambda: b'{"x": {"_type": "choice", "_value": [' + b"[]," * 300_000 + b"1]}}x",
    "over 1 MiB": lambda: b"[" + b"1," * (1 << 20) + b"1]",
    "nested JSON": lambda: (
        b'{"x": {"_type": "choice", "_value": [{"_name": "a", "x": ' * 300 + b"1" + b"}]}" * 300
        + b"}"
    ),
    "bad parameters": lambda: b"{" + b",".join(b'"p%d": 1' % n for n in range(70_000)) + b"}",
}  # fmt: skip


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", SPACES)
def test_bad_search_space(name: str, tmp_path: Path) -> None:
    """The same of a searchSpaceFile."""
    (tmp_path / "code").mkdir()
    (tmp_path / "space").write_bytes(SPACES[name]())
    file = tmp_path / "bad.yaml"
    file.write_text(f"{SPACE}searchSpaceFile: space\n")
    assert rejected("nni", file).rstrip().endswith(("bad.yaml: reject", "bad.yaml: hazard"))


@pytest.mark.parametrize("name", ["/dev/zero", "pipe", "/dev/tty"])
def test_a_search_space_without_end(name: str, tmp_path: Path) -> None:
    """A device or a pipe is not read."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "code").mkdir()
    file = tmp_path / "bad.yaml"
    file.write_text(f"{SPACE}searchSpaceFile: {name}\n")
    assert "NNI44" in rejected("nni", file)


def test_100_megabytes(tmp_path: Path) -> None:
    """Only as much is read as a ConfigMap holds; from standard input too."""
    file = tmp_path / "huge.yaml"
    with file.open("wb") as huge:
        huge.truncate(100 << 20)
    reason = "reject: NNI01: has over 1048576 bytes, which is all that a ConfigMap holds"
    assert rejected("nni", file) == f"{file}: {reason}\n{file}: reject\n"
    with file.open("rb") as huge:
        assert rejected("nni", "-", stdin=huge) == f"-: {reason}\n-: reject\n"
