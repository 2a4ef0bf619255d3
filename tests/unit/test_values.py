"""Checks of single values: what each takes, and what it says of the rest."""

from __future__ import annotations

import pytest
from fcgitops.kubernetes import values as kube
from fcgitops.model import clusters
from fcgitops.text import images, values
from fcgitops.text.values import Check

LABEL = "a DNS label: lower-case letters, digits and '-' between them, at most 63"
NAME = "a DNS name: lower-case labels with '.' between them"
REGISTRY = "HOST[:PORT][/PATH] without a scheme"
IMAGE = "a lower-case image path such as team/image"
TAG = "letters, digits, '_', '.' and '-', at most 128, the first no '.' or '-'"
DIGEST = "sha256: and 64 hexadecimal digits"
SLUG = "letters, digits, '.', '_' and '-', at most 63, the first a letter or digit"
CLUSTER = "a name as Argo CD or a kubeconfig has it: letters, digits and . _ : / @ -"
SECRET_KEY = "a key of a Secret: letters, digits, '-', '_' and '.'"
SERVER = "https://HOST[:PORT]"
REPOSITORY = "https://HOST/PATH, ssh://… or git@HOST:PATH"
RANGE = "an address range such as 10.0.0.1/32"
REQUIREMENT = "NAME==VERSION, the path of a wheel, or NAME @ git+https://…"
BRANCH = "the name of a branch such as main or deploy/prod"
NO_BRANCH = f", not a branch ({BRANCH})"
DURATION = "a time such as 10m, 90s or 1h30m, from 1s to 8760h"
OF_A_CLUSTER = "carries a user or password (leave it out: the sync tool keeps secrets)"
SECRET = "carries a user or password (leave it out: Git's credential helper keeps secrets)"

RIGHT: dict[str, tuple[Check, list[object]]] = {
    "dns_label": (kube.dns_label, ["a", "0", "prod", "eu-west-1", "a" * 63]),
    "subdomain": (kube.subdomain, ["a", "a.b-c.d0", ".".join(["a" * 63] * 3)]),
    "registry": (
        images.registry,
        ["r.example.com", "R:5000", "localhost:5000/team/x_y", "r.b/a.b"],
    ),
    "image_repository": (images.repository, ["a", "team/image", "a/b/c__d-e.f"]),
    "tag": (images.tag, ["v1.0.0", "_x", "7e10", "a" * 128]),
    "digest": (images.digest, ["sha256:" + "0a" * 32]),
    "slug": (values.slug, ["a", "fc-deploy", "My_Repo.v2", "a" * 63]),
    "cluster_name": (
        clusters.name,
        ["a", "in-cluster", "arn:aws:eks:eu:1:cluster/Prod", "me@k.local:6443", "a" * 253],
    ),
    "secret_key": (kube.secret_key, ["kubeconfig", "a.b_c-d", ".hidden"]),
    "optional": (values.optional(images.tag), ["", "v1"]),
    "one_of": (values.one_of("a", "b"), ["a", "b"]),
    "list_of": (values.list_of(images.tag), [[], ["a"], ("a", "b")]),
    "integer": (values.integer(1, 3), [1, 2, 3]),
    "branch": (
        values.branch,
        ["main", "trunk", "deploy/prod", "release/1.x", "_x", "y-1", "v", "deadbee-x", "on", "a+b"],
    ),
    "duration": (values.duration, ["10m", "1s", "1000ms", "1h30m", "1.5h", "8760h"]),
    "endpoint": (
        values.endpoint,
        [{"cidr": "10.0.0.1/32", "port": 1}, {"cidr": "fd00::/64", "port": 65535}],
    ),
    "server_url": (
        clusters.server,
        [
            "https://h",
            "http://10.0.0.1:6443",
            "https://[::1]:6443/path",
            "HTTPS://Api.Example.com/",
        ],
    ),
    "repository_url": (
        values.repository_url,
        [
            "https://example.com/a/b.git",
            "ssh://git@example.com:22/a/b",
            "git@example.com:a/b.git",
            "git@example.com:/srv/git/a",
            "example.com:a",
            "file:///srv/git/a",
        ],
    ),
    "requirement": (
        values.requirement,
        [
            "frameworkcontroller-gitops==0.1.0",
            "dist/frameworkcontroller_gitops-0.1.0-py3-none-any.whl",
            "frameworkcontroller-gitops @ git+https://example.com/a/b@v1",
            "frameworkcontroller-gitops @ git+ssh://git@example.com/a/b@v1",
            "frameworkcontroller-gitops[x]>=0.1,<1",
        ],
    ),
}


@pytest.mark.parametrize(
    ("check", "value"),
    [
        pytest.param(check, value, id=f"{name}-{n}")
        for name, (check, given) in RIGHT.items()
        for n, value in enumerate(given)
    ],
)
def test_right(check: Check, value: object) -> None:
    """A right value has no message."""
    assert check(value) == ""


WRONG: list[tuple[Check, object, str]] = [
    # What a name may not be, whoever reads it later: YAML, Make, a shell, Jinja, a path.
    (kube.dns_label, "", f"'' is not valid ({LABEL})"),
    (kube.dns_label, "Prod", f"'Prod' is not valid ({LABEL})"),
    (kube.dns_label, "a.b", f"'a.b' is not valid ({LABEL})"),
    (kube.dns_label, "-a", f"'-a' is not valid ({LABEL})"),
    (kube.dns_label, "a-", f"'a-' is not valid ({LABEL})"),
    (kube.dns_label, "a" * 64, f"'{'a' * 64}' is not valid ({LABEL})"),
    (kube.dns_label, "prоd", f"'prоd' is not valid, it has U+043E ({LABEL})"),
    (kube.dns_label, "prod\n", f"'prod\\n' is not valid, it has U+000A ({LABEL})"),
    (kube.dns_label, "a\u200bb", f"'a\\u200bb' is not valid, it has U+200B ({LABEL})"),
    (kube.dns_label, "٣", f"'٣' is not valid, it has U+0663 ({LABEL})"),
    (kube.dns_label, 'a"b', f"'a\"b' is not valid ({LABEL})"),
    (kube.dns_label, "a'b", f'"a\'b" is not valid ({LABEL})'),
    (kube.dns_label, "$(id)", f"'$(id)' is not valid ({LABEL})"),
    (kube.dns_label, "{{a}}", f"'{{{{a}}}}' is not valid ({LABEL})"),
    (kube.dns_label, "../x", f"'../x' is not valid ({LABEL})"),
    (kube.dns_label, "/etc", f"'/etc' is not valid ({LABEL})"),
    (kube.dns_label, "a: b", f"'a: b' is not valid ({LABEL})"),
    (kube.dns_label, "&a", f"'&a' is not valid ({LABEL})"),
    (kube.dns_label, ".git", f"'.git' is not valid ({LABEL})"),
    (kube.dns_label, True, f"true is not text ({LABEL}; quote it)"),
    (kube.dns_label, None, f"null is not text ({LABEL}; quote it)"),
    (kube.subdomain, "a..b", f"'a..b' is not valid ({NAME})"),
    (kube.subdomain, "A.b", f"'A.b' is not valid ({NAME})"),
    (kube.subdomain, "a.b\n", f"'a.b\\n' is not valid, it has U+000A ({NAME})"),
    (kube.subdomain, "a" * 254, f"'{'a' * 254}' is not valid ({NAME})"),
    (images.registry, "https://r", f"'https://r' is not valid ({REGISTRY})"),
    (images.registry, "r/", f"'r/' is not valid ({REGISTRY})"),
    (images.repository, "Team/x", f"'Team/x' is not valid ({IMAGE})"),
    (images.repository, "x:v1", f"'x:v1' is not valid ({IMAGE})"),
    (images.tag, ".x", f"'.x' is not valid ({TAG})"),
    (images.tag, "a" * 129, f"'{'a' * 129}' is not valid ({TAG})"),
    (images.tag, 1.0, f"1.0 is not text ({TAG}; quote it)"),
    (images.digest, "sha256:0", f"'sha256:0' is not valid ({DIGEST})"),
    (images.digest, f"sha256:{'A' * 64}", f"'sha256:{'A' * 64}' is not valid ({DIGEST})"),
    (values.slug, "a/b", f"'a/b' is not valid ({SLUG})"),
    (values.slug, "..", f"'..' is not valid ({SLUG})"),
    (values.slug, "a.", f"'a.' is not valid ({SLUG})"),
    (values.slug, "-a", f"'-a' is not valid ({SLUG})"),
    (values.slug, "a" * 64, f"'{'a' * 64}' is not valid ({SLUG})"),
    (values.slug, "a\n", f"'a\\n' is not valid, it has U+000A ({SLUG})"),
    (clusters.name, "a b", f"'a b' is not valid ({CLUSTER})"),
    (clusters.name, "-a", f"'-a' is not valid ({CLUSTER})"),
    (clusters.name, "a\n", f"'a\\n' is not valid, it has U+000A ({CLUSTER})"),
    (clusters.name, "{{a}}", f"'{{{{a}}}}' is not valid ({CLUSTER})"),
    (clusters.name, "a" * 254, f"'{'a' * 254}' is not valid ({CLUSTER})"),
    (kube.secret_key, "a/b", f"'a/b' is not valid ({SECRET_KEY})"),
    (kube.secret_key, "", f"'' is not valid ({SECRET_KEY})"),
    (kube.secret_key, ".", f"'.' is not valid ({SECRET_KEY})"),
    (kube.secret_key, "..", f"'..' is not valid ({SECRET_KEY})"),
    (kube.secret_key, "..a", f"'..a' is not valid ({SECRET_KEY})"),
    (kube.secret_key, "a" * 254, f"'{'a' * 254}' is not valid ({SECRET_KEY})"),
    (values.optional(images.tag), "-", f"'-' is not valid ({TAG})"),
    (values.one_of("argocd", "flux"), "argcd", "'argcd' is not known (did you mean 'argocd'?)"),
    (values.one_of("argocd", "flux"), "FLUX", "'FLUX' is not known (did you mean 'flux'?)"),
    (values.one_of("argocd", "flux"), "xyz", "'xyz' is not known (one of argocd, flux)"),
    (values.one_of("argocd", "flux"), ["flux"], "[flux] is not known (did you mean 'flux'?)"),
    (values.list_of(images.tag), "a", "'a' is not a list (write [A, B])"),
    (values.list_of(images.tag), ["a", "a"], "[a, a] names something twice (each once)"),
    (
        values.list_of(images.tag),
        ["-", "a", 1],
        f"'-' is not valid ({TAG})\n1 is not text ({TAG}; quote it)",
    ),
    *(
        (values.branch, name, f"{name!r} is not valid ({BRANCH})")
        for name in (
            "", "-d", "a b", "a..b", "a//b", "a/.b", "a/", "a.", "a.lock", "a.lock/b", "a@{1}",
            "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "{{.x}}", "${x}", "$(id)", "a;b", "'a'",
            "a" * 201,
        )
    ),
    (values.branch, "main\n", f"'main\\n' is not valid, it has U+000A ({BRANCH})"),
    (values.branch, "mаin", f"'mаin' is not valid, it has U+0430 ({BRANCH})"),
    *(
        (values.branch, name, f"{name!r} is a commit or a version to Argo CD{NO_BRANCH}")
        for name in ("HEAD", "1", "1.2", "v1.2", "1.x", "X", "x-1", "v1.2-r+b", "0123abc", "A" * 40)
    ),
    (values.branch, None, f"null is not text ({BRANCH}; quote it)"),
    (values.duration, "10", f"'10' is not valid ({DURATION})"),
    (values.duration, "10 m", f"'10 m' is not valid ({DURATION})"),
    (values.duration, "1d", f"'1d' is not valid ({DURATION})"),
    (values.duration, "0m", f"'0m' is not valid ({DURATION})"),
    (values.duration, "999ms", f"'999ms' is not valid ({DURATION})"),
    (values.duration, "8761h", f"'8761h' is not valid ({DURATION})"),
    (values.duration, "10m\n", f"'10m\\n' is not valid, it has U+000A ({DURATION})"),
    (values.duration, 600, f"600 is not text ({DURATION}; quote it)"),
    (values.integer(1, 3), 0, "0 is not valid (a whole number from 1 to 3)"),
    (values.integer(1, 3), 4, "4 is not valid (a whole number from 1 to 3)"),
    (values.integer(1, 3), True, "true is not valid (a whole number from 1 to 3)"),
    (values.integer(1, 3), "2", "'2' is not valid (a whole number from 1 to 3)"),
    (
        values.endpoint,
        {"cidr": "10.0.0.1/32"},
        "{cidr: 10.0.0.1/32} is not valid (a mapping {cidr: 10.0.0.1/32, port: 6443})",
    ),
    (values.endpoint, {"cidr": "10.0.0.1/24", "port": 1}, f"'10.0.0.1/24' is not valid ({RANGE})"),
    (values.endpoint, {"cidr": "api.local", "port": 1}, f"'api.local' is not valid ({RANGE})"),
    # What Kubernetes refuses: an address without its prefix, a netmask, a zone.
    (values.endpoint, {"cidr": "10.0.0.1", "port": 1}, f"'10.0.0.1' is not valid ({RANGE})"),
    (
        values.endpoint,
        {"cidr": "10.0.0.0/255.0.0.0", "port": 1},
        f"'10.0.0.0/255.0.0.0' is not valid ({RANGE})",
    ),
    (
        values.endpoint,
        {"cidr": "fe80::1%eth0/128", "port": 1},
        f"'fe80::1%eth0/128' is not valid ({RANGE})",
    ),
    (values.endpoint, {"cidr": "10.0.0.1/33", "port": 1}, f"'10.0.0.1/33' is not valid ({RANGE})"),
    (values.endpoint, {"cidr": 1, "port": 1}, f"1 is not valid ({RANGE})"),
    (values.endpoint, {"cidr": {}, "port": 1}, f"{{}} is not valid ({RANGE})"),
    (
        values.endpoint,
        {"cidr": "10.0.0.1/32", "port": 65536},
        "65536 is not valid (a whole number from 1 to 65535)",
    ),
    (clusters.server, "api.example.com", f"'api.example.com' is not valid ({SERVER})"),
    (clusters.server, "https://", f"'https://' is not valid ({SERVER})"),
    (clusters.server, "ftp://h", f"'ftp://h' is not valid ({SERVER})"),
    (clusters.server, "https://h?a=b", f"'https://h?a=…' is not valid ({SERVER})"),
    (clusters.server, "https://h#a", f"'https://h#a' is not valid ({SERVER})"),
    (clusters.server, "https://[::1", f"'https://[::1' is not valid ({SERVER})"),
    (clusters.server, " https://h", f"' https://h' is not valid ({SERVER})"),
    (clusters.server, "https://h/a b", f"'https://h/a b' is not valid ({SERVER})"),
    (clusters.server, "https://h:99999", f"'https://h:99999' is not valid ({SERVER})"),
    (clusters.server, "https://h:0", f"'https://h:0' is not valid ({SERVER})"),
    (clusters.server, "https://h\n", f"'https://h\\n' is not valid, it has U+000A ({SERVER})"),
    (clusters.server, "https://hоst", f"'https://hоst' is not valid, it has U+043E ({SERVER})"),
    (clusters.server, "https://me:pw@h", OF_A_CLUSTER),
    (clusters.server, "https://token@h", OF_A_CLUSTER),
    (clusters.server, None, f"null is not text ({SERVER})"),
    (values.repository_url, "https://me:pw@h/a", SECRET),
    (values.repository_url, "https://token@h/a", SECRET),
    (values.repository_url, "ssh://git:pw@h/a", SECRET),
    (
        values.repository_url,
        "ssh://git@h:99999/a",
        f"'ssh://git@h:99999/a' is not valid ({REPOSITORY})",
    ),
    (values.repository_url, "file://", f"'file://' is not valid ({REPOSITORY})"),
    (values.repository_url, "file:////", f"'file:////' is not valid ({REPOSITORY})"),
    (values.repository_url, "a/b", f"'a/b' is not valid ({REPOSITORY})"),
    (values.repository_url, "-oProxy=x:y", f"'-oProxy=x:y' is not valid ({REPOSITORY})"),
    (values.repository_url, "ssh://-oProxy/x", f"'ssh://-oProxy/x' is not valid ({REPOSITORY})"),
    (values.repository_url, "ext::sh -c id", f"'ext::sh -c id' is not valid ({REPOSITORY})"),
    (values.requirement, "--index-url x", f"'--index-url x' is not valid ({REQUIREMENT})"),
    (
        values.requirement,
        " --index-url https://x",
        f"' --index-url https://x' is not valid ({REQUIREMENT})",
    ),
    (values.requirement, "# x", f"'# x' is not valid ({REQUIREMENT})"),
    (values.requirement, "a\nb", f"'a\\nb' is not valid ({REQUIREMENT})"),
    (values.requirement, "a; $(id)", f"'a; $(id)' is not valid ({REQUIREMENT})"),
    (values.requirement, "{{a}}", f"'{{{{a}}}}' is not valid ({REQUIREMENT})"),
    (values.requirement, "", f"'' is not valid ({REQUIREMENT})"),
    (values.requirement, "x @ git+https://me:pw@h/a", SECRET),
    (values.requirement, "x @ git+https://token@h/a", SECRET),
    (values.requirement, "x @ git+ssh://git:pw@h/a", SECRET),
]  # fmt: skip


@pytest.mark.parametrize(("check", "value", "message"), WRONG)
def test_wrong(check: Check, value: object, message: str) -> None:
    """A wrong value gets one line a mistake: the value, what is odd in it, what would be right."""
    assert check(value) == message


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("image.tga", ["image.tag", "image.digest"], "did you mean 'image.tag'?"),
        ("VARIANT", ["variance", "variant"], "did you mean 'variant'?"),
        ("zzz", ["b", "a"], "one of b, a"),
        ("zzz", [str(n) for n in range(13)], ""),
        (7, ["7a", "x"], "did you mean '7a'?"),
    ],
)
def test_did_you_mean(word: object, known: list[str], hint: str) -> None:
    """The nearest known word is proposed, the case aside; else all, where they are few."""
    assert values.did_you_mean(word, known) == hint
