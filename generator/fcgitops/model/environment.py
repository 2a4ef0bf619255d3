"""What a repository and its environments are: frozen, and valid once they exist.

`Environment` is also the one table of an environment's keys: each field carries its key in
YAML, its check and its help text; parsing, `--set`, CSV columns, defaults and the docs
read it from there.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fcgitops.core.errors import InputError, Problem
from fcgitops.kubernetes import values as kube
from fcgitops.model import clusters, consistency, expects, image, layout, storage, synctools
from fcgitops.text import images, values
from fcgitops.text.values import Check

DEFAULT_CONFIG = layout.DEFAULT_CONFIG
CUSTOMIZED_CONFIG = layout.CUSTOMIZED_CONFIG
VARIANTS = layout.VARIANTS
PROFILES = ("hardened", "upstream")
COMPONENTS = ("crd", "guardrails")
EGRESS_MODES = ("none", "cidr", "cilium")
RESERVED_NAMES = (*VARIANTS, "base", "local", "components", "experiments")
"""Names no environment may have: the variants, and what would read as something else."""

IMAGE = image.PUBLISHED
"""The image on Docker Hub; its name in the base, which `images:` matches."""
IMAGE_TAG = "v1.0.0"
"""The newest tag known to be published; v0.9.0 and older fail on Kubernetes 1.22 and newer."""


@dataclass(frozen=True)
class Key:
    """One key of an environment: where it stands in YAML, what it takes, what it does."""

    path: str
    check: Check
    help: str
    kind: type[Any]
    repository_default: bool
    """Whether `defaults:` of fcgitops.yaml may give it for all environments."""
    hardened_only: bool
    levels: int
    """How deep the entries of a mapping lie that may be set one by one; 0 for no such mapping."""
    entry: type[Any]
    """What such an entry is: a text, or a list of texts."""
    normal: Callable[[Any], Any]
    """The one form of a right value that is written in several."""
    texts: Sequence[str]
    """Where in YAML a text must stand: names below the key, "" for itself, * for each entry, []
    for each item of a list."""


def _as_it_is(value: object) -> object:
    return value


def _key(  # noqa: PLR0913 - one call a key, all by name
    path: str,
    check: Check,
    help: str,
    default: object = "",
    *,
    repository_default: bool = True,
    hardened_only: bool = False,
    levels: int = 0,
    entry: type[Any] = str,
    normal: Callable[[Any], Any] = _as_it_is,
    texts: Sequence[str] | None = None,
) -> Any:  # noqa: ANN401 - as dataclasses.field
    kind: type[Any] = type(default)
    texts = (("[]" if kind is list else ""),) if texts is None else texts
    key = Key(
        path, check, help, kind, repository_default, hardened_only, levels, entry, normal, texts
    )
    if isinstance(default, dict | list):
        return field(default_factory=lambda: kind(default), metadata={"key": key})
    return field(default=default, metadata={"key": key})


def _settings(value: object) -> str:
    from fcgitops.model import settings  # noqa: PLC0415 - the only field that needs the table

    return settings.check(value)


def _tag(value: object) -> str:
    return "" if value in (None, "") else images.tag(value)


def _text_or_none(value: str | None) -> str:
    return value or ""


def _sync_tool(value: object) -> str:
    return values.one_of(*synctools.KNOWN)(value)


@dataclass(frozen=True)
class Environment:
    """One cluster's FrameworkController, as `overlays/NAME/environment.yaml` describes it."""

    name: str
    variant: str = _key(
        "variant",
        values.one_of(*VARIANTS),
        "which overlay it builds on",
        DEFAULT_CONFIG,
        repository_default=False,
    )
    cluster_name: str = _key(
        "cluster.name",
        clusters.name,
        "the cluster's name; the environment's by default",
        repository_default=False,
    )
    cluster_server: str = _key(
        "cluster.server",
        values.optional(clusters.server),
        "the cluster's API server",
        repository_default=False,
        normal=clusters.one_spelling,
    )
    namespace: str = _key(
        "namespace", kube.dns_label, "where FrameworkController runs", "frameworkcontroller"
    )
    sync: str = _key(
        "sync",
        _sync_tool,
        "the one tool that syncs it",
        synctools.ARGOCD.name,
        repository_default=False,
    )
    image_registry: str = _key(
        "image.registry", values.optional(images.registry), "a mirror; Docker Hub when empty"
    )
    image_repository: str = _key("image.repository", images.repository, "the image", IMAGE)
    image_tag: str = _key("image.tag", _tag, "its tag", IMAGE_TAG, normal=_text_or_none)
    image_tag_policy: str = _key(
        "image.tagPolicy",
        values.one_of(*consistency.TAG_POLICIES),
        "pinned: no tag, `latest`, and tags older than v1.0.0 are refused; any: they are taken",
        consistency.PINNED,
        hardened_only=True,
    )
    image_digest: str = _key(
        "image.digest", values.optional(images.digest), "sha256:…, which pins the image's content"
    )
    image_pull_secrets: list[str] = _key(
        "image.pullSecrets",
        values.list_of(kube.subdomain),
        "Secrets of the namespace that the kubelet pulls with",
        [],
    )
    api_address: str = _key(
        "apiServer.address",
        values.optional(clusters.reached_from_a_pod),
        "KUBE_APISERVER_ADDRESS; FrameworkController then sends no token of its own, so an "
        "https address needs a kubeconfig too",
    )
    kubeconfig_secret: str = _key(
        "apiServer.kubeconfigSecret",
        values.optional(kube.subdomain),
        "a Secret of the namespace that holds a kubeconfig: sets KUBECONFIG",
    )
    kubeconfig_key: str = _key(
        "apiServer.kubeconfigKey", kube.secret_key, "the key of that Secret", "kubeconfig"
    )
    egress_mode: str = _key(
        "egress.mode",
        values.one_of(*EGRESS_MODES),
        "what limits outgoing traffic to the API server",
        "none",
        hardened_only=True,
    )
    egress_endpoints: list[dict[str, Any]] = _key(
        "egress.endpoints",
        values.list_of(values.endpoint),
        "the API server's addresses, {cidr, port} each, for mode cidr",
        [],
        hardened_only=True,
        texts=["cidr"],
    )
    cpu: str = _key(
        "resources.cpu",
        values.optional(kube.cpu),
        "CPU request; the base's when empty",
        normal=kube.amount_text,
        texts=(),
    )
    memory: str = _key(
        "resources.memory",
        values.optional(image.memory),
        "memory request and limit; the base's when empty",
        normal=kube.amount_text,
        texts=(),
    )
    node_selector: dict[str, str] = _key(
        "nodeSelector",
        image.node_selector,
        "labels of the nodes it may run on",
        {},
        levels=1,
        texts=["*"],
    )
    tolerations: list[dict[str, Any]] = _key(
        "tolerations",
        kube.tolerations,
        "taints it tolerates",
        [],
        texts=["key", "operator", "value", "effect"],
    )
    labels: dict[str, str] = _key(
        "labels", kube.labels, "labels of the StatefulSet and its Pod", {}, levels=1, texts=["*"]
    )
    annotations: dict[str, str] = _key(
        "annotations", kube.pod_annotations, "annotations of the Pod", {}, levels=1, texts=["*"]
    )
    priority_class: str = _key(
        "priorityClassName",
        values.optional(kube.subdomain),
        "a PriorityClass that exists",
    )
    components: list[str] = _key(
        "components",
        values.list_of(values.one_of(*COMPONENTS)),
        "optional parts of components/",
        [],
    )
    flux_interval: str = _key(
        "flux.interval",
        values.duration,
        "after how long at the latest Flux takes back what somebody has changed on the cluster",
        "10m",
    )
    flux_shard: str = _key(
        "flux.shard",
        values.optional(kube.label_value),
        "sharding.fluxcd.io/key of what Flux syncs it with, where many controllers share clusters",
    )
    nni_namespace: str = _key(
        "nni.namespace",
        values.optional(kube.dns_label),
        "the namespace of NNI experiments; without it there are none",
        repository_default=False,
    )
    nni_storage: str = _key(
        "nni.storage",
        values.optional(storage.check),
        f"the share between NNI's managers and trials: {storage.WANTED}",
        normal=storage.one_spelling,
    )
    nni_pull_secrets: list[str] = _key(
        "nni.pullSecrets",
        values.list_of(kube.subdomain),
        "Secrets of that namespace that managers and trials are pulled with",
        [],
    )
    nni_ui_from: list[str] = _key(
        "nni.uiFrom",
        values.list_of(kube.dns_label),
        "namespaces whose Pods may open NNI's pages, such as an ingress controller's",
        [],
    )
    nni_egress: list[dict[str, Any]] = _key(
        "nni.egress",
        values.list_of(values.endpoint),
        "what else managers and trials may connect to in private networks, {cidr, port} each",
        [],
        texts=["cidr"],
    )
    nni_quota: dict[str, Any] = _key(
        "nni.quota",
        kube.quota,
        "what all of the namespace may ask for: `hard` of a ResourceQuota",
        {},
        levels=1,
        texts=(),
    )
    nni_limits: dict[str, Any] = _key(
        "nni.limits",
        kube.limits,
        "what each container there gets and may ask for: default, defaultRequest, min, max of a "
        "LimitRange",
        {},
        levels=2,
        texts=(),
    )
    expects: dict[str, Any] = _key(
        "expects",
        expects.check,
        "what is on the cluster though nothing here renders it: lists of names by kind",
        {},
        levels=1,
        entry=list,
        texts=["*[]"],
    )
    hold: str = _key(
        "hold",
        values.optional(values.sentence),
        "why nothing is promoted to it; `rollback` writes it, `rollback --release` takes it out",
        repository_default=False,
    )
    settings: dict[str, Any] = _key(
        "settings",
        _settings,
        "FrameworkController's own settings, over those of the variant customized-config",
        {},
        texts=(),
    )
    shipped_pod_failure_spec: str = _key(
        "shippedPodFailureSpec",
        values.one_of("keep", "replace"),
        "keep: podFailureSpec of `settings` goes before what FrameworkController's image knows; "
        "replace: it is the whole list",
        "keep",
    )
    settings_text: str = ""
    """`settings` as environment.yaml has it, with its comments; empty where it has none."""

    @property
    def image_name(self) -> str:
        """Registry and repository, as an image reference starts."""
        return "/".join(filter(None, (self.image_registry, self.image_repository)))

    @property
    def tool(self) -> synctools.Traits:
        """The tool that syncs it."""
        return synctools.KNOWN[self.sync]

    @property
    def identities(self) -> Sequence[tuple[str, str]]:
        """By what its cluster is told from others: see `clusters.identities`."""
        return clusters.identities(self.cluster_name, self.cluster_server)

    @property
    def runs_nni(self) -> bool:
        """Whether it is made ready for NNI experiments."""
        return bool(self.nni_namespace)

    @property
    def finds_api_server_by_name(self) -> bool:
        """Whether its Pod may need DNS; the cluster's own API server is found by address."""
        if self.kubeconfig_secret:
            return True
        host = urlsplit(self.api_address).hostname or ""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return bool(host)
        return False


FIELDS = {f.metadata["key"].path: f.name for f in dataclasses.fields(Environment) if f.metadata}
"""Key in YAML → field of `Environment`."""
KEYS: dict[str, Key] = {
    f.metadata["key"].path: f.metadata["key"] for f in dataclasses.fields(Environment) if f.metadata
}
"""Key in YAML → its description, in the order in which environment.yaml shows them."""

OTHERS_RULES = ("settings",)
"""Keys whose values are read as FrameworkController's own YAML."""
TEXTS = frozenset(
    f"{path}{below}" if below in ("", "[]") else f"{path}.{below}"
    for path, key in KEYS.items()
    for below in key.texts
)
"""Key paths where a text must stand; as `scalars.misread` takes them."""
READ_BY_ARGOCD = ("cluster.name", "cluster.server", "namespace", "sync", "nni.namespace")
"""Keys that the ApplicationSet reads from the same file, by Go's YAML."""

PROFILE_DEFAULTS: dict[str, dict[str, Any]] = {
    "hardened": {},
    "upstream": {  # as the seed's manifests have it
        "namespace": "default",
        "image.tag": "",
        "shippedPodFailureSpec": "replace",
    },
}


def check_name(name: str, where: str) -> list[Problem]:
    """The problems of an environment's name: a DNS label that is not reserved."""
    if not name:
        return [Problem(where, "has no name", "such as prod; with make: ENV=prod")]
    if wrong := kube.dns_label(name):
        return [Problem(where, wrong)]
    if name in RESERVED_NAMES:
        return [Problem(where, f"{name!r} is reserved", "another name, such as dev or prod")]
    return []


def check_values(given: Mapping[str, Any], where: str, profile: str) -> list[Problem]:
    """A problem for each value in `given` (key path → value) that its key does not take."""
    problems = []
    for path, value in given.items():
        key = KEYS[path]
        if value is None and key.check(value):
            problems.append(
                Problem(f"{where}: {path}", "has no value", "give it one, or leave the key out")
            )
        elif wrong := key.check(value):
            problems += [Problem(f"{where}: {path}", line) for line in wrong.split("\n")]
        elif key.hardened_only and profile != "hardened" and value != _default(path, profile):
            problems.append(
                Problem(f"{where}: {path}", "works in the profile hardened only", "leave it out")
            )
    return problems


def _default(path: str, profile: str) -> Any:  # noqa: ANN401
    if path in PROFILE_DEFAULTS[profile]:
        return PROFILE_DEFAULTS[profile][path]
    spec = Environment.__dataclass_fields__[FIELDS[path]]
    if spec.default is not dataclasses.MISSING:
        return spec.default
    assert spec.default_factory is not dataclasses.MISSING  # noqa: S101
    return spec.default_factory()


def normal(path: str, value: Any) -> Any:  # noqa: ANN401 - of any key
    """A value of the key `path` in its one form; what the key does not take stays as it is."""
    key = KEYS[path]
    return value if key.check(value) else key.normal(value)


def default_values(profile: str) -> dict[str, Any]:
    """Every key's default in `profile`."""
    return {path: _default(path, profile) for path in KEYS}


def environment(  # noqa: PLR0913 - the two sources, and how messages name each
    name: str,
    given: Mapping[str, Any],
    defaults: Mapping[str, Any],
    profile: str,
    where: str,
    *,
    defaults_where: str = "",
) -> Environment:
    """The environment `name` of what its file gives over the repository's defaults.

    Args:
        name: the folder below overlays/.
        given: key path → value of environment.yaml.
        defaults: key path → value of fcgitops.yaml's `defaults`.
        profile: `hardened` or `upstream`.
        where: the file, for messages.
        defaults_where: the same of the defaults; `where` when empty.

    Raises:
        InputError: with every problem, each at the source of the value that is wrong.
    """

    def place(path: str, *others: str) -> str:
        told = [key for key in (path, *others) if _has(given, key) or _has(defaults, key)]
        by_default = bool(told) and not _has(given, told[0])
        return f"{(by_default and defaults_where) or where}: {path}"

    problems = check_name(name, where) + check_values(given, where, profile)
    all_values = default_values(profile) | {"cluster.name": name} | dict(defaults) | dict(given)
    if not problems:
        problems = consistency.check(given, all_values, profile, place)
        problems += _check_settings(given, all_values, where)
    if problems:
        raise InputError(problems)
    return Environment(name, **{FIELDS[p]: KEYS[p].normal(v) for p, v in all_values.items()})


def _has(values: Mapping[str, Any], path: str) -> bool:
    """Whether `values` hold the key `path`, or the key that it is an entry of."""
    return any(path == key or path.startswith(f"{key}.") for key in values)


NO_FILE_FOR_SETTINGS = f"{DEFAULT_CONFIG} has no configuration file to set anything in"


def _check_settings(
    given: Mapping[str, Any], all_values: Mapping[str, Any], where: str
) -> list[Problem]:
    """What is wrong with an environment's own settings.

    The repository's defaults are for the environments that can have some.
    """
    if not given.get("settings") or all_values["variant"] != DEFAULT_CONFIG:
        return []
    return [
        Problem(
            f"{where}: settings",
            NO_FILE_FOR_SETTINGS,
            f"--variant {CUSTOMIZED_CONFIG}, or take `settings` out of environment.yaml",
        )
    ]
