"""Whether what is rendered starts FrameworkController: its binary, its configuration, its token."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from fcgitops.core.findings import HAZARD, INFO
from fcgitops.core.lazy import regex
from fcgitops.core.redaction import redacted
from fcgitops.kubernetes import mounts
from fcgitops.kubernetes.objects import Object, mappings
from fcgitops.manifests.overlay import NAME
from fcgitops.model import layout
from fcgitops.model.image import BINARY, HOME, REFERENCE, START, unsuitable
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.running import texts
from fcgitops.verify.subjects import CONTAINER, NEEDS, POD, STATEFUL_SET, Rendered

_SHELLS = ("sh", "bash", "ash")
_WRAPPERS = ("env", "nice", "ionice", "nohup")
"""Programs of the image that become another one."""
_MOUNTED = "/etc/frameworkcontroller"
"""Where the variant mounts the configuration (overlays/customized-config/config-volume.yaml)."""
_RELATIVE = regex(rf"(?<![\w./-])\./{posixpath.basename(BINARY)}(?![\w./-])")
"""The binary as a script says it that runs in the binary's folder."""
_ABSOLUTE = regex(
    rf"(?:^|[;&|({{\n]|\b(?:exec|env|then|do)\b)\s*(?:\w+=\S*\s+)*[\"']?{BINARY}(?![\w./-])"
)
"""The same anywhere else, where a script starts something."""


@NEEDS.check("FCG35", HAZARD)
def started(r: Rendered) -> Faults:
    """FrameworkController's binary is started in the directory of its configuration."""
    container = r.container()
    if not container:
        yield Fault(f"no container is called {NAME}", NAME, object=STATEFUL_SET, path=POD)
        return
    folder = str(container.get("workingDir") or HOME)
    yield from _hidden(container)
    yield from _unreadable(r)
    if not folder.startswith("/"):
        what = f"is {folder}, which is relative: the container does not start"
        yield Fault(what, HOME, object=STATEFUL_SET, path=f"{CONTAINER}.workingDir")
        return
    files = list(_mounted(r))
    command, arguments = (_expanded(r, texts(container.get(k))) for k in ("command", "args"))
    start = _Start(_unwrapped(command), arguments, mounts.absolute(folder), files)
    script = _script([*start.command, *arguments]) if start.command else None
    if script is not None:
        yield from _started_by_script(r, script, start)
    else:
        yield from _started_itself(r, start)


def _expanded(r: Rendered, words: list[str]) -> list[str]:
    """A command with those of the container's variables in it whose values it says itself."""
    known = {str(v.get("name")): v.get("value") for v in mappings(r.container().get("env"))}

    def value(found: re.Match[str]) -> str:
        given = known.get(found[1])
        return found[0] if given is None or "$" in str(given) else str(given)

    return [REFERENCE.sub(value, word) for word in words]


def _undefined(r: Rendered, words: list[str]) -> set[str]:
    """What is referred to as a variable, and is none: the kubelet leaves it as it is written."""
    container = r.container()
    if container.get("envFrom") or r.pod().get("enableServiceLinks") is not False:
        return set()
    known = {str(v.get("name")) for v in mappings(container.get("env"))}
    found = {name for word in words if "$$" not in word for name in REFERENCE.findall(word)}
    return {name for name in found - known if not name.startswith("KUBERNETES_")}


class _Start(NamedTuple):
    """What a container starts: the image's entry point, in its own folder, without a command."""

    command: list[str]
    arguments: list[str]
    folder: str
    files: list[str]
    """Where configuration files are mounted."""

    @property
    def place_for_file(self) -> str:
        """What to say of where the configuration is mounted, or is not."""
        return posixpath.dirname(self.files[0]) if self.files else "mount its ConfigMap"


def _started_by_script(r: Rendered, script: str, start: _Start) -> Faults:
    relative = start.folder == HOME and _RELATIVE.search(script)
    binary = _ABSOLUTE.search(script)
    if "start.sh" not in script and not binary and not relative:
        what = "starts neither start.sh nor FrameworkController's binary"
        yield Fault(what, BINARY, object=STATEFUL_SET, path=f"{CONTAINER}.command")
        return
    stays = binary and not re.search(r"\bcd\b", script)
    found = f"{start.folder if stays else HOME}/{layout.CONFIG_FILE}" in start.files
    if r.config is not None and not found and not any(path in script for path in start.files):
        what = f"does not take {layout.CONFIG_FILE} from where it is mounted"
        yield Fault(what, start.place_for_file, object=STATEFUL_SET, path=f"{CONTAINER}.command")


def _started_itself(r: Rendered, start: _Start) -> Faults:
    command, folder = start.command, start.folder
    program = posixpath.normpath(posixpath.join(folder, command[0])) if command else START
    if program not in (BINARY, START):
        what = f"starts {command[0]}, not FrameworkController"
        yield Fault(what, BINARY, object=STATEFUL_SET, path=f"{CONTAINER}.command")
        return
    words = [*command[1:], *start.arguments]
    if argument := unsuitable(words, _undefined(r, words)):
        what = f"FrameworkController does not take {argument}, and ends at once"
        of_args = argument.partition(" ")[0] in start.arguments or not command
        path = f"{CONTAINER}.{'args' if of_args else 'command'}"
        yield Fault(what, "take it out", object=STATEFUL_SET, path=path)
    place = f"{CONTAINER}.workingDir"
    if not command and folder != HOME:
        what = f"is {folder}, where the image's own ./start.sh is not: the container does not start"
        yield Fault(what, f"command: [{BINARY}]", object=STATEFUL_SET, path=place)
    elif r.config is None:
        if program == BINARY and folder != HOME:
            what = f"is {folder}, where no {layout.CONFIG_FILE} is: FrameworkController panics"
            yield Fault(what, HOME, object=STATEFUL_SET, path=place)
    elif program == START:
        if f"{HOME}/{layout.CONFIG_FILE}" not in start.files:
            what = f"start.sh takes the image's own {layout.CONFIG_FILE}, "
            what += "not the one that is mounted"
            path = f"{CONTAINER}.command"
            yield Fault(what, f"command: [{BINARY}]", object=STATEFUL_SET, path=path)
    elif f"{folder}/{layout.CONFIG_FILE}" not in start.files:
        what = f"is {folder}, where the configuration is not mounted"
        cause = f"{CONTAINER}.volumeMounts" if folder == _MOUNTED else ""
        yield Fault(what, start.place_for_file, object=STATEFUL_SET, path=place, cause=cause)


def _unwrapped(command: list[str]) -> list[str]:
    """A command without what only starts another one, as env does."""
    while command and posixpath.basename(command[0]) in _WRAPPERS:
        rest = command[1:]
        while rest and (rest[0].startswith("-") or "=" in rest[0] or rest[0].isdigit()):
            rest = rest[1:]
        command = rest or command[1:]
    return command


def _script(words: list[str]) -> str | None:
    """What a shell is given to run; None where no shell is started."""
    if not words or posixpath.basename(words[0]) not in _SHELLS:
        return None
    return " ".join(word for word in words[1:] if not re.fullmatch(r"-[a-z]+", word))


def _hidden(container: Object) -> Faults:
    for i, mount in enumerate(mappings(container.get("volumeMounts"))):
        path = posixpath.normpath(str(mount.get("mountPath") or "."))
        place = f"{CONTAINER}.volumeMounts[{i}]"
        if path == "/proc" or path.startswith("/proc/"):
            what = f"nothing is mounted at {path}: the container does not start"
            yield Fault(what, "another path", object=STATEFUL_SET, path=place)
        if path == BINARY or BINARY.startswith(f"{path.rstrip('/')}/"):
            what = f"{path} hides FrameworkController's binary, {BINARY}"
            yield Fault(what, "another path", object=STATEFUL_SET, path=place)


def _unreadable(r: Rendered) -> Faults:
    """The configuration is a file that FrameworkController's user may read."""
    uid = mounts.security(r.pod(), r.container(), "runAsUser")
    for volume, mode in mounts.unreadable(r.pod(), r.container()):
        what = f"{mode:#o} lets the user {uid} not read it: FrameworkController panics"
        yield Fault(what, "0o444", object=STATEFUL_SET, path=f"{POD}.volumes[{volume}]")


def _mounted(r: Rendered) -> Iterator[str]:
    """Where the container finds a configuration file of a rendered ConfigMap."""
    maps = [o for o in r.objects if o.get("kind") == "ConfigMap"]
    for found in mounts.keys(r.pod(), r.container(), maps):
        if found.key == layout.CONFIG_FILE and not _is_covered(r, found):
            yield found.path


def _is_covered(r: Rendered, found: mounts.MountedKey) -> bool:
    """Whether another volume is mounted over a file: the deepest mount is the one that counts."""
    over = [
        (len(path), volume)
        for mount, volume in mounts.volumes(r.pod(), r.container())
        for path in (mounts.absolute(mount.get("mountPath")).rstrip("/"),)
        if found.path == path or found.path.startswith(f"{path}/")
    ]
    _, last = max(over, key=lambda pair: pair[0], default=(0, {}))
    names = [source.get("name") for source in mounts.sources(last)]
    return bool(over) and found.config_map["metadata"].get("name") not in names


@NEEDS.check("FCG36", HAZARD)
def connected(r: Rendered) -> Faults:
    """Its Pod has a token, and asks the API server that the environment names."""
    by_file = bool(r.environment and r.environment.kubeconfig_secret)
    if not by_file:
        yield from _without_token(r)
    address = r.environment.api_address if r.environment else ""
    yield from _proxied(r, address)
    for name, value, place in _variables(r):
        if name == "KUBE_APISERVER_ADDRESS" and value != address:
            what = f"is {value}, not apiServer.address of the environment"
            yield Fault(what, "apiServer.address", object=STATEFUL_SET, path=place)
        if name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
            what = "leads to another API server than the Pod's own"
            yield Fault(what, "apiServer.address", object=STATEFUL_SET, path=place)
        if name == "KUBECONFIG" and not by_file:
            what = "is set, but the environment names no Secret with a kubeconfig"
            yield Fault(what, "apiServer.kubeconfigSecret", object=STATEFUL_SET, path=place)


def _proxied(r: Rendered, address: str) -> Faults:
    """Go's programs ask a server through the proxy that their variables name, the API server too.

    http.ProxyFromEnvironment, which client-go takes where nothing else is configured.
    """
    found = {name.upper(): (value, place) for name, value, place in _variables(r)}
    value, place = found.get(f"{address.partition(':')[0] or 'https'}_PROXY".upper(), ("", ""))
    if value and "NO_PROXY" not in found:
        what = f"{redacted(value)} is asked for the API server, too, which no NO_PROXY names"
        hint = "NO_PROXY with its address, where the proxy does not lead to it"
        yield Fault(what, hint, object=STATEFUL_SET, path=place, severity=INFO)


def _without_token(r: Rendered) -> Faults:
    """No token in its place: what is mounted there lacks it, or nothing is to be mounted."""
    if mounted := _at_token(r):
        name, volume = mounted
        if missing := _missing(volume):
            what = f"{name}, in the place of its token, has no {missing}: FrameworkController "
            what += "panics at each start"
            hint = "take it out: the token is mounted there"
            yield Fault(what, hint, object=STATEFUL_SET, path=f"{CONTAINER}.volumeMounts")
        return
    wanted = r.pod().get("automountServiceAccountToken")
    if wanted is None:
        accounts = r.all("ServiceAccount", r.account())
        wanted = accounts[0].get("automountServiceAccountToken") if accounts else None
    if wanted is False:
        what = "is false: without a token FrameworkController panics at each start"
        path = f"{POD}.automountServiceAccountToken"
        yield Fault(what, "true", object=STATEFUL_SET, path=path)


def _variables(r: Rendered) -> Iterator[tuple[str, str, str]]:
    """Name, value and place of the container's variables, those of rendered ConfigMaps too."""
    for i, source in enumerate(mappings(r.container().get("envFrom"))):
        for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            for item in r.all(kind, str((source.get(key) or {}).get("name"))):
                held = {**(item.get("data") or {}), **(item.get("stringData") or {})}
                for name, value in held.items():
                    shown = str(value) if kind == "ConfigMap" else "from a Secret"
                    yield f"{source.get('prefix') or ''}{name}", shown, f"{CONTAINER}.envFrom[{i}]"
    for variable in mappings(r.container().get("env")):
        name, value = str(variable.get("name")), str(variable.get("value") or "")
        taken = "from another object" if variable.get("valueFrom") else value
        yield name, taken, f"{CONTAINER}.env[{name}]"


ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where client-go looks for `token` and `ca.crt`. What is mounted there is left alone by the API
server (plugin/pkg/admission/serviceaccount of Kubernetes): then it adds none."""


def _at_token(r: Rendered) -> tuple[str, Object] | None:
    """The name of the volume in the token's place, and the volume; empty if a part is mounted."""
    for mount, volume in mounts.volumes(r.pod(), r.container()):
        if mounts.absolute(mount.get("mountPath")) == ACCOUNT_FOLDER:
            part = mount.get("subPath") or mount.get("subPathExpr")
            return str(mount.get("name")), {} if part else volume
    return None


def _missing(volume: Object) -> str:
    """What of a token a volume has not; "" where it has all, or nobody knows."""
    if any(kind in volume for kind in ("secret", "csi", "hostPath")):
        return ""
    sources = mappings((volume.get("projected") or {}).get("sources"))
    tokens = [s["serviceAccountToken"] for s in sources if s.get("serviceAccountToken")]
    if not any(t.get("path") == "token" and not t.get("audience") for t in tokens):
        return "file `token` for the API server"
    for source in sources:
        for kind in ("configMap", "secret", "clusterTrustBundle"):
            found = source.get(kind) or {}
            items = mappings(found.get("items"))
            if "ca.crt" in [found.get("path"), *(i.get("path") for i in items)]:
                return ""
            if found and not items and kind != "clusterTrustBundle":
                return ""
    return "ca.crt"
