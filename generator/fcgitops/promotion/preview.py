"""A change that is not made yet: what it does to clusters, and what `verify` would say of it."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from fcgitops.core.errors import FoundError, Problem
from fcgitops.core.findings import Finding
from fcgitops.core.reporting import fails
from fcgitops.diff import report as reports
from fcgitops.diff.fleet import Fleet
from fcgitops.git.history import History
from fcgitops.model import layout
from fcgitops.model.kustomization import Kind, Kustomization
from fcgitops.programs import kustomize
from fcgitops.programs.kustomize import Kustomize
from fcgitops.repository import listing
from fcgitops.text.tree import read_file


class Preview:
    """HEAD with changes that are not made yet.

    Args:
        root: the content's root.
        changes: content by path below it; None deletes.
    """

    def __init__(self, root: Path, changes: Mapping[str, bytes | None]) -> None:
        self.history = History(root)
        state = self.history.planned(changes)
        self.fleet = Fleet.of(self.history.head, state, self.history.prefix)

    @functools.cached_property
    def program(self) -> Kustomize:
        """Builds both sides. Raises as `kustomize.find`."""
        return kustomize.find()

    def lines(self) -> list[str]:
        """The rendered difference with its effects, as `fcgitops diff` tells it.

        Raises:
            ToolError: there is no good kustomize.
        """
        return list(reports.as_text(self.fleet.report(self.program)))

    def refuse_faults(self, names: Iterable[str]) -> None:
        """Refuses a change after which `verify` would fail for some of the environments.

        Raises:
            FoundError: with each finding.
            ToolError: there is no good kustomize.
        """
        if found := self.faults(names):
            raise FoundError(map(problem, found))

    def faults(self, names: Iterable[str]) -> list[Finding]:
        """The findings for which `verify` would fail."""
        return [finding for finding in self.findings(names) if fails([finding])]

    def findings(self, names: Iterable[str]) -> list[Finding]:
        """What `verify` would say of some environments, of their NNI and of their experiments.

        Raises:
            ToolError: there is no good kustomize.
        """
        from fcgitops.verify import silence, verification  # noqa: PLC0415 - all checks
        from fcgitops.verify.inputs import Inputs  # noqa: PLC0415
        from fcgitops.verify.outputs import outputs  # noqa: PLC0415

        meant = set(names)
        with tempfile.TemporaryDirectory(prefix="fcgitops-") as scratch:
            root = self._placed(meant, Path(scratch).resolve())
            wanted = _of(root, meant)
            inputs = Inputs(str(root), layout.VARIANTS)
            run = verification.Verification(verification.Still(root))
            built = outputs(inputs, self.program, wanted)
            found = [f for _, result in run.each(built) for f in result.findings]
            if not (found or inputs.marked):
                return []
            kept, _ = silence.settled(root, wanted, found, inputs.marked, everything=False)
        return kept

    def _placed(self, names: set[str], scratch: Path) -> Path:
        """The content's root of a folder that has all from which some environments are rendered."""
        content, prefix = self.fleet.after, self.history.prefix
        others = {n for n, unit in content.units.items() if unit.is_environment} - names
        owned = {path: content.owner(path) for path in content.state.files}
        paths = {
            path
            for path, owner in owned.items()
            if owner not in others and path[len(prefix) :].startswith(_READ)
        }
        paths |= {  # what somebody's own kustomizations name elsewhere
            path
            for name in names & content.units.keys()
            for folder in content.units[name].kustomizations
            for path in content.closure(folder)
        }
        return content.state.place(sorted(paths & owned.keys()), scratch) / prefix


def problem(finding: Finding) -> Problem:
    """A finding as what keeps a change from being made."""
    place = finding.place or finding.overlay
    return Problem(place, f"{finding.sentence} [{finding.rule}]", finding.hint)


_READ = tuple(path if path == layout.ANSWERS else f"{path}/" for path in layout.READ)


def _of(root: Path, names: set[str]) -> list[Kustomization]:
    """What can be built of environments: their overlays, their NNI, their experiments."""

    def environment(item: Kustomization) -> str:
        if item.kind is not Kind.EXPERIMENT:
            return item.owner
        run = read_file(root, f"{item.folder}/{layout.RUN_FILE}") or b""
        return layout.environment_named(run)

    return [item for item in listing.kustomizations(root) if environment(item) in names]
