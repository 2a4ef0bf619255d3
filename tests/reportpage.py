"""A page of `fcgitops report`, read as a browser reads it."""

from __future__ import annotations

import base64
import gzip
import json
from html.parser import HTMLParser
from typing import Any


class Page(HTMLParser):
    """What a page consists of.

    Attributes:
        elements: name of each element, in their order.
        links: every address that an attribute names.
        rows: environment → the text of each of its cells.
        text: all text that is shown.
        scripts: the content of each script and style.
        packed: the objects of the environments, unpacked.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: list[str] = []
        self.rows: dict[str, list[str]] = {}
        self.scripts: list[str] = []
        self.policy = ""
        self._cells: list[str] | None = None
        self._shown: list[str] = []
        self.feed(html)
        self.text = "".join(self._shown)
        data = next(text for text in self.scripts if text.startswith("H4sI"))
        self.packed: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(data)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element, and where a row or a cell of the table begins."""
        self.elements.append(tag)
        given = dict(attrs)
        self.links += [str(given[key]) for key in ("src", "href", "action") if key in given]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(given["content"])
        if tag == "tr" and "data-name" in given:
            self._cells = self.rows.setdefault(str(given["data-name"]), [])
        elif tag in ("td", "th") and self._cells is not None:
            self._cells.append("")

    def handle_endtag(self, tag: str) -> None:
        """Notes where a row ends."""
        if tag == "tr":
            self._cells = None

    def handle_data(self, data: str) -> None:
        """Notes a text, where it belongs."""
        if self.elements and self.elements[-1] in ("script", "style") and self.cdata_elem:
            self.scripts.append(data)
            return
        self._shown.append(data)
        if self._cells:
            self._cells[-1] += data
