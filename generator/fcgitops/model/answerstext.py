"""fcgitops.yaml as text: its values, read once however many ask for them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from fcgitops.model import layout
from fcgitops.model.environment import OTHERS_RULES, TEXTS
from fcgitops.text import scalars, yamlio

if TYPE_CHECKING:
    import yaml

    from fcgitops.core.errors import Problem


@functools.lru_cache(maxsize=8)
def read(data: bytes) -> tuple[Any, list[Problem]]:
    """The values of a fcgitops.yaml, and what is misread in it; nobody may change either.

    An answer is text, and is taken as it is written: `argocd_version: 3.4`.

    Raises:
        InputError: it is no YAML that `yamlio.load` takes.
    """
    root = yamlio.compose(data, layout.ANSWERS)
    scalars.take_as_text(root, ("answers", None))
    problems = misread(root, layout.ANSWERS)
    return yamlio.construct(root, layout.ANSWERS), problems


def misread(root: yaml.Node | None, where: str) -> list[Problem]:
    """What is misread in `defaults` of a file; as `scalars.misread`."""
    texts = [f"defaults.{key}" for key in TEXTS]
    return scalars.misread(
        root, where, texts=texts, but=[f"defaults.{key}" for key in OTHERS_RULES]
    )
