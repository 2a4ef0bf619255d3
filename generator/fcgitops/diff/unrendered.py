"""What is said of a source that differs where nothing rendered does, and what is to be typed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from fcgitops.core import shell
from fcgitops.core.lazy import regex
from fcgitops.diff import environment
from fcgitops.diff.units import Content, Unit
from fcgitops.model import layout

NOT_RENDERED = ("expects", "hold", "image.tagPolicy")
"""Keys of environment.yaml that commands read where they stand: no file follows from them."""
_SHARE = ("nni.storage",)
"""What an experiment has in its own experiment.yaml as well, which is its user's."""
_OVERLAYS = "`make overlays`"
_PLAIN = regex(r"[a-z0-9-]+")


def note(before: Content, after: Content, old: Unit, new: Unit) -> str:
    """What is said of a unit that renders the same; "" where comments differ alone.

    Args:
        before: what Git had.
        after: what it has now.
        old: the unit as it was.
        new: the unit as it is.
    """
    if new.is_environment:
        texts = _texts(before, after, old.source, new.source)
        return _of_environment(*texts, _experiments_in(after, new.name))
    runs = (f"{unit.kustomizations[0]}/{layout.RUN_FILE}" for unit in (old, new))
    if environment.says_the_same(*(texts := _texts(before, after, *runs))):
        return ""
    return _uncarried(layout.RUN_FILE, f"`{_make(_experiment(new))}`")


def shared_notes(before: Content, after: Content, changed: Collection[str]) -> Iterator[str]:
    """What is said of sources that environments share, where no unit renders something else.

    Args:
        before: what Git had.
        after: what it has now.
        changed: the paths that differ.
    """
    customized = any(
        f"{folder}/{layout.CONFIG_FILE}" in after.state.files
        for unit in after.units.values()
        if unit.is_environment
        for folder in unit.kustomizations
    )
    for file in (layout.ANSWERS, *([layout.VARIANT_FILE] if customized else [])):
        path = after.prefix + file
        if path in changed and path in before.state.files and path in after.state.files:
            texts = _texts(before, after, path, path)
            is_carried_out = _can_be_carried_out if file == layout.ANSWERS else _says_otherwise
            if is_carried_out(*texts):
                yield _uncarried(file, _OVERLAYS)


def _says_otherwise(before: bytes, after: bytes) -> bool:
    return not environment.says_the_same(before, after)


def _can_be_carried_out(before: bytes, after: bytes) -> bool:
    """Whether fcgitops.yaml has another answer that a person may change, or another default."""
    fixed = {f"answers.{name}" for name in layout.FIXED_ANSWERS}
    return any(
        key not in fixed and key.partition(".")[0] in ("answers", "defaults")
        for key in environment.differing(before, after)
    )


def _of_environment(before: bytes, after: bytes, experiments: Iterable[str]) -> str:
    if environment.says_the_same(before, after):
        return ""
    keys = list(environment.differing(before, after))
    read_there = [_above(key, NOT_RENDERED) for key in keys]
    if keys and all(read_there):
        named = list(dict.fromkeys(read_there))
        verb = "differs" if len(named) == 1 else "differ"
        return (
            f"{' and '.join(f'`{key}`' for key in named)} of {layout.SOURCE_FILE} {verb}, from "
            "which nothing is rendered: nothing is synced"
        )
    ways = _OVERLAYS
    typed = [f"`{_make(name)}`" for name in experiments]
    if typed and any(_above(key, _SHARE) for key in keys):
        ways += (
            f"; in an experiment, by the same `storage` in its {layout.EXPERIMENT_FILE}, then "
            f"{', '.join(typed)}"
        )
    return _uncarried(layout.SOURCE_FILE, ways)


def _uncarried(file: str, ways: str) -> str:
    """The same of all environments that it is said of: they are folded."""
    return (
        f"{file} differs, what is rendered does not: nothing is synced. An edit takes effect by "
        f"{ways}"
    )


def _make(name: str) -> str:
    if not _PLAIN.fullmatch(name):  # no experiment has another name
        return "make experiment NAME=…"
    return shell.line("make", "experiment", f"NAME={name}")


def _texts(before: Content, after: Content, old: str, new: str) -> tuple[bytes, bytes]:
    """A file on both sides; empty where it is not there."""
    return before.texts([old]).get(old, b""), after.texts([new]).get(new, b"")


def _experiments_in(content: Content, name: str) -> list[str]:
    """The experiments whose run.yaml names an environment."""
    runs = {
        f"{unit.kustomizations[0]}/{layout.RUN_FILE}": _experiment(unit)
        for unit in content.units.values()
        if unit.name.startswith(f"{layout.EXPERIMENTS}/")
    }
    texts = content.texts(runs).items()
    return [runs[path] for path, text in texts if layout.environment_named(text) == name]


def _experiment(unit: Unit) -> str:
    return unit.name.rpartition("/")[2]


def _above(key: str, keys: Iterable[str]) -> str:
    """The one of some keys that a key is, or is below; "" for none."""
    return next((one for one in keys if f"{key}.".startswith(f"{one}.")), "")
