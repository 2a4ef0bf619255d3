"""Installs a wheel into an environment of its own, away from the checkout, and uses it there.

usage: wheel.py WHEEL. CI's last word on what users get; `tests/e2e` has the details.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path


def main(wheel: Path) -> None:
    """Makes the environment, a repository, and runs that repository's own tests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".gitconfig").write_text("[user]\n name = Ada\n email = ada@example.com\n")
        settings = {"HOME": name, "GIT_CONFIG_GLOBAL": f"{name}/.gitconfig"}
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | settings

        def run(*command: str | Path) -> None:
            print("+", *command, flush=True)
            subprocess.run(command, cwd=folder, env=environment, check=True)

        venv.create(folder / "venv", with_pip=True)
        programs = folder / "venv" / "bin"
        run(programs / "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
        run(programs / "fcgitops", "--version")
        run(programs / "fcgitops", "doctor")
        run(programs / "fcgitops", "new", "deploy", "--no-input", "--env", "dev",
            "--env", "prod=customized-config", "--set", f"requirement={wheel}")  # fmt: skip
        template = next((folder / "venv").glob("lib/*/site-packages/fcgitops/_template"))
        run(programs / "cookiecutter", "--no-input", "-o", folder / "plain", template,
            "repo_slug=deploy", "environments=dev prod=customized-config",
            f"requirement={wheel}")  # fmt: skip
        trees = {
            subprocess.run(
                ["git", "-C", folder / path, "rev-parse", "HEAD^{tree}"],
                capture_output=True, text=True, check=True,
            ).stdout
            for path in ("deploy", "plain/deploy")
        }  # fmt: skip
        if len(trees) != 1:
            sys.exit("error: cookiecutter and fcgitops new gave different trees")
        run("git", "clone", "-q", "deploy", "clone")
        run("make", "-C", "clone", "overlay", "ENV=stage", "VARIANT=customized-config")
        run("make", "-C", "clone", "test")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
