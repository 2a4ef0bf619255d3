"""The other commands as a user types them, in a real repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import fcgitops as package
import pytest
from conftest import Fcgitops, tree
from fcgitops.fcconfig.check import check as check_config
from fcgitops.manifests import retired
from fcgitops.model.environment import KEYS
from fcgitops.verify import catalogue
from gitenv import git, state, write


def log(folder: Path) -> list[str]:
    """Subjects, newest first."""
    return git(folder, "log", "--format=%s").splitlines()


def test_remove_takes_out_all_of_an_environment(repository: Path, fcgitops: Fcgitops) -> None:
    """The tree is as if it had never been; a name that is not there is refused."""
    before = tree(repository)
    fcgitops("-C", repository, "overlay", "stage", "--variant", "customized-config")
    fcgitops("-C", repository, "remove", "stage")

    assert tree(repository) == before
    assert not (repository / "overlays" / "stage").exists()
    assert "did you mean 'prod'?" in fcgitops("-C", repository, "remove", "prd", status=2).err
    assert "default-config: is a variant, and no environment" in (
        fcgitops("-C", repository, "remove", "default-config", status=2).err
    )


def test_remove_names_what_nobody_generated(repository: Path, fcgitops: Fcgitops) -> None:
    """What people have put into the folder: in the output, dry or not, and in the commit."""
    write(repository, {"overlays/prod/local/a.yaml": "b: 1\n", "overlays/prod/NOTES": "Ada's\n"})
    write(repository, {"overlays/prod/retired.yaml": f"{retired.MARK}: what … was\n"})  # ours
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "By hand")
    told = (
        "files that nobody generated:\n- overlays/prod/NOTES goes\n"
        "- overlays/prod/local/a.yaml goes\n"
    )
    dry = fcgitops("-C", repository, "remove", "prod", "--dry-run")
    ran = fcgitops("-C", repository, "remove", "prod")
    assert told in dry.err
    assert told in ran.err
    assert git(repository, "log", "-1", "--format=%b") == told
    ran = fcgitops("-C", repository, "remove", "dev")  # whose local/ is as it was made
    assert "nobody generated" not in ran.err


def test_remove_refuses_to_delete_what_is_not_committed(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """An edit that only the disk has."""
    write(repository, {"overlays/dev/local/kustomization.yaml": "# mine\n"})
    before = state(repository)
    ran = fcgitops("-C", repository, "remove", "dev", status=2)

    assert "overlays/dev/local/kustomization.yaml" in ran.err
    assert state(repository) == before


def test_list_as_text_and_json(repository: Path, fcgitops: Fcgitops) -> None:
    """One row an environment, sorted."""
    assert fcgitops("-C", repository, "list").out == (
        "NAME  VARIANT            CLUSTER  SERVER  NAMESPACE            SYNC\n"
        "dev   default-config     dev              frameworkcontroller  argocd\n"
        "prod  customized-config  prod             frameworkcontroller  argocd\n"
    )
    rows = json.loads(fcgitops("-C", repository, "list", "--format", "json").out)
    assert rows[1] == {
        "name": "prod",
        "variant": "customized-config",
        "cluster": "prod",
        "server": "",
        "namespace": "frameworkcontroller",
        "sync": "argocd",
    }


def test_list_shows_what_it_can_read_and_says_what_it_cannot(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """Status 2, but the other rows are there."""
    write(repository, {"overlays/dev/environment.yaml": "variant: [\n"})
    ran = fcgitops("-C", repository, "list", status=2)

    assert "prod  customized-config" in ran.out
    assert "overlays/dev/environment.yaml" in ran.err


def test_build_to_stdout_and_to_files(repository: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """The named ones, or all; each file is what stdout shows."""
    out = fcgitops("-C", repository, "build", "prod", "dev").out
    fcgitops("-C", repository, "build", "--output", tmp_path / "out")

    assert out.startswith("# overlays/prod\napiVersion: v1\n")
    assert "\n---\n# overlays/dev\n" in out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "customized-config.yaml", "default-config.yaml", "dev.yaml", "prod.yaml",
    ]  # fmt: skip
    assert (tmp_path / "out" / "prod.yaml").read_text() in out


def test_build_says_what_kustomize_says(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Every overlay that fails, status 3, nothing written."""
    for name in ("dev", "prod"):
        (repository / "overlays" / name / "local" / "kustomization.yaml").write_text("kind: X\n")
    ran = fcgitops("-C", repository, "build", "--output", tmp_path / "out", status=3)

    assert "error: dev: kustomize cannot build it: " in ran.err
    assert "error: prod: kustomize cannot build it: " in ran.err
    assert not (tmp_path / "out").exists()
    assert "did you mean 'prod'?" in fcgitops("-C", repository, "build", "prd", status=2).err


def test_verify_finds_what_kustomize_lets_pass(repository: Path, fcgitops: Fcgitops) -> None:
    """As text and as JSON, status 1."""
    write(repository, {"overlays/prod/local/kustomization.yaml":
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "patches:\n- target: {kind: StatefulSet}\n"
        "  patch: |-\n    - {op: replace, path: /spec/replicas, value: 2}\n"})  # fmt: skip
    ran = fcgitops("-C", repository, "verify", status=1)
    place = "overlays/prod/local/kustomization.yaml"
    assert ran.out == f"prod: FCG01: {place}:6: has 2 replicas (1: it is one per cluster)\n"
    found = json.loads(fcgitops("-C", repository, "verify", "--format", "json", status=1).out)
    assert found == [{"rule": "FCG01", "severity": "hazard", "overlay": "prod",
                      "object": "StatefulSet frameworkcontroller", "file": place, "line": 6,
                      "path": "", "message": "has 2 replicas",
                      "hint": "1: it is one per cluster"}]  # fmt: skip


def test_verify_finds_two_environments_on_one_cluster(repository: Path, fcgitops: Fcgitops) -> None:
    """As a merge of two branches can bring them."""
    source = repository / "overlays" / "dev" / "environment.yaml"
    source.write_text(source.read_text().replace("name: dev", "name: prod"))

    assert "FCG11" in fcgitops("-C", repository, "verify", status=1).out


def test_doctor_lists_every_program_and_version(
    repository: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 3 where something needed is missing."""
    ran = fcgitops("doctor")
    for name in (
        "fcgitops",
        "python",
        "git",
        "kustomize",
        "make",
        "cookiecutter",
        "GitPython",
        "PyYAML",
    ):
        assert any(line.startswith(f"{name} ") for line in ran.out.splitlines()), name
    monkeypatch.setenv("KUSTOMIZE", "/nowhere/kustomize")
    assert (
        "missing: $KUSTOMIZE: /nowhere/kustomize is no program" in fcgitops("doctor", status=3).out
    )


def test_version_needs_nothing_but_python() -> None:
    """Not even click is imported."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "fcgitops", "--version"],
        capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])},
    )  # fmt: skip

    assert ran.stdout == f"fcgitops {package.__version__}\n"
    assert "click" not in ran.stderr


@pytest.mark.parametrize(
    "arguments", [["nope"], ["overlay"], ["new"], ["list", "--nope"], ["overlay", "a", "b"]]
)
def test_wrong_usage_is_status_2(arguments: list[str], fcgitops: Fcgitops) -> None:
    """With click's usage, without a traceback."""
    ran = fcgitops(*arguments, status=2)

    assert ran.out == ""
    assert "Usage: fcgitops" in ran.err


@pytest.mark.parametrize("profile", ["hardened", "upstream"])
def test_the_generated_docs_name_every_key(
    profile: str, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """It is where users look them up."""
    fcgitops("new", tmp_path / "deploy", "--profile", profile, "--no-input")
    text = (tmp_path / "deploy/docs/fcgitops/environments.md").read_text()

    missing = [path for path in KEYS if f"`{path}`" not in text]
    hardened = ["image.tagPolicy", "egress.mode", "egress.endpoints"]
    assert missing == ([] if profile == "hardened" else hardened)


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "<<<<<<< yours\nworkerNumber: 1\n=======\n",
            ":2: is not valid YAML: mapping values are not allowed in this context [FCC01]",
        ),
        (
            "kubeClientQps: [\n",
            ":2: is not valid YAML: did not find expected node content [FCC01]",
        ),
        (
            "workerNumer: 1\n",
            ":1: workerNumer: is no key that FrameworkController reads [FCC11] "
            "(did you mean 'workerNumber'?)",
        ),
        (
            "# few\nworkerNumber: many\n",
            ":2: workerNumber: is 'many' [FCC12] (a whole number, at least 1)",
        ),
        (
            "workerNumber: 1\nworkerNumber: 2\n",
            ":2: workerNumber: is given on line 1 already: the last one wins [FCC03] "
            "(keep one of the two)",
        ),
    ],
)
def test_verify_reads_the_configuration(
    text: str, message: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """FrameworkController reads its file without strictness, and conflict markers get committed."""
    write(repository, {"overlays/prod/frameworkcontroller.yaml": text})
    ran = fcgitops("-C", repository, "verify", status=1)

    assert ran.out == f"prod: FCG05: overlays/prod/frameworkcontroller.yaml{message}\n"


@pytest.mark.slow
def test_verify_says_all_of_an_edited_configuration(repository: Path, fcgitops: Fcgitops) -> None:
    """Each mistake with its line; what is right, and only worth knowing, is no finding."""
    config = repository / "overlays" / "prod" / "frameworkcontroller.yaml"
    text = config.read_text()
    config.write_text(text.replace("workerNumber: 500", "workerNumber: 400 # fewer"))
    fcgitops("-C", repository, "verify")
    config.write_text("workerNumber: 5000\npodFailureSpec: []\n")
    assert {"FCC31", "FCC32", "FCC33"} <= {
        found.rule for found in check_config(config.read_bytes())
    }
    fcgitops("-C", repository, "verify")

    config.write_text(
        text.replace("workerNumber: 500", "workerNumber: 0").replace("code: -1001", "code: -1000")
    )
    line = text.splitlines().index("- code: -1001") + 1
    place = "prod: FCG05: overlays/prod/frameworkcontroller.yaml"
    assert fcgitops("-C", repository, "verify", status=1).out.splitlines() == [
        f"{place}:4: workerNumber: is 0 [FCC15] (a whole number, at least 1)",
        f"{place}:{line}: podFailureSpec[1].code: -1000 is podFailureSpec[0]'s already [FCC22] "
        "(each code once)",
    ]
    found = json.loads(fcgitops("-C", repository, "verify", "--format", "json", status=1).out)
    assert found[0] == {
        "rule": "FCG05",
        "severity": "reject",
        "overlay": "prod",
        "object": "",
        "file": "overlays/prod/frameworkcontroller.yaml",
        "line": 4,
        "path": "workerNumber",
        "message": "is 0 [FCC15]",
        "hint": "a whole number, at least 1",
    }


def test_verify_reads_the_variants_configuration(repository: Path, fcgitops: Fcgitops) -> None:
    """Its owners may change it, and each environment that has no such setting gets it."""
    config = repository / "overlays" / "customized-config" / "frameworkcontroller.yaml"
    config.write_text(config.read_text().replace("kubeClientQps: 200", "kubeClientQps: 0"))
    out = fcgitops("-C", repository, "verify", status=1).out
    assert (
        "customized-config: FCG05: overlays/customized-config/frameworkcontroller.yaml:2: "
        "kubeClientQps: is 0 [FCC15]" in (out)
    )
    assert "prod: FCG12: overlays/prod/frameworkcontroller.yaml is not in line" in out


@pytest.mark.parametrize("profile", ["hardened", "upstream"])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            "{kubeClientQps: 0}",
            "defaults: settings.kubeClientQps: is 0 [FCC15] (a number, above 0, at most 10000)",
        ),
        (
            "{workerNumber: many}",
            "defaults: settings.workerNumber: is 'many' [FCC12] (a whole number, at least 1)",
        ),
        (
            "{podFailureSpec: [{podPatterns: [{}]}]}",
            "defaults: settings.podFailureSpec[0]: has no code [FCC15] "
            "(a whole number: at most -1000, or from 1 to 199, or at least 220)",
        ),
        (
            "{workerNumer: 1}",
            "defaults: settings: 'workerNumer' is no setting of FrameworkController "
            "(did you mean 'workerNumber'?)",
        ),
    ],
)
def test_new_refuses_wrong_settings_in_the_defaults(
    profile: str, settings: str, message: str, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Once, however many environments would have them, and nothing is made."""
    environments = ["--env", "a=customized-config", "--env", "b=customized-config"]
    ran = fcgitops(
        "new", tmp_path / "deploy", "--profile", profile, *environments, "--no-input",
        "--set", f"settings={settings}", status=2,
    )  # fmt: skip

    assert ran.err == f"error: {message}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_new_takes_right_settings_in_the_defaults(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Each environment of customized-config has them, and those after it."""
    folder = tmp_path / "deploy"
    fcgitops("new", folder, "--env", "a=customized-config", "--no-input",
             "--set", "settings={workerNumber: 8}")  # fmt: skip
    fcgitops("-C", folder, "overlay", "b", "--variant", "customized-config")

    a, b = (folder / f"overlays/{name}/frameworkcontroller.yaml" for name in "ab")
    assert "\nworkerNumber: 8\n" in a.read_text()
    assert a.read_text() == b.read_text()
    fcgitops("-C", folder, "verify")


def test_an_environment_whose_source_is_gone_is_seen(repository: Path, fcgitops: Fcgitops) -> None:
    """Its overlay still builds, and may still be synced."""
    source = repository / "overlays" / "prod" / "environment.yaml"
    source.unlink()
    assert "prod: FCG11: overlays/prod/environment.yaml is missing" in (
        fcgitops("-C", repository, "verify", status=1).out
    )
    ran = fcgitops("-C", repository, "list", status=2)
    assert "overlays/prod/environment.yaml: is missing, or no plain file" in ran.err
    assert "dev  " in ran.out
    os.mkfifo(source)
    for command in (["list"], ["overlay", "prod"]):
        assert "no plain file" in fcgitops("-C", repository, *command, status=2).err


def test_remove_refuses_to_leave_files_behind(repository: Path, fcgitops: Fcgitops) -> None:
    """An untracked file would be all that is left of the environment."""
    write(repository, {"overlays/dev/local/mine.yaml": "a: b\n"})
    before = state(repository)
    ran = fcgitops("-C", repository, "remove", "dev", status=2)

    assert "overlays/dev/local/mine.yaml: is not committed, and would stay behind" in ran.err
    assert state(repository) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["overlay", "q", "--namespace", "\udcff"],
        ["overlay", "q", "--branch", "\udcff"],
        ["overlay", "q", "--set", 'annotations={a: "\udcff"}'],
        ["new", "\udcff"],
    ],
)
def test_an_argument_that_is_no_text(
    arguments: list[str], repository: Path, fcgitops: Fcgitops
) -> None:
    """One line, status 2, no traceback."""
    ran = fcgitops("-C", repository, *arguments, status=2)

    assert ran.err.count("\n") == 1
    assert "is not UTF-8 text" in ran.err


@pytest.mark.parametrize("profile", ["hardened", "upstream"])
def test_the_generated_docs_say_what_is_checked(
    profile: str, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Its table is the registry's: `make docs` writes it."""
    fcgitops("new", tmp_path / "deploy", "--profile", profile, "--no-input")
    text = (tmp_path / "deploy/docs/fcgitops/checks.md").read_text()

    assert text.endswith("\n\n" + "\n".join(catalogue.table()) + "\n")


@pytest.mark.slow
def test_a_kustomize_that_does_not_tell_its_version_is_remarked(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one from `go install` may be: used, and said."""
    program = tmp_path / "kustomize"
    program.write_text(
        '#!/bin/sh\n[ "$1" = version ] && echo "(devel)" || exec kubectl kustomize "$2"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("KUSTOMIZE", str(program))
    for command in ("verify", "build"):
        assert "does not tell its version" in fcgitops("-C", repository, command).err


def test_verify_names_the_environment_that_is_wrong(repository: Path, fcgitops: Fcgitops) -> None:
    """One that cannot be read, whichever was asked for; the others are checked all the same."""
    fcgitops("-C", repository, "overlay", "stage")
    write(repository, {"overlays/dev/environment.yaml": "variant: [\n",
                       "overlays/prod/frameworkcontroller.yaml": b"\xff: 1\n"})  # fmt: skip
    out = fcgitops("-C", repository, "verify", status=1).out

    assert out.count("dev: FCG11: ") == 1
    assert "prod: FCG05: " in out
    assert "stage: " not in out


def test_new_takes_settings_as_defaults(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """They are for the environments that can have some; the others are left alone."""
    folder = tmp_path / "deploy"
    fcgitops(
        "new", folder, "--no-input", "--env", "dev", "--env", "prod=customized-config",
        "--set", "workerNumber=800", "--set", "logObjectSnapshot.pod.onPodDeletion=false",
    )  # fmt: skip
    text = (folder / "overlays/prod/frameworkcontroller.yaml").read_text()
    assert "workerNumber: 800\n" in text
    assert "logObjectSnapshot:\n  pod:\n    onPodDeletion: false\n" in text
    fcgitops("-C", folder, "verify")
    fcgitops("-C", folder, "overlays")
