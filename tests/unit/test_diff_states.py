"""`fcgitops diff` as a user types it: states of a real repository, built with real kustomize."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Fcgitops
from gitenv import git, write

PROD = "overlays/prod/local/kustomization.yaml"
PROD_SOURCE = "overlays/prod/environment.yaml"
PATCH = """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
- target: {kind: StatefulSet}
  patch: |-
    - {op: replace, path: /spec/replicas, value: %s}
"""


def patch(repository: Path, replicas: object, file: str = PROD) -> None:
    (repository / file).write_text(PATCH % replicas)


def commit(repository: Path, message: str = "a change") -> None:
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", message)


def effects(text: str) -> dict[str, list[str]]:
    """Environment → the numbers of its effects."""
    return {e["name"]: [f["id"] for f in e["effects"]] for e in json.loads(text)["environments"]}


def test_a_clean_tree_changes_nothing(repository: Path, fcgitops: Fcgitops) -> None:
    """And says of how many environments that is known."""
    ran = fcgitops("-C", repository, "diff", "--exit-code")
    assert ran.out == (
        "2 environments and 1 other part do not change (equal inputs: nothing was built)\n"
    )


def test_the_work_tree_is_compared_with_head(repository: Path, fcgitops: Fcgitops) -> None:
    """One environment's edit: its effect, and that the others do not change."""
    patch(repository, 2)
    ran = fcgitops("-C", repository, "diff", "--exit-code", status=1)
    assert ran.out.startswith("prod: 1 effect, the worst: data loss\n  data loss  C07 StatefulSet")
    assert "spec.replicas: 1 → 2" in ran.out
    assert ran.out.endswith(
        "1 environment and 1 other part do not change (equal inputs: not built)\n"
    )
    assert git(repository, "status", "--porcelain") == f" M {PROD}"


def test_fail_on_takes_a_severity(repository: Path, fcgitops: Fcgitops) -> None:
    """1 from that severity on, 0 below it, 2 for a word that is none."""
    patch(repository, 0)
    fcgitops("-C", repository, "diff", "--fail-on", "outage", status=1)
    fcgitops("-C", repository, "diff", "--fail-on", "data loss")
    ran = fcgitops("-C", repository, "diff", "--fail-on", "bad", status=2)
    assert ran.err.startswith("error: --fail-on: 'bad' is no severity (one of 'none', 'restart', ")


def test_a_change_of_the_base_is_said_once_for_all(repository: Path, fcgitops: Fcgitops) -> None:
    """Environments to which the same happens share a paragraph."""
    fcgitops("-C", repository, "overlay", "stage", "--cluster", "gpu-3")
    file = repository / "base" / "statefulset.yaml"
    file.write_text(file.read_text().replace("memory: 1Gi", "memory: 2Gi"))
    ran = fcgitops("-C", repository, "diff")
    assert ran.out.startswith("dev, prod, stage: 2 effects, the worst: outage\n")
    assert ran.out.count("\n  restart  C01") == 1


@pytest.mark.slow
def test_revisions_and_ranges(repository: Path, fcgitops: Fcgitops) -> None:
    """A..B is what B changed since it left A: what A changed meanwhile is not undone by it."""
    git(repository, "switch", "-qc", "topic")
    patch(repository, 2)
    commit(repository)
    git(repository, "switch", "-q", "main")
    patch(repository, 0, "overlays/dev/local/kustomization.yaml")
    commit(repository)
    for words in ("main..topic", "main...topic"):
        ran = fcgitops("-C", repository, "diff", words, "--format", "json")
        assert effects(ran.out) == {"prod": ["C07"]}
    ran = fcgitops("-C", repository, "diff", "topic", "--format", "json")
    assert effects(ran.out) == {"dev": ["C05"], "prod": ["C02"]}
    ran = fcgitops("-C", repository, "diff", "HEAD~1", "prod", "--format", "json")
    assert effects(ran.out) == {}
    ran = fcgitops("-C", repository, "diff", "prod@topic", "prod", "--format", "json")
    assert list(effects(ran.out)) == ["prod"]
    for revision in ("@~1", "HEAD@{1}", "@~1..@"):
        ran = fcgitops("-C", repository, "diff", revision, "--format", "json")
        assert effects(ran.out) == {"dev": ["C05"]}


def test_two_environments(repository: Path, fcgitops: Fcgitops) -> None:
    """What would happen to the second if it were the first."""
    ran = fcgitops("-C", repository, "diff", "dev", "prod", "--format", "json")
    assert "S14" in effects(ran.out)["dev → prod"]


def test_environments_that_come_and_go(repository: Path, fcgitops: Fcgitops) -> None:
    """One that is gone is deleted nowhere; one that is new is deployed by Argo CD."""
    fcgitops("-C", repository, "remove", "dev")
    fcgitops("-C", repository, "overlay", "stage", "--cluster", "gpu-3")
    ran = fcgitops("-C", repository, "diff", "HEAD~2..HEAD", "--format", "json")
    found = effects(ran.out)
    assert found["dev"] == ["E02"]
    assert {"E01", "C06"} <= set(found["stage"])


@pytest.mark.slow
def test_an_environment_that_does_not_build_hides_no_other(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """It is named with the reason; the others are compared. What is not known is no success."""
    patch(repository, 0, "overlays/dev/local/kustomization.yaml")
    (repository / PROD).write_text("kind: Component\nresources: [missing.yaml]\n")
    ran = fcgitops("-C", repository, "diff", "--format", "json", status=3)
    for option in (("--exit-code",), ("--fail-on", "loss")):
        fcgitops("-C", repository, "diff", *option, status=1)
    found = {e["name"]: e for e in json.loads(ran.out)["environments"]}
    assert [e["id"] for e in found["dev"]["effects"]] == ["C05"]
    assert "missing.yaml" in found["prod"]["errors"][0]
    assert "/tmp" not in found["prod"]["errors"][0]
    git(repository, "checkout", "-q", PROD)
    with (repository / "overlays/prod/environment.yaml").open("a") as file:
        file.write("sync: [\n")
    assert "prod: cannot be compared" in fcgitops("-C", repository, "diff", status=1).out


def test_what_git_ignores_takes_part_in_no_build(repository: Path, fcgitops: Fcgitops) -> None:
    """It is on this disk alone: what would build here builds on no cluster."""
    text = "secretGenerator:\n- name: s\n  envs: [mine.env]\n"
    with (repository / PROD).open("a") as file:
        file.write(text)
    (repository / PROD).with_name("mine.env").write_text("A=b\n")
    write(repository, {".git/info/exclude": "mine.env\n"})
    ran = fcgitops("-C", repository, "diff", status=3)
    assert "(Git ignores overlays/prod/local/mine.env, so no cluster gets it)" in ran.out
    assert not {"s", "Secret/s"} & set(ran.out.split())


def test_comments_alone(repository: Path, fcgitops: Fcgitops) -> None:
    """An edit of which nothing is rendered is named, and said to do nothing."""
    with (repository / PROD).open("a") as file:
        file.write("# why this is so\n")
    ran = fcgitops("-C", repository, "diff")
    assert ran.out.startswith("prod: comments only: nothing is synced\n")


def test_an_edit_that_was_not_carried_out(repository: Path, fcgitops: Fcgitops) -> None:
    """What takes effect is what is generated: the difference says how."""
    with (repository / "overlays/prod/environment.yaml").open("a") as file:
        file.write("labels: {team: ml}\n")
    ran = fcgitops("-C", repository, "diff")
    assert "nothing is synced. An edit takes effect by `make overlays`\n" in ran.out


def test_an_edit_of_which_nothing_is_rendered(repository: Path, fcgitops: Fcgitops) -> None:
    """Keys that commands read where they stand need no further command; none is advised."""
    with (repository / PROD_SOURCE).open("a") as file:
        file.write("hold: closed for the fair\nexpects: {secrets: [one]}\n")
    ran = fcgitops("-C", repository, "diff")
    assert ran.out.startswith(
        "prod: `hold` and `expects` of environment.yaml differ, from which nothing is rendered: "
        "nothing is synced\n\n"
    )


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("fcgitops.yaml", "tag: v1.0.0", "tag: v1.0.1"),
        ("overlays/customized-config/frameworkcontroller.yaml", "Number: 500", "Number: 501"),
    ],
)
def test_an_edit_of_what_environments_share(
    repository: Path, fcgitops: Fcgitops, file: str, before: str, after: str
) -> None:
    """It is named as long as it is not carried out; a comment, and what was carried out, is not."""
    path = repository / file
    path.write_text(f"{path.read_text()}# ours\n")
    assert "takes effect" not in fcgitops("-C", repository, "diff").out
    path.write_text(path.read_text().replace(before, after))
    assert fcgitops("-C", repository, "diff").out.splitlines()[-1] == (
        f"{file} differs, what is rendered does not: nothing is synced. An edit takes effect by "
        "`make overlays`"
    )
    fcgitops("-C", repository, "overlays")
    assert "takes effect" not in fcgitops("-C", repository, "diff", "HEAD~1..HEAD").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nosuch",), "nosuch: is no revision of this repository"),
        (("main..nosuch",), "nosuch: is no revision of this repository"),
        (
            ("origin/HEAD..HEAD",),
            "origin/HEAD: is no revision of this repository (`git remote set-head origin --auto` ",
        ),
        (("HEAD", "pord"), "pord: is no environment of either side (did you mean 'prod'?)"),
        (("pord@HEAD", "prod"), "pord@HEAD: is no environment at HEAD (did you mean 'prod'?)"),
        (
            ("HEAD", "main"),
            "main: is no environment of either side (two revisions are typed as A..",
        ),
        (("@nosuch",), "@nosuch: is no revision of this repository, and no environment"),
    ],
)
def test_words_that_name_nothing(
    repository: Path, fcgitops: Fcgitops, words: tuple[str, ...], message: str
) -> None:
    """Wrong input, with what would be right."""
    ran = fcgitops("-C", repository, "diff", *words, status=2)
    assert ran.err.startswith(f"error: {message}")
    assert ran.out == ""


def test_a_revision_of_before_the_repository_was_generated(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """Everything is new, and why is said."""
    git(repository, "switch", "-q", "--orphan", "old")
    (repository / "README").write_text("nothing yet\n")
    commit(repository, "nothing yet")
    git(repository, "switch", "-q", "main")
    ran = fcgitops("-C", repository, "diff", "old")
    assert "old is of before the repository was generated: it has no fcgitops.yaml" in ran.out
    ran = fcgitops("-C", repository, "diff", "old..main", status=2)
    assert "have no commit in common" in ran.err


def test_a_shallow_clone_says_how_deep_to_fetch(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Without the merge base nothing is guessed."""
    git(repository, "switch", "-qc", "topic")
    patch(repository, 2)
    commit(repository)
    git(repository, "switch", "-q", "main")
    patch(repository, 0)
    commit(repository)
    shallow = tmp_path / "shallow"
    git(
        tmp_path,
        "clone",
        "-q",
        "--depth",
        "1",
        "--no-single-branch",
        repository.as_uri(),
        "shallow",
    )
    ran = fcgitops("-C", shallow, "diff", "main..origin/topic", status=2)
    assert "`git fetch --deepen=50`" in ran.err
    assert "`git fetch --unshallow` (in CI: fetch-depth: 0)" in ran.err


def test_what_is_read_from_elsewhere_is_part_of_it(repository: Path, fcgitops: Fcgitops) -> None:
    """A file of a folder that an environment names is one of its inputs."""
    shared = repository / "shared"
    shared.mkdir()
    (shared / "kustomization.yaml").write_text(PATCH % 1)
    (repository / PROD).write_text("kind: Component\ncomponents: [../../../shared]\n")
    commit(repository)
    (shared / "kustomization.yaml").write_text(PATCH % 2)
    ran = fcgitops("-C", repository, "diff", "--format", "json")
    assert effects(ran.out) == {"prod": ["C07"]}


def test_a_comment_of_a_thousand_environments_fits_a_pull_request() -> None:
    """At most 60,000 characters; what is left out is counted."""
    from consequences import all_pairs  # noqa: PLC0415
    from fcgitops.diff import compare  # noqa: PLC0415
    from fcgitops.diff.markdown import LIMIT, as_markdown  # noqa: PLC0415
    from fcgitops.diff.outcome import Outcome  # noqa: PLC0415
    from fcgitops.diff.report import Entry, Report  # noqa: PLC0415

    pair = next(p for p in all_pairs() if p.name == "retention-lowered")
    outcome = compare.outcome(pair.before, pair.after)
    first = outcome.effects[0]
    entries = [
        Entry(
            f"cluster-{number:04}",
            outcome._replace(
                effects=tuple(
                    dataclasses.replace(e, says=f"{number}: {e.says}") for e in outcome.effects
                ),
            ),
        )
        for number in range(1000)
    ]
    text = as_markdown(Report(tuple(entries)))
    assert len(text) <= LIMIT
    assert "`cluster-0000`" in text
    assert "988 more (1000 in all)" in text
    assert "the effects of 1 environment (at worst data loss)" in text
    long = tuple(
        Entry(f"{'x' * 58}-{n:04}", Outcome((dataclasses.replace(first, id=f"C{n // 12:02}"),), ()))
        for n in range(1000)
    )
    table = as_markdown(Report(long)).partition("\n\n###")[0]
    assert re.search(r"\| \d+ more, of \d+ kinds \| \S+", table)
    assert len(table) < 21_000
    same = tuple(Entry(f"cluster-{n:04}", entries[0].outcome) for n in range(1000))
    assert len(as_markdown(Report(same))) < 6000


@pytest.mark.parametrize(
    ("do", "shown"),
    [
        ("before the merge: kubectl get nodes", "before the merge: `kubectl get nodes`"),
        ("Argo CD: kubectl get a", "Argo CD: `kubectl get a`"),
        ("sync: argocd app sync A; or put it back", "sync: `argocd app sync A`; or put it back"),
        ("put `prune: true` back", "put `prune: true` back"),
        ("replicas < 2", "replicas &lt; 2"),
    ],
)
def test_what_is_typed_is_code_and_the_rest_is_text(do: str, shown: str) -> None:
    """In Markdown, where a sentence as code reads like something to type."""
    from fcgitops.diff.effects import Effect, Severity  # noqa: PLC0415
    from fcgitops.diff.markdown import as_markdown  # noqa: PLC0415
    from fcgitops.diff.outcome import Outcome  # noqa: PLC0415
    from fcgitops.diff.report import Entry, Report  # noqa: PLC0415

    effect = Effect("C05", Severity.OUTAGE, "StatefulSet/a", "Stops.", do)
    text = as_markdown(Report((Entry("prod", Outcome((effect,), ())),)))
    assert f"\n  → {shown}\n" in text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("see [x](https://e.example) ![y](z)", r"see [x\](https://e.example) ![y\](z)"),
        (
            "*bold* _and_ ~~gone~~ but kube_api_qps",
            r"\*bold\* \_and\_ \~\~gone\~\~ but kube_api_qps",
        ),
        ("@team and fc@sha256:0", "@&#8203;team and fc@sha256:0"),
        ("put `a <b> *c*` back", "put `a <b> *c*` back"),
        ("an `odd one, <i>", r"an \`odd one, &lt;i&gt;"),
    ],
)
def test_words_mean_nothing_to_markdown(said: str, shown: str) -> None:
    """No link, no emphasis, no HTML, and nobody is called; what stands as code is as it is."""
    from fcgitops.diff.markdown import as_text  # noqa: PLC0415

    assert as_text(said) == shown


def test_no_value_ends_the_code_that_it_stands_in() -> None:
    """However many of the signs it has that do; it is shown as it is."""
    from fcgitops.diff.effects import Effect, Severity  # noqa: PLC0415
    from fcgitops.diff.markdown import as_markdown  # noqa: PLC0415
    from fcgitops.diff.outcome import Field, ObjectChange, Outcome  # noqa: PLC0415
    from fcgitops.diff.report import Entry, Report  # noqa: PLC0415

    effect = Effect("C05", Severity.OUTAGE, "ConfigMap/a``b", "Stops.")
    changed = ObjectChange("ConfigMap/a", "", "changed", (Field("data.x", "1", "a````b"),))
    text = as_markdown(Report((Entry("prod", Outcome((effect,), (changed,))),)))
    assert "``` ConfigMap/a``b ```" in text
    assert re.search(r"\n(`{5})\n.*a````b.*\n\1\n\n</details>", text, re.S)


LONG = [{"group": "rbac.authorization.k8s.io", "kind": f"Kind{number}"} for number in range(9)]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ([1, 2], [2, 3], "[1, 2] → [2, 3]"),
        (LONG, [*LONG[1:], {"kind": "Pod"}],
         "+ {kind: Pod}, - {group: rbac.authorization.k8s.io, kind: Kind0}"),
        (LONG[:3], LONG[3:] + LONG[:3],
         ", ".join(f"+ {{group: rbac.authorization.k8s.io, kind: Kind{n}}}" for n in range(3, 9))),
        (list(range(90)), list(range(98)), "+ 90, + 91, + 92, + 93, + 94, + 95, … 2 more"),
        ("x" * 200 + "1", "x" * 200 + "22", f"…{'x' * 30}1 → …{'x' * 30}22"),
        ("x" * 200, "x" * 201, f"…{'x' * 30} → …{'x' * 31}"),
        ("1" + "x" * 200, "2", f"1{'x' * 158}… → 2"),
    ],
)  # fmt: skip
def test_long_values_are_told_apart(before: object, after: object, shown: str) -> None:
    """Of a long list what came and went; of long texts the part from where they differ."""
    from fcgitops.diff.outcome import Field  # noqa: PLC0415

    assert str(Field("spec.x", before, after)) == f"spec.x: {shown}"


def test_what_is_said_of_the_whole_is_counted_where_it_is_too_long() -> None:
    """Notes, and environments that do not change: the comment stays within its limit."""
    from fcgitops.diff.markdown import LIMIT, as_markdown  # noqa: PLC0415
    from fcgitops.diff.report import Entry, Report  # noqa: PLC0415

    names = [f"cluster-{number:04}" for number in range(3000)]
    entries = tuple(Entry(name, note=f"{name}.yaml has comments alone") for name in names)
    text = as_markdown(Report(entries, notes=tuple(f"{name} is odd" for name in names)))
    assert len(text) <= LIMIT
    assert re.findall(r"… and (\d+) more: `fcgitops diff --full`", text)
    assert "`cluster-0000`: cluster-0000.yaml has comments alone." in text


@pytest.mark.slow
def test_a_diff_that_compares_next_to_nothing_ends_well(repository: Path) -> None:
    """What is imported meanwhile is not cut off: each process ends with its own status."""
    file = repository / "overlays/prod/kustomization.yaml"
    file.write_text(f"{file.read_text()}# looked after by Ada\n")
    for _ in range(3):
        command = [sys.executable, "-m", "fcgitops", "diff"]
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("prod: comments only: nothing is synced\n")
