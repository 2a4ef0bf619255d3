"""Values that may be secrets are shown nowhere: in no format, of no object, in no sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import yamls
from consequences import base
from examples import examples
from fcgitops.core.errors import Problem
from fcgitops.diff import compare, report, spoken
from fcgitops.diff.markdown import as_markdown
from fcgitops.diff.secrecy import hide, names_one, redact
from fcgitops.verify import building, catalogue
from fcgitops.verify.subjects import OBJECTS, SOURCE, Objects, Source
from hypothesis import given
from hypothesis import strategies as st

CANARY = "c4n4ryV4lue"
CHECKS = catalogue.checks()
"""All of them, which are registered by this."""
Place = Callable[[list[dict[str, Any]], str], None]


def the(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(o for o in objects if o["kind"] == kind)


def container(objects: list[dict[str, Any]]) -> dict[str, Any]:
    return the(objects, "StatefulSet")["spec"]["template"]["spec"]["containers"][0]


def new(kind: str, version: str = "v1", **fields: Any) -> Place:
    def place(objects: list[dict[str, Any]], value: str) -> None:
        text = json.dumps(fields).replace("CANARY", value)
        metadata = {"name": "x", "namespace": "frameworkcontroller"}
        objects.append(
            {"apiVersion": version, "kind": kind, "metadata": metadata, **json.loads(text)}
        )

    return place


def env(name: str) -> Place:
    return lambda o, value: container(o).update(env=[{"name": name, "value": value}])


def config(text: str, key: str = "app.conf") -> Place:
    return lambda o, value: the(o, "ConfigMap")["data"].update({key: text.replace("CANARY", value)})


def annotation(key: str, text: str) -> Place:
    return lambda o, value: the(o, "StatefulSet")["metadata"].update(
        annotations={key: text.replace("CANARY", value)}
    )


def url(objects: list[dict[str, Any]], value: str) -> None:
    objects.append(
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": "r", "namespace": "flux-system"},
            "spec": {"url": f"https://user:{value}@git.example.com/r.git"},
        }
    )


def address(objects: list[dict[str, Any]], value: str) -> None:
    found = the(objects, "ConfigMap")["data"]
    settings = yamls.load(found["frameworkcontroller.yaml"])
    settings["kubeApiServerAddress"] = f"https://me:{value}@10.0.0.1"
    found["frameworkcontroller.yaml"] = yamls.dump(settings)


PLACES: dict[str, Place] = {
    "a Secret's data": new("Secret", data={"anything": "CANARY"}),
    "a Secret's stringData": new("Secret", stringData={"a": "CANARY"}),
    "binaryData": new("ConfigMap", binaryData={"store": "CANARY"}),
    "a variable PASSWORD": env("DB_PASSWORD"),
    "a variable TOKEN": env("API_TOKEN"),
    "a variable in camel case": env("clientSecret"),
    "a variable KEY": env("AWS_SECRET_ACCESS_KEY"),
    "a variable of two words": env("MY_API_KEY"),
    "a variable with a URL": lambda o, v: container(o).update(
        env=[{"name": "DATABASE_URL", "value": f"postgres://u:{v}@db/x"}]
    ),
    "an option": lambda o, v: container(o).update(args=["--token", v]),
    "an option with =": lambda o, v: container(o).update(args=[f"--db-password={v}"]),
    "a command in one string": lambda o, v: container(o).update(
        command=["sh", "-c", f"run --password {v} --port 1"]
    ),
    "a header": lambda o, v: container(o).update(args=[f"Authorization: Bearer {v}"]),
    "a key of a ConfigMap": config("CANARY", "password"),
    "a line of a ConfigMap": config("a: 1\npassword: CANARY\nb: 2\n"),
    "a block of a ConfigMap": config("token: |\n  CANARY\n"),
    "JSON in a ConfigMap": config('{"client_secret": "CANARY",\n "a": 1}\n'),
    "a short text of a ConfigMap": config("user=a password=CANARY"),
    "a URL in a ConfigMap": config("url=amqp://u:CANARY@host/\n"),
    "the last applied object": annotation(
        "kubectl.kubernetes.io/last-applied-configuration", '{"data":{"a":"CANARY"}}'
    ),
    "an annotation": annotation("example.com/webhook-token", "CANARY"),
    "a source's URL": url,
    "a setting's URL": address,
    "a field of another kind": new("Widget", "example.com/v1", spec={"adminPassword": "CANARY"}),
    "a list of another kind": new("Widget", "example.com/v1", spec={"tokens": ["CANARY"]}),
    "a mapping of another kind": new(
        "Widget", "example.com/v1", spec={"credentials": {"u": "CANARY"}}
    ),
    "a misspelled field of a variable": lambda o, v: container(o).update(
        env=[{"name": "TOKEN", "val": v}]
    ),
    "a variable that is a mapping": lambda o, v: container(o).update(env={"PASSWORD": v}),
    "a variable that stands twice": lambda o, v: container(o).update(
        env=[{"name": "TOKEN", "value": v}, {"name": "TOKEN", "value": v}]
    ),
    "a variable with JSON": lambda o, v: container(o).update(
        env=[{"name": "CONFIG", "value": json.dumps({"auth": {"user": v}})}]
    ),
    "a signed URL": lambda o, v: container(o).update(
        env=[{"name": "SHARE", "value": f"https://x.blob.example.com/c?sig={v}&se=1"}]
    ),
    "curl's user": lambda o, v: container(o).update(command=["curl", "-u", f"me:{v}", "https://x"]),
    "curl's user in one string": lambda o, v: container(o).update(args=[f"curl -u me:{v} x"]),
    "curl's user, without a space": lambda o, v: container(o).update(args=[f"curl -ume:{v} x"]),
    "mysql's password": lambda o, v: container(o).update(command=["mysql", "-u", "a", f"-p{v}"]),
    "a header of another scheme": lambda o, v: container(o).update(
        args=[f"curl -H 'Authorization: token {v}' https://x"]
    ),
    "a login without a scheme": lambda o, v: container(o).update(
        env=[{"name": "PROXY", "value": f"me:{v}@proxy:3128"}]
    ),
    "a login of an image": lambda o, v: container(o).update(image=f"me:{v}@registry/x:1"),
    "a variable PW": env("DB_PW"),
    "a personal access token": env("GITHUB_PAT"),
    "a variable WEBHOOK": env("SLACK_WEBHOOK"),
    "a connection string": env("CONNECTION_STRING"),
    "a signed token": env("JWT"),
    "a key of signatures": env("HMAC"),
    "a PIN": env("PIN"),
    "a Secret's data as a list": new("Secret", data=["CANARY"]),
    "a Secret's stringData as a text": new("Secret", stringData="CANARY"),
    "a cookie": env("SESSION_COOKIE"),
    "a one-time password's seed": env("OTP"),
    "a URL to post to": env("WEBHOOK_URL"),
    "a known URL to post to": lambda o, v: container(o).update(
        args=[f"https://hooks.slack.com/services/T0/B0/{v}"]
    ),
    "netrc in a ConfigMap": config("machine x login y password CANARY\n"),
    "a probe's header": lambda o, v: container(o).update(
        livenessProbe={"httpGet": {"port": 1, "httpHeaders": [{"name": "X-Api-Key", "value": v}]}}
    ),
    "a Secret that is no base64": new("Secret", data={"a": "CANARY!!"}),
    "a Secret's key, which was to be a line": new("Secret", data={"PASSWORD CANARY": ""}),
    "a Secret with a mapping": new("Secret", stringData={"a": {"x": "CANARY"}}),
    "a sealed Secret": new(
        "SealedSecret", "bitnami.com/v1", spec={"encryptedData": {"a": "CANARY"}}
    ),
    "a key of FrameworkController's file that it does not know": lambda o, v: the(o, "ConfigMap")[
        "data"
    ].update({"frameworkcontroller.yaml": f"password: {v}\n"}),
    "a comment of FrameworkController's file": lambda o, v: the(o, "ConfigMap")["data"].update(
        {"frameworkcontroller.yaml": f"# password: {v}\n"}
    ),
    "XML in a ConfigMap": config("<password>CANARY</password>\n"),
    "XML with attributes": config('<add key="password" value="CANARY"/>\n'),
    "a key in a ConfigMap": config("-----BEGIN PRIVATE KEY-----\nCANARY\n-----END\n", "id_rsa"),
    "nested JSON in a ConfigMap": config('{"auth": {"user": "CANARY"}}'),
    "named JSON in a ConfigMap": config('[{"name": "PASSWORD", "value": "CANARY"}]'),
    "a list in a ConfigMap": config("tokens:\n- CANARY\n"),
    "a volume's options": lambda o, v: the(o, "StatefulSet")["spec"]["template"]["spec"][
        "volumes"
    ].append({"name": "n", "csi": {"driver": "x", "volumeAttributes": {"accountKey": v}}}),
    "an Application's values": new(
        "Application",
        "argoproj.io/v1alpha1",
        spec={"source": {"helm": {"values": "db:\n  password: CANARY\n"}}},
    ),
    "what Flux substitutes": new(
        "Kustomization",
        "kustomize.toolkit.fluxcd.io/v1",
        spec={"postBuild": {"substitute": {"db_password": "CANARY"}}},
    ),
    "a named value of another kind": new(
        "Widget", "example.com/v1", spec={"parameters": [{"name": "dbPassword", "value": "CANARY"}]}
    ),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("how", ["changed", "new", "gone"])
def test_a_secret_is_shown_nowhere(place: Place, how: str) -> None:
    """Only that it differs is said, in text, JSON and Markdown, in full, and in a commit."""
    before, after = base(), base()
    if how in ("changed", "gone"):
        place(before, f"{CANARY}One")
    if how in ("changed", "new"):
        place(after, f"{CANARY}Two")
    outcome = compare.outcome(before, after)
    assert outcome.objects, "the change is not seen"
    found = report.Report((report.Entry("prod", outcome),))
    for text in (
        "\n".join(spoken.lines(found)),
        "\n".join(report.as_text(found, full=True)),
        json.dumps(report.as_json(found)),
        as_markdown(found),
    ):
        assert CANARY not in text


@examples(100)
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789", min_size=8, max_size=20))
def test_a_random_secret_is_hidden_behind_its_name(value: str) -> None:
    """Whatever it looks like, in the forms in which values are assigned."""
    secret = f"Zq{value}"
    for form in ("password={}", "token: {}", '"apiKey": "{}"', "--client-secret={}", "PASSWD='{}'"):
        assert secret not in redact(f"a=1 {form.format(secret)} b=2")


SHOWN = (
    "frameworkcontroller/frameworkcontroller:v1.0.0@sha256:0123456789abcdef",
    "ssh://git@git.example.com/team/deploy.git",
    "git@git.example.com:team/deploy.git",
    "https://git.example.com:8443/a@b",
    "unexpected authorization mode Node",
)


@pytest.mark.parametrize("text", SHOWN)
def test_what_only_looks_like_a_login_is_shown(text: str) -> None:
    """An image by its digest, the user of every SSH URL, an @ in a path."""
    assert redact(text) == text


NAMES = {
    "DB_PASSWORD": True, "apiToken": True, "client-secret": True, "AWS_ACCESS_KEY": True,
    "sshPrivateKey": True, "auth": True, "tokens": True, "clientKeyData": True,
    "workerNumber": False, "replicas": False, "secretName": False, "imagePullSecrets": False,
    "tokenExpirationSeconds": False, "key": False, "passwordFile": False, "keyboard": False,
    "topologyKey": False, "podGroupReplicaKey": False,
    "DB_PW": True, "dbPw": True, "randomSeed": False, "webhook": False, "cookies": True,
    "sessionAffinity": False, "authorName": False, "podFailureSpec": False, "monkey": False,
}  # fmt: skip


@pytest.mark.parametrize(("name", "is_one"), NAMES.items())
def test_which_names_say_that_they_hold_a_secret(name: str, is_one: bool) -> None:
    """Names of secrets, and names of where one is."""
    assert names_one(name) is is_one


LONG = "0123456789abcdefghijABCDEFGHIJ"
TOKENS = [
    "-----BEGIN RSA PRIVATE KEY-----",
    f"eyJ{LONG}.{LONG}",
    *(f"gh{kind}_{LONG}" for kind in "pousr"),
    "AKIA0123456789ABCDEF",
    f"xoxb-{LONG}",
    f"glpat-{LONG}",
]


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_known_by_its_looks(token: str) -> None:
    """Whatever it is called, and in the middle of a sentence."""
    assert token not in str(hide({"note": f"it is {token} for now"}, ("data",)))
    assert token not in redact(f"error: {token} is refused")


def test_for_whom_a_token_is_shown() -> None:
    """The audience of a ServiceAccount's token: without it the Pod would get another one."""
    volume = {"projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "me"}}]}}
    assert hide(volume, ("spec", "volumes")) == volume


def test_what_is_no_secret_is_shown() -> None:
    """A diff that hides everything says nothing."""
    before = base()
    after = copy.deepcopy(before)
    container(after)["image"] = "example.com/fc:v1"
    lines = report.as_text(report.Report((report.Entry("prod", compare.outcome(before, after)),)))
    assert any("example.com/fc:v1" in line for line in lines)


WRONG = [
    ("Secret", {"stringData": {"user": 12345678}}),
    ("Secret", {"data": {"user": "not base64 12345678"}}),
    ("Secret", {"data": {"user": ["12345678"]}}),
    ("ConfigMap", {"data": {"db-password": 12345678}}),
    ("ConfigMap", {"data": {"db-password": {"old": "12345678"}}}),
    ("Pod", {"spec": {"containers": [
        {"name": "a", "image": "b", "env": [{"name": "DB_PASSWORD", "value": 12345678}]}]}}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields"), WRONG)
def test_a_finding_names_the_place_of_a_secret_alone(kind: str, fields: dict[str, Any]) -> None:
    """Such as a password of digits that nobody has quoted."""
    o = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": "ns"}, **fields}
    found = [finding for finding in OBJECTS.ask(Objects([o])) if finding.rule == "FCG30"]
    assert found
    assert [str(finding) for finding in found if "12345678" in str(finding)] == []


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("annotations.api-token", f"{CANARY} is read as a number, and must be text"),
        ("annotations", f"db_password: '{CANARY}' is not a text"),
        ("labels", f"token: '{CANARY} x': must be letters"),
        ("annotations", f"[{{password: {CANARY}}}] is not a mapping"),
        ("annotations", f"password: {{a: {CANARY}}} is not a text"),
        ("annotations", f"[password, {CANARY}] is not a mapping"),
    ],
)
def test_a_fault_of_a_source_shows_no_secret(place: str, message: str) -> None:
    """Nor does its hint, which would spell it in quotes."""
    problem = Problem(f"overlays/dev/environment.yaml: {place}", message, f"quote it: '{CANARY}'")
    name = Problem("a.yaml: apiServer.kubeconfigSecret", "'A_b' is not valid", "a DNS name")
    found, other = SOURCE.ask(Source("dev", [problem, name]))
    assert CANARY not in str(found)
    assert "not shown" in str(found)
    assert str(other).endswith("kubeconfigSecret: 'A_b' is not valid (a DNS name)")


def test_what_kustomize_prints_of_an_object_is_redacted() -> None:
    """Where it cannot print one, it says all that is in it."""
    said = building._redacted(f'map[string]interface {{}}{{"token":"{CANARY}", "x":+Inf}}')
    assert CANARY not in said
    assert said.endswith('"x":+Inf}')
