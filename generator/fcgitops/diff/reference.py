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
Tests try this again, in `make e2e`. The last column names the programs with which they do: before,
after, the predicted thing seen, and not predicted for a change close to it. A real API server (A)
meets every rule: the changes of the rules' own tests, the known pairs, 150 changes of which it
alone knows the answer, and 300 random ones. What is called refused it refuses, and nothing else (an
emptied map at the second sync: server-side apply takes it away at the first); where a restart is
foretold the Pod template is stored otherwise, and nowhere else (`tests/e2e/test_diff_server.py`).
The Pod's fate is seen with kube-controller-manager, scheduler and kwok (`test_diff_pods.py`),
FrameworkController's own binary does what is foretold of its settings and rights
(`test_diff_controller.py`, `test_diff_rights.py`), and Argo CD and Flux what is foretold of them
(`test_diff_argocd.py`, `test_diff_flux.py`, `test_sync.py` and others). Where a program from which
an effect is known is not in that column, no test repeats it, and the notes below say why."""

_TRIED = {
    "K": "C01 C02 C03 C04 C05 C06 C07 C08 C09 C10 C11 C12 C13 C14 C15 C17 C18 C20 C21 N01 N02 R15 "
    "S01 S02 S03 S04 X01 X02 X11",
    "F": "C05 C06 C23 D03 D04 D07 D08 N06 N08 R03 R04 R05 R06 R07 R08 R09 R10 R12 R16 S05 "
    "S06 S07 S08 S09 S10 S11 S12 S13 S16 S17 S18 S19 S20 S21 S22 S23 S24 X07 X08",
    "X": "E01 E02 E04f E06 E10 E21 E22 E26 N01 R17 R18 S01 X02 X03",
    "G": "C03 C25 D01 D02 E01 E02 E06 E07 E11 E12 E13 E17 E18 N01 N04 R11 S01 X02 X03",
}
"""Program → the rules that tests/e2e tries with it, beside the API server, which meets all."""

NOT_TRIED = {
    "C16": "a kubelet mounts; kwok, which stands in for one, says that the Pod runs",
    "C19": "takes a binary of v0.9.0",
    "C22": "a kubelet's cgroup kills; how much memory is enough depends on the cluster",
    "C24": "what a level of Pod Security refuses is seen; the rest is the kubelet's",
    "E05": "test_handover.py types what is printed at once; nobody looks in between",
    "N07": "whether a policy is enforced is the network's",
    "S14, S15": "take a Framework of a megabyte and more",
    "X06": "it is our own manager's: `tests/unit/test_nni_manager.py` has it meet another share",
    "X09": "what NNI and its barrier do with a 403 is theirs",
    "D06, N05, X04, X05, and of E03 to E28 those with neither X nor G": "Argo "
    "CD's or Flux's, with which they were tried when the facts behind the rules were collected; "
    "each takes minutes",
}
"""Rules → why no test repeats them with the program whose effect it is."""


def tried(number: str) -> str:
    """The programs with which tests try a rule again."""
    return " ".join(["A", *(letter for letter, rules in _TRIED.items() if number in rules.split())])


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
        "| effect | when | severity | known | tried |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {r.id} | {r.title} | {r.severity.word} | {r.proof} | {tried(r.id)} |"
        for r in by_number()
    ]
    lines += ["", "Not tried again with the program whose effect it is:", ""]
    lines += [f"- {number}: {why}." for number, why in NOT_TRIED.items()]
    return "\n".join(lines) + "\n"
