"""A share for Pods with inline `nfs` volumes, on a kernel that has no NFS.

The kubelet runs `mount -t nfs SERVER:PATH FOLDER` for such a volume (nfsMounter.SetUpAt of
k8s.io/kubernetes, pkg/volume/nfs/nfs.go), and mount(8) leaves that to /sbin/mount.nfs. The one put
there binds a folder of the node. So nobody's manifest has to differ: neither that of an
experiment's manager, which is generated, nor those of its trials, which NNI makes. What an NFS
server adds is not tried: its network, root_squash, locks.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fcgitops.trial.cluster import Cluster

ROOT = "/srv/nfs"
PROGRAM = "/sbin/mount.nfs"

# 32 is mount(8)'s "mount failure", and the message that of nfs-utils.
MOUNT = f"""\
#!/bin/sh
from="{ROOT}/$1"
if [ ! -d "$from" ]; then
  echo "mount.nfs: mounting $1 failed, reason given by server: No such file or directory" >&2
  exit 32
fi
exec mount --bind "$from" "$2"
"""


@dataclass(frozen=True)
class Share:
    """The folder of the one node that stands for a share.

    Attributes:
        cluster: a kind cluster of one node.
        source: SERVER:PATH.
    """

    cluster: Cluster
    source: str

    @property
    def folder(self) -> str:
        """Its path on the node."""
        return f"{ROOT}/{self.source}"

    def export(self) -> None:
        """Makes it, and what mounts it."""
        write = 'printf %s "$2" >"$1" && chmod 755 "$1" && mkdir -p "$3"'
        self.on_node("sh", "-c", write, "sh", PROGRAM, MOUNT, self.folder)

    @contextmanager
    def lost(self) -> Iterator[None]:
        """Nobody can mount it for a while."""
        self.on_node("mv", self.folder, f"{self.folder}.lost")
        try:
            yield
        finally:
            self.on_node("mv", f"{self.folder}.lost", self.folder)

    @contextmanager
    def squashed(self) -> Iterator[None]:
        """For a while there is one that root may not write to: it belongs to somebody else."""
        with self.lost():
            self.on_node("install", "--directory", "--owner=nobody", "--mode=755", self.folder)
            try:
                yield
            finally:
                self.on_node("rmdir", self.folder)

    def files(self, pattern: str) -> list[str]:
        """The paths in it, relative to it, that match a shell pattern."""
        script = 'cd "$1" && for path in $2; do [ ! -e "$path" ] || echo "$path"; done'
        return self.on_node("sh", "-c", script, "sh", self.folder, pattern).split()

    def read(self, path: str) -> str:
        """A file's text."""
        return self.on_node("cat", f"{self.folder}/{path}")

    def copy(self, path: str, target: Path) -> None:
        """Copies a file or a folder of it to this machine."""
        program = self.cluster.kind.containers.program
        place = f"{self._node()}:{self.folder}/{path}"
        subprocess.run([program, "cp", place, target], check=True)

    def mounts(self) -> int:
        """How many mounts of it the kubelet has made and not yet undone."""
        return int(self.on_node("sh", "-c", "grep -c kubernetes.io~nfs /proc/mounts || true"))

    def on_node(self, *command: str) -> str:
        """What a command prints on the node."""
        result = self.cluster.kind.containers.execute(self._node(), *command)
        assert result.status == 0, result.stderr
        return result.stdout.decode()

    def _node(self) -> str:
        (node,) = self.cluster.kind.nodes(self.cluster.name)
        return node
