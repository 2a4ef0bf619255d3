"""Rules on what stands at the top level, and on the folder of the trials' code.

Sources, all of the package nni 3.0: nni_node/common/experimentConfig.js (toSeconds),
nni_node/common/globals/arguments.js (logLevel), nni/tools/nnictl/launcher.py (useAnnotation),
nni_node/training_service/common/util.js (validateCodeDir).
"""

from __future__ import annotations

import ipaddress
import math
import os
import re
from pathlib import Path

from fcgitops.core.lazy import regex
from fcgitops.nnifile.rules_service import number
from fcgitops.nnifile.schema_load import Loaded, shown

MOST_FILES = 2000
MOST_BYTES = 300 << 20
"""Of trialCodeDirectory, which NNI's manager packs and copies."""
_HOST = regex(r"[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?\Z")


def check(loaded: Loaded) -> None:
    """Adds the findings of all rules."""
    for name in ("maxExperimentDuration", "maxTrialDuration"):
        _duration(loaded, name)
    _flags(loaded)
    _address(loaded)
    _end(loaded)
    _code(loaded)


def _duration(loaded: Loaded, name: str) -> None:
    """NNI47: 1_0s is ten seconds to Python and no number to JavaScript, so there is no limit."""
    value = loaded.experiment.get(name, str)
    if value and math.isnan(number(value[:-1])):
        message = f"is {shown(value)}, no number to NNI's manager: there is no limit"
        loaded.report("NNI47", loaded.experiment.at(name), message, "digits and a unit: 90s")


def _flags(loaded: Loaded) -> None:
    """NNI46, NNI48: both pass NNI's validation."""
    experiment = loaded.experiment
    spaces = (experiment.values["searchSpace"], experiment.values["searchSpaceFile"])
    if experiment.values["useAnnotation"] is True and spaces == (None, None):  # else NNI15
        message = "is true: `nnictl create` stops there, NNI 3.0 has it no more"
        loaded.report("NNI46", experiment.at("useAnnotation"), message, "searchSpace")
    if experiment.values["logLevel"] == "fatal":
        message = "is fatal, with which NNI's manager does not start"
        loaded.report("NNI48", experiment.at("logLevel"), message, "error")


def _address(loaded: Loaded) -> None:
    """NNI49: trials dial ws://ADDRESS:PORT. Where none is set it is the Pod's own, and right."""
    value = loaded.experiment.get("nniManagerIp", str)
    path = loaded.experiment.at("nniManagerIp")
    if value is None:
        return
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address | None = ipaddress.ip_address(value)
    except ValueError:
        address = None
    local = value == "localhost" or (
        address is not None and (address.is_loopback or address.is_unspecified)
    )
    if local:
        loaded.report("NNI49", path, f"is {value}: a trial's Pod finds itself there")
    elif isinstance(address, ipaddress.IPv6Address):
        message = f"is {shown(value)}, which NNI writes into a URL without brackets"
        loaded.report("NNI49", path, message, f"[{value}]")
    elif (
        address is None and not _HOST.match(value) and not re.match(r"\[[0-9A-Fa-f:.]+\]\Z", value)
    ):
        message = f"is {shown(value)}, no address that trials can dial"
        loaded.report("NNI49", path, message, "an address, without scheme and port")


def _end(loaded: Loaded) -> None:
    """NNI63: the manager runs until somebody ends it."""
    values = loaded.experiment.values
    if values["maxTrialNumber"] is None and values["maxExperimentDuration"] is None:
        message = "is not set, nor maxExperimentDuration: the experiment has no end"
        loaded.report("NNI63", loaded.experiment.at("maxTrialNumber"), message)


def _code(loaded: Loaded) -> None:
    """NNI50: validateCodeDir throws, when the experiment has started."""
    folder = loaded.experiment.get("trialCodeDirectory", str)
    if folder is None or loaded.folder is None or not loaded.services:
        return
    wrong = _too_much(Path(folder))
    if wrong:
        message = f"{wrong}: NNI's manager ends"
        hint = "a folder of the code alone, or a .nniignore"
        loaded.report("NNI50", loaded.experiment.at("trialCodeDirectory"), message, hint)


def _too_much(folder: Path) -> str:
    """What is wrong with a folder, or nothing; a .nniignore is not read, and ends the look."""
    count = size = 0
    stack = [folder]
    while stack:
        try:
            with os.scandir(stack.pop()) as entries:
                for entry in entries:
                    if entry.name == ".nniignore":
                        return ""
                    count += 1
                    if count > MOST_FILES:
                        return f"holds over {MOST_FILES} files and folders"
                    size += entry.stat().st_size
                    if size > MOST_BYTES:
                        return f"holds over {MOST_BYTES >> 20} MB"
                    if entry.is_dir():
                        stack.append(Path(entry.path))
        except OSError as error:
            place = os.path.relpath(error.filename or "", folder)
            return f"holds what cannot be read, {place}"
    return ""
