"""`fcgitops overlays` as a user types it, in a real repository."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import Fcgitops, tree
from gitenv import committed, git, state, write


def log(folder: Path) -> list[str]:
    """Subjects, newest first."""
    return git(folder, "log", "--format=%s").splitlines()


LIST = """\
- {name: a, variant: customized-config, settings: {workerNumber: 7}}
- {name: b, cluster: {server: "https://10.0.0.1"}, image: {pullSecrets: [x, y]}}
- {name: dev, namespace: ml}
"""
CSV = """\
name,variant,settings.workerNumber,cluster.server,image.pullSecrets,namespace
a,customized-config,7,,,
b,,,https://10.0.0.1,"x,y",
dev,,,,,ml
"""


def test_overlays_adds_and_changes_many_in_one_commit(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """A YAML list and CSV mean the same."""
    write(tmp_path, {"list.yaml": LIST, "list.csv": CSV})
    copy = tmp_path / "copy"
    shutil.copytree(repository, copy)
    fcgitops("-C", repository, "overlays", "--from", tmp_path / "list.yaml")
    fcgitops("-C", copy, "overlays", "--from", tmp_path / "list.csv")

    assert log(repository)[:2] == [
        "Add environments a, b; Change environment dev",
        "Scaffold deploy",
    ]
    assert tree(repository) == tree(copy)


def test_overlays_says_all_mistakes_of_all_items(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """With the item's number and name, and nothing written."""
    write(
        tmp_path,
        {"list.yaml": "- {name: A}\n- {nme: b}\n- {name: c, imag: {}}\n- {name: d}\n- {name: d}\n"},
    )
    before = state(repository)
    ran = fcgitops("-C", repository, "overlays", "--from", tmp_path / "list.yaml", status=2)
    assert "list.yaml: item 2: has no name" in ran.err
    assert "list.yaml: item 3 (c): imag: is not known (did you mean 'image'?)" in ran.err
    write(tmp_path, {"list.csv": "name,varant\na,x\n", "l.csv": "name,namespace\na\n"})
    assert "column 'varant': is not known (did you mean 'variant'?)" in fcgitops(
        "-C", repository, "overlays", "--from", tmp_path / "list.csv", status=2).err  # fmt: skip
    assert "l.csv:2: has not as many cells" in fcgitops(
        "-C", repository, "overlays", "--from", tmp_path / "l.csv", status=2).err  # fmt: skip
    write(
        tmp_path,
        {"two.yaml": "- {name: x, cluster: {name: same}}\n- {name: y, cluster: {name: same}}\n"},
    )
    assert "the environment x is on this cluster already" in fcgitops(
        "-C", repository, "overlays", "--from", tmp_path / "two.yaml", status=2).err  # fmt: skip
    assert state(repository) == before


def test_overlays_without_a_list_brings_all_in_line(repository: Path, fcgitops: Fcgitops) -> None:
    """After an edit of the defaults, which verify notices."""
    file = repository / "fcgitops.yaml"
    file.write_text(file.read_text().replace("registry: ''", "registry: r.example.com"))
    git(repository, "commit", "-qam", "mirror")
    ran = fcgitops("-C", repository, "verify", status=1)
    assert (
        "dev: FCG12: overlays/dev/kustomization.yaml is not in line with environment.yaml"
        in ran.out
    )
    fcgitops("-C", repository, "overlays")

    assert (
        "newName: r.example.com/frameworkcontroller/frameworkcontroller"
        in (committed(repository)["overlays/dev/kustomization.yaml"])
    )
    fcgitops("-C", repository, "verify")


def test_the_message_names_only_what_changes(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Of many environments brought in line."""
    fcgitops("-C", repository, "overlay", "stage")
    write(
        tmp_path, {"list.yaml": "- {name: dev}\n- {name: prod, namespace: ml}\n- {name: stage}\n"}
    )
    fcgitops("-C", repository, "overlays", "--from", tmp_path / "list.yaml")

    assert log(repository)[0] == "Change environment prod"
