"""What must be true of the records of what was generated last."""

from __future__ import annotations

from contextlib import suppress

from fcgitops.core import shell
from fcgitops.core.errors import InputError
from fcgitops.core.findings import HAZARD
from fcgitops.repository import provenance, record
from fcgitops.text.tree import read_file
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import REPOSITORY, Whole


@REPOSITORY.check("FCG20", HAZARD)
def records_name_what_is_generated(whole: Whole) -> Faults:
    """A record (`.fcgitops`) names only files that are generated beside it."""
    root = whole.repository.root
    for place in provenance.records(root):
        folder = place.rpartition("/")[0]
        recorded: dict[str, bytes] = {}
        with suppress(InputError):  # a symbolic link: other checks say so
            recorded = record.decode(read_file(root, place)) or {}
        for path in provenance.generated(folder, recorded)[1]:
            message = f"names {path}, where nothing is generated"
            yield Fault(message, shell.line("git", "log", "-p", "--", place), file=place)
