"""Building fetches nothing that is not pinned and allowed, and ends within a time and a size."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops.core.errors import InputError, ToolError
from fcgitops.programs import kustomize, references
from fcgitops.programs.kustomize import Kustomize, WouldFetch
from gitenv import git, write

SHA = "0123456789abcdef0123456789abcdef01234567"
INLINE = "{apiVersion: builtin, kind: PatchTransformer, metadata: {name: a}, path: URL/x}"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
LOCAL = "overlays/dev/local/kustomization.yaml"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """What is asked of a web server on this machine; its address is the first entry."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(MAP.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    paths.append(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield paths
    server.shutdown()
    server.server_close()


def test_the_server_would_be_asked(asked: list[str], tmp_path: Path) -> None:
    """Of kustomize itself, so that the tests below can fail."""
    write(tmp_path, {"kustomization.yaml": f"resources: [{asked[0]}/x.yaml]\n"})
    program = kustomize.find().command
    subprocess.run([*program, str(tmp_path)], check=True, capture_output=True)
    assert asked[1:] == ["/x.yaml"]


@pytest.mark.sampled(16)
@pytest.mark.parametrize(
    "text",
    [
        "resources: [URL/x.yaml]",
        "components: [URL/x]",
        "bases: [URL/x]",
        "patches: [{path: URL/x.yaml, target: {kind: StatefulSet}}]",
        "configMapGenerator: [{name: a, files: [x=URL/x]}]",
        "configMapGenerator: [{name: a, envs: [URL/x]}]",
        "replacements: [{path: URL/x}]",
        "crds: [URL/x]",
        "configurations: [URL/x]",
        "openapi: {path: URL/x}",
        "transformers: [URL/x.yaml]",
        "transformers: [own.yaml]",
        f"transformers: ['{INLINE}']",
        "x: &a [URL/x.yaml]\nresources: *a",
        "<<: {resources: [URL/x.yaml]}",
        "components: [../team]",
        "resources: ['URL/x.yaml\n']",
        'resources: ["\\x68ttp:\\x2f\\x2f127.0.0.1:PORT/x.yaml"]',
    ],
)
def test_nothing_is_fetched_by_http(text: str, asked: list[str], tmp_path: Path) -> None:
    """Wherever a path may stand: kustomize is not started."""
    port = asked[0].rpartition(":")[2]
    own = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: a}\npath: URL/x.yaml\n"
    files = {
        "a/kustomization.yaml": f"{text}\n",
        "a/own.yaml": own,
        "team/kustomization.yaml": f"{COMPONENT}resources: [URL/x.yaml]\n",
    }
    for path, data in files.items():
        write(tmp_path, {path: data.replace("URL", asked[0]).replace("PORT", port)})
    with pytest.raises(WouldFetch) as caught:
        kustomize.find().build(tmp_path / "a")
    (problem,) = caught.value.problems
    assert problem.where in ("kustomization.yaml", "own.yaml", "../team/kustomization.yaml")
    assert problem.what.endswith(", which kustomize would fetch at each build")
    assert asked[1:] == []


def test_no_command_fetches(
    asked: list[str], fcgitops: Fcgitops, repository: Path, tmp_path: Path
) -> None:
    """It is a finding for `verify`, and the end of `build`; the other overlays are well."""
    write(repository, {LOCAL: f"{COMPONENT}resources: [{asked[0]}/x.yaml]\n"})
    ran = fcgitops("-C", repository, "verify", status=1)
    (line,) = ran.out.splitlines()
    assert line == (
        f"dev: FCG45: {LOCAL}:3: local/kustomization.yaml names {asked[0]}/x.yaml, which kustomize "
        "would fetch at each build (copy it into the repository, or name one commit: "
        "https://HOST/PATH?ref=COMMIT)"
    )
    fcgitops("-C", repository, "build", status=3)
    fcgitops("-C", repository, "build", "dev", "--output", tmp_path / "out", status=3)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "hostile")
    fcgitops("-C", repository, "overlay", "dev", "--cluster", "other", "--dry-run")
    fcgitops("-C", repository, "remove", "dev", "--dry-run")
    assert asked[1:] == []


@pytest.mark.parametrize(
    ("text", "pinned"),
    [
        (f"https://git.example.com/a/b//c?ref={SHA}", True),
        (f"https://git.example.com/a/b//c?timeout=9s&ref={SHA}", True),
        (f"ssh://git@git.example.com/a/b?ref={SHA}", True),
        (f"git@github.com:a/b.git?ref={SHA}", True),
        (f"git::https://git.example.com/a/b?ref={SHA}&submodules=false", True),
        ("https://git.example.com/a/b?ref=main", False),
        (f"https://git.example.com/a/b?ref={SHA[:12]}", False),
        (f"https://git.example.com/a/b?refs={SHA}", False),
        (f"https://git.example.com/a/b?ref={SHA}&ref=main", False),
        ("https://git.example.com/a/b", False),
        ("github.com/a/b", False),
        (f"github.com/a/b?ref={SHA}", False),
        ("git@github.com:a/b", False),
        (f"http://git.example.com/a/b?ref={SHA}", False),
        (f"file:///srv/b?ref={SHA}", False),
        ("file:///srv/b", False),
        ("https://example.com/x.yaml", False),
    ],
)
def test_what_is_pinned(
    text: str, pinned: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One commit of a Git repository, by https or ssh; and only that may be allowed."""
    write(tmp_path, {"kustomization.yaml": f"resources: ['{text}']\n"})
    (remote,) = references.remotes(tmp_path)
    assert (remote.text, remote.pinned) == (text, pinned)
    stub = tmp_path / "kustomize"
    stub.write_text(f"#!{sys.executable}\nimport json, os\nprint(json.dumps(dict(os.environ)))\n")
    stub.chmod(0o755)
    program = Kustomize((str(stub), "build"), "5.8.1", "test")
    monkeypatch.delenv(kustomize.FETCH, raising=False)
    with pytest.raises(WouldFetch, match="at each build" if not pinned else "FCGITOPS_FETCH=1"):
        program.build(tmp_path)
    monkeypatch.setenv(kustomize.FETCH, "1")
    if pinned:
        env = json.loads(program.build(tmp_path))
        assert env["GIT_TERMINAL_PROMPT"] == "0"
        assert env.get("GIT_ALLOW_PROTOCOL") != "none"
    else:
        with pytest.raises(WouldFetch):
            program.build(tmp_path)


def test_what_is_no_reference_is_none(fcgitops: Fcgitops, repository: Path) -> None:
    """URLs in labels, literals, inline patches and images are values."""
    write(repository, {LOCAL: (
        f"{COMPONENT}commonAnnotations: {{docs: https://example.com/a}}\n"
        "configMapGenerator: [{name: a, literals: [URL=https://example.com/a]}]\n"
        "patches:\n- target: {kind: Service}\n  patch: |-\n"
        "    - {op: add, path: /metadata/annotations, value: {a: https://example.com}}\n"
    )})  # fmt: skip
    assert references.remotes(repository / "overlays/dev") == []
    fcgitops("-C", repository, "build", "dev")


def test_git_and_the_network_are_shut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For what no file says that is read before; the rest of the environment stays."""
    stub = tmp_path / "kustomize"
    stub.write_text(f"#!{sys.executable}\nimport json, os\nprint(json.dumps(dict(os.environ)))\n")
    stub.chmod(0o755)
    write(tmp_path, {"kustomization.yaml": ""})
    monkeypatch.setenv("MINE", "1")
    monkeypatch.setenv("NO_PROXY", "git.example.com")
    env = json.loads(Kustomize((str(stub), "build"), "5.8.1", "test").build(tmp_path))
    assert (env["MINE"], env["NO_PROXY"], env["GIT_ALLOW_PROTOCOL"]) == ("1", "", "none")
    assert env["HTTPS_PROXY"] == env["https_proxy"] == "http://127.0.0.1:9"
    refused = subprocess.run(
        ["git", "ls-remote", f"file://{tmp_path}"],
        check=False,
        env=env,
        capture_output=True,
        text=True,
    )
    assert "transport 'file' not allowed" in refused.stderr


BOMB = "".join(
    f"  {name}: &{name} [{', '.join(['*' + before] * 10 if before else ['x'] * 10)}]\n"
    for before, name in zip(["", *"abcdefgh"], "abcdefghi", strict=True)
)


def test_an_alias_bomb_ends(
    fcgitops: Fcgitops, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written out it would take all memory that there is; other overlays are built."""
    monkeypatch.setattr(kustomize, "MEMORY", 256 << 20)
    write(repository, {
        "overlays/dev/local/bomb.yaml": f"{MAP}data:\n{BOMB}",
        LOCAL: f"{COMPONENT}resources: [bomb.yaml]\n",
    })  # fmt: skip
    start = time.monotonic()
    ran = fcgitops("-C", repository, "verify", status=1)
    assert "dev: FCG00: kustomize cannot build it: it takes over 256 MiB of memory" in ran.out
    assert [line for line in ran.out.splitlines() if not line.startswith("dev: ")] == []
    assert time.monotonic() - start < 120


@pytest.mark.slow
def test_a_build_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, and said so."""
    write(tmp_path, {"kustomization.yaml": "resources: []\n"})
    stub = tmp_path / "kustomize"
    stub.write_text("#!/bin/sh\nexec sleep 600\n")
    stub.chmod(0o755)
    monkeypatch.setattr(kustomize, "TIME", 1)
    with pytest.raises(ToolError, match="did not end within 1 s"):
        Kustomize((str(stub), "build"), "5.8.1", "test").build(tmp_path)


def test_a_build_that_prints_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no API server takes is not looked at."""
    write(tmp_path, {"kustomization.yaml": "resources: []\n"})
    stub = tmp_path / "kustomize"
    stub.write_text("#!/bin/sh\nhead -c 3000000 /dev/zero\n")
    stub.chmod(0o755)
    monkeypatch.setattr(kustomize, "OUTPUT", 1 << 20)
    with pytest.raises(ToolError, match="renders over 1 MiB"):
        Kustomize((str(stub), "build"), "5.8.1", "test").build(tmp_path)


def test_a_kustomization_that_cannot_be_read_is_not_built(
    fcgitops: Fcgitops, repository: Path
) -> None:
    """Nobody knows what it would fetch."""
    write(repository, {LOCAL: "a: b: c\n"})
    ran = fcgitops("-C", repository, "verify", "dev", status=1)
    assert "dev: FCG00: kustomize was not asked: " in ran.out
    assert "local/kustomization.yaml: is not valid YAML" in ran.out


def test_a_loop_ends(tmp_path: Path) -> None:
    """Folders that name each other are met once; a node that holds itself is refused."""
    write(tmp_path, {
        "a/kustomization.yaml": "resources: [../b]\n",
        "b/kustomization.yaml": "resources: [../a, https://example.com/x]\n",
    })  # fmt: skip
    assert [remote.text for remote in references.remotes(tmp_path / "a")] == [
        "https://example.com/x"
    ]
    write(tmp_path, {"a/kustomization.yaml": "resources: &x [../b, *x]\n"})
    with pytest.raises(InputError, match="with its aliases written out"):
        references.remotes(tmp_path / "a")
