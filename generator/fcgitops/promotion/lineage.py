"""The commits that may have changed what an environment renders."""

from __future__ import annotations

from fcgitops.git.history import Commit, History
from fcgitops.model import layout

_MOST = 200
"""So many commits are looked at."""


def commits(history: History, name: str, until: Commit | None = None) -> list[tuple[str, str]]:
    """The last commits that changed a file that an environment may be rendered from.

    Args:
        history: of the repository.
        name: the environment.
        until: the newest of them; HEAD by default.

    Returns:
        The name of each, the newest first, and that of the commit before it; "" for the first one
        of all.
    """
    folders = (layout.ANSWERS, *layout.COMMON, layout.overlay(name))
    return history.changes_of([f"{history.prefix}{path}" for path in folders], _MOST, until)
