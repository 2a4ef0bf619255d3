"""What a person types where an environment leaves Git, its tool or its cluster; pure.

Nothing here does it: on a cluster a person deletes.
"""

from __future__ import annotations

from collections.abc import Sequence

from fcgitops.core import shell
from fcgitops.model.environment import Environment
from fcgitops.model.framework import CRD
from fcgitops.sync import deletion, registry, runbook
from fcgitops.sync.runbook import Step
from fcgitops.sync.tool import Held, SyncTool


def commands(held: Sequence[Held]) -> list[str]:
    """The lines of a shell, comments among them, that take an environment off its cluster.

    Args:
        held: what was there for it: NNI, if it was enabled, and last the environment itself.
    """
    environment = held[-1].environment
    return [
        shell.comment(f"This deletes nothing on the cluster {environment.cluster_name}."),
        shell.comment("Once this is merged and pushed: what runs there,"),
        shell.line("kubectl", "get", CRD, "--all-namespaces"),
        *(line for item in held for line in _removal(item)),
        *_seen(registry.of(environment), held),
    ]


def experiment_commands(name: str, environment: Environment | None) -> list[str]:
    """The lines of a shell that take an experiment off its cluster.

    Args:
        name: the experiment's.
        environment: the one it was in, where that can be told.
    """
    if environment is None:
        where = f"where the experiment {shell.quote(name)} ran cannot be told from its files"
        return [shell.comment(where)]
    held = Held(environment, experiment=name)
    return [
        shell.comment(f"This deletes nothing on the cluster {environment.cluster_name}."),
        shell.comment("What it has found stays on the share."),
        shell.comment("Once this is merged and pushed: what takes the experiment off it"),
        *_removal(held),
        *_seen(registry.of(environment), [held]),
    ]


def handover(environment: Environment, before: SyncTool, held: Sequence[Held]) -> list[str]:
    """What is said where another tool is to sync an environment: the first does not let go.

    Args:
        environment: as it will be.
        before: the tool that it was generated for last.
        held: what that tool has on the cluster.
    """
    after, cluster = environment.tool, f"on the cluster {deletion.cluster(environment)}"
    there = f"where {before.traits.label} runs" if before.traits.central else cluster
    here = f"where {after.label} runs" if after.central else cluster
    steps = [
        Step("Push the commit: a tool that is released before may come back.", ()),
        Step(
            f"{there[0].upper()}{there[1:]}: it lets go, and nothing is deleted.",
            tuple(line for item in held for line in before.release(item)),
        ),
        Step(
            f"Go on once {before.traits.label} has let go: then this prints nothing.",
            (before.sight(held),),
        ),
        Step(
            f"Point {after.label} at it, {here}.",
            (shell.line("fcgitops", "bootstrap", environment.name),),
        ),
        Step(
            f"{cluster[0].upper()}{cluster[1:]}: see that it runs.",
            (runbook.rolled_out(environment.namespace, "frameworkcontroller"),),
        ),
    ]
    return [
        f"{environment.name}: from this change on {after.label} syncs it. If "
        f"{before.traits.label} has done so, it goes on, until it is told to let go; what is there "
        "stays. Step by step:",
        *runbook.as_text(steps),
    ]


def cluster_left(environment: Environment, before: SyncTool, held: Sequence[Held]) -> list[str]:
    """What is said where an environment moves to another cluster: on the first all goes on.

    Args:
        environment: as it will be.
        before: the tool that it was generated for last.
        held: what was there on the cluster that it leaves.
    """
    old = deletion.cluster(held[-1].environment)
    released = before.traits.central and before.traits != environment.tool
    label = before.traits.label
    moves = [] if released else [line for item in held for line in before.move(item)]
    if moves:
        moves.insert(0, shell.comment(f"where {label} runs, until it has left that cluster:"))
    return [
        f"{environment.name}: with this change its cluster is {deletion.cluster(environment)}. If "
        f"that is another one than {old}, FrameworkController and what it runs go on there, and "
        + ("nothing syncs them. " if before.traits.central else "so does the sync. ")
        + "Once this is pushed, what takes them off:",
        *(line for item in held if released for line in _apart(before, item)),
        *moves,
        shell.comment(f"on the cluster {old}:"),
        *(line for item in held for line in before.deletion(item)),
        *(_seen(before, held) if released or not before.traits.central else ()),
    ]


def _removal(held: Held) -> list[str]:
    """What takes one thing off a cluster, below a comment; its namespace is a comment too."""
    tool, environment = registry.of(held.environment), held.environment
    lines: list[str] = []
    last: list[str] = []
    if held.nni:
        lines = [shell.comment("what takes NNI off it, the rights of managers and trials with it:")]
        note = "with all experiments and their claims:"
        last = _namespace(environment.nni_namespace, note)
    elif not held.experiment:
        what = "and what takes FrameworkController off it. The CRD and every Framework stay:"
        lines = [shell.comment(what)]
        if not held.objects:
            what = "What it rendered could not be listed: these lines are not all."
            lines.append(shell.comment(what))
        last = [
            line
            for o in held.objects
            if o["kind"] == "Namespace"
            for line in _namespace(str(o["metadata"]["name"]), "once nothing else is in it:")
        ]
    if tool.traits.central:
        lines += _apart(tool, held)
        lines.append(shell.comment("Names are the same on every cluster."))
        lines.append(shell.comment(f"on the cluster {deletion.cluster(environment)}:"))
    return [*lines, *tool.deletion(held), *last]


def _apart(tool: SyncTool, held: Held) -> list[str]:
    where = f"where {tool.traits.label} runs. It lets go, and on the cluster nothing is deleted:"
    return [shell.comment(where), *tool.release(held)]


def _namespace(name: str, note: str) -> list[str]:
    typed = shell.line("kubectl", "delete", *shell.named("namespace", name))
    return [shell.comment(note), shell.comment(typed)]


def _seen(tool: SyncTool, held: Sequence[Held]) -> list[str]:
    where = f"where {tool.traits.label} runs, " if tool.traits.central else ""
    note = f"{where}once {tool.traits.label} has let go this prints nothing:"
    return [shell.comment(note), tool.sight(held)]
