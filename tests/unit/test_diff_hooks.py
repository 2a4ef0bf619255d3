"""What becomes of a hook; tests/e2e/test_diff_argocd_commits.py has Argo CD do the same."""

from __future__ import annotations

import pytest
from fcgitops.diff.hooks import Fate, annotation, fate
from fcgitops.model.synctools import ARGOCD, FLUX

HOOK, POLICY = "argocd.argoproj.io/hook", "argocd.argoproj.io/hook-delete-policy"
HELM = "helm.sh/hook"
GUARD = {"argocd.argoproj.io/sync-options": "Prune=false"}


def given(kind: str = "ConfigMap", **annotations: str) -> dict[str, object]:
    return {"kind": kind, "metadata": {"name": "a", "annotations": annotations}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, None),
        ({}, {HOOK: "PreSync"}, Fate.ANEW),
        ({HOOK: "PreSync"}, {HOOK: "PreSync"}, Fate.ANEW),
        ({}, {HOOK: "PreSync, PostSync"}, Fate.ANEW),
        ({}, {HOOK: "Sync,Skip"}, Fate.EITHER),
        ({HOOK: "Sync"}, {HOOK: "Sync"}, Fate.ANEW),
        ({}, {HOOK: "Skip"}, None),
        ({}, {HOOK: "Skip, Garbage"}, None),
        ({}, {HOOK: "Skip", HELM: "pre-install"}, None),
        ({}, {HELM: "pre-install"}, Fate.ANEW),
        ({}, {HELM: "crd-install"}, None),
        ({}, {HELM: "test"}, Fate.PRUNED),
        ({}, {HOOK: "presync"}, Fate.PRUNED),
        ({}, {HOOK: ""}, Fate.PRUNED),
        ({}, {HOOK: "SyncFail"}, Fate.PRUNED),
        (GUARD, {HOOK: "presync"}, None),
        ({}, GUARD | {HOOK: "presync"}, Fate.PRUNED),
        ({HOOK: "Sync"}, {HOOK: "presync"}, None),
        ({}, {HOOK: "PreSync", POLICY: "HookSucceeded"}, Fate.ENDED),
        ({}, {HOOK: "PreSync", f"{HELM}-delete-policy": "hook-succeeded"}, Fate.ENDED),
        ({}, {HOOK: "PreSync", POLICY: "HookFailed"}, Fate.APPLIED),
        ({}, {HOOK: "PreSync", POLICY: "HookFailed,BeforeHookCreation"}, Fate.ANEW),
        ({}, {HOOK: "PostSync", POLICY: "HookFailed"}, Fate.ANEW),
        ({HOOK: "PostSync"}, {HOOK: "PostSync", POLICY: "HookFailed"}, Fate.APPLIED),
    ],
)
def test_fate(before: dict[str, str], after: dict[str, str], expected: Fate | None) -> None:
    """By its type and policy, and whether it was a hook before; Flux runs none."""
    assert fate(ARGOCD, given(**before), given(**after)) == expected
    assert fate(FLUX, given(**before), given(**after)) is None
    assert fate(ARGOCD, None, given(**after)) is None


def test_a_crd_is_deleted_and_never_pruned() -> None:
    """Argo CD does not track CRDs, but it deletes one that is a hook."""
    crd = "CustomResourceDefinition"
    assert fate(ARGOCD, given(crd), given(crd, **{HOOK: "presync"})) is None
    assert fate(ARGOCD, given(crd), given(crd, **{HOOK: "PreSync"})) is Fate.ANEW


def test_annotation() -> None:
    """As it stands there; of an empty one the key."""
    assert annotation(ARGOCD, given(**{HOOK: ""})) == f"{HOOK}:"
    assert annotation(ARGOCD, given(**{HOOK: "PreSync"})) == f"{HOOK}: PreSync"
    assert annotation(ARGOCD, given(**{HOOK: "Skip"})) == ""
