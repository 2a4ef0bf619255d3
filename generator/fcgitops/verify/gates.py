"""What must be true of `gates` in fcgitops.yaml: that they stand before something."""

from __future__ import annotations

from contextlib import suppress

from fcgitops.core.errors import InputError
from fcgitops.core.findings import HAZARD, INFO
from fcgitops.model import layout
from fcgitops.model.gates import SECTION
from fcgitops.repository.contents import Repository
from fcgitops.text.values import did_you_mean
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import REPOSITORY, Whole


@REPOSITORY.check("FCG49", HAZARD)
def stand_before_something(whole: Whole) -> Faults:
    """Each gate in fcgitops.yaml stands before an environment that is there.

    One whose name is misspelled keeps nothing out. A label that no environment has yet is an info.
    """
    names = whole.repository.environment_names()
    there = {*names, *whole.repository.headless_names()}
    for number, gate in enumerate(whole.repository.answers.gates.items):
        path = f"{SECTION}[{number}].for"
        key, is_label, value = gate.target.partition("=")
        if not is_label and gate.target not in there:
            what, hint = "is no environment of this repository", did_you_mean(gate.target, names)
            yield Fault(f"{gate.target} {what}", hint, file=layout.ANSWERS, path=path)
        elif is_label and (key, value) not in _labels(whole.repository):
            what = f"no environment has the label {gate.target}"
            yield Fault(what, file=layout.ANSWERS, path=path, severity=INFO)


def _labels(repository: Repository) -> set[tuple[str, str]]:
    """All that environments have, those that can be read."""
    found: set[tuple[str, str]] = set()
    for name in repository.environment_names():
        with suppress(InputError):  # FCG11 says what is wrong with it
            found |= set(repository.environment(name).labels.items())
    return found
