"""The URL of the share between NNI's managers and trials."""

from __future__ import annotations

import re

import pytest
from fcgitops.model import storage
from fcgitops.model.storage import Azure, Nfs

NO_SERVER = "names no server by its name or address"
NO_PATH = "names no exported path of letters, digits, '.', '_' and '-'"
NOT_BOTH = "does not say keyVault and key, once each, and nothing else"


@pytest.mark.parametrize(
    ("url", "share", "config"),
    [
        (
            "nfs://10.0.0.2/exports/nni",
            Nfs("10.0.0.2", "/exports/nni"),
            {"storageType": "nfs", "server": "10.0.0.2", "path": "/exports/nni"},
        ),
        (  # as people write a folder
            "nfs://nas/exports/",
            Nfs("nas", "/exports"),
            {"storageType": "nfs", "server": "nas", "path": "/exports"},
        ),
        (
            "nfs://[fd00::2]/exports",
            Nfs("[fd00::2]", "/exports"),
            {"storageType": "nfs", "server": "[fd00::2]", "path": "/exports"},
        ),
        (  # as Amazon EFS exports
            "nfs://fs-0123.efs.example.com/",
            Nfs("fs-0123.efs.example.com", "/"),
            {"storageType": "nfs", "server": "fs-0123.efs.example.com", "path": "/"},
        ),
        (
            "nfs://NAS/a-b/.hidden/c_d/..x",
            Nfs("NAS", "/a-b/.hidden/c_d/..x"),
            {"storageType": "nfs", "server": "NAS", "path": "/a-b/.hidden/c_d/..x"},
        ),
        (
            "azure://account1/share-1?keyVault=Vault-1&key=Key1",
            Azure("account1", "share-1", "Vault-1", "Key1"),
            {
                "storageType": "azureStorage",
                "azureAccount": "account1",
                "azureShare": "share-1",
                "keyVaultName": "Vault-1",
                "keyVaultKey": "Key1",
            },
        ),
        (
            "azure://abc/abc/?key=k1&keyVault=v1",
            Azure("abc", "abc", "v1", "k1"),
            {
                "storageType": "azureStorage",
                "azureAccount": "abc",
                "azureShare": "abc",
                "keyVaultName": "v1",
                "keyVaultKey": "k1",
            },
        ),
    ],
)
def test_a_url_is_a_share(url: str, share: storage.Storage, config: dict[str, str]) -> None:
    """What it names, and how NNI's own file spells that."""
    assert storage.check(url) == ""
    assert storage.parse(url) == share
    assert share.config() == config


@pytest.mark.parametrize(
    ("url", "one"),
    [
        ("nfs://nas/exports//", "nfs://nas/exports"),
        ("nfs://nas/", "nfs://nas/"),
        ("nfs://nas//", "nfs://nas/"),
        ("nfs://[fd00::2]/a", "nfs://[fd00::2]/a"),
        ("azure://abc/abc/?key=k1&keyVault=v1", "azure://abc/abc?key=k1&keyVault=v1"),
        ("", ""),
    ],
)
def test_one_spelling(url: str, one: str) -> None:
    """A "/" at the end of the path says nothing, and the share's name has none."""
    assert storage.one_spelling(url) == one


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("", "is of no kind that NNI knows"),
        ("10.0.0.2:/exports", "is of no kind that NNI knows"),
        ("pvc://claim", "is of no kind that NNI knows"),
        ("nfs:10.0.0.2/exports", NO_SERVER),
        ("nfs:///exports", NO_SERVER),
        ("nfs://user@10.0.0.2/exports", NO_SERVER),
        ("nfs://10.0.0.2:2049/exports", NO_SERVER),
        ("nfs://[::g]/exports", NO_SERVER),
        ("nfs://fd00::2/exports", NO_SERVER),
        ("nfs://10.0.0.256/exports", NO_SERVER),
        ("nfs://$(id)/exports", NO_SERVER),
        ("nfs://-oro/exports", NO_SERVER),
        ("nfs://nas/exports?vers=4", NO_SERVER),
        ("nfs://nas/exports#", NO_SERVER),
        ("nfs://nas", NO_PATH),
        ("nfs://nas//exports", NO_PATH),
        ("nfs://nas/exports/../etc", NO_PATH),
        ("nfs://nas/exports/.", NO_PATH),
        ("nfs://nas/a;reboot", NO_PATH),
        ("nfs://nas/$(reboot)", NO_PATH),
        ("nfs://nas/`reboot`", NO_PATH),
        ("nfs://nas/a%20b", NO_PATH),
        ("nfs://nas/{{a}}", NO_PATH),
        ("azure://account1/share-1", NOT_BOTH),
        ("azure://account1/share-1?keyVault=v1", NOT_BOTH),
        ("azure://account1/share-1?keyVault=v1&key=k1&key=k2", NOT_BOTH),
        ("azure://account1/share-1?keyVault=v1&key=k1&sas=x", NOT_BOTH),
        ("azure://account1/share-1?keyVault=v1&key=k1#", "has a '#'"),
        ("azure://Account1/share-1?keyVault=v1&key=k1", "names no storage account: 'Account1'"),
        ("azure://a.b/share-1?keyVault=v1&key=k1", "names no storage account: 'a.b'"),
        ("azure://account1/sh?keyVault=v1&key=k1", "names no share: 'sh'"),
        ("azure://account1/share/sub?keyVault=v1&key=k1", "names no share: 'share/sub'"),
        ("azure://account1/share--1?keyVault=v1&key=k1", "names no share: 'share--1'"),
        ("azure://account1/share-1?keyVault=&key=k1", "names no key vault: ''"),
        ("azure://account1/share-1?keyVault=v%0A1&key=k1", "names no key vault: 'v\\n1'"),
        ("azure://account1/share-1?keyVault=v1&key=%24(id)", "names no key: '$(id)'"),
    ],
)
def test_what_names_no_share_is_refused(url: str, wrong: str) -> None:
    """With what is wrong, and both spellings that are right; what may be a secret is left out."""
    shown = repr(url).replace("sas=x", "sas=…")
    assert storage.check(url) == f"{shown} {wrong} ({storage.WANTED})"
    with pytest.raises(ValueError, match=re.escape(wrong)):
        storage.parse(url)


@pytest.mark.parametrize(
    "url", ["nfs://nas/a\nb", " nfs://nas/a", "nfs://nas/a ", "nfs://nаs/a", "nfs://nas/\x7f"]
)
def test_no_odd_character(url: str) -> None:
    """`urlsplit` drops newlines and leading spaces, so none may get there."""
    wanted = f"{url!r} is not printable ASCII without spaces ({storage.WANTED})"
    assert storage.check(url) == wanted


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "null"),
        (1, "1"),
        (True, "true"),
        (["nfs://nas/a"], "['nfs://nas/a']"),
        ({"nfs": "nas"}, "{nfs: nas}"),
        (1.5, "1.5"),
    ],
)
def test_a_url_is_text(value: object, told: str) -> None:
    """Whatever else YAML can hold is told as YAML has it, not raised."""
    assert storage.check(value) == f"{told} is not text ({storage.WANTED})"


def test_an_address_that_is_none() -> None:
    """What Python's own parser refuses is no server either."""
    assert storage.check("nfs://[/a") == f"'nfs://[/a' {NO_SERVER} ({storage.WANTED})"
