"""What runs in an experiment's Pod, as a program: components/nni/ of a generated repository.

With NNI itself it runs in tests/e2e/test_nni.py; here is what it does without.
"""

from __future__ import annotations

import ast
import http.server
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from fcgitops.nnifile.rules_algorithm import TUNERS

COMPONENT = Path(__file__).parents[2] / "{{cookiecutter.repo_slug}}/components/nni"
RUN = "0123456789"
KIND = {"group": "frameworkcontroller.microsoft.com", "kind": "frameworks"}


# --- the shim `sudo`


@pytest.fixture
def sudo(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the shim with words, where the share is mounted at share/."""
    (tmp_path / "share").mkdir()

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", COMPONENT / "sudo", *words], cwd=tmp_path, capture_output=True, text=True,
            check=False, env={**os.environ, "NNI_SHARE": str(tmp_path / "share")},
        )  # fmt: skip

    return run


def test_a_mount_becomes_a_link(
    sudo: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """As NNI calls it, in a folder whose name has a space; once more, as in a second start."""
    folder = tmp_path / "nfs root"
    folder.mkdir()
    for _ in range(2):
        assert sudo("mount", "10.0.0.2:/exports/nni", str(folder)).returncode == 0
        assert folder.readlink() == tmp_path / "share"
    assert list((tmp_path / "share").iterdir()) == []


def test_a_folder_with_files_is_not_replaced(
    sudo: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """What somebody has put there is not lost, and NNI hears that it failed."""
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "file").touch()
    assert sudo("mount", "10.0.0.2:/$(touch pwned)", str(folder)).returncode != 0
    assert (folder / "file").exists()
    assert not (tmp_path / "pwned").exists()


def test_another_command_is_run(
    sudo: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """With its words as they are, and its exit status."""
    ran = sudo("printf", "%s|", "a b", "$(touch pwned)", "*")
    assert (ran.stdout, ran.returncode) == ("a b|$(touch pwned)|*|", 0)
    assert sudo("sh", "-c", "exit 7").returncode == 7
    assert not (tmp_path / "pwned").exists()


# --- the manager


def test_it_is_python_of_any_image(tmp_path: Path) -> None:
    """It compiles, as Python 3.7 would have it too; and ruff finds nothing."""
    source = (COMPONENT / "manager").read_text()
    compile(source, "manager", "exec", dont_inherit=True)
    ast.parse(source, feature_version=(3, 7))
    copy = tmp_path / "manager.py"
    copy.write_text(source)
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select=E4,E7,E9,F,B,SIM,S1"]
    ran = subprocess.run([*ruff, str(copy)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ServiceAccount's folder as the kubelet mounts it, and the server's own key in it."""
    folder = tmp_path_factory.mktemp("account")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", folder / "key.pem", "-out", folder / "ca.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "token").write_text("t0ken")
    (folder / "namespace").write_text("nni")
    return folder


@contextmanager
def api_server(account: Path, answer: Callable[[str], tuple[int, object]]) -> Iterator[list[str]]:
    """An HTTPS server that stands for the API server; the requests that it got, its URL first.

    Args:
        account: has its certificate.
        answer: from "METHOD PATH" to status and body; a status of 0 is no HTTP at all.
    """
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            request = f"{self.command} {self.path}"
            seen.append(f"{request} {self.headers['Authorization']}")
            status, body = answer(request)
            if not status:
                self.wfile.write(b"what?\r\n\r\n")
                return
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_DELETE = answer

        def log_message(self, *arguments: object) -> None:
            """Nothing on stderr."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(account / "ca.crt", account / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    seen.append(f"https://127.0.0.1:{server.server_port}")
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def start(work: Path, account: Path, url: str, **more: str) -> subprocess.Popen[str]:
    """The manager as a process, where no `nni` can be imported but one that says it was."""
    fake = work.parent / "packages" / "nni"
    fake.mkdir(parents=True, exist_ok=True)
    (fake / "__init__.py").write_text("raise SystemExit('NNI was started')\n")
    variables = {
        "RUN": RUN, "WORK": str(work), "EXPERIMENT": str(work.parent / "inputs"),
        "ACCOUNT": str(account), "API_SERVER": url, "WAIT_SECONDS": "0", "PATH": os.environ["PATH"],
        "PYTHONPATH": str(fake.parent), **more,
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, str(COMPONENT / "manager")], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=variables,
    )  # fmt: skip


def ends(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, stdout and stderr."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program as a module."""
    monkeypatch.setenv("RUN", RUN)
    monkeypatch.setenv("WORK", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = SourceFileLoader("manager", str(COMPONENT / "manager"))
    module = ModuleType("manager")
    loader.exec_module(module)
    return module


def found(manager: ModuleType, values: list[object], **algorithms: Any) -> dict[str, Any]:
    """The result of trials with these values, and of an experiment file's algorithms."""
    named = {"tuner": None, "advisor": None} | {
        key: SimpleNamespace(**{"name": None, "class_args": None} | value)
        for key, value in algorithms.items()
    }
    trials = [SimpleNamespace(trialJobId="t", parameter={}, value=value) for value in values]
    experiment = SimpleNamespace(export_data=lambda: trials)
    outcome: dict[str, Any] = manager.result(experiment, SimpleNamespace(**named))
    json.dumps(outcome)
    return outcome


@pytest.mark.parametrize("name", TUNERS)
def test_the_best_is_what_the_tuner_looked_for(name: str, manager: ModuleType) -> None:
    """Where the file does not say, by its own default: TPE and its kin minimize."""
    values: list[object] = [0.5, {"default": -3, "loss": 9}, "2"]
    wanted = {"maximize": "2", "minimize": values[1], "": "2"}
    for spelled in (name, name.lower()):
        best = found(manager, values, tuner={"name": spelled})["best"]
        assert best["value"] == wanted[TUNERS[name].mode]
    for mode in ("maximize", "minimize"):
        tuner = {"name": name, "class_args": {"optimize_mode": mode}}
        for key in ("tuner", "advisor"):
            assert found(manager, values, **{key: tuner})["best"]["value"] == wanted[mode]


@pytest.mark.parametrize("mode", ["maximize", "minimize"])
def test_a_value_that_is_no_number_is_kept(mode: str, manager: ModuleType) -> None:
    """Random and GridSearch take any; what the other trials have found is not lost by it."""
    odd: list[object] = [{"accuracy": 0.5}, "good", None, [1], float("nan")]
    tuner = {"name": "Random", "class_args": {"optimize_mode": mode}}
    outcome = found(manager, [*odd, 0.0, *odd], tuner=tuner)
    assert outcome["best"]["value"] == 0
    assert len(outcome["trials"]) == 11
    assert found(manager, odd, tuner=tuner)["best"] is None
    assert found(manager, [], tuner=tuner)["best"] is None


def test_a_run_that_has_ended_is_not_started_again(account: Path, tmp_path: Path) -> None:
    """Exit 0 with the best trial that was kept, without a word to the API server or NNI."""
    work = tmp_path / "work"
    work.mkdir()
    found = {"run": RUN, "best": {"id": "a", "value": 1.5}, "trials": []}
    (work / f"{RUN}.json").write_text(json.dumps(found))
    with api_server(account, lambda _: (200, {})) as seen:
        ran = ends(start(work, account, seen[0]))
    assert ran == (
        0,
        f"the run {RUN} has ended before; run.yaml's `run` starts another one\n"
        'best: {"id": "a", "value": 1.5}\n',
        "",
    )
    assert len(seen) == 1


def test_another_run_is_not_held_back_by_it(account: Path, tmp_path: Path) -> None:
    """It is asked for its own Framework; what a killed Pod left is deleted, and NNI starts."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "9876543210.json").write_text('{"best": null}')
    missing = (404, {"kind": "Status", "details": KIND})
    with api_server(account, lambda _: missing) as seen:
        status, out, err = ends(start(work, account, seen[0]))
    assert (status, out, err) == (1, "", "NNI was started\n")
    place = "/apis/frameworkcontroller.microsoft.com/v1/namespaces/nni/frameworks"
    selector = "labelSelector=app%3Dnni-kubernetes-trial%2CexpId%3D" + RUN
    assert seen[1:] == [
        f"GET {place}/{RUN}? Bearer t0ken",
        f"DELETE {place}?{selector} Bearer t0ken",
    ]


def test_on_another_share_a_run_that_has_ended_runs_again(account: Path, tmp_path: Path) -> None:
    """What `diff` foretells as X06: nothing there tells that it has ended."""
    for share in ("old", "new"):
        (tmp_path / share).mkdir()
    (tmp_path / "old" / f"{RUN}.json").write_text('{"best": null}')
    said = []
    for share in ("old", "new"):
        with api_server(account, lambda _: (404, {"kind": "Status", "details": KIND})) as seen:
            said.append(ends(start(tmp_path / share, account, seen[0])))
    assert said[0][0] == 0
    assert said[0][1].startswith(f"the run {RUN} has ended before")
    assert said[1] == (1, "", "NNI was started\n")


SENTENCE = "no FrameworkController on this cluster, or no right to use it: "


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("status", "body", "wrong"),
    [
        (403, {"kind": "Status", "code": 403, "details": KIND}, "HTTP Error 403: Forbidden"),
        (401, {"kind": "Status"}, "HTTP Error 401: Unauthorized"),
        (404, "404 page not found", "HTTP Error 404: Not Found (no such kind)"),
        (404, {"kind": "Status", "details": {}}, "HTTP Error 404: Not Found (no such kind)"),
        (500, {}, "HTTP Error 500: Internal Server Error"),
        (0, None, "what?"),
    ],
)
def test_it_waits_and_gives_up_with_a_sentence(
    status: int, body: object, wrong: str, account: Path, tmp_path: Path
) -> None:
    """Exit 1, which its Job does not try again; the reason is said once, and at the end."""
    with api_server(account, lambda _: (status, body)) as seen:
        code, out, err = ends(start(tmp_path / "work", account, seen[0]))
    assert code == 1
    assert out == f"waiting for FrameworkController: {wrong}\n" or (
        wrong == "what?" and wrong in out
    )
    assert err.startswith(SENTENCE)
    assert err.count("\n") <= 3
    assert wrong in err
    assert "Traceback" not in err


@pytest.mark.sampled(2)
@pytest.mark.parametrize("why", ["nobody", "stranger", "no token", "no certificate"])
def test_no_api_server_that_it_can_trust(
    why: str, account: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nobody listens, or with another certificate, or the account is not mounted: the same."""
    mine = tmp_path / "account"
    mine.mkdir()
    for name in ("token", "namespace", "ca.crt"):
        (mine / name).write_bytes((account / name).read_bytes())
    if why == "stranger":
        ca = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
        (mine / "ca.crt").write_bytes(Path(ca).read_bytes())
    elif why.startswith("no "):
        (mine / {"no token": "token", "no certificate": "ca.crt"}[why]).unlink()
    with api_server(account, lambda _: (200, {})) as seen:
        url = "https://127.0.0.1:9" if why == "nobody" else seen[0]
        code, out, err = ends(start(tmp_path / "work", mine, url))
    assert code == 1
    assert out.startswith("waiting for FrameworkController: ")
    assert err.startswith(SENTENCE)
    assert "Traceback" not in err
    assert len(seen) == 1  # the token went to no stranger


@pytest.mark.slow
def test_it_waits_until_frameworkcontroller_is_there(account: Path, tmp_path: Path) -> None:
    """Asked again after a while; a reason that stays the same is said once."""
    answers = [(404, "404 page not found")] * 2

    def answer(_: str) -> tuple[int, object]:
        return answers.pop() if answers else (404, {"details": KIND})

    with api_server(account, answer) as seen:
        status, out, err = ends(start(tmp_path / "work", account, seen[0], WAIT_SECONDS="60"))
    assert (status, err) == (1, "NNI was started\n")
    assert out == ("waiting for FrameworkController: HTTP Error 404: Not Found (no such kind)\n")
    assert len(seen) == 1 + 2 + 2


def test_it_can_be_ended_while_it_waits(account: Path, tmp_path: Path) -> None:
    """SIGTERM: 143, which its Job tries again, and no traceback."""
    with api_server(account, lambda _: (403, {})) as seen:
        process = start(tmp_path / "work", account, seen[0], WAIT_SECONDS="60")
        end = time.monotonic() + 30
        while len(seen) == 1 and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        status, _, err = ends(process)
    assert (status, err) == (143, "")
