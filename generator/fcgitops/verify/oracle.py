"""The numbered checks of rendered objects that make `verify` an oracle of the API server.

Each check is a pure function of what is rendered; its docstring is its sentence. One that meets
what it did not expect is a finding itself, FCG99: it hides no other check, and no other overlay.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fcgitops.kubernetes.schema import Versions
from fcgitops.verify import effect, judged, rights, running
from fcgitops.verify.layers import Reader
from fcgitops.verify.remark import ERROR, Remark, Remarks
from fcgitops.verify.subjects import Rendered

UNEXPECTED = "FCG99"


@dataclass(frozen=True)
class Overlay:
    """What is rendered, and what it is rendered from."""

    rendered: Rendered
    folder: Path
    reader: Reader
    versions: Versions | None = None
    """The Kubernetes versions that the repository states."""


def _of_objects(check: Callable[[Rendered], Remarks]) -> Callable[[Overlay], Remarks]:
    return lambda overlay: check(overlay.rendered)


def _of_versions(
    check: Callable[[Rendered, Versions | None], Remarks],
) -> Callable[[Overlay], Remarks]:
    return lambda overlay: check(overlay.rendered, overlay.versions)


def _of_files(
    check: Callable[[Reader, Path, list[dict[str, object]]], Remarks],
) -> Callable[[Overlay], Remarks]:
    return lambda overlay: check(overlay.reader, overlay.folder, overlay.rendered.objects)


CHECKS: dict[str, tuple[Callable[..., Remarks], Callable[[Overlay], Remarks]]] = {
    "FCG30": (judged.taken, _of_versions(judged.taken)),
    "FCG31": (judged.held, _of_versions(judged.held)),
    "FCG32": (judged.unknown, _of_objects(judged.unknown)),
    "FCG33": (rights.granted, _of_objects(rights.granted)),
    "FCG34": (rights.none_wider, _of_objects(rights.none_wider)),
    "FCG35": (running.started, _of_objects(running.started)),
    "FCG36": (running.connected, _of_objects(running.connected)),
    "FCG37": (running.rolled_out, _of_objects(running.rolled_out)),
    "FCG38": (running.referred, _of_objects(running.referred)),
    "FCG39": (running.survives, _of_objects(running.survives)),
    "FCG40": (running.reachable, _of_objects(running.reachable)),
    "FCG41": (judged.enforced, _of_objects(judged.enforced)),
    "FCG42": (effect.selectors_kept, _of_files(effect.selectors_kept)),
    "FCG43": (effect.without_effect, _of_files(effect.without_effect)),
}
"""Number → the function whose docstring is the sentence, and how it is asked."""


def check(overlay: Overlay) -> list[tuple[str, Remark]]:
    """Everything that is to say of one overlay, each with its number."""
    return [
        (number, remark)
        for number, (_, ask) in CHECKS.items()
        for remark in guarded(lambda ask=ask: list(ask(overlay)), number)  # type: ignore[misc]
        for number, remark in [(UNEXPECTED if remark.hint == _REPORT else number, remark)]
    ]


_REPORT = "please report it, with the overlay"


def guarded(ask: Callable[[], list[Remark]], number: str) -> list[Remark]:
    """What a check says; what it stumbled over where it fails."""
    try:
        return ask()
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        what = f"{number} met what it did not expect: {type(error).__name__}: {error} ({where})"
        return [Remark(what, _REPORT, ERROR)]
