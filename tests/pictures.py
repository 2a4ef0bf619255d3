"""Makes the pictures of the docs anew: terminal sessions as SVG, the page of `report` as PNG.

usage: pictures.py FOLDER [SVG]. What is shown is what the commands print, typed in a repository
that is made for it; names and dates are fixed, so that the same version gives the same picture.
With SVG the page, which takes Chromium, is left out.
"""

from __future__ import annotations

import io
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

WIDTH = 100
NEW = (
    "new deploy --env dev --env stage --env prod=customized-config --no-input "
    "--set requirement=frameworkcontroller-gitops==1.0"
)
FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}">
<title>TITLE</title>
<style>
.{unique_id}-matrix {{
  font: {char_height}px/{line_height}px ui-monospace, Menlo, Consolas, monospace;
}}
{styles}
</style>
<defs>{lines}</defs>
<rect width="100%" height="100%" rx="8" fill="#0c0c0c"/>
<g transform="translate({terminal_x}, 12)">{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


@dataclass(frozen=True)
class Session:
    """What is typed, one command after the other.

    Attributes:
        title: what a screen reader says.
        before: commands that are not shown.
        typed: commands that are.
    """

    title: str
    before: tuple[str, ...]
    typed: tuple[str, ...]


SESSIONS = {
    "change": Session(
        "One value is changed: the commit says what clusters feel of it",
        (NEW,),
        (
            "-C deploy overlay prod --set workerNumber=800",
            "-C deploy diff HEAD~1..HEAD",
        ),
    ),
    "mistake": Session(
        "Mistakes are told all at once, and nothing is written",
        (NEW,),
        ("-C deploy overlay prod --set workerNumber=0 --set kubeClientqps=300",),
    ),
}


def environment(home: Path) -> dict[str, str]:
    """What a session runs with: nothing of the user's own, and no clock."""
    who = {"NAME": "Ada", "EMAIL": "ada@example.com", "DATE": "2026-01-01T00:00:00Z"}
    given = {f"GIT_{role}_{key}": v for role in ("AUTHOR", "COMMITTER") for key, v in who.items()}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "TERM": "xterm-256color",
        "COLUMNS": str(WIDTH),
        "LANG": "C.UTF-8",
        **given,
    }


def run(line: str, folder: Path) -> str:
    """Types a command on a terminal; all that it shows, with its colours."""
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "fcgitops", *shlex.split(line)]
    with subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdin=its, stdout=its, stderr=its
    ):
        os.close(its)
        shown = b""
        while True:
            try:
                data = os.read(ours, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            shown += data
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def drawn(name: str) -> str:
    """One session as SVG."""
    session = SESSIONS[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for line in session.before:
            run(line, folder)
        console = Console(record=True, width=WIDTH, file=io.StringIO(), color_system="256")
        for line in session.typed:
            shown = re.sub(r"[^\n]*\r(?!\n)|\x1b\[\?25[lh]|\x1b\[K", "", run(line, folder))
            console.print(Text(f"$ fcgitops {line}", style="bold"))
            console.print(Text.from_ansi(shown))
    frame = FRAME.replace("TITLE", session.title)
    svg = console.export_svg(code_format=frame, theme=MONOKAI, unique_id=f"fcgitops-{name}")
    return re.sub(r"[ \t]+$", "", svg, flags=re.M)


def words(svg: str) -> list[str]:
    """The text of a picture, whatever its layout and its commits' names."""
    texts = re.findall(r"<text[^>]*>(.*?)</text>", svg, re.S)
    text = " ".join(unescape(re.sub(r"<[^>]+>", "", text)) for text in texts)
    return re.sub(r"\b[0-9a-f]{10}\b", "COMMIT", text).split()


def page(folder: Path) -> None:
    """The page of `report`, light and dark."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - takes a browser

    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, filter(None, names))))
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        work = Path(place)
        run(NEW, work)
        run("-C deploy overlay prod --set workerNumber=800", work)
        run("-C deploy overlay stage --set sync=flux", work)
        run("-C deploy report --output ../report.html", work)
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            tab = chromium.new_page(
                viewport={"width": 1400, "height": 640},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            tab.goto((work / "report.html").as_uri())
            tab.screenshot(path=folder / f"report-{scheme}.png")
        chromium.close()


def main(folder: Path, *, svg_alone: bool) -> None:
    """Writes all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SESSIONS:
        (folder / f"{name}.svg").write_text(drawn(name), encoding="utf-8")
    if not svg_alone:
        page(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), svg_alone="SVG" in sys.argv[2:])
