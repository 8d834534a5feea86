"""What the parts of the standard library give with which packs find their own files.

`os.path`, `os.listdir`, `glob`, `pathlib`, `importlib`, `inspect`: they look at the list of the
pack's files, never at a disk.
"""

from __future__ import annotations

import posixpath
import string
from typing import TYPE_CHECKING, Protocol

from comfylock.definitions.operations import items_of
from comfylock.definitions.source_tree import HOME, SourceTree
from comfylock.definitions.values import (
    UNKNOWN,
    ClassValue,
    Defaults,
    FunctionValue,
    Incomplete,
    ModuleValue,
    Opaque,
    PathValue,
    shown_names,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.definitions.budget import Budget


CONSTANTS: dict[str, object] = {
    "string.ascii_letters": string.ascii_letters,
    "string.ascii_lowercase": string.ascii_lowercase,
    "string.ascii_uppercase": string.ascii_uppercase,
    "string.digits": string.digits,
    "sys.maxsize": 2**63 - 1,
}
"""Values of the standard library that inputs and their limits are made of, on 64 bits."""


class Importer(Protocol):
    """What can find the pack's files and read one of them as a module."""

    tree: SourceTree
    budget: Budget

    def module_of(self, file: str) -> ModuleValue:
        """Return a file's module, read if it was not."""

    def module_named(self, name: str, package: str) -> ModuleValue | None:
        """Return a module of the pack by the name an import gives it."""


def call_standard(
    machine: Importer, name: str, args: list[object], options: dict[str, object]
) -> object:
    """Return what a function of the standard library gives; `UNKNOWN` if that cannot be told."""
    work = _TABLE.get(name.removeprefix("os.path.") if name.startswith("os.path.") else name)
    return UNKNOWN if work is None else work(machine, [*args, *options.values()])


def path_attribute(path: PathValue, name: str) -> object:
    """Return an attribute of a `pathlib.Path` that is no method."""
    head, tail = posixpath.split(path.text)
    stem, suffix = posixpath.splitext(tail)
    known: dict[str, object] = {
        "name": tail,
        "parent": PathValue(head),
        "stem": stem,
        "suffix": suffix,
    }
    return known.get(name, UNKNOWN)


def path_method(machine: Importer, path: PathValue, name: str, args: list[object]) -> object:
    """Return what a method of a `pathlib.Path` gives."""
    tree = machine.tree
    if name in {"resolve", "absolute", "expanduser"}:
        return path
    if name in {"as_posix", "__str__"}:
        return path.text
    if name == "joinpath" and all(isinstance(a, str) for a in args):
        return PathValue(posixpath.join(path.text, *(str(a) for a in args)))
    if name == "iterdir":
        names = tree.listed(path.text)
        return UNKNOWN if names is None else [PathValue(f"{path.text}/{n}") for n in names]
    if name in {"glob", "rglob"} and args and isinstance(args[0], str):
        machine.budget.spend(len(tree.files) // 4)
        deep = "**/" if name == "rglob" else ""
        found = tree.matching(f"{path.text}/{deep}{args[0]}")
        return UNKNOWN if found is None else [PathValue(entry) for entry in found]
    if name in {"exists", "is_dir", "is_file"}:
        return _answer(_existence(tree, name, path.text))
    if name == "with_suffix" and args and isinstance(args[0], str):
        return PathValue(posixpath.splitext(path.text)[0] + args[0])
    return UNKNOWN


def _existence(tree: SourceTree, name: str, path: str) -> bool | None:
    if name == "exists":
        return tree.exists(path)
    folder = tree.is_folder(path)
    if folder is None:
        return None
    return folder if name in {"is_dir", "isdir"} else not folder


def _answer(known: bool | None) -> object:
    return UNKNOWN if known is None else known


def _text(value: object) -> str | None:
    if isinstance(value, PathValue):
        return value.text
    return value if isinstance(value, str) else None


def _pure(work: Callable[[str], object]) -> Callable[[Importer, list[object]], object]:
    """Return a function of one path as an entry of the table."""

    def apply(_machine: Importer, args: list[object]) -> object:
        path = _text(args[0]) if args else None
        return UNKNOWN if path is None else work(path)

    return apply


def _join(_machine: Importer, args: list[object]) -> object:
    parts = [part for part in map(_text, args) if part is not None]
    if not parts or len(parts) != len(args):
        return UNKNOWN
    return posixpath.join(*parts)[:4096]


def _listdir(machine: Importer, args: list[object]) -> object:
    path = _text(args[0]) if args else None
    names = None if path is None else machine.tree.listed(path)
    machine.budget.spend(len(names or ()))
    return UNKNOWN if names is None else names


def _glob(machine: Importer, args: list[object]) -> object:
    pattern = _text(args[0]) if args else None
    machine.budget.spend(len(machine.tree.files) // 4)
    found = None if pattern is None else machine.tree.matching(pattern)
    return UNKNOWN if found is None else found


def _walk(machine: Importer, args: list[object]) -> object:
    """Return `os.walk` of a folder of the pack: every folder below with its names."""
    top = _text(args[0]) if args else None
    waiting = [top] if top is not None and machine.tree.listed(top) is not None else []
    if not waiting:
        return UNKNOWN
    found: list[object] = []
    for path in waiting:
        names = machine.tree.listed(path) or []
        folders = [name for name in names if machine.tree.is_folder(f"{path}/{name}")]
        inner = set(folders)
        found.append((path, folders, [name for name in names if name not in inner]))
        machine.budget.spend(len(names))
        waiting.extend(f"{path}/{name}" for name in folders)
    return found


def _path(_machine: Importer, args: list[object]) -> object:
    joined = _join(_machine, args)
    return PathValue(joined) if isinstance(joined, str) else UNKNOWN


def _import_module(machine: Importer, args: list[object]) -> object:
    name = args[0] if args else None
    package = args[1] if len(args) > 1 and isinstance(args[1], str) else ""
    module = machine.module_named(name, package) if isinstance(name, str) else None
    return (
        module
        if module is not None
        else Opaque("importlib.import_module", tuple(args), called=True)
    )


def _module_from_file(machine: Importer, args: list[object]) -> object:
    """Return the module of `spec_from_file_location(name, path)`, in place of its spec."""
    for argument in reversed(args[:2]):
        path = _text(argument)
        relative = None if path is None else machine.tree.relative(path)
        for file in (relative, f"{relative}/__init__.py", f"{relative}.py"):
            if file and file in machine.tree.files and file.endswith(".py"):
                return machine.module_of(file)
    return Opaque("importlib.spec", tuple(args), called=True)


def _first(_machine: Importer, args: list[object]) -> object:
    return args[0] if args else UNKNOWN


def _members(_machine: Importer, args: list[object]) -> object:
    """Return `inspect.getmembers(module)`: names and values, sorted by name."""
    value = args[0] if args else None
    if not isinstance(value, (ModuleValue, ClassValue)):
        return UNKNOWN
    names = value.scope.names if isinstance(value, ModuleValue) else value.names
    wanted = (
        args[1].name.rpartition(".")[2] if len(args) > 1 and isinstance(args[1], Opaque) else ""
    )
    kinds = {"isclass": ClassValue, "isfunction": FunctionValue, "ismodule": ModuleValue}
    kind = kinds.get(wanted, object)
    return [(name, names[name]) for name in shown_names(names) if isinstance(names[name], kind)]


def _iter_modules(machine: Importer, args: list[object]) -> object:
    """Return `pkgutil.iter_modules([folder])`: (finder, name, is package) for each."""
    paths = args[0] if args else None
    path = _text(paths[0]) if isinstance(paths, (list, tuple)) and paths else _text(paths)
    names = None if path is None else machine.tree.listed(path)
    if names is None:
        return UNKNOWN
    modules = [n.removesuffix(".py") for n in names if n.endswith(".py") and n != "__init__.py"]
    folders = [n for n in names if machine.tree.exists(f"{path}/{n}/__init__.py")]
    return [(UNKNOWN, name, name in folders) for name in sorted({*modules, *folders})]


def _copy(machine: Importer, args: list[object]) -> object:
    value = args[0] if args else UNKNOWN
    if isinstance(value, (list, dict)):
        machine.budget.spend(len(value))
        return value.copy()
    return value


def _deep_copy(machine: Importer, value: object, made: dict[int, object]) -> object:
    """Return a copy that shares no dict or list with the value; `made` holds those so far."""
    if not isinstance(value, (list, dict, tuple)):
        return value
    if id(value) in made:
        return made[id(value)]
    machine.budget.spend(1 + len(value))
    with machine.budget.nested() as allowed:
        if not allowed:
            return UNKNOWN
        if isinstance(value, tuple):
            return tuple([_deep_copy(machine, item, made) for item in value])
        if isinstance(value, list):
            items: list[object] = []
            made[id(value)] = items
            items.extend([_deep_copy(machine, item, made) for item in value])
            return items
        entries = value.copy()
        made[id(value)] = entries
        entries.update({key: _deep_copy(machine, item, made) for key, item in value.items()})
        return entries


def _defaults(_machine: Importer, args: list[object]) -> object:
    made = Defaults(args[0] if args else UNKNOWN)
    if len(args) > 1:
        made.update(args[1] if isinstance(args[1], dict) else {Incomplete("is unknown"): args[1]})
    return made


def _items(machine: Importer, args: list[object]) -> list[object]:
    """Return what the one argument goes through; something unknown if that is not known."""
    items = items_of(args[0], machine.budget) if args else []
    return [UNKNOWN] if items is None else items


def _chain(machine: Importer, args: list[object]) -> object:
    parts = [items_of(arg, machine.budget) for arg in args]
    known = [item for part in parts if part is not None for item in part]
    return UNKNOWN if None in parts else known


_TABLE: dict[str, Callable[[Importer, list[object]], object]] = {
    "abspath": _pure(lambda p: posixpath.normpath(posixpath.join(HOME, p))),
    "realpath": _pure(lambda p: posixpath.normpath(posixpath.join(HOME, p))),
    "normpath": _pure(posixpath.normpath),
    "dirname": _pure(posixpath.dirname),
    "basename": _pure(posixpath.basename),
    "split": _pure(posixpath.split),
    "splitext": _pure(posixpath.splitext),
    "join": _join,
    "exists": lambda m, a: (
        _answer(_existence(m.tree, "exists", _text(a[0]) or "..")) if a else UNKNOWN
    ),
    "isdir": lambda m, a: (
        _answer(_existence(m.tree, "isdir", _text(a[0]) or "..")) if a else UNKNOWN
    ),
    "isfile": lambda m, a: (
        _answer(_existence(m.tree, "isfile", _text(a[0]) or "..")) if a else UNKNOWN
    ),
    "os.listdir": _listdir,
    "os.walk": _walk,
    "os.fspath": _pure(lambda p: p),
    "glob.glob": _glob,
    "glob.iglob": _glob,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "importlib.import_module": _import_module,
    "importlib.reload": _first,
    "importlib.util.spec_from_file_location": _module_from_file,
    "importlib.util.module_from_spec": _first,
    "importlib.machinery.SourceFileLoader": _module_from_file,
    "inspect.getmembers": _members,
    "pkgutil.iter_modules": _iter_modules,
    "copy.copy": _copy,
    "copy.deepcopy": lambda m, a: _deep_copy(m, a[0], {}) if a else UNKNOWN,
    "collections.defaultdict": _defaults,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": lambda m, a: _chain(m, _items(m, a[:1])),
    "builtins.__import__": _import_module,
}
