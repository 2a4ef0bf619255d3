"""Each rule of `diff`: a change that has its effect, and a change close to it that has not.

What is certain of the rules on the API server is tried in tests/e2e/test_diff_server.py.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from diff_edits import (
    ANOTHER_TYPE,
    ARGO,
    BY_FORCE,
    CASES,
    EGRESS,
    ELSEWHERE,
    FLUX,
    FORCE,
    HOOK,
    JOB,
    OPTIONS,
    PREPARED,
    READS_SECRETS,
    RECONCILE,
    TEAM,
    WORDS,
    Edit,
    Rendering,
    aggregated,
    annotates,
    both,
    flux_rule,
    grants,
    labelled,
    moved,
    other_crd,
    second,
    second_egress,
    sets,
    setting,
    tolerates,
)
from fcgitops.diff import change, compare
from fcgitops.diff.effects import RULES, Severity
from fcgitops.diff.environment import BOTH, Environment, Settings
from fcgitops.diff.scheduling import loses_toleration


def said(before: Rendering, after: Rendering, **options: Any) -> set[str]:
    outcome = compare.outcome(before.objects, after.objects, **options)
    return {effect.id for effect in outcome.effects}


def of(edit: Edit, name: str = "frameworkcontroller", prepare: Edit | None = None) -> set[str]:
    """The numbers of what is said of an edit of a rendering, after it was prepared."""
    before = Rendering(name)
    if prepare:
        prepare(before)
    after = copy.deepcopy(before)
    edit(after)
    return said(before, after)


@pytest.mark.parametrize(
    ("number", "edit", "close"),
    CASES,
    ids=[f"{number}-{i}" for i, (number, *_) in enumerate(CASES)],
)
def test_an_edit_has_its_effect_and_one_close_to_it_has_not(
    number: str, edit: Edit, close: Edit
) -> None:
    """The first edit is said to have the effect, the second not."""
    assert number in of(edit)
    assert number not in of(close)


@pytest.mark.parametrize(
    ("number", "name", "edit", "close"),
    ELSEWHERE,
    ids=[f"{number}-{i}" for i, (number, *_) in enumerate(ELSEWHERE)],
)
def test_an_edit_elsewhere_has_its_effect_and_one_close_to_it_has_not(
    number: str, name: str, edit: Edit, close: Edit
) -> None:
    """The same for the CRD, entry points, and NNI."""
    assert number in of(edit, name)
    assert number not in of(close, name)


@pytest.mark.parametrize(
    ("number", "name", "prepare", "edit"),
    PREPARED,
    ids=[f"{number}-{i}" for i, (number, *_) in enumerate(PREPARED)],
)
def test_an_edit_of_a_prepared_rendering_has_its_effect(
    number: str, name: str, prepare: Edit, edit: Edit
) -> None:
    """The effect of an edit that needs something to be there before, and not of its opposite."""
    before = Rendering(name)
    prepare(before)
    after = copy.deepcopy(before)
    edit(after)
    assert number in said(before, after)
    assert number not in said(before, before)
    assert (number in said(after, before)) is (number in EITHER_WAY)


ANOTHER_SERVICE = sets("spec.serviceName", "other")
INVALID = sets("spec.replicas", -1)
UNFORCED = annotates(FORCE, "disabled")


@pytest.mark.parametrize(
    ("tool", "prepare", "edit", "expected"),
    [
        ("flux", None, both(annotates(RECONCILE, "disabled"), ANOTHER_SERVICE), {"E32"}),
        ("argocd", None, both(annotates(HOOK, "Skip"), ANOTHER_SERVICE), {"E32"}),
        ("argocd", None, both(annotates(RECONCILE, "disabled"), ANOTHER_SERVICE), {"C03"}),
        ("argocd", None, both(annotates(OPTIONS, BY_FORCE), ANOTHER_SERVICE), {"E31"}),
        ("argocd", None, both(annotates(HOOK, "PreSync"), ANOTHER_SERVICE), {"E30"}),
        ("flux", None, both(annotates(HOOK, "PreSync"), ANOTHER_SERVICE), {"C03"}),
        ("flux", annotates(FORCE, "enabled"), ANOTHER_SERVICE, {"E33"}),
        (
            "flux",
            annotates(FORCE, "enabled"),
            both(annotates(FORCE, "no"), ANOTHER_SERVICE),
            {"E33"},
        ),
        ("flux", annotates(FORCE, "enabled"), INVALID, {"E33"}),
        ("flux", None, INVALID, {"C04"}),
    ],
)
def test_nothing_is_said_that_cannot_be(
    tool: str, prepare: Edit | None, edit: Edit, expected: set[str]
) -> None:
    """What is not applied is not refused, nor what is deleted first: no advice is about that."""
    before = Rendering()
    if prepare:
        prepare(before)
    after = copy.deepcopy(before)
    edit(after)
    assert said(before, after, tools=frozenset({tool})) == expected


def test_a_job_that_is_a_hook_is_nothing_to_tell() -> None:
    """It is what hooks are for; one that runs and becomes a hook is deleted."""
    before = Rendering()
    job = before.add("Job", "migrate", spec={"template": {"spec": {}}})
    plain = copy.deepcopy(before)
    job["metadata"]["annotations"] = {HOOK: "PreSync"}
    after = copy.deepcopy(before)
    ANOTHER_TYPE(after)
    assert "E30" not in said(before, after)
    assert "E30" in said(plain, after)


KEPT = "It leaves Git and stays on the cluster"


@pytest.mark.parametrize(
    ("kind", "number", "edit", "tool", "kept"),
    [
        ("StatefulSet", "C21", annotates(OPTIONS, "Prune=false"), "argocd", True),
        ("StatefulSet", "C21", annotates(OPTIONS, "Prune=false"), "flux", False),
        ("StatefulSet", "C21", annotates(HOOK, "Sync"), "argocd", True),
        ("StatefulSet", "C21", annotates(HOOK, "Skip"), "argocd", False),
        ("Service", "E27", annotates(HOOK, "Sync", "Service"), "argocd", True),
        ("Service", "E27", annotates(HOOK, "Sync", "Service"), "flux", False),
        ("Service", "E27", annotates("helm.sh/hook", "test", "Service"), "argocd", True),
    ],
)
def test_what_a_tool_keeps_is_not_said_to_be_gone(
    kind: str, number: str, edit: Edit, tool: str, kept: bool
) -> None:
    """C21, E27: a guard, and an annotation of a hook, which Argo CD does not prune."""
    before = Rendering()
    edit(before)
    after = copy.deepcopy(before)
    after.drop(kind)
    effects = compare.outcome(before.objects, after.objects, tools=frozenset({tool})).effects
    (told,) = (e for e in effects if e.id == number and e.object.startswith(f"{kind}/"))
    assert told.says.startswith(KEPT) is kept


AS_HOOK = annotates(HOOK, "Sync", "Service")


@pytest.mark.parametrize(
    ("prepare", "edit", "alone"),
    [
        (AS_HOOK, ANOTHER_TYPE, True),
        (AS_HOOK, both(ANOTHER_TYPE, annotates(HOOK, "Skip")), True),
        (AS_HOOK, sets("metadata.annotations", None, "Service"), True),
        (AS_HOOK, lambda r: r.drop("Service"), False),
        (None, AS_HOOK, False),
        (AS_HOOK, both(ANOTHER_TYPE, sets("spec.replicas", 0)), False),
    ],
)
def test_where_only_hooks_differ_nothing_is_synced(
    prepare: Edit | None, edit: Edit, alone: bool
) -> None:
    """E30: a hook on the cluster does not count, nor what is skipped; what becomes one does.

    Of a hook that leaves Git E27 says that it stays.
    """
    before = Rendering()
    if prepare:
        prepare(before)
    after = copy.deepcopy(before)
    edit(after)
    effects = compare.outcome(before.objects, after.objects, tools=frozenset({"argocd"})).effects
    later = [e.object for e in effects if "starts no sync where only hooks differ" in e.says]
    assert later == (["Service/frameworkcontroller"] if alone else [])
    anew = [e.says for e in effects if "deletes it and makes it anew" in e.says]
    assert all(("at the next sync" in says) is alone for says in anew)


def claim_of_data(r: Rendering) -> None:
    """A claim with somebody's data."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = r.add("PersistentVolumeClaim", "results", spec=spec)
    claim["metadata"]["namespace"] = "frameworkcontroller"


@pytest.mark.parametrize(
    ("number", "name", "prepare", "kind"),
    [
        ("E27", "frameworkcontroller", claim_of_data, "PersistentVolumeClaim"),
        ("E27", FLUX, None, "Kustomization"),
        ("E27", ARGO, None, "ApplicationSet"),
        ("E27", "frameworkcontroller", other_crd(), "CustomResourceDefinition"),
        ("X08", TEAM, None, "ServiceAccount"),
        ("R12", "frameworkcontroller", None, "ClusterRole"),
    ],
)
def test_what_gets_another_name_is_gone_under_its_own(
    number: str, name: str, prepare: Edit | None, kind: str
) -> None:
    """Where others name it, or it keeps more than its content; a policy's name is nothing."""
    own = {"CustomResourceDefinition": "widgets.example.com"}.get(kind, "")
    own = "nni-trial" if name == TEAM else own
    assert number in of(sets("metadata.name", "another", kind, own), name, prepare)
    assert of(sets("metadata.name", "another", "NetworkPolicy")) == set()


def test_a_claim_is_gone_where_everything_goes_to_another_namespace() -> None:
    """E27: its data does not come along; all else is made anew there."""
    assert {"E27", "N01"} <= of(moved, prepare=claim_of_data)
    assert "E27" not in of(moved)


@pytest.mark.parametrize(
    ("name", "prepare", "edit", "words"),
    [
        (FLUX, None, flux_rule("statefulsets", "delete"), "cannot delete the StatefulSet: once"),
        (FLUX, None, flux_rule("statefulsets", "patch"), "cannot apply the StatefulSet (patch)"),
        (
            TEAM,
            None,
            lambda r: r.drop("ServiceAccount", "nni-trial"),
            "the trial's Framework FAILS",
        ),
        (TEAM, None, lambda r: r.drop("ServiceAccount", "nni-manager"), "and no experiment starts"),
        (
            "",
            second(kind="Deployment"),
            lambda r: r.drop("StatefulSet"),
            "runs FrameworkController alone",
        ),
        ("", None, setting(workerNumber=10**7), "workerNumber 500 → 10000000: more"),
        ("", None, setting(kubeClientQps=0.5), "kubeClientQps 200 → 0.5: fewer"),
    ],
)
def test_a_sentence_says_what_happens(
    name: str, prepare: Edit | None, edit: Edit, words: str
) -> None:
    """And not what would happen to something like it."""
    before = Rendering(name or "frameworkcontroller")
    if prepare:
        prepare(before)
    after = copy.deepcopy(before)
    edit(after)
    said = [e.says for e in compare.outcome(before.objects, after.objects).effects]
    assert any(words in sentence for sentence in said), said


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("S22", setting(workerNumber=0)),
        ("S24", setting(kubeClientBurst=0)),
        ("C19", sets("spec.template.spec.containers.0.image", "x/frameworkcontroller:v0.9.0")),
        ("R16", sets("spec.template.spec.automountServiceAccountToken", False)),
        ("C06", setting(workerNumber=9)),
    ],
)
def test_what_is_new_starts_or_it_is_said_why_not(number: str, fault: Edit) -> None:
    """A new environment with a fault, and one that was stopped, and has it."""
    stopped, nothing, after = Rendering(), Rendering(), Rendering()
    nothing.objects = []
    fault(after)
    fault(stopped)
    stopped.sts["replicas"] = 0
    for before in (nothing, stopped):
        assert said(before, after) & {number, "C06"} == {number}


def test_without_a_file_there_are_no_settings() -> None:
    """FrameworkController ends at its start: none of what it would have run with has an effect."""
    unmounted = sets("spec.template.spec.containers.0.volumeMounts", None)
    assert of(unmounted) == {"C26", "C01"}


def frameworks(most: str) -> Edit:
    """An edit of how many Frameworks there may be."""
    key = "count/frameworks.frameworkcontroller.microsoft.com"
    return lambda r: r("ResourceQuota")["spec"]["hard"].update({key: most})


def own_quota(r: Rendering) -> None:
    """A quota of FrameworkController's own namespace."""
    r.add("ResourceQuota", "own", spec={"hard": {"pods": "9"}})["metadata"]["namespace"] = (
        "frameworkcontroller"
    )


EITHER_WAY = {"C03", "C08", "C20", "E30", "E31", "E32", "E33", "N06", "S03", "S20", "X10"}
"""Rules that hold of a change and of the way back: what may not differ, or holds it back."""


def egress(cidr: str, *closed: str, **port: Any) -> Edit:
    """An edit that lets FrameworkController reach one block alone."""
    block = {"cidr": cidr, **({"except": list(closed)} if closed else {})}
    rule = {"to": [{"ipBlock": block}], **({"ports": [port]} if port else {})}
    fields = {"policyTypes": ["Egress"], "egress": [rule]}

    def edit(r: Rendering) -> None:
        r.objects = [o for o in r.objects if o["metadata"]["name"] != "egress"]
        chosen = {"matchExpressions": [{"key": "app", "operator": "Exists"}]}
        r.add(
            "NetworkPolicy",
            "egress",
            "networking.k8s.io/v1",
            spec={"podSelector": chosen, **fields},
        )["metadata"]["namespace"] = "frameworkcontroller"

    return edit


@pytest.mark.parametrize(
    ("number", "name", "prepare", "edit", "severity"),
    [
        ("N06", "", egress("10.0.0.1/32", port=6443), egress("10.0.0.1/32"), "rights widened"),
        ("N06", "", egress("10.1.0.0/16", port=1), egress("10.0.0.0/8"), "rights widened"),
        ("N06", "", egress("10.0.0.0/8"), egress("10.1.0.0/16"), "outage"),
        ("N06", "", egress("10.0.0.0/8"), egress("10.0.0.0/8", "10.1.0.0/16"), "outage"),
        ("N06", "", egress("10.0.0.0/8", port=6443), egress("10.0.0.0/8", port=443), "outage"),
        ("C17", "", None, sets("spec.template.spec.containers.0.image", "Foo:v1"), "outage"),
        ("X07", TEAM, None, frameworks("1"), "data loss"),
        ("X07", TEAM, None, sets("spec.hard.pods", "1", "ResourceQuota"), "none"),
        ("X07", "", None, own_quota, "outage"),
        (
            "E22",
            FLUX,
            None,
            sets("spec.serviceAccountName", None, "Kustomization"),
            "rights widened",
        ),
        ("E27", TEAM, None, lambda r: r.drop("NetworkPolicy", "nni-ui"), "outage"),
        (
            "E27",
            TEAM,
            None,
            lambda r: r.drop("NetworkPolicy", "nni-default-deny"),
            "rights widened",
        ),
    ],
)
def test_how_bad_it_is_depends_on_what_changes(
    number: str, name: str, prepare: Edit | None, edit: Edit, severity: str
) -> None:
    """One number, other severities."""
    before = Rendering(name or "frameworkcontroller")
    if prepare:
        prepare(before)
    after = copy.deepcopy(before)
    edit(after)
    found = compare.outcome(before.objects, after.objects).effects
    assert max(e.severity for e in found if e.id == number).word == severity


def test_the_same_ways_in_other_words_change_nothing() -> None:
    """N06: a rule twice, and ports in a range that another rule has."""
    wide = egress("10.0.0.0/8", port=1, endPort=9)

    def twice(r: Rendering) -> None:
        rules = r("NetworkPolicy", "egress")["spec"]["egress"]
        ports = [{"port": 5}, {"port": 3, "endPort": 4}]
        rules.append({"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}], "ports": ports})

    assert not {"N06", "N07"} & of(twice, prepare=wide)


def test_rights_are_those_of_the_roles_that_a_role_is_made_of() -> None:
    """R02: a role that an aggregationRule selects gets more."""

    def prepare(r: Rendering) -> None:
        labelled(of="fc")(r)
        r("ClusterRole", "labelled")["rules"] = []
        aggregated(r)

    more = lambda r: r("ClusterRole", "labelled").update(rules=READS_SECRETS)  # noqa: E731
    assert "R02" in of(more, prepare=prepare)
    assert "R02" not in of(
        more, prepare=lambda r: (prepare(r), r("ClusterRole").pop("aggregationRule"))
    )


def test_a_right_is_said_with_the_group_that_it_is_of() -> None:
    """R02: all of one API group is not everything."""
    before, after = Rendering(), Rendering()
    grants("*", group="apps", verbs=("*",))(after)
    (effect,) = (e for e in compare.outcome(before.objects, after.objects).effects if e.id == "R02")
    assert "everything of the API group apps" in effect.says
    assert "do everything" not in effect.says


def test_a_file_in_a_volume_that_is_not_known_may_be_there() -> None:
    """C26: what an emptyDir or a Secret holds is not in Git, nor is it the image's own file."""
    for source in ({"emptyDir": {}}, {"secret": {"secretName": "a"}}):
        edit = both(sets("spec.template.spec.volumes.0.configMap", None),
                    lambda r, source=source: r.pod["volumes"][0].update(source))  # fmt: skip
        assert of(edit) - {"C16"} == {"C01"}


@pytest.mark.parametrize("directory", ["1", "etc/frameworkcontroller", "//etc", "."])
def test_a_directory_may_be_relative(directory: str) -> None:
    """C26: the API server takes one, and the kubelet takes it from the root."""
    found = "C26" in of(sets("spec.template.spec.containers.0.workingDir", directory))
    assert found == (directory != "etc/frameworkcontroller")


def test_a_second_container_may_listen() -> None:
    """C27: containers of one Pod share their ports."""
    probe = sets("spec.template.spec.containers.0.livenessProbe", {"tcpSocket": {"port": 80}})
    beside = lambda r: r.pod["containers"].append({"name": "side", "image": "a:1"})  # noqa: E731
    assert "C27" not in of(both(probe, beside))


TAINT = {"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("after", "narrowed"),
    [
        ([{"operator": "Exists"}], False),
        ([{"key": "gpu", "operator": "Exists"}], False),
        ([{"key": "gpu", "value": "yes"}], False),
        ([{"key": "gpu", "operator": "Exists", "effect": "NoExecute"}], True),
        ([{**TAINT, "value": "no"}], True),
        ([], True),
    ],
)
def test_a_toleration_that_covers_another_takes_nothing_away(
    after: list[dict[str, str]], narrowed: bool
) -> None:
    """C15 where a taint that was tolerated is so no longer, and only there."""
    assert ("C15" in of(tolerates(*after), prepare=tolerates(TAINT))) is narrowed


def test_a_toleration_of_another_operator_covers_itself_alone() -> None:
    """C15: Kubernetes 1.35 compares numbers, behind a gate."""
    more = {"key": "gpus", "operator": "Gt", "value": "4", "effect": "NoSchedule"}
    for after, lost in ((more, False), ({**more, "operator": "Equal"}, True)):
        assert loses_toleration({"tolerations": [more]}, {"tolerations": [after]}) is lost


def test_who_waits_where_the_namespace_leaves_git() -> None:
    """N04: Argo CD, for a confirmation; Flux keeps it, and goes on."""
    before = Rendering("frameworkcontroller")
    after = copy.deepcopy(before)
    after.drop("Namespace")
    for tool, severities in (("argocd", ["needs a manual step", "none"]), ("flux", ["none"])):
        found = compare.outcome(before.objects, after.objects, frozenset({tool})).effects
        assert sorted(e.severity.word for e in found if e.id == "N04") == severities


def test_a_namespace_of_nobody_s_is_not_waited_for() -> None:
    """N01: without a rendered Namespace that asks for it, Argo CD prunes at once."""

    def bare(r: Rendering) -> None:
        r.drop("Namespace")

    before = Rendering()
    bare(before)
    after = Rendering()
    moved(after)
    r = compare.outcome(before.objects, after.objects).effects
    (waiting,) = (e for e in r if e.id == "N01")
    assert (waiting.severity.word, waiting.do) == ("restart", "")
    after.drop("Namespace", "ml")
    r = compare.outcome(before.objects, after.objects).effects
    (missing,) = (e for e in r if e.object == "Namespace/ml")
    assert (missing.severity.word, missing.do) == (
        "sync will fail",
        "before the merge: kubectl get namespace ml",
    )


def test_nothing_is_said_of_rights_that_nobody_here_has() -> None:
    """A role that nobody is bound to here grants more: R00 would be wrong, and is not said."""
    nobody = sets("subjects", [], "ClusterRoleBinding")
    assert not {"R00", "R01"} & of(grants("nodes"), prepare=nobody)


def test_more_places_to_connect_to_cut_nothing_off() -> None:
    """N06 where policies add up: one that lets out more is a right, and no outage."""
    before, after = Rendering(), Rendering()
    before.objects.append(copy.deepcopy(EGRESS))
    after.objects += [copy.deepcopy(EGRESS), second_egress()]
    (effect,) = compare.outcome(before.objects, after.objects).effects
    assert (effect.id, effect.severity.word) == ("N06", "rights widened")
    assert effect.says == "FrameworkController may now connect to 10.0.0.2/32, too."


@pytest.mark.parametrize(("name", "role", "number"), [
    ("frameworkcontroller", "ClusterRole", "R12"), (TEAM, "Role", "X09"),
])  # fmt: skip
def test_a_role_that_goes_is_known_to_be_gone(name: str, role: str, number: str) -> None:
    """R12, X09: certain where the role goes with this change, else as the cluster has it."""
    kinds = {"ClusterRole": "ClusterRoleBinding", "Role": "RoleBinding"}
    before, gone, elsewhere = Rendering(name), Rendering(name), Rendering(name)
    gone.drop(role)
    elsewhere(kinds[role])["roleRef"]["name"] = "nobody-s"
    for after, certain in ((gone, True), (elsewhere, False)):
        effects = compare.outcome(before.objects, after.objects).effects
        assert [e.certain for e in effects if e.id == number] == [certain]


def test_one_of_flux_s_accounts_may_grant_a_role() -> None:
    """R17: another account of Flux's, NNI's for instance, does not apply it; nor its own role."""
    before = Rendering(FLUX)
    other = copy.deepcopy(before("Kustomization"))
    other["metadata"]["name"] += "-nni"
    other["spec"]["serviceAccountName"] = "nni-flux"
    role = {**copy.deepcopy(before("ClusterRole", "frameworkcontroller-flux")), "rules": []}
    role["metadata"] = {"name": "nni-flux"}
    role["rules"] = [{"apiGroups": [""], "resources": ["services"], "verbs": ["get"]}]
    bound = copy.deepcopy(before("ClusterRoleBinding", "frameworkcontroller-flux"))
    bound["metadata"], bound["roleRef"]["name"] = {"name": "nni-flux"}, "nni-flux"
    bound["subjects"][0]["name"] = "nni-flux"
    before.objects += [other, role, bound, *Rendering().objects]
    after = copy.deepcopy(before)
    for each in ("frameworkcontroller", "frameworkcontroller-flux", "nni-flux"):
        after("ClusterRole", each)["metadata"]["labels"] = {"team": "ml"}
    assert "R17" not in said(before, after)
    more = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}
    after("ClusterRole", "frameworkcontroller")["rules"].append(more)
    assert "R17" in said(before, after)


def test_what_bootstrap_has_applied_is_pruned_by_nobody() -> None:
    """E27: an ApplicationSet that leaves Git stays, unless something syncs its folder."""
    before, after = Rendering(ARGO), Rendering(ARGO)
    after.drop("ApplicationSet")
    (effect,) = (e for e in compare.outcome(before.objects, after.objects).effects)
    assert (effect.id, effect.severity.word, effect.certain) == (
        "E27",
        "needs a manual step",
        False,
    )
    assert effect.says.startswith("It leaves Git and stays on the cluster: `make bootstrap` ")


@pytest.mark.parametrize(
    ("suspended", "edit", "certain"),
    [
        (True, sets("spec.template.spec.nodeSelector", {"a": "b"}, "Job"), False),
        (False, sets("spec.template.spec.nodeSelector", {"a": "b"}, "Job"), True),
        (True, sets("spec.template.spec.hostname", "a", "Job"), True),
    ],
)
def test_a_suspended_job_may_be_placed_until_it_has_run(
    suspended: bool, edit: Edit, certain: bool
) -> None:
    """X04: whether it has run, only the cluster knows."""
    before = Rendering(JOB)
    before("Job")["spec"]["suspend"] = suspended
    after = copy.deepcopy(before)
    edit(after)
    effects = compare.outcome(before.objects, after.objects).effects
    assert [e.certain for e in effects if e.id == "X04"] == [certain]


@pytest.mark.parametrize(
    ("tools", "label", "words"),
    [
        ({"argocd", "flux"}, True, "Argo CD and Flux make it anew, again and again. Its manager"),
        ({"flux"}, True, "Flux makes it anew, again and again. Its manager finds on the share"),
        ({"argocd"}, False, "Argo CD makes it anew, again and again. It runs again, each time."),
    ],
)
def test_what_a_job_does_that_is_made_anew(tools: set[str], label: bool, words: str) -> None:
    """X13: by whom, and what an experiment's manager finds; the way back is no alarm."""
    before = Rendering(JOB)
    if not label:
        job = before("Job")
        job["metadata"]["labels"] = job["spec"]["template"]["metadata"]["labels"] = {"app": "x"}
    after = copy.deepcopy(before)
    after("Job")["spec"]["ttlSecondsAfterFinished"] = 60
    for old, new, says in ((before, after, words), (after, before, "The Job stays once it has")):
        (effect,) = compare.outcome(old.objects, new.objects, frozenset(tools)).effects
        assert (effect.id, says in effect.says) == ("X13", True), effect.says
        assert effect.severity.word == ("restart" if says == words else "none")


@pytest.mark.parametrize("needs", [("volume",), ("variable",), ("volume", "variable")])
def test_what_the_kubelet_says_of_a_secret_that_is_not_there(needs: tuple[str, ...]) -> None:
    """C16: of a volume FailedMount, whatever else needs it; of a variable another word."""
    before = Rendering()
    after = copy.deepcopy(before)
    if "variable" in needs:
        reference = {"secretKeyRef": {"name": "kc", "key": "a"}}
        after.container["env"] = [{"name": "KC", "valueFrom": reference}]
    if "volume" in needs:
        after.pod["volumes"].append({"name": "kc", "secret": {"secretName": "kc"}})
    (effect,) = (e for e in compare.outcome(before.objects, after.objects).effects if e.id == "C16")
    reason = "FailedMount" if "volume" in needs else "CreateContainerConfigError"
    assert effect.says.endswith(f"waits for it and does not start ({reason}).")


def test_kinds_of_a_project_are_told_apart_by_name() -> None:
    """Two entries of one kind, each for the object of one name."""
    kind = {"group": "admissionregistration.k8s.io", "kind": "ValidatingAdmissionPolicy"}
    before = Rendering(ARGO)
    after = copy.deepcopy(before)
    project = after("AppProject")["spec"]
    project["clusterResourceWhitelist"] += [{**kind, "name": "one"}, {**kind, "name": "other"}]
    (effect,) = (e for e in compare.outcome(before.objects, after.objects).effects)
    assert effect.says == (
        "Applications of the project may now render, of what is the cluster's: "
        "admissionregistration.k8s.io:ValidatingAdmissionPolicy one, "
        "admissionregistration.k8s.io:ValidatingAdmissionPolicy other."
    )


def test_rights_of_two_groups_are_told_apart() -> None:
    """Events are in two API groups."""
    edit = both(grants("events"), grants("events", group="events.k8s.io"))
    before, after = Rendering(), Rendering()
    edit(after)
    (effect,) = (e for e in compare.outcome(before.objects, after.objects).effects)
    assert effect.says == "FrameworkController may now: get events; get events.events.k8s.io."


@pytest.mark.parametrize(
    ("seconds", "severity", "words"),
    [
        (2**63 - 1, "data loss", "EVERY completed Framework is deleted at the restart, and each "
         "later one as soon as it completes."),
        (18446744074, "data loss", "as soon as it completes."),
        (9223372037, "data loss", "completes, but for those that had ended before, which stay."),
        (9223372136, "data loss", "but for those that ended more than 99 seconds before"),
        (18446744080, "data loss", "here to 6 seconds: completed Frameworks that are older are"),
        (99999999999, "none", "here to 7,766,279,630 seconds: nothing is deleted earlier than be"),
    ],
)  # fmt: skip
def test_a_retention_that_overflows_is_what_go_makes_of_it(
    seconds: int, severity: str, words: str
) -> None:
    """S07: int64 in nanoseconds, once for the setting and once more for the time since the end."""
    before, after = Rendering(), Rendering()
    after.settings(frameworkCompletedRetainSec=seconds)
    effects = compare.outcome(before.objects, after.objects).effects
    (effect,) = (e for e in effects if e.id == "S07")
    assert effect.severity.word == severity
    assert words in effect.says
    assert not {"S05", "S06"} & {e.id for e in effects}


def test_a_file_that_is_refused_is_not_the_same_as_one_of_defaults() -> None:
    """S22 alone: a value that cannot be decoded is no comment, with a hash or without one."""
    refused = of(setting(frameworkCompletedRetainSec="1 day"))
    assert "S22" in refused
    assert "S04" not in refused
    unhashed = of(lambda r: r.settings(hashed=False, frameworkCompletedRetainSec="1 day"))
    assert {"S02", "S22"} <= unhashed


def test_entries_that_no_pod_can_both_match_may_change_their_order() -> None:
    """Whole-word reasons of the Pod are disjoint: another order does nothing."""
    swapped = of(setting(podFailureSpec=WORDS[::-1]), prepare=setting(podFailureSpec=WORDS))
    assert "S10" not in swapped


def test_the_experiments_namespace_moves_with_its_objects() -> None:
    """X05 is said once for the namespace, not as objects that come and go."""

    def move(r: Rendering) -> None:
        for o in r.objects:
            if o["metadata"].get("namespace"):
                o["metadata"]["namespace"] = "lab"
        r("Namespace")["metadata"]["name"] = "lab"
        for o in r.objects:
            for subject in o.get("subjects", []):
                subject["namespace"] = "lab"

    assert of(move, TEAM) == {"X05"}


A = Settings("argocd", "gpu-1", "")


F = Settings("flux", "gpu-1", "")


ENVIRONMENTS = [
    ("E01", Environment("prod", None, A), False),
    ("E02", Environment("prod", A, None), True),
    ("E03", Environment("prod", None, A, renamed_from="old"), False),
    ("E04", Environment("prod", A, Settings("argocd", "gpu-2", "")), True),
    ("E04f", Environment("prod", F, Settings("flux", "gpu-2", "")), True),
    ("E05", Environment("prod", A, F), True),
    ("E06", Environment("prod", None, A, rivals=("dev",)), False),
]


@pytest.mark.parametrize(("number", "env", "was_there"), ENVIRONMENTS)
def test_what_an_environment_s_own_file_decides(
    number: str, env: Environment, was_there: bool
) -> None:
    """Where an environment goes, and what takes it there."""
    found = Rendering()
    nothing = copy.deepcopy(found)
    nothing.objects.clear()
    before = found if was_there else nothing
    after = nothing if env.after is None else found
    assert number in said(before, after, environment=env)
    assert number not in said(before, after)
    assert not (env.renamed_from and "C06" in said(before, after, environment=env))
    if env.after is None:
        assert said(before, after, environment=env) == {"E02"}


@pytest.mark.parametrize("env", [env for _, env, _ in ENVIRONMENTS])
def test_a_rule_of_objects_has_nothing_to_say_where_there_are_none(env: Environment) -> None:
    """So it is not asked of the environments of a fleet that are not built."""
    nothing = change.make([], [], BOTH, env)
    assert [rule.id for rule in RULES.values() if rule.of_objects for _ in rule.find(nothing)] == []


@pytest.mark.parametrize(
    ("fields", "severity", "words"),
    [
        ({"preserveResourcesOnDeletion": False}, Severity.LOSS, "From now on deleting an Applic"),
        ({"applicationsSync": "sync"}, Severity.MANUAL, "nobody syncs it"),
        (
            {"applicationsSync": "sync", "preserveResourcesOnDeletion": False},
            Severity.LOSS,
            "From now on a file of its generator that is gone",
        ),
    ],
)
def test_what_an_application_set_deletes_is_told_by_what_kept_it(
    fields: dict[str, Any], severity: Severity, words: str
) -> None:
    """E15: either key keeps something else; with both it is all that the files have made."""
    before = Rendering(ARGO)
    after = copy.deepcopy(before)
    after("ApplicationSet")["spec"]["syncPolicy"].update(fields)
    (effect,) = (e for e in compare.outcome(before.objects, after.objects).effects if e.id == "E15")
    assert effect.severity is severity
    assert words in effect.says
    assert "E15" not in said(after, before)


def test_argo_cd_waits_only_for_a_namespace_that_leaves_git() -> None:
    """E28: where it is still rendered the rest is pruned at once."""
    before = Rendering()
    after = copy.deepcopy(before)
    after.objects[:] = [after("Namespace"), after("ConfigMap")]
    (told,) = (e for e in compare.outcome(before.objects, after.objects).effects if e.id == "E28")
    assert told.says.endswith("Argo CD prunes it.")
    after.objects[:] = [after("ConfigMap")]
    (told,) = (e for e in compare.outcome(before.objects, after.objects).effects if e.id == "E28")
    assert "Argo CD waits for the Namespace's confirmation" in told.says


def test_what_flux_is_pointed_at_counts_for_nothing_rendered() -> None:
    """E28: the entry points beside an environment stay as they are."""
    before = Rendering()
    before.objects += [o for o in Rendering(FLUX).objects if o not in before.objects]
    after = copy.deepcopy(before)
    after.objects[:] = Rendering(FLUX).objects
    assert "E28" in said(before, after)


def test_every_rule_has_a_test() -> None:
    """No rule of the registry is without a case that it must find."""
    from consequences import all_pairs  # noqa: PLC0415

    tried = {number for number, *_ in (*CASES, *ELSEWHERE, *PREPARED, *ENVIRONMENTS)} | {"X05"}
    tried |= {effect["id"] for pair in all_pairs() for effect in pair.effects}
    assert set(RULES) - tried == set()


def project(**fields: Any) -> dict[str, Any]:
    """An AppProject."""
    allowed = {"destinations": [{"namespace": "*", "server": "*"}], "sourceRepos": ["*"]}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": fields.pop("name", "p"), "namespace": "argocd"},
        "spec": {**allowed, **fields},
    }


def application(in_project: str = "p", goes_to: str = "{{ .namespace }}") -> dict[str, Any]:
    """An ApplicationSet."""
    one = {
        "project": in_project,
        "source": {"repoURL": "https://git.example.com/x.git", "path": "x"},
        "destination": {"namespace": goes_to, "server": "https://a"},
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "s", "namespace": "argocd"},
        "spec": {"template": {"spec": one}},
    }


ALL = {"namespace": "*", "server": "*"}
DENIED = {"namespace": "!default", "server": "*"}
SERVICES = {"namespaceResourceWhitelist": [{"group": "", "kind": "Service"}]}
ROLES = {"namespaceResourceWhitelist": [{"group": "rbac.authorization.k8s.io", "kind": "Role"}]}


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        pytest.param(
            [project(destinations=[ALL, DENIED]), application()],
            [project(destinations=[ALL]), application()],
            None, id="denies less",
        ),
        pytest.param(
            [project(), application(goes_to="default")],
            [project(destinations=[ALL, DENIED]), application(goes_to="default")],
            "sync will fail", id="denies where an Application goes",
        ),
        pytest.param(
            [project(), application(goes_to="other")],
            [project(destinations=[ALL, DENIED]), application(goes_to="other")],
            None, id="denies where none goes",
        ),
        pytest.param(
            [project(), application()],
            [project(destinations=[ALL, DENIED]), application()],
            "none", id="denies, and the sets do not say where they go",
        ),
        pytest.param(
            [project(**SERVICES), application()],
            [project(**ROLES), project(name="q", **SERVICES), application("q")],
            None, id="the kind is allowed where the Applications go to",
        ),
        pytest.param(
            [project(**SERVICES), application()],
            [project(**ROLES), project(name="q", **ROLES), application("q")],
            "sync will fail", id="and not there either",
        ),
    ],
)  # fmt: skip
def test_a_project_that_allows_less(
    before: list[Any], after: list[Any], severity: str | None
) -> None:
    """It is said where an Application may meet it, and not of what only reads so."""
    effects = compare.outcome(before, after).effects
    found = {effect.severity.word for effect in effects if effect.id == "E17"}
    assert found == ({severity} if severity else set())


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [("ConfigMap", "data", ["a"]), ("ClusterRole", "rules", {"a": "b"})],
)
def test_what_has_another_type_is_compared_all_the_same(kind: str, key: str, value: Any) -> None:
    """No exception: the API server refuses it, and that is said."""
    before = Rendering("frameworkcontroller").objects
    after = copy.deepcopy(before)
    changed = next(o for o in after if o["kind"] == kind)
    changed[key] = value

    found = compare.outcome(before, after).effects

    assert "sync will fail" in {effect.severity.word for effect in found}
