"""Finding kustomize, refusing versions, building."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from fcgitops.core.errors import ToolError
from fcgitops.programs import kustomize, process
from fcgitops.programs.kustomize import Kustomize
from gitenv import write

TOOLS = os.environ["PATH"]
INSTALL = "`make tools` installs 5.8.1"
KUBECTL = "Client Version: v1.30.0\\nKustomize Version: v{}"


def program(path: Path, version: str, status: int = 0) -> Path:
    """A program that tells its version, to kubectl's or kustomize's question alone."""
    asked = "version --client" if path.name.startswith("kubectl") else "version"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\n[ "$*" = "{asked}" ] && printf "{version}\\n"\nexit {status}\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, without $KUSTOMIZE."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("KUSTOMIZE", raising=False)
    return folder


@pytest.mark.parametrize(
    ("there", "variable", "command", "version", "origin"),
    [
        ("own kustomize kubectl", "{}/own", "{}/own build", "5.7.0", "$KUSTOMIZE"),
        ("kustomize kubectl", None, "{}/kustomize build", "5.7.0", "kustomize on PATH"),
        ("kubectl", None, "{}/kubectl kustomize", "5.5.0", "kubectl on PATH"),
        ("kubectl", " ", "{}/kubectl kustomize", "5.5.0", "kubectl on PATH"),
        ("kustomize kubectl-1", "{}/kubectl-1", "{}/kubectl-1 kustomize", "5.5.0", "$KUSTOMIZE"),
        ("kubectl-1", "{}/kubectl-1 kustomize", "{}/kubectl-1 kustomize", "5.5.0", "$KUSTOMIZE"),
        ("kustomize-5", "kustomize-5", "kustomize-5 build", "5.7.0", "$KUSTOMIZE"),
    ],
)
def test_order(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    there: str,
    variable: str | None,
    command: str,
    version: str,
    origin: str,
) -> None:
    """$KUSTOMIZE comes first, then kustomize on PATH, then the one in kubectl."""
    for name in there.split():
        program(place / name, KUBECTL.format("5.5.0") if name.startswith("kubectl") else "v5.7.0")
    if variable is not None:
        monkeypatch.setenv("KUSTOMIZE", variable.format(place))
    assert kustomize.find() == Kustomize(tuple(command.format(place).split()), version, origin)


@pytest.mark.usefixtures("place")
def test_missing() -> None:
    """Without any, the message says what was looked for and how to get one."""
    with pytest.raises(ToolError) as caught:
        kustomize.find()
    assert str(caught.value) == (
        f"kustomize: is not here: no $KUSTOMIZE, no kustomize, no kubectl on PATH ({INSTALL})"
    )


OLD = "is older than 5.5.0, the first that renders these trees as newer ones do"
BROKEN = "renders namespaces wrongly (kustomize issue 6031)"


@pytest.mark.parametrize(
    ("name", "version", "status", "message"),
    [
        ("kustomize", "v5.4.3", 0, "{} 5.4.3: " + OLD),
        ("kustomize", "{{Version:kustomize/v3.8.7 GitCommit:ad0}}", 0, "{} 3.8.7: " + OLD),
        ("kustomize", "v5.8.0", 0, "{} 5.8.0: " + BROKEN),
        ("kubectl", KUBECTL.format("5.4.2"), 0, "{} kustomize 5.4.2: " + OLD),
        ("kubectl", KUBECTL.format("5.8.0"), 0, "{} kustomize 5.8.0: " + BROKEN),
        ("kubectl", "Client Version: v1.20.0", 0, "{}: does not tell which kustomize it is"),
        ("kustomize", "", 0, "{}: does not tell which kustomize it is"),
        ("kustomize", "v5.8.1", 1, "{}: does not tell which kustomize it is"),
    ],
)
def test_refused(place: Path, name: str, version: str, status: int, message: str) -> None:
    """A version that renders our trees otherwise is refused, with the reason and the way out."""
    own = program(place / name, version, status)
    with pytest.raises(ToolError) as caught:
        kustomize.find()
    assert str(caught.value) == f"{message.format(own)} ({INSTALL})"


@pytest.mark.parametrize("follows", ["kustomize", "kubectl"])
def test_an_older_one_is_passed_over(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, follows: str
) -> None:
    """What follows on PATH is used where the first is too old or no kustomize; a remark says so."""
    old = program(place / "kustomize", "v4.5.7")
    none = program(tmp_path / "bin2" / "kustomize", "", 1)
    version = KUBECTL.format("5.7.1") if follows == "kubectl" else "v5.7.1"
    good = program(tmp_path / "bin3" / follows, version)
    monkeypatch.setenv("PATH", f"{place}:{none.parent}:{good.parent}:{tmp_path}/none")
    found = kustomize.find()

    assert (found.command[0], found.version) == (str(good), "5.7.1")
    assert found.remark == (
        f"taken in the place of {old} 4.5.7, which {OLD}; "
        f"taken in the place of {none}, which does not tell which kustomize it is"
    )
    title = f"{good} kustomize 5.7.1" if follows == "kubectl" else f"{good} 5.7.1"
    assert found.title == title


def test_the_chosen_one_is_not_replaced(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A $KUSTOMIZE that is too old is refused, whatever PATH has."""
    program(place / "kustomize", "v5.8.1")
    monkeypatch.setenv("KUSTOMIZE", str(program(place / "own", "v5.4.0")))
    with pytest.raises(ToolError, match=f"^{place}/own 5.4.0: {OLD}"):
        kustomize.find()


def test_each_of_many_that_are_not_good_enough_is_told(place: Path) -> None:
    """A reason each."""
    program(place / "kustomize", "v5.4.0")
    program(place / "kubectl", KUBECTL.format("5.8.0"))
    with pytest.raises(ToolError) as caught:
        kustomize.find()
    assert [str(problem) for problem in caught.value.problems] == [
        f"{place}/kustomize 5.4.0: {OLD} ({INSTALL})",
        f"{place}/kubectl kustomize 5.8.0: {BROKEN} ({INSTALL})",
    ]


@pytest.mark.parametrize("version", ["5.5.0", "5.7.1", "5.8.1", "5.10.0", "6.0.0"])
def test_accepted(place: Path, version: str) -> None:
    """5.5.0 and all later ones but 5.8.0 are taken, without a remark."""
    program(place / "kustomize", f"v{version}")
    found = kustomize.find()
    assert (found.version, found.remark) == (version, "")


@pytest.mark.parametrize(
    ("name", "text"), [("kustomize", "(devel)"), ("kubectl", "Kustomize Version: (devel)")]
)
def test_devel(place: Path, name: str, text: str) -> None:
    """A build that does not know its version is taken, with a remark."""
    program(place / name, text)
    found = kustomize.find()
    assert (found.version, found.remark) == (
        "(devel)",
        "it does not tell its version; one of 5.5.0 or newer, not 5.8.0, is needed",
    )


@pytest.mark.parametrize("kind", ["missing", "a folder", "not executable"])
def test_no_program(place: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A $KUSTOMIZE that is no program is told as such; what PATH has is not taken for it."""
    own = place / "own"
    if kind == "a folder":
        own.mkdir()
    elif kind == "not executable":
        own.write_text("")
    program(place / "kustomize", "v5.8.1")
    monkeypatch.setenv("KUSTOMIZE", str(own))
    with pytest.raises(ToolError) as caught:
        kustomize.find()
    assert str(caught.value) == f"$KUSTOMIZE: {own} is no program ({INSTALL})"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The programs that have been started, by name; nothing is kept from before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kustomize._known_version.cache_clear()
    started: list[str] = []
    run = process.run

    def watched(command: Sequence[str | Path], **more: Any) -> process.Result:
        started.append(Path(command[0]).name)
        return run(command, **more)

    monkeypatch.setattr(process, "run", watched)
    return started


def test_the_version_is_asked_for_once(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the program is the same file; what was kept is not believed for another."""
    first = kustomize.find()
    assert asked == [Path(first.command[0]).name]
    assert kustomize.find() == first
    kustomize._known_version.cache_clear()  # as another run
    assert kustomize.find() == first
    assert len(asked) == 1
    monkeypatch.setattr(kustomize, "_file", lambda _: "/usr/bin/kustomize 1 1")
    assert kustomize.find() == first
    assert len(asked) == 2


def test_a_script_is_asked_each_time(place: Path, asked: list[str]) -> None:
    """It may start another program the next time, as asdf's does by the folder."""
    script = program(place / "kustomize", "v5.7.1")
    before = kustomize.identity(str(script))
    assert (kustomize.find().version, asked) == ("5.7.1", ["kustomize"] * 2)
    program(script, "v5.8.1")
    assert (kustomize.find().version, asked) == ("5.8.1", ["kustomize"] * 3)
    assert before != kustomize.identity(str(script))


def test_a_link_to_a_program_of_another_name_is_asked_each_time(
    place: Path, asked: list[str]
) -> None:
    """As mise's, which chooses by the folder."""
    real = shutil.which("kustomize", path=TOOLS) or shutil.which("kubectl", path=TOOLS)
    assert real
    link = place / Path(real).name
    shutil.copy(real, place / "mise")
    link.symlink_to("mise")
    found = kustomize.find()
    assert (kustomize.find(), asked) == (found, [link.name] * 2)


def test_candidates(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that could build are listed in order, good enough or not."""
    for name in ("kubectl", "kustomize"):
        program(place / name, "v1.0.0")
    monkeypatch.setenv("KUSTOMIZE", "/no/such")
    assert kustomize.candidates() == [
        ("$KUSTOMIZE", "/no/such"),
        ("kustomize on PATH", str(place / "kustomize")),
        ("kubectl on PATH", str(place / "kubectl")),
    ]


POLICY = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
OVERLAYS: Mapping[str, Mapping[str, str]] = {
    "good": {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": POLICY},
    "no such resource": {"kustomization.yaml": "resources: [none.yaml]\n"},
    "unknown field": {"kustomization.yaml": "resorces: []\n"},
    "empty": {},
}


def test_build(tmp_path: Path) -> None:
    """An overlay is built to its objects; a broken one has kustomize's own reason, one line."""
    for name, files in OVERLAYS.items():
        (tmp_path / name).mkdir()
        write(tmp_path / name, files)
    found = kustomize.find()
    built = dict(found.build_all(tmp_path / name for name in OVERLAYS))
    assert [folder.name for folder in built] == list(OVERLAYS)
    assert built[tmp_path / "good"] == found.build(tmp_path / "good") == POLICY.encode()
    for name, reason in {
        "no such resource": "none.yaml: no such file or directory",
        "unknown field": "resorces",
        "empty": "unable to find one of 'kustomization.yaml'",
    }.items():
        error = built[tmp_path / name]
        assert isinstance(error, ToolError)
        (line,) = map(str, error.problems)
        assert line.startswith(f"{name}: kustomize cannot build it: ")
        assert reason in line
        assert "Error: " not in line
        with pytest.raises(ToolError, match=name):
            found.build(tmp_path / name)


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        ("Error: no such file", "no such file"),
        ("error: no such file", "no such file"),
        ("# Warning: old\nError: accumulating: Error: x", "accumulating: Error: x"),
        ('E0101 12:00:00.0 1 run.go:1] "command failed" err=<\n\ta: errors:\n\t  line 4: b\n >\n',
         "line 4: b"),
        ('E0101 12:00:00.0 1 run.go:1] "command failed" err="no \\"a.yaml\\": none"',
         'no "a.yaml": none'),
    ],
)  # fmt: skip
def test_reason(place: Path, stderr: str, reason: str) -> None:
    """The last line of kustomize's words is the reason, also where kubectl logs it."""
    words = place / "words"
    words.write_text(f"{stderr}\n")
    fails = place / "fails"
    shown = f'while IFS= read -r line; do echo "$line"; done <{words} >&2'
    fails.write_text(f"#!/bin/sh\n{shown}\nexit 1\n")
    fails.chmod(0o755)
    with pytest.raises(ToolError) as caught:
        Kustomize((str(fails), "build"), "5.8.1", "").build(place / "overlay")
    assert str(caught.value) == f"overlay: kustomize cannot build it: {reason}"


def test_silent_failure(place: Path) -> None:
    """A kustomize that fails without a word is told with its status."""
    shutil.copy(program(place / "kustomize", "v5.8.1"), place / "fails")
    (place / "fails").write_text("#!/bin/sh\nexit 9\n")
    with pytest.raises(ToolError, match=r"^overlay: kustomize cannot build it: ended with 9$"):
        Kustomize((str(place / "fails"), "build"), "5.8.1", "").build(place / "overlay")
