"""What the program asks of a sync tool. A tool is a class of this form, named in registry.py.

Pure but for what `occupant` asks of a cluster: no method writes anything or starts a program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from fcgitops.kubernetes.objects import Object
from fcgitops.model.answers import Answers
from fcgitops.model.environment import Environment
from fcgitops.model.experiment import Experiment
from fcgitops.model.synctools import Traits
from fcgitops.text.tree import Tree

KeyPath = tuple[str, ...]


class Held(NamedTuple):
    """What one object of a tool's, such as an Application, holds on the cluster of an environment.

    That is what the environment's overlay renders, what ENV/nni does, or an experiment.
    """

    environment: Environment
    objects: Sequence[Object] = ()
    """What it rendered, as far as that is known."""
    nni: bool = False
    experiment: str = ""


class Applier(NamedTuple):
    """An object of a tool's, such as an Application, that applies others."""

    name: str
    namespace: str
    kind: str = ""
    """Its kind as plural.group, where the tool has several that apply; else empty."""


class Occupant(NamedTuple):
    """What a tool on a cluster is pointed at."""

    folder: str
    """The content's root, from the top of its Git repository; empty for that."""
    environment: str = ""
    """The one that is synced to this cluster; empty for any."""


class Bootstrap(NamedTuple):
    """How the tool is pointed at a repository, by applying entry points to a cluster."""

    kind: str
    """A kind, as plural.group, that the API server knows where the tool is installed."""
    files: tuple[str, ...]
    """The files that are always applied, in this order; relative to the tool's folder."""
    more: tuple[str, ...]
    """Patterns of those that are applied too, where they are there."""
    namespace: str = ""
    """Where they are applied; empty where each says so itself."""


class SyncTool(Protocol):
    """One tool that syncs environments from Git to clusters."""

    @property
    def traits(self) -> Traits:
        """What values depend on."""

    @property
    def folder(self) -> str:
        """Below which its entry points stand; those of an environment in a folder of its name."""

    @property
    def made(self) -> Sequence[str]:
        """Every file that this version or a former one makes below `folder`; * is one folder."""

    @property
    def nni_files(self) -> Sequence[str]:
        """The files of `repository_files` that are there for NNI alone."""

    @property
    def guards(self) -> Sequence[KeyPath]:
        """Key paths of entry points which keep the tool from deleting anything."""

    @property
    def bootstrap(self) -> Bootstrap:
        """How it is pointed at a repository."""

    def version(self, answers: Answers) -> str:
        """The version of the tool that the entry points are for."""

    def remark(self, answers: Answers) -> str:
        """What has to be done to the tool itself before it works; empty for nothing."""

    def source_url(self, answers: Answers) -> str:
        """Where it fetches the repository, as the entry points have it."""

    def repository_files(self, answers: Answers, *, with_nni: bool) -> Tree:
        """The entry points that no environment has of its own, relative to `folder`.

        Args:
            answers: of the repository.
            with_nni: whether NNI is enabled in an environment that the tool syncs.
        """

    def environment_files(
        self, environment: Environment, answers: Answers, cluster_role: bytes | None
    ) -> Tree:
        """The entry points of one environment, relative to its folder.

        Args:
            environment: one that the tool syncs.
            answers: of its repository.
            cluster_role: content of `layout.CLUSTER_ROLE`, None in `upstream`.

        Raises:
            InputError: that is no ClusterRole.
        """

    def experiment_files(
        self, experiment: Experiment, environment: Environment, answers: Answers
    ) -> Tree:
        """The entry points of one experiment, relative to its folder."""

    def occupant(self, value: Callable[..., str]) -> Occupant | None:
        """What a cluster is synced from already; None where the tool was not pointed at anything.

        Args:
            value: `Kubectl.value`: a jsonpath and the arguments of `kubectl get` → text.
        """

    def release(self, held: Held) -> list[str]:
        """Lines of a shell that make the tool let go, while all stays as it is.

        They are typed where the tool runs, once Git says that it is not to sync this.
        """

    def move(self, held: Held) -> list[str]:
        """Lines that wait until the tool follows a change of the cluster that Git has.

        They are typed where the tool runs, before anything is deleted on the cluster that is left:
        until then it heals that. None of a tool that is not central.
        """

    def deletion(self, held: Held) -> list[str]:
        """Lines, typed on the cluster, that take it off there.

        The CRD, Namespaces and every Framework stay. A tool that is not central lets go with them.
        """

    def sight(self, held: Sequence[Held]) -> str:
        """A command that prints nothing once the tool has let go of all of these."""

    def unpermitted(
        self, objects: Sequence[Object], environment: Environment, answers: Answers
    ) -> list[str]:
        """What its entry points do not let it apply of some objects, as comments of a shell.

        They name the file, and what is to be added to it; empty where all is permitted.

        Args:
            objects: what an environment renders beyond what its keys say.
            environment: that they are of.
            answers: of its repository.
        """

    def applier(self, o: Object) -> Applier | None:
        """What of the tool has applied an object, as the object itself says; None for nothing."""

    def suspect(self, o: Object) -> Applier | None:
        """What of the tool may have applied an object, by a mark that others write as well."""

    def paused(self, applier: Applier, taken: Sequence[Object]) -> list[str]:
        """Lines that have what is anybody's, and not ours, apply and prune nothing any more.

        Args:
            applier: what has applied something until now.
            taken: the objects of those that one of ours is to apply, as they are on the cluster,
                marks and all; one without a mark has the same as the others.
        """

    def is_named_so(self, environment: Environment, applier: Applier) -> bool:
        """Whether the entry points of an environment would take over what applies others."""

    def forgotten(self, applier: Applier) -> list[str]:
        """Lines that take the same away, while all that it has applied stays."""

    def namespace_left(self, environment: Environment, old: str, profile: str) -> list[str]:
        """What has to be typed before an environment moves out of its namespace: why, then lines.

        None where nothing has to.

        Args:
            environment: as it will be.
            old: the namespace that it leaves.
            profile: the repository's.
        """
