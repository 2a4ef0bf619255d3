"""What generated files say once nothing generates them: without fcgitops, its comments and make.

Pure. Only comments and READMEs differ: what kustomize renders stays as it is.
"""

from __future__ import annotations

import re

from fcgitops.core import installation
from fcgitops.model import layout
from fcgitops.model.answers import Answers

_OURS = re.compile(r"\bfcgitops\b|`make [a-z]|README\.md lists every key", re.IGNORECASE)
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
    header = _header(recorded.decode())
    if not any(_OURS.search(line) for line in header):
        return text
    mine = text.decode()
    kept = [line for line in _header(mine) if line not in header]
    return ("".join(kept) + "".join(mine.splitlines(keepends=True)[len(_header(mine)) :])).encode()


def source(text: bytes) -> bytes:
    """An environment.yaml or run.yaml that only Argo CD reads from now on."""
    lines = text.decode().splitlines(keepends=True)
    header = _header(text.decode())
    kept = [line for line in header if not _OURS.search(line)]
    return (_READ + "".join(kept) + "".join(lines[len(header) :])).encode()


def _header(text: str) -> list[str]:
    """The comment at the top of a text, as lines."""
    lines = text.splitlines(keepends=True)
    end = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return lines[:end]


def local(text: bytes) -> bytes:
    """The kustomization that `local/` was made with, with a plain comment."""
    comment = b"# Patches, resources and generators of this environment alone, applied last.\n"
    return comment + text[len("".join(_header(text.decode())).encode()) :]


def without_ours(text: bytes) -> bytes:
    """A file of lines without those on fcgitops and its records, such as .gitattributes."""
    lines = text.decode().splitlines(keepends=True)
    kept = [line for line in lines if not (_OURS.search(line) or "the record is" in line)]
    return "".join(kept).encode()


def requirements(text: bytes, recorded: bytes) -> bytes:
    """requirements.txt without fcgitops; empty where nothing else is in it."""
    known = {line.strip() for line in recorded.decode().splitlines()}
    lines = text.decode(errors="surrogateescape").splitlines(keepends=True)
    own = [
        line
        for line in lines
        if line.strip() not in known and not line.startswith(installation.NAME)
    ]
    found = "".join(own) if any(line.strip() for line in own) else ""
    return found.encode(errors="surrogateescape")


def variant_readme(text: bytes) -> bytes:
    """A variant's README.md without what it says of commands."""
    said = text.decode()
    for sentence, other in _SENTENCES:
        said = said.replace(sentence, other)
    return said.encode()


def readme(answers: Answers) -> bytes:
    """The README.md of a repository of plain files."""
    central = [tool.label for tool in answers.tools if tool.central]
    read = f"{central[0]} reads its environment.yaml" if central else ""
    copy = f"; {read}" if read else ""
    return f"""\
# {answers.repo_slug}

[FrameworkController](https://github.com/microsoft/frameworkcontroller) on Kubernetes: plain
Kustomize files, which {" and ".join(tool.label for tool in answers.tools)} can sync.

```
base/                          FrameworkController, the same everywhere
overlays/default-config/       … with the configuration that its image ships
overlays/customized-config/    … with a configuration file of ours
overlays/ENV/                  one environment, built on one of the two{copy}
overlays/ENV/{layout.LOCAL}/           what is applied last in it
experiments/NAME/              one NNI experiment
components/                    optional parts
clusters/                      what Argo CD and Flux are pointed at
```

```sh
kustomize build overlays/ENV       # what an environment renders
kubectl diff -k overlays/ENV       # what that changes on the cluster of kubectl's context
```
""".encode()
