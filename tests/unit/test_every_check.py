"""Each number of `verify` has a repository in which it is found, and one in which it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from checkcases import CASES, EMPTIED, SOURCE, Case
from conftest import CopyOf, Fcgitops
from fcgitops.core.findings import INFO, Finding
from fcgitops.verify import catalogue
from fcgitops.verify.session import Session
from fcgitops.verify.subjects import SERVER
from gitenv import write
from seededfaults import FLUX, OPEN, SEEDED

OFFLINE = [(title, check.number) for title, check in catalogue.checks() if title != SERVER.title]
"""Place and number of what is asked without a cluster; e2e/test_verify_server.py has the rest."""
IN_A_FOLDER = ("the repository", "FCG48")
"""What is asked of two folders of one Git repository; test_into.py has it."""
SHARE = "nfs://10.0.0.2/exports/nni"


@pytest.fixture
def deploy(copy_of: CopyOf) -> Path:
    """A repository of both tools with everything that checks look at; its own for each test."""
    endpoints = "egress.endpoints=[{cidr: 10.0.0.1/32, port: 6443}]"
    return copy_of(
        ["new", "deploy", "--gitops", "both", "--env", "dev", "--env", "prod=customized-config"],
        ["overlay", "dev", "--set", "sync=flux"],
        ["overlay", "prod", "--set", "egress.mode=cidr", "--set", endpoints],
        ["nni", "enable", "prod", "--storage", SHARE],
        ["nni", "experiment", "mnist", "--env", "prod"],
    )


def found(root: Path, *names: str) -> list[Finding]:
    session = Session(root, afresh=True)
    session.verify(session.wanted(names, None, None))
    return session.findings


def edited(root: Path, case: Case) -> None:
    for path, edit in case.edits.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if edit is None:
            file.unlink()
        else:
            file.write_text(edit if isinstance(edit, str) else edit(file.read_text()))


def test_a_repository_in_order_has_no_findings(
    deploy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every check is asked, and nothing is found."""
    file = deploy / "overlays/prod/local/kustomization.yaml"
    file.write_text(f"{file.read_text()}# fcgitops: this is no comment that takes anything back\n")
    asked = set()
    for title, check in catalogue.checks():

        def asking(
            subject: Any, ask: Any = check.ask, key: tuple[str, str] = (title, check.number)
        ) -> Any:
            asked.add(key)
            return ask(subject)

        monkeypatch.setitem(vars(check), "ask", asking)
    assert [f for f in found(deploy) if f.severity != INFO] == []
    assert asked == {*OFFLINE}


@pytest.mark.sampled(8)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}-{case.place}")
def test_a_fault_is_found_by_its_number(case: Case, deploy: Path) -> None:
    """One edit that somebody may make; other checks may have something to say of it too."""
    edited(deploy, case)
    numbers = {finding.rule for finding in found(deploy, *case.names)}
    assert case.number in numbers
    assert "FCG99" not in numbers


@pytest.mark.parametrize(
    ("number", "of_any_object"), [("FCG04", "FCG38"), ("FCG07", "FCG30"), ("FCG08", "FCG41")]
)
def test_a_fault_is_told_once(number: str, of_any_object: str, deploy: Path) -> None:
    """What FrameworkController's own check says, the check of any object does not say again."""
    (case,) = (case for case in CASES if case.number == number)
    edited(deploy, case)
    numbers = [finding.rule for finding in found(deploy, *case.names)]
    assert numbers.count(number) == 1
    assert of_any_object not in numbers


@pytest.mark.parametrize(
    "edit",
    [
        {"fcgitops.yaml": lambda text: text.replace("tag: v1.0.0", "tag: v1.0.1")},
        {SOURCE: lambda text: f"{text}image: {{tag: v1.0.1}}\n"},
        {SOURCE: lambda text: text.replace("namespace: frameworkcontroller", "namespace: fc")},
        {SOURCE: lambda text: text.replace("10.0.0.1/32", "10.0.0.2/32")},
    ],
)
def test_what_is_not_carried_yet_is_told_once(edit: dict[str, Any], deploy: Path) -> None:
    """Where files are not in line with their source, what they render is not told beside that."""
    edited(deploy, Case("", "FCG12", edit))
    assert {finding.rule for finding in found(deploy, "prod")} == {"FCG12"}


def test_a_layers_finding_is_that_of_whose_file_it_is(deploy: Path) -> None:
    """The environment's own; no one's, and told once, where several share the file."""
    shared = "components/shared/kustomization.yaml"
    head = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
    gone = {"patches": [{"target": {"kind": "StatefulSet", "name": "gone"}, "patch": EMPTIED}]}
    write(deploy, {
        shared: json.dumps(head | gone),
        "overlays/dev/local/kustomization.yaml": json.dumps(
            head | gone | {"components": ["../../../components/shared"]}),
        "overlays/prod/local/kustomization.yaml": json.dumps(
            head | {"components": ["../../../components/shared"]}),
    })  # fmt: skip
    told = [(f.rule, f.overlay, f.file) for f in found(deploy, "dev", "prod")]
    assert sorted(told) == [
        ("FCG43", "", shared), ("FCG43", "dev", "overlays/dev/local/kustomization.yaml"),
    ]  # fmt: skip


REPEATED = "repeats the key '{}': one of the two changes nothing"


@pytest.mark.parametrize(
    ("path", "more", "said"),
    [
        ("overlays/dev/local/kustomization.yaml",
         "images: []\nimages: []\n", ("FCG43", "dev", REPEATED.format("images"))),
        ("overlays/dev/local/kustomization.yaml",
         "patches:\n- patch: |\n    - op: add\n      op: add\n      path: /metadata/labels/a\n"
         "      value: b\n  target: {kind: StatefulSet}\n",
         ("FCG43", "dev", f"the patch {REPEATED.format('op')}")),
        ("base/kustomization.yaml",
         "namePrefix: ''\nnamePrefix: ''\n", ("FCG43", "", REPEATED.format("namePrefix"))),
        ("overlays/dev/local/more.yaml",
         "kind: Secret\nmetadata:\n  name: a\n  name: b\napiVersion: v1\n",
         ("FCG00", "dev", "repeats the key 'name'")),
    ],
)  # fmt: skip
def test_a_key_that_is_given_twice_is_named(
    path: str, more: str, said: tuple[str, str, str], deploy: Path
) -> None:
    """In all that kustomize reads, by its file: it takes one of the two, or names no file."""
    file = deploy / path
    if path.endswith("more.yaml"):
        head = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        write(deploy, {f"{file.parent}/kustomization.yaml": f"{head}resources: [more.yaml]\n"})
    file.write_text((file.read_text() if file.exists() else "") + more)
    told = [(f.rule, f.overlay, f.message, f.file) for f in found(deploy, "dev")]
    assert (*said, path) in told


def test_every_check_has_a_case() -> None:
    """A new check comes with its line in tests/checkcases.py."""
    assert {*OFFLINE} - {IN_A_FOLDER} == {(case.place, case.number) for case in CASES}


def seeded(root: Path, fcgitops: Fcgitops) -> dict[str, str]:
    """A repository with an environment for each seeded fault, and the number that is due in it."""
    fcgitops("new", root, "--no-input", "--gitops", "both", "--env", "dev")
    due: dict[str, str] = {}
    items = []
    limited = {"egress.mode": "cidr", "egress.endpoints": [{"cidr": "10.0.0.1/32", "port": 6443}]}
    for index, (number, _, *kind) in enumerate(SEEDED):
        name = f"{number.lower()}-{index}"
        due[name] = number
        keys = {} if kind == [OPEN] else dict(limited)
        items.append({"name": name, "variant": "customized-config", **keys,
                      "sync": "flux" if kind == [FLUX] else "argocd"})  # fmt: skip
    (root.parent / "list.yaml").write_text(json.dumps(items))
    fcgitops("-C", root, "overlays", "--from", root.parent / "list.yaml")
    return due


@pytest.mark.slow
def test_seeded_faults(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Over 100 more, all in one repository: each is found in its environment, by its number."""
    root = tmp_path / "deploy"
    due = seeded(root, fcgitops)
    assert [str(f) for f in found(root) if f.severity != INFO] == []
    for name, (number, edits, *_) in zip(due, SEEDED, strict=True):
        mine = {path.replace("/prod/", f"/{name}/"): edit for path, edit in edits.items()}
        edited(root, Case("", number, mine))
    told: dict[str, set[str]] = {name: set() for name in due}
    for finding in found(root):
        assert finding.rule != "FCG11" or finding.line, finding
        told[finding.overlay or finding.file.split("/")[1]].add(finding.rule)
    missed = {name: sorted(told[name]) for name, number in due.items() if number not in told[name]}
    assert missed == {}
    assert len(CASES) + len(SEEDED) >= 150
    assert "FCG99" not in set().union(*told.values())


@pytest.mark.sampled(2)
@pytest.mark.parametrize("profile", ["hardened", "upstream"])
def test_the_golden_repositories_have_no_findings(profile: str) -> None:
    """Nor has any kustomization of theirs."""
    root = Path(__file__).parents[1] / "golden" / profile / "repository"
    assert [str(f) for f in found(root) if f.severity != INFO] == []
