"""What must be true of what an environment renders: numbered checks, findings as values.

kustomize exits 0 on a patch that matches nothing, an image name that no layer has, and a
reference to a ConfigMap that it did not hash. These checks look at the rendered objects.
Each check's docstring is its sentence in the generated README.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fcgitops.manifests import overlay as render
from fcgitops.model.environment import IMAGE, Environment

Object = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: the check's number, the overlay, and the sentence."""

    rule: str
    overlay: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """As `verify` prints it."""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.overlay}: {self.rule}: {self.message}{hint}"


@dataclass(frozen=True)
class Rendered:
    """One overlay's objects, and what they should be."""

    overlay: str
    objects: list[Object]
    profile: str
    environment: Environment | None = None
    """None for a variant."""
    config: str | None = None
    """Text of the overlay's frameworkcontroller.yaml, where it has one."""

    def all(self, kind: str, name: str = render.NAME) -> list[Object]:
        """The objects of `kind` called `name`."""
        return [o for o in self.objects if o["kind"] == kind and o["metadata"]["name"] == name]

    def namespace(self) -> str:
        """Where the StatefulSet is."""
        return str(self.controller()["metadata"].get("namespace", ""))

    def controller(self) -> Object:
        """The StatefulSet; FCG01 has made sure that there is one."""
        return self.all("StatefulSet")[0]

    def pod(self) -> Object:
        """The StatefulSet's Pod spec."""
        spec: Object = self.controller()["spec"]["template"]["spec"]
        return spec

    def container(self) -> Object:
        """FrameworkController's container."""
        return next(
            (c for c in self.pod().get("containers", []) if c.get("name") == render.NAME), {}
        )


Messages = Iterator[tuple[str, str]]
"""(message, hint)"""


def _one_controller(r: Rendered) -> Messages:
    """There is one StatefulSet, with one replica or none: two controllers fight each other."""
    found = r.all("StatefulSet")
    if len(found) != 1:
        yield f"renders {len(found)} StatefulSets {render.NAME}", "exactly one"
    elif found[0]["spec"].get("replicas", 1) not in (0, 1):
        yield (
            f"has {found[0]['spec']['replicas']} replicas",
            "1: it is one per cluster",
        )


def _namespace(r: Rendered) -> Messages:
    """Every namespaced object is in the environment's namespace, the Namespace included."""
    wanted = r.environment.namespace if r.environment else r.namespace()
    for o in r.objects:
        place = f"{o['kind']} {o['metadata']['name']}"
        if o["kind"] == "Namespace" and o["metadata"]["name"] != wanted:
            yield (
                f"{place} is not the environment's namespace {wanted}",
                "namespace: in kustomization.yaml",
            )
        elif o["metadata"].get("namespace", wanted) != wanted:
            yield (
                f"{place} is in {o['metadata']['namespace']}, not in {wanted}",
                "namespace: in kustomization.yaml",
            )


def _account(r: Rendered) -> Messages:
    """The Pod's ServiceAccount is rendered and bound: else the API server refuses its calls."""
    name = r.pod().get("serviceAccountName", "default")
    if not r.all("ServiceAccount", name):
        yield f"the Pod runs as the ServiceAccount {name}, which is not rendered", render.NAME
    subjects = [
        (s.get("namespace"), s["name"]) if s["kind"] == "ServiceAccount"
        else tuple(s["name"].removeprefix("system:serviceaccount:").split(":", 1))
        for o in r.objects if o["kind"] == "ClusterRoleBinding"
        for s in o.get("subjects", [])
    ]  # fmt: skip
    if (r.namespace(), name) not in subjects:
        yield (
            f"no ClusterRoleBinding names the ServiceAccount {name} of {r.namespace()}",
            "its subject",
        )


def _references(r: Rendered) -> Messages:
    """Every ConfigMap that the Pod mounts is rendered: else the Pod never starts."""
    for volume in r.pod().get("volumes", []):
        name = volume.get("configMap", {}).get("name")
        if name and not r.all("ConfigMap", name):
            yield (
                f"the Pod mounts the ConfigMap {name}, which is not rendered",
                "namespace: in every layer",
            )


def _configuration(r: Rendered) -> Messages:
    """The mounted ConfigMap holds the overlay's own file, in which `config check` finds nothing."""
    if r.config is None:
        return
    from fcgitops.fcconfig.check import check as check_config  # noqa: PLC0415 - customized ones only
    from fcgitops.fcconfig.findings import faults  # noqa: PLC0415

    for found in faults(check_config(r.config.encode("utf-8", "surrogateescape"))):
        place = f"{render.CONFIG_FILE}:{found.line}: {found.severity}: {found.rule}"
        yield f"{place}: {found.sentence}", found.hint
    names = [v["configMap"]["name"] for v in r.pod().get("volumes", []) if "configMap" in v]
    texts = [
        o.get("data", {}).get(render.CONFIG_FILE) for n in names for o in r.all("ConfigMap", n)
    ]
    if r.config not in texts:
        yield f"no mounted ConfigMap holds {render.CONFIG_FILE} as it is here", "configMapGenerator"


def _image(r: Rendered) -> Messages:
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
        yield f"runs the image {found}, not {wanted}", f"images: name: {IMAGE}"


def _selector(r: Rendered) -> Messages:
    """The StatefulSet's selector matches its Pod's labels: else the API server refuses it."""
    spec = r.controller()["spec"]
    wanted = spec["selector"].get("matchLabels", {})
    labels = spec["template"]["metadata"].get("labels", {})
    if not wanted.items() <= labels.items():
        yield f"selects Pods by {wanted}, but labels them {labels}", "never change the label app"


def _restricted(r: Rendered) -> Messages:
    """In `hardened` the Pod passes the Pod Security Standard `restricted`."""
    if r.profile != "hardened":
        return
    pod = r.pod()
    spec = pod.get("securityContext", {})
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield f"the Pod sets {field}", "leave it out"
    allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
               "projected", "secret"}  # fmt: skip
    for volume in pod.get("volumes", []):
        if not allowed & set(volume):
            yield (
                f"the volume {volume['name']} is of no kind that restricted allows",
                "a Secret for instance",
            )
    for c in [*pod.get("initContainers", []), *pod.get("containers", [])]:
        own = c.get("securityContext", {})
        both = {**spec, **own}
        if both.get("runAsNonRoot") is not True or both.get("runAsUser") == 0:
            yield f"the container {c['name']} may run as root", "runAsNonRoot: true"
        if both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield f"the container {c['name']} has no seccomp profile", "RuntimeDefault"
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            yield (
                f"the container {c['name']} may gain privileges",
                "allowPrivilegeEscalation: false",
            )
        capabilities = own.get("capabilities", {})
        if any(port.get("hostPort") for port in c.get("ports", [])):
            yield f"the container {c['name']} takes a port of its node", "no hostPort"
        if own.get("procMount", "Default") != "Default":
            yield f"the container {c['name']} sets procMount", "leave it out"
        if "ALL" not in capabilities.get("drop", []) or set(capabilities.get("add", [])) - {
            "NET_BIND_SERVICE"
        }:
            yield f"the container {c['name']} keeps capabilities", "capabilities: {drop: [ALL]}"


def _egress(r: Rendered) -> Messages:
    """Where the environment limits egress, the policy is rendered as it was generated."""
    wanted = render.egress(r.environment) if r.environment else {}
    if not wanted:
        return
    found = [o["spec"] for o in r.all(wanted["kind"], wanted["metadata"]["name"])]
    if found != [wanted["spec"]]:
        yield (
            f"does not render {render.EGRESS_FILE} as it stands",
            "allow more in a policy of your own",
        )


def _reproducible(r: Rendered) -> Messages:
    """In `hardened` the ConfigMap's name has a hash, so that a changed file rolls out."""
    if r.profile != "hardened" or r.config is None:
        return
    if r.all("ConfigMap", render.CONFIG_MAP):
        yield (
            f"the ConfigMap is called {render.CONFIG_MAP} plainly: a change would not roll out",
            "no disableNameSuffixHash",
        )


CHECKS: dict[str, Callable[[Rendered], Messages]] = {
    "FCG01": _one_controller,
    "FCG02": _namespace,
    "FCG03": _account,
    "FCG04": _references,
    "FCG05": _configuration,
    "FCG06": _image,
    "FCG07": _selector,
    "FCG08": _restricted,
    "FCG09": _egress,
    "FCG10": _reproducible,
}
"""Number → check. Numbers stay for ever; FCG00 is an overlay that does not build."""


def check(rendered: Rendered) -> list[Finding]:
    """All findings of one overlay; without the StatefulSet of FCG01 there is no more to check."""
    findings: list[Finding] = []
    for rule, messages in CHECKS.items():
        if rule != "FCG01" and any(
            f.rule == "FCG01" and "replicas" not in f.message for f in findings
        ):
            break
        findings += [Finding(rule, rendered.overlay, *pair) for pair in messages(rendered)]
    return findings
