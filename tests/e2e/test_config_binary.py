"""The verdict of `fcgitops config check` against FrameworkController's own binary.

It is started on files that hypothesis makes up. Once it has taken its configuration it prints
it, and ends later for want of an API server; where it refuses it, it panics before that. So the
verdicts of config-verdicts.jsonl were found, too. An address is looked at later than the rest.
"""

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from fcgitops.core.findings import REJECT, verdict
from fcgitops.fcconfig.check import check
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from testbed.controller import binary as find_binary

REPOSITORY = Path(__file__).resolve().parents[2]
CLIENT = "FCC24"
ROWS = REPOSITORY / "tests" / "data" / "frameworkcontroller" / "config-verdicts.jsonl"


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FrameworkController's own."""
    return find_binary(tmp_path_factory.mktemp("binary"))


def start(binary: Path, folder: Path, data: bytes) -> bytes:
    """What it says, started with `data` as its configuration.

    A proxy that is not there keeps it from every address but the one that nobody listens at.
    """
    (folder / "frameworkcontroller.yaml").write_bytes(data)
    nowhere = str(folder / "nowhere")
    run = subprocess.run(
        [binary],
        cwd=folder,
        env={
            "KUBE_APISERVER_ADDRESS": "http://127.0.0.1:1",
            "KUBECONFIG": nowhere,
            "HOME": nowhere,
            "HTTP_PROXY": "http://127.0.0.1:1",
            "HTTPS_PROXY": "http://127.0.0.1:1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    assert b"panic: " in run.stdout, run.stdout  # it always ends so, earlier or later
    return run.stdout


class Judge:
    """Compares, and counts what it has seen, so that a test of nothing is noticed."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.binary = binary
        self.folder = folder
        self.seen: Counter[str] = Counter()

    def __call__(self, text: str | bytes) -> None:
        """The binary refuses the file where the verdict is reject, and nowhere else."""
        data = text.encode() if isinstance(text, str) else text
        findings = [f for f in check(data) if f.rule != CLIENT]
        word = verdict(findings)
        self.seen[word] += 1
        taken = b"With Config:" in start(self.binary, self.folder, data)
        said = [str(f) for f in findings if f.severity in ("reject", "hazard")]
        assert taken is (word != REJECT), (data, said)


@pytest.fixture
def judge(binary: Path, tmp_path: Path) -> Judge:
    return Judge(binary, tmp_path)


def on(examples: int, files: st.SearchStrategy[str], judge: Judge) -> None:
    """Judges as many files: always the same ones, or with AFRESH=1 new ones."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=not os.environ.get("AFRESH"),
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(files)
    def run(text: str) -> None:
        judge(text)

    run()
    refused = judge.seen[REJECT]
    assert examples / 20 < refused < examples * 19 / 20, judge.seen  # both are tested


# Values as people write them, and as nobody should.

PLAIN = """
1 0 -1 100 1e2 1.5 99.9 017 0x10 0o17 0b101 1_000 _1 08 +5 1e400 1e10 1e19 .5 5. .inf -.inf
9223372036854775807 9223372036854775808 18446744073709551616 2147483648 ~ null NULL Null 'null' ''
'5' true yes y on 'true' 2020-01-01 {} [] [1] [~] *a 10s 1,000 {a:1} [a:b] [a?b] {?a:1} [-] [a,]
{,} %a @a `a a:b :: a: #x << ... --- 5#c 'it''s' [Transient] "\\u0041" "\\q" é
"""
VALUES = [
    *PLAIN.split(),
    *("!!str 5", "!!int '5'", "!!int 1.5", "!!float 5", "!!null x", "!!bool yes", "!foo 5", "! 5"),
    *("!!binary NQ==", "!!binary x", "!!timestamp 2020-01-01", "!!seq []", "!!map {}"),
    *("{a: 1}", "a: b", "&a 5", "|\n  5", ">-\n  x\n  y", "5 # c", "- 1", "5 5", "\t5"),
    *("\U0001f600", "\ufffe", "\x07", "\x85", "\u2028", "[{a: 1}]", "{name: NULL}", "{name: ''}"),
    *("{min: 1, max: 2}", "{min: 5, max: 2}", "{<<: {min: 3}}", "{min: NULL}", "{name: 'null'}"),
    *("[{containers: [NULL]}]", "[{containers: [~]}]", "[{nameRegex: NULL}]", "[{nameRegex: 5}]"),
    *("[{nameRegex: 'null'}]", "[{nameRegex: [a]}]", "{pod: {onPodDeletion: no}}", "{pod: [1]}"),
]  # fmt: skip
NAMES = """
kubeApiServerAddress kubeConfigFilePath kubeClientQps kubeClientBurst workerNumber
largeFrameworkCompression crdEstablishedCheckIntervalSec frameworkCompletedRetainSec
frameworkMinRetryDelaySecForTransientConflictFailed logObjectSnapshot podFailureSpec
WorkerNumber 'workerNumber' "kubeClientQps" x << 1 ~ *a [a]
"""
KEYS = [*NAMES.split(), "!!str workerNumber", "&k kubeClientBurst", "? a\n"]
RIGHT = {
    "code": ["1", "5", "-2000", "300", "1e2", "0x7F", "2147483647", "-1000"],
    "phrase": ["a", "null"],
    "type": ["{name: Failed}", "{attributes: [Transient, Conflict]}", "~"],
    "podPatterns": ["[{}]", "[{nameRegex: a, containers: [{codeRange: {min: 1}}]}]"],
    "x": ["1"],
    "<<": ["{code: 7}", "{podPatterns: [{}]}"],
}
values = st.sampled_from(VALUES)
lines = st.builds("{}: {}".format, st.sampled_from(KEYS), values)


@st.composite
def entries(draw: st.DrawFn) -> str:
    """An item of podFailureSpec, right more often than not."""
    keys = ["code", "podPatterns", *draw(st.lists(st.sampled_from(list(RIGHT)), max_size=2))]
    found = []
    for key in draw(st.permutations(keys))[draw(st.sampled_from([0, 0, 0, 0, 0, 1])) :]:
        wrong = draw(st.integers(0, 9)) == 9
        found.append(f"{key}: {draw(values if wrong else st.sampled_from(RIGHT[key]))}")
    return "- " + "\n  ".join(found)


settings_only = st.lists(lines, min_size=1, max_size=3).map("\n".join)
with_entries = st.lists(entries(), min_size=1, max_size=2).map(
    lambda found: "podFailureSpec:\n" + "\n".join(found)
)


@pytest.mark.slow
def test_settings(judge: Judge) -> None:
    """Right and wrong keys, and every form of scalar that YAML and Go know."""
    on(80, settings_only.map("{}\n".format), judge)


def test_entries(judge: Judge) -> None:
    """Entries with what is missing, repeated, merged or of the wrong type."""
    on(60, with_entries.map("{}\n".format), judge)


# Regular expressions.

SYNTAX = r"""
a b z . ^ $ \d \w \b \B \A \z \Z \C \pL \p{Greek} \p{^Lu} \PN \p{lu} \p{Kawi} \pX \p{ \pl
\x41 \x{10FFFF} \x{110000} \x4 \Q \E \Q*\E \1 \0 \07 \123 \8 \_ \- \é é € \a \v \h \R \K
[ ] [^ [a-z] [z-a] []a] [^]a] [a-\d] [\d-z] [[:alpha:]] [[:foo:]] [:alpha:] [\pL] [\b] [a\]]
[-a] [--a] [[a] [\p{lu}] ( ) (?: (?i) (?i: (?P<n> (?P<m> (?<n> (?P<é> (?P<> (?P=n) (?= (?!
(?<= (?<! (?> (?#c) (?-i) (?-) (?U) (?x) (? (?P | * + ? *? ?? ** *+ { } {2} {2,} {2,3} {,3}
{3,2} {1000} {1001} {1,1001} {2}? {0} {00002} {2 {999999999999} < > # - :
\pL{1000} (\pL{500}){2} \p{Uppercase_Letter} \p{Old_Italic}
"""
ATOMS = [*SYNTAX.split(), " "]
closed = st.lists(st.sampled_from(ATOMS), min_size=1, max_size=4).map("".join)
expressions = st.one_of(
    closed,
    st.builds("{}{}".format, closed, st.sampled_from(["*", "+?", "{2,3}", "{1001}", ")", "|"])),
    st.builds("({}){}".format, closed, st.sampled_from(["", "?", "*", "{100}"])),
    st.sampled_from(
        ["(" * 990 + ")" * 990, "(" * 1001 + ")" * 1001, "(((a{10}){10}){10}){10}", "", "a|b|"]
    ),
)


def test_regular_expressions(judge: Judge) -> None:
    """Go's regexp as it is compiled into the binary."""
    form = "podFailureSpec: [{{code: 5, podPatterns: [{{nameRegex: '{}'}}]}}]\n".format
    on(60, expressions.map(form), judge)


# What is near to a right file.

SNIPS = [*"{}[]:,-#&*!|>'\"%@` \n\t?~=<0x.\r", "\n---\n", "...\n", "- ", "<<: ", "*a", "&a "]
TOPS = ["%YAML 1.1\n---\n", "%YAML 1.2\n---\n", "--- # c\n", "---\n---\n", "\ufeff", "# c\n", ""]
recorded: list[str] = [
    json.loads(line)["yaml"] for line in ROWS.read_text(encoding="utf-8").splitlines()
]
short = [text for text in recorded if len(text) < 500]


@st.composite
def altered(draw: st.DrawFn) -> str:
    """A file of the recorded ones, with something put in, left out, repeated or moved."""
    text: str = draw(st.sampled_from(short))
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(text)))
        change = draw(st.sampled_from(["in", "out", "again", "document"]))
        if change == "in":
            text = text[:at] + draw(st.sampled_from(SNIPS)) + text[at:]
        elif change == "out":
            text = text[:at] + text[at + draw(st.integers(1, 4)) :]
        elif change == "again":
            rows = text.splitlines(keepends=True)
            text = "".join([*rows, draw(st.sampled_from(rows))]) if rows else text
        else:
            # yaml.v2 leaves out a character of each line behind a second byte order mark.
            text = draw(st.sampled_from(TOPS)) + text.removeprefix("\ufeff")
    return text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n"])))


@pytest.mark.slow
def test_altered_files(judge: Judge) -> None:
    """A slip of the keyboard anywhere in the text."""
    on(80, altered(), judge)


def test_recorded_files(judge: Judge) -> None:
    """The binary still gives the recorded verdicts; a look at every twentieth."""
    for text in recorded[::20]:
        judge(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\xff\xfe\0",
        b"workerNumber: 5 # \xe9\n",
        "workerNumber: 5\n".encode("utf-16"),
        b"x: " + b"[" * 980 + b"]" * 980,
        b"x: " + b"[" * 10_001 + b"]" * 10_001,
        b"podFailureSpec: &a [*a]\n",
        b"x: {a: b:}\n",
        b"x: [a?b]\n",
        b"kubeClientQps: .nan\n",
        b"kubeConfigFilePath: /nowhere\n",
        b"kubeApiServerAddress: http://127.0.0.1:2\n",
        b"kubeClientQps: 1e-46\n",
        b"kubeClientQps: 10000.0004\n",
        b"kubeClientQps: 10000.001\n",
        b"workerNumber: 2147483647.5\n",
        b"frameworkCompletedRetainSec: -1e30\n",
        b"workerNumber: 0\nworkerNumber: null\n",
        b"workerNumber: 0\nworkerNumber: 5\n",
        b"podFailureSpec: [{code: 1, podPatterns: [{nameRegex: (}]}]\npodFailureSpec: []\n",
    ],
)
def test_odd_files(judge: Judge, data: bytes) -> None:
    """What no generator finds soon."""
    judge(data)


@pytest.mark.parametrize(
    ("address", "made"),
    [
        ("http://10.0.0.1:8080", True),
        ("https://[::1]:6443/", True),
        ("10.0.0.1:8080", True),
        ("h", True),
        ("HTTP://h", True),
        ("ftp://h", True),
        ("http://h:8080/a?b#c", True),
        ("http://", False),
        ("://h", False),
        ("h/a", False),
        ("a b", False),
        ("http://a b", False),
        ("http://h:x", False),
        ("http://[::1", False),
        ("http://h:8080:9", True),
        ("1http://h", False),
    ],
)
def test_addresses(binary: Path, tmp_path: Path, address: str, made: bool) -> None:
    """One that no client can be made for ends it too, if behind its configuration."""
    data = f"kubeApiServerAddress: {json.dumps(address)}\n".encode()
    said = start(binary, tmp_path, data)
    assert b"With Config:" in said
    assert (b"panic: Failed to create KubeClient: " not in said) is made
    assert (CLIENT not in [finding.rule for finding in check(data)]) is made
