"""What was read, and what is rendered instead → what differs, what that does, what is missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from fcgitops.adopt.keys import Keys
from fcgitops.adopt.parts import Part, dotted, parts
from fcgitops.adopt.reading import Item
from fcgitops.adopt.recognition import Found
from fcgitops.adopt.renaming import Renaming
from fcgitops.adopt.sorting import STAYS, LeftOut
from fcgitops.core import shell
from fcgitops.diff import compare
from fcgitops.diff.effects import Effect, Severity
from fcgitops.diff.objects import bare_name
from fcgitops.diff.outcome import Outcome
from fcgitops.diff.settings import FILE
from fcgitops.kubernetes.objects import Object, mapping, name, namespace
from fcgitops.manifests.overlay import CONFIG_MAP

Sides = tuple[Sequence[Object], Sequence[Object]]

_OF_THE_TOOLS_OWN = ("C25", "N01")
"""Rules of what a sync tool does with what it has applied before: nothing of this."""
_NEEDS_THE_SAME = {"R11": "ClusterRoleBinding", "S03": "ConfigMap"}
"""Rules of an object that is changed, and not of one that is made anew under another name."""
_OF_WHAT_RUNS = ("C22",)
"""Rules whose command asks about the Pod that runs now: it does where that was found."""


def compared(
    found: Found, made: Sequence[Part], beside: Sides, renaming: Renaming, tool: str
) -> Outcome:
    """What differs between the input and what is rendered, and what that does.

    Args:
        found: FrameworkController among the objects of the input.
        made: what takes the place of each.
        beside: what else there was, and all that is rendered.
        renaming: to the names that the environment has.
        tool: what syncs it.
    """
    more, rendered = beside
    tools = frozenset({tool})
    as_it_is = [renaming.before(part) for part in made] + list(more)
    alike = [renaming.before(part, container=True) for part in made] + list(more)
    stays = _former_role(found, rendered)
    outcome = compare.outcome([*as_it_is, *stays], [*rendered, *stays], tools)
    anew = {part.kind for part in made if name(part.item.object) != name(part.rendered)}
    effects = [
        _where_it_runs(effect, found, rendered) if effect.id in _OF_WHAT_RUNS else effect
        for effect in outcome.effects
        if effect.id not in _OF_THE_TOOLS_OWN
        and _NEEDS_THE_SAME.get(effect.id) not in anew
        and (found.binding is not None or effect.severity != Severity.RIGHTS)
    ]
    return Outcome(tuple(effects), compare.outcome(alike, rendered, tools).objects)


def _where_it_runs(effect: Effect, found: Found, rendered: Sequence[Object]) -> Effect:
    """An effect whose command names the namespace that the Pod is in until the move."""
    new = next(namespace(o) for o in rendered if o["kind"] == "StatefulSet")
    there, here = (f"-n {shell.quote(place)}" for place in (new, found.place))
    do, count = (text.replace(there, here) for text in (effect.do, effect.count))
    return dataclasses.replace(effect, do=do, count=count)


def _without_hash(rendered: Sequence[Object]) -> list[Object]:
    """Objects that call the ConfigMap of the file as patches do: kustomize adds the hash."""
    own = {name(o) for o in rendered if o["kind"] == "ConfigMap" and bare_name(o) == CONFIG_MAP}

    def renamed(value: Any) -> Any:  # noqa: ANN401 - any value of YAML
        if isinstance(value, dict):
            return {key: renamed(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [renamed(inner) for inner in value]
        return CONFIG_MAP if isinstance(value, str) and value in own else value

    return [renamed(o) for o in rendered]


def _former_role(found: Found, rendered: Sequence[Object]) -> list[Object]:
    """The role that its binding names until it is made anew, where another one takes its place."""
    there = {(o["kind"], name(o)) for o in rendered}
    role = found.role
    return [role.object] if role and (role.kind, name(role.object)) not in there else []


def unsaid(  # noqa: PLR0913, PLR0917 - what was read, and what came of it
    found: Found,
    made: Sequence[Part],
    pairs: Sequence[Item],
    keys: Keys,
    rendered: Sequence[Object],
    profile: str,
) -> list[LeftOut]:
    """What the environment does not have of what was found, and why."""
    hidden = {(part.item.label, path) for part in made for path in part.hidden}
    why = "may be a secret, which does not belong to Git, or nothing that kustomize can write"
    left_out = [LeftOut(f"{label}: {path}", why) for label, path in sorted(hidden)]
    for part in parts(found, pairs, keys, _without_hash(rendered), profile):
        for operation in part.patch:
            path = dotted(operation.path)
            if not any(path.startswith(known) for _, known in hidden):
                what = f"{part.item.label}: {path}"
                left_out.append(LeftOut(what, "is not what it was, whatever is patched"))
    data = mapping(found.config_map.object.get("data")) if found.config_map else {}
    if found.key != FILE and FILE in data and found.config_map:
        what = f"{found.config_map.label}: data.{FILE}"
        why = f"is not what it starts with, which is {found.key}, and gets this name"
        left_out.append(LeftOut(what, why))
    if found.home and not any(part.item is found.home for part in made):
        left_out.append(LeftOut(found.home.label, STAYS))
    return left_out
