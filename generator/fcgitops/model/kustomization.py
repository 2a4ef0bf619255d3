"""What kustomize can build in a generated repository: OVERLAY, ENV/nni, experiments/NAME."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fcgitops.core.lazy import regex
from fcgitops.model import layout


class Kind(Enum):
    """Whose files a kustomization is made of."""

    OVERLAY = "a variant or an environment"
    NNI = "what an environment has for NNI"
    EXPERIMENT = "an experiment"


@dataclass(frozen=True)
class Kustomization:
    """One folder that can be built by itself; as text, how a user names it."""

    kind: Kind
    owner: str
    """The name of the variant, the environment or the experiment."""

    def __str__(self) -> str:
        """OVERLAY, ENV/nni or experiments/NAME."""
        if self.kind is Kind.NNI:
            return f"{self.owner}/{layout.NNI}"
        return self.folder if self.kind is Kind.EXPERIMENT else self.owner

    @property
    def folder(self) -> str:
        """Where it stands, from the repository's top."""
        if self.kind is Kind.EXPERIMENT:
            return f"{layout.EXPERIMENTS}/{self.owner}"
        return layout.overlay(str(self))


_OUR_FILES = f"  files:\n  - {layout.CONFIG_FILE}\n".encode()
_TAKES_FILES = regex(rb"\b(files|envs?|generators)\b")


def may_take_files(text: bytes) -> bool:
    """Whether a kustomization may make objects of files as they are, comments and all.

    That which is generated takes FrameworkController's alone, whose comments name no environment.
    """
    return _TAKES_FILES.search(text.replace(_OUR_FILES, b"")) is not None
