"""The text of one experiment file → everything that is to say of it.

The order is NNI's own: YAML, keys, then types and values. Where it stops at the first mistake,
this goes on; and it says what NNI takes and then fails on, or does nothing with.
"""

from __future__ import annotations

from pathlib import Path

from fcgitops.core.findings import Finding
from fcgitops.nnifile import (
    experiment_file,
    rules_algorithm,
    rules_experiment,
    rules_service,
    rules_space,
    schema_load,
    schema_validate,
    version1,
)
from fcgitops.nnifile.rules import found
from fcgitops.text.words import shown


def check(data: bytes, folder: Path | None = None) -> list[Finding]:
    """All findings of a file, in the order of their lines.

    Args:
        data: the experiment file.
        folder: where it is, from which NNI resolves relative paths; without it the file system is
            not looked at, and folders and files that NNI asks for count as there.
    """
    try:
        source = experiment_file.read(data)
    except experiment_file.Unreadable as error:
        return [found("NNI01", "", error.line, error.message, error.hint)]
    if kind := _kind(source.value):
        message = f"is a {kind}, an object of Kubernetes': no file of NNI's"
        return [found("NNI02", "", 1, message, "the experiment file alone")]
    if version1.is_version_1(source.value):  # each of its keys would be a mistake
        return [_version_1(source)]
    loaded = schema_load.Loaded(source, folder)
    try:
        schema_load.load(loaded)
        if isinstance(source.value, dict):
            schema_validate.validate(loaded)
            loaded.validated = True
            for rules in (rules_experiment, rules_service, rules_algorithm, rules_space):
                rules.check(loaded)
    except schema_load.TooManyError:
        pass  # said below
    if max(loaded.counts.values(), default=0) > experiment_file.MAX_FAULTS:
        message = f"has over {experiment_file.MAX_FAULTS} faults: what is more is not listed"
        loaded.findings.append(found("NNI69", "", 0, message))
    return sorted([*source.repeated, *loaded.findings], key=lambda finding: finding.line)


def _kind(value: object) -> str:
    """The kind of an object of Kubernetes'; "" for anything else. NNI knows neither key."""
    if isinstance(value, dict) and {"apiVersion", "kind", "metadata"} <= value.keys():
        return str(shown(value["kind"])).strip("'")
    return ""


def _version_1(source: experiment_file.Source) -> Finding:
    key = next(key for key in version1.KEYS if key in source.value)
    message = "stands in files of version 1, which NNI reads in `nnictl create` alone"
    hint = "`fcgitops nni check --convert FILE` prints it as one of version 2"
    platform = source.value.get(version1.PLATFORM_KEY, rules_service.PLATFORM)
    if platform != rules_service.PLATFORM:
        message = f"is {shown(platform)}, in a file of version 1"
        hint = f"{rules_service.PLATFORM}, which alone runs here"
    return found("NNI07", key, source.line((key,)), message, hint)
