"""One run of `verify`: what is known from a former one, what is asked anew, and what comes of it.

What was verified before, and is made of the very same content, is not verified again. Where that
is everything, neither the checks nor the model are imported, which would take longer than all else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from fcgitops.core import cache, progress, terminal
from fcgitops.core.findings import Finding, Rules
from fcgitops.core.reporting import Silenced
from fcgitops.git import program as git
from fcgitops.model import layout
from fcgitops.model.kustomization import Kind, Kustomization
from fcgitops.programs import kustomize
from fcgitops.repository import listing
from fcgitops.verify import kept, selection
from fcgitops.verify.inputs import Inputs, Unknowable
from fcgitops.verify.kept import Result
from fcgitops.verify.outputs import Output, outputs

if TYPE_CHECKING:
    from fcgitops.programs.kustomize import Kustomize
    from fcgitops.verify.server import ApiServer
    from fcgitops.verify.verification import Seen, Verification

_WHOLE = ""
"""The name of the repository as a whole among the results."""


class Session:
    """One run.

    Args:
        root: the content's root.
        afresh: whether results of former runs are not asked for.
        seen: is told of each kustomization that is built.
    """

    def __init__(self, root: Path, *, afresh: bool = False, seen: Seen | None = None) -> None:
        self.root = root
        self.findings: list[Finding] = []
        self.silenced: list[Silenced] = []
        self.prefix = ""
        """The content's folder from the Git repository's top, "" or "folder/"."""
        self.objects = 0
        self.asked: list[Kustomization] = []
        """What was built, or taken for the same as something that was built."""
        self._inputs = Inputs(str(root), layout.VARIANTS)
        self._there = listing.kustomizations(root)
        about = [kustomize.identity(program) for _, program in kustomize.candidates()]
        said = [os.environ.get(name, "") for name in ("KUSTOMIZE", kustomize.FETCH)]
        self._identity = "\n".join([cache.code(), *about, *said])
        self._kept = kept.load(str(root), self._identity)
        self._afresh = afresh
        self._seen = seen
        self._new: dict[str, Result] = {}
        self._run: Verification | None = None

    def wanted(
        self, names: Sequence[str], since: str | None, shard: str | None
    ) -> list[Kustomization]:
        """What is to be verified.

        Args:
            names: as they were typed; all when empty.
            since: a revision; what was not touched since is left out.
            shard: I/N.

        Raises:
            InputError: a name, the revision or the share is none.
        """
        known = {str(item): item for item in self._there}
        if any(name not in known for name in names):
            from fcgitops.repository.contents import Repository  # noqa: PLC0415 - for its words

            Repository(self.root).require(names, known)
        found = [known[name] for name in dict.fromkeys(names)] or self._there
        if since is not None:
            changed = git.changed_since(self.root, since)
            found = selection.touched(self.root, found, changed, self._reads_besides)
        return selection.shard(found, shard) if shard is not None else found

    def verify(
        self,
        wanted: Sequence[Kustomization],
        *,
        others: bool = True,
        server: ApiServer | None = None,
    ) -> None:
        """Verifies, and keeps what was found for the next run, but for what a server says.

        Args:
            wanted: what is to be verified.
            others: whether findings count that are no wanted kustomization's.
            server: is asked too.

        Raises:
            InputError: the answers cannot be read, or a sparse checkout leaves out files.
            ToolError: there is no good kustomize, or the server does not answer.
        """
        if self._kept.results and not self._afresh:
            self._inputs.read_ahead(wanted)
        looking = _Looking(self.root)
        self._inputs.take_over(_importing())
        self._new = {str(item): known for item in wanted if (known := self._recalled(item))}
        looking.join()
        looking.refuse_left_out(wanted)
        looking.say()
        self.prefix = looking.prefix or ""
        whole = self._whole(wanted, looking)
        results = [self._new[str(item)] for item in wanted]
        names = {str(item) for item in wanted}
        found = [f for f in whole.findings if others or f.overlay in names]
        found += (finding for result in results for finding in result.findings)
        self.objects = sum(result.objects for result in results)
        if server:
            run = self._verification(looking)
            asked = run.asked_of(server, wanted, self._outputs(wanted))
            answers = progress.watched(asked, len(wanted), "asked")
            found += (finding for findings in answers for finding in findings)
        self._settle(wanted, _told_once(found))
        if self.asked or (whole.key and whole != self._kept.results.get(_WHOLE)):
            self._keep(whole)

    def _whole(self, wanted: Sequence[Kustomization], looking: _Looking) -> Result:
        """The result of the repository as a whole; verifies what of `wanted` is not known."""
        todo = [item for item in wanted if str(item) not in self._new]
        everything = list(wanted) == self._there
        # What neighbours have is in no key; and the key is needed to be kept or compared alone.
        needs_key = (everything or not todo) and not looking.neighbours
        key = self._whole_key(looking.absent) if needs_key else ""
        former = self._kept.results.get(_WHOLE)
        if former and key == former.key and key and not todo and not self._afresh:
            return former
        told = self._ask(todo, wanted, looking)
        if not everything:
            key = ""
        # What mends a finding depends on Git, too: what HEAD and the index have.
        return Result(key, findings=tuple(told), lasting=bool(key and not told))

    def _recalled(self, item: Kustomization) -> Result | None:
        """The result of a former run, where its inputs are what they were."""
        former = None if self._afresh else self._kept.results.get(str(item))
        return former if former and former.key == self._key(item, former.more) else None

    def _reads_besides(self, item: Kustomization) -> Sequence[str] | None:
        former = self._recalled(item)
        return former.more if former else None

    def _key(self, item: Kustomization, more: Iterable[str]) -> str:
        if item.kind is Kind.EXPERIMENT:  # what Git ignores is none of its inputs
            options = ("--others", "--ignored", "--exclude-standard", "--directory", "-z")
            ignored = git.glance(self.root, "ls-files", *options, "--", item.folder) or b""
            found = self._inputs.of(item, more)
            return found and sha256(os.fsencode(found) + ignored).hexdigest()
        return self._inputs.of(item, more)

    def _whole_key(self, absent: Iterable[str]) -> str:
        """What the repository as a whole is made of; empty where that cannot be told."""
        keys = [f"{item} {self._inputs.of(item)}" for item in self._there]
        if any(key.endswith(" ") for key in keys):
            return ""
        try:
            parts = [self._inputs.shared, self._inputs.entry_points()]
        except Unknowable:
            return ""
        names = [*keys, *listing.folders(self.root, layout.OVERLAYS), *absent]
        return sha256(os.fsencode("\n".join(names)) + b"".join(parts)).hexdigest()

    def _ask(
        self, todo: Sequence[Kustomization], wanted: Sequence[Kustomization], looking: _Looking
    ) -> list[Finding]:
        """Verifies what is not known, and the repository as a whole, whose findings it returns.

        Args:
            todo: what is not known.
            wanted: what is verified.
            looking: what Git has said.
        """
        Thread(target=list, args=[_importing()]).start()  # no daemon: see `diff.fleet`
        built = self._outputs(todo)
        begun = list(islice(built, 1))  # kustomize is at work while the checks are imported
        run = self._verification(looking)
        done = progress.watched(run.each(chain(begun, built)), len(todo), "verified")
        for item, result in done:
            key = self._key(item, result.more) if result.lasting else ""
            self._new[str(item)] = result.with_key(key)
            self.asked.append(item)
        facts = [self._new[str(item)].facts for item in wanted]
        return run.whole([known for known in facts if known])

    def _verification(self, looking: _Looking) -> Verification:
        """What asks; made once. What Git has said already is not asked again, with GitPython."""
        if self._run is None:
            from fcgitops.verify import verification  # noqa: PLC0415

            repository = verification.Still(self.root)
            repository.require_answers(say=False)  # an edited version is a finding
            if not looking.absent:
                repository.absent = {}
            if looking.prefix is not None:
                repository.place = looking.prefix.rstrip("/")
            self._kept.summary["checks"] = verification.CHECKS
            self._run = verification.Verification(repository, self._seen)
        return self._run

    def _outputs(self, items: Sequence[Kustomization]) -> Iterator[Output]:
        """What kustomize says of each; those that render the same are built once.

        Raises:
            ToolError: there is no good kustomize.
        """
        return outputs(self._inputs, self._kustomize, items)

    @cached_property
    def _kustomize(self) -> Kustomize:
        program = kustomize.find()
        if program.remark:
            terminal.say(f"note: {program.command[0]}: {program.remark}")
        self._kept.summary["program"] = program.title
        return program

    def _settle(self, wanted: Sequence[Kustomization], found: list[Finding]) -> None:
        """Takes back what comments take back; without either there is nothing to do."""
        if not found and not self._inputs.marked:
            return
        from fcgitops.verify import silence  # noqa: PLC0415

        everything = set(wanted) == set(self._there)
        self.findings, self.silenced = silence.settled(
            self.root, wanted, found, self._inputs.marked, everything=everything
        )

    def _keep(self, whole: Result) -> None:
        results = {**self._kept.results, **self._new}
        if whole.key:
            results[_WHOLE] = whole
        there = {_WHOLE, *map(str, self._there)}
        self._kept.results = {name: r for name, r in results.items() if name in there}
        kept.save(str(self.root), self._identity, self._kept)

    @property
    def program(self) -> str:
        """The kustomize that built it all, now or then."""
        return str(self._kept.summary.get("program", "kustomize"))

    @property
    def checks(self) -> int:
        """How many checks there are."""
        return int(self._kept.summary.get("checks", 0))


def rules() -> Rules:
    """All that is asked; imports the checks."""
    from fcgitops.verify import catalogue  # noqa: PLC0415 - of some formats alone

    return catalogue.rules()


_STEPS = (
    *("fcgitops.text.yamlio", "fcgitops.model.environment", "fcgitops.kubernetes.check"),
    *("fcgitops.repository.outcome", "fcgitops.verify.verification", "fcgitops.fcconfig.check"),
)
"""Modules of the checks, each of which takes about as long to import as the others."""


def _importing() -> Iterator[None]:
    """Imports the checks, a step at a time: where nothing has changed, nobody needs them."""
    for name in _STEPS:
        yield
        import_module(name)


_NEEDED = (*layout.COMMON, layout.CLUSTERS, layout.BASE_RECORD.partition("/")[0])
"""The folders that checks read, whichever kustomizations are verified."""


class _Looking(Thread):
    """Git's word on the work tree, asked while its files are read."""

    def __init__(self, root: Path) -> None:
        super().__init__(daemon=True)
        self.root = root
        self.absent: list[str] = []
        """Folders below overlays/ that HEAD has and the work tree has not."""
        self.interrupted = False
        self.sparse = False
        """Whether a sparse checkout may leave out files."""
        self.prefix: str | None = None
        """The content's folder, from the top of the Git repository; None where there is none."""
        self.neighbours = False
        """Whether other folders of that have been generated, too."""
        self.start()

    def run(self) -> None:
        """Asks."""
        there = set(listing.folders(self.root, layout.OVERLAYS))
        command = ("ls-tree", "-d", "-z", "--name-only", "HEAD", f"{layout.OVERLAYS}/")
        told = (git.glance(self.root, *command) or b"").decode(errors="surrogateescape")
        names = {path.rpartition("/")[2] for path in told.split("\0") if path}
        self.absent = sorted(names - there)
        names_of = ("--git-path", "fcgitops/journal", "--git-path", "info/sparse-checkout")
        places = ("rev-parse", "--show-prefix", *names_of)
        told = (git.glance(self.root, *places) or b"").decode(errors="surrogateescape")
        if not told:
            return
        self.prefix, journal, sparse, *_ = told.split("\n")
        self.sparse = bool(sparse) and (self.root / sparse).exists()
        self.interrupted = bool(journal) and (self.root / journal).exists()
        if self.prefix:
            pattern = f":(top,glob)**/{layout.ANSWERS}"
            found = git.glance(self.root, "ls-files", "-z", "--", pattern) or b""
            self.neighbours = found.count(b"\0") > 1

    def refuse_left_out(self, wanted: Iterable[Kustomization]) -> None:
        """Refuses to verify without what a sparse checkout leaves out.

        Raises:
            InputError: with what brings it here.
        """
        if self.sparse:
            from fcgitops.repository.contents import Repository  # noqa: PLC0415 - for its words

            folders = [*_NEEDED, *(item.folder for item in wanted)]
            Repository(self.root).git.refuse_left_out(*folders)

    def say(self) -> None:
        """Tells what may be wrong about what is read."""
        if self.absent or self.interrupted:
            from fcgitops.repository.contents import Repository  # noqa: PLC0415 - for its words

            Repository(self.root).say_state()


def _told_once(found: list[Finding]) -> list[Finding]:
    """Without what an experiment's check (FCG16) repeats of its environment's source (FCG11)."""
    told = {_cause(finding) for finding in found if finding.rule == "FCG11"}
    return [f for f in found if f.rule != "FCG16" or _cause(f) not in told]


def _cause(finding: Finding) -> tuple[object, ...]:
    return finding.file, finding.line, finding.path, finding.message
