"""kubectl, for the few things that a person asks to be done on a cluster."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcgitops.core import terminal
from fcgitops.core.errors import Problem, ToolError
from fcgitops.core.lazy import regex
from fcgitops.programs import process
from fcgitops.text.words import count

FIELD_MANAGER = "fcgitops"
INSTALL = "install it, or set $KUBECTL"
WAITS = (2, 4, 8, 16)
"""Seconds before a question that nothing answered is asked again: an API server that restarts is
back by then."""
_PATIENCE = 60
"""Seconds after which nothing is asked again: kubectl itself tries five times before it ends."""
_ANSWER_WITHIN = "--request-timeout=15s"
"""How long one request may take where it is asked again."""
_ON_THE_WAY = regex(
    r"was refused - did you specify|connection refused|connection reset|connection timed out"
    r"|broken pipe|i/o timeout|handshake timeout|Client\.Timeout|context deadline exceeded"
    r"|no route to host|network is unreachable|server misbehaving|client connection lost"
    r"|server closed idle connection|GOAWAY|\bEOF$"
    r"|server is currently unable to handle|server has received too many requests"
)
"""What kubectl says where the network fails, of which it is known that the next try may not."""
_OF_ITSELF = regex(
    r"Error from server( \((Timeout|ServerTimeout|ServiceUnavailable|TooManyRequests)\)"
    r"|: (etcdserver: |apiserver ))"
)
"""What an API server says that is starting, ending or has too much to do."""
_LOGGED = regex(r"[IWEF]\d{4} \d\d:\d\d")
"""How a line of kubectl's log begins; the same reason stands in it several times."""


@dataclass(frozen=True)
class Kubectl:
    """The program, and the context of a kubeconfig that it would talk to."""

    program: str
    context: str
    flags: tuple[str, ...] = ()
    """Such as `--kubeconfig=FILE`; without it, kubectl's own choice."""
    manager: str = FIELD_MANAGER
    """Whose the applied fields are."""
    watch: Callable[[], None] | None = None
    """What may end a call, as in `run.run`."""
    waits: tuple[float, ...] = ()
    """Seconds before each further try of a call that nothing has answered; for what only reads."""

    def run(
        self, *arguments: str | Path, data: bytes = b"", timeout: float = 120
    ) -> process.Result:
        """Runs kubectl. The context is spelled out: it may change while a question is open.

        Args:
            arguments: those of kubectl.
            data: its standard input.
            timeout: in seconds.

        Raises:
            ToolError: it cannot be started, or ran too long.
        """
        command = [self.program, *self.flags, "--context", self.context, *arguments]
        command += [_ANSWER_WITHIN] if self.waits else []

        def ask() -> process.Result:
            return process.run(command, env=_alone(), data=data, timeout=timeout, watch=self.watch)

        if not self.waits:
            return ask()
        start, tries = time.monotonic(), 1
        result = ask()
        for wait in self.waits:
            if not is_unanswered(result) or time.monotonic() - start > _PATIENCE:
                break
            terminal.note(f"{self.place}: {said(result)}; asked again in {wait:g} s")
            time.sleep(wait)
            result, tries = ask(), tries + 1
        if not is_unanswered(result):
            return result
        asked = f"asked {count(tries, 'time')} in {time.monotonic() - start:.0f} s"
        return result._replace(stderr=f"{result.stderr.rstrip()}\n{asked}")

    def output(self, *arguments: str | Path, data: bytes = b"", timeout: float = 120) -> str:
        """What kubectl prints. Arguments as those of `run`.

        Raises:
            ToolError: it fails.
        """
        result = self.run(*arguments, data=data, timeout=timeout)
        if result.status:
            raise ToolError(Problem(self.place, said(result)))
        return result.stdout.decode(errors="replace")

    @property
    def _ours(self) -> tuple[str, ...]:
        """Server-side, so that diff and apply are the API server's own judgement.

        What somebody has changed by hand is taken back: the diff shows it, and is asked about.
        """
        return ("--server-side", f"--field-manager={self.manager}", "--force-conflicts")

    @property
    def place(self) -> str:
        """Where a problem is, as it is printed."""
        return f"kubectl, context {self.context}"

    def get(self, *arguments: str) -> Any:  # noqa: ANN401 - an object of any kind
        """`kubectl get` as a value: an object, a list of them, or None for one that is not there.

        A name from a file is given as KIND/NAME: alone it might be an option, such as --kubeconfig.

        Raises:
            ToolError: the cluster does not answer.
        """
        text = self.output("get", *arguments, "--ignore-not-found", "--output", "json")
        found = json.loads(text) if text.strip() else None
        return found["items"] if found and found["kind"] == "List" else found

    def has_kind(self, kind: str) -> bool:
        """Whether the cluster knows `kind`, as plural.group.

        Raises:
            ToolError: the cluster does not answer.
        """
        result = self.run("get", "crd", kind, "--output", "name", timeout=30)
        if result.status and "(NotFound)" not in result.stderr:
            raise ToolError(Problem(self.place, said(result)))
        return not result.status

    def value(self, path: str, *arguments: str) -> str:
        """One field of an object that may not be there, as jsonpath; then it is empty.

        Raises:
            ToolError: the cluster does not answer.
        """
        return self.output("get", "--ignore-not-found", f"--output=jsonpath={path}", *arguments)

    def server(self) -> str:
        """The address of the API server that the context leads to.

        Raises:
            ToolError: the kubeconfig is none.
        """
        path = "--output=jsonpath={.clusters[0].cluster.server}"
        return self.output("config", "view", "--minify", path).strip()

    def diff(self, data: bytes, *arguments: str) -> str:
        """What applying `data` would change, as a diff; empty for nothing.

        By `diff` itself: what the user has named for reading ($KUBECTL_EXTERNAL_DIFF) may show it
        elsewhere, in colours or in part, and a window that is closed is no "nothing".

        Raises:
            ToolError: the API server refuses it.
        """
        result = self.run("diff", *self._ours, *arguments, "--filename", "-", data=data)
        if result.status > 1 or (result.status and not result.stdout):
            raise ToolError(Problem(self.place, said(result)))
        return result.stdout.decode(errors="replace")

    def apply(self, data: bytes, *arguments: str) -> str:
        """Applies, and says what became of each object.

        Raises:
            ToolError: the API server refuses it; what stood before the refused object is applied.
        """
        result = self.run("apply", *self._ours, *arguments, "--filename", "-", data=data)
        if result.status:
            done = result.stdout.decode(errors="replace").strip().replace("\n", ", ")
            before = f" (before that: {done})" if done else ""
            raise ToolError(Problem(self.place, said(result) + before))
        return result.stdout.decode(errors="replace")

    def dry_run(self, file: Path, *arguments: str) -> process.Result:
        """What the API server says to applying a file; nothing is written.

        Args:
            file: with the objects.
            arguments: more of kubectl's.

        Raises:
            ToolError: kubectl cannot be started, or ran too long.
        """
        return self.run(
            "apply", *self._ours, "--dry-run=server", *arguments, "--filename", str(file)
        )


def is_unanswered(result: process.Result) -> bool:
    """Whether a call has failed since nothing answered it: the next one may be.

    What the API server says of an object is an answer, whatever it has asked for that.
    """
    rows = result.stderr.splitlines() if result.status else []
    server = [row for row in rows if row.startswith("Error from server")]
    found = [_OF_ITSELF.match(row) for row in server] or [_ON_THE_WAY.search(r) for r in rows]
    return any(found)


def said(result: process.Result) -> str:
    """What kubectl said at its end, without the lines of its log where there is more."""
    rows = result.stderr.splitlines()
    plain = [row for row in rows if not _LOGGED.match(row)]
    return process.said(result._replace(stderr="\n".join(plain or rows)))


def _alone() -> dict[str, str]:
    """Our environment, without what a person at a terminal has kubectl do by default.

    A kuberc may make `apply` a dry run, have `diff` and `get` see what has a label alone, and
    `delete` ask, which without a terminal deletes nothing and exits 0.
    """
    kept = {k: v for k, v in os.environ.items() if k != "KUBECTL_EXTERNAL_DIFF"}
    return kept | {"KUBERC": "off"}


def program() -> str | None:
    """$KUBECTL, or the kubectl on PATH; None where there is none."""
    return os.environ.get("KUBECTL") or process.which("kubectl")


def of_context(context: str) -> Kubectl:
    """The kubectl that is here, with a context of the user's choice.

    Raises:
        ToolError: there is none.
    """
    found = program()
    if not found:
        raise ToolError(Problem("kubectl", "is not here", INSTALL))
    return Kubectl(found, context)


def find() -> Kubectl:
    """The kubectl that is here, and its current context.

    Raises:
        ToolError: there is none, or it has no current context.
    """
    found = program()
    if not found:
        raise ToolError(Problem("kubectl", "is not here", INSTALL))
    result = process.run([found, "config", "current-context"], env=_alone(), timeout=30)
    context = result.stdout.decode(errors="replace").strip()
    if result.status or not context:
        hint = "kubectl config use-context NAME"
        raise ToolError(Problem("kubectl", "has no current context", hint))
    return Kubectl(found, context)
