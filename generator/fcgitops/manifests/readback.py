"""The files of an environment → the keys that they follow from: the opposite of `overlay`.

What it says of a file that somebody has edited is a guess: whoever asks renders the files of it
once more, and sees whether they say what the edited ones say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from fcgitops.core.errors import InputError
from fcgitops.core.lazy import regex
from fcgitops.manifests import overlay
from fcgitops.model import layout
from fcgitops.model.environment import IMAGE
from fcgitops.text import yamledit, yamlio

Documents = Mapping[str, Sequence[Any]]
"""Path → the documents of the file, as YAML reads them."""

_POD = "/spec/template/spec"
_CONTAINER = f"{_POD}/containers/0"
_LABELS = "/metadata/labels/"


_DIGEST = "sha256:[0-9a-f]{64}"
_IN_ONE = (
    rf"newTag: (?P<quote>[\"']?)(?P<newTag>[\w.-]+)@(?P<digest>{_DIGEST})(?P=quote)",
    r"newName: (?P<quote>[\"']?)(?P<newName>[^\s\"'@,{}]+?)"
    rf"(?::(?P<newTag>[\w.-]+))?(?:@(?P<digest>{_DIGEST}))?(?P=quote)",
)
"""Two or three of an image's keys in the text of one."""
_FORMS = tuple(
    (regex(form % written, re.MULTILINE), flow)
    for written in _IN_ONE
    for form, flow in (
        (r"^(?P<before> *(?:- )?)%s(?P<behind>[ \t]*(?:#[^\r\n]*)?)(?=\r?$)", ""),
        (r"(?P<before>[{,] *)%s(?P<behind>)(?= *[,}])", ", "),
    )
)
"""Patterns of these, of a block and of a flow, and what stands between two keys of a flow."""


def parted(text: bytes) -> bytes:
    """A kustomization with `newTag: TAG@DIGEST`, or `newName: NAME:TAG@DIGEST`, as its own keys.

    Renovate writes them so where it pins digests. A text of which that makes no kustomization,
    such as one in which the key stands already, is left alone.
    """
    read = text.decode(errors="surrogateescape")
    end_of_line = "\r\n" if "\r\n" in read else "\n"
    for pattern, flow in _FORMS:
        found = pattern.search(read, *_image_entry(read))
        parts = found.groupdict() if found else {}
        given = [name for name in ("newName", "newTag", "digest") if parts.get(name)]
        if found and len(given) > 1:
            between = flow or f"{end_of_line}{' ' * len(found['before'])}"
            first, *more = [f"{name}: {yamlio.scalar(parts[name])}" for name in given]
            keys = between.join([f"{found['before']}{first}{found['behind']}", *more])
            read = f"{read[: found.start()]}{keys}{read[found.end() :]}"
    return text if _image_entry(read) == (0, 0) else read.encode(errors="surrogateescape")


def _image_entry(text: str) -> tuple[int, int]:
    """Where FrameworkController's entry of `images` stands in a kustomization; (0, 0) for none."""
    try:
        (root,) = yamlio.compose_all(text)
        yamlio.construct(root, "")
    except (InputError, ValueError):
        return 0, 0
    images = next((n for k, n in _pairs(root) if k.value == "images"), None)
    for item in images.value if isinstance(images, yaml.SequenceNode) else ():
        if any(k.value == "name" and n.value == IMAGE for k, n in _pairs(item)):
            start = text.rfind("\n", 0, item.start_mark.index) + 1
            end = text.find("\n", yamledit.end_of(item))
            return start, end if end > 0 else len(text)
    return 0, 0


def _pairs(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []


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
