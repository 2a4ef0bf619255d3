"""GitHub, as a job of GitHub Actions sees it.

Sources: https://docs.github.com/en/actions/reference/workflows-and-actions/variables;
https://docs.github.com/en/rest/issues/comments; https://docs.github.com/en/rest/checks/runs;
https://docs.github.com/en/rest/commits/statuses
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcgitops.core.errors import InputError, Problem
from fcgitops.forge import comments
from fcgitops.forge.api import Api
from fcgitops.forge.requests import OF_A_FORK, Verdict
from fcgitops.text import jsonio

CHECK = "fcgitops"
"""The name of the check, which a branch's protection may require."""
_LONGEST = 65_535
"""Characters of a check's summary."""


@dataclass(frozen=True)
class GitHubRequest:
    """A pull request of GitHub."""

    _api: Api
    _repository: str
    _number: int
    base: str
    _head: str
    _merge: str
    silent: str

    @property
    def title(self) -> str:
        """How it is called."""
        return f"pull request {self._number} of GitHub"

    def statuses(self, commit: str) -> list[Mapping[str, Any]]:
        """As `PullRequest.statuses`."""
        return list(self._api.pages(f"/repos/{self._repository}/commits/{commit}/statuses"))

    def comment(self, text: str) -> str:
        """As `PullRequest.comment`."""
        issues = f"/repos/{self._repository}/issues"
        listed = f"{issues}/{self._number}/comments"
        return comments.put(self._api, listed, ("PATCH", f"{issues}/comments"), text)

    def conclude(self, verdict: Verdict, summary: str, commit: str) -> None:
        """As `PullRequest.conclude`."""
        body = {
            "name": CHECK,
            "head_sha": self._head if commit == self._merge else commit,
            "status": "completed",
            "conclusion": verdict.conclusion.value,
            "output": {"title": verdict.title, "summary": summary[:_LONGEST]},
        }
        self._api.ask("POST", f"/repos/{self._repository}/check-runs", body)


def of_job(environment: Mapping[str, str]) -> GitHubRequest | None:
    """The pull request that a job runs for; None where it runs for none.

    Args:
        environment: the job's variables.

    Raises:
        InputError: they name no event that can be read.
    """
    place = environment.get("GITHUB_EVENT_PATH", "")
    try:
        event: Any = jsonio.load(Path(place).read_text(encoding="utf-8"))
        found = event.get("pull_request")
        if not found:
            return None
        head, base = found["head"], found["base"]
        origin = head["repo"] or {}  # none where the fork was deleted
        is_fork = origin.get("full_name") != base["repo"]["full_name"]
        number, commits = int(found["number"]), (str(base["sha"]), str(head["sha"]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        what = f"names no event that can be read: {reason}"
        raise InputError(Problem("GITHUB_EVENT_PATH", what)) from error
    token = environment.get("GITHUB_TOKEN", "").strip()  # one that was pasted with its line end
    silent = "" if token else "there is no GITHUB_TOKEN"
    if is_fork:
        silent = OF_A_FORK
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "fcgitops",
    }
    url = environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    api = Api("GitHub", url, headers)
    return GitHubRequest(
        api,
        environment.get("GITHUB_REPOSITORY", ""),
        number,
        *commits,
        environment.get("GITHUB_SHA", ""),
        silent,
    )
