"""A person who signs commits with GnuPG, away from the developer's own keys."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testbed.programs import need


@dataclass(frozen=True)
class Signer:
    """A key pair in a GNUPGHOME of its own.

    Attributes:
        home: that folder.
        key: the ID of the key, 16 digits.
        public: the public key, armored.
    """

    home: Path
    key: str
    public: str

    @property
    def settings(self) -> str:
        """Lines of a .gitconfig by which every commit is signed with it."""
        return f"[commit]\n    gpgsign = true\n[user]\n    signingkey = {self.key}\n"


@contextmanager
def signer(home: Path, name: str) -> Iterator[Signer]:
    """Make a key without a passphrase; its agent ends with the context."""
    need("gpg", "gpgconf")
    home.mkdir(mode=0o700, parents=True)
    user = f"{name} <{name.lower()}@example.com>"
    try:
        _gpg(home, "--passphrase", "", "--quick-generate-key", user, "ed25519", "sign", "never")
        listed = _gpg(home, "--list-keys", "--with-colons").splitlines()
        key = next(line.split(":")[4] for line in listed if line.startswith("pub:"))
        yield Signer(home, key, _gpg(home, "--armor", "--export", key))
    finally:
        stop_agent(home)


def stop_agent(home: Path | str) -> None:
    """End the agent that gpg has started for a GNUPGHOME, if it has."""
    command = ["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"]
    subprocess.run(command, capture_output=True, check=True)


def _gpg(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["gpg", "--batch", "--pinentry-mode", "loopback", *arguments],
        env=os.environ | {"GNUPGHOME": str(home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
