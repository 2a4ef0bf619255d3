"""FrameworkController's own settings: their names, and what they are on the command line."""

from __future__ import annotations

import pytest
import yamls
from fcgitops.core.errors import InputError
from fcgitops.core.findings import INFO
from fcgitops.fcconfig.check import check
from fcgitops.fcconfig.image import shipped_codes
from fcgitops.model import settings
from fcgitops.model.environment import PROFILES
from fcgitops.repository import scaffold


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, ""),
        (
            {
                "kubeApiServerAddress": "http://h:8080",
                "kubeClientQps": 1.5,
                "kubeClientBurst": 2,
                "largeFrameworkCompression": False,
                "logObjectSnapshot": {"pod": {"onPodDeletion": True}},
                "podFailureSpec": [],
            },
            "",
        ),
        (["a"], "[a] is not a mapping (write KEY: VALUE lines)"),
        (None, "null is not a mapping (write KEY: VALUE lines)"),
        (
            {"workerNumbers": 1, "kubeClientQps": "9", "kubeClientBrust": 1.5},
            "'workerNumbers' is no setting of FrameworkController (did you mean 'workerNumber'?)\n"
            "'kubeClientBrust' is no setting of FrameworkController "
            "(did you mean 'kubeClientBurst'?)",
        ),
        ({"workernumber": 1}, "'workernumber' is no setting of FrameworkController "
         "(did you mean 'workerNumber'?)"),
        ({1: 1}, "1 is no setting of FrameworkController"),
        ({"workerNumber": "many", "podFailureSpec": {}}, ""),
    ],
)  # fmt: skip
def test_check(value: object, message: str) -> None:
    """Each setting has a name that FrameworkController reads; its value is the file's matter."""
    assert settings.check(value) == message


def test_names() -> None:
    """The settings of FrameworkController v1.0.0, in the order of its config.go."""
    assert settings.names() == [
        "kubeApiServerAddress", "kubeConfigFilePath", "kubeClientQps", "kubeClientBurst",
        "workerNumber", "largeFrameworkCompression", "crdEstablishedCheckIntervalSec",
        "crdEstablishedCheckTimeoutSec", "objectLocalCacheCreationTimeoutSec",
        "frameworkCompletedRetainSec", "frameworkMinRetryDelaySecForTransientConflictFailed",
        "frameworkMaxRetryDelaySecForTransientConflictFailed", "logObjectSnapshot",
        "podFailureSpec",
    ]  # fmt: skip


def test_no_hint() -> None:
    """A name that is near none has no empty parentheses behind it."""
    assert settings.check({"zzzz": 1}) == "'zzzz' is no setting of FrameworkController"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("workerNumber", "800", 800),
        ("largeFrameworkCompression", "false", False),
        ("podFailureSpec", "[{code: 1}]", [{"code": 1}]),
        ("kubeApiServerAddress", "8080", "8080"),
        ("kubeConfigFilePath", "", ""),
        ("workerNumber", "", None),
        ("logObjectSnapshot.pod.onPodDeletion", "false", False),
        ("logObjectSnapshot", "{pod: {onPodDeletion: false}}", {"pod": {"onPodDeletion": False}}),
        ("kubeClientQps", "1.5", 1.5),
    ],
)
def test_parse(name: str, text: str, value: object) -> None:
    """A value on the command line is YAML, but a setting that takes text takes it as it is."""
    assert settings.parse(name, text, "--set") == value


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("workerNumber", "1e2", 100),
        ("workerNumber", " 1e2 ", 100),
        ("workerNumber", "0x1F", 31),
        ("workerNumber", "1_000", 1000),
        ("workerNumber", "08", 8),
        ("kubeClientQps", "1e-1", 0.1),
        ("kubeClientQps", "1.5e0", 1.5),
        ("largeFrameworkCompression", "y", True),
        ("largeFrameworkCompression", "N", False),
        ("workerNumber", "'1e2'", "1e2"),
        ("workerNumber", "many", "many"),
        ("workerNumber", "1e999", "1e999"),
        ("kubeApiServerAddress", "1e2", "1e2"),
    ],
)
def test_parse_as_go_does(name: str, text: str, value: object) -> None:
    """What FrameworkController takes for a number or a boolean is one, whatever PyYAML says."""
    found = settings.parse(name, text, "--set")
    assert (found, type(found)) == (value, type(value))


def test_parse_broken() -> None:
    """A value that is no YAML is refused with its key."""
    with pytest.raises(InputError, match=r"^--set: workerNumber:1: is not valid YAML: "):
        settings.parse("workerNumber", "a: b: c", "--set")


@pytest.mark.parametrize("profile", PROFILES)
def test_variant_passes(profile: str) -> None:
    """The variant's own file is right: nothing in it is refused, or read otherwise than written."""
    text = scaffold.variant_config(profile)
    given = yamls.load(text)
    assert given["workerNumber"] == 500
    assert settings.check(given) == ""
    assert [str(found) for found in check(text.encode()) if found.severity != INFO] == []


def test_variant_knows_the_images_failures() -> None:
    """In `hardened`: its file replaces the image's, entries of podFailureSpec included."""
    given = yamls.load(scaffold.variant_config("hardened"))
    assert tuple(entry["code"] for entry in given["podFailureSpec"]) == shipped_codes()


def test_variant_example_passes() -> None:
    """In `upstream`: the commented example is right too, once the comment signs are gone."""
    text = scaffold.variant_config("upstream")
    example = "\n".join([line[1:] for line in text.splitlines() if line.startswith("#")][:-1])
    given = yamls.load(example)
    assert [entry["code"] for entry in given["podFailureSpec"]] == [221]
    assert settings.check(given) == ""
    assert [str(found) for found in check(example.encode()) if found.severity != INFO] == []


@pytest.mark.parametrize("text", ["017", "-017", "0o17", "0_17"])
def test_octal_is_refused(text: str) -> None:
    """Who types 017 hardly means 15; a file that says so is a hazard."""
    with pytest.raises(InputError, match="is octal"):
        settings.parse("workerNumber", text, "--set")
