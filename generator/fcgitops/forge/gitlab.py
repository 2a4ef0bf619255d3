"""GitLab, as a job of GitLab CI sees it.

Sources: https://docs.gitlab.com/ci/variables/predefined_variables/;
https://docs.gitlab.com/api/notes/#merge-requests; https://docs.gitlab.com/api/commits/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fcgitops.forge import comments
from fcgitops.forge.api import Api
from fcgitops.forge.requests import OF_A_FORK, Verdict

TOKEN = "FCGITOPS_TOKEN"  # noqa: S105 - the name of a variable
"""The variable with a project access token of scope `api`: a job's own token may not comment."""


@dataclass(frozen=True)
class GitLabRequest:
    """A merge request of GitLab."""

    _api: Api
    _project: str
    _number: str
    base: str
    silent: str

    @property
    def title(self) -> str:
        """How it is called."""
        return f"merge request {self._number} of GitLab"

    def statuses(self, commit: str) -> list[Mapping[str, Any]]:
        """As `PullRequest.statuses`."""
        return list(self._api.pages(f"{self._at}/repository/commits/{commit}/statuses"))

    @property
    def _at(self) -> str:
        return f"/projects/{quote(self._project, safe='')}"

    def comment(self, text: str) -> str:
        """As `PullRequest.comment`."""
        notes = f"{self._at}/merge_requests/{self._number}/notes"
        return comments.put(self._api, notes, ("PUT", notes), text)

    def conclude(self, verdict: Verdict, summary: str, commit: str) -> None:
        """Nothing: a job of GitLab's ends well, or not; a third outcome is for `allow_failure`."""


def of_job(environment: Mapping[str, str]) -> GitLabRequest | None:
    """The merge request that a job runs for; None where it runs for none.

    Args:
        environment: the job's variables.
    """
    number = environment.get("CI_MERGE_REQUEST_IID", "")
    if not number:
        return None
    token = environment.get(TOKEN, "").strip()  # one that was pasted with its line end
    own = environment.get("CI_PROJECT_ID", "")  # the fork itself, where its pipeline runs there
    project = environment.get("CI_MERGE_REQUEST_PROJECT_ID", own)
    fork = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", project) != project
    silent = "" if token else f"there is no {TOKEN}"
    if fork:
        silent = OF_A_FORK
    headers = {"PRIVATE-TOKEN": token, "User-Agent": "fcgitops"}
    api = Api("GitLab", environment.get("CI_API_V4_URL", "").rstrip("/"), headers)
    base = environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")
    return GitLabRequest(api, project, number, base, silent)
