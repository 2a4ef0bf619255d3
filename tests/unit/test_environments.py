"""From requests to the files that come of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from fcgitops.core.errors import InputError
from fcgitops.fcconfig.image import shipped_codes
from fcgitops.manifests.skeleton import render_skeleton
from fcgitops.model import assignments, layout
from fcgitops.model.answers import Answers
from fcgitops.model.assignments import SETTABLE
from fcgitops.model.environment import TEXTS
from fcgitops.repository import outcome, record
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned, Request, plan
from fcgitops.repository.merge import Merged
from fcgitops.repository.scaffold import base_tree, variant_config
from fcgitops.text import yamlio
from gitenv import write

CUSTOMIZED = {"variant": "customized-config"}
LABEL = "a DNS label: lower-case letters, digits and '-' between them, at most 63"
TAG = "letters, digits, '_', '.' and '-', at most 128, the first no '.' or '-'"
FOLDER = "overlays/prod"
VARIANT_FILE = "overlays/customized-config/frameworkcontroller.yaml"


@functools.cache
def tree(profile: str) -> dict[str, bytes]:
    """The files of a repository without environments."""
    answers = Answers("fc", profile)
    return base_tree(answers, render_skeleton(answers))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """That repository on disk, of the profile `hardened`."""
    write(tmp_path, tree("hardened"))
    return Repository(tmp_path)


@pytest.fixture
def upstream(tmp_path: Path) -> Repository:
    """One of the profile `upstream`."""
    write(tmp_path, tree("upstream"))
    return Repository(tmp_path)


def refusal(call: Callable[[], object]) -> list[str]:
    with pytest.raises(InputError) as caught:
        call()
    return [str(problem) for problem in caught.value.problems]


def source(repository: Repository, text: str, name: str = "prod") -> None:
    write(repository.root, {f"overlays/{name}/environment.yaml": text})


def planned(repository: Repository, **request: Any) -> Planned:
    (one,) = plan(repository, [Request("prod", "NAME", **request)])
    return one


def apply(repository: Repository, **request: Any) -> Merged:
    """Plans a change and writes its outcome, as the transaction would."""
    merged = outcome.of_environments(repository, [planned(repository, **request)])
    for path, data in merged.files.items():
        if data is not None:
            write(repository.root, {path: data})
        else:
            (repository.root / path).unlink(missing_ok=True)
    return merged


@pytest.mark.parametrize(
    ("pairs", "given", "own"),
    [
        ([], {}, {}),
        (
            ["image.tag=1.0", "workerNumber=800", "kubeApiServerAddress=1", "labels={a: b}"],
            {"image.tag": "1.0", "labels": {"a": "b"}},
            {("workerNumber",): 800, ("kubeApiServerAddress",): "1"},
        ),
        (
            ["logObjectSnapshot.pod.onPodDeletion=false", "image.pullSecrets=a,b"],
            {"image.pullSecrets": ["a", "b"]},
            {("logObjectSnapshot", "pod", "onPodDeletion"): False},
        ),
        (["annotations={a: 'x=y'}", "resources.cpu="],
         {"annotations": {"a": "x=y"}, "resources.cpu": ""}, {}),
        (["shippedPodFailureSpec=replace", "workerNumber=1e2", "kubeClientQps=1.5"],
         {"shippedPodFailureSpec": "replace"},
         {("workerNumber",): 100, ("kubeClientQps",): 1.5}),
    ],
)  # fmt: skip
def test_sets(pairs: list[str], given: dict[str, Any], own: dict[tuple[str, ...], Any]) -> None:
    """KEY=VALUE sets keys of the environment and settings of FrameworkController alike."""
    typed, problems = assignments.parse(pairs, "--set", SETTABLE)
    assert (typed.given, typed.settings, problems) == (given, own, [])


def test_sets_refused() -> None:
    """Every wrong pair is told at once."""
    pairs = ["image.tga=1", "workerNumber", "workerNumbr=1", "variant=x", "settings={}",
             "labels=a: b: c", "workerNumber=a: b: c"]  # fmt: skip
    yaml = "is not valid YAML: mapping values are not allowed in this context"
    _, problems = assignments.parse(pairs, "--set", SETTABLE)
    assert [str(problem) for problem in problems] == [
        "--set: 'image.tga' is not known (did you mean 'image.tag'?)",
        "--set: 'workerNumber' has no '=' (KEY=VALUE)",
        "--set: 'workerNumbr' is not known (did you mean 'workerNumber'?)",
        "--set: 'variant' is not known",
        "--set: 'settings' is not known",
        f"--set: labels:1: {yaml}",
        f"--set: workerNumber:1: {yaml}",
    ]


def test_new(repository: Repository) -> None:
    """A new environment has its source, what is generated of it, local/ and a record."""
    given = {**CUSTOMIZED, "image.tag": "v1.0.1"}
    one = planned(repository, given=given, settings={("workerNumber",): 8})
    assert (one.new, one.environment.image_tag, one.environment.settings) == (
        True, "v1.0.1", {"workerNumber": 8},
    )  # fmt: skip
    assert one.source.decode().endswith(
        "variant: customized-config\ncluster:\n  name: prod\nnamespace: frameworkcontroller\n"
        "sync: argocd\nimage:\n  tag: v1.0.1\nsettings:\n  workerNumber: 8\n"
    )
    merged = outcome.of_environments(repository, [one])
    assert sorted(merged.files) == [
        f"{FOLDER}/{name}"
        for name in (".fcgitops", "environment.yaml", "frameworkcontroller.yaml",
                     "kustomization.yaml", "local/kustomization.yaml")
    ]  # fmt: skip
    assert (merged.conflicts, merged.notes) == ({}, [])
    recorded = record.decode(merged.files[f"{FOLDER}/.fcgitops"])
    assert recorded == {
        name: merged.files[f"{FOLDER}/{name}"]
        for name in ("frameworkcontroller.yaml", "kustomization.yaml")
    }


MINE = """\
# ours
cluster: {name: main}  # the big one
variant: customized-config
image:
  tag: "v1.0.0"  # pinned
settings:
  workerNumber: 8  # few
"""


def test_hand_edited(repository: Repository) -> None:
    """A file that its user edited keeps every comment and quote but of the key that is set."""
    source(repository, MINE)
    one = planned(repository, given={"image.tag": "v1.0.1", "namespace": "own"},
                  settings={("workerNumber",): 9, ("kubeClientQps",): 1})  # fmt: skip
    assert one.source.decode() == (
        MINE.replace('"v1.0.0"', "v1.0.1").replace("8  # few", "9  # few\n  kubeClientQps: 1")
        + "namespace: own\n"
    )
    assert one.new is False


def test_unchanged(repository: Repository) -> None:
    """A key that is set to what it is, or none at all, leaves the file as it is."""
    source(repository, MINE)
    assert planned(repository).source.decode() == MINE
    assert planned(repository, given={"image.tag": "v1.0.0"}).source.decode() == MINE


def test_config(repository: Repository) -> None:
    """A whole configuration replaces the settings, comments included; --set comes on top."""
    source(repository, MINE.removesuffix("  # few\n") + "\n")
    one = planned(
        repository, config="# new\nworkerNumber: 1 # one\n", settings={("kubeClientQps",): 2}
    )
    head = MINE.partition("settings:")[0]
    assert one.source.decode() == (
        f"{head}settings:\n  # new\n  workerNumber: 1 # one\n  kubeClientQps: 2\n"
    )
    assert one.environment.settings == {"workerNumber": 1, "kubeClientQps": 2}


NO_FILE = (
    "{}: settings: default-config has no configuration file to set "
    "anything in (--variant customized-config, or take them away)"
)


@pytest.mark.parametrize(
    "request_", [{"settings": {("workerNumber",): 8}}, {"config": "workerNumber: 8\n"}]
)
@pytest.mark.parametrize("there", [True, False])
def test_default_config(repository: Repository, request_: Mapping[str, Any], there: bool) -> None:
    """default-config has no file to set anything in; the variant that has one is named."""
    if there:
        source(repository, "variant: default-config\n")
    assert refusal(lambda: planned(repository, **request_)) == [NO_FILE.format("NAME")]
    assert planned(repository, given=CUSTOMIZED, **request_).environment.settings


def test_all_at_once(repository: Repository) -> None:
    """Every mistake of every request is told; none of them is planned."""
    source(repository, "varient: x\n", "old")
    source(repository, "image: [\n", "broken")
    write(repository.root, {"overlays/Team/README.md": "", "overlays/notes/README.md": ""})
    requests = [
        Request("../x", "item 1"),
        Request("ok", "item 2"),
        Request("ok", "item 3"),
        Request("customized-config", "item 4"),
        Request("team", "item 5"),
        Request("notes", "item 6"),
        Request("new", "item 7", {"image.tag": "a b", "sync": "fluxx"}),
        Request("old", "item 8"),
        Request("broken", "item 9"),
        Request("set", "item 10", {}, {("workerNumber",): 1}),
        Request("GPU 1", "item 11", {"image.tag": "a b"}),
        Request("GPU 2", "item 12", CUSTOMIZED, {("workerNumber",): 0}),
        Request("new", "item 13", {"sync": "fluxx"}),
    ]
    assert refusal(lambda: plan(repository, requests)) == [
        f"item 1: '../x' is not valid ({LABEL})",
        "item 3: 'ok' is named twice (each once)",
        "item 4: 'customized-config' is reserved (another name, such as dev or prod)",
        "item 5: overlays/Team differs from it in case only, and is no environment "
        "(choose another name)",
        "item 6: overlays/notes is there already, and is no environment (choose another name)",
        "item 7: sync: 'fluxx' is not known (did you mean 'flux'?)",
        f"item 7: image.tag: 'a b' is not valid ({TAG})",
        "overlays/old/environment.yaml: varient: is not known (did you mean 'variant'?)",
        "overlays/broken/environment.yaml:2: is not valid YAML: did not find expected node content",
        NO_FILE.format("item 10"),
        f"item 11: 'GPU 1' is not valid ({LABEL})",
        f"item 11: image.tag: 'a b' is not valid ({TAG})",
        f"item 12: 'GPU 2' is not valid ({LABEL})",
        "item 13: 'new' is named twice (each once)",
        "item 13: sync: 'fluxx' is not known (did you mean 'flux'?)",
        "item 12: settings.workerNumber: is 0 [FCC15] (a whole number, at least 1)",
    ]


def test_a_setting_that_is_none_is_one_finding(repository: Repository) -> None:
    """The model tells it; FrameworkController's own rule on the same key adds nothing."""
    source(repository, "variant: customized-config\nsettings:\n  foo: 1\n  workerNumber: 0\n")
    where = "overlays/prod/environment.yaml: settings"
    assert refusal(lambda: planned(repository)) == [
        f"{where}: 'foo' is no setting of FrameworkController",
        f"{where}.workerNumber: is 0 [FCC15] ({WORKERS})",
    ]


def test_all_at_once_in_one(repository: Repository) -> None:
    """So are the mistakes in keys and in settings of one new environment."""
    request = {
        "given": {**CUSTOMIZED, "image.tag": "a b", "shippedPodFailureSpec": "x"},
        "settings": {("workerNumber",): "x", ("kubeClientQps",): 0},
    }
    assert refusal(lambda: planned(repository, **request)) == [
        f"NAME: image.tag: 'a b' is not valid ({TAG})",
        "NAME: shippedPodFailureSpec: 'x' is not known (one of keep, replace)",
        "NAME: settings.workerNumber: is 'x' [FCC12] (a whole number, at least 1)",
        "NAME: settings.kubeClientQps: is 0 [FCC15] (a number, above 0, at most 10000)",
    ]


WORKERS = "a whole number, at least 1"
WRONG_SETTINGS = {
    "workerNumber: many": f".workerNumber: is 'many' [FCC12] ({WORKERS})",
    "workerNumber: true": f".workerNumber: is 'true' [FCC12] ({WORKERS})",
    "workerNumber: '9'": f".workerNumber: is the text '9' [FCC12] ({WORKERS})",
    "workerNumber: {a: 1}": f".workerNumber: is a mapping [FCC12] ({WORKERS})",
    "workerNumber: 0": f".workerNumber: is 0 [FCC15] ({WORKERS})",
    "workerNumber: 1e20": f".workerNumber: 1e20 is beyond 32 bits [FCC12] ({WORKERS})",
    "workerNumber: 1.5": ".workerNumber: 1.5 is read as 1 [FCC13] (a whole number)",
    "workerNumber: 010": ".workerNumber: 010 is octal: FrameworkController reads 8 [FCC14] (8)",
    "kubeClientQps: false": ".kubeClientQps: is 'false' [FCC12] "
                            "(a number, above 0, at most 10000)",
    "kubeClientQps: .nan": ".kubeClientQps: NaN passes FrameworkController's range check [FCC13] "
                           "(a number, above 0, at most 10000)",
    "largeFrameworkCompression: 1":
        ".largeFrameworkCompression: is '1' [FCC12] (true or false)",
    "kubeConfigFilePath: [a]": ".kubeConfigFilePath: is a list [FCC12] (text)",
    "podFailureSpec: {}": ".podFailureSpec: is a mapping [FCC12] (a list)",
    "podFailureSpec: [1]": ".podFailureSpec[0]: is '1' [FCC12] (a mapping)",
    "podFailureSpec: [{podPatterns: [{}]}]": ".podFailureSpec[0]: has no code [FCC15] "
        "(a whole number: at most -1000, or from 1 to 199, or at least 220)",
    "podFailureSpec: [{code: x, podPatterns: [{}]}]": ".podFailureSpec[0].code: is 'x' [FCC12] "
        "(a whole number: at most -1000, or from 1 to 199, or at least 220)",
    "podFailureSpec: [{code: 300, podPatterns: [{}]}, {code: 300, podPatterns: [{}]}]":
        ".podFailureSpec[1].code: 300 is podFailureSpec[0]'s already [FCC22] (each code once)",
    "logObjectSnapshot: []": ".logObjectSnapshot: is a list [FCC12] (a mapping)",
    "logObjectSnapshot: {pod: {onPodDeletion: 1}}":
        ".logObjectSnapshot.pod.onPodDeletion: is '1' [FCC12] (true or false)",
    "logObjectSnapshot: {pod: {onPodDeleted: true}}":
        ".logObjectSnapshot.pod.onPodDeleted: is no key that FrameworkController reads [FCC11] "
        "(did you mean 'onPodDeletion'?)",
}  # fmt: skip
"""The text of `settings` → what is said of it."""


@pytest.mark.parametrize("shipped", ["keep", "replace"])
@pytest.mark.parametrize("text", WRONG_SETTINGS)
def test_setting_refused(repository: Repository, text: str, shipped: str) -> None:
    """Each setting has the type and the range that FrameworkController takes."""
    line = f"overlays/prod/environment.yaml: settings{WRONG_SETTINGS[text]}"
    source(repository, f"variant: customized-config\nshippedPodFailureSpec: {shipped}\n"
                       f"settings:\n  # ours\n  {text} # one\n")  # fmt: skip
    assert refusal(lambda: planned(repository)) == [line]
    source(repository, "variant: customized-config\n")
    config = f"kubeClientBurst: 300\n{text}\n"
    given = {"shippedPodFailureSpec": shipped}
    assert refusal(lambda: planned(repository, given=given, config=config)) == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("kubeConfigFilePath: 1", "kubeConfigFilePath: 1\n"),
        ("largeFrameworkCompression: on", "largeFrameworkCompression: on\n"),
        ("workerNumber: 1e2", "workerNumber: 1e2\n"),
        ("workerNumber: 8.0", "workerNumber: 8.0\n"),
        ("workerNumber: null", "workerNumber: null\n"),
        ("podFailureSpec: []", "podFailureSpec:\n"),
    ],
)
def test_setting_taken(repository: Repository, text: str, line: str) -> None:
    """What FrameworkController reads as it is meant is taken, and stays as it is written."""
    source(repository, f"variant: customized-config\nsettings:\n  {text}\n")
    files = apply(repository).files
    assert line in (files[f"{FOLDER}/frameworkcontroller.yaml"] or b"").decode()


def test_settings_of_several_environments(repository: Repository) -> None:
    """The mistakes in the settings of all are told, each with where it stands."""
    source(repository, "variant: customized-config\nsettings: {workerNumber: many}\n", "a")
    requests = [
        Request("a", "item 1"),
        Request("b", "item 2", CUSTOMIZED, {("kubeClientQps",): 0}),
        Request("c", "item 3", CUSTOMIZED, {("workerNumber",): 1}),
        Request("d", "item 4", {"image.tag": "a b"}),
    ]
    assert sorted(refusal(lambda: plan(repository, requests))) == [
        "item 2: settings.kubeClientQps: is 0 [FCC15] (a number, above 0, at most 10000)",
        f"item 4: image.tag: 'a b' is not valid ({TAG})",
        f"overlays/a/environment.yaml: settings.workerNumber: is 'many' [FCC12] ({WORKERS})",
    ]


MIN = "frameworkMinRetryDelaySecForTransientConflictFailed"
MAX = "frameworkMaxRetryDelaySecForTransientConflictFailed"


def test_wrong_with_the_variant(repository: Repository) -> None:
    """Settings that are right alone may be wrong over the variant's own."""
    settings = {(MIN,): 200}
    apply(repository, given=CUSTOMIZED, settings=settings)
    write(repository.root, {VARIANT_FILE: f"{MAX}: 100\n"})
    assert refusal(lambda: planned(repository)) == [
        f"overlays/prod/environment.yaml: settings.{MAX}: is 100, below {MIN} (200) [FCC21] "
        "(the lower one first)"
    ]
    apply(repository, settings={(MIN,): 100})
    assert refusal(lambda: planned(repository, settings={(MIN,): 101}))
    assert planned(repository, settings={(MIN,): 101, (MAX,): 101})


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("{workerNumber: 0}", f"settings.workerNumber: is 0 [FCC15] ({WORKERS})"),
        ("{workerNumber: many}", f"settings.workerNumber: is 'many' [FCC12] ({WORKERS})"),
        ("{podFailureSpec: [1]}", "settings.podFailureSpec[0]: is '1' [FCC12] (a mapping)"),
    ],
)
def test_defaults_refused(repository: Repository, settings: str, message: str, there: bool) -> None:
    """So are settings that fcgitops.yaml gives to all environments, where one has no own."""
    if there:
        apply(repository, given=CUSTOMIZED)
    with (repository.root / "fcgitops.yaml").open("a") as file:
        file.write(f"  settings: {settings}\n")
    again = Repository(repository.root)
    (line,) = refusal(lambda: planned(again, given=CUSTOMIZED))
    assert line.endswith(f": {message}")
    own = {("workerNumber",): 1}
    assert planned(again, given=CUSTOMIZED, settings=own).environment.settings == {
        "workerNumber": 1
    }


def test_one_cluster(repository: Repository) -> None:
    """A request for a cluster on which another environment stands is refused."""
    source(repository, "cluster: {name: c, server: https://h}\n", "dev")
    message = ("the environment dev is on this cluster already "
               "(FrameworkController is one per cluster: give each its own)")  # fmt: skip
    given = {"cluster.name": "c", "cluster.server": "https://H:443/"}
    assert refusal(lambda: planned(repository, given=given)) == [
        f"overlays/prod/environment.yaml: cluster.{key}: {message}" for key in ("name", "server")
    ]


def test_no_such_port(repository: Repository) -> None:
    """A server with a port that cannot be is refused."""
    assert refusal(lambda: planned(repository, given={"cluster.server": "https://h:99999"})) == [
        "NAME: cluster.server: 'https://h:99999' is not valid (https://HOST[:PORT])"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "[a] is not a mapping (KEY: VALUE lines)"),
        ("a sentence\n", "'a sentence' is not a mapping (KEY: VALUE lines)"),
        ("cluster: main\n", "cluster: 'main' is not a mapping (KEY: VALUE lines)"),
    ],
)
def test_damaged_source(repository: Repository, text: str, message: str) -> None:
    """A damaged environment.yaml is refused when a key is set in it, as without."""
    source(repository, text)
    for given in ({}, {"cluster.name": "c"}):
        assert refusal(lambda given=given: planned(repository, given=given)) == [
            f"overlays/prod/environment.yaml: {message}"
        ]


def test_again_is_nothing(repository: Repository) -> None:
    """The same request once more changes no file."""
    apply(repository, given=CUSTOMIZED)
    again = outcome.of_environments(repository, [planned(repository, given=CUSTOMIZED)])
    assert again.files
    assert all((repository.root / path).read_bytes() == data for path, data in again.files.items())


def test_edits_survive(repository: Repository) -> None:
    """Edits of generated files, and deletions, live on while the rest follows the source."""
    apply(repository, given={**CUSTOMIZED, "nodeSelector": {"a": "b"}})
    path = repository.root / FOLDER / "frameworkcontroller.yaml"
    path.write_text(path.read_text().replace("kubeClientQps: 200", "kubeClientQps: 9 # mine"))
    (repository.root / FOLDER / "patches/statefulset.yaml").unlink()
    (repository.root / FOLDER / "local/kustomization.yaml").write_text("mine\n")
    settings = {("frameworkCompletedRetainSec",): 60}
    merged = apply(repository, given={"nodeSelector": {"a": "c"}}, settings=settings)
    text = path.read_text()
    assert "kubeClientQps: 9 # mine\n" in text
    assert "frameworkCompletedRetainSec: 60\n" in text
    assert merged.notes == [f"{FOLDER}/patches/statefulset.yaml was deleted here and stays so"]
    assert f"{FOLDER}/local/kustomization.yaml" not in merged.files
    assert merged.conflicts == {}


def test_conflict(repository: Repository) -> None:
    """Where user and source change the same line, there is a conflict, never a silent choice."""
    apply(repository, given=CUSTOMIZED)
    path = repository.root / FOLDER / "frameworkcontroller.yaml"
    path.write_text(path.read_text().replace("workerNumber: 500", "workerNumber: 7"))
    merged = apply(repository, settings={("workerNumber",): 8})
    (conflict,) = merged.conflicts.items()
    assert conflict[0] == f"{FOLDER}/frameworkcontroller.yaml"
    assert b"\nworkerNumber: 7\n=======\nworkerNumber: 8\n>>>>>>> " in conflict[1].merged


def test_no_longer_generated(repository: Repository) -> None:
    """A file that the source no longer calls for goes; with the user's edits it stays."""
    name = f"{FOLDER}/patches/kustomization.yaml"
    apply(repository, given={"nodeSelector": {"a": "b"}})
    operations = f"{FOLDER}/patches/statefulset.yaml"
    assert b"/nodeSelector\n" in (repository.root / operations).read_bytes()
    files = apply(repository, given={"nodeSelector": {}}).files
    assert (files[name], files[operations]) == (None, None)
    assert not (repository.root / name).exists()
    apply(repository, given={"nodeSelector": {"a": "b"}})
    with (repository.root / name).open("a") as file:
        file.write("# mine\n")
    merged = apply(repository, given={"nodeSelector": {}})
    assert merged.notes == [f"{name} is no longer generated; it has your edits and stays"]
    assert (repository.root / name).read_text().endswith("# mine\n")


def test_record_lost(repository: Repository) -> None:
    """Without its record, what differs from the generated text is taken for an edit."""
    apply(repository)
    source(repository, "namespace: elsewhere\n")
    (repository.root / FOLDER / ".fcgitops").write_text("damaged")
    merged = apply(repository)
    assert merged.notes == [
        f"{FOLDER}/.fcgitops is missing or damaged: what differs from the generated text is taken "
        "for an edit"
    ]
    assert list(merged.conflicts) == [f"{FOLDER}/kustomization.yaml"]
    assert record.decode(merged.files[f"{FOLDER}/.fcgitops"])


def test_own_variant(repository: Repository) -> None:
    """An environment starts from the repository's own customized-config, else from ours."""
    own = "# ours\nworkerNumber: 3\n"
    write(repository.root, {VARIANT_FILE: own})
    given = {**CUSTOMIZED, "shippedPodFailureSpec": "replace"}
    assert apply(repository, given=given).files[f"{FOLDER}/frameworkcontroller.yaml"] == (
        own.encode()
    )
    kept = apply(repository, given={"shippedPodFailureSpec": "keep"}).files
    text = (kept[f"{FOLDER}/frameworkcontroller.yaml"] or b"").decode()
    assert text.startswith(f"{own}podFailureSpec:\n# What FrameworkController's image knows too")
    assert tuple(e["code"] for e in yamlio.load(text.encode(), "f")["podFailureSpec"]) == (
        shipped_codes()
    )
    (repository.root / VARIANT_FILE).unlink()
    merged = outcome.of_environments(repository, [planned(repository)])
    assert b"workerNumber: 500\n" in (merged.files[f"{FOLDER}/frameworkcontroller.yaml"] or b"")


def test_own_variant_without_newline(repository: Repository) -> None:
    """A variant's file that does not end in a newline is recorded whole."""
    write(repository.root, {VARIANT_FILE: "workerNumber: 3\nkubeClientQps: 5"})
    files = apply(repository, given=CUSTOMIZED).files
    recorded = record.decode(files[f"{FOLDER}/.fcgitops"]) or {}
    name = "frameworkcontroller.yaml"
    assert recorded[name] == files[f"{FOLDER}/{name}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"# \xff\n", "is not UTF-8 text"),
        (
            b"a: b: c\n",
            "is not valid YAML: mapping values are not allowed in this context [FCC01]",
        ),
    ],
)
def test_own_variant_broken(repository: Repository, text: bytes, message: str) -> None:
    """A variant's file that is no UTF-8, or no YAML, is an error with its name."""
    write(repository.root, {VARIANT_FILE: text})
    assert refusal(lambda: apply(repository, given=CUSTOMIZED)) == [f"{VARIANT_FILE}:1: {message}"]


@pytest.mark.parametrize("text", ["- workerNumber: 3\n", "a sentence\n"])
def test_own_variant_no_mapping(repository: Repository, text: str) -> None:
    """Nor is one that holds no settings passed over: it is told, with or without own settings."""
    write(repository.root, {VARIANT_FILE: text})
    for settings in ({}, {("workerNumber",): 1}):
        assert refusal(
            lambda settings=settings: planned(repository, given=CUSTOMIZED, settings=settings)
        )


def test_own_variant_wrong(repository: Repository) -> None:
    """What is wrong in the variant's file is told with its place, also where a setting hides it."""
    write(repository.root, {VARIANT_FILE: "workerNumber: many\nkubeClientQps: 0\n"})
    for settings in ({}, {("workerNumber",): 1, ("kubeClientQps",): 1}):
        assert refusal(
            lambda settings=settings: planned(repository, given=CUSTOMIZED, settings=settings)
        ) == [
            f"{VARIANT_FILE}:1: workerNumber: is 'many' [FCC12] ({WORKERS})",
            f"{VARIANT_FILE}:2: kubeClientQps: is 0 [FCC15] (a number, above 0, at most 10000)",
        ]


def test_upstream(upstream: Repository) -> None:
    """In `upstream` the variant's file is unchanged but for the settings given; so is the list."""
    file = f"{FOLDER}/frameworkcontroller.yaml"
    variant = variant_config("upstream")
    assert (apply(upstream, given=CUSTOMIZED).files[file] or b"").decode() == variant
    settings = {("workerNumber",): 8, (MIN,): 1}
    text = (apply(upstream, settings=settings).files[file] or b"").decode()
    before, sign, example = variant.replace("workerNumber: 500", "workerNumber: 8").partition("#")
    assert text == f"{before}{MIN}: 1\n{sign}{example}"
    entry = [{"code": 300, "podPatterns": [{}]}]
    text = (apply(upstream, settings={("podFailureSpec",): entry}).files[file] or b"").decode()
    assert yamlio.load(text.encode(), "f")["podFailureSpec"] == entry
    kept = apply(upstream, given={"shippedPodFailureSpec": "keep"}).files[file] or b""
    codes = [entry["code"] for entry in yamlio.load(kept, "f")["podFailureSpec"]]
    assert codes == [300, *shipped_codes()]
    back = apply(upstream, given={"shippedPodFailureSpec": "replace"}).files[file] or b""
    assert back.decode() == text


OWN = """\
variant: customized-config
settings:
  # ours

  workerNumber: 8 # few
  # of our images
  podFailureSpec:
  # the first
  - code: 137 # killed
    podPatterns: [{}]
  # that is all
namespace: own
"""


def test_comments_of_settings(repository: Repository) -> None:
    """They go into FrameworkController's file with what they stand at, and follow an edit."""
    file = f"{FOLDER}/frameworkcontroller.yaml"
    source(repository, OWN)
    text = (apply(repository).files[file] or b"").decode()
    assert "kubeClientBurst: 300\n# ours\n\nworkerNumber: 8 # few\nlargeFramework" in text
    assert (
        "# of our images\npodFailureSpec:\n# the first\n- code: 137 # killed\n  podPatterns: [{}]\n"
    ) in text
    assert "# that is all\n" in text
    edited = OWN.replace("  # ours\n", "  # theirs\n").replace("# few", "# enough")
    source(repository, edited.replace("  # the first\n", ""))
    merged = apply(repository)
    assert merged.conflicts == {}
    assert merged.files[file] == (
        text.replace("# ours\n", "# theirs\n")
        .replace("# few", "# enough")
        .replace("# the first\n", "")
        .encode()
    )


def test_line_ends_of_the_source(repository: Repository) -> None:
    """A checkout with CRLF, or another's with LF, generates the same."""
    source(repository, OWN)
    name = f"{FOLDER}/frameworkcontroller.yaml"
    wanted = outcome.of_environments(repository, [planned(repository)]).files[name]
    source(repository, OWN.replace("\n", "\r\n"))
    assert outcome.of_environments(repository, [planned(repository)]).files[name] == wanted


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "variant: default-config\ncluster: {name: eu}\nresources: {cpu: 010}\n",
            [
                "overlays/prod/environment.yaml:3: 010 is 8 to some readers of YAML, and not to "
                "others (8, or quote it as text)",
            ],
        ),
        (
            "namespace: 1e3\nsettings: {workerNumber: 010}\n",
            [
                "overlays/prod/environment.yaml:1: 1e3 is text to some readers of YAML, and not "
                "to others (quote it)",
            ],
        ),
    ],
)
def test_what_argo_cd_would_read_otherwise_is_refused(
    repository: Repository, text: str, problems: list[str]
) -> None:
    """It reads the same environment.yaml; FrameworkController's settings have their own rules."""
    source(repository, text)
    assert refusal(lambda: repository.environment("prod"))[: len(problems)] == problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("labels:\n  team: ml\n  gpu: yes\n",
         "3: labels.gpu: yes is read as true, and must be text (quote it: 'yes')"),
        ("annotations:\n  1: x\n",
         "2: annotations: the key 1 is read as a number, and must be text (quote it: '1')"),
        ("nodeSelector: {gpu: on}\n",
         "1: nodeSelector.gpu: on is read as true, and must be text (quote it: 'on')"),
        ("image:\n  tag: 1.10\n",
         "2: image.tag: 1.10 is read as the number 1.1, and must be text (quote it: '1.10')"),
        ("tolerations: [{key: no, operator: Exists, tolerationSeconds: 3, effect: NoExecute}]\n",
         "1: tolerations.key: no is read as false, and must be text (quote it: 'no')"),
        ("namespace: 017\n",
         "1: namespace: 017 is read as the number 15, and must be text (quote it: '017')"),
        ("expects: {secrets: [2024-01-01]}\n",
         "1: expects.secrets: 2024-01-01 is read as a date, and must be text "
         "(quote it: '2024-01-01')"),
    ],
)  # fmt: skip
def test_what_must_be_text_and_is_read_as_something_else(
    repository: Repository, text: str, problem: str
) -> None:
    """One problem of one mistake: its line, what was written, and the quotes that mend it."""
    source(repository, text)
    told = f"overlays/prod/environment.yaml:{problem}"
    assert refusal(lambda: repository.environment("prod")) == [told]


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_every_text_of_an_environment_may_be_misread(repository: Repository, key: str) -> None:
    """A truth value is told so at each key that takes a text, and at no other place."""
    shown = key.replace("*", "x").removesuffix("[]")
    names = shown.split(".")
    lines = [f"{'  ' * depth}{name}:" for depth, name in enumerate(names)]
    source(repository, "\n".join(lines) + (" [yes]\n" if key.endswith("[]") else " yes\n"))
    first, *rest = refusal(lambda: repository.environment("prod"))
    place = f"overlays/prod/environment.yaml:{len(names)}: {shown}"
    assert first == f"{place}: yes is read as true, and must be text (quote it: 'yes')"
    assert "true" not in "".join(rest)


def test_a_wrong_default_is_told_of_its_own_file(repository: Repository) -> None:
    """Once, however many environments have it; what an environment says itself is told there."""
    file = repository.root / "fcgitops.yaml"
    file.write_text(file.read_text().replace("tag: v1.0.0", "tag: latest"))
    for name in ("a", "b"):
        source(repository, "variant: default-config\n", name)
    source(repository, "variant: default-config\nimage: {tag: latest}\n", "c")
    wrong = (
        "image.tag: is 'latest', another image every time that it is pulled "
        "(v1.0.0 or newer; image.tagPolicy: any takes it all the same)"
    )
    requests = [Request(name, name) for name in ("a", "b", "c")]
    assert refusal(lambda: plan(Repository(repository.root), requests)) == [
        f"fcgitops.yaml: defaults: {wrong}",
        f"overlays/c/environment.yaml: {wrong}",
    ]


def test_null_is_refused_where_a_key_needs_a_value(repository: Repository) -> None:
    """As typed in an option; `image.tag` takes it where the policy does."""

    def told(*pairs: str) -> list[str]:
        typed, _ = assignments.parse(pairs, "--set", SETTABLE)
        return refusal(lambda: plan(repository, [Request.of("prod", "--set", typed)]))

    assert told("image.registry=~", "labels.team=null") == [
        "--set: image.registry: has no value (give it one, or leave the key out)",
        "--set: labels: team: has no value",
    ]
    assert told("image.tag=null")[0].startswith("--set: image.tag: is empty, and so is image.dig")


@pytest.mark.parametrize(
    ("run", "named"),
    [
        (b"environment: prod\n", "prod"),
        (b"# of the team\nenvironment: 'prod' # the big one\nimage: x\n", "prod"),
        (b"image: x\n", ""),
        (b"other:\n  environment: prod\n", ""),
        (b"\xff\nenvironment: prod\n", "prod"),
    ],
)
def test_the_environment_that_a_run_yaml_names(run: bytes, named: str) -> None:
    """Without reading it as YAML: what lists many must not fail on one."""
    assert layout.environment_named(run) == named
