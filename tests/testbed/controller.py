"""FrameworkController's own binary as a process of this host, with a ServiceAccount's rights."""

from __future__ import annotations

import gzip
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testbed.controlplane import ControlPlane
from testbed.programs import Program, running, search_path

JOBS = "jobs"
"""The namespace of the Frameworks."""

SHARED = Path(__file__).resolve().parents[3] / "shared"
PACKED = SHARED / "frameworkcontroller" / "frameworkcontroller.gz"


@contextmanager
def framework_controller(
    plane: ControlPlane,
    account: str = "frameworkcontroller/frameworkcontroller",
    config: str = "",
    kubeconfig: Path | None = None,
) -> Iterator[Program]:
    """Run FrameworkController until the context ends, which is SIGTERM's turn.

    It has started: it has made or updated its CRD and filled its caches. There is no Pod and no
    kubelet: the ServiceAccount and its rights must exist, and nothing restarts it.

    Args:
        plane: where.
        account: NAMESPACE/NAME of the ServiceAccount whose token it has.
        config: the text of its frameworkcontroller.yaml, which it reads from where it stands.
        kubeconfig: the one that it uses instead of the account's own.

    Yields:
        The program: `text()` is its log, `stop()` ends it early and gives its exit status.
    """
    folder = Path(tempfile.mkdtemp(prefix="frameworkcontroller-", dir=plane.folder))
    (folder / "frameworkcontroller.yaml").write_text(config, encoding="utf-8")
    env = {"KUBECONFIG": str(kubeconfig or plane.kubeconfig_for(account))}
    command = [binary(plane.folder)]
    with running(command, folder, name="frameworkcontroller", env=env, grace=10) as program:
        program.says("Running frameworkcontroller with ")  # … 200 workers
        yield program


def binary(folder: Path) -> Path:
    """FRAMEWORKCONTROLLER_BIN, the one among the programs, or the one beside the checkout."""
    named = os.environ.get("FRAMEWORKCONTROLLER_BIN")
    if found := named or shutil.which("frameworkcontroller", path=search_path()):
        return Path(found).resolve(strict=True)
    if not PACKED.is_file():
        pytest.skip("no FrameworkController binary: set FRAMEWORKCONTROLLER_BIN")
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("the FrameworkController binary beside the checkout is for Linux on x86_64")
    unpacked = folder / "frameworkcontroller"
    if not unpacked.exists():
        unpacked.write_bytes(gzip.decompress(PACKED.read_bytes()))
        unpacked.chmod(0o755)
    return unpacked


def framework(name: str, retries: int = 0) -> str:
    """A Framework of one task that ends when its Pod does."""
    policy = f"{{fancyRetryPolicy: false, maxRetryCount: {retries}}}"
    return f"""\
apiVersion: frameworkcontroller.microsoft.com/v1
kind: Framework
metadata: {{name: {name}, namespace: {JOBS}}}
spec:
  executionType: Start
  retryPolicy: {policy}
  taskRoles:
  - name: worker
    taskNumber: 1
    frameworkAttemptCompletionPolicy: {{minFailedTaskCount: 1, minSucceededTaskCount: 1}}
    task:
      retryPolicy: {{fancyRetryPolicy: false, maxRetryCount: 0}}
      pod:
        spec:
          restartPolicy: Never
          containers: [{{name: main, image: nothing}}]
"""
