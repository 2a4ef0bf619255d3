"""docs/diff.md: how to use `diff`, and the table of effects, made from the registry."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fcgitops.diff import compare  # noqa: F401 - importing it registers the rules
from fcgitops.diff.effects import Severity, by_number

PROOFS = {
    "A": "API server, server-side apply, dry run",
    "K": "applied; kube-controller-manager",
    "F": "FrameworkController against the API server",
    "X": "Flux",
    "G": "Argo CD",
    "L": "the kubelet of a kind cluster",
    "N": "NNI",
    "P": "network policies of kube-router",
    "S": "read in the source",
}
"""Letter → what has shown an effect."""

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
Tests try this again, in `make e2e` and, with a kubelet, in `make kind-test`: before, after, the
predicted thing seen, and not predicted for a change that does not do it. The last column names the
programs with which they do. Each such test says by a mark which rules it shows and with what,
`@pytest.mark.proves("X", "E27 E28")`, and a test of the marks fails for a rule that has neither a
program nor a reason below.

All of them meet a real API server: the changes of the rules' own tests, the known pairs, 150
changes of which it alone knows the answer, and 300 random ones. What is called refused it refuses,
and nothing else (an emptied map at the second sync: server-side apply takes it away at the first);
where a restart is foretold the Pod template is stored otherwise, and nowhere else
(`tests/e2e/test_diff_server.py`)."""

NOT_TRIED = {
    "C19": "seen on 2026-11-30, on Kubernetes 1.34.2: v0.9.0, built from its tag with client-go "
    "0.15.12, ends at each start, with the CRD and without (`panic: Failed to put CRD: the server "
    "could not find the requested resource`), and v1.0.1 works there. Tests ask the API server "
    "alone whether it serves that version: no package registry has FrameworkController's source",
    "N07": "seen on 2026-11-30, on Kubernetes 1.34.2 with kube-router 2.1.0, in a network "
    "namespace: by the policy the Pod reached one address alone, with another label on the policy, "
    "too, and every address 0.3 s after the policy was gone. No test repeats it, as to build "
    "kube-router takes 4 minutes of CPU",
}
"""Rules → what was seen of them, and why no test repeats it with the program that does it."""


def untried(tried: Mapping[str, Collection[str]]) -> set[str]:
    """Rules of which a program is known that no test tries them with, and those without any.

    Args:
        tried: rule → the programs with which tests try it, by their letters.
    """
    return {
        rule.id
        for rule in by_number()
        if not tried.get(rule.id) or set(rule.proof.split()) - {*tried[rule.id], "S"}
    }


def page(tried: Mapping[str, Collection[str]]) -> str:
    """The whole page, as Markdown; `tried` as of `untried`."""
    severities = ", ".join(f"`{severity.word}`" for severity in Severity)
    proofs = ", ".join(f"{letter}: {meaning}" for letter, meaning in PROOFS.items())
    lines = [
        _HEAD.rstrip("\n"),
        "",
        f"Severities, the worst last: {severities}.",
        f"How it is known: {proofs}.",
        "",
        _HELD,
        "",
        "| effect | when | severity | known | tried |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {r.id} | {r.title} | {r.severity.word} | {r.proof} | {_letters(tried.get(r.id, ()))} |"
        for r in by_number()
    ]
    lines += ["", "Not tried again with the program whose effect it is, but seen once:", ""]
    for why in dict.fromkeys(NOT_TRIED.values()):
        alike = [rule for rule, reason in NOT_TRIED.items() if reason == why]
        lines.append(f"- {', '.join(alike)}: {why}.")
    return "\n".join(lines) + "\n"


def _letters(programs: Collection[str]) -> str:
    return " ".join(letter for letter in PROOFS if letter in programs)
