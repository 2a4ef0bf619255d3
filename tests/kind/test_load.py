"""Images reach the nodes, also from archives that do not hold all that they name."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path
from typing import Any

import pytest
from fcgitops.programs.containers import full_name
from fcgitops.trial.cluster import CTR, Cluster, Kind

pytestmark = pytest.mark.kind

NAME = "example.com/some/image:1"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


def archive(path: Path) -> None:
    """An OCI archive as Docker's containerd image store saves it: one platform has no content."""
    own, other = ("amd64", "arm64") if platform.machine() == "x86_64" else ("arm64", "amd64")
    blobs: dict[str, bytes] = {}

    def blob(kind: str, content: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}

    def document(kind: str, content: dict[str, Any]) -> dict[str, Any]:
        return blob(kind, json.dumps({"schemaVersion": 2, **content}).encode())

    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("hello"))
    diff = blob(LAYER, layer.getvalue())
    config = {
        "architecture": own,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [diff["digest"]]},
    }
    manifest = {"mediaType": MANIFEST, "layers": [diff]}
    here = document(MANIFEST, manifest | {"config": document(CONFIG, config)})
    missing = {"mediaType": MANIFEST, "digest": f"sha256:{'0' * 64}", "size": 500}
    platforms = [
        here | {"platform": {"os": "linux", "architecture": own}},
        missing | {"platform": {"os": "linux", "architecture": other}},
    ]
    image = document(INDEX, {"mediaType": INDEX, "manifests": platforms})
    top = image | {"annotations": {"io.containerd.image.name": full_name(NAME)}}
    files = {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [top]}).encode(),
    }
    with tarfile.open(path, "w") as tar:
        for name, content in (files | blobs).items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def test_an_archive_without_the_content_of_other_platforms(
    kind_program: Kind, kind_cluster: Cluster, tmp_path: Path
) -> None:
    """The node's own platform is loaded, though kind itself refuses the archive."""
    archive(tmp_path / "image.tar")
    refused = kind_program._run(
        "load", "image-archive", tmp_path / "image.tar", "--name", kind_cluster.name, timeout=60
    )
    assert refused.status

    kind_program.load(kind_cluster.name, tmp_path / "image.tar")

    (node,) = kind_program.nodes(kind_cluster.name)
    listed = kind_program.containers.execute(node, *CTR, "list", "--quiet").stdout.decode()
    assert NAME in listed.split()
