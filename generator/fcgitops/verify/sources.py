"""What must be true of an environment's source, and of what was generated from it."""

from __future__ import annotations

import os
import re

from fcgitops.core import shell
from fcgitops.core.errors import InputError
from fcgitops.core.findings import HAZARD, REJECT
from fcgitops.model import layout
from fcgitops.repository import configurations, outcome, rivals
from fcgitops.verify.in_line import out_of_line
from fcgitops.verify.registry import Fault, Faults, fault
from fcgitops.verify.subjects import ENVIRONMENT, REPOSITORY, SOURCE, Known, Source, Whole


@REPOSITORY.check("FCG11", REJECT)
def sources_are_there(whole: Whole) -> Faults:
    """No two environments are on one cluster, and no environment.yaml is gone."""
    for name in whole.repository.headless_names():
        path = layout.source_path(name)
        yield Fault(
            f"{path} is missing, or no plain file",
            whole.repository.way_back(path),
            file=path,
            overlay=name,
        )
    for name in layout.VARIANTS:  # no environment is read there, but Argo CD would read it
        path = layout.source_path(name)
        if os.path.exists(whole.repository.root / path):  # noqa: PTH110 - as far as it can be told
            message, hint = f"{path}: {name!r} is reserved", "another name, such as dev or prod"
            yield Fault(message, hint, file=path, overlay=name)
    for problem in rivals.others_on_the_clusters_of(whole.repository, whole.environments):
        yield fault(problem, overlay=_overlay(problem.where))


def _overlay(where: str) -> str:
    """The environment that a problem's place, overlays/NAME/…, speaks of."""
    return where.split("/")[1] if where.startswith(f"{layout.OVERLAYS}/") else ""


@SOURCE.check("FCG11", REJECT)
def source_is_valid(source: Source) -> Faults:
    """environment.yaml is valid."""
    for problem in source.problems:
        yield _without_secret(fault(problem))


def _without_secret(found: Fault) -> Fault:
    """A fault without the value of an annotation or a label that may be one, as `diff` hides it."""
    if found.path.partition(".")[0] not in ("annotations", "labels"):
        return found
    from fcgitops.diff import secrecy  # noqa: PLC0415 - where something is wrong, alone

    said = f"{found.path}: {found.message}"
    # Of a list or a mapping nobody can tell which part is one.
    if re.search(r"[\[{]", found.message) and secrecy.is_doubtful(said):
        return found._replace(message="has a value of another form, which is not shown", hint="")
    hidden = secrecy.redact(said)
    if hidden == said:
        return found
    return found._replace(message=hidden.removeprefix(f"{found.path}: "), hint="")


@ENVIRONMENT.check("FCG11", REJECT)
def source_can_be_used(known: Known) -> Faults:
    """What environment.yaml would generate, FrameworkController takes.

    Of a file that is generated already FCG05 says it.
    """
    try:
        judged = configurations.of_source(known.repository, known.planned)
    except InputError as error:
        for problem in error.problems:
            yield fault(problem)
        return
    if judged:
        for found in judged.findings:
            yield Fault(
                found.message, found.hint, file=judged.name, line=found.line, path=found.path,
                severity=found.severity,
            )  # fmt: skip


def _unusable(known: Known) -> bool:
    """Whether FCG11 says that nothing can be generated from it."""
    return any(True for _ in source_can_be_used(known))


@ENVIRONMENT.check("FCG12", HAZARD)
def in_line(known: Known) -> Faults:
    """The generated files are in line with environment.yaml and fcgitops.yaml."""
    name = known.environment.name
    try:
        merged = outcome.of_environments(known.repository, [known.planned])
    except InputError as error:
        told = _unusable(known)
        for problem in error.problems if not told else ():
            yield fault(problem)
        return
    root, hint = known.repository.root, shell.line("make", "overlay", f"ENV={name}")
    yield from out_of_line(merged, root, f"{layout.SOURCE_FILE} and {layout.ANSWERS}", hint)


@ENVIRONMENT.check("FCG13", HAZARD)
def spelled_out(known: Known) -> Faults:
    """With `sync: argocd`, environment.yaml spells out variant, cluster, namespace and sync.

    A tool that reads environment.yaml itself knows none of our defaults. Without `sync` Argo CD
    leaves the environment out; without another of these its ApplicationSet stops generating.
    """
    env = known.environment
    if not env.tool.central:
        return
    path = layout.source_path(env.name)
    document = known.planned.document.value
    for key, value in (
        ("variant", env.variant),
        ("cluster", f"{{name: {env.cluster_name}}}"),
        ("namespace", env.namespace),
        ("sync", env.sync),
    ):
        if not document.get(key):
            message = f"does not spell out {key}, which {env.tool.label} reads there"
            yield Fault(f"{layout.SOURCE_FILE} {message}", f"{key}: {value}", file=path)


@ENVIRONMENT.check("FCG15", HAZARD)
def in_sight(known: Known) -> Faults:
    """What `overlays/ENV/` leads to, `local/` included, is where the sync tools look.

    That is the folder itself, its variant, `base/` and `components/`: Flux fetches no other folder,
    and Argo CD takes no notice of a change in one.
    """
    env = known.environment
    own = layout.overlay(env.name)
    allowed = (*layout.SHARED, layout.overlay(env.variant), own)
    for file, text in known.references.leading_out(own, allowed):
        yield Fault(
            f"{file} leads to {text}, where the sync tools do not look",
            f"keep what environments share below {layout.SHARED[-1]}/",
            file=file,
        )
