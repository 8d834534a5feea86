"""What calls, attributes and imports mean in a pack's source."""

from __future__ import annotations

import ast
import builtins
import sys
from typing import TYPE_CHECKING

from comfylock.definitions.builtin_functions import call_builtin
from comfylock.definitions.calls import bind_arguments
from comfylock.definitions.methods import call_method
from comfylock.definitions.source_tree import PACKAGE, SourceTree
from comfylock.definitions.standard_library import (
    CONSTANTS,
    call_standard,
    path_attribute,
    path_method,
)
from comfylock.definitions.statements import Executor
from comfylock.definitions.values import (
    UNKNOWN,
    ClassValue,
    FunctionValue,
    InstanceValue,
    Method,
    ModuleValue,
    Opaque,
    PathValue,
    Scope,
    Super,
    join,
    shown_names,
)

if TYPE_CHECKING:
    from comfylock.definitions.budget import Budget

CALL_DEPTH = 24
"""Calls within calls that are followed."""

SERVER_MODULES = frozenset(
    [
        "api_server",
        "comfy",
        "comfy_api",
        "comfy_api_nodes",
        "comfy_config",
        "comfy_execution",
        "comfy_extras",
        "execution",
        "folder_paths",
        "latent_preview",
        "node_helpers",
        "nodes",
        "server",
    ]
)
"""Top-level modules of ComfyUI. Source: the root of its repository."""

_FILES = {"os.path", "posixpath", "ntpath"}


class Interpreter(Executor):
    """Follows calls inside the pack; reading a file is its heir's."""

    def __init__(self, budget: Budget, tree: SourceTree, outside: frozenset[str]) -> None:
        super().__init__(budget)
        self.tree = tree
        self.outside = outside | sys.stdlib_module_names
        self._calls: list[ast.AST] = []

    def module_of(self, file: str) -> ModuleValue:
        """Return a file's module, read if it was not."""
        raise NotImplementedError

    def builtin(self, name: str) -> object:
        """Return what a name means that nothing in the file binds."""
        return Opaque(f"builtins.{name}" if hasattr(builtins, name) else name)

    def call(self, callee: object, args: list[object], options: dict[str, object]) -> object:
        """Return what a call gives."""
        self.budget.spend()
        if isinstance(callee, FunctionValue):
            return self._run_function(callee, None, args, options)
        if isinstance(callee, Method):
            return self._call_method(callee, args, options)
        if isinstance(callee, ClassValue):
            return self._instance(callee, args, options)
        if isinstance(callee, InstanceValue):
            function = callee.cls.find("__call__")
            if isinstance(function, FunctionValue):
                return self._run_function(function, callee, args, options)
        if isinstance(callee, Opaque):
            return self._call_outside(callee, args, options)
        return UNKNOWN

    def _call_outside(
        self, callee: Opaque, args: list[object], options: dict[str, object]
    ) -> object:
        module, _, name = callee.name.rpartition(".")
        if module == "builtins" and name != "__import__":
            return call_builtin(self, name, args, options)
        if callee.name == "collections.OrderedDict":
            return call_builtin(self, "dict", args, options)
        known = call_standard(self, callee.name, args, options)
        if known is not UNKNOWN:
            return known
        return Opaque(callee.name, tuple(args), options, base=callee.base, called=True)

    def _call_method(
        self, method: Method, args: list[object], options: dict[str, object]
    ) -> object:
        if isinstance(method.function, FunctionValue):
            return self._run_function(method.function, method.receiver, args, options)
        if isinstance(method.receiver, PathValue):
            return path_method(self, method.receiver, method.function, args)
        receiver, name = method.receiver, method.function
        return call_method(receiver, name, args, options, self.budget, self.place)

    def _run_function(
        self,
        function: FunctionValue,
        receiver: object,
        args: list[object],
        options: dict[str, object],
    ) -> object:
        node = function.node
        if len(self._calls) >= CALL_DEPTH or self._calls.count(node) > 1:
            return UNKNOWN
        scope = Scope(function.scope.module, function.scope, function.owner)
        if receiver is not None:
            args = [receiver, *args]
            scope.receiver = receiver
        scope.names = bind_arguments(function, args, options)
        self._calls.append(node)
        try:
            if isinstance(node, ast.Lambda):
                return self.evaluate(node.body, scope)
            self.run(node.body, scope)
        finally:
            self._calls.pop()
        result: object = UNKNOWN if not scope.returns else scope.returns[0]
        for other in scope.returns[1:]:
            result = join(result, other)
        return None if not scope.returns else result

    def _instance(self, cls: ClassValue, args: list[object], options: dict[str, object]) -> object:
        outside = cls.outside()
        if outside == "builtins.str":
            return args[0] if args else ""
        if outside.endswith(("Enum", "NamedTuple")) and len(args) == 1 and not options:
            return args[0]
        made = InstanceValue(cls)
        if outside in {"builtins.dict", "collections.UserDict"}:
            return dict(options)
        start = cls.find("__init__")
        if isinstance(start, FunctionValue):
            self._run_function(start, made, args, options)
        else:
            made.names.update(zip(_fields(cls), args, strict=False))
            made.names.update(options)
        return made

    def attribute(self, value: object, name: str) -> object:
        """Return what an attribute of a value is."""
        if isinstance(value, ModuleValue):
            return self._of_module(value, name)
        if isinstance(value, ClassValue):
            return self._of_class(value, value, name)
        if isinstance(value, InstanceValue):
            if name in value.names:
                return value.names[name]
            return value.cls if name == "__class__" else self._of_class(value.cls, value, name)
        if isinstance(value, Super):
            cls = (
                value.receiver.cls if isinstance(value.receiver, InstanceValue) else value.receiver
            )
            found = cls.find(name, after=value.after) if isinstance(cls, ClassValue) else None
            return self._bound(found, value.receiver, cls)
        if isinstance(value, Opaque):
            return self._of_outside(value, name)
        if isinstance(value, PathValue):
            known = path_attribute(value, name)
            return Method(name, value) if known is UNKNOWN else known
        if isinstance(value, (FunctionValue, Method)):
            return _of_function(value, name)
        if isinstance(value, (str, int, float)) and name in {"value", "name"}:
            # A member of an enumeration is its value here; how it is called is not kept.
            return value if name == "value" else UNKNOWN
        return Method(name, value)

    def _of_module(self, module: ModuleValue, name: str) -> object:
        if name in module.scope.names:
            return module.scope.names[name]
        inner = f"{module.name}.{name}".lstrip(".") if module.package else ""
        file = self.tree.module_file(inner) if inner else None
        return UNKNOWN if file is None else self.module_of(file)

    def _of_class(self, cls: ClassValue, receiver: object, name: str) -> object:
        if name in {"__name__", "__qualname__"}:
            return cls.name
        if name == "__module__":
            return cls.module.scope.names.get("__name__", UNKNOWN)
        if name == "__dict__":
            return cls.names
        found = cls.find(name)
        if found is None and cls.outside():
            return Opaque(f"{cls.outside()}.{name}")
        return self._bound(found, receiver, cls)

    def _bound(self, found: object, receiver: object, cls: object) -> object:
        if not isinstance(found, FunctionValue):
            return UNKNOWN if found is None else found
        if found.kind == "property":
            return self._run_function(found, receiver, [], {})
        if found.kind == "class":
            return Method(found, cls)
        if found.kind == "static" or isinstance(receiver, ClassValue):
            return found
        return Method(found, receiver)

    def _of_outside(self, value: Opaque, name: str) -> object:
        if value.called:
            if name in value.options:
                return value.options[name]
            return Opaque(f"{value.name}().{name}", base=value)
        dotted = f"{value.name}.{name}" if value.name else ""
        if dotted in CONSTANTS:
            return CONSTANTS[dotted]
        base = value if value.args or value.base is not None else None
        return Opaque("os.path" if dotted in _FILES else dotted, base=base)

    def import_names(self, node: ast.Import, scope: Scope) -> None:
        """Bind what an `import` names."""
        for alias in node.names:
            module = self._absolute(alias.name)
            if alias.asname is not None:
                scope.bind(alias.asname, module or Opaque(alias.name))
                continue
            first = alias.name.partition(".")[0]
            if module is None or first == alias.name:
                scope.bind(first, module or Opaque(first))
            else:
                scope.bind(first, self._absolute(first) or self._folder_module(alias.name))

    def _folder_module(self, dotted: str) -> object:
        """Return a stand-in for a folder without `__init__.py` on the way to a module."""
        names = dotted.split(".")
        module: object = self._absolute(dotted)
        for depth in range(len(names) - 1, 0, -1):
            folder = ModuleValue(".".join(names[:depth]), "", package=True)
            folder.scope.names[names[depth]] = module
            module = folder
        return module

    def import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        """Bind what a `from … import` names."""
        base = self._base_of(node, scope.module)
        file = None if base is None else self.tree.module_file(base)
        module = self.module_of(file) if file is not None else None
        if node.level == 0:
            module = self._absolute(node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self._import_all(module, scope)
                continue
            value: object = None
            if module is not None:
                value = module.scope.names.get(alias.name)
            if value is None and base is not None and node.level:
                inner = self.tree.module_file(f"{base}.{alias.name}".lstrip("."))
                value = None if inner is None else self.module_of(inner)
            elif value is None:
                value = self._absolute(f"{node.module}.{alias.name}")
            dotted = f"{node.module or ''}.{alias.name}".lstrip(".")
            given = CONSTANTS.get(dotted, Opaque(dotted)) if value is None else value
            scope.bind(alias.asname or alias.name, given)

    def _import_all(self, module: ModuleValue | None, scope: Scope) -> None:
        if module is None:
            return
        listed = module.scope.names.get("__all__")
        names = module.scope.names
        self.budget.spend(len(names))
        if isinstance(listed, (list, tuple)):
            named = [name for name in listed if isinstance(name, str) and name in names]
        else:
            named = [name for name in shown_names(names) if not name.startswith("_")]
        for name in named:
            scope.bind(name, names[name])

    def _base_of(self, node: ast.ImportFrom, module: ModuleValue) -> str | None:
        """Return the dotted name below the pack from which a relative import takes names."""
        if not node.level:
            return node.module
        names = module.name.split(".") if module.name else []
        up = node.level - (1 if module.package else 0)
        if up > len(names):
            return None
        kept = names[: len(names) - up] if up else names
        return ".".join([*kept, *(node.module.split(".") if node.module else [])])

    def module_named(self, name: str, package: str) -> ModuleValue | None:
        """Return a module of the pack by the name an import gives it."""
        if name.startswith("."):
            above = [part for part in package.split(".") if part]
            up = len(name) - len(name.lstrip("."))
            kept = above[: len(above) - up + 1]
            name = ".".join([*kept, name.lstrip(".")])
        own = name.removeprefix(f"{PACKAGE}.") if name != PACKAGE else ""
        file = self.tree.module_file(own)
        if file is not None:
            return self.module_of(file)
        return self._absolute(name)

    def _absolute(self, dotted: str) -> ModuleValue | None:
        """Return a module of the pack that an absolute import may mean, if any."""
        first = dotted.partition(".")[0]
        if first in self.outside or not first:
            return None
        own = dotted.removeprefix(f"{PACKAGE}.")
        if first == "custom_nodes":
            own = ".".join(dotted.split(".")[2:])
        file = self.tree.module_file(own) or self.tree.somewhere(own)
        return None if file is None else self.module_of(file)


def _fields(cls: ClassValue) -> list[str]:
    """Return the names that a dataclass or a named tuple takes, in order."""
    entries = [entry for entry in cls.ancestry() if isinstance(entry, ClassValue)]
    annotated = [name for entry in reversed(entries) for name in entry.fields]
    return annotated or [name for name in cls.names if not str(name).startswith("_")]


def _of_function(value: FunctionValue | Method, name: str) -> object:
    function = value.function if isinstance(value, Method) else value
    if name == "__name__" and isinstance(function, FunctionValue):
        return getattr(function.node, "name", "<lambda>")
    return UNKNOWN
