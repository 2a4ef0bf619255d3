"""Changes values in a YAML text and leaves every other character as it is.

`environment.yaml` belongs to its user: comments, order and quoting stay when a command
sets a key. PyYAML tells where each node stands in the text; an edit is a splice there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from fcgitops import yamlio
from fcgitops.errors import InputError

KeyPath = tuple[str, ...]


def edit(text: str, changes: Mapping[KeyPath, Any], where: str) -> str:
    """`text`, a block mapping, with each key path in `changes` set to its value.

    Args:
        text: a YAML document, perhaps empty.
        changes: path of keys → value; missing parents are made.
        where: the file, for messages.

    Raises:
        InputError: `text` is not valid YAML.
    """
    if not changes:
        return text
    wanted = yamlio.load(text.encode(), where)
    for path, value in changes.items():
        wanted = _with(wanted, path, value)
    try:
        for path, value in changes.items():
            text = _set(text, path, value, where)
        if yamlio.load(text.encode(), where) == wanted:
            return text
    except InputError:
        pass
    # The splice knows YAML's usual forms. For the rest a plain dump is right, if plainer.
    return yamlio.dump(wanted)


def set_block(text: str, key: str, block: str, where: str) -> str:
    """`text` with the top-level `key` set to the mapping written in `block`, comments and all."""
    value = yamlio.load(block.encode(), where)
    body = [line for line in block.splitlines() if not line.startswith(("---", "...", "%"))]
    indented = "\n".join(f"  {line}".rstrip() for line in body)
    bare = edit(text, {(key,): None}, where)
    root = yamlio.compose(bare.encode(), where)
    assert isinstance(root, yaml.MappingNode)  # noqa: S101 - `edit` has just written one
    found = _find(root, key)
    assert found  # noqa: S101
    node = found[1]
    start, end = node.start_mark.index, node.end_mark.index
    edited = f"{bare[:start].rstrip(' ')}\n{indented}{bare[end:]}"
    wanted = _with(yamlio.load(text.encode(), where), (key,), value)
    return edited if _means(edited, wanted, where) else edit(text, {(key,): value}, where)


def _with(document: Any, path: KeyPath, value: Any) -> Any:  # noqa: ANN401
    changed = dict(document) if isinstance(document, dict) else {}
    head, *rest = path
    changed[head] = _with(changed.get(head), tuple(rest), value) if rest else value
    return changed


def _means(text: str, wanted: object, where: str) -> bool:
    try:
        return bool(yamlio.load(text.encode(), where) == wanted)
    except InputError:
        return False


def _find(node: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    return next(((name, value) for name, value in node.value if name.value == key), None)


def _set(text: str, path: KeyPath, value: object, where: str) -> str:
    node = yamlio.compose(text.encode(), where)
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        return text + yamlio.dump(_with(None, path, value))
    for depth, key in enumerate(path):
        found = _find(node, key)
        rest = path[depth + 1 :]
        if found is None:
            return _insert(text, node, {key: _with(None, rest, value) if rest else value})
        name, child = found
        if not rest:
            return _replace(text, name, child, value)
        if not isinstance(child, yaml.MappingNode) or child.flow_style:
            old = yamlio.load(text[child.start_mark.index : _end(child)].encode(), where)
            return _replace(text, name, child, _with(old, rest, value))
        node = child
    return text


def _end(node: yaml.Node) -> int:
    """Where the node's own text ends: a block collection's mark lies behind trailing comments."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _replace(text: str, key: yaml.Node, node: yaml.Node, value: object) -> str:
    start, end = int(node.start_mark.index), _end(node)
    if text[start:end].endswith("\n"):  # a literal block ends with its newline
        end -= 1
    if isinstance(value, dict | list) and value:
        return f"{text[:start].rstrip()}\n{_indented(value, key.start_mark.column + 2)}{text[end:]}"
    before = text[:start] if text[:start].endswith((" ", "\t")) else f"{text[:start].rstrip()} "
    if before.rpartition("\n")[2].strip() == "":  # the old value stood on lines of its own
        before = f"{before.rstrip()} "
    return f"{before}{yamlio.scalar(value)}{text[end:]}"


def _insert(text: str, parent: yaml.MappingNode, entry: dict[str, object]) -> str:
    column = parent.value[0][0].start_mark.column
    end = _end(parent)
    line_end = end if text[:end].endswith("\n") else text.find("\n", end)
    if line_end < 0:
        return f"{text}\n{_indented(entry, column)}\n"
    head = text[:line_end].removesuffix("\n")
    tail = text[line_end:] if text[line_end : line_end + 1] == "\n" else f"\n{text[line_end:]}"
    return f"{head}\n{_indented(entry, column)}{tail}"


def _indented(value: object, column: int) -> str:
    lines = yamlio.dump(value).splitlines()
    return "\n".join(f"{' ' * column}{line}" if line else line for line in lines)
