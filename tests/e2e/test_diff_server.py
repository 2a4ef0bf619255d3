"""What `diff` says against what the real API server does: each rule's edits, and random ones.

The left side is really applied, the right side asked for as a dry run, both server-side and by the
same manager of fields, as a sync tool would. What `diff` calls refused the API server refuses, and
nothing else; a restart is a Pod template that is stored otherwise, and nothing else.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from conftest import Fcgitops
from consequences import all_pairs
from diff_edits import CASES, ELSEWHERE, PREPARED, Edit, Rendering, binding, grants, sets
from diff_pairs import PAIRS, PAIRS_ELSEWHERE
from fcgitops.diff import compare, live, objects
from fcgitops.kubernetes import check, schema
from fcgitops.kubernetes.objects import name as name_of
from fcgitops.kubernetes.objects import namespace
from fcgitops.model.synctools import KNOWN
from fcgitops.programs.kubectl import Kubectl
from fcgitops.text import yamlio
from test_oracle_apiserver import OF_THE_CLUSTER, PLURALS
from testbed.controlplane import ControlPlane, api_server
from testbed.patches import Patches, apply, randoms
from testbed.programs import eventually

pytestmark = pytest.mark.cluster
GOLDEN = Path(__file__).parents[1] / "golden"
HERE = schema.Versions("1.34", "1.34")
"""The API server that the testbed builds."""
Object = dict[str, Any]

REFUSING = {"C03", "C04", "C09", "D05", "E33", "N10", "R11", "S03", "X04", "X10"}
"""Rules that say that the API server refuses the object, or what a tool does where it does."""
ROLLING = {"C01", "C08"}
"""Rules that say that the stored template is another one."""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with api_server(tmp_path_factory.mktemp("api")) as plane:
        yield plane


class Server:
    """The API server, as a sync tool that applies and prunes uses it."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane

    def path(self, o: Object) -> str:
        """Where the API server has an object."""
        api, kind = o["apiVersion"], o["kind"]
        base = f"/api/{api}" if "/" not in api else f"/apis/{api}"
        if schema.namespaced(api, kind):
            base += f"/namespaces/{namespace(o) or 'default'}"
        plural = PLURALS.get(kind, f"{kind.lower()}s")
        return f"{base}/{plural}/{quote(name_of(o), safe='')}"

    def apply(self, o: Object, *, dry: bool) -> tuple[Object | None, str]:
        """What is stored then, or why it is refused."""
        query = "fieldManager=tool&force=true&fieldValidation=Strict" + "&dryRun=All" * dry
        status, answer = self.plane.ask(
            "PATCH", f"{self.path(o)}?{query}", json.dumps(o), "application/apply-patch+yaml"
        )
        found = json.loads(answer)
        return (found, "") if status in (200, 201) else (None, str(found.get("message")))

    def take_off(self, rendered: list[Object]) -> None:
        """Deletes all but Namespaces, of which nothing here would see the end."""
        for o in rendered:
            if o["kind"] != "Namespace":
                self.plane.ask("DELETE", f"{self.path(o)}?propagationPolicy=Background")
        for o in rendered:  # one that is still on its way off would not be made anew
            if o["kind"] == "CustomResourceDefinition":
                eventually(partial(self.is_gone, o), 120, "it is gone")

    def is_gone(self, o: Object) -> bool:
        """Whether the API server knows it no more."""
        return self.plane.ask("GET", self.path(o))[0] == 404


def template(o: Object | None) -> str:
    return json.dumps(o["spec"]["template"], sort_keys=True) if o else ""


def empties(was: object, now: object) -> bool:
    """Whether a map of the first is empty in the second."""
    if isinstance(was, dict) and isinstance(now, dict):
        return bool(was and not now) or any(empties(was[k], now[k]) for k in was.keys() & now)
    if isinstance(was, list) and isinstance(now, list):
        return any(empties(*pair) for pair in zip(was, now, strict=False))
    return False


def judge(
    server: Server, before: list[Object], after: list[Object]
) -> tuple[set[str], set[str], bool]:
    """What the API server refuses, what another would take, whether the stored template differs."""
    known = [o for o in before if schema.known(o["apiVersion"], o["kind"])]
    applied = {objects.key(o): o for o in known}
    for place in {namespace(o) for o in (*before, *after)} - {""}:
        server.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}}, dry=False
        )
    stored = {key: server.apply(o, dry=False) for key, o in applied.items()}
    try:
        refused: set[str] = set()
        elsewhere: set[str] = set()
        rolls = False
        for o in after:
            if o in before or not schema.known(o["apiVersion"], o["kind"]):
                continue
            if empties(applied.get(objects.key(o)), o):
                server.apply(o, dry=False)  # takes the map away; the next sync has it empty
            found, reason = server.apply(o, dry=True)
            was, why = stored.get(objects.key(o), (None, ""))
            newer = check.faults(o, HERE) != check.faults(o)  # a field of another version
            if newer or OF_THE_CLUSTER.search(reason):
                elsewhere.add(objects.label(o))
            elif reason and reason != why:
                refused.add(objects.label(o))
            if found and was and objects.runs_frameworkcontroller(o):
                rolls = template(found) != template(was)
        return refused, elsewhere, rolls
    finally:
        server.take_off(known)


def agree(server: Server, before: list[Object], after: list[Object], what: object) -> None:
    """Asks both, and compares what they say."""
    outcome = compare.outcome(before, after)
    refused, elsewhere, rolls = judge(server, before, after)
    of_the_server = {
        o["kind"] for o in [*before, *after] if schema.known(o["apiVersion"], o["kind"])
    }
    said = {
        e.object
        for e in outcome.effects
        if e.id in REFUSING and e.certain and e.object.partition("/")[0] in of_the_server
    }
    assert said - elsewhere == refused, what
    ids = {e.id for e in outcome.effects}
    runs = [o for o in (*before, *after) if objects.runs_frameworkcontroller(o)]
    judged = not elsewhere & {objects.label(o) for o in runs}
    if judged and len(runs) == 2 and all(o["spec"].get("replicas", 1) for o in runs):
        assert bool(ROLLING & ids) == rolls, what


def edits() -> Iterator[tuple[str, str, Edit | None, Edit]]:
    for number, edit, close in CASES:
        yield from ((number, "frameworkcontroller", None, each) for each in (edit, close))
    for number, name, edit, close in ELSEWHERE:
        yield from ((number, name, None, each) for each in (edit, close))
    for number, name, prepare, edit in PREPARED:
        yield number, name, prepare, edit


def agree_on(plane: ControlPlane, name: str, prepare: Edit | None, edit: Edit) -> None:
    """The same of an edit of a known rendering, which may be prepared for it."""
    before = Rendering(name)
    if prepare:
        prepare(before)
    after = copy.deepcopy(before)
    edit(after)
    agree(Server(plane), before.objects, after.objects, name)


EDITS = list(edits())


@pytest.mark.proves("A", "C01 C02 C03 C04 C08 C09 D05 N10 R11 S01 S03 X04 X10")
@pytest.mark.parametrize(
    ("name", "prepare", "edit"),
    [edit[1:] for edit in EDITS],
    ids=[f"{number}-{place}" for place, (number, *_) in enumerate(EDITS)],
)
def test_what_is_said_of_an_edit_is_what_the_api_server_does(
    plane: ControlPlane, name: str, prepare: Edit | None, edit: Edit
) -> None:
    """Every edit of the rules' own tests, and those close to them."""
    agree_on(plane, name, prepare, edit)


@pytest.mark.parametrize(
    ("name", "edit", "prepare"),
    [
        *(pytest.param("frameworkcontroller", *edits, id=what) for what, *edits in PAIRS),
        *(pytest.param(*edits, id=what) for what, *edits in PAIRS_ELSEWHERE),
    ],
)
def test_what_the_api_server_alone_knows_is_foretold(
    plane: ControlPlane, name: str, edit: Edit, prepare: Edit | None
) -> None:
    """Defaults, quantities, orders, refusals of all kinds: what is written is not what counts."""
    agree_on(plane, name, prepare, edit)


@pytest.mark.parametrize("pair", all_pairs(), ids=lambda pair: pair.name)
def test_what_is_said_of_the_known_pairs_is_what_the_api_server_does(
    plane: ControlPlane, pair: Any
) -> None:
    """The pairs of tests/data/consequences."""
    agree(Server(plane), pair.before, pair.after, pair.name)


RENDERED = sorted(GOLDEN.glob("*/rendered/*.yaml"))
GATED = (
    "hostnameOverride", "restartPolicyRules", "stopSignal", "fileKeyRef", "podCertificate",
    "'image': {",  # a volume
)  # fmt: skip
"""What this API server, of 1.34, knows and drops: the feature gates are off by default.

Those of newer versions keep them, so that a Pod is replaced there, as `diff` says.
"""


def test_random_changes_of_golden_environments(plane: ControlPlane) -> None:
    """No exception, no refusal that is missed or made up, no restart either."""
    for random in randoms(300):
        agree_on_a_patch(plane, random)


def agree_on_a_patch(plane: ControlPlane, random: Random) -> None:
    """The same of a random patch of a golden rendering."""
    file = random.choice(RENDERED)
    before = [o for o in yamlio.load_all(file.read_bytes()) if o]
    after = copy.deepcopy(before)
    patch = Patches(random).patch(before)
    item = after[before.index(patch.target)]
    with suppress(KeyError, IndexError):  # the second operation takes away what the first adds
        for operation in copy.deepcopy(patch.operations):
            apply(item, operation)
    if not isinstance(item.get("metadata"), dict) or "name" not in item["metadata"]:
        return  # kustomize does not build it
    if any(field in str(patch.operations) for field in GATED):
        return
    agree(Server(plane), before, after, (file.name, item["kind"], patch.operations))


ACCOUNT = "system:serviceaccount:frameworkcontroller:frameworkcontroller"
MANAGER = "system:serviceaccount:experiments:nni-manager"
FRAMEWORKS = "frameworkcontroller.microsoft.com"
Right = tuple[str, str, str]


def may(plane: ControlPlane, user: str, right: Right, place: str = "") -> bool:
    """Whether a user may do something: verb, group, resource; in a namespace or in all."""
    verb, group, resource = right
    wanted = {"verb": verb, "group": group, "resource": resource, "namespace": place}
    asked = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": wanted},
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(json.loads(plane.ask("POST", path, json.dumps(asked))[1])["status"]["allowed"])


def nothing(_: Rendering) -> None:
    """An edit that changes nothing."""


READS_NODES = grants("nodes", verbs=("get",))
LISTS_SECRETS = grants("secrets", verbs=("list",))
GETS_NODES = ("get", "", "nodes")
ANOTHER = binding({"kind": "User", "name": "a", "apiGroup": "rbac.authorization.k8s.io"})
FEWER = sets("rules.0.verbs", ["create", "get"], "Role", "nni-manager")
DELETES = ("deletecollection", FRAMEWORKS, "frameworks")


@pytest.mark.proves("A", "R00 R01 R02 R03 R13 X09")
@pytest.mark.parametrize(
    ("number", "prepare", "edit", "user", "right", "answers"),
    [
        ("R00", nothing, lambda r: r.role.reverse(), ACCOUNT, ("create", "", "pods"), "yy"),
        ("R01", nothing, READS_NODES, ACCOUNT, GETS_NODES, "ny"),
        ("R02", nothing, LISTS_SECRETS, ACCOUNT, ("list", "", "secrets"), "ny"),
        ("R03", READS_NODES, lambda r: r.role.pop(), ACCOUNT, GETS_NODES, "yn"),
        ("R13", nothing, ANOTHER, "a", ("create", "", "pods"), "ny"),
        ("X09", nothing, FEWER, MANAGER, DELETES, "yn"),
    ],
)  # fmt: skip
def test_what_somebody_may_do_is_what_was_foretold(
    plane: ControlPlane,
    number: str,
    prepare: Edit,
    edit: Edit,
    user: str,
    right: Right,
    answers: str,
) -> None:
    """R00 to R03, R13, X09: asked of the API server on both sides, and of nobody else's rights."""
    before = Rendering("experiments-level-raised" if number == "X09" else "frameworkcontroller")
    prepare(before)
    after = copy.deepcopy(before)
    edit(after)
    assert number in ids(before, after)
    assert number == "R00" or number not in ids(after, before)
    assert number not in ids(after, after)
    server, place = Server(plane), "experiments" if number == "X09" else ""
    for own in ("frameworkcontroller", "experiments"):
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": own}}
        server.apply(made, dry=False)
    try:
        for rendering, answer in zip((before, after), answers, strict=True):
            for o in of_rights(rendering):
                assert not server.apply(o, dry=False)[1]
            eventually(lambda: may(plane, user, right, place) is (answer == "y"), 30, answer)  # noqa: B023
            assert not may(plane, "b", right, place)
    finally:
        server.take_off(of_rights(after))


def of_rights(rendering: Rendering) -> list[Object]:
    """The roles of a rendering, and what binds them."""
    return [o for o in rendering.objects if o["kind"].startswith(("Role", "ClusterRole"))]


def ids(before: Rendering, after: Rendering) -> set[str]:
    """The numbers of what is said."""
    return {effect.id for effect in compare.outcome(before.objects, after.objects).effects}


@pytest.mark.proves("A", "N09")
def test_an_address_that_is_left_out_is_kept(plane: ControlPlane) -> None:
    """N09: a Service stays headless."""
    before, after = Rendering(), Rendering()
    sets("spec.clusterIP", None, "Service")(after)
    assert "N09" in ids(before, after)
    assert "N09" not in ids(after, before)
    server, place = Server(plane), {"name": "frameworkcontroller"}
    server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": place}, dry=False)
    for rendering in (before, after):
        found, refused = server.apply(rendering("Service"), dry=False)
        assert not refused
        assert found
        assert found["spec"]["clusterIP"] == "None"
    server.take_off([after("Service")])


@pytest.mark.proves("A", "C19")
def test_the_version_with_which_an_old_image_puts_its_crd_is_not_served(
    plane: ControlPlane,
) -> None:
    """C19: v0.9.0 and older post it to v1beta1, v1.0.0 and newer to v1."""
    before, old, new = Rendering(), Rendering(), Rendering()
    for rendering, tag in ((old, "v0.9.0"), (new, "v1.0.0")):
        rendering.container["image"] = f"frameworkcontroller/frameworkcontroller:{tag}"
    assert "C19" in ids(before, old)
    assert "C19" not in ids(before, new)
    path = "/apis/apiextensions.k8s.io/{}/customresourcedefinitions"
    assert plane.ask("GET", path.format("v1beta1"))[0] == 404
    assert plane.ask("GET", path.format("v1"))[0] == 200


def test_what_a_tool_takes_over_from_kubectl_it_takes_off(plane: ControlPlane) -> None:
    """Flux does, so that a restart by hand is undone by a second one; Argo CD leaves it."""
    kubectl = Kubectl("kubectl", "testbed", (f"--kubeconfig={plane.kubeconfig_of('admin')}",))
    rendered, place = Rendering().objects, ("-n", "frameworkcontroller")
    own = ("statefulset", "frameworkcontroller")
    for tool in KNOWN.values():
        manager = f"--field-manager={tool.field_manager}"
        plane.apply(yaml.safe_dump_all(rendered), "--server-side", manager)
        plane.kubectl(*place, "rollout", "restart", *own)
        plane.kubectl(*place, "set", "env", *own, "ONE=1")
        plane.kubectl(*place, "set", "image", *own, "*=example.com/x:1")
        plane.kubectl(*place, "label", "--field-manager=somebody", *own, "team=ml")
        found = live.look(kubectl, rendered, tool.name)
        before, after = (
            next(o for o in side if o["kind"] == "StatefulSet")
            for side in (found.before, found.after)
        )
        stays = "restartedAt" in str(after)
        assert stays is (tool.name == "argocd")
        assert ("ONE" in str(after)) is stays
        assert "restartedAt" in str(before)
        assert "example.com/x:1" not in str(after)
        assert after["metadata"]["labels"] == {"team": "ml"}
        said = {e.id for e in compare.outcome(found.before, found.after).effects}
        assert "C01" in said
        Server(plane).take_off(rendered)


def test_what_is_on_a_cluster_is_compared_as_the_tool_would_apply_it(
    plane: ControlPlane, repository: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing once it is applied, then an edit by hand, and never the field of another manager."""
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig_of("admin")))
    context = "testbed"
    rendered = fcgitops("-C", repository, "build", "prod").out
    tool = ("--server-side", "--field-manager=argocd-controller")
    marked = [o for o in yamlio.load_all(rendered.encode()) if o]
    for o in marked:  # as Argo CD does with all that it applies
        annotations = o["metadata"].setdefault("annotations", {})
        annotations["argocd.argoproj.io/tracking-id"] = "prod"
    plane.apply(yaml.safe_dump_all(marked), *tool)
    command = ("-C", repository, "diff", "--live", "--context", context, "prod")
    assert fcgitops(*command).out == f"prod on {context}: nothing differs\n"
    place = ("-n", "frameworkcontroller")
    plane.kubectl(*place, "scale", "statefulset", "frameworkcontroller", "--replicas=0")
    plane.kubectl(*place, "label", "statefulset", "frameworkcontroller", "team=ml")
    found = fcgitops(*command).out
    assert found.startswith(f"prod on {context}: 1 effect, the worst: none\n  none  C06 ")
    assert "spec.replicas: 0 → 1" in found
    assert "team" not in found
    Server(plane).take_off([o for o in yamlio.load_all(rendered.encode()) if o])
