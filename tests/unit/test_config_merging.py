"""A user's settings over the variant's file: what is kept, what is replaced, and in what order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
import yamls
from conftest import Fcgitops
from fcgitops.core.errors import InputError
from fcgitops.core.findings import INFO
from fcgitops.fcconfig import merging
from fcgitops.fcconfig.check import check
from fcgitops.fcconfig.decode import read
from fcgitops.fcconfig.findings import faults
from fcgitops.fcconfig.image import shipped_codes
from fcgitops.repository import scaffold
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

VARIANT = """\
# the variant
kubeClientQps: 200
workerNumber: 500  # many

# the list
podFailureSpec:
# first
- code: 137
  podPatterns: [{reasonRegex: Killed}]
# end
"""
SHIPPED = """\
podFailureSpec:
# shipped
- code: -1000
  podPatterns: [{reasonRegex: Evicted}]
- code: 137
  podPatterns: [{}]
"""
HEADING = """\
# What FrameworkController's image knows too (MIT License, Copyright (c) Microsoft
# Corporation); an entry above with the same code takes the place of one here.
# shipped
- code: -1000
  podPatterns: [{reasonRegex: Evicted}]
"""


@pytest.fixture
def small_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that ships two entries, so that a whole outcome fits beside its input."""
    monkeypatch.setattr(merging, "shipped_text", lambda: SHIPPED)


KEPT = f"""\
# the list
podFailureSpec:
# first
- code: 137
  podPatterns: [{{reasonRegex: Killed}}]
{HEADING}"""
TOP = """\
# the variant
kubeClientQps: 200
workerNumber: 500  # many

# the list
"""
BEHIND = f"""\
# first
- code: 137
  podPatterns: [{{reasonRegex: Killed}}]
{HEADING}# end
"""


@pytest.mark.usefixtures("small_image")
@pytest.mark.parametrize(
    ("own", "merged"),
    [
        pytest.param("", VARIANT.replace("# end\n", HEADING + "# end\n"), id="empty"),
        pytest.param(
            "# only a comment\n",
            VARIANT.replace("# end\n", HEADING + "# only a comment\n# end\n"),
            id="only a comment",
        ),
        pytest.param(
            "# mine\n\nworkerNumber: 7 # seven\n# tail\n",
            f"""\
# the variant
kubeClientQps: 200
# mine

workerNumber: 7 # seven

{KEPT}# tail
# end
""",
            id="a setting in the place of the variant's, with its comments",
        ),
        pytest.param(
            "# why\nkubeClientBurst: 5\nlogObjectSnapshot:\n  pod: {onPodDeletion: no}  # quiet\n",
            f"""\
{TOP}podFailureSpec:
# first
- code: 137
  podPatterns: [{{reasonRegex: Killed}}]
{HEADING}# why
kubeClientBurst: 5
logObjectSnapshot:
  pod: {{onPodDeletion: no}}  # quiet
# end
""",
            id="a new setting comes last",
        ),
        pytest.param(
            "workerNumber: ~\n",
            VARIANT.replace("500  # many", "~").replace("# end\n", HEADING + "# end\n"),
            id="null is the default again",
        ),
        pytest.param(
            """\
# my codes
podFailureSpec:
# a
- code: 8
  podPatterns: [{}] # p
# b
- code: 7
  podPatterns:
  - nameRegex: |-
      x
      # no comment
# last
""",
            f"""\
{TOP}# my codes
podFailureSpec:
# a
- code: 8
  podPatterns: [{{}}] # p
# b
- code: 7
  podPatterns:
  - nameRegex: |-
      x
      # no comment
{BEHIND.replace("# end", "# last")}# end
""",
            id="own entries come first, in their order",
        ),
        pytest.param(
            "podFailureSpec:\n- code: 137\n  phrase: mine\n  podPatterns: [{}]\n",
            f"""\
{TOP}podFailureSpec:
- code: 137
  phrase: mine
  podPatterns: [{{}}]
{HEADING}# end
""",
            id="an own entry takes the place of the variant's and of the image's",
        ),
        pytest.param(
            "podFailureSpec:\n- code: -1000\n  podPatterns: [{}]\n",
            f"""\
{TOP}podFailureSpec:
- code: -1000
  podPatterns: [{{}}]
# first
- code: 137
  podPatterns: [{{reasonRegex: Killed}}]
# end
""",
            id="where nothing of the image's is left there is no heading",
        ),
        pytest.param(
            """\
podFailureSpec:
    # a
    - code: 8
      podPatterns:
          - {}

    - code: 7
      podPatterns: [{}]
workerNumber: 3
""",
            f"""\
# the variant
kubeClientQps: 200
workerNumber: 3

# the list
podFailureSpec:
# a
- code: 8
  podPatterns:
      - {{}}

- code: 7
  podPatterns: [{{}}]
{BEHIND}""",
            id="an indented list",
        ),
        pytest.param(
            "podFailureSpec: [{code: 8, podPatterns: [{}]}, {code: 7,\n   podPatterns: [{}]}]\n",
            f"""\
{TOP}podFailureSpec:
- {{code: 8, podPatterns: [{{}}]}}
- {{code: 7,
    podPatterns: [{{}}]}}
{BEHIND}""",
            id="a list in brackets",
        ),
        pytest.param(
            "{workerNumber: 7, podFailureSpec: [{code: 8, podPatterns: [{}]}]}\n",
            f"""\
# the variant
kubeClientQps: 200
workerNumber: 7

# the list
podFailureSpec:
- {{code: 8, podPatterns: [{{}}]}}
{BEHIND}""",
            id="all in braces",
        ),
        pytest.param(
            "podFailureSpec: []\n",
            VARIANT.replace("# end\n", HEADING + "# end\n"),
            id="an empty list is no entry of one's own",
        ),
        pytest.param(
            "podFailureSpec: null\n",
            VARIANT.replace("# end\n", HEADING + "# end\n"),
            id="null is none either",
        ),
        pytest.param(
            "---\n# c\n'workerNumber': 7",
            VARIANT.replace("workerNumber: 500  # many", "# c\n'workerNumber': 7").replace(
                "# end\n", HEADING + "# end\n"
            ),
            id="a document's start, a key in quotes, no newline at the end",
        ),
        pytest.param(
            "\ufeffworkerNumber: 7\r\nkubeClientQps: 5 # c\r\n",
            VARIANT.replace("500  # many", "7")
            .replace("200", "5 # c")
            .replace("# end\n", HEADING + "# end\n"),
            id="as Windows writes it",
        ),
        pytest.param(
            "workerNumber: 7\n...\n",
            VARIANT.replace("500  # many", "7").replace("# end\n", HEADING + "...\n# end\n"),
            id="a document's end",
        ),
        pytest.param(
            "--- # mine\nworkerNumber: 7\n",
            VARIANT.replace("workerNumber: 500  # many", "# mine\nworkerNumber: 7").replace(
                "# end\n", HEADING + "# end\n"
            ),
            id="a comment behind the document's start",
        ),
        pytest.param(
            "  workerNumber: 7 # why\n",
            VARIANT.replace("500  # many", "7 # why").replace("# end\n", HEADING + "# end\n"),
            id="indented",
        ),
        pytest.param(
            "{ # a\n workerNumber: 7 # b\n}\n",
            VARIANT.replace("workerNumber: 500  # many", "# a\nworkerNumber: 7").replace(
                "# end\n", HEADING + "# b\n# end\n"
            ),
            id="in braces, with comments",
        ),
    ],
)
def test_keep(own: str, merged: str) -> None:
    """Settings over the variant's, entries before the variant's and the image's, comments kept."""
    assert merging.merge(own, VARIANT) == merged


@pytest.mark.usefixtures("small_image")
@pytest.mark.parametrize(
    ("own", "merged"),
    [
        pytest.param("", VARIANT, id="empty"),
        pytest.param(
            "workerNumber: 7\n", VARIANT.replace("500  # many", "7"), id="the variant's list stays"
        ),
        pytest.param(
            "# mine\npodFailureSpec:\n  # a\n  - code: 8\n    podPatterns: [{}]\n",
            f"{TOP}# mine\npodFailureSpec:\n  # a\n  - code: 8\n    podPatterns: [{{}}]\n# end\n",
            id="as it is written",
        ),
        pytest.param("podFailureSpec: []\n", f"{TOP}podFailureSpec: []\n# end\n", id="none at all"),
        pytest.param(
            "podFailureSpec:\n- code: 8\n  podPatterns: &p [{}]\n- {code: 7, podPatterns: *p}\n",
            f"{TOP}podFailureSpec:\n- code: 8\n  podPatterns: &p [{{}}]\n"
            "- {code: 7, podPatterns: *p}\n# end\n",
            id="an alias within the list",
        ),
    ],
)
def test_replace(own: str, merged: str) -> None:
    """The user's list is the whole list, where there is one; nothing of the image's is added."""
    assert merging.merge(own, VARIANT, merging.REPLACE) == merged


@pytest.mark.usefixtures("small_image")
def test_a_variant_without_a_list() -> None:
    """As the upstream profile's: the image's entries come last, the user's before them."""
    variant = "workerNumber: 500\n#podFailureSpec:\n#- code: 221\n"
    entry = "- code: 8\n  podPatterns: [{}]\n"
    rest = HEADING + "- code: 137\n  podPatterns: [{}]\n#podFailureSpec:\n#- code: 221\n"
    assert merging.merge("", variant) == f"workerNumber: 500\npodFailureSpec:\n{rest}"
    assert merging.merge(f"podFailureSpec:\n{entry}", variant) == (
        f"workerNumber: 500\npodFailureSpec:\n{entry}{rest}"
    )
    assert (
        merging.merge("", "") == f"podFailureSpec:\n{HEADING}- code: 137\n  podPatterns: [{{}}]\n"
    )
    assert merging.merge("", "", merging.REPLACE) == ""


@pytest.mark.usefixtures("small_image")
@pytest.mark.parametrize(
    "own",
    [
        "x: &p [{}]\npodFailureSpec:\n- code: 8\n  podPatterns: *p\nworkerNumber: 7\n",
        "workerNumber: &n 7\npodFailureSpec:\n- {code: 8, phrase: *n, podPatterns: [{}]}\n",
        "podFailureSpec: &l\n- code: 8\n  podPatterns: [{}]\nworkerNumber: 7\nx: *l\n",
    ],
)
def test_what_cannot_be_taken_apart_is_written_anew(own: str) -> None:
    """Aliases: the meaning stays, comments and the user's form do not."""
    phrase = "  phrase: '7'\n" if "phrase" in own else ""
    dumped = f"""\
kubeClientQps: 200
workerNumber: 7
podFailureSpec:
- code: 8
{phrase}  podPatterns:
  - {{}}
- code: 137
  podPatterns:
  - reasonRegex: Killed
- code: -1000
  podPatterns:
  - reasonRegex: Evicted
"""
    assert read(merging.merge(own, VARIANT).encode())[1].value == yamls.load(dumped)
    if phrase or own.startswith("x"):
        assert merging.merge(own, VARIANT) == dumped


@pytest.mark.usefixtures("small_image")
def test_a_merge_key_makes_no_hazard() -> None:
    """What is accepted alone is accepted merged, and other readers of YAML see the same."""
    merged = merging.merge("<<: {workerNumber: 7}\n", VARIANT)
    assert yamls.load(merged)["workerNumber"] == 7
    assert [str(f) for f in check(merged.encode()) if f.severity != INFO] == []


@pytest.mark.usefixtures("small_image")
@pytest.mark.parametrize(
    ("own", "message"),
    [
        ("a: [\n", "settings: is not valid YAML: "),
        ("a: *x\n", "settings: names the anchor 'x', which is not defined"),
        ("%YAML 1.2\n---\n{}\n", "settings: is not valid YAML: a %YAML directive"),
    ],
)
def test_what_is_no_yaml_is_refused(own: str, message: str) -> None:
    """The user's text and the variant's are told apart."""
    with pytest.raises(InputError) as caught:
        merging.merge(own, VARIANT)
    assert str(caught.value).startswith(message)
    with pytest.raises(InputError, match=r"^the variant's file: "):
        merging.merge("", own)


@pytest.mark.parametrize("profile", ["upstream", "hardened"])
def test_with_the_images_own_list(profile: str) -> None:
    """The user's codes, then all that the image knows, each once; accepted as it is.

    What is said of the image's entries stands above them, and nowhere without them.
    """
    own = "podFailureSpec:\n- code: 137\n  podPatterns: [{}]\n- code: 8\n  podPatterns: [{}]\n"
    merged = merging.merge(own, scaffold.variant_config(profile))
    codes = [entry["code"] for entry in read(merged.encode())[1].value["podFailureSpec"]]
    assert codes == [137, 8, *(code for code in shipped_codes() if code != 137)]
    assert [str(f) for f in check(merged.encode()) if f.severity != INFO] == []
    again = read(merging.merge(merged, scaffold.variant_config(profile)).encode())[1].value
    assert again == read(merged.encode())[1].value
    comment = "# What FrameworkController's image knows"
    assert merged.index("- code: 8\n") < merged.index(comment) < merged.index("- code: -1000\n")
    assert comment not in merging.merge(own, scaffold.variant_config(profile), "replace")


# Whatever the user writes.

SETTINGS: dict[str, list[Any]] = {
    "kubeClientQps": [1, 0.5, None, 200],
    "workerNumber": [7, 500],
    "kubeClientBurst": [0, None],
    "largeFrameworkCompression": [True, False],
    "kubeConfigFilePath": ["/a b", "", "# no comment", "x: y", "'", '"', "é"],
    "logObjectSnapshot": [{"pod": {"onPodDeletion": False}}, {"task": None}, {}],
}
ENTRIES = st.fixed_dictionaries(
    {"podPatterns": st.sampled_from([[{}], [{"nameRegex": "# a"}, {"messageRegex": "b: |\nc\n"}]])},
    optional={
        "phrase": st.sampled_from(["x", "- y", "{", "null", "# no", "two\nlines", "1e3"]),
        "type": st.sampled_from([None, {"attributes": ["Transient"]}, {"name": "Failed"}]),
    },
)


class Dumper(yaml.SafeDumper):
    """Writes what occurs twice twice."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        """Of all values."""
        return True


def written(value: object, *, flow: bool) -> str:
    """`value` as YAML, in braces or not, without its last newline."""
    text: str = yaml.dump(
        value, Dumper=Dumper, default_flow_style=flow, sort_keys=False, width=30, allow_unicode=True
    )
    return text.removesuffix("\n").removesuffix("\n...")


def indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line if line else line for line in text.split("\n"))


@st.composite
def user_texts(draw: st.DrawFn) -> tuple[str, dict[str, Any], list[str]]:
    """A text, what it means, and its comments; an empty one, a list of one's own or none."""
    names = draw(st.lists(st.sampled_from(list(SETTINGS)), unique=True, max_size=4))
    meaning = {name: draw(st.sampled_from(SETTINGS[name])) for name in names}
    codes = draw(st.lists(st.sampled_from([8, 137, -1000, 7, -5000]), unique=True, max_size=4))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(meaning)))
        entries = [{"code": code, **draw(ENTRIES)} for code in codes]
        items = list(meaning.items())
        meaning = dict([*items[:at], ("podFailureSpec", entries), *items[at:]])
    if meaning and draw(st.integers(0, 5)) == 0:
        return written(meaning, flow=True) + draw(st.sampled_from(["", "\n"])), meaning, []
    comments: list[str] = []

    def remark(indent: int, *, behind: bool = False) -> str:
        if draw(st.integers(0, 2)):
            return "" if behind or draw(st.integers(0, 3)) else "\n"
        comments.append(f"# remark {len(comments)}.")
        return f"  {comments[-1]}" if behind else " " * indent + comments[-1] + "\n"

    text = draw(st.sampled_from(["", "", "---\n", "\n"]))
    for name, value in meaning.items():
        text += remark(0)
        if name == "podFailureSpec" and value and draw(st.integers(0, 4)):
            by = draw(st.sampled_from([0, 2, 4]))
            text += f"{name}:{remark(0, behind=True)}\n"
            for entry in value:
                text += remark(by)
                body = written(entry, flow=draw(st.booleans()))
                text += " " * by + "- " + indented(body, by + 2).lstrip(" ") + "\n"
        elif isinstance(value, dict) and value and draw(st.booleans()):
            text += f"{name}:\n" + indented(written(value, flow=False), 2) + "\n"
        else:
            key = draw(st.sampled_from([name, f"'{name}'", f'"{name}"']))
            # A comment behind a list in brackets goes where the brackets go.
            behind = "" if isinstance(value, list) else remark(0, behind=True)
            text += f"{key}: {written(value, flow=True)}{behind}\n"
    text += remark(0)
    if draw(st.booleans()):
        text = text.removesuffix("\n")
    if draw(st.integers(0, 3)) == 0 and "|" not in text:
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "", "\ufeff"])) + text, meaning, comments


@pytest.mark.slow
@pytest.mark.usefixtures("small_image")
@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    user_texts(),
    st.sampled_from([VARIANT, "", "workerNumber: 500\n#podFailureSpec:\n#- code: 1\n"]),
    st.sampled_from([merging.KEEP, merging.REPLACE]),
)
def test_the_outcome_means_what_it_should(
    own: tuple[str, dict[str, Any], list[str]], variant: str, how: str
) -> None:
    """Settings over the variant's, entries in order, each code once, no comment lost, no hazard."""
    text, meaning, comments = own
    theirs = yamls.load(variant) or {}
    wanted = {**theirs, **meaning}
    if how == merging.KEEP:
        lists = (meaning, theirs, yamls.load(SHIPPED))
        entries = [e for found in lists for e in found.get("podFailureSpec") or []]
        codes = [e["code"] for e in entries]
        wanted["podFailureSpec"] = [e for i, e in enumerate(entries) if e["code"] not in codes[:i]]

    merged = merging.merge(text, variant, how)

    assert read(merged.encode())[1].value == wanted
    assert (yamls.load(merged) or {}) == wanted
    assert [comment for comment in comments if comment not in merged] == []
    assert [str(f) for f in check(merged.encode()) if f.severity != INFO] == []


# The command.


def test_command(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Outside of a repository the variant of the profile hardened is meant."""
    file = tmp_path / "mine.yaml"
    file.write_text("\ufeffworkerNumber: 7 # mine\n")
    variant = scaffold.variant_config("hardened")
    ran = fcgitops("-C", tmp_path, "config", "merge", "mine.yaml")
    assert (ran.out, ran.err) == (merging.merge("workerNumber: 7 # mine\n", variant), "")
    assert "workerNumber: 7 # mine\n" in ran.out
    file.write_text("podFailureSpec:\n- code: 8\n  podPatterns: [{}]\n")
    out = fcgitops("-C", tmp_path, "config", "merge", "--replace", "mine.yaml").out
    assert out.endswith("podFailureSpec:\n- code: 8\n  podPatterns: [{}]\n")


def test_command_refuses_what_the_check_refuses(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """All findings at once, status 1; a file that is not there, status 2."""
    (tmp_path / "mine.yaml").write_text("workerNumbr: 7\nkubeClientQps: 0\n")
    ran = fcgitops("-C", tmp_path, "config", "merge", "mine.yaml", status=1)
    assert ran.out == ""
    assert ran.err.splitlines() == [
        "error: mine.yaml:1: workerNumbr: is no key that FrameworkController reads [FCC11] "
        "(did you mean 'workerNumber'?)",
        "error: mine.yaml:2: kubeClientQps: is 0 [FCC15] (a number, above 0, at most 10000)",
    ]
    assert fcgitops("-C", tmp_path, "config", "merge", "none.yaml", status=2).err == (
        "error: none.yaml: cannot be read: No such file or directory\n"
    )


@pytest.mark.parametrize(
    "own",
    [
        "--- # mine\npodFailureSpec:\n- code: 300\n  podPatterns: [{}]\n",
        "podFailureSpec: [ # a\n {code: 300, podPatterns: [{}]}, # b\n # c\n"
        " {code: 301, podPatterns: [{}]} # d\n] # e\n",
        "podFailureSpec: [] # none\n",
        "podFailureSpec: # none\n",
        "podFailureSpec: null # none\n",
    ],
)
@pytest.mark.parametrize("shipped", ["keep", "replace"])
def test_comments_of_odd_forms(own: str, shipped: str) -> None:
    """What is legal is merged, with its comments; a form that is not known loses them, no more."""
    for variant in (VARIANT, own):
        merged = merging.merge(own, variant, shipped)
        assert merging.lost_comments(own, merged) == []
        assert not faults(check(merged.encode()))


def test_aliases_lose_the_comments() -> None:
    """A form that cannot be spliced becomes a plain dump of what it means; that is told."""
    own = (
        "# wiki\npodFailureSpec:\n- code: 300 # gpu\n  podPatterns: &any\n  - nameRegex: a\n"
        "- code: 301\n  podPatterns: *any\n"
    )
    merged = merging.merge(own, VARIANT)
    assert [c.strip() for c in merging.lost_comments(own, merged)] == ["# wiki", "# gpu"]
    codes = [entry["code"] for entry in yamls.load(merged)["podFailureSpec"]]
    assert codes[:2] == [300, 301]
