"""What checks look at, and the places of the registry that they are registered in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fcgitops.core.errors import Problem, ToolError
from fcgitops.core.findings import Finding
from fcgitops.kubernetes.objects import Object, mappings
from fcgitops.kubernetes.schema import Versions
from fcgitops.manifests.overlay import NAME
from fcgitops.model import facts, layout
from fcgitops.model.environment import Environment
from fcgitops.repository import experiments
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned
from fcgitops.text import words
from fcgitops.verify.layers import Reader
from fcgitops.verify.references import References
from fcgitops.verify.registry import Place

if TYPE_CHECKING:
    from fcgitops.fcconfig.decode import Decoded

STATEFUL_SET = f"StatefulSet {NAME}"
"""FrameworkController's, as findings name it."""
POD = "spec.template.spec"
"""The key of its Pod's spec."""
CONTAINER = f"{POD}.containers[{NAME}]"
"""The key of FrameworkController's own container."""


class Whole(NamedTuple):
    """The repository, and those of its environments that are verified and can be read."""

    repository: Repository
    environments: Sequence[facts.Known]

    def sync(self, name: str) -> str:
        """The tool that syncs one of the repository's environments.

        Raises:
            InputError: its file is not valid.
        """
        there = (known.sync for known in self.environments if known.name == name)
        return next(there, "") or self.repository.environment(name).sync


class Source(NamedTuple):
    """An environment's environment.yaml, as it could be read."""

    name: str
    problems: Sequence[Problem]
    """Why it could not."""


class Known(NamedTuple):
    """An environment whose environment.yaml is valid."""

    repository: Repository
    planned: Planned
    references: References

    @property
    def environment(self) -> Environment:
        """As its file says."""
        return self.planned.environment


class Experiment(NamedTuple):
    """An experiment's own files, as they could be read."""

    repository: Repository
    name: str
    planned: experiments.Planned | None
    """None where there are `problems`."""
    problems: Sequence[Problem]


class Built(NamedTuple):
    """What kustomize said of one kustomization."""

    result: bytes | ToolError
    reasons: Sequence[Problem] = ()
    """Why it cannot be built, where its files tell it more plainly than kustomize."""


@dataclass(frozen=True)
class Rendered:
    """One overlay's objects, and what they should be."""

    overlay: str
    objects: list[Object]
    profile: str
    environment: Environment | None = None
    """None for a variant."""
    config: str | None = None
    """Text of the overlay's frameworkcontroller.yaml, where it has one."""

    @property
    def config_file(self) -> str:
        """Where `config` stands."""
        return f"{layout.overlay(self.overlay)}/{layout.CONFIG_FILE}"

    @property
    def config_data(self) -> bytes:
        """`config` as the bytes of its file."""
        return (self.config or "").encode("utf-8", "surrogateescape")

    def settings(self) -> Decoded | None:
        """What FrameworkController reads of `config`; None where it has none, or cannot read it."""
        from fcgitops.fcconfig.decode import read  # noqa: PLC0415 - customized ones only
        from fcgitops.fcconfig.goyaml import GoError  # noqa: PLC0415 - the same

        with suppress(GoError):  # FCG05 says so
            return None if self.config is None else read(self.config_data)[1]
        return None

    def all(self, kind: str, name: str = NAME) -> list[Object]:
        """The objects of `kind` called `name`."""
        return self._named.get((kind, name), [])

    @cached_property
    def _named(self) -> dict[tuple[str, str], list[Object]]:
        """Kind and name → the objects."""
        found: dict[tuple[str, str], list[Object]] = {}
        for item in self.objects:
            found.setdefault((str(item.get("kind")), name_of(item)), []).append(item)
        return found

    def namespace(self) -> str:
        """Where the StatefulSet is; empty where there is none, or it does not say."""
        found = self.all("StatefulSet")[:1]
        return str(found[0]["metadata"].get("namespace", "")) if found else ""

    def controller(self) -> Object:
        """The StatefulSet; in the place CONTROLLER there is one."""
        return self.all("StatefulSet")[0]

    def pod(self) -> Object:
        """The StatefulSet's Pod spec, with its own claims in the place of volumes of their names.

        So the controller makes its Pods: updateStorage of pkg/controller/statefulset.
        """
        spec = self.controller()["spec"]
        pod: Object = spec["template"]["spec"]
        claimed = {name_of(item): item for item in mappings(spec.get("volumeClaimTemplates"))}
        if not claimed:
            return pod
        kept = [item for item in mappings(pod.get("volumes")) if item.get("name") not in claimed]
        own = [
            {"name": name, "ephemeral": {"volumeClaimTemplate": item}}
            for name, item in claimed.items()
        ]
        return {**pod, "volumes": [*kept, *own]}

    def account(self) -> str:
        """The name of the ServiceAccount that its Pod runs as, by its field or the older one."""
        pod = self.pod()
        return str(pod.get("serviceAccountName") or pod.get("serviceAccount") or "default")

    def container(self) -> Object:
        """FrameworkController's container; empty where there is none."""
        return next((c for c in self.pod().get("containers", []) if c.get("name") == NAME), {})


class RenderedForNni(NamedTuple):
    """The objects of ENV/nni or experiments/NAME."""

    objects: list[Object]
    environment: Environment
    """Whose NNI it is."""
    of_experiment: bool
    """Whether an experiment renders them, and not what is made ready for all."""


class Objects(NamedTuple):
    """All that a kustomization renders, each object for itself."""

    objects: list[Object]
    versions: Versions | None = None
    """The Kubernetes versions that they are for; all known ones by default."""
    texts: Sequence[bytes] = ()
    """What each is printed as, where that is known: what is printed alike is judged once."""


class Layered(NamedTuple):
    """A kustomization with those below it, and what it renders."""

    reader: Reader
    folder: Path
    objects: list[Object]


class Answer(NamedTuple):
    """What an API server says of an object that it does not take."""

    object: Object
    text: str
    unsure: bool = False
    """Whether it may take it once what comes before it is there."""


@dataclass
class Comment:
    """One such comment."""

    file: str
    line: int
    covers: int
    """The line below it that is no comment itself."""
    number: str
    reason: str
    used: bool = field(default=False, compare=False)

    def is_beside(self, finding: Finding, folder: str) -> bool:
        """Whether it is for a finding of the kustomization in `folder`."""
        if finding.rule != self.number or not self.reason:
            return False
        if not finding.file:
            return self.file.startswith(f"{folder}/")
        if finding.file != self.file:
            return False
        return not finding.line or finding.line in (self.line, self.covers)


class Comments(NamedTuple):
    """The comments that take findings back, after all findings are known."""

    comments: Sequence[Comment]
    everything: bool
    """Whether all of the repository was verified: else a comment may be for the rest."""


def name_of(o: Object) -> str:
    """An object's name; empty where it has none."""
    metadata = o.get("metadata")
    return words.named(metadata.get("name", "")) if isinstance(metadata, dict) else ""


def named(o: Object) -> str:
    """Kind and name of an object, whatever it is."""
    return f"{words.named(o.get('kind', 'object'))} {name_of(o)}".strip()


REPOSITORY: Place[Whole] = Place("the repository")
SOURCE: Place[Source] = Place("environment.yaml")
ENVIRONMENT: Place[Known] = Place("an environment's files")
EXPERIMENT: Place[Experiment] = Place("an experiment's files")
BUILT: Place[Built] = Place("what kustomize says")
RENDERED: Place[Rendered] = Place("what an overlay renders")
CONTROLLER: Place[Rendered] = Place("the one StatefulSet that an overlay renders")
NEEDS: Place[Rendered] = Place("what FrameworkController needs of an overlay")
OBJECTS: Place[Objects] = Place("each object that a kustomization renders")
LAYERS: Place[Layered] = Place("the files that a kustomization is made of")
NNI: Place[RenderedForNni] = Place("what NNI's kustomizations render")
SERVER: Place[Sequence[Answer]] = Place("what a cluster's API server says")
COMMENTS: Place[Comments] = Place("comments that take findings back")

PLACES: tuple[Place[Any], ...] = (
    REPOSITORY, SOURCE, ENVIRONMENT, EXPERIMENT, BUILT, RENDERED, CONTROLLER, NEEDS, OBJECTS,
    LAYERS, NNI, SERVER, COMMENTS,
)  # fmt: skip
