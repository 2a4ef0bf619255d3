"""Gates in Git: what must be so before an environment is promoted to."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import CopyOf, Fcgitops, tree
from fcgitops.git import owners
from fcgitops.git.history import History
from fcgitops.model import gates
from fcgitops.model.gates import Approval, Gate, Window
from fcgitops.programs import kubectl
from fcgitops.promotion.gates import Guard
from fcgitops.promotion.health import Health, Statuses
from fcgitops.promotion.origin import Origin
from fcgitops.repository.contents import Repository
from gitenv import git, write


@pytest.fixture
def pair(copy_of: CopyOf) -> Path:
    """A repository with staging, and with prod, which lacks what staging has."""
    return copy_of(
        ["new", "deploy", "--env", "staging", "--env", "prod"],
        ["overlay", "staging", "--set", "image.tag=v1.1.0"],
        ["overlay", "prod", "--set", "labels.tier=prod"],
    )


def guarded(folder: Path, text: str) -> None:
    """Commits gates."""
    answers = folder / "fcgitops.yaml"
    answers.write_text(f"{answers.read_text()}gates:\n{text}\n")
    git(folder, "commit", "-qam", "Gates")


def test_what_gates_say() -> None:
    """Each key of an item, and what stands behind it."""
    found, problems = gates.parse(
        [
            {
                "for": "tier=prod",
                "from": "staging",
                "verified": True,
                "healthy": {"status": "kustomization/staging"},
                "soaked": "36h",
                "window": {"days": ["mon", "tue"], "hours": "09:00-16:30", "zone": "Europe/Oslo"},
                "approval": {"trailer": "Approved-by", "by": ["ada@example.com"]},
            },
            {"for": "prod", "healthy": True, "approval": "codeowners"},
        ],
        "f",
    )
    assert problems == []
    assert found.items == (
        Gate(
            "tier=prod",
            "staging",
            verified=True,
            healthy=True,
            status="kustomization/staging",
            soaked=timedelta(hours=36),
            window=Window(("mon", "tue"), 540, 990, "Europe/Oslo"),
            approval=Approval("Approved-by", ("ada@example.com",)),
        ),
        Gate("prod", healthy=True, approval=Approval("")),
    )


WRONG = {
    "prod": "f: gates: 'prod' is no list (`- for: prod` items)",
    "[{from: staging}]": "f: gates[0]: does not say what it stands before (for: prod)",
    "[{for: prod, soak: 1h}]": "f: gates[0].soak: is not known (did you mean 'soaked'?)",
    "[{for: 'a b'}]": "f: gates[0].for: 'a b' is neither (the name of an environment, or KEY=VALUE",
    "[{for: p, soaked: 90}]": "f: gates[0].soaked: 90 is no time (30m, 24h, 3d or 1w)",
    "[{for: p, verified: 1}]": "f: gates[0].verified: 1 is neither true nor false",
    "[{for: p, healthy: {status: ''}}]": "f: gates[0].healthy: names no commit status",
    "[{for: p, window: 9-5}]": "f: gates[0].window: '9-5' is not a mapping",
    "[{for: p, window: {zone: UTC, hours: '16:00-16:00'}}]": (
        "f: gates[0].window.hours: '16:00-16:00' are no hours (HH:MM-HH:MM, in quotes: '09:00"
    ),
    "[{for: p, window: {zone: Oslo}}]": (
        "f: gates[0].window.zone: 'Oslo' is no time zone that is known here (such as Europe/Oslo"
    ),
    "[{for: p, window: {zone: UTC, days: [monday]}}]": (
        "f: gates[0].window.days: [monday] is no list of days (mon, tue, wed, thu, fri, sat, sun)"
    ),
    "[{for: p, approval: yes please}]": (
        "f: gates[0].approval: 'yes please' is none (codeowners, or the trailer of a commit"
    ),
    "[{for: p, approval: {trailer: Ok, by: [ada]}}]": (
        "f: gates[0].approval.by: [ada] is no list of e-mail addresses"
    ),
    "[{for: p, approval: {trailer: Ok, by: ['@example.com']}}]": (
        "f: gates[0].approval.by: ['@example.com'] is no list of e-mail addresses"
    ),
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_gates(text: str) -> None:
    """Each mistake with its place."""
    from fcgitops.text import yamlio  # noqa: PLC0415

    found, problems = gates.parse(yamlio.load(text.encode(), "f"), "f")
    assert found.items == ()
    assert WRONG[text] in str(problems[0])


def test_wrong_gates_are_refused_by_every_command(pair: Path, fcgitops: Fcgitops) -> None:
    """As all else in fcgitops.yaml is, all at once."""
    guarded(pair, "- {for: prod, soaked: 1, verified: x}")
    err = fcgitops("-C", pair, "list", status=2).err
    assert "error: fcgitops.yaml: gates[0].soaked: 1 is no time" in err
    assert "error: fcgitops.yaml: gates[0].verified: 'x' is neither true nor false" in err


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-30T08:00:00", True),  # a Monday, 09:00 there
        ("2026-11-30T07:59:59", False),
        ("2026-11-30T14:59:59", True),
        ("2026-11-30T15:00:00", False),
        ("2026-12-02T10:00:00", False),
        ("2026-07-06T07:00:00", True),  # two hours ahead in summer
        ("2026-07-05T22:30:00", False),  # Monday there already, half past midnight
    ],
)
def test_a_window(moment: str, is_open: bool) -> None:
    """By the clocks of its place, with its summer time; its end is outside."""
    window = Window(("mon", "tue"), 9 * 60, 16 * 60, "Europe/Oslo")
    assert window.holds(datetime.fromisoformat(moment).replace(tzinfo=UTC)) == is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-12-01T23:00", True),  # a Tuesday
        ("2026-12-01T21:59", False),
        ("2026-12-02T05:59", True),  # which began on the Tuesday
        ("2026-12-02T06:00", False),
        ("2026-12-01T02:00", False),  # which began on the Monday
        ("2026-12-07T01:00", True),  # a Monday, which began on the Sunday
        ("2026-03-29T23:30", True),  # the Sunday on which summer time began
    ],
)
def test_a_window_over_midnight(moment: str, is_open: bool) -> None:
    """It is of the day on which it begins."""
    window = Window(("tue", "sun"), 22 * 60, 6 * 60, "Europe/Oslo")
    there = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Oslo"))
    assert window.holds(there.astimezone(UTC)) == is_open


def test_a_commit_of_another_clock(
    pair: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is ahead of ours is said to be so: nothing has soaked since then."""
    guarded(pair, "- {for: prod, from: staging, soaked: 24h}")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2099-01-01T00:00:00+0000")
    fcgitops("-C", pair, "overlay", "staging", "--set", "labels.x=y")
    assert fcgitops("-C", pair, "gates", "prod", status=1).out.splitlines()[1] == (
        "prod: soaked: closed: staging is as it is since 2099-01-01 00:00 +0000, which is yet to "
        "come by this clock; 1 d is wanted"
    )


def test_no_gate(pair: Path, fcgitops: Fcgitops) -> None:
    """Then none is closed."""
    assert fcgitops("-C", pair, "gates", "prod").out == "prod: no gate stands before it\n"
    guarded(pair, "- {for: tier=test, verified: true}")
    assert fcgitops("-C", pair, "gates", "prod").out == "prod: no gate stands before it\n"


LEFT = "left in the work tree and the index"


def test_a_closed_gate(pair: Path, fcgitops: Fcgitops) -> None:
    """Nothing is promoted through it, but for a reason, which stands in the commit."""
    guarded(pair, "- {for: tier=prod, from: staging, verified: true, soaked: 3d}")
    ran = fcgitops("-C", pair, "gates", "prod", status=1)
    assert ran.out.splitlines()[:2] == [
        "prod: from: open: staging is what may be promoted to it",
        "prod: verified: open: verify passes for staging",
    ]
    assert ran.out.splitlines()[2].startswith("prod: soaked: closed: staging is as it is since ")
    assert re.search(r", [0-9] min ago; 3 d are wanted\n\Z", ran.out)  # on a busy machine
    told = json.loads(fcgitops("-C", pair, "gates", "prod", "--format", "json", status=1).out)
    assert (told["environment"], told["from"], told["open"]) == ("prod", None, False)
    assert [(g["gate"], g["for"], g["open"]) for g in told["gates"]] == [
        ("from", "tier=prod", True), ("verified", "tier=prod", True), ("soaked", "tier=prod", False)
    ]  # fmt: skip

    head = tree(pair)
    ran = fcgitops("-C", pair, "promote", "staging", "prod", status=1)
    assert ran.err.startswith("error: prod: the gate soaked is closed: staging is as it is since ")
    assert ran.err.endswith("(or --overrule 'REASON')\n")
    assert tree(pair) == head
    ran = fcgitops("-C", pair, "promote", "staging", "prod", "--overrule", "prod is down")
    assert ran.out.endswith("\n\noverruled: soaked of prod: prod is down\n")
    assert git(pair, "log", "-1", "--format=%b").rstrip("\n") == ran.out.rstrip("\n")
    git(pair, "reset", "-q", "--hard", "HEAD~1")
    start = git(pair, "rev-parse", "--short=10", "HEAD")
    words = ("-m", "Ship it", "--overrule", "prod is down", "--trailer", "Seen-by: Ada <a@b.c>")
    fcgitops("-C", pair, "promote", "staging", "prod", *words)
    assert git(pair, "log", "-1", "--format=%B").rstrip("\n") == (
        f"Ship it\n\nstaging at {start} → prod\n\noverruled: soaked of prod: prod is down\n\n"
        "Seen-by: Ada <a@b.c>"
    )

    git(pair, "reset", "-q", "--hard", "HEAD~1")
    ran = fcgitops("-C", pair, "promote", "staging", "prod", "--no-commit", "--overrule", "down")
    assert ran.err.startswith(  # what a check of the pull request goes by, typed by hand
        f"Promote staging to prod: {LEFT}; `git commit -m 'Promote staging to prod' "
        f"-m 'staging at {start} → prod' --trailer 'overruled: soaked of prod: down'` finishes it\n"
    )
    git(pair, "reset", "-q", "--hard")

    fcgitops("-C", pair, "promote", "staging", "prod", "--branch", "go", "--overrule", "prod: down")
    out = fcgitops("-C", pair, "gates", "prod").out
    assert out.endswith("3 d are wanted; overruled: prod: down\n")
    told = json.loads(fcgitops("-C", pair, "gates", "prod", "--format", "json").out)
    assert (told["open"], told["gates"][2]["open"]) == (True, False)
    assert [gate["overruled"] for gate in told["gates"]] == [None, None, "prod: down"]
    fcgitops("-C", pair, "overlay", "prod", "--set", "labels.x=y")  # which nobody has overruled
    fcgitops("-C", pair, "gates", "prod", status=1)


def test_another_source(pair: Path, fcgitops: Fcgitops) -> None:
    """Only what the gate names is promoted."""
    guarded(pair, "- {for: prod, from: staging}")
    fcgitops("-C", pair, "overlay", "dev", "--set", "image.tag=v1.3.0")
    ran = fcgitops("-C", pair, "promote", "dev", "prod", status=1)
    assert "the gate from is closed: staging is what may be promoted to it" in ran.err
    assert fcgitops("-C", pair, "gates", "prod", "--from", "dev", status=1)


def test_it_is_not_known_of_what(pair: Path, fcgitops: Fcgitops) -> None:
    """A gate that names nothing needs --from, and is closed without."""
    guarded(pair, "- {for: prod, verified: true, soaked: 30m, healthy: true}")
    out = fcgitops("-C", pair, "gates", "prod", status=1).out
    assert out == "".join(
        f"prod: {gate}: closed: it is not known of which environment: --from FROM\n"
        for gate in ("verified", "healthy", "soaked")
    )
    out = fcgitops("-C", pair, "gates", "prod", "--from", "staging", status=1).out
    assert "prod: healthy: closed: nobody was asked about staging: --context CONTEXT\n" in out


def test_a_source_that_is_not_there(pair: Path, fcgitops: Fcgitops) -> None:
    """Nothing is open for what nobody can look at."""
    guarded(pair, "- {for: prod, from: stagin, verified: true, soaked: 30m, healthy: true}")
    out = fcgitops("-C", pair, "gates", "prod", status=1).out
    assert out.splitlines()[1:] == [
        f"prod: {gate}: closed: stagin is no environment of this repository"
        for gate in ("verified", "healthy", "soaked")
    ]


def test_verify_has_to_pass(pair: Path, fcgitops: Fcgitops) -> None:
    """For what is promoted, as it is."""
    file = pair / "overlays/staging/local/kustomization.yaml"
    file.write_text(f"{file.read_text()}nonsense: true\n")
    guarded(pair, "- {for: prod, verified: true}")
    out = fcgitops("-C", pair, "gates", "prod", "--from", "staging", status=1).out
    assert out.startswith("prod: verified: closed: verify finds ")
    assert out.endswith(" in staging: FCG00, …\n")


def at(folder: Path, days: int) -> Guard:
    """A guard some days later."""
    now = datetime.now(UTC) + timedelta(days=days)
    history, repository = History(folder), Repository(folder)
    origin = Origin("staging", repository, history.head, history)
    return Guard(repository, origin, Health(history, history.head), now=now)


@pytest.mark.slow
def test_how_long_it_has_soaked(pair: Path, fcgitops: Fcgitops) -> None:
    """Since the last commit that changed what it renders, whoever else was changed since."""
    guarded(pair, "- {for: prod, soaked: 3d}")
    fcgitops("-C", pair, "overlay", "prod", "--namespace", "other")
    prod = Repository(pair).environment("prod")
    assert [at(pair, days).verdicts(prod)[0].is_open for days in (0, 2, 3, 4)] == [
        False, False, True, True,
    ]  # fmt: skip


APPROVED = "- {for: prod, approval: {trailer: Approved-by, by: [ada@example.com]}}"


@pytest.mark.slow
def test_an_approval(pair: Path, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """A line of the commit that promotes; of somebody who may say it."""
    guarded(pair, APPROVED)
    ada = ("--trailer", "Approved-by: Ada <ada@example.com>")
    fcgitops("-C", pair, "promote", "staging", "prod", "--branch", "here", *ada)
    assert fcgitops("-C", pair, "gates", "prod").out.startswith("prod: approval: open: ")
    git(pair, "switch", "-q", "main")
    git(tmp_path, "init", "-q", "--bare", "remote")
    git(pair, "remote", "add", "origin", str(tmp_path / "remote"))
    git(pair, "push", "-qu", "origin", "main")
    command = ("-C", pair, "promote", "staging", "prod")
    ran = fcgitops(*command, "--trailer", "Approved-by: Bob <bob@example.com>", status=1)
    wanted = "a line `Approved-by: …` of ada@example.com is wanted in the commit"
    assert f"the gate approval is closed: {wanted}" in ran.err
    fcgitops(*command, "--branch", "go", "--trailer", "Approved-by: Ada <ada@example.com>")
    assert git(pair, "log", "-1", "--format=%(trailers:key=Approved-by,valueonly)").strip() == (
        "Ada <ada@example.com>"
    )
    git(pair, "push", "-qu", "origin", "go")  # which is not what clusters are synced from
    assert fcgitops("-C", pair, "gates", "prod").out == (
        "prod: approval: open: Approved-by: Ada <ada@example.com>\n"
    )
    fcgitops("-C", pair, "overlay", "prod", "--set", "labels.x=y")  # which Ada has not seen
    assert wanted in fcgitops("-C", pair, "gates", "prod", status=1).out
    git(pair, "reset", "-q", "--hard", "HEAD~1")
    write(pair, {"overlays/staging/local/note.txt": "of the branch go"})
    git(pair, "add", "overlays")
    git(pair, "commit", "-qm", "Not synced")
    git(pair, "push", "-q")
    ran = fcgitops("-C", pair, "promote", "staging", "prod", status=2)
    assert "overlays/staging/local/note.txt: is not as origin/main has it" in ran.err
    git(pair, "switch", "-q", "main")
    assert wanted in fcgitops("-C", pair, "gates", "prod", status=1).out


@pytest.mark.parametrize(
    ("signed", "is_open"),
    [
        ("Ada <ada@example.com>", True),
        ("ada@example.com", True),
        ("Ada Lovelace <Ada@Example.com> ", True),
        ("Eve <nada@example.com>", False),
        ("Eve <ada@example.com.evil.org>", False),
        ("ada@example.com <eve@example.com>", False),
        ("Eve, for ada@example.com", False),
        ("Ada <ada@example.com> <eve@example.com>", False),
        ("", False),
    ],
)
def test_whose_approval_it_is(signed: str, is_open: bool) -> None:
    """The address as a whole, and no other text around it."""
    assert Approval("Approved-by", ("ada@example.com",)).is_of(signed) == is_open


def test_code_owners(pair: Path, fcgitops: Fcgitops) -> None:
    """They are asked on a pull request, so it takes a branch."""
    guarded(pair, "- {for: prod, approval: codeowners}")
    out = fcgitops("-C", pair, "gates", "prod", status=1).out
    source = "overlays/prod/environment.yaml"
    assert out == f"prod: approval: closed: CODEOWNERS names nobody for {source}\n"
    write(pair, {".github/CODEOWNERS": "* @all\n/overlays/prod/ @ml-ops @ada # who is paged\n"})
    git(pair, "add", ".github")
    git(pair, "commit", "-qm", "Owners")
    command = ("-C", pair, "promote", "staging", "prod")
    err = fcgitops(*command, status=1).err
    assert "@ml-ops, @ada are asked on a branch of its own: --branch NAME" in err
    fcgitops(*command, "--branch", "go")
    out = fcgitops("-C", pair, "gates", "prod").out
    assert out == "prod: approval: open: CODEOWNERS asks @ml-ops, @ada on the pull request\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("* @a\n", ["@a"]),
        ("* @a\n/overlays/ @b\n", ["@b"]),
        ("overlays/prod @c\n", ["@c"]),
        ("prod/ @d\n", ["@d"]),
        ("*.yaml @e @f\n", ["@e", "@f"]),
        ("/overlays/*/environment.yaml @g\n", ["@g"]),
        ("/overlays/** @h\n/overlays/prod/\n", []),
        ("[Section]\n/prod/ @i\n# * @j\n", []),
        ("/*.yaml @k\n", []),
        ("/overlays/* @l\n", []),  # its own files, and none of a folder's
        ("/overlays/prod/* @l\n", ["@l"]),
        ("* @a\n[Ops][2] @o @p\n/overlays/prod/\n", ["@a", "@o", "@p"]),
        ("[Ops]\n/overlays/prod/ @m\n[ops]\n*.yaml @n\n", ["@n"]),
    ],
)
def test_whose_a_file_is(text: str, found: list[str], tmp_path: Path) -> None:
    """The last line of a section that fits counts; one without owners has the section's."""
    write(tmp_path, {"CODEOWNERS": text})
    assert owners.of(tmp_path, "overlays/prod/environment.yaml") == found


@pytest.mark.sampled(2)
@pytest.mark.parametrize("form", ["github", "gitlab"])
@pytest.mark.parametrize("state", ["success", "failed"])
def test_a_commit_status(
    form: str, state: str, pair: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Which the sync tool wrote of a commit in which what is promoted is as it is."""
    guarded(pair, "- {for: prod, from: staging, healthy: {status: kustomization/staging}}")
    name, sha = "kustomization/staging/7f", git(pair, "rev-parse", "HEAD")
    status = {"sha": sha, "statuses": [{"context": name, "state": state}]}
    rows = [{"name": name, "status": state, "sha": sha}]
    file = tmp_path / "status.json"
    command = ("-C", pair, "gates", "prod", "--status", file)
    file.write_text(json.dumps(status if form == "github" else rows))
    is_good = state == "success"
    out = fcgitops(*command, status=0 if is_good else 1).out.splitlines()[1]
    says = "open: {} says success" if is_good else "closed: {} says that it is not well"
    assert out == f"prod: healthy: {says.format(name)}"
    fcgitops("-C", pair, "overlay", "staging", "--set", "image.tag=v1.2.0")
    out = fcgitops(*command, status=1).out.splitlines()[1]
    assert out == (
        f"prod: healthy: closed: the commit status {name} is of {sha[:10]}, and staging is another "
        "since"
    )
    file.write_text("{}")
    assert "holds no commit statuses" in fcgitops(*command, status=2).err


def told(*rows: dict[str, str]) -> Statuses:
    """The statuses of a list."""
    return Statuses.parse(json.dumps(rows), "f")


def test_which_commit_status_is_meant() -> None:
    """The name as a whole, with what follows it; the newest of each name, whatever the order."""
    prod = {"name": "kustomization/prod/7f", "status": "success", "sha": "1" * 40}
    others = [prod | {"name": name} for name in ("kustomization/prod-2/7f", "a/kustomization/prod")]
    old = prod | {"status": "failed", "created_at": "2026-01-01"}
    new = prod | {"created_at": "2026-01-02"}
    for rows in ((*others, old, new), (new, *others, old)):
        (found,) = told(*rows).of("kustomization/prod")
        assert (found.name, found.is_good) == ("kustomization/prod/7f", True)
    assert told(*others).of("kustomization/prod") == []
    (one,) = told({"context": "x", "url": f"https://api.example.com/statuses/{'2' * 40}"}).of("x")
    assert one.commit == "2" * 40


def test_each_status_has_to_be_good(pair: Path) -> None:
    """Of all that begin so; and it has to say of which commit it is."""
    history = History(pair)
    row = {"name": "sync/a", "status": "success", "sha": history.head.name}

    def asked(*rows: dict[str, str]) -> tuple[bool, str]:
        return Health(history, history.head, statuses=told(*rows)).of("staging", "sync")

    assert asked(row) == (True, "sync/a says success")
    bad = row | {"name": "sync/b", "status": "failed"}
    assert asked(row, bad) == (False, "sync/b says that it is not well")
    assert asked(row | {"sha": ""}) == (
        False, "the commit status sync/a does not say of which commit it is",
    )  # fmt: skip


def test_a_cluster_that_does_not_answer(
    pair: Path, fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked again, a few times; then the gate is closed, and says why."""
    refused = "The connection to the server 10.0.0.1:6443 was refused - did you specify the right"
    program = tmp_path / "kubectl"
    program.write_text(f"#!/bin/sh\necho '{refused} host or port?' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(program))
    monkeypatch.setattr(kubectl, "WAITS", (0, 0))
    guarded(pair, "- {for: prod, from: staging, healthy: true}")
    ran = fcgitops("-C", pair, "gates", "prod", "--context", "stage", status=1)
    why = f"kubectl, context stage: {refused} host or port?"
    assert ran.out.splitlines()[1] == (
        f"prod: healthy: closed: staging cannot be asked: {why}; asked 3 times in 0 s"
    )
    assert ran.err.splitlines() == [f"note: {why}; asked again in 0 s"] * 2


def test_the_cluster_of_another(
    pair: Path, fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing of this one, even where both run the same."""
    program = tmp_path / "kubectl"
    program.write_text("#!/bin/sh\nprintf https://10.0.0.1:443/\n")
    program.chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(program))
    source = pair / "overlays/prod/environment.yaml"
    text = source.read_text().replace("  name: prod\n", "  server: https://10.0.0.1\n")
    source.write_text(text)
    guarded(pair, "- {for: prod, from: staging, healthy: true}")
    out = fcgitops("-C", pair, "gates", "prod", "--context", "x", status=1).out
    assert out.endswith("healthy: closed: x is the cluster of prod, by its cluster.server\n")


@pytest.mark.slow
def test_from_another_repository(pair: Path, copy_of: CopyOf, fcgitops: Fcgitops) -> None:
    """What is asked about the source is asked there, as `promote` does."""
    live = copy_of(["new", "live", "--env", "prod"])
    out = fcgitops("-C", live, "gates", "prod", "--from-repo", "../deploy").out
    assert out == "prod: no gate stands before it\n"
    guarded(live, "- {for: prod, from: staging, verified: true, soaked: 30m}")
    for typed in ("../deploy", "../deploy@main"):
        out = fcgitops("-C", live, "gates", "prod", "--from-repo", typed, status=1).out
        assert out.splitlines()[:2] == [
            "prod: from: open: staging is what may be promoted to it",
            "prod: verified: open: verify passes for staging",
        ]
        assert out.splitlines()[2].startswith("prod: soaked: closed: staging is as it is since ")
    words = ("gates", "prod", "--from", "dev", "--from-repo", "../deploy")
    assert "dev: is no environment" in fcgitops("-C", live, *words, status=2).err
    answers = live / "fcgitops.yaml"
    answers.write_text(answers.read_text().replace("from: staging, ", ""))
    err = fcgitops("-C", live, "gates", "prod", "--from-repo", "../deploy", status=2).err
    assert "--from: is not given, and the gates before prod do not name one environment" in err


REFUSED = {
    ("--overrule", " "): "--overrule: gives no reason (a line that says why)",
    ("--trailer", "Ada"): "--trailer: 'Ada' is no trailer ('Approved-by: Ada <ada@example.com>')",
    ("--status", "missing.json"): "missing.json: cannot be read",
}


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_refused(words: tuple[str, ...], pair: Path, fcgitops: Fcgitops) -> None:
    """Wrong input, and what would be right."""
    ran = fcgitops("-C", pair, "promote", "staging", "prod", *words, status=2)
    assert REFUSED[words] in ran.err
