"""`rollback` makes an environment render what it rendered before, and holds promotions to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops, tree
from gitenv import clone_released, committed, git, write

PROD = "overlays/prod/environment.yaml"


@pytest.fixture
def repository(copy_of: CopyOf, fcgitops: Fcgitops) -> Path:
    """One whose environment prod was changed by its source, by hand and by what all share."""
    folder = copy_of(["new", "deploy", "--env", "dev", "--env", "prod=customized-config"])
    local = folder / "overlays/prod/local"
    entry = "patches:\n- path: a.yaml\n  target:\n    kind: StatefulSet\n"
    write(local, {"kustomization.yaml": (local / "kustomization.yaml").read_text() + entry})
    write(local, {"a.yaml": "- op: add\n  path: /metadata/annotations\n  value: {a: b}\n"})
    edited = folder / "overlays/prod/kustomization.yaml"
    edited.write_text(f"# looked after by Ada\n{edited.read_text()}")
    source = folder / PROD
    source.write_text(f"# Ada's\n{source.read_text()}settings:\n  workerNumber: 10\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "By hand")
    fcgitops("-C", folder, "overlays")
    return folder


def rendered(folder: Path, name: str, fcgitops: Fcgitops) -> str:
    return fcgitops("-C", folder, "build", name).out


def test_it_renders_what_it_rendered(repository: Path, fcgitops: Fcgitops) -> None:
    """After changes of its source, of its own patches, of a default, and of its variant's file."""
    before, source = rendered(repository, "prod", fcgitops), (repository / PROD).read_text()
    (repository / "overlays/prod/local/link.yaml").symlink_to("a.yaml")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "A link")
    fcgitops("-C", repository, "overlay", "prod", "--set", "labels.x=y", "--namespace", "other")
    start = git(repository, "rev-parse", "HEAD~1")
    answers = repository / "fcgitops.yaml"
    answers.write_text(answers.read_text().replace("tag: v1.0.0", "tag: v1.2.0"))
    fcgitops("-C", repository, "overlays")
    (repository / "overlays/prod/local/a.yaml").write_text("- {op: remove, path: /spec/replicas}\n")
    (repository / "overlays/prod/local/b.yaml").write_text("not: used\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "By hand, once more")
    variant = repository / "overlays/customized-config/frameworkcontroller.yaml"
    variant.write_text(variant.read_text().replace("workerNumber: 500", "workerNumber: 7"))
    fcgitops("-C", repository, "overlays")
    dev = tree(repository / "overlays/dev")

    ran = fcgitops("-C", repository, "rollback", "prod", "--to", start)
    assert rendered(repository, "prod", fcgitops) == before
    (repository / PROD).write_text((repository / PROD).read_text().partition("hold:")[0])
    assert (repository / PROD).read_text() == f"{source}image:\n  tag: v1.0.0\n"
    git(repository, "checkout", "-q", ".")
    assert not (repository / "overlays/prod/local/b.yaml").exists()
    assert (repository / "overlays/prod/local/link.yaml").is_symlink()
    assert ran.out.startswith(f"prod as it was at {start[:7]}")
    assert (
        "\n\nfiles that nobody generated:\n- overlays/prod/local/a.yaml is as it was\n"
        "- overlays/prod/local/b.yaml goes\n"
    ) in ran.out
    assert git(repository, "log", "-1", "--format=%b").rstrip("\n") == ran.out.rstrip("\n")
    assert git(repository, "log", "-1", "--format=%s") == f"Roll prod back to {start[:7]}"
    assert git(repository, "status", "--porcelain") == ""
    assert "overlays/dev" not in git(repository, "show", "--stat", "--format=")
    assert dev
    fcgitops("-C", repository, "verify", "prod")


@pytest.mark.slow
def test_it_is_the_last_change_of_what_it_renders(repository: Path, fcgitops: Fcgitops) -> None:
    """Comments, other environments and what renders the same are none."""
    before = rendered(repository, "prod", fcgitops)
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=20", "-m", "Twenty")
    wanted = git(repository, "rev-parse", "--short", "HEAD~1")
    (repository / PROD).write_text((repository / PROD).read_text() + "# a comment\n")
    git(repository, "commit", "-qam", "A comment")
    fcgitops("-C", repository, "overlay", "dev", "--namespace", "other")
    dry = fcgitops("-C", repository, "rollback", "prod", "--dry-run")
    ran = fcgitops("-C", repository, "rollback", "prod")
    assert dry.out == ran.out
    assert ran.out.startswith(f"prod as it was at {wanted} (")
    assert "all equal\n" in ran.out
    assert rendered(repository, "prod", fcgitops) == before


@pytest.mark.slow
def test_what_does_not_come_back_is_said(repository: Path, fcgitops: Fcgitops) -> None:
    """What the change in between has deleted."""
    fcgitops("-C", repository, "overlay", "prod", "--set", "frameworkCompletedRetainSec=60")
    out = fcgitops("-C", repository, "rollback", "prod").out
    assert out.endswith(
        "what does not come back:\n- Completed Frameworks older than 1 minute are deleted within "
        "seconds of the restart, with their status; running ones are not touched. (S05)\n"
    )


@pytest.mark.slow
def test_nothing_is_promoted_until_it_is_released(repository: Path, fcgitops: Fcgitops) -> None:
    """It is held in Git, `list` and `status` say so, and a person ends it."""
    fcgitops("-C", repository, "overlay", "dev", "--set", "image.tag=v1.3.0")
    fcgitops("-C", repository, "overlay", "prod", "--set", "labels.tier=prod")
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=20")
    ran = fcgitops("-C", repository, "rollback", "prod")
    told = "nothing is promoted to prod until `fcgitops rollback prod --release`\n"
    assert ran.err.endswith(told)
    ran = fcgitops("-C", repository, "promote", "dev", "prod", status=1)
    assert ran.err.startswith("error: prod: is held: ")
    assert ran.err.endswith("(fcgitops rollback prod --release)\n")
    by_label = ("-C", repository, "promote", "dev", "--label", "tier=prod")
    assert fcgitops(*by_label, status=1).err == ran.err
    (row,) = (r for r in json.loads(fcgitops("-C", repository, "list", "--format", "json").out)
              if r.get("hold"))  # fmt: skip
    assert (row["name"], "rolled back to" in row.get("hold")) == ("prod", True)
    assert "HOLD" in fcgitops("-C", repository, "list").out
    assert f"held: prod: {row['hold']}\n" in fcgitops("-C", repository, "status").out

    fcgitops("-C", repository, "rollback", "prod", "--release")
    assert git(repository, "log", "-1", "--format=%s") == "Release prod"
    assert "HOLD" not in fcgitops("-C", repository, "list").out
    ran = fcgitops("-C", repository, "rollback", "prod", "--release")
    assert ran.err == "nothing to do: prod is not held\n"
    fcgitops("-C", repository, "promote", "dev", "prod")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bundle", "name"),
    [
        ("hardened-every-key", "gpu"),
        pytest.param("hardened-every-key", "dev", marks=pytest.mark.slow),
        pytest.param("hardened-both", "flux", marks=pytest.mark.slow),
        pytest.param("hand-edits", "prod", marks=pytest.mark.slow),
        pytest.param("nni", "prod", marks=pytest.mark.slow),
        pytest.param("upstream-both", "prod", marks=pytest.mark.slow),
    ],
)
def test_across_an_update_of_the_generator(
    bundle: str, name: str, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """It gets a copy of what all shared before, and loses that when it is released."""
    folder = clone_released(bundle, tmp_path)
    before = rendered(folder, name, fcgitops)
    start = git(folder, "rev-parse", "HEAD")
    fcgitops("-C", folder, "update", status=None)
    for path in git(folder, "diff", "--name-only", "--diff-filter=U").splitlines():
        git(folder, "checkout", "--theirs", path)
        git(folder, "add", path)
    if git(folder, "status", "--porcelain", "--untracked-files=no"):
        fcgitops("-C", folder, "update", "--continue")
    updated = committed(folder)

    fcgitops("-C", folder, "rollback", name, "--to", start)
    assert rendered(folder, name, fcgitops) == before
    fcgitops("-C", folder, "rollback", name, "--release")
    assert committed(folder) == updated


@pytest.mark.slow
def test_what_all_share_was_edited(repository: Path, fcgitops: Fcgitops) -> None:
    """So it is with a base that was changed by hand; the others keep the change."""
    before = rendered(repository, "prod", fcgitops)
    base = repository / "base/statefulset.yaml"
    base.write_text(base.read_text().replace("memory: 1Gi", "memory: 3Gi"))
    git(repository, "commit", "-qam", "More memory for all")
    dev = rendered(repository, "dev", fcgitops)
    out = fcgitops("-C", repository, "rollback", "prod").out
    assert "\noverlays/prod/rollback/ is its own copy of what it was built on, until" in out
    assert rendered(repository, "prod", fcgitops) == before
    assert rendered(repository, "dev", fcgitops) == dev
    fcgitops("-C", repository, "verify")
    noted = fcgitops("-C", repository, "promote", "prod", "dev", "--dry-run").err
    assert "note: prod is built on its own copy of what all share: overlays/prod/rollback/" in noted
    assert noted.count("rollback/") == 1
    fcgitops("-C", repository, "rollback", "prod", "--release")
    assert "memory: 3Gi" in rendered(repository, "prod", fcgitops)
    assert not (repository / "overlays/prod/rollback").exists()


@pytest.mark.slow
def test_in_a_folder_of_a_bigger_repository(
    fcgitops: Fcgitops, git_home: Path, tmp_path: Path
) -> None:
    """The same, with a copy of what all shared, and nothing beside the folder is touched."""
    assert git_home
    git(tmp_path, "init", "-q", "-b", "main", "mono")
    mono, folder = tmp_path / "mono", tmp_path / "mono/infra/fc"
    write(mono, {"overlays/prod/environment.yaml": "not: ours\n", "base/a.yaml": "b: 1\n"})
    git(mono, "add", "-A")
    git(mono, "commit", "-qm", "The first")
    fcgitops("new", "--into", mono, "--path", "infra/fc", "--no-input", "--env", "prod")
    before = rendered(folder, "prod", fcgitops)
    start = git(mono, "rev-parse", "HEAD")
    base = folder / "base/statefulset.yaml"
    base.write_text(base.read_text().replace("memory: 1Gi", "memory: 3Gi"))
    write(folder, {"overlays/prod/local/notes.txt": "Ada's\n"})
    git(mono, "add", "-A")
    git(mono, "commit", "-qm", "By hand")
    ran = fcgitops("-C", folder, "rollback", "prod", "--to", start)
    assert "- overlays/prod/local/notes.txt goes\n" in ran.out
    assert rendered(folder, "prod", fcgitops) == before
    changed = git(mono, "diff", "--name-only", "HEAD~1").splitlines()
    assert "infra/fc/overlays/prod/rollback/base/statefulset.yaml" in changed
    assert all(path.startswith("infra/fc/overlays/prod/") for path in changed)
    assert git(mono, "log", "-1", "--format=%b").rstrip("\n") == ran.out.rstrip("\n")
    assert git(mono, "status", "--porcelain") == ""
    fcgitops("-C", folder, "rollback", "prod", "--release")
    assert "memory: 3Gi" in rendered(folder, "prod", fcgitops)
    assert not (folder / "overlays/prod/rollback").exists()


@pytest.mark.slow
def test_what_was_removed_comes_back(repository: Path, fcgitops: Fcgitops) -> None:
    """As it was when it was removed, whatever all share has become since."""
    before = rendered(repository, "prod", fcgitops)
    fcgitops("-C", repository, "remove", "prod")
    base = repository / "base/statefulset.yaml"
    base.write_text(base.read_text().replace("memory: 1Gi", "memory: 3Gi"))
    git(repository, "commit", "-qam", "The base, by hand")
    ran = fcgitops("-C", repository, "rollback", "prod")
    assert rendered(repository, "prod", fcgitops) == before
    assert "note:" not in ran.err


@pytest.mark.slow
def test_a_rollback_that_takes_one_back(repository: Path, fcgitops: Fcgitops) -> None:
    """Says so: whoever wants to go further back names a revision."""
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=20")
    assert "note:" not in fcgitops("-C", repository, "rollback", "prod").err
    again = fcgitops("-C", repository, "rollback", "prod", "--dry-run").err
    assert "note: prod was held: " in again
    assert "; this takes that back, and `--to REV` goes further\n" in again


@pytest.mark.slow
def test_a_link_that_is_another_one(repository: Path, fcgitops: Fcgitops) -> None:
    """Is nothing that is written: it is named, with what is typed before."""
    place = "overlays/prod/local"
    link = repository / place / "link.yaml"
    link.symlink_to("a.yaml")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "A link")
    link.unlink()
    (repository / place / "new.yaml").symlink_to("a.yaml")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Other links")
    then = git(repository, "rev-parse", "HEAD~1")
    ran = fcgitops("-C", repository, "rollback", "prod", "--to", "HEAD~1", status=2)
    what = "is a symbolic link, and is not what it was at HEAD~1"
    assert ran.err.splitlines() == [
        f"error: {place}/link.yaml: {what} (git checkout {then} -- {place}/link.yaml)",
        f"error: {place}/new.yaml: {what} (git rm {place}/new.yaml)",
    ]


REFUSED = {
    ("prdo",): (2, "prdo: is no environment of this repository (did you mean 'prod'?)"),
    ("prod", "--to", "nowhere"): (2, "nowhere: is no revision of this repository"),
    ("prod", "--to", "HEAD", "--release"): (2, "--to: is not taken together with --release"),
    ("../x",): (2, "../x: is no environment of this repository"),
    ("dev",): (2, "dev: has rendered the same in all of its history, as far as Git tells"),
    ("new", "--to", "HEAD~1"): (2, "HEAD~1: has no environment new (git log -- overlays/new)"),
    ("prod", "--to", "broken"): (2, "broken: prod does not build there: "),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_refused(words: tuple[str, ...], repository: Path, fcgitops: Fcgitops) -> None:
    """Wrong input, nothing written, and what would be right."""
    local = repository / "overlays/prod/local/kustomization.yaml"
    text = local.read_text()
    local.write_text(text.replace("a.yaml", "missing.yaml"))
    git(repository, "commit", "-qam", "Broken")
    git(repository, "tag", "broken")
    local.write_text(text)
    git(repository, "commit", "-qam", "Mended")
    fcgitops("-C", repository, "overlay", "new")
    head = tree(repository)
    status, wanted = REFUSED[words]
    assert wanted in fcgitops("-C", repository, "rollback", *words, status=status).err
    assert tree(repository) == head


@pytest.mark.slow
def test_edits_that_are_not_committed_are_in_the_way(repository: Path, fcgitops: Fcgitops) -> None:
    """They would be lost."""
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=20")
    (repository / PROD).write_text("variant: default-config\n")
    ran = fcgitops("-C", repository, "rollback", "prod", status=2)
    assert PROD in ran.err
    assert (repository / PROD).read_text() == "variant: default-config\n"
