"""A hook of mkdocs: the search works from a disk, and without a network.

Browsers start no worker of a page that is opened from a disk. The theme has each page fetch what
stands in for it from the network; here that is a file of the site.
"""

from __future__ import annotations

FETCHED = "https://unpkg.com/iframe-worker/shim"
LOCAL = "javascripts/iframe-worker.js"
"""From every page, all of which are at the site's top."""


def on_post_page(output: str, **_: object) -> str:
    """A page as it is written: its script is the local one."""
    return output.replace(FETCHED, LOCAL)


def on_post_template(output_content: str, **_: object) -> str:
    """The same of what is no page, such as 404.html."""
    return output_content.replace(FETCHED, LOCAL)
