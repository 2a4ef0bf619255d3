"""kubectl, for the few things that a person asks to be done on a cluster."""

from __future__ import annotations

import os
from dataclasses import dataclass

from fcgitops import run
from fcgitops.errors import Problem, ToolError

OURS = ("--server-side", "--field-manager=fcgitops", "--force-conflicts")
"""Server-side, so that diff and apply are the API server's own judgement. What somebody has
changed by hand is taken back: the diff shows it, and is asked about."""


@dataclass(frozen=True)
class Kubectl:
    """The program, and the context of its kubeconfig that it would talk to."""

    program: str
    context: str

    @property
    def _command(self) -> list[str]:
        """With the context spelled out: the current one may change while a question is open."""
        return [self.program, "--context", self.context]

    def has_kind(self, kind: str) -> bool:
        """Whether the cluster knows `kind`, as plural.group.

        Raises:
            ToolError: the cluster does not answer.
        """
        result = run.run([*self._command, "get", "crd", kind, "--output", "name"], timeout=30)
        if result.status and "(NotFound)" not in result.stderr:
            raise ToolError(Problem(f"kubectl, context {self.context}", _said(result)))
        return not result.status

    def value(self, path: str, *arguments: str) -> str:
        """One field of an object that may not be there, as jsonpath; then it is empty.

        Raises:
            ToolError: the cluster does not answer.
        """
        output = f"--output=jsonpath={path}"
        command = [*self._command, "get", "--ignore-not-found", output, *arguments]
        result = run.run(command, timeout=30)
        if result.status:
            raise ToolError(Problem(f"kubectl, context {self.context}", _said(result)))
        return result.stdout.decode(errors="replace")

    def diff(self, *arguments: str) -> str:
        """What applying would change, as a diff; empty for nothing.

        Raises:
            ToolError: the API server refuses it.
        """
        result = run.run([*self._command, "diff", *OURS, *arguments])
        if result.status > 1:
            raise ToolError(Problem(f"kubectl, context {self.context}", _said(result)))
        return result.stdout.decode(errors="replace")

    def apply(self, *arguments: str) -> str:
        """Applies, and says what became of each object.

        Raises:
            ToolError: the API server refuses it; what stood before the refused object is applied.
        """
        result = run.run([*self._command, "apply", *OURS, *arguments])
        if result.status:
            done = result.stdout.decode(errors="replace").strip().replace("\n", ", ")
            before = f" (before that: {done})" if done else ""
            raise ToolError(Problem(f"kubectl, context {self.context}", _said(result) + before))
        return result.stdout.decode(errors="replace")


def find() -> Kubectl:
    """The kubectl on PATH, or $KUBECTL, and its current context.

    Raises:
        ToolError: there is none, or it has no current context.
    """
    program = os.environ.get("KUBECTL") or run.which("kubectl")
    if not program:
        raise ToolError(Problem("kubectl", "is not here", "install it, or set $KUBECTL"))
    result = run.run([program, "config", "current-context"], timeout=30)
    context = result.stdout.decode(errors="replace").strip()
    if result.status or not context:
        hint = "kubectl config use-context NAME"
        raise ToolError(Problem("kubectl", "has no current context", hint))
    return Kubectl(program, context)


def _said(result: run.Result) -> str:
    lines = result.stderr.strip().splitlines() or [f"ended with {result.status}"]
    return "; ".join(line.strip() for line in lines[-6:])
