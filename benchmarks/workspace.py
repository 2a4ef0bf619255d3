"""The place where things are measured: two virtual environments, the template, repositories."""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from measure import Subject

ROOT = Path(__file__).resolve().parents[1]
SEED = ROOT / "tests" / "data" / "seed"
REQUIREMENT = "frameworkcontroller-gitops"
"""The answer, by both commands: by default it is how each has been installed."""

_NOT_COPIED = (".*_cache", ".git", ".venv*", "build", "dist", "__pycache__")
_LEAKING = ("GIT_", "PYTHON", "COOKIECUTTER", "XDG_")
_GIT_CONFIG = """\
[user]
    name = Ada
    email = ada@example.com
[init]
    defaultBranch = main
[gc]
    auto = 0
"""
_REPLAY = """\
#!/bin/sh
[ "$1" = build ] || {{ echo v5.8.1; exit; }}
printed={kept}/$(echo "$2" | tr / _)
[ -e "$printed" ] || {real} "$2" > "$printed"
exec cat "$printed"
"""
_CUSTOMIZED: dict[str, Any] = {
    "variant": "customized-config",
    "settings": {"workerNumber": 800, "kubeClientQps": 150, "largeFrameworkCompression": False},
}
_LOADED: dict[str, Any] = {
    "image": {
        "registry": "registry.example.com",
        "digest": f"sha256:{'0' * 64}",
        "pullSecrets": ["registry"],
    },
    "apiServer": {"address": "https://api.example.com", "kubeconfigSecret": "kubeconfig"},
    "resources": {"cpu": "500m", "memory": "2Gi"},
    "nodeSelector": {"pool": "system"},
    "tolerations": [{"key": "system", "operator": "Exists", "effect": "NoSchedule"}],
    "labels": {"team": "ml"},
    "annotations": {"example.com/owner": "ml"},
    "components": ["crd"],
}
_ENDPOINTS = [{"cidr": "10.0.0.1/32", "port": 6443}]
_HARDENED_EGRESS: dict[str, Any] = {
    "loaded-cidr": {"mode": "cidr", "endpoints": _ENDPOINTS},
    "loaded-cilium": {"mode": "cilium"},
}


def builds(profile: str) -> list[dict[str, Any]]:
    """Environments from the plainest to one with every option, as `overlays --from` reads them."""
    loaded: dict[str, Any] = {**_CUSTOMIZED, **_LOADED}
    egress = {name: {**loaded, "egress": limit} for name, limit in _HARDENED_EGRESS.items()}
    found: dict[str, dict[str, Any]] = {
        "default": {},
        "customized": _CUSTOMIZED,
        **(egress if profile == "hardened" else {"loaded": loaded}),
    }
    return [
        {"name": name, "cluster": {"server": f"https://{name}.example.com"}, **item}
        for name, item in found.items()
    ]


def customized(number: int) -> dict[str, Any]:
    """The environment of that number: customized, with settings and a cluster of its own."""
    name = f"cluster-{number:04}"
    return {
        "name": name,
        "variant": "customized-config",
        "cluster": {"name": f"{name}.eu", "server": f"https://{name}.example.com:6443"},
        "settings": {"workerNumber": 100 + number, "kubeClientQps": 50 + number % 5000},
    }


class Workspace:
    """A temporary directory with everything that the benchmarks need."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template = folder / "checkout"
        ignored = shutil.ignore_patterns(*_NOT_COPIED)
        shutil.copytree(ROOT, self.template, ignore=ignored, symlinks=True)
        wheel = self._wheel()
        self.python, self._fcgitops = self._venv("installed", "fcgitops", wheel)
        self._plain_python, self._cookiecutter = self._venv(
            "plain", "cookiecutter", "cookiecutter", "GitPython", "PyYAML"
        )
        # cookiecutter's hooks import the generator from the checkout.
        _quietly([self._plain_python, "-m", "compileall", "-q", self.template / "generator"])
        self.kustomize = _kustomize()
        self.env = self._environment()

    def _wheel(self) -> str:
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir"]
        _quietly([*command, self.folder, self.template])
        (wheel,) = self.folder.glob("*.whl")
        return str(wheel)

    def _venv(self, name: str, command: str, *packages: str) -> tuple[Path, Path]:
        venv.create(self.folder / name, with_pip=True)
        programs = self.folder / name / "bin"
        pip: list[str | Path] = [
            programs / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--compile",
        ]
        _quietly([*pip, "--disable-pip-version-check", *packages])
        return programs / "python", programs / command

    def _environment(self) -> dict[str, str]:
        """Ours without what could change a measurement, and with a home of its own."""
        home = self.folder / "home"
        home.mkdir()
        settings = home / ".gitconfig"
        settings.write_text(_GIT_CONFIG)
        return {
            **{name: v for name, v in os.environ.items() if not name.startswith(_LEAKING)},
            "HOME": str(home),
            "GIT_CONFIG_GLOBAL": str(settings),
            "GIT_CONFIG_NOSYSTEM": "1",
            "KUSTOMIZE": str(self.kustomize[0]),
        }

    def subject(self, *command: str | Path, cwd: Path | None = None, **prepare: Any) -> Subject:  # noqa: ANN401
        """Any command in the isolated environment."""
        return Subject(command, cwd or self.folder, self.env, **prepare)

    def fcgitops(self, *arguments: str | Path, cwd: Path | None = None, **prepare: Any) -> Subject:  # noqa: ANN401
        """The installed command."""
        return self.subject(self._fcgitops, *arguments, cwd=cwd, **prepare)

    def replayed(self, subject: Subject) -> Subject:
        """The same with a kustomize that prints again what the real one has printed once."""
        kept = self.folder / "replayed"
        program = kept / "kustomize"
        if not program.exists():
            kept.mkdir()
            real = shlex.join([*self.kustomize])
            program.write_text(_REPLAY.format(kept=shlex.quote(str(kept)), real=real))
            program.chmod(0o755)
        return replace(subject, env={**subject.env, "KUSTOMIZE": str(program)})

    def imports(self, *arguments: str | Path, cwd: Path) -> tuple[float, int]:
        """Seconds that the command's imports take, Python's own included, and their number."""
        command = [self.python, "-X", "importtime", self._fcgitops, *arguments]
        done = subprocess.run(
            command, cwd=cwd, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"error: fcgitops {arguments[0]}:\n{done.stderr}")
        rows = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
        micros = [int(row[12:].split("|")[0]) for row in rows[1:]]
        return sum(micros) / 1e6, len(micros)

    def cookiecutter(self, into: Path, environments: str, **prepare: Any) -> Subject:  # noqa: ANN401
        """The plain cookiecutter command on the same template; makes `into`."""
        return self.subject(
            self._cookiecutter,
            *("--no-input", "--output-dir", into.parent, self.template),
            *(f"repo_slug={into.name}", f"environments={environments}"),
            f"requirement={REQUIREMENT}",
            **prepare,
        )

    def overlays(self, name: str, items: Sequence[Mapping[str, Any]]) -> Path:
        """A file for `overlays --from` (JSON is YAML)."""
        file = self.folder / f"{name}.yaml"
        lines = "".join(f"- {json.dumps(item)}\n" for item in items)
        file.write_text(lines)
        return file

    def new(self, name: str, *options: str) -> Path:
        """A new repository without environments."""
        path = self.folder / name
        self.fcgitops("new", path, "--no-input", *options).run()
        return path

    def copy(self, source: Path, name: str) -> Path:
        """A fresh copy of a repository; the one that was there is removed."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(source, path)
        self.git(path, "update-index", "-q", "--refresh")  # the copies' times are new
        return path

    def git(self, at: Path, *arguments: str) -> str:
        """What git prints."""
        command = ["git", *arguments]
        return subprocess.run(
            command, cwd=at, env=self.env, check=True, capture_output=True, text=True
        ).stdout.strip()

    def added_files(self, at: Path) -> dict[str, str]:
        """The files of the last commit, path → text."""
        names = self.git(at, "diff", "--name-only", "-z", "HEAD~1", "HEAD").split("\0")
        return {name: (at / name).read_text() for name in names if name}

    def machine(self) -> str:
        """Where this was measured, and with what."""
        listed: list[str | Path] = [self._plain_python, "-m", "pip", "list", "--format", "json"]
        packages = {p["name"]: p["version"] for p in json.loads(_quietly(listed))}
        cpuinfo = Path("/proc/cpuinfo")
        models = [
            line.partition(":")[2].strip()
            for line in (cpuinfo.read_text() if cpuinfo.exists() else "").splitlines()
            if line.startswith("model name")
        ]
        return ", ".join(
            [
                f"{os.cpu_count()} × {models[0] if models else platform.machine()}",
                f"{platform.system()} {platform.release()}",
                f"Python {platform.python_version()}",
                _quietly(["git", "version"]).strip(),
                f"kustomize {_quietly([*self.kustomize[:-1], 'version', *self._client]).strip()}",
                f"cookiecutter {packages['cookiecutter']}",
            ]
        ).replace("\n", " ")

    @property
    def _client(self) -> list[str]:
        return ["--client"] if self.kustomize[-1] == "kustomize" else []


def _kustomize() -> tuple[str, str]:
    """The program and its word for building: $KUSTOMIZE, kustomize or kubectl, as fcgitops does."""
    named = os.environ.get("KUSTOMIZE") or shutil.which("kustomize") or shutil.which("kubectl")
    if not named:
        raise SystemExit("error: no kustomize: set $KUSTOMIZE, or have it or kubectl on PATH")
    program = named.removesuffix(" kustomize")
    return program, "kustomize" if Path(program).name.startswith("kubectl") else "build"


def _quietly(command: Sequence[str | Path]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"error: {' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done.stdout
