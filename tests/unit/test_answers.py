"""The answers to the questions, and fcgitops.yaml, which records them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fcgitops import __version__
from fcgitops.core import installation
from fcgitops.core.errors import InputError
from fcgitops.manifests import skeleton
from fcgitops.model import answers, answersfile, environments_answer
from fcgitops.model.answers import Answers

SLUG = "letters, digits, '.', '_' and '-', at most 63, the first a letter or digit"
KEYS_SHOWN = """\
defaults:
  namespace: frameworkcontroller
  image:
    registry: ''
    repository: frameworkcontroller/frameworkcontroller
    tag: v1.0.0
    digest: ''
    pullSecrets: []
"""


def refusals(call: Any, *arguments: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return [str(problem) for problem in caught.value.problems]


def test_parse_defaults_only() -> None:
    """The repository's name is all that must be given."""
    assert answers.parse({"repo_slug": "fc"}) == Answers(
        "fc", "hardened", "argocd", "", installation.requirement()
    )
    assert refusals(answers.parse, {}) == ["repo_slug: is not given (the repository's name)"]


@pytest.mark.parametrize(
    ("given", "environments"),
    [
        ("", {}),
        ("dev prod=customized-config", {"dev": "default-config", "prod": "customized-config"}),
        ("b,a , c", dict.fromkeys("bac", "default-config")),
        (["dev", "prod=customized-config"], {"dev": "default-config", "prod": "customized-config"}),
        (
            {"dev": None, "prod": "customized-config"},
            {"dev": "default-config", "prod": "customized-config"},
        ),
    ],
)
def test_environments(given: object, environments: dict[str, str]) -> None:
    """Environments come as text, list or mapping; each is of the default variant unless said."""
    parsed = answers.parse({"repo_slug": "fc", "environments": given}).environments
    assert list(parsed.items()) == list(environments.items())


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ([None], "null"),
        (["dev", True], "true"),
        ([1.5], "1.5"),
        ([{"dev": "default-config"}], "{dev: default-config}"),
        ({None: "default-config"}, "null"),
        ({"dev": True}, "true"),
    ],
)
def test_an_environment_is_named_by_text(given: object, wrong: str) -> None:
    """What YAML takes for something else is not made a name, `null` least of all."""
    assert refusals(answers.parse, {"repo_slug": "fc", "environments": given}) == [
        f"environments: {wrong} is not text "
        "(NAME or NAME=VARIANT each; quote what YAML takes for something else)"
    ]


def test_a_version_without_quotes_is_a_number() -> None:
    """3.20 is 3.2 to YAML: the answer is to be quoted."""
    assert refusals(answers.parse, {"repo_slug": "fc", "argocd_version": 3.20}) == [
        "argocd_version: 3.2 is not text (one of 3.2, 3.0, 3.1, 3.3, 3.4, 3.5, 3.6; quote it)"
    ]


def test_a_version_in_the_file_is_taken_as_it_is_written() -> None:
    """There its text is known: 3.4 is what was meant, and 1.30 is not told as 1.3."""
    text = GOOD.replace("argocd_version: '3.2'", "argocd_version: 3.4")
    assert text != GOOD
    assert answersfile.load(text.encode()).argocd_version == "3.4"
    wrong = text.replace("kubernetes: 1.29-", "kubernetes: 1.30")
    assert wrong != text
    assert refusals(answersfile.load, wrong.encode()) == [
        "fcgitops.yaml: kubernetes: '1.30' is not known "
        "(FIRST-LAST or FIRST-, of 1.29 to 1.36; quote it)"
    ]


@pytest.mark.parametrize(
    ("given", "flat"),
    [
        ("", {}),
        ("image.tag=1.0 namespace=n", {"namespace": "n", "image.tag": "1.0"}),
        ("labels='{team: ml}'", {"labels": {"team": "ml"}}),
        ("image.pullSecrets=a,b components=[crd]",
         {"image.pullSecrets": ["a", "b"], "components": ["crd"]}),
        ({"image": {"tag": "v2"}, "namespace": "n"}, {"namespace": "n", "image.tag": "v2"}),
    ],
)  # fmt: skip
def test_defaults(given: object, flat: dict[str, Any]) -> None:
    """Defaults come as KEY=VALUE texts or a mapping, and are kept in the keys' own order."""
    parsed = answers.parse({"repo_slug": "fc", "defaults": given}).defaults
    assert list(parsed.items()) == list(flat.items())


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        ({"repo_slug": "../x"}, [f"repo_slug: '../x' is not valid ({SLUG})"]),
        ({"repo_slug": "fc", "profil": ""}, ["profil: is no question (did you mean 'profile'?)"]),
        ({"repo_slug": "fc", "gitops": "flx"},
         ["gitops: 'flx' is not known (did you mean 'flux'?)"]),
        ({"repo_slug": "fc", "repo_url": "https://a:b@h/x"},
         ["repo_url: carries a user or password "
          "(leave it out: Git's credential helper keeps secrets)"]),
        ({"repo_slug": "fc", "gitops": "both", "repo_url": "file:///srv/x.git"},
         ["repo_url: 'file:///srv/x.git' is a folder, which Flux does not fetch "
          "(https://HOST/PATH or ssh://…)"]),
        ({"repo_slug": "fc", "environments": "dev prod=custom default-config dev"},
         ["environments: 'custom' is no variant (one of default-config, customized-config)",
          "environments: 'default-config' is reserved (another name, such as dev or prod)",
          "environments: 'dev' is named twice (each environment once)"]),
        ({"repo_slug": "fc", "environments": 7},
         ["environments: 7 is no list (NAME or NAME=VARIANT each)"]),
        ({"repo_slug": "fc", "defaults": "image.tga=v1 image.tag variant=x egress.mode=x"},
         ["defaults: 'image.tga' is not known (did you mean 'image.tag'?)",
          "defaults: 'image.tag' has no '=' (KEY=VALUE)",
          "defaults: 'variant' is not known",
          "defaults: egress.mode: 'x' is not known (one of none, cidr, cilium)"]),
        ({"repo_slug": "fc", "defaults": "egress.mode=x"},
         ["defaults: egress.mode: 'x' is not known (one of none, cidr, cilium)"]),
        ({"repo_slug": "fc", "defaults": "egress.mode=cilium", "profile": "upstream"},
         ["defaults: egress.mode: works in the profile hardened only (leave it out)"]),
        ({"repo_slug": "fc", "defaults": "a='b"},
         ['defaults: "a=\'b": No closing quotation (KEY=VALUE each)']),
        ({"repo_slug": "fc", "defaults": "'labels=a: b: c'"},
         ["defaults: labels:1: is not valid YAML: "
          "mapping values are not allowed in this context"]),
        ({"repo_slug": "fc", "defaults": {"image": {"tga": 1}, "labls": {}}},
         ["defaults: image.tga: is not known (did you mean 'tag'?)",
          "defaults: labls: is not known (did you mean 'labels'?)"]),
        ({"repo_slug": "fc", "defaults": 1}, ["defaults: 1 is not text (KEY=VALUE each)"]),
        ({"repo_slug": "", "profile": "soft", "requirement": "-e .", "environments": "A"},
         [f"repo_slug: '' is not valid ({SLUG})",
          "profile: 'soft' is not known (one of hardened, upstream)",
          "requirement: '-e .' is not valid "
          "(NAME==VERSION, the path of a wheel, or NAME @ git+https://…)",
          "environments: 'A' is not valid "
          "(a DNS label: lower-case letters, digits and '-' between them, at most 63)"]),
    ],
)  # fmt: skip
def test_refused(given: dict[str, Any], messages: list[str]) -> None:
    """Every mistake of every answer is told at once; in a file, with the file's name."""
    assert refusals(answers.parse, given) == messages
    if "environments" not in given:
        assert refusals(answers.parse, given, "a.yaml") == [f"a.yaml: {m}" for m in messages]


DIGEST = "defaults: image.digest: 'x' is not valid (sha256: and 64 hexadecimal digits)"


@pytest.mark.parametrize(
    ("defaults", "messages"),
    [
        ("labels={ image.tga=v1 image.digest=x",
         ["defaults: labels:2: is not valid YAML: did not find expected node content",
          "defaults: 'image.tga' is not known (did you mean 'image.tag'?)", DIGEST]),
        ({"image": {"tga": "v1", "digest": "x"}},
         ["defaults: image.tga: is not known (did you mean 'tag'?)", DIGEST]),
    ],
)  # fmt: skip
def test_refused_all_defaults(defaults: object, messages: list[str]) -> None:
    """A broken value or a mistyped key does not hide the mistakes beside it."""
    assert refusals(answers.parse, {"repo_slug": "fc", "defaults": defaults}) == messages


def test_refused_environments_in_file() -> None:
    """A wrong `environments` in a file is told with the file."""
    given = {"repo_slug": "fc", "environments": 7}
    assert refusals(answers.parse, given, "a.yaml") == [
        "a.yaml: environments: 7 is no list (NAME or NAME=VARIANT each)"
    ]
    with pytest.raises(InputError, match=r"^b.yaml: 7 is no list"):
        environments_answer.listed(7, "b.yaml")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("repo_slug", "fc", ""),
        ("repo_slug", "a b", f"'a b' is not valid ({SLUG})"),
        ("repo_url", "", ""),
        ("environments", "dev prod=customized-config", ""),
        ("environments", "dev=x A", "'x' is no variant (one of default-config, customized-config)\n"
         "'A' is not valid (a DNS label: lower-case letters, digits and '-' between them, "
         "at most 63)"),
        ("kubernetes", "1.29-", ""),
        ("kubernetes", "1.31-1.34", ""),
        ("kubernetes", "1.34", "'1.34' is not known (FIRST-LAST or FIRST-, of 1.29 to 1.36; quote "
         "it)"),
        ("kubernetes", "1.34-1.31", "'1.34-1.31' ends before it begins (FIRST-LAST or FIRST-, of "
         "1.29 to 1.36; quote it)"),
        ("kubernetes", 1.34, "1.34 is not text (FIRST-LAST or FIRST-, of 1.29 to 1.36; quote it)"),
        ("defaults", "image.tag=v1", ""),
        ("defaults", "image.tag", "'image.tag' has no '=' (KEY=VALUE)"),
    ],
)  # fmt: skip
def test_check_answer(name: str, value: object, message: str) -> None:
    """One answer alone is checked as it is typed."""
    assert answers.check_answer(name, value) == message


def test_questions_are_cookiecutters() -> None:
    """cookiecutter.json asks the same questions, with the same defaults."""
    asked = {name: value for name, value in skeleton.questions().items() if name[0] != "_"}
    assert set(asked) == set(answers.QUESTIONS)
    ours = answers.parse({"repo_slug": "fc"})
    for name in ("profile", "gitops", "repo_url"):
        default = asked[name][0] if isinstance(asked[name], list) else asked[name]
        assert getattr(ours, name) == default
    file = Path(skeleton.template_root() / "cookiecutter.json")
    assert json.loads(file.read_text()) == skeleton.questions()


def test_render() -> None:
    """fcgitops.yaml holds version, answers and defaults, the usual ones spelled out."""
    defaults = "image.tag=v9 'labels={a: b}'"
    given = {"repo_slug": "fc", "environments": "stage", "defaults": defaults}
    text = answersfile.render(answers.parse(given)).decode()
    shown = "".join(line for line in text.splitlines(keepends=True) if line[0] != "#")
    assert (
        shown
        == (
            f"version: {__version__}\nanswers:\n  repo_slug: fc\n  profile: hardened\n"
            "  gitops: argocd\n  forge: both\n  repo_url: ''\n  branch: main\n"
            "  argocd_version: '3.2'\n  flux_secret: ''\n  signing_keys: ''\n  kubernetes: 1.29-\n"
        )
        + KEYS_SHOWN.replace("v1.0.0", "v9")
        + "  labels:\n    a: b\n"
    )
    assert "stage" not in shown


def test_load() -> None:
    """What is recorded is read back; what is not recorded has its default."""
    given = {"repo_slug": "fc", "gitops": "flux", "profile": "upstream", "repo_url": "git@h:a",
             "defaults": "image.tag=v9", "environments": "dev", "requirement": "x==1"}  # fmt: skip
    first = answers.parse(given)
    again = answersfile.load(answersfile.render(first))
    assert again.defaults["image.tag"] == "v9"
    assert again.defaults["namespace"] == "default"
    assert vars(again) == {**vars(first), "defaults": again.defaults, "environments": {},
                           "requirement": Answers("x").requirement}  # fmt: skip


GOOD = answersfile.render(Answers("fc")).decode()


def line_of(text: str) -> int:
    """The line of GOOD in which a text stands."""
    return GOOD[: GOOD.index(text)].count("\n") + 1


def test_an_answer_that_an_older_version_did_not_ask() -> None:
    """It has its default then; in a file of this version it was taken out, and is missed."""
    without = GOOD.replace("  branch: main\n", "")
    assert refusals(answersfile.load, without.encode()) == [
        "fcgitops.yaml: answers.branch: is missing (take it back from Git)"
    ]
    old = answersfile.load(without.replace(__version__, "0.1.0").encode())
    assert (old.version, old.branch) == ("0.1.0", "main")


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        (GOOD, "", ["fcgitops.yaml: version: is missing (take it back from Git)",
                    "fcgitops.yaml: answers: is missing (take it back from Git)"]),
        (GOOD, "- a\n", ["fcgitops.yaml: [a] is not a mapping (KEY: VALUE lines)",
                         "fcgitops.yaml: version: is missing (take it back from Git)",
                         "fcgitops.yaml: answers: is missing (take it back from Git)"]),
        (GOOD, "version: x\nanswers: y\n", ["fcgitops.yaml: answers: 'y' is not a mapping"]),
        ("version:", "versoin:", [
            "fcgitops.yaml: versoin: is not known (did you mean 'version'?)",
            "fcgitops.yaml: version: is missing (take it back from Git)"]),
        ("  branch: main\n", "  branch: refs/heads/x/\n", [
            "fcgitops.yaml: branch: 'refs/heads/x/' is not valid "
            "(the name of a branch such as main or deploy/prod)"]),
        (f"version: {__version__}", "version: 0.1",
         ["fcgitops.yaml: version: 0.1 is not text"]),
        ("  repo_slug: fc\n", "", [
            "fcgitops.yaml: answers.repo_slug: is missing (take it back from Git)"]),
        ("  repo_slug: fc\n", "  repo_slug: fc\n  environments: dev\n", [
            "fcgitops.yaml: answers.environments: is not known "
            "(one of repo_slug, profile, gitops, forge, repo_url, branch, argocd_version, "
            "flux_secret, signing_keys, kubernetes)"]),
        ("profile: hardened", "profile: soft", [
            "fcgitops.yaml: profile: 'soft' is not known (one of hardened, upstream)"]),
        ("    tag: v1.0.0", "    tag: 1.0\n    tga: x", [
            "fcgitops.yaml: defaults: image.tga: is not known (did you mean 'tag'?)",
            f"fcgitops.yaml:{line_of('tag: v1.0.0')}: defaults.image.tag: 1.0 is read as a "
            "number, and must be text (quote it: '1.0')"]),
        ("    tag: v1.0.0", "    tag: 1.0", [
            f"fcgitops.yaml:{line_of('tag: v1.0.0')}: defaults.image.tag: 1.0 is read as a "
            "number, and must be text (quote it: '1.0')"]),
        ("  namespace: frameworkcontroller", "  labels: {a: yes}", [
            f"fcgitops.yaml:{line_of('namespace: f')}: defaults.labels.a: yes is read as true, "
            "and must be text (quote it: 'yes')"]),
        ("  gitops: argocd", "  gitops: argocd\n  gitops: flux", [
            f"fcgitops.yaml:{line_of('  gitops') + 1}: repeats the key 'gitops' "
            "(keep one of the two)"]),
        ("  gitops: argocd", "<<<<<<< yours\n  gitops: argocd", [
            f"fcgitops.yaml:{line_of('  gitops') + 1}: is not valid YAML: "
            "could not find expected ':'"]),
    ],
)  # fmt: skip
def test_damaged(old: str, new: str, messages: list[str]) -> None:
    """A damaged fcgitops.yaml is refused, with each place and the way out."""
    assert old in GOOD
    assert refusals(answersfile.load, GOOD.replace(old, new).encode()) == messages


@pytest.mark.parametrize(
    "url", ["https://h/x", "ssh://git@h:22/x", "git@h:team/x", "https://[fd00::1]:8443/x", ""]
)
def test_a_slash_at_the_end_of_the_url_says_nothing(url: str) -> None:
    """Argo CD and Flux would take it for another repository."""
    given = {"repo_slug": "fc", "repo_url": f"{url}/" if url else url}
    assert answers.parse(given).repo_url == url


def test_environment_defaults() -> None:
    """Which tool syncs an environment follows from the answers; defaults come on top."""
    assert Answers("x", gitops="flux").environment_defaults == {"sync": "flux"}
    for gitops in ("argocd", "both"):
        assert Answers("x", gitops=gitops).environment_defaults == {"sync": "argocd"}
    assert Answers("x", defaults={"image.tag": "v9"}).environment_defaults == {
        "sync": "argocd", "image.tag": "v9"
    }  # fmt: skip
