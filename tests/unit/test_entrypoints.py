"""What Argo CD and Flux are pointed at."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yamls
from conftest import CopyOf, Fcgitops
from fcgitops.manifests import guardrails, overlay
from fcgitops.model import layout
from fcgitops.model.answers import ARGOCD_VERSIONS, Answers
from fcgitops.model.environment import environment
from fcgitops.sync import entrypoints, registry, removal
from fcgitops.sync.argocd import environments as argocd
from fcgitops.sync.argocd import nni as nni_argocd
from fcgitops.sync.flux import environments as flux
from fcgitops.sync.tool import Held
from fcgitops.verify.layers import Reader
from fcgitops.verify.references import References
from gitenv import git, write

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
URL = "https://git.example.com/ml/deploy.git"
KEY = "0123456789ABCDEF"


def project(**answers: Any) -> dict[str, Any]:
    """The AppProject's spec."""
    spec: dict[str, Any] = argocd.app_project(Answers("fc", repo_url=URL, **answers))["spec"]
    return spec


def rendered_kinds(*files: Path) -> set[tuple[str, str]]:
    """Group and kind of all objects in golden files."""
    objects = [found for path in files for found in yamls.load_all(path.read_text())]
    return {(o["apiVersion"].rpartition("/")[0], o["kind"]) for o in objects}


def allowed_kinds(spec: dict[str, Any]) -> set[tuple[str, str]]:
    """Group and kind of all that an AppProject allows."""
    items = spec["clusterResourceWhitelist"] + spec["namespaceResourceWhitelist"]
    return {(item["group"], item["kind"]) for item in items}


@pytest.mark.parametrize("profile", ["hardened", "upstream"])
def test_the_project_allows_what_is_rendered(profile: str) -> None:
    """Each kind that a golden environment renders is in the whitelist, and no other."""
    files = [p for p in (GOLDEN / profile / "rendered").glob("*.yaml") if "." not in p.stem]
    spec = project(profile=profile)
    assert allowed_kinds(spec) == rendered_kinds(*files)
    assert spec["sourceRepos"] == [URL]


def test_the_projects_of_nni_allow_what_is_rendered() -> None:
    """The same of what NNI needs, and of the experiments, which may bring no rights."""
    (text,) = nni_argocd.files(Answers("fc", repo_url=URL)).values()
    objects = {(o["kind"], o["metadata"]["name"]): o["spec"] for o in yamls.load_all(text)}
    for name, pattern, count in (("nni", "*.nni.yaml", 3), ("experiments", "experiments.*", 2)):
        rendered = list(GOLDEN.glob(f"*/rendered/{pattern}"))
        assert len(rendered) == count
        spec = objects["AppProject", f"frameworkcontroller-{name}"]
        assert allowed_kinds(spec) == rendered_kinds(*rendered)
        assert spec["sourceRepos"] == [URL]
        used = objects["ApplicationSet", f"frameworkcontroller-{name}"]["template"]["spec"][
            "project"
        ]
        assert used == f"frameworkcontroller-{name}"
    assert (
        objects["AppProject", "frameworkcontroller-experiments"]["clusterResourceWhitelist"] == []
    )


def test_no_project_leads_to_what_is_not_its_own() -> None:
    """Clusters and namespaces stand in each environment.yaml; those of others are denied."""
    (text,) = nni_argocd.files(Answers("fc", repo_url=URL)).values()
    projects = [o["spec"] for o in yamls.load_all(text) if o["kind"] == "AppProject"]
    others = ["!kube-*", "!argocd", "!flux-system"]
    for spec, more in (
        (project(), ["!default"]),
        (project(profile="upstream"), []),
        *((spec, ["!default", "!frameworkcontroller"]) for spec in projects),
    ):
        first, *denied = [d["namespace"] for d in spec["destinations"]]
        assert (first, denied) == ("*", others + more)


def test_the_commit_that_mends_a_failed_sync_is_taken() -> None:
    """By the next retry, or where Argo CD retries the failed commit alone, after the last one."""
    for version, wanted in (
        ("3.1", {"limit": 5}),
        ("3.2", {"limit": -1, "refresh": True}),
        ("3.6", {"limit": -1, "refresh": True}),
    ):
        template = argocd.application_set(Answers("fc", argocd_version=version))["spec"]["template"]
        retry = template["spec"]["syncPolicy"]["retry"]
        assert {key: retry.get(key) for key in retry if key != "backoff"} == wanted


@pytest.mark.parametrize("version", ARGOCD_VERSIONS)
def test_only_what_the_version_knows(version: str) -> None:
    """Limits by name from 3.3 on; sourceIntegrity from 3.5 on, signatureKeys before."""
    spec = project(argocd_version=version, signing_keys=KEY.lower())
    named = [item for item in spec["clusterResourceWhitelist"] if "name" in item]
    assert bool(named) == (version >= "3.3")
    if version >= "3.5":
        (policy,) = spec["sourceIntegrity"]["git"]["policies"]
        assert policy == {"repos": [{"url": "*"}], "gpg": {"mode": "head", "keys": [KEY]}}
        assert "signatureKeys" not in spec
    else:
        assert spec["signatureKeys"] == [{"keyID": KEY}]
        assert "sourceIntegrity" not in spec


def test_nothing_generated_deletes_anything() -> None:
    """An empty or wrong result of the generator removes no Application and no object."""
    spec = argocd.application_set(Answers("fc", repo_url=URL))["spec"]
    assert spec["syncPolicy"] == {
        "applicationsSync": "create-update",
        "preserveResourcesOnDeletion": True,
    }
    assert spec["goTemplateOptions"] == ["missingkey=error"]
    (generator,) = spec["generators"]
    assert generator["git"]["files"] == [
        {"path": "overlays/*/environment.yaml"},
        {"path": "overlays/*/*/environment.yaml", "exclude": True},
    ]
    old = argocd.application_set(Answers("fc", argocd_version="3.0"))["spec"]["generators"]
    assert old[0]["git"]["files"] == [{"path": "overlays/*/environment.yaml"}]
    assert spec["template"]["spec"]["project"] == "frameworkcontroller"
    assert "finalizers" not in spec["template"]["metadata"]


def flux_objects(**answers: Any) -> dict[str, dict[str, Any]]:
    """Kind → object of an environment that Flux syncs."""
    given = {"sync": "flux", "flux.shard": answers.pop("shard", "")}
    env = environment("prod", given, {}, "hardened", "f")
    ours = Answers("fc", repo_url=URL, **answers)
    tree = entrypoints.of_environment(env, ours, b"rules: []\n")["clusters/flux/prod"]
    return {o["kind"]: o for data in tree.values() for o in yamls.load_all(data)}


def test_flux() -> None:
    """A source and a Kustomization, which go on when their folder is gone from Git."""
    found = flux_objects()
    sync, source = found["Kustomization"], found["GitRepository"]
    assert sync["spec"]["serviceAccountName"] == found["ServiceAccount"]["metadata"]["name"]
    assert sync["spec"] | {"prune": True, "wait": True, "force": False} == sync["spec"]
    assert not {"postBuild", "dependsOn"} & set(sync["spec"])
    assert source["spec"]["ignore"].split() == [
        "/*", "!/base/", "!/components/", "!/overlays/", "/overlays/*/",
        "!/overlays/default-config/", "!/overlays/prod/",
    ]  # fmt: skip
    for o in found.values():
        assert o["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/prune": "disabled"}
    assert not {"secretRef", "verify"} & set(source["spec"])
    more = flux_objects(flux_secret="git", signing_keys=KEY, shard="one")
    assert more["GitRepository"]["spec"]["secretRef"] == {"name": "git"}
    assert more["GitRepository"]["spec"]["verify"]["mode"] == "HEAD"
    for kind in ("GitRepository", "Kustomization"):
        assert more[kind]["metadata"]["labels"] == {"sharding.fluxcd.io/key": "one"}


def test_what_somebody_changes_is_taken_back_within_the_interval() -> None:
    """Ten minutes, or as the environment says, in each of its Kustomizations."""
    nni = {"nni.namespace": "nni", "nni.storage": "nfs://nas/nni"}
    for given, wanted in (({}, "10m"), ({"flux.interval": "2h"}, "2h")):
        env = environment("prod", {"sync": "flux", **nni, **given}, {}, "hardened", "f")
        trees = entrypoints.of_environment(env, Answers("fc", repo_url=URL), b"rules: []\n")
        objects = [o for t in trees.values() for d in t.values() for o in yamls.load_all(d)]
        found = [o["spec"]["interval"] for o in objects if o["kind"] == "Kustomization"]
        assert found == [wanted, wanted]


@pytest.mark.parametrize(
    ("url", "fetched", "told"),
    [
        ("https://h/a/b.git", "https://h/a/b.git", False),
        ("ssh://git@h:22/a/b.git", "ssh://git@h:22/a/b.git", True),
        ("git@h:a/b.git", "ssh://git@h/a/b.git", True),
        ("h:/a/b", "ssh://h/a/b", True),
        ("", "https://git.example.invalid/set-repo_url.git", False),
    ],
)
def test_where_flux_fetches(url: str, fetched: str, told: bool) -> None:
    """A URL as its CRD takes it; by SSH only with a Secret."""
    answers = Answers("fc", gitops="flux", repo_url=url)
    env = environment("prod", {"sync": "flux"}, {}, "hardened", "f")
    (sync,) = (data for path, data in flux.files(env, answers, []).items() if path == "sync.yaml")
    source = yamls.load_all(sync)[0]
    assert source["spec"]["url"] == fetched
    assert ("`flux_secret`" in registry.TOOLS["flux"].remark(answers)) == told
    assert not registry.TOOLS["flux"].remark(Answers("fc", repo_url=url, flux_secret="git"))


def test_a_kustomization_that_waits() -> None:
    """What needs the controller comes after it, as an account of its own."""
    env = environment("prod", {"sync": "flux"}, {}, "hardened", "f")
    after = flux.kustomization(
        env, name="nni", path="./components/nni", account="nni-flux", depends_on=[flux.NAME]
    )
    assert after["metadata"]["name"] == "nni"
    assert after["spec"]["dependsOn"] == [{"name": "frameworkcontroller"}]
    assert after["spec"]["serviceAccountName"] == "nni-flux"


def test_flux_writes_one_namespace() -> None:
    """Whoever may write any Namespace may take Pod Security off it."""
    rules = [r for r in flux_objects()["ClusterRole"]["rules"] if r["resources"] == ["namespaces"]]
    assert [(r["verbs"], r.get("resourceNames")) for r in rules] == [
        (["get", "create"], None), (["patch"], ["frameworkcontroller"]),
    ]  # fmt: skip


def test_flux_names_what_it_can() -> None:
    """No right is for any name, but where the API or a hashed name asks for it; none escalates."""
    for rule in flux_objects()["ClusterRole"]["rules"]:
        named = "resourceNames" in rule or rule["verbs"] == ["create"]
        pods = (rule["resources"], rule["verbs"]) == (["pods"], ["list"])
        assert named or pods or set(rule["resources"]) <= {"namespaces", "configmaps"}
        assert not {"*", "escalate", "impersonate"} & {*rule["verbs"], *rule["resources"]}


def test_flux_may_make_policies_only_where_they_are_asked_for() -> None:
    """Who may make any ValidatingAdmissionPolicy can stop a whole cluster."""
    rights = {}
    for components in ([], ["guardrails"]):
        given = {"sync": "flux", "components": components}
        env = environment("prod", given, {}, "hardened", "f")
        files = flux.files(env, Answers("fc", repo_url=URL), [])
        role = yamls.load_all(files["account.yaml"])[1]
        rights[bool(components)] = [
            (rule["verbs"], rule.get("resourceNames"))
            for rule in role["rules"]
            if rule["apiGroups"] == ["admissionregistration.k8s.io"]
        ]
    by_name = (["get", "patch", "delete"], list(guardrails.POLICIES))
    assert rights == {False: [by_name], True: [(["create"], None), by_name]}


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("gitops", "sync", "argocd_there", "flux_there"),
    [
        ("argocd", "argocd", True, False),
        ("argocd", "flux", True, True),
        ("flux", "flux", False, True),
        ("both", "argocd", True, False),
        ("both", "flux", True, True),
    ],
)
def test_one_tool_an_environment(
    gitops: str, sync: str, argocd_there: bool, flux_there: bool,
    fcgitops: Fcgitops, copy_of: CopyOf,
) -> None:  # fmt: skip
    """clusters/ has what the answer asks for; clusters/flux/ENV is for Flux's environments."""
    folder = copy_of(["new", "deploy", "--gitops", gitops])
    fcgitops("-C", folder, "overlay", "prod", "--set", f"sync={sync}")
    assert (folder / "clusters/argocd/applicationset.yaml").exists() == argocd_there
    assert (folder / "clusters/flux/prod/sync.yaml").exists() == flux_there
    fcgitops("-C", folder, "verify")
    if gitops == "both":
        fcgitops("-C", folder, "overlay", "prod", "--set", "sync=argocd")
        assert not (folder / "clusters/flux/prod").exists()
        fcgitops("-C", folder, "verify")


def test_argocd_is_refused_where_it_has_no_entry_points(
    fcgitops: Fcgitops, copy_of: CopyOf
) -> None:
    """A repository for Flux alone has no ApplicationSet that would read the environment."""
    folder = copy_of(["new", "deploy", "--gitops", "flux"])
    ran = fcgitops("-C", folder, "overlay", "prod", "--set", "sync=argocd", status=2)
    assert "sync: is argocd, for which this repository has no entry points (flux)" in ran.err


@pytest.mark.slow
def test_a_new_url_reaches_all_entry_points(fcgitops: Fcgitops, copy_of: CopyOf) -> None:
    """As a new branch does. `verify` complains until `overlays` has been run."""
    folder = copy_of(["new", "deploy", "--gitops", "both", "--env", "dev"])
    fcgitops("-C", folder, "overlay", "dev", "--set", "sync=flux")
    answers = folder / "fcgitops.yaml"
    text = answers.read_text().replace("repo_url: ''", f"repo_url: {URL}")
    answers.write_text(text.replace("branch: main", "branch: trunk"))
    assert (
        "clusters/argocd/applicationset.yaml: FCG12"
        in fcgitops("-C", folder, "verify", status=1).out
    )
    fcgitops("-C", folder, "overlays")
    for path in ("argocd/appproject.yaml", "argocd/applicationset.yaml", "flux/dev/sync.yaml"):
        assert URL in (folder / "clusters" / path).read_text()
    for path in ("argocd/applicationset.yaml", "flux/dev/sync.yaml"):
        assert " trunk\n" in (folder / "clusters" / path).read_text()
    fcgitops("-C", folder, "verify")


def test_what_argocd_reads_is_spelled_out(fcgitops: Fcgitops, copy_of: CopyOf) -> None:
    """A default that environment.yaml leaves out would stop the ApplicationSet for all of them."""
    folder = copy_of(["new", "deploy", "--env", "dev"])
    source = folder / "overlays/dev/environment.yaml"
    source.write_text(source.read_text().replace("namespace: frameworkcontroller\n", ""))
    assert fcgitops("-C", folder, "verify", status=1).out == (
        "dev: FCG13: environment.yaml does not spell out namespace, which Argo CD reads there "
        "(namespace: frameworkcontroller)\n"
    )


def test_argocd_before_3_5_needs_a_setting_for_signatures() -> None:
    """Its ApplicationSet controller would generate nothing (argo-cd#23689)."""
    for version, keys, told in (("3.4", KEY, True), ("3.5", KEY, False), ("3.4", "", False)):
        answers = Answers("fc", argocd_version=version, signing_keys=keys)
        remark = registry.TOOLS["argocd"].remark(answers)
        assert ("ARGOCD_GPG_ENABLED=false" in remark) == told


def test_bootstrap_refuses(fcgitops: Fcgitops, copy_of: CopyOf) -> None:
    """Without a URL, with the other tool, without an environment for Flux: before any kubectl."""
    folder = copy_of(["new", "deploy", "--gitops", "both", "--env", "dev"])
    for arguments, message in (
        (["dev"], "does not say where the repository is"),
        (["dev", "--gitops", "flux"], "sync: is argocd, not flux"),
        (["--gitops", "flux"], "ENV: is not given"),
        (["--gitops", "x"], "'x' is not known"),
        (["dev", "--gitops", "both"], "'both' is not known (argocd or flux)"),
        (["prd"], "is no environment"),
    ):
        assert message in fcgitops("-C", folder, "bootstrap", *arguments, status=2).err


def test_what_is_left_of_another_tool_is_found(fcgitops: Fcgitops, copy_of: CopyOf) -> None:
    """An edited file stays when `sync` changes: `verify` says that Flux would go on."""
    folder = copy_of(["new", "deploy", "--gitops", "both", "--env", "dev"])
    fcgitops("-C", folder, "overlay", "dev", "--set", "sync=flux")
    sync = folder / "clusters/flux/dev/sync.yaml"
    sync.write_text(sync.read_text().replace("interval: 10m", "interval: 5m"))
    git(folder, "commit", "-qam", "faster")
    fcgitops("-C", folder, "overlay", "dev", "--set", "sync=argocd")
    assert sync.exists()
    out = fcgitops("-C", folder, "verify", status=1).out
    assert "dev: FCG14: clusters/flux/dev/sync.yaml is for Flux, but Argo CD syncs it" in out


def test_remove_leaves_the_files_of_flux(fcgitops: Fcgitops, copy_of: CopyOf) -> None:
    """`flux bootstrap` keeps its own files below the same folder: they are not ours to delete."""
    folder = copy_of(["new", "deploy", "--gitops", "flux", "--env", "dev"])
    write(folder, {"clusters/flux/dev/flux-system/gotk-sync.yaml": "a: 1\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "bootstrap")
    ran = fcgitops("-C", folder, "remove", "dev")
    assert "1 file of others stays" in ran.err
    left = [p.name for p in (folder / "clusters/flux/dev").rglob("*") if p.is_file()]
    assert left == ["gotk-sync.yaml"]


@pytest.mark.parametrize("namespace", ["argocd", "flux-system"])
def test_namespaces_of_the_tools_are_refused(
    namespace: str, fcgitops: Fcgitops, copy_of: CopyOf
) -> None:
    """FrameworkController there would relabel it, and Argo CD's project denies it."""
    folder = copy_of(["new", "deploy"])
    ran = fcgitops("-C", folder, "overlay", "dev", "--namespace", namespace, status=2)
    assert "is another program's" in ran.err


def test_bootstrap_refuses_stale_files(fcgitops: Fcgitops, copy_of: CopyOf) -> None:
    """The URL of fcgitops.yaml must have reached them."""
    folder = copy_of(["new", "deploy", "--gitops", "flux", "--env", "dev"])
    answers = folder / "fcgitops.yaml"
    answers.write_text(answers.read_text().replace("repo_url: ''", f"repo_url: {URL}"))
    ran = fcgitops("-C", folder, "bootstrap", "dev", "--yes", status=2)
    assert "clusters/flux/dev/sync.yaml: is not in line with fcgitops.yaml" in ran.err


def test_removal_leaves_crd_and_namespace() -> None:
    """The commands name each object but the CRD; the Namespace's is a comment."""
    for sync in ("argocd", "flux"):
        env = environment("prod", {"sync": sync, "components": ["crd"]}, {}, "hardened", "f")
        rendered = (GOLDEN / "hardened" / "rendered" / "every-key.yaml").read_text()
        lines = removal.commands([Held(env, yamls.load_all(rendered))])
        typed = [line for line in lines if line.startswith("kubectl ")]
        assert "get frameworks" in typed[0]
        assert not [line for line in typed if "delete namespace" in line or "delete crd" in line]
        assert any(line.startswith("# kubectl delete namespace") for line in lines)
    assert flux.NAME == overlay.NAME == argocd.NAME


def test_removal_tells_the_clusters_apart() -> None:
    """Objects have the same names on each, so the cluster stands before them; NNI goes too."""
    nni = {"nni.namespace": "nni", "nni.storage": "nfs://nas/nni"}
    given = {"cluster.server": "https://10.0.0.1:6443", **nni}
    env = environment("prod", given, {}, "hardened", "f")
    argo = removal.commands([Held(env, nni=True), Held(env)])
    place = "# on the cluster prod at https://10.0.0.1:6443:"
    assert argo.count(place) == 2
    deleted = [line.split()[-1] for line in argo if " delete --ignore-not-found appli" in line]
    assert deleted == ["fc-nni-prod", "frameworkcontroller-prod"]
    flux_env = environment("prod", given | {"sync": "flux"}, {}, "hardened", "f")
    lines = removal.commands([Held(flux_env, nni=True), Held(flux_env)])
    gone = " --timeout=5m kustomizations"
    deleted = [line.removesuffix(" &&").split()[-1] for line in lines if gone in line]
    assert deleted == ["frameworkcontroller-nni", "frameworkcontroller"]


def test_argo_cd_has_looked_before_an_application_is_deleted() -> None:
    """Else it comes back, and stays: the set is told to look, waited for, and then asked again."""
    env = environment("prod", {}, {}, "hardened", "f")
    lines = removal.commands([Held(env)])
    typed = [line for line in lines if "--namespace argocd" in line]
    told, waits, deletes, _ = typed
    mark = "argocd.argoproj.io/application-set-refresh=true"
    assert told.endswith(f"metadata.name=frameworkcontroller {mark} &&")
    assert " get --ignore-not-found applicationsets.argoproj.io frameworkcontroller " in waits
    assert waits.endswith("; exit 1) &&")
    assert deletes.endswith("--ignore-not-found applications.argoproj.io frameworkcontroller-prod")
    assert lines[-2:] == [
        "# where Argo CD runs, once Argo CD has let go this prints nothing:",
        "kubectl --namespace argocd get --ignore-not-found applications.argoproj.io "
        "frameworkcontroller-prod",
    ]


WAIT = """\
#!/bin/sh
echo "$*" >> calls
case $* in *" get "*) ;; *) exit ;; esac
read -r asked < asked
echo $((asked + 1)) > asked
read -r answer < "answer-$asked"
[ "$answer" != ! ] || exit 1
printf %s "$answer"
"""
"""A kubectl whose `get` gives one answer after another; ! is that no API server answers."""


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("answers", "deletes"), [("true true .", True), ("! true ! .", True), ("true " * 150, False)]
)
@pytest.mark.parametrize("program", ["sh", "zsh"])
def test_the_wait_ends(program: str, answers: str, deletes: bool, tmp_path: Path) -> None:
    """It goes on while the mark is there, or no API server answers; then nothing is deleted."""
    lines = [word.strip(".") for word in answers.split()]
    given = {f"answer-{number}": f"{line}\n" for number, line in enumerate(lines)}
    write(tmp_path, {"bin/kubectl": WAIT, "asked": "0\n"} | given)
    (tmp_path / "bin/kubectl").chmod(0o755)
    (tmp_path / "bin/sleep").symlink_to(shutil.which("true") or "")
    env = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    typed = registry.TOOLS["argocd"].release(Held(environment("prod", {}, {}, "hardened", "f")))
    ran = subprocess.run(
        [program], input="\n".join(typed), env=env, cwd=tmp_path, text=True, timeout=60,
        capture_output=True, check=False,
    )  # fmt: skip
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len([call for call in calls if " get " in call]) == len(lines)
    assert (" delete " in calls[-1]) == deletes
    assert ("Argo CD has not looked" in ran.stderr) != deletes


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("sync", "first", "kept"),
    [
        ("flux", "kubectl --namespace argocd annotate --overwrite applicationsets", "application"),
        ("argocd", "kubectl --namespace flux-system patch kustomizations", '"prune":false'),
    ],
)
def test_another_tool_is_told_to_let_go(
    sync: str, first: str, kept: str, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """With the change of `sync` and at no other time: the first tool goes on by itself."""
    folder = tmp_path / "deploy"
    other = "argocd" if sync == "flux" else "flux"
    fcgitops("new", folder, "--no-input", "--gitops", "both")
    added = fcgitops("-C", folder, "overlay", "prod", "--set", f"sync={other}")
    changed = commands(fcgitops("-C", folder, "overlay", "prod", "--set", f"sync={sync}").err)
    again = fcgitops("-C", folder, "overlay", "prod", "--set", "resources.cpu=300m")
    assert changed[0].startswith(first)
    assert kept in changed[0]
    assert "kubectl" not in added.err + again.err


HANDED_TO_FLUX = """\
# 1. Push the commit: a tool that is released before may come back.
# 2. Where Argo CD runs: it lets go, and nothing is deleted.
kubectl annotate
wait for kubectl get
kubectl delete
# 3. Go on once Argo CD has let go: then this prints nothing.
kubectl get
# 4. Point Flux at it, on the cluster prod.
fcgitops bootstrap prod
# 5. On the cluster prod: see that it runs.
kubectl rollout
"""
HANDED_TO_ARGO_CD = """\
# 1. Push the commit: a tool that is released before may come back.
# 2. On the cluster prod: it lets go, and nothing is deleted.
wait for kubectl get
kubectl patch
kubectl delete
kubectl delete
kubectl delete
kubectl delete
# 3. Go on once Flux has let go: then this prints nothing.
kubectl get
# 4. Point Argo CD at it, where Argo CD runs.
fcgitops bootstrap prod
# 5. On the cluster prod: see that it runs.
kubectl rollout
"""


def verb(line: str) -> str:
    """A line, of kubectl's only what it does."""
    words = line.replace("--namespace argocd ", "").replace("--namespace flux-system ", "").split()
    if words[0] == "(for":
        return f"wait for {verb(line[line.index('kubectl') :])}"
    if words[0] != "kubectl":
        return line
    return " ".join(words[:2]) if words[1] != "--namespace" else f"kubectl {words[3]}"


@pytest.mark.parametrize(
    ("before", "after", "steps"),
    [("argocd", "flux", HANDED_TO_FLUX), ("flux", "argocd", HANDED_TO_ARGO_CD)],
)
def test_the_steps_from_one_tool_to_the_other(before: str, after: str, steps: str) -> None:
    """In order; a tool that has not let go and one that begins would undo each other."""
    env = environment("prod", {"sync": after}, {}, "hardened", "f")
    old = environment("prod", {"sync": before}, {}, "hardened", "f")
    said = removal.handover(env, registry.TOOLS[before], [Held(old)])
    assert said[0].startswith(f"prod: from this change on {env.tool.label} syncs it.")
    words = [verb(line) for line in said[1:]]
    assert "\n".join(words) + "\n" == steps


@pytest.mark.slow
def test_all_of_an_environment_is_handed_over(fcgitops: Fcgitops, copy_of: CopyOf) -> None:
    """Its experiments and NNI too: each Application, or each Kustomization, is named."""
    folder = copy_of(["new", "deploy", "--gitops", "both", "--env", "prod"])
    fcgitops("-C", folder, "nni", "enable", "prod", "--storage", "nfs://10.0.0.1/x")
    fcgitops("-C", folder, "nni", "experiment", "mnist", "--env", "prod")

    def deleted(sync: str, kind: str) -> list[str]:
        said = fcgitops("-C", folder, "overlay", "prod", "--set", f"sync={sync}").err.splitlines()
        assert [line for line in said if "--ignore-not-found" in line]
        lines = [line.removesuffix(" &&") for line in said if f" {kind}" in line]
        assert [line.split()[-1] for line in lines if " patch " in line] in ([], [PATCH] * 3)
        return [line.split()[-1] for line in lines if " delete " in line]

    assert deleted("flux", "applications.argoproj.io") == [
        "fc-experiment-mnist", "fc-nni-prod", "frameworkcontroller-prod",
    ]  # fmt: skip
    assert deleted("argocd", "kustomizations.kustomize.toolkit.fluxcd.io") == [
        "fc-experiment-mnist", "frameworkcontroller-nni", "frameworkcontroller",
    ]  # fmt: skip


PATCH = """'--patch={"spec":{"prune":false}}'"""


@pytest.mark.sampled(2)
@pytest.mark.parametrize("sync", ["argocd", "flux"])
def test_what_stays_on_the_cluster_that_is_left_is_said(
    sync: str, fcgitops: Fcgitops, copy_of: CopyOf
) -> None:
    """With the commands that take it off there, and at no other time; an edit by hand counts too.

    Argo CD's Application goes to the new cluster by itself; Flux goes on on the old one.
    """
    folder = copy_of(["new", "deploy", "--gitops", "both", "--env", "dev"])
    fcgitops("-C", folder, "overlay", "prod", "--set", f"sync={sync}", "--cluster", "old")
    unmoved = fcgitops("-C", folder, "overlay", "prod", "--set", "resources.cpu=300m")
    assert "kubectl" not in unmoved.err
    source = folder / "overlays/prod/environment.yaml"
    source.write_text(source.read_text().replace("name: old", "name: new"))
    by_hand = fcgitops("-C", folder, "overlay", "prod").err
    again = fcgitops("-C", folder, "overlay", "prod", "--cluster", "https://10.0.0.9:6443").err
    for said, old, new in (
        (by_hand, "old", "new"),
        (again, "new", "new at https://10.0.0.9:6443"),
    ):
        assert f"note: prod: with this change its cluster is {new}. If that is another " in said
        assert f"\n# on the cluster {old}:\n" in said
        typed = " statefulset frameworkcontroller" if sync == "argocd" else "m kustomizations"
        assert [line for line in commands(said) if typed in line]
        looks = (
            "\n# where Argo CD runs, until it has left that cluster:\nkubectl --namespace argocd "
        )
        assert (looks in said) == (sync == "argocd")
        assert not [line for line in commands(said) if "applications.argoproj.io" in line]


def test_another_cluster_and_another_tool(fcgitops: Fcgitops, copy_of: CopyOf) -> None:
    """The first tool's hold ends, and what it has applied goes, on the cluster that is left."""
    folder = copy_of(["new", "deploy", "--gitops", "both", "--env", "prod"])
    changed = ("--set", "sync=flux", "--cluster", "new")
    there = commands(fcgitops("-C", folder, "overlay", "prod", *changed).err)
    assert there[1].endswith(" applications.argoproj.io frameworkcontroller-prod")
    assert [line for line in there if "delete statefulset" in line]
    changed = ("--set", "sync=argocd", "--cluster", "newer")
    back = fcgitops("-C", folder, "overlay", "prod", *changed).err
    deletes = "kubectl --namespace flux-system delete --ignore-not-found --timeout=5m kustomiz"
    assert f"\n{deletes}" in back[back.index("# on the cluster new:\n") :]
    assert '"prune"' not in back


LOCAL = "overlays/prod/local/kustomization.yaml"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
SHARED_LABELS = "labels: [{pairs: {team: ml}}]\n"


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("../../../components/team", ""),
        ("../../../shared/team", "../../../shared/team"),
        ("../../team", "../../team"),
        ("../../dev/local", "../../dev/local"),
        ("./own", ""),
    ],
)
def test_what_local_leads_to_is_where_the_tools_look(
    reference: str, found: str, fcgitops: Fcgitops, copy_of: CopyOf
) -> None:
    """Flux would not find it, and Argo CD would go on with what it has rendered before."""
    folder = copy_of(["new", "deploy", "--env", "dev", "--env", "prod"])
    place = (folder / LOCAL).parent / reference / "kustomization.yaml"
    write(folder, {LOCAL: f"{COMPONENT}components: [{reference}]\n"})
    if not place.exists():
        place.parent.mkdir(parents=True)
        place.write_text(COMPONENT + SHARED_LABELS)
    ran = fcgitops("-C", folder, "verify", "prod", status=1 if found else 0)
    if found:
        assert ran.out == (
            f"prod: FCG15: {LOCAL} leads to {found}, where the sync tools do not look "
            "(keep what environments share below components/)\n"
        )


def test_what_leads_out_of_a_component_is_found(fcgitops: Fcgitops, copy_of: CopyOf) -> None:
    """The way is followed, through loops too; what is no path, or is not there, is none."""
    folder = copy_of(["new", "deploy", "--env", "prod"])
    shared = "components/shared/kustomization.yaml"
    write(
        folder,
        {
            LOCAL: f"{COMPONENT}components: [../../../components/shared]\n",
            shared: f"{COMPONENT}components: [../../overlays/prod/local, ../../x, /, ../../docs]\n",
            "docs/a": "",
        },
    )
    out = fcgitops("-C", folder, "verify", status=1).out
    assert f"prod: FCG15: {shared} leads to ../../docs, where" in out
    found = References(Reader(folder)).leading_out(
        "overlays/prod", (*layout.SHARED, "overlays/prod")
    )
    assert found == [
        (shared, "../../docs"),
        ("overlays/prod/kustomization.yaml", "../default-config"),
    ]


@pytest.mark.sampled(12)
@pytest.mark.parametrize(
    ("damage", "sync"),
    [
        ("variant: [", "argocd"),
        (None, "argocd"),
        ("", "argocd"),
        ("variant: nonsense\n", "flux"),
        (None, "flux"),
        ("", "flux"),
        ("\0", "flux"),
        ("<<<<<<< yours\na: 1\n=======\n", "flux"),
        ("- a\n", "flux"),
        ("sync: roundabout\n", "flux"),
        (f"a: 0x{'f' * 5000}\n", "flux"),
    ],
)
def test_a_damaged_environment_can_be_removed(
    damage: str | None, sync: str, fcgitops: Fcgitops, copy_of: CopyOf
) -> None:
    """The commands are told by what was generated from it, as long as that is there."""
    folder = copy_of(["new", "deploy", "--gitops", "both", "--env", "dev"])
    fcgitops("-C", folder, "overlay", "prod", "--namespace", "ml", "--set", f"sync={sync}")
    whole = commands(fcgitops("-C", folder, "remove", "prod", "--dry-run").err)
    write(folder, {"overlays/prod/environment.yaml": damage})
    git(folder, "commit", "-qam", "damage")
    ran = fcgitops("-C", folder, "remove", "prod")
    assert "note: taken as it was generated last: overlays/prod/environment.yaml" in ran.err
    assert commands(ran.err) == whole
    assert any("--namespace ml delete statefulset" in line for line in whole) == (sync == "argocd")
    left = git(folder, "ls-files").splitlines()
    assert not [path for path in left if "/prod/" in path]


@pytest.mark.slow
@pytest.mark.parametrize("sync", ["argocd", "flux"])
def test_nni_of_a_damaged_environment_is_removed(
    sync: str, fcgitops: Fcgitops, copy_of: CopyOf
) -> None:
    """By what the generated files say: its commands are the same, and the last entry point goes."""
    folder = copy_of(["new", "deploy", "--gitops", "both"])
    fcgitops("-C", folder, "overlay", "prod", "--set", f"sync={sync}")
    fcgitops("-C", folder, "nni", "enable", "prod", "--storage", "nfs://a/b", "--namespace", "lab")
    whole = commands(fcgitops("-C", folder, "remove", "prod", "--dry-run").err)
    assert [line for line in whole if "--namespace lab" in line]
    write(folder, {"overlays/prod/environment.yaml": "nni: x\n"})
    git(folder, "commit", "-qam", "damage")
    ran = fcgitops("-C", folder, "remove", "prod")
    assert "as it was generated" in ran.err
    assert commands(ran.err) == whole
    left = git(folder, "ls-files", "clusters").splitlines()
    assert [path for path in left if "nni" in path or "/prod/" in path] == []
    fcgitops("-C", folder, "verify")


def commands(text: str) -> list[str]:
    """The commands among the lines, commented ones too."""
    return [line for line in text.splitlines() if line.removeprefix("# ").startswith("kubectl ")]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("profile", "sync", "told"),
    [("hardened", "argocd", True), ("hardened", "flux", False), ("upstream", "argocd", False)],
)
def test_a_changed_namespace_needs_a_command(
    profile: str, sync: str, told: bool, fcgitops: Fcgitops, copy_of: CopyOf
) -> None:
    """Argo CD asks before it prunes the Namespace, and prunes nothing before; Flux leaves it."""
    folder = copy_of(["new", "deploy", "--gitops", "both", "--profile", profile])
    first = fcgitops("-C", folder, "overlay", "prod", "--namespace", "a", "--set", f"sync={sync}")
    moved = fcgitops("-C", folder, "overlay", "prod", "--namespace", "b")
    command = "\nkubectl annotate namespace a argocd.argoproj.io/tracking-id-\n"
    assert (command in moved.err) == told
    again = fcgitops("-C", folder, "overlay", "prod")
    assert "kubectl" not in first.err + again.err


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("path", "old", "new", "finding"),
    [
        (
            "clusters/argocd/applicationset.yaml",
            "applicationsSync: create-update",
            "applicationsSync: sync",
            "clusters/argocd/applicationset.yaml: FCG18: ApplicationSet frameworkcontroller lost "
            "what keeps it from deleting (spec.syncPolicy.applicationsSync: create-update)",
        ),
        (
            "clusters/flux/dev/sync.yaml",
            "prune: disabled",
            "prune: enabled",
            "dev: FCG18: clusters/flux/dev/sync.yaml: Kustomization frameworkcontroller lost what "
            "keeps it from deleting "
            "(metadata.annotations.kustomize.toolkit.fluxcd.io/prune: disabled)",
        ),
        (
            "clusters/argocd/appproject.yaml",
            "",
            "",
            "clusters/argocd/appproject.yaml: FCG18: is missing "
            "(git restore clusters/argocd/appproject.yaml)",
        ),
        (
            "clusters/flux/dev/account.yaml",
            "kind: ServiceAccount",
            "kind: Other",
            "dev: FCG18: clusters/flux/dev/account.yaml: has no ServiceAccount "
            "frameworkcontroller-flux (git restore clusters/flux/dev/account.yaml)",
        ),
    ],
)
def test_an_edit_that_takes_a_safeguard_away_is_found(
    fcgitops: Fcgitops, copy_of: CopyOf, path: str, old: str, new: str, finding: str
) -> None:
    """Edits are kept, but not silently where they let a sync delete; other edits are no matter."""
    root = copy_of(["new", "deploy", "--gitops", "both", "--env", "dev", "--env", "prod"])
    fcgitops("-C", root, "overlay", "dev", "--set", "sync=flux")
    file = root / path
    text = file.read_text()
    file.write_text(text.replace("timeout: 1m", "timeout: 2m") + "# mine\n")
    assert fcgitops("-C", root, "verify").status == 0
    if old:
        file.write_text(text.replace(old, new))
    else:
        file.unlink()
    assert finding in fcgitops("-C", root, "verify", status=1).out.splitlines()
