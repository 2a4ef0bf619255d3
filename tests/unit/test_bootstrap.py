"""`fcgitops bootstrap` against a kubectl that notes what it is told; e2e has the real ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops
from fcgitops.core import terminal
from gitenv import git, write

URL = "https://git.example.com/ml/deploy.git"
SERVER = "https://10.0.0.1:6443"

KUBECTL = r"""#!/bin/sh
cd {home}
[ "$KUBERC" = off ] || {{ echo "the user's defaults would hold" >&2; exit 9; }}
case "$* " in
  *" --filename - ")
    {{ printf '%s\037' "$@"; printf '\036'; cat; printf '\035'; }} >>calls ;;
  "config current-context ") echo prod-admin; exit ;;
  *" view "*) printf %s {server}; exit ;;
  *" get namespace/"*) echo '{{"kind": "Namespace"}}'; exit ;;
  *" get "*) [ ! -e path ] || cat path; exit ;;
  *) exit ;;
esac
case " $* " in *" diff "*)
  [ -n "${{KUBECTL_EXTERNAL_DIFF+set}}" ] || cat difference
  for change in change-*; do
    [ ! -e "$change" ] || {{ read -r file <"$change"; echo "kind: Other" >"$file"; }}
  done
  exit 1
esac
printf 'applied\rhidden\n'
"""
"""Python would take ten times as long to start; it is started a hundred times."""


class Cluster:
    """What the program has been told."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def calls(self, verb: str) -> list[list[str]]:
        """The arguments, and last the standard input, of each call."""
        file = self.home / "calls"
        told = file.read_bytes().decode().split("\x1d")[:-1] if file.exists() else []
        pairs = [call.split("\x1f\x1e") for call in told]
        rows = [[*words.split("\x1f")[2:-2], data] for words, data in pairs]
        return [row for row in rows if verb in row]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A kubectl whose cluster has nothing of ours yet."""
    home = tmp_path / "cluster"
    home.mkdir()
    (home / "difference").write_text("+kind: Kustomization\n")
    program = home / "kubectl"
    program.write_text(KUBECTL.format(home=home, server=SERVER))
    program.chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(program))
    return Cluster(home)


@pytest.fixture
def folder(copy_of: CopyOf) -> Path:
    """A repository for Flux with the environment prod."""
    return copy_of(["new", "deploy", "--gitops", "flux", "--env", "prod", "--repo-url", URL])


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A person at a terminal who answers each question."""

    def answer(word: str) -> None:
        def asked(question: str = "") -> str:
            sys.stderr.write(f"{question}\n")
            return word

        monkeypatch.setattr(terminal, "interactive", lambda: True)
        monkeypatch.setattr("click.termui.visible_prompt_func", asked)

    return answer


def test_what_is_applied_is_what_was_shown(
    cluster: Cluster, folder: Path, fcgitops: Fcgitops
) -> None:
    """A file that changes after it was shown is not read again."""
    sync, account = (folder / f"clusters/flux/prod/{name}.yaml" for name in ("sync", "account"))
    texts = [account.read_text(), sync.read_text()]
    for number, file in enumerate((sync, account)):
        (cluster.home / f"change-{number}").write_text(f"{file}\n")
    fcgitops("-C", folder, "bootstrap", "prod", "--yes")
    assert sync.read_text() == "kind: Other\n"
    assert [call[-1] for call in cluster.calls("diff")] == texts
    assert [call[-1] for call in cluster.calls("apply")] == ["\n---\n".join(texts)]


def test_nothing_that_is_shown_hides_a_line(
    cluster: Cluster, folder: Path, fcgitops: Fcgitops
) -> None:
    """A carriage return, or an escape sequence, would let a terminal write over it."""
    (cluster.home / "difference").write_text(
        "+  url: https://evil.example\r+  url: https://good.example\n+\x1b[1A\x1b[2K\n::error::x\n",
        newline="",
    )
    ran = fcgitops("-C", folder, "bootstrap", "prod", "--yes")
    assert r"+  url: https://evil.example\r+  url: https://good.example" in ran.out.splitlines()
    assert r"+\x1b[1A\x1b[2K" in ran.out.splitlines()
    assert r"\x3a:error::x" in ran.out.splitlines()
    assert r"applied\rhidden" in ran.out.splitlines()


@pytest.mark.slow
def test_how_the_user_reads_differences_hides_none(
    cluster: Cluster, folder: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window that shows them elsewhere says nothing here, which is no "nothing to do"."""
    monkeypatch.setenv("KUBECTL_EXTERNAL_DIFF", "meld")
    ran = fcgitops("-C", folder, "bootstrap", "prod", "--yes")
    assert "+kind: Kustomization" in ran.out
    assert len(cluster.calls("apply")) == 1


@pytest.mark.slow
def test_a_difference_that_is_not_shown_is_a_failure(
    cluster: Cluster, folder: Path, fcgitops: Fcgitops
) -> None:
    """Nothing is applied that nobody could see."""
    (cluster.home / "difference").write_text("")
    ran = fcgitops("-C", folder, "bootstrap", "prod", "--yes", status=3)
    assert "kubectl, context prod-admin: ended with 1" in ran.err
    assert cluster.calls("apply") == []


@pytest.mark.slow
def test_a_file_for_a_namespace_to_be_made_is_shown_escaped(
    cluster: Cluster, folder: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """It is shown as it stands, since the API server cannot say what it would change."""
    program = cluster.home / "kubectl"
    program.write_text(program.read_text().replace('{"kind": "Namespace"}', ""))
    fcgitops("-C", folder, "nni", "enable", "prod", "--storage", "nfs://10.0.0.1/x")
    nni = folder / "clusters/flux/prod/nni.yaml"
    nni.write_text(nni.read_text() + "# fine\rkind: ClusterRoleBinding\n", newline="")
    ran = fcgitops("-C", folder, "bootstrap", "prod", "--yes")
    assert r"+# fine\rkind: ClusterRoleBinding" in ran.out.splitlines()
    assert len(cluster.calls("diff")) == 2
    assert "# fine\rkind" in cluster.calls("apply")[0][-1]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: Namespace\nmetadata: {name: --kubeconfig=evil}\n", ""),  # is no option of kubectl's
        ("kind: Namespace\nmetadata: [1]\n", ""),
        ("- kind: Namespace\n", ""),
        ("", ""),
        ("kind: [Namespace\n", "nni.yaml: is not valid YAML"),
        ("kind: \xff\n".encode("latin-1"), "nni.yaml:1: is not UTF-8"),
    ],
)
def test_a_file_that_is_no_entry_point(
    text: str | bytes, told: str, cluster: Cluster, folder: Path, fcgitops: Fcgitops
) -> None:
    """What is no name is not asked for as one: kubectl says what it thinks of the file."""
    write(folder, {"clusters/flux/prod/nni.yaml": text})
    ran = fcgitops("-C", folder, "bootstrap", "prod", "--yes", status=2 if told else 0)
    assert told in ran.err
    assert len(cluster.calls("diff")) == (2 if told else 3)
    assert len(cluster.calls("apply")) == (not told)


def test_a_link_is_not_followed(cluster: Cluster, folder: Path, fcgitops: Fcgitops) -> None:
    """An entry point is a plain file of the repository."""
    sync = folder / "clusters/flux/prod/sync.yaml"
    other = cluster.home / "other.yaml"
    other.write_text(sync.read_text())
    sync.unlink()
    sync.symlink_to(other)
    ran = fcgitops("-C", folder, "bootstrap", "prod", "--yes", status=2)
    assert "clusters/flux/prod/sync.yaml: is a symbolic link" in ran.err
    assert cluster.calls("apply") == []


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("server", "doubted"),
    [
        (SERVER, False),
        ("https://10.0.0.1:6443/", False),
        ("https://10.0.0.2:6443", True),
        ("https://10.0.0.1", True),
        ("https://kubernetes.default.svc", False),
    ],
)
def test_the_context_is_compared_with_the_environment(
    server: str, doubted: bool, cluster: Cluster, folder: Path, fcgitops: Fcgitops,
    answering: Callable[[str], None],
) -> None:  # fmt: skip
    """With --yes another address is refused; a person is told of it, and decides."""
    fcgitops("-C", folder, "overlay", "prod", "--cluster", server)
    ran = fcgitops("-C", folder, "bootstrap", "prod", "--yes", status=2 if doubted else 0)
    said = f"leads to {SERVER}, and cluster.server of prod is {server}"
    assert (f"error: context prod-admin: {said} (" in ran.err) == doubted
    assert len(cluster.calls("apply")) == (not doubted)
    if doubted:
        answering("y")
        ran = fcgitops("-C", folder, "bootstrap", "prod")
        assert f"note: the context prod-admin {said}" in ran.err
        assert len(cluster.calls("apply")) == 1


@pytest.mark.slow
def test_the_question_names_where_it_goes(
    cluster: Cluster, folder: Path, fcgitops: Fcgitops, answering: Callable[[str], None]
) -> None:
    """Context and address; a no applies nothing."""
    answering("n")
    ran = fcgitops("-C", folder, "bootstrap", "prod")
    assert f"Apply this to the context prod-admin, {SERVER}?" in ran.err
    assert "nothing was applied" in ran.err
    assert cluster.calls("apply") == []


@pytest.mark.slow
def test_a_context_that_leads_elsewhere_meanwhile(
    cluster: Cluster, folder: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was shown is for one cluster: after the yes it is applied to no other one."""

    def asked(question: str = "") -> str:
        program = cluster.home / "kubectl"
        program.write_text(program.read_text().replace(SERVER, "https://10.0.0.9:6443"))
        return "y"

    monkeypatch.setattr(terminal, "interactive", lambda: True)
    monkeypatch.setattr("click.termui.visible_prompt_func", asked)
    ran = fcgitops("-C", folder, "bootstrap", "prod", status=2)
    assert f"leads to https://10.0.0.9:6443 by now, and what was shown is for {SERVER}" in ran.err
    assert cluster.calls("apply") == []


def test_no_terminal_no_answer(cluster: Cluster, folder: Path, fcgitops: Fcgitops) -> None:
    """Without --yes and without a person it only shows."""
    ran = fcgitops("-C", folder, "bootstrap", "prod")
    assert "+kind: Kustomization" in ran.out
    assert cluster.calls("apply") == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gitops", "path"),
    [
        ("flux", "./team-a/fc/overlays/prod"),
        ("argocd", "team-a/fc/overlays/*/environment.yaml"),
    ],
)
def test_what_is_pointed_at_another_folder_is_left_alone(
    gitops: str, path: str, cluster: Cluster, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Entry points of two folders have the same names: the second would take the first's place.

    Where the folder is gone, as after a move, what is there is to be pointed anew.
    """
    mono = tmp_path / "mono"
    git(tmp_path, "init", "-q", "mono")
    made = ("--gitops", gitops, "--env", "prod", "--repo-url", URL, "--no-input")
    for folder in ("team-a/fc", "team-b/fc"):
        fcgitops("new", "--into", mono, "--path", folder, *made)
    (cluster.home / "path").write_text(path)
    second = mono / "team-b/fc"
    said = fcgitops("-C", second, "bootstrap", "prod", "--yes", status=2).err
    label = "Flux" if gitops == "flux" else "Argo CD"
    assert f"{label} there is pointed at team-a/fc of this Git repository" in said
    assert not cluster.calls("apply")
    fcgitops("-C", mono / "team-a/fc", "bootstrap", "prod", "--yes")
    git(mono, "rm", "-rq", "team-a")
    git(mono, "commit", "-qm", "Gone")
    fcgitops("-C", second, "bootstrap", "prod", "--yes")
    assert len(cluster.calls("apply")) == 2
