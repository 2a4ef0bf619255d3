"""What is printed: nothing in it reaches a terminal, a log or a shell as what it is not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Fcgitops
from examples import examples
from fcgitops.core import shell
from fcgitops.core.printable import line, printable
from fcgitops.text.words import count
from gitenv import git, write
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é ✓", "plain é ✓"),
        ("a\rb\x1b[31mc\x07", r"a\rb\x1b[31mc\x07"),
        ("a\u202eb\u200bc\u2028d", r"a\u202eb\u200bc\u2028d"),
        ("\udcff", r"\udcff"),
        ("::1 is no command in a line", "::1 is no command in a line"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    """What is no printable character is seen as Python writes it; all else stays."""
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error file=a::b", r"\x3a:error file=a::b"),
        ("  ::stop-commands::x", r"  \x3a:stop-commands::x"),
        ("a: ::1", "a: ::1"),
        ("x ##[error]y", r"x #\x23[error]y"),
        ("##vso[task.setvariable]y", r"#\x23vso[task.setvariable]y"),
        ("# a comment ## of two", "# a comment ## of two"),
        ("x\n::error::y", r"x\n::error::y"),
    ],
)
def test_no_line_is_a_command_to_a_runner(text: str, shown: str) -> None:
    """GitHub reads `::…` at a line's start and `##[…]` anywhere, Azure Pipelines `##vso[…]`."""
    assert line(text) == shown


def typed(text: str) -> list[str]:
    """The arguments that bash hands to a program that is typed so."""
    script = f'show() {{ printf "%s\\0" "$@"; }}; show {text}'
    ran = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    return ran.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


@examples(100)
@given(
    st.lists(st.text(st.characters(exclude_characters="\0"), max_size=12), min_size=1, max_size=3)
)
def test_a_typed_word_is_one_argument(words: list[str]) -> None:
    """Whatever it holds, bash reads it back; and it is printable, on one line."""
    try:
        [word.encode("utf-8", "surrogateescape") for word in words]
    except UnicodeEncodeError:  # no name of a file, and no argument, has such a character
        return
    text = shell.line(*words)
    assert text.isprintable()
    assert typed(text) == words


@pytest.mark.parametrize("program", ["bash", "zsh"])
def test_a_word_is_one_argument_of_each_shell(program: str) -> None:
    """A zsh makes a program's path of =ls; to both a word may be files, users or an empty one."""
    if not shutil.which(program):
        pytest.skip(f"there is no {program}")
    words = [
        "=ls",
        "=",
        "==ls",
        "~root",
        "*",
        "{a,b}",
        "!!",
        "^a^b",
        "a=~",
        "é",
        "\t",
        "-n",
        "%1",
        "",
    ]
    script = f'printf "%s\\0" {shell.line(*words)}'
    ran = subprocess.run([program, "-c", script], capture_output=True, check=True)
    assert ran.stdout.decode().split("\0")[:-1] == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("on the cluster prod at https://h:6443:", "on the cluster prod at https://h:6443:"),
        ("kubectl patch x '--patch={\"a\":1}'", "kubectl patch x '--patch={\"a\":1}'"),
        ("x\ntouch PWNED", r"""'x\ntouch PWNED'"""),
        ("Argo CD's", '''"Argo CD's"'''),
        ("(x; touch PWNED)", '"(x; touch PWNED)"'),
        ("`touch PWNED` isn't", """'`touch PWNED` isn'"'"'t'"""),
        ("$(touch PWNED)", "'$(touch PWNED)'"),
        ("it's x; touch PWNED; it's", "it's x; touch PWNED; it's"),
    ],
)
def test_a_comment_is_not_obeyed(text: str, shown: str) -> None:
    """It ends with its line, and a prompt that takes no comments finds nothing to do in it."""
    assert shell.comment(text) == f"# {shown}"


@pytest.mark.sampled(2)
@pytest.mark.parametrize("program", ["bash", "zsh"])
def test_comments_at_a_prompt(program: str, tmp_path: Path) -> None:
    """A zsh has none there, as it starts: nothing in one is run, or takes a line away."""
    if not shutil.which(program):
        pytest.skip(f"there is no {program}")
    marks = ["'", '"', "`", "$(", ")", "(", ";", "&", "|", ">", "<", "!", "\\", "\n", "*", "#"]
    texts = [f"a{one}touch P{other} b" for one in marks for other in ["", *marks]]
    lines = [line for text in texts for line in (shell.comment(text), "echo typed")]
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    options = {"bash": ["--norc"], "zsh": ["-f"]}[program]
    ran = subprocess.run(
        [program, *options, "-i"], input="\n".join(lines) + "\n", env=env, cwd=tmp_path, text=True,
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.stdout.splitlines().count("typed") == len(texts)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("P")] == []


def test_a_name_is_no_option() -> None:
    """Kubernetes takes a ClusterRoleBinding called `--all`; kubectl takes KIND/NAME as a name."""
    assert shell.named("job", "a", "b") == ("job", "a", "b")
    assert shell.named("clusterrolebinding", "--all") == ("clusterrolebinding/--all",)


HOSTILE = "x; touch PWNED; #"


@pytest.mark.slow
def test_what_remove_prints_is_safe_to_paste(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Names come from the repository: typed into a shell, each is one argument of kubectl."""
    folder = tmp_path / "deploy"
    fcgitops("new", folder, "--no-input", "--env", "dev", "--env", "prod")
    names = [HOSTILE, "--all", "$(touch PWNED)", "a\nb", "`touch PWNED`", "it's"]
    maps = [
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {json.dumps(name)}\n"
        for name in names
    ]
    maps.append(f"apiVersion: x/v1\nkind: {json.dumps(HOSTILE)}\nmetadata: {{name: odd}}\n")
    write(
        folder,
        {
            "overlays/dev/local/maps.yaml": "---\n".join(maps),
            "overlays/dev/local/kustomization.yaml": (
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                "resources: [maps.yaml]\n"
            ),
        },
    )
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "hostile")
    printed = fcgitops("-C", folder, "remove", "dev").err.partition("\n")[2]

    calls = run_with_a_kubectl(printed, tmp_path)
    deleted = [call[-2:] for call in calls if call[-1] in names or call[-1].endswith("/--all")]
    wanted = [["configmap", name] for name in names if name != "--all"]
    assert sorted(deleted) == sorted([*wanted, ["delete", "configmap/--all"]])


def run_with_a_kubectl(text: str, folder: Path) -> list[list[str]]:
    """Types a text into bash, and gives what its kubectl was called with; it leaves no file."""
    place, programs = folder / "typed", folder / "programs"
    place.mkdir()
    programs.mkdir()
    kubectl = programs / "kubectl"
    kubectl.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"print(json.dumps(sys.argv[1:]), file=open({str(folder / 'calls')!r}, 'a'))\n"
    )
    kubectl.chmod(0o755)
    env = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    subprocess.run(
        ["bash"], check=False, input=text.encode(), cwd=place, env=env, capture_output=True
    )
    assert list(place.iterdir()) == []
    return [json.loads(call) for call in (folder / "calls").read_text().splitlines()]


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1000, "1,000 files")]
)
def test_count(number: int, said: str) -> None:
    """With a separator from a thousand on."""
    assert count(number, "file") == said


def test_suggest_counts_one_task(fcgitops: Fcgitops) -> None:
    """A single task fits."""
    given = ("--frameworks", "1", "--tasks-per-framework", "1")
    assert "# 1 task in one Framework fits without it\n" in (
        fcgitops("config", "suggest", *given).out
    )


FOLDER = "overlays/x\n::error file=a::owned\x1b[31m"


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "arguments",
    [
        ["diff", "HEAD~1"],
        ["diff", "HEAD~1", "--format", "markdown"],
        ["verify", "--format", "github"],
        ["verify"],
        ["status"],
        ["list"],
    ],
    ids=" ".join,
)
def test_a_hostile_folder_in_what_is_shown(
    arguments: list[str], repository: Path, fcgitops: Fcgitops
) -> None:
    """An overlay whose name holds a line's end, a workflow command and an escape code."""
    dev = repository / "overlays/dev"
    write(repository, {f"{FOLDER}/{path.name}": path.read_bytes() for path in dev.glob("*.yaml")})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "hostile")

    ran = fcgitops("-C", repository, *arguments, status=None)

    said = ran.out + ran.err
    assert "owned" in said
    assert not [row for row in said.split("\n") if row.startswith("::error file=a")]
    assert "\x1b" not in said


def test_a_hostile_value_in_what_is_shown(repository: Path, fcgitops: Fcgitops) -> None:
    """What cannot be generated, and what is held, are told as no command to a runner."""
    held, broken = (repository / f"overlays/{name}/environment.yaml" for name in ("dev", "prod"))
    held.write_text(held.read_text() + "hold: '##[error]a'\n")
    broken.write_text("variant: '##vso[b]'\n")
    said = fcgitops("-C", repository, "status").out
    assert "held: dev: #\\x23[error]a\n" in said
    assert "variant: '#\\x23vso[b]' is not known" in said


def test_markdown_is_printed_to_a_log_too(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """What of it a runner would obey stands there escaped."""
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '##[error]a'}\n"
    write(tmp_path, {"a.yaml": "", "b.yaml": config})
    files = (tmp_path / "a.yaml", tmp_path / "b.yaml")
    said = fcgitops("diff", "--rendered", *files, "--format", "markdown").out
    assert "`ConfigMap/#\\x23[error]a`" in said
    assert "##[" not in said


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "--format", "sarif"],
        ["verify", "--format", "gitlab"],
        ["status", "--format", "json"],
        ["overlay", "stage"],
    ],
    ids=" ".join,
)
def test_a_folder_whose_name_is_no_text(
    arguments: list[str], repository: Path, fcgitops: Fcgitops
) -> None:
    """It is shown escaped, in JSON as JSON escapes; other environments go on."""
    dev, strange = repository / "overlays/dev", os.fsdecode(b"overlays/a\xff")
    write(repository, {f"{strange}/{path.name}": path.read_bytes() for path in dev.glob("*.yaml")})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "hostile")

    ran = fcgitops("-C", repository, *arguments, status=None)

    if arguments[0] == "overlay":
        assert git(repository, "log", "-1", "--format=%s") == "Add environment stage"
    else:
        json.loads(ran.out)
        assert r"a\udcff" in ran.out or "a%FF" in ran.out


def test_a_word_too_many_is_shown_as_it_is_written(fcgitops: Fcgitops) -> None:
    """No line of it is a command to the runner of a workflow, and no terminal obeys it."""
    ran = fcgitops("list", "x\x07\n::error::y", status=2)
    assert ran.err.endswith("\nError: Got unexpected extra argument (x\\x07\n\\x3a:error::y)\n")
