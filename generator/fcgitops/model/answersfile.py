"""fcgitops.yaml as text: its nodes and its values, read once however many ask for them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from fcgitops.model import layout
from fcgitops.text import yamlio

if TYPE_CHECKING:
    import yaml


@functools.lru_cache(maxsize=8)
def read(data: bytes) -> tuple[yaml.Node | None, Any]:
    """The node graph of a fcgitops.yaml, and its values, which nobody may change.

    An answer is text, and is taken as it is written: `argocd_version: 3.4`.

    Raises:
        InputError: it is no YAML that `yamlio.load` takes.
    """
    root = yamlio.compose(data, layout.ANSWERS)
    yamlio.take_as_text(root, ("answers", None))
    return root, yamlio.construct(root, layout.ANSWERS)
