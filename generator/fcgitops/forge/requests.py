"""The pull request that CI runs for, and what it is told: a comment, and a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

OF_A_FORK = "it comes from a fork, whose job has no token that may write"
"""Why nothing is said there."""


class Conclusion(Enum):
    """What a check comes to; the words are GitHub's."""

    SUCCESS = "success"
    NEUTRAL = "neutral"
    FAILURE = "failure"


@dataclass(frozen=True)
class Verdict:
    """What the check says of the request.

    Attributes:
        conclusion: whether it may be merged without a thought, with one, or not.
        title: one line.
    """

    conclusion: Conclusion
    title: str


class PullRequest(Protocol):
    """One pull request, or merge request, of a forge."""

    @property
    def title(self) -> str:
        """How it is called: "pull request 7 of GitHub"."""

    @property
    def base(self) -> str:
        """The commit that it is to be merged into."""

    @property
    def silent(self) -> str:
        """Why nothing can be said there, such as for want of a token; empty where it can."""

    def statuses(self, commit: str) -> list[Mapping[str, Any]]:
        """The statuses of a commit, as the forge's API has them.

        Raises:
            ToolError: the forge refuses, or does not answer.
        """

    def comment(self, text: str) -> str:
        """Puts the text into our one comment. Arguments, outcome and errors as `comments.put`."""

    def conclude(self, verdict: Verdict, summary: str, commit: str) -> None:
        """Sets the check of a commit, where the forge has such a thing.

        Args:
            verdict: what the check says.
            summary: Markdown.
            commit: what was looked at; the request's own where that is a merge made for this job.

        Raises:
            ToolError: as `comment`.
        """
