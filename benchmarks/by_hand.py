"""What somebody without the generator does: writes the files, `git add -A`, `git commit`.

Usage: python by_hand.py FILES.json, in a repository; the file maps paths to texts.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

files = json.loads(Path(sys.argv[1]).read_bytes())
for folder in dict.fromkeys(os.path.dirname(path) for path in files):  # noqa: PTH120 - the quickest
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103
for path, text in files.items():
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
subprocess.run(["git", "add", "-A"], check=True)
subprocess.run(["git", "commit", "-q", "-m", f"Add {len(files)} files"], check=True)
