"""A sync tool is a class and its traits: nothing else knows which ones there are."""

# ruff: noqa: ARG002, D102 - the made-up tool has the methods of `SyncTool`, which says what they do

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops.kubernetes.objects import Object
from fcgitops.model import synctools
from fcgitops.model.answers import Answers
from fcgitops.model.environment import Environment
from fcgitops.model.experiment import Experiment
from fcgitops.model.synctools import Traits
from fcgitops.sync import registry
from fcgitops.sync.tool import Applier, Bootstrap, Held, Occupant, SyncTool
from fcgitops.text.tree import Tree
from gitenv import git, write


def test_each_tool_has_traits_and_an_implementation() -> None:
    """The two tables have the same names."""
    assert {name: tool.traits for name, tool in registry.TOOLS.items()} == synctools.KNOWN


class Carousel:
    """A made-up tool: one file for all of a repository, one an environment, one an experiment."""

    traits = Traits(
        name="carousel",
        label="Carousel",
        namespace="carousel-system",
        field_manager="carousel",
        central=False,
        fetches_folders=False,
        makes_nni_namespace=False,
    )
    folder = "clusters/carousel"
    made = ("fair.yaml", "*/ride.yaml", "*/experiments/*/horse.yaml")
    nni_files = ()
    guards = (("spec", "spares"),)
    bootstrap = Bootstrap(kind="rides.carousel.example.com", files=("ride.yaml",), more=())

    def version(self, answers: Answers) -> str:
        return "1"

    def remark(self, answers: Answers) -> str:
        return ""

    def source_url(self, answers: Answers) -> str:
        return answers.source_url

    def repository_files(self, answers: Answers, *, with_nni: bool) -> Tree:
        return {"fair.yaml": b"kind: Fair\nnni: %s\n" % str(with_nni).lower().encode()}

    def environment_files(
        self, environment: Environment, answers: Answers, cluster_role: bytes | None
    ) -> Tree:
        text = f"""\
apiVersion: example.com/v1
kind: Ride
metadata: {{name: {environment.name}}}
spec: {{url: {answers.source_url}, spares: all}}
"""
        return {"ride.yaml": text.encode()}

    def experiment_files(
        self, experiment: Experiment, environment: Environment, answers: Answers
    ) -> Tree:
        return {"horse.yaml": f"kind: Horse\nname: {experiment.name}\n".encode()}

    def occupant(self, value: Callable[..., str]) -> Occupant | None:
        return Occupant("", value("{.ride}"))

    def release(self, held: Held) -> list[str]:
        return [f"carousel free {self.ride(held)}"]

    def move(self, held: Held) -> list[str]:
        return []

    def deletion(self, held: Held) -> list[str]:
        return [f"carousel stop {self.ride(held)}  # {len(held.objects)} objects"]

    def sight(self, held: Sequence[Held]) -> str:
        return f"carousel rides {' '.join(map(self.ride, held))}"

    def ride(self, held: Held) -> str:
        return held.experiment or f"{held.environment.name}{'/nni' * held.nni}"

    def unpermitted(
        self, objects: Sequence[Object], environment: Environment, answers: Answers
    ) -> list[str]:
        return []

    def applier(self, o: Object) -> Applier | None:
        return None

    def suspect(self, o: Object) -> Applier | None:
        return None

    def paused(self, applier: Applier, taken: Sequence[Object]) -> list[str]:
        return []

    def is_named_so(self, environment: Environment, applier: Applier) -> bool:
        return False

    def forgotten(self, applier: Applier) -> list[str]:
        return []

    def namespace_left(self, environment: Environment, old: str, profile: str) -> list[str]:
        return [f"{environment.name} leaves:", f"carousel forget {old}"]


@pytest.fixture
def carousel(monkeypatch: pytest.MonkeyPatch) -> SyncTool:
    """The made-up tool, registered."""
    tool = Carousel()
    monkeypatch.setitem(synctools.KNOWN, tool.traits.name, tool.traits)
    monkeypatch.setitem(registry.TOOLS, tool.traits.name, tool)
    return tool


URL = "https://git.example.com/ml/deploy.git"


@pytest.fixture
def folder(carousel: SyncTool, fcgitops: Fcgitops, tmp_path: Path) -> Path:
    """A repository for the made-up tool, with the environment dev."""
    place = tmp_path / "deploy"
    made = ("--gitops", "carousel", "--env", "dev", "--repo-url", URL)
    fcgitops("new", place, "--no-input", *made)
    return place


def test_a_third_tool_gets_entry_points(fcgitops: Fcgitops, folder: Path) -> None:
    """Those of the repository, of each environment and of each experiment, and no other tool's."""
    fcgitops("-C", folder, "nni", "enable", "dev", "--storage", "nfs://10.0.0.1/export")
    fcgitops("-C", folder, "nni", "experiment", "mnist", "--env", "dev")
    entry_points = set(git(folder, "ls-files", "clusters").splitlines())
    assert entry_points == {
        "clusters/carousel/fair.yaml",
        "clusters/carousel/dev/.fcgitops",
        "clusters/carousel/dev/ride.yaml",
        "clusters/carousel/dev/experiments/mnist/.fcgitops",
        "clusters/carousel/dev/experiments/mnist/horse.yaml",
    }
    assert (folder / "clusters/carousel/fair.yaml").read_text() == "kind: Fair\nnni: true\n"
    assert "sync: carousel" in (folder / "overlays/dev/environment.yaml").read_text()
    removed = fcgitops("-C", folder, "nni", "remove", "mnist").err
    assert removed.splitlines()[-3:] == [
        "carousel stop mnist  # 0 objects",
        "# once Carousel has let go this prints nothing:",
        "carousel rides mnist",
    ]
    assert not (folder / "clusters/carousel/dev/experiments").exists()


def test_a_third_tool_is_listed(fcgitops: Fcgitops, folder: Path) -> None:
    """`list` names it; an unknown one is refused, with all that are known."""
    assert fcgitops("-C", folder, "list").out.splitlines()[1].split() == [
        "dev", "default-config", "dev", "frameworkcontroller", "carousel",
    ]  # fmt: skip
    ran = fcgitops("-C", folder, "overlay", "dev", "--set", "sync=roundabout", status=2)
    assert "'roundabout' is not known (one of argocd, flux, carousel)" in ran.err
    ran = fcgitops("-C", folder, "overlay", "dev", "--namespace", "carousel-system", status=2)
    assert "namespace: 'carousel-system' is another program's" in ran.err


def test_a_third_tool_is_verified(fcgitops: Fcgitops, folder: Path) -> None:
    """In line, with its safeguards, and nothing left of an environment that is not its own."""
    fcgitops("-C", folder, "verify")
    ride = folder / "clusters/carousel/dev/ride.yaml"
    write(folder, {"clusters/carousel/gone/ride.yaml": "kind: Ride\n"})
    ride.write_text(ride.read_text().replace("spares: all", "spares: none"))
    assert fcgitops("-C", folder, "verify", status=1).out.splitlines() == [
        "gone: FCG14: clusters/carousel/gone/ride.yaml is for Carousel, but there is no such "
        "environment (git rm -r clusters/carousel/gone, but for what others have there)",
        "dev: FCG18: clusters/carousel/dev/ride.yaml: Ride dev lost what keeps it from deleting "
        "(spec.spares: all)",
    ]


@pytest.mark.slow
def test_a_third_tool_is_compared(fcgitops: Fcgitops, folder: Path) -> None:
    """Its entry points belong to their environment; what it does is told as far as is known."""

    def diff(*sides: str) -> str:
        return fcgitops("-C", folder, "diff", *sides).out

    ride = folder / "clusters/carousel/dev/ride.yaml"
    ride.write_text(ride.read_text().replace("spares: all", "spares: none"))
    assert diff().startswith("dev: ")
    assert "~ Ride/dev\n" in diff()
    git(folder, "checkout", "-q", ".")

    fcgitops("-C", folder, "overlay", "prod", "--namespace", "ml")
    new = diff("HEAD~..HEAD")
    assert "Nothing is deployed until `make bootstrap` was run there." in new
    assert "→ make bootstrap ENV=prod" in new

    fcgitops("-C", folder, "overlay", "dev", "--set", "sync=flux")
    other = "carousel does not let go by itself: it and flux both apply the same"
    assert other in diff("HEAD~..HEAD")

    git(folder, "rm", "-qr", "overlays/prod")
    assert "Nothing is deleted on its cluster: FrameworkController runs on" in diff("HEAD")


def test_a_third_tool_is_removed(fcgitops: Fcgitops, folder: Path) -> None:
    """Its own lines are printed, and its entry points of the environment go."""
    err = fcgitops("-C", folder, "remove", "dev").err
    assert "\ncarousel stop dev  # 7 objects\n" in err
    assert git(folder, "ls-files", "clusters").splitlines() == ["clusters/carousel/fair.yaml"]


@pytest.mark.slow
def test_a_third_tool_hands_over(carousel: SyncTool, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """A change of `sync` moves the entry points and prints how the tool before lets go."""
    folder = tmp_path / "deploy"
    fcgitops("new", folder, "--no-input", "--gitops", "both", "--env", "dev")
    there = fcgitops("-C", folder, "overlay", "dev", "--set", "sync=carousel").err
    assert (
        "note: dev: from this change on Carousel syncs it. If Argo CD has done so, it goes on"
        in there
    )
    assert (folder / "clusters/carousel/dev/ride.yaml").is_file()
    back = fcgitops("-C", folder, "overlay", "dev", "--set", "sync=flux").err
    assert (
        "\n# 2. On the cluster dev: it lets go, and nothing is deleted.\ncarousel free dev\n"
        in back
    )
    assert not (folder / "clusters/carousel/dev").exists()
    assert (folder / "clusters/flux/dev/sync.yaml").is_file()
    fcgitops("-C", folder, "verify")
