"""Every command that writes says what its commit does to clusters, and so does the commit."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops
from fcgitops.diff.effects import Effect, Severity
from fcgitops.diff.outcome import Outcome
from fcgitops.diff.report import Entry, Report
from fcgitops.diff.spoken import lines
from gitenv import clone_released, git


@pytest.fixture
def speaking(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, and commands that tell the effects of what they write."""
    monkeypatch.delenv("FCGITOPS_EFFECTS")
    return repository


def body(repository: Path) -> str:
    return git(repository, "log", "-1", "--format=%b").rstrip("\n")


@pytest.mark.slow
def test_the_commit_holds_what_was_printed(speaking: Path, fcgitops: Fcgitops) -> None:
    """The same lines with --dry-run, on the terminal and in the commit's body."""
    command = ("-C", speaking, "overlay", "prod", "--set", "frameworkCompletedRetainSec=60")
    dry = fcgitops(*command, "--dry-run")
    ran = fcgitops(*command)
    told = body(speaking)
    assert told.startswith(
        "effects:\n- prod: data loss (S05): Completed Frameworks older than 1 minute are deleted "
    )
    assert "\n- prod: restart (C01): FrameworkController restarts" in told
    assert dry.err == f"{told}\nnothing was written; without --dry-run: Change environment prod\n"
    assert ran.err.partition("\n")[2].rstrip("\n") == told


NNI = ("nni", "enable", "prod", "--storage", "nfs://10.0.0.2/exports/nni")
EXPERIMENT = ("nni", "experiment", "mnist", "--env", "prod")
SEVEN = ("overlay", "prod", "--set", "workerNumber=7")
EDITED = {
    "overlays/prod/kustomization.yaml": ("resources:", "labels: [{pairs: {a: b}}]\nresources:")
}
WORKERS = {"overlays/prod/frameworkcontroller.yaml": ("workerNumber: 500", "workerNumber: 7")}
LABELLED = {"overlays/dev/environment.yaml": ("sync: argocd", "sync: argocd\nlabels: {a: b}")}
WRITING: dict[str, tuple[list[tuple[str, ...]], dict[str, tuple[str, str]], tuple[str, ...]]] = {
    "overlay": ([], {}, SEVEN),
    "overlay-take": ([], WORKERS, ("overlay", "prod", "--take")),
    "overlays": ([], LABELLED, ("overlays",)),
    "overlays-from": ([], {}, ("overlays", "--from", "list.yaml")),
    "remove": ([], {}, ("remove", "dev")),
    "nni-enable": ([], {}, NNI),
    "nni-experiment": ([NNI], {}, EXPERIMENT),
    "nni-remove": ([NNI, EXPERIMENT], {}, ("nni", "remove", "mnist")),
    "promote": ([("overlay", "dev", "--set", "image.tag=v1.3.0")], {}, ("promote", "dev", "prod")),
    "rollback": ([SEVEN], {}, ("rollback", "prod")),
    "release": ([SEVEN, ("rollback", "prod")], {}, ("rollback", "prod", "--release")),
    "restore": ([], EDITED, ("restore", "overlays/prod")),
}
"""Name → what is done before, and edited by hand: file → a text and what it is now; the command."""


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITING)
def test_each_command_prints_what_its_commit_holds(
    name: str, speaking: Path, fcgitops: Fcgitops
) -> None:
    """With --dry-run, without it, and in the commit's body it is the very same text."""
    before, edits, command = WRITING[name]
    for words in before:
        fcgitops("-C", speaking, *words)
    for path, (old, new) in edits.items():
        text = (speaking / path).read_text(encoding="utf-8")
        (speaking / path).write_text(text.replace(old, new, 1), encoding="utf-8")
    if name in ("restore", "overlay-take"):
        git(speaking, "commit", "-qam", "By hand")
    listed = "- {name: dev, settings: {}, variant: customized-config}\n- {name: west}\n"
    (speaking.parent / "list.yaml").write_text(listed, encoding="utf-8")
    words = [str(speaking.parent / w) if w == "list.yaml" else w for w in command]
    words = [str(speaking / w) if w.startswith("overlays/") else w for w in words]
    agree(speaking, fcgitops, *words)


@pytest.mark.slow
def test_an_update_prints_what_its_commit_holds(
    fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, from a released version to this one."""
    monkeypatch.delenv("FCGITOPS_EFFECTS")
    agree(clone_released("hardened-both", tmp_path), fcgitops, "update")


def agree(folder: Path, fcgitops: Fcgitops, *command: str) -> None:
    """Runs a command twice, dry at first, and compares what both say with the commit's body."""
    start = git(folder, "rev-parse", "HEAD")
    dry = fcgitops("-C", folder, *command, "--dry-run")
    ran = fcgitops("-C", folder, *command)
    assert git(folder, "rev-parse", "HEAD~1") == start
    told = body(folder)
    if told.startswith("With edits of "):
        told = told.partition("\n\n")[2]
    assert "effect" in told
    for said in (dry, ran):
        assert told in said.out or f"\n{told.replace(PARAGRAPH, LINE)}\n" in f"\n{said.err}"


PARAGRAPH, LINE = "\n\n", "\n"


def test_a_change_without_effect_says_so_in_one_line(speaking: Path, fcgitops: Fcgitops) -> None:
    """The server's address names the same cluster's Application, and renders nothing else."""
    source = speaking / "overlays/dev/environment.yaml"
    source.write_text(f"{source.read_text()}# looked after by Ada\n")
    fcgitops("-C", speaking, "overlay", "dev")
    assert body(speaking) == (
        "With edits of overlays/dev/environment.yaml\n\neffects: none on any cluster"
    )


def test_each_line_names_what_it_is_about(speaking: Path, fcgitops: Fcgitops) -> None:
    """Not "It leaves Git", but what does; not "set it back", but which key."""
    fcgitops("-C", speaking, "overlay", "prod", "--variant", "default-config")
    told = body(speaking).splitlines()
    what = "ConfigMap/frameworkcontroller-config leaves Git and stays on the cluster"
    assert f"- prod: none (E27): {what}: its guards keep it." in told
    (compression,) = (line for line in told if "(S15" in line)
    assert "Do: largeFrameworkCompression: true again; what was stuck goes on" in compression


@pytest.mark.parametrize(
    ("effects", "told"),
    [
        (
            [("Role/a", "It is pruned."), ("Role/b", "It is pruned.")],
            ["Role/a is pruned.", "Role/b is pruned."],
        ),
        (
            [("Role/a", "Fewer rights."), ("Role/b", "Fewer rights.")],
            ["Role/a: Fewer rights.", "Role/b: Fewer rights."],
        ),
        ([("Role/a", "a may less."), ("Role/b", "b may less.")], ["a may less.", "b may less."]),
        ([("Role/a", "Fewer rights.")], ["Fewer rights."]),
        ([("environment.yaml", "It is dev under another name.")],
         ["It is dev under another name."]),
    ],
)  # fmt: skip
def test_an_object_is_named_where_it_would_be_unclear(
    effects: list[tuple[str, str]], told: list[str]
) -> None:
    """Of several objects of one rule, and in a sentence about "It"; else the sentence is short."""
    found = [Effect("E27", Severity.NONE, what, says) for what, says in effects]
    entry = Entry("prod", Outcome(tuple(found)))
    assert lines(Report((entry,))) == ["effects:", *(f"- prod: none (E27): {t}" for t in told)]


def test_environments_that_come_and_go(speaking: Path, fcgitops: Fcgitops) -> None:
    """`overlays` and `remove` speak too."""
    fleet = speaking.parent / "fleet.yaml"
    fleet.write_text("".join(f"- name: c{n}\n" for n in range(12)))
    fcgitops("-C", speaking, "overlays", "--from", fleet)
    assert "- c0, c1, c10, c11, c2, c3, c4, c5, … (12 environments): none (E01)" in body(speaking)
    fcgitops("-C", speaking, "remove", "dev")
    assert body(speaking).startswith(
        "effects:\n- dev: needs a manual step (E02): Nothing is deleted"
    )


@pytest.mark.slow
def test_many_new_environments_are_not_built_to_say_what_they_do(
    speaking: Path, fcgitops: Fcgitops
) -> None:
    """A fleet is added in seconds; what its sources tell is said, and that there may be more."""
    fleet = speaking.parent / "fleet.yaml"
    fleet.write_text("".join(f"- name: c{n}\n" for n in range(21)))
    fcgitops("-C", speaking, "overlays", "--from", fleet)
    assert body(speaking).splitlines() == [
        "effects:",
        "- c0, c1, c10, c11, c12, c13, c14, c15, … (21 environments): none (E01): "
        "Argo CD makes an Application for it within 3 minutes.",
        "- 21 new environments: not built for this list; once it is committed, "
        "`fcgitops diff HEAD~1` tells all",
    ]
    told = fcgitops("-C", speaking, "diff", "HEAD~1").out
    assert "C06" in told


@pytest.mark.slow
def test_of_many_that_change_alike_a_few_are_built(speaking: Path, fcgitops: Fcgitops) -> None:
    """Three of each kind, by lines that change and files of people's own; the rest is counted."""
    fleet = speaking.parent / "fleet.yaml"
    rows = [f"- {{name: c{n:02}, image: {{tag: v1.0.0}}}}\n" for n in range(21)]
    fleet.write_text("".join(rows))
    fcgitops("-C", speaking, "overlays", "--from", fleet)
    with (speaking / "overlays/c19/local/kustomization.yaml").open("a") as local:
        local.write("patches: []\n")
    git(speaking, "commit", "-qam", "a file of somebody's own")
    other = [row.replace("v1.0.0", f"v1.0.{1 if n < 20 else 2}") for n, row in enumerate(rows)]
    fleet.write_text("".join(other))
    fcgitops("-C", speaking, "overlays", "--from", fleet)
    told = body(speaking).splitlines()
    assert [line.partition(":")[0] for line in told if "(C0" in line] == [
        "- c00, c01, c02, c19",
        "- c20",
    ]
    assert told[-1] == (
        "- 16 environments more, whose files change in the same lines: not built for this list; "
        "once it is committed, `fcgitops diff HEAD~1` tells all"
    )


def test_what_cannot_be_told_keeps_nobody_from_committing(
    speaking: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without kustomize the effects are said to be not known."""
    monkeypatch.setenv("KUSTOMIZE", "/no/such/kustomize")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    fcgitops("-C", speaking, "overlay", "prod", "--set", "workerNumber=7")
    assert body(speaking).startswith("effects: not known: ")


def test_they_can_be_left_out(repository: Path, fcgitops: Fcgitops) -> None:
    """With FCGITOPS_EFFECTS=off nothing is built and nothing is said."""
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=7")
    assert body(repository) == ""


@pytest.mark.slow
def test_nni_with_flux_says_that_its_entry_points_are_to_be_applied(
    copy_of: CopyOf, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No sync fails: the accounts that NNI brings are in the entry points, which `make` applies."""
    monkeypatch.delenv("FCGITOPS_EFFECTS")
    folder = copy_of(["new", "deploy", "--env", "dev", "--gitops", "flux"])

    enabled = fcgitops("-C", folder, "nni", "enable", "dev", "--storage", "nfs://10.0.0.1/x").err
    added = fcgitops("-C", folder, "nni", "experiment", "mnist", "--env", "dev").err

    typed = "note: entry points change, and no sync applies them: type this, before or after the "
    for said in (enabled, added):
        assert f"\n{typed}push\n# Flux:\nmake bootstrap ENV=dev\neffects:\n" in said
        assert "sync will fail" not in said
    assert "experiments/mnist: 5 objects are new, no effect is known" in added
    shown = fcgitops("-C", folder, "diff", "HEAD~1..HEAD", "experiments/mnist").out
    assert shown.startswith("experiments/mnist: 5 objects are new, and no effect is known\n")


def test_entry_points_are_applied_by_an_environment_that_changes(
    copy_of: CopyOf, fcgitops: Fcgitops
) -> None:
    """Those of Argo CD are applied once for all: what is typed names the one that has changed."""
    folder = copy_of(["new", "deploy", "--env", "dev", "--env", "prod", "--gitops", "argocd"])

    said = fcgitops("-C", folder, "nni", "enable", "prod", "--storage", "nfs://10.0.0.1/x").err

    assert "\n# Argo CD:\nmake bootstrap ENV=prod\n" in said


@pytest.mark.slow
def test_an_account_that_is_nowhere_in_git_is_told(
    copy_of: CopyOf, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An experiment whose entry point names another account than its environment's."""
    folder = copy_of(
        ["new", "deploy", "--env", "dev", "--gitops", "flux"],
        ["nni", "enable", "dev", "--storage", "nfs://10.0.0.1/x"],
        ["nni", "experiment", "mnist", "--env", "dev"],
    )
    file = folder / "clusters/flux/dev/experiments/mnist/sync.yaml"
    file.write_text(file.read_text().replace("experiments-flux", "nobody-flux"))

    said = fcgitops("-C", folder, "diff").out

    assert "sync will fail  E22 Kustomization/fc-experiment-mnist" in said
