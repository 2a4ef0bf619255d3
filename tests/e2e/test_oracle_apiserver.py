"""The oracle against a real API server: random patches of all golden environments, and all kinds.

Each patch of an environment stands in `local/`, as a user's would; kustomize builds it, and the API
server is asked for every object that it changed, by server-side apply as a dry run. FCG30 has to
say the same. PATCHES=5000 asks for more of them than are asked for by default. The API server may
be of any version that the oracle knows: TESTBED_BIN names the folder of another kube-apiserver.
"""

from __future__ import annotations

import copy
import functools
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
import yamls
from fcgitops.core.errors import ToolError
from fcgitops.kubernetes import check, schema
from fcgitops.kubernetes.schema import Versions
from fcgitops.programs import kustomize
from fcgitops.text import yamlio
from testbed.controlplane import ControlPlane, api_server
from testbed.patches import Patch, Patches, apply, randoms

pytestmark = pytest.mark.cluster
GOLDEN = Path(__file__).parents[1] / "golden"
OF_THE_CLUSTER = re.compile(
    r"valid range|not configured on this cluster|already allocated|disallowed by cluster policy|"
    r"namespaces \"|provided port|x-kubernetes-validations|compilation failed|must evaluate to|"
    r"^pods \"\S+\" is forbidden"
)
"""What one cluster refuses and another takes: its addresses, classes and policies. CEL is not
judged."""
NOT_IN_A_DRY_RUN = "must be 30000 to 32767"
"""The range of node ports is looked at where one is taken, alone."""
PLURALS = {
    "NetworkPolicy": "networkpolicies", "PriorityClass": "priorityclasses",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
}  # fmt: skip
Object = dict[str, Any]
SOUND: list[Object] = yamls.load(
    (Path(__file__).parents[1] / "data" / "kubernetes" / "sound.yaml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with api_server(tmp_path_factory.mktemp("api")) as plane:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        plane.ask("POST", "/api/v1/namespaces/default/serviceaccounts", json.dumps(account))
        yield plane


@pytest.fixture(scope="module")
def here(plane: ControlPlane) -> Versions:
    """The version of the API server, as a repository would state it."""
    said = json.loads(plane.ask("GET", "/version")[1])
    version = f"{said['major']}.{said['minor']}"
    return Versions(version, version)


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden repositories, whose environments may be patched."""
    folder = tmp_path_factory.mktemp("golden")
    for profile in ("hardened", "upstream"):
        shutil.copytree(GOLDEN / profile / "repository", folder / profile)
    return folder


ENVIRONMENTS = sorted(
    path.parent.relative_to(GOLDEN).as_posix().replace("/repository/", "/")
    for path in GOLDEN.glob("*/repository/overlays/*/environment.yaml")
)


def refused(plane: ControlPlane, item: Object) -> str:
    """What the API server says where it refuses an object, or ""."""
    api, kind = item["apiVersion"], item["kind"]
    base = f"/api/{api}" if "/" not in api else f"/apis/{api}"
    if schema.namespaced(api, kind):
        base += "/namespaces/default"
        item = item | {"metadata": {k: v for k, v in item["metadata"].items() if k != "namespace"}}
    plural = PLURALS.get(kind, f"{kind.lower()}s")
    name = quote(str(item["metadata"]["name"]), safe="")
    query = "dryRun=All&fieldManager=test&force=true&fieldValidation=Strict"
    status, answer = plane.ask(
        "PATCH", f"{base}/{plural}/{name}?{query}", json.dumps(item), "application/apply-patch+yaml"
    )
    return "" if status in (200, 201) else str(json.loads(answer)["message"])


@functools.cache
def unpatched(folder: Path) -> list[Object]:
    """What an environment renders without a patch."""
    return built(folder)


def built(folder: Path) -> list[Object]:
    return [o for o in yamlio.load_all(kustomize.find().build(folder)) if o]


def test_patches(plane: ControlPlane, here: Versions, repositories: Path) -> None:
    """What FCG30 passes the API server takes, and what it refuses the API server refuses."""
    for random in randoms(400):
        agree_on_a_patch(plane, here, repositories, random)


def agree_on_a_patch(
    plane: ControlPlane, here: Versions, repositories: Path, random: Random
) -> None:
    """Both verdicts on a random patch of a golden environment."""
    environment = random.choice(ENVIRONMENTS)
    folder = repositories / environment
    local = folder / "local" / "kustomization.yaml"
    plain = local.read_text(encoding="utf-8")
    before = unpatched(folder)
    patch = Patches(random).patch(before)
    name = patch.target["metadata"]["name"]
    target = {"kind": patch.target["kind"], "name": re.sub(r"-[a-z0-9]{10}$", ".*", name)}
    entry = {"target": target, "patch": json.dumps(patch.operations)}
    try:
        local.write_text(f"{plain}patches: [{json.dumps(entry)}]\n", encoding="utf-8")
        after = built(folder)
    except ToolError:
        return  # FCG00
    finally:
        local.write_text(plain, encoding="utf-8")
    for item in after:
        if item not in before and schema.known(item["apiVersion"], item["kind"]):
            agree(plane, here, item, (environment, patch.operations))


def agree(plane: ControlPlane, here: Versions, item: Object, context: object) -> None:
    """Both verdicts on an object."""
    answer = refused(plane, item)
    if OF_THE_CLUSTER.search(answer):
        return
    faults = check.faults(item, here)
    if answer:
        assert faults, (item["kind"], context, answer)
    else:
        wrong = [str(fault) for fault in faults if fault.severity == "error"]
        wrong = [text for text in wrong if NOT_IN_A_DRY_RUN not in text]
        assert not wrong, (item["kind"], context, wrong)


def test_kinds(plane: ControlPlane, here: Versions) -> None:
    """The same of patches of every kind whose values are judged, those that nobody renders too."""
    assert {f"{o['apiVersion']} {o['kind']}" for o in SOUND} == check.RULES.keys()
    for item in SOUND:
        agree(plane, here, item, "as it is")
    for random in randoms(600):
        patch = Patches(random).patch([random.choice(SOUND)])
        item = patched(patch)
        meta = item["metadata"]
        if isinstance(meta, dict) and meta.get("name") and "namespace" not in meta:
            agree(plane, here, item, patch.operations)


def patched(patch: Patch) -> Object:
    """What a patch makes of its target; kustomize has no part in it."""
    item = copy.deepcopy(patch.target)
    for operation in patch.operations:
        apply(item, operation)
    return item


def test_golden(plane: ControlPlane, here: Versions) -> None:
    """Everything that the golden repositories render is taken, and the oracle says so.

    But for kinds that came later: neither knows them.
    """
    for path in sorted(GOLDEN.glob("*/rendered/*.yaml")):
        for item in filter(None, yamlio.load_all(path.read_bytes())):
            if not schema.known(item["apiVersion"], item["kind"]):
                continue
            answer, faults = refused(plane, item), check.faults(item, here)
            if answer == "the server could not find the requested resource":
                assert [fault.path for fault in faults] == [("kind",)], path.name
            else:
                assert (answer, faults) == ("", []), path.name
