"""docs/diff.md: how to use `diff`, and the table of effects, made from the registry."""

from __future__ import annotations

from fcgitops.diff import compare  # noqa: F401 - importing it registers the rules
from fcgitops.diff.effects import Severity, by_number

_PROOF = {
    "A": "API server, server-side apply, dry run",
    "K": "applied; kube-controller-manager",
    "F": "FrameworkController against the API server",
    "X": "Flux",
    "G": "Argo CD",
    "S": "read in the source",
    "-": "not proven",
}

_HEAD = """\
# What a change does to clusters: `fcgitops diff`

```sh
fcgitops diff                        # the work tree against HEAD
fcgitops diff REV                    # the work tree against a revision
fcgitops diff main..topic            # what topic has changed since it left main; `...` is the same
fcgitops diff dev prod               # two environments: from the first to the second
fcgitops diff prod@main~3 prod       # one environment at two times
fcgitops diff HEAD~1 prod stage      # only these environments
fcgitops diff --rendered A.yaml B.yaml   # any two renderings; - is standard input
fcgitops diff --live prod            # what is on the cluster against what Git renders
```

Both sides are read from Git's objects: nothing is checked out, and the work tree is only read. Only
environments whose inputs differ are built, equal inputs once; what happens alike is said once, with
the names. An environment that cannot be built is named with the reason, and the others go on.
Renderings of what Git has are kept below `~/.cache/fcgitops/renderings` (or `XDG_CACHE_HOME`), by
the content of all that they are made of, readable by you alone.

| option | |
| --- | --- |
| `--format text\\|json\\|markdown` | for a pull request: at most 60,000 characters |
| `--full` | every field that differs, and every name |
| `--context CONTEXT` | ask that cluster how many, or whether |
| `--exit-code` | exit 1 where anything changes |
| `--fail-on SEVERITY` | exit 1 where an effect is at least that bad |

What cannot be compared never passes for a change without effect. With either of these two options
it makes the exit 1; without them, 3 where kustomize cannot build a side and 1 where a file of one
cannot be read.

What does not fit into Markdown's 60,000 characters is counted. Values of Secrets, and of variables
and fields whose names say that they hold one, are never shown: only that they differ.

Commands that write print the effects of what they commit, and the commit's body holds them.
`FCGITOPS_EFFECTS=off` leaves that out: nothing is built then.

## JSON

```json
{"environments": [{"name": "prod",
  "effects": [{"id": "C05", "severity": "outage", "object": "StatefulSet/frameworkcontroller",
               "says": "…", "do": "…", "count": "kubectl …", "certain": true, "answer": ""}],
  "objects": [{"object": "StatefulSet/frameworkcontroller", "namespace": "frameworkcontroller",
               "change": "changed",
               "fields": [{"path": "spec.replicas", "before": 1, "after": 0}]}],
  "errors": []}],
 "unchanged": {"environments": 999, "others": 1}, "notes": []}
```

`do` is what to type or to change, `count` the query that tells how much it is, or whether, `answer`
what the cluster says to it (`--context`, `--live`); all may be empty. `certain` is false
where it depends on what only the cluster knows. `change` is `added`, `removed`, `changed`, `moved`
(to another namespace) or `renamed`. With `--rendered` there is one entry.

## Effects
"""


_HELD = """\
`tests/e2e/test_diff_server.py` holds this to a real API server: the changes of every rule's own
tests, the known pairs, 150 changes of which it alone knows the answer, and 300 random ones. What is
called refused it refuses, and nothing else; where a restart is foretold the Pod template is stored
otherwise, and nowhere else. What FrameworkController, Argo CD and Flux do (F, X, G) was tried with
them when the facts behind the rules were collected. Tests try again with them: C03, C25, E01, E02,
E06, N01, R04, S01, S05, S06, S07, S21, S22, S24, X02, X03. Of the others no test does."""


def page() -> str:
    """The whole page, as Markdown."""
    severities = ", ".join(f"`{severity.word}`" for severity in Severity)
    proofs = ", ".join(f"{letter}: {meaning}" for letter, meaning in _PROOF.items())
    lines = [
        _HEAD.rstrip("\n"),
        "",
        f"Severities, the worst last: {severities}.",
        f"How it is known: {proofs}.",
        "",
        _HELD,
        "",
        "| effect | when | severity | known |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| {r.id} | {r.title} | {r.severity.word} | {r.proof} |" for r in by_number()]
    return "\n".join(lines) + "\n"
