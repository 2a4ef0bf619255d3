"""What Renovate finds in a generated repository: versions in sources, and in no generated file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import re2
import yamls

GOLDEN = Path(__file__).parents[1] / "golden/hardened/repository"
CONFIG: dict[str, Any] = json.loads((GOLDEN / "renovate.json").read_text())
(MANAGER,) = CONFIG["customManagers"]
DEFAULT = "frameworkcontroller/frameworkcontroller"


def dependencies(text: str) -> list[dict[str, str]]:
    """What the custom manager's patterns capture, by the engine that Renovate uses.

    Each pattern is looked for in what the one before it has matched: `processRecursive` in
    lib/modules/manager/custom/regex/strategies.ts of github.com/renovatebot/renovate.
    """
    assert MANAGER["matchStringsStrategy"] == "recursive"
    patterns = [re2.compile(p.replace("(?<", "(?P<")) for p in MANAGER["matchStrings"]]
    found: list[tuple[str, dict[str, str]]] = [(text, {})]
    for pattern in patterns:
        found = [
            (match[0], {**captured, **match.groupdict()})
            for content, captured in found
            for match in pattern.finditer(content)
        ]
    return [{name: value for name, value in match.items() if value} for _, match in found]


def is_read(path: str) -> bool:
    """Whether the custom manager reads a file."""
    patterns = [pattern.strip("/") for pattern in MANAGER["managerFilePatterns"]]
    return any(re.search(pattern, path) for pattern in patterns)


def image_of(text: str) -> dict[str, str]:
    """The image that a source names, as the manager should see it."""
    document = yamls.load(text)
    image = document.get("image") or document.get("defaults", {}).get("image") or {}
    names = {"registry": "depType", "repository": "depName", "tag": "currentValue",
             "digest": "currentDigest"}  # fmt: skip
    return {name: image[key] for key, name in names.items() if image.get(key)}


@pytest.mark.parametrize("path", ["fcgitops.yaml", "overlays/every-key/environment.yaml"])
def test_the_image_of_a_generated_source_is_found(path: str) -> None:
    """Registry, repository, tag and digest, once."""
    text = (GOLDEN / path).read_text()
    assert is_read(path)
    assert dependencies(text) == [image_of(text)]


@pytest.mark.parametrize(
    "text",
    [
        "image: {tag: v1.0.0}\n",
        "image: {repository: x/y, tag: 'v1.0.0', digest: ''}\n",
        "image: {tag: v1.0.0, registry: 'r.example.com:50', repository: \"x/y\"} # of ours\n",
        "image:\n  tag: v1.0.0\n\n  repository: x/y\n  registry: r.io\nlabels: {tag: v2}\n",
        "image:\n  tag: v1.0.0\n  # repository: x/y\n  pullSecrets:\n  - login\n  digest: ''",
        "variant: default-config\nimage:\n  tag: v1.0.0\n",
        'image: # of the mirror\n  # why\n  registry: r.example.com # a mirror\n  tag: "v1.0.0"\n',
        "image:\n    repository: ml/fc\n    tagPolicy: pinned\n    tag: v1.0.0 # tested\n",
    ],
)
def test_an_image_that_somebody_wrote_is_found(text: str) -> None:
    """In either layout of YAML, with comments and quotes, its keys in any order."""
    assert dependencies(text) == [image_of(text)]


@pytest.mark.parametrize(
    "text",
    ["image:\n  digest: ''\nlabels:\n  tag: v1\n", "nni:\n  tag: v3.0\n", "image: {}\ntag: v1.0\n",
     "# image:\n#   tag: v1.0.0\n", "image:\n  pullSecrets: [tag]\n",
     f"image: {{digest: 'sha256:{'0' * 64}'}}\n",
     "defaults:\n  image:\n    digest: ''\n  labels:\n    tag: v1\n"],
)  # fmt: skip
def test_nothing_else_is_taken_for_an_image(text: str) -> None:
    """A key of another mapping, a comment, an image without a tag."""
    assert dependencies(text) == []


def test_what_ci_commits_is_no_edit_of_a_persons() -> None:
    """Else Renovate would never again bring its own branch up to date."""
    workflow = (GOLDEN / ".github/workflows/review.yml").read_text()
    authors = re.findall(
        r"GIT_AUTHOR_EMAIL: (.*)", workflow + (GOLDEN / ".gitlab-ci.yml").read_text()
    )
    assert authors == CONFIG["gitIgnoredAuthors"]


def test_generated_files_are_left_alone() -> None:
    """No manager that is enabled reads what follows from a source."""
    assert set(CONFIG["enabledManagers"]) == {
        "custom.regex", "github-actions", "gitlabci", "pip_requirements",
    }  # fmt: skip
    paths = [path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file()]
    read = {path for path in paths if is_read(path)}
    sources = {path for path in paths if path.endswith("/environment.yaml")}
    assert read == {"fcgitops.yaml", *sources}
