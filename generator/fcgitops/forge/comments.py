"""Our one comment among those of a pull request."""

from __future__ import annotations

from fcgitops.forge.api import Api

MARK = "<!-- fcgitops review -->"
"""The first line of our comment, by which it is found again."""
_REFUSED = (401, 403, 404, 410)
"""Answers to whoever edits the comment of somebody else, who began it with our mark, or one that
was deleted meanwhile."""


def put(api: Api, listed: str, edit: tuple[str, str], text: str) -> str:
    """Makes the comment, or edits it in place.

    Args:
        api: of the forge.
        listed: the path of the request's comments, where new ones are made too.
        edit: the method by which one is edited, and the path before its number.
        text: begins with `MARK`.

    Returns:
        What was done: "made", "edited", or "unchanged".

    Raises:
        ToolError: the forge refuses it, or does not answer.
    """
    method, place = edit
    for known in api.pages(listed):
        body = _plain(str(known.get("body", "")))
        if not body.startswith(MARK):
            continue
        if body == _plain(text):
            return "unchanged"
        path = f"{place}/{known.get('id')}"
        if api.ask(method, path, {"body": text}, accept=_REFUSED).status < 300:
            return "edited"
    api.ask("POST", listed, {"body": text})
    return "made"


def _plain(text: str) -> str:
    """A text without what a forge makes of its line ends."""
    return text.replace("\r\n", "\n").strip()
