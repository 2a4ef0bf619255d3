"""What a command that is typed before each commit costs, counted: imports, processes, builds."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops
from fcgitops.commands import diff, promote, verify
from fcgitops.diff import fleet
from fcgitops.git import program
from fcgitops.model.layout import VARIANTS
from fcgitops.programs import process
from fcgitops.verify.session import Session
from gitenv import git

PROD = "overlays/prod/frameworkcontroller.yaml"


def imported(root: Path, command: str) -> set[str]:
    """The modules that a command typed alone has imported at its end."""
    code = (
        "import atexit, sys\n"
        "from fcgitops import __main__\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        f"sys.argv = ['fcgitops', '{command}']\n"
        "__main__.main()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    return set(ran.stderr.splitlines()[-1].split())


def test_a_clean_tree_is_compared_without_what_compares(repository: Path) -> None:
    """Neither the command line, nor YAML, nor a rule is imported: git's answer is all."""
    there = imported(repository, "diff")
    assert "fcgitops.commands.diff" in there
    assert not {"click", "yaml", "fcgitops.diff.fleet", "fcgitops.diff.compare"} & there


def test_what_is_known_is_verified_without_the_checks(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second run compares hashes: neither the command line, nor YAML, nor a check."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first, again = (imported(repository, "verify") for _ in range(2))
    heavy = {"yaml", "fcgitops.verify.verification", "fcgitops.verify.catalogue"}
    assert heavy <= first
    assert not {"zoneinfo", "fcgitops.programs.kubectl", "fcgitops.text.yamlmerge"} & first
    assert "fcgitops.verify.session" in again
    assert not {"click", "tempfile", *heavy} & again


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each program was started, and what is kept between runs in a place of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found: Counter[str] = Counter()
    run = process.run

    def counted(command: list[str], **options: object) -> process.Result:
        words = [word for word in command[1:] if word[:1] != "-" and "=" not in word]
        found[f"{Path(command[0]).name} {words[0]}"] += 1
        return run(command, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(process, "run", counted)
    return found


def test_one_changed_is_one_build(repository: Path, asked: Counter[str]) -> None:
    """`verify` asks kustomize for its version once, and git for two things in each run."""
    assert verify.run(repository) == 0
    file = repository / PROD
    file.write_text(file.read_text().replace("workerNumber: 500\n", "workerNumber: 700\n"))
    asked.clear()
    assert verify.run(repository) == 0
    assert asked == {"git ls-tree": 1, "git rev-parse": 1, "kustomize build": 1}


def test_one_environment_that_differs_is_one_build(repository: Path, asked: Counter[str]) -> None:
    """Each thing is asked of git once, and HEAD's side is built for the first time alone."""
    file = repository / PROD
    text = file.read_text()
    for number, builds in ((700, 2), (701, 1)):
        file.write_text(text.replace("workerNumber: 500\n", f"workerNumber: {number}\n"))
        assert file.read_text() != text
        asked.clear()
        assert diff.run(repository) == 0
        assert asked.pop("kustomize build") == builds
        assert set(asked.values()) == {1}, asked
    assert asked.keys() - {"kustomize version", "git version"} == {
        "git status", "git rev-parse", "git ls-tree", "git hash-object", "git grep", "git cat-file",
    }  # fmt: skip


def test_promotion_to_more_environments_asks_git_no_more(
    copy_of: CopyOf, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked of each is asked of all at once: former configurations, sources, renderings."""
    names = ("a", "b", "c", "d")
    options = [
        word for name in ("staging", *names) for word in ("--env", f"{name}=customized-config")
    ]
    folder = copy_of(["new", "deploy", *options])
    fcgitops("-C", folder, "overlay", "staging", "--set", "workerNumber=9")
    monkeypatch.setattr(fleet, "_MANY", 0)
    asked: Counter[str] = Counter()
    ask = program.Git.ask

    def counted(self: program.Git, *words: str, **options: object) -> program.Answer:
        asked[words[0]] += 1
        return ask(self, *words, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(program.Git, "ask", counted)
    found: list[Counter[str]] = []
    for to in (names[:1], names):
        asked.clear()
        given = dict.fromkeys(("label", "wave", "context", "status", "overrule", "from_repo"))
        assert promote.run(folder, "staging", to, **given, trailers=(), dry_run=True) == 0
        found.append(asked.copy())
    assert found[1] <= found[0]
    assert found[1]["log"] == 1


ALIKE = ("a", "b", "c")


@pytest.fixture
def labelled(copy_of: CopyOf, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Environments that differ in their names alone, which stand above their generated patches."""
    new = ["new", "deploy", *(word for name in ALIKE for word in ("--env", name))]
    labels = [["overlay", name, "--set", "labels.tier=prod", "--no-commit"] for name in ALIKE]
    folder = copy_of(new, *labels)
    git(folder, "commit", "-qam", "labels")
    monkeypatch.chdir(folder)
    return folder


def test_what_differs_by_the_environment_s_name_is_built_once(
    labelled: Path, asked: Counter[str]
) -> None:
    """A change of the base is one build a side, however many environments render it."""
    base = labelled / "base/statefulset.yaml"
    base.write_text(base.read_text().replace("memory: 1Gi", "memory: 2Gi"))
    assert diff.run(labelled) == 0
    assert asked["kustomize build"] == 2


@pytest.mark.parametrize(
    "generator",
    [
        "configMapGenerator: [{name: c, files: [patches/statefulset.yaml]}]",
        "generators: [made.yaml]",
    ],
)
@pytest.mark.slow
def test_what_a_generator_of_the_user_s_may_read_is_built_for_each(
    generator: str, labelled: Path, asked: Counter[str]
) -> None:
    """It takes a file as it is, and with it the comment that names the environment."""
    made = "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: c}\nliterals: [a=b]\n"
    for name in ALIKE:
        folder = labelled / "overlays" / name
        with (folder / "kustomization.yaml").open("a") as file:
            file.write(f"{generator}\n")
        if "made.yaml" in generator:
            (folder / "made.yaml").write_text(made)
    assert diff.run(labelled) == 0
    assert asked["kustomize build"] == len(ALIKE) + 1  # HEAD's render the same
    asked.clear()
    verify.run(labelled)
    assert asked["kustomize build"] == len(ALIKE) + len(VARIANTS)


def test_no_environment_is_kept_once_it_is_verified(repository: Path, asked: Counter[str]) -> None:
    """Memory does not grow by what a fleet's environments are; `asked` keeps results elsewhere."""
    ran = Session(repository)
    ran.verify(ran.wanted([], None, None))
    assert asked["kustomize build"] == 4
    assert ran._run
    assert ran._run.repository._known == {}
