"""GitHub, as a job of GitHub Actions sees it.

Sources: https://docs.github.com/en/actions/reference/workflows-and-actions/variables;
https://docs.github.com/en/rest/issues/comments; https://docs.github.com/en/rest/checks/runs
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcgitops.core.errors import InputError, Problem
from fcgitops.forge.api import Api
from fcgitops.forge.requests import MARK, Verdict

CHECK = "fcgitops"
"""The name of the check, which a branch's protection may require."""
_LONGEST = 65_535
"""Characters of a check's summary."""
_REFUSED = (401, 403, 404)


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

    def comment(self, text: str) -> str:
        """As `PullRequest.comment`. A comment that somebody else began with our mark is his."""
        issue = f"/repos/{self._repository}/issues"
        for known in self._api.pages(f"{issue}/{self._number}/comments"):
            if not str(known.get("body", "")).startswith(MARK):
                continue
            if _plain(known["body"]) == _plain(text):
                return "unchanged"
            path = f"{issue}/comments/{known['id']}"
            edited = self._api.ask("PATCH", path, {"body": text}, accept=_REFUSED)
            if edited.status < 300:
                return "edited"
        self._api.ask("POST", f"{issue}/{self._number}/comments", {"body": text})
        return "made"

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


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def of_job(environment: Mapping[str, str]) -> GitHubRequest | None:
    """The pull request that a job runs for; None where it runs for none.

    Args:
        environment: the job's variables.

    Raises:
        InputError: they name no event that can be read.
    """
    place = environment.get("GITHUB_EVENT_PATH", "")
    try:
        event: Any = json.loads(Path(place).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what = f"names no event that can be read: {error}"
        raise InputError(Problem("GITHUB_EVENT_PATH", what)) from error
    found = event.get("pull_request") if isinstance(event, dict) else None
    if not found:
        return None
    token = environment.get("GITHUB_TOKEN", "")
    silent = "" if token else "there is no GITHUB_TOKEN"
    origin = found["head"].get("repo") or {}  # none where the fork was deleted
    if origin.get("full_name") != found["base"]["repo"]["full_name"]:
        silent = "it comes from a fork, whose job has no token that may write"
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "fcgitops",
    }
    api = Api("GitHub", environment.get("GITHUB_API_URL", "https://api.github.com"), headers)
    return GitHubRequest(
        api,
        environment.get("GITHUB_REPOSITORY", ""),
        int(found["number"]),
        str(found["base"]["sha"]),
        str(found["head"]["sha"]),
        environment.get("GITHUB_SHA", ""),
        silent,
    )
