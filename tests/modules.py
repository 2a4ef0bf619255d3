"""The package's own code, for what is held of all of it."""

from __future__ import annotations

import ast
import gc
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "generator" / "fcgitops"


@cache
def modules() -> dict[str, list[ast.AST]]:
    """Path below the package → every node of the module, parsed once for all tests of it."""
    gc.disable()  # of 400,000 nodes that are there to stay it would take as long as the parser
    try:
        return {
            path.relative_to(PACKAGE).as_posix(): list(
                ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            )
            for path in sorted(PACKAGE.rglob("*.py"))
        }
    finally:
        gc.freeze()
        gc.enable()
