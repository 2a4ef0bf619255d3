"""What of FrameworkController's file is a user's own over a variant's."""

from __future__ import annotations

import pytest
from fcgitops.fcconfig import merging, parting
from fcgitops.fcconfig.merging import KEEP, REPLACE
from fcgitops.fcconfig.parting import Own

ENTRY = "podFailureSpec:\n- code: 7\n  phrase: Mine\n  podPatterns:\n  - nameRegex: w\n"
VARIANT = """\
# A variant.
workerNumber: 500
#podFailureSpec:
"""


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (VARIANT, Own("", REPLACE)),
        (VARIANT.replace("500", "800"), Own("workerNumber: 800\n", REPLACE)),
        # An empty list says no more than none, and yet other text is another hash: a restart.
        (
            "# A variant.\nworkerNumber: 500\npodFailureSpec: []\n#podFailureSpec:\n",
            Own("podFailureSpec: []\n", REPLACE),
        ),
        (
            "# A variant.\nworkerNumber: 1\npodFailureSpec: []\nlogObjectSnapshot: {}\n"
            "#podFailureSpec:\n",
            Own("workerNumber: 1\npodFailureSpec: []\nlogObjectSnapshot: {}\n", REPLACE),
        ),
        ("workerNumber: 500\n" + ENTRY, Own(ENTRY, REPLACE)),
    ],
)
def test_what_is_own(text: str, own: Own) -> None:
    """What is written over the variant's file gives the file again, byte for byte if it can."""
    found = parting.part(text, VARIANT, KEEP, "frameworkcontroller.yaml")
    assert found == own
    merged = merging.merge(found.text, VARIANT, found.shipped)
    assert merging.settings(merged) == merging.settings(text)
