"""What `diff` says of Pods, seen with the real kube-controller-manager, scheduler, and kwok.

The left side is applied, and FrameworkController's Pod runs; then the right side is, and what
becomes of the Pod is what was foretold, and nothing else. kwok says that a Pod runs, and runs
nothing: what a kubelet does with it is not seen here.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from diff_edits import (
    CASES,
    IMAGE,
    JOB,
    POD,
    POOL,
    PREFERRED,
    PREPARED,
    REQUIRED,
    Edit,
    Rendering,
    both,
    level,
    node_affinity,
    scaled,
    second,
    sets,
    volume,
)
from fcgitops.diff import compare, objects
from fcgitops.diff.effects import Effect
from fcgitops.kubernetes.objects import namespace
from test_diff_server import Server
from testbed.controlplane import ControlPlane, control_plane
from testbed.programs import eventually, stays

pytestmark = pytest.mark.cluster
Object = dict[str, Any]
NUMBERS = {"S01", "S02", "S03", "S04", "N01", "N02", "R15", "R16"}
"""Beside those of the Pod itself, C…: what restarts it, and what must not."""
SPACES = "/api/v1/namespaces"
REASONS = {
    "C12": "no PriorityClass with name",
    "C13": "error looking up service account",
    "C14": "violates PodSecurity",
}
"""Why no Pod is made, in the words of the API server."""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane(tmp_path_factory.mktemp("plane")) as plane:
        yield plane


class Cluster:
    """One rendering on a cluster, and then another one."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.server = Server(plane)
        self.there: dict[Any, Object] = {}
        self.first: set[str] = set()

    def apply(self, rendering: Rendering) -> None:
        """Prunes and applies what differs, as Argo CD does."""
        after = {objects.key(o): o for o in rendering.objects}
        for o in rendering.objects:  # where nobody renders it, somebody else has made it
            if (place := namespace(o)) and self.plane.ask("GET", f"{SPACES}/{place}")[0] != 200:
                made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}}
                self.server.apply(made, dry=False)
        self.server.take_off([o for key, o in self.there.items() if key not in after])
        for key, o in after.items():
            if self.there.get(key) != o:
                self.server.apply(o, dry=False)
        self.there = copy.deepcopy(after)

    def pods(self) -> list[Object]:
        """The Pods of StatefulSets that are not on their way off."""
        found = json.loads(self.plane.ask("GET", "/api/v1/pods")[1])["items"]
        owned = [p for p in found if "StatefulSet" in str(p["metadata"].get("ownerReferences"))]
        return [p for p in owned if "deletionTimestamp" not in p["metadata"]]

    def start(self, rendering: Rendering) -> None:
        """Applies the left side afresh, and waits for its Pod."""
        self.first = set()
        self.apply(rendering)
        if rendering.sts.get("replicas", 1):
            eventually(lambda: self.fate() in ("new", "several") and self._runs(), 30, "it runs")
        self.first = {p["metadata"]["uid"] for p in self.pods()}

    def _runs(self) -> bool:
        return all(p["status"].get("phase") == "Running" for p in self.pods())

    def fate(self) -> str:
        """What has become of the first Pod: same, new, pending, several, gone."""
        found = self.pods()
        if len(found) != 1:
            return "several" if found else "gone"
        if found[0]["metadata"]["uid"] in self.first:
            return "same"
        conditions = {c["type"]: c["status"] for c in found[0]["status"].get("conditions", ())}
        return "pending" if conditions.get("PodScheduled") == "False" else "new"

    def complaints(self) -> str:
        """What the controller manager says of Pods that it could not make."""
        found = json.loads(self.plane.ask("GET", "/api/v1/events")[1])["items"]
        return "\n".join(e["message"] for e in found if e["reason"] == "FailedCreate")

    def clear(self) -> None:
        """Takes off what runs; the rest stays, for the next one to change."""
        kinds = ("StatefulSet", "Deployment", "HorizontalPodAutoscaler", "Job")
        self.server.take_off([o for o in self.there.values() if o["kind"] in kinds])
        self.there = {k: o for k, o in self.there.items() if o["kind"] not in kinds}
        eventually(lambda: not self.pods(), 30, "no Pod is left")
        self.plane.ask("DELETE", f"{SPACES}/frameworkcontroller/events")


@pytest.fixture(scope="module")
def whole(plane: ControlPlane) -> Cluster:
    return Cluster(plane)


@pytest.fixture
def cluster(whole: Cluster) -> Iterator[Cluster]:
    yield whole
    whole.clear()


def foretold(effects: tuple[Effect, ...]) -> set[str]:
    """What may become of the Pod by what is said."""
    ids = {e.id for e in effects}
    told = {e.id for e in effects if e.object.startswith("StatefulSet/")}
    if told & {"C03", "C04", "C08", "C09"}:
        return {"same"}
    if told & {"C05", "C21"}:
        return {"gone"}
    if "C07" in told:
        return {"several"}
    if not ids & {"C01", "C06", "C10", "C11", "N01"}:
        return {"same"}
    if told & {"C12", "C13", "C14"}:
        return {"gone"}
    return {"new", "pending"} if "C15" in told else {"new"}


def said(before: Rendering, after: Rendering) -> tuple[Effect, ...]:
    return compare.outcome(before.objects, after.objects).effects


def edits() -> Iterator[tuple[str, Edit | None, Edit]]:
    """The first edit of each number, and what is close to it."""
    seen: set[str] = set()
    for number, edit, close in CASES:
        if number not in seen:
            yield from ((number, None, each) for each in (edit, close))
        seen.add(number)
    for number, name, prepare, edit in PREPARED:
        if name == "frameworkcontroller":
            yield number, prepare, edit


NOT_OF_ITS_POD = {"C24", "C28"}
EDITS = [e for e in edits() if (e[0][0] == "C" and e[0] not in NOT_OF_ITS_POD) or e[0] in NUMBERS]


@pytest.mark.proves(
    "K",
    "C01 C02 C03 C05 C06 C07 C08 C12 C13 C14 C15 C17 C21 N01 N02 R15 S01 S02 S04",
)
@pytest.mark.parametrize(
    ("prepare", "edit"),
    [edit[1:] for edit in EDITS],
    ids=[f"{number}-{place}" for place, (number, *_) in enumerate(EDITS)],
)
def test_the_pod_s_fate_is_what_was_foretold(
    cluster: Cluster, prepare: Edit | None, edit: Edit
) -> None:
    """C01 to C23, N01, N02, R15, S01 to S04: replaced, kept, refused or gone, and why."""
    before = Rendering()
    if prepare:
        prepare(before)
    after = copy.deepcopy(before)
    edit(after)
    effects = said(before, after)
    cluster.start(before)
    cluster.apply(after)
    fates = foretold(effects)
    eventually(lambda: cluster.fate() in fates, 20, f"{fates}, not {cluster.fate()}")
    if len(fates) == 1:  # else it may first be new, and then not be scheduled
        stays(cluster.fate, 1)
    if fates == {"gone"}:
        for number in {e.id for e in effects} & REASONS.keys():
            reason = REASONS[number]
            eventually(lambda: reason in cluster.complaints(), 20, reason)  # noqa: B023


@pytest.mark.proves("K", "C15 C16")
@pytest.mark.parametrize(
    ("number", "edit", "fate"),
    [
        (
            "C15",
            sets(f"{POD}.affinity", node_affinity(REQUIRED, {"nodeSelectorTerms": [POOL]})),
            "pending",
        ),
        (
            "C15",
            sets(
                f"{POD}.affinity",
                node_affinity(PREFERRED, [{"weight": 1, "preference": POOL}]),
            ),
            "new",
        ),
        ("C15", sets(f"{POD}.schedulingGates", [{"name": "example.com/a"}]), "pending"),
        ("C16", volume(persistentVolumeClaim={"claimName": "data"}), "pending"),
        ("C16", volume(emptyDir={}), "new"),
    ],
)
def test_where_no_node_fits_the_new_pod_waits(
    cluster: Cluster, number: str, edit: Edit, fate: str
) -> None:
    """C15, C16: after the old Pod is gone; a preference is none of it."""
    before, after = Rendering(), Rendering()
    edit(after)
    assert (number in {e.id for e in said(before, after)}) is (fate == "pending")
    cluster.start(before)
    cluster.apply(after)
    eventually(lambda: cluster.fate() == fate, 20, fate)


@pytest.mark.proves("K", "C01 C10 C11")
@pytest.mark.parametrize(
    ("number", "edit", "two"),
    [
        ("C11", sets("spec.ordinals.start", 1), True),
        ("C10", lambda r: r("StatefulSet")["metadata"].update(name="fc"), True),
        ("C01", sets(f"{POD}.hostname", "fc"), False),
    ],
)
def test_two_controllers_at_once_or_never(
    cluster: Cluster, number: str, edit: Edit, two: bool
) -> None:
    """C10 (Flux prunes last), C11: a new Pod beside one that is slow to go; C01: never both."""
    before = Rendering()
    after = copy.deepcopy(before)
    edit(after)
    assert number in {e.id for e in said(before, after)}
    cluster.start(before)
    (pod,) = cluster.pods()
    held = f"{SPACES}/frameworkcontroller/pods/{pod['metadata']['name']}"
    kind = "application/merge-patch+json"
    hold = json.dumps({"metadata": {"finalizers": ["example.com/slow"]}})
    cluster.plane.ask("PATCH", held, hold, kind)
    try:
        cluster.server.apply(after("StatefulSet"), dry=False)
        if two:
            eventually(lambda: cluster.fate() in ("new", "several"), 20, "the new Pod")
        else:
            eventually(lambda: cluster.fate() == "gone", 20, "the old Pod is on its way off")
            stays(cluster.fate, 1)
        assert cluster.plane.ask("GET", held)[0] == 200  # the old one is still there
    finally:
        cluster.plane.ask("PATCH", held, '{"metadata": {"finalizers": null}}', kind)
        cluster.there[objects.key(after("StatefulSet"))] = after("StatefulSet")


@pytest.mark.proves("K", "C20")
@pytest.mark.parametrize(("policy", "undone"), [("OrderedReady", False), ("Parallel", True)])
def test_a_revert_undoes_a_roll_out_that_waits_for_its_pod(
    cluster: Cluster, policy: str, undone: bool
) -> None:
    """C20: with Parallel alone; else the Pod that waits must be deleted by hand."""
    before = Rendering()
    before.sts["podManagementPolicy"] = policy
    after = copy.deepcopy(before)
    after.pod["nodeSelector"] = {"pool": "gpu"}
    assert ("C20" in {e.id for e in said(before, after)}) is not undone
    cluster.start(before)
    cluster.apply(after)
    eventually(lambda: cluster.fate() == "pending", 20, "the new Pod waits")
    cluster.apply(before)
    if undone:
        eventually(lambda: cluster.fate() == "new", 20, "the revert")
        return
    stays(cluster.fate, 2)
    assert cluster.fate() == "pending"
    (effect,) = (e for e in said(before, after) if e.id == "C20")
    typed = effect.do.rpartition(": ")[2].split()
    cluster.plane.kubectl(*typed[1:])
    eventually(lambda: cluster.fate() == "new", 20, "the Pod that was deleted by hand")


@pytest.mark.proves("K", "C18")
@pytest.mark.parametrize(
    ("image", "pulls"),
    [
        ("frameworkcontroller/frameworkcontroller", "Always"),
        ("frameworkcontroller/frameworkcontroller:latest", "Always"),
        ("frameworkcontroller/frameworkcontroller:v1.0.1", "IfNotPresent"),
        (f"frameworkcontroller/frameworkcontroller@sha256:{'0' * 64}", "IfNotPresent"),
    ],
)
def test_without_a_version_each_pod_pulls_anew(cluster: Cluster, image: str, pulls: str) -> None:
    """C18: as the API server stores it; and Git's next commit of the same changes no Pod."""
    before, after = Rendering(), Rendering()
    after.container["image"] = image
    assert ("C18" in {e.id for e in said(before, after)}) is (pulls == "Always")
    cluster.start(after)
    (pod,) = cluster.pods()
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == pulls
    cluster.apply(after)
    stays(lambda: [p["metadata"]["uid"] for p in cluster.pods()], 1)


TO_TWO = sets("spec.minReplicas", 2, "HorizontalPodAutoscaler")


@pytest.mark.proves("K", "C28")
@pytest.mark.parametrize(
    ("edit", "number"),
    [
        (second(), 2),
        (second(kind="Deployment"), 2),
        (both(scaled(3), TO_TWO), 2),
        (second(replicas=0), 1),
        (second(kind="Deployment", image="example.com/other:1"), 1),
        (scaled(1), 1),
    ],
)
def test_another_workload_or_an_autoscaler_makes_a_second_one(
    cluster: Cluster, edit: Edit, number: int
) -> None:
    """C28: as many Pods run FrameworkController then, whatever has made them."""
    before = Rendering()
    after = copy.deepcopy(before)
    edit(after)
    assert ("C28" in {e.id for e in said(before, after)}) is (number > 1)
    assert "C28" not in {e.id for e in said(after, before)}
    cluster.start(before)
    cluster.apply(after)
    eventually(lambda: controllers(cluster) == number, 60, f"{number}, not {controllers(cluster)}")
    stays(lambda: controllers(cluster), 2)


def controllers(cluster: Cluster) -> int:
    """How many Pods run FrameworkController's image and are not on their way off."""
    found = json.loads(cluster.plane.ask("GET", "/api/v1/pods")[1])["items"]
    images = [
        p["spec"]["containers"][0]["image"] for p in found
        if "deletionTimestamp" not in p["metadata"]
    ]  # fmt: skip
    return sum(image.startswith(IMAGE) for image in images)


FREEDOMS = [edit for number, edit, _ in CASES if number == "C24"]


@pytest.mark.proves("A", "C24")
@pytest.mark.parametrize("edit", [*FREEDOMS, sets(f"{POD}.hostIPC", True)])
def test_a_pod_that_is_confined_less_is_one_that_restricted_may_refuse(
    cluster: Cluster, edit: Edit
) -> None:
    """C24: what it may newly do is what Pod Security refuses it; before it refused nothing."""
    before = Rendering()
    after = copy.deepcopy(before)
    edit(after)
    (effect,) = (e for e in said(before, after) if e.id == "C24")
    cluster.apply(before)
    verdicts = [created(cluster, r) for r in (before, after)]
    assert verdicts[0] == ""
    if effect.says == "The Pod is confined less: its root file system is writable.":
        assert verdicts[1] == ""
    else:
        assert "violates PodSecurity" in verdicts[1] or "disallowed by cluster" in verdicts[1]


HOST = sets(f"{POD}.hostNetwork", True)


@pytest.mark.proves("A", "C14 N02 N03")
@pytest.mark.parametrize(
    ("number", "prepare", "edit", "tried", "verdicts"),
    [
        ("C14", lambda _: None, HOST, None, ("", REASONS["C14"])),
        ("N02", both(level(None), HOST), level("restricted"), None, ("", REASONS["C14"])),
        ("N03", lambda _: None, level(None), HOST, (REASONS["C14"], "")),
    ],
)
def test_a_level_takes_and_refuses_what_was_foretold(
    cluster: Cluster,
    number: str,
    prepare: Edit,
    edit: Edit,
    tried: Edit | None,
    verdicts: tuple[str, str],
) -> None:
    """C14, N02: FrameworkController's next Pod; N03: another one, which may do more."""
    before = Rendering()
    prepare(before)
    after = copy.deepcopy(before)
    edit(after)
    assert number in {e.id for e in said(before, after)}
    assert number not in {e.id for e in said(after, before)}
    for rendering, verdict in zip((before, after), verdicts, strict=True):
        cluster.apply(rendering)
        if tried:
            rendering = copy.deepcopy(rendering)  # noqa: PLW2901
            tried(rendering)
        # What judges a Pod sees the Namespace's label a moment after it was written.
        eventually(lambda: is_as(created(cluster, rendering), verdict), 20, f"verdict: {verdict}")  # noqa: B023


def is_as(answer: str, verdict: str) -> bool:
    """Whether an API server says what is expected of it; "" is that it takes a Pod."""
    return verdict in answer if verdict else not answer


def created(cluster: Cluster, rendering: Rendering) -> str:
    """Why the API server would not make the Pod; "" where it would."""
    template = rendering.sts["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
           "metadata": {**template["metadata"], "name": "tried"}}  # fmt: skip
    path = f"{SPACES}/frameworkcontroller/pods?dryRun=All"
    status, answer = cluster.plane.ask("POST", path, json.dumps(pod))
    return "" if status == 201 else str(json.loads(answer)["message"])


@pytest.mark.proves("K", "X01 X02 X11")
@pytest.mark.parametrize(
    ("number", "edit"),
    [
        ("X01", both(sets("metadata.name", "mnist-run-bcdfghkmt2", "Job"),
                     sets("spec.template.spec.containers.0.env.0.value", "0123456789", "Job"))),
        ("X02", sets("metadata.name", "mnist-run-bcdfghkmt2", "Job")),
        ("X11", both(sets("metadata.name", "mnist-run-bcdfghkmt2", "Job"),
                     sets("spec.template.spec.containers.0.image", "msranni/nni:v3.1", "Job"))),
    ],
)  # fmt: skip
def test_another_job_ends_the_manager_that_runs(cluster: Cluster, number: str, edit: Edit) -> None:
    """X01, X02, X11: the old manager's Pod is ended, another one is made at once."""
    before = Rendering(JOB)
    before.add("ServiceAccount", "nni-manager")["metadata"]["namespace"] = "experiments"
    after = copy.deepcopy(before)
    edit(after)
    assert number in {e.id for e in said(before, after)}
    cluster.apply(before)
    old = eventually(lambda: managers(cluster), 20, "the manager")
    cluster.apply(after)
    eventually(lambda: managers(cluster) and not managers(cluster) & old, 20, "another manager")


@pytest.mark.proves("K", "X12")
@pytest.mark.parametrize(
    ("field", "value"), [("suspend", True), ("parallelism", 0), ("activeDeadlineSeconds", 1)]
)
def test_a_job_that_is_stopped_in_place_ends_its_manager(
    cluster: Cluster, field: str, value: object
) -> None:
    """X12: its Pod is ended, and no other one is made."""
    before = Rendering(JOB)
    before.add("ServiceAccount", "nni-manager")["metadata"]["namespace"] = "experiments"
    after = copy.deepcopy(before)
    sets(f"spec.{field}", value, "Job")(after)
    assert "X12" in {e.id for e in said(before, after)}
    assert "X12" not in {e.id for e in said(after, before)}
    cluster.apply(before)
    eventually(lambda: managers(cluster), 20, "the manager")
    cluster.apply(after)
    eventually(lambda: not managers(cluster), 20, "it is ended")


def managers(cluster: Cluster) -> set[str]:
    """The uids of the managers' Pods that are not on their way off."""
    found = json.loads(cluster.plane.ask("GET", "/api/v1/pods")[1])["items"]
    return {
        p["metadata"]["uid"] for p in found
        if "Job" in str(p["metadata"].get("ownerReferences"))
        and "deletionTimestamp" not in p["metadata"]
    }  # fmt: skip
