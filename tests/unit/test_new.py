"""`fcgitops new` as a user types it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import fcgitops as package
import pytest
from conftest import Fcgitops, snapshot, tree
from fcgitops.commands.new import _own_branch as own_branch
from fcgitops.model import answersfile
from gitenv import git, state, write


def log(folder: Path) -> list[str]:
    """Subjects, newest first."""
    return git(folder, "log", "--format=%s").splitlines()


def test_new_commits_a_whole_repository(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """One commit on main, a clean work tree, and what to do next."""
    ran = fcgitops("new", tmp_path / "deploy", "--env", "dev", "--env", "prod=customized-config",
                   "--no-input", "--repo-url", "https://git.example.com/deploy.git")  # fmt: skip

    folder = tmp_path / "deploy"
    assert ran.out == ""
    assert "overlays/prod (customized-config)" in ran.err
    assert f"next: cd {folder} && make help" in ran.err
    assert git(folder, "log", "--format=%an %s %D") == "Ada Scaffold deploy HEAD -> main"
    assert git(folder, "status", "--porcelain", "--ignored") == ""
    assert git(folder, "remote", "get-url", "origin") == "https://git.example.com/deploy.git"
    assert [path.name for path in tmp_path.iterdir()] == ["deploy"]


def test_new_says_all_mistakes_at_once_and_writes_nothing(
    fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Each on its line with key, what is wrong and what would be right."""
    write(tmp_path, {"answers.yaml": "profil: hardened\nrepo_url: https://u:p@git.example.com/x\n"})
    ran = fcgitops("new", tmp_path / "deploy", "--answers", tmp_path / "answers.yaml", "--no-input",
                   "--env", "Prod", "--env", "ok", "--env", "ok", "--gitops", "argo",
                   "--set", "image.tag=", status=2)  # fmt: skip

    assert ran.err.splitlines() == [
        "error: profil: is no question (did you mean 'profile'?)",
        "error: gitops: 'argo' is not known (did you mean 'argocd'?)",
        "error: repo_url: carries a user or password (leave it out: Git's credential helper keeps "
        "secrets)",
        "error: environments: 'Prod' is not valid (a DNS label: lower-case letters, digits and '-' "
        "between them, at most 63)",
        "error: environments: 'ok' is named twice (each environment once)",
    ]
    assert not (tmp_path / "deploy").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "imag.tag=v1"], "--set: 'imag.tag' is not known (did you mean 'image.tag'?)"),
        (["--set", "profile"], "--set: 'profile' has no '=' (KEY=VALUE)"),
        (["--set", "repo_slug=other"], "repo_slug: 'other' is not DEST's last part, 'deploy'"),
        (["--push"], "--push: has nowhere to push to (--repo-url URL)"),
        (["--no-commit", "--branch", "x"], "--branch: commits, and --no-commit does not"),
        (["--answers", "nowhere.yaml"], "nowhere.yaml: cannot be read: No such file or directory"),
        (["--set", "image.tag=", "--env", "a"], "image.tag: is empty, and so is image.digest"),
        (["--set", "image.tag=latest"], "defaults: image.tag: is 'latest', another image every"),
        (["--set", "namespace=kube-system", "--env", "a"], "'kube-system' is not Framework"),
    ],
)
def test_new_refuses(
    arguments: list[str], message: str, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Wrong options: status 2, nothing written."""
    ran = fcgitops("new", tmp_path / "deploy", "--no-input", *arguments, status=2)

    assert message in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a b", "-x", "x\ny", "$(id)", "{{x}}", "a" * 64, "ｐ", ".git"])
def test_new_refuses_a_name_that_is_none(name: str, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """DEST's last part is the repository's name."""
    ran = fcgitops("new", "--no-input", "--", tmp_path / name, status=2)

    assert "error: repo_slug: " in ran.err
    assert len(ran.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_new_refuses_a_destination_that_is_taken(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """A file, a link to nothing, a folder with something in it, one inside a repository."""
    write(tmp_path, {"file": "x", "full/x": "x", "outer/x": "x"})
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    git(tmp_path / "outer", "init", "-q")
    before = snapshot(tmp_path)
    for name, message in {
        "file": "is a file (a folder that does not exist yet)",
        "link": "is a symbolic link to nothing (another DEST)",
        "full": "is not empty, and no repository of fcgitops (a folder that does not exist yet, ",
        "outer/deploy": f"is inside the Git repository {tmp_path / 'outer'}",
        "outer/a/b/deploy": f"is inside the Git repository {tmp_path / 'outer'}",
    }.items():
        assert message in fcgitops("new", tmp_path / name, "--no-input", status=2).err
    assert snapshot(tmp_path) == before


def test_new_inside_a_repository_that_ignores_the_place(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """As our own build/demo/ is."""
    write(tmp_path, {".gitignore": "/build/\n"})
    git(tmp_path, "init", "-q")
    fcgitops("new", tmp_path / "build" / "deploy", "--no-input")

    assert log(tmp_path / "build" / "deploy") == ["Scaffold deploy"]


def test_new_again_with_the_same_answers_does_nothing(repository: Path, fcgitops: Fcgitops) -> None:
    """Also after environments were added and edited."""
    fcgitops("-C", repository, "overlay", "stage")
    before = state(repository)
    ran = fcgitops("new", repository, "--env", "dev", "--no-input")

    assert "nothing to do" in ran.err
    assert state(repository) == before


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("forge", "ci"),
    [
        ("both", {".github", ".gitlab-ci.yml"}),
        ("github", {".github"}),
        ("gitlab", {".gitlab-ci.yml"}),
    ],
)
def test_the_forge_is_an_answer(
    forge: str, ci: set[str], fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """It has that one's CI, and nothing else follows from it."""
    folder = tmp_path / "deploy"
    fcgitops("new", folder, "--no-input", "--set", f"forge={forge}")
    assert {".github", ".gitlab-ci.yml"} & {path.name for path in folder.iterdir()} == ci
    assert "nothing to do" in fcgitops("-C", folder, "update").err
    assert git(folder, "status", "--porcelain") == ""


@pytest.mark.slow
def test_the_synced_branch_is_an_answer(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """It is committed to, both tools follow it, and nothing else says `main`."""
    folder = tmp_path / "deploy"
    made = ("new", folder, "--no-input", "--gitops", "both", "--env", "dev", "--env", "prod")
    fcgitops(*made, "--set", "branch=deploy/all")
    fcgitops("-C", folder, "overlay", "prod", "--set", "sync=flux")
    share = ("--storage", "nfs://10.0.0.1/x")
    fcgitops("-C", folder, "nni", "enable", "dev", *share)
    fcgitops("-C", folder, "nni", "enable", "prod", *share)
    fcgitops("-C", folder, "nni", "experiment", "mnist", "--env", "prod")

    assert git(folder, "branch", "--format=%(refname:short)") == "deploy/all"
    named: dict[str, int] = {}
    for path in git(folder, "ls-files", "clusters", ".github", ".gitlab-ci.yml").splitlines():
        text = (folder / path).read_text()
        assert not re.search(r"\bmain\b", text), path
        if not path.endswith(".fcgitops"):
            named[path] = text.count("deploy/all\n")
    assert {path: times for path, times in named.items() if times} == {
        "clusters/argocd/applicationset.yaml": 2,
        "clusters/argocd/nni.yaml": 5,
        "clusters/flux/prod/sync.yaml": 1,
    }
    fcgitops("-C", folder, "verify")
    assert "nothing to do" in fcgitops(*made).err  # it is the repository's own branch


def test_the_branch_of_an_empty_repository_is_the_default(tmp_path: Path) -> None:
    """That of a fresh `git init`; `main` where there is none, or the one of fcgitops.yaml."""
    assert own_branch(tmp_path / "new") == "main"
    (tmp_path / "empty").mkdir()
    assert own_branch(tmp_path / "empty") == "main"
    git(tmp_path, "init", "-q", "-b", "trunk", "fresh")
    assert own_branch(tmp_path / "fresh") == "trunk"


def test_new_again_with_other_answers_names_update(repository: Path, fcgitops: Fcgitops) -> None:
    """Status 2; environments that are not there name the command that adds them."""
    before = state(repository)
    ran = fcgitops("new", repository, "--gitops", "flux", "--env", "x", "--env",
                   "dev=customized-config", "--no-input", status=2)  # fmt: skip

    assert "was generated from other answers (another DEST, or the answers" in ran.err
    assert (
        "--env x: is not in the repository that is there already "
        f"(fcgitops -C {repository} overlay x" in ran.err
    )
    assert "--env dev: has another variant" in ran.err
    assert state(repository) == before


def test_new_without_commit_leaves_everything_staged(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """And the next overlay says what to do first."""
    fcgitops("new", tmp_path / "deploy", "--no-commit", "--no-input")

    assert git(tmp_path / "deploy", "status", "--porcelain").startswith("A  ")
    ran = fcgitops("-C", tmp_path / "deploy", "overlay", "dev", status=2)
    assert "git commit" in ran.err


def test_new_dry_run_prints_the_diff_and_writes_nothing(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """A diff that git can apply, of just the tree that new commits."""
    ran = fcgitops("new", tmp_path / "deploy", "--env", "dev", "--no-input", "--dry-run")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "applied").mkdir()
    git(tmp_path / "applied", "init", "-q")
    git(tmp_path / "applied", "apply", data=ran.out)
    fcgitops("new", tmp_path / "deploy", "--env", "dev", "--no-input")

    git(tmp_path / "applied", "add", "-Af")
    assert git(tmp_path / "applied", "write-tree") == tree(tmp_path / "deploy")


@pytest.mark.slow
def test_new_asks_on_a_terminal_until_the_answer_is_right(git_home: Path, tmp_path: Path) -> None:
    """Missing answers only, each checked at once."""
    typed = ["argo", "flux", "", "dev prod=customised", "dev prod=customized-config", ""]
    code = (  # a terminal keeps what is typed ahead
        "import pty, os, sys\n"
        "command = [sys.executable, '-m', 'fcgitops', 'new', 'deploy', '--profile', 'upstream']\n"
        "pid, fd = pty.fork()\n"
        "if pid == 0: os.execv(sys.executable, command)\n"
        f"os.write(fd, {chr(10).join([*typed, '']).encode()!r})\n"
        "seen = b''\n"
        "while True:\n"
        "    try: chunk = os.read(fd, 4096)\n"
        "    except OSError: break\n"
        "    seen += chunk\n"
        "sys.stdout.write(seen.decode())\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        check=False, env={**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])},
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Profile" not in ran.stdout
    assert "'argo' is not known (did you mean 'argocd'?)" in ran.stdout
    assert "'customised' is no variant (did you mean 'customized-config'?)" in ran.stdout
    recorded = answersfile.load((tmp_path / "deploy" / "fcgitops.yaml").read_bytes())
    assert (recorded.profile, recorded.gitops) == ("upstream", "flux")
    assert (tmp_path / "deploy" / "overlays" / "prod" / "frameworkcontroller.yaml").exists()


def test_new_works_below_a_link(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """A home is often a link to somewhere else."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    fcgitops("new", tmp_path / "link" / "deploy", "--no-input")

    assert log(tmp_path / "real" / "deploy") == ["Scaffold deploy"]


def test_new_says_mistakes_of_file_and_options_together(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Whichever way each came."""
    write(tmp_path, {"a.yaml": "gitops: argo\ndefaults: {imag: {}}\n"})
    ran = fcgitops("new", tmp_path / "deploy", "--answers", tmp_path / "a.yaml", "--no-input",
                   "--set", "foo=1", "--env", "B", "--profile", "x", status=2)  # fmt: skip
    for word in ("'argo'", "imag", "'foo'", "'B'", "'x'"):
        assert word in ran.err


def test_new_pushes_what_was_not_pushed(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """The same command again finishes the work after a refused push."""
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    arguments = [tmp_path / "deploy", "--no-input", "--repo-url", f"file://{tmp_path}/remote.git"]
    fcgitops("new", *arguments)
    fcgitops("new", *arguments, "--push")

    assert log(tmp_path / "remote.git") == ["Scaffold deploy"]
