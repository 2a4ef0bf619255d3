"""`fcgitops overlay ENV --take`: an edit of a generated file becomes the key that it means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yamls
from conftest import CopyOf, Fcgitops
from fcgitops.programs import kustomize
from fcgitops.repository import generated
from fcgitops.repository.contents import Repository
from gitenv import git, write

PROD = "overlays/prod"
KUSTOMIZATION = f"{PROD}/kustomization.yaml"
PATCH = f"{PROD}/patches/statefulset.yaml"
CONFIG = f"{PROD}/frameworkcontroller.yaml"
RICH = [
    "overlay", "prod", "--set", "image.tag=v1.0.1", "--set", "image.registry=registry.example.com",
    "--set", "resources.cpu=500m", "--set", "resources.memory=1Gi", "--set", "labels.team=ml",
    "--set", "nodeSelector.disk=ssd", "--set", "priorityClassName=high",
    "--set", "image.pullSecrets=a", "--set", "nni.namespace=nni",
    "--set", "nni.storage=nfs://10.0.0.2/nni", "--set", "nni.quota={count/jobs.batch: 10}",
    "--set", "egress.mode=cidr", "--set", "egress.endpoints=[{cidr: 10.0.0.1/32, port: 6443}]",
    "--set", "apiServer.kubeconfigSecret=kubeconfig", "--set", "sync=flux",
]  # fmt: skip


@pytest.fixture
def rich(copy_of: CopyOf) -> Path:
    """A repository whose environment prod has most keys."""
    new = ["new", "deploy", "--gitops", "both", "--env", "prod=customized-config"]
    return copy_of(new, RICH)


def edit(root: Path, path: str, *changes: tuple[str, str]) -> None:
    """Exchanges texts in a file, wherever they stand, and commits that."""
    text = (root / path).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    write(root, {path: text})
    git(root, "commit", "-qam", "By hand")


def source(root: Path) -> dict[str, object]:
    """What environment.yaml says."""
    found: dict[str, object] = yamls.load((root / PROD / "environment.yaml").read_text())
    return found


EDITS: dict[str, tuple[str, list[tuple[str, str]], str]] = {
    "the tag": (KUSTOMIZATION, [("v1.0.1", "v1.0.2")], "image.tag: v1.0.2"),
    "the registry": (
        KUSTOMIZATION, [("registry.example.com", "other.example.com")],
        "image.registry: other.example.com",
    ),
    "the CPU": (PATCH, [("500m", "'2'")], "resources.cpu: '2'"),
    "the memory": (PATCH, [("1Gi", "3Gi")], "resources.memory: 3Gi"),
    "a label": (PATCH, [("value: ml", "value: research")], "labels.team: research"),
    "an item": (PATCH, [("  - name: a\n", "  - name: a\n  - name: b\n")],
                "image.pullSecrets: [a, b]"),
    "an entry": (PATCH, [("    disk: ssd\n", "    disk: ssd\n    zone: x\n")],
                 "nodeSelector.zone: x"),
    "a name": (PATCH, [("value: high", "value: higher")], "priorityClassName: higher"),
    "a setting": (CONFIG, [("workerNumber: 500", "workerNumber: 700")],
                  "settings.workerNumber: 700"),
    "an address": (f"{PROD}/egress.yaml", [("10.0.0.1/32", "10.0.0.7/32")],
                   "egress.endpoints: [{cidr: 10.0.0.7/32, port: 6443}]"),
    "a quota": (f"{PROD}/nni/limits.yaml", [("'10'", "'20'")], "nni.quota.count/jobs.batch: '20'"),
}  # fmt: skip


@pytest.mark.sampled(16)
@pytest.mark.parametrize("case", EDITS.values(), ids=EDITS)
def test_an_edit_becomes_its_key(
    case: tuple[str, list[tuple[str, str]], str], rich: Path, fcgitops: Fcgitops
) -> None:
    """In one commit; the edited text stays, and counts as generated."""
    path, changes, key = case
    edit(rich, path, *changes)
    text = (rich / path).read_text()

    said = fcgitops("-C", rich, "overlay", "prod", "--take").err

    assert f"taken: {key}" in said.splitlines()
    assert f"taken: {key}" in git(rich, "log", "-1", "--format=%b").splitlines()
    subject = git(rich, "log", "-1", "--format=%s")
    assert subject == "Take edits of overlays/prod into its environment.yaml"
    changed = git(rich, "show", "--name-only", "--format=").splitlines()
    folder = path.rpartition("/")[0].removesuffix("/patches").removesuffix("/nni")
    assert set(changed) == {f"{PROD}/environment.yaml", f"{folder}/.fcgitops"}
    assert (rich / path).read_text() == text
    files = generated.files(Repository(rich))
    assert [f.path for f in files if f.state is generated.State.EDITED] == []
    assert "nothing to do" in fcgitops("-C", rich, "overlay", "prod", "--take").err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("r.example.com/hub2/frameworkcontroller/frameworkcontroller",
         ["image.registry: r.example.com/hub2"]),
        ("r.example.com/hub/x/y", ["image.repository: x/y"]),
        ("q.example.com/x/y", ["image.registry: q.example.com", "image.repository: x/y"]),
    ],
)  # fmt: skip
def test_an_image_name_is_told_from_the_keys_that_are_there(
    name: str, keys: list[str], copy_of: CopyOf, fcgitops: Fcgitops
) -> None:
    """A registry may have a path; and one name may mean two keys."""
    mirror = ["overlay", "prod", "--set", "image.registry=r.example.com/hub"]
    root = copy_of(["new", "deploy", "--env", "prod"], mirror)
    edit(root, KUSTOMIZATION, ("r.example.com/hub/frameworkcontroller/frameworkcontroller", name))

    said = fcgitops("-C", root, "overlay", "prod", "--take").err

    assert [line for line in said.splitlines() if line.startswith("taken")] == [
        f"taken: {key}" for key in keys
    ]
    assert "nothing to do" in fcgitops("-C", root, "overlay", "prod").err


DIGEST = f"sha256:{'0b' * 32}"
MIRROR = "r.example.com/frameworkcontroller/frameworkcontroller"
PINNED = {
    "a tag": (
        "image.tag=v1.0.1", "newTag: v1.0.1", f"newTag: v1.0.2@{DIGEST}  # by Renovate",
        ["image.tag: v1.0.2", f"image.digest: {DIGEST}"], "  newTag: v1.0.2  # by Renovate\n",
    ),
    "a tag, in a flow": (
        "image.tag=v1.0.1",
        "- name: frameworkcontroller/frameworkcontroller\n  newTag: v1.0.1",
        f'- {{name: frameworkcontroller/frameworkcontroller, newTag: "v1.0.2@{DIGEST}"}}',
        ["image.tag: v1.0.2", f"image.digest: {DIGEST}"], f"newTag: v1.0.2, digest: {DIGEST}}}\n",
    ),
    "a name": (
        "image.registry=r.example.com", MIRROR, f"{MIRROR}:v1.0.2@{DIGEST}",
        ["image.tag: v1.0.2", f"image.digest: {DIGEST}"], f"newName: {MIRROR}\n  newTag: v1.0.2\n",
    ),
    "a name, its digest alone": (
        "image.registry=r.example.com", MIRROR, f"{MIRROR}@{DIGEST}",
        [f"image.digest: {DIGEST}"], f"newName: {MIRROR}\n  digest: {DIGEST}\n",
    ),
}  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize("case", PINNED.values(), ids=PINNED)
def test_what_renovate_pins_is_the_image_s_own_keys(
    case: tuple[str, str, str, list[str], str], copy_of: CopyOf, fcgitops: Fcgitops
) -> None:
    """As it pins an image of a kustomization, beside another one's digest.

    What is rendered stays the same bytes, but for a tag in a name: behind it kustomize writes the
    base's own, which is no image's name.
    """
    given, old, new, keys, spelled = case
    profile = ["--profile", "upstream"] if len(keys) == 1 else []
    new_one = ["new", "deploy", "--env", "prod", *profile]
    root = copy_of(new_one, ["overlay", "prod", "--set", given])
    edit(
        root, KUSTOMIZATION, (old, new), ("images:\n", f"images:\n- name: x\n  digest: {DIGEST}\n")
    )
    before = kustomize.find().build(root / PROD)

    said = fcgitops("-C", root, "overlay", "prod", "--take").err

    assert [line for line in said.splitlines() if line.startswith("taken")] == [
        f"taken: {key}" for key in keys
    ]
    assert spelled in (root / KUSTOMIZATION).read_text()
    after = kustomize.find().build(root / PROD)
    assert after == before.replace(f"{new}:v1.0.0".encode(), new.encode())
    again = fcgitops("-C", root, "overlay", "prod", "--take", status=1).err
    assert [line for line in again.splitlines() if "[x]" not in line] == []


def test_a_digest_in_a_name_whose_tag_is_another_keys_is_refused(
    copy_of: CopyOf, fcgitops: Fcgitops
) -> None:
    """Renovate, which sees no tag there, has pinned the newest image, not that of the tag."""
    given = ["overlay", "prod", "--set", "image.registry=r.example.com"]
    root = copy_of(["new", "deploy", "--env", "prod"], given)
    edit(root, KUSTOMIZATION, (MIRROR, f"{MIRROR}@{DIGEST}"))

    said = fcgitops("-C", root, "overlay", "prod", "--take", status=1).err

    place = "images[frameworkcontroller/frameworkcontroller]"
    assert f"{place}.digest: is a part of image.digest: {KUSTOMIZATION}: {place}.newTag" in said


def test_a_renamed_entry_is_one_that_goes_and_one_that_comes(
    copy_of: CopyOf, fcgitops: Fcgitops
) -> None:
    """Though without the new one the patch that had the old one would be gone."""
    given = ["overlay", "prod", "--set", "nodeSelector.pool=system"]
    root = copy_of(["new", "deploy", "--env", "prod"], given)
    edit(root, PATCH, ("pool: system", "team: system"))

    said = fcgitops("-C", root, "overlay", "prod", "--take").err

    assert [line for line in said.splitlines() if line.startswith(("taken", "note"))] == [
        "taken: nodeSelector.team: system",
        "taken: nodeSelector.pool is unset",
    ]
    assert source(root)["nodeSelector"] == {"team": "system"}


def test_an_edit_of_several_files_is_one_key(rich: Path, fcgitops: Fcgitops) -> None:
    """Here of an entry point, too: Flux's interval stands in two of them."""
    places = ("clusters/flux/prod/sync.yaml", "clusters/flux/prod/nni.yaml")
    for path in places:
        edit(rich, path, ("interval: 10m", "interval: 5m"))

    said = fcgitops("-C", rich, "overlay", "prod", "--take").err

    assert said.startswith("Take edits of overlays/prod into ")
    assert [line for line in said.splitlines() if line.startswith("taken")] == [
        "taken: flux.interval: 5m"
    ]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("env", "path", "change", "key"),
    [
        (
            "prod",
            CONFIG,
            (
                "podFailureSpec:\n",
                "podFailureSpec:\n- code: 221\n  phrase: Mine\n  podPatterns:\n"
                "  - containers:\n    - messageRegex: x\n",
            ),
            "settings.podFailureSpec: [{code: 221, phrase: Mine, podPatterns: [{containers: "
            "[{messageRegex: x}]}]}]",
        ),
        (
            "dev",
            "overlays/dev/kustomization.yaml",
            (
                "components:\n",
                "images:\n- name: frameworkcontroller/frameworkcontroller\n  newTag: v1.0.3\n"
                "components:\n- ../../components/crd\n",
            ),
            "image.tag: v1.0.3",
        ),
    ],
)
def test_what_was_added_is_taken_too(
    env: str, path: str, change: tuple[str, str], key: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """Where no key was said before."""
    edit(repository, path, change)

    said = fcgitops("-C", repository, "overlay", env, "--take").err.splitlines()

    assert f"taken: {key}" in said
    assert [line for line in said if line.startswith("note")] == []
    states = {f.path: f.state for f in generated.files(Repository(repository))}
    assert (path, states[path]) in {(CONFIG, "as generated"), (path, "edited")}
    assert "nothing to do" in fcgitops("-C", repository, "overlay", env, "--take").err


@pytest.mark.slow
def test_edits_of_several_kinds(rich: Path, fcgitops: Fcgitops) -> None:
    """Each by itself: what no key means stays, and is named."""
    edit(rich, KUSTOMIZATION, ("v1.0.1", "v1.0.2  # by Renovate"))
    edit(rich, PATCH, ("- op: add\n  path: /spec/template/spec/priorityClassName",
                       "- op: replace\n  path: /spec/replicas\n  value: 1\n"
                       "- op: add\n  path: /spec/template/spec/priorityClassName"))  # fmt: skip
    edit(rich, CONFIG, ("workerNumber: 500", "workerNumber: 700"))

    said = fcgitops("-C", rich, "overlay", "prod", "--take").err

    lines = said.splitlines()
    assert [line for line in lines if line.startswith("taken")] == [
        "taken: image.tag: v1.0.2",
        "taken: settings.workerNumber: 700",
    ]
    assert (
        f"note: {PATCH}: [/spec/replicas].op: is an edit that no key means (it stays; local/ is "
        "for such changes)"
    ) in lines
    assert source(rich)["settings"] == {"workerNumber": 700}
    assert "newTag: v1.0.2  # by Renovate\n" in (rich / KUSTOMIZATION).read_text()
    assert "path: /spec/replicas\n" in (rich / PATCH).read_text()


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda root: edit(root, PATCH, ("requests/memory\n  value: 1Gi",
                                            "requests/memory\n  value: 2Gi")),
            f"error: {PATCH}: [/spec/template/spec/containers/0/resources/requests/memory].value: "
            f"is a part of resources.memory: {PATCH}: "
            "[/spec/template/spec/containers/0/resources/limits/memory].value says otherwise (it "
            "stays; local/ is for such changes)\n",
        ),
        (
            lambda root: edit(root, PATCH, ("500m", "2")),
            f"error: {PATCH}: [/spec/template/spec/containers/0/resources/requests/cpu].value: is "
            "not as resources.cpu would write it: \"2\" (it stays",
        ),
        (
            lambda root: edit(root, KUSTOMIZATION, ("newTag: v1.0.1", "newTag: latest")),
            "error: overlays/prod/environment.yaml: image.tag: is 'latest'",
        ),
        (
            lambda root: edit(root, KUSTOMIZATION, ("newTag: v1.0.1", "newTag: [")),
            "error: overlays/prod/kustomization.yaml: is not valid YAML",
        ),
    ],
    ids=["a part of it", "in another form", "what its key refuses", "no YAML"],
)  # fmt: skip
def test_what_cannot_be_taken_is_told(
    change: Callable[[Path], None], said: str, rich: Path, fcgitops: Fcgitops
) -> None:
    """And nothing is written."""
    change(rich)
    head = git(rich, "rev-parse", "HEAD")

    found = fcgitops("-C", rich, "overlay", "prod", "--take", status=None)

    assert (found.status != 0, found.err[: len(said)]) == (True, said)
    assert (git(rich, "rev-parse", "HEAD"), git(rich, "status", "--porcelain")) == (head, "")


def test_an_edit_that_is_not_committed_is_taken_with_it(rich: Path, fcgitops: Fcgitops) -> None:
    """As the edit of a source is."""
    text = (rich / KUSTOMIZATION).read_text().replace("v1.0.1", "v1.0.2")
    write(rich, {KUSTOMIZATION: text})

    fcgitops("-C", rich, "overlay", "prod", "--take")

    assert git(rich, "status", "--porcelain") == ""
    assert (rich / KUSTOMIZATION).read_text() == text


def test_take_is_taken_alone(rich: Path, fcgitops: Fcgitops) -> None:
    """Another option, an unknown environment: exit 2."""
    said = fcgitops("-C", rich, "overlay", "prod", "--take", "--set", "namespace=x", status=2).err
    assert said == "error: --set: is not taken together with --take (one of the two)\n"
    said = fcgitops("-C", rich, "overlay", "prd", "--take", status=2).err
    assert said == "error: prd: is no environment of this repository (did you mean 'prod'?)\n"
