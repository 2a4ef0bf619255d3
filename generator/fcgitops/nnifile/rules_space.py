"""Rules on the search space and on what stands as it is in the file: NNI validates neither.

Sources, all of the package nni 3.0: nni/common/hpo_utils/validation.py (what NNI's own check calls
wrong, which only writes to the log), nni/common/hpo_utils/formatting.py (what TPE, Random and
GridSearch make of it), nni/experiment/rest.py (the experiment goes to the manager as JSON).
"""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass
from typing import Any

import yaml

from fcgitops.core.findings import Path, dotted
from fcgitops.core.lazy import regex
from fcgitops.nnifile import nesting
from fcgitops.nnifile.experiment_file import INT, STR, Source, nodes
from fcgitops.nnifile.rules_algorithm import ALL_TYPES, Algorithm, tuner
from fcgitops.nnifile.schema import MISSING, folded
from fcgitops.nnifile.schema_load import Loaded, shown
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import count, named

SAFE_WHOLE = 2**53
"""Beyond it JavaScript, in which NNI's manager is written, rounds whole numbers."""
_LIKE_A_NUMBER = regex(
    r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+\Z|[-+]?0o[0-7]+\Z|[-+]?\.[0-9]+\Z"
)
_LIKE_A_WORD = regex(r"(yes|no|on|off)\Z", re.IGNORECASE)
_OCTAL = regex(r"[-+]?0[0-9_]+\Z")


@dataclass(frozen=True)
class Space:
    """A search space: its value, and where it is to be pointed at."""

    loaded: Loaded
    source: Source
    where: Path
    """Its key in the experiment file; a file of its own holds nothing else."""

    def report(self, rule: str, path: Path, message: str, hint: str = "") -> None:
        """A finding at a path within the space."""
        if self.source is self.loaded.source:
            self.loaded.report(rule, (*self.where, *path), message, hint)
        else:
            line = self.source.line(path)
            place = ": ".join(filter(None, [f"line {line}" if line else "", dotted(path)]))
            self.loaded.report(rule, self.where, f"{place}: {message}" if place else message, hint)


def check(loaded: Loaded) -> None:
    """Adds the findings of all rules."""
    experiment = loaded.experiment
    own = Space(loaded, loaded.source, experiment.at("searchSpace"))
    file = experiment.values["searchSpaceFile"]
    algorithm = tuner(loaded)
    if file is not None and "searchSpace" in experiment.given:
        if loaded.source.value.get(experiment.given["searchSpace"]) is not None:
            message = "is not read: the one in searchSpaceFile is"
            loaded.report("NNI45", own.where, message, "keep one of the two")
    elif file is None:
        _space(own, experiment.values["searchSpace"], algorithm)
    if file is not None and "searchSpaceFile" not in experiment.broken:
        where = experiment.at("searchSpaceFile")
        if loaded.space is not None:
            other = Space(loaded, loaded.space, where)
            _space(other, loaded.space.value, algorithm)
            _as_read(other)
        elif loaded.folder is not None:
            message = "is no regular file, or has over 1 MiB: not looked into"
            loaded.report("NNI44", where, message)
    _as_read(own)
    for name in ("tuner", "assessor"):
        config = loaded.algorithm(name)
        if config is not None and isinstance(config.values["classArgs"], dict):
            _json(Space(loaded, loaded.source, config.at("classArgs")),
                  config.values["classArgs"])  # fmt: skip


def _space(space: Space, value: Any, algorithm: Algorithm | None) -> None:  # noqa: ANN401
    if value is MISSING:
        return
    _json(space, value)
    if value is None and space.loaded.experiment.values["useAnnotation"] is True:
        return
    if not isinstance(value, dict):
        if value is not None or space.source is not space.loaded.source:
            # The name of a file may lead anywhere: what that holds, as a token, is not shown.
            other = space.source is not space.loaded.source
            message = f"is {'no mapping' if other else shown(value)}: the tuner fails on it"
            space.report("NNI44", (), message, "a mapping of parameters")
        return
    if algorithm is not None and not algorithm.types:
        return  # a search space of neural architectures, which is not judged here
    if not value:
        space.report("NNI44", (), "is empty: there is nothing to tune")
    if algorithm is not None and algorithm.types == ("choice",) and len(value) != 1:
        space.report("NNI44", (), "has not one parameter, as Batch needs")
    for how, path, spec in nesting.walk(value, algorithm.nests if algorithm else "all named"):
        if how == "drawn":
            _parameter(space, path, spec, algorithm)
        elif algorithm is not None and algorithm.chooses in ("anything", "alike"):
            _met(space, how, path, algorithm)


def _met(space: Space, how: nesting.Met, path: Path, algorithm: Algorithm) -> None:
    """NNI44: what stands in a choice, and is not drawn from."""
    if how == "handed":
        message = "is handed to trials as it is, with its _type and _value: nothing is drawn"
        hint = "plain values in a choice"
        if algorithm.nests == "all named":
            hint = "a mapping with _name as every choice, or plain values"
    elif how == "nameless":
        message, hint = "is a mapping without _name: this tuner fails", "a nested space with _name"
    elif how == "lost":
        message = "is in a choice: this tuner fails when it goes on from another trial"
        hint = "plain values in a choice"
    else:
        message = "nests a third time: this tuner fails when it chooses another space around it"
        hint = "a choice in a choice, and no deeper"
    space.report("NNI44", path, message, hint)


def _parameter(space: Space, path: Path, spec: Any, algorithm: Algorithm | None) -> None:  # noqa: ANN401
    if not isinstance(spec, dict) or "_type" not in spec or "_value" not in spec:
        hint = "{_type: uniform, _value: [0, 1]}"
        space.report("NNI44", path, "is no mapping with _type and _value: the tuner fails", hint)
        return
    kind, values = spec["_type"], spec["_value"]
    if not isinstance(kind, str) or kind not in ALL_TYPES:
        message = f"is {shown(kind)}, no type of NNI's: the tuner fails, or takes it for uniform"
        space.report("NNI44", (*path, "_type"), message, did_you_mean(kind, ALL_TYPES))
        return
    if algorithm is not None and kind not in algorithm.types:
        message = f"is {kind}, which this tuner does not know"
        space.report("NNI44", (*path, "_type"), message, ", ".join(algorithm.types))
        return
    at = (*path, "_value")
    if not isinstance(values, list):
        space.report("NNI44", at, f"is {shown(values)}", "a list")
    elif kind == "choice":
        _choices(space, at, values, algorithm)
    else:
        _range(space, at, kind, values, algorithm)


def _choices(space: Space, at: Path, values: list[Any], algorithm: Algorithm | None) -> None:
    if not values:
        space.report("NNI44", at, "is empty: the tuner fails on it", "a list of choices")
    if algorithm is None or algorithm.chooses == "anything":
        return
    if algorithm.chooses == "alike":
        _alike(space, at, values)
        return
    for index, value in enumerate(values):
        number = _converted(value) if algorithm.chooses == "numeric" else value
        if not isinstance(number, int | float):
            space.report("NNI44", (*at, index), f"is {shown(value)}: this tuner fails", "a number")


def _alike(space: Space, at: Path, values: list[Any]) -> None:
    """pbt_tuner.py: `values.index(numpy.random.choice(values))`; of 1 and "a" NumPy makes texts."""
    for index, value in enumerate(values):
        if isinstance(value, list):
            message = "is a list: this tuner fails when it goes on from another trial"
            space.report("NNI44", (*at, index), message, "text or a number")
    if all(isinstance(v, str | int | float) for v in values) and (
        {isinstance(v, str) for v in values} == {True, False}
    ):
        message = "mixes text and numbers: this tuner fails when it goes on from another trial"
        space.report("NNI44", at, message, "texts alone, or numbers")


def _range(
    space: Space, at: Path, kind: str, values: list[Any], algorithm: Algorithm | None
) -> None:
    """The limits of a range: how many there are, that they are numbers, and in which order."""
    names = ["mu", "sigma"] if "normal" in kind else ["low", "high"]
    names += ["q"] if kind.startswith("q") else []
    hint = f"[{', '.join(names)}]"
    if len(values) != len(names):
        space.report("NNI44", at, f"has {count(len(values), 'value')}", hint)
        return
    converts = algorithm is not None and algorithm.converts and kind != "randint"
    numbers = [_converted(value) if converts else value for value in values]
    for index, (value, number) in enumerate(zip(values, numbers, strict=True)):
        if not _is_limit(space, (*at, index), value, number):
            return
        if kind == "randint" and not isinstance(value, int):
            space.report("NNI44", (*at, index), f"is {shown(value)}", "a whole number")
    if wrong := _out_of_order(kind, numbers):
        space.report("NNI44", at, wrong, hint)


def _is_limit(space: Space, at: Path, value: object, number: object) -> bool:
    """Whether a value is a number, or becomes one: `number` is what the tuner makes of it."""
    if isinstance(value, str):
        rule = "NNI44" if isinstance(number, str) else "NNI68"
        space.report(rule, at, f"is {shown(value)}", _as_number(value))
        return not isinstance(number, str)
    if isinstance(value, bool) or not isinstance(value, int | float):
        space.report("NNI44", at, f"is {shown(value)}", "a number")
        return False
    return True


def _out_of_order(kind: str, numbers: list[Any]) -> str:
    """What is wrong with the limits of a range, one beside the other; "" where nothing is."""
    first, second, *step = numbers
    if "normal" in kind and not second > 0:
        return f"has sigma {shown(second)}, not above 0"
    if "normal" not in kind and first >= second:
        return f"has low {shown(first)}, not below high {shown(second)}"
    if "normal" not in kind and "log" in kind and first <= 0:
        return "has a low that is not above 0"
    return f"has q {shown(step[0])}, not above 0" if step and not step[0] > 0 else ""


def _converted(value: Any) -> Any:  # noqa: ANN401
    """What NNI's format_search_space makes of a text: float(text), or the text where it fails."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _as_number(text: str) -> str:
    """How a number is written that was read as text."""
    return f"{_with_dot(text)}, which is a number" if _LIKE_A_NUMBER.match(text) else "a number"


def _with_dot(text: str) -> str:
    """A number as YAML 1.1 reads it: with a dot, and a sign behind the e."""
    match = re.fullmatch(r"([-+]?)([0-9.]+)[eE]([-+]?)([0-9]+)", text)
    if match is None:
        return str(int(text, 8)) if "o" in text else text.replace(".", "0.", 1)
    sign, digits, power, exponent = match.groups()
    digits = f"0{digits}" if digits.startswith(".") else digits
    digits += "" if "." in digits else ".0"
    return f"{sign}{digits}e{power or '+'}{exponent}"


_KINDS: dict[type, str] = {bytes: "binary data", set: "a set", tuple: "a pair"}
"""Of values of YAML 1.1 that JSON has no form for, dates aside."""


def _json(space: Space, value: Any) -> None:  # noqa: ANN401
    """NNI06: `requests` raises where JSON has no such value; JavaScript rounds what is large."""
    stack: list[tuple[Path, Any]] = [((), value)]
    seen: set[int] = set()
    while stack:
        path, item = stack.pop()
        if isinstance(item, dict | list | set):
            if id(item) in seen:
                continue
            seen.add(id(item))
        what = ""
        if isinstance(item, dict):
            stack += [((*path, named(key)), child) for key, child in reversed(item.items())]
            if any(isinstance(key, datetime.date | bytes) for key in item):
                what = "has a key that JSON has no form for: NNI cannot send it to its manager"
        elif isinstance(item, list):
            stack += [((*path, i), child) for i, child in reversed(list(enumerate(item)))]
        elif isinstance(item, datetime.date | bytes | set | tuple):
            kind = _KINDS.get(type(item), "a date")
            what = f"is {kind} to YAML 1.1, and JSON has no form for it"
        elif isinstance(item, float) and not math.isfinite(item):
            what = f"is {shown(item)}: NNI cannot send it to its manager"
        elif isinstance(item, int) and abs(item) > SAFE_WHOLE:
            what = "is a whole number that NNI's manager rounds"
        if what:
            space.report("NNI06", path, what, "quote it")


def _as_read(space: Space) -> None:
    """NNI05: what is written plain, and something else to YAML 1.1."""
    for path, node in nodes(space.source.root):
        if not isinstance(node, yaml.ScalarNode) or node.style is not None:
            continue
        free = space.source is not space.loaded.source or _is_free(path)
        what, hint = _trap(node, free=free)
        if not what or _is_range(path, space):
            continue
        if space.source is space.loaded.source:
            space.loaded.report("NNI05", path, what, hint)
        else:
            space.report("NNI05", path, what, hint)


def _trap(node: yaml.ScalarNode, *, free: bool) -> tuple[str, str]:
    text = node.value
    if node.tag == INT and _OCTAL.match(text):
        return f"is {text}, which is octal to YAML 1.1", "leave out the first 0, or quote it"
    if node.tag != STR and re.match(r"[-+]?[0-9_]+:[0-9:._]+\Z", text):
        return f"is {text}, a number to the base of 60 to YAML 1.1", "quote it"
    if free and node.tag == f"{STR[:-3]}bool" and _LIKE_A_WORD.match(text):
        return f"is {text}, which is true or false to YAML 1.1", "quote it, or write true or false"
    if free and node.tag == STR and _LIKE_A_NUMBER.match(text):
        return f"is {text}, which is text to YAML 1.1", f"{_with_dot(text)}, or quote it"
    return "", ""


def _is_free(path: Path) -> bool:
    """Whether any type may stand there: NNI checks none."""
    names = [folded(part) for part in path if isinstance(part, str)]
    return bool(names) and (names[0] == "searchspace" or "classargs" in names)


def _is_range(path: Path, space: Space) -> bool:
    """Whether it is a limit of a range, of which `_range` has spoken."""
    if len(path) < 3 or path[-2] != "_value":
        return False
    value: Any = space.source.value
    for part in path[:-2]:
        if isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return isinstance(value, dict) and value.get("_type") != "choice"
