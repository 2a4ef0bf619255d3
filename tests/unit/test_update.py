"""`fcgitops update` as a user types it, in repositories that released versions made."""

from __future__ import annotations

import codecs
import difflib
import re
import shutil
from pathlib import Path

import pytest
import yaml
import yamls
from conftest import Fcgitops, snapshot
from fcgitops import __version__
from fcgitops.repository import record
from gitenv import RELEASED, clone_released, files, git, write
from test_released import HAND_EDITS

EDITED = {"hand-edits", "out-of-line", "lenient"}
"""Repositories in which more than a release's own commands have worked."""
NAMES = sorted(path.stem for path in (RELEASED / "0.1.0").glob("*.bundle"))
WORKFLOW = ".github/workflows/test.yml"
NEWER = f"from fcgitops 0.1.0 to {__version__}"


def again(root: Path, folder: Path, fcgitops: Fcgitops) -> Path:
    """What this version makes below `folder` from the sources of a repository, from nothing."""
    recorded = yamls.load((root / "fcgitops.yaml").read_text())
    pin = (root / "requirements.txt").read_text().splitlines()[-1]
    answers = {**recorded["answers"], "defaults": recorded["defaults"], "requirement": pin}
    write(folder, {"answers.yaml": yaml.safe_dump(answers)})
    made = folder / root.name
    fcgitops("new", made, "--no-input", "--answers", folder / "answers.yaml")
    for path in root.glob("overlays/*/environment.yaml"):
        other = made / path.relative_to(root)
        shutil.copytree(path.parent / "local", other.parent / "local")
        shutil.copy(path, other)
    for path in root.glob("experiments/*"):
        known = record.decode((path / ".fcgitops").read_bytes()) or {}
        leave = shutil.ignore_patterns(".fcgitops", *known)
        shutil.copytree(path, made / path.relative_to(root), ignore=leave)
    fcgitops("-C", made, "overlays")
    for path in root.glob("experiments/*"):
        fcgitops("-C", made, "nni", "experiment", path.name)
    return made


def edits(root: Path) -> dict[str, list[str]]:
    """Each generated file in which somebody has edited lines, and these lines."""
    found = {}
    for place in (root / ".fcgitops/base", *root.glob("**/.fcgitops")):
        if not place.is_file():
            continue
        folder = root if place.name == "base" else place.parent
        for path, text in (record.decode(place.read_bytes()) or {}).items():
            changed = ["deleted"]
            if (folder / path).exists():
                mine, own = (folder / path).read_text().splitlines(), text.decode().splitlines()
                lines = difflib.ndiff(own, mine) if own != mine else ()
                changed = [line for line in lines if line[0] in "+-"]
            if changed:
                found[str((folder / path).relative_to(root))] = changed
    return found


@pytest.mark.sampled(16)
@pytest.mark.parametrize("name", sorted(set(NAMES) - EDITED))
def test_update_gives_what_this_version_makes(
    name: str, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """From every repository of 0.1.0: one commit, the very files, and nothing to do after it."""
    root = clone_released(name, tmp_path)
    before = git(root, "rev-parse", "HEAD")
    sources = {p: t for p, t in files(root).items() if p.endswith(("environment.yaml", "run.yaml"))}

    assert fcgitops("-C", root, "update", "--check", status=1).out.startswith(NEWER)
    fcgitops("-C", root, "update")

    assert git(root, "log", "-1", "--format=%s %P") == f"Update to fcgitops {__version__} {before}"
    assert git(root, "status", "--porcelain") == ""
    assert {path: files(root)[path] for path in sources} == sources
    shutil.rmtree(root / ".git")
    made = again(root, tmp_path / "again", fcgitops)
    shutil.rmtree(made / ".git")
    assert files(root) == files(made)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nni", "fleet", "upstream-every-key"])
def test_a_second_update_has_nothing_to_do(name: str, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """And what came of the first passes this version's checks."""
    root = clone_released(name, tmp_path)
    fcgitops("-C", root, "update")
    head = git(root, "rev-parse", "HEAD")

    assert "nothing to do" in fcgitops("-C", root, "update").err
    checked = fcgitops("-C", root, "update", "--check").out
    assert checked == f"fcgitops {__version__} has nothing newer\n"

    assert git(root, "rev-parse", "HEAD") == head
    fcgitops("-C", root, "verify")


def resolve(root: Path) -> None:
    """Takes the new text of the workflow's conflict."""
    text = (root / WORKFLOW).read_text()
    mine, _, rest = text.partition("<<<<<<< yours\n")
    new, _, end = rest.partition("=======\n")[2].partition(">>>>>>> ")
    write(root, {WORKFLOW: mine + new + end.partition("\n")[2]})


def test_every_hand_edit_is_kept(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Line by line, deleted files too; the one line that both sides changed is a conflict."""
    root = clone_released("hand-edits", tmp_path)
    special = {WORKFLOW, "fcgitops.yaml"}
    before = {path: lines for path, lines in edits(root).items() if path not in special}

    said = fcgitops("-C", root, "update", status=1).err

    assert [line for line in said.splitlines() if line.startswith("conflict")] == [
        f"conflict: {WORKFLOW}: your edit and the new text change the same lines"
    ]
    assert said.splitlines()[-1] == (
        "`fcgitops update --continue` finishes, `fcgitops update --abort` takes all of it back"
    )
    assert "version: 0.1.0\n" in (root / "fcgitops.yaml").read_text()
    assert fcgitops("-C", root, "status").out.startswith("an update waits for its conflicts: ")
    resolve(root)
    fcgitops("-C", root, "update", "--continue")

    assert git(root, "log", "-1", "--format=%s%b") == f"Update to fcgitops {__version__}"
    assert git(root, "status", "--porcelain") == ""
    after = {path: lines for path, lines in edits(root).items() if path not in special}
    assert after == before
    kept = {p: line for p, line in HAND_EDITS.items() if p != WORKFLOW}
    assert [p for p, line in kept.items() if line not in (root / p).read_text()] == []
    assert "nothing to do" in fcgitops("-C", root, "update").err
    fcgitops("-C", root, "verify")


@pytest.mark.slow
def test_its_effects_hold_no_false_alarm(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """What an older project allowed experiments, their new one does: no sync fails."""
    root = clone_released("nni", tmp_path)

    said = fcgitops("-C", root, "update", "--diff").out

    assert "AppProject/frameworkcontroller-experiments" in said
    assert "sync will fail" not in said


def test_entry_points_that_differ_are_told(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """No sync tool applies them by itself: what does is printed, each line to be typed."""
    root = clone_released("hardened-both", tmp_path)

    said = fcgitops("-C", root, "update").err.splitlines()

    start = said.index("# Argo CD:")
    assert said[start - 1].startswith("note: entry points change, and no sync applies them: ")
    assert said[start + 1 : start + 5] == [
        "make bootstrap ENV=prod",
        "# Flux:",
        "make bootstrap ENV=dev",
        "make bootstrap ENV=flux",
    ]


@pytest.mark.slow
def test_fcgitops_yaml_keeps_its_edits_beside_new_answers(
    fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """An answer that 0.1.0 did not ask beside one that was edited is no conflict."""
    root = clone_released("hand-edits", tmp_path)
    git(root, "rm", "-q", WORKFLOW)
    git(root, "commit", "-q", "-m", "No workflow")

    fcgitops("-C", root, "update")

    changed = git(root, "show", "--format=", "-U0", "HEAD", "--", "fcgitops.yaml").splitlines()
    assert [line for line in changed if line[0] in "+-" and line[1] not in "+-#"] == [
        "-version: 0.1.0",
        f"+version: {__version__}",
        "+  kubernetes: 1.29-",
        "+  forge: both",
        "+  branch: main",
    ]


@pytest.mark.slow
def test_a_formatted_repository_is_not_edited(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Every generated YAML file written by another dumper: no conflict, and the new values."""
    root, plain = (clone_released("hardened-both", folder) for folder in two(tmp_path))
    for path in (*root.glob("base/*.yaml"), *root.glob("clusters/**/*.yaml")):
        documents = yamls.load_all(path.read_text())
        path.write_text(yaml.safe_dump_all(documents, indent=4, default_style='"'))
    git(root, "commit", "-qam", "Another style")

    fcgitops("-C", root, "update")
    fcgitops("-C", plain, "update")

    def values(folder: Path) -> dict[str, list[object]]:
        paths = [*folder.glob("base/*.yaml"), *folder.glob("clusters/**/*.yaml")]
        return {str(path.relative_to(folder)): yamls.load_all(path.read_text()) for path in paths}

    assert values(root) == values(plain)


@pytest.mark.slow
def test_line_ends_of_another_system_are_no_edit(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Whether git gives them on its way to the work tree, or an editor alone."""
    root, other = (clone_released("hardened-argocd", folder) for folder in two(tmp_path))
    git(root, "config", "core.autocrlf", "true")
    write(root, {".gitattributes": "* text=auto\n"})
    git(root, "commit", "-qam", "Line ends as each system has them")
    git(root, "rm", "-rq", "--cached", ".")
    git(root, "reset", "-q", "--hard")
    for path in git(other, "ls-files").splitlines():
        file = other / path
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert b"\r\n" in (root / "overlays/prod/.fcgitops").read_bytes()

    for folder in (root, other):
        fcgitops("-C", folder, "update")
        assert "nothing to do" in fcgitops("-C", folder, "update").err
        fcgitops("-C", folder, "verify")
        assert "i/crlf" not in git(folder, "ls-files", "--eol")
        assert "i/mixed" not in git(folder, "ls-files", "--eol")
    assert git(root, "status", "--porcelain") == ""

    first, second = (git(f, "ls-tree", "-r", "HEAD", "base", "overlays") for f in (root, other))
    assert first == second


@pytest.mark.slow
def test_prettier_over_all_of_it_is_no_edit(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Markdown too; the layout is kept of what has room for the new values."""
    root = clone_released("hardened-argocd", tmp_path)
    readme, base = root / "README.md", root / "base/kustomization.yaml"
    readme.write_text(re.sub(r"(?m)^(#+ .*)\n+", r"\1\n\n", readme.read_text()))
    base.write_text(base.read_text().replace("\n- ", "\n  - "))
    git(root, "commit", "-qam", "prettier --write .")

    fcgitops("-C", root, "update")

    assert "resources:\n  - " in base.read_text()
    fcgitops("-C", root, "verify")


def two(folder: Path) -> tuple[Path, Path]:
    """Two folders."""
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    return folder / "a", folder / "b"


@pytest.mark.slow
def test_continue_is_refused_while_markers_remain(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Though they were added: exit 1, each line named, the version as it was."""
    root = clone_released("hand-edits", tmp_path)
    fcgitops("-C", root, "update", status=1)
    git(root, "add", "-A")
    head = git(root, "rev-parse", "HEAD")

    said = fcgitops("-C", root, "update", "--continue", status=1).err

    lines = (root / WORKFLOW).read_text().splitlines()
    marks = ("<<<<<<< ", "=======", ">>>>>>> ")
    marked = [n for n, line in enumerate(lines, 1) if line.startswith(marks)]
    assert [line.split(" (")[0] for line in said.splitlines()] == [
        f"error: {WORKFLOW}:{n}: is a conflict marker" for n in marked
    ]
    beside = fcgitops("-C", root, "overlays", status=2).err  # not: `fcgitops update` carries it
    assert beside.startswith(
        "error: fcgitops.yaml: an update has left conflicts (`fcgitops update -"
    )
    half = [line for line in lines if not line.startswith(marks[0::2])]
    write(root, {WORKFLOW: "\n".join(half)})
    said = fcgitops("-C", root, "update", "--continue", status=1).err
    assert said.startswith(f"error: {WORKFLOW}:{marked[1] - 1}: is a conflict marker")
    assert git(root, "rev-parse", "HEAD") == head
    assert "version: 0.1.0\n" in (root / "fcgitops.yaml").read_text()


@pytest.mark.slow
def test_continue_that_fails_is_continued(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """A hook refuses the commit; the next one comes to what it would have been at once."""
    root, plain = (clone_released("hand-edits", folder) for folder in two(tmp_path))
    for folder in (root, plain):
        fcgitops("-C", folder, "update", "-m", "Ours", status=1)
        resolve(folder)
    hook = root / ".git/hooks/pre-commit"
    write(root, {".git/hooks/pre-commit": "#!/bin/sh\nexit 1\n"})
    hook.chmod(0o755)

    fcgitops("-C", root, "update", "--continue", status=1)
    assert "version: 0.1.0\n" in (root / "fcgitops.yaml").read_text()
    hook.unlink()
    for folder in (root, plain):
        fcgitops("-C", folder, "update", "--continue")

    assert git(root, "log", "-1", "--format=%s") == "Ours"
    assert [git(folder, "rev-parse", "HEAD^{tree}") for folder in (root, plain)] == [
        git(plain, "rev-parse", "HEAD^{tree}")
    ] * 2


@pytest.mark.slow
def test_abort_restores_everything(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Files, index and HEAD, and what was edited and not committed before."""
    root = clone_released("hand-edits", tmp_path)
    write(root, {"docs/runbook.md": "# Changed, not committed\n", "notes.txt": "mine\n"})
    before = files(root), git(root, "ls-files", "-s"), git(root, "rev-parse", "HEAD")
    fcgitops("-C", root, "update", status=1)
    assert files(root) != before[0]

    fcgitops("-C", root, "update", "--abort")

    assert (files(root), git(root, "ls-files", "-s"), git(root, "rev-parse", "HEAD")) == before
    assert fcgitops("-C", root, "update", "--abort", status=2).err.startswith(
        "error: --abort: no update waits for it"
    )


@pytest.mark.slow
def test_abort_loses_no_edit_made_meanwhile(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """In a file that the update wrote without a conflict: refused, as by `git merge --abort`."""
    root = clone_released("hand-edits", tmp_path)
    fcgitops("-C", root, "update", status=1)
    for path in ("Makefile", "AGENTS.md"):
        (root / path).write_text((root / path).read_text() + "# mine\n")
    before = files(root)

    said = fcgitops("-C", root, "update", "--abort", status=2).err.splitlines()

    why = "was edited after the update had written it, and the edit would be lost"
    assert [line.partition(" (")[0] for line in said] == [
        f"error: AGENTS.md: {why}",
        f"error: Makefile: {why}",
    ]
    assert files(root) == before
    git(root, "restore", "Makefile", "AGENTS.md")
    (root / "base/service.yaml").write_text("# A Stateful")  # of a restore that was killed
    fcgitops("-C", root, "update", "--abort")
    assert git(root, "status", "--porcelain") == ""


def test_check_finds_nothing_newer_in_line_ends(repository: Path, fcgitops: Fcgitops) -> None:
    """Those that git takes away of a source, as an editor of another system writes them."""
    source = repository / "overlays/prod/environment.yaml"
    source.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))

    assert fcgitops("-C", repository, "update", "--check").out == (
        f"fcgitops {__version__} has nothing newer\n"
    )
    assert "nothing to do" in fcgitops("-C", repository, "update").err
    source.write_bytes(source.read_bytes() + b"# mine\r\n")
    assert "1 file would change" in fcgitops("-C", repository, "update", "--check", status=1).out


@pytest.mark.slow
@pytest.mark.parametrize("end", ["commit", "reset"])
def test_what_plain_git_has_ended_waits_no_more(
    fcgitops: Fcgitops, tmp_path: Path, end: str
) -> None:
    """A file that it had written, and that is edited since, is not put back."""
    root = clone_released("hand-edits", tmp_path)
    fcgitops("-C", root, "update", status=1)
    if end == "commit":
        resolve(root)
        git(root, "commit", "-qam", "By hand")
    else:
        git(root, "reset", "-q", "--hard")
    assert "an update waits" not in fcgitops("-C", root, "status").out
    edited = root / "base/service.yaml"
    edited.write_text(mine := edited.read_text() + "# mine\n")

    said = fcgitops("-C", root, "update", "--abort", status=2).err

    assert said.startswith("error: --abort: no update waits for it")
    assert edited.read_text() == mine


@pytest.mark.slow
def test_what_follows_from_a_resolved_conflict_is_generated_anew(
    fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """An environment's files come from the variant's file as it was resolved."""
    root = clone_released("hardened-argocd", tmp_path)
    variant = "overlays/customized-config/frameworkcontroller.yaml"
    fcgitops("-C", root, "update")
    text, new = (root / variant).read_text(), "workerNumber: 500\n"
    assert new in text
    # As if the former version had generated another number, and somebody had edited it.
    tree = record.decode((root / ".fcgitops/base").read_bytes()) or {}
    tree[variant] = text.replace(new, "workerNumber: 400\n").encode()
    edited = text.replace(new, "workerNumber: 700\n")
    write(root, {".fcgitops/base": record.encode(tree), variant: edited})
    git(root, "commit", "-qam", "Another number")
    fcgitops("-C", root, "overlays", "--no-commit")
    git(root, "commit", "-qm", "In line")

    fcgitops("-C", root, "update", status=1)
    write(root, {variant: text.replace(new, "workerNumber: 600\n")})
    fcgitops("-C", root, "update", "--continue")

    assert "workerNumber: 600\n" in (root / "overlays/prod/frameworkcontroller.yaml").read_text()
    assert git(root, "status", "--porcelain") == ""
    assert "nothing to do" in fcgitops("-C", root, "update").err


def test_out_of_line_is_brought_in_line(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Sources win over what was generated from older ones; an edit and a deletion are kept."""
    root = clone_released("out-of-line", tmp_path)

    said = fcgitops("-C", root, "update").err

    assert "note: overlays/dev/kustomization.yaml was deleted here and stays so\n" in said
    assert "workerNumber: 800" in (root / "overlays/prod/frameworkcontroller.yaml").read_text()
    assert "workerNumber: 300" in (root / "overlays/stage/frameworkcontroller.yaml").read_text()
    assert not (root / "overlays/dev/kustomization.yaml").exists()


@pytest.mark.slow
def test_migration_of_tags_that_hardened_refuses_now(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """They go on being used: the key that takes them is written, and that is said."""
    root = clone_released("lenient", tmp_path)

    said = fcgitops("-C", root, "update").err

    for name, tag in (("dev", "latest"), ("old", "v0.8.0")):
        path = f"overlays/{name}/environment.yaml"
        assert f"note: {path}: image.tagPolicy: any was written: image.tag is '{tag}'" in said
        changed = git(root, "show", "--format=", "-U0", "HEAD", "--", path).splitlines()
        assert [line for line in changed if line[0] in "+-" and line[1] not in "+-"] == [
            "+  tagPolicy: any"
        ]
    assert "tagPolicy" not in (root / "overlays/prod/environment.yaml").read_text()
    fcgitops("-C", root, "verify")


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("old", "former", "new", "note"),
    [
        (
            "  name: prod\n",
            "  name: prod\n  server: https://10.0.0.1:6443/  # ours\n",
            "  name: prod\n  server: https://10.0.0.1:6443  # ours\n",
            "cluster.server: https://10.0.0.1:6443 was written",
        ),
        (
            "sync: argocd\n",
            "sync: argocd\nimage.tag: v1.0.1  # ours\n",
            "sync: argocd\nimage:\n  tag: v1.0.1\n",
            "image.tag was nested",
        ),
        (
            "namespace: frameworkcontroller\n",
            "namespace: 1e3  # ours\n",
            "namespace: '1e3'  # ours\n",
            "namespace was quoted",
        ),
        (
            "  name: prod\n",
            "  name: 10.0.0.1:6443  # ours\n  server: https://10.0.0.1:6443\n",
            "  name: prod  # ours\n  server: https://10.0.0.1:6443\n",
            "cluster.name: prod was written for 10.0.0.1:6443; cluster.server says where it is",
        ),
        (
            "  name: prod\n",
            "  name: in-cluster\n  server: https://10.0.0.1:6443\n",
            "  name: prod\n  server: https://10.0.0.1:6443\n",
            "cluster.name: prod was written for in-cluster; cluster.server says where it is",
        ),
        (
            "  name: prod\nnamespace: frameworkcontroller\nsync: argocd\n",
            "  name: api.example.com:6443\nnamespace: frameworkcontroller\nsync: flux\n",
            "  name: prod\n  server: https://api.example.com:6443\n"
            "namespace: frameworkcontroller\nsync: flux\n",
            "cluster.name: prod was written for api.example.com:6443; cluster.server says",
        ),
        (
            "sync: argocd\n",
            "sync: argocd\nimage:\n  registry: team  # on Docker Hub\n",
            "sync: argocd\nimage:\n  registry: ''  # on Docker Hub\n"
            "  repository: team/frameworkcontroller/frameworkcontroller\n",
            "image.repository: team/frameworkcontroller/frameworkcontroller was written",
        ),
        (
            "sync: argocd\n",
            "sync: argocd\nnni:\n  namespace: nni\n  storage: nfs://10.0.0.2/nni\n"
            "  quota:\n    pods: 9\n    nvidia.com/gpu: 8\n",
            "sync: argocd\nnni:\n  namespace: nni\n  storage: nfs://10.0.0.2/nni\n"
            "  quota:\n    pods: 9\n",
            "nni.quota: nvidia.com/gpu was taken out, which counted nothing on any cluster; "
            "requests.nvidia.com/gpu would",
        ),
    ],
    ids=[
        "a server's spelling", "a dotted key", "what others take for a number", "an address",
        "Argo CD's own cluster", "an address, with Flux", "a namespace of Docker Hub", "a quota",
    ],
)  # fmt: skip
def test_migration_of_what_is_written_otherwise_now(
    old: str, former: str, new: str, note: str, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """What 0.1.0 took is written as this version takes it, and that is said."""
    root = clone_released("hardened-argocd", tmp_path)
    path = "overlays/prod/environment.yaml"
    text = (root / path).read_text()
    assert old in text
    write(root, {path: text.replace(old, former)})
    git(root, "commit", "-qam", "As 0.1.0 takes it")

    said = fcgitops("-C", root, "update").err

    assert f"note: {path}: {note}" in said
    assert (root / path).read_text() == text.replace(old, new)
    assert "nothing to do" in fcgitops("-C", root, "update").err


def test_migration_of_a_default_registry(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Whatever an environment takes of it, and whatever it has of its own, is the same image."""
    root = clone_released("hardened-argocd", tmp_path)
    text = (root / "fcgitops.yaml").read_text()
    own = {"dev": "image: {repository: q/fc}\n", "prod": "image: {registry: r.example.com}\n"}
    for name, image in own.items():
        path = root / f"overlays/{name}/environment.yaml"
        path.write_text(path.read_text() + image)
    write(root, {"fcgitops.yaml": text.replace("registry: ''", "registry: team")})
    git(root, "commit", "-qam", "Team's image")

    said = fcgitops("-C", root, "update").err

    assert "note: fcgitops.yaml: image.repository: team/frameworkcontroller/framework" in said
    images = {
        name: yamls.load((root / f"overlays/{name}/kustomization.yaml").read_text())["images"]
        for name in own
    }
    assert images["dev"][0]["newName"] == "team/q/fc"
    assert images["prod"][0]["newName"] == "r.example.com/frameworkcontroller/frameworkcontroller"
    assert "nothing to do" in fcgitops("-C", root, "update").err


def test_migration_of_a_default_tag(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """A tag that fcgitops.yaml gives all environments is taken there, once."""
    root = clone_released("hardened-argocd", tmp_path)
    text = (root / "fcgitops.yaml").read_text()
    write(root, {"fcgitops.yaml": text.replace("tag: v1.0.0", "tag: latest  # on purpose")})
    git(root, "commit", "-qam", "latest")

    said = fcgitops("-C", root, "update").err

    assert "note: fcgitops.yaml: image.tagPolicy: any was written to defaults" in said
    image = yamls.load((root / "fcgitops.yaml").read_text())["defaults"]["image"]
    assert (image["tag"], image["tagPolicy"]) == ("latest", "any")
    assert "tag: latest  # on purpose\n" in (root / "fcgitops.yaml").read_text()
    assert "tagPolicy" not in (root / "overlays/prod/environment.yaml").read_text()


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("frameworkcontroller-gitops==0.1.0", f"frameworkcontroller-gitops=={__version__}"),
        (
            "frameworkcontroller-gitops==0.1.0  # ours\nyamllint==0.1.0",
            f"frameworkcontroller-gitops=={__version__}  # ours\nyamllint==0.1.0",
        ),
        (
            "frameworkcontroller-gitops @ git+https://x.example/f@v0.1.0",
            f"frameworkcontroller-gitops @ git+https://x.example/f@v{__version__}",
        ),
        ("frameworkcontroller-gitops @ git+https://x.example/f@main",) * 2,
    ],
)
def test_requirements_pin_this_version(
    old: str, new: str, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """The line for fcgitops alone; one that names a branch is not touched."""
    root = clone_released("hardened-argocd", tmp_path)
    text = (root / "requirements.txt").read_text()
    pin = "frameworkcontroller-gitops==0.1.0"
    write(root, {"requirements.txt": text.replace(pin, old)})
    git(root, "commit", "-q", "--allow-empty", "-am", "Another pin")

    fcgitops("-C", root, "update")

    assert (root / "requirements.txt").read_text() == text.replace(pin, new)


def test_a_newer_repository_is_refused_by_name(repository: Path, fcgitops: Fcgitops) -> None:
    """Whatever else its fcgitops.yaml holds that this version does not know."""
    text = (repository / "fcgitops.yaml").read_text()
    text = text.replace(f"version: {__version__}", "version: 9.0.0")
    recorded = (repository / ".fcgitops/base").read_text()
    old = codecs.encode(f"version: {__version__}", "rot13")
    write(repository, {
        "fcgitops.yaml": text.replace("answers:\n", "answers:\n  new: 1\n"),
        ".fcgitops/base": recorded.replace(old, codecs.encode("version: 9.0.0", "rot13")),
    })  # fmt: skip

    for command in (["update"], ["update", "--check"], ["overlays"]):
        said = fcgitops("-C", repository, *command, status=2).err
        assert said.startswith(
            "error: fcgitops.yaml: version: fcgitops 9.0.0 wrote this repository"
        ), said


def test_an_older_repository_is_told_of_update(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """By every other command that writes."""
    root = clone_released("empty", tmp_path)

    said = fcgitops("-C", root, "overlay", "dev", status=2).err

    assert "(`fcgitops update` carries it here; or use the one that requirements.txt" in said


def test_dry_run_and_branch(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """As the other commands that write: nothing written; a commit on a branch of its own."""
    root = clone_released("empty", tmp_path)
    before = snapshot(root)

    shown = fcgitops("-C", root, "update", "--dry-run").out
    assert f"+version: {__version__}\n" in shown
    assert {p: b for p, b in snapshot(root).items() if not p.startswith(".git/")} == {
        p: b for p, b in before.items() if not p.startswith(".git/")
    }
    fcgitops("-C", root, "update", "--branch", "bot/update", "-m", "chore: fcgitops")

    assert git(root, "log", "-1", "--format=%s", "bot/update") == "chore: fcgitops"
    assert git(root, "rev-parse", "main") == git(root, "rev-parse", "bot/update~1")


def test_a_record_that_names_strange_files_takes_none_away(
    fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """A base's record from somebody else's branch deletes nothing."""
    root = clone_released("empty", tmp_path)
    tree = record.decode((root / ".fcgitops/base").read_bytes()) or {}
    tree["docs/runbook.md"] = b"# Runbook\n"
    write(root, {".fcgitops/base": record.encode(tree), "docs/runbook.md": "# Runbook\n"})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "A strange record")

    said = fcgitops("-C", root, "update").err

    assert "note: .fcgitops/base names docs/runbook.md: not generated there" in said
    assert (root / "docs/runbook.md").read_text() == "# Runbook\n"


def test_what_is_refused_says_nothing_of_what_it_would_have_done(
    fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Notes come with what was done; before it they would be read as done."""
    root = clone_released("hardened-both", tmp_path)
    write(root, {"README.md": "# Ours\n"})

    said = fcgitops("-C", root, "update", status=2).err

    assert said.splitlines() == [
        "error: README.md: has changes that are not committed (commit or stash them first)"
    ]


def test_an_update_that_was_left_uncommitted_is_committed_as_one(
    fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """It is still an update, and what the first one has staged is no edit of somebody's."""
    root = clone_released("hardened-both", tmp_path)
    title = f"Update to fcgitops {__version__}"

    for _ in range(2):
        assert (
            f"{title}: left in the work tree" in fcgitops("-C", root, "update", "--no-commit").err
        )
    fcgitops("-C", root, "update")

    assert git(root, "log", "-1", "--format=%B").strip() == title
    assert git(root, "status", "--porcelain") == ""


def test_options_that_contradict_each_other(repository: Path, fcgitops: Fcgitops) -> None:
    """Each is named."""
    said = fcgitops("-C", repository, "update", "--check", "--abort", "--dry-run", status=2).err
    assert said == (
        "error: --abort: is not taken together with --check (one of the two)\n"
        "error: --dry-run: is not taken together with --check (one of the two)\n"
    )
