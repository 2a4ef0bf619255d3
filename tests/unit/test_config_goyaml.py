"""YAML as FrameworkController's yaml.v2 reads it; every value here is what Go itself gave."""

from __future__ import annotations

import math
from typing import Any

import pytest
from fcgitops.fcconfig import decode, goyaml
from fcgitops.fcconfig.goyaml import (
    BINARY,
    BOOL,
    FLOAT,
    INT,
    NULL,
    STR,
    TIMESTAMP,
    GoError,
    Node,
    parse,
    resolve,
)

RETAIN = "frameworkCompletedRetainSec"


def scalar(text: str) -> Node:
    """The value of `a: TEXT`."""
    root = parse(f"a: {text}\n".encode()).root
    assert root is not None
    return root.children[1]


def plain(text: str) -> Any:
    """The whole document as lists of pairs, so that repeated keys are seen."""
    root = parse(text.encode()).root
    assert root is not None
    return inside(root)


def inside(node: Node) -> Any:
    if node.kind == "mapping":
        return [(inside(key), inside(value)) for key, value in node.pairs]
    if node.kind == "sequence":
        return [inside(child) for child in node.children]
    return f"*{node.value}" if node.kind == "alias" else node.value


def values(text: str | bytes) -> dict[str, Any]:
    """What FrameworkController gets."""
    return decode.read(text.encode() if isinstance(text, str) else text)[1].value


def refusal(text: str | bytes) -> tuple[int, str]:
    with pytest.raises(GoError) as caught:
        parse(text.encode() if isinstance(text, str) else text)
    return caught.value.line, caught.value.message


@pytest.mark.parametrize(
    ("text", "tag", "value"),
    [
        ("5", INT, 5),
        ("+5", INT, 5),
        ("-5", INT, -5),
        ("-0", INT, 0),
        ("00", INT, 0),
        ("017", INT, 15),
        ("-017", INT, -15),
        ("0o17", INT, 15),
        ("0O17", INT, 15),
        ("0o1_7", INT, 15),
        ("0b101", INT, 5),
        ("-0b101", INT, -5),
        ("0B1", INT, 1),
        ("0b1_1", INT, 3),
        ("0x1F", INT, 31),
        ("+0x10", INT, 16),
        ("0x_1", INT, 1),
        ("1_000", INT, 1000),
        ("1__0", INT, 10),
        ("1_", INT, 1),
        ("9223372036854775807", INT, 9223372036854775807),
        ("9223372036854775808", INT, 9223372036854775808),
        ("18446744073709551615", INT, 18446744073709551615),
        ("-9223372036854775808", INT, -9223372036854775808),
        ("18446744073709551616", FLOAT, 18446744073709551616.0),
        ("-9223372036854775809", FLOAT, -9223372036854775808.0),
        ("08", FLOAT, 8.0),
        ("09.5", FLOAT, 9.5),
        ("1e2", FLOAT, 100.0),
        ("1E+2", FLOAT, 100.0),
        ("1_e2", FLOAT, 100.0),
        ("1e-1", FLOAT, 0.1),
        (".5", FLOAT, 0.5),
        ("+.5", FLOAT, 0.5),
        ("5.", FLOAT, 5.0),
        ("1_000.5", FLOAT, 1000.5),
        (".inf", FLOAT, math.inf),
        ("+.INF", FLOAT, math.inf),
        ("-.Inf", FLOAT, -math.inf),
        ("", NULL, None),
        ("~", NULL, None),
        ("null", NULL, None),
        ("Null", NULL, None),
        ("NULL", NULL, None),
        ("true", BOOL, True),
        ("TRUE", BOOL, True),
        ("y", BOOL, True),
        ("yes", BOOL, True),
        ("on", BOOL, True),
        ("N", BOOL, False),
        ("Off", BOOL, False),
        ("nO", STR, "nO"),
        ("tRUE", STR, "tRUE"),
        ("_1", STR, "_1"),
        ("0x", STR, "0x"),
        ("0b12", STR, "0b12"),
        ("0o8", STR, "0o8"),
        ("0x1p4", STR, "0x1p4"),
        ("--5", STR, "--5"),
        ("+-5", STR, "+-5"),
        ("1e", STR, "1e"),
        ("1e400", STR, "1e400"),
        (".", STR, "."),
        ("nan", STR, "nan"),
        ("Inf", STR, "Inf"),
        ("1:30", STR, "1:30"),
        ("1,000", STR, "1,000"),
        ("5 5", STR, "5 5"),
        ("5#c", STR, "5#c"),
        ("5 # c", INT, 5),
        ("2020-01-01", STR, "2020-01-01"),
        ("'5'", STR, "5"),
        ('"null"', STR, "null"),
        ("'~'", STR, "~"),
        ("'true'", STR, "true"),
        ("|\n  5", STR, "5\n"),
        (">-\n  5", STR, "5"),
        ("!!str 5", STR, "5"),
        ("!!str null", STR, "null"),
        ("!!int 5", INT, 5),
        ("!!int '5'", INT, 5),
        ("!!int 017", INT, 15),
        ("!!float 5", FLOAT, 5.0),
        ("!!float '5'", FLOAT, 5.0),
        ("!!float 1e2", FLOAT, 100.0),
        ("!!bool yes", BOOL, True),
        ("!!bool 'no'", BOOL, False),
        ("!!null ''", NULL, None),
        ("!!null null", NULL, None),
        ("!!binary NQ==", BINARY, b"5"),
        ("!!binary /w==", BINARY, b"\xff"),
        ("!!binary |\n  NQ\n  ==", BINARY, b"5"),
        ("!!timestamp 2020-01-01", TIMESTAMP, "2020-01-01"),
        ("!!timestamp 2020-1-1 1:2:3", TIMESTAMP, "2020-1-1 1:2:3"),
        ("!foo 5", "!foo", "5"),
        ("! 5", "!", "5"),
    ],
)
def test_scalar(text: str, tag: str, value: object) -> None:
    """A scalar has the type and the value that yaml.v2 gives it, quoted or tagged or plain."""
    found = resolve(scalar(text))
    assert (found, type(found[1])) == ((tag, value), type(value))


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number(text: str) -> None:
    """Three of its forms are a float; Python's and JSON's are text."""
    tag, value = resolve(scalar(text))
    assert tag == FLOAT
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!!int x", "is 'x', not what its tag !!int says"),
        ("!!int 1.5", "is '1.5', not what its tag !!int says"),
        ("!!int 1e2", "is '1e2', not what its tag !!int says"),
        ("!!int 08", "is '08', not what its tag !!int says"),
        ("!!float x", "is 'x', not what its tag !!float says"),
        ("!!float 9223372036854775808", "is '9223372036854775808', not what its tag !!float says"),
        ("!!bool x", "is 'x', not what its tag !!bool says"),
        ("!!bool 1", "is '1', not what its tag !!bool says"),
        ("!!null x", "is 'x', not what its tag !!null says"),
        ("!!timestamp x", "is 'x', not what its tag !!timestamp says"),
        ("!!binary x", "is tagged !!binary and is not base64"),
        ("!!binary é", "is tagged !!binary and is not base64"),
    ],
)
def test_tag_that_does_not_fit(text: str, message: str) -> None:
    """A value that is not what its tag says ends FrameworkController."""
    with pytest.raises(GoError) as caught:
        resolve(scalar(text))
    assert (caught.value.line, caught.value.message) == (1, message)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("017", 15),
        ("-017", -15),
        ("0o17", 15),
        ("0b101", 5),
        ("0x1f", 31),
        ("0", 0),
        ("-0", 0),
        ("08", None),
        ("1_000", None),
        ("1e2", None),
        ("", None),
        ("+", None),
        ("٣", None),
        ("18446744073709551615", 18446744073709551615),
        ("+9223372036854775808", None),
        ("-9223372036854775808", -9223372036854775808),
        ("-9223372036854775809", None),
        ("0" * 100_000 + "7", 7),
        ("9" * 100_000, None),
    ],
)
def test_integer(text: str, number: int | None) -> None:
    """64 bits, signed or not, in any of Go's bases; a sign leaves 63 of them."""
    assert goyaml.integer(text) == number


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        (RETAIN, "null", None),
        (RETAIN, "~", None),
        (RETAIN, "", None),
        (RETAIN, "NULL", 0),
        (RETAIN, "Null", 0),
        (RETAIN, "1e2", 100),
        (RETAIN, "1.9", 1),
        (RETAIN, "-1.9", -1),
        (RETAIN, "08", 8),
        (RETAIN, "-9223372036854775809", -9223372036854775808),
        (RETAIN, "-.inf", -9223372036854775808),
        (RETAIN, "!!float 5", 5),
        ("kubeClientQps", "0x10", 16.0),
        ("kubeClientQps", "5", 5.0),
        ("kubeClientQps", "0.1", 0.10000000149011612),
        ("kubeClientQps", "NULL", 0.0),
        ("largeFrameworkCompression", "NULL", False),
        ("largeFrameworkCompression", "on", True),
        ("largeFrameworkCompression", "null", None),
        ("kubeApiServerAddress", "5", "5"),
        ("kubeApiServerAddress", "017", "017"),
        ("kubeApiServerAddress", "yes", "yes"),
        ("kubeApiServerAddress", "'null'", "null"),
        ("kubeApiServerAddress", "NULL", None),
        ("kubeApiServerAddress", "!!int '5'", "5"),
        ("kubeApiServerAddress", "!!binary NQ==", "5"),
        ("kubeApiServerAddress", "!foo 5", "5"),
        ("kubeApiServerAddress", "2020-01-01", "2020-01-01"),
        ("podFailureSpec", "NULL", None),
        ("logObjectSnapshot", "NULL", {}),
        ("logObjectSnapshot", "null", None),
    ],
)
def test_value_of_a_field(key: str, text: str, value: object) -> None:
    """`null` is the default where `NULL` is zero; text takes anything as it is written."""
    found = values(f"{key}: {text}\n")
    assert (found, type(found[key])) == ({key: value}, type(value))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (RETAIN, "'5'"),
        (RETAIN, "!!str 5"),
        (RETAIN, "!!binary NQ=="),
        (RETAIN, "! 5"),
        (RETAIN, "!foo 5"),
        (RETAIN, "'null'"),
        (RETAIN, "true"),
        (RETAIN, "2020-01-01"),
        (RETAIN, "9223372036854775808"),
        (RETAIN, "1e19"),
        (RETAIN, ".inf"),
        (RETAIN, ".nan"),
        (RETAIN, "1e400"),
        ("workerNumber", "2147483648"),
        ("workerNumber", "1e10"),
        ("kubeClientQps", "'5'"),
        ("kubeClientQps", "yes"),
        ("largeFrameworkCompression", "1"),
        ("largeFrameworkCompression", "'true'"),
        ("kubeApiServerAddress", "[a]"),
        ("kubeApiServerAddress", "{a: b}"),
        ("podFailureSpec", "{}"),
        ("podFailureSpec", "''"),
        ("logObjectSnapshot", "[]"),
        ("logObjectSnapshot", "yes"),
    ],
)
def test_value_of_the_wrong_type(key: str, text: str) -> None:
    """Quotes and tags make text, which no number and no boolean takes; it ends the program."""
    _, decoded = decode.read(f"{key}: {text}\n".encode())
    assert [(f.rule, f.severity, f.path, f.line) for f in decoded.findings] == [
        ("FCC12", "reject", key, 1)
    ]
    assert decoded.value == {}


def test_a_key_may_be_quoted_tagged_or_explicit() -> None:
    """All of these are the same key to yaml.v2."""
    for key in ("workerNumber", "'workerNumber'", '"worker\\x4eumber"', "!!str workerNumber"):
        assert values(f"{key} : 5\n") == {"workerNumber": 5}
    assert values("? workerNumber\n: 5\n") == {"workerNumber": 5}
    assert values("x: &k workerNumber\n*k : 5\n") == {"workerNumber": 5}


@pytest.mark.parametrize(
    "data",
    [
        b"workerNumber: 5\r\nkubeClientBurst: 6\r\n",
        b"workerNumber: 5\rkubeClientBurst: 6\r",
        b"\xef\xbb\xbfworkerNumber: 5\nkubeClientBurst: 6",
        b"\xef\xbb\xbf# c\r\n---\r\nworkerNumber: 5\r\nkubeClientBurst: 6\r\n...\r\n",
        "workerNumber: 5\nkubeClientBurst: 6\n".encode("utf-16"),
        b"%YAML 1.1\n---\nworkerNumber: 5\nkubeClientBurst: 6\n",
        b"%TAG !y! tag:yaml.org,2002:\n---\nworkerNumber: !y!int '5'\nkubeClientBurst: 6\n",
        b"--- {workerNumber: 5, kubeClientBurst: 6}\n",
        b'{"workerNumber": 5, "kubeClientBurst": 6}',
    ],
)
def test_encodings_and_line_ends(data: bytes) -> None:
    """Windows' line ends, a byte order mark, UTF-16, a directive and JSON are all read."""
    assert values(data) == {"workerNumber": 5, "kubeClientBurst": 6}


def test_lines_are_those_of_the_file() -> None:
    """Whatever the line ends, a finding names the line that an editor shows."""
    for end in ("\n", "\r\n"):
        text = end.join(["\ufeff# c", "", "workerNumber: 5", "logObjectSnapshot:", "  pod: {}"])
        _, decoded = decode.read(text.encode())
        assert decoded.lines == {
            (): 3, ("workerNumber",): 3, ("logObjectSnapshot",): 5,
            ("logObjectSnapshot", "pod"): 5,
        }  # fmt: skip


def test_only_the_first_byte_order_mark_is_skipped() -> None:
    """A further one is a character of the key; libyaml would skip one on each line."""
    assert plain("\ufeffa: 1\n\ufeffb: 2\n") == [("a", "1"), ("\ufeffb", "2")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("workerNumber: &a 5\nkubeClientBurst: *a\n", {"workerNumber": 5, "kubeClientBurst": 5}),
        (
            "x: &b {code: 9, podPatterns: [{}]}\npodFailureSpec: [*b]\n",
            {"podFailureSpec": [{"code": 9, "podPatterns": [{}]}]},
        ),
        (
            "workerNumber: &a 5\nx: &a 6\nkubeClientBurst: *a\n",
            {"workerNumber": 5, "kubeClientBurst": 6},
        ),
        (
            "x: &b {code: 9, podPatterns: [{}]}\npodFailureSpec:\n- <<: *b\n  code: 11\n",
            {"podFailureSpec": [{"code": 11, "podPatterns": [{}]}]},
        ),
        (
            "x: &b {code: 9, podPatterns: [{}]}\npodFailureSpec:\n- code: 11\n  <<: *b\n",
            {"podFailureSpec": [{"code": 9, "podPatterns": [{}]}]},
        ),
        (
            "<<: [{workerNumber: 7}, {workerNumber: 8, kubeClientBurst: 3}]\n",
            {"workerNumber": 7, "kubeClientBurst": 3},
        ),
        ("<<: {<<: {workerNumber: 7}}\n", {"workerNumber": 7}),
        ("!!merge <<: {workerNumber: 7}\n", {"workerNumber": 7}),
        ("'<<': {workerNumber: 7}\n", {}),
        (
            "logObjectSnapshot: {pod: {onPodDeletion: no}}\n"
            "logObjectSnapshot: {task: {onTaskRetry: no}}\n",
            {
                "logObjectSnapshot": {
                    "pod": {"onPodDeletion": False},
                    "task": {"onTaskRetry": False},
                }
            },
        ),
    ],
)
def test_anchors_and_merge_keys(text: str, value: dict[str, Any]) -> None:
    """An alias is what its anchor stood for; a merge overrides what stands before it."""
    assert values(text) == value


def test_an_alias_that_is_not_defined() -> None:
    """Only an anchor above it counts."""
    assert refusal("a: *x\nb: &x 1\n") == (1, "names the anchor 'x', which is not defined")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\n", 0),
        ("a: 1\n...\n", 0),
        ("a: 1\n...\n# c\n", 0),
        ("---\na: 1\n", 0),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: 1\n...\n---\nb: 2\n", 3),
        ("a: 1\n---\n", 2),
        ("---\n---\na: 1\n", 2),
        ("a: 1\n---\nb: [\n", 2),
        ("a: 1\n...\nb: 2\n", 3),
    ],
)
def test_second_document(text: str, line: int) -> None:
    """Only the first document is read, so that what follows may even be broken."""
    document = parse(text.encode())
    assert document.ignored == line
    assert document.root is not None


@pytest.mark.parametrize("text", ["", "# nothing\n", "\ufeff", "\n\n"])
def test_nothing(text: str) -> None:
    """An empty file is all defaults."""
    assert parse(text.encode()) == goyaml.Document(None)
    assert values(text) == {}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("%YAML 1.2\n---\na: 1\n", 1),
        ("# c\n%YAML 1.2\n---\na: 1\n", 2),
        ("\ufeff%YAML\t1.2\r\n---\r\na: 1\r\n", 1),
        ("%YAML 1.0\n---\na: 1\n", 1),
        ("%YAML 1.10\n---\na: 1\n", 1),
        ("%TAG !y! tag:yaml.org,2002:\n%YAML 1.2\n---\na: 1\n", 2),
    ],
)
def test_yaml_of_another_version(text: str, line: int) -> None:
    """yaml.v2 knows %YAML 1.1 only."""
    assert refusal(text) == (line, "is not valid YAML: a %YAML directive other than 1.1")


def test_what_only_looks_like_a_directive() -> None:
    """Within a document `%YAML 1.2` is text."""
    assert plain("a: |\n  x\n\n  %YAML 1.2\n") == [("a", "x\n\n%YAML 1.2\n")]
    assert plain("a: 'x\n  %YAML 1.2'\n") == [("a", "x %YAML 1.2")]


@pytest.mark.parametrize("text", ["[a?b]", "{a?: 1}", "{a: b?}", "[a, [b?c]]"])
def test_a_question_mark_in_brackets(text: str) -> None:
    """yaml.v2 ends plain text there and refuses what follows; newer libyaml takes it."""
    line, message = refusal(f"x: 1\na: {text}\n")
    assert (line, message) == (2, "is not valid YAML: a '?' in brackets (quote the text)")
    assert plain("a: ['b?', \"c?\"]\nb: c?\n") == [("a", ["b?", "c?"]), ("b", "c?")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{a: b:}", [("a", "b:")]),
        ("{a: b:, c: d:}", [("a", "b:"), ("c", "d:")]),
        ("[a:, b]", ["a:", "b"]),
        ("[é:, b:]", ["é:", "b:"]),
        ("{a: b:c}", [("a", "b:c")]),
        ("{a:1}", [("a:1", "")]),
    ],
)
def test_a_colon_before_a_bracket(text: str, value: object) -> None:
    """It is text to yaml.v2, and refused by newer libyaml; all others keep their meaning."""
    assert plain(f"x: {text}\n") == [("x", value)]


@pytest.mark.parametrize(
    ("data", "line", "start"),
    [
        (b"a: b: c\n", 1, "is not valid YAML: mapping values are not allowed in this context"),
        (b"a:\n\t- b\n", 2, "is not valid YAML: found character that cannot start any token"),
        (b"a: [1\nb: 2\n", 2, "is not valid YAML: "),
        (b'a: "x\n', 2, "is not valid YAML: found unexpected end of stream"),
        (b"a: 1\n b: 2\n", 2, "is not valid YAML: "),
        (b"a: -\n", 1, "is not valid YAML: block sequence entries are not allowed"),
        (b"a: 1\nb: \xff\n", 1, "is not valid YAML: "),
        (b"a: \0\n", 1, "is not valid YAML: "),
        (b"a: @x\n", 1, "is not valid YAML: "),
        (b"a: !x!y 1\n", 1, "is not valid YAML: found undefined tag handle"),
        (b"%FOO\n", 1, "is not valid YAML: "),
        (b"%YAML 1.1\n", 2, "is not valid YAML: did not find expected <document start>"),
        (b"#" * ((1 << 20) + 1), 0, "has over 1048576 bytes, which is all that a ConfigMap holds"),
    ],
)
def test_no_yaml(data: bytes, line: int, start: str) -> None:
    """What yaml.v2 cannot read is refused with its line."""
    found, message = refusal(data)
    assert (found, message[: len(start)]) == (line, start)


@pytest.mark.slow
def test_as_much_as_is_allowed() -> None:
    """1 MiB, 60,000 values and 990 levels are read."""
    assert parse(b"a: 1\n" + b"#" * ((1 << 20) - 5)).root is not None
    assert parse(b"[" + b"a," * 59_999 + b"]").root is not None
    assert refusal(b"[" + b"a," * 60_000 + b"]")[1].startswith("holds over 60000 values")
    assert parse(b"[" * 990 + b"]" * 990).root is not None
    for levels in (991, 1_001, 10_001):
        assert refusal(b"[" * levels)[1] == "nests over 990 levels deep"


LIST = "podFailureSpec:\n- code: -1000\n  # why\n  podPatterns:\n  - messageRegex: .*oom.*\n"


@pytest.mark.parametrize(
    ("head", "parted"),
    [
        ("", True),
        ("# head\n\nworkerNumber: 5  # five\nkubeApiServerAddress: https://a:1\n", True),
        ("workerNumber: 5\nworkerNumber: 6\n", False),
        ("workerNumber: [5\n  ]\n", False),
        ("workerNumber: &a 5\nkubeClientQps: *a\n", False),
        ("<<: {podFailureSpec: []}\n", False),
        ("kubeApiServerAddress: |\n  a\n", False),
        ("workerNumber:\n", False),
        ("podFailureSpec: []\n", False),
        ("workerNumber: many\n", False),
        ("workerNumbr: 5\n", False),
    ],
)
@pytest.mark.parametrize(
    "tail",
    [
        LIST,
        f"{LIST}#\n",
        "podFailureSpec:\n",
        f"{LIST}- code: x\n",
        f"{LIST}...\n",
        f"{LIST}a: b\n",
    ],
)
def test_a_file_in_parts_is_the_whole_file(head: str, parted: bool, tail: str) -> None:
    """What is read of settings and list apart is what is read of both together, or it is not."""
    data = f"{head}{tail}".encode()
    found = decode._in_parts(data)
    assert bool(found) == (parted and tail in (LIST, f"{LIST}#\n", "podFailureSpec:\n"))
    if found:
        assert found == decode._whole(data)
