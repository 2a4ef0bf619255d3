"""docs/nni-check.md: what `fcgitops nni check` knows, from its tables."""

from __future__ import annotations

from fcgitops.core.findings import table
from fcgitops.nnifile import schema
from fcgitops.nnifile.rules import RULES
from fcgitops.nnifile.schema import MISSING, Class, Kind

_INTRODUCTION = """\
# Checking an NNI experiment

Generated from the tables in `generator/fcgitops/nnifile/` by `make docs`.

`fcgitops nni check FILE…` says of an experiment file (`experiment.yaml`, or `-` for standard input)
whether NNI 3.0 runs it on FrameworkController. It needs no NNI. It loads the file as
`nnictl create --config FILE` does, reads relative paths from the file's folder, and looks there for
`trialCodeDirectory`, `searchSpaceFile` and `codeDirectory` as NNI does.

`reject`: NNI refuses the file before it starts. `hazard`: NNI takes it, and fails later or does not
do what is written. `info`: right, and worth knowing. Exit status: 0, or 1 where a file is rejected
or has a hazard; `--allow-hazards` lets hazards pass. 2 where a file cannot be read.

A file is rejected, whatever NNI would say, that has over 1 MiB, 150 levels, 60,000 values (300,000
with its aliases written out), or a number of over 1,000 characters."""


def page() -> str:
    """The page."""
    service = schema.SERVICES["frameworkcontroller"]
    nested = ("FrameworkControllerRoleConfig", "FrameworkAttemptCompletionPolicy",
              "K8sStorageConfig", "AlgorithmConfig")  # fmt: skip
    lines = [_INTRODUCTION, "", "## The rules", "", *table(RULES), "", "## The keys", ""]
    lines += ["NNI matches them without case and underscores; `platform` alone is needed as it is."]
    titles = {
        "The top level": schema.EXPERIMENT,
        "`trainingService` on FrameworkController": service,
        **{_TITLES[name]: schema.CLASSES[name] for name in nested},
    }
    for title, known in titles.items():
        lines += ["", f"### {title}", "", *_keys(known)]
    return "\n".join(lines) + "\n"


_TITLES = {
    "FrameworkControllerRoleConfig": "An item of `taskRoles`",
    "FrameworkAttemptCompletionPolicy": "`frameworkAttemptCompletionPolicy`",
    "K8sStorageConfig": "`storage`",
    "AlgorithmConfig": "`tuner`, `assessor` and `advisor`",
}


def _keys(known: Class) -> list[str]:
    rows = [
        f"| `{name}` | {kind.words} | {_default(name, kind, default)} |"
        for name, (kind, default) in known.fields.items()
    ]
    return ["| key | takes | default |", "| --- | --- | --- |", *rows]


def _default(name: str, kind: Kind, default: object) -> str:
    if name in schema.SHORTCUTS and default is MISSING:
        return "the top level's"
    if default is MISSING:
        return "required, may be null" if kind.nullable else "required"
    if isinstance(default, bool):
        return "`true`" if default else "`false`"
    return "" if default is None else f"`{default}`"
