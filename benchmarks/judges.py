"""What `verify` and what others find in tests/data/patches, of which an API server was asked.

    KUBECONFORM=… python benchmarks/judges.py

kubeconform (`go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0`) takes its schemas
from the network; here they are made of the same source, api/openapi-spec/swagger.json of
k8s.io/kubernetes 1.34.2 from Go's module proxy, as openapi2jsonschema --strict does. Needs Go.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fcgitops.cli import main as cli
from fcgitops.core.errors import ToolError
from fcgitops.core.findings import INFO
from fcgitops.programs import kustomize
from fcgitops.verify.session import Session

PATCHES = Path(__file__).resolve().parents[1] / "tests" / "data" / "patches" / "verdicts.jsonl"
RELEASE = "v1.34.2"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
SPECIAL = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ("string", "number", "null"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ("string", "integer", "null"),
}


def schemas(into: Path) -> None:
    """Writes a strict JSON Schema for each kind, named as kubeconform's template has it."""
    module = ["go", "mod", "download", "-json", f"k8s.io/kubernetes@{RELEASE}"]
    place = json.loads(subprocess.run(module, check=True, capture_output=True).stdout)["Dir"]
    spec = json.loads(Path(place, "api/openapi-spec/swagger.json").read_text("utf-8"))
    strict = {name: _strict(name, schema) for name, schema in spec["definitions"].items()}
    for name, schema in spec["definitions"].items():
        for of in schema.get("x-kubernetes-group-version-kind", ()):
            group = of["group"].partition(".")[0]
            file = "-".join(filter(None, (of["kind"].lower(), group, of["version"])))
            whole = {"$ref": f"#/definitions/{name}", "definitions": _reached(strict, name)}
            (into / f"{file}.json").write_text(json.dumps(whole), "utf-8")


def _reached(strict: Mapping[str, Any], start: str) -> dict[str, Any]:
    """The definitions that one leads to."""
    found: dict[str, Any] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = strict[name]
            waiting += re.findall(r'"#/definitions/([^"]+)"', json.dumps(strict[name]))
    return found


def _strict(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    if name in SPECIAL:
        return {"type": list(SPECIAL[name])}
    made = {key: value for key, value in schema.items() if not key.startswith("x-")}
    if "properties" in made:
        made["additionalProperties"] = False
        required = made.get("required", ())
        made["properties"] = {
            key: value if key in required or "type" not in value
            else value | {"type": [value["type"], "null"]}
            for key, value in made["properties"].items()
        }  # fmt: skip
    return made


def main() -> int:
    """Prints the table."""
    conform = os.environ.get("KUBECONFORM", "kubeconform")
    program = kustomize.find()
    found: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "schemas").mkdir()
        schemas(folder / "schemas")
        root = folder / "deploy"
        os.environ["XDG_CACHE_HOME"] = scratch
        endpoints = "egress.endpoints=[{cidr: 10.0.0.1/32, port: 6443}]"
        for words in (
            ("new", root, "--no-input", "--env", "prod=customized-config"),
            ("-C", root, "overlay", "prod", "--set", "egress.mode=cidr", "--set", endpoints),
        ):
            if cli.run([str(word) for word in words]):
                raise SystemExit("error: the repository cannot be made")
        overlay = root / "overlays" / "prod"
        location = f"{folder}/schemas/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"
        lines = PATCHES.read_text("utf-8").splitlines()
        for case in map(json.loads, lines):
            (overlay / "local" / "kustomization.yaml").write_text(COMPONENT + case["kustomization"])
            try:
                built, bare = program.build(overlay), False
            except ToolError:
                built, bare = b"", True
            asked = subprocess.run(
                [conform, "-strict", "-schema-location", location], input=built, check=False,
                capture_output=True,
            )  # fmt: skip
            session = Session(root, afresh=True)
            session.verify(session.wanted(["prod"], None, None))
            ours = any(finding.severity != INFO for finding in session.findings)
            for who, refused in (
                ("kustomize build", bare),
                ("kubeconform -strict", bare or asked.returncode != 0),
                ("fcgitops verify", ours),
            ):
                found.setdefault(who, Counter())[case["verdict"]] += refused
    total = Counter(json.loads(line)["verdict"] for line in lines)
    heads = (
        f"refused by the API server, of {total['reject']}",
        f"taken, and runs wrongly, of {total['hazard']}",
        f"false alarms, of {total['accept']} that are right",
    )
    sys.stdout.write(f"| | {' | '.join(heads)} |\n| --- | --- | --- | --- |\n")
    for who, counts in found.items():
        cells = (str(counts[verdict]) for verdict in ("reject", "hazard", "accept"))
        sys.stdout.write(f"| `{who}` | {' | '.join(cells)} |\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
