"""A generated repository's Makefile, with the real make: no name is ever run."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import Fcgitops
from fcgitops import __version__
from gitenv import git

FCGITOPS = f"{sys.executable} -m fcgitops"
GENERATOR = str(Path(__file__).parents[2] / "generator")
HOSTILE = [
    "$(shell touch pwned)",
    "${shell touch pwned}",
    "$$(touch pwned)",
    "`touch pwned`",
    "a; touch pwned",
    "a' ; touch pwned ; '",
    'a" ; touch pwned ; "',
    "a\ntouch pwned",
    "a && touch pwned",
    "$(eval pwned:=$(shell touch pwned))",
    "--help",
    "-C/tmp",
    "../x",
    "x y",
    "#x",
    "ｐrod",
    "a" * 64,
]


OUTSIDE_MAKE = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
"""Within another make, such as that of `make test`, it would say which folder it enters."""


def make(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs make as a user would type it."""
    return subprocess.run(
        ["make", f"FCGITOPS={FCGITOPS}", *arguments], cwd=folder, capture_output=True, text=True,
        check=False, env={**OUTSIDE_MAKE, "PYTHONPATH": GENERATOR, **env},
    )  # fmt: skip


def test_overlay_adds_and_changes_an_environment(repository: Path) -> None:
    """The words of the issue: `make overlay ENV=… VARIANT=…`."""
    ran = make(repository, "overlay", "ENV=stage", "VARIANT=customized-config", "CLUSTER=c1")

    assert ran.returncode == 0, ran.stderr
    assert git(repository, "log", "-1", "--format=%s") == "Add environment stage"
    text = (repository / "overlays" / "stage" / "environment.yaml").read_text()
    assert "variant: customized-config\ncluster:\n  name: c1\n" in text


@pytest.mark.parametrize(
    ("version", "program"),
    [(__version__, "fcgitops"), ("0.0.1", ".venv/bin/fcgitops"), ("", ".venv/bin/fcgitops")],
)
def test_the_fcgitops_on_path_serves_where_it_has_the_version(
    repository: Path, tmp_path: Path, version: str, program: str
) -> None:
    """The version that wrote the repository: it is used; another, or none: one is installed."""
    tools = tmp_path / "bin"
    tools.mkdir()
    if version:
        (tools / "fcgitops").write_text(f"#!/bin/sh\necho fcgitops {version}\n")
        (tools / "fcgitops").chmod(0o755)
    shown = subprocess.run(
        ["make", "--dry-run", "list"], cwd=repository, capture_output=True, text=True, check=True,
        env={**OUTSIDE_MAKE, "PATH": f"{tools}:/usr/bin:/bin"},
    ).stdout.splitlines()  # fmt: skip
    assert shown[-1] == f"{program} list"
    assert any("pip install" in line for line in shown) == (program != "fcgitops")


@pytest.mark.parametrize(
    ("version", "program"),
    [("9.0.0", "fcgitops"), (__version__, ".venv/bin/fcgitops"), ("", ".venv/bin/fcgitops")],
)
def test_update_is_by_another_version(
    repository: Path, tmp_path: Path, version: str, program: str
) -> None:
    """The one on PATH, if it is another one than this repository's; else requirements.txt's."""
    tools = tmp_path / "bin"
    tools.mkdir()
    if version:
        (tools / "fcgitops").write_text(f"#!/bin/sh\necho fcgitops {version}\n")
        (tools / "fcgitops").chmod(0o755)
    shown = subprocess.run(
        ["make", "--dry-run", "update", "CHECK=1"], cwd=repository, capture_output=True, text=True,
        check=True, env={**OUTSIDE_MAKE, "PATH": f"{tools}:/usr/bin:/bin"},
    ).stdout.splitlines()  # fmt: skip
    assert shown[-1].startswith(f"{program} update ")
    assert any("pip install" in line for line in shown) == (program != "fcgitops")


def test_update_and_take_reach_fcgitops(repository: Path) -> None:
    """Their switches, too."""
    assert words(repository, "update") == ["update"]
    assert words(repository, "update", "CHECK=1") == ["update", "--check"]
    assert words(repository, "overlay", "ENV=prod", "TAKE=1") == ["overlay", "--take", "--", "prod"]


WORDS = "#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done\n"
"""Prints the words that make hands to fcgitops, each ended by a NUL."""


def words(folder: Path, *typed: str) -> list[str]:
    """What fcgitops gets of `make TYPED…`, word by word."""
    program = folder.parent / "words"
    program.write_text(WORDS)
    program.chmod(0o755)
    ran = make(folder, f"FCGITOPS={program}", *typed)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split("\0")[:-1]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("target", "variable", "word"),
    [
        ("overlay", "ENV", "{}"),
        ("overlay", "VARIANT", "--variant={}"),
        ("overlay", "CLUSTER", "--cluster={}"),
        ("overlay", "NAMESPACE", "--namespace={}"),
        ("overlay", "CONFIG", "--config={}"),
        ("nni", "ENV", "{}"),
        ("nni", "STORAGE", "--storage={}"),
        ("nni", "NAMESPACE", "--namespace={}"),
        ("experiment", "NAME", "{}"),
        ("experiment", "ENV", "--env={}"),
        ("experiment", "FROM", "--from={}"),
    ],
)
def test_neither_make_nor_the_shell_runs_a_name(
    repository: Path, target: str, variable: str, word: str
) -> None:
    """Each hostile value, as each variable: it reaches fcgitops as one word, letter by letter."""
    for value in HOSTILE:
        found = words(repository, target, f"{variable}={value}")

        options, name = found[: found.index("--")], found[found.index("--") + 1 :]
        assert found.count(word.format(value)) == 1, (value, found)
        assert (options if word != "{}" else name)[-1] == word.format(value)
        assert len(name) == 1, found
        assert not list(repository.parent.rglob("pwned")), value
    assert git(repository, "status", "--porcelain", "--ignored") == ""


@pytest.mark.slow
def test_fcgitops_refuses_what_make_hands_over(repository: Path, fcgitops: Fcgitops) -> None:
    """Each hostile value, as each option of `overlay` and of NNI's commands: nothing changes."""
    before = git(repository, "rev-parse", "HEAD")
    nni = ["--storage=nfs://nas/other"]
    for value in HOSTILE:
        long_name = value.isalnum() and value.isascii()  # Argo CD's names of clusters may be long
        for arguments in (
            ["overlay", "--", value],
            ["overlay", f"--variant={value}", "--", "stage"],
            *([] if long_name else [["overlay", f"--cluster={value}", "--", "stage"]]),
            ["overlay", f"--namespace={value}", "--", "stage"],
            ["overlay", f"--config={value}", "--", "stage"],
            ["nni", "enable", *nni, "--", value],
            ["nni", "enable", f"--storage={value}", "--", "prod"],
            ["nni", "enable", *nni, f"--namespace={value}", "--", "prod"],
            ["nni", "experiment", "--env=prod", "--", value],
            ["nni", "experiment", f"--env={value}", "--", "mnist"],
            ["nni", "experiment", "--env=prod", f"--from={value}", "--", "mnist"],
        ):
            ran = fcgitops("-C", repository, *arguments, status=2)
            assert "error: " in ran.err, (arguments, ran.err)
    assert git(repository, "rev-parse", "HEAD") == before
    assert git(repository, "status", "--porcelain", "--ignored") == ""


@pytest.fixture
def with_nni(repository: Path) -> Path:
    """A repository whose environment prod is ready for experiments."""
    ran = make(repository, "nni", "ENV=prod", "STORAGE=nfs://nas/nni", "NAMESPACE=trials")
    assert ran.returncode == 0, ran.stderr
    return repository


def test_nni_and_experiment(with_nni: Path) -> None:
    """`make nni` and `make experiment`, in the words of the README; a folder's name has a space."""
    text = (with_nni / "overlays" / "prod" / "environment.yaml").read_text()
    assert "nni:\n  storage: nfs://nas/nni\n  namespace: trials\n" in text
    mine = with_nni.parent / "my code"
    mine.mkdir()
    (mine / "trial.py").write_text("import nni\n")
    ran = make(with_nni, "experiment", "NAME=mnist", "ENV=prod", f"FROM={mine}")
    assert ran.returncode == 0, ran.stderr
    assert git(with_nni, "log", "-1", "--format=%s") == "Add experiment mnist"
    (with_nni / "experiments/mnist/code/trial.py").write_text("import nni  # more\n")
    assert make(with_nni, "experiment", "NAME=mnist").returncode == 0
    assert git(with_nni, "log", "-1", "--format=%s") == "Change experiment mnist"


@pytest.mark.slow
def test_a_hostile_file_is_no_part_of_a_command(with_nni: Path) -> None:
    """Names of files in the experiment's folder reach neither make nor a shell."""
    assert make(with_nni, "experiment", "NAME=mnist", "ENV=prod").returncode == 0
    for name in ("$(touch pwned)", "`touch pwned`", "a; touch pwned", "--help", "a\ntouch pwned"):
        path = with_nni / "experiments" / "mnist" / "code" / name
        path.write_text("")
        ran = make(with_nni, "experiment", "NAME=mnist")
        assert ran.returncode == (0 if name == "--help" else 2), (name, ran.stderr)
        assert make(with_nni, "test").returncode == (0 if name == "--help" else 2)
        assert not list(with_nni.rglob("pwned")), name
        if name != "--help":
            path.unlink()


def test_a_name_that_leaks_in_from_the_environment_is_not_taken(repository: Path) -> None:
    """ENV is a common variable of shells and CI."""
    ran = make(repository, "overlay", ENV="leaked", VARIANT="customized-config")

    assert ran.returncode == 2
    assert "has no name" in ran.stderr
    assert not (repository / "overlays" / "leaked").exists()


ECHO = """\
#!/usr/bin/env python3
import json, os, sys
print(json.dumps([sys.argv[1:], os.environ.get("KIND_CONFIG"), os.environ.get("TASK_IMAGE")]))
"""


def told(folder: Path, *arguments: str, **env: str) -> Any:
    """What `make kind-test` hands to fcgitops: arguments and two of its settings."""
    program = folder / "echo.py"
    program.write_text(ECHO)
    ran = make(folder, f"FCGITOPS={sys.executable} {program}", "kind-test", *arguments, **env)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ([], []),
        (["ENV=prod"], ["--", "prod"]),
        (["ENV=all"], ["--all"]),
        (["ENV=all", "KEEP=1"], ["--keep", "--all"]),
        (["ENV=prod", "KEEP=0"], ["--", "prod"]),
    ],
)
def test_kind_test(repository: Path, typed: list[str], expected: list[str]) -> None:
    """One environment or all; neither name counts where it leaks in from the environment."""
    found = told(repository, *typed, ENV="leaked", KEEP="1")

    assert found[0] == ["kind-test", *expected]


@pytest.mark.slow
def test_settings_of_kind_test_are_never_run(repository: Path) -> None:
    """They come as they are, from the environment or typed, as does a name."""
    for value in HOSTILE:
        name = ["--", value]
        assert told(repository, f"ENV={value}")[0] == ["kind-test", *name]
        assert told(repository, f"KIND_CONFIG={value}", TASK_IMAGE=value)[1:] == [value, value]
        assert not list(repository.rglob("pwned")), value


def test_help_names_every_setting_of_kind_test(repository: Path) -> None:
    """And each target with its whole line, bars included."""
    out = make(repository, "help").stdout

    for name in ("KIND_NODE_IMAGE", "KIND_CONFIG", "FRAMEWORKCONTROLLER_IMAGE", "TASK_IMAGE"):
        assert f"\n  {name} " in out
    assert "make kind-test  [ENV=prod|all] [KEEP=1]: " in out


@pytest.mark.sampled(3)
@pytest.mark.parametrize("target", ["test", "build", "config", "list", "doctor", "help"])
def test_every_other_target_works(repository: Path, target: str) -> None:
    """In a repository as it is generated."""
    ran = make(repository, target)

    assert ran.returncode == 0, ran.stderr
    assert git(repository, "status", "--porcelain") == ""


def test_config_sees_what_would_be_generated(repository: Path) -> None:
    """So does the hook, which types it: a staged edit that nothing was generated of yet."""
    source = repository / "overlays" / "prod" / "environment.yaml"
    source.write_text(source.read_text() + "settings: {workerNumber: 0}\n")
    git(repository, "add", "-A")
    ran = make(repository, "config")

    assert ran.returncode != 0
    assert "environment.yaml:9: reject: FCC15: settings.workerNumber: is 0" in ran.stdout


def test_test_fails_where_an_overlay_does_not_build(repository: Path) -> None:
    """`make test` is a check that can fail."""
    (repository / "overlays" / "prod" / "local" / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [nowhere.yaml]\n"
    )
    ran = make(repository, "test")

    assert ran.returncode == 2
    assert "prod: FCG00: overlays/prod/local/nowhere.yaml: is missing" in ran.stdout


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A folder of wheels that pip takes for the index, with two versions of a small fcgitops."""
    folder = tmp_path / "index"
    folder.mkdir()
    for version in ("9.0.0", "9.0.1"):
        info = f"frameworkcontroller_gitops-{version}.dist-info"
        name = f"frameworkcontroller_gitops-{version}-py3-none-any.whl"
        with zipfile.ZipFile(folder / name, "w") as wheel:
            wheel.writestr(
                f"{info}/METADATA",
                f"Metadata-Version: 2.1\nName: frameworkcontroller-gitops\nVersion: {version}\n",
            )
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
            wheel.writestr(f"{info}/RECORD", "")
    return folder


def install(repository: Path, index: Path, target: str = ".venv/ready") -> str:
    """What `make TARGET` says, with the wheels of `index` alone; empty where all is well."""
    env = {**OUTSIDE_MAKE, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)}
    ran = subprocess.run(["make", target, f"PYTHON={sys.executable}"], cwd=repository, env=env,
                         capture_output=True, text=True, check=False)  # fmt: skip
    return ran.stderr if ran.returncode else ""


@pytest.mark.cluster  # it takes none, but half a minute of virtual environments
def test_a_lock_is_all_that_is_installed(repository: Path, index: Path) -> None:
    """`make lock` writes the hashes; make then takes those wheels and no others."""
    download = ["download", "--quiet", "--dest", str(index), "pip-tools==7.6.2"]
    got = subprocess.run([sys.executable, "-m", "pip", *download], capture_output=True, check=False)
    if got.returncode:
        pytest.skip("no package index to get pip-tools from")
    pinned = repository / "requirements.txt"
    pinned.write_text("frameworkcontroller-gitops==9.0.0\n")
    wheel = index / "frameworkcontroller_gitops-9.0.0-py3-none-any.whl"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()

    assert install(repository, index, "lock") == ""
    lock = (repository / "requirements.lock").read_text()
    assert f"==9.0.0 \\\n    --hash=sha256:{digest}\n" in lock
    assert str(index) not in lock
    assert install(repository, index) == ""

    pinned.write_text("frameworkcontroller-gitops==9.0.1\n")
    assert "is not of this requirements.txt: make lock" in install(repository, index)

    pinned.write_text("frameworkcontroller-gitops==9.0.0\n")
    with zipfile.ZipFile(wheel, "a") as changed:
        changed.writestr("evil.py", "")
    assert "DO NOT MATCH THE HASHES" in install(repository, index)

    pinned.write_text("frameworkcontroller-gitops @ git+https://git.example.com/a/b.git@main\n")
    assert "has no index version" in install(repository, index, "lock")
