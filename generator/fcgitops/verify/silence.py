"""`# fcgitops: ignore FCG30 REASON`: a comment beside a finding's cause takes it back.

It stands on the line of the cause, or above it. Where a finding has no line, anywhere in its file;
where it has no file, in any file of the overlay's own folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from fcgitops.core.errors import InputError
from fcgitops.core.findings import INFO, Finding
from fcgitops.core.lazy import regex
from fcgitops.core.reporting import Silenced
from fcgitops.model.kustomization import Kustomization
from fcgitops.text.tree import safe_join
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import COMMENTS, Comment, Comments

_COMMENT = regex(
    r"(?:^|\s)#\s*fcgitops:\s*ignore\b[ \t]*(?P<number>[A-Z]{3}[0-9]{2})?[ \t]*(?P<reason>.*)"
)
_MARK = b"fcgitops:"
_LARGEST = 1 << 20


def read(root: Path, files: Iterable[str]) -> list[Comment]:
    """The comments of files, those that cannot be read aside.

    Args:
        root: the repository's top.
        files: paths from there.
    """
    return [comment for file in files for comment in _of(root, file)]


def _of(root: Path, file: str) -> Iterator[Comment]:
    try:
        data = safe_join(root, file).read_bytes()
    except (InputError, OSError):
        return
    if _MARK not in data or len(data) > _LARGEST:
        return
    lines = data.decode(errors="replace").splitlines()
    for number, text in enumerate(lines, 1):
        if found := _COMMENT.search(text):
            below = (n for n, t in enumerate(lines[number:], number + 1) if _is_code(t))
            covers = number if _is_code(text) else next(below, number)
            yield Comment(file, number, covers, found["number"] or "", found["reason"].strip())


def _is_code(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def applied(
    findings: Iterable[Finding], comments: Sequence[Comment], folders: Mapping[str, str]
) -> tuple[list[Finding], list[Silenced]]:
    """The findings that stay, and those that a comment takes back; comments learn of their use.

    Args:
        findings: of any kustomizations.
        comments: of their files.
        folders: kustomization → its folder.
    """
    kept: list[Finding] = []
    silenced: list[Silenced] = []
    for finding in findings:
        folder = folders.get(finding.overlay, "")
        comment = next((c for c in comments if c.is_beside(finding, folder)), None)
        if comment is None:
            kept.append(finding)
        else:
            comment.used = True
            silenced.append(Silenced(finding, comment.reason))
    return kept, silenced


def settled(
    root: Path,
    wanted: Iterable[Kustomization],
    findings: Iterable[Finding],
    files: Iterable[str],
    *,
    everything: bool,
) -> tuple[list[Finding], list[Silenced]]:
    """Findings after comments have taken some back, each once, and those that they take back.

    Args:
        root: the repository's top.
        wanted: what was verified.
        findings: all that was found.
        files: those that may have such comments, besides those of findings.
        everything: whether all of the repository was verified.
    """
    found = list(dict.fromkeys(findings))
    places = {finding.file for finding in found if finding.file}
    comments = read(root, sorted({*files, *places}))
    folders = {str(item): item.folder for item in wanted}
    kept, silenced = applied(found, comments, folders)
    return kept + COMMENTS.ask(Comments(comments, everything)), silenced


@COMMENTS.check("FCG21", INFO)
def has_a_reason(subject: Comments) -> Faults:
    """Every `# fcgitops: ignore` has a number and a reason, and takes a finding back."""
    form = "# fcgitops: ignore FCG38 comes with the cluster"
    for comment in subject.comments:
        if not comment.number or not comment.reason:
            missing = "reason" if comment.number else "number"
            message = f"the comment is not heeded: it has no {missing}"
            yield Fault(message, form, file=comment.file, line=comment.line)
        elif subject.everything and not comment.used:
            message = f"the comment takes nothing back: there is no {comment.number} here"
            yield Fault(message, "take it out", file=comment.file, line=comment.line)
