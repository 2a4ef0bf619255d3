"""The share over which an NNI manager and its trials exchange files, written as one URL.

NNI 3.0's training service `frameworkcontroller` knows two kinds (nni/experiment/config/
training_services/k8s_storage.py): NFS, and Azure Files with the account's key in a key vault.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from fcgitops.core.lazy import regex
from fcgitops.text import hosts
from fcgitops.text.words import shown

WANTED = "nfs://SERVER/PATH, or azure://ACCOUNT/SHARE?keyVault=NAME&key=NAME"

# A path goes into a shell command of NNI's manager (`sudo mount SERVER:PATH …`).
_PATH = regex(r"(/|(/(?!\.\.?(/|\Z))[-A-Za-z0-9._]+)+)\Z")
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_ACCOUNT = regex(r"[a-z0-9]{3,24}\Z")
_SHARE = regex(r"(?!.*--)[a-z0-9][-a-z0-9]{1,61}[a-z0-9]\Z")
_VAULT_NAME = regex(r"[A-Za-z][-A-Za-z0-9]{0,125}[A-Za-z0-9]\Z")


@dataclass(frozen=True)
class Nfs:
    """A directory that an NFS server exports."""

    server: str
    path: str

    def config(self) -> dict[str, str]:
        """The share as NNI's experiment file has it."""
        return {"storageType": "nfs", "server": self.server, "path": self.path}


@dataclass(frozen=True)
class Azure:
    """A share of Azure Files, whose key the manager asks a key vault for."""

    account: str
    share: str
    vault: str
    key: str

    def config(self) -> dict[str, str]:
        """The share as NNI's experiment file has it."""
        return {
            "storageType": "azureStorage",
            "azureAccount": self.account,
            "azureShare": self.share,
            "keyVaultName": self.vault,
            "keyVaultKey": self.key,
        }


Storage = Nfs | Azure


def parse(url: str) -> Storage:
    """The share that a URL names.

    Raises:
        ValueError: it names none; the message says what is wrong with it.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError("names no server by its name or address") from error
    if parts.scheme == "nfs":
        # The kubelet and `mount` both take an IPv6 address in its brackets (pkg/volume/nfs/nfs.go).
        if "?" in url or "#" in url or not hosts.is_host(parts.netloc):
            raise ValueError("names no server by its name or address")
        if not _PATH.match(path := _path(parts.path)):
            raise ValueError("names no exported path of letters, digits, '.', '_' and '-'")
        return Nfs(parts.netloc, path)
    if parts.scheme == "azure":
        query = parse_qsl(parts.query, keep_blank_values=True)
        found = dict(query)
        if sorted(key for key, _ in query) != ["key", "keyVault"]:
            raise ValueError("does not say keyVault and key, once each, and nothing else")
        share = _path(parts.path).removeprefix("/")
        for what, pattern, text in (
            ("storage account", _ACCOUNT, parts.netloc),
            ("share", _SHARE, share),
            ("key vault", _VAULT_NAME, found["keyVault"]),
            ("key", _VAULT_NAME, found["key"]),
        ):
            if not pattern.match(text):
                raise ValueError(f"names no {what}: {text!r}")
        if "#" in url:
            raise ValueError("has a '#'")
        return Azure(parts.netloc, share, found["keyVault"], found["key"])
    raise ValueError("is of no kind that NNI knows")


def _path(path: str) -> str:
    return path.rstrip("/") or path[:1]


def one_spelling(url: str) -> str:
    """A URL without the "/" at the end of its path, which says nothing."""
    parts = urlsplit(url)
    return parts._replace(path=_path(parts.path)).geturl()


def check(value: object) -> str:
    """What is wrong with a URL, or the empty text."""
    if not isinstance(value, str):
        return f"{shown(value)} is not text ({WANTED})"
    if not value.isascii() or not value.isprintable() or " " in value:
        return f"{shown(value)} is not printable ASCII without spaces ({WANTED})"
    try:
        parse(value)
    except ValueError as error:
        return f"{shown(value)} {error} ({WANTED})"
    return ""
