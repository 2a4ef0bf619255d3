"""What no key says → the files of an environment's `local/`: patches, and objects of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fcgitops.adopt.parts import Part
from fcgitops.core.lazy import regex
from fcgitops.diff.objects import bare_name
from fcgitops.kubernetes.objects import Object, name
from fcgitops.manifests import overlay
from fcgitops.model import layout
from fcgitops.text import yamlio
from fcgitops.text.tree import Tree

_PLAIN = regex(r"[a-z0-9]([-a-z0-9]{0,80}[a-z0-9])?\Z")


def files(parts: Iterable[Part], resources: Sequence[Object]) -> Tree:
    """The files of `local/`, relative to the environment's folder; none where nothing is in them.

    Args:
        parts: what is patched.
        resources: what is added.
    """
    tree: Tree = {}
    document: dict[str, Any] = {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "resources": [],
    }
    for o in resources:
        file = _free(f"{o['kind'].lower()}-{name(o)}", tree)
        tree[file] = yamlio.dump(o).encode()
        document["resources"].append(file.rpartition("/")[2])
    patches = []
    for part in parts:
        if part.patch:
            kind, target = part.rendered["kind"], bare_name(part.rendered)
            file = _free(f"patch-{kind.lower()}", tree)
            tree[file] = yamlio.dump([o.as_yaml() for o in part.patch]).encode()
            path = file.rpartition("/")[2]
            # The Namespace has its name only once `local/` was applied.
            named = {} if kind == "Namespace" else {"name": target}
            patches.append({"path": path, "target": {"kind": kind, **named}})
    if patches:
        document["patches"] = patches
    if not tree:
        return {}
    (path, starter), *_ = overlay.LOCAL.items()
    comment = b"".join(line for line in starter.splitlines(keepends=True) if line[:1] == b"#")
    return {path: comment + yamlio.dump(document).encode(), **tree}


def _free(name: str, tree: Tree) -> str:
    """A path in `local/` for a name that may be anything."""
    plain = name if _PLAIN.match(name) else "object"
    number, path = 1, f"{layout.LOCAL}/{plain}.yaml"
    while path in tree:
        number += 1
        path = f"{layout.LOCAL}/{plain}-{number}.yaml"
    return path
