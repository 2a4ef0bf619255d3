"""Comments that take findings back: where they stand, what they must say, and what they cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Fcgitops
from gitenv import write

LOCAL = "overlays/prod/local/kustomization.yaml"
HEAD = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
PATCH = """\
patches:
- target: {kind: StatefulSet}
  patch: |-
    - {op: add, path: /spec/template/spec/priorityClassName, value: high}%s
"""
WHY = "FCG38 comes with the cluster"


def local(repository: Path, body: str) -> None:
    write(repository, {LOCAL: HEAD + body})


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "body",
    [
        PATCH % f"  # fcgitops: ignore {WHY}",
        (PATCH % "").replace(
            "    - {op", f"    # fcgitops: ignore {WHY}\n    # and more\n    - {{op"
        ),
    ],
    ids=["on the line", "above it"],
)
def test_a_comment_beside_the_cause_takes_a_finding_back(
    body: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """It is told with its reason, and no longer counts."""
    local(repository, PATCH % "")
    assert "prod: FCG38: " in fcgitops("-C", repository, "verify", "prod", status=1).out
    local(repository, body)
    ran = fcgitops("-C", repository, "verify")
    assert ran.out == ""
    assert "FCG38: comes with the cluster\n" in ran.err
    assert "all well, 1 ignored" in ran.err
    log = json.loads(fcgitops("-C", repository, "verify", "--format", "sarif").out)
    (result,) = log["runs"][0]["results"]
    assert result["suppressions"][0]["justification"] == "comes with the cluster"


FORM = "(# fcgitops: ignore FCG38 comes with the cluster)"


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("comment", "line", "told"),
    [
        ("  # fcgitops: ignore FCG38", 6, f"the comment is not heeded: it has no reason {FORM}"),
        ("  # fcgitops: ignore because", 6, f"the comment is not heeded: it has no number {FORM}"),
        ("  # fcgitops: ignore FCG30 other", 6,
         "the comment takes nothing back: there is no FCG30 here (take it out)"),
        ("\n# fcgitops: ignore FCG38 too far below", 7,
         "the comment takes nothing back: there is no FCG38 here (take it out)"),
    ],
)  # fmt: skip
def test_a_comment_that_is_not_heeded_is_told(
    comment: str, line: int, told: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """It has no number or no reason, is for something else, or stands elsewhere."""
    local(repository, PATCH % comment)
    lines = fcgitops("-C", repository, "verify", status=1).out.splitlines()
    assert lines[0].startswith("prod: FCG38: ")
    assert lines[1:] == [f"{LOCAL}:{line}: info: FCG21: {told}"]


def test_a_finding_without_a_line_is_taken_back_in_its_file(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """And one of the sources' is, in environment.yaml."""
    source = repository / "overlays/prod/environment.yaml"
    source.write_text(source.read_text().replace("sync: argocd\n", ""))
    assert "FCG13" in fcgitops("-C", repository, "verify", "prod", status=1).out
    source.write_text(f"{source.read_text()}# fcgitops: ignore FCG13 a test\n")
    assert fcgitops("-C", repository, "verify", "prod").out == ""


def test_explain(fcgitops: Fcgitops) -> None:
    """Number, severity, where it looks, what it asks; whatever the checker."""
    assert fcgitops("verify", "--explain", "FCG13").out.splitlines()[:6] == [
        "FCG13 (hazard: it is taken, and works wrongly or not at all)",
        "",
        "Looks at an environment's files.",
        "",
        "With `sync: argocd`, environment.yaml spells out variant, cluster, namespace and sync.",
        "",
    ]
    assert "of `fcgitops nni check`" in fcgitops("verify", "--explain", "nni11").out
    assert "did you mean 'FCG47'?" in fcgitops("verify", "--explain", "FCG77", status=2).err
