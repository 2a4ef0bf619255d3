"""`fcgitops status` and `fcgitops restore`, as a user types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import Fcgitops
from fcgitops import __version__
from gitenv import clone_released, files, git, write

KUSTOMIZATION = "overlays/dev/kustomization.yaml"
CONFIG = "overlays/prod/frameworkcontroller.yaml"


def edit(root: Path) -> None:
    """Edits one generated file in three places, deletes another, adds one, and commits."""
    text = (root / CONFIG).read_text()
    assert text.splitlines()[3] == "workerNumber: 500"
    text = text.replace("workerNumber: 500\n", "workerNumber: 300\n")
    write(root, {CONFIG: f"{text}# ours\n# too\n", "docs/runbook.md": "# Runbook\n"})
    write(root, {KUSTOMIZATION: None})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "By hand")


def rows(found: str) -> dict[str, dict[str, Any]]:
    """The files of a status, by path."""
    return {row.pop("path"): row for row in json.loads(found)["files"]}


def test_a_new_repository_is_as_generated(repository: Path, fcgitops: Fcgitops) -> None:
    """All but the sources, which are the user's."""
    found = json.loads(fcgitops("-C", repository, "status", "--format", "json").out)

    assert (found["version"], found["newer"]) == (__version__, None)
    assert (found["drift"], found["problems"]) == ([], [])
    own = [file["path"] for file in found["files"] if file["state"] != "generated"]
    assert own == [
        "fcgitops.yaml",
        "overlays/dev/environment.yaml",
        "overlays/dev/local/kustomization.yaml",
        "overlays/prod/environment.yaml",
        "overlays/prod/local/kustomization.yaml",
    ]


def test_status_names_edits_with_their_lines(repository: Path, fcgitops: Fcgitops) -> None:
    """Edited, missing, the user's own; and that an edit says otherwise than the source."""
    edit(repository)
    last = len((repository / CONFIG).read_text().splitlines())

    said = fcgitops("-C", repository, "status").out.splitlines()
    found = rows(fcgitops("-C", repository, "status", "--format", "json").out)

    assert said[:-1] == [
        f"missing: {KUSTOMIZATION}",
        f"edited: {CONFIG}: lines 4, {last - 1}-{last}, which says otherwise than its source",
    ]
    assert found[CONFIG] == {
        "state": "edited", "lines": [[4, 4], [last - 1, last]], "contradicts": True,
    }  # fmt: skip
    assert found[KUSTOMIZATION] == {"state": "missing"}
    assert found["docs/runbook.md"] == {"state": "own"}


def test_an_addition_contradicts_nothing(repository: Path, fcgitops: Fcgitops) -> None:
    """Nor does an edit of a comment, or of a file that follows from no source."""
    text = (repository / KUSTOMIZATION).read_text()
    write(repository, {KUSTOMIZATION: f"# ours\n{text}", "README.md": "# Ours\n"})

    found = rows(fcgitops("-C", repository, "status", "--format", "json").out)

    assert found[KUSTOMIZATION] == {"state": "edited", "lines": [[1, 1]], "contradicts": False}
    assert (found["README.md"]["state"], found["README.md"]["contradicts"]) == ("edited", False)


def test_layout_contradicts_nothing(repository: Path, fcgitops: Fcgitops) -> None:
    """Line ends of another system are no edit; quotes, and a missing last line end, are one.

    Each is said with its lines.
    """
    lines = (repository / KUSTOMIZATION).read_bytes().splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines, 1) if line == b"- local\n")
    quoted = [b'- "local"\n' if line == b"- local\n" else line for line in lines]
    last = len(lines)

    for made, state, spans in (
        (b"".join(lines).replace(b"\n", b"\r\n"), "generated", []),
        (b"".join(lines).removesuffix(b"\n"), "edited", [[last, last]]),
        (b"".join(quoted), "edited", [[first, first]]),
    ):
        (repository / KUSTOMIZATION).write_bytes(made)

        found = rows(fcgitops("-C", repository, "status", "--format", "json").out)[KUSTOMIZATION]

        assert (found["state"], found.get("lines", [])) == (state, spans)
        assert not found.get("contradicts")
        said = fcgitops("-C", repository, "status").out.splitlines()[:-1]
        assert said == [f"edited: {KUSTOMIZATION}: line {first}" for first, _ in spans]


def test_status_names_what_is_out_of_line(repository: Path, fcgitops: Fcgitops) -> None:
    """A source was edited, and its files were not generated anew."""
    source = repository / "overlays/prod/environment.yaml"
    source.write_text(source.read_text() + "settings:\n  workerNumber: 800\n")

    found = json.loads(fcgitops("-C", repository, "status", "--format", "json").out)

    assert found["drift"] == ["overlays/prod/.fcgitops", CONFIG]
    source.write_text("variant: nope\n")
    found = json.loads(fcgitops("-C", repository, "status", "--format", "json").out)
    assert [line.split(": ")[0] for line in found["problems"]] == ["overlays/prod/environment.yaml"]


@pytest.mark.slow
def test_an_edit_of_the_answers_that_was_carried_out_is_in_line(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """The record keeps fcgitops.yaml as it was generated; the edit since then is the user's."""
    answers = (repository / "fcgitops.yaml").read_text()
    (repository / "fcgitops.yaml").write_text(answers.replace("tag: v1.0.0", "tag: v1.0.1"))
    fcgitops("-C", repository, "overlays")

    assert "out of line" not in fcgitops("-C", repository, "status").out
    assert "nothing to do" in fcgitops("-C", repository, "update").err
    fcgitops("-C", repository, "eject", "--dry-run")


def test_status_tells_of_a_newer_version(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """And what was edited, of an older one."""
    root = clone_released("out-of-line", tmp_path)

    said = fcgitops("-C", root, "status").out.splitlines()

    assert said == [
        f"fcgitops 0.1.0 wrote this repository, this is {__version__}: `fcgitops update`",
        f"missing: {KUSTOMIZATION}",
        "edited: overlays/stage/frameworkcontroller.yaml: line 4, which says otherwise than its "
        "source",
        "44 files: 35 as generated, 1 edited, 1 missing, 7 the user's own",
    ]


def test_restore_puts_generated_text_back(repository: Path, fcgitops: Fcgitops) -> None:
    """A deleted file by its folder, an edited one from the folder that it is in."""
    before = files(repository)
    edit(repository)

    fcgitops("-C", repository / "overlays/prod", "restore", "../dev", "frameworkcontroller.yaml")

    assert git(repository, "log", "-1", "--format=%s") == f"Restore {KUSTOMIZATION}, {CONFIG}"
    assert git(repository, "status", "--porcelain") == ""
    assert files(repository) == before | {"docs/runbook.md": "# Runbook\n"}


def test_restore_of_what_is_deleted_and_not_committed(repository: Path, fcgitops: Fcgitops) -> None:
    """It is there again, in the index too; there is nothing to commit."""
    before, head = files(repository), git(repository, "rev-parse", "HEAD")
    for removed in (lambda: write(repository, {KUSTOMIZATION: None}),
                    lambda: git(repository, "rm", "-q", KUSTOMIZATION)):  # fmt: skip
        removed()

        said = fcgitops("-C", repository, "restore", KUSTOMIZATION).err

        assert said.endswith(
            f"nothing to commit: 1 file is as it should be\n{KUSTOMIZATION} is there again\n"
        )
        assert (files(repository), git(repository, "rev-parse", "HEAD")) == (before, head)
        assert git(repository, "status", "--porcelain") == ""


def test_restore_loses_no_edit(repository: Path, fcgitops: Fcgitops) -> None:
    """One that is in no commit is refused, with what takes it back."""
    write(repository, {KUSTOMIZATION: "# ours\n"})

    said = fcgitops("-C", repository, "restore", KUSTOMIZATION, status=1).err

    assert f"git restore {KUSTOMIZATION}" in said
    assert (repository / KUSTOMIZATION).read_text() == "# ours\n"


def test_restore_of_a_folder_is_whole_or_not_at_all(repository: Path, fcgitops: Fcgitops) -> None:
    """Beside an edit that is in no commit nothing comes back: what was deleted neither."""
    write(repository, {"README.md": None})
    git(repository, "commit", "-qam", "No README")
    for committed in (True, False):
        write(repository, {KUSTOMIZATION: None, CONFIG: "# ours\n"})

        said = fcgitops("-C", repository, "restore", ".", status=1).err

        wanted = f"error: {CONFIG}: is not as it should be; HEAD has it so (git restore {CONFIG})\n"
        assert said == wanted
        assert (repository / "README.md").exists() != committed
        assert not (repository / KUSTOMIZATION).exists()
        git(repository, "reset", "-q", "--hard", *([] if not committed else ["HEAD~1"]))


@pytest.mark.parametrize("path", ["notes", "overlays/dev/environment.yaml", "../elsewhere"])
def test_restore_refuses_what_was_not_generated(
    path: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """Sources, and what is the user's own."""
    said = fcgitops("-C", repository, "restore", path, status=2).err

    assert said.startswith(f"error: {path}: nothing was generated there")


def test_a_record_that_was_edited_is_told(repository: Path, fcgitops: Fcgitops) -> None:
    """In its form still: it is not what the sources generate, and the next run writes it anew."""
    records = (".fcgitops/base", "overlays/prod/.fcgitops")
    before = {path: (repository / path).read_bytes() for path in records}
    rotated = b"\n|anzrfcnpr: senzrjbexpbagebyyre"  # namespace: frameworkcontroller
    write(
        repository,
        {path: data.replace(rotated, b"\n|anzrfcnpr: k") for path, data in before.items()},
    )

    told = fcgitops("-C", repository, "status").out.splitlines()
    assert [line for line in told if line.startswith("out of line")] == [
        f"out of line: {path}" for path in records
    ]
    assert (
        "FCG12: overlays/prod/.fcgitops is"
        in fcgitops("-C", repository, "verify", "prod", status=1).out
    )
    fcgitops("-C", repository, "update")
    assert {path: (repository / path).read_bytes() for path in records} == before


def test_restore_of_an_empty_path_is_not_all(repository: Path, fcgitops: Fcgitops) -> None:
    """A shell's empty variable takes back no edit."""
    edit(repository)
    head = git(repository, "rev-parse", "HEAD")

    said = fcgitops("-C", repository, "restore", "", status=2).err

    assert said.startswith("error: PATH: is empty (")
    assert git(repository, "rev-parse", "HEAD") == head


def test_restore_says_how_what_went_with_its_record_comes_back(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """By git: HEAD has it."""
    shutil.rmtree(repository / "overlays/prod")

    said = fcgitops("-C", repository, "restore", "overlays/prod", status=2).err

    assert said == (
        "error: overlays/prod: was deleted, and no record that is left says that it was generated "
        "(git restore overlays/prod)\n"
    )


def test_a_record_that_is_gone_is_the_last_one_of_history(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """What was generated is still known, and can be put back."""
    git(repository, "rm", "-q", ".fcgitops/base")
    git(repository, "commit", "-qm", "No record")
    write(repository, {"README.md": None})

    found = rows(fcgitops("-C", repository, "status", "--format", "json").out)
    fcgitops("-C", repository, "restore", "README.md", "--no-commit")

    assert found["README.md"]["state"] == "missing"
    assert found["Makefile"]["state"] == "generated"
    assert (repository / "README.md").exists()


def test_a_path_is_meant_from_where_one_stands(repository: Path, fcgitops: Fcgitops) -> None:
    """So is the one that is proposed."""
    (repository / "sub").mkdir()
    said = fcgitops("-C", repository / "sub", "restore", "README.md", status=2).err
    assert said == "error: README.md: nothing was generated there (did you mean '../README.md'?)\n"


def test_a_dry_run_refuses_what_the_true_run_does(repository: Path, fcgitops: Fcgitops) -> None:
    """HEAD has the generated text: the edit is not committed, and is the user's to take back."""
    write(repository, {"README.md": "Ours\n"})
    wanted = "error: README.md: is not as it should be; HEAD has it so (git restore README.md)\n"
    for more in (["--dry-run"], []):
        said = fcgitops("-C", repository, "restore", "README.md", *more, status=1)
        assert (said.out, said.err) == ("", wanted)
