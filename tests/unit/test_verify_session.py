"""`verify` on a fleet: nothing is asked twice, equal inputs are built once, shares add up."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops
from fcgitops.core import cache
from fcgitops.model.layout import VARIANTS
from fcgitops.programs import kustomize
from fcgitops.programs.kustomize import Kustomize
from fcgitops.verify import kept, validity, verification
from fcgitops.verify.layers import Reader
from fcgitops.verify.session import Session
from gitenv import git, write

Built = list[str]
LOCAL = "overlays/{}/local/kustomization.yaml"
HEAD = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
EMPTY = f"{HEAD}resources: []\n"
REPLICAS = (
    "patches:\n- target: {kind: StatefulSet}\n"
    "  patch: |-\n    - {op: add, path: /spec/replicas, value: 2}\n"
)
EVERYTHING = {"a", "b", "c", "dev", "prod", *VARIANTS}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Built:
    """The folders that kustomize is asked for; results are kept in a folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found: Built = []
    build = Kustomize.build

    def counted(self: Kustomize, folder: Path) -> bytes:
        found.append(folder.name)
        return build(self, folder)

    monkeypatch.setattr(Kustomize, "build", counted)
    return found


@pytest.fixture
def fleet(copy_of: CopyOf, built: Built) -> Path:
    """dev, prod (customized), and a, b, c, which differ in their names and clusters alone."""
    names = ("dev", "prod=customized-config", "a", "b", "c")
    return copy_of(["new", "deploy", *(word for name in names for word in ("--env", name))])


def verified(root: Path, *names: str) -> Session:
    session = Session(root)
    session.verify(session.wanted(names, None, None))
    return session


def rules(session: Session) -> list[tuple[str, str]]:
    return [(finding.overlay, finding.rule) for finding in session.findings]


def test_equal_inputs_are_built_once(fleet: Path, built: Built) -> None:
    """dev, a, b and c render the same; each has its own findings all the same."""
    assert rules(verified(fleet)) == []
    assert sorted(built) == ["a", "customized-config", "default-config", "prod"]
    for name in ("b", "c"):
        write(fleet, {LOCAL.format(name): HEAD + REPLICAS})
    built.clear()
    assert rules(verified(fleet)) == [("b", "FCG01"), ("c", "FCG01")]
    assert built == ["b"]


@pytest.mark.slow
def test_what_is_kept_of_a_fleet_is_bounded(
    fleet: Path, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents and judgements that are alike are read once, while there is room for them."""
    for name in ("b", "c"):
        write(fleet, {LOCAL.format(name): HEAD + REPLICAS})
    first = verified(fleet)
    monkeypatch.setattr(verification, "_MOST_DOCUMENTS", 3)
    monkeypatch.setattr(validity, "_MOST_JUDGED", 3)
    again = Session(fleet, afresh=True)
    again.verify(again.wanted([], None, None))
    assert (again.findings, again.objects) == (first.findings, first.objects)
    assert rules(again) == [("b", "FCG01"), ("c", "FCG01")]


def test_the_name_in_a_users_file_is_no_comment(fleet: Path, built: Built) -> None:
    """Where a file may end up in a ConfigMap, two that look alike are not taken for the same."""
    for name in ("b", "c"):
        text = "configMapGenerator:\n- name: x\n  literals: [a=b]\n"
        write(fleet, {LOCAL.format(name): HEAD + text})
    verified(fleet)
    assert {"b", "c"} <= set(built)


def test_nothing_changed_builds_nothing(fleet: Path, built: Built) -> None:
    """Nor are the checks imported; what was found is told again."""
    write(fleet, {LOCAL.format("b"): HEAD + REPLICAS})
    first = verified(fleet)
    built.clear()
    again = verified(fleet)
    assert (built, again.asked) == ([], [])
    assert again.findings == first.findings != []
    assert (again.objects, again.checks, again.program) == (
        first.objects, first.checks, first.program,
    )  # fmt: skip


def edit(path: str, text: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        file = root / path
        file.write_text((file.read_text() if file.exists() else "") + text)

    return change


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("change", "names"),
    [
        (edit("overlays/b/kustomization.yaml", "# mine\n"), {"b"}),
        (edit("overlays/b/environment.yaml", "# mine\n"), {"b"}),
        (edit("overlays/b/local/more.yaml", "a: b\n"), {"b"}),
        (edit("overlays/b/.fcgitops", ""), set()),
        (lambda root: os.utime(root / "overlays/b/kustomization.yaml", (1, 1)), set()),
        (edit("README.md", "more\n"), set()),
        (edit("base/statefulset.yaml", "# mine\n"), EVERYTHING),
        (edit("components/own.yaml", HEAD), EVERYTHING),
        (edit("fcgitops.yaml", "# mine\n"), EVERYTHING),
        (lambda root: (root / "overlays/b/local/kustomization.yaml").unlink(), {"b"}),
    ],
)  # fmt: skip
def test_what_changed_is_asked_again(
    change: Callable[[Path], object], names: set[str], fleet: Path, built: Built
) -> None:
    """By content: of one environment, of what all share, or of nothing that is read."""
    verified(fleet)
    change(fleet)
    assert {str(item) for item in verified(fleet).asked} == names


def test_what_is_read_besides_counts(fleet: Path, built: Built) -> None:
    """A folder that an environment's kustomization leads to, wherever it is."""
    write(fleet, {"shared/x/kustomization.yaml": EMPTY,
                  LOCAL.format("b"): f"{HEAD}components: [../../../shared/x]\n"})  # fmt: skip
    assert rules(verified(fleet)) == [("b", "FCG15")]
    assert {str(item) for item in verified(fleet).asked} == set()
    write(fleet, {"shared/x/kustomization.yaml": HEAD + REPLICAS})
    assert rules(verified(fleet)) == [("b", "FCG01"), ("b", "FCG15")]


def test_what_does_not_build_is_asked_again(fleet: Path, built: Built) -> None:
    """What is missing may come from anywhere."""
    write(fleet, {LOCAL.format("b"): f"{HEAD}components: [../../../elsewhere]\n"})
    assert ("b", "FCG00") in rules(verified(fleet))
    write(fleet, {"elsewhere/kustomization.yaml": EMPTY})
    assert ("b", "FCG00") not in rules(verified(fleet))


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-40],
        lambda data: data.replace(b"FCG01", b"FCG02"),
        lambda data: data.partition(b"\n")[2],
        lambda _: b"",
        lambda _: b"\0" * 100,
        lambda data: data.partition(b"\n")[0] + b"\n[]",
    ],
)
def test_a_damaged_cache_is_not_believed(
    damage: Callable[[bytes], bytes], fleet: Path, built: Built
) -> None:
    """Cut off, edited, emptied: all is asked again, and the next run knows it."""
    write(fleet, {LOCAL.format("b"): HEAD + REPLICAS})
    first = verified(fleet)
    file = kept.place(str(fleet))
    file.write_bytes(damage(file.read_bytes()))
    again = verified(fleet)
    assert len(again.asked) == 7
    assert again.findings == first.findings
    assert verified(fleet).asked == []


@pytest.mark.slow
def test_a_foreign_cache_is_not_believed(
    fleet: Path, built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another repository, of other code or another kustomize, or writable by others."""
    verified(fleet)
    file = kept.place(str(fleet))
    file.chmod(0o666)
    assert len(verified(fleet).asked) == 7
    for module, other, value in (
        (cache, "code", lambda: "other"),
        (kustomize, "identity", lambda _: "other"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, other, value)
            assert len(verified(fleet).asked) == 7
    verified(fleet)
    moved = tmp_path / "moved"
    fleet.rename(moved)
    kept.place(str(moved)).write_bytes(file.read_bytes())
    assert len(verified(moved).asked) == 7


def test_a_cache_that_cannot_be_written_is_no_matter(
    fleet: Path, built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is verified; the next time too."""
    write(tmp_path, {"file": ""})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(verified(fleet).asked) == len(verified(fleet).asked) == 7


@pytest.mark.slow
def test_shares_are_disjoint_and_complete(fleet: Path, fcgitops: Fcgitops, built: Built) -> None:
    """In kustomizations and in findings, those of the repository as a whole among them."""
    write(fleet, {LOCAL.format("b"): HEAD + REPLICAS, LOCAL.format("c"): HEAD + REPLICAS,
                  "clusters/argocd/appproject.yaml": "a: b\n"})  # fmt: skip
    everything = Session(fleet, afresh=True)
    everything.verify(everything.wanted([], None, None))
    names, found = [], []
    for number in (1, 2, 3):
        share = Session(fleet, afresh=True)
        wanted = share.wanted([], None, f"{number}/3")
        share.verify(wanted, others=number == 1)
        names += list(map(str, wanted))
        found += share.findings
    assert sorted(names) == sorted(map(str, everything.wanted([], None, None)))
    assert sorted(map(str, found)) == sorted(map(str, everything.findings))
    assert len(found) == len(set(found)) == 3
    for wrong in ("0/3", "4/3", "1", "a/b", "1/0"):
        assert "is no share" in fcgitops("-C", fleet, "verify", "--shard", wrong, status=2).err


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["overlays/b/local/x.yaml"], {"b"}),
        (["overlays/b/environment.yaml", "overlays/prod/x"], {"b", "prod"}),
        (["base/x.yaml"], EVERYTHING),
        (["overlays/default-config/x"], EVERYTHING),
        (["README.md", ".github/x.yml", "docs/y"], set()),
        (["shared/x/y.yaml"], {"c"}),
        ([], set()),
    ],
)  # fmt: skip
def test_since_names_what_a_change_touches(
    paths: list[str], names: set[str], fleet: Path, built: Built
) -> None:
    """From where HEAD and the revision parted: committed, staged, changed and new files."""
    write(fleet, {"shared/x/kustomization.yaml": EMPTY,
                  LOCAL.format("c"): f"{HEAD}components: [../../../shared/x]\n"})  # fmt: skip
    git(fleet, "add", "-A")
    git(fleet, "commit", "-qm", "before")
    git(fleet, "branch", "start")
    git(fleet, "switch", "-qc", "other")
    write(fleet, {"base/elsewhere.yaml": "a: b\n"})
    git(fleet, "add", "-A")
    git(fleet, "commit", "-qm", "on another branch")
    git(fleet, "switch", "-q", "start")
    write(fleet, dict.fromkeys(paths, "a: b\n"))
    for number, path in enumerate(paths):
        if number % 2 == 0:
            git(fleet, "add", path)
    if len(paths) > 1:
        git(fleet, "commit", "-qm", "some of it")
    assert {str(item) for item in Session(fleet).wanted([], "other", None)} == names


def test_since_reads_no_kustomization_whose_paths_are_known(
    fleet: Path, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A former run has told what each reads; of c, whose own files changed, that is asked anew."""
    shared = f"{HEAD}components: [../../../shared/x]\n"
    write(fleet, {"shared/x/kustomization.yaml": EMPTY,
                  LOCAL.format("b"): shared, LOCAL.format("c"): shared})  # fmt: skip
    git(fleet, "add", "-A")
    git(fleet, "commit", "-qm", "before")
    verified(fleet)
    read: list[str] = []
    kustomization = Reader.kustomization

    def counted(self: Reader, folder: Path) -> object:
        read.append(folder.name)
        return kustomization(self, folder)

    monkeypatch.setattr(Reader, "kustomization", counted)
    write(fleet, {"README.md": "a\n", LOCAL.format("a"): EMPTY, LOCAL.format("c"): EMPTY})
    assert {str(item) for item in Session(fleet).wanted([], "HEAD", None)} == {"a", "c"}
    assert not read
    write(fleet, {"shared/x/kustomization.yaml": f"{EMPTY}# more\n"})
    assert {str(item) for item in Session(fleet).wanted([], "HEAD", None)} == {"a", "b", "c"}
    assert {"b", "x"} <= set(read)
    assert not {"a", "c", "dev", "prod"} & set(read)


def test_a_part_is_verified_without_the_rest(
    fleet: Path, fcgitops: Fcgitops, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all was well before, neither the repository's checks nor kustomize are asked again."""
    verified(fleet)
    built.clear()
    monkeypatch.setattr(Session, "_verification", None)
    assert rules(verified(fleet, "a")) == []
    assert not built


def test_since_a_revision_that_there_is_not(fleet: Path, fcgitops: Fcgitops, built: Built) -> None:
    """Status 2, with git's own word."""
    ran = fcgitops("-C", fleet, "verify", "--since", "nowhere", status=2)
    assert "--since nowhere" in ran.err


def test_one_faults_and_the_others_are_verified(
    fleet: Path, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever happens with one environment: FCG99 names it, and the rest is as it is."""
    original = verification.as_it_is

    def failing(repository: object, name: str) -> object:
        if name == "b":
            raise RuntimeError("surprise")
        return original(repository, name)  # type: ignore[arg-type]

    monkeypatch.setattr(verification, "as_it_is", failing)
    write(fleet, {LOCAL.format("c"): HEAD + REPLICAS})
    session = verified(fleet)
    assert rules(session) == [("b", "FCG99"), ("c", "FCG01")]
    assert "RuntimeError: surprise" in session.findings[0].message


def test_a_server_that_does_not_answer(
    repository: Path, fcgitops: Fcgitops, built: Built, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Nothing is built; status 3, with kubectl's words, and no traceback."""
    clusters = [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}]
    contexts = [{"name": "here", "context": {"cluster": "c", "user": ""}}]
    config = {"clusters": clusters, "contexts": contexts, "current-context": "here"}
    write(tmp_path, {"config": json.dumps({"apiVersion": "v1", "kind": "Config"} | config)})
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    ran = fcgitops("-C", repository, "verify", "--server", status=3)
    assert ran.err.startswith("error: kubectl, context here: The connection to the server 127.0.0")
    ran = fcgitops("-C", repository, "verify", "--server", "--context", "nowhere", status=3)
    assert "nowhere" in ran.err
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    ran = fcgitops("-C", repository, "verify", "--server", status=3)
    assert "has no current context" in ran.err
    assert built == []


def test_a_context_without_a_question(repository: Path, fcgitops: Fcgitops) -> None:
    """Status 2: nothing would be asked of it."""
    ran = fcgitops("-C", repository, "verify", "--context", "here", status=2)
    assert "--server --context here" in ran.err
