"""`fcgitops new --into REPO --path DIR`: the content in a folder of a bigger repository."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Fcgitops, Ran
from fcgitops.repository import record
from fcgitops.text import values
from fcgitops.text.tree import read_tree
from fcgitops.text.yamlio import load_all
from gitenv import committed, git, write

URL = "https://git.example.com/platform/mono.git"
PATH = "infrastructure/frameworkcontroller"
ENVIRONMENTS = ("--env", "dev", "--env", "prod=customized-config", "--gitops", "both")
AT_THE_TOP = (
    ".github/workflows/review.yml",
    ".github/workflows/test.yml",
    ".github/workflows/update.yml",
    ".gitlab-ci.yml",
    ".pre-commit-config.yaml",
    "renovate.json",
)


@pytest.fixture
def mono(git_home: Path, tmp_path: Path) -> Path:
    """Somebody's repository: history, a second branch, a remote, changes that are not committed."""
    git(tmp_path, "init", "-q", "-b", "main", "mono")
    folder = tmp_path / "mono"
    write(folder, {"Makefile": "all:\n", "README.md": "# Mono\n", ".gitignore": "/out/\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "The first")
    git(folder, "branch", "release")
    git(folder, "remote", "add", "origin", URL)
    write(folder, {"README.md": "# Mono, edited\n", "staged": "1\n", "new": "2\n", "out/o": "3\n"})
    git(folder, "add", "staged")
    return folder


def into(fcgitops: Fcgitops, mono: Path, *options: str, path: str = PATH, status: int = 0) -> Ran:
    """Makes the content."""
    command = ("new", "--into", mono, "--path", path, "--no-input")
    return fcgitops(*command, *options, status=status)


def test_it_is_one_commit_beside_all_else(fcgitops: Fcgitops, mono: Path) -> None:
    """On the current branch; the index, changes, branches and other files are as they were."""
    before = git(mono, "status", "--porcelain", "--ignored")
    ran = into(fcgitops, mono, *ENVIRONMENTS)

    assert git(mono, "status", "--porcelain", "--ignored") == before
    assert git(mono, "log", "--format=%s") == f"Scaffold frameworkcontroller in {PATH}\nThe first"
    changed = git(mono, "diff", "--name-status", "HEAD~1", "HEAD").splitlines()
    assert {line.split("\t")[0] for line in changed} == {"A"}
    assert all(line.split("\t")[1].startswith(f"{PATH}/") for line in changed)
    assert git(mono, "rev-parse", "release") == git(mono, "rev-parse", "HEAD~1")
    assert "left out, as nothing reads them in a folder: " + ", ".join(AT_THE_TOP) in ran.err
    assert f"make -C {PATH} tools test" in ran.err
    again = into(fcgitops, mono, *ENVIRONMENTS)
    assert f"nothing to do: {PATH} is there already, from these answers\n" in again.err


@pytest.mark.slow
def test_the_same_as_at_the_top_but_for_paths(
    fcgitops: Fcgitops, mono: Path, tmp_path: Path
) -> None:
    """What is read at a top alone is left out; what Argo CD and Flux read says the folder."""
    into(fcgitops, mono, *ENVIRONMENTS)
    top = tmp_path / "frameworkcontroller"
    fcgitops("new", top, *ENVIRONMENTS, "--repo-url", URL, "--no-input")
    for root in (top, mono / PATH):
        fcgitops("-C", root, "overlay", "west", "--set", "sync=flux")
        fcgitops("-C", root, "verify")
    one, other = read_tree(top), read_tree(mono / PATH)

    assert sorted({*one} - {*other}) == sorted(AT_THE_TOP)
    assert {*other} <= {*one}
    differing = {path for path in other if other[path] != one[path]}
    assert differing == {
        ".fcgitops/base",
        "clusters/argocd/applicationset.yaml",
        "clusters/flux/west/.fcgitops",
        "clusters/flux/west/sync.yaml",
        "fcgitops.yaml",
    }
    assert f"  path: {PATH}\n" in other["fcgitops.yaml"].decode()
    (argocd,) = load_all(other["clusters/argocd/applicationset.yaml"], "")
    assert argocd["spec"]["generators"][0]["git"]["files"] == [
        {"path": f"{PATH}/overlays/*/environment.yaml"},
        {"path": f"{PATH}/overlays/*/*/environment.yaml", "exclude": True},
    ]
    source, flux = load_all(other["clusters/flux/west/sync.yaml"], "")
    assert flux["spec"]["path"] == f"./{PATH}/overlays/west"
    assert source["spec"]["ignore"].splitlines() == [
        "/*",
        "!/infrastructure/",
        "/infrastructure/*",
        f"!/{PATH}/",
        f"/{PATH}/*",
        f"!/{PATH}/base/",
        f"!/{PATH}/components/",
        f"!/{PATH}/overlays/",
        f"/{PATH}/overlays/*/",
        f"!/{PATH}/overlays/default-config/",
        f"!/{PATH}/overlays/west/",
    ]


def test_what_flux_ignores_is_all_but_what_is_rendered(fcgitops: Fcgitops, mono: Path) -> None:
    """By git's own reading of the patterns."""
    into(fcgitops, mono, *ENVIRONMENTS)
    root = mono / PATH
    fcgitops("-C", root, "overlay", "west", "--set", "sync=flux")
    source, _ = load_all((root / "clusters/flux/west/sync.yaml").read_bytes(), "")
    (mono / "patterns").write_text(source["spec"]["ignore"])
    listed = git(mono, "-c", "core.excludesFile=/dev/null", "ls-files", "--cached")
    rules = ("ls-files", "--cached", "--ignored", "-X", "patterns")
    kept = {*listed.splitlines()} - {*git(mono, *rules).splitlines()}

    assert {p.split("/")[2] for p in kept} == {"base", "components", "overlays"}
    overlays = {p.split("/")[3] for p in kept if "/overlays/" in p}
    assert overlays == {"default-config", "west"}


COMMANDS = """\
overlay west --set sync=flux
nni enable west --storage nfs://10.0.0.1/share
nni experiment mnist --env west
overlay prod --set workerNumber=300
overlays
list
build prod
verify --format github
status
diff HEAD~1
diff HEAD~3..HEAD
diff prod@HEAD~1 prod
diff prod dev
promote dev prod --dry-run
rollback prod --dry-run
review --base HEAD~2
report --output ../report.html
restore overlays/prod
update --check
update
config check
nni check experiments/mnist/experiment.yaml
nni remove mnist
remove west
bootstrap dev
doctor"""


def told(ran: Ran, root: Path) -> tuple[int, str, str]:
    """What a command said, without what differs between any two places and runs."""
    texts = []
    for said in (ran.out, ran.err):
        text = said.replace(f"{root}/", "").replace(str(root), ".").replace(f"{PATH}/", "")
        text = re.sub(r"\b[0-9a-f]{7,10}\b", "…", text).replace(f" in {PATH}", "")
        text = re.sub(r"in \d+\.\d s", "in … s", text)
        text = re.sub(r"spec\.ignore: .*", "spec.ignore: …", text)
        texts.append(re.sub(r"\d+ (files|as generated)", r"… \1", text))
    return ran.status, texts[0], texts[1]


@pytest.fixture
def both(fcgitops: Fcgitops, mono: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The same content at the top of a repository, and in a folder of another one."""
    into(fcgitops, mono, *ENVIRONMENTS)
    top = tmp_path / "top" / "frameworkcontroller"
    fcgitops("new", top, *ENVIRONMENTS, "--repo-url", URL, "--no-input")
    return top, mono / PATH


@pytest.mark.slow
def test_every_command_does_the_same_in_both(
    fcgitops: Fcgitops, both: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status, words and the tree that is left are the same but for paths."""
    top, folder = both
    monkeypatch.setenv("KUBECTL", "/none")
    for line in COMMANDS.splitlines():
        results = []
        for root in both:
            monkeypatch.chdir(root / "overlays")  # from anywhere in it
            words = [w if "/" not in w or "=" in w or ":" in w else f"../{w}" for w in line.split()]
            results.append(told(fcgitops(*words, status=None), root))
        assert results[0] == results[1], line
    for root in both:
        assert git(root, "status", "--porcelain", "--", ".") == ""
    for path, data in read_tree(folder).items():
        if path.startswith(("overlays/", "base/", "components/")):
            assert data == (top / path).read_bytes(), path


@pytest.mark.slow
def test_two_folders_on_one_cluster_are_found(fcgitops: Fcgitops, mono: Path) -> None:
    """By an address for certain; a name may be two clusters', and is said without a failure."""
    for path in (PATH, "team-b/fc"):
        into(fcgitops, mono, "--env", "dev", path=path)
    first = mono / PATH
    said = fcgitops("-C", first, "verify").out
    assert (
        "dev: info: FCG48: overlays/dev/environment.yaml: cluster.name: team-b/fc/overlays/dev is "
        "on a cluster of this name, and entry points of both have the same names "
        "(FrameworkController is one per cluster: if it is the same, give each its own)\n"
    ) in said
    for folder in (first, mono / "team-b/fc"):
        fcgitops("-C", folder, "overlay", "prod", "--cluster", "https://10.0.0.1:6443")
    said = fcgitops("-C", first, "verify", status=1).out
    assert "cluster.server: team-b/fc/overlays/prod is on this cluster already" in said
    fcgitops("-C", mono / "team-b/fc", "overlay", "prod", "--cluster", "https://10.0.0.2:6443")
    fcgitops("-C", first, "verify")  # nothing changed in this folder


@pytest.mark.slow
def test_an_update_with_conflicts_is_of_its_own_folder(fcgitops: Fcgitops, mono: Path) -> None:
    """Two folders, one of which waits for its conflicts: the other one goes on undisturbed."""
    into(fcgitops, mono, "--env", "dev")
    ran = into(fcgitops, mono, "--env", "dev", path="team-b/fc")
    assert f"note: {PATH}/ has entry points of the same names" in ran.err
    git(mono, "stash", "-q", "-u")
    first, second = mono / PATH, mono / "team-b/fc"
    write(first, {"README.md": "mine\n"})
    base = record.decode((first / ".fcgitops/base").read_bytes()) or {}
    base["README.md"] = b"theirs\n"
    (first / ".fcgitops/base").write_bytes(record.encode(base))
    git(mono, "commit", "-qam", "Both sides")
    assert "update --abort" in fcgitops("-C", first, "update", status=1).err
    fcgitops("-C", second, "list")
    assert "no update waits" in fcgitops("-C", second, "update", "--abort", status=2).err
    fcgitops("-C", first, "update", "--abort")
    assert git(mono, "status", "--porcelain") == ""
    fcgitops("-C", second, "overlay", "prod")
    assert committed(mono)["team-b/fc/overlays/prod/environment.yaml"]


@pytest.mark.parametrize(
    "path",
    [
        "a", "infra/frameworkcontroller", ".infra/x_1.y-z", "a/b/c/d",
    ],
)  # fmt: skip
def test_a_path_that_is_taken(path: str) -> None:
    """Letters, digits, dots, underscores and dashes mean nothing to any reader."""
    assert values.folder(path) == ""


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "..", "../x", "a/../b", "a/./b", "a//b", "/absolute", "a/", "~/x", "a/..",
        ".git", ".git/x", "a/.GIT", "a/.git/b", "a.", "a./b", "-a", "a/-b",
        "a b", "a\nb", "a\n", "\na", "a\tb", "a\0b", "a'b", 'a"b', "a`b", "a\\b", "$(id)", "$HOME",
        "{{ .path }}", "{{x}}", "{% x %}", "a/*", "a?", "[a]", "!a", "#a", "a;b", "a:b", "a=b",
        "\u00e4", "a\u200bb", "x" * 201, 7, None, ["a"],
    ],
)  # fmt: skip
def test_a_path_that_means_something_else(path: object) -> None:
    """To git, a shell, make, a pattern of Argo CD's or Flux's, or a template: it is refused."""
    assert "a relative path such as infra/frameworkcontroller" in values.folder(path)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("../outside", "'../outside' is not valid"),
        ("a\nb", "is not valid, it has U+000A"),
        (".git/x", "is not valid"),
        ("README.md", "README.md is a file"),
        ("link/fc", "link is a symbolic link"),
        ("sub/fc", "sub is another Git repository"),
        ("out", "out holds files: o"),
        ("committed", "committed is taken: Git has committed/file"),
        ("ours/fc", "ours has a fcgitops.yaml: what fcgitops has generated there does not nest"),
    ],
)
def test_a_place_that_is_refused(path: str, what: str, fcgitops: Fcgitops, mono: Path) -> None:
    """By its name, or for what stands there: exit 2, and nothing is touched."""
    (mono / "link").symlink_to("/tmp")
    git(mono, "init", "-q", "sub")
    write(mono, {"committed/file": "1\n", "ours/fcgitops.yaml": "version: 1\n"})
    git(mono, "add", "committed")
    git(mono, "commit", "-qm", "The second")
    shutil.rmtree(mono / "committed")
    before = git(mono, "status", "--porcelain"), git(mono, "rev-parse", "HEAD")
    ran = into(fcgitops, mono, path=path, status=2)

    assert what in ran.err
    assert ran.err.startswith("error: --path: ")
    assert before == (git(mono, "status", "--porcelain"), git(mono, "rev-parse", "HEAD"))


def test_a_trailing_slash_is_none(fcgitops: Fcgitops, mono: Path) -> None:
    """As a shell completes a folder."""
    into(fcgitops, mono, path="infra/")
    assert "  path: infra\n" in committed(mono)["infra/fcgitops.yaml"]


def merging(mono: Path) -> None:
    """A merge that waits for its conflict."""
    git(mono, "stash", "-q", "-u")
    git(mono, "switch", "-q", "release")
    write(mono, {"README.md": "theirs\n"})
    git(mono, "commit", "-qam", "Theirs")
    git(mono, "switch", "-q", "main")
    write(mono, {"README.md": "ours\n"})
    git(mono, "commit", "-qam", "Ours")
    git(mono, "merge", "release", status=1)


def detached(mono: Path) -> None:
    """No branch is checked out."""
    git(mono, "switch", "-q", "--detach")


def ignoring(mono: Path) -> None:
    """A rule that is about some of the content."""
    write(mono, {"infrastructure/.gitignore": "overlays/\n"})


def filtering(mono: Path) -> None:
    """A clean filter that is about all of it, such as git-crypt's."""
    write(mono, {".gitattributes": "infrastructure/** filter=crypt\n"})
    git(mono, "config", "filter.crypt.clean", "rev")


def refusing(mono: Path) -> None:
    """A hook that refuses."""
    hook = mono / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no such day\nexit 1\n")
    hook.chmod(0o755)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("state", "status", "what"),
    [
        (merging, 2, "a merge is under way (`git commit` finishes it"),
        (detached, 2, "HEAD is detached"),
        (
            ignoring,
            2,
            f"{PATH}/overlays/customized-config/README.md: would be ignored by Git "
            "(infrastructure/.gitignore:1: overlays/)",
        ),
        (filtering, 2, "goes through the filter 'crypt' (.gitattributes), which is not run here"),
        (refusing, 1, "no such day"),
    ],
)
def test_a_repository_that_is_refused(
    state: Callable[[Path], None], status: int, what: str, fcgitops: Fcgitops, mono: Path
) -> None:
    """For what it is in the middle of, or does with such files: nothing is touched."""
    state(mono)
    before = git(mono, "status", "--porcelain"), git(mono, "rev-parse", "HEAD")
    assert what in into(fcgitops, mono, status=status).err
    assert before == (git(mono, "status", "--porcelain"), git(mono, "rev-parse", "HEAD"))
    assert not (mono / PATH).exists()


def test_no_repository_and_no_top_are_refused(fcgitops: Fcgitops, mono: Path) -> None:
    """With where the top is; and --into goes with --path, without DEST and --push."""
    write(mono, {"deep/file": ""})
    ran = into(fcgitops, mono / "deep", status=2)
    assert f"is a folder of the repository {mono} (--into {mono} --path deep/…)" in ran.err
    assert "is not in a Git work tree" in into(fcgitops, mono.parent, status=2).err
    assert "--push: is for a repository of its own" in into(fcgitops, mono, "--push", status=2).err
    for words in (("--into", mono), ("--path", "x"), ("x", "--into", mono, "--path", "x"), ()):
        ran = fcgitops("new", *words, "--no-input", status=2)
        assert "either DEST, or --into REPO and --path DIR" in ran.err


@pytest.mark.slow
def test_the_options_of_all_that_write(fcgitops: Fcgitops, mono: Path) -> None:
    """Nothing at all, nothing but staged, a branch of another name; hooks see the whole commit."""
    hook = mono / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntest -f {PATH}/Makefile && test -f Makefile && test ! -e new\n")
    hook.chmod(0o755)
    shown = into(fcgitops, mono, "--dry-run").out
    assert f"+++ b/{PATH}/base/kustomization.yaml" in shown
    assert not (mono / "infrastructure").exists()
    into(fcgitops, mono, "--no-commit", path="staged-only/fc")
    assert "A  staged-only/fc/fcgitops.yaml" in git(mono, "status", "--porcelain")
    git(mono, "rm", "-rqf", "staged-only")
    into(fcgitops, mono, "--branch", "add-fc", "-m", "Hello")
    assert git(mono, "log", "-1", "--format=%s", "add-fc") == "Hello"
    assert git(mono, "rev-parse", "main") == git(mono, "rev-parse", "add-fc~1")
    assert "  branch: main\n" in (mono / PATH / "fcgitops.yaml").read_text()


@pytest.mark.slow
def test_a_folder_that_moved_is_told_and_brought_in_line(fcgitops: Fcgitops, mono: Path) -> None:
    """`path` says where it stands: an edit of it and `overlays` do the rest."""
    into(fcgitops, mono, "--env", "dev")
    git(mono, "mv", "infrastructure", "platform")
    git(mono, "commit", "-qm", "Move")
    root = mono / "platform/frameworkcontroller"
    said = fcgitops("-C", root, "verify", status=1).out
    assert "FCG12: `path` is 'infrastructure/frameworkcontroller'" in said
    assert "`path: platform/frameworkcontroller` of `answers`, then make overlays" in said
    text = (root / "fcgitops.yaml").read_text()
    write(root, {"fcgitops.yaml": text.replace("infrastructure/", "platform/")})
    fcgitops("-C", root, "overlays")
    fcgitops("-C", root, "verify")
    assert (
        "platform/frameworkcontroller/overlays/*/"
        in (root / "clusters/argocd/applicationset.yaml").read_text()
    )


def test_a_repository_of_its_own_becomes_a_folder(
    fcgitops: Fcgitops, mono: Path, tmp_path: Path
) -> None:
    """Once `path` says so, `update` makes it what `new --into` would have made; edits stay."""
    top = tmp_path / "frameworkcontroller"
    fcgitops("new", top, "--env", "dev", "--repo-url", URL, "--no-input")
    shutil.copytree(top, mono / PATH, ignore=shutil.ignore_patterns(".git"))
    root = mono / PATH
    text = (root / "fcgitops.yaml").read_text()
    mine = (root / ".gitlab-ci.yml").read_text() + "# ours\n"
    write(root, {"fcgitops.yaml": text.replace("defaults:", f"  path: {PATH}\ndefaults:"),
                 ".gitlab-ci.yml": mine})  # fmt: skip
    git(mono, "add", PATH)
    git(mono, "commit", "-qm", "As a folder", "--", PATH)

    said = fcgitops("-C", root, "update").err

    assert ".gitlab-ci.yml is no longer generated; it has your edits and stays" in said
    there = {path for path in AT_THE_TOP if (root / path).exists()}
    assert there == {".gitlab-ci.yml"}
    assert "nothing to do" in fcgitops("-C", root, "update").err
    fcgitops("-C", root, "verify")


def test_a_git_host_finds_the_file(fcgitops: Fcgitops, mono: Path) -> None:
    """Formats that are shown beside a change name files from the repository's top."""
    into(fcgitops, mono, "--env", "dev")
    write(mono / PATH, {"overlays/dev/environment.yaml": "variant: none\n"})
    said = fcgitops("-C", mono / PATH, "verify", "--format", "github", status=1).out
    assert f"file={PATH}/overlays/dev/environment.yaml" in said
    said = fcgitops("-C", mono / PATH, "verify", status=1).out
    assert said.startswith("dev: FCG11: overlays/dev/environment.yaml:1: variant: ")


def test_content_without_git_is_verified(fcgitops: Fcgitops, mono: Path, tmp_path: Path) -> None:
    """An exported folder, or a hook's checkout: `path` stands in fcgitops.yaml."""
    into(fcgitops, mono, *ENVIRONMENTS)
    root = shutil.copytree(mono / PATH, tmp_path / "exported")
    fcgitops("-C", root, "verify")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("path", ["../x", "a b", "{{x}}", "/x", ["x"]])
def test_an_edited_path_is_checked(path: object, fcgitops: Fcgitops, mono: Path) -> None:
    """It goes into what Argo CD and Flux read."""
    into(fcgitops, mono, "--env", "dev")
    root = mono / PATH
    text = (root / "fcgitops.yaml").read_text()
    write(root, {"fcgitops.yaml": text.replace(f"path: {PATH}", f"path: {path!r}")})
    assert "fcgitops.yaml: path: " in fcgitops("-C", root, "overlays", status=2).err


@pytest.mark.slow
def test_content_that_was_moved_is_found(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Into a folder of the repository that is synced: no entry point looks there.

    A copy of it in another repository, as of an example, is nothing to find.
    """
    url = "https://git.example.com/a/b"
    fcgitops("new", tmp_path / "r", "--no-input", "--env", "dev", "--repo-url", f"{url}.git")
    git(tmp_path, "init", "-q", "mono")
    (tmp_path / "mono" / "infra").mkdir()
    shutil.copytree(
        tmp_path / "r", tmp_path / "mono" / "infra", ignore=lambda *_: [".git"], dirs_exist_ok=True
    )
    git(tmp_path / "mono", "add", "-A")
    git(tmp_path / "mono", "commit", "-qm", "Move")

    copied = fcgitops("-C", tmp_path / "mono" / "infra", "verify").out
    git(tmp_path / "mono", "remote", "add", "origin", url)
    moved = fcgitops("-C", tmp_path / "mono" / "infra", "verify", "--afresh", status=1).out

    assert "FCG12" not in copied
    assert (
        "fcgitops.yaml: FCG12: `path` is 'the top', and all of this stands in 'infra' "
        "(`path: infra` of `answers`, then make overlays)"
    ) in moved
