"""The kustomize versions that the tests compare: the pinned one, and the one inside kubectl."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fcgitops.programs import kustomize, process


def pinned() -> kustomize.Kustomize:
    """The pinned version, as `make tools` installs it; skips where it is not."""
    for program in (os.environ.get("KUSTOMIZE", ""), ".tools/bin/kustomize", "kustomize"):
        path = process.which(program)
        if path and kustomize.PINNED in process.run([path, "version"]).stdout.decode():
            return kustomize.checked(str(Path(path).resolve()), "test")
    pytest.skip(f"no kustomize {kustomize.PINNED}: `make tools` installs it")


def in_kubectl() -> kustomize.Kustomize:
    """The version inside kubectl; skips where there is no kubectl."""
    path = process.which("kubectl")
    if path is None:
        pytest.skip("no kubectl, so no second version of kustomize")
    return kustomize.checked(path, "test")
