"""The user's hooks and signing, in every commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from commits import AFTER, BEFORE, CHANGES, Make
from fcgitops import __version__
from fcgitops.core.errors import FoundError, ToolError
from fcgitops.git.authors import last_changes
from fcgitops.git.history import History
from fcgitops.git.repo import open_repository
from gitenv import files, git, state, write

pytestmark = pytest.mark.usefixtures("git_home")


def hook(top: Path, name: str, script: str) -> None:
    """Install a hook."""
    path = top / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


class TestHooks:
    """The user's hooks."""

    def test_sees_what_is_committed(self, make_repository: Make, tmp_path: Path) -> None:
        """pre-commit sees precisely what will be committed, and not the user's other files."""
        top = make_repository(BEFORE)
        write(top, {"keep": "dirty", "untracked": "u", "staged": "s"})
        git(top, "add", "staged")
        seen = tmp_path / "seen"
        looks = f"(git diff --cached --name-status; git status -s) >{seen}"
        hook(top, "pre-commit", f"{looks}\ncp -r . {tmp_path}/copy")
        open_repository(top).commit(CHANGES, "m")
        assert seen.read_text() == ("M\ta\nD\td/b\nA\tnew/x/y\nM  a\nD  d/b\nA  new/x/y\n")
        assert files(tmp_path / "copy") == AFTER
        assert git(top, "status", "--porcelain") == " M keep\nA  staged\n?? untracked"
        assert git(top, "diff", "--cached", "--name-only") == "staged"

    def test_nothing_of_the_checkout_is_imported(
        self, make_repository: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The program that a hook is told of is this one, whatever modules the repository has."""
        monkeypatch.delenv("FCGITOPS", raising=False)
        top = make_repository({**BEFORE, "fcgitops/__init__.py": "1 / 0\n"})
        hook(top, "pre-commit", "$FCGITOPS --version >&2 && exit 1")
        with pytest.raises(FoundError) as caught:
            open_repository(top).commit(CHANGES, "m")
        told = [str(problem) for problem in caught.value.problems]
        assert told[1:] == [f"fcgitops {__version__}"]

    @pytest.mark.parametrize("name", ["pre-commit", "prepare-commit-msg", "commit-msg"])
    def test_refuses(self, make_repository: Make, name: str) -> None:
        """A hook that fails leaves everything as it was, and its words are passed on."""
        top = make_repository(BEFORE)
        hook(top, name, "echo out; echo not like this >&2; exit 3")
        before = state(top)
        with pytest.raises(FoundError) as caught:
            open_repository(top).commit(CHANGES, "m")
        told = [str(problem) for problem in caught.value.problems]
        way_on = " (-m MESSAGE gives it another message)" if name == "commit-msg" else ""
        assert told[0] == f"{name} hook: refused the commit; nothing was written{way_on}"
        assert sorted(told[1:]) == ["not like this", "out"]
        assert state(top) == before

    def test_of_the_branch_that_moves(self, make_repository: Make, tmp_path: Path) -> None:
        """reference-transaction is asked before the branch moves, and told when it has."""
        top = make_repository(BEFORE)
        script = f'echo "$1" $(cut -d " " -f 3) >>{tmp_path}/seen; test ! -e {tmp_path}/no'
        hook(top, "reference-transaction", script)
        (tmp_path / "no").touch()
        before = state(top)
        with pytest.raises(FoundError) as caught:
            open_repository(top).commit(CHANGES, "m")
        told = [str(problem) for problem in caught.value.problems]
        assert told[0] == "reference-transaction hook: refused the commit; nothing was written"
        assert state(top) == before
        (tmp_path / "no").unlink()
        (tmp_path / "seen").unlink()
        open_repository(top).commit(CHANGES, "m")
        seen = (tmp_path / "seen").read_text().splitlines()
        assert seen == ["prepared refs/heads/main HEAD", "committed refs/heads/main HEAD"]

    def test_message(self, make_repository: Make) -> None:
        """The hooks of the message may change it; they know where it comes from."""
        top = make_repository(BEFORE)
        hook(top, "prepare-commit-msg", 'echo "from $2" >>"$1"')
        hook(top, "commit-msg", 'git diff --cached --name-only | wc -l >>"$1"')
        open_repository(top).commit(CHANGES, "subject")
        message = git(top, "log", "-1", "--format=%B").split()
        assert message == ["subject", "from", "message", "3"]

    def test_empty_message(self, make_repository: Make) -> None:
        """An empty message aborts the commit, as always."""
        top = make_repository(BEFORE)
        hook(top, "commit-msg", ': >"$1"')
        with pytest.raises(FoundError, match="empty message"):
            open_repository(top).commit(CHANGES, "m")
        assert files(top) == BEFORE

    def test_post_commit(self, make_repository: Make, tmp_path: Path) -> None:
        """post-commit runs at the end; it may commit itself, and its failure is no matter."""
        top = make_repository(BEFORE)
        hook(
            top,
            "post-commit",
            f"git log -1 --format=%s >{tmp_path}/seen; git status -s >>{tmp_path}/seen; exit 1",
        )
        open_repository(top).commit(CHANGES, "m")
        assert (tmp_path / "seen").read_text() == "m\n"

    def test_hooks_path(self, make_repository: Make) -> None:
        """core.hooksPath is followed, relative to the top."""
        top = make_repository({**BEFORE, "in/x": "1"})
        write(top, {".githooks/pre-commit": "#!/bin/sh\nexit 1\n"})
        (top / ".githooks" / "pre-commit").chmod(0o755)
        git(top, "config", "core.hooksPath", ".githooks")
        with pytest.raises(FoundError):
            open_repository(top / "in").commit({"x": b"2"}, "m")

    def test_staging_hook(self, make_repository: Make) -> None:
        """A hook that stages changes of its own is refused: the commit would lack them."""
        top = make_repository(BEFORE)
        hook(top, "pre-commit", "echo more >>a; git add a")
        with pytest.raises(FoundError, match="stages changes of its own"):
            open_repository(top).commit(CHANGES, "m")
        assert (files(top), git(top, "status", "--porcelain")) == (BEFORE, "")

    def test_changing_hook(self, make_repository: Make) -> None:
        """What a hook changes without staging it is dropped, as `git commit` would."""
        top = make_repository(BEFORE)
        hook(top, "pre-commit", "echo more >>a")
        open_repository(top).commit(CHANGES, "m")
        assert (files(top), git(top, "status", "--porcelain")) == (AFTER, "")

    def test_not_without_commit(self, make_repository: Make) -> None:
        """Without a commit no hook runs."""
        top = make_repository(BEFORE)
        hook(top, "pre-commit", "exit 1")
        open_repository(top).commit(CHANGES, "m", commit=False)
        assert files(top) == AFTER


def signs(top: Path, folder: Path) -> None:
    """Have commits signed with a new SSH key, which Git trusts."""
    key = folder / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(command, check=True)
    allowed = folder / "allowed"
    allowed.write_text(f"ada@example.com {key.with_suffix('.pub').read_text()}")
    for name, value in {
        "gpg.format": "ssh",
        "user.signingKey": str(key),
        "gpg.ssh.allowedSignersFile": str(allowed),
        "commit.gpgSign": "yes",
    }.items():
        git(top, "config", name, value)


class TestSigning:
    """commit.gpgSign, with the user's own settings."""

    def test_ssh(self, make_repository: Make, tmp_path: Path) -> None:
        """A commit is signed where the user signs commits."""
        top = make_repository(BEFORE)
        signs(top, tmp_path)
        open_repository(top).commit(CHANGES, "m")
        assert git(top, "log", "-1", "--format=%G? %GS") == "G ada@example.com"

    def test_what_a_person_reads(self, make_repository: Make, tmp_path: Path) -> None:
        """Signatures, colours and letters that Git prints for a person are in no answer to us."""
        top = make_repository(BEFORE)
        signs(top, tmp_path)
        open_repository(top).commit(CHANGES, "é")
        for name, value in {
            "log.showSignature": "true",
            "log.follow": "true",
            "submodule.recurse": "true",
            "color.grep": "always",
            "i18n.logOutputEncoding": "ISO-8859-1",
            "diff.orderFile": "/not/there",
        }.items():
            git(top, "config", name, value)
        history = History(top)
        assert history.title(history.head).endswith(": é)")
        assert history.changes_of(["a"], 1)[0][0] == history.head.name
        assert history.head.grep(["y"], "", ["y"]) == {"new/x/y"}
        assert last_changes(top, "new")["x"].subject == "é"

    def test_fails(self, make_repository: Make) -> None:
        """A commit that cannot be signed is not made."""
        top = make_repository(BEFORE)
        git(top, "config", "commit.gpgSign", "true")
        git(top, "config", "gpg.program", "false")
        with pytest.raises(ToolError, match="gpg failed to sign the data"):
            open_repository(top).commit(CHANGES, "m")
        assert (files(top), git(top, "status", "--porcelain")) == (BEFORE, "")
