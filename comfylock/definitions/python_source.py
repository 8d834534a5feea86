"""What the classes in a pack's Python source declare.

Nothing is imported or run: see `expressions` and `statements` for what is worked out instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.definitions.budget import Budget, BudgetExceededError
from comfylock.definitions.input_types import read_sections
from comfylock.definitions.interpreter import SERVER_MODULES, Interpreter
from comfylock.definitions.parsing import parse_python
from comfylock.definitions.schema import schema_id, schema_inputs, schema_title
from comfylock.definitions.source_tree import HOME, PACKAGE, SourceTree, module_name
from comfylock.definitions.values import (
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Incomplete,
    ModuleValue,
)
from comfylock.model import ClassDefinition, InputDefinition, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STEPS = 6_000_000
"""Work for one pack; a large pack takes a tenth of it."""

MODULE_STEPS = 600_000
CLASS_STEPS = 100_000
INPUT_STEPS = 60
DEPTH = 110
"""Nesting of expressions, statements and calls; safely inside Python's own recursion limit."""

PROBLEM_LIMIT = 200


class Program(Interpreter):
    """A pack's Python files, each read when it is first asked for."""

    def __init__(
        self,
        sources: Mapping[str, bytes],
        names: Iterable[str] = (),
        *,
        outside: frozenset[str] = SERVER_MODULES,
        steps: int = STEPS,
    ) -> None:
        super().__init__(Budget(steps, DEPTH), SourceTree({*names, *sources}), outside)
        self.sources = sources
        self.modules: dict[str, ModuleValue] = {}
        self.problems: list[Problem] = []

    def report(self, path: str, message: str) -> None:
        """Keep a problem, up to a limit."""
        problem = Problem(path, message)
        if len(self.problems) < PROBLEM_LIMIT and problem not in self.problems[-8:]:
            self.problems.append(problem)

    def module_of(self, file: str) -> ModuleValue:
        """Return a file's module, read if it was not; half read if it imports itself."""
        held = self.modules.get(file)
        if held is not None:
            return held
        name = module_name(file)
        module = ModuleValue(name, file, package=file.endswith("__init__.py"))
        self.modules[file] = module
        dotted = f"{PACKAGE}.{name}".rstrip(".")
        folder = dotted if module.package else dotted.rpartition(".")[0]
        module.scope.names.update(
            {
                "__name__": dotted,
                "__package__": folder,
                "__file__": f"{HOME}/{file}",
                "__path__": [f"{HOME}/{file.rpartition('/')[0]}".rstrip("/")],
            }
        )
        tree, problems = parse_python(self.sources.get(file, b""), file)
        for problem in problems:
            self.report(problem.path, problem.message)
        try:
            with self.budget.allowance(MODULE_STEPS):
                self.run(tree.body, module.scope)
        except (BudgetExceededError, RecursionError):
            self.report(file, "too much work to read it completely")
        return module

    def definition(self, class_type: str, value: object, title: object) -> ClassDefinition:
        """Return what a class declares; its inputs are empty if they could not be read."""
        if not isinstance(value, ClassValue):
            return ClassDefinition(class_type, display_name=_text(title))
        inputs: tuple[InputDefinition, ...] = ()
        try:
            with self.budget.allowance(CLASS_STEPS):
                inputs = self._inputs(value, class_type)
        except (BudgetExceededError, RecursionError):
            self.report(_place(value), f"too much work to read the inputs of `{class_type}`")
        return ClassDefinition(class_type, inputs, _text(title), value.module.file or None)

    def _inputs(self, cls: ClassValue, class_type: str) -> tuple[InputDefinition, ...]:
        if cls.find("define_schema") is not None:
            found, complete = schema_inputs(self.schema(cls))
        else:
            declared = self.called(cls, "INPUT_TYPES")
            found = read_sections(declared) if isinstance(declared, dict) else ()
            complete = is_complete(declared)
        self.budget.spend(len(found) * INPUT_STEPS)
        if not complete:
            self.report(_place(cls), f"not all inputs of `{class_type}` could be read")
        return found

    def schema(self, cls: ClassValue) -> object:
        """Return what `define_schema` of a class gives."""
        return self.called(cls, "define_schema")

    def called(self, cls: ClassValue, name: str) -> object:
        """Return what a class method without arguments gives, or a dict that stands for it."""
        found = cls.find(name)
        if isinstance(found, FunctionValue) and found.kind == "plain":
            return self.call(found, [cls], {})
        value = self.attribute(cls, name)
        return value if isinstance(value, dict) else self.call(value, [], {})

    def listed_classes(self, entrypoint: object) -> list[object] | None:
        """Return the classes that `comfy_entrypoint()` lists, or None if that cannot be told."""
        try:
            with self.budget.allowance(MODULE_STEPS):
                extension = self.call(entrypoint, [], {})
                listed = self.call(self.attribute(extension, "get_node_list"), [], {})
        except (BudgetExceededError, RecursionError):
            return None
        return listed if isinstance(listed, list) else None

    def identified(self, cls: object) -> tuple[str, str | None] | None:
        """Return the class type and the title of a class of the newer kind."""
        if not isinstance(cls, ClassValue):
            return None
        try:
            with self.budget.allowance(CLASS_STEPS):
                schema = self.schema(cls)
        except (BudgetExceededError, RecursionError):
            schema = UNKNOWN
        class_type = schema_id(schema)
        if class_type is None:
            self.report(_place(cls), f"the class type of `{cls.name}` cannot be told")
            return None
        return class_type, schema_title(schema)


def is_complete(declared: object) -> bool:
    """Say whether all that `INPUT_TYPES` gives could be read."""
    if not isinstance(declared, dict):
        return False
    parts = [declared, *(declared.get(section) for section in ("required", "optional"))]
    marked = (isinstance(k, Incomplete) for part in parts if isinstance(part, dict) for k in part)
    return not any(marked) and all(p is None or isinstance(p, dict) for p in parts)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _place(cls: ClassValue) -> str:
    return f"{cls.module.file}:{cls.line}"
