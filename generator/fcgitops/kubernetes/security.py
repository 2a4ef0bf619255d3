"""The security contexts of a Pod and of its containers.

Source: k8s.io/kubernetes, pkg/apis/core/validation/validation.go (ValidateSecurityContext,
validatePodSpecSecurityContext and below).
"""

from __future__ import annotations

from fcgitops.core.lazy import regex
from fcgitops.kubernetes import names
from fcgitops.kubernetes.field import USELESS, Field

_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_NETBIOS = regex(r"[^\\/:*?\"<>|.][^\\/:*?\"<>|]{0,14}")
_DOMAIN = regex(
    r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)
_NO_USER = regex(r"[\"/\\:;|=,+*?<>@\[\]\x00-\x1f\x7f]|^[. ]+$")


def of_container(found: Field, *, own_users: bool) -> None:
    """ValidateSecurityContext."""
    for key in ("runAsUser", "runAsGroup"):
        if found[key].given:
            found[key].must(names.identity(found[key].number))
    mount = found["procMount"]
    if mount.given:
        mount.one_of(("Default", "Unmasked"))
        if mount.text == "Unmasked" and not own_users:
            mount.invalid("takes hostUsers: false")
    seccomp(found["seccompProfile"])
    app_armor(found["appArmorProfile"])
    if found["allowPrivilegeEscalation"].value is False:
        if found["privileged"]:
            found["privileged"].invalid("contradicts allowPrivilegeEscalation: false")
        for capability in found["capabilities"]["add"]:
            if capability.text == "CAP_SYS_ADMIN":
                capability.invalid("contradicts allowPrivilegeEscalation: false")
    windows(found["windowsOptions"])


def of_pod(found: Field, spec: Field) -> None:
    """ValidatePodSpecSecurityContext."""
    for key in ("fsGroup", "runAsUser", "runAsGroup"):
        if found[key].given:
            found[key].must(names.identity(found[key].number))
    for group in found["supplementalGroups"]:
        group.must(names.identity(group.number))
    if spec["shareProcessNamespace"] and spec["hostPID"]:
        spec["shareProcessNamespace"].invalid("excludes hostPID")
    _sysctls(found["sysctls"], spec)
    for key, allowed in (
        ("fsGroupChangePolicy", ("Always", "OnRootMismatch")),
        ("supplementalGroupsPolicy", ("Merge", "Strict")),
        ("seLinuxChangePolicy", ("MountOption", "Recursive")),
    ):
        found[key].one_of_if_given(allowed)
    if found["seLinuxChangePolicy"].text == "MountOption":
        found["seLinuxChangePolicy"].fault("takes the feature gate SELinuxMount", USELESS)
    seccomp(found["seccompProfile"])
    app_armor(found["appArmorProfile"])
    windows(found["windowsOptions"])


def _sysctls(found: Field, spec: Field) -> None:
    """ValidateSysctls."""
    seen: set[str] = set()
    for item in found:
        name = item["name"]
        if not name:
            name.required()
        elif name.must_be(names.sysctl) and name.text in seen:
            name.duplicate()
        seen.add(name.text)
        plain = name.text.replace("/", ".")
        if spec["hostNetwork"] and plain.startswith("net."):
            name.invalid("excludes hostNetwork")
        if spec["hostIPC"] and plain.startswith(
            ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")
        ):
            name.invalid("excludes hostIPC")


def seccomp(found: Field) -> None:
    """ValidateSeccompProfileField."""
    if not found.given:
        return
    found["type"].one_of(_PROFILES)
    profile = found["localhostProfile"]
    if found["type"].text == "Localhost":
        if not profile.given:
            profile.required("with the type Localhost")
        profile.must_be(names.relative_path)
    elif profile.given:
        profile.forbidden("without the type Localhost")


def app_armor(found: Field) -> None:
    """ValidateAppArmorProfileField."""
    if not found.given:
        return
    found["type"].one_of(_PROFILES)
    profile = found["localhostProfile"]
    if found["type"].text == "Localhost":
        if not profile.text.strip():
            profile.required("with the type Localhost")
        elif profile.text.strip() != profile.text or len(profile) > 4095:
            profile.invalid("must be no more than 4095 characters, without spaces at its ends")
    elif found["type"].text in _PROFILES and profile.given:
        profile.forbidden("without the type Localhost")


def windows(found: Field) -> None:
    """ValidateWindowsSecurityContextOptions."""
    name, spec, user = (
        found[key] for key in ("gmsaCredentialSpecName", "gmsaCredentialSpec", "runAsUserName")
    )
    if name.given:
        name.must_be(names.dns_subdomain)
    if spec.given and not 0 < len(spec) <= 64 * 1024:
        spec.invalid("must be 1 to 65536 characters")
    if user.given:
        domain, slash, account = user.text.rpartition("\\")
        if "\\" in domain or not account or len(account) > 104 or _NO_USER.search(account):
            user.invalid("is no name of a Windows user")
        elif slash and not (_NETBIOS.fullmatch(domain) or _DOMAIN.fullmatch(domain)):
            user.invalid("has no name of a Windows domain")
        elif len(domain) >= 256:
            user.invalid("has a domain of more than 255 characters")
