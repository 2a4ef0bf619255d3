"""What an environment's keys are held to together: right alone, some are wrong beside others.

All values are as environment.yaml and fcgitops.yaml have them, key path → value, each of them right
by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fcgitops.core.errors import Problem
from fcgitops.core.lazy import regex
from fcgitops.model import clusters, storage, synctools

Values = Mapping[str, Any]
Place = Callable[..., str]
"""(key, others beside which it is wrong) → where to mend it: at the first of them that is given."""

NOT_FOR_EXPERIMENTS = ("default", "frameworkcontroller")
"""Namespaces that are others', or by default FrameworkController's."""

OLDEST = (1, 0, 0)
"""v0.9.0 and older ask for apiextensions.k8s.io/v1beta1, which Kubernetes 1.22 and newer lack."""
_RELEASE = regex(
    r"v?([0-9]{1,4})(?:\.([0-9]+))?(?:\.([0-9]+))?"
    r"(?:(?P<before>[-._]?(?:alpha|beta|rc|pre|preview|dev|snapshot|nightly)(?![a-z]).*)|[-+._].*)?",
    re.IGNORECASE,
)
"""A release's tag; `before` is a suffix of what comes before the release."""
PINNED, ANY = TAG_POLICIES = ("pinned", "any")
"""`image.tagPolicy`: only tags that stay what they are and work, or whatever stands there."""


def check(given: Values, values: Values, profile: str, place: Place) -> list[Problem]:
    """Every problem of an environment's keys together.

    Args:
        given: of its own file.
        values: these over the repository's defaults, over the profile's.
        profile: the repository's.
        place: where a key is wrong, for messages.
    """
    problems = _hardened(values, place) if profile == "hardened" else []
    return [
        *problems,
        *_namespace(values, profile, place),
        *clusters.problems(values, place),
        *_egress(values, place),
        *_guardrails(values, place),
        *_labels(values, place),
        *(_nni(values, place) if values["nni.namespace"] else _without_nni(given, place)),
    ]


def _hardened(values: Values, place: Place) -> list[Problem]:
    problems = []
    if values["namespace"] == "default" or values["namespace"].startswith("kube-"):
        problems.append(
            Problem(
                place("namespace"),
                f"{values['namespace']!r} is not FrameworkController's own, and hardened labels it "
                "so that it refuses others' Pods",
                "a namespace of its own",
            )
        )
    by_kubeconfig = values["apiServer.kubeconfigSecret"] and not values["apiServer.address"]
    if values["egress.mode"] == "cilium" and by_kubeconfig:
        problems.append(
            Problem(
                place("egress.mode"),
                "cilium cannot know where the kubeconfig leads",
                "apiServer.address too, or mode cidr",
            )
        )
    return problems + image_tag(values, place)


def image_tag(values: Values, place: Place) -> list[Problem]:
    """Why hardened refuses the tag of an image, unless `image.tagPolicy` says that it is meant."""
    tag, pinned = values["image.tag"] or "", bool(values["image.digest"])
    release = _release(values["image.repository"], tag)
    oldest = f"v{'.'.join(map(str, OLDEST))}"
    what = ""
    if not tag and not pinned:
        what = "is empty, and so is image.digest: what runs would be the newest image of its day"
    elif tag == "latest" and not pinned:
        what = "is 'latest', another image every time that it is pulled"
    elif release and release[0] < OLDEST:
        what = f"is {tag!r}, which fails on Kubernetes 1.22 and newer"
    elif release == (OLDEST, True):
        what = f"is {tag!r}, older than {oldest}: releases before that fail on Kubernetes 1.22"
    if not what or values["image.tagPolicy"] == ANY:
        return []
    hint = f"{oldest} or newer; image.tagPolicy: {ANY} takes it all the same"
    return [Problem(place("image.tag", "image.digest"), what, hint)]


def is_too_old(repository: str, tag: str) -> bool:
    """Whether a tag names a release of FrameworkController that no Kubernetes of today runs."""
    release = _release(repository, tag)
    return release is not None and (release[0] < OLDEST or release == (OLDEST, True))


def _release(repository: str, tag: str) -> tuple[tuple[int, ...], bool] | None:
    """The release of FrameworkController that a tag names, and whether it is one before that.

    v1.0.0-rc1 is before v1.0.0; v1.0.0-alpine is v1.0.0. None for images of other names, which
    count their versions in their own way.
    """
    found = _RELEASE.fullmatch(tag)
    if found is None or repository.rpartition("/")[2] != "frameworkcontroller":
        return None
    return tuple(int(part or 0) for part in found.group(1, 2, 3)), bool(found["before"])


def _sync_namespaces() -> list[str]:
    """Where the sync tools themselves run."""
    return [tool.namespace for tool in synctools.KNOWN.values()]


def _namespace(values: Values, profile: str, place: Place) -> list[Problem]:
    name = values["namespace"]
    in_kubernetes = profile != "hardened" and name.startswith("kube-")  # hardened says more of it
    if name not in _sync_namespaces() and not in_kubernetes:
        return []
    what = f"{name!r} is another program's, and Argo CD's project denies it"
    return [Problem(place("namespace"), what, "a namespace of its own")]


def _egress(values: Values, place: Place) -> list[Problem]:
    where = place("egress.endpoints", "egress.mode")
    by_range = values["egress.mode"] == "cidr"
    if by_range and not values["egress.endpoints"]:
        what = "is empty, but egress.mode is cidr: FrameworkController would reach nothing"
        return [Problem(where, what, "list the API server's {cidr, port}, or mode none")]
    if not by_range and values["egress.endpoints"]:
        return [Problem(where, "has no effect", "egress.mode: cidr uses it")]
    return []


def _guardrails(values: Values, place: Place) -> list[Problem]:
    elsewhere = [key for key in ("address", "kubeconfigSecret") if values[f"apiServer.{key}"]]
    if "guardrails" not in values["components"] or not elsewhere:
        return []
    return [
        Problem(
            place("components"),
            "guardrails would bound nothing: they know FrameworkController by its "
            f"ServiceAccount, and with apiServer.{elsewhere[0]} it is somebody else",
            "leave guardrails out, and bound that user where it works",
        )
    ]


def _labels(values: Values, place: Place) -> list[Problem]:
    if "app" not in values["labels"]:
        return []
    return [Problem(place("labels"), "'app' is the selector's own label", "another key")]


def _without_nni(given: Values, place: Place) -> list[Problem]:
    """Keys of its own; the repository's defaults are for the environments with NNI."""
    return [
        Problem(place(path), "has no effect without nni.namespace", "nni.namespace: nni")
        for path in given
        if path.startswith("nni.") and given[path]
    ]


def _nni(values: Values, place: Place) -> list[Problem]:
    problems = []
    namespace = values["nni.namespace"]
    others = (values["namespace"], *NOT_FOR_EXPERIMENTS, *_sync_namespaces())
    if namespace in others or namespace.startswith("kube-"):
        problems.append(
            Problem(
                place("nni.namespace"),
                f"{namespace!r} is another program's, and trials run what anybody writes",
                "a namespace of its own, such as nni",
            )
        )
    if not values["nni.storage"]:
        problems.append(
            Problem(place("nni.storage"), "is not given, and NNI needs one", storage.WANTED)
        )
    return problems + _counted_without_default(values["nni.quota"], values["nni.limits"], place)


def _counted_without_default(quota: Values, limits: Values, place: Place) -> list[Problem]:
    """The API server refuses a Pod that says nothing of what a quota counts.

    NNI says nothing for FrameworkBarrier, the first container of each trial. What a LimitRange
    gives to such a container: k8s.io/kubernetes pkg/apis/core/v1, SetDefaults_LimitRangeItem.
    """
    default = {
        f"{kind}.{resource}"
        for kind, names in (
            ("requests", ("default", "defaultRequest", "max", "min")),
            ("limits", ("default", "max")),
        )
        for name in names
        for resource in limits.get(name, {})
    }
    problems = []
    for counted in quota:
        full = f"requests.{counted}" if counted in ("cpu", "memory") else counted
        if full in ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory") and (
            full not in default
        ):
            kind, _, resource = full.partition(".")
            name = "defaultRequest" if kind == "requests" else "default"
            problems.append(
                Problem(
                    place(f"nni.quota.{counted}", "nni.limits"),
                    f"is counted, but a container that says nothing of its {resource} has no "
                    "default: the API server would refuse every trial",
                    f"nni.limits: {{{name}: {{{resource}: …}}}}",
                )
            )
    return problems
