"""Rules on environments that come, go, or change their cluster or tool."""

from __future__ import annotations

from fcgitops.core import shell
from fcgitops.diff.change import Change
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.environment import Environment
from fcgitops.model import layout
from fcgitops.model.synctools import Traits


@rule("E01", "an environment is new", Severity.NONE, "X G", of_objects=False)
def environment_new(change: Change) -> Says:
    """Argo CD makes an Application; Flux waits for make bootstrap."""
    env = change.environment
    if env and env.before is None and env.after and not env.renamed_from:
        if finds := env.after.tool and env.after.tool.habits.finds:
            yield Said(env.label, f"{finds}.")
        else:
            says = "Nothing is deployed until `make bootstrap` was run there."
            yield Said(env.label, says, shell.line("make", "bootstrap", f"ENV={env.name}"))


@rule("E02", "an environment is gone", Severity.MANUAL, "X G", of_objects=False)
def environment_gone(change: Change) -> Says:
    """Nothing is deleted: it runs on, and is no longer healed."""
    env = change.environment
    if env and env.before and env.after is None:
        error = env.before.tool.habits.misses if env.before.tool else ""
        yield Said(
            env.label,
            "Nothing is deleted on its cluster: FrameworkController runs on, and is no longer "
            f"healed{f' ({error})' if error else ''}.",
            "what `fcgitops remove` prints takes it off the cluster",
        )


@rule("E03", "an environment's folder is renamed", Severity.FAILS, "G", of_objects=False)
def environment_renamed(change: Change) -> Says:
    """The new Application shares its objects with the old one."""
    env = change.environment
    if env and env.renamed_from and env.after and env.after.tool and env.after.tool.central:
        yield Said(
            env.label,
            f"It is {env.renamed_from} under another name: the new Application fails (`Shared "
            "resource found`), the old one's path is gone, which Argo CD may see at a hard refresh "
            "only, and FrameworkController goes on.",
            f'{layout.DOCS}/sync.md, "rename it"',
        )


@rule("E04", "the cluster differs, with Argo CD", Severity.MANUAL, "G", of_objects=False)
def other_cluster(change: Change) -> Says:
    """On the old cluster everything goes on, and nobody syncs it."""
    env = change.environment
    tool = _tool_of_both(env)
    if env and tool and tool.central:
        old, new = _clusters(change)
        if old != new:
            yield Said(
                env.label,
                f"The same Application deploys to {new}. On {old} everything goes on running, and "
                "nobody syncs it.",
                f"delete by hand what is on {old}",
            )


def _tool_of_both(env: Environment | None) -> Traits | None:
    """The tool that syncs it before and after; None for two, and for one that is not known."""
    if env and env.before and env.after and env.before.sync == env.after.sync:
        return env.after.tool
    return None


def _clusters(change: Change) -> tuple[str, str]:
    """The cluster before and after, by its server or else its name."""
    env = change.environment
    if env is None or env.before is None or env.after is None:
        return "", ""
    old, new = env.before, env.after
    if old.server != new.server and (old.server or new.server):
        return old.server or old.cluster, new.server or new.cluster
    if old.server and old.server == new.server:
        return "", ""
    return old.cluster, new.cluster


@rule("E04f", "the cluster differs, with Flux", Severity.MANUAL, "S", of_objects=False)
def other_cluster_of_flux(change: Change) -> Says:
    """Flux of the old cluster goes on."""
    env = change.environment
    tool = _tool_of_both(env)
    if env and tool and not tool.central:
        old, new = _clusters(change)
        if old != new:
            yield Said(
                env.label,
                f"Nothing changes by itself: {tool.label} on {old} goes on, and {new} needs `make "
                "bootstrap`.",
                f"on {new}: {shell.line('make', 'bootstrap', f'ENV={env.name}')}",
            )


@rule("E05", "another tool syncs it", Severity.MANUAL, "X G", of_objects=False)
def other_tool(change: Change) -> Says:
    """The first tool does not let go."""
    env = change.environment
    if env and env.before and env.after and env.before.sync != env.after.sync:
        yield Said(
            env.label,
            f"{env.before.sync} does not let go by itself: it and {env.after.sync} both apply the "
            "same.",
            "what `fcgitops overlay` prints",
        )


@rule("E06", "two environments are on one cluster", Severity.OUTAGE, "G S", of_objects=False)
def two_on_one(change: Change) -> Says:
    """The second Application is refused; a later bootstrap of Flux takes the first one's place."""
    env = change.environment
    if env and env.after and env.rivals and not env.renamed_from:
        refused = env.after.tool.habits.refuses_second if env.after.tool else ""
        what = refused or "the later bootstrap takes the place of the first"
        yield Said(
            env.label,
            f"{', '.join(env.rivals)} is on the cluster {env.after.cluster} already: {what}.",
            "a cluster for each",
            severity=Severity.FAILS if refused else None,
        )
