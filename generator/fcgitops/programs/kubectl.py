"""kubectl, for the few things that a person asks to be done on a cluster."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcgitops.core.errors import Problem, ToolError
from fcgitops.programs import process

FIELD_MANAGER = "fcgitops"
INSTALL = "install it, or set $KUBECTL"


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
    preferences: bool = True
    """Whether the user's kuberc holds: its defaults may be those of a person at a terminal, such as
    `delete --interactive`, which without one deletes nothing and exits 0."""

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
        env = {k: v for k, v in os.environ.items() if k != "KUBECTL_EXTERNAL_DIFF"}
        if not self.preferences:
            env["KUBERC"] = "off"
        return process.run(command, env=env, data=data, timeout=timeout, watch=self.watch)

    def output(self, *arguments: str | Path, data: bytes = b"", timeout: float = 120) -> str:
        """What kubectl prints. Arguments as those of `run`.

        Raises:
            ToolError: it fails.
        """
        result = self.run(*arguments, data=data, timeout=timeout)
        if result.status:
            raise ToolError(Problem(self._place, process.said(result)))
        return result.stdout.decode(errors="replace")

    @property
    def _ours(self) -> tuple[str, ...]:
        """Server-side, so that diff and apply are the API server's own judgement.

        What somebody has changed by hand is taken back: the diff shows it, and is asked about.
        """
        return ("--server-side", f"--field-manager={self.manager}", "--force-conflicts")

    @property
    def _place(self) -> str:
        return f"kubectl, context {self.context}"

    def get(self, *arguments: str) -> Any:  # noqa: ANN401 - an object of any kind
        """`kubectl get` as a value: an object, a list of them, or None for one that is not there.

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
            raise ToolError(Problem(self._place, process.said(result)))
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
            raise ToolError(Problem(self._place, process.said(result)))
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
            raise ToolError(Problem(self._place, process.said(result) + before))
        return result.stdout.decode(errors="replace")


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
    result = process.run([found, "config", "current-context"], timeout=30)
    context = result.stdout.decode(errors="replace").strip()
    if result.status or not context:
        hint = "kubectl config use-context NAME"
        raise ToolError(Problem("kubectl", "has no current context", hint))
    return Kubectl(found, context)
