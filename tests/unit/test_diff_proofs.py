"""Each effect that `diff` tells was seen with the program whose effect it is, or says why not."""

from __future__ import annotations

from pathlib import Path

import proofs
from fcgitops.diff import reference
from fcgitops.diff.effects import RULES

PAGE = Path(__file__).parents[2] / "docs" / "diff.md"


def test_every_rule_is_shown_with_the_program_whose_effect_it_is() -> None:
    """By a test of tests/e2e or tests/kind that is marked with its number, or there is a reason."""
    assert reference.untried(proofs.proven()) - reference.NOT_TRIED.keys() == set()


def test_no_reason_outlives_its_rule() -> None:
    """Nor is one given where a test tries all that is known."""
    assert reference.NOT_TRIED.keys() - reference.untried(proofs.proven()) == set()


def test_a_rule_without_a_mark_is_found() -> None:
    """Without its mark, and without one of two programs."""
    proven = {rule: dict(programs) for rule, programs in proofs.proven().items()}
    del proven["E27"]["X"]
    del proven["C05"]
    assert {"C05", "E27"} <= reference.untried(proven)
    assert not {"C05", "E27"} & reference.untried(proofs.proven())


def test_marks_name_rules_and_programs() -> None:
    """Those of the registry, and the letters of the page."""
    assert proofs.proven().keys() <= RULES.keys()
    assert {program for found in proofs.proven().values() for program in found} <= set("AKFXGLN")


def test_the_page_about_it_is_as_the_rules_and_the_marks_are() -> None:
    """`make docs` writes it."""
    assert PAGE.read_text(encoding="utf-8") == reference.page(proofs.proven())
