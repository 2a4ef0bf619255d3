"""A key goes out of environment.yaml again, and a customized environment back to its variant."""

from __future__ import annotations

from pathlib import Path

import pytest
import yamls
from conftest import Fcgitops
from fcgitops.text.yamledit import Document
from gitenv import committed, git, state

TEXT = """\
# The source of this environment.
variant: customized-config
cluster:
  name: prod
  server: https://10.0.0.9:6443 # ours
namespace: ml
sync: argocd
# why this one
image:
  registry: r.example.com # the mirror
  tag: v1.0.1
labels: {team: ml, tier: two}
settings:
  workerNumber: 8 # few
  # the rest
  podFailureSpec:
  - code: 1
  kubeClientQps: 7
"""


@pytest.mark.parametrize(
    ("path", "gone", "kept"),
    [
        (("image", "tag"), ["  tag: v1.0.1\n"], []),
        (("image",), ["image:\n", "  registry: r.example.com # the mirror\n", "  tag: v1.0.1\n"],
         ["# why this one\n"]),
        (("cluster", "server"), ["  server: https://10.0.0.9:6443 # ours\n"], ["  name: prod\n"]),
        (("settings", "podFailureSpec"), ["  podFailureSpec:\n", "  - code: 1\n"],
         ["  # the rest\n"]),
        (("settings", "kubeClientQps"), ["  kubeClientQps: 7\n"], []),
        (("settings", "workerNumber"), ["  workerNumber: 8 # few\n"], []),
        (("nni", "namespace"), [], []),
        (("settings", "none"), [], []),
    ],
)  # fmt: skip
def test_a_key_goes_with_its_lines(path: tuple[str, ...], gone: list[str], kept: list[str]) -> None:
    """And nothing else: comments above it stay, and all other lines as they are."""
    text = Document(TEXT, "f").without(path).text
    lines = TEXT.splitlines(keepends=True)
    for line in gone:
        lines.remove(line)
    assert text == "".join(lines)
    assert all(line in text for line in kept)


@pytest.mark.parametrize(
    ("text", "path", "left"),
    [
        ("a:\n  b:\n    c: 1\nd: 2\n", ("a", "b", "c"), "d: 2\n"),
        ("a: {b: 1, c: 2}\n", ("a", "b"), "a:\n  c: 2\n"),
        ("a: |\n  x\n\n  y\nb: 1\n", ("a",), "b: 1\n"),
        ("b: 1\na:", ("a",), "b: 1\n"),
        ("a: 1", ("a",), ""),
        ("a: 1\r\nb: 2\r\n", ("a",), "b: 2\r\n"),
        ("a: 1\n\n# of b\nb: 2\n", ("a",), "\n# of b\nb: 2\n"),
    ],
)
def test_forms(text: str, path: tuple[str, ...], left: str) -> None:
    """Mappings that would be empty go too; a flow mapping is written anew."""
    assert Document(text, "f").without(path).text == left


def test_unset(repository: Path, fcgitops: Fcgitops) -> None:
    """Keys, entries and settings; what Argo CD reads there gets its default; one commit."""
    fcgitops("-C", repository, "overlay", "prod", "--set", "labels={team: ml, tier: two}",
             "--set", "image.tag=v1.0.1", "--set", "workerNumber=8", "--set", "kubeClientQps=7",
             "--cluster", "https://10.0.0.9:6443", "--namespace", "ml")  # fmt: skip
    source = repository / "overlays/prod/environment.yaml"
    fcgitops("-C", repository, "overlay", "prod", "--unset", "labels.team", "--unset", "image.tag",
             "--unset", "workerNumber", "--unset", "cluster", "--unset", "namespace")  # fmt: skip

    assert yamls.load(source.read_text()) == {
        "variant": "customized-config",
        "cluster": {"name": "prod"},
        "namespace": "frameworkcontroller",
        "sync": "argocd",
        "labels": {"tier": "two"},
        "settings": {"kubeClientQps": 7},
    }
    assert git(repository, "log", "-1", "--format=%s") == "Change environment prod"
    before = state(repository)
    assert "nothing to do" in fcgitops("-C", repository, "overlay", "prod", "--unset", "image").err
    assert state(repository) == before


@pytest.mark.parametrize(
    ("options", "key"),
    [
        (["--set", "labels.team=ml", "--unset", "labels.team"], "labels.team"),
        (["--unset", "variant", "--variant", "customized-config"], "variant"),
        (
            ["--set", "workerNumber=800", "--unset", "settings.workerNumber"],
            "settings.workerNumber",
        ),
    ],
)
def test_what_is_set_and_unset_at_once(
    repository: Path, fcgitops: Fcgitops, options: list[str], key: str
) -> None:
    """Is refused: one of the two would be passed over without a word."""
    before = state(repository)
    ran = fcgitops("-C", repository, "overlay", "prod", *options, status=2)
    assert ran.err == f"error: --unset: '{key}' is set too (one of the two)\n"
    assert state(repository) == before


def test_unset_and_set(repository: Path, fcgitops: Fcgitops) -> None:
    """What goes, goes first: other settings than before, in one command."""
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=8")
    fcgitops("-C", repository, "overlay", "prod", "--unset", "settings",
             "--set", "kubeClientQps=7")  # fmt: skip
    text = committed(repository)["overlays/prod/environment.yaml"]
    assert yamls.load(text)["settings"] == {"kubeClientQps": 7}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("image.tga", "--unset: 'image.tga' is not known (did you mean 'image.tag'?)"),
        ("workernumber", "--unset: 'workernumber' is not known (did you mean 'workerNumber'?)"),
        ("", "--unset: '' is not known"),
    ],
)
def test_unknown_names(name: str, message: str, repository: Path, fcgitops: Fcgitops) -> None:
    """With what is meant."""
    ran = fcgitops("-C", repository, "overlay", "prod", "--unset", name, status=2)
    assert message in ran.err


def test_back_to_default_config(repository: Path, fcgitops: Fcgitops) -> None:
    """One command; its settings go, which is said, and nothing of them is left."""
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=8")
    ran = fcgitops("-C", repository, "overlay", "prod", "--variant", "default-config")

    assert ran.err.startswith(
        "note: prod: its settings go out of environment.yaml, for default-config has no file for "
        "them; `git log -p -- overlays/prod/environment.yaml` shows them once more\n"
    )
    files = committed(repository)
    assert "overlays/prod/frameworkcontroller.yaml" not in files
    assert yamls.load(files["overlays/prod/environment.yaml"]) == {
        "variant": "default-config",
        "cluster": {"name": "prod"},
        "namespace": "frameworkcontroller",
        "sync": "argocd",
    }
    fcgitops("-C", repository, "verify", "prod")


def test_settings_for_no_file_are_refused_still(repository: Path, fcgitops: Fcgitops) -> None:
    """Given in the same command, or standing in the file beside a variant changed by hand."""
    ran = fcgitops("-C", repository, "overlay", "prod", "--variant", "default-config",
                   "--set", "workerNumber=8", status=2)  # fmt: skip
    assert "default-config has no configuration file to set anything in" in ran.err
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=8")
    source = repository / "overlays/prod/environment.yaml"
    source.write_text(source.read_text().replace("customized-config", "default-config"))
    ran = fcgitops("-C", repository, "overlay", "prod", status=2)
    assert "default-config has no configuration file to set anything in" in ran.err


def test_a_configuration_with_edits_stays(repository: Path, fcgitops: Fcgitops) -> None:
    """Back at default-config nothing reads it: the command that takes it away is said."""
    path = "overlays/prod/frameworkcontroller.yaml"
    file = repository / path
    file.write_text(file.read_text() + "# ours\n")
    git(repository, "commit", "-qam", "by hand")
    said = fcgitops("-C", repository, "overlay", "prod", "--variant", "default-config").err
    assert f"note: nothing reads {path} now; `git rm {path}` takes it away\n" in said
    git(repository, "rm", "-q", path)
    git(repository, "commit", "-qm", "as told")
    fcgitops("-C", repository, "verify", "prod")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("key", ["namespace", "cluster", "cluster.name", "variant", "sync"])
def test_what_must_stand_stays_where_it_stands(
    repository: Path, fcgitops: Fcgitops, key: str
) -> None:
    """It gets its default there, below the comment above it; where it has that, nothing is done."""
    file = repository / "overlays/dev/environment.yaml"
    top = key.partition(".")[0]
    text = file.read_text().replace(f"\n{top}:", f"\n# ours\n{top}:")
    file.write_text(text)
    git(repository, "commit", "-qam", "Ours")

    said = fcgitops("-C", repository, "overlay", "dev", "--unset", key).err

    assert said.startswith("nothing to do: ")
    assert file.read_text() == text


def test_unset_of_a_mapping_keeps_what_must_stand(repository: Path, fcgitops: Fcgitops) -> None:
    """The server goes, the name is the environment's again, and both stand where they stood."""
    file = repository / "overlays/dev/environment.yaml"
    old = "cluster:\n  name: dev\n"
    assert old in file.read_text()
    before = file.read_text()
    file.write_text(before.replace(old, "cluster:\n  server: https://10.0.0.9\n  name: east\n"))
    fcgitops("-C", repository, "overlay", "dev")

    fcgitops("-C", repository, "overlay", "dev", "--unset", "cluster")

    assert file.read_text() == before
