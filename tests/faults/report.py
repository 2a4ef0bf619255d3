"""Shows a run of `make faults`, read from stdin, and writes its counts into a page.

Usage: python -m faults.report PAGE

It shows the run itself: `tee /dev/stderr` empties the file that stderr may be.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from faults.harness import KINDS
from faults.scenarios import SCENARIOS

_LINE = re.compile(r"(?P<name>.+): of (?P<calls>\d+) calls (?P<tries>.*)")
_BEGIN, _END = "<!-- faults -->\n", "<!-- end of faults -->\n"


def table(lines: list[str]) -> str:
    """The rows of a Markdown table: a command, its calls, and the tries of each kind."""
    found = [match for line in lines if (match := _LINE.fullmatch(line.strip()))]
    told = {match["name"]: re.findall(r"(\w+) at (\d+)", match["tries"]) for match in found}
    names = [name for name in SCENARIOS if name in told]
    tries = {(name, kind): int(count) for name in names for kind, count in told[name]}
    calls = {match["name"]: match["calls"] for match in found}
    rows = [["command", "calls", *KINDS, "exceptions"], ["---"] * (len(KINDS) + 3)]
    rows += [
        [f"`{name}`", calls[name], *(str(tries.get((name, kind), 0)) for kind in KINDS), "0"]
        for name in names
    ]
    sums = [str(sum(tries.get((name, kind), 0) for name in names)) for kind in KINDS]
    rows.append(["all", str(sum(map(int, calls.values()))), *sums, "0"])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main() -> None:
    """Replaces the table, unless a try has failed: then the page stays as it was."""
    lines = []
    for line in sys.stdin:
        print(line, end="", flush=True)
        lines.append(line.strip())
    if not re.match(r"\d+ passed(?!.*failed)", lines[-1] if lines else ""):
        sys.exit("not all passed: the page stays as it is")
    page = Path(sys.argv[1])
    before, _, rest = page.read_text().partition(_BEGIN)
    after = rest.partition(_END)[2]
    page.write_text(f"{before}{_BEGIN}{table(lines)}{_END}{after}")


if __name__ == "__main__":
    main()
