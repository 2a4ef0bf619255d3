"""One change of one environment, and what the rules ask of it, worked out once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fcgitops.diff import hooks, immutable, objects, validity
from fcgitops.diff.environment import BOTH, Environment
from fcgitops.diff.objects import Pair, label
from fcgitops.diff.rendering import Controller, Side
from fcgitops.diff.settings import FILE, Settings
from fcgitops.diff.stored import stored
from fcgitops.kubernetes.field import Fault
from fcgitops.kubernetes.objects import (
    Fields,
    Object,
    mapping,
)
from fcgitops.model.synctools import KNOWN, Traits

CRD_KIND = "CustomResourceDefinition"


@dataclass(frozen=True)
class Change:
    """Two renderings of one environment, or of anything.

    Attributes:
        before: what Git had.
        after: what it has now.
        tools: which sync tools may apply it.
        environment: its own file on both sides; None where no environment is compared.
    """

    before: Side
    after: Side
    tools: frozenset[str] = BOTH
    environment: Environment | None = None

    @cached_property
    def appliers(self) -> list[Traits]:
        """Of the tools that may apply it, those that are known."""
        return [traits for name, traits in KNOWN.items() if name in self.tools]

    def stays_there(self, gone: Object) -> bool:
        """Whether nothing prunes an object that leaves Git: no tool can, or each keeps it."""
        is_crd = gone["kind"] == CRD_KIND
        able = [tool for tool in self.appliers if tool.habits.prunes_crds or not is_crd]
        return all(hooks.keeps(tool, gone) for tool in able)

    @cached_property
    def pairs(self) -> list[Pair]:
        """The objects of both sides, matched."""
        return objects.match(self.before.objects, self.after.objects)

    @cached_property
    def differing(self) -> list[Pair]:
        """The pairs whose values differ, what is new and what is gone."""
        return [pair for pair in self.pairs if pair.before != pair.after]

    def of_kind(self, *kinds: str) -> list[Pair]:
        """The differing pairs of some kinds."""
        return [pair for pair in self.differing if pair.kind in kinds]

    @cached_property
    def controllers(self) -> tuple[Controller | None, Controller | None]:
        """FrameworkController before and after."""
        return self.before.controller, self.after.controller

    @cached_property
    def pair(self) -> Pair | None:
        """FrameworkController's StatefulSet on both sides; None where it is on one or none."""
        for pair in self.pairs:
            if pair.before and pair.after and objects.runs_frameworkcontroller(pair.after):
                return pair
        return None

    @cached_property
    def both(self) -> tuple[Controller, Controller] | None:
        """FrameworkController before and after, where it is on both sides."""
        before, after = self.controllers
        return (before, after) if before and after else None

    def newly(self, is_so: Callable[[Controller], bool]) -> Iterator[Controller]:
        """FrameworkController as it is now, where that is so of it and was not before."""
        before, after = self.controllers
        if after is not None and is_so(after) and not (before is not None and is_so(before)):
            yield after

    @property
    def moved(self) -> bool:
        """Whether FrameworkController goes to another namespace: everything is made anew there."""
        return self.both is not None and self.both[0].namespace != self.both[1].namespace

    @property
    def renamed(self) -> bool:
        """Whether FrameworkController's StatefulSet has another name, in the same namespace."""
        return self.both is not None and not self.moved and self.both[0].name != self.both[1].name

    @cached_property
    def refusals(self) -> dict[str, list[Fault]]:
        """Kind/name → why the API server refuses the object now, and did not before."""
        return {pair.label: reasons for pair in self.differing if (reasons := validity.newly(pair))}

    @cached_property
    def immutable(self) -> tuple[str, ...]:
        """Fields of FrameworkController's StatefulSet that differ and may not."""
        if self.both is None or self.moved or self.renamed:
            return ()
        return immutable.of_stateful_set(self.both[0].stored, self.both[1].stored)

    @property
    def on_delete_refused(self) -> bool:
        """Whether the update strategy becomes OnDelete, which server-side apply cannot do."""
        if self.both is None or self.moved or self.renamed:
            return False
        kinds = [mapping(c.spec.get("updateStrategy")).get("type") for c in self.both]
        return kinds[0] != "OnDelete" and kinds[1] == "OnDelete"

    @property
    def invalid(self) -> bool:
        """Whether the StatefulSet as it is now is refused, whatever it was before."""
        after = self.after.controller
        return after is not None and after.label in self.refusals

    @property
    def stays(self) -> bool:
        """Whether the API server keeps the StatefulSet that it has."""
        return bool(self.immutable) or self.on_delete_refused or self.invalid

    @property
    def template_differs(self) -> bool:
        """Whether the stored Pod template is another one."""
        return self.both is not None and self.both[0].template != self.both[1].template

    @property
    def rolls(self) -> bool:
        """Whether the Pod is replaced by this change."""
        if self.both is None or self.moved or self.stays or not self.template_differs:
            return False
        before, after = self.both
        return min(before.replicas, after.replicas) >= 1 and not after.holds_back

    @property
    def new_pod(self) -> bool:
        """Whether a Pod is made of a template that was not there before, now or once allowed."""
        after = self.after.controller
        if after is None or after.replicas < 1 or self.invalid or self.on_delete_refused:
            return False
        if self.both is None or self.moved or self.renamed or self.both[0].replicas < 1:
            return True
        return self.template_differs

    @cached_property
    def settings(self) -> tuple[Settings, Settings] | None:
        """What FrameworkController runs with before and after, where both are known and differ.

        None where it starts with none: whatever it was to run with, it does not.
        """
        if self.both is not None and not self.both[1].finds_no_file:
            before, after = self.both[0].settings, self.both[1].settings
            return (before, after) if before and after and before.text != after.text else None
        if self.before.controller or self.after.controller:
            return None
        texts = [_only_text(side) for side in (self.before, self.after)]
        return (Settings(texts[0]), Settings(texts[1])) if texts[0] and texts[1] else None

    @property
    def starts(self) -> Controller | None:
        """FrameworkController, where it has not run before and is to now."""
        before, after = self.controllers
        if after is None or self.moved or self.renamed or self.stays or after.replicas < 1:
            return None
        return after if before is None or before.replicas < 1 else None

    @property
    def starts_with(self) -> Settings | None:
        """What it starts with there, if that is known."""
        return self.starts.settings if self.starts is not None else None

    @property
    def runs_with(self) -> tuple[Settings, Settings] | None:
        """What FrameworkController runs with on both sides, where it starts with the one after."""
        return None if self.settings is None or self.settings[1].refusals else self.settings

    def setting(self, key: str) -> Iterator[tuple[Any, Any]]:
        """Both values of a setting that FrameworkController runs with, where they differ."""
        if self.runs_with is not None:
            old, new = (settings.value.get(key) for settings in self.runs_with)
            if old != new:
                yield old, new

    @cached_property
    def config_label(self) -> str:
        """How the ConfigMap that holds the settings is called in what is printed."""
        for side in (self.after, self.before):
            if side.controller and side.controller.config_map:
                return label(side.controller.config_map)
            for o in side.all("ConfigMap"):
                if FILE in mapping(o.get("data")):
                    return label(o)
        return "ConfigMap/frameworkcontroller-config"


def _only_text(side: Side) -> str:
    texts = [mapping(o.get("data")).get(FILE) for o in side.all("ConfigMap")]
    found = [text for text in texts if isinstance(text, str)]
    return found[0] if len(found) == 1 else ""


def make(
    before: Iterable[Object],
    after: Iterable[Object],
    tools: frozenset[str] = BOTH,
    environment: Environment | None = None,
    beside: tuple[Iterable[Object], Iterable[Object]] = ((), ()),
) -> Change:
    """The change from one rendering to another; arguments as of `compare.outcome`."""
    old_side, new_side = (
        Side(tuple(side), tuple(other)) for side, other in zip((before, after), beside, strict=True)
    )
    made = Change(old_side, new_side, tools, environment)
    old, new = made.controllers
    if old and new and old.name == new.name and old.namespace == new.namespace:
        made.after.__dict__["controller"] = _with_kept_account(old, new)
        made.__dict__.pop("controllers")
    return made


def _with_kept_account(old: Controller, new: Controller) -> Controller:
    """FrameworkController as it is stored where its account is left out.

    The API server has filled in `serviceAccount`, which nobody owns: server-side apply keeps it,
    and with it the account.
    """
    named = new.pod.get("serviceAccountName") or not old.pod.get("serviceAccountName")
    if named or not new.pod:
        return new
    kept = copy.deepcopy(new.object)
    kept["spec"]["template"]["spec"]["serviceAccountName"] = old.account
    return Controller(new.side, kept)


def values(pair: Pair) -> Iterator[tuple[Fields, Fields]]:
    """Both sides of a pair as they are stored, where it has both."""
    if pair.before is not None and pair.after is not None:
        yield stored(pair.before), stored(pair.after)


def spec(o: Object | None) -> Fields:
    """The spec of an object; {} where it has none."""
    return mapping(o.get("spec")) if o is not None else {}
