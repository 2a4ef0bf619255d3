"""`fcgitops overlay` as a user types it, in a real repository."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import fcgitops as package
import pytest
from conftest import Fcgitops, snapshot, tree
from fcgitops.fcconfig.image import shipped_codes
from gitenv import committed, git, state, write

CONFIG = "overlays/prod/frameworkcontroller.yaml"


def log(folder: Path) -> list[str]:
    """Subjects, newest first."""
    return git(folder, "log", "--format=%s").splitlines()


@pytest.mark.slow
def test_what_was_left_uncommitted_is_committed_as_what_it_is(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """The environment is still a new one, and its file no edit of somebody's until it is one."""
    for _ in range(2):
        said = fcgitops("-C", repository, "overlay", "stage", "--no-commit").err
        assert said.startswith("Add environment stage: left in the work tree")
    source = repository / "overlays/stage/environment.yaml"

    said = fcgitops("-C", repository, "overlay", "stage").err
    assert said.startswith("Add environment stage: commit ")
    assert "with your edit" not in said

    fcgitops("-C", repository, "overlay", "stage", "--set", "image.tag=v1.0.1", "--no-commit")
    source.write_text(f"{source.read_text()}# Ours.\n")
    said = fcgitops("-C", repository, "overlay", "stage").err
    assert "with your edit of overlays/stage/environment.yaml" in said


def test_overlay_touches_only_paths_named_after_it(repository: Path, fcgitops: Fcgitops) -> None:
    """So two teams that add environments never meet."""
    fcgitops("-C", repository, "overlay", "stage", "--variant", "customized-config",
             "--cluster", "https://10.0.0.9:6443", "--namespace", "ml", "--set", "workerNumber=800",
             "--set", "image.tag=v1.0.1", "--set", "image.pullSecrets=a,b")  # fmt: skip

    assert log(repository)[0] == "Add environment stage"
    changed = git(repository, "show", "--name-status", "--format=").splitlines()
    assert changed == [
        "A\toverlays/stage/.fcgitops",
        "A\toverlays/stage/environment.yaml",
        "A\toverlays/stage/frameworkcontroller.yaml",
        "A\toverlays/stage/kustomization.yaml",
        "A\toverlays/stage/local/kustomization.yaml",
        "A\toverlays/stage/patches/kustomization.yaml",
        "A\toverlays/stage/patches/statefulset.yaml",
    ]
    assert (repository / "overlays" / "stage" / "environment.yaml").read_text() == (
        "# yaml-language-server: $schema=../../schemas/environment.schema.json\n"
        "# The source of this environment; docs/fcgitops/environments.md lists every key. After\n"
        "# an edit run `make overlay ENV=stage`, which brings the other files in line.\n"
        "variant: customized-config\n"
        "cluster:\n"
        "  name: stage\n"
        "  server: https://10.0.0.9:6443\n"
        "namespace: ml\n"
        "sync: argocd\n"
        "image:\n"
        "  tag: v1.0.1\n"
        "  pullSecrets:\n"
        "  - a\n"
        "  - b\n"
        "settings:\n"
        "  workerNumber: 800\n"
    )


def test_overlay_again_does_nothing(repository: Path, fcgitops: Fcgitops) -> None:
    """Re-running is a no-op, with and without the same options."""
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=800")
    before = state(repository)
    for arguments in ([], ["--set", "workerNumber=800"], ["--variant", "customized-config"]):
        assert "nothing to do" in fcgitops("-C", repository, "overlay", "prod", *arguments).err
    assert state(repository) == before


def test_overlay_brings_a_hand_edit_in_line(repository: Path, fcgitops: Fcgitops) -> None:
    """The uncommitted edit of environment.yaml goes into the commit, comments and all."""
    source = repository / "overlays" / "prod" / "environment.yaml"
    edited = source.read_text() + "settings:\n  workerNumber: 7 # a small one\n"
    source.write_text(edited)
    fcgitops("-C", repository, "overlay", "prod")

    files = committed(repository)
    assert files["overlays/prod/environment.yaml"] + "\n" == edited
    config = files["overlays/prod/frameworkcontroller.yaml"]
    assert "\nworkerNumber: 7 # a small one\n" in config
    assert "workerNumber: 500" not in config
    assert git(repository, "status", "--porcelain") == ""


def test_overlay_keeps_an_edit_of_a_generated_file(repository: Path, fcgitops: Fcgitops) -> None:
    """Merged on the base of the record: the edit in one place, the new text in another."""
    config = repository / "overlays" / "prod" / "frameworkcontroller.yaml"
    config.write_text(config.read_text().replace("kubeClientQps: 200", "kubeClientQps: 150"))
    git(repository, "commit", "-qam", "less load")
    fcgitops("-C", repository, "overlay", "prod", "--set", "frameworkCompletedRetainSec=60")

    text = committed(repository)["overlays/prod/frameworkcontroller.yaml"]
    assert "kubeClientQps: 150\n" in text
    assert "frameworkCompletedRetainSec: 60\n" in text


def test_a_conflict_is_gits_own(repository: Path, fcgitops: Fcgitops) -> None:
    """Markers and stages, status 1, no commit; resolved, added and committed, all is in line."""
    config = repository / "overlays" / "prod" / "frameworkcontroller.yaml"
    config.write_text(config.read_text().replace("workerNumber: 500", "workerNumber: 400"))
    git(repository, "commit", "-qam", "fewer workers")
    head = git(repository, "rev-parse", "HEAD")
    ran = fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=800", status=1)

    path = "overlays/prod/frameworkcontroller.yaml"
    assert f"conflict: {path}: your edit and the new text change the same lines" in ran.err
    assert "<<<<<<< yours\n" in config.read_text()
    assert "workerNumber: 400\n=======\n" in config.read_text()
    assert git(repository, "diff", "--name-only", "--diff-filter=U") == path
    assert git(repository, "rev-parse", "HEAD") == head
    config.write_text(config.read_text().replace(
        "<<<<<<< yours\n", "").replace("workerNumber: 400\n=======\n", "").replace(
        f">>>>>>> fcgitops {package.__version__}\n", ""))  # fmt: skip
    git(repository, "add", path)
    git(repository, "commit", "-q", "-m", "Change environment prod")
    assert "nothing to do" in fcgitops("-C", repository, "overlay", "prod").err
    fcgitops("-C", repository, "verify", "prod")


def test_a_conflict_can_be_taken_back_as_the_message_says(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """The command that it prints leaves HEAD's state."""
    config = repository / "overlays" / "prod" / "frameworkcontroller.yaml"
    config.write_text(config.read_text().replace("workerNumber: 500", "workerNumber: 400"))
    git(repository, "commit", "-qam", "fewer workers")
    ran = fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=800", status=1)
    command = ran.err.partition("`git restore ")[2].partition("`")[0]
    git(repository, "restore", *command.split())

    assert git(repository, "status", "--porcelain") == ""


def test_local_is_never_written_again(repository: Path, fcgitops: Fcgitops) -> None:
    """Edited or deleted: it is the user's."""
    local = repository / "overlays" / "prod" / "local" / "kustomization.yaml"
    local.write_text(local.read_text() + "# mine\n")
    git(repository, "commit", "-qam", "mine")
    fcgitops("-C", repository, "overlay", "prod", "--namespace", "ml")

    assert local.read_text().endswith("# mine\n")


def test_a_deleted_generated_file_stays_deleted(repository: Path, fcgitops: Fcgitops) -> None:
    """And the command says so."""
    git(repository, "rm", "-q", "overlays/prod/frameworkcontroller.yaml")
    git(repository, "commit", "-qm", "not here")
    ran = fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=800")

    assert "note: overlays/prod/frameworkcontroller.yaml was deleted here and stays so" in ran.err
    assert "overlays/prod/frameworkcontroller.yaml" not in committed(repository)


def test_without_its_record_an_edit_is_still_not_lost(repository: Path, fcgitops: Fcgitops) -> None:
    """The last record of Git's history is the base: the edit stays, and what is new is taken."""
    config = repository / "overlays" / "prod" / "frameworkcontroller.yaml"
    config.write_text(config.read_text().replace("workerNumber: 500", "workerNumber: 400"))
    git(repository, "rm", "-q", "--cached", "overlays/prod/.fcgitops")
    (repository / "overlays" / "prod" / ".fcgitops").unlink()
    git(repository, "commit", "-qam", "lost")
    ran = fcgitops("-C", repository, "overlay", "prod", "--set", "kubeClientQps=70")

    said = (
        "overlays/prod/.fcgitops is missing or damaged: the last one of Git's history is the base"
    )
    assert said in ran.err
    assert "workerNumber: 400\n" in config.read_text()
    assert "kubeClientQps: 70\n" in config.read_text()
    edited = fcgitops("-C", repository, "status").out.splitlines()[0]
    assert edited.startswith("edited: overlays/prod/frameworkcontroller.yaml: line ")


def test_without_its_record_and_a_history_what_differs_is_a_conflict(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """Never overwritten: nothing tells that it is no edit."""
    config = repository / "overlays" / "prod" / "frameworkcontroller.yaml"
    config.write_text(config.read_text().replace("workerNumber: 500", "workerNumber: 400"))
    (repository / "overlays" / "prod" / ".fcgitops").unlink()
    shutil.rmtree(repository / ".git")
    git(repository, "init", "-q")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "All of it")
    ran = fcgitops("-C", repository, "overlay", "prod", status=1)

    assert "what differs from the generated text is taken for an edit" in ran.err
    assert "workerNumber: 400\n" in config.read_text()


def test_overlay_changes_the_variant_and_back(repository: Path, fcgitops: Fcgitops) -> None:
    """The configuration file comes and goes with the variant."""
    before = tree(repository)
    fcgitops("-C", repository, "overlay", "dev", "--variant", "customized-config")
    assert "overlays/dev/frameworkcontroller.yaml" in committed(repository)
    fcgitops("-C", repository, "overlay", "dev", "--variant", "default-config")

    assert tree(repository) == before


def test_overlay_takes_settings_from_a_file_with_their_comments(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """They stand in environment.yaml, and in FrameworkController's file over the variant's."""
    config = (repository / CONFIG).read_text()
    write(tmp_path, {"fc.yaml": "# ours\nworkerNumber: 9 # few\npodFailureSpec: []\n"})
    fcgitops("-C", repository, "overlay", "prod", "--config", tmp_path / "fc.yaml")

    files = committed(repository)
    assert files["overlays/prod/environment.yaml"].endswith(
        "settings:\n  # ours\n  workerNumber: 9 # few\n  podFailureSpec: []"
    )
    assert (repository / CONFIG).read_text() == config.replace(
        "workerNumber: 500\n", "# ours\nworkerNumber: 9 # few\n"
    )
    fcgitops("-C", repository, "verify", "prod")


ENTRY = """\
# of our images
podFailureSpec:
- code: 300 # torn
  phrase: Torn
  podPatterns:
  - messageRegex: torn
"""


@pytest.mark.slow
def test_overlay_puts_own_failures_before_the_images(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Or in their place, with shippedPodFailureSpec=replace; and back."""
    config = (repository / CONFIG).read_text()
    write(tmp_path, {"fc.yaml": ENTRY})
    fcgitops("-C", repository, "overlay", "prod", "--config", tmp_path / "fc.yaml")
    kept = (repository / CONFIG).read_text()
    head, _, entries = config.partition("podFailureSpec:\n")
    assert kept == head + ENTRY + entries

    fcgitops("-C", repository, "overlay", "prod", "--set", "shippedPodFailureSpec=replace")
    source = committed(repository)["overlays/prod/environment.yaml"]
    assert source.endswith("\nshippedPodFailureSpec: replace")
    assert (repository / CONFIG).read_text() == head + ENTRY
    fcgitops("-C", repository, "verify", "prod")
    fcgitops("-C", repository, "overlay", "prod", "--set", "shippedPodFailureSpec=keep")
    assert (repository / CONFIG).read_text() == kept
    fcgitops("-C", repository, "verify", "prod")


@pytest.mark.slow
def test_overlay_leaves_an_upstream_configuration_as_it_is(
    fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """But for the settings given; the image's failures come on demand."""
    folder = tmp_path / "up"
    fcgitops("new", folder, "--profile", "upstream", "--env", "prod=customized-config",
             "--no-input")  # fmt: skip
    variant = (folder / "overlays/customized-config/frameworkcontroller.yaml").read_text()
    assert (folder / CONFIG).read_text() == variant
    fcgitops("-C", folder, "overlay", "prod", "--set", "workerNumber=8")
    changed = variant.replace("workerNumber: 500", "workerNumber: 8")
    assert (folder / CONFIG).read_text() == changed
    fcgitops("-C", folder, "verify")

    fcgitops("-C", folder, "overlay", "prod", "--set", "shippedPodFailureSpec=keep")
    before, sign, example = changed.partition("#podFailureSpec:")
    text = (folder / CONFIG).read_text()
    assert text.startswith(
        f"{before}podFailureSpec:\n# What FrameworkController's image knows too (MIT License,"
    )
    assert text.endswith(f"  phrase: ContainerSigTermReceived\n{SIGTERM}{sign}{example}")
    assert text.count("\n- code: ") == len(shipped_codes())
    fcgitops("-C", folder, "verify")


SIGTERM = """\
  type:
    attributes: [Transient]
  podPatterns:
  - containers:
    - codeRange: {min: 143, max: 143}
      nameRegex: '(?ms).*'
      messageRegex: '(?ms).*'
"""


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("pairs", "settings", "config"),
    [
        (["workerNumber=1e2"], "  workerNumber: 100\n", "workerNumber: 100\n"),
        (
            ["logObjectSnapshot.pod.onPodDeletion=false"],
            "  logObjectSnapshot:\n    pod:\n      onPodDeletion: false\n",
            "logObjectSnapshot:\n  pod:\n    onPodDeletion: false\n",
        ),
        (["kubeConfigFilePath=1"], "  kubeConfigFilePath: '1'\n", "kubeConfigFilePath: '1'\n"),
    ],
)
def test_overlay_sets_settings(
    pairs: list[str], settings: str, config: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """As FrameworkController reads them, whatever form they are typed in; at any depth."""
    arguments = [argument for pair in pairs for argument in ("--set", pair)]
    fcgitops("-C", repository, "overlay", "prod", *arguments)

    source = (repository / "overlays/prod/environment.yaml").read_text()
    assert source.endswith(f"\nsync: argocd\nsettings:\n{settings}")
    assert f"\n{config}" in (repository / CONFIG).read_text()
    fcgitops("-C", repository, "verify", "prod")


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dev", "--set", "workerNumber=1"], "(--variant customized-config, or take"),
        (["new", "--set", "workerNumber=1"], "(--variant customized-config, or take"),
        (
            ["prod", "--set", "workerNumer=1"],
            "'workerNumer' is not known (did you mean 'workerNumber'?)",
        ),
        (
            ["prod", "--set", "workerNumber=many"],
            "overlays/prod/environment.yaml: settings.workerNumber: is 'many' [FCC12] "
            "(a whole number, at least 1)",
        ),
        (
            ["prod", "--set", "kubeClientQps=0"],
            "settings.kubeClientQps: is 0 [FCC15] (a number, above 0, at most 10000)",
        ),
        (
            ["stage", "--variant", "customized-config", "--set", "kubeClientQps=0"],
            "environment 'stage': settings.kubeClientQps: is 0 [FCC15] (a number, above 0,",
        ),
        (
            ["prod", "--set", "logObjectSnapshot.pod.onPodDeleted=false"],
            "settings.logObjectSnapshot.pod.onPodDeleted: is no key that FrameworkController reads "
            "[FCC11] (did you mean 'onPodDeletion'?)",
        ),
        (
            ["prod", "--set", "podFailureSpec=[{podPatterns: [{}]}]"],
            "settings.podFailureSpec[0]: has no code [FCC15]",
        ),
        (
            ["prod", "--set", "frameworkMinRetryDelaySecForTransientConflictFailed=901"],
            "settings.frameworkMinRetryDelaySecForTransientConflictFailed: is 901, above "
            "frameworkMaxRetryDelaySecForTransientConflictFailed (900) [FCC21]",
        ),
        (
            ["prod", "--set", "shippedPodFailureSpec=no"],
            "shippedPodFailureSpec: 'no' is not known (one of keep, replace)",
        ),
        (["prod", "--variant", "customised-config"], "(did you mean 'customized-config'?)"),
        (["stage", "--cluster", "prod"], "the environment prod is on this cluster already"),
        (["default-config"], "'default-config' is reserved"),
        ([".git"], "'.git' is not valid"),
        (["/etc"], "'/etc' is not valid"),
        (["../x"], "'../x' is not valid"),
        (["a: b"], "'a: b' is not valid"),
        (["prod", "--config", "nowhere"], "nowhere: cannot be read: No such file"),
        (["stage", "--branch", "main"], "main"),
        (["stage", "--branch", "a..b"], "a..b"),
    ],
)
def test_overlay_refuses(
    arguments: list[str], message: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """Status 2, and the repository is as it was."""
    before = state(repository)
    ran = fcgitops("-C", repository, "overlay", *arguments, status=2)

    assert message in ran.err
    assert "Traceback" not in ran.err
    assert state(repository) == before


def test_overlay_dry_run_prints_what_it_would_change(repository: Path, fcgitops: Fcgitops) -> None:
    """A diff on stdout, what nobody reads at its end; nothing is written, not even a lock."""
    before = snapshot(repository)
    ran = fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=800", "--dry-run")

    assert "-workerNumber: 500\n+workerNumber: 800\n" in ran.out
    assert re.findall(r"(?m)^\+\+\+ b/overlays/prod/(.*)", ran.out) == [
        "environment.yaml", "frameworkcontroller.yaml", ".fcgitops",
    ]  # fmt: skip
    assert snapshot(repository) == before


def test_overlay_without_commit_then_with(repository: Path, fcgitops: Fcgitops) -> None:
    """--no-commit leaves work tree and index; the same command without it commits just that."""
    head = git(repository, "rev-parse", "HEAD")
    fcgitops("-C", repository, "overlay", "stage", "--no-commit")
    assert git(repository, "rev-parse", "HEAD") == head
    assert git(repository, "status", "--porcelain", "-uno").count("A  overlays/stage/") == 4
    fcgitops("-C", repository, "overlay", "stage")

    assert log(repository)[0].endswith("environment stage")
    assert git(repository, "status", "--porcelain") == ""


def test_overlay_on_a_branch_for_a_pull_request(repository: Path, fcgitops: Fcgitops) -> None:
    """The branch main stays where it was."""
    main = git(repository, "rev-parse", "main")
    fcgitops("-C", repository, "overlay", "stage", "--branch", "add-stage")

    assert git(repository, "rev-parse", "main") == main
    assert git(repository, "log", "--format=%s", "main..add-stage") == "Add environment stage"


def test_overlay_leaves_other_changes_alone(repository: Path, fcgitops: Fcgitops) -> None:
    """Dirty, staged and untracked files are neither committed nor touched."""
    write(repository, {"README.md": "dirty\n", "staged.txt": "staged\n", "untracked.txt": "x\n"})
    git(repository, "add", "staged.txt")
    status = git(repository, "status", "--porcelain")
    fcgitops("-C", repository, "overlay", "stage")

    assert git(repository, "status", "--porcelain") == status
    assert "staged.txt" not in committed(repository)


def test_overlay_refuses_where_an_uncommitted_edit_is_in_the_way(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """The generated file that it would have to write has changes that are not committed."""
    config = repository / "overlays" / "prod" / "frameworkcontroller.yaml"
    config.write_text(config.read_text() + "# dirty\n")
    before = state(repository)
    ran = fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=800", status=2)

    assert "overlays/prod/frameworkcontroller.yaml" in ran.err
    assert state(repository) == before


def test_overlay_refuses_links_that_lead_elsewhere(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Neither read nor written through."""
    write(tmp_path, {"elsewhere/environment.yaml": "variant: default-config\n"})
    (repository / "overlays" / "linked").symlink_to(tmp_path / "elsewhere")
    shutil.rmtree(repository / "overlays" / "dev")
    (repository / "overlays" / "dev").mkdir()
    (repository / "overlays" / "dev" / "environment.yaml").symlink_to(
        tmp_path / "elsewhere" / "environment.yaml"
    )
    for name in ("linked", "dev"):
        ran = fcgitops("-C", repository, "overlay", name, status=2)
        assert "is a symbolic link, which fcgitops does not follow" in ran.err
    assert (tmp_path / "elsewhere" / "environment.yaml").read_text() == "variant: default-config\n"


def test_overlay_reports_every_mistake_of_a_damaged_file(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """Of environment.yaml and of fcgitops.yaml alike."""
    write(
        repository,
        {"overlays/dev/environment.yaml": "varient: x\nnamespace: A\nimage: {tag: 1.10}\n"},
    )
    ran = fcgitops("-C", repository, "overlay", "dev", status=2)
    where = "error: overlays/dev/environment.yaml:"
    assert [line.partition(" is ")[0] for line in ran.err.splitlines()] == [
        f"{where}3: image.tag: 1.10", f"{where} varient:", f"{where} namespace: 'A'",
    ]  # fmt: skip
    write(
        repository,
        {
            "fcgitops.yaml": f"version: {package.__version__}\n"
            "answers: {profile: x}\ndefaults: {a: b}\n"
        },
    )
    ran = fcgitops("-C", repository, "overlay", "dev", status=2)
    assert "error: fcgitops.yaml: answers.repo_slug: is missing" in ran.err
    assert "error: fcgitops.yaml: defaults: a: is not known" in ran.err


def test_overlay_refuses_a_repository_of_another_version(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """It names the pin; reading it still works."""
    file = repository / "fcgitops.yaml"
    file.write_text(file.read_text().replace(f"version: {package.__version__}", "version: 9.9.9"))
    ran = fcgitops("-C", repository, "overlay", "stage", status=2)

    assert "fcgitops 9.9.9 wrote this repository" in ran.err
    assert "use the one that requirements.txt pins" in ran.err
    assert fcgitops("-C", repository, "list").status == 0


def test_overlay_needs_a_repository(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """And says how to get one."""
    ran = fcgitops("-C", tmp_path, "overlay", "dev", status=2)

    assert "is in no repository of fcgitops" in ran.err


def test_a_conflict_on_a_new_branch_is_refused(repository: Path, fcgitops: Fcgitops) -> None:
    """Nothing is written; the message says how to meet it on that branch."""
    config = repository / "overlays" / "prod" / "frameworkcontroller.yaml"
    config.write_text(config.read_text().replace("workerNumber: 500", "workerNumber: 400"))
    git(repository, "commit", "-qam", "fewer workers")
    before = state(repository)
    arguments = ["overlay", "prod", "--set", "workerNumber=800", "--branch", "more"]
    ran = fcgitops("-C", repository, *arguments, status=1)

    assert "`git switch -c more`, then the same without --branch" in ran.err
    assert state(repository) == before


def test_nothing_to_do_without_a_commit(repository: Path, fcgitops: Fcgitops) -> None:
    """--no-commit does not claim to have left something."""
    assert "nothing to do" in fcgitops("-C", repository, "overlay", "prod", "--no-commit").err


def test_the_message_names_the_new_branch(repository: Path, fcgitops: Fcgitops) -> None:
    """The one that the commit is on."""
    ran = fcgitops("-C", repository, "overlay", "stage", "--branch", "add-stage")
    assert ran.err.endswith(" on add-stage\n")


def test_an_empty_source_is_refused(repository: Path, fcgitops: Fcgitops) -> None:
    """It would silently be default-config."""
    (repository / "overlays" / "prod" / "environment.yaml").write_text("")
    ran = fcgitops("-C", repository, "overlay", "prod", status=2)
    assert "is empty (git restore overlays/prod/environment.yaml)" in ran.err


def test_a_byte_order_mark_stays(repository: Path, fcgitops: Fcgitops) -> None:
    """An editor put it there; a hand edit is brought in line, and a key set, all the same."""
    source = repository / "overlays" / "prod" / "environment.yaml"
    source.write_bytes(b"\xef\xbb\xbf" + source.read_bytes().replace(b"argocd", b"flux"))
    fcgitops("-C", repository, "overlay", "prod")
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=8")

    assert source.read_bytes().startswith(b"\xef\xbb\xbf# yaml-language-server")
    assert b"workerNumber: 8\n" in source.read_bytes()
    assert git(repository, "status", "--porcelain") == ""


def test_all_mistakes_of_all_options(repository: Path, fcgitops: Fcgitops) -> None:
    """A wrong --set does not hide the others."""
    ran = fcgitops(
        "-C", repository, "overlay", "dev", "--set", "foo=1", "--set", "bar",
        "--cluster", "a b", "--namespace", "default", "--variant", "x", status=2,
    )  # fmt: skip
    for word in ("'foo'", "'bar'", "'a b'", "'x'"):
        assert word in ran.err


FAULTY = """\
# ours
workerNumer: 1
kubeClientQps: x # many
podFailureSpec:
- code: 5
  podPatterns: [{}]
- code: 5
  podPatterns:
  - nameRegex: '(?=a)'
  - containers: [{codeRange: {min: 2, max: 1}}]
kubeClientBurst: 1
kubeClientBurst: 1.5
"""


def test_mistakes_in_a_file_of_settings_name_that_file(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """And the line, not the file they were to go into; all of them, and nothing is written."""
    write(tmp_path, {"fc.yaml": FAULTY, "empty.yaml": "", "broken.yaml": "\nkubeClientQps: [\n"})
    before = state(repository)
    file = tmp_path / "fc.yaml"
    ran = fcgitops("-C", repository, "overlay", "prod", "--config", file, status=2)
    assert ran.err.splitlines() == [
        f"error: {file}:2: workerNumer: is no key that FrameworkController reads [FCC11] "
        "(did you mean 'workerNumber'?)",
        f"error: {file}:3: kubeClientQps: is 'x' [FCC12] (a number, above 0, at most 10000)",
        f"error: {file}:7: podFailureSpec[1].code: 5 is podFailureSpec[0]'s already [FCC22] "
        "(each code once)",
        f"error: {file}:9: podFailureSpec[1].podPatterns[0].nameRegex: invalid perl operator: (?= "
        "[FCC17] (https://github.com/google/re2/wiki/Syntax; look-around and \\1 are not in it)",
        f"error: {file}:10: podFailureSpec[1].podPatterns[1].containers[0].codeRange: min 2 is "
        "above max 1: it matches nothing [FCC23] (min ≤ max)",
        f"error: {file}:12: kubeClientBurst: is given on line 11 already: the last one wins "
        "[FCC03] (keep one of the two)",
        f"error: {file}:12: kubeClientBurst: 1.5 is read as 1 [FCC13] (a whole number)",
    ]
    file = tmp_path / "broken.yaml"
    ran = fcgitops("-C", repository, "overlay", "prod", "--config", file, status=2)
    assert ran.err == (
        f"error: {file}:3: is not valid YAML: did not find expected node content [FCC01]\n"
    )
    file = tmp_path / "empty.yaml"
    ran = fcgitops("-C", repository, "overlay", "prod", "--config", file, status=2)
    assert ran.err == f"error: {file}: null is not a mapping (write KEY: VALUE lines)\n"
    assert state(repository) == before
    ran = fcgitops("-C", repository, "overlay", "prod", "--config", "/dev/zero", status=2)
    assert "/dev/zero: has over 1048576 bytes" in ran.err


def test_crlf_is_no_change(repository: Path, fcgitops: Fcgitops) -> None:
    """Where .gitattributes says so, an editor's line ends are not in the way of an edit."""
    source = repository / "overlays" / "prod" / "environment.yaml"
    source.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=8")

    assert "workerNumber: 8" in committed(repository)["overlays/prod/environment.yaml"]
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["team", "team/dev/x"])
def test_a_branch_that_cannot_be_beside_another(
    name: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """Git keeps branches as files: one cannot be another's folder."""
    git(repository, "branch", "team/dev")
    arguments = ["overlay", "stage", "--branch", name]
    ran = fcgitops("-C", repository, *arguments, status=2)
    assert f"{name!r} cannot be beside 'team/dev'" in ran.err


def test_overlay_refuses_what_only_the_variant_makes_wrong(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """Settings are judged in the file that they end up in."""
    low, high = (
        f"framework{word}RetryDelaySecForTransientConflictFailed" for word in ("Min", "Max")
    )
    variant = repository / "overlays" / "customized-config" / "frameworkcontroller.yaml"
    variant.write_text(f"{variant.read_text()}{high}: 100\n")
    git(repository, "commit", "-qam", "retry sooner")
    before = state(repository)
    ran = fcgitops("-C", repository, "overlay", "prod", "--set", f"{low}=101", status=2)
    assert ran.err == (
        f"error: overlays/prod/environment.yaml: settings.{high}: is 100, below {low} (101) "
        "[FCC21] (the lower one first)\n"
    )
    assert state(repository) == before
    fcgitops("-C", repository, "overlay", "prod", "--set", f"{low}=100")
    fcgitops("-C", repository, "verify", "prod")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("{kubeClientQps: 0}", "settings.kubeClientQps: is 0 [FCC15] (a number, above 0,"),
        ("{workerNumber: many}", "settings.workerNumber: is 'many' [FCC12] (a whole number,"),
        ("{podFailureSpec: [{}]}", "settings.podFailureSpec[0]: has no code [FCC15]"),
        ("{workerNumer: 1}", "fcgitops.yaml: defaults: settings: 'workerNumer' is no setting"),
    ],
)
def test_overlay_refuses_wrong_defaults(
    settings: str, message: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """Those of fcgitops.yaml, of an environment that is there and of a new one."""
    with (repository / "fcgitops.yaml").open("a") as file:
        file.write(f"  settings: {settings}\n")
    git(repository, "rm", "-qr", "overlays/dev")  # default-config has no settings at all
    git(repository, "commit", "-qam", "defaults")
    before = state(repository)
    for name in ("prod", "stage"):
        arguments = ["overlay", name, "--variant", "customized-config"]
        ran = fcgitops("-C", repository, *arguments, status=2)
        assert message in ran.err
        assert "Traceback" not in ran.err
        assert state(repository) == before
