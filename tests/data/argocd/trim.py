"""Makes the files of this folder: `python trim.py MODULE…`, each an unpacked Argo CD.

MODULE is a folder of the Go module cache, github.com/argoproj/argo-cd/v3@VERSION, as
`go mod download` leaves it. Descriptions are taken out, and properties that fcgitops does not
write: the schema gets narrower by that, never wider.
"""

import sys
from pathlib import Path
from typing import Any

import yaml
import yamls

HERE = Path(__file__).parent
HEAD = """\
# CustomResourceDefinitions of Argo CD {version}, changed: see README.md. Copyright the Argo CD
# Authors, Apache License 2.0 (LICENSE).
"""


def trimmed(node: Any) -> Any:
    """A schema, or any part of it, without its descriptions; a property may be called so."""
    if isinstance(node, list):
        return [trimmed(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: trimmed(value)
        for key, value in node.items()
        if not (key == "description" and isinstance(value, str))
    }


def crd(path: Path) -> Any:
    """One CustomResourceDefinition."""
    found = trimmed(yamls.load(path.read_text(encoding="utf-8")))
    (version,) = found["spec"]["versions"]
    top = version["schema"]["openAPIV3Schema"]["properties"]
    top.pop("status", None)
    if found["spec"]["names"]["kind"] == "ApplicationSet":
        spec = top["spec"]["properties"]
        generators = spec["generators"]["items"]
        keep(generators, "git", "selector")
        del generators["properties"]["git"]["properties"]["template"]
        application = spec["template"]["properties"]["spec"]
        keep(application, "project", "source", "destination", "syncPolicy")
        keep(application["properties"]["source"], "repoURL", "targetRevision", "path")
    return found


def keep(schema: Any, *names: str) -> None:
    """Take all other properties out of the schema of an object."""
    for name in set(schema["properties"]) - set(names):
        del schema["properties"][name]


def main() -> None:
    """Write a file a version."""
    for folder in map(Path, sys.argv[1:]):
        version = folder.name.partition("@v")[2]
        documents = [
            crd(folder / "manifests" / "crds" / f"{name}-crd.yaml")
            for name in ("appproject", "applicationset")
        ]
        text = yaml.safe_dump_all(documents, sort_keys=False)
        target = HERE / f"{version.rpartition('.')[0]}.yaml"
        target.write_text(HEAD.format(version=version) + text, encoding="utf-8")


main()
