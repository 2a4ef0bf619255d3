"""Tells the hooks where the template lies: their own copies run from a temporary folder.

cookiecutter imports this as a Jinja extension, from the template's own folder whatever
way it was named: a path, `.`, a Git URL, an installed package.
"""

from pathlib import Path

from jinja2 import Environment
from jinja2.ext import Extension


class TemplateDir(Extension):
    """Sets the Jinja variable `fcgitops_template_dir`."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals["fcgitops_template_dir"] = str(Path(__file__).resolve().parents[1])
