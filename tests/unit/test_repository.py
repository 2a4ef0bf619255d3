"""A generated repository as it lies on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from fcgitops.core.errors import InputError
from fcgitops.model import answersfile, clusters
from fcgitops.model.answers import Answers
from fcgitops.model.environment import KEYS, default_values
from fcgitops.repository import rivals
from fcgitops.repository.contents import Repository
from gitenv import write

FILE = answersfile.render(Answers("fc")).decode()
FLUX = answersfile.render(Answers("fc", gitops="flux", defaults={"image.tag": "v9"})).decode()

Lay = Callable[[Mapping[str, str]], Repository]


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """Lays out a repository: environment → text of its environment.yaml, or path → text."""

    def lay(given: Mapping[str, str]) -> Repository:
        files = {
            path if "/" in path or "." in path else f"overlays/{path}/environment.yaml": text
            for path, text in given.items()
        }
        write(tmp_path, {"fcgitops.yaml": FILE, **files})
        return Repository(tmp_path)

    return lay


def refusal(call: Callable[[], object]) -> list[str]:
    with pytest.raises(InputError) as caught:
        call()
    return [str(problem) for problem in caught.value.problems]


def test_find(lay: Lay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The repository is found from any folder in it, the nearest one where one is in another."""
    lay({"overlays/dev/local/x": "", "build/inner/fcgitops.yaml": FILE, "build/inner/a/b": ""})
    for start, root in {
        ".": ".",
        "overlays/dev/local": ".",
        "build": ".",
        "build/inner/a": "build/inner",
    }.items():
        assert Repository.find(tmp_path / start).root == (tmp_path / root).resolve()
    monkeypatch.chdir(tmp_path / "overlays")
    assert Repository.find(Path()).root == tmp_path.resolve()


def test_find_none(tmp_path: Path) -> None:
    """Outside of any, the message says what was looked for and how to make one."""
    (tmp_path / "fcgitops.yaml").mkdir()
    assert refusal(lambda: Repository.find(tmp_path)) == [
        f"{tmp_path}: is in no repository of fcgitops: no fcgitops.yaml here or above "
        "(go into one, or make one with `fcgitops new DEST`)"
    ]
    missing = tmp_path / "no"
    assert refusal(lambda: Repository.find(missing)) == [f"{missing}: is no folder"]


def test_other_version(lay: Lay) -> None:
    """A repository that another version wrote is refused, with the way out."""
    lay({}).require_same_version()
    other = FILE.replace(f"version: {Answers('x').version}", "version: 9.9.9")
    assert refusal(lay({"fcgitops.yaml": other}).require_same_version) == [
        f"fcgitops.yaml: version: fcgitops 9.9.9 wrote this repository, this is "
        f"{Answers('x').version} (use the one that requirements.txt pins, as make does)"
    ]


def test_answers_gone(tmp_path: Path) -> None:
    """A fcgitops.yaml that has gone since is missed."""
    assert refusal(lambda: Repository(tmp_path).answers) == [
        "fcgitops.yaml: is missing (take it back from Git)"
    ]


def test_overlays(lay: Lay) -> None:
    """Environments are the folders with an environment.yaml; variants come before them."""
    repository = lay({
        "prod": "", "dev": "", "overlays/customized-config/a": "", "overlays/other/a": "",
        "overlays/README.md": "",
    })  # fmt: skip
    assert repository.overlay_folders() == ["customized-config", "dev", "other", "prod"]
    assert repository.environment_names() == ["dev", "prod"]
    assert repository.overlay_names() == ["customized-config", "dev", "prod"]


def test_no_overlays(lay: Lay) -> None:
    """A repository without overlays has no environments."""
    assert (lay({}).overlay_folders(), lay({}).overlay_names()) == ([], [])


def test_require(lay: Lay) -> None:
    """Names are taken once each, all where none is given; each unknown one is told."""
    repository = lay({})
    assert repository.require(["b", "a", "b"], ["a", "b", "c"]) == ["b", "a"]
    assert repository.require([], ["a", "b"]) == ["a", "b"]
    assert refusal(lambda: repository.require(["prd", "dev", "x"], ["prod", "dev"])) == [
        "prd: is no overlay of this repository (did you mean 'prod'?)",
        "x: is no overlay of this repository (one of prod, dev)",
    ]


def test_environment(lay: Lay) -> None:
    """An environment is its file over the repository's defaults."""
    both = FLUX.replace("gitops: flux", "gitops: both")
    repository = lay({"fcgitops.yaml": both, "dev": "sync: flux\n", "prod": "image: {tag: v2}\n"})
    dev, prod = (repository.environment(name) for name in ("dev", "prod"))
    assert (dev.image_tag, dev.sync, dev.cluster_name) == ("v9", "flux", "dev")
    assert (prod.image_tag, prod.sync, prod.cluster_name) == ("v2", "argocd", "prod")


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (
            "varient: x\nimage: {tga: x, tag: 'a b'}\nlabels: []\n",
            [
                "varient: is not known (did you mean 'variant'?)",
                "image.tga: is not known (did you mean 'tag'?)",
                "image.tag: 'a b' is not valid "
                "(letters, digits, '_', '.' and '-', at most 128, the first no '.' or '-')",
                "labels: [] is not a mapping (write KEY: VALUE)",
            ],
        ),
        ("- a\n", ["[a] is not a mapping (KEY: VALUE lines)"]),
        ("namespace: default\n", [
            "namespace: 'default' is not FrameworkController's own, and hardened labels it so "
            "that it refuses others' Pods (a namespace of its own)"]),
    ],
)  # fmt: skip
def test_damaged_environment(lay: Lay, text: str, messages: list[str]) -> None:
    """A damaged environment.yaml is refused with every mistake in it."""
    repository = lay({"prod": text})
    assert refusal(lambda: repository.environment("prod")) == [
        f"overlays/prod/environment.yaml: {message}" for message in messages
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "2: repeats the key 'a' (keep one of the two)"),
        ("a: [\n", "2: is not valid YAML: did not find expected node content"),
    ],
)
def test_broken_environment(lay: Lay, text: str, message: str) -> None:
    """One that cannot be read is told with its line."""
    repository = lay({"prod": text})
    assert refusal(lambda: repository.environment("prod")) == [
        f"overlays/prod/environment.yaml:{message}"
    ]


def test_place(lay: Lay) -> None:
    """A text that is in no file yet is told by where it came from."""
    for text, message in {
        "- a\n": ": [a] is not a mapping (KEY: VALUE lines)",
        "a: [\n": ":2: is not valid YAML: did not find expected node content",
        "sync: fluxx\n": ": sync: 'fluxx' is not known (did you mean 'flux'?)",
    }.items():
        found = refusal(lambda text=text: lay({}).parse("prod", text.encode(), "item 1"))
        assert found == [f"item 1{message}"]


def test_defaults(lay: Lay) -> None:
    """The repository's defaults come over the profile's, for every key."""
    defaults = lay({"fcgitops.yaml": FLUX}).defaults
    ours = default_values("hardened")
    assert {key: defaults.get(key, ours[key]) for key in KEYS} == ours | {
        "sync": "flux", "image.tag": "v9",
    }  # fmt: skip


def test_missing_environment(lay: Lay) -> None:
    """An environment that is not there has no source, and is missed by name."""
    assert lay({}).source("prod") is None
    assert refusal(lambda: lay({}).environment("prod")) == [
        "overlays/prod/environment.yaml: is missing (take it back from Git)"
    ]


def test_symbolic_links(lay: Lay, tmp_path: Path) -> None:
    """No environment is read through a symbolic link, wherever it leads."""
    repository = lay({"prod": "", "elsewhere/environment.yaml": ""})
    link = "is a symbolic link, which fcgitops does not follow (put the file itself there)"
    (tmp_path / "overlays/other").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "overlays/file").mkdir()
    (tmp_path / "overlays/file/environment.yaml").symlink_to("/etc/hostname")
    assert refusal(lambda: repository.environment("other")) == [f"overlays/other: {link}"]
    assert refusal(lambda: repository.environment("file")) == [
        f"overlays/file/environment.yaml: {link}"
    ]
    (tmp_path / "overlays").rename(tmp_path / "away")
    (tmp_path / "overlays").symlink_to("away")
    assert refusal(repository.overlay_folders) == [f"overlays: {link}"]


OWN = "https://kubernetes.default.svc"
ONE = "FrameworkController is one per cluster: give each its own"


CLUSTERS: list[tuple[dict[str, str], str, str, str]] = [
    ({"dev": "cluster: {name: c}\n"}, "cluster: {name: c}\n", "dev", "name"),
    ({"dev": ""}, "cluster: {name: dev}\n", "dev", "name"),
    ({"dev": "cluster: {name: prod}\n"}, "{}\n", "dev", "name"),
    ({"dev": 'cluster: {name: "\\x63"}\n'}, "cluster: {name: c}\n", "dev", "name"),
    ({"dev": "cluster: {server: https://h}\n"}, "cluster: {server: https://h}\n", "dev",
     "server"),
    ({"dev": "cluster: {server: HTTPS://Api.H:443}\n"}, "cluster: {server: https://api.h}\n",
     "dev", "server"),
    ({"dev": "cluster: {server: https://api.h}\n"}, "cluster: {server: https://API.h:443}\n",
     "dev", "server"),
    ({"dev": "cluster: {server: http://h/x}\n"}, "cluster: {server: http://h:80/x}\n", "dev",
     "server"),
    ({"dev": 'cluster: {server: "https://\\u0068"}\n'}, "cluster: {server: https://h}\n", "dev",
     "server"),
    ({"dev": "cluster: {server: https://h:6443}\n"}, "cluster: {server: https://h}\n", "", ""),
    ({"dev": "cluster: {server: https://h/a}\n"}, "cluster: {server: https://h/b}\n", "", ""),
    ({"dev": "cluster: {name: c}\n"}, "cluster: {name: c2}\n", "", ""),
    ({"dev": "cluster: {name: in-cluster}\n"}, f"cluster: {{server: {OWN}}}\n", "dev", "server"),
    ({"dev": f"cluster: {{server: {OWN}}}\n"}, "cluster: {name: in-cluster}\n", "dev", "name"),
    ({"dev": "cluster: {name: in-cluster}\n"}, "cluster: {server: https://h}\n", "", ""),
    ({"a": "", "b": ""}, "{}\n", "", ""),
    ({"dev": "no: sense\n"}, "{}\n", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("others", "mine", "rival", "key"),
    CLUSTERS,
)
def test_one_cluster(lay: Lay, others: Mapping[str, str], mine: str, rival: str, key: str) -> None:
    """Two environments on one cluster are refused, however its name or server is spelled."""
    repository = lay({**others, "prod": mine})
    problems = rivals.others_on_the_clusters_of(repository, [repository.environment("prod")])
    assert [str(problem) for problem in problems] == (
        [
            f"overlays/prod/environment.yaml: cluster.{key}: "
            f"the environment {rival} is on this cluster already ({ONE})"
        ]
        if rival
        else []
    )


def test_one_cluster_among_new(lay: Lay) -> None:
    """So are two that are added at once; one that is changed is no rival of what it was."""
    repository = lay({"a": "cluster: {name: c}\n", "b": ""})
    a, b = (repository.parse(n, b"cluster: {name: c, server: https://h}\n") for n in "ab")
    assert [p.where for p in rivals.others_on_the_clusters_of(repository, [a, b])] == [
        "overlays/b/environment.yaml: cluster.name",
        "overlays/b/environment.yaml: cluster.server",
    ]
    assert rivals.others_on_the_clusters_of(repository, [a]) == []


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("", ""),
        ("https://H", "h:443"),
        ("http://h/", "h:80"),
        ("http://h:443", "h:443"),
        ("https://h:6443/a/", "h:6443/a"),
        ("HTTPS://h:0443", "h:443"),
        ("https://[2001:DB8:0:0:0:0:0:1]:6443", "2001:db8::1:6443"),
        ("https://[2001:db8::1]:6443", "2001:db8::1:6443"),
    ],
)
def test_server_identity(url: str, identity: str) -> None:
    """An address has one form, whatever its scheme, case, default port and last slash."""
    assert clusters.identity(url) == identity
