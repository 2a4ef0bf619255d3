"""The skeleton of a repository, as it is filled in here and by plain `cookiecutter`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from cookiecutter.generate import generate_files
from fcgitops.manifests.skeleton import render_skeleton, skeleton_paths, template_root
from fcgitops.model.answers import PATH, RECORDED, Answers
from fcgitops.text.tree import read_tree

FULL = Answers(
    "fleet",
    "upstream",
    gitops="both",
    repo_url="https://git.example.com/ml/fleet.git",
    requirement="frameworkcontroller-gitops==1.2.3",
    path="infrastructure/frameworkcontroller",
)


@pytest.mark.parametrize("answers", [Answers("fc", "hardened"), FULL], ids=["plain", "full"])
def test_it_is_what_cookiecutter_renders(answers: Answers, tmp_path: Path) -> None:
    """File by file it is what `generate_files` of cookiecutter makes of the same answers."""
    given = {name: asdict(answers)[name] for name in (*RECORDED, PATH)}
    generate_files(
        str(template_root()), {"cookiecutter": given}, output_dir=tmp_path, accept_hooks=False
    )
    made = read_tree(tmp_path / answers.repo_slug)
    assert render_skeleton(answers) == made
    assert made.keys() == skeleton_paths()
