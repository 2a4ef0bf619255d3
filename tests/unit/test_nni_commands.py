"""`fcgitops nni`, and what the other commands do for experiments."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
import yamls
from conftest import CopyOf, Fcgitops
from fcgitops.core.errors import InputError
from fcgitops.repository import experiments
from fcgitops.repository.subject import subject as told
from gitenv import git, state, write

SPACE = '{"x": {"_type": "choice", "_value": [1]}}\n'
SHARE = "nfs://10.0.0.2/exports/nni"
GENERATED = [".fcgitops", "job.yaml", "kustomization.yaml", "service.yaml"]
STARTER = ["code/trial.py", "experiment.yaml", "run.yaml", "search_space.json"]


READY = (
    ["new", "deploy", "--env", "dev", "--env", "prod=customized-config"],
    ["nni", "enable", "prod", "--storage", SHARE],
)


@pytest.fixture
def deploy(copy_of: CopyOf) -> Path:
    """A repository whose environment prod is ready for NNI."""
    return copy_of(*READY)


@pytest.fixture
def mnist(copy_of: CopyOf) -> Path:
    """The same with the experiment mnist."""
    return copy_of(*READY, ["nni", "experiment", "mnist", "--env", "prod"])


def subject(root: Path) -> str:
    """The last commit's."""
    return git(root, "log", "-1", "--format=%s")


def experiment_files(root: Path, name: str = "mnist") -> list[str]:
    """The committed files of an experiment."""
    prefix = f"experiments/{name}/"
    found = git(root, "ls-tree", "-r", "--name-only", "HEAD", prefix).splitlines()
    return sorted(path.removeprefix(prefix) for path in found)


def findings(fcgitops: Fcgitops, root: Path, *names: str) -> list[str]:
    """What verify finds, without the hints; nothing where it exits 0."""
    ran = fcgitops("-C", root, "verify", *names, status=None)
    assert ran.status == bool(ran.out), ran.err
    return ran.out.splitlines()


def run_id(root: Path, name: str = "mnist") -> str:
    """The run ID in the Job."""
    document = yamls.load((root / "experiments" / name / "job.yaml").read_text())
    variables = document["spec"]["template"]["spec"]["containers"][0]["env"]
    return next(str(v["value"]) for v in variables if v["name"] == "RUN")


# --- enable


def test_enable(repository: Path, fcgitops: Fcgitops) -> None:
    """One commit has the environment's folder and the entry points; a second one has nothing."""
    fcgitops("-C", repository, "nni", "enable", "prod", "--storage", SHARE, "--set",
             "nni.uiFrom=[web]")  # fmt: skip
    assert subject(repository) == "Change environment prod"
    changed = git(repository, "show", "--name-only", "--format=", "HEAD").splitlines()
    assert [p for p in changed if p.startswith("overlays/prod/nni/")] == [
        f"overlays/prod/nni/{name}.yaml"
        for name in ("accounts", "kustomization", "namespace", "networkpolicies")
    ]
    assert "clusters/argocd/nni.yaml" in changed
    assert findings(fcgitops, repository) == []
    ran = fcgitops("-C", repository, "nni", "enable", "prod")
    assert ran.err.startswith("nothing to do: ")


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["prod"], "overlays/prod/environment.yaml: nni.storage: is not given"),
        (["prod", "--storage", ""], "overlays/prod/environment.yaml: nni.storage: is not given"),
        (["prod", "--storage", "nfs://nas/$(id)"], "names no exported path"),
        (["prod", "--storage", "nfs://nas/a\nb"], "is not printable ASCII"),
        (["prod", "--storage", SHARE, "--namespace", "kube-system"], "is another program's"),
        (["prod", "--storage", SHARE, "--namespace", "$(id)"], "'$(id)' is not valid (a DNS label"),
        (["prod", "--storage", SHARE, "--namespace", "{{x}}"], "'{{x}}' is not valid (a DNS label"),
        (["prod", "--storage", SHARE, "--namespace", "../x"], "'../x' is not valid (a DNS label"),
        (
            ["prud", "--storage", SHARE],
            "prud: is no environment of this repository (did you mean 'prod'",
        ),
        (["../prod", "--storage", SHARE], "../prod: is no environment of this repository"),
        (["$(id)", "--storage", SHARE], "$(id): is no environment of this repository"),
        (["prod", "--set", "nni.quota"], "'nni.quota' has no '='"),
        (["prod", "--branch", "b", "--no-commit"], "--branch: commits, and --no-commit does not"),
    ],
)
def test_enable_refuses(
    arguments: list[str], wrong: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """Each wrong value is told, and nothing is written."""
    before = state(repository)
    ran = fcgitops("-C", repository, "nni", "enable", *arguments, status=2)
    assert wrong in ran.err
    assert "Traceback" not in ran.err
    assert state(repository) == before


def test_enable_tells_all_at_once(repository: Path, fcgitops: Fcgitops) -> None:
    """An option of one kind does not hide that of another."""
    ran = fcgitops("-C", repository, "nni", "enable", "prod", "--storage", "x", "--namespace", "N",
                   "--set", "nni.qouta={}", status=2)  # fmt: skip
    for part in ("nni.qouta", "nni.storage", "nni.namespace"):
        assert part in ran.err


# --- experiment


def test_an_experiment_is_added_once(deploy: Path, fcgitops: Fcgitops) -> None:
    """A commit of its own, in order; the same again changes nothing."""
    fcgitops("-C", deploy, "nni", "experiment", "mnist", "--env", "prod")
    assert subject(deploy) == "Add experiment mnist"
    assert experiment_files(deploy) == sorted(GENERATED + STARTER)
    assert git(deploy, "status", "--porcelain") == ""
    assert findings(fcgitops, deploy) == []
    for more in ([], ["--env", "prod"]):
        ran = fcgitops("-C", deploy, "nni", "experiment", "mnist", *more)
        assert ran.err == "nothing to do: 8 files are as they should be\n"


def test_an_edit_is_committed_with_what_follows_from_it(mnist: Path, fcgitops: Fcgitops) -> None:
    """A new file, a changed one and a deleted one; the Job has another name."""
    before, run = (mnist / "experiments/mnist/job.yaml").read_text(), run_id(mnist)
    write(mnist, {
        "experiments/mnist/code/model.py": "x = 1\n",
        "experiments/mnist/README.md": "mine\n",
    })  # fmt: skip
    fcgitops("-C", mnist, "nni", "experiment", "mnist")
    assert subject(mnist) == "Change experiment mnist"
    assert experiment_files(mnist) == sorted([*GENERATED, *STARTER, "README.md", "code/model.py"])
    assert (mnist / "experiments/mnist/job.yaml").read_text() != before
    text = (mnist / "experiments/mnist/kustomization.yaml").read_text()
    assert "- code.model.py=code/model.py\n" in text
    assert "README" not in text
    write(mnist, dict.fromkeys(["experiments/mnist/code/model.py", "experiments/mnist/README.md"]))
    fcgitops("-C", mnist, "nni", "experiment", "mnist")
    assert experiment_files(mnist) == sorted(GENERATED + STARTER)
    assert git(mnist, "status", "--porcelain") == ""
    assert (mnist / "experiments/mnist/job.yaml").read_text() == before
    assert run_id(mnist) == run


@pytest.mark.slow
def test_users_edits_of_generated_files_are_kept(mnist: Path, fcgitops: Fcgitops) -> None:
    """A merge takes both; where both change a line it is a conflict, status 1.

    That the Job's name does not tell an edit of it is said, and of no other experiment.
    """
    job = mnist / "experiments/mnist/job.yaml"
    job.write_text(job.read_text().replace("backoffLimit: 3", "backoffLimit: 5"))
    git(mnist, "commit", "-qam", "more tries")
    write(mnist, {"experiments/mnist/run.yaml": "environment: prod\nresources: {memory: 4Gi}\n"})
    said = fcgitops("-C", mnist, "nni", "experiment", "mnist").err
    assert "note: experiments/mnist/job.yaml has edits of yours, and its name does not" in said
    assert "edits" not in fcgitops("-C", mnist, "nni", "experiment", "other", "--env", "prod").err
    text = job.read_text()
    assert "backoffLimit: 5" in text
    assert text.count("memory: 4Gi") == 2
    assert findings(fcgitops, mnist) == []

    job.write_text(text.replace("memory: 4Gi", "memory: 5Gi"))
    git(mnist, "commit", "-qam", "my memory")
    write(mnist, {"experiments/mnist/run.yaml": "environment: prod\nresources: {memory: 6Gi}\n"})
    ran = fcgitops("-C", mnist, "nni", "experiment", "mnist", status=1)
    assert "conflict: experiments/mnist/job.yaml: your edit and the new text change" in ran.err


def test_a_job_that_was_formatted_is_not_edited(mnist: Path, fcgitops: Fcgitops) -> None:
    """No cluster sees its layout and comments, so its name needs not tell them."""
    job = mnist / "experiments/mnist/job.yaml"
    job.write_text(f"# ours\n{job.read_text().replace('backoffLimit: 3', 'backoffLimit:   3')}")
    git(mnist, "commit", "-qam", "A formatter")
    assert "edits" not in fcgitops("-C", mnist, "nni", "experiment", "mnist").err


def test_a_lost_record_is_made_again(mnist: Path, fcgitops: Fcgitops) -> None:
    """What is to be there is not taken out of Git, since it was deleted on disk."""
    (mnist / "experiments/mnist/.fcgitops").unlink()
    ran = fcgitops("-C", mnist, "nni", "experiment", "mnist")
    assert "note: experiments/mnist/.fcgitops is missing or damaged" in ran.err
    assert (
        "note: experiments/mnist/.fcgitops was missing or damaged: it is generated anew" in ran.err
    )
    assert ".fcgitops" in experiment_files(mnist)
    assert git(mnist, "status", "--porcelain") == ""


def test_generated_files_that_a_user_deletes_stay_deleted(mnist: Path, fcgitops: Fcgitops) -> None:
    """Without the page's Service, for one; that is said, and committed."""
    (mnist / "experiments/mnist/service.yaml").unlink()
    kustomization = mnist / "experiments/mnist/kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("- service.yaml\n", ""))
    ran = fcgitops("-C", mnist, "nni", "experiment", "mnist")
    assert "note: experiments/mnist/service.yaml was deleted here and stays so" in ran.err
    assert "service.yaml" not in experiment_files(mnist)


def test_dry_run(deploy: Path, fcgitops: Fcgitops) -> None:
    """The diff on stdout, and nothing else anywhere."""
    before = state(deploy)
    ran = fcgitops("-C", deploy, "nni", "experiment", "mnist", "--env", "prod", "--dry-run")
    assert "+++ b/experiments/mnist/run.yaml\n" in ran.out
    assert state(deploy) == before


def test_no_commit(deploy: Path, fcgitops: Fcgitops) -> None:
    """Left in the work tree and the index."""
    ran = fcgitops("-C", deploy, "nni", "experiment", "mnist", "--env", "prod", "--no-commit")
    assert "left in the work tree and the index" in ran.err
    assert subject(deploy) == "Change environment prod"
    assert len(git(deploy, "diff", "--cached", "--name-only").splitlines()) == 8
    fcgitops("-C", deploy, "nni", "experiment", "mnist")
    assert experiment_files(deploy) == sorted(GENERATED + STARTER)


def test_branch(deploy: Path, fcgitops: Fcgitops) -> None:
    """On a new branch, which is checked out."""
    fcgitops("-C", deploy, "nni", "experiment", "mnist", "--env", "prod", "--branch", "nni/mnist")
    assert git(deploy, "symbolic-ref", "--short", "HEAD") == "nni/mnist"
    assert git(deploy, "log", "--format=%s", "main..nni/mnist") == "Add experiment mnist"


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["mnist"], "--env: is needed for the new experiment mnist (one of prod)"),
        (["mnist", "--env", ""], "--env: is empty (a value, or do without)"),
        (["mnist", "--env", "dev"], "--env: dev has no FrameworkController made ready for NNI "
                                    "(fcgitops nni enable dev --storage …)"),
        (["mnist", "--env", "prud"], "--env: 'prud' is no environment of this repository"),
        (["mnist", "--env", "../x"], "--env: '../x' is no environment of this repository"),
        (["mnist", "--env", "$(id)"], "--env: '$(id)' is no environment of this repository"),
        (["mnist", "--env", "default-config"], "is no environment of this repository"),
        (["", "--env", "prod"], "NAME: has no name"),
        (["../x", "--env", "prod"], "NAME: '../x' is not valid"),
        (["/etc", "--env", "prod"], "NAME: '/etc' is not valid"),
        (["$(id)", "--env", "prod"], "NAME: '$(id)' is not valid"),
        (["{{ x }}", "--env", "prod"], "NAME: '{{ x }}' is not valid"),
        (["a\nb", "--env", "prod"], "NAME: 'a\\nb' is not valid"),
        (["9", "--env", "prod"], "NAME: '9' cannot name a Service (a letter first)"),
        (["mnist", "--env", "prod", "--from", "nowhere"], "--from: nowhere is no folder"),
        (["mnist", "--env", "prod", "--from", "README.md"], "--from: README.md is no folder"),
    ],
)  # fmt: skip
def test_experiment_refuses(
    arguments: list[str], wrong: str, deploy: Path, fcgitops: Fcgitops
) -> None:
    """Wrong names are told before anything is read or written."""
    before = state(deploy)
    ran = fcgitops("-C", deploy, "nni", "experiment", *arguments, status=2)
    assert wrong in ran.err, ran.err
    assert "Traceback" not in ran.err
    assert state(deploy) == before


# --- --from


def test_from_code(deploy: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Code goes to code/, with what its user tried it with left out."""
    write(tmp_path / "mine", {
        "trial.py": "import nni\n", "lib/data.bin": b"\0\xff", "search_space.json": SPACE,
        ".venv/pyvenv.cfg": "x\n", ".git/config": "x\n", "__pycache__/trial.cpython-311.pyc": b"x",
        "lib/__pycache__/x.txt": "x\n", "old.pyc": b"x", "README.md": "code's own\n",
    })  # fmt: skip
    (tmp_path / "mine/.venv/python").symlink_to("/bin/sh")
    fcgitops("-C", deploy, "nni", "experiment", "mnist", "--env", "prod", "--from",
             tmp_path / "mine")  # fmt: skip
    assert experiment_files(deploy) == sorted(
        [*GENERATED, *STARTER, "code/lib/data.bin", "code/README.md"]
    )
    assert (deploy / "experiments/mnist/code/lib/data.bin").read_bytes() == b"\0\xff"
    assert (deploy / "experiments/mnist/search_space.json").read_text() == SPACE


def test_from_code_with_a_nniignore(deploy: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """What NNI would leave out is left out, and said; a .gitignore is no matter of NNI's."""
    write(tmp_path / "mine", {
        "trial.py": "import nni\n", "search_space.json": SPACE, ".gitignore": "lib/\n",
        ".nniignore": "/data\n*.pt\n!keep.pt\n", "data/train.csv": "x\n", "lib/data/x.csv": "x\n",
        "model.pt": "x\n", "lib/model.pt": "x\n", "keep.pt": "x\n",
    })  # fmt: skip
    ran = fcgitops("-C", deploy, "nni", "experiment", "mnist", "--env", "prod", "--from",
                   tmp_path / "mine")  # fmt: skip
    assert experiment_files(deploy) == sorted(
        [*GENERATED, *STARTER, "code/keep.pt", "code/lib/data/x.csv"]
    )
    assert "note: left out, as .nniignore has it: data/, lib/model.pt, model.pt\n" in ran.err


def test_a_fault_of_the_environment_is_told_once(mnist: Path, fcgitops: Fcgitops) -> None:
    """Of the environment; of its experiment where that alone is verified."""
    with (mnist / "overlays/prod/environment.yaml").open("a") as file:
        file.write("nodeSelectr: {a: b}\n")
    found = fcgitops("-C", mnist, "verify", status=1).out.splitlines()
    assert [line.split(": ")[:2] for line in found] == [["prod", "FCG11"]]
    found = fcgitops("-C", mnist, "verify", "experiments/mnist", status=1).out.splitlines()
    assert [line.split(": ")[:2] for line in found] == [["experiments/mnist", "FCG16"]]


def test_from_an_experiment_with_a_nniignore(
    mnist: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """NNI reads the one of trialCodeDirectory, whose patterns are relative to that."""
    mine = tmp_path / "mine"
    shutil.copytree(mnist / "experiments/mnist", mine)
    write(mine, {"code/.nniignore": "/top.txt\n", "code/top.txt": "x\n", "code/a/top.txt": "x\n"})
    ran = fcgitops("-C", mnist, "nni", "experiment", "again", "--env", "prod", "--from", mine)
    assert "note: left out, as .nniignore has it: code/top.txt\n" in ran.err
    assert "code/a/top.txt" in experiment_files(mnist, "again")
    assert "code/top.txt" not in experiment_files(mnist, "again")


def test_from_an_experiment(mnist: Path, fcgitops: Fcgitops) -> None:
    """Copied whole, with its run.yaml; it has a run of its own, whatever it has in common."""
    write(mnist, {
        "experiments/mnist/README.md": "why\n",
        "experiments/mnist/run.yaml": "# big\nenvironment: dev\nimage: ml/nni:v1  # ours\n",
    })  # fmt: skip
    fcgitops("-C", mnist, "nni", "experiment", "again", "--env", "prod", "--from",
             mnist / "experiments/mnist")  # fmt: skip
    assert experiment_files(mnist, "again") == sorted([*GENERATED, *STARTER, "README.md"])
    text = (mnist / "experiments/again/run.yaml").read_text()
    assert text == "# big\nenvironment: prod\nimage: ml/nni:v1  # ours\n"
    assert run_id(mnist, "again") != run_id(mnist)
    git(mnist, "checkout", "-q", ".")
    assert findings(fcgitops, mnist) == []


def test_no_environment_is_ready(repository: Path, fcgitops: Fcgitops) -> None:
    """The command that makes one ready is named."""
    ran = fcgitops("-C", repository, "nni", "experiment", "mnist", status=2)
    wanted = "--env: is needed for the new experiment mnist (fcgitops nni enable ENV)"
    assert ran.err == f"error: {wanted}\n"
    write(repository, {"overlays/dev/environment.yaml": "variant: [\n"})
    ran = fcgitops("-C", repository, "nni", "experiment", "mnist", "--env", "x", status=2)
    assert ran.err == "error: --env: 'x' is no environment of this repository\n"


def test_from_is_for_new_ones(mnist: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """The files of one that is there are its user's to change."""
    ran = fcgitops("-C", mnist, "nni", "experiment", "mnist", "--from", tmp_path, status=2)
    assert "--from: experiments/mnist is there already" in ran.err


BAD = "has a name that a ConfigMap cannot keep"


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({"train.py": ""}, ["mine: has neither experiment.yaml nor trial.py"]),
        ({"search_space.json": "{}"}, ["mine: has neither experiment.yaml nor trial.py"]),
        ({"trial.py": b"x" * (1 << 20)}, ["the largest is code/trial.py with 1048576"]),
        ({"trial.py": b"x" * (17 << 20)}, ["mine: has over 16 MiB or 10000 files"]),
        ({"trial.py": "", "a b": ""}, [f"mine/code/a b: {BAD}"]),
        ({"trial.py": "", "$(touch x)": ""}, [f"mine/code/$(touch x): {BAD}"]),
        ({"trial.py": "", "{{ x }}": "", "{% x %}": ""}, ["{{ x }}", "{% x %}", BAD]),
        ({"trial.py": "", "a\nb": ""}, [f"mine/code/a\\nb: {BAD}"]),
        ({"trial.py": "", "k=a": ""}, [BAD]),
        ({"trial.py": "", "trial.py~": ""}, [f"mine/code/trial.py~: {BAD}"]),
        ({"trial.py": "", "a/b": "", "a.b": ""}, ["would be one key of a ConfigMap"]),
        ({"experiment.yaml": "a: [\n"}, ["mine/experiment.yaml:2: is not valid YAML"]),
        ({"experiment.yaml": b"\xff"}, ["mine/experiment.yaml:1: is not UTF-8 text"]),
        ({"experiment.yaml": ""}, ["mine/experiment.yaml"]),
        ({"experiment.yaml": "- a\n"}, ["mine/experiment.yaml"]),
        (
            {"experiment.yaml": "trialCommand: x\n", "job.yaml": "mine: 1\n", "run.yaml": "a: 1\n"},
            ["mine/run.yaml: a: is not known"],
        ),
        (
            {"experiment.yaml": "trialCommand: x\n", "job.yaml": "mine: 1\n"},
            ["mine/job.yaml: would be taken for a generated file (another name)"],
        ),
    ],
)  # fmt: skip
def test_from_a_folder_that_cannot_be(
    files: dict[str, str | bytes], wrong: list[str], deploy: Path, fcgitops: Fcgitops,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    """Each is told with its place, and nothing is written."""
    write(tmp_path / "mine", files)
    before = state(deploy)
    ran = fcgitops("-C", deploy, "nni", "experiment", "mnist", "--env", "prod", "--from",
                   "../mine", status=2)  # fmt: skip
    for part in wrong:
        assert part.replace("mine", "../mine") in ran.err or part in ran.err, ran.err
    assert "Traceback" not in ran.err
    assert state(deploy) == before


def test_from_an_empty_folder(deploy: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """The example is for those who name no folder: a wrong one is not taken for that."""
    (tmp_path / "mine").mkdir()
    ran = fcgitops("-C", deploy, "nni", "experiment", "mnist", "--env", "prod", "--from",
                   "../mine", status=2)  # fmt: skip
    assert ran.err == "error: ../mine: is empty (its trialCommand is `python3 trial.py`)\n"


def test_from_a_folder_with_links(deploy: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """No link is followed, of a file or a folder; each is told. A pipe is not waited for."""
    mine = tmp_path / "mine"
    write(mine, {"trial.py": ""})
    (mine / "passwd").symlink_to("/etc/passwd")
    (mine / "etc").symlink_to("/etc")
    (mine / "gone").symlink_to("nowhere")
    os.mkfifo(mine / "pipe")
    ran = fcgitops("-C", deploy, "nni", "experiment", "mnist", "--env", "prod", "--from", mine,
                   status=2)  # fmt: skip
    assert ran.err.splitlines() == [
        f"error: {mine}/{name}: is a symbolic link (put the file itself there)"
        for name in ("etc", "gone", "passwd")
    ]


@pytest.mark.parametrize("secret", ["trial.py", "code"])
def test_from_a_folder_that_cannot_be_read(secret: str) -> None:
    """A file or a folder of somebody else's: which, and why."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are root's alone
        mine = Path(folder)
        write(mine, {"trial.py": "", "code/a.py": ""})
        for path in (mine, mine / "code", mine / "trial.py"):
            path.chmod(0o755)
        (mine / secret).chmod(0)
        with as_nobody(), pytest.raises(InputError) as error:
            experiments.read_plain(mine, "mine")
        assert str(error.value) == f"mine/{secret}: cannot be read: Permission denied"


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to read everything, where that is who we are."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if user == 0:
            os.seteuid(0)


@pytest.mark.slow
def test_more_files_than_an_experiment_has(tmp_path: Path) -> None:
    """Reading stops: `--from /` is a slip, not a reason to wait."""
    for i in range(10_001):
        (tmp_path / f"f{i}").touch()
    with pytest.raises(InputError, match="mine: has over 16 MiB or 10000 files"):
        experiments.read_plain(tmp_path, "mine")


# --- what a folder may hold


@pytest.mark.slow
def test_what_git_ignores_is_no_part_of_it(mnist: Path, fcgitops: Fcgitops) -> None:
    """Neither committed nor sent to the cluster; nor does it count by size, name or kind.

    A file that is ignored and committed nevertheless is a part.
    """
    write(mnist, {
        ".gitignore": "*.secret\ndata/\n/experiments/mnist/kept.txt\n",
        "experiments/mnist/a.secret": "s3cret\n", "experiments/mnist/code/b.secret": "s3cret\n",
        "experiments/mnist/code/data/big": b"x" * (2 << 20),
        "experiments/mnist/code/data/bad name": "", "experiments/mnist/kept.txt": "kept\n",
        "experiments/mnist2/a.secret": "",
    })  # fmt: skip
    (mnist / "experiments/mnist/code/data/link").symlink_to("/etc/passwd")
    git(mnist, "add", "-f", ".gitignore", "experiments/mnist/kept.txt")
    git(mnist, "commit", "-qm", "ignore")
    fcgitops("-C", mnist, "nni", "experiment", "mnist")
    assert experiment_files(mnist) == sorted([*GENERATED, *STARTER, "kept.txt"])
    assert "s3cret" not in fcgitops("-C", mnist, "build", "experiments/mnist").out
    assert findings(fcgitops, mnist) == []


@pytest.mark.slow
def test_an_experiment_in_an_exported_tree(mnist: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Where there is no Git nothing is ignored, and verify works."""
    (mnist / ".git").rename(tmp_path / "away")
    assert findings(fcgitops, mnist) == []


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("run", "kept"),
    [
        (b"\xef\xbb\xbfenvironment: prod\nrun: 2\n", b"\xef\xbb\xbfenvironment: prod\nrun: 2\n"),
        (b"environment: prod\r\nrun: 2\r\n", b"environment: prod\r\nrun: 2\r\n"),
        (b'# why\nenvironment: "prod"\nrun: 2', b'# why\nenvironment: "prod"\nrun: 2'),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_run_yaml_stays_as_its_user_wrote_it(
    run: bytes, kept: bytes, mnist: Path, fcgitops: Fcgitops
) -> None:
    """Marks, line ends, quotes and comments; also when the environment is named again."""
    for more in ([], ["--env", "prod"]):
        write(mnist, {"experiments/mnist/run.yaml": run})
        fcgitops("-C", mnist, "nni", "experiment", "mnist", *more)
        assert (mnist / "experiments/mnist/run.yaml").read_bytes() == kept
        assert git(mnist, "status", "--porcelain") == ""
        assert findings(fcgitops, mnist) == []


@pytest.mark.slow
def test_another_environment(mnist: Path, fcgitops: Fcgitops) -> None:
    """run.yaml changes in one place; NNI's file is its user's, and names what is to be changed."""
    fcgitops("-C", mnist, "nni", "enable", "dev", "--storage", SHARE)
    write(mnist, {"experiments/mnist/run.yaml": "\ufeff# why\nenvironment: prod  # here\n"})
    fcgitops("-C", mnist, "nni", "experiment", "mnist")
    fcgitops("-C", mnist, "nni", "experiment", "mnist", "--env", "dev")
    text = (mnist / "experiments/mnist/run.yaml").read_text()
    assert text == "\ufeff# why\nenvironment: dev  # here\n"
    fcgitops("-C", mnist, "nni", "enable", "prod", "--namespace", "trials")
    ran = fcgitops("-C", mnist, "nni", "experiment", "mnist", "--env", "prod", status=2)
    assert "trainingService.namespace: is not what prod has (namespace: trials)" in ran.err


@pytest.mark.sampled(9)
@pytest.mark.parametrize(
    ("damage", "wrong"),
    [
        (b"environment: \xff\n", "experiments/mnist/run.yaml:1: is not UTF-8 text"),
        (b"environment: [\n", "experiments/mnist/run.yaml:2: is not valid YAML"),
        (b"", "experiments/mnist/run.yaml: environment: is not given"),
        (b"environment: prod\nimgae: x\n", "imgae: is not known (did you mean 'image'?)"),
        (b"environment: gone\n", "run.yaml: environment: 'gone' is no environment"),
        (b"environment: dev\n", "run.yaml: environment: dev has no FrameworkController"),
        (b"- a\n", "experiments/mnist/run.yaml: [a] is not a mapping"),
    ],
)
def test_a_damaged_run_yaml(damage: bytes, wrong: str, mnist: Path, fcgitops: Fcgitops) -> None:
    """The command refuses it, verify has FCG16, and no other command falls over it."""
    write(mnist, {"experiments/mnist/run.yaml": damage})
    before = state(mnist) if b"\xff" not in damage else None
    ran = fcgitops("-C", mnist, "nni", "experiment", "mnist", status=2)
    assert wrong in ran.err
    assert before is None or state(mnist) == before
    found = findings(fcgitops, mnist, "experiments/mnist")
    assert {line.partition(": FCG16: ")[0] for line in found} == {"experiments/mnist"}
    assert wrong in found[0]
    for command in (["overlay", "prod"], ["list"], ["build", "experiments/mnist"]):
        fcgitops("-C", mnist, *command)


@pytest.mark.slow
def test_a_folder_that_is_no_experiment(deploy: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """A link, files without a run.yaml, and a folder called run.yaml are refused."""
    (deploy / "experiments").mkdir()
    (deploy / "experiments/linked").symlink_to(tmp_path)
    write(deploy, {"experiments/files/a.py": "", "experiments/folder/run.yaml/x": ""})
    (deploy / "experiments/empty/run.yaml").mkdir(parents=True)
    for name, wrong in (
        ("linked", "experiments/linked: is a symbolic link, which fcgitops does not follow"),
        ("files", "experiments/files: is there already, and is no experiment"),
        ("folder", "experiments/folder: is there already, and is no experiment"),
        ("empty", "experiments/empty/run.yaml: is in the way: not an ordinary file"),
    ):
        ran = fcgitops("-C", deploy, "nni", "experiment", name, "--env", "prod", status=2)
        assert wrong in ran.err
    assert findings(fcgitops, deploy) == []


def test_a_link_to_an_experiment(mnist: Path, fcgitops: Fcgitops) -> None:
    """Verify says what it is, and the other commands leave it alone."""
    (mnist / "experiments/linked").symlink_to("mnist")
    found = findings(fcgitops, mnist, "experiments/linked")
    assert found[0].startswith("experiments/linked: FCG16: experiments/linked: is a symbolic link")
    fcgitops("-C", mnist, "overlay", "prod")
    ran = fcgitops("-C", mnist, "nni", "remove", "linked", status=2)
    assert "experiments/linked: is not committed yet" in ran.err


# --- remove


def test_remove(mnist: Path, fcgitops: Fcgitops) -> None:
    """All that is committed goes; what takes it off its cluster is printed, and stays is said."""
    write(mnist, {"experiments/mnist/notes~": ""})
    ran = fcgitops("-C", mnist, "nni", "remove", "mnist")
    assert subject(mnist) == "Remove experiment mnist"
    assert experiment_files(mnist) == []
    assert ran.err.splitlines() == [
        "note: experiments/mnist: 1 file that is not committed stays, such as "
        "experiments/mnist/notes~",
        f"Remove experiment mnist: commit {git(mnist, 'rev-parse', '--short=10', 'HEAD')} on main",
        "# This deletes nothing on the cluster prod.",
        "# What it has found stays on the share.",
        "# Once this is merged and pushed: what takes the experiment off it",
        "# where Argo CD runs. It lets go, and on the cluster nothing is deleted:",
        "kubectl --namespace argocd annotate --overwrite applicationsets.argoproj.io "
        "--field-selector metadata.name=frameworkcontroller-experiments "
        "argocd.argoproj.io/application-set-refresh=true &&",
        "(for i in $(seq 150); do there=$(kubectl --namespace argocd get --ignore-not-found "
        "applicationsets.argoproj.io frameworkcontroller-experiments --output "
        "'jsonpath={.metadata.annotations.argocd\\.argoproj\\.io/application-set-refresh}') "
        '&& [ -z "$there" ] && exit; sleep 2; done; '
        "echo 'Argo CD has not looked: the conditions of applicationsets.argoproj.io "
        "frameworkcontroller-experiments say why' >&2; exit 1) &&",
        "kubectl --namespace argocd delete --ignore-not-found applications.argoproj.io "
        "fc-experiment-mnist",
        "# Names are the same on every cluster.",
        "# on the cluster prod:",
        "kubectl --namespace nni delete job,service,configmap --selector experiment=mnist",
        "# where Argo CD runs, once Argo CD has let go this prints nothing:",
        "kubectl --namespace argocd get --ignore-not-found applications.argoproj.io "
        "fc-experiment-mnist",
    ]
    assert findings(fcgitops, mnist) == []


@pytest.mark.parametrize("name", ["mnist", "default-config"])
def test_a_commit_calls_an_experiment_by_its_name(name: str) -> None:
    """A variant's name is an experiment's like any other."""
    paths = [f"experiments/{name}/run.yaml", f"experiments/{name}/code/trial.py"]
    assert told(paths, added=[f"experiments/{name}"]) == f"Add experiment {name}"
    assert told(["overlays/default-config/README.md"]) == "Change overlays/default-config/README.md"


def test_remove_leaves_the_neighbours(mnist: Path, fcgitops: Fcgitops) -> None:
    """A name that starts with the same letters is another experiment."""
    fcgitops("-C", mnist, "nni", "experiment", "mnist-2", "--env", "prod")
    fcgitops("-C", mnist, "nni", "remove", "mnist")
    assert experiment_files(mnist, "mnist-2") == sorted(GENERATED + STARTER)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["nothing", "../overlays/prod", "", ".", "$(id)", "mnist/code"])
def test_remove_what_is_no_experiment(name: str, mnist: Path, fcgitops: Fcgitops) -> None:
    """Refused by name alone."""
    before = state(mnist)
    ran = fcgitops("-C", mnist, "nni", "remove", name, status=2)
    assert "is no experiment of this repository" in ran.err
    assert state(mnist) == before


def test_remove_a_folder_with_a_hostile_name(mnist: Path, fcgitops: Fcgitops) -> None:
    """No line that is printed runs it."""
    name = "a #$(touch pwned)"
    write(mnist, {f"experiments/{name}/run.yaml": "environment: prod\n"})
    ran = fcgitops("-C", mnist, "nni", "remove", name, status=2)
    assert "(git knows nothing of it: delete it yourself)\n" in ran.err
    git(mnist, "add", "-A")
    ran = fcgitops("-C", mnist, "nni", "remove", name, status=2)
    assert f"(git rm -r --cached 'experiments/{name}')\n" in ran.err
    git(mnist, "commit", "-qm", "hostile")
    ran = fcgitops("-C", mnist, "nni", "remove", name)
    wanted = f"# where the experiment '{name}' ran cannot be told from its files"
    assert ran.err.splitlines()[1:] == [wanted]


@pytest.mark.slow
def test_an_environment_with_an_experiment_stays(mnist: Path, fcgitops: Fcgitops) -> None:
    """`remove` says which experiment runs there; it is done once that is gone."""
    ran = fcgitops("-C", mnist, "remove", "prod", status=2)
    wanted = "experiments/mnist: runs in prod (fcgitops nni remove mnist)"
    assert ran.err == f"error: {wanted}\n"
    fcgitops("-C", mnist, "nni", "remove", "mnist")
    fcgitops("-C", mnist, "remove", "prod")
    assert not (mnist / "overlays/prod").exists()
    assert findings(fcgitops, mnist) == []


@pytest.mark.slow
def test_nni_stays_where_an_experiment_runs(mnist: Path, fcgitops: Fcgitops) -> None:
    """To take it out is refused as `remove` is, and done after that."""
    command = ["overlay", "prod", "--unset", "nni"]
    before = state(mnist)
    ran = fcgitops("-C", mnist, *command, status=2)
    assert ran.err == "error: experiments/mnist: runs in prod (fcgitops nni remove mnist)\n"
    assert state(mnist) == before
    fcgitops("-C", mnist, "nni", "remove", "mnist")
    fcgitops("-C", mnist, *command)
    assert findings(fcgitops, mnist) == []


@pytest.mark.sampled(2)
@pytest.mark.parametrize("sync", ["argocd", "flux"])
@pytest.mark.slow
def test_the_removal_of_an_environment_names_all_of_nni(
    sync: str, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Each object in its namespace, and what applies them; that namespace is a comment."""
    root = tmp_path / "deploy"
    fcgitops("new", root, "--no-input", "--gitops", sync, "--env", "prod")
    fcgitops("-C", root, "nni", "enable", "prod", "--storage", SHARE, "--namespace", "lab",
             "--set", "nni.quota={pods: 9}")  # fmt: skip
    built = fcgitops("-C", root, "build", "prod/nni").out
    wanted = {
        ("lab", o["kind"].lower(), o["metadata"]["name"])
        for o in yamls.load_all(built)
        if o["kind"] != "Namespace"
    }
    wanted |= {("argocd", "applications", "fc-nni-prod")}
    if sync == "flux":
        names = ("frameworkcontroller-nni-flux", "frameworkcontroller-experiments-flux")
        kinds = (("lab", "rolebinding"), ("lab", "role"), ("flux-system", "serviceaccount"))
        wanted = {(*kind, name) for kind in kinds for name in names}
        wanted |= {("flux-system", "kustomizations", "frameworkcontroller-nni")}
    lines = fcgitops("-C", root, "remove", "prod").err.splitlines()
    at = lines.index("# with all experiments and their claims:")
    assert lines[at + 1] == "# kubectl delete namespace lab"
    told = set()
    for line in lines:
        words = [w for w in line.split() if w not in ("--ignore-not-found", "--timeout=5m", "&&")]
        if words[:2] == ["kubectl", "--namespace"] and "delete" in words:
            _, _, namespace, _, kinds_, *names_ = words
            told |= {(namespace, k.partition(".")[0], n) for k in kinds_.split(",") for n in names_}
    assert wanted <= told
    assert findings(fcgitops, root) == []


# --- changes of the environment


@pytest.mark.slow
def test_flux(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """An environment that goes from Argo CD to Flux takes its experiments along, and back."""
    root = tmp_path / "deploy"
    fcgitops("new", root, "--no-input", "--gitops", "both", "--env", "prod")
    fcgitops("-C", root, "nni", "enable", "prod", "--storage", SHARE)
    fcgitops("-C", root, "nni", "experiment", "mnist", "--env", "prod")
    flux = root / "clusters/flux/prod/experiments/mnist/sync.yaml"
    assert (root / "clusters/argocd/nni.yaml").exists()
    assert not flux.exists()
    fcgitops("-C", root, "overlay", "prod", "--set", "sync=flux")
    assert not (root / "clusters/argocd/nni.yaml").exists()
    document = yamls.load(flux.read_text())
    assert document["metadata"]["name"] == "fc-experiment-mnist"
    assert document["spec"]["path"] == "./experiments/mnist"
    assert document["spec"]["dependsOn"] == [{"name": "frameworkcontroller-nni"}]
    assert findings(fcgitops, root) == []
    ran = fcgitops("-C", root, "nni", "remove", "mnist", "--dry-run")
    assert ran.err.splitlines()[-3:] == [
        "kubectl --namespace flux-system delete --ignore-not-found --timeout=5m "
        "kustomizations.kustomize.toolkit.fluxcd.io fc-experiment-mnist",
        "# once Flux has let go this prints nothing:",
        "kubectl --namespace flux-system get --ignore-not-found "
        "kustomizations.kustomize.toolkit.fluxcd.io fc-experiment-mnist",
    ]
    assert "-  name: fc-experiment-mnist\n" in ran.out
    fcgitops("-C", root, "overlay", "prod", "--set", "sync=argocd")
    assert not flux.parent.parent.exists()
    assert (root / "clusters/argocd/nni.yaml").exists()
    assert findings(fcgitops, root) == []
    fcgitops("-C", root, "overlay", "prod", "--set", "sync=flux")
    fcgitops("-C", root, "nni", "remove", "mnist")
    assert not flux.parent.exists()
    assert findings(fcgitops, root) == []


@pytest.mark.slow
def test_another_share_or_namespace(mnist: Path, fcgitops: Fcgitops) -> None:
    """experiment.yaml is its user's: the command notes what it left, and verify finds it."""
    ran = fcgitops("-C", mnist, "nni", "enable", "prod", "--storage", "nfs://nas/other")
    assert ran.err.startswith(
        "note: experiments/mnist was left as it is: experiments/mnist/experiment.yaml: "
        "trainingService.storage: is not what prod has "
        "(storage: {storageType: nfs, server: nas, path: /other})\n"
    )
    assert findings(fcgitops, mnist) == [
        "experiments/mnist: FCG16: experiments/mnist/experiment.yaml: trainingService.storage: "
        "is not what prod has (storage: {storageType: nfs, server: nas, path: /other})"
    ]
    path = mnist / "experiments/mnist/experiment.yaml"
    path.write_text(path.read_text().replace("10.0.0.2", "nas").replace("/exports/nni", "/other"))
    fcgitops("-C", mnist, "nni", "experiment", "mnist")
    assert findings(fcgitops, mnist) == []


@pytest.mark.slow
def test_what_an_experiment_does_not_follow_yet(mnist: Path, fcgitops: Fcgitops) -> None:
    """`overlay`, `diff` and `status` say what is left, and the command that brings it in line."""
    typed = "`make experiment NAME=mnist`"
    ran = fcgitops("-C", mnist, "overlay", "prod", "--set", f"nni.storage={SHARE}/other")
    problem = (
        "experiments/mnist/experiment.yaml: trainingService.storage: is not what prod has "
        "(storage: {storageType: nfs, server: 10.0.0.2, path: /exports/nni/other})"
    )
    assert ran.err.splitlines()[:2] == [
        f"note: experiments/mnist was left as it is: {problem}",
        f"note: once that is right, {typed} brings it in line",
    ]
    uncarried = "differs, what is rendered does not: nothing is synced. An edit takes effect by"
    assert fcgitops("-C", mnist, "diff", "HEAD~1..HEAD").out.startswith(
        f"prod: environment.yaml {uncarried} `make overlays`; in an experiment, by the same "
        f"`storage` in its experiment.yaml, then {typed}\n"
    )
    assert f"cannot be generated: {problem}\n" in fcgitops("-C", mnist, "status").out
    git(mnist, "reset", "-q", "--hard", "HEAD~1")
    run = mnist / "experiments/mnist/run.yaml"
    run.write_text(run.read_text().replace("run: 1\n", "run: 2\n"))
    assert fcgitops("-C", mnist, "diff").out.startswith(
        f"experiments/mnist: run.yaml {uncarried} {typed}\n"
    )


@pytest.mark.slow
def test_an_environment_that_gives_nni_up(mnist: Path, fcgitops: Fcgitops) -> None:
    """Its folder goes; the experiment is noted and found, as long as it is there."""
    path = mnist / "overlays/prod/environment.yaml"
    head = path.read_text().partition("nni:\n")[0]
    path.write_text(head)
    ran = fcgitops("-C", mnist, "overlay", "prod")
    assert (
        "note: experiments/mnist was left as it is: experiments/mnist/run.yaml: environment: "
        in (ran.err)
    )
    assert not (mnist / "overlays/prod/nni").exists()
    assert any("experiments/mnist: FCG16: " in line for line in findings(fcgitops, mnist))
    fcgitops("-C", mnist, "nni", "remove", "mnist")
    assert findings(fcgitops, mnist) == []


# --- verify

BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: more}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: nni-trial}]
"""


def kustomization(**changes: Any) -> Callable[[str], str]:
    """Change the top level of a kustomization.yaml."""

    def edit(text: str) -> str:
        return str(yaml.safe_dump(yamls.load(text) | changes))

    return edit


@pytest.mark.sampled(12)
@pytest.mark.parametrize(
    ("file", "edit", "wanted"),
    [
        (
            "experiments/mnist/code/trial.py",
            lambda text: text + "\n",
            "FCG12: experiments/mnist/job.yaml is not in line with its files "
            "(make experiment NAME=mnist)",
        ),
        (
            "experiments/mnist/experiment.yaml",
            lambda text: text.replace("reuseMode: true", "reuseMode: false"),
            "FCG16: experiments/mnist/experiment.yaml",
        ),
        (
            "experiments/mnist/job.yaml",
            lambda text: text.replace("Name: nni-manager", "Name: nni-trial"),
            "FCG17: the manager runs as nni-trial, which has other rights (nni-manager)",
        ),
        (
            "experiments/mnist/job.yaml",
            lambda text: text.partition("  template:")[0],
            "FCG17: the manager runs as default, which has other rights (nni-manager)",
        ),
        (
            "experiments/mnist/kustomization.yaml",
            kustomization(namespace="other"),
            "FCG17: experiments/mnist/kustomization.yaml:20: Service mnist-ui is in other, "
            "not in nni (namespace: in kustomization.yaml)",
        ),
        (
            "experiments/mnist/kustomization.yaml",
            kustomization(configMapGenerator=[]),
            "FCG17: the Job mounts the ConfigMap files, which is not rendered "
            "(take kustomization.yaml back from Git)",
        ),
        (
            "experiments/mnist/kustomization.yaml",
            kustomization(components=[]),
            "FCG17: the Job mounts the ConfigMap manager, which is not rendered "
            "(take kustomization.yaml back from Git)",
        ),
        (
            "experiments/mnist/kustomization.yaml",
            kustomization(resources=["nowhere.yaml"]),
            "FCG00: experiments/mnist/nowhere.yaml: is missing, and experiments/mnist does not "
            "build without it (write it, or take it out of what names it)",
        ),
        (
            "experiments/mnist/service.yaml",
            lambda text: f"{text}---\n{BINDING}",
            "FCG19: renders RoleBinding mnist-more (an experiment may have ConfigMap, "
            "PersistentVolumeClaim, Service, Job)",
        ),
        (
            "experiments/mnist/job.yaml",
            lambda text: text.replace("    spec:\n", "    spec:\n      hostNetwork: true\n"),
            "FCG19: Job mnist-run-",
        ),
        (
            "experiments/mnist/job.yaml",
            lambda text: text.replace(
                "      labels:\n",
                "      annotations: {container.apparmor.security.beta.kubernetes.io/nni-manager: "
                "unconfined}\n      labels:\n",
            ),
            "FCG19: Job mnist-run-",
        ),
        (
            "experiments/mnist/service.yaml",
            lambda text: f"{text}  externalIPs: [10.0.0.53]\n",
            "FCG19: Service mnist-ui: spec.externalIPs takes others' traffic (leave it out)",
        ),
        (
            "overlays/prod/nni/kustomization.yaml",
            kustomization(namespace="other"),
            "FCG17: overlays/prod/nni/kustomization.yaml:7: ServiceAccount nni-manager is in "
            "other, not in nni "
            "(namespace: in kustomization.yaml)",
        ),
    ],
)  # fmt: skip
def test_verify_finds(
    file: str, edit: Callable[[str], str], wanted: str, mnist: Path, fcgitops: Fcgitops
) -> None:
    """Each finding, made to happen in a repository that was in order."""
    place = "prod/nni" if file.startswith("overlays") else "experiments/mnist"
    assert findings(fcgitops, mnist, place) == []
    before = (mnist / file).read_text()
    assert edit(before) != before
    write(mnist, {file: edit(before)})
    found = findings(fcgitops, mnist, place)
    assert any(line.startswith(f"{place}: {wanted}") for line in found), found


# --- build


@pytest.mark.slow
def test_build(mnist: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """ENV/nni and experiments/NAME are built by name, and with all others, into files too."""
    ran = fcgitops("-C", mnist, "build", "prod/nni", "experiments/mnist")
    assert ran.out.startswith("# overlays/prod/nni\n")
    assert "---\n# experiments/mnist\n" in ran.out
    objects = yamls.load_all(ran.out)
    assert {o["metadata"]["labels"].get("app.kubernetes.io/name") for o in objects} == {"nni"}
    kinds = [o["kind"] for o in objects]
    assert kinds.count("Namespace") == 1
    assert kinds[-4:] == ["ConfigMap", "ConfigMap", "Service", "Job"]
    fcgitops("-C", mnist, "build", "--output", tmp_path / "out")
    names = sorted(
        p.relative_to(tmp_path / "out").as_posix() for p in tmp_path.glob("out/**/*.yaml")
    )
    assert names == [
        "customized-config.yaml", "default-config.yaml", "dev.yaml", "experiments/mnist.yaml",
        "prod.yaml", "prod/nni.yaml",
    ]  # fmt: skip
    text = (tmp_path / "out/experiments/mnist.yaml").read_text()
    assert ran.out.endswith(text)


def test_two_experiments_have_nothing_in_common(mnist: Path, fcgitops: Fcgitops) -> None:
    """Not an object's name, nor a run: else one would take the other's Frameworks away."""
    fcgitops("-C", mnist, "nni", "experiment", "other", "--env", "prod", "--from",
             mnist / "experiments/mnist")  # fmt: skip
    built = fcgitops("-C", mnist, "build", "experiments/mnist", "experiments/other").out
    names = [(o["kind"], o["metadata"]["name"]) for o in yamls.load_all(built)]
    assert len(names) == len(set(names)) == 8
    assert run_id(mnist) != run_id(mnist, "other")
