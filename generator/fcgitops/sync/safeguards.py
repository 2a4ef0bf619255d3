"""What keeps an entry point from deleting anything, as far as a file says it.

Entry points may be edited, and a merge keeps an edit: but not unsaid where it takes away one of
these, or the whole file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fcgitops.core.errors import ToolError
from fcgitops.kubernetes.objects import Object
from fcgitops.sync import registry
from fcgitops.text import yamlio
from fcgitops.text.tree import Tree


def lost(
    generated: Tree, found: Mapping[str, bytes | None], way_back: Callable[[str], str]
) -> Iterator[tuple[str, str, str]]:
    """What files no longer say that they were generated with.

    Args:
        generated: what the entry points should hold; paths as in `found`.
        found: what they hold, None for a file that is not there.
        way_back: what is typed to have a file as it was.

    Yields:
        The path, what is wrong, and what would be right.
    """
    guards = [guard for tool in registry.TOOLS.values() for guard in tool.guards]
    for path, text in generated.items():
        data = found.get(path)
        if data is None:
            yield path, "is missing", way_back(path)
            continue
        there = _objects(data)
        for key, wanted in _objects(text).items():
            if key not in there:
                yield path, f"has no {key}", way_back(path)
                continue
            for guard in guards:
                right = _at(wanted, guard)
                if right is not None and _at(there[key], guard) != right:
                    value = str(right).lower() if isinstance(right, bool) else right
                    yield path, f"{key} lost what keeps it from deleting", (
                        f"{'.'.join(guard)}: {value}"
                    )  # fmt: skip


def _objects(data: bytes) -> dict[str, Object]:
    """Kind and name → object; nothing of a file that is no YAML."""
    try:
        documents = yamlio.load_all(data)
    except ToolError:
        return {}
    return {
        f"{o.get('kind')} {(o.get('metadata') or {}).get('name', '')}".strip(): o
        for o in documents
        if isinstance(o, dict)
    }


def _at(node: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - any value of YAML
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node
