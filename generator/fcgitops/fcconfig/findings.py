"""The numbered rules of FrameworkController's configuration file, and findings of them."""

from __future__ import annotations

from collections.abc import Iterable

from fcgitops.core.findings import HAZARD, INFO, REJECT, Finding, Rules, shortened

RULES: Rules = {
    "FCC01": (REJECT, "the file is YAML 1.1 as Go's yaml.v2 reads it, of at most 1 MiB"),
    "FCC02": (HAZARD, "the file holds one document: what follows the first is not read"),
    "FCC03": (HAZARD, "no key is repeated at any depth: the last one wins"),
    "FCC04": (HAZARD, "no merge key (<<) comes after a key that it overrides"),
    "FCC05": (HAZARD, "the file is UTF-8: kustomize would store anything else as binary data"),
    "FCC06": (HAZARD, "the file is FrameworkController's own, and no object that holds it as text"),
    "FCC11": (HAZARD, "every key is one of FrameworkController's, in its case: others are ignored"),
    "FCC12": (REJECT, "every value has its key's type"),
    "FCC13": (HAZARD, "no value is changed as it is read: a fraction is cut off, NaN passes"),
    "FCC14": (HAZARD, "no number is written in a form that programs read differently"),
    "FCC15": (REJECT, "every value is in its range, and what is required is there"),
    "FCC16": (HAZARD, "every attribute is one that FrameworkController knows"),
    "FCC17": (REJECT, "every regular expression is one of Go's"),
    "FCC18": (HAZARD, "no regular expression needs a Go newer than 1.12, which the image has"),
    "FCC21": (REJECT, "the upper limit of the retry delay is not below the lower one"),
    "FCC22": (REJECT, "every code of podFailureSpec is there once"),
    "FCC23": (HAZARD, "no range has a min above its max: it would match nothing"),
    "FCC24": (REJECT, "kubeApiServerAddress is one that a client can be made for"),
    "FCC25": (HAZARD, "kubeApiServerAddress is http[s]://HOST:PORT"),
    "FCC26": (HAZARD, "kubeApiServerAddress is not the Pod itself, as localhost is in a Pod"),
    "FCC31": (INFO, "logObjectSnapshot writes whole objects to the log by default"),
    "FCC32": (INFO, "podFailureSpec replaces the image's: entries that it lacks are unknown"),
    "FCC33": (INFO, "kubeClientQps, kubeClientBurst and workerNumber fit each other"),
    "FCC34": (INFO, "an entry of podFailureSpec that matches every Pod hides those after it"),
    "FCC35": (INFO, "kubeApiServerAddress without a kubeconfig means no authentication"),
    "FCC36": (INFO, "kubeClientBurst is above 0: its client refuses 0 a moment later, and panics"),
}
"""Reject: FrameworkController would panic at its start, and its Pod crash-loop. Hazard: it would
start, but not with what is written, or only with another build of it."""


def found(rule: str, path: str, line: int, message: str, hint: str = "") -> Finding:
    """A finding of `rule`, with the rule's severity."""
    return Finding(rule, RULES[rule][0], shortened(path), line, shortened(message), hint)


def faults(findings: Iterable[Finding]) -> list[Finding]:
    """Those with which a file is not committed: rejects, hazards, and what panics a little later.

    FrameworkController takes a kubeClientBurst of 0, and so is it accepted; its client does not.
    """
    return [f for f in findings if f.severity != INFO or f.rule == "FCC36"]
