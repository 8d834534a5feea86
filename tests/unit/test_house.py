"""The rules that no linter knows: who may import whom, who may print, what is heavy."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import comfylock

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "comfylock"

FLOORS = {
    "errors": 0,
    "files": 1,
    "findings": 1,
    "hashing": 0,
    "links": 0,
    "names": 0,
    "patterns": -2,
    "reading": 0,
    "redaction": -1,
    "versions": 0,
    "model": 1,
    "ranges": 1,
    "references": 1,
    "requirements": 1,
    "threads": 0,
    "config": 2,
    "definitions": 2,
    "lockfile": 2,
    "model_files": 2,
    "python": 1,
    "workflow": 2,
    "net": 3,
    "registry": 3,
    "sources": 4,
    "analysis": 5,
    "auditing": 5,
    "emit": 5,
    "resolve": 5,
    "upgrade": 5,
    "verifying": 5,
    "ops": 6,
    "cli": 7,
}
"""Part of the package to its floor; imports lead to lower floors or stay inside."""

HEAVY = {
    "git": ("sources/git",),
    "httpx": ("net/",),
    "huggingface_hub": ("sources/huggingface",),
    "networkx": ("workflow/graph", "resolve/explain"),
    "rich": ("cli/",),
    "tree_sitter": ("workflow/source_code", "definitions/"),
}
"""Heavy libraries, and who may import them."""


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if "templates" in path.parts:  # programs that are emitted, not imported
            continue
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@cache
def tree_of(name: str) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(MODULES[name].read_text("utf-8"))


@cache
def nodes_of(name: str) -> tuple[ast.AST, ...]:
    """Everything in a module's syntax tree."""
    return tuple(ast.walk(tree_of(name)))


@cache
def imported(name: str) -> set[str]:
    """Every module that a module imports: lazily and for type checking too."""
    found: set[str] = set()
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in nodes_of(name):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [base])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in MODULES else base)
    return found


def part(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


def inside(name: str) -> list[str]:
    """The package's own modules that a module imports."""
    return sorted(target for target in imported(name) if target.split(".")[0] == "comfylock")


def test_imports_lead_downwards() -> None:
    told = [
        f"{name} imports {target}"
        for name in MODULES
        if part(name) not in {"", "__main__"}
        for target in inside(name)
        if target != "comfylock"  # its version, which is no import of a module
        and part(target) != part(name)
        and FLOORS[part(target)] >= FLOORS[part(name)]
    ]
    assert told == []


def test_there_are_no_circles() -> None:
    graph = {name: [t for t in inside(name) if t != "comfylock"] for name in MODULES}
    del graph["comfylock"]
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above, name))
        if name not in done:
            for target in graph[name]:
                visit(target, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())
    assert len(done) == len(graph)


def test_heavy_libraries_stay_where_they_belong() -> None:
    told = []
    for name, path in MODULES.items():
        place = path.relative_to(PACKAGE).as_posix()
        for target in imported(name):
            library = target.split(".")[0]
            allowed = HEAVY.get(next((h for h in HEAVY if library.startswith(h)), ""))
            if allowed is not None and not place.startswith(allowed):
                told.append(f"{place} imports {target}")
    assert told == []


def test_only_the_command_line_prints_or_exits() -> None:
    calls = {"print", "exit", "quit", "input"}
    attributes = {"sys.stdout", "sys.stderr", "sys.exit", "os._exit"}
    told = []
    for name in MODULES:
        if part(name) in {"cli", "__main__"}:
            continue
        told += [f"{name}: {called}" for called in called_names(name) & calls]
        told += [f"{name}: {used}" for used in used_attributes(name) & attributes]
    assert told == []


def called_names(name: str) -> set[str]:
    """The plain names that a module calls."""
    calls = (node.func for node in nodes_of(name) if isinstance(node, ast.Call))
    return {called.id for called in calls if isinstance(called, ast.Name)}


def used_attributes(name: str) -> set[str]:
    """The attributes of plain names that a module uses, such as `os.environ`."""
    attributes = (node for node in nodes_of(name) if isinstance(node, ast.Attribute))
    return {f"{a.value.id}.{a.attr}" for a in attributes if isinstance(a.value, ast.Name)}


def test_lower_floors_know_no_clock_network_or_environment() -> None:
    forbidden = {"time", "datetime", "socket", "subprocess", "urllib.request", "http.client"}
    told = []
    for name in (name for name in MODULES if FLOORS.get(part(name), 9) <= 2):
        told += [f"{name} imports {target}" for target in imported(name) & forbidden]
        told += [f"{name}: {a}" for a in used_attributes(name) & {"os.environ", "os.getenv"}]
    assert told == []


def test_every_module_is_small_and_says_what_it_is() -> None:
    for name, path in MODULES.items():
        assert len(path.read_text("utf-8").splitlines()) <= 400, name
        assert ast.get_docstring(tree_of(name)), name


def test_no_function_is_long() -> None:
    told = [
        f"{name}: {node.name}"
        for name in MODULES
        for node in nodes_of(name)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= 60
    ]
    assert told == []


def test_every_module_imports_by_itself() -> None:
    for name in (name for name in MODULES if not name.endswith("__main__")):
        assert importlib.import_module(name).__doc__, name


# the public names


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_every_public_name_is_there() -> None:
    for name in comfylock.__all__:
        assert getattr(comfylock, name) is not None
    assert set(dir(comfylock)) >= set(comfylock.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute `nothing`"):
        _ = comfylock.nothing


@pytest.mark.parametrize(
    "first", ["comfylock.ops.analyze", "comfylock.analysis", "comfylock.registry.store"]
)
def test_public_names_survive_imports_of_submodules(first: str) -> None:
    code = (
        f"import {first}, comfylock\n"
        "names = comfylock.__all__\n"
        "print([n for n in names if type(getattr(comfylock, n)).__name__ == 'module'])\n"
        "print(comfylock.analyze.__module__)"
    )
    assert run(code).split("\n") == ["[]", "comfylock.ops.analyze"]


def test_importing_the_package_costs_nothing() -> None:
    code = "import sys; import comfylock; print(sorted(m for m in sys.modules if m in {!r}))"
    heavy = {*HEAVY, "msgspec", "json", "re", "typing", "pathlib", "argparse", "pathspec"}
    light = {"re", "typing"}  # `typing` is for TYPE_CHECKING alone
    assert set(ast.literal_eval(run(code.format(heavy)))) <= light


def test_analyzing_imports_no_network_and_no_graph(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_text('{"1": {"class_type": "KSampler", "inputs": {}}}', "utf-8")
    code = (
        "import sys, os\n"
        "from comfylock.cli.main import main\n"
        f"code = main(['analyze', {str(file)!r}, '--json', '-q'])\n"
        "sys.stdout.write(f'|{code} ' + ' '.join(sorted(set(sys.modules) & set("
        f"{sorted({*HEAVY, 'pydantic', 'pathspec', 'rapidfuzz', 'asyncio', 'logging'})!r}))))"
    )
    assert run(code).rpartition("|")[2].strip() == "0"


# the repository speaks of itself alone

WORDS = [
    "/" + "work" + "/",
    "/" + "root" + "/",
    "/" + "tmp" + "/",
    "pypi" + ".org",
    "files.python" + "hosted",
    "registry.npm" + "js",
    "npm" + "mirror",
]
TEXTS = {".py", ".md", ".toml", ".json", ".txt", ".cfg", ".yml", ".yaml", ".sh", ".ts", ".js", ""}
SKIPPED = {"bundled", "__pycache__", "node_modules", "build", "dist"}


def tree() -> list[Path]:
    """Every text file of the repository."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in SKIPPED and (not name.startswith(".") or name in {".ci", ".github"})
        ]
        found += [
            Path(folder) / name
            for name in files
            if Path(name).suffix in TEXTS and name[:9] != ".coverage"
        ]
    return sorted(found)


def test_no_file_names_a_machine_or_a_package_host() -> None:
    files = [path for path in tree() if path.stat().st_size < 4_000_000 and path.name != ".git"]
    assert len(files) > 100
    told = []
    for path in files:
        text = path.read_text("utf-8", errors="replace")
        told += [f"{path.relative_to(ROOT)}: {word}" for word in WORDS if word in text]
    assert told == []
