"""How problems read, and what a command ends with."""

from __future__ import annotations

import pytest
from fcgitops.core.errors import FcgitopsError, FoundError, InputError, Problem, ToolError, messages


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem("image.tag", "is empty"), "image.tag: is empty"),
        (Problem("image.tag", "is empty", "pin one"), "image.tag: is empty (pin one)"),
        (Problem("", "is empty"), "is empty"),
        (Problem("a\nb", "c\td", "e\x1b[0m"), r"a\nb: c\td (e\x1b[0m)"),
        (Problem("é", "right-to-left \u202e here"), r"é: right-to-left \u202e here"),
    ],
)
def test_problem_is_one_line(problem: Problem, line: str) -> None:
    """A problem is one line, whatever a user typed: nothing in it reaches the terminal raw."""
    assert str(problem) == line


@pytest.mark.parametrize(
    ("error", "status"),
    [(InputError, 2), (FoundError, 1), (ToolError, 3), (FcgitopsError, 2)],
)
def test_exit_status(error: type[FcgitopsError], status: int) -> None:
    """Each kind of error has its exit status: 1 found something, 2 wrong input, 3 a tool."""
    assert error(Problem("a", "b")).exit_status == status


def test_all_problems_are_told() -> None:
    """An error carries all problems; each becomes one line, in order."""
    error = InputError(Problem(where, "is wrong") for where in ("b", "a\n"))
    assert messages(error) == ["error: b: is wrong", r"error: a\n: is wrong"]
    assert str(error) == r"b: is wrong; a\n: is wrong"
