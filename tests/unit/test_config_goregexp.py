"""Regular expressions as Go's regexp takes them; every verdict here is what Go itself gave."""

from __future__ import annotations

import pytest
from fcgitops.fcconfig import goregexp
from fcgitops.fcconfig.goregexp import MAX_LENGTH, Verdict, judge
from fcgitops.fcconfig.image import shipped_text


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "a|b|",
        "|",
        "()",
        "(|)",
        "x*?",
        "(?U)a+",
        "(?msi)tensorflow.*ResourceExhaustedError.*OOM.*",
        "(?i)^Evicted$",
        "(?i-s:a)",
        "(?-i)a",
        "(?P<n>a)b",
        "(?P<n>a)(?P<m>b)",
        "(?P<_1>a)",
        "a{,3}",
        "a{",
        "a{}",
        "a{x}",
        "a{2",
        "}",
        "]",
        "a{2}",
        "a{2,}?",
        "a{0}",
        "a{1000}",
        "^a{1,1000}$",
        "a{00002}",
        "a{00001001}",
        "(?P<n>a)(?P<n>b)",
        "(a{10}){100}",
        "(((a{10}){10}){10})",
        r"\Aabc\z",
        r"\bword\B",
        r"\d\D\s\S\w\W",
        r"\x41\x{10FFFF}\123\07",
        r"\a\f\t\n\r\v",
        r"\-\_\.",
        r"\Q(a\E",
        r"\Q(a",
        r"\Q\E",
        r"a\Q\E+",
        r"\Qab\E*",
        r"[\d-z]",
        "[]a]",
        "[^]a]",
        "[a-]",
        "[-a]",
        "[[a]",
        "[[:alpha:]]+",
        "[[:^word:]]",
        "[:alpha:]",
        r"[\pL\PN-]",
        r"[\]\\]",
        r"[^\d]",
        r"\pL+",
        r"\PN",
        r"\pZ\p{Zs}",
        r"\p{^Lu}",
        r"\P{^Lu}",
        r"\p{Greek}\p{Nko}",
        r"\p{Any}",
        r"\pL{1000}",
        r"(\pL{500}){2}",
        "(?s:.)",
        "é€\U0001f600",
        "[é-€]",
        "a\nb\tc \x7f",
        "a" * MAX_LENGTH,
        "(" * 997 + "a" + ")" * 997,
        "(?:" * 300 + "a" + ")" * 300,
    ],
)
def test_accepted(pattern: str) -> None:
    """What every Go compiles, also where RE2 has another limit."""
    assert judge(pattern) == Verdict()


@pytest.mark.parametrize(
    "pattern",
    [
        # not in the syntax
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?<!a)",
        "(?>a)",
        "(?#c)",
        "(?x)a",
        "(?P=n)",
        "(?P>n)",
        "(?'n'a)",
        r"(a)\1",
        r"\8",
        r"\h",
        r"\R",
        r"\X",
        r"\K",
        r"\G",
        r"\Z",
        r"\é",
        r"[\b]",
        "a**",
        "a*+",
        "a++",
        "a{2}{3}",
        "a{2}*",
        # not closed, or nothing to repeat
        "(",
        ")",
        "(?",
        "(?i",
        "(?P",
        "(?P<",
        "(?:a",
        "a)b",
        "[",
        "[a",
        "[^",
        "[]",
        "*",
        "+a",
        "?",
        "a|*",
        "(*)",
        "^*{2}",
        "{2}",
        "\\",
        r"[\Q]",
        r"\Q\E+",
        r"(\Q\E*)",
        # not what it may be
        "[z-a]",
        r"[a-\d]",
        "[[:foo:]]",
        r"\x",
        r"\x4",
        r"\x{110000}",
        r"\x{}",
        r"\p",
        r"\p{",
        r"\pX",
        r"\p{Foo}",
        r"[\pX]",
        r"[^a\p{Foo}]",
        "(?-)",
        "(?i-)",
        "(?P<>a)",
        "(?P<1-2>a)",
        # beyond a limit
        "a{1001}",
        "a{1,1001}",
        "a{3,2}",
        "a{999999999999}",
        "a{2,999999999999}",
        "(a{1000}){2}",
        "(a{10,}){101}",
        "(((a{10}){10}){10}){10}",
        # RE2 takes these, Go does not
        r"\C",
        r"a\Cb*",
        "(?P<é>a)",
        "(" * 1001 + "a" + ")" * 1001,
        "(a*" * 1001 + ")" * 1001,
    ],
)
def test_refused(pattern: str) -> None:
    """What no Go compiles, also where RE2 does; with a reason."""
    found = judge(pattern)
    assert found.error
    assert found.newer == ()


@pytest.mark.parametrize(
    ("pattern", "newer"),
    [
        ("(?<n>a)", ["(?<n>"]),
        ("(?<n>a)(?P<m>b)(?<o>c)", ["(?<n>", "(?<o>"]),
        ("(?<n>a)(?<n>b)", ["(?<n>"]),
        *(
            (pattern, [pattern])
            for pattern in (
                r"\pl",
                r"\Pl",
                r"\p{lu}",
                r"\p{^lu}",
                r"\p{greek}",
                r"\p{Uppercase_Letter}",
                r"\p{uppercase letter}",
                r"\p{DECIMAL-NUMBER}",
                r"\p{Kawi}",
                r"\p{LC}",
                r"\p{Cn}",
                r"\p{ASCII}",
                r"\p{Assigned}",
            )
        ),
        (r"[^a\p{lu}]", [r"\p{lu}"]),
        (r"(?<n>\p{lu})\p{lu}", ["(?<n>", r"\p{lu}"]),
    ],
)
def test_newer(pattern: str, newer: list[str]) -> None:
    """What newer Go compiles and the Go of the published image, 1.12, does not: each once."""
    found = judge(pattern)
    assert not found.error
    assert len(found.newer) == len(newer)
    for said, part in zip(found.newer, newer, strict=True):
        assert said.startswith(f"{part} (")


@pytest.mark.parametrize("pattern", ["(?<>a)", "(?<é>a)", "(?<a b>c)", "(?<n", "(?<n>a"])
def test_refused_in_newer_syntax(pattern: str) -> None:
    """A wrong name, or an end too few, is refused by newer Go too."""
    assert judge(pattern).error


@pytest.mark.parametrize("name", ["Old_Italic", "Phags_Pa", "SignWriting", "Cypro_Minoan"])
def test_scripts_that_newer_go_does_not_find(name: str) -> None:
    """Go 1.12 takes them, the Go of 1.26 binary panics: it looks for `Olditalic` in its table."""
    assert judge(rf"\p{{{name}}}").error


def test_the_reason_is_re2s() -> None:
    """As close as it is to Go's own words."""
    assert judge("a{1001}").error == "invalid repetition size: {1001}"
    assert judge("a**").error == "bad repetition operator: **"
    assert judge("(?!a)").error == "invalid perl operator: (?!"
    assert judge("a(b").error == "missing ): a(b"
    assert judge("[z-a]").error == "invalid character class range: z-a"


def test_what_the_image_ships_is_accepted() -> None:
    """Its regular expressions were written for the Go that it was built with."""
    patterns = [
        line.partition("Regex: ")[2].strip("'")
        for line in shipped_text().splitlines()
        if "Regex: '" in line
    ]
    assert len(patterns) > 50
    assert [p for p in patterns if judge(p) != Verdict()] == []


def test_too_long_to_judge() -> None:
    """RE2 takes quadratic time on some patterns, so there is an end."""
    assert judge("a" * (MAX_LENGTH + 1)).error == "has 10001 characters, over 10000: not judged"


@pytest.mark.parametrize(
    "pattern",
    [
        "(a{1000}){1000}",
        "(((a{100}){100}){100}){100}",
        "(x+x+)+y",
        "(a|a)*b",
        "(a?){1000}a{1000}",
        r"(\pL{30}){30}",
        r"\pL{1000}" * 100,
        "(a|b*)" * 1000,
        "((((a{10}){10}){10})*)" * 100,
        "[" * MAX_LENGTH,
        "(" * MAX_LENGTH,
        "(?:" * 3333,
        r"\Q" * 5000,
        "a|" * 5000,
        "(?i)" * 2500,
        "(?<" * 3333,
        r"\p{" * 3333,
        "[:" * 5000,
    ],
)
def test_a_catastrophic_pattern_is_judged(pattern: str) -> None:
    """Its time is bounded: it is parsed, not compiled and never run."""
    goregexp.judge.cache_clear()
    assert isinstance(judge(pattern), Verdict)
