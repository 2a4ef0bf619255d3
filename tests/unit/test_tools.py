"""Installing the pinned kustomize."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops.core.errors import ToolError
from fcgitops.programs import install, process
from gitenv import git


@pytest.fixture
def git_alone(tmp_path: Path) -> Path:
    """A folder with git and nothing else."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "git").symlink_to(shutil.which("git") or "")
    return folder


PROGRAM = b"#!/bin/sh\necho v5.8.1\n"
NAME = "kustomize_v5.8.1_linux_amd64.tar.gz"
MODULE = "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1"


def archive(content: bytes) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        member = tarfile.TarInfo("kustomize")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return data.getvalue()


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The release's folder, served over HTTP, to a Linux on amd64 without Go."""
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / NAME).write_bytes(archive(PROGRAM))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=partial(server.serve_forever, 0.01), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setattr(install, "RELEASE", url)
        yield folder
        server.shutdown()


def pin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setitem(install.SHA256, "linux_amd64", hashlib.sha256(data).hexdigest())


def test_archive(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The release's archive is fetched and unpacked; where it is there already, nothing is."""
    pin(monkeypatch, (release / NAME).read_bytes())
    program, digest = install.install(tmp_path / "new" / "bin")
    assert digest == hashlib.sha256(PROGRAM).hexdigest()
    assert program == tmp_path / "new" / "bin" / "kustomize"
    assert process.run([program]).stdout == b"v5.8.1\n"
    assert [path.name for path in program.parent.iterdir()] == ["kustomize"]
    (release / NAME).unlink()
    assert install.install(tmp_path / "new" / "bin", digest) == (program, digest)


def test_replaces_another_version(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kustomize of another version in the folder is replaced."""
    pin(monkeypatch, (release / NAME).read_bytes())
    old = tmp_path / "kustomize"
    old.write_text("#!/bin/sh\necho v5.0.0\n")
    old.chmod(0o755)
    assert install.install(tmp_path)[0].read_bytes() == PROGRAM


def test_what_was_not_installed_here_is_not_started(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it says of its version: who is not known by its digest is replaced unasked."""
    pin(monkeypatch, (release / NAME).read_bytes())
    program = tmp_path / "kustomize"
    for digest in ("", "0" * 64):
        program.write_text(f"#!/bin/sh\necho v5.8.1 >>{tmp_path}/started; echo v5.8.1\n")
        program.chmod(0o755)
        assert install.install(tmp_path, digest)[0].read_bytes() == PROGRAM
    assert not (tmp_path / "started").exists()


EVIL = "#!/bin/sh\ntouch PWNED; echo v5.8.1\n"


def test_tools_remembers_what_it_installed(
    repository: Path, git_alone: Path, release: Path, fcgitops: Fcgitops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """In Git's directory, where no commit puts anything; what was exchanged since is replaced."""
    monkeypatch.setenv("PATH", str(git_alone))
    pin(monkeypatch, (release / NAME).read_bytes())
    monkeypatch.chdir(repository)
    assert fcgitops("tools", "--into", ".tools/bin").out == ".tools/bin/kustomize\n"
    archived = (release / NAME).read_bytes()
    (release / NAME).unlink()
    fcgitops("tools", "--into", ".tools/bin")
    (release / NAME).write_bytes(archived)
    program = repository / ".tools/bin/kustomize"
    program.write_text(EVIL)
    fcgitops("tools", "--into", ".tools/bin")
    assert program.read_bytes() == PROGRAM
    assert not (repository / "PWNED").exists()


@pytest.mark.parametrize(
    "files",
    [
        {".tools/bin/kustomize": EVIL},
        {".tools/bin/other": EVIL},
        {".TOOLS/bin/kustomize": EVIL},
        {".tools": ("link", "overlays")},
    ],
)
def test_a_committed_program_is_refused(
    files: dict[str, str | tuple[str, str]], fcgitops: Fcgitops, repository: Path,
) -> None:  # fmt: skip
    """By `tools`, and by make, which would find it first on PATH."""
    for path, content in files.items():
        file = repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, tuple):
            file.symlink_to(content[1])
        else:
            file.write_text(content)
            file.chmod(0o755)
        git(repository, "add", "--force", path)
    ran = fcgitops("-C", repository, "tools", "--into", ".tools/bin", status=2)
    (path,) = files
    assert f"error: {path}: is in Git, where the programs that are run here must not be" in ran.err
    made = subprocess.run(
        ["make", "help"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert made.returncode != 0
    assert f"{path} is in Git: programs there would be run" in made.stderr
    assert not (repository / "PWNED").exists()


def test_make_runs_no_committed_fcgitops(repository: Path) -> None:
    """Nor the environment that make installs it into."""
    for name in ("ready", "bin/fcgitops"):
        file = repository / ".venv" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(EVIL)
        file.chmod(0o755)
    git(repository, "add", "--force", ".venv")
    made = subprocess.run(
        ["make", "list"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert made.returncode != 0
    assert ".venv/bin/fcgitops is in Git" in made.stderr
    assert not (repository / "PWNED").exists()


def test_replaces_what_does_not_run(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kustomize that does not start, such as another machine's, is replaced."""
    pin(monkeypatch, (release / NAME).read_bytes())
    (tmp_path / "kustomize").write_bytes(b"\x7fELF of another machine")
    assert install.install(tmp_path)[0].read_bytes() == PROGRAM


def test_wrong_content(release: Path, tmp_path: Path) -> None:
    """An archive that is not the pinned one is refused, and nothing of it is written."""
    data = archive(b"evil")
    (release / NAME).write_bytes(data)
    with pytest.raises(ToolError) as caught:
        install.install(tmp_path / "bin")
    found = hashlib.sha256(data).hexdigest()
    assert str(caught.value) == (
        f"{install.RELEASE}{NAME}: is not what was pinned: SHA-256 {found} "
        f"({install.SHA256['linux_amd64']})"
    )
    assert list((tmp_path / "bin").iterdir()) == []


def test_not_there(release: Path, tmp_path: Path) -> None:
    """An archive that cannot be fetched is told with its address and another way."""
    (release / NAME).unlink()
    with pytest.raises(ToolError) as caught:
        install.install(tmp_path / "bin")
    assert str(caught.value) == (
        f"{install.RELEASE}{NAME}: cannot be fetched: HTTP Error 404: File not found "
        "(install Go or kubectl)"
    )


def test_connection_lost(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that breaks off is an error, no traceback."""
    size = (release / NAME).stat().st_size
    monkeypatch.setattr(
        Quiet, "copyfile", lambda _self, source, out: out.write(source.read(size // 2))
    )
    with pytest.raises(ToolError) as caught:
        install.install(tmp_path / "bin")
    assert str(caught.value) == (
        f"{install.RELEASE}{NAME}: cannot be fetched: "
        f"IncompleteRead({size // 2} bytes read, {size - size // 2} more expected) "
        "(install Go or kubectl)"
    )
    assert list((tmp_path / "bin").iterdir()) == []


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("linux", "x86_64", "linux_amd64"),
        ("linux", "aarch64", "linux_arm64"),
        ("darwin", "arm64", "darwin_arm64"),
        ("linux", "riscv64", "linux_riscv64"),
        ("win32", "AMD64", "win32_AMD64"),
    ],
)
def test_platform(
    release: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    machine: str,
    name: str,
) -> None:
    """Each platform has its own archive; one without is told so, with Go's command."""
    (release / NAME).unlink()
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    with pytest.raises(ToolError) as caught:
        install.install(tmp_path / "bin")
    expected = (
        f"{install.RELEASE}kustomize_v5.8.1_{name}.tar.gz: cannot be fetched"
        if name in ("linux_amd64", "linux_arm64", "darwin_arm64")
        else f"kustomize: has no pinned archive for {name} (go install {MODULE})"
    )
    assert str(caught.value).startswith(expected)


GO = """\
#!/bin/sh
echo "$@" "$GOFLAGS" >"$GOBIN/said"
printf '#!/bin/sh\\necho v5.8.1\\n' >"$GOBIN/kustomize"
/bin/chmod +x "$GOBIN/kustomize"
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Go that writes down what it was asked for."""
    path = tmp_path / "path" / "go"
    path.parent.mkdir()
    path.write_text(GO)
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent))
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.usefixtures("go")
def test_go(tmp_path: Path) -> None:
    """Where Go is, it builds the pinned version, into a folder that may be relative."""
    program, _ = install.install(Path("bin"))
    assert process.run([program.absolute()]).stdout == b"v5.8.1\n"
    assert (tmp_path / "bin" / "said").read_text() == f"install {MODULE} -buildvcs=false\n"


@pytest.mark.parametrize(
    ("script", "reason"),
    [("echo first >&2; echo go: no network >&2", "go: no network"), (":", "no reason given")],
)
def test_go_fails(go: Path, script: str, reason: str) -> None:
    """Where Go fails, its last line is the reason, and the command can be typed again."""
    go.write_text(f"#!/bin/sh\n{script}\nexit 1\n")
    with pytest.raises(ToolError) as caught:
        install.install(Path("bin"))
    assert str(caught.value) == f"go install: failed: {reason} (go install {MODULE})"


def test_pins() -> None:
    """There is a SHA-256 for Linux and macOS, each another one."""
    assert set(install.SHA256) == {
        f"{system}_{machine}" for system in ("linux", "darwin") for machine in ("amd64", "arm64")
    }
    assert {len(bytes.fromhex(digest)) for digest in install.SHA256.values()} == {32}
    assert len(set(install.SHA256.values())) == 4
