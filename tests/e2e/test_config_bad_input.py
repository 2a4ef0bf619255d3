"""Files that no person writes: an answer in under a second and 200 MB, whatever they hold.

Processor time is measured, not time of the wall, which depends on what else runs.
"""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from metered import aliases
from metered import rejected as metered_rejected


def patterns(*found: str) -> bytes:
    listed = ", ".join(f"{{nameRegex: '{pattern}'}}" for pattern in found)
    return f"podFailureSpec: [{{code: 5, podPatterns: [{listed}]}}]\n".encode()


def rejected(*arguments: str | Path, stdin: IO[bytes] | None = None) -> str:
    return metered_rejected("config", *arguments, stdin=stdin)


DEEP = 100_000
BAD: dict[str, Callable[[], bytes]] = {
    "binary junk": lambda: random.Random(1).randbytes(500_000),
    "zeros": lambda: b"\0" * 1_000_000,
    "tabs": lambda: b"\t" * 100_000,
    "exclamation marks": lambda: b"!" * 500_000,
    "an open quote": lambda: b'"' + b"a\n" * 400_000,
    "a long key": lambda: b"a" * 1_000_000 + b": 1\n",
    "aliases that grow tenfold each line": lambda: aliases(
        "{code: 5, podPatterns: [{}]}", 9, 12, "podFailureSpec: {}"
    ),
    "aliases of containers": lambda: (
        b"x: &c {containers: [" + b"{}, " * 300 + b"]}\ny: &p [" + b"*c, " * 300
        + b"]\npodFailureSpec: [" + b"{code: 5, podPatterns: *p}, " * 300 + b"]\n"
    ),
    "an alias of itself": lambda: b"podFailureSpec: &a [*a, *a]\n",
    "a merge key of itself": lambda: b"&a\nworkerNumber: x\n<<: *a\n",
    "merge keys that double": lambda: (
        b"m0: &m0 {workerNumber: x}\n"
        + b"".join(b"m%d: &m%d {<<: [*m%d, *m%d]}\n" % (n, n, n - 1, n - 1) for n in range(1, 40))
        + b"<<: *m39\n"
    ),
    "deep brackets": lambda: b"x: " + b"[" * DEEP + b"]" * DEEP,
    "deep braces": lambda: b"{a: " * DEEP,
    "deep dashes": lambda: b"- " * DEEP + b"a\n",
    "deep question marks": lambda: b"? " * DEEP,
    "deep merges": lambda: b"{<<: " * 5_000 + b"5" + b"}" * 5_000,
    "deep merges of aliases": lambda: b"m0: &m0 {workerNumber: x}\n" + b"".join(
        b"m%d: &m%d {<<: *m%d}\n" % (n, n, n - 1) for n in range(1, 9_000)
    ) + b"<<: *m8999\n",
    "deep aliases": lambda: b"podFailureSpec: &a0 []\n" + b"".join(
        b"k%d: &a%d [*a%d]\n" % (n, n, n - 1) for n in range(1, 9_000)
    ) + b"workerNumber: *a8999\n",
    "colons before commas": lambda: b"x: {" + b"a:, " * 200_000 + b"}\n",
    "100,000 values": lambda: b"x: [" + b"a," * 520_000 + b"]",
    "100,000 keys": lambda: b"".join(b"k%d: 1\n" % n for n in range(90_000)),
    "empty entries": lambda: b"podFailureSpec: [" + b"{}," * 300_000 + b"]\n",
    "unknown attributes": lambda: (
        b"podFailureSpec: [{code: 1, podPatterns: [5], type: {attributes: ["
        + b"x," * 60_000 + b"]}}]\n"
    ),
    "wrong entries": lambda: b"podFailureSpec: [" + b"5," * 99_000 + b"]\n",
    "entries without patterns": lambda: b"podFailureSpec: [" + b"{code: 0}," * 15_000 + b"]\n",
    "typing mistakes": lambda: b"".join(b"workerNumbr%d: 1\n" % n for n in range(33_000)),
    "a repeated key behind a long list": lambda: (
        b"podFailureSpec: [" + b"{}," * 40_000 + b"]\n" + b"workerNumber: 1\n" * 20_000
    ),
    "a repeated key": lambda: b"kubeClientQps: x\n" * 60_000,
    "a long number": lambda: b"workerNumber: " + b"9" * 900_000 + b"\n",
    "a long fraction": lambda: b"kubeClientQps: 1." + b"0" * 900_000 + b"e9\n",
    "a long exponent": lambda: b"kubeClientQps: 1e" + b"9" * 900_000 + b"\n",
    "over 1 MiB": lambda: b"#" * ((1 << 20) + 1),
    "repetitions of repetitions": lambda: patterns("(a{1000}){1000}", "(((a{9}){99}){99}){99}"),
    "deep groups": lambda: patterns("(" * 1_001 + "a" + ")" * 1_001),
    "large classes": lambda: patterns(*(rf"\pL{{1000}}{n}" for n in range(20_000))),
    "many alternatives": lambda: patterns(*(f"{n}" + "(a|b*)" * 1600 for n in range(100))),
    "backtracking": lambda: patterns("(x+x+)+y", "(a|a)*b", "(a?){1000}a{1000}", "(" * 9_999),
    "a long regular expression": lambda: patterns("a" * 1_000_000),
    "regular expressions in all": lambda: patterns(*["a" * 9_990 + f"{n}" for n in range(100)]),
}  # fmt: skip


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str, tmp_path: Path) -> None:
    """A rejection with its reason, in time and in space; no hang and no traceback."""
    file = tmp_path / "bad.yaml"
    file.write_bytes(BAD[name]())
    out = rejected(file)
    assert out.rstrip().endswith("bad.yaml: reject")


def test_100_megabytes(tmp_path: Path) -> None:
    """Only as much is read as a ConfigMap holds; from standard input too."""
    file = tmp_path / "huge.yaml"
    with file.open("wb") as huge:
        huge.truncate(100 << 20)
    reason = "reject: FCC01: has over 1048576 bytes, which is all that a ConfigMap holds"
    assert rejected(file) == f"{file}: {reason}\n{file}: reject\n"
    with file.open("rb") as huge:
        assert rejected("-", stdin=huge) == f"-: {reason}\n-: reject\n"


def test_bad_files_beside_a_good_one(tmp_path: Path) -> None:
    """Each has its own verdict, as text and as JSON."""
    names = ["junk", "good", "deep"]
    for name, data in zip(names, (b"\xff\xfe\0", b"", b"[" * DEEP), strict=True):
        (tmp_path / name).write_bytes(data)
    files = [tmp_path / name for name in names]
    assert f"{files[1]}: accept\n" in rejected(*files)
    out = rejected("--format", "json", *files)
    assert out.count('"verdict": "reject"') == 2
    assert out.count('"verdict": "accept"') == 1


def test_standard_output_that_is_closed(tmp_path: Path) -> None:
    """`>&-` of a shell is a mistake of the caller, said in a line."""
    file = tmp_path / "good.yaml"
    file.write_text("workerNumber: 5\n")
    script = f"{sys.executable} -m fcgitops config check {file} >&-"
    run = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.splitlines() == [
        "error: standard output: Bad file descriptor (nothing was written)"
    ]
