"""The package's folders are its architecture: imports point downwards, and never in a circle."""

from __future__ import annotations

import ast
import re
import tomllib

from modules import PACKAGE, modules

LAYERS = (
    ("__main__", "cli", "hook"),
    ("commands",),
    ("report", "trial"),
    ("adopt", "promotion"),
    ("diff", "verify"),
    ("repository",),
    ("sync",),
    ("manifests",),
    ("model",),
    ("fcconfig",),
    ("nnifile",),
    ("kubernetes",),
    ("forge", "git"),
    ("programs",),
    ("text",),
    ("core",),
)
"""From the top down; a module imports from its own folder and from those below it."""


def imports() -> dict[str, set[str]]:
    """Each module → the package's modules that it imports, anywhere in its text."""
    named = {
        path.removesuffix(".py").replace("/", "."): nodes
        for path, nodes in modules().items()
        if not path.endswith("__init__.py")
    }
    found: dict[str, set[str]] = {}
    for module, nodes in named.items():
        found[module] = set()
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fcgitops."):
                origin = (node.module or "").removeprefix("fcgitops.")
                for alias in node.names:
                    whole = f"{origin}.{alias.name}"
                    found[module].add(whole if whole in named else origin)
    return found


def test_imports_point_downwards() -> None:
    """No module imports from a layer above its own, and each folder stands in the table."""
    floor = {name: number for number, names in enumerate(LAYERS) for name in names}
    upward = [
        f"{module} imports {other}"
        for module, others in imports().items()
        for other in others
        if floor[other.split(".")[0]] < floor[module.split(".")[0]]
    ]
    assert upward == []


def test_no_module_imports_itself_by_a_detour() -> None:
    """Following imports never leads back to where they began."""
    graph = imports()
    done: set[str] = set()

    def circle(module: str, way: tuple[str, ...]) -> tuple[str, ...]:
        if module in way:
            return (*way[way.index(module) :], module)
        if module not in done:
            for other in graph.get(module, ()):
                if found := circle(other, (*way, module)):
                    return found
            done.add(module)
        return ()

    assert [way for module in graph if (way := circle(module, ()))] == []


def test_folders_hold_no_code_of_their_own() -> None:
    """A folder's `__init__.py` is a docstring, so that importing one module costs that module."""
    for path in PACKAGE.rglob("*/__init__.py"):
        (statement,) = ast.parse(path.read_text(encoding="utf-8")).body
        assert isinstance(statement, ast.Expr), path


def test_every_dependency_is_imported() -> None:
    """What pyproject asks to install is imported by the package; nothing is installed in vain."""
    called = {"gitpython": "git", "google-re2": "re2", "pyyaml": "yaml"}
    project = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {
        called.get(name, name.replace("-", "_"))
        for line in project["project"]["dependencies"]
        for name in [re.split(r"[>=<~! ]", line.lower())[0]]
    }
    imported = {
        name.partition(".")[0]
        for nodes in modules().values()
        for node in nodes
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert wanted - imported == set()


def test_modules_have_at_most_500_lines() -> None:
    """A longer one has more than one reason."""
    texts = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    assert [str(path) for path, text in texts.items() if text.count("\n") > 500] == []


def test_the_architecture_names_each_module_of_the_two_big_folders() -> None:
    """A newcomer finds there why a module of verify/ or diff/ is one, and none that is gone."""
    text = (PACKAGE.parents[1] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    here = {
        f"{path.parent.name}/{path.stem}"
        for folder in ("verify", "diff")
        for path in (PACKAGE / folder).glob("[!_]*.py")
        if not path.stem.startswith("rules_")
    }
    assert set(re.findall(r"`((?:verify|diff)/[a-z]\w*)`", text)) == here
