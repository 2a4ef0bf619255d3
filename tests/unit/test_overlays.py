"""`fcgitops overlays` as a user types it, in a real repository."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import Fcgitops, tree
from fcgitops.commands.overlays import parse
from fcgitops.model.assignments import Target
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


def test_a_name_that_yaml_takes_for_something_else(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """It is taken as it is written, as `fcgitops overlay 123` takes it."""
    write(tmp_path, {"list.yaml": "- name: 123\n- name: no\n- name: 010\n- name:\n"})
    given = tmp_path / "list.yaml"
    ran = fcgitops("-C", repository, "overlays", "--from", given, "--dry-run", status=2)
    assert ran.err == f"error: {given}: item 4: has no name (name: prod)\n"
    given.write_text(given.read_text().removesuffix("- name:\n"))
    fcgitops("-C", repository, "overlays", "--from", given)
    assert log(repository)[0] == "Add environments 010, 123, no"


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


ROWS = """\
name;cluster.server;labels.team;settings.workerNumber;nni.limits.max.cpu;image.pullSecrets
a;https://10.0.0.1;ml;7;2;x,y
b;;ml-ops;;;
"""


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        ROWS.replace(";", "\t"),
        ROWS.replace("x,y", '"x,y"').replace(";", ","),
        f"sep=;\n{ROWS}",
        f"# of the platform team\n\n{ROWS}",
        ROWS.replace("\n", ";;\n"),
        f"{ROWS};;;;;\n",
        ROWS.replace("\n", "\r\n"),
        ROWS.replace(";", " ; "),
        "\n".join(";".join(line.split(";")[::-1]) for line in ROWS.splitlines()),
    ],
)
def test_csv_as_spreadsheets_write_it(text: str) -> None:
    """Commas, semicolons and tabs, empty cells and lines at the end, columns in any order."""
    requests, problems = parse(text, "f.csv")
    assert problems == []
    assert [(one.name, one.given, one.settings) for one in requests] == [
        ("a", {"cluster.server": "https://10.0.0.1", "image.pullSecrets": ["x", "y"]},
         {("workerNumber",): 7}),
        ("b", {}, {}),
    ]  # fmt: skip
    assert [one.entries for one in requests] == [
        {Target("labels", ("team",)): "ml", Target("nni.limits", ("max", "cpu")): "2"},
        {Target("labels", ("team",)): "ml-ops"},
    ]


def test_a_list_takes_the_names_of_columns() -> None:
    """What CSV writes with dots a YAML list may write so too, beside nested keys."""
    text = (
        "- name: a\n  cluster.server: https://10.0.0.1\n  labels.team: ml\n"
        "  settings.workerNumber: 7\n  image: {pullSecrets: [x]}\n"
        "- {name: b, labels: {of: all}, labels.team: ml}\n"
    )
    requests, problems = parse(text, "f.yaml")
    assert problems == []
    assert [(one.name, one.given, one.entries, one.settings) for one in requests] == [
        ("a", {"image.pullSecrets": ["x"], "cluster.server": "https://10.0.0.1"},
         {Target("labels", ("team",)): "ml"}, {("workerNumber",): 7}),
        ("b", {"labels": {"of": "all", "team": "ml"}}, {}, {}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("label.team: x", "item 1 (a): label.team: is not known (did you mean 'labels.team'?)"),
        ("labels: {b: c}\n  labels.b: d", "item 1 (a): labels.b: is given twice (once)"),
        ("image: {tag: b}\n  image.tag: d", "item 1 (a): image.tag: is given twice (once)"),
        ("1.5: x", "item 1 (a): 1.5: is not known"),
        ("resources: {cpu: 010}", "f.yaml:2: 010 is 8 to some readers of YAML, and not to others"),
        ("labels: {b: on}", "f.yaml:2: labels.b: on is read as true, and must be text (quote it"),
        ("labels.b: 1_0", "f.yaml:2: labels.b: 1_0 is read as the number 10, and must be text (qu"),
        ("image: {tag: 1.10}", "f.yaml:2: image.tag: 1.10 is read as the number 1.1, and must be"),
    ],
)
def test_a_list_refused(item: str, said: str) -> None:
    """With the item's number and name, or its line."""
    _, problems = parse(f"- name: a\n  {item}\n", "f.yaml")
    assert said in "\n".join(map(str, problems))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,label.team\na,x\n", "column 'label.team': is not known (did you mean 'labels.team'"),
        ("name,,namespace\na,,b\n", "column '': is not known"),
        ("name,namespace,namespace\na,b,c\n", "column 'namespace': is there twice (once)"),
        ("name,workerNumber\na,1\n", "column 'workerNumber': is not known"),
        ("name,annotations.a=b\na,x\n", "column 'annotations.a=b': is not known"),
        ("# one\nname;namespace\na;b;c\n", "f.csv:3: has not as many cells as the head line: 3,"),
        ("name,tolerations\na,[{\n", "f.csv:2: tolerations:2: is not valid YAML"),
    ],
)  # fmt: skip
def test_csv_refused(text: str, said: str) -> None:
    """With the column, or the line of the file that a user sees."""
    _, problems = parse(text, "f.csv")
    assert said in "\n".join(map(str, problems))


def test_an_entry_leaves_the_others_as_they_are(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Those of environment.yaml with their comments, and those that fcgitops.yaml gives to all."""
    write(tmp_path, {"list.csv": "name;labels.team;labels.tier\ndev;ml;gold\nprod;ops;\n"})
    answers = repository / "fcgitops.yaml"
    answers.write_text(answers.read_text() + "  labels:\n    of: all\n")
    source = repository / "overlays" / "dev" / "environment.yaml"
    source.write_text(source.read_text() + "labels:\n  team: x # theirs\n  own: 'y'\n")
    git(repository, "commit", "-qam", "labels")
    fcgitops("-C", repository, "overlays", "--from", tmp_path / "list.csv")

    files = committed(repository)
    assert files["overlays/dev/environment.yaml"].endswith(
        "labels:\n  team: ml # theirs\n  own: 'y'\n  tier: gold"
    )
    assert files["overlays/prod/environment.yaml"].endswith("labels:\n  of: all\n  team: ops")
    again = fcgitops("-C", repository, "overlay", "prod", "--set", "labels.team=ops")
    assert "nothing to do" in again.err


def test_an_environment_that_is_not_here_is_told(repository: Path, fcgitops: Fcgitops) -> None:
    """Then not all is as it should be, whatever the rest is."""
    shutil.rmtree(repository / "overlays/prod")
    said = fcgitops("-C", repository, "overlays").err
    assert said.startswith("note: committed, but not in the work tree: prod\nnothing to do: ")
