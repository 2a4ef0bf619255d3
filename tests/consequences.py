"""The pairs of renderings of tests/data/consequences, as objects."""

from __future__ import annotations

import functools
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yamls

FOLDER = Path(__file__).parent / "data" / "consequences"
Object = dict[str, Any]


@dataclass(frozen=True)
class Consequence:
    """One pair, and what is known of it."""

    name: str
    title: str
    before: list[Object] = field(repr=False)
    after: list[Object] = field(repr=False)
    effects: list[dict[str, str]]
    absent: list[str]
    refused: list[str]
    restarts: bool | None


def base(name: str = "frameworkcontroller") -> list[Object]:
    """The objects of a rendering, to be changed freely."""
    found: list[Object] = pickle.loads(_base(name))  # quicker than deepcopy
    return found


def _key(o: Object) -> tuple[str, str, str]:
    return o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]


@functools.cache
def _base(name: str) -> bytes:
    text = (FOLDER / "bases" / f"{name}.yaml").read_text(encoding="utf-8")
    return pickle.dumps([o for o in yamls.load_all(text) if o])


@functools.cache
def all_pairs() -> list[Consequence]:
    """Every pair, by name."""
    found = []
    for file in sorted(FOLDER.glob("*.yaml")):
        said = yamls.load(file.read_text(encoding="utf-8"))
        before = base(said["before"])
        new = {_key(o): o for o in said["after"]}
        after = [
            new.pop(_key(o), o)
            for o in before
            if f"{o['kind']}/{o['metadata']['name']}" not in said["gone"] or _key(o) in new
        ]
        pair = Consequence(
            file.stem, said["title"], before, [*after, *new.values()], said["effects"],
            said["absent"], said["refused"], said.get("restarts"),
        )  # fmt: skip
        found.append(pair)
    return found
