"""Installs the pinned kustomize: by Go where Go is, else from the release's archive."""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import platform
import sys
import tarfile
import urllib.request
from pathlib import Path

from fcgitops.core.errors import Problem, ToolError
from fcgitops.programs import process
from fcgitops.programs.kustomize import PINNED

MODULE = f"sigs.k8s.io/kustomize/kustomize/v5@v{PINNED}"
RELEASE = f"https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv{PINNED}/"
SHA256 = {
    "linux_amd64": "029a7f0f4e1932c52a0476cf02a0fd855c0bb85694b82c338fc648dcb53a819d",
    "linux_arm64": "0953ea3e476f66d6ddfcd911d750f5167b9365aa9491b2326398e289fef2c142",
    "darwin_amd64": "ee7cf0c1e3592aa7bb66ba82b359933a95e7f2e0b36e5f53ed0a4535b017f2f8",
    "darwin_arm64": "8886f8a78474e608cc81234f729fda188a9767da23e28925802f00ece2bab288",
}
"""Platform → SHA-256 of kustomize_v5.8.1_PLATFORM.tar.gz, as in the release's checksums.txt."""


def install(folder: Path, digest: str = "") -> tuple[Path, str]:
    """Puts the pinned kustomize into `folder`, where it is not there already.

    Args:
        folder: where it belongs.
        digest: the SHA-256 of what was installed there before; empty where that is not known. What
            has another one is not started, and is replaced.

    Returns:
        The program's path, and its SHA-256.

    Raises:
        ToolError: there is no Go and no archive, or what came is not what was pinned.
    """
    program = folder / "kustomize"
    if digest and _digest(program) == digest and _is_pinned(program):
        return program, digest
    folder.mkdir(parents=True, exist_ok=True)
    if go := process.which("go"):
        _go_install(go, program)
    else:
        _unpack(_download(_platform()), program)
    return program, _digest(program)


def _digest(program: Path) -> str:
    """The SHA-256 of a plain file; empty where there is none."""
    if program.is_symlink() or not program.is_file():
        return ""
    return hashlib.sha256(program.read_bytes()).hexdigest()


def _is_pinned(program: Path) -> bool:
    """Whether it runs here, and is the pinned version."""
    try:
        return PINNED in process.run([program, "version"]).stdout.decode()
    except ToolError:
        return False


def _go_install(go: str, program: Path) -> None:
    program.unlink(missing_ok=True)
    settings = {"GOFLAGS": "-buildvcs=false", "CGO_ENABLED": "0"}  # no C compiler needed
    env = {**os.environ, **settings, "GOBIN": str(program.parent.resolve())}
    result = process.run([go, "install", MODULE], env=env, timeout=900)
    if result.status:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ToolError(Problem("go install", f"failed: {reason}", f"go install {MODULE}"))


def _platform() -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{sys.platform}_{machine}"


def _download(name: str) -> bytes:
    if name not in SHA256:
        raise ToolError(
            Problem("kustomize", f"has no pinned archive for {name}", f"go install {MODULE}")
        )
    url = f"{RELEASE}kustomize_v{PINNED}_{name}.tar.gz"
    try:
        with urllib.request.urlopen(url, timeout=120) as answer:  # noqa: S310 - https above
            data: bytes = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise ToolError(
            Problem(url, f"cannot be fetched: {error}", "install Go or kubectl")
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256[name]:
        raise ToolError(Problem(url, f"is not what was pinned: SHA-256 {found}", SHA256[name]))
    return data


def _unpack(archive: bytes, program: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        member = tar.extractfile("kustomize")
        content = member.read() if member else b""
    pending = program.with_suffix(".part")
    pending.write_bytes(content)
    pending.chmod(0o755)
    pending.replace(program)
