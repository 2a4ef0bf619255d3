"""How this fcgitops was installed, as words that pip takes to install the same again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from fcgitops import __version__

NAME = "frameworkcontroller-gitops"
_LOCAL = re.compile(r"file://(?:localhost)?(/.*?)(?:#.*)?\Z")


def requirement() -> str:
    """What `pip install` takes to install the running fcgitops again.

    A checkout is named by its folder; what came from a wheel, a folder or a Git commit by its
    URL, as pip recorded it (PEP 610, direct_url.json); all else by version, from an index.
    """
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "pyproject.toml").is_file() and (checkout / "cookiecutter.json").is_file():
        return f"{NAME} @ {checkout.as_uri()}"
    url = direct_url(recorded(Path(__file__).parents[2]))
    return f"{NAME} @ {url}" if url else f"{NAME}=={__version__}"


def direct_url(recorded: dict[str, Any]) -> str:
    """The URL that pip takes, of a direct_url.json; empty where there is none.

    Source: packaging.python.org, "Recording the Direct URL Origin of installed distributions".
    """
    url = str(recorded.get("url") or "")
    fragments = []
    if version_control := recorded.get("vcs_info"):
        url = f"{version_control['vcs']}+{url}@{version_control['commit_id']}"
    elif digest := (recorded.get("archive_info") or {}).get("hashes", {}).get("sha256"):
        fragments.append(f"sha256={digest}")
    if subdirectory := recorded.get("subdirectory"):
        fragments.append(f"subdirectory={subdirectory}")
    return f"{url}#{'&'.join(fragments)}" if url and fragments else url


def source(text: str) -> tuple[str, bool]:
    """Where a requirement is installed from, in words, and whether that is this machine alone."""
    _, at, url = text.partition(" @ ")
    if local := _LOCAL.match(url):
        from urllib.parse import unquote  # noqa: PLC0415 - for messages alone

        return unquote(local.group(1)), True
    if at:
        return url, False
    if "==" in text:
        return f"the package index ({text})", False
    return text, True


def recorded(packages: Path) -> dict[str, Any]:
    """What pip recorded beside the package, without `importlib.metadata`, which takes 20 ms.

    Args:
        packages: the folder that the package is installed in.
    """
    pattern = f"{NAME.replace('-', '_')}-*.dist-info/direct_url.json"
    file = next(packages.glob(pattern), None)
    return json.loads(file.read_bytes()) if file else {}
