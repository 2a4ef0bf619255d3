"""The registry of checks: numbers, sentences, and what becomes of a check that fails itself."""

from __future__ import annotations

import re

import pytest
from fcgitops.core.errors import InputError, Problem
from fcgitops.core.findings import HAZARD, REJECT, Finding
from fcgitops.verify import catalogue
from fcgitops.verify.registry import UNEXPECTED, Fault, Faults, Place, fault


def place() -> Place[int]:
    """Three checks of a number; the second one cannot be asked."""
    numbers: Place[int] = Place("a number")

    @numbers.check("FCG03", REJECT)
    def even(number: int) -> Faults:
        """The number is even."""
        if number % 2:
            yield Fault(f"is {number}", "an even one", object="Number one", severity=HAZARD)

    @numbers.check("FCG02", HAZARD)
    def surprised(number: int) -> Faults:
        """The number divides one."""
        yield Fault("is told before it fails", file="f", line=3, path="a.b")
        yield Fault(f"is {1 / number}")

    @numbers.check("FCG01", HAZARD)
    def small(number: int) -> Faults:
        """The number is small.

        Below ten, that is.
        """
        if number >= 10:
            yield Fault("is big", overlay="dev")

    return numbers


def test_a_fault_gets_the_checks_number_and_severity() -> None:
    """And the subject's overlay, unless it has its own; in the order of the numbers."""
    assert place().ask(11, "prod") == [
        Finding("FCG01", HAZARD, "", 0, "is big", overlay="dev"),
        Finding("FCG02", HAZARD, "a.b", 3, "is told before it fails", file="f", overlay="prod"),
        Finding("FCG02", HAZARD, "", 0, f"is {1 / 11}", overlay="prod"),
        Finding(
            "FCG03", HAZARD, "", 0, "is 11", "an even one", overlay="prod", object="Number one"
        ),
    ]


def test_a_check_that_fails_is_a_finding_and_hides_no_other() -> None:
    """FCG99 names the check, the error and the line of the program; the rest is told too."""
    first, second = place().ask(0, "prod")
    assert (first.rule, first.message) == ("FCG02", "is told before it fails")
    assert (second.rule, second.severity, second.overlay) == (UNEXPECTED, HAZARD, "prod")
    assert re.fullmatch(
        r"FCG02 could not be asked: ZeroDivisionError: division by zero \(at .*\.py:\d+\)",
        second.message,
    )


def test_a_check_that_is_given_wrong_input_says_which() -> None:
    """What the program knows to be its user's mistake comes with what to do."""
    numbers: Place[int] = Place("a number")

    @numbers.check("FCG01", HAZARD)
    def never(_: int) -> Faults:
        """It is never asked."""
        raise InputError(Problem("a.yaml", "is no plain file", "make it one"))
        yield Fault("")

    (found,) = numbers.ask(1)
    assert (found.rule, found.message, found.hint) == (
        UNEXPECTED, "FCG01 could not be asked: a.yaml: is no plain file", "make it one",
    )  # fmt: skip


def test_a_number_is_given_once() -> None:
    """Twice in one place, or in another form, it is a mistake of the program."""
    numbers = place()
    for number in ("FCG01", "FCG1", "ABC01"):
        with pytest.raises(ValueError, match="is taken, or is no number"):
            numbers.check(number, HAZARD)


@pytest.mark.parametrize(
    ("where", "file", "line", "path"),
    [
        ("a/b.yaml", "a/b.yaml", 0, ""),
        ("a/b.yaml:7", "a/b.yaml", 7, ""),
        ("a/b.yaml: x.y", "a/b.yaml", 0, "x.y"),
        ("a/b.yaml:7: x: y", "a/b.yaml", 7, "x: y"),
    ],
)
def test_a_problem_as_a_fault(where: str, file: str, line: int, path: str) -> None:
    """Its place is taken apart."""
    assert fault(Problem(where, "is wrong", "right")) == Fault(
        "is wrong", "right", file=file, line=line, path=path
    )


def test_every_check_is_a_sentence() -> None:
    """On one line, with a full stop; numbers go on from FCG00, and severities agree."""
    sentences = {(number, place): check.sentence for place, check in catalogue.checks()
                 for number in [check.number]}  # fmt: skip
    assert [text for text in sentences.values() if not re.fullmatch(r"\S.*\.", text)] == []
    severities = {(check.number, check.severity) for _, check in catalogue.checks()}
    assert len(severities) == len({number for number, _ in severities})
    assert set(catalogue.rules()) == {number for number, _ in severities} | {UNEXPECTED}
