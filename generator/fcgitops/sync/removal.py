"""What a person types where an environment leaves Git or its sync tool; nothing here does it."""

from __future__ import annotations

from collections.abc import Iterable

from fcgitops.model.environment import Environment
from fcgitops.sync import registry
from fcgitops.sync.tool import Object, SyncTool


def commands(
    environment: Environment, objects: Iterable[Object], nni_objects: Iterable[Object] = ()
) -> list[str]:
    """The lines of a shell, comments among them, that take an environment off its cluster.

    Args:
        environment: the one that was removed.
        objects: what it rendered.
        nni_objects: what it rendered for NNI experiments.
    """
    tool = registry.of(environment)
    lines = [
        f"# This deletes nothing on the cluster {environment.cluster_name}.",
        "# Once this is merged and pushed: what runs there,",
        "kubectl get frameworks.frameworkcontroller.microsoft.com --all-namespaces",
    ]
    if environment.runs_nni:
        namespace = environment.nni_namespace
        lines += [
            "# what takes NNI off it, the rights of managers and trials with it;",
            *tool.nni_removal(environment, list(nni_objects)),
            f"# kubectl delete namespace {namespace}  # with all experiments and their claims",
        ]
    lines.append("# and what takes FrameworkController off it; the CRD and every Framework stay:")
    there = list(objects)
    if not there:
        lines.append("# (what it rendered could not be listed: these lines are not all)")
    return [
        *lines,
        *tool.removal(environment, there),
        *(
            f"# kubectl delete namespace {o['metadata']['name']}  # once nothing else is in it"
            for o in there
            if o["kind"] == "Namespace"
        ),
    ]


def experiment_commands(name: str, environment: Environment | None) -> list[str]:
    """The same for an experiment.

    Args:
        name: the experiment's.
        environment: the one it was in, where that can be told.
    """
    if environment is None:
        return [f"# (where the experiment {name!r} ran cannot be told from its files)"]
    return [
        f"# This deletes nothing on the cluster {environment.cluster_name}.",
        "# Once this is merged and pushed: what takes the experiment off it; what it has found",
        "# stays on the share:",
        *registry.of(environment).experiment_removal(name, environment),
    ]


def handover(environment: Environment, before: SyncTool) -> str:
    """What is said where another tool is to sync an environment: the first does not let go.

    Args:
        environment: as it will be.
        before: the tool that it was generated for last.
    """
    place, *lines = before.handover(environment)
    return "\n".join(
        [
            f"{environment.name}: from this change on {environment.tool.label} syncs it. If "
            f"{before.traits.label} has done so, it goes on, until it is told to let go; what is "
            f"there stays. Once this is pushed, {place}:",
            *lines,
        ]
    )
