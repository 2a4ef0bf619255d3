"""What `diff` says of which Applications there are, and when they sync, seen with the real Argo CD.

An ApplicationSet or AppProject is applied as `make bootstrap` does, with one edit; afterwards it is
as Git has it, and all is synced again.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fcgitops.diff import compare
from gitenv import git
from test_diff_argocd import (
    Edit,
    Object,
    application,
    change_a_setting,
    complaint,
    edited,
    entry_points,
    found,
    is_out_of_sync,
    prod,
    put,
    refresh,
    replicas,
    uid,
)
from testbed.argocd import ArgoCD
from testbed.argocdcli import Typed, argocd_cli
from testbed.programs import eventually, stays
from testbed.site import APPLICATION, ENVIRONMENT, NAMESPACE, OTHER, Site, config_map, fail

pytestmark = pytest.mark.cluster
__all__ = ["prod"]
PLACE = ("-n", "argocd")


@pytest.fixture(scope="module")
def shell(prod: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    """Where `argocd` is typed."""
    assert isinstance(prod.running, ArgoCD)
    with argocd_cli(prod.running, tmp_path_factory.mktemp("shell")) as typed:
        yield typed


def template(change: Edit) -> Edit:
    """An edit of the Applications that a set makes."""
    return lambda applications: change(applications["spec"]["template"])


def source(**fields: str) -> Edit:
    """An edit of what they render."""
    return template(lambda made: made["spec"]["source"].update(fields))


@pytest.mark.proves("G", "E08")
def test_a_tag_is_followed_to_where_it_stands(prod: Site) -> None:
    """E08: the cluster gets that commit, and no later one."""
    tagged = change_a_setting(prod, 731)
    git(prod.repository, "tag", "first")
    git(prod.repository, "push", "-q", "origin", "first")
    prod.wait_for(tagged, 90)
    prod.wait_for(change_a_setting(prod, 732), 90)
    with edited(prod, "E08", "ApplicationSet", source(targetRevision="first")):
        runs_with(prod, 731)
        change_a_setting(prod, 733)
        stays(prod.configuration, 8)
        runs_with(prod, 731)
    runs_with(prod, 733)


def runs_with(prod: Site, number: int) -> None:
    """Wait until FrameworkController's file has so many workers."""
    words = f"workerNumber: {number}\n"
    eventually(lambda: words in prod.configuration() or fail(prod.status()), 90, words)


@pytest.mark.proves("G", "E08")
def test_of_a_revision_that_is_not_there_nothing_arrives(prod: Site) -> None:
    """E08: and nothing that is there is deleted."""
    versions = prod.versions()
    with edited(prod, "E08", "ApplicationSet", source(targetRevision="nowhere")):
        words = "unable to resolve 'nowhere'"
        eventually(lambda: words in complaint(prod) or fail(complaint(prod)), 90, words)
        assert prod.versions() == versions


@pytest.mark.proves("G", "E16")
def test_an_application_of_another_name_is_a_second_one(prod: Site) -> None:
    """E16: which is refused; the first one stays, and has the objects."""
    before, second = uid(prod, "statefulset"), f"other-{ENVIRONMENT}"

    def other_name(made: Object) -> None:
        made["metadata"]["name"] = "other-{{ .path.basename }}"

    with edited(prod, "E16", "ApplicationSet", template(other_name)):
        place = ("applications.argoproj.io", second, *PLACE)
        eventually(
            lambda: "Shared resource found" in json.dumps(prod.plane.get(*place).get("status"))
            or fail("not yet"),
            90, "the second is refused",
        )  # fmt: skip
        assert application(prod)
    prod.plane.kubectl("delete", *place)
    prod.wait_for(change_a_setting(prod, 734), 90)
    assert uid(prod, "statefulset") == before


@pytest.mark.proves("G", "E16")
def test_an_application_that_its_set_finds_no_more_stays_as_it_is(prod: Site) -> None:
    """E16: it syncs on, and what the set says of it no longer counts."""

    def other_environments(applications: Object) -> None:
        (generator,) = applications["spec"]["generators"]
        generator["selector"]["matchLabels"]["sync"] = "another"
        applications["spec"]["template"]["spec"]["revisionHistoryLimit"] = 3

    with edited(prod, "E16", "ApplicationSet", other_environments):
        refresh(prod)
        prod.wait_for(change_a_setting(prod, 735), 90)
        assert "revisionHistoryLimit" not in application(prod)


@pytest.mark.proves("G", "E16")
def test_applications_that_go_elsewhere_leave_what_runs(prod: Site) -> None:
    """E16: nobody syncs it there; it is the same Application that deploys to the other place."""
    assert prod.other
    before = uid(prod, "statefulset")
    elsewhere = {"name": OTHER, "namespace": NAMESPACE}
    edit = template(lambda made: made["spec"].update(destination=elsewhere))
    with edited(prod, "E16", "ApplicationSet", edit):
        eventually(lambda: uid(prod, "statefulset", plane=prod.other), 90, "it is there, too")
        prod.plane.kubectl("scale", "statefulset", NAMESPACE, "-n", NAMESPACE, "--replicas=0")
        prod.notify()
        stays(lambda: replicas(prod), 8)
        assert (replicas(prod), uid(prod, "statefulset")) == (0, before)
    assert (replicas(prod), uid(prod, "statefulset")) == (1, before)


@pytest.mark.proves("G", "E16")
def test_what_another_folder_does_not_render_is_pruned(prod: Site) -> None:
    """E16: FrameworkController too; it is made anew once the folder is put back."""
    place = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n"
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    prod.commit(
        {
            "small/kustomization.yaml": f"{head}resources: [place.yaml, one.yaml]\n",
            "small/place.yaml": place,
            "small/one.yaml": config_map("one"),
        }
    )
    prod.wait_for(prod.push(), 90)
    before = uid(prod, "statefulset")
    with edited(prod, "E16", "ApplicationSet", source(path="small")):
        eventually(lambda: not uid(prod, "statefulset"), 90, "it is pruned")
        eventually(lambda: uid(prod, "configmap", "one"), 60, "Argo CD prunes first, then applies")
    # In its first moments Argo CD still tells that the same commit is synced, of the other folder.
    eventually(lambda: uid(prod, "statefulset") not in ("", before), 90, "it is made anew")
    assert not uid(prod, "configmap", "one")


BUDGET = f"""\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: budget, namespace: {NAMESPACE}}}
spec: {{minAvailable: 1, selector: {{matchLabels: {{app: {NAMESPACE}}}}}}}
"""


def allows_budgets(project: Object) -> None:
    kinds = project["spec"]["namespaceResourceWhitelist"]
    kinds.append({"group": "policy", "kind": "PodDisruptionBudget"})


@pytest.mark.proves("G", "E19")
def test_what_a_project_allows_now_is_applied(prod: Site) -> None:
    """E19: before, the same commit was refused."""
    prod.local("", budget=BUDGET)
    words = "is not permitted in project"
    eventually(lambda: words in complaint(prod) or fail(complaint(prod)), 90, words)
    assert not uid(prod, "poddisruptionbudget", "budget")
    with edited(prod, "E19", "AppProject", allows_budgets):
        eventually(lambda: uid(prod, "poddisruptionbudget", "budget"), 90, "it is applied")
        prod.wait_for(prod.local(""), 90)
    assert not uid(prod, "poddisruptionbudget", "budget")


ALWAYS = {"schedule": "* * * * *", "duration": "1h", "applications": ["*"]}
NEW_YEAR = {"schedule": "0 0 1 1 *", "duration": "1m", "applications": ["*"]}


def window(kind: str, **fields: Any) -> Edit:
    """An edit that gives an AppProject one sync window."""
    return lambda project: project["spec"].update(syncWindows=[{"kind": kind, **fields}])


@pytest.mark.proves("G", "E29")
@pytest.mark.parametrize(
    ("edit", "number"),
    [
        pytest.param(window("deny", **ALWAYS), 736, id="an open deny window"),
        pytest.param(window("allow", **NEW_YEAR), 737, id="no open allow window"),
        pytest.param(window("deny", **NEW_YEAR | {"schedule": "@yearly"}), 738, id="unreadable"),
    ],
)
def test_in_a_window_nothing_is_synced(prod: Site, shell: Typed, edit: Edit, number: int) -> None:
    """E29: no commit arrives, nothing is healed, and a sync by hand is refused."""
    with edited(prod, "E29", "AppProject", edit):
        commit = change_a_setting(prod, number)
        is_out_of_sync(prod, commit)
        prod.plane.kubectl("scale", "statefulset", NAMESPACE, "-n", NAMESPACE, "--replicas=0")
        prod.notify()
        stays(lambda: (prod.configuration(), replicas(prod)), 8)
        assert f"workerNumber: {number}" not in prod.configuration()
        assert replicas(prod) == 0
        by_hand = shell(f"argocd app sync {APPLICATION}")
        assert by_hand.returncode
        assert "cannot sync: " in by_hand.stderr
        assert "sync window" in by_hand.stderr
    assert replicas(prod) == 1
    assert f"workerNumber: {number}" in prod.configuration()


def is_at_rest(prod: Site) -> bool:
    """Whether no sync is asked for, or has yet to end."""
    found = prod.plane.get("applications.argoproj.io", APPLICATION, *PLACE)
    return "operation" not in found and found["status"]["operationState"]["phase"] == "Succeeded"


BY_HAND = {"manualSync": True}


@pytest.mark.proves("G", "E29")
@pytest.mark.parametrize(
    ("kind", "fields", "number"),
    [
        ("deny", ALWAYS | BY_HAND, 739),
        ("allow", NEW_YEAR | BY_HAND, 740),
        ("deny", ALWAYS, 741),
        ("allow", NEW_YEAR, 742),
    ],
)
def test_what_is_to_be_typed_lets_a_commit_through(
    prod: Site, shell: Typed, kind: str, fields: dict[str, Any], number: int
) -> None:
    """E29: by a window that does so by hand, or is made to; nothing of it outlives it in Git."""
    edit = window(kind, **fields)
    before = entry_points(prod)
    after = copy.deepcopy(before)
    edit(found(after, "AppProject"))
    (effect,) = (
        effect
        for effect in compare.outcome(before, after, frozenset({"argocd"})).effects
        if effect.id == "E29"
    )
    eventually(lambda: is_at_rest(prod), 90, "no sync is under way, behind which another waits")
    with edited(prod, "E29", "AppProject", edit):
        is_out_of_sync(prod, change_a_setting(prod, number))
        typed, bootstrap, _ = effect.do.partition(" && make bootstrap")
        done = shell(typed.replace("APPLICATION", APPLICATION))
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"workerNumber: {number}\n" in prod.configuration()
        assert prod.status()["sync"]["status"] == "Synced"
        if bootstrap:
            put(prod, found(after, "AppProject"))
    project = prod.plane.get("appprojects.argoproj.io", NAMESPACE, *PLACE)
    assert "syncWindows" not in project["spec"]


@pytest.mark.proves("G", "E29")
@pytest.mark.parametrize(
    ("fields", "certain", "number"),
    [
        pytest.param(ALWAYS | {"applications": ["other"]}, [False], 743, id="of another"),
        pytest.param(ALWAYS | {"applications": []}, [], 744, id="of nobody"),
    ],
)
def test_a_window_of_others_closes_nothing_here(
    prod: Site, fields: dict[str, Any], certain: list[bool], number: int
) -> None:
    """E29: it is not certain, or not said."""
    before = entry_points(prod)
    after = copy.deepcopy(before)
    window("deny", **fields)(found(after, "AppProject"))
    effects = compare.outcome(before, after, frozenset({"argocd"})).effects
    assert [effect.certain for effect in effects if effect.id == "E29"] == certain
    put(prod, found(after, "AppProject"))
    try:
        prod.wait_for(change_a_setting(prod, number), 90)
    finally:
        put(prod, found(before, "AppProject"))
