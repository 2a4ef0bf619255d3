"""Which tests of tests/e2e and tests/kind show that rules of `diff` hold, by their marks.

    @pytest.mark.proves("X", "E27 E28")

Such a test has the real program do what was foretold, and asks that it is not foretold of what
does not do it. Marks are read from the source: nothing is imported, and nothing runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

FOLDERS = [Path(__file__).parent / part for part in ("e2e", "kind")]


@cache
def proven() -> Mapping[str, Mapping[str, list[str]]]:
    """Rule → program, by its letter → the tests that show it, as FILE::TEST."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted(path for folder in FOLDERS for path in folder.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                for program, rules in _marks(node):
                    for rule in rules.split():
                        of_rule = found.setdefault(rule, {})
                        of_rule.setdefault(program, []).append(f"{path.name}::{node.name}")
    return found


def _marks(test: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Program and rules of each mark of a test."""
    for decorator in test.decorator_list:
        if ast.unparse(decorator).startswith("pytest.mark.proves("):
            assert isinstance(decorator, ast.Call)
            program, rules = map(ast.literal_eval, decorator.args)
            yield program, rules
