"""The rights that FrameworkController needs, and what happens without each.

What it uses was seen in a real API server's audit log, without a single 403 through all that it
does; what happens without one of them is tried in tests/e2e.
"""

from __future__ import annotations

from typing import NamedTuple

from fcgitops.kubernetes.rights import Right
from fcgitops.model.framework import CRD, GROUP, PLURAL

_CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
_FRAMEWORKS = (GROUP, PLURAL)
_WATCHED = (_FRAMEWORKS, ("", "configmaps"), ("", "pods"))
_OWNERS = "where OwnerReferencesPermissionEnforcement is on"


class Without(NamedTuple):
    """What happens where FrameworkController has a right no more."""

    row: str
    """The rule of `diff` that says it at length."""
    says: str


_STARTS = Without("R04", "it panics at each start")
_LISTS = Without("R05", "it hangs before its first Framework, Running and Ready")
_WATCHES = Without("R09", "it lists everything again each second")
_GETS = Without("R10", "it cannot confirm what it deleted")
_COMPLETES = Without("R08", "Frameworks do not complete")
_RETRIES = "every Framework fails that starts or retries"

NEEDS: dict[Right, Without] = {
    Right(*_CRDS, "get", CRD): _STARTS,
    Right(*_CRDS, "update", CRD): _STARTS,
    Right(*_CRDS, "create"): Without("R04b", "it panics on a cluster without the CRD"),
    **{Right(*watched, "list"): _LISTS for watched in _WATCHED},
    Right("", "pods", "create"): Without("R06", _RETRIES),
    Right("", "configmaps/finalizers", "update"): Without("R06", f"{_RETRIES}, {_OWNERS}"),
    Right(*_FRAMEWORKS, "update"): Without("R07", "no Framework advances"),
    Right("", "configmaps", "create"): Without("R07", "no Framework starts"),
    Right(GROUP, f"{PLURAL}/finalizers", "update"): Without(
        "R07", f"Frameworks do not advance, {_OWNERS}"
    ),
    Right("", "configmaps", "delete"): _COMPLETES,
    Right("", "pods", "delete"): _COMPLETES,
    Right(*_FRAMEWORKS, "delete"): Without("R08", "completed Frameworks stay for ever"),
    **{Right(*watched, "watch"): _WATCHES for watched in _WATCHED},
    **{Right(*watched, "get"): _GETS for watched in _WATCHED},
}
"""What FrameworkController does, in all namespaces."""
