"""What environments render, as data for the page: each object once, and nothing secret in it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from fcgitops.diff import secrecy
from fcgitops.kubernetes.objects import Object
from fcgitops.report.edges import edges


@dataclass
class Rendered:
    """The objects of all environments. Most have most of theirs in common."""

    _objects: dict[str, int] = field(default_factory=dict)
    """An object as JSON → its number."""
    _seen: dict[int, tuple[Object, int]] = field(default_factory=dict)
    """The identity of an object → itself, so that it keeps that, and its number."""
    _drawings: dict[str, int] = field(default_factory=dict)
    _environments: dict[str, tuple[list[int], int]] = field(default_factory=dict)

    def add(self, environment: str, objects: Sequence[Object]) -> None:
        """Takes in what an environment renders."""
        drawn = json.dumps(edges(objects), separators=(",", ":"))
        drawing = self._drawings.setdefault(drawn, len(self._drawings))
        self._environments[environment] = [self._number(o) for o in objects], drawing

    def _number(self, o: Object) -> int:
        if id(o) not in self._seen:
            shown = secrecy.hide(o, (), secret=o["kind"] == "Secret")
            text = json.dumps(shown, separators=(",", ":"), default=str)
            self._seen[id(o)] = o, self._objects.setdefault(text, len(self._objects))
        return self._seen[id(o)][1]

    def packed(self) -> str:
        """All of it as JSON, compressed and in base64: for `DecompressionStream` of a browser.

        {"objects": […], "drawings": [[[source, why, target, label]…]…],
        "environments": {NAME: [[numbers of objects], number of a drawing]}}
        """
        objects, drawings = ",".join(self._objects), ",".join(self._drawings)
        environments = json.dumps(self._environments, separators=(",", ":"))
        text = f'{{"objects":[{objects}],"drawings":[{drawings}],"environments":{environments}}}'
        return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()
