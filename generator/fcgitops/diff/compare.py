"""Two renderings → effects and differences: the whole comparison of one environment, as a value.

Importing this module registers every rule.
"""

from __future__ import annotations

from collections.abc import Iterable

from fcgitops.diff import (  # noqa: F401 - each registers its rules
    change,
    effects,
    fields,
    rules_annotations,
    rules_argocd,
    rules_configmap,
    rules_crd,
    rules_entry_points,
    rules_environment,
    rules_failures,
    rules_flux,
    rules_flux_rights,
    rules_needs,
    rules_network,
    rules_nni,
    rules_pod,
    rules_projects,
    rules_pruned,
    rules_quotas,
    rules_rights,
    rules_settings,
    rules_start,
    rules_statefulset,
    rules_windows,
)
from fcgitops.diff.environment import BOTH, Environment
from fcgitops.diff.objects import Pair
from fcgitops.diff.outcome import ObjectChange, Outcome
from fcgitops.kubernetes.objects import Object, namespace


def outcome(
    before: Iterable[Object],
    after: Iterable[Object],
    tools: frozenset[str] = BOTH,
    environment: Environment | None = None,
    beside: tuple[Iterable[Object], Iterable[Object]] = ((), ()),
) -> Outcome:
    """Compares two renderings.

    Args:
        before: objects as they were.
        after: objects as they are.
        tools: the sync tools that may apply them: `argocd`, `flux`.
        environment: its own file on both sides, where an environment is compared.
        beside: what Git has on each side for the same cluster, rendered by another part.
    """
    made = change.make(before, after, tools, environment, beside)
    if not made.differing and (environment is None or environment.before == environment.after):
        return Outcome()
    objects = tuple(_object(pair) for pair in made.differing)
    if environment is not None and environment.after is None:
        # What leaves Git with its environment stays on the cluster: nothing there changes.
        made = change.make(made.before.objects, made.before.objects, tools, environment)
    return Outcome(tuple(effects.find(made, rules_annotations.possible)), objects)


def _object(pair: Pair) -> ObjectChange:
    if pair.before is None:
        how = "added"
    elif pair.after is None:
        how = "removed"
    else:
        how = "changed" if pair.how == "same" else pair.how
    return ObjectChange(pair.label, namespace(pair.either), how, tuple(fields.of(pair)))
