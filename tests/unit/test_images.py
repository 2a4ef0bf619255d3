"""Names of images, as every container runtime reads them."""

from __future__ import annotations

import pytest
from fcgitops.text import images

HEX = "0a" * 32


@pytest.mark.parametrize(
    "name",
    [
        "registry.example.com", "registry.example.com:5000/team", "localhost", "localhost:5000",
        "r:5000", "R", "10.0.0.1:443", "[fd00::5]", "[fd00::5]:5000", "[FD00::5]:5000/a/b",
    ],
)  # fmt: skip
def test_a_registry(name: str) -> None:
    """A host with a dot, a port, capital letters or brackets, and a path of its own."""
    assert images.registry(name) == ""
    assert images.reference(f"{name}/team/image:v1") == ""


@pytest.mark.parametrize(
    "name",
    [
        "", "https://r.io", "r.io/", "r.io:", "r.io:0", "r.io:65536", "r.io:99999", "r..io",
        "r-.io", "-r.io", "r_x.io", "r.io/Team", "r.io//x", "10.0.0.256", "[fd00::g]:1", "[fd00::5",
        "fd00::5", "[::ffff:10.0.0.1]:1", "[fe80::1%eth0]", "[10.0.0.1]", "r.io/a..b", "r.io/a_.b",
    ],
)  # fmt: skip
def test_no_registry(name: str) -> None:
    """Neither a port that is none nor an address that is none."""
    assert images.registry(name).endswith("is not valid (HOST[:PORT][/PATH] without a scheme)")


@pytest.mark.parametrize(
    "name", ["ada:s3cret@reg.io", "ada:s3cret@reg.io/team", "https://ada:x@reg.io"]
)
def test_a_login_is_no_part_of_a_registry(name: str) -> None:
    """It is called one, and not shown."""
    assert images.registry(name) == (
        "carries a user or password"
        " (leave it out: a Secret that `image.pullSecrets` names keeps it)"
    )


def test_a_digest_is_no_login() -> None:
    """image:v1@sha256:… looks like user:password@host."""
    assert " is not valid (a lower-case image path" in images.repository(f"image:v1@sha256:{HEX}")


@pytest.mark.parametrize("name", ["registry", "mirror/team"])
def test_a_namespace_of_docker_hub_is_no_registry(name: str) -> None:
    """`registry/image` is docker.io/registry/image, whatever its author meant."""
    assert images.registry(name) == (
        f"{name.partition('/')[0]!r} without a dot or a port is a namespace of Docker Hub: "
        f"docker.io/{name}/… (registry.example.com or {name.partition('/')[0]}:5000; a namespace "
        "belongs to image.repository)"
    )


@pytest.mark.parametrize(
    "name",
    [
        "a", "team/image:v1", "a__b/c--d.e", "docker.io/a", f"a@sha256:{HEX}", f"a:v1@sha256:{HEX}",
        "registry/team/image",
    ],
)  # fmt: skip
def test_an_image(name: str) -> None:
    """With and without a registry, a tag and a digest."""
    assert images.reference(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        "", "a:", "a@", "a:.x", "a/", "A/B:v", "a//b", "a b", HEX, "a@sha256:0",
        "r.io:99999/a", "[fd00::5]/A", "a___b", f"r.io/{'a' * 251}", "a:v1:v2",
    ],
)  # fmt: skip
def test_no_image(name: str) -> None:
    """What a runtime would refuse as a name."""
    wanted = "is not valid (an image such as registry.example.com/team/image:v1)"
    assert images.reference(name).endswith(wanted)
