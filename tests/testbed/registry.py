"""An image registry inside a kind cluster's node, for an image that Kubernetes insists on pulling.

NNI's trial Pods name their init container's image without a tag, and no imagePullPolicy: then the
API server says Always, and the kubelet has the image pulled even where the node has it already.
On a machine that reaches no registry something has to answer. This does, to containerd alone: a
few lines of Python in a Pod, which serve files at the node's loopback address, and a hosts.toml
that makes containerd ask there first for what belongs to Docker Hub. The trial Pods stay as NNI
and the API server make them. A webhook that changes the policy would need a certificate and a
Service, and would change what is tried.

The node's containerd has to look for hosts.toml (`config_path`): that of containerd 2 does, which
kind's nodes have; for containerd 1 a patch in KIND_CONFIG says so. See
https://github.com/containerd/containerd/blob/main/docs/hosts.md
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from fcgitops.programs.containers import full_name
from fcgitops.text import yamlio
from fcgitops.trial.cluster import Cluster

NAME = "registry"
NAMESPACE = "kube-system"
PORT = 5000
FOLDER = "/srv/registry"
HUB = "docker.io"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar"
GZIP = b"\x1f\x8b"

SERVER = f"""\
import functools, http.server

class Registry(http.server.SimpleHTTPRequestHandler):
    def guess_type(self, path):
        return "{MANIFEST}" if "/manifests/" in path else "application/octet-stream"

serve = functools.partial(Registry, directory="{FOLDER}")
http.server.ThreadingHTTPServer(("127.0.0.1", {PORT}), serve).serve_forever()
"""
HOSTS = f"""\
[host."http://127.0.0.1:{PORT}"]
  capabilities = ["pull", "resolve"]
"""


def lay_out(archive: Path, image: str, folder: Path) -> None:
    """Writes an image as the files that a registry answers with, by the paths of its API.

    Args:
        archive: what `docker save` has made of that image.
        image: its name, one of Docker Hub.
        folder: where the files go.
    """
    path, _, tag = full_name(image).removeprefix(f"{HUB}/").rpartition(":")
    blobs, manifests = (folder / "v2" / path / kind for kind in ("blobs", "manifests"))
    for place in (blobs, manifests):
        place.mkdir(parents=True)
    with tarfile.open(archive) as saved:

        def blob(name: str, media_type: str) -> dict[str, Any]:
            file = saved.extractfile(name)
            assert file
            start = file.read(len(GZIP))
            file.seek(0)
            digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"  # type: ignore[arg-type]
            file.seek(0)
            with (blobs / digest).open("wb") as target:
                while piece := file.read(1 << 20):
                    target.write(piece)
            size = (blobs / digest).stat().st_size
            packed = ".gzip" if start == GZIP else ""
            return {"mediaType": media_type + packed, "size": size, "digest": digest}

        listed = saved.extractfile("manifest.json")
        assert listed
        (found,) = json.load(listed)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": blob(found["Config"], CONFIG),
            "layers": [blob(layer, LAYER) for layer in found["Layers"]],
        }
    text = json.dumps(manifest).encode()
    for name in (tag, f"sha256:{hashlib.sha256(text).hexdigest()}"):
        (manifests / name).write_bytes(text)


def serve(cluster: Cluster, image: str, python: str) -> None:
    """Has every node pull an image of this machine's as if from Docker Hub.

    Args:
        cluster: a kind cluster.
        image: the image's name, the same here and there.
        python: an image with Python that the nodes have.
    """
    engine = cluster.kind.containers
    archive, folder = cluster.folder / "served.tar", cluster.folder / NAME
    engine.save([image], archive)
    lay_out(archive, image, folder)
    archive.unlink()
    hosts = f"/etc/containerd/certs.d/{HUB}"
    for node in cluster.kind.nodes(cluster.name):
        subprocess.run([engine.program, "cp", folder, f"{node}:{FOLDER}"], check=True)
        write = 'mkdir -p "$1" && printf %s "$2" >"$1/hosts.toml"'
        assert engine.execute(node, "sh", "-c", write, "sh", hosts, HOSTS).status == 0
    cluster.kubectl.apply(yamlio.dump(_server(python)).encode())
    place = (f"daemonset/{NAME}", f"--namespace={NAMESPACE}", "--timeout=60s")
    cluster.kubectl.output("rollout", "status", *place)


def _server(python: str) -> dict[str, Any]:
    """A Pod on each node."""
    labels = {"app": NAME}
    container = {
        "name": NAME,
        "image": python,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", SERVER],
        "readinessProbe": {
            "httpGet": {"host": "127.0.0.1", "port": PORT, "path": "/v2/"},
            "periodSeconds": 1,
        },
        "volumeMounts": [{"name": "files", "mountPath": FOLDER, "readOnly": True}],
    }
    pod = {
        "hostNetwork": True,
        "tolerations": [{"operator": "Exists"}],
        "terminationGracePeriodSeconds": 0,
        "containers": [container],
        "volumes": [{"name": "files", "hostPath": {"path": FOLDER}}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
