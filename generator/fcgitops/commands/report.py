"""`fcgitops report`: the fleet on one HTML page."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fcgitops.commands import output as to_files
from fcgitops.commands.diff import compare_states
from fcgitops.core import shell, terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.core.findings import Finding
from fcgitops.git import program as git
from fcgitops.git.authors import last_changes
from fcgitops.kubernetes.objects import Object
from fcgitops.model import layout
from fcgitops.model.environment import CUSTOMIZED_CONFIG, Environment
from fcgitops.model.kustomization import Kind, Kustomization
from fcgitops.report import change, differences, page
from fcgitops.report.differences import Difference
from fcgitops.report.fleet import Fleet, Row
from fcgitops.report.rendered import Rendered
from fcgitops.repository.contents import Repository
from fcgitops.repository.customized import variant_config
from fcgitops.text.tree import read_file
from fcgitops.verify.session import Session


def run(folder: Path, output: Path | None, compared: str | None) -> int:
    """Writes the page, to a file or to stdout.

    Args:
        folder: somewhere in the repository.
        output: the file; stdout when None.
        compared: two revisions, as `diff` takes them; what the change does goes first.

    Raises:
        InputError: the repository's answers cannot be read, a revision is none, or the file
            cannot be written.
        ToolError: there is no good kustomize.
    """
    repository = Repository.find(folder)
    repository.require_answers()
    if output is not None and (folder / output).is_dir():
        raise InputError(Problem(str(output), "is a folder", "a file's name, such as report.html"))
    section = ""
    if compared is not None:
        section = change.section(compare_states(repository.root, (compared,)), compared)
    html = page.page(_Collected(repository).fleet(), section)
    if output is None:
        terminal.data(html)
        return 0
    file = folder / output
    target = to_files.place(repository.root, file.parent)
    to_files.write(target, {file.name: html.encode("utf-8", "backslashreplace")})
    terminal.say(f"the page: {shell.quote(str(output))}")
    return 0


class _Collected:
    """What `verify` reads, builds and finds, gathered for the page."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._environments: dict[str, Environment] = {}
        self._objects: dict[str, list[Object]] = {}
        self._differences: dict[str, tuple[Difference, ...]] = {}

    def fleet(self) -> Fleet:
        """Everything anew, so that it is the work tree's."""
        repository = self._repository
        ran = Session(repository.root, afresh=True, seen=self._seen)
        ran.verify(ran.wanted([], None, None))
        rendered = Rendered()
        for name, objects in self._objects.items():
            rendered.add(name, objects)
        changes = last_changes(repository.root, layout.OVERLAYS)
        found: dict[str, list[Finding]] = {}
        for finding in ran.findings:
            found.setdefault(_environment(finding), []).append(finding)
        rows = [
            Row(
                name,
                self._environments.get(name),
                self._differences.get(name, ()),
                tuple(found.pop(name, ())),
                changes.get(name),
            )
            for name in repository.environment_names()
        ]
        others = [finding for findings in found.values() for finding in findings]
        return Fleet(repository.answers.repo_slug, self._state(), rows, others, rendered)

    def _seen(
        self, item: Kustomization, environment: Environment | None, objects: Sequence[Object]
    ) -> None:
        if item.kind is Kind.EXPERIMENT or item.owner in layout.VARIANTS:
            return
        if environment and item.kind is Kind.OVERLAY:
            self._environments[item.owner] = environment
            # Now its file has just been decoded.
            self._differences[item.owner] = self._differing(environment)
        self._objects.setdefault(item.owner, []).extend(objects)

    def _differing(self, environment: Environment) -> tuple[Difference, ...]:
        found = differences.of_keys(environment, self._repository.answers.profile)
        if environment.variant == CUSTOMIZED_CONFIG:
            path = f"{layout.overlay(environment.name)}/{layout.CONFIG_FILE}"
            own = (read_file(self._repository.root, path) or b"").decode(errors="surrogateescape")
            found += differences.of_settings(own, self._variant)
        return tuple(found)

    @functools.cached_property
    def _variant(self) -> str:
        """The settings that customized environments differ from."""
        return variant_config(self._repository)

    def _state(self) -> str:
        """What the page shows: a commit, and whether files differ from it."""
        root = self._repository.root
        head = git.glance(root, "log", "-1", "--format=%h of %as", "HEAD")
        if not head:
            return "What is here, of which nothing is committed."
        differs = True  # where something cannot be read, which is a finding
        with suppress(InputError):
            differs = bool(git.differing(root))
        edited = ", with changes that are not committed" if differs else ""
        return f"Commit {git.text(head).strip()}{edited}."


def _environment(finding: Finding) -> str:
    """The environment that a finding is of; "" where it is none's."""
    name = finding.overlay.removesuffix(f"/{layout.NNI}")
    return "" if "/" in name else name
