"""Which names a pack registers, and with which classes.

ComfyUI imports a pack's `__init__.py` and takes `NODE_CLASS_MAPPINGS` or, in the newer form,
what `comfy_entrypoint()` lists. Source: `load_custom_node` in `nodes.py` of ComfyUI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.definitions.interpreter import SERVER_MODULES
from comfylock.definitions.python_source import STEPS, Program
from comfylock.definitions.values import Incomplete, ModuleValue, Opaque, shown_names
from comfylock.model import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfylock.model import ClassDefinition

CORE_MODULES = frozenset({"comfy_api_nodes", "comfy_extras", "nodes"})
"""Where ComfyUI's own classes are; its other modules stay opaque, as they are to a pack."""

MAPPINGS = "NODE_CLASS_MAPPINGS"
TITLES = "NODE_DISPLAY_NAME_MAPPINGS"
ENTRYPOINT = "comfy_entrypoint"

CLASS_LIMIT = 20_000
"""Class types of one pack that are kept."""

NAME_LIMIT = 256
"""Characters of a class type; a longer name is left out."""

_NOT_THERE = "is not there"
_NOT_BOUND = f"binds no `{MAPPINGS}`"


class Registered:
    """Names that a pack registers, with their classes and titles."""

    def __init__(self) -> None:
        self.classes: dict[str, object] = {}
        self.titles: dict[str, object] = {}
        self.is_whole = True
        """False: what is put together when the code runs may be missing here."""

    def add(self, class_type: object, value: object, title: object = None) -> None:
        """Keep one; the first word about a name stays unless it knew nothing."""
        if not isinstance(class_type, str) or not 0 < len(class_type) <= NAME_LIMIT:
            return
        held = self.classes.get(class_type)
        if len(self.classes) < CLASS_LIMIT and (held is None or isinstance(held, Opaque)):
            self.classes[class_type] = value
        if title is not None:
            self.titles.setdefault(class_type, title)


def read_python(
    sources: Mapping[str, bytes], names: Iterable[str] = (), *, start: str = "__init__.py"
) -> tuple[tuple[ClassDefinition, ...], tuple[Problem, ...]]:
    """Return the class types of a pack, sorted, from its Python files by relative path.

    `names` are the pack's other files: some packs look at what is in a folder. If what
    the file `start` registers cannot be told completely, everything that any file of the pack
    maps is taken as provided, and a problem says so.
    """
    program, registered = registered_python(sources, names, start=start)
    return definitions_of(program, registered), tuple(sorted(set(program.problems)))


def registered_python(
    sources: Mapping[str, bytes], names: Iterable[str] = (), *, start: str = "__init__.py"
) -> tuple[Program, Registered]:
    """Return a pack's files as read, and the classes that they register."""
    program = Program(sources, names)
    registered = Registered()
    gaps = [Problem(start, _NOT_THERE)]
    if start in sources:
        gaps = collect(program, program.module_of(start), registered)
    if gaps:
        registered.is_whole = False
        _collect_all(program, registered, gaps)
    return program, registered


def read_modules(
    sources: Mapping[str, bytes], files: Iterable[str]
) -> tuple[tuple[ClassDefinition, ...], tuple[Problem, ...]]:
    """Return the class types that certain files of ComfyUI register, each for itself, sorted."""
    program, registered = registered_modules(sources, files)
    return definitions_of(program, registered), tuple(sorted(set(program.problems)))


def registered_modules(
    sources: Mapping[str, bytes],
    files: Iterable[str],
    inside: frozenset[str] = CORE_MODULES,
    steps: int = STEPS,
) -> tuple[Program, Registered]:
    """Return ComfyUI's files as read, and the classes that certain of them register.

    `inside` are the modules that are followed; `steps` is the work allowed for all of them.
    """
    program = Program(sources, outside=SERVER_MODULES - inside, steps=steps)
    registered = Registered()
    for file in files:
        module = program.module_of(file)
        if MAPPINGS not in module.scope.names and ENTRYPOINT not in module.scope.names:
            continue
        for gap in collect(program, module, registered):
            registered.is_whole = False
            program.report(gap.path, f"not all class types could be read: {gap.message}")
    return program, registered


def definitions_of(program: Program, registered: Registered) -> tuple[ClassDefinition, ...]:
    """Return what the registered classes declare, sorted by class type."""
    return tuple(
        program.definition(name, registered.classes[name], registered.titles.get(name))
        for name in sorted(registered.classes)
    )


def collect(program: Program, module: ModuleValue, registered: Registered) -> list[Problem]:
    """Take what one file registers; return why that may not be all, and where."""
    names = module.scope.names
    gaps: list[Problem] = []
    mapping = names.get(MAPPINGS)
    if isinstance(mapping, dict):
        gaps += _take(module.file, mapping, names.get(TITLES), registered)
    elif mapping is not None:
        gaps.append(Problem(module.file, f"`{MAPPINGS}` is put together when it runs"))
    entrypoint = names.get(ENTRYPOINT)
    if entrypoint is not None:
        listed = _take_listed(program, entrypoint, registered)
        gaps += [Problem(module.file, message) for message in listed]
    if mapping is None and entrypoint is None:
        gaps.append(Problem(module.file, _NOT_BOUND))
    return gaps


def _take(
    file: str, mapping: dict[object, object], titles: object, registered: Registered
) -> list[Problem]:
    gaps: list[Problem] = []
    shown = titles if isinstance(titles, dict) else {}
    for key, value in mapping.items():
        if isinstance(key, Incomplete):
            gaps.append(Problem(key.place or file, f"`{MAPPINGS}` {key.reason}"))
        else:
            registered.add(key, value, shown.get(key))
    return gaps


def _take_listed(program: Program, entrypoint: object, registered: Registered) -> list[str]:
    listed = program.listed_classes(entrypoint)
    if listed is None:
        return [f"the list of `{ENTRYPOINT}` is put together when it runs"]
    gaps: list[str] = []
    for cls in listed:
        found = program.identified(cls)
        if found is not None:
            registered.add(found[0], cls, found[1])
        elif isinstance(cls, Opaque):
            gaps.append(f"the list of `{ENTRYPOINT}` has `{cls.name}`, which is not known")
    return gaps


def _collect_all(program: Program, registered: Registered, gaps: list[Problem]) -> None:
    """Take what any file of the pack maps, where the pack's own word is incomplete."""
    before = len(registered.classes)
    for file in sorted(program.sources):
        names = program.module_of(file).scope.names
        for name in shown_names(names):
            value = names[name]
            if name.upper().endswith("CLASS_MAPPINGS") and isinstance(value, dict):
                _take(file, value, names.get(TITLES), registered)
        if ENTRYPOINT in names:
            _take_listed(program, names[ENTRYPOINT], registered)
    for gap in dict.fromkeys(gaps):
        # A pack of JavaScript alone maps nothing and lacks nothing.
        if registered.classes or gap.message not in {_NOT_THERE, _NOT_BOUND}:
            program.report(gap.path, gap.message)
    more = len(registered.classes) - before
    if more:
        program.report("", f"the mappings of all the pack's files were taken ({more} more)")
