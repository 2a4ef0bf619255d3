"""`promote` copies what was proven, and nothing that names a place."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops, snapshot, tree
from fcgitops.fcconfig import schema
from fcgitops.model.environment import KEYS
from fcgitops.model.promotion import SECTION, TABLE
from fcgitops.promotion import reference
from gitenv import clone_released, git, write

SOURCE = "overlays/{}/environment.yaml"
STAGING = """\
# Ada's
variant: customized-config
cluster:
  name: staging
namespace: staging
sync: argocd
image:
  registry: mirror.example.com
  tag: v1.1.0 # proven for a week
resources:
  memory: 4Gi
labels:
  tier: test
components:
- crd
settings:
  workerNumber: 800
  kubeClientQps: 1e2 # Go's way to say 100
  logObjectSnapshot:
    pod:
      onPodDeletion: false
"""
PROD = """\
# Bob's; ask him
variant: customized-config
cluster:
  name: prod # in Oslo
namespace: prod
sync: argocd
settings:
  # as the API server bears it
  workerNumber: 10
  frameworkCompletedRetainSec: 86400
labels:
  tier: prod
"""
PROMOTED = """\
# Bob's; ask him
variant: customized-config
cluster:
  name: prod # in Oslo
namespace: prod
sync: argocd
settings:
  # as the API server bears it
  workerNumber: 800
  kubeClientQps: 100
  logObjectSnapshot:
    pod:
      onPodDeletion: false
labels:
  tier: prod
image:
  tag: v1.1.0
components:
- crd
"""


def commit(folder: Path, fcgitops: Fcgitops, sources: dict[str, str]) -> None:
    """Writes environments' sources, and commits what follows."""
    write(folder, {SOURCE.format(name): text for name, text in sources.items()})
    fcgitops("-C", folder, "overlays")


@pytest.fixture
def pair(copy_of: CopyOf, fcgitops: Fcgitops) -> Path:
    """A repository with the environments staging and prod."""
    folder = copy_of(["new", "deploy", "--env", "staging", "--env", "prod"])
    commit(folder, fcgitops, {"staging": STAGING, "prod": PROD})
    return folder


def test_every_key_has_a_row() -> None:
    """And every other row is of a setting."""
    others = {key.removeprefix("settings.") for key in TABLE.keys() - KEYS.keys()}
    assert KEYS.keys() - TABLE.keys() == set()
    assert others <= set(schema.settings())
    assert all(row.reason for row in TABLE.values())


def test_what_travels_and_what_stays(pair: Path, fcgitops: Fcgitops) -> None:
    """Keys are changed where they stand; comments, order and all that names a place stay."""
    fcgitops("-C", pair, "promote", "staging", "prod")
    assert (pair / SOURCE.format("prod")).read_text() == PROMOTED
    assert git(pair, "status", "--porcelain") == ""
    fcgitops("-C", pair, "verify", "prod")


@pytest.mark.slow
def test_a_dry_run_prints_what_the_commit_holds(pair: Path, fcgitops: Fcgitops) -> None:
    """The rendered difference and its effects: the very same text, before anything is written."""
    before = snapshot(pair)
    dry = fcgitops("-C", pair, "promote", "staging", "prod", "--dry-run")
    assert {p: d for p, d in snapshot(pair).items() if p != ".git/index"} == {
        p: d for p, d in before.items() if p != ".git/index"
    }
    head = git(pair, "rev-parse", "HEAD")
    ran = fcgitops("-C", pair, "promote", "staging", "prod")
    assert ran.out == dry.out
    assert git(pair, "log", "-1", "--format=%s") == "Promote staging to prod"
    assert git(pair, "log", "-1", "--format=%b").rstrip("\n") == ran.out.rstrip("\n")
    assert ran.out.startswith(f"staging at {head[:10]} → prod\n\nprod: ")
    assert "C17 StatefulSet/frameworkcontroller" in ran.out
    assert "frameworkcontroller.yaml: workerNumber: 10 → 800" in ran.out


@pytest.mark.slow
def test_a_second_time_there_is_nothing_to_do(pair: Path, fcgitops: Fcgitops) -> None:
    """Said so, without a commit."""
    fcgitops("-C", pair, "promote", "staging", "prod")
    head = tree(pair)
    ran = fcgitops("-C", pair, "promote", "staging", "prod")
    assert ran.err == "nothing to do: prod has all that travels of staging\n"
    assert (ran.out, tree(pair)) == ("", head)


@pytest.mark.slow
def test_a_key_that_goes_back_to_its_default(copy_of: CopyOf, fcgitops: Fcgitops) -> None:
    """What the first has by default, the second loses, and with it the settings' variant."""
    folder = copy_of(["new", "deploy", "--env", "staging", "--env", "prod=customized-config"])
    more = "settings:\n  workerNumber: 9\nimage:\n  tag: v1.1.0\n  registry: mirror.example.com\n"
    path = folder / SOURCE.format("prod")
    text = path.read_text()
    commit(folder, fcgitops, {"prod": text + more})
    ran = fcgitops("-C", folder, "promote", "staging", "prod")
    assert path.read_text() == text.replace("customized-config", "default-config") + (
        "image:\n  registry: mirror.example.com\n"
    )
    assert "note: prod: its settings go out of environment.yaml, for default-config" in ran.err
    assert not (folder / "overlays/prod/frameworkcontroller.yaml").exists()


NNI = "nni:\n  namespace: nni\n  storage: nfs://10.0.0.1/{}\n  limits:\n{}"


@pytest.mark.slow
@pytest.mark.parametrize("both", [True, False])
def test_limits_of_nni(both: bool, pair: Path, fcgitops: Fcgitops) -> None:
    """They travel where both run NNI, one by one; its namespace and share do not."""
    limits = "    default:\n      cpu: 1\n      memory: 2Gi\n"
    own = "    default:\n      cpu: 4 # ours are bigger\n    max:\n      cpu: 8\n"
    staging = STAGING + (NNI.format("staging", limits) if both else "")
    commit(pair, fcgitops, {"staging": staging, "prod": PROD + NNI.format("prod", own)})
    fcgitops("-C", pair, "promote", "staging", "prod")
    wanted = "    default:\n      cpu: 1 # ours are bigger\n      memory: 2Gi\n"
    text = (pair / SOURCE.format("prod")).read_text()
    assert NNI.format("prod", wanted if both else own) in text


@pytest.mark.slow
def test_what_the_repository_says_travels(pair: Path, fcgitops: Fcgitops) -> None:
    """`promote` in fcgitops.yaml moves keys, groups of them, entries and settings."""
    answers = pair / "fcgitops.yaml"
    rules = "promote:\n  travels: [resources, labels.tier]\n  stays: [workerNumber, image.tag]\n"
    answers.write_text(answers.read_text() + rules)
    fcgitops("-C", pair, "overlays")
    fcgitops("-C", pair, "promote", "staging", "prod")
    assert (pair / SOURCE.format("prod")).read_text() == PROMOTED.replace(
        "workerNumber: 800", "workerNumber: 10"
    ).replace("tier: prod", "tier: test").replace("image:\n  tag: v1.1.0\n", "") .replace(
        "components:\n", "resources:\n  memory: 4Gi\ncomponents:\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ("[a]", "fcgitops.yaml: promote: [a] is not a mapping (`travels:` and `stays:`, a list"),
        ("{travel: []}", "promote.travel: is not known (did you mean 'travels'?)"),
        ("{stays: image.tag}", "promote.stays: is no list of keys ([resources.memory])"),
        ("{stays: [image.tags]}", "'image.tags' is not known (did you mean 'image.tag'?)"),
        ("{travels: [labels], stays: [labels]}", "'labels' stands below travels too (once)"),
        ("{travels: [cluster]}", "'cluster' never travels: where the environment runs"),
        ("{travels: [nni.storage]}", "'nni.storage' never travels: its own share (leave it out)"),
        ("{travels: [kubeConfigFilePath]}", "'settings.kubeConfigFilePath' never travels"),
    ],
)
def test_wrong_rules(rules: str, wanted: str, repository: Path, fcgitops: Fcgitops) -> None:
    """They are refused by every command, as all else in fcgitops.yaml is."""
    answers = repository / "fcgitops.yaml"
    answers.write_text(f"{answers.read_text()}{SECTION}: {rules}\n")
    assert wanted in fcgitops("-C", repository, "list", status=2).err


REFUSED = {
    ("staging", "staging"): "staging: is the environment that is promoted (another one)",
    ("staging", "prdo"): "prdo: is no environment of this repository (did you mean 'prod'?)",
    ("stagin", "prod"): "stagin: is no environment of this repository (did you mean 'staging'?)",
    ("staging", "default-config"): "default-config: is a variant, and no environment",
    ("staging",): "TO: is not given (fcgitops promote FROM TO…, or --label",
    ("staging", "prod", "--label", "tier=prod"): "--label: is taken instead of names",
    ("staging", "--label", "tier"): "--label: 'tier' is no label (KEY=VALUE)",
    ("staging", "--label", "tier=test"): "no other environment has tier=test among its labels",
    ("staging", "prod", "--wave", "0%"): "--wave: '0%' is no share (1% to 100%, such as 10%)",
    ("staging", "prod", "--wave", "10"): "--wave: '10' is no share",
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_refused(words: tuple[str, ...], pair: Path, fcgitops: Fcgitops) -> None:
    """Wrong input, nothing written, and what would be right."""
    head = tree(pair)
    assert REFUSED[words] in fcgitops("-C", pair, "promote", *words, status=2).err
    assert tree(pair) == head


@pytest.mark.parametrize(
    "path", ["overlays/staging/local/kustomization.yaml", "base/new.yaml", "fcgitops.yaml"]
)
def test_what_is_not_committed_is_not_proven(path: str, pair: Path, fcgitops: Fcgitops) -> None:
    """Of all that FROM is rendered from; an edit of another environment is none of its business."""
    file = pair / path
    file.write_text(f"{file.read_text() if file.exists() else ''}# edited\n")
    ran = fcgitops("-C", pair, "promote", "staging", "prod", status=2)
    assert ran.err == (
        f"error: {path}: is not committed, and staging is rendered from it (commit it and push)\n"
    )


@pytest.mark.slow
def test_what_is_not_pushed_is_not_proven(pair: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Nor is what the synced branch of the remote has otherwise since; how it got there is one."""
    git(tmp_path, "init", "-q", "--bare", "remote")
    git(pair, "remote", "add", "origin", str(tmp_path / "remote"))
    git(pair, "push", "-q", "origin", "main")
    source = SOURCE.format("staging")
    commit(pair, fcgitops, {"staging": STAGING.replace("800", "700")})
    ran = fcgitops("-C", pair, "promote", "staging", "prod", status=2)
    rendered = "overlays/staging/"
    assert [line.split(": ")[1] for line in ran.err.splitlines()] == [
        f"{rendered}{name}"
        for name in (".fcgitops", "environment.yaml", "frameworkcontroller.yaml")
    ]
    assert f"{source}: is not as origin/main has it, and staging is rendered" in ran.err
    git(pair, "push", "-q", "-u", "origin", "main")
    commit(pair, fcgitops, {"prod": PROD.replace("10", "20")})  # which is not pushed
    fcgitops("-C", pair, "promote", "staging", "prod")
    git(pair, "switch", "-qc", "behind", "origin/main~1")
    ran = fcgitops("-C", pair, "promote", "staging", "prod", status=2)
    assert ran.err.count("is rendered from it (git merge origin/main)\n") == 3
    git(pair, "cherry-pick", "-x", "origin/main")  # as a squash would bring it there
    fcgitops("-C", pair, "promote", "staging", "prod")


def test_what_is_out_of_line_is_not_proven(pair: Path, fcgitops: Fcgitops) -> None:
    """The cluster runs what the files say, not what the source says since."""
    write(pair, {SOURCE.format("staging"): STAGING.replace("800", "700")})
    git(pair, "commit", "-qam", "By hand")
    ran = fcgitops("-C", pair, "promote", "staging", "prod", status=2)
    assert (
        "overlays/staging/frameworkcontroller.yaml: is out of line with overlays/staging/"
        "environment.yaml (fcgitops overlay staging)"
    ) in ran.err


def test_what_verify_refuses_is_not_committed(pair: Path, fcgitops: Fcgitops) -> None:
    """What it is asked of is the repository as it would be, with the user's own patches."""
    patch = "- op: replace\n  path: /spec/replicas\n  value: -1\n"
    kustomization = (pair / "overlays/prod/local/kustomization.yaml").read_text()
    entry = "patches:\n- path: less.yaml\n  target:\n    kind: StatefulSet\n"
    local = {"less.yaml": patch, "kustomization.yaml": kustomization + entry}
    write(pair, {f"overlays/prod/local/{name}": text for name, text in local.items()})
    git(pair, "add", "-A")
    git(pair, "commit", "-qm", "Less than none")
    head = tree(pair)
    ran = fcgitops("-C", pair, "promote", "staging", "prod", status=1)
    assert "[FCG" in ran.err
    assert tree(pair) == head
    fcgitops("-C", pair, "verify", "prod", status=1)


APPROVED = ("--trailer", "Approved-by: Ada <a@example.com>")


@pytest.mark.slow
def test_an_edit_that_conflicts_is_kept(pair: Path, fcgitops: Fcgitops) -> None:
    """Shown, with git's markers, and left to be resolved: never written over."""
    file = pair / "overlays/prod/frameworkcontroller.yaml"
    file.write_text(file.read_text().replace("workerNumber: 10", "workerNumber: 11"))
    git(pair, "commit", "-qam", "By hand")
    for more in ("--dry-run", "--no-commit"):
        ran = fcgitops("-C", pair, "promote", "staging", "prod", more, *APPROVED, status=1)
        assert "conflict: overlays/prod/frameworkcontroller.yaml: your edit and the new" in ran.err
    typed = "`git commit -m 'Promote staging to prod' --trailer 'Approved-by: Ada <a@example.com>'`"
    assert typed in ran.err  # the commit that is typed has what ours would have had
    assert "workerNumber: 11\n" in file.read_text()
    assert "workerNumber: 800\n" in file.read_text()
    git(pair, "reset", "-q", "--hard")
    with (pair / "fcgitops.yaml").open("a") as answers:
        answers.write("gates: [{for: prod, from: staging}]\n")
    git(pair, "commit", "-qam", "A gate")
    ran = fcgitops("-C", pair, "promote", "staging", "prod", status=1)
    start = git(pair, "rev-parse", "--short=10", "HEAD")
    assert f"-m 'Promote staging to prod' -m 'staging at {start} → prod'`" in ran.err


@pytest.mark.slow
def test_an_edit_that_does_not_conflict_stays(pair: Path, fcgitops: Fcgitops) -> None:
    """Of TO; those of FROM are named, as they follow from no key."""
    for name in ("prod", "staging"):
        file = pair / f"overlays/{name}/frameworkcontroller.yaml"
        file.write_text(f"# {name}: a comment\n{file.read_text()}")
    git(pair, "commit", "-qam", "By hand")
    ran = fcgitops("-C", pair, "promote", "staging", "prod")
    assert file.parent.name == "staging"
    text = (pair / "overlays/prod/frameworkcontroller.yaml").read_text()
    assert text.startswith("# prod: a comment\n")
    own = "overlays/staging/frameworkcontroller.yaml"
    assert f"note: stays with staging, as it is no key of its source: {own}\n" in ran.err


@pytest.fixture
def fleet(copy_of: CopyOf) -> Path:
    """A repository with ten environments of one label, and one to be promoted."""
    names = [f"c{number}" for number in range(10)]
    label = [["overlay", name, "--set", "labels.tier=prod"] for name in names]
    return copy_of(
        ["new", "deploy", "--env", "staging=customized-config"],
        ["overlay", "staging", "--set", "image.tag=v1.1.0"],
        *label,
    )


@pytest.mark.slow
def test_waves(fleet: Path, fcgitops: Fcgitops) -> None:
    """The first of those that have it not yet, by name; the next run takes the next ones."""
    command = ("-C", fleet, "promote", "staging", "--label", "tier=prod", "--wave", "25%")
    waves = []
    for _ in range(4):
        ran = fcgitops(*command)
        waves += [line for line in ran.out.splitlines() if line.startswith("wave: ")]
    assert waves == [
        "wave: 3 environments of 10: c0, c1, c2; 0 had it before, 7 are left",
        "wave: 3 environments of 10: c3, c4, c5; 3 had it before, 4 are left",
        "wave: 3 environments of 10: c6, c7, c8; 6 had it before, 1 is left",
        "wave: 1 environment of 10: c9; 9 had it before, 0 are left",
    ]
    assert git(fleet, "log", "-4", "--format=%s").splitlines() == [
        "Promote staging to c9",
        "Promote staging to c6, c7, c8",
        "Promote staging to c3, c4, c5",
        "Promote staging to c0, c1, c2",
    ]
    assert fcgitops(*command).err == (
        "nothing to do: 10 environments have all that travels of staging\n"
    )


@pytest.mark.slow
def test_what_all_commands_that_write_have(pair: Path, fcgitops: Fcgitops) -> None:
    """A branch, a message, a change that is left in the work tree."""
    command = ("-C", pair, "promote", "staging", "prod")
    fcgitops(*command, "--branch", "go", "-m", "Ship it")
    assert git(pair, "log", "-1", "--format=%s%b", "go") == "Ship it"
    git(pair, "switch", "-q", "main")
    fcgitops(*command, "--no-commit")
    assert git(pair, "diff", "--cached", "--name-only").splitlines() == [
        "overlays/prod/.fcgitops",
        "overlays/prod/environment.yaml",
        "overlays/prod/frameworkcontroller.yaml",
        "overlays/prod/kustomization.yaml",
    ]


def test_the_page() -> None:
    """docs/promotion.md is what the table says."""
    page = Path(__file__).parents[2] / "docs" / "promotion.md"
    assert reference.page() == page.read_text(encoding="utf-8"), "run `make docs`"


@pytest.fixture
def others(pair: Path, copy_of: CopyOf) -> Path:
    """A repository of production alone, beside that of staging."""
    return copy_of(
        ["new", "live", "--env", "prod=customized-config", "--set", "image.tag=v1.0.1"],
        ["overlay", "prod", "--set", "labels.tier=prod", "--set", "workerNumber=10"],
    )


@pytest.mark.slow
def test_from_another_repository(pair: Path, others: Path, fcgitops: Fcgitops) -> None:
    """As it is there, or at a revision; what it has by default there is spelled out here."""
    start = git(pair, "rev-parse", "HEAD")
    text = STAGING.replace("  tag: v1.1.0 # proven for a week\n", "").replace("800", "700")
    commit(pair, fcgitops, {"staging": text})
    command = ("-C", others, "promote", "staging", "prod")
    dry = fcgitops(*command, "--from-repo", f"../deploy@{start}", "--dry-run")
    assert dry.out.startswith(f"staging of ../deploy@{start} at {start[:10]} → prod\n")
    assert "v1.0.1 → frameworkcontroller/frameworkcontroller:v1.1.0" in dry.out
    fcgitops(*command, "--from-repo", "../deploy")
    assert (others / SOURCE.format("prod")).read_text().endswith(
        "settings:\n  workerNumber: 700\n  kubeClientQps: 100\n  logObjectSnapshot:\n    pod:\n"
        "      onPodDeletion: false\nimage:\n  tag: v1.0.0\ncomponents:\n- crd\n"
    )  # fmt: skip
    fcgitops("-C", others, "verify", "prod")


@pytest.mark.slow
def test_another_repository_is_refused(
    pair: Path, others: Path, copy_of: CopyOf, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """One of another profile or version, what is not committed or pushed there, and no such."""
    copy_of(["new", "seed", "--env", "staging", "--profile", "upstream"])
    clone_released("hardened-argocd", tmp_path)
    git(tmp_path, "init", "-q", "--bare", "remote")
    git(pair, "remote", "add", "origin", str(tmp_path / "remote"))
    git(pair, "push", "-q", "origin", "main")
    git(pair, "commit", "-q", "--allow-empty", "-m", "Not pushed")
    refused = {
        "../seed": "../seed: has the profile upstream, and this repository hardened",
        "../seed@HEAD": "../seed@HEAD: has the profile upstream, and this repository hardened",
        "../hardened-argocd@HEAD": "was written by fcgitops 0.1.0, and this repository by",
        "../deploy@HEAD": "../deploy@HEAD: is not pushed: no branch of a remote has it",
        "../deploy@v7": "v7: is no revision of this repository",
        "..": "is in no repository of fcgitops",
    }
    names = {"../hardened-argocd@HEAD": "dev"}
    for typed, wanted in refused.items():
        words = ("promote", names.get(typed, "staging"), "prod", "--from-repo", typed)
        assert wanted in fcgitops("-C", others, *words, status=2).err
    (pair / "base/statefulset.yaml").write_text("edited\n")
    words = ("promote", "staging", "prod", "--from-repo", "../deploy")
    assert "base/statefulset.yaml: is not committed" in fcgitops("-C", others, *words, status=2).err
    words = ("promote", "none", "prod", "--from-repo", "../deploy@HEAD~1")
    assert "has no environment none" in fcgitops("-C", others, *words, status=2).err
