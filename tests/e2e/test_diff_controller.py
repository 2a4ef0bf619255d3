"""What `diff` says of FrameworkController's settings, seen with the real one.

It is started with the left side's file and account, ends, and is started with the right side's.
"""

from __future__ import annotations

import copy
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from diff_edits import (
    FILE,
    POD,
    PREPARED,
    C,
    Edit,
    Rendering,
    both,
    sets,
    setting,
)
from fcgitops.diff import compare
from fcgitops.fcconfig.image import shipped_text
from test_rights import CRD, apply_environment, completes, running_pod, state
from testbed.between import Between, between
from testbed.controller import JOBS, binary, framework, framework_controller
from testbed.controlplane import ControlPlane, control_plane
from testbed.deployed import completion
from testbed.programs import Program, eventually, running, stays

pytestmark = pytest.mark.cluster
ACCOUNT = "frameworkcontroller/frameworkcontroller"
KEPT = setting(frameworkCompletedRetainSec=3600)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster with an environment's rights, where FrameworkController has run."""
    folder = tmp_path_factory.mktemp("plane")
    with control_plane(folder, crds=CRD.read_text()) as plane:
        apply_environment(plane, folder)
        yield plane


@pytest.fixture(autouse=True)
def nothing_left(plane: ControlPlane) -> Iterator[None]:
    """No test meets the Frameworks of another one."""
    yield
    plane.kubectl("delete", "frameworks", "-n", JOBS, "--all", "--wait=false")


def sides(edit: Edit, prepare: Edit = KEPT) -> tuple[str, str, set[str]]:
    """FrameworkController's file before and after, and the numbers of what is said."""
    before = Rendering()
    prepare(before)
    after = copy.deepcopy(before)
    edit(after)
    said = {effect.id for effect in compare.outcome(before.objects, after.objects).effects}
    return text(before), text(after), said


def text(rendering: Rendering) -> str:
    """FrameworkController's file; its image's where none is mounted."""
    if any(o["kind"] == "ConfigMap" for o in rendering.objects):
        return str(rendering("ConfigMap")["data"][FILE])
    return shipped_text()


def frameworks(plane: ControlPlane) -> list[str]:
    return plane.kubectl("get", "frameworks", "-n", JOBS, "-o", "name").split()


@pytest.mark.proves("F", "S05 S06 S07")
@pytest.mark.parametrize(
    ("number", "seconds", "deleted"),
    [
        ("S06", 7200, False),
        ("S06", 9223372036, False),
        ("S05", 1, True),
        ("S07", 0, True),
        ("S07", 9223372136, True),  # what ended less than 99 s ago
        ("S07", 9223372037, False),  # … and less than 0.1 s: it has overflowed twice
        ("S07", 2**63 - 1, True),
        ("S07", 99999999999, False),  # 246 years, by chance
    ],
)
def test_completed_frameworks_are_deleted_or_kept(
    plane: ControlPlane, number: str, seconds: int, deleted: bool
) -> None:
    """S05, S06, S07: at the next start, and a running one is not touched."""
    before, after, said = sides(setting(frameworkCompletedRetainSec=seconds))
    assert said & {"S05", "S06", "S07"} == {number}
    ended, runs = f"ended{seconds}", f"runs{seconds}"
    with framework_controller(plane, config=before):
        for name in (ended, runs):
            plane.apply(framework(name))
        plane.finish(running_pod(plane, ended), JOBS)
        completes(plane, ended, "Succeeded")
        running_pod(plane, runs)
    with framework_controller(plane, config=after) as started:
        name = f"framework.frameworkcontroller.microsoft.com/{ended}"
        if deleted:
            started.wait_until(lambda: name not in frameworks(plane) or _not_yet(), 60, "deleted")
        else:
            plane.apply(framework(f"later{seconds}"))
            running_pod(plane, f"later{seconds}")  # it works, and has looked at all of them
            assert name in frameworks(plane)
        assert name.replace("ended", "runs") in frameworks(plane)


def _not_yet() -> bool:
    raise AssertionError("not yet")


def ends(plane: ControlPlane, config: str, *, kubeconfig: bool = True) -> str:
    """What FrameworkController says that ends at its start; "" is no file at all."""
    (plane.folder / "ending").mkdir(exist_ok=True)
    file = plane.folder / "ending" / "frameworkcontroller.yaml"
    file.write_text(config, encoding="utf-8") if config else file.unlink(missing_ok=True)
    env = {"KUBECONFIG": str(plane.kubeconfig_for(ACCOUNT))} if kubeconfig else {}
    program: Program
    command = [binary(plane.folder)]
    with running(command, plane.folder / "ending", name="ending", env=env) as program:
        eventually(lambda: not program.alive() or _not_yet(), 30, "it has ended")
        return program.text()


@pytest.mark.proves("F", "S21 S22 S24")
@pytest.mark.parametrize(
    ("number", "edit", "words"),
    [
        ("S22", setting(workerNumber=0), "panic"),
        ("S24", setting(kubeClientBurst=0), "Burst is required to be greater than 0"),
        ("S21", setting(kubeConfigFilePath="/nothing/there"), "panic"),
    ],
)
def test_a_setting_that_it_refuses_ends_it_at_each_start(
    plane: ControlPlane, number: str, edit: Edit, words: str
) -> None:
    """S21, S22, S24: foretold as an outage; a bigger worker number is not."""
    before, after, said = sides(edit)
    assert number in said
    with framework_controller(plane, config=before):
        pass
    assert words in ends(plane, after)
    assert not {"S21", "S22", "S24"} & sides(setting(workerNumber=77))[2]


@pytest.mark.proves("F", "C26")
def test_without_a_file_where_it_starts_it_ends_at_each_start(plane: ControlPlane) -> None:
    """C26: where it is mounted elsewhere; it works with the same file in its directory."""
    before, _, said = sides(sets("spec.template.spec.containers.0.workingDir", "/tmp"))
    assert "C26" in said
    with framework_controller(plane, config=before):
        pass
    assert "panic" in ends(plane, "")
    assert "C26" not in sides(setting(workerNumber=77))[2]


@pytest.mark.proves("F", "R16")
def test_without_a_token_it_ends_at_its_start(plane: ControlPlane) -> None:
    """R16: neither a kubeconfig nor a token; a token of the Pod alone is enough for diff."""
    edit = sets("spec.template.spec.automountServiceAccountToken", False)
    assert "R16" in sides(edit)[2]
    assert "R16" not in sides(setting(workerNumber=77))[2]
    words = "no configuration has been provided"
    assert words in ends(plane, text(Rendering()), kubeconfig=False)


@pytest.mark.proves("F", "C01 C05 C06")
def test_without_it_nothing_advances_and_a_start_catches_up(plane: ControlPlane) -> None:
    """C05: what runs runs on, and what ends stays unjudged; C06, C01: it is judged at the start."""
    config, _, said = sides(sets("spec.replicas", 0))
    assert "C05" in said
    assert "C01" not in said
    restarted = sides(sets(f"{POD}.hostname", "fc"))[2]
    assert "C01" in restarted
    assert "C05" not in restarted
    assert "C06" in sides(sets("spec.replicas", 1), sets("spec.replicas", 0))[2]
    with framework_controller(plane, config=config):
        for name in ("left", "other"):
            plane.apply(framework(name))
        pod, other = running_pod(plane, "left"), running_pod(plane, "other")
        eventually(lambda: state(plane, "other")[0] == "AttemptRunning", 30, "it has seen that")
    known = [
        plane.get(*each, "-n", JOBS)["metadata"]
        for each in (("pod", other), ("framework", "other"))
    ]
    plane.finish(pod, JOBS)
    plane.apply(framework("unseen"))
    stays(lambda: (state(plane, "left")[1], state(plane, "unseen")[0]), 2)
    assert (state(plane, "left")[1], state(plane, "unseen")[0]) == ("", "")
    with framework_controller(plane, config=config):
        completes(plane, "left", "Succeeded")
        running_pod(plane, "unseen")
        assert plane.get("pod", other, "-n", JOBS)["metadata"]["uid"] == known[0]["uid"]
        assert plane.get("framework", "other", "-n", JOBS)["metadata"] == known[1]


@pytest.mark.proves("F", "S13 S23")
@pytest.mark.parametrize(
    ("number", "edit", "workers"),
    [("S13", setting(workerNumber=77), 77), ("S23", setting(workernumber=77), 500)],
)
def test_the_workers_are_as_many_as_it_understands(
    plane: ControlPlane, number: str, edit: Edit, workers: int
) -> None:
    """S13; S23: a key that it does not know is ignored, and nothing says so."""
    before, after, said = sides(edit)
    assert said & {"S13", "S23"} == {number}
    for config, count in ((before, 500), (after, workers)):
        with framework_controller(plane, config=config) as started:
            started.says(f"Running frameworkcontroller with {count} workers")


@pytest.mark.proves("F", "S13")
def test_fewer_requests_a_second_are_a_slower_start(plane: ControlPlane) -> None:
    """S13: and what exists stays as it is."""
    before, after, said = sides(setting(kubeClientQps=0.5, kubeClientBurst=1))
    assert "S13" in said

    def version() -> str:
        found = plane.get("framework", "there", "-n", JOBS)
        return str(found["metadata"]["resourceVersion"])

    def written() -> bool:
        """Its status is the last that FrameworkController writes of a Pod that runs."""
        status = plane.get("framework", "there", "-n", JOBS).get("status") or {}
        tasks = (status.get("attemptStatus") or {}).get("taskRoleStatuses")
        return "'state': 'AttemptRunning'" in str(tasks)

    with framework_controller(plane, config=before):
        plane.apply(framework("there"))
        eventually(written, 30, "its task runs")
        stays(version, 2)
    known = version()
    started = time.monotonic()
    with framework_controller(plane, config=after):
        assert time.monotonic() - started > 4  # it asks for its CRD and lists of three kinds
        stays(version, 1)
    assert version() == known


@pytest.mark.proves("F", "S16")
def test_a_retry_s_delay_that_is_scheduled_stays(plane: ControlPlane) -> None:
    """S16: another delay is for what fails from then on."""
    slow, fast = (
        {f"framework{word}RetryDelaySecForTransientConflictFailed": n for word in ("Min", "Max")}
        for n in (500, 100)
    )
    conflict = entry(137, "Transient", "Conflict")
    before, after, said = sides(
        setting(**fast), both(KEPT, setting(podFailureSpec=conflict, **slow))
    )
    assert "S16" in said
    for config, name, seconds in ((before, "first", 500), (after, "second", 100)):
        with framework_controller(plane, config=config):
            plane.apply(fancy(name))
            plane.finish(running_pod(plane, name), JOBS, exit_code=137)
            eventually(lambda: delay(plane, name) == seconds, 30, f"{seconds} s")  # noqa: B023
            assert delay(plane, "first") == 500


def fancy(name: str) -> str:
    """A Framework that is tried again by what its failure is."""
    return framework(name).replace("fancyRetryPolicy: false", "fancyRetryPolicy: true", 1)


def delay(plane: ControlPlane, name: str) -> int | None:
    """How long a Framework waits for its next attempt."""
    status = plane.get("framework", name, "-n", JOBS).get("status") or {}
    found: int | None = (status.get("retryPolicyStatus") or {}).get("retryDelaySec")
    return found


@pytest.mark.proves("F", "S17")
def test_delays_that_are_too_far_apart_end_it(plane: ControlPlane) -> None:
    """S17: at the first failure that is Transient and Conflict, and at each start from then on."""
    kind = "RetryDelaySecForTransientConflictFailed"
    wide = {f"frameworkMin{kind}": 0, f"frameworkMax{kind}": 2**63 - 1}
    conflict = entry(137, "Transient", "Conflict")
    before, after, said = sides(setting(**wide), both(KEPT, setting(podFailureSpec=conflict)))
    assert "S17" in said
    assert "S17" not in sides(setting(**{f"frameworkMax{kind}": 9223372036}))[2]
    with framework_controller(plane, config=before):
        pass
    with framework_controller(plane, config=after) as started:
        plane.apply(fancy("far"))
        plane.finish(running_pod(plane, "far"), JOBS, exit_code=137)
        eventually(lambda: not started.alive() or _not_yet(), 30, "it has ended")
        assert "invalid argument to Int63n" in started.text()


def entry(code: int, *attributes: str, phrase: str = "Mine") -> list[dict[str, Any]]:
    """A podFailureSpec of one entry, which an exit code matches."""
    pattern = {"containers": [{"codeRange": {"min": code, "max": code}}]}
    kind = {"attributes": [*attributes]} if attributes else {}
    return [{"code": code, "phrase": phrase, "type": kind, "podPatterns": [pattern]}]


def without(*found: list[dict[str, Any]]) -> Edit:
    """An edit to these entries alone."""
    return setting(podFailureSpec=[one for part in found for one in part])


WIDE = [
    {
        "code": 221,
        "phrase": "Any",
        "podPatterns": [{"containers": [{"codeRange": {"min": 1, "max": 255}}]}],
    }
]
S12 = next((prepare, edit) for number, _, prepare, edit in PREPARED if number == "S12")


@pytest.mark.proves("F", "S08 S09 S10 S11 S12")
@pytest.mark.parametrize(
    ("number", "prepare", "edit", "judged"),
    [
        (
            "S08",
            without(entry(137, "Transient")),
            setting(podFailureSpec=[]),
            [("Mine", ["Transient"]), ("ContainerUnrecognizedFailed", [])],
        ),
        (
            "S09",
            without(entry(137, "Transient")),
            without(entry(137, "Permanent")),
            [("Mine", ["Transient"]), ("Mine", ["Permanent"])],
        ),
        (
            "S10",
            without(entry(137, "Transient"), WIDE),
            without(WIDE, entry(137, "Transient")),
            [("Mine", ["Transient"]), ("Any", [])],
        ),
        (
            "S11",
            setting(podFailureSpec=[]),
            without(entry(137, "Transient")),
            [("ContainerUnrecognizedFailed", []), ("Mine", ["Transient"])],
        ),
        (
            "S12",
            S12[0],
            S12[1],
            [("ContainerSigTermReceived", ["Transient"]), ("ContainerUnrecognizedFailed", [])],
        ),
    ],
)
def test_a_failure_is_judged_by_the_new_file(
    plane: ControlPlane, number: str, prepare: Edit, edit: Edit, judged: list[tuple[str, list[str]]]
) -> None:
    """S08 to S12: from the next start on; what is recorded stays."""
    keeps = KEPT if number != "S12" else (lambda _: None)
    before, after, said = sides(edit, both(keeps, prepare))
    assert said & {"S08", "S09", "S10", "S11", "S12"} == {number}
    for config, name, (phrase, attributes) in zip(
        (before, after), ("once", "again"), judged, strict=True
    ):
        with framework_controller(plane, config=config):
            plane.apply(framework(name))
            plane.finish(running_pod(plane, name), JOBS, exit_code=143 if number == "S12" else 137)
            completes(plane, name, "Failed")
        found = completion(plane.get("framework", name, "-n", JOBS))
        assert (found["phrase"], sorted(found["type"]["attributes"] or [])) == (phrase, attributes)
    assert completion(plane.get("framework", "once", "-n", JOBS))["phrase"] == judged[0][0]


@pytest.mark.proves("F", "S20")
def test_whole_objects_go_to_the_log(plane: ControlPlane) -> None:
    """S20: a Pod with the values of its variables."""
    quiet = {"pod": {"onPodDeletion": False}, "framework": {"onFrameworkDeletion": False}}
    loud = {**quiet, "pod": {"onPodDeletion": True}}
    before, after, said = sides(
        setting(logObjectSnapshot=loud), both(KEPT, setting(logObjectSnapshot=quiet))
    )
    assert "S20" in said
    main = "containers: [{name: main, image: nothing}]"
    told = "containers: [{name: main, image: nothing, env: [{name: KEY, value: canary}]}]"
    for config, name, seen in ((before, "quiet", False), (after, "loud", True)):
        with framework_controller(plane, config=config) as started:
            plane.apply(framework(name).replace(main, told))
            plane.finish(running_pod(plane, name), JOBS)
            completes(plane, name, "Succeeded")
            plane.kubectl("delete", "framework", name, "-n", JOBS)
            stays(lambda: 0, 1)
            assert ("canary" in started.text()) is seen, started.text()[-3000:]


@pytest.fixture
def proxy(plane: ControlPlane) -> Iterator[Between]:
    with between(plane, ACCOUNT) as proxy:
        yield proxy


@pytest.mark.proves("F", "S19")
def test_on_a_slow_api_server_a_new_pod_counts_as_lost(plane: ControlPlane, proxy: Between) -> None:
    """S19: after the timeout, while no news of Pods comes; 60 s is the lowest that it takes."""
    _, after, said = sides(setting(objectLocalCacheCreationTimeoutSec=60))
    assert "S19" in said
    assert "S19" not in sides(setting(objectLocalCacheCreationTimeoutSec=300))[2]
    with framework_controller(plane, config=after, kubeconfig=proxy.kubeconfig):
        proxy.news.clear()
        plane.apply(framework("unseen"))
        created = ("get", "pods", "-n", JOBS, "-o", "name")
        eventually(lambda: plane.kubectl(*created), 30, "the Pod is made")
        started = time.monotonic()
        completes(plane, "unseen", "Failed")
        assert time.monotonic() - started > 50
        found = completion(plane.get("framework", "unseen", "-n", JOBS))
        assert found["code"] in (-110, -111)
        assert "Transient" in found["type"]["attributes"]
        proxy.news.set()


@pytest.mark.proves("F", "N06")
def test_what_is_cut_off_goes_on_without_news(plane: ControlPlane, proxy: Between) -> None:
    """N06: it does not end, and catches up; a start in between panics."""
    config = text(Rendering())
    with framework_controller(plane, config=config, kubeconfig=proxy.kubeconfig) as started:
        proxy.cut()
        plane.apply(framework("meanwhile"))
        stays(lambda: (started.alive(), state(plane, "meanwhile")), 3)
        assert (started.alive(), state(plane, "meanwhile")[0]) == (True, "")
        env = {"KUBECONFIG": str(proxy.kubeconfig)}
        folder = plane.folder / "ending"
        folder.mkdir(exist_ok=True)
        (folder / "frameworkcontroller.yaml").write_text(config)
        with running([binary(plane.folder)], folder, name="cut", env=env) as second:
            eventually(lambda: not second.alive() or _not_yet(), 60, "it has ended")
            assert "panic" in second.text()
        proxy.is_open = True
        running_pod(plane, "meanwhile")


@pytest.mark.proves("F", "N08")
def test_it_listens_on_no_port(plane: ControlPlane) -> None:
    """N08: whoever may connect to its Pod meets nobody."""
    said = sides(lambda r: r.drop("NetworkPolicy"))[2]
    assert "N08" in said
    with framework_controller(plane, config=text(Rendering())) as started:
        plane.apply(framework("any"))
        running_pod(plane, "any")
        with socket.socket() as known:
            known.bind(("127.0.0.1", 0))
            known.listen()
            assert listening(os.getpid()), "this is how one that listens looks"
        assert not listening(started.process.pid)


def listening(process: int) -> set[str]:
    """The sockets of a process at which others can connect."""
    own = set()
    for link in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # it is closed again
            own.add(str(link.readlink()).removeprefix("socket:[").rstrip("]"))
    lines = [
        line.split()
        for file in ("tcp", "tcp6")
        for line in Path(f"/proc/{process}/net/{file}").read_text().splitlines()[1:]
    ]
    return {line[9] for line in lines if line[3] == "0A"} & own


@pytest.mark.proves("F", "C23")
@pytest.mark.parametrize(
    ("command", "waits"),
    [
        ("cp start.sh copy.sh && ./start.sh", True),
        ("./frameworkcontroller", False),
        ("cp start.sh copy.sh && exec ./frameworkcontroller", False),
    ],
)
def test_a_shell_as_process_1_ignores_sigterm(
    plane: ControlPlane, tmp_path: Path, command: str, waits: bool
) -> None:
    """C23: the image's start.sh does; FrameworkController in the shell's place ends at once."""
    said = sides(sets(f"{C}.command", ["bash", "-c", command]))[2]
    assert ("C23" in said) is waits
    unshare = ["unshare", *(["-r"] if os.geteuid() else []), "--pid", "--fork", "--kill-child"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no PID namespace can be made here: unshare --pid")
    shutil.copy(binary(plane.folder), tmp_path / "frameworkcontroller")
    (tmp_path / "start.sh").write_text("#!/bin/bash\nset -o errexit\n./frameworkcontroller\n")
    (tmp_path / "start.sh").chmod(0o755)
    (tmp_path / "frameworkcontroller.yaml").write_text(text(Rendering()))
    env = {"KUBECONFIG": str(plane.kubeconfig_for(ACCOUNT))}
    with running([*unshare, "bash", "-c", command], tmp_path, name="pod", env=env) as program:
        program.says("Running frameworkcontroller with ")
        (first,) = children(program.process.pid)
        os.kill(first, signal.SIGTERM)
        if waits:
            stays(program.alive, 2)
            assert program.alive()
        else:
            eventually(lambda: not program.alive() or _not_yet(), 5, "it has ended")


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(child) for child in found]
