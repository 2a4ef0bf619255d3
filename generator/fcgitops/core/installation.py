"""How this fcgitops was installed, as words that pip takes to install the same again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fcgitops import __version__
from fcgitops.core.lazy import regex

NAME = "frameworkcontroller-gitops"
_INFO = f"{NAME.replace('-', '_')}-*.dist-info"
"""The folder beside an installed package that says what it is."""
_LOCAL = regex(r"file://(?:localhost)?(/.*?)(?:#.*)?\Z")


def requirement() -> str:
    """What `pip install` takes to install the running fcgitops again.

    A checkout is named by its folder; what came from a wheel, a folder or a Git commit by its
    URL, as pip recorded it (PEP 610, direct_url.json); all else by version, from an index.
    """
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "pyproject.toml").is_file() and (checkout / "cookiecutter.json").is_file():
        return f"{NAME} @ {checkout.as_uri()}"
    packages = Path(__file__).parents[2]
    is_installed = any(packages.glob(_INFO))
    url = direct_url(recorded(packages) if is_installed else _of_the_installed())
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
    file = next(packages.glob(f"{_INFO}/direct_url.json"), None)
    return json.loads(file.read_bytes()) if file else {}


def _of_the_installed() -> dict[str, Any]:
    """What pip recorded beside the installed copy: this one is cookiecutter's own clone."""
    from importlib import metadata  # noqa: PLC0415 - in that clone alone

    try:
        text = metadata.distribution(NAME).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return {}
    return json.loads(text) if text else {}
