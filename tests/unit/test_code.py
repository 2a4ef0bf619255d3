"""What holds for all of the package's code: where its imports point, and what no module does."""

from __future__ import annotations

import ast
import itertools
import re
import tomllib
from collections.abc import Iterator

from fcgitops.model import synctools
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


def test_no_regular_expression_is_compiled_where_a_module_is_imported() -> None:
    """A module's expressions are `core.lazy.regex`: a command uses few of two hundred."""
    found = {
        path
        for path, (top, *_) in modules().items()
        for node in _run_at_import(top)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr == "compile" and ast.unparse(node.func) == "re.compile"
    }
    assert found == set()


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield child
            yield from _run_at_import(child)


NAMED = re.compile(r'"(annotate|delete|get|patch|scale)", (?!\*shell\.named|"--).*\bname\(')
"""A command with the name of an object that is put there without `shell.named`."""


def test_every_name_of_an_object_is_no_option() -> None:
    """No command takes one for an option, such as `delete service --all`."""
    lines = [
        f"{path}: {text.strip()}"
        for path in modules()
        for text in (PACKAGE / path).read_text(encoding="utf-8").splitlines()
        if NAMED.search(text)
    ]
    assert lines == []


COMMAND = re.compile(
    r"(?:^|[`#(;:] ?|^\s+|, )"
    r"(?:kubectl|git|make|fcgitops|kind delete|docker|argocd|flux|rm|cd|export)"
    r" [^`\n]*(?<!fcgitops )$"
)
"""The beginning of a command in a text, up to a value."""


def unquoted(path: str) -> list[str]:
    """Values that are put into a command in a text without `shell`."""
    found = []
    for node in modules()[path]:
        if not isinstance(node, ast.JoinedStr):
            continue
        before = ""
        for part in node.values:
            if isinstance(part, ast.Constant):
                before += str(part.value)
                continue
            value = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ""
            constant = re.fullmatch(r"(\w+\.)*_?[A-Z][A-Z_]*|__version__|command|seconds", value)
            if COMMAND.search(before) and not value.startswith("shell.") and not constant:
                found.append(f"{path}:{node.lineno}: {before}{{{value}}}")
            before += "x"
    return found


IN_FILES = ("manifests/", "model/experiment.py", "model/layout.py")
"""What is written into generated files has names that were checked."""


def test_every_printed_command_is_made_in_one_place() -> None:
    """No text puts a value into a command by itself, and no other module quotes."""
    found = [text for path in modules() if not path.startswith(IN_FILES) for text in unquoted(path)]
    assert not found, "\n".join(found)
    assert [
        path
        for path in modules()
        if path != "core/shell.py"
        and re.search(r"shlex\.(quote|join)", (PACKAGE / path).read_text(encoding="utf-8"))
    ] == []


def test_a_number_has_a_noun_of_its_number() -> None:
    """`count` makes 1 file and 2 files; `{len(files)} files` would say 1 files."""
    plural = re.compile(r" (?!bytes|characters|letters)[a-z]+s\b")  # of these a limit is exceeded
    found = [
        f"{path}:{value.lineno}"
        for path, nodes in modules().items()
        for node in nodes
        if isinstance(node, ast.JoinedStr)
        for value, after in itertools.pairwise(node.values)
        if isinstance(value, ast.FormattedValue)
        and ast.unparse(value.value).startswith("len(")
        and isinstance(after, ast.Constant)
        and plural.match(str(after.value))
    ]
    assert found == []


OWN = ("model/synctools.py", "sync/argocd/", "sync/flux/", "diff/rules_argocd.py",
       "diff/rules_windows.py", "diff/rules_flux.py")  # fmt: skip
"""Where the names of the tools may stand as values: the rules are of the tools' own objects."""
OF_FORGES = ("model/layout.py", synctools.ALL)
"""The CI of both of them, as `forge` has it."""


def test_no_other_module_knows_a_tool_by_its_name() -> None:
    """Outside of the tools themselves no text of the code, docstrings aside, is a tool's name."""
    places = {traits.namespace for traits in synctools.KNOWN.values()}
    names = {*synctools.KNOWN, synctools.ALL, *places}
    found = [
        f"{path}:{node.lineno}: {node.value!r}"
        for path, nodes in modules().items()
        if not path.startswith(OWN)
        for node in nodes
        if isinstance(node, ast.Constant) and node.value in names
        if (path, node.value) != OF_FORGES
    ]
    assert found == []


def test_no_other_module_asks_which_tool_it_is() -> None:
    """It asks for a trait instead of comparing the name, which a third tool has not."""
    found = [
        f"{path}:{node.lineno}"
        for path, nodes in modules().items()
        if not path.startswith((*OWN, "diff/rules_flux_rights.py"))
        for node in nodes
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Name | ast.Attribute)
        if re.search(r"\b(ARGOCD|FLUX)(\.name)?$", ast.unparse(side))
    ]
    assert found == []
