"""What `fcgitops verify` says of NNI experiments: their sources, and what they render."""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.core.errors import InputError
from fcgitops.git import program
from fcgitops.manifests import nni_environment
from fcgitops.model import experiment as model
from fcgitops.model.environment import Environment
from fcgitops.repository import experiments
from fcgitops.repository.contents import Repository
from fcgitops.repository.experiments import Planned
from fcgitops.text.tree import read_file
from fcgitops.verify import podsecurity
from fcgitops.verify.checks import Finding, Object


def sources(repository: Repository, name: str) -> tuple[Planned | None, list[Finding]]:
    """FCG16 and FCG12 of an experiment's folder.

    Returns:
        The experiment where it can be read, and what was found.
    """
    place = f"{model.FOLDER}/{name}"
    try:
        planned = experiments.as_it_is(repository, name)
    except InputError as error:
        return None, [Finding("FCG16", place, str(problem)) for problem in error.problems]
    result = experiments.outcome(repository, [planned], program.merge_file)
    stale = {p for p, data in result.files.items() if data != read_file(repository.root, p)}
    return planned, [
        Finding(
            "FCG12", place, f"{path} is not in line with its files", f"make experiment NAME={name}"
        )
        for path in sorted({*stale, *result.conflicts})
    ]


def rendered(name: str, objects: list[Object], environment: Environment) -> Iterator[Finding]:
    """FCG17 of what ENV/nni or experiments/NAME renders.

    Args:
        name: that folder.
        objects: all that it renders.
        environment: whose NNI it is.
    """
    namespace = environment.nni_namespace
    for o in objects:
        if o["kind"] == "Namespace":
            continue
        if (found := o["metadata"].get("namespace")) != namespace:
            message = f"{o['kind']} {o['metadata']['name']} is in {found}, not in {namespace}"
            yield Finding("FCG17", name, message, "namespace: in kustomization.yaml")
    there = {(o["kind"], o["metadata"]["name"]) for o in objects}
    for job in (o for o in objects if o["kind"] == "Job"):
        pod = job.get("spec", {}).get("template", {}).get("spec", {})
        if (account := pod.get("serviceAccountName")) != nni_environment.MANAGER:
            message = f"the manager runs as {account}, which has other rights"
            yield Finding("FCG17", name, message, nni_environment.MANAGER)
        for volume in pod.get("volumes", []):
            wanted = volume.get("configMap", {}).get("name")
            if wanted and ("ConfigMap", wanted) not in there:
                message = f"the Job mounts the ConfigMap {wanted}, which is not rendered"
                yield Finding("FCG17", name, message, "take kustomization.yaml back from Git")


def bounded(name: str, objects: list[Object]) -> Iterator[Finding]:
    """FCG19 of what experiments/NAME renders: kinds, and what their Pods may do.

    Whoever may write an experiment may not bring rights, or a Pod that leaves its bounds.

    Args:
        name: that folder.
        objects: all that it renders.
    """
    for o in objects:
        group = o["apiVersion"].rpartition("/")[0]
        what = f"{o['kind']} {o['metadata']['name']}"
        if (group, o["kind"]) not in model.KINDS:
            kinds = ", ".join(kind for _, kind in model.KINDS)
            yield Finding("FCG19", name, f"renders {what}", f"an experiment may have {kinds}")
        if o["kind"] == "Job":
            spec = o.get("spec")
            template = spec.get("template") if isinstance(spec, dict) else None
            for wrong, hint in podsecurity.baseline(template if isinstance(template, dict) else {}):
                yield Finding("FCG19", name, f"the Pod of {what} {wrong}", hint)
