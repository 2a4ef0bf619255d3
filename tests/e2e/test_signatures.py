"""Real Argo CD and real Flux sync the profile `upstream`, and only what is signed.

The tests of one tool follow each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from gitenv import SETTINGS, git
from testbed.controlplane import control_plane
from testbed.gnupg import Signer, signer
from testbed.programs import eventually, stays
from testbed.site import ENVIRONMENT, FLUX_ACCOUNT, NAMESPACE, Site, fail, site

pytestmark = pytest.mark.cluster


@dataclass(frozen=True)
class Signed:
    """A site for signed commits.

    Attributes:
        prod: the site.
        ada: whose key is asked for; she signs all that git and fcgitops commit.
        eve: whose key is known, and not asked for.
    """

    prod: Site
    ada: Signer
    eve: Signer

    def sign_as(self, who: Signer | None) -> None:
        """Have all later commits signed by another one, or by nobody."""
        git(self.prod.repository, "config", "commit.gpgsign", str(who is not None).lower())
        if who:
            git(self.prod.repository, "config", "user.signingkey", who.key)

    def changes(self, number: int) -> str:
        """Commit another workerNumber, and push it; the commit."""
        self.prod.fcgitops("overlay", ENVIRONMENT, "--set", f"workerNumber={number}")
        return self.prod.push()


@pytest.fixture(scope="module", params=["argocd", "flux"])
def signed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Signed]:
    """The environment prod of a repository that asks for Ada's signature; it is synced."""
    folder = tmp_path_factory.mktemp(request.param)
    home = tmp_path_factory.mktemp("gpg") / "home"
    with (
        pytest.MonkeyPatch.context() as patch,
        signer(home, "Ada") as ada,
        signer(tmp_path_factory.mktemp("gpg") / "home", "Eve") as eve,
        control_plane(tmp_path_factory.mktemp("plane")) as plane,
    ):
        eve.give_to(home)
        patch.setenv("GNUPGHOME", str(home))
        (folder / ".gitconfig").write_text(SETTINGS + ada.settings)
        plane.kubectl("create", "namespace", NAMESPACE)  # upstream has no Namespace
        options = ("--profile", "upstream", "--set", f"signing_keys={ada.key}",
                   "--set", f"namespace={NAMESPACE}")  # fmt: skip
        keys = {who.key: who.public for who in (ada, eve)}
        with site(request.param, plane, folder, *options, keys=keys) as prod:
            if prod.tool == "flux":
                (folder / "ada.asc").write_text(ada.public)
                plane.kubectl(
                    "create", "secret", "generic", "frameworkcontroller-signing-keys",
                    "-n", "flux-system", f"--from-file={folder / 'ada.asc'}",
                )  # fmt: skip
            git(prod.repository, "config", "user.signingkey", ada.key)
            prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
            yield Signed(prod, ada, eve)


def test_upstream(signed: Signed) -> None:
    """What `new` has committed is signed as Git's settings say, applied, and healthy."""
    prod = signed.prod
    assert "\ngpgsig " in git(prod.repository, "cat-file", "commit", "HEAD")
    commit = git(prod.repository, "rev-parse", "HEAD")
    eventually(lambda: prod.applied(commit) or fail(prod.status()), 90, "it is applied")
    pod = prod.plane.get("pod", f"{NAMESPACE}-0", "-n", NAMESPACE)
    assert pod["status"]["phase"] == "Running"
    asked = prod.plane.audit(user=FLUX_ACCOUNT)
    assert bool(asked) == (prod.tool == "flux")
    assert [request for request in asked if request["code"] == 403] == []


@pytest.mark.parametrize("number", [801, 802])
def test_only_what_is_signed_is_applied(signed: Signed, number: int) -> None:
    """Not what nobody has signed (801) or a stranger has (802); then the next good commit is."""
    prod = signed.prod
    before = prod.versions()
    signed.sign_as(None if number == 801 else signed.eve)
    signed.changes(number)
    said = eventually(lambda: prod.source_complaint() or fail("nothing yet"), 60, "a complaint")
    assert "sign" in str(said)
    prod.reconcile()
    stays(prod.versions, 3)
    assert prod.versions() == before
    signed.sign_as(signed.ada)
    prod.wait_for(signed.changes(number + 100))
    assert f"workerNumber: {number + 100}\n" in prod.configuration()
