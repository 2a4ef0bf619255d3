"""Passwords and tokens in URLs: they are in no message, however wrong the URL is otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Fcgitops
from examples import examples
from fcgitops.core.redaction import redacted
from gitenv import git
from hypothesis import given
from hypothesis import strategies as st

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://u:secret@h:99999/x is wrong", "https://h:99999/x is wrong"),
        ("'https://secret@h/x'", "'https://h/x'"),
        ("(https://u:se/cret@h/x)", "(https://h/x)"),
        ("https://u:p@ss@h/x", "https://h/x"),
        ("https://u:secret@[::1]:1/x", "https://[::1]:1/x"),
        ("git+https://u:secret@h/x", "git+https://h/x"),
        ("https:/u:secret@h/x is no folder", "https:/h/x is no folder"),
        ("ssh://git@h/x", "ssh://git@h/x"),
        ("ssh://git:secret@h/x", "ssh://h/x"),
        ("git@h:x", "git@h:x"),
        ("u:secret@h/x", "h/x"),
        ("'git@h:x?access_token=secret'", "'git@h:x?access_token=…'"),
        ("u:secret@h:x", "h:x"),
        ("https://h/x?token=secret&a=b", "https://h/x?token=…&a=…"),
        ("https://h/x#access_token=secret", "https://h/x#access_token=…"),
        ("azure://a/s?keyVault=v&key=k&sas=secret", "azure://a/s?keyVault=v&key=k&sas=…"),
        (f"https://h/x?ref={SHA}&timeout=9", f"https://h/x?ref={SHA}&timeout=9"),
        ("git+https://…@REV", "git+https://…@REV"),
        ("https://h/x@v1", "https://h/x@v1"),
        ("https://h:6443/x@v1", "https://v1"),  # who knows: h with the password 6443/x
        ("a@b.example at 12:30", "a@b.example at 12:30"),
        ("registry:5000/x@sha256:abc", "registry:5000/x@sha256:abc"),
        ("two https://a:b@c/d and https://e:f@g/h", "two https://c/d and https://g/h"),
    ],
)
def test_redacted(text: str, shown: str) -> None:
    """What logs in is left out; a user's name alone, a digest and what kustomize reads stay."""
    assert redacted(text) == shown
    assert redacted(shown) == shown


word = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="'\"<>`"))


@examples(100)
@given(st.sampled_from(["https", "http", "ssh", "git+https"]), word, word)
def test_a_password_is_never_shown(scheme: str, user: str, rest: str) -> None:
    """Whatever it consists of, and whatever stands around it."""
    assert "s3cret" not in redacted(f"{scheme}://{user.replace('@', '')}:s3cret@host/{rest}")
    assert "s3cret" not in redacted(f"{scheme}://host/x?token=s3cret")


URLS = [
    "https://u:s3cret@h:99999/x",
    "https://u:s3cret@[h/x",
    "https://u:s3/cret@h/x",
    "https://h/x?token=s3cret",
    "https://h:1/x?token=s3cret#x",
    "ssh://git:s3cret@h/x",
    "u:s3cret@h:x",
    "git@h:x?Token=s3cret",
    "file://u:s3cret@h/x",
    "htps://u:s3cret@h/x",
]


@pytest.mark.sampled(12)
@pytest.mark.parametrize("url", URLS)
def test_no_message_has_it(url: str, fcgitops: Fcgitops, repository: Path, tmp_path: Path) -> None:
    """As an answer, as a requirement, as a key of an environment, in a file, as any other word."""
    answers = tmp_path / "answers.yaml"
    answers.write_text(f"repo_url: '{url}'\nrequirement: 'x @ {url}'\n")
    place = tmp_path / "other"
    said = [
        fcgitops("new", place, "--no-input", "--repo-url", url, status=2),
        fcgitops("new", place, "--no-input", "--answers", answers, status=2),
        fcgitops("new", place, "--no-input", "--set", f"requirement={url}", status=None),
        *(
            fcgitops("-C", repository, "overlay", "dev", "--set", f"{key}={url}", status=None)
            for key in ("cluster.server", "apiServer.address", "nni.storage", "image.registry")
        ),
        fcgitops("-C", repository, "overlay", "dev", "--cluster", url, status=None),
        fcgitops("-C", repository, "promote", "dev", "prod", "--from-repo", url, status=2),
        fcgitops("-C", repository, "diff", url, status=2),
        fcgitops("-C", repository, "verify", "--format", url, status=2),
    ]
    file = repository / "fcgitops.yaml"
    file.write_text(file.read_text().replace("repo_url: ''", f"repo_url: '{url}'"))
    said += [fcgitops("-C", repository, command, status=2) for command in ("list", "overlays")]
    for ran in said:
        assert "s3cret" not in ran.out + ran.err.replace("s3/cret", "s3cret")


def test_no_difference_has_it(fcgitops: Fcgitops, repository: Path) -> None:
    """What is shown of a file is without it; the digest of an image is no password."""
    edited = "frameworkcontroller @ https://u:s3cret@h/x.whl?token=s3cret\n# a:1@sha256:abc\n"
    (repository / "requirements.txt").write_text(edited)
    git(repository, "commit", "-qam", "Another place")
    said = fcgitops("-C", repository, "restore", "--dry-run", "requirements.txt").out
    assert "-frameworkcontroller @ https://h/x.whl?token=…\n-# a:1@sha256:abc\n" in said


@pytest.mark.parametrize(
    "url", ["ssh://{{.x}}@h/x", "ssh://${FOO}@h/x", "-u@h:x", "ssh://-u@h/x", "ssh://@h/x", "@h:x"]
)
def test_the_user_of_an_ssh_url_is_a_name(url: str, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """No template, no variable, no option of ssh."""
    ran = fcgitops("new", tmp_path / "r", "--no-input", f"--repo-url={url}", status=2)
    assert f"repo_url: '{url}' is not valid" in ran.err
