"""What an environment that changes, or is verified, costs: each text is read once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import CopyOf, Fcgitops
from fcgitops.fcconfig import check as judging
from fcgitops.fcconfig import decode, goyaml, merging, parts
from fcgitops.kubernetes import check
from fcgitops.model import answerstext
from fcgitops.programs import references
from fcgitops.text import yamlio
from fcgitops.verify import validity


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> dict[str, Counter[bytes]]:
    """Texts that are parsed as YAML, decoded as Go does, and merged, counted."""
    counts: dict[str, Counter[bytes]] = {}

    def counted(module: Any, name: str) -> None:
        original: Callable[..., Any] = getattr(module, name)
        count = counts[name] = Counter()

        def call(text: Any, *arguments: Any, **options: Any) -> Any:
            count[text.encode() if isinstance(text, str) else text] += 1
            return original(text, *arguments, **options)

        monkeypatch.setattr(module, name, call)

    counted(yamlio, "compose")
    counted(goyaml, "parse")
    counted(merging, "merge")
    forget()
    return counts


def forget() -> None:
    """Lets go of what a former command in the same process has read of the same texts."""
    for kept in (decode.read, parts.meaning, judging.check):
        kept.cache_clear()


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "command",
    [
        ["overlay", "prod", "--set", "workerNumber=801"],
        ["overlays"],
        ["remove", "dev"],
        ["verify", "prod"],
        ["list"],
    ],
)
def test_the_answers_are_read_once(
    command: list[str],
    repository: Path,
    fcgitops: Fcgitops,
    reads: dict[str, Counter[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """fcgitops.yaml, by whatever a command asks of it, its effects and its record included."""
    monkeypatch.delenv("FCGITOPS_EFFECTS")
    answerstext.read.cache_clear()
    fcgitops("-C", repository, *command)
    assert reads["compose"][(repository / "fcgitops.yaml").read_bytes()] == 1


@pytest.mark.parametrize(
    "command", [["overlay", "prod", "--set", "workerNumber=801"], ["verify", "prod"]]
)
def test_each_text_is_read_once(
    command: list[str], repository: Path, fcgitops: Fcgitops, reads: dict[str, Counter[bytes]]
) -> None:
    """environment.yaml as it was and as it will be, the settings, and what they are merged to."""
    source = repository / "overlays/prod/environment.yaml"
    before = source.read_bytes()
    source.write_bytes(before + b"settings:\n  workerNumber: 800\n")
    fcgitops("-C", repository, "overlay", "prod")
    for count in reads.values():
        count.clear()
    forget()
    texts = {source.read_bytes()}
    fcgitops("-C", repository, *command)
    texts.add(source.read_bytes())

    assert {text: reads["compose"][text] for text in texts} == dict.fromkeys(texts, 1)
    assert set(reads["parse"].values()) == {1}
    assert sum(reads["merge"].values()) == 1


def test_what_environments_share_is_judged_once(
    copy_of: CopyOf, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three that each render a configuration of their own: that, and what names it, alone."""
    names = ("a", "b", "c")
    options = [word for name in names for word in ("--env", f"{name}=customized-config")]
    folder = copy_of(["new", "deploy", *options])
    for number, name in enumerate(names):
        fcgitops("-C", folder, "overlay", name, "--set", f"workerNumber={800 + number}")
    judge = check.judge
    kinds: Counter[str] = Counter()

    def counted(item: dict[str, Any], *versions: Any) -> Any:
        kinds[item["kind"]] += 1
        return judge(item, *versions)

    monkeypatch.setattr(check, "judge", counted)
    validity._judged.clear()
    references._read.cache_clear()
    fcgitops("-C", folder, "verify", *names)
    own = {kind: kinds.pop(kind) for kind in ("ConfigMap", "StatefulSet")}
    assert own == {"ConfigMap": 3, "StatefulSet": 3}
    assert set(kinds.values()) == {1}, kinds
    # base/, the variant, and two files of each environment: its own and local/'s.
    read = references._read.cache_info()
    assert read.currsize == 2 + 2 * len(names)
    assert read.misses - read.currsize < (os.cpu_count() or 1)  # builds side by side may meet
