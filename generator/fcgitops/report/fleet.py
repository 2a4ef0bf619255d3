"""What the page says of each environment, and of the repository as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fcgitops.core.findings import Finding
from fcgitops.git.authors import LastChange
from fcgitops.model.environment import Environment
from fcgitops.report.differences import Difference
from fcgitops.report.rendered import Rendered


@dataclass(frozen=True)
class Row:
    """One environment.

    Attributes:
        name: its folder below overlays/.
        environment: None where its environment.yaml cannot be read, which `findings` then say.
        differences: what it sets that its variant has not.
        findings: what `verify` says of it and of its NNI.
        change: the last commit that changed a file of its.
    """

    name: str
    environment: Environment | None
    differences: tuple[Difference, ...] = ()
    findings: tuple[Finding, ...] = ()
    change: LastChange | None = None


@dataclass(frozen=True)
class Fleet:
    """All that the page shows but for a change.

    Attributes:
        title: the repository's name.
        state: the commit that it shows, and whether the work tree differs from it.
        rows: the environments, by their names.
        findings: what `verify` says of all else: variants, experiments, the repository.
        rendered: the environments' objects.
    """

    title: str
    state: str
    rows: Sequence[Row]
    findings: Sequence[Finding]
    rendered: Rendered
