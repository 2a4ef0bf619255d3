"""What is fetched by the project's workflows and by a generated repository's is pinned."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yamls

ROOT = Path(__file__).parents[2]
WORKFLOWS = [
    path
    for top in (ROOT, ROOT / "{{cookiecutter.repo_slug}}")
    for path in sorted((top / ".github" / "workflows").glob("*.y*ml"))
]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_actions_are_pinned_by_commit(path: Path) -> None:
    """A tag may be moved to other code; the version stands beside the commit, for readers."""
    uses = re.findall(r"^\s*(?:- )?uses: *(\S+)(.*)$", path.read_text(), re.MULTILINE)
    assert uses
    for action, comment in uses:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), f"{action}{comment}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_workflows_read_only(path: Path) -> None:
    """By default a workflow's token reads the repository's contents and nothing else."""
    assert yamls.load(path.read_text())["permissions"] == {"contents": "read"}
    assert path.read_text().count("persist-credentials: false") == len(
        re.findall(r"uses: actions/checkout@", path.read_text())
    )


def test_images_are_pinned_by_digest() -> None:
    """GitLab's jobs run in an image that nobody can exchange; its version stands beside it."""
    text = (ROOT / "{{cookiecutter.repo_slug}}/.gitlab-ci.yml").read_text()
    images = re.findall(r"^ *image: *(.*)$", text, re.MULTILINE)
    assert images
    for image in images:
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+@sha256:[0-9a-f]{64}", image), image


def test_programs_are_kept_for_what_names_them() -> None:
    """A lock that has other hashes is another environment, on either forge."""
    generated = ROOT / "{{cookiecutter.repo_slug}}"
    gitlab = yamls.load((generated / ".gitlab-ci.yml").read_text())
    assert gitlab[".fcgitops"]["cache"]["key"]["files"] == ["requirements.txt", "requirements.lock"]
    github = (generated / ".github/workflows/test.yml").read_text()
    assert "hashFiles('requirements.txt', 'requirements.lock')" in github
