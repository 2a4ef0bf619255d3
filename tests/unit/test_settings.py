"""FrameworkController's own settings: their names and types."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from fcgitops import scaffold, settings
from fcgitops.errors import InputError
from fcgitops.model import PROFILES


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
        (["a"], "['a'] is not a mapping (write KEY: VALUE lines)"),
        (None, "None is not a mapping (write KEY: VALUE lines)"),
        (
            {"workerNumbers": 1, "kubeClientQps": "9", "kubeClientBurst": 1.5},
            "'workerNumbers' is no setting of FrameworkController (did you mean 'workerNumber'?)\n"
            "kubeClientQps is '9' (a number)\n"
            "kubeClientBurst is 1.5 (a whole number)",
        ),
        ({"workerNumber": True}, "workerNumber is True (a whole number)"),
        ({"kubeClientQps": False}, "kubeClientQps is False (a number)"),
        ({"largeFrameworkCompression": 1}, "largeFrameworkCompression is 1 (a true or false)"),
        ({"kubeConfigFilePath": 1}, "kubeConfigFilePath is 1 (a text)"),
        ({"podFailureSpec": {}}, "podFailureSpec is {} (a list)"),
        ({"logObjectSnapshot": []}, "logObjectSnapshot is [] (a mapping)"),
    ],
)
def test_check(value: object, message: str) -> None:
    """Each setting has a name that FrameworkController reads, and its type."""
    assert settings.check(value) == message


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
    ],
)
def test_parse(name: str, text: str, value: object) -> None:
    """A value on the command line is YAML, but a setting that takes text takes it as it is."""
    assert settings.parse(name, text, "--set") == value


def test_parse_broken() -> None:
    """A value that is no YAML is refused with its key."""
    with pytest.raises(InputError, match=r"^--set: workerNumber:1: is not valid YAML: "):
        settings.parse("workerNumber", "a: b: c", "--set")


@pytest.mark.parametrize("profile", PROFILES)
def test_variant_passes(profile: str) -> None:
    """The variant's own file is right, the commented example included."""
    text = scaffold.variant_config(profile)
    given: dict[str, Any] = yaml.safe_load(text)
    assert given["workerNumber"] == 500
    assert settings.check(given) == ""
    example = [line[1:] for line in text.splitlines() if line.startswith("#")][:-1]
    assert settings.check(yaml.safe_load("\n".join(example))) == ""
