"""Plain cookiecutter, the command and the wheel: the same answers give the same tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import Fcgitops, tree
from gitenv import git, write

CHECKOUT = Path(__file__).parents[2]
TEMPLATE = ("cookiecutter.json", "hooks", "overlays", "{{cookiecutter.repo_slug}}", "generator")
ANSWERS = {
    "hardened": [
        "environments=dev prod=customized-config",
        "defaults=image.registry=r.example.com",
    ],
    "upstream": ["profile=upstream", "gitops=flux", "environments=dev,prod=customized-config"],
    "bare": ["repo_url=https://git.example.com/team/deploy.git"],
}


def cookiecutter(
    template: str | Path, folder: Path, *answers: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """Runs the `cookiecutter` command, which knows nothing of our package but the template."""
    return subprocess.run(
        [sys.executable, "-m", "cookiecutter", "--no-input", "-o", folder, template,
         "repo_slug=deploy", *answers],
        cwd=folder.parent, env={**os.environ, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The template as a Git repository of its own."""
    folder = tmp_path / "template"
    folder.mkdir()
    for name in TEMPLATE:
        source = CHECKOUT / name
        ignore = shutil.ignore_patterns("__pycache__")
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignore)
        else:
            shutil.copy(source, folder / name)
    return folder


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", ANSWERS)
def test_cookiecutter_gives_the_tree_of_new(name: str, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Same answers, same tree, committed on main, nothing left over."""
    answers = ANSWERS[name]
    (tmp_path / "out").mkdir()
    ran = cookiecutter(CHECKOUT, tmp_path / "out", *answers)
    assert ran.returncode == 0, ran.stderr
    sets = [word for answer in answers for word in ("--set", answer)]
    fcgitops("new", tmp_path / "deploy", "--no-input", *sets)

    made = tmp_path / "out" / "deploy"
    assert tree(made) == tree(tmp_path / "deploy")
    assert git(made, "status", "--porcelain", "--ignored") == ""
    assert git(made, "log", "--format=%s %D") == "Scaffold deploy HEAD -> main"


@pytest.mark.slow
def test_a_template_named_by_a_git_url(template: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """The hooks find the generator in cookiecutter's own clone."""
    git(template, "init", "-q")
    git(template, "add", "-A")
    git(template, "commit", "-q", "-m", "template")
    (tmp_path / "out").mkdir()
    ran = cookiecutter(f"file://{template}", tmp_path / "out", *ANSWERS["hardened"])
    assert ran.returncode == 0, ran.stderr
    fcgitops("new", tmp_path / "deploy", "--no-input",
             *[word for answer in ANSWERS["hardened"] for word in ("--set", answer)])  # fmt: skip

    assert tree(tmp_path / "out" / "deploy") == tree(tmp_path / "deploy")


def test_the_users_cookiecutterrc_changes_nothing(
    git_home: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """The same answers give the same tree whoever gives them."""
    fcgitops("new", tmp_path / "a" / "deploy", "--no-input")
    write(git_home, {".cookiecutterrc": "default_context:\n  profile: upstream\n"})
    fcgitops("new", tmp_path / "b" / "deploy", "--no-input")

    assert tree(tmp_path / "a" / "deploy") == tree(tmp_path / "b" / "deploy")


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("answer", "message"),
    {
        "environments=Prod ok": "environments: 'Prod' is not valid",
        "environments=default-config": "environments: 'default-config' is reserved",
        "gitops=argo": "argo provided for choice variable gitops",
        "repo_url=https://u:p@git.example.com/x": "repo_url: carries a user or password",
        "environments=\"; import os; os.system('touch pwned'); \"": "is not valid",
        "repo_url='''+__import__('os').system('touch pwned')+'''": "repo_url: ",
    }.items(),
)
def test_cookiecutter_refuses_what_new_refuses(
    git_home: Path, answer: str, message: str, tmp_path: Path
) -> None:
    """The pre-generation hook says what is wrong, and cookiecutter leaves nothing."""
    (tmp_path / "out").mkdir()
    ran = cookiecutter(CHECKOUT, tmp_path / "out", answer)

    assert ran.returncode != 0
    assert message in ran.stderr
    assert list((tmp_path / "out").iterdir()) == []
    assert not list(tmp_path.rglob("pwned"))


def test_without_gitpython_the_hook_names_the_command_that_adds_it(
    git_home: Path, tmp_path: Path
) -> None:
    """Nothing is rendered before everything is there."""
    blocked = (
        "import sys\nsys.modules['git'] = None\nimport importlib.util as u\n"
        "f = u.find_spec\nu.find_spec = lambda n, p=None: None if n == 'git' else f(n, p)\n"
    )
    write(tmp_path / "blocked", {"sitecustomize.py": blocked})
    (tmp_path / "out").mkdir()
    ran = cookiecutter(CHECKOUT, tmp_path / "out", PYTHONPATH=str(tmp_path / "blocked"))

    assert ran.returncode != 0
    command = f"{sys.executable} -m pip install GitPython"
    assert f"error: GitPython: is missing beside cookiecutter ({command})" in ran.stderr
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.slow
def test_a_git_py_that_lies_in_the_way_is_not_run(git_home: Path, tmp_path: Path) -> None:
    """Hooks run from a shared temporary folder, where anybody may have put one."""
    (tmp_path / "out").mkdir()
    (tmp_path / "tmp").mkdir()
    write(tmp_path / "tmp", {"git.py": "raise SystemExit('ran git.py')"})
    ran = cookiecutter(CHECKOUT, tmp_path / "out", TMPDIR=str(tmp_path / "tmp"))

    assert ran.returncode == 0, ran.stderr


def test_inside_another_repository_cookiecutter_stops(git_home: Path, tmp_path: Path) -> None:
    """A repository in a repository is lost at the first `git add`."""
    (tmp_path / "outer").mkdir()
    git(tmp_path / "outer", "init", "-q")
    ran = cookiecutter(CHECKOUT, tmp_path / "outer")

    assert ran.returncode != 0
    assert "is inside the Git repository" in ran.stderr
    assert not (tmp_path / "outer" / "deploy").exists()


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as pip would, away from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--quiet", "--wheel", "--no-isolation",
         "--outdir", folder, CHECKOUT],
        check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.mark.slow
def test_the_wheel_gives_the_same_tree(installed: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Command and template of the wheel alone; plain cookiecutter takes its template too.

    The requirement is given: its default follows how each of them was installed.
    """
    given = "environments: {dev: , prod: customized-config}\nrequirement: fc==1\n"
    write(tmp_path, {"answers.yaml": given})
    code = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); import fcgitops; "
        f"assert fcgitops.__file__.startswith({str(installed)!r}); "
        "from fcgitops.__main__ import main; main()"
    )
    for folder in ("a", "out"):
        (tmp_path / folder).mkdir()
    ran = subprocess.run(
        [sys.executable, "-c", code, "new", "a/deploy", "--answers", "answers.yaml", "--no-input"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    packed = cookiecutter(
        installed / "fcgitops" / "_template", tmp_path / "out",
        "environments=dev prod=customized-config", "requirement=fc==1",
    )  # fmt: skip
    assert packed.returncode == 0, packed.stderr
    fcgitops("new", tmp_path / "b" / "deploy", "--answers", tmp_path / "answers.yaml", "--no-input")

    assert tree(tmp_path / "a" / "deploy") == tree(tmp_path / "b" / "deploy")
    assert tree(tmp_path / "out" / "deploy") == tree(tmp_path / "b" / "deploy")
