"""What generated files say once nothing generates them: without fcgitops, its comments and make.

Pure. Only comments and READMEs differ: what kustomize renders stays as it is.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterable

from fcgitops.core import installation
from fcgitops.core.lazy import regex
from fcgitops.model import layout
from fcgitops.model.answers import Answers

_OURS = regex(
    r"\bfcgitops\b|`make [a-z]|README\.md lists every key|yaml-language-server", re.IGNORECASE
)
_SENTENCES = (
    (
        " `fcgitops config explain` says what each setting does, and\n`fcgitops config check` "
        "whether FrameworkController would start with the file.",
        "",
    ),
    ("; after an edit here, `make overlays` brings all environments in line", ""),
)
"""What a variant's README says of commands."""
_READ = "# Argo CD's ApplicationSet reads this file.\n"


def without_header(text: bytes, recorded: bytes) -> bytes:
    """A generated YAML file without the comment at its top that says how to generate it.

    Args:
        text: as it is; comments that somebody has added stay.
        recorded: as it was generated.
    """
    generated = {line.strip() for line in _header(_lines(recorded))}
    if not any(_OURS.search(line) for line in generated):
        return text
    mark, lines = _mark(text), _lines(text)
    header = _header(lines)
    kept = [line for line in header if line.strip() not in generated]
    return mark + _joined(kept + lines[len(header) :])


def source(text: bytes) -> bytes:
    """An environment.yaml or run.yaml that only Argo CD reads from now on."""
    mark, lines = _mark(text), _lines(text)
    header = _header(lines)
    kept = [line for line in header if not _OURS.search(line)]
    return mark + _joined([_READ, *kept, *lines[len(header) :]])


def local(text: bytes) -> bytes:
    """The kustomization that `local/` was made with, with a plain comment."""
    comment = "# Patches, resources and generators of this environment alone, applied last.\n"
    lines = _lines(text)
    return _joined([comment, *lines[len(_header(lines)) :]])


def without_ours(text: bytes) -> bytes:
    """A file of lines without those on fcgitops and its records, such as .gitattributes."""
    kept = [line for line in _lines(text) if not (_OURS.search(line) or "the record is" in line)]
    return _joined(kept)


def requirements(text: bytes, recorded: bytes) -> bytes:
    """requirements.txt without fcgitops; empty where nothing else is in it."""
    known = {line.strip() for line in _lines(recorded)}
    own = [
        line
        for line in _lines(text)
        if line.strip() not in known and not line.startswith(installation.NAME)
    ]
    return _joined(own) if any(line.strip() for line in own) else b""


def variant_readme(text: bytes) -> bytes:
    """A variant's README.md without what it says of commands."""
    for sentence, other in _SENTENCES:
        text = text.replace(sentence.encode(), other.encode())
    return text


def _mark(text: bytes) -> bytes:
    """The byte order mark that an editor has written; behind anything else it is no YAML."""
    return codecs.BOM_UTF8 if text.startswith(codecs.BOM_UTF8) else b""


def _lines(text: bytes) -> list[str]:
    """The lines of a file without its mark; what somebody has written need not be UTF-8."""
    whole = text.removeprefix(codecs.BOM_UTF8)
    return whole.decode(errors="surrogateescape").splitlines(keepends=True)


def _joined(lines: Iterable[str]) -> bytes:
    """The opposite."""
    return "".join(lines).encode(errors="surrogateescape")


def _header(lines: list[str]) -> list[str]:
    """The comment at the top."""
    return list(itertools.takewhile(lambda line: line.startswith("#"), lines))


def readme(answers: Answers) -> bytes:
    """The README.md of a repository of plain files."""
    central = [tool.label for tool in answers.tools if tool.central]
    read = f"{central[0]} reads its environment.yaml" if central else ""
    copy = f"; {read}" if read else ""
    tools = " and ".join(tool.label for tool in answers.tools)
    return f"""\
# {answers.repo_slug}

[FrameworkController](https://github.com/microsoft/frameworkcontroller) on Kubernetes: plain
Kustomize files, which {tools} can sync.

```
base/                          FrameworkController, the same everywhere
overlays/default-config/       … with the configuration that its image ships
overlays/customized-config/    … with a configuration file of ours
overlays/ENV/                  one environment, built on one of the two{copy}
overlays/ENV/{layout.LOCAL}/            what is applied last in it
experiments/NAME/              one NNI experiment
components/                    optional parts
clusters/                      what {tools} can be pointed at
```

```sh
kustomize build overlays/ENV       # what an environment renders
kubectl diff -k overlays/ENV       # what that changes on the cluster of kubectl's context
```
""".encode()
