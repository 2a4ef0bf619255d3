"""The files of an environment → the keys that they follow from: the opposite of `overlay`.

What it says of a file that somebody has edited is a guess: whoever asks renders the files of it
once more, and sees whether they say what the edited ones say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fcgitops.manifests import overlay
from fcgitops.model import layout
from fcgitops.model.environment import IMAGE
from fcgitops.text import yamlio

Documents = Mapping[str, Sequence[Any]]
"""Path → the documents of the file, as YAML reads them."""

_POD = "/spec/template/spec"
_CONTAINER = f"{_POD}/containers/0"
_LABELS = "/metadata/labels/"


_TAG_AND_DIGEST = re.compile(
    r"^(?P<before> *(?:- )?)newTag: (?P<quote>[\"']?)(?P<tag>[\w.-]+)@"
    r"(?P<digest>sha256:[0-9a-f]{64})(?P=quote)(?P<behind>[ \t]*(?:#.*)?)$(?:\n *digest: .*)?",
    re.MULTILINE,
)


def parted(text: bytes) -> bytes:
    """A kustomization with `newTag: TAG@DIGEST` as the two keys that are generated for it.

    Renovate writes the one where it pins digests; both render the same name. A text in which
    another digest stands elsewhere is left alone.
    """

    def as_two(found: re.Match[str]) -> str:
        tag = f"{found['before']}newTag: {yamlio.scalar(found['tag'])}{found['behind']}"
        return f"{tag}\n{' ' * len(found['before'])}digest: {found['digest']}"

    read = text.decode(errors="surrogateescape")
    parted = _TAG_AND_DIGEST.sub(as_two, read)
    return text if parted.count("digest:") > 1 else parted.encode(errors="surrogateescape")


def keys(files: Documents) -> dict[str, Any]:
    """Key path of environment.yaml → value, of each key that the files tell.

    Args:
        files: of the environment's folder, and relative to it.
    """
    found: dict[str, Any] = {}
    for document in files.get(layout.KUSTOMIZATION_FILE, ()):
        found |= _kustomization(document)
    for document in files.get(overlay.patch_path("StatefulSet"), ()):
        found |= _patches(document)
    for document in files.get(layout.CONFIG_FILE, ()):
        found["settings"] = document
    for document in files.get(layout.EGRESS_FILE, ()):
        found["egress.endpoints"] = endpoints(document)
    for document in files.get(f"{layout.NNI}/{layout.KUSTOMIZATION_FILE}", ()):
        found["nni.namespace"] = _at(document, "namespace")
    for document in files.get(f"{layout.NNI}/limits.yaml", ()):
        found |= _limits(document)
    return {key: value for key, value in found.items() if value is not None}


def _at(document: object, *path: str) -> Any:  # noqa: ANN401 - a YAML value is any
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _items(document: object, *path: str) -> list[Any]:
    found = _at(document, *path)
    return found if isinstance(found, list) else []


def _kustomization(document: object) -> dict[str, Any]:
    start = "../../components/"
    components = [str(item) for item in _items(document, "components")]
    found = {
        "namespace": _at(document, "namespace"),
        "components": [c.removeprefix(start) for c in components if c.startswith(start)],
    }
    for entry in _items(document, "images"):
        if _at(entry, "name") == IMAGE:
            found |= {"image.tag": _at(entry, "newTag"), "image.digest": _at(entry, "digest")}
            name = str(_at(entry, "newName") or IMAGE)
            first, slash, rest = name.partition("/")
            is_registry = slash and (first == "localhost" or "." in first or ":" in first)
            found["image.registry"] = first if is_registry else ""
            found["image.repository"] = rest if is_registry else name
    return found


def _patches(operations: object) -> dict[str, Any]:
    added = {
        str(op["path"]): op.get("value")
        for op in (operations if isinstance(operations, list) else ())
        if isinstance(op, dict) and op.get("op") == "add" and "path" in op
    }
    variables = {
        _at(item, "name"): _at(item, "value") for item in added.get(f"{_CONTAINER}/env") or ()
    }
    kubeconfig = str(variables.get("KUBECONFIG") or "")
    secrets = added.get(f"{_POD}/imagePullSecrets")
    resources = f"{_CONTAINER}/resources"
    requests = _at(added.get(resources), "requests")
    return {
        "apiServer.address": variables.get("KUBE_APISERVER_ADDRESS"),
        "apiServer.kubeconfigKey": kubeconfig.rpartition("/")[2] or None,
        "apiServer.kubeconfigSecret": _secret(added),
        "image.pullSecrets": secrets and [_at(item, "name") for item in secrets],
        "resources.cpu": added.get(f"{resources}/requests/cpu", _at(requests, "cpu")),
        "resources.memory": added.get(f"{resources}/requests/memory", _at(requests, "memory")),
        "nodeSelector": added.get(f"{_POD}/nodeSelector"),
        "tolerations": added.get(f"{_POD}/tolerations"),
        "priorityClassName": added.get(f"{_POD}/priorityClassName"),
        "labels": _labels(added),
        "annotations": added.get("/spec/template/metadata/annotations"),
    }


def _secret(added: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a YAML value is any
    """The Secret with the kubeconfig."""
    volumes = [added.get(f"{_POD}/volumes/-"), *(added.get(f"{_POD}/volumes") or ())]
    names = (_at(volume, "secret", "secretName") for volume in volumes)
    return next(filter(None, names), None)


def _labels(added: Mapping[str, Any]) -> dict[str, Any] | None:
    """The labels of the Pod."""
    start = f"/spec/template{_LABELS}"
    return {
        path.removeprefix(start).replace("~1", "/").replace("~0", "~"): value
        for path, value in added.items()
        if path.startswith(start)
    } or None


def endpoints(document: object) -> list[Any] | None:
    """The API server's addresses, of the policy that names each."""
    return [
        {"cidr": _at(peer, "ipBlock", "cidr"), "port": _at(port, "port")}
        for rule in _items(document, "spec", "egress")
        for peer in _items(rule, "to")
        for port in _items(rule, "ports")
        if _at(peer, "ipBlock")
    ] or None


def _limits(document: object) -> dict[str, Any]:
    if _at(document, "kind") == "ResourceQuota":
        return {"nni.quota": _at(document, "spec", "hard")}
    first = next(iter(_items(document, "spec", "limits")), None)
    amounts = dict(first) if isinstance(first, dict) else {}
    return {"nni.limits": {kind: amounts[kind] for kind in amounts if kind != "type"}}
