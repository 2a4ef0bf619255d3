"""What `diff` says of commits, seen with the real Argo CD that syncs them.

Each is taken back in the end, and all is synced again.
"""

from __future__ import annotations

import json

import pytest
from gitenv import git
from test_diff_argocd import change_a_setting, complaint, prod, refresh, replicas, uid
from testbed.programs import eventually, stays
from testbed.site import (
    ANOTHER_SERVICE,
    APPLICATION,
    ENVIRONMENT,
    NAMESPACE,
    OTHER,
    Site,
    annotated,
    config_map,
    fail,
)

pytestmark = pytest.mark.cluster
__all__ = ["prod"]


def reverted(prod: Site, number: str) -> str:
    """Take the last commit back, of which something was said that is not said of that; push it."""
    git(prod.repository, "revert", "--no-edit", "HEAD")
    assert number not in prod.foretold()
    return prod.push()


ANOTHER_ROLE = f"""\
- target: {{kind: ClusterRoleBinding, name: {NAMESPACE}}}
  patch: |
    - op: replace
      path: /roleRef/name
      value: view
"""
NO_NAMESPACE = f"""\
- patch: |
    apiVersion: v1
    kind: Namespace
    metadata: {{name: {NAMESPACE}}}
    $patch: delete
"""


@pytest.mark.proves("G", "R11")
def test_a_binding_of_another_role_is_made_anew(prod: Site) -> None:
    """R11: which the API server would refuse to change."""
    name = ("clusterrolebinding", NAMESPACE)
    before = prod.plane.get(*name)
    commit = prod.local(ANOTHER_ROLE)
    assert "R11" in prod.foretold()
    prod.wait_for(commit, 90)
    after = prod.plane.get(*name)
    assert after["roleRef"]["name"] == "view"
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    git(prod.repository, "revert", "--no-edit", "HEAD")
    prod.wait_for(prod.push(), 90)
    assert prod.plane.get(*name)["roleRef"] == before["roleRef"]


@pytest.mark.proves("G", "D01 D02 D06")
def test_the_crd_comes_and_stays(prod: Site) -> None:
    """D01, D02, not D06: once it is there it stays with what was made of it, guarded or not."""
    name = ("crd", "frameworks.frameworkcontroller.microsoft.com")
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "components=[crd]")
    assert "D01" in prod.foretold()
    assert "D02" not in prod.foretold()
    prod.wait_for(prod.push(), 90)
    before = prod.plane.get(*name)["metadata"]["uid"]
    prod.fcgitops("overlay", ENVIRONMENT, "--unset", "components")
    assert "D02" in prod.foretold()
    assert not {"D01", "D06"} & set(prod.foretold())
    prod.wait_for(prod.push(), 90)
    assert prod.plane.get(*name)["metadata"]["uid"] == before
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "components=[crd]")
    prod.wait_for(prod.local(BARE_CRD), 90)
    assert "prune" not in str(prod.plane.get(*name)["metadata"].get("annotations"))
    prod.fcgitops("overlay", ENVIRONMENT, "--unset", "components")
    git(prod.repository, "reset", "-q", "--soft", "HEAD~1")
    commit = prod.local("")
    assert "D02" in prod.foretold()
    assert "D06" not in prod.foretold()
    prod.wait_for(commit, 90)
    assert prod.plane.get(*name)["metadata"]["uid"] == before


BARE_CRD = """\
- target: {kind: CustomResourceDefinition, name: frameworks.frameworkcontroller.microsoft.com}
  patch: |
    - op: remove
      path: /metadata/annotations
"""


@pytest.mark.proves("G", "N04")
def test_a_namespace_that_leaves_git_is_waited_for(prod: Site) -> None:
    """N04: it stays, and no later commit is synced before what was printed has been typed."""
    before = uid(prod, "namespace")
    prod.local(NO_NAMESPACE)
    assert "N05" not in prod.foretold()
    typed = let_go(prod)
    eventually(lambda: WAITS in complaint(prod) or fail(complaint(prod)), 60, "it waits")
    reverted(prod, "N04")
    commit = change_a_setting(prod, 799)
    stays(lambda: "workerNumber: 799" in prod.configuration(), 8)
    assert "workerNumber: 799" not in prod.configuration()
    prod.type(typed)
    prod.wait_for(commit, 90)
    assert uid(prod, "namespace") == before


WAITS = "pruning confirmation"


def let_go(prod: Site) -> str:
    """What is to be typed where the last commit has Argo CD wait for the Namespace."""
    (typed,) = (e["do"] for e in prod.effects() if e["id"] == "N04" and e["do"])
    return typed.rpartition(": ")[2]


@pytest.mark.proves("G", "E27")
def test_what_leaves_git_is_pruned_unless_something_keeps_it(prod: Site) -> None:
    """E27: an annotation that Argo CD heeds."""
    guard = {"argocd.argoproj.io/sync-options": "Prune=false"}
    parts = {"guarded": config_map("guarded", **guard), "free": config_map("free")}
    prod.wait_for(prod.local("", **parts), 90)
    assert "E27" not in prod.foretold()
    assert uid(prod, "configmap", "free")
    prod.local("")
    said = prod.foretold()["E27"]
    assert "ConfigMap/free: It is pruned" in said
    assert "ConfigMap/guarded: It leaves Git and stays" in said
    eventually(lambda: not uid(prod, "configmap", "free"), 60, "it is pruned")
    assert uid(prod, "configmap", "guarded")
    prod.plane.kubectl("delete", "configmap", "guarded", "-n", NAMESPACE)
    prod.wait_for(git(prod.repository, "rev-parse", "HEAD"), 90)


HOOK = {"argocd.argoproj.io/hook": "PreSync"}
SKIP = {"argocd.argoproj.io/hook": "Skip"}
TEAM = {"example.com/team": "ml"}
BY_FORCE = {"argocd.argoproj.io/sync-options": "Replace=true,Force=true"}
REPLACED = {"argocd.argoproj.io/sync-options": "Replace=true"}
FRAMEWORKS = "frameworks.frameworkcontroller.microsoft.com"


@pytest.mark.proves("G", "E30")
def test_a_hook_is_made_anew_at_each_sync(prod: Site) -> None:
    """E30: a StatefulSet with its Pods, at a sync of something else, too; and a CRD."""
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "components=[crd]")
    prod.wait_for(prod.push(), 90)
    before = uid(prod, "statefulset"), uid(prod, "crd", FRAMEWORKS)
    hooks = annotated("StatefulSet", NAMESPACE, **HOOK)
    hooks += annotated("CustomResourceDefinition", FRAMEWORKS, **HOOK)
    commit = prod.local(hooks)
    said = prod.foretold()["E30"]
    assert "StatefulSet/frameworkcontroller: Argo CD takes it for a hook" in said
    assert f"{FRAMEWORKS}: Argo CD takes it for a hook" in said

    def is_another(kind: str, than: str, name: str = NAMESPACE) -> bool:
        return uid(prod, kind, name) not in ("", than)

    eventually(lambda: is_another("statefulset", before[0]), 90, "it is made anew")
    eventually(lambda: is_another("crd", before[1], FRAMEWORKS), 90, "so is the CRD")
    prod.wait_for(commit, 90)
    again = uid(prod, "statefulset")
    prod.local(hooks, beside=config_map("beside"))
    assert "StatefulSet/frameworkcontroller: Argo CD takes it for a hook" in prod.foretold()["E30"]
    eventually(lambda: is_another("statefulset", again), 90, "it is made anew again")
    commit = prod.local("")
    assert "E30" not in prod.foretold()
    prod.wait_for(commit, 90)
    before = uid(prod, "statefulset"), ""
    prod.fcgitops("overlay", ENVIRONMENT, "--unset", "components")
    prod.wait_for(prod.push(), 90)
    assert uid(prod, "statefulset") == before[0]


POLICY = "argocd.argoproj.io/hook-delete-policy"
FATES = {
    "presync": ({"argocd.argoproj.io/hook": "presync"}, "counts it as not rendered", "gone"),
    "empty": ({"argocd.argoproj.io/hook": ""}, "counts it as not rendered", "gone"),
    "failure": ({"argocd.argoproj.io/hook": "SyncFail"}, "counts it as not rendered", "gone"),
    "chart": ({"helm.sh/hook": "test"}, "counts it as not rendered", "gone"),
    "install": ({"helm.sh/hook": "pre-install"}, "makes it anew", "another"),
    "definition": ({"helm.sh/hook": "crd-install"}, "", "same"),
    "two": ({"argocd.argoproj.io/hook": "Sync,Skip"}, "or leaves it deleted", "another or gone"),
    "after": ({"argocd.argoproj.io/hook": "PostSync"}, "makes it anew", "another"),
    "ended": (HOOK | {POLICY: "HookSucceeded"}, "once it has succeeded", "gone"),
    "failed": (HOOK | {POLICY: "HookFailed"}, "deletes it if it fails", "same"),
    "late": (
        {"argocd.argoproj.io/hook": "PostSync", POLICY: "HookFailed"}, "makes it anew", "another"
    ),
}  # fmt: skip
"""Name of an object → annotations that it gets, what is said of it, and what becomes of it."""


@pytest.mark.proves("G", "E30")
def test_what_becomes_of_a_hook(prod: Site) -> None:
    """E30: by its type, which Argo CD may not know, and its delete policy; Helm's count, too."""
    plain = {name: config_map(name) for name in FATES}
    prod.wait_for(prod.local("", **plain), 90)
    before = {name: uid(prod, "configmap", name) for name in FATES}
    prod.local("", **{name: config_map(name, **given) for name, (given, *_) in FATES.items()})
    said = dict(line.split(": ", 1) for line in prod.foretold()["E30"].splitlines())
    assert {name for name in FATES if FATES[name][1]} == {s.partition("/")[2] for s in said}
    assert [name for name in FATES if FATES[name][1] not in said.get(f"ConfigMap/{name}", "")] == []

    def otherwise() -> dict[str, str]:
        now = {name: uid(prod, "configmap", name) for name in FATES}
        same = {name: "same" if now[name] == before[name] else "another" for name in FATES}
        seen = {name: same[name] if now[name] else "gone" for name in FATES}
        return {name: fate for name, fate in seen.items() if fate not in FATES[name][2]}

    eventually(lambda: not otherwise() or fail(otherwise()), 60, "each as it was foretold")
    prod.wait_for(prod.local(""), 90)


ALONE = "ConfigMap/hook: Argo CD starts no sync where only hooks differ"


@pytest.mark.proves("G", "E27 E30")
def test_a_change_of_hooks_alone_reaches_the_cluster_later(prod: Site) -> None:
    """E30: of a hook that is new, differs, or is none any more; E27: it is never pruned."""

    def pushed(beside: str = "", **parts: str) -> dict[str, str]:
        added = {"beside": config_map("beside", of=beside)} if beside else {}
        prod.wait_for(prod.local("", **parts, **added), 90)
        return prod.foretold()

    def found() -> tuple[str, dict[str, str]]:
        if not (made := uid(prod, "configmap", "hook")):
            return "", {}
        held = prod.plane.get("configmap", "hook", "-n", NAMESPACE)
        return made, held["metadata"]["annotations"]

    hook, other, plain = (config_map("hook", **given) for given in (HOOK, HOOK | TEAM, TEAM))
    assert ALONE in pushed(hook=hook)["E30"]
    stays(found, 5)
    assert not uid(prod, "configmap", "hook")
    assert ALONE not in pushed("a", hook=hook)["E30"]
    eventually(lambda: uid(prod, "configmap", "hook"), 60, "it is made")
    for changed in (other, plain):
        assert ALONE in pushed("a", hook=changed)["E30"]
        stays(found, 5)
        assert not TEAM.items() <= found()[1].items()
    assert "E30" not in pushed("b", hook=plain)
    eventually(lambda: TEAM.items() <= found()[1].items(), 60, "it is applied")
    assert ALONE not in pushed("b", hook=hook)["E30"]
    eventually(lambda: HOOK.items() <= found()[1].items(), 60, "it is made anew, as a hook")
    assert "does not prune what it takes for a hook" in pushed("b")["E27"]
    pushed("c")
    stays(found, 5)
    assert uid(prod, "configmap", "hook")
    prod.plane.kubectl("delete", "configmap", "hook", "-n", NAMESPACE)
    pushed()


@pytest.mark.proves("G", "E31")
def test_by_force_an_object_is_made_anew(prod: Site) -> None:
    """E31: at a sync of something else, too; without Force=true it is the same object."""
    before = uid(prod, "statefulset")
    prod.wait_for(prod.local(annotated("StatefulSet", NAMESPACE, **REPLACED)), 90)
    assert "E31" not in prod.foretold()
    assert uid(prod, "statefulset") == before
    prod.wait_for(prod.local(annotated("StatefulSet", NAMESPACE, **BY_FORCE)), 90)
    assert "E31" in prod.foretold()
    made = uid(prod, "statefulset")
    assert made != before
    patch = annotated("StatefulSet", NAMESPACE, **BY_FORCE)
    prod.wait_for(prod.local(patch, beside=config_map("beside")), 90)
    assert "E31" in prod.foretold()
    assert uid(prod, "statefulset") != made
    commit = prod.local("")
    assert "E31" not in prod.foretold()
    prod.wait_for(commit, 90)


@pytest.mark.proves("G", "E32")
def test_what_is_skipped_is_as_it_was(prod: Site) -> None:
    """E32: an edit in Git does not reach it until it is no longer skipped."""
    parts = [config_map("held", **given) for given in ({}, SKIP, SKIP | TEAM, TEAM)]
    prod.wait_for(prod.local("", held=parts[0]), 90)
    for part in parts[1:3]:
        prod.wait_for(prod.local("", held=part, beside=config_map("beside", of=str(len(part)))), 90)
        assert "Argo CD does not apply it" in prod.foretold()["E32"]
        held = prod.plane.get("configmap", "held", "-n", NAMESPACE)["metadata"]
        assert not {*SKIP, *TEAM} & set(held["annotations"])
    commit = prod.local("", held=parts[3])
    assert "Argo CD applies it again" in prod.foretold()["E32"]
    prod.wait_for(commit, 90)
    held = prod.plane.get("configmap", "held", "-n", NAMESPACE)["metadata"]
    assert held["annotations"].items() >= TEAM.items()
    prod.wait_for(prod.local(""), 90)


UNGUARDED = """\
- target: {kind: ConfigMap, name: frameworkcontroller-config.*}
  patch: |
    - op: remove
      path: /metadata/annotations
"""


@pytest.mark.proves("G", "C25 C03")
def test_what_an_unchanged_stateful_set_names_is_pruned_under_it(prod: Site) -> None:
    """C25: where the former configuration is not kept; the Pod that runs goes on."""
    prod.wait_for(prod.local(UNGUARDED), 90)
    prod.wait_for(change_a_setting(prod, 785), 90)  # else what was there before is kept
    prod.wait_for(prod.local(UNGUARDED, beside=config_map("beside")), 90)
    named, pod = prod.config_map(), uid(prod, "pod", f"{NAMESPACE}-0")
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "workerNumber=786")
    assert not {"C03", "C25"} & set(prod.foretold())
    git(prod.repository, "reset", "-q", "--soft", "HEAD~1")
    prod.local(f"{UNGUARDED}{ANOTHER_SERVICE}")
    assert {"C03", "C25"} <= set(prod.foretold())
    words = "updates to statefulset spec"
    eventually(lambda: words in complaint(prod) or fail(complaint(prod)), 60, words)
    eventually(lambda: not uid(prod, "configmap", named), 60, "it is pruned")
    assert (prod.config_map(), uid(prod, "pod", f"{NAMESPACE}-0")) == (named, pod)
    prod.wait_for(prod.local(""), 90)


@pytest.mark.proves("G", "E04")
def test_another_cluster_leaves_the_first_as_it_is(prod: Site) -> None:
    """E04: it goes on there, and nobody heals it; the same Application deploys to the other."""
    assert prod.other
    before = uid(prod, "statefulset")
    prod.fcgitops("overlay", ENVIRONMENT, "--cluster", OTHER)
    assert "E04" in prod.foretold()
    prod.push()
    refresh(prod)
    eventually(lambda: uid(prod, "statefulset", plane=prod.other), 60, "it is there, too")
    scale = ("scale", "statefulset", NAMESPACE, "-n", NAMESPACE)
    prod.plane.kubectl(*scale, "--replicas=0")
    prod.notify()
    stays(lambda: replicas(prod), 8)
    assert (replicas(prod), uid(prod, "statefulset")) == (0, before)
    git(prod.repository, "revert", "--no-edit", "HEAD")
    commit = prod.push()
    refresh(prod)
    prod.wait_for(commit, 90)
    assert (replicas(prod), uid(prod, "statefulset")) == (1, before)
    prod.wait_for(change_a_setting(prod, 787), 90)
    assert "E04" not in prod.foretold()


@pytest.mark.proves("G", "E03")
def test_a_renamed_folder_is_a_second_application(prod: Site) -> None:
    """E03: which is refused; the first has lost its path, and the Pod goes on.

    Argo CD asks git which files have changed. Of a renamed one that names the new path alone, so
    that the first Application is looked at anew by a hard refresh only.
    """
    pod = uid(prod, "pod", f"{NAMESPACE}-0")
    git(prod.repository, "mv", f"overlays/{ENVIRONMENT}", "overlays/gpu")
    git(prod.repository, "commit", "-qm", "Rename it")
    assert "E03" in prod.foretold()
    prod.push()
    refresh(prod)
    second = ("applications.argoproj.io", f"{NAMESPACE}-gpu", "-n", "argocd")
    eventually(
        lambda: "Shared resource found" in json.dumps(prod.plane.get(*second).get("status"))
        or fail("not yet"),
        60, "the second is refused",
    )  # fmt: skip
    first = ("applications.argoproj.io", APPLICATION, "-n", "argocd")
    prod.plane.kubectl("annotate", *first, "--overwrite", "argocd.argoproj.io/refresh=hard")
    eventually(lambda: "path does not exist" in complaint(prod) or fail("not yet"), 60, "no path")
    assert uid(prod, "pod", f"{NAMESPACE}-0") == pod
    git(prod.repository, "revert", "--no-edit", "HEAD")
    commit = prod.push()
    prod.plane.kubectl("delete", *second)
    refresh(prod)
    prod.wait_for(commit, 90)
    assert uid(prod, "pod", f"{NAMESPACE}-0") == pod
    prod.wait_for(change_a_setting(prod, 788), 90)
    assert "E03" not in prod.foretold()


def shrunk(prod: Site, *resources: str) -> None:
    """Commit an environment that renders little."""
    folder = f"overlays/{ENVIRONMENT}"
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    place = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n"
    listed = "".join(f"- {name}\n" for name in resources)
    prod.commit(
        {
            f"{folder}/one.yaml": config_map("one"),
            f"{folder}/place.yaml": place,
            f"{folder}/kustomization.yaml": f"{head}resources:\n{listed}",
        }
    )


@pytest.mark.proves("G", "E28")
def test_where_hardly_anything_is_left_argo_cd_waits_for_the_namespace(prod: Site) -> None:
    """E28: and does nothing before; a revert and an end of that sync, and nothing has gone."""
    before = uid(prod, "statefulset")
    shrunk(prod, "one.yaml")
    assert "Argo CD waits" in prod.foretold()["E28"]
    (typed,) = (e["do"] for e in prod.effects() if e["id"] == "E28")
    assert "argocd app terminate-op" in typed
    assert not any(e["do"] for e in prod.effects() if e["id"] == "N04")
    prod.push()
    eventually(lambda: WAITS in complaint(prod) or fail(complaint(prod)), 60, "it waits")
    stays(lambda: uid(prod, "statefulset"), 3)
    assert (uid(prod, "statefulset"), uid(prod, "configmap", "one")) == (before, "")
    commit = reverted(prod, "E28")
    stays(lambda: uid(prod, "statefulset"), 3)
    assert uid(prod, "statefulset") == before
    terminate(prod)
    eventually(lambda: synced(prod) == commit or fail(str(prod.status())), 90, "it is synced")
    assert (uid(prod, "statefulset"), uid(prod, "configmap", "one")) == (before, "")
    prod.wait_for(change_a_setting(prod, 798), 90)


def synced(prod: Site) -> str:
    """The commit that the cluster is in line with, where there was nothing to apply, too."""
    found = prod.status()["sync"]
    return str(found["revision"]) if found["status"] == "Synced" else ""


def terminate(prod: Site) -> None:
    """What `argocd app terminate-op` does (server/application/application.go)."""
    name = ("applications.argoproj.io", APPLICATION, "-n", "argocd")
    ended = json.dumps({"status": {"operationState": {"phase": "Terminating"}}})
    prod.plane.kubectl("patch", *name, "--type=merge", f"--patch={ended}")


@pytest.mark.proves("G", "E28")
def test_a_confirmation_after_the_revert_still_prunes_the_rest(prod: Site) -> None:
    """E28: which is why it is not to be typed: the rest goes, and comes back."""
    before = uid(prod, "statefulset")
    shrunk(prod, "one.yaml")
    prod.push()
    eventually(lambda: WAITS in complaint(prod) or fail(complaint(prod)), 60, "it waits")
    commit = reverted(prod, "E28")
    prod.type(f"kubectl annotate namespace {NAMESPACE} argocd.argoproj.io/tracking-id-")
    prod.wait_for(commit, 90)
    assert uid(prod, "statefulset") not in ("", before)


@pytest.mark.proves("G", "E28 C21")
def test_where_hardly_anything_is_left_but_the_namespace_argo_cd_prunes(prod: Site) -> None:
    """E28, C21: it has nothing to wait for."""
    shrunk(prod, "one.yaml", "place.yaml")
    said = prod.foretold()
    assert "Argo CD prunes it" in said["E28"]
    assert "C21" in said
    prod.push()
    eventually(lambda: not uid(prod, "statefulset"), 60, "it is pruned")
    prod.wait_for(reverted(prod, "C21"), 90)
    assert uid(prod, "statefulset")


NOT_KEPT = f"""\
- target: {{kind: Namespace, name: {NAMESPACE}}}
  patch: |
    - op: remove
      path: /metadata/annotations
"""


@pytest.mark.proves("G", "N05")
def test_a_namespace_that_nothing_keeps_goes_with_all_in_it(prod: Site) -> None:
    """N05: once it leaves Git, and nobody is asked. What was typed later syncs its revert."""
    commit = prod.local(NOT_KEPT)
    assert "N05" in prod.foretold()
    prod.wait_for(commit, 90)
    before = uid(prod, "namespace")
    prod.local(NO_NAMESPACE)
    said = prod.foretold()
    assert "N05" in said
    assert "N04" not in said
    (typed,) = (e["do"] for e in prod.effects() if e["id"] == "N05")
    assert "revert, then: argocd app terminate-op APPLICATION; argocd app sync APPLICATION" in typed
    eventually(lambda: uid(prod, "namespace") != before, 90, "it is gone")
    healing = f'namespaces "{NAMESPACE}" not found'
    eventually(lambda: healing in complaint(prod) or fail(complaint(prod)), 90, healing)
    commit = reverted(prod, "N05")
    stays(lambda: uid(prod, "namespace"), 8)
    assert not uid(prod, "namespace")

    def is_ended() -> bool:
        message = str(prod.status()["operationState"]["message"])
        if "Retrying attempt" in message:  # amid a try its end would take the place of this
            terminate(prod)
        return "Operation terminated" in message

    eventually(lambda: is_ended() or fail(prod.status()), 60, "the sync is ended", interval=2)
    prod.sync_again()
    prod.wait_for(commit, 120)
    assert uid(prod, "statefulset")
