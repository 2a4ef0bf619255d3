"""Reading YAML strictly, and writing it so that every reader takes it for the same."""

from __future__ import annotations

import time

import pytest
from fcgitops.core.errors import FcgitopsError, InputError
from fcgitops.text import scalars, yamlio


def refusal(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        yamlio.load(data, "f.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"", None),
        (b"# nothing\n", None),
        (b"a: [1, 2.5, true, null, x]\n", {"a": [1, 2.5, True, None, "x"]}),
        ("\ufeffa: é\n".encode(), {"a": "é"}),
        (b"a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        (b"---\na: 1\n...\n", {"a": 1}),
        (b"<<: {a: 1}\nb: 2\n", {"a": 1, "b": 2}),
        (
            b"a: [1:30, 1:1:1.5, -1:30, +190:20:30]\n",
            {"a": ["1:30", "1:1:1.5", "-1:30", "+190:20:30"]},
        ),
        (b"a: [0xff, 0b11, 017, 1_000, 1.5e+3, .5]\n", {"a": [255, 3, 15, 1000, 1500.0, 0.5]}),
        (b"a: " + b"9" * 100, {"a": int("9" * 100)}),
    ],
)
def test_load(data: bytes, value: object) -> None:
    """One document is read, a byte order mark or Windows' line ends included."""
    assert yamlio.load(data, "f.yaml") == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: 1\nb: 2\na: 3\n", "f.yaml:3: repeats the key 'a' (keep one of the two)"),
        (
            b"a:\n- b:\n    c: 1\n    'c': 2\n",
            "f.yaml:4: repeats the key 'c' (keep one of the two)",
        ),
        (
            b"a: 1\na: 2\nb: {c: 1, c: 2}\n",
            "f.yaml:2: repeats the key 'a' (keep one of the two); "
            "f.yaml:3: repeats the key 'c' (keep one of the two)",
        ),
        (b"? [a]\n: 1\n", "f.yaml:1: a key is not a plain name"),
        (b"b: 1\na: 0x" + b"f" * 5000, "f.yaml:2: is not valid YAML: a number has 5002 characters"),
        (b"a: " + b"9" * 101, "f.yaml:1: is not valid YAML: a number has 101 characters"),
        (b"a: 0." + b"9" * 5000, "f.yaml:1: is not valid YAML: a number has 5002 characters"),
        (
            b"a: !!int x\n",
            "f.yaml:1: is not valid YAML: invalid literal for int() with base 10: 'x'",
        ),
        (b"a: 1\n---\nb: 2\n", "f.yaml:2: holds a second document (one document a file)"),
        (b"a: &x 1\nb: *x\n", "f.yaml:2: has an alias, *x (write the value out)"),
        (b"a: &x [*x]\n", "f.yaml:1: has an alias, *x (write the value out)"),
        (
            b"a: b: c\n",
            "f.yaml:1: is not valid YAML: mapping values are not allowed in this context",
        ),
        (
            b"a:\n\t- b\n",
            "f.yaml:2: is not valid YAML: found character that cannot start any token",
        ),
        (
            b"a: \0\n",
            "f.yaml: is not valid YAML: "
            "unacceptable character #x0000: control characters are not allowed",
        ),
        (b"a: 1\nb: \xff\n", "f.yaml:2: is not UTF-8 text"),
        (b"\xff\xfea\0", "f.yaml:1: is not UTF-8 text"),
        (
            b"a: !!python/object/apply:os.system [id]\n",
            "f.yaml:1: is not valid YAML: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object/apply:os.system'",
        ),
        (b"b: 1\na: 2024-99-01\n", "f.yaml:2: is not valid YAML: month must be in 1..12"),
        (b"#" * ((1 << 20) + 1), "f.yaml: has 1048577 bytes (at most 1048576)"),
    ],
)
def test_refused(data: bytes, message: str) -> None:
    """What would lose a setting silently, or is no YAML, is refused with its line."""
    assert refusal(data) == message


def test_size_and_depth() -> None:
    """1 MiB and 50 levels are still read."""
    assert yamlio.load(b"a: 1\n" + b"#" * ((1 << 20) - 5), "f") == {"a": 1}
    assert yamlio.load(b"[" * 50 + b"]" * 50, "f") is not None


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- ", b"? "])
def test_deep_nesting(opening: bytes) -> None:
    """100,000 levels are refused in good time, not a crash of the process."""
    assert refusal(opening * 100_000) == "f.yaml:1: nests over 50 levels deep"


@pytest.mark.parametrize(
    "data", [b"a: !!bool x", b"a: !!int ''", b"a: !!float ''", b"a: !!timestamp x"]
)
def test_wrong_tag(data: bytes) -> None:
    """A value that its tag does not fit is a message, no traceback."""
    assert refusal(data) == "f.yaml: is not valid YAML: a value is not what its tag says"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [{"c": "x", "d": []}, {}]}, "b: 1\na:\n- c: x\n  d: []\n- {}\n"),
        ({"k": "x\ny\n"}, "k: |\n  x\n  y\n"),
        ({"k": "1", "l": "true", "m": "", "o": "a: b"}, "k: '1'\nl: 'true'\nm: ''\no: 'a: b'\n"),
        ({"k": "word " * 100}, f"k: '{'word ' * 100}'\n"),
        ("plain", "plain\n"),
    ],
)
def test_dump(value: object, text: str) -> None:
    """Block style, keys as given, lists not indented, long lines kept, text read back as text."""
    assert yamlio.dump(value) == text
    assert yamlio.load(text.encode(), "f") == value


def test_dump_without_aliases() -> None:
    """A value that occurs twice is written twice."""
    shared = ["a"]
    assert yamlio.dump({"a": shared, "b": shared}) == "a:\n- a\nb:\n- a\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("x\ny", r'"x\ny"'),
        ("# x", "'# x'"),
        ([1, {"a": "b"}], "[1, {a: b}]"),
        ({}, "{}"),
        (None, "null"),
        ("word " * 20_000, f"'{'word ' * 20_000}'"),
    ],
)
def test_scalar(value: object, text: str) -> None:
    """A value fits on one line, however long, and reads back."""
    assert yamlio.scalar(value) == text
    assert yamlio.load(b"k: " + text.encode(), "f") == {"k": value}


@pytest.mark.parametrize("value", ["more...", {"a": "more..."}, {"a": "x\n...\n"}])
def test_dump_dots(value: object) -> None:
    """Text that ends in three dots is written whole."""
    text = yamlio.dump(value)
    assert (yamlio.load(text.encode(), "f"), text[-1]) == (value, "\n")
    assert yamlio.load(b"k: " + yamlio.scalar(value).encode(), "f") == {"k": value}


def test_scalar_newlines() -> None:
    """Text of nothing but newlines is one line, too."""
    assert yamlio.scalar("\n") == r'"\n"'


NUMBERS = "1e3 7e10 1234e56 1E5 0.1e1 0o17 -0o17 08 +1 .5 1. 0x1F 0b1 1_000 +_1 0x_1F .inf -.INF"
WORDS = "y n Y N yes Null ~ TRUE = << .NaN 2024-1-2 2024-1-2t3:4:5"
TEXT = "v1.0.0 1.2.3 10.0.0.0/8 1e3f 0x1g e3 . +. no-op 2024-01-02-abc 1e 0o9"


@pytest.mark.parametrize("value", [*NUMBERS.split(), *WORDS.split(), "2024-1-2 3:4:5"])
def test_dump_quotes_for_other_readers(value: str) -> None:
    """Text is quoted that another YAML reader takes for a number or true, a Git tag for one."""
    assert yamlio.dump({"newTag": value}) == f"newTag: '{value}'\n"
    assert yamlio.dump({value: 1}) == f"'{value}': 1\n"


@pytest.mark.parametrize("value", TEXT.split())
def test_dump_plain(value: str) -> None:
    """What every reader takes for text stays plain."""
    assert yamlio.dump({"newTag": value}) == f"newTag: {value}\n"


def test_load_all() -> None:
    """Every document of what kustomize printed is read."""
    assert yamlio.load_all(b"a: 1\n---\nb: 2\n") == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 010", "f.yaml:1: 010 is 8 to some readers of YAML, and not to others"
                   " (8, or quote it as text)"),
        ("\na: [{b: -0443}]", "f.yaml:2: -0443 is -291 to some readers of YAML, and not to others"
                              " (-291, or quote it as text)"),
        ("a: 1_000", "f.yaml:1: 1_000 is 1000 to some readers of YAML, and not to others"
                     " (1000, or quote it as text)"),
        ("a: 0b11", "f.yaml:1: 0b11 is 3 to some readers of YAML, and not to others"
                    " (3, or quote it as text)"),
        ("n: {of: 1e3}", "f.yaml:1: 1e3 is text to some readers of YAML, and not to others"
                         " (quote it)"),
        ("n: {of: y}", "f.yaml:1: y is text to some readers of YAML, and not to others (quote it)"),
        *(
            (text, "")
            for text in (
                "a: '010'", "a: 10", "a: -1.50", "a: 0x1f", "a: 1:30", "a: 1e3", "a: y", "a: ~",
                "n: {of: prod}", "n: {of: '1e3'}", "s: {b: 010}", "",
            )
        ),
    ],
)  # fmt: skip
def test_misread_by_some(text: str, problem: str) -> None:
    """What readers of YAML differ in: numbers anywhere, and text that another program reads too."""
    node = yamlio.compose(text.encode(), "f.yaml")
    problems = scalars.misread(node, "f.yaml", but=["s"], shared=["n.of"])
    assert "\n".join(map(str, problems)) == problem


@pytest.mark.parametrize(
    ("text", "problem", "meant"),
    [
        ("t: yes", "t: yes is read as true, and must be text (quote it: 'yes')", {"t": "yes"}),
        ("t: true", "t: true is read as a truth value, and must be text (quote it: 'true')",
         {"t": "true"}),
        ("t: 1.10", "t: 1.10 is read as the number 1.1, and must be text (quote it: '1.10')",
         {"t": "1.10"}),
        ("t: 1.1", "t: 1.1 is read as a number, and must be text (quote it: '1.1')", {"t": "1.1"}),
        ("t: 010", "t: 010 is read as the number 8, and must be text (quote it: '010')",
         {"t": "010"}),
        ("t: 0x1F", "t: 0x1F is read as the number 31, and must be text (quote it: '0x1F')",
         {"t": "0x1F"}),
        ("t: .inf", "t: .inf is read as a number, and must be text (quote it: '.inf')",
         {"t": ".inf"}),
        ("t: 2024-01-01", "t: 2024-01-01 is read as a date, and must be text "
         "(quote it: '2024-01-01')", {"t": "2024-01-01"}),
        ("t: 2024-13-41", "t: 2024-13-41 is read as a date, and must be text "
         "(quote it: '2024-13-41')", {"t": "2024-13-41"}),
        ("s: [a, off]", "s: off is read as false, and must be text (quote it: 'off')",
         {"s": ["a", "off"]}),
        ("m: {a.b/c: 1, d: e}", "m.a.b/c: 1 is read as a number, and must be text (quote it: '1')",
         {"m": {"a.b/c": "1", "d": "e"}}),
        ("m: {on: x}", "m: the key on is read as true, and must be text (quote it: 'on')",
         {"m": {"on": "x"}}),
        ("m.a: 1", "m.a: 1 is read as a number, and must be text (quote it: '1')", {"m.a": "1"}),
        ("l: [{k: 1, n: 2}]", "l.k: 1 is read as a number, and must be text (quote it: '1')",
         {"l": [{"k": "1", "n": 2}]}),
    ],
)  # fmt: skip
def test_misread_text(text: str, problem: str, meant: object) -> None:
    """Where a text must stand, what is read as something else is told as it was written, once."""
    node = yamlio.compose(text.encode(), "f.yaml")
    problems = scalars.misread(node, "f.yaml", texts=["t", "s[]", "m.*", "l.k"])
    assert list(map(str, problems)) == [f"f.yaml:1: {problem}"]
    assert yamlio.construct(node, "f.yaml") == meant


@pytest.mark.parametrize(
    "text",
    [
        "t: '1.10'",
        "t: [off]",
        "t: v1.10",
        "t: 1e3",
        "t: 1:30",
        "t: null",
        "t: {a: 1}",
        "m: {a: {b: 1}}",
    ],
)
def test_what_is_text_or_no_scalar_is_not_misread(text: str) -> None:
    """A mapping where a text must stand is for the check of its value."""
    node = yamlio.compose(text.encode(), "f.yaml")
    assert scalars.misread(node, "f.yaml", texts=["t", "m.*"]) == []


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(40))


@pytest.mark.parametrize("text", [BOMB, "a: &a [*a]\n", "a: &a {b: {c: *a}}\n"])
def test_aliases_without_end(text: str) -> None:
    """No value is given at which somebody who walks it looks for hours; one alias is as it is."""
    for read in (lambda: yamlio.load_all(text.encode()), lambda: yamlio.compose_all(text)):
        with pytest.raises(FcgitopsError, match="aliases written out it has over 1000000 values"):
            read()
    assert yamlio.load_all(b"a: &a [x]\nb: *a\n") == [{"a": ["x"], "b": ["x"]}]


def test_what_is_rendered_nests_only_so_deep() -> None:
    """Python ends a walk at 1,000 frames; a CRD's schema has some 60 levels."""
    deep = yamlio.MAX_RENDERED_DEPTH
    assert yamlio.load_all(b"[" * deep + b"]" * deep)
    with pytest.raises(FcgitopsError, match=f"nests over {deep} levels deep"):
        yamlio.load_all(b"[" * (deep + 1) + b"]" * (deep + 1))


@pytest.mark.parametrize("text", ["=", "<<"])
def test_load_all_signs(text: str) -> None:
    """YAML 1.1's own signs are text as a value, which kustomize leaves unquoted."""
    assert yamlio.load_all(f"a: {text}\nb: [{text}]\n".encode()) == [{"a": text, "b": [text]}]


@pytest.mark.parametrize("part", ["1:", "-1:", "1:59:"])
def test_a_number_to_the_base_of_60_is_text_in_no_time(part: str) -> None:
    """As for Go's readers; PyYAML would add it up in a time that grows with its square."""
    number = part * (400_000 // len(part)) + "1.5"
    start = time.process_time()
    assert yamlio.load(f"a: {number}\n".encode(), "f.yaml") == {"a": number}
    assert yamlio.load_all(f"a: {number}\n".encode()) == [{"a": number}]
    assert time.process_time() - start < 2


def test_dates_that_are_rendered_are_text() -> None:
    """As Kubernetes reads them, whose values know no dates."""
    rendered = b"a: 2001-12-14 21:59:43.10 -5\nb: 2020-01-01\n"
    found = [{"a": "2001-12-14 21:59:43.10 -5", "b": "2020-01-01"}]
    assert yamlio.load_all(rendered) == found
