"""`fcgitops eject`: plain Kustomize, Argo CD and Flux files are left, and nothing of fcgitops."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops, snapshot
from fcgitops.programs import kustomize
from fcgitops.repository import listing
from gitenv import clone_released, committed, git, write

FLEET = (
    ["new", "deploy", "--env", "dev", "--env", "prod=customized-config", "--gitops", "both"],
    ["overlay", "west", "--set", "sync=flux"],
    ["nni", "enable", "prod", "--storage", "nfs://10.0.0.1/share"],
    ["nni", "experiment", "mnist", "--env", "prod"],
)
DOCS = (
    "base", "checks", "environments", "guardrails", "kind", "make", "nni", "pull-requests", "sync",
)  # fmt: skip
GONE = {
    ".editorconfig",
    ".fcgitops/base",
    ".github/workflows/review.yml",
    ".github/workflows/test.yml",
    ".github/workflows/update.yml",
    ".gitlab-ci.yml",
    "renovate.json",
    ".pre-commit-config.yaml",
    ".prettierignore",
    ".yamllint",
    "AGENTS.md",
    "Makefile",
    *(f"docs/fcgitops/{name}.md" for name in DOCS),
    "clusters/flux/west/.fcgitops",
    "experiments/mnist/.fcgitops",
    "fcgitops.yaml",
    "overlays/dev/.fcgitops",
    "overlays/prod/.fcgitops",
    "overlays/west/.fcgitops",
    "overlays/west/environment.yaml",
    "requirements.txt",
    "schemas/environment.schema.json",
    "schemas/fcgitops.schema.json",
    "schemas/run.schema.json",
}


def rendered(root: Path) -> dict[str, bytes]:
    """What the real kustomize makes of each folder, Argo CD's entry points with them."""
    program = kustomize.find()
    folders = [item.folder for item in listing.kustomizations(root)]
    folders += ["clusters/argocd"] if (root / "clusters/argocd").is_dir() else []
    return {folder: program.build(root / folder) for folder in folders}


def test_a_link_that_is_committed(copy_of: CopyOf, fcgitops: Fcgitops) -> None:
    """Is named as what it is: to commit or to stash it helped nobody."""
    top = copy_of(["new", "deploy", "--env", "dev"])
    (top / "README.md").rename(top / "READ.md")
    (top / "README.md").symlink_to("READ.md")
    git(top, "add", "--all")
    git(top, "commit", "-qm", "a link")
    said = (
        "README.md: is a symbolic link, which fcgitops does not follow (put the file itself there)"
    )
    assert fcgitops("-C", top, "eject", status=2).err == f"error: {said}\n"


def test_plain_files_are_left(copy_of: CopyOf, fcgitops: Fcgitops) -> None:
    """One commit; the same rendered bytes; no file, comment or CI step of ours; a second is none.

    A word of the user's own experiment.yaml stays: it is in a ConfigMap.
    """
    root = copy_of(*FLEET)
    before, had = rendered(root), set(committed(root))
    ran = fcgitops("-C", root, "eject")

    assert git(root, "log", "-1", "--format=%s") == "Eject deploy from fcgitops"
    assert git(root, "status", "--porcelain") == ""
    assert had - set(committed(root)) == GONE
    assert set(committed(root)) <= had
    assert rendered(root).items() >= {k: v for k, v in before.items() if "west" not in k}.items()
    assert kustomize.find().build(root / "overlays/west") == before["overlays/west"]
    words = re.compile(r"fcgitops(?!\.io/)|\bmake [a-z]+\b|\brecord\b", re.IGNORECASE)
    left = [path for path, text in committed(root).items() if words.search(text)]
    assert left == ["experiments/mnist/experiment.yaml"]
    assert "8 kustomizations: each renders the same bytes as before\n" in ran.err
    assert "kept: overlays/dev/environment.yaml, overlays/prod/environment.yaml, " in ran.err
    first = (root / "overlays/dev/environment.yaml").read_text().splitlines()[:2]
    assert first == ["# Argo CD's ApplicationSet reads this file.", "variant: default-config"]
    assert "is in no repository of fcgitops" in fcgitops("-C", root, "eject", status=2).err


@pytest.mark.slow
def test_line_ends_of_another_system_are_no_edit(copy_of: CopyOf, fcgitops: Fcgitops) -> None:
    """Of a work tree that git or an editor has given them: no file is kept as edited."""
    root = copy_of(FLEET[0])
    for path in (".editorconfig", "README.md", "AGENTS.md", "overlays/dev/kustomization.yaml"):
        write(root, {path: (root / path).read_bytes().replace(b"\n", b"\r\n")})

    ran = fcgitops("-C", root, "eject")

    assert [line for line in ran.err.splitlines() if "has edits of yours" in line] == []
    assert not {".editorconfig", "AGENTS.md"} & set(committed(root))
    assert "fcgitops" not in committed(root)["README.md"]
    assert "fcgitops" not in committed(root)["overlays/dev/kustomization.yaml"]


@pytest.mark.slow
def test_what_was_taken_out_of_the_index_is_put_back_first(
    copy_of: CopyOf, fcgitops: Fcgitops
) -> None:
    """To commit, as for an edit, would delete the file: the way back is said instead."""
    root, path = copy_of(FLEET[0]), "overlays/prod/kustomization.yaml"
    git(root, "rm", "-q", "--cached", path)
    told = f"{path}: was taken out of Git's index, so that the next `git commit` deletes it"

    for command, status in (("eject", 2), ("overlays", 1), ("update", 1)):
        said = fcgitops("-C", root, command, status=status).err
        assert said == f"error: {told} (`git restore --staged {path}`)\n"
    git(root, "restore", "--staged", path)
    fcgitops("-C", root, "overlays")


@pytest.mark.slow
def test_the_options_of_all_that_write(copy_of: CopyOf, fcgitops: Fcgitops) -> None:
    """Nothing at all, nothing but staged, a branch of another name."""
    root = copy_of(FLEET[0])
    before = snapshot(root / "overlays"), git(root, "rev-parse", "HEAD")
    ran = fcgitops("-C", root, "eject", "--dry-run")
    assert "+++ /dev/null" in ran.out
    assert ran.err.endswith("nothing was written\n")
    assert before == (snapshot(root / "overlays"), git(root, "rev-parse", "HEAD"))
    fcgitops("-C", root, "eject", "--branch", "plain", "-m", "Hello")
    assert git(root, "log", "-1", "--format=%s", "plain") == "Hello"
    git(root, "switch", "-q", "main")
    fcgitops("-C", root, "eject", "--no-commit")
    assert "D  fcgitops.yaml" in git(root, "status", "--porcelain")


@pytest.mark.slow
def test_what_is_the_users_own_stays(copy_of: CopyOf, fcgitops: Fcgitops) -> None:
    """Targets, requirements, comments and files of theirs; a bot's change makes no file theirs."""
    root = copy_of(FLEET[0])
    write(
        root,
        {
            "Makefile": (root / "Makefile").read_text() + "\n.PHONY: ours\nours:\n\techo ours\n",
            "requirements.txt": (root / "requirements.txt").read_text() + "yamllint==1.35.1\n",
            "README.md": "# Ours\n",
            ".github/workflows/test.yml": (root / ".github/workflows/test.yml")
            .read_text()
            .replace("3.12", "3.14"),
            ".github/workflows/own.yml": "on: push\njobs: {a: {steps: [{run: make test}]}}\n",
            "overlays/dev/local/kustomization.yaml": "# ours: make it so\n"
            + (root / "overlays/dev/local/kustomization.yaml").read_text(),
            "overlays/dev/environment.yaml": "# ours\n"
            + (root / "overlays/dev/environment.yaml").read_text(),
            "overlays/prod/kustomization.yaml": "# ours\n"
            + (root / "overlays/prod/kustomization.yaml").read_text(),
            "docs/runbook.md": "# Runbook\n",
            "overlays/prod/environment.yaml": "\ufeff"
            + (root / "overlays/prod/environment.yaml").read_text(),
            "overlays/dev/kustomization.yaml": "\ufeff"
            + (root / "overlays/dev/kustomization.yaml").read_text(),
        },
    )
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Ours")
    ran = fcgitops("-C", root, "eject")
    files = committed(root)

    assert files["Makefile"] == ".PHONY: ours\nours:\n\techo ours"
    assert files["requirements.txt"] == "yamllint==1.35.1"
    assert files["README.md"] == "# Ours"
    assert files["docs/runbook.md"] == "# Runbook"
    assert files["overlays/dev/local/kustomization.yaml"].startswith("# ours: make it so\n# Yours")
    assert files["overlays/dev/environment.yaml"].splitlines()[1:3] == [
        "# ours",
        "variant: default-config",
    ]
    assert files["overlays/prod/kustomization.yaml"].startswith("# ours\napiVersion: ")
    # A byte order mark is one at the top alone: behind anything else no reader takes the file.
    assert files["overlays/prod/environment.yaml"].startswith("\ufeff# Argo CD's ApplicationSet")
    assert files["overlays/prod/environment.yaml"].count("\ufeff") == 1
    assert files["overlays/dev/kustomization.yaml"].startswith("\ufeffapiVersion: ")
    assert ".github/workflows/test.yml" not in files
    assert "kept: README.md has edits of yours, and speaks of commands that are gone\n" in ran.err
    assert ".github/workflows/own.yml:2 seems to call what is gone\n" in ran.err


@pytest.mark.slow
def test_a_comment_in_another_encoding_stays(copy_of: CopyOf, fcgitops: Fcgitops) -> None:
    """Byte for byte: nobody said that what is added to a file has to be UTF-8."""
    root = copy_of(FLEET[0])
    comment = "# M\u00fcller's\n".encode("latin-1")
    paths = [root / path for path in (".gitattributes", "overlays/default-config/README.md")]
    for path in paths:
        path.write_bytes(path.read_bytes() + comment)
    git(root, "commit", "-qam", "Ours")
    fcgitops("-C", root, "eject")
    for path in paths:
        assert path.read_bytes().endswith(comment)
        assert b"fcgitops" not in path.read_bytes()


def uncommitted(root: Path) -> None:
    """An edit that HEAD has not."""
    write(root, {"overlays/dev/environment.yaml": "variant: default-config\nnamespace: x\n"})


def out_of_line(root: Path) -> None:
    """A source says what was not generated."""
    text = (root / "overlays/dev/environment.yaml").read_text()
    write(root, {"overlays/dev/environment.yaml": f"{text}image: {{tag: v1.0.1}}\n"})
    git(root, "commit", "-qam", "Edited")


def mixed(root: Path) -> None:
    """A job of somebody's in the file that calls fcgitops."""
    text = (root / ".gitlab-ci.yml").read_text()
    write(root, {".gitlab-ci.yml": f"{text}lint:\n  script:\n  - yamllint .\n"})
    git(root, "commit", "-qam", "Edited")


def named(root: Path) -> None:
    """A kustomization renders what goes."""
    text = (root / "overlays/dev/kustomization.yaml").read_text()
    text += "configMapGenerator:\n- {name: x, files: [environment.yaml]}\n"
    write(root, {"overlays/dev/kustomization.yaml": text})
    git(root, "commit", "-qam", "Edited")


def broken(root: Path) -> None:
    """What does not build: nothing can be proven of it."""
    text = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [none]\n"
    write(root, {"overlays/dev/local/kustomization.yaml": text})
    git(root, "commit", "-qam", "Edited")


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("state", "status", "what"),
    [
        (uncommitted, 2, "overlays/dev/environment.yaml: has changes that are not committed"),
        (out_of_line, 1, "overlays/dev/kustomization.yaml: is not in line with its source"),
        (mixed, 1, ".gitlab-ci.yml: has edits of yours beside what calls fcgitops (line 5, 10, "),
        (named, 1, "overlays/dev: would be rendered otherwise"),
        (broken, 3, "overlays/dev: kustomize cannot build it: "),
    ],
)
def test_what_is_refused(
    state: Callable[[Path], None], status: int, what: str, copy_of: CopyOf, fcgitops: Fcgitops
) -> None:
    """Each with the way out; nothing is written."""
    root = copy_of(FLEET[0])
    state(root)
    before = git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD")
    assert what in fcgitops("-C", root, "eject", status=status).err
    assert before == (git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD"))


@pytest.mark.slow
def test_in_a_folder_of_a_bigger_repository(
    git_home: Path, tmp_path: Path, fcgitops: Fcgitops
) -> None:
    """Nothing above it is touched; who calls it from there is named; dirty files stay dirty."""
    git(tmp_path, "init", "-q", "mono")
    mono = tmp_path / "mono"
    ci = ".github/workflows/all.yml"
    write(mono, {ci: "on: push\njobs: {a: {steps: [{run: make -C infra/fc tools test}]}}\n"})
    write(mono, {"Makefile": "test:\n\tgo test\n"})
    git(mono, "add", "-A")
    git(mono, "commit", "-qm", "The first")
    options = ("--env", "dev", "--gitops", "both", "--no-input")
    fcgitops("new", "--into", mono, "--path", "infra/fc", *options)
    fcgitops("new", "--into", mono, "--path", "infra/fc2", *options)
    write(mono, {"Makefile": "edited\n", "new": "1\n"})
    before = rendered(mono / "infra/fc")
    ran = fcgitops("-C", mono / "infra/fc/overlays", "eject")

    assert git(mono, "status", "--porcelain") == " M Makefile\n?? new"
    changed = git(mono, "diff", "--name-only", "HEAD~1", "HEAD").splitlines()
    assert all(path.startswith("infra/fc/") for path in changed)
    assert not (mono / "infra/fc/fcgitops.yaml").exists()
    assert rendered(mono / "infra/fc") == before
    assert [line for line in ran.err.splitlines() if "seems to call" in line] == [
        f"  {ci}:2 seems to call what is gone"
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hardened-both", "upstream-every-key", "nni", "hand-edits"])
def test_a_repository_of_a_released_version(
    name: str, git_home: Path, tmp_path: Path, fcgitops: Fcgitops
) -> None:
    """Its own records say what was made."""
    root = clone_released(name, tmp_path)
    before = rendered(root)
    fcgitops("-C", root, "eject")
    assert not [p for p in committed(root) if p.endswith(".fcgitops") or p == "fcgitops.yaml"]
    for folder, objects in before.items():
        assert kustomize.find().build(root / folder) == objects
