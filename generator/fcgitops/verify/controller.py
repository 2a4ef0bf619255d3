"""What must be true of FrameworkController as an overlay renders it.

kustomize exits 0 on a patch that matches nothing, an image name that no layer has, and a
reference to a ConfigMap that it did not hash. These checks look at the rendered objects.
"""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.core.findings import HAZARD, REJECT
from fcgitops.kubernetes import podsecurity
from fcgitops.kubernetes.field import Field, dotted
from fcgitops.kubernetes.objects import Object, listing, mapping, mappings, pod_spec
from fcgitops.manifests import overlay
from fcgitops.model import layout
from fcgitops.model.environment import IMAGE
from fcgitops.model.image import BINARY, MAX_SECONDS, START
from fcgitops.model.image import is_ours as image_is_ours
from fcgitops.text.words import count, shown
from fcgitops.verify.dependencies import expected
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import CONTROLLER, POD, RENDERED, STATEFUL_SET, Rendered, named


@RENDERED.check("FCG01", HAZARD)
def one_controller(r: Rendered) -> Faults:
    """There is one StatefulSet, with one replica or none: two controllers fight each other."""
    found = r.all("StatefulSet")
    if len(found) != 1:
        yield Fault(f"renders {count(len(found), 'StatefulSet')} {overlay.NAME}", "exactly one")
    elif found[0]["spec"].get("replicas", 1) not in (0, 1):
        yield Fault(
            f"has {found[0]['spec']['replicas']} replicas",
            "1: it is one per cluster",
            object=STATEFUL_SET,
            cause="spec.replicas",
        )
    yield from _scaled(r)
    yield from _others(r)


def _others(r: Rendered) -> Faults:
    """Other containers that run FrameworkController, in its own Pod or in another one."""
    own = r.all("StatefulSet")[:1]
    for item in r.objects:
        containers = mappings(pod_spec(item).get("containers"))
        if item in own:
            containers = [c for c in containers if c.get("name") != overlay.NAME]
        if mapping(item.get("spec")).get("replicas", 1) != 0 and any(map(_runs, containers)):
            what = "runs FrameworkController, too: two of them fight each other"
            yield Fault(what, "take it out: it is one per cluster", object=named(item))


def _runs(container: Object) -> bool:
    words = [str(word) for key in ("command", "args") for word in listing(container.get(key))]
    if container.get("command"):
        return any(BINARY in word or START in word for word in words)
    return image_is_ours(container.get("image"))


def _scaled(r: Rendered) -> Faults:
    """HorizontalPodAutoscalers, and others' scalers, which are for more than one replica."""
    for item in r.objects:
        spec = item.get("spec")
        target = spec.get("scaleTargetRef") if isinstance(spec, dict) else None
        if not isinstance(target, dict) or item["spec"].get("maxReplicas") == 1:
            continue
        if (target.get("kind"), target.get("name")) == ("StatefulSet", overlay.NAME):
            what = f"makes more than one of the {STATEFUL_SET}"
            yield Fault(what, "take it out: it is one per cluster", object=named(item))


@RENDERED.check("FCG02", HAZARD)
def namespace(r: Rendered) -> Faults:
    """Every namespaced object is in the environment's namespace, the Namespace included."""
    wanted = r.environment.namespace if r.environment else r.namespace()
    for o in r.objects:
        place = f"{o['kind']} {o['metadata']['name']}"
        if o["kind"] == "Namespace" and o["metadata"]["name"] != wanted:
            yield Fault(
                f"{place} is not the environment's namespace {wanted}",
                "namespace: in kustomization.yaml",
                object=place,
                cause="metadata.namespace",
            )
        elif o["metadata"].get("namespace", wanted) != wanted:
            yield Fault(
                f"{place} is in {o['metadata']['namespace']}, not in {wanted}",
                "namespace: in kustomization.yaml",
                object=place,
                cause="metadata.namespace",
            )


@CONTROLLER.check("FCG03", HAZARD)
def account(r: Rendered) -> Faults:
    """The Pod's ServiceAccount is rendered and bound: else the API server refuses its calls.

    With `apiServer.kubeconfigSecret` it is somebody else, and nobody is bound.
    """
    name = r.account()
    if not r.all("ServiceAccount", name):
        yield Fault(
            f"the Pod runs as the ServiceAccount {name}, which is not rendered",
            overlay.NAME,
            object=STATEFUL_SET,
            cause=f"{POD}.serviceAccountName",
        )
    subjects = [
        (s.get("namespace"), s.get("name")) if s.get("kind") == "ServiceAccount"
        else tuple(s.get("name", "").removeprefix("system:serviceaccount:").split(":", 1))
        for o in r.objects if o["kind"] == "ClusterRoleBinding"
        for s in o.get("subjects", [])
    ]  # fmt: skip
    elsewhere = any(v.get("name") == "KUBECONFIG" for v in r.container().get("env") or ())
    if not elsewhere and (r.namespace(), name) not in subjects:
        yield Fault(
            f"no ClusterRoleBinding names the ServiceAccount {name} of {r.namespace()}",
            "its subject",
            object=f"ClusterRoleBinding {overlay.NAME}",
            cause="subjects",
        )


@CONTROLLER.check("FCG04", HAZARD)
def references(r: Rendered) -> Faults:
    """Every ConfigMap that the Pod mounts is rendered: else the Pod never starts."""
    for volume in r.pod().get("volumes", []):
        source = volume.get("configMap", {})
        name = source.get("name")
        there = r.all("ConfigMap", name) or ("ConfigMap", name) in expected(r)
        if name and not there and not source.get("optional"):
            yield Fault(
                f"the Pod mounts the ConfigMap {name}, which is not rendered",
                "namespace: in every layer",
                object=STATEFUL_SET,
                path=f"{POD}.volumes[{volume.get('name')}].configMap",
            )


@CONTROLLER.check("FCG05", HAZARD)
def configuration(r: Rendered) -> Faults:
    """The mounted ConfigMap holds the overlay's own file, in which `config check` finds nothing."""
    if r.config is None:
        return
    from fcgitops.fcconfig.check import check as check_config  # noqa: PLC0415 - customized ones only
    from fcgitops.fcconfig.findings import faults  # noqa: PLC0415

    for found in faults(check_config(r.config_data)):
        yield Fault(
            f"{found.message} [{found.rule}]", found.hint, file=r.config_file, line=found.line,
            path=found.path, severity=found.severity,
        )  # fmt: skip
    for key, seconds in _overflowing(r):
        what = f"{seconds} seconds overflow: FrameworkController takes another time"
        hint = f"{MAX_SECONDS} or less"
        yield Fault(what, hint, file=r.config_file, path=key)
    names = [v["configMap"].get("name") for v in r.pod().get("volumes", []) if "configMap" in v]
    texts = [
        o.get("data", {}).get(layout.CONFIG_FILE) for n in names for o in r.all("ConfigMap", n)
    ]
    if r.config not in texts:
        mounted = [o for n in names for o in r.all("ConfigMap", n)]
        yield Fault(
            f"no mounted ConfigMap holds {layout.CONFIG_FILE} as it is here",
            "configMapGenerator",
            object=named(mounted[0]) if mounted else STATEFUL_SET,
            cause="data" if mounted else f"{POD}.volumes",
        )


def _overflowing(r: Rendered) -> Iterator[tuple[str, int]]:
    """Settings that are more seconds than a duration of Go's holds."""
    decoded = r.settings()
    for key, value in decoded.value.items() if decoded else ():
        if key.endswith("Sec") and isinstance(value, int) and value > MAX_SECONDS:
            yield key, value


@CONTROLLER.check("FCG06", HAZARD)
def image(r: Rendered) -> Faults:
    """The image is the one that the environment names: an unmatched `images:` is silent."""
    if r.environment is None:
        return
    env = r.environment
    wanted = env.image_name
    if env.image_tag:
        wanted += f":{env.image_tag}"
    if env.image_digest:
        wanted += f"@{env.image_digest}"
    found = str(r.container().get("image", ""))
    if found != wanted:
        yield Fault(
            f"runs the image {found}, not {wanted}",
            f"images: name: {IMAGE}",
            object=STATEFUL_SET,
            cause=f"{POD}.containers.image",
        )


@CONTROLLER.check("FCG07", REJECT)
def selector(r: Rendered) -> Faults:
    """The StatefulSet's selector matches its Pod's labels: else the API server refuses it."""
    spec = r.controller()["spec"]
    wanted = spec["selector"].get("matchLabels", {})
    labels = spec["template"]["metadata"].get("labels", {})
    is_own = labels.get("app") == overlay.NAME
    if not wanted.items() <= labels.items():
        yield Fault(
            f"selects Pods by {shown(wanted)}, but labels them {shown(labels)}",
            "never change the label app",
            object=STATEFUL_SET,
            cause="spec.selector" if is_own else "spec.template.metadata.labels",
        )


@CONTROLLER.check("FCG08", HAZARD)
def restricted(r: Rendered) -> Faults:
    """In `hardened` the Pod passes the Pod Security Standard `restricted`."""
    if r.profile != "hardened":
        return
    pod = Field.of(r.controller())["spec"]["template"]
    for place, complaint in podsecurity.complaints(pod, podsecurity.RESTRICTED):
        what = f"{complaint}: hardened is `restricted`"
        yield Fault(what, object=STATEFUL_SET, path=dotted(place.path))


@RENDERED.check("FCG09", HAZARD)
def egress(r: Rendered) -> Faults:
    """Where the environment limits egress, the policy is rendered as it was generated."""
    wanted = overlay.egress(r.environment) if r.environment else {}
    if not wanted:
        return
    found = [o["spec"] for o in r.all(wanted["kind"], wanted["metadata"]["name"])]
    if found != [wanted["spec"]]:
        yield Fault(
            f"does not render {layout.EGRESS_FILE} as it stands",
            "allow more in a policy of your own",
            object=f"{wanted['kind']} {wanted['metadata']['name']}",
            cause="spec",
        )


@RENDERED.check("FCG10", HAZARD)
def reproducible(r: Rendered) -> Faults:
    """In `hardened` the ConfigMap's name has a hash, so that a changed file rolls out."""
    if r.profile != "hardened" or r.config is None:
        return
    if r.all("ConfigMap", overlay.CONFIG_MAP):
        yield Fault(
            f"the ConfigMap is called {overlay.CONFIG_MAP} plainly: a change would not roll out",
            "no disableNameSuffixHash",
            object=f"ConfigMap {overlay.CONFIG_MAP}",
            cause="metadata.name",
        )
