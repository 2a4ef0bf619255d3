"""Reading JSON that anybody may have written."""

from __future__ import annotations

import pytest
from fcgitops.text import jsonio


def test_load() -> None:
    """Text or bytes."""
    assert jsonio.load('{"a": [1, null]}') == jsonio.load(b'{"a": [1, null]}')
    assert jsonio.load(b'{"a": [1, null]}') == {"a": [1, None]}


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "9" * 10_000, b"\xff", '{"a":' * 100_000])
def test_what_cannot_be_read(text: str | bytes) -> None:
    """Whatever is wrong with it is one kind of error, at which no command ends in a traceback."""
    with pytest.raises(ValueError, match=r"\w"):
        jsonio.load(text)
