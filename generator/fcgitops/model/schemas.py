"""JSON Schemas of the YAML files that people edit, made from the tables of their keys. Pure.

An editor that speaks yaml-language-server completes and marks by them, as the first line of each
file says. They take whatever fcgitops takes; what only several keys together make wrong, or a
name's characters, is left to fcgitops.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from fcgitops.kubernetes import values as kube
from fcgitops.model import answers, consistency, expects, experiment, gates, layout, promotion
from fcgitops.model import environment as model
from fcgitops.model.synctools import ALL, KNOWN

Schema = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_EACH_ONCE: Schema = {**_TEXTS, "uniqueItems": True}
_AMOUNT: Schema = {"type": ["string", "number"], "minimum": 0}
_TAKEN_AS_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_AMOUNTS: Schema = {"type": "object", "additionalProperties": _AMOUNT}
_TEXT_BY_NAME: Schema = {"type": "object", "additionalProperties": _TEXT}
_ENDPOINTS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["cidr", "port"],
        "additionalProperties": False,
        "properties": {
            "cidr": {"type": "string", "examples": ["10.0.0.1/32"]},
            "port": {"type": "integer", "minimum": 1, "maximum": 65535},
        },
    },
}
_TOLERATIONS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "key": {"type": ["string", "null"]},
            "operator": {"type": ["string", "null"], "examples": ["Exists", "Equal"]},
            "value": {"type": ["string", "null"]},
            "effect": {
                "type": ["string", "null"],
                "examples": ["NoSchedule", "PreferNoSchedule", "NoExecute"],
            },
            "tolerationSeconds": {"type": ["integer", "null"]},
        },
    },
}

_VALUES: dict[str, Schema] = {
    "variant": {"enum": [*model.VARIANTS]},
    "sync": {"enum": [*KNOWN]},
    "image.tag": {"type": ["string", "null"]},
    "image.tagPolicy": {"enum": [*consistency.TAG_POLICIES]},
    "egress.mode": {"enum": [*model.EGRESS_MODES]},
    "egress.endpoints": _ENDPOINTS,
    "resources.cpu": _AMOUNT,
    "resources.memory": _AMOUNT,
    "nodeSelector": _TEXT_BY_NAME,
    "tolerations": _TOLERATIONS,
    "labels": _TEXT_BY_NAME,
    "annotations": _TEXT_BY_NAME,
    "components": {**_EACH_ONCE, "items": {"enum": [*model.COMPONENTS]}},
    "nni.egress": _ENDPOINTS,
    "nni.quota": _AMOUNTS,
    "nni.limits": {
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(kube.LIMITS, _AMOUNTS),
    },
    "expects": {
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(expects.KINDS, _TEXTS),
    },
    "settings": {"$ref": layout.SCHEMA.rpartition("/")[2]},
    "shippedPodFailureSpec": {"enum": ["keep", "replace"]},
}
"""Keys of environment.yaml that take more, or less, than any text or any list of texts."""
_RUN_VALUES: dict[str, Schema] = {
    "run": {"type": "integer", "minimum": 1, "maximum": 1 << 31},
    "user": {"type": "integer", "minimum": 0, "maximum": (1 << 31) - 1},
    "resources.cpu": _AMOUNT,
    "resources.memory": _AMOUNT,
    "nodeSelector": _TEXT_BY_NAME,
    "tolerations": _TOLERATIONS,
}
_BY_KIND: dict[type, Schema] = {str: _TEXT, list: _EACH_ONCE}


@cache
def files() -> Mapping[str, bytes]:
    """Path in a repository → the text of each schema."""
    made = {
        layout.ENVIRONMENT_SCHEMA: environment(),
        layout.ANSWERS_SCHEMA: answers_file(),
        layout.RUN_SCHEMA: run(),
    }
    return {path: f"{json.dumps(schema, indent=1)}\n".encode() for path, schema in made.items()}


def environment() -> Schema:
    """The schema of environment.yaml."""
    return _whole(layout.SOURCE_FILE, _environment_keys(model.KEYS))


def run() -> Schema:
    """The schema of an experiment's run.yaml."""
    keys = {
        path: {"description": key.help, **_RUN_VALUES.get(path, _TEXT)}
        for path, key in experiment.KEYS.items()
    }
    return _whole(layout.RUN_FILE, {**_nested(keys), "required": ["environment"]})


def answers_file() -> Schema:
    """The schema of fcgitops.yaml."""
    given: dict[str, Schema] = {
        **dict.fromkeys((*answers.RECORDED, answers.PATH), _TAKEN_AS_TEXT),
        "profile": {"enum": [*model.PROFILES]},
        "gitops": {"enum": [*KNOWN, ALL]},
        "forge": {"enum": [*layout.FORGES]},
    }
    defaults = [path for path, key in model.KEYS.items() if key.repository_default]
    names = {**_TEXTS, "type": ["array", "null"]}
    sections: dict[str, Schema] = {
        "version": {**_TEXT, "description": "the fcgitops that wrote the repository last"},
        "answers": {
            "type": "object",
            "description": "what the repository is generated from",
            "additionalProperties": False,
            "properties": given,
        },
        "defaults": {
            **_environment_keys(defaults),
            "type": ["object", "null"],
            "description": "keys of every environment that does not say otherwise",
        },
        promotion.SECTION: {
            "type": ["object", "null"],
            "description": "which keys `promote` copies, otherwise than its table says",
            "additionalProperties": False,
            "properties": dict.fromkeys(promotion.WORDS, names),
        },
        gates.SECTION: {
            "type": ["array", "null"],
            "description": "what must be so before an environment is promoted to",
            "items": _gate(),
        },
    }
    whole = {"type": "object", "required": ["version", "answers"], "properties": sections}
    return _whole(layout.ANSWERS, {**whole, "additionalProperties": False})


def _gate() -> Schema:
    """One item of `gates`."""
    email = {"type": "string", "pattern": "@"}
    parts: dict[str, Schema] = {
        "for": {**_TEXT, "description": "an environment, or KEY=VALUE of its labels"},
        "from": {**_TEXT, "description": "the one environment that may be promoted there"},
        "verified": {"type": "boolean", "description": "whether `verify` must pass for it"},
        "healthy": {
            "description": "whether it must be synced and well; by a commit status instead",
            "anyOf": [{"type": "boolean"}, _exactly({"status": {**_TEXT, "minLength": 1}})],
        },
        "soaked": {
            "type": "string",
            "description": "how long it must not have changed",
            "pattern": "^[1-9][0-9]{0,3}[mhdw]$",
        },
        "window": {
            "type": "object",
            "description": "when it may be promoted",
            "required": ["zone"],
            "additionalProperties": False,
            "properties": {
                "days": {"type": "array", "items": {"enum": [*gates.DAYS]}},
                "hours": {"type": "string", "examples": ["09:00-16:00"]},
                "zone": {"type": "string", "examples": ["Europe/Oslo"]},
            },
        },
        "approval": {
            "description": f"{gates.CODEOWNERS}, or a trailer of the commit",
            "anyOf": [
                _TEXT,
                {
                    "type": "object",
                    "required": ["trailer"],
                    "additionalProperties": False,
                    "properties": {"trailer": _TEXT, "by": {"type": "array", "items": email}},
                },
            ],
        },
    }
    return {**_exactly(parts), "required": ["for"]}


def _environment_keys(paths: Iterable[str]) -> Schema:
    """A mapping of some of environment.yaml's keys."""
    return _nested(
        {
            path: {
                "description": model.KEYS[path].help,
                **_VALUES.get(path, _BY_KIND.get(model.KEYS[path].kind, {})),
            }
            for path in paths
        }
    )


def _nested(flat: Mapping[str, Schema]) -> Schema:
    """Key paths as mappings in mappings, which may be empty and know no other keys."""
    found: Schema = {"type": ["object", "null"], "additionalProperties": False, "properties": {}}
    for path, schema in flat.items():
        node = found
        *parents, last = path.split(".")
        for parent in parents:
            node = node["properties"].setdefault(parent, _nested({}))
        node["properties"][last] = schema
    return found


def _exactly(properties: Mapping[str, Schema]) -> Schema:
    """A mapping with these keys and no other."""
    return {"type": "object", "additionalProperties": False, "properties": dict(properties)}


def _whole(title: str, schema: Schema) -> Schema:
    """The schema of a whole file."""
    return {"$schema": _DRAFT, "title": title, **schema}
