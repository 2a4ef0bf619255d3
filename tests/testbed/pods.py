"""NNI's real manager and its real trials as host processes, just as the rendered objects say.

kwok runs nothing in a Pod: what a Pod's container would run is read from the API server, and
run here with the container's paths put where the test has them.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from testbed.controlplane import ControlPlane
from testbed.programs import Program, dies_with_us, environment, free_port, running

MOUNT = "/tmp/mount"  # NNI's own, in each trial
BARRIER = ". /mnt/frameworkbarrier/injector.sh"


def python() -> Path:
    """A Python that has nni: $NNI_PYTHON, or this one."""
    named = os.environ.get("NNI_PYTHON") or sys.executable
    found = subprocess.run(
        [named, "-c", "import pkg_resources, nni; print(nni.__version__)"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if found.returncode or found.stdout.strip() != "3.0":
        pytest.skip("no Python with nni==3.0 and setuptools<81: set NNI_PYTHON")
    return Path(named)


@dataclass
class Pods:
    """What stands for a kubelet: the share, and the processes of one namespace.

    Attributes:
        plane: where the Pods are.
        namespace: theirs.
        share: the folder that stands for the NFS share.
        python: has nni.
        trials: the exit status of each trial Pod that has run, by its name.
    """

    plane: ControlPlane
    namespace: str
    share: Path
    python: Path
    trials: dict[str, int] = field(default_factory=dict)

    def get(self, kind: str, *arguments: str) -> Any:
        """Objects of the namespace."""
        return self.plane.get(kind, f"--namespace={self.namespace}", *arguments)

    def frameworks(self) -> list[str]:
        """The Frameworks that are there."""
        return [one["metadata"]["name"] for one in self.get("frameworks")]

    @contextmanager
    def manager(self, job: str, folder: Path, **extra: str) -> Iterator[Program]:
        """Run the manager of a Job, until it ends or the context does.

        Args:
            job: its name.
            folder: an empty one, for its mounts and its log.
            extra: further variables.
        """
        pod = self.get("job", job)["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        mounts = {"/nni-share": self.share}
        for volume in pod["volumes"]:
            if "configMap" in volume:
                (path,) = (m["mountPath"] for m in container["volumeMounts"]
                           if m["name"] == volume["name"])  # fmt: skip
                mounts[path] = folder / volume["name"]
                self._mount(volume["configMap"], mounts[path])
        account = self._account(folder, pod["serviceAccountName"])
        kubeconfig = self.plane.kubeconfig_for(f"{self.namespace}/{pod['serviceAccountName']}")
        variables = {one["name"]: _moved(one["value"], mounts) for one in container["env"]}
        shim, _, rest = variables["PATH"].partition(os.pathsep)
        variables |= {
            "PATH": os.pathsep.join([shim, str(self.python.parent), rest]),
            "ACCOUNT": str(account),
            "API_SERVER": self.plane.server,
            "KUBECONFIG": str(kubeconfig),
            "PORT": str(two_ports()),
            **extra,
        }
        command = [_moved(word, mounts) for word in container["command"]]
        command[0] = str(self.python)
        with running(command, folder, name="nni-manager", env=variables, grace=90) as program:
            yield program

    def _mount(self, source: dict[str, Any], folder: Path) -> None:
        """A ConfigMap as a volume has it."""
        data = self.get("configmap", source["name"])["data"]
        items = source.get("items") or [{"key": key, "path": key} for key in data]
        for item in items:
            path = folder / item["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(data[item["key"]], encoding="utf-8")
            path.chmod(source.get("defaultMode", 0o644))

    def _account(self, folder: Path, name: str) -> Path:
        """What a Pod finds of its ServiceAccount."""
        account = folder / "account"
        account.mkdir()
        (account / "token").write_text(self.plane.token_for(self.namespace, name))
        (account / "namespace").write_text(self.namespace)
        shutil.copy(self.plane.certificate, account / "ca.crt")
        return account

    def run_trials(self, stop: threading.Event) -> None:
        """Run each trial Pod that comes up, and end it where its Pod goes, until told to stop."""
        processes: dict[str, subprocess.Popen[bytes]] = {}
        try:
            while not stop.wait(0.3):
                there = {
                    pod["metadata"]["uid"]: pod
                    for pod in self.get("pods", "--selector=FC_FRAMEWORK_NAME")
                    if pod["status"].get("phase") == "Running"
                }
                for uid in there.keys() - processes.keys():
                    processes[uid] = self._start(there[uid])
                for uid, process in processes.items():
                    if uid not in there:
                        _kill(process)
                    elif process.poll() is not None:
                        self._finish(there[uid], process.returncode)
        finally:
            for process in processes.values():
                _kill(process)

    def _finish(self, pod: dict[str, Any], status: int) -> None:
        name = pod["metadata"]["name"]
        self.trials[name] = status
        try:
            self.plane.finish(name, self.namespace, status)
        except AssertionError:  # the manager has deleted its Framework meanwhile
            return

    def _start(self, pod: dict[str, Any]) -> subprocess.Popen[bytes]:
        """What the Pod's container would run."""
        (container,) = pod["spec"]["containers"]
        shell, script = container["command"]
        mounts = {MOUNT: self.share}
        text = Path(_moved(script, mounts)).read_text(encoding="utf-8")
        assert BARRIER in text
        text = _moved(text.replace(BARRIER, "true"), mounts)
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            [*dies_with_us(), shell, "-c", text],
            env=environment(self.share.parent, {"PATH": path}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def pods(plane: ControlPlane, namespace: str, folder: Path) -> Iterator[Pods]:
    """A share, and trials that run as soon as their Pods do."""
    share = folder / "share"
    share.mkdir()
    found = Pods(plane, namespace, share, python())
    stop = threading.Event()
    thread = threading.Thread(target=found.run_trials, args=(stop,), daemon=True)
    with ExitStack() as stack:
        thread.start()
        stack.callback(thread.join, 60)
        stack.callback(stop.set)
        yield found


def _moved(text: str, mounts: dict[str, Path]) -> str:
    """A text with the container's paths put where they are here."""
    paths = "|".join(sorted(map(re.escape, mounts), key=len, reverse=True))
    whole = rf"(?<![-./\w])({paths})(?![-.\w])"
    return re.sub(whole, lambda found: str(mounts[found[1]]), text)


def two_ports() -> int:
    """A free port whose next one is free too: trials dial that."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port + 1)):
                return port
