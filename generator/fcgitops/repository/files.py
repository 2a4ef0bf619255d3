"""The files and folders of a generated repository, in the work tree and in HEAD, uninterpreted."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fcgitops.core import shell, terminal
from fcgitops.core.errors import InputError, MissingError, Problem, ToolError
from fcgitops.model import layout
from fcgitops.model.kustomization import Kustomization
from fcgitops.repository import listing, record
from fcgitops.text.tree import Tree, at, may_have, read_file, read_tree, safe_join

if TYPE_CHECKING:
    from fcgitops.git.repo import GitRepository

COMMITTED = "is missing here, and was committed"
_OR_COMMIT = ", or commit that it is gone"


def git_of(root: Path) -> GitRepository:
    """The Git repository that a folder is in.

    Raises:
        InputError: it is in none.
        ToolError: there is no git.
    """
    from fcgitops.git import repo  # noqa: PLC0415 - most that is read needs no git

    return repo.open_repository(root)


class Files:
    """What is there below a content root, and what is only in HEAD."""

    def __init__(
        self,
        root: Path,
        git: GitRepository | None = None,
        pending: Mapping[str, bytes | None] | None = None,
    ) -> None:
        """A repository on disk.

        Args:
            root: the content root.
            git: what it is in, where that is known.
            pending: sources that change in the same commit: path → what they will hold.
        """
        self.root = root
        self._git = git
        self._pending = pending or {}

    @functools.cached_property
    def git(self) -> GitRepository:
        """The Git repository that it is in.

        Raises:
            InputError: it is in none, as an exported tree is.
        """
        return self.head or git_of(self.root)

    def overlay_folders(self) -> list[str]:
        """Names of all folders below overlays/, sorted."""
        return listing.folders(self.root, layout.OVERLAYS)

    def environment_names(self) -> list[str]:
        """Names of the environments: folders below overlays/ with an environment.yaml."""
        return listing.environments(self.root)

    def headless_names(self) -> list[str]:
        """Folders that were generated for an environment whose environment.yaml is gone.

        They still build, so Argo CD or Flux may still sync them; nothing here would see it.
        """
        folder = self.root / layout.OVERLAYS
        named = set(self.environment_names())
        return [
            name
            for name in self.overlay_folders()
            if name not in named and (folder / name / layout.RECORD_FILE).exists()
        ]

    def is_bare(self, name: str) -> bool:
        """Whether nothing was generated for an environment yet: somebody has written its file."""
        made = [
            f"{layout.overlay(name)}/{file}"
            for file in (layout.RECORD_FILE, layout.KUSTOMIZATION_FILE)
        ]
        there = any((self.root / path).exists() for path in made)
        return not (there or (self.head and any(map(self.head.list_head, made))))

    def overlay_names(self) -> list[str]:
        """The variants and the environments."""
        present = set(self.overlay_folders())
        variants = [name for name in layout.VARIANTS if name in present]
        return list(dict.fromkeys([*variants, *self.environment_names()]))

    def experiment_names(self) -> list[str]:
        """Names of the experiments: folders below experiments/ with a run.yaml, sorted."""
        return listing.experiments(self.root)

    @functools.cached_property
    def head(self) -> GitRepository | None:
        """What is committed; None for an exported tree, or where there is no git."""
        with suppress(InputError, ToolError):
            return self._git or git_of(self.root)
        return None

    @functools.cached_property
    def place(self) -> str | None:
        """The content's folder from the top of the Git repository that it is in; None without."""
        return self.head.prefix.rstrip("/") if self.head else None

    @functools.cached_property
    def absent(self) -> dict[str, bytes]:
        """Environments that HEAD has and the work tree has not: name → its environment.yaml.

        Moved away, say, or left out by a sparse checkout. Nothing of theirs is touched, and what
        they have a share in stays as it is.
        """
        return self._only_in_head(layout.OVERLAYS, layout.SOURCE_FILE)

    def missing(self, name: str) -> Problem:
        """The problem with an environment of `absent`, where it is asked for."""
        place, what = layout.overlay(name), "is committed, but not in the work tree"
        return self.gone(place, name, what, _OR_COMMIT)

    def gone(self, path: str, where: str, what: str, otherwise: str = "") -> Problem:
        """The problem with a path that HEAD has and the work tree has not."""
        if self.head and (left_out := self.head.left_out(path)):
            return left_out[0]
        return Problem(where, what, f"{self.way_back(path)}{otherwise}")

    def way_back(self, path: str) -> str:
        """What is typed to have a file or a folder back that is gone, or not as it should be.

        It is as HEAD has it, where the work tree or the index is another; else a source is as it
        was before its last commit, and all else as it was generated.
        """
        if not self.head:
            return "take it back from Git"
        committed = self.head.list_head(path)
        if self.head.edited(committed) or (not committed and self.head.way_back(path)):
            return self.head.way_back(path)
        if Path(path).name in layout.SOURCES:
            return self.head.way_back_in_history(path) or "write it anew"
        if self._was_generated(path):
            return shell.about(("fcgitops", "restore"), [path], self.root, self.root)
        back = "" if committed else self.head.way_back_in_history(path)
        return back or "write it, or take it out of what names it"

    def _was_generated(self, path: str) -> bool:
        """Whether `restore` has a text for a file, or for one of a folder."""
        top, *below = path.split("/")
        if top == layout.OVERLAYS and below[1:2] == [layout.LOCAL]:
            return below[2:] in ([], [layout.KUSTOMIZATION_FILE])
        above = [parent.as_posix() for parent in PurePosixPath(path).parents][:-1]
        has_record = (p for p in above if (self.root / p / layout.RECORD_FILE).is_file())
        own = next(has_record, "")
        recorded = read_file(
            self.root, f"{own}/{layout.RECORD_FILE}" if own else layout.BASE_RECORD
        )
        made = record.decode(recorded)
        if made is None:  # nothing tells it here; `restore` may find it in Git's history
            return True
        return any(f"{name}/".startswith(f"{path}/") for name in (at(own, made) if own else made))

    def say_state(self) -> None:
        """Tells what a command that reads may be wrong about: it sees the work tree alone."""
        if self.head and self.head.interrupted:
            what = "an interrupted change, which the next command that writes sets right"
            terminal.say(f"note: the work tree may hold half of {what}")
        left_out = self.head.left_out(layout.OVERLAYS) if self.head and self.absent else []
        for problem in left_out:
            terminal.say(f"note: {problem}")
        if self.absent and not left_out:
            names = ", ".join(sorted(self.absent)[:3]) + (", …" if len(self.absent) > 3 else "")
            terminal.say(f"note: committed, but not in the work tree: {names}")

    @functools.cached_property
    def absent_experiments(self) -> dict[str, bytes]:
        """The experiments that only HEAD has: name → run.yaml."""
        return self._only_in_head(layout.EXPERIMENTS, layout.RUN_FILE)

    def _only_in_head(self, folder: str, file: str) -> dict[str, bytes]:
        missing = {
            f"{folder}/{name}/{file}": name
            for name in (self.head.list_folders(folder) if self.head else ())
            if f"{folder}/{name}" not in layout.COMMON
            and not may_have(f"{self.root}/{folder}/{name}/{file}")
        }
        found = self.head.read_head(missing) if self.head and missing else {}
        return {missing[path]: data for path, data in found.items() if data is not None}

    def file(self, path: str) -> bytes | None:
        """What a file holds, or will hold where it is pending; None where there is none."""
        return self._pending[path] if path in self._pending else read_file(self.root, path)

    def folder(self, path: str) -> Tree:
        """What each file of a folder holds, or will hold where it is pending; relative to it."""
        found: dict[str, bytes | None] = dict(read_tree(safe_join(self.root, path)))
        found |= {
            name.removeprefix(f"{path}/"): data
            for name, data in self._pending.items()
            if name.startswith(f"{path}/")
        }
        return {name: data for name, data in found.items() if data is not None}

    def recorded(self, folder: str) -> Tree:
        """What was generated last of an environment or experiment, as the record in a folder says.

        Args:
            folder: where the record stands, from the root.

        Returns:
            Paths relative to the folder; none where the record is missing or damaged.
        """
        return record.decode(read_file(self.root, f"{folder}/{layout.RECORD_FILE}")) or {}

    def record_of(self, source: str) -> str:
        """The path of the record of what follows from a source."""
        own = f"{source.rpartition('/')[0]}/{layout.RECORD_FILE}"
        return own if (self.root / own).is_file() else layout.BASE_RECORD

    def read(self, path: str) -> bytes | None:
        """Content of a file that environments share; None where there is none, nor in HEAD.

        Raises:
            MissingError: HEAD has it and the work tree has not.
            InputError: as `read_file`.
        """
        data = self.file(path)
        if data is None and path not in self._pending and self.head and self.head.list_head(path):
            raise MissingError(self.gone(path, path, COMMITTED, _OR_COMMIT))
        return data

    @functools.cached_property
    def ignored(self) -> list[str]:
        """What of the experiments Git ignores: files, and whole folders with a "/" at their end."""
        return self.head.list_ignored(layout.EXPERIMENTS) if self.head else []

    def experiment_source(self, name: str) -> bytes:
        """Content of experiments/NAME/run.yaml; nothing where there is none."""
        return read_file(self.root, f"{layout.EXPERIMENTS}/{name}/{layout.RUN_FILE}") or b""

    def kustomizations(self) -> list[Kustomization]:
        """All that kustomize can build here."""
        return listing.kustomizations(self.root)
