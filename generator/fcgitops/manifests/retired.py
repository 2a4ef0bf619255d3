"""retired.yaml: a former configuration, on its way off the cluster.

A configuration is a ConfigMap with a hash in its name. Where a commit changes it and the API server
refuses the StatefulSet of the same commit, Argo CD would prune the ConfigMap that the StatefulSet
still mounts: its next Pod would not start. So Argo CD prunes none (`Prune=false`) that is no longer
in Git, and the last few stay. One that is older is rendered once more, without that mark: a sync
takes the mark off, and the next change of the configuration, which retires another, has it pruned.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from fcgitops.manifests.overlay import CONFIG_MAP, LABELS
from fcgitops.model import layout
from fcgitops.model.environment import CUSTOMIZED_CONFIG, Environment
from fcgitops.text import yamlio

MARK = "# Written by fcgitops"
"""How the file begins; one that does not is the user's."""
KEPT = 3
"""How many former configurations stay as they are."""


def applies(environment: Environment, profile: str) -> bool:
    """Whether its configurations have names of their own, and its tool would prune them first."""
    return (
        profile == "hardened"
        and environment.variant == CUSTOMIZED_CONFIG
        and environment.tool.habits.prunes_first
    )


def choose(versions: Iterable[bytes]) -> bytes | None:
    """The configuration to retire; None where there are too few.

    Args:
        versions: texts of frameworkcontroller.yaml, the newest first; one may stand there again.
    """
    distinct = list(dict.fromkeys(versions))
    return distinct[KEPT + 1] if len(distinct) > KEPT + 1 else None


def render(config: bytes) -> bytes | None:
    """The content of retired.yaml; None for a file that is no text.

    Args:
        config: the text of a frameworkcontroller.yaml.
    """
    try:
        text = config.decode()
    except UnicodeDecodeError:
        return None
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{CONFIG_MAP}-{name_hash(text)}",
            "labels": LABELS,
            # As the one in use: ${...} in a regular expression is no variable of Flux's.
            "annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"},
        },
        "data": {layout.CONFIG_FILE: text},
    }
    comment = (
        f"{MARK}: what {layout.CONFIG_FILE} was, {KEPT + 1} changes ago. "
        f"The {KEPT} after it are on\n"
        "# the cluster still; this one is pruned with the next change. See README.md.\n"
    )
    return (comment + yamlio.dump(document)).encode()


def name_hash(config: str) -> str:
    """What kustomize puts behind the ConfigMap's name.

    Source: kustomize api/hasher/hasher.go: ten digits of the SHA-256 of the object's JSON as Go
    writes it, those that could spell a word replaced. (It looks for the name at a key
    `metadata/name`, so it finds none.)
    """
    data = {"data": {layout.CONFIG_FILE: config}, "kind": "ConfigMap", "name": ""}
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    digits = hashlib.sha256(text.encode()).hexdigest()[:10]
    return digits.translate(str.maketrans("013ae", "ghkmt"))
