"""Regular expressions that are compiled at their first use."""

from __future__ import annotations

import re

import pytest
from fcgitops.core.lazy import regex


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is compiled from now on."""
    found: list[object] = []
    real = re.compile

    def compile_(pattern: str, flags: int = 0) -> re.Pattern[str]:
        found.append(pattern)
        return real(pattern, flags)

    monkeypatch.setattr(re, "compile", compile_)
    return found


def test_it_is_compiled_when_it_is_used(compiled: list[object]) -> None:
    """Nothing is compiled where a module is imported; once, where it is used."""
    words = regex("[a-z]+", re.IGNORECASE)
    assert compiled == []

    assert [bool(words.fullmatch(text)) for text in ("Ada", "1")] == [True, False]
    assert compiled == ["[a-z]+"]


def test_it_does_what_the_compiled_one_does() -> None:
    """Its methods and attributes are those of `re.compile`, of text and of bytes."""
    assert regex(r"(?P<key>\w+)=").sub(r"\g<key>:", "a=1 b=2") == "a:1 b:2"
    assert regex(rb"\d").findall(b"a1b2") == [b"1", b"2"]
    assert regex("(a)(b)").groups == 2


def test_a_mistake_is_told_at_the_first_use() -> None:
    """A pattern that is none raises what `re` raises."""
    wrong = regex("(")
    with pytest.raises(re.error):
        wrong.match("")
