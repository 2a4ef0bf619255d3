"""docs/promotion.md: how to use `promote`, and the table of what travels."""

from __future__ import annotations

from fcgitops.model.promotion import TABLE, Row

_HEAD = """\
# From environment to environment

```sh
fcgitops promote staging prod                          # what was proven on staging goes to prod
fcgitops promote staging prod --dry-run                # the same text, and nothing is written
fcgitops promote staging eu-1 eu-2 eu-3                # several, in one commit
fcgitops promote staging --label tier=prod             # all whose `labels` have it
fcgitops promote staging --label tier=prod --wave 10%  # the next tenth of them
fcgitops promote staging prod --branch go              # on a branch, for a pull request
```

`promote` copies keys of `environment.yaml`, by the table below, and generates the files anew.
Comments, order and all that the table leaves alone stay as they are. A key that FROM has by
default goes out of TO's file. Settings are compared one by one, as FrameworkController reads
them.

It prints what that does to clusters: the rendered difference with its effects, as `fcgitops
diff` tells it. The commit's body is that text, and `--dry-run` prints the very same. Before it
commits it asks `verify` of the environments as they would be, with their experiments; where that
fails, nothing is committed, and nothing else is said.

FROM is what its cluster runs, or it is refused: all that it is rendered from (its own folder,
`base/`, `components/`, the variants, `fcgitops.yaml`) is committed, and on the synced branch of
the remote, as far as one is known here; and its files are in line with its source. Its own edits
and its `local/` do not travel: they are named.

TO keeps its edits. Where one of them and the new text change the same lines, that is a conflict
as in every command that writes: git's markers, exit status 1, and no commit.

**Waves.** `--wave 10%` takes a tenth of the environments that are named, in that order, or of
those with the label, by name: the first of those that do not have it all yet, at least one. It
says which they are and how many are left. The same command once more takes the next ones.

**Two repositories.** Where production is kept apart, `--from-repo PATH@REV` reads FROM in another
clone, at a commit, tag or branch that has been pushed; without `@REV`, as it is checked out there.
Both have the same profile, and were written by the same version of fcgitops. A key that FROM has
by default is spelled out where it is another one by default here. The base and the variant's own
file do not travel: where they differ, that is noted.

```sh
fcgitops promote staging prod --from-repo ../staging@v41
```

## What travels
"""

_GATES = """\
## Gates

What must be so before an environment is promoted to stands in `fcgitops.yaml`, so that it is
reviewed and has a history as all else:

```yaml
gates:
- for: tier=prod                # an environment, or KEY=VALUE of `labels`
  from: staging                 # what may be promoted to it
  verified: true                # `verify` passes for that
  healthy: true                 # it is synced and rolled out on its cluster
  soaked: 24h                   # it renders the same since then: 30m, 24h, 3d, 1w
  window: {days: [mon, tue, wed, thu], hours: '09:00-16:00', zone: Europe/Oslo}
  approval: {trailer: Approved-by, by: [ada@example.com]}
```

```sh
fcgitops gates prod                             # which are open, and why; 1 where one is not
fcgitops gates prod --from dev --context dev    # asks dev's cluster
fcgitops gates prod --status status.json        # or what the sync tool wrote of it
fcgitops gates prod --from-repo ../staging@v41  # of an environment in another repository
fcgitops promote staging prod --context staging --trailer 'Approved-by: Ada <ada@example.com>'
fcgitops promote staging prod --overrule 'prod is down, and this mends it'
```

- **from, verified, healthy, soaked** are about what is promoted. Where the gate does not name it,
  `gates` needs `--from`.
- **healthy** asks the cluster of `--context`: nothing there differs from what Git renders, and
  the StatefulSet is rolled out. One that does not answer (refused, a time-out, too busy) is asked
  again for up to a minute; then the gate is closed. So it is where the context leads to the
  `cluster.server` of another environment.
- With `healthy: {status: kustomization/staging}` a commit status may say so instead, and each that
  has this name, or goes on behind it (`kustomization/staging/7f2a`), has to say success. `--status`
  takes them as GitHub's API (`gh api repos/OWNER/REPO/commits/SHA/status`) or GitLab's
  (`projects/ID/repository/commits/SHA/statuses`) tells them. One counts as long as the environment
  is what it was in that commit.
- **soaked** counts from the last commit that changed what the environment renders, by its
  committer's clock. Comments, and changes of others, do not count.
- **window** is by the clocks of its zone, summer time too; its end is outside. `'22:00-06:00'`
  goes over midnight, and is of the day on which it begins.
- **approval** is a line at the end of the commit that promotes, of one whose e-mail address is in
  `by` where that is given. `promote` takes it by `--trailer`; `gates` looks at the last commit of
  this branch that changes the environment's source, where the synced one does not have it. It is
  as good as your branch protection and signatures: who may push may type it. `approval:
  codeowners` is open where `CODEOWNERS` names somebody for the environment's source, and the
  commit goes on a branch of its own: the forge then asks them.

A closed gate refuses the promotion. `--overrule REASON` goes through, and the commit says which
gates that were, and why; for `gates`, and in CI, they do not count then. An environment that is
held (below) is not to be overruled.

On a pull request [the review](review.md) asks the gates again, of each environment that a commit
of it promotes to: that commit says `staging at 4f0c2d9b1a → prod`. A closed gate fails the check.
A job knows no cluster: `healthy` goes by the commit status of the base, where the gate names one,
and is said to be not asked otherwise; so is what `--from-repo` brought. A window is by the time of
the job: run it again before the merge. An edit by hand is no promotion; that is what `CODEOWNERS`
is for.
"""

_BACK = """\
## And back

```sh
fcgitops rollback prod                # as it was before the last commit that changed it
fcgitops rollback prod --to v41       # as it was at a revision
fcgitops rollback prod --release      # from then on things are promoted to it again
```

`rollback` makes a new commit after which the environment renders what it rendered then. Its own
folder comes back: `environment.yaml`, edits of generated files, `local/`; of what nobody generated
each file that goes, changes or comes back is named. A default of `fcgitops.yaml` that is another
one now is written into `environment.yaml`. Both are built before anything is written: the objects
are equal, hashes behind their names aside, or nothing is done. An environment that was removed
comes back in the same way.

Where what all share has changed meanwhile, by an edit of `base/` or by an `update` of the
generator, the others keep that. The environment then gets a copy of its own of what it was built
on, `overlays/ENV/rollback/`. `--release` takes that out: the environment is merged with what this
version generates, as in an update.

It prints what the way back does to clusters, then what does not come back: data that the changes
in between have deleted. What `verify` would find is noted and stops nothing: that ran before.

Afterwards nothing is promoted to the environment, so that no wave brings back what was wrong. Its
key `hold` says since when and why, `list` and `status` show it. `--release` takes it out.
(`fcgitops overlay prod --set 'hold=closed for the fair'` holds an environment that is well.)
"""

_RULES = """\
A repository may see that otherwise, in its `fcgitops.yaml`:

```yaml
promote:
  travels: [resources, labels.team]
  stays: [workerNumber]
```

Each is a list of keys: of `environment.yaml`, groups of them (`resources`), entries
(`labels.team`), and FrameworkController's settings (`workerNumber`). Of two that fit, the longer
one counts. What names a place or opens one never travels, and is refused there.
"""


def page() -> str:
    """The whole page, as Markdown."""
    rows = [f"| `{key}` | {_word(row)} | {row.reason} |" for key, row in TABLE.items()]
    table = ["| key | | |", "| --- | --- | --- |", *rows]
    return "\n".join([_HEAD, *table, "", _RULES, _GATES, _BACK])


def _word(row: Row) -> str:
    if row.travels:
        return "travels"
    return "never travels" if row.fixed else "stays"
