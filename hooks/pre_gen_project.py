"""Thin: finds the package beside the template and hands the answers over.

cookiecutter renders this file. A value that went through jsonify twice is a Python string
literal that holds JSON, so no answer can end it early.
"""

import json
import sys
from pathlib import Path

template = Path(json.loads({{fcgitops_template_dir | jsonify | jsonify}}))
answers = json.loads({{cookiecutter | jsonify | jsonify}})
# The folder of this copy comes first on the path otherwise, and any git.py there with it.
packed = template.name == "_template"
sys.path[0] = str(template.parents[1] if packed else template / "generator")

from fcgitops import hook  # noqa: E402 - only now it can be found

sys.exit(hook.pre_gen(answers))
