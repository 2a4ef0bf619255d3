"""Which forge's CI this is."""

from __future__ import annotations

from collections.abc import Mapping

from fcgitops.forge import github, gitlab
from fcgitops.forge.requests import PullRequest


def request(environment: Mapping[str, str]) -> PullRequest | None:
    """The pull request that this runs for; None where it runs in no CI that is known, or for none.

    Args:
        environment: the process's variables.

    Raises:
        InputError: the CI's variables do not fit together.
    """
    if environment.get("GITHUB_ACTIONS") == "true":
        return github.of_job(environment)
    if environment.get("GITLAB_CI") == "true":
        return gitlab.of_job(environment)
    return None
