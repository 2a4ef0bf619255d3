"""The docs as pages, in a real browser, opened from a disk and without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

pytestmark = pytest.mark.slow


def test_the_search_needs_no_network(tmp_path: Path) -> None:
    """A word is found in the pages that have it; nothing is fetched from elsewhere."""
    names = [os.environ.get("CHROMIUM", ""), *BROWSERS]
    browser = next(filter(None, map(shutil.which, filter(None, names))), None)
    if browser is None:
        pytest.skip(f"no Chromium: neither $CHROMIUM nor {', '.join(BROWSERS)} on PATH")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, check=True,
    )  # fmt: skip
    asked: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1300, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.goto((tmp_path / "index.html").as_uri())
        page.locator(".md-search__input").click()
        page.keyboard.type("workerNumber")
        page.locator(".md-search-result__link").first.wait_for()
        found = page.locator(".md-search-result__link").all_inner_texts()
        chromium.close()
    assert any("workerNumber" in text for text in found)
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
