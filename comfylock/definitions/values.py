"""What a Python expression of a pack can be known to be, without running the pack.

Literals are themselves: `str`, `int`, `float`, `bool`, `None`, `list`, `tuple`, `dict`. A set
is a list in order of insertion, so that no hash decides an order. The rest is below. What
comes from outside the pack is an `Opaque`: it remembers how it was made, and that is enough to
read a schema or to tell where a list of choices comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Iterator

NAME_LIMIT = 200
"""Characters of an opaque name that are kept; the end tells most."""


class Opaque:
    """Something from outside the pack, or unknown: a name, or the result of a call of it."""

    __slots__ = ("args", "base", "called", "name", "options")

    def __init__(
        self,
        name: str = "",
        args: tuple[object, ...] = (),
        options: dict[str, object] | None = None,
        *,
        base: object = None,
        called: bool = False,
    ) -> None:
        self.name = name[-NAME_LIMIT:]
        self.args = args
        self.options = options or {}
        self.base = base
        self.called = called

    def parts(self) -> Iterator[object]:
        """Yield what it was made from, nearest first."""
        yield from self.args
        yield from self.options.values()
        if self.base is not None:
            yield self.base


ANCESTRY_LIMIT = 100
"""Bases of a class that are looked through."""

UNKNOWN = Opaque()
"""Nothing is known, not even a name."""


UNKNOWN_NAMES = "**"
"""The option of a call that stands for options whose names are not known: `f(**unknown)`."""


class Incomplete:
    """A key that marks a dict as having entries that could not be read; `reason` says why."""

    __slots__ = ("place", "reason")

    def __init__(self, reason: str, place: str = "") -> None:
        self.reason = reason
        self.place = place


class Defaults(dict[object, object]):
    """A `defaultdict`, with what makes the entries that it lacks."""

    __slots__ = ("factory",)

    def __init__(self, factory: object) -> None:
        super().__init__()
        self.factory = factory


class Scope:
    """Names bound at one place, and the places around it."""

    __slots__ = ("globals", "module", "names", "outer", "owner", "parent", "receiver", "returns")

    def __init__(
        self, module: ModuleValue, parent: Scope | None = None, owner: ClassValue | None = None
    ) -> None:
        self.module = module
        self.parent = parent
        self.owner = owner
        self.names: dict[str, object] = {}
        self.globals: set[str] = set()
        self.outer: set[str] = set()
        self.returns: list[object] = []
        self.receiver: object = None

    def find(self, name: str) -> Scope | None:
        """Return the nearest scope that binds a name."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.parent
        return scope

    def bind(self, name: str, value: object) -> None:
        """Bind a name here, or where a `global` or `nonlocal` statement says."""
        home = self.module.scope if name in self.globals else self
        if name in self.outer and self.parent is not None:
            home = self.parent.find(name) or self
        home.names[name] = value


def place_of(node: ast.expr, scope: Scope) -> str:
    """Return where in the pack's files an expression stands: `nodes/a.py:12`."""
    return f"{scope.module.file}:{node.lineno}"


class ModuleValue:
    """One Python file of the pack; its names are filled as it is read."""

    __slots__ = ("file", "name", "package", "scope")

    def __init__(self, name: str, file: str, *, package: bool) -> None:
        self.name = name
        self.file = file
        self.package = package
        self.scope = Scope(self)


class FunctionValue:
    """A function or lambda of the pack; `kind` is `plain`, `class`, `static` or `property`."""

    __slots__ = ("defaults", "kind", "named_defaults", "node", "owner", "scope")

    def __init__(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
    ) -> None:
        self.node = node
        self.scope = scope
        self.kind = "plain"
        self.owner: ClassValue | None = None
        self.defaults: list[object] = []
        self.named_defaults: dict[str, object] = {}


class ClassValue:
    """A class of the pack, with what its body binds; `fields` are the names it annotates."""

    __slots__ = ("bases", "fields", "line", "module", "name", "names")

    def __init__(
        self, name: str, bases: tuple[object, ...], module: ModuleValue, line: int
    ) -> None:
        self.name = name
        self.bases = bases
        self.module = module
        self.line = line
        self.names: dict[str, object] = {}
        self.fields: dict[str, None] = {}

    def ancestry(self) -> Iterator[object]:
        """Yield the class and its bases, nearest first, each once."""
        seen: set[int] = set()
        waiting: list[object] = [self]
        while waiting and len(seen) < ANCESTRY_LIMIT:
            entry = waiting.pop(0)
            if id(entry) in seen:
                continue
            seen.add(id(entry))
            yield entry
            if isinstance(entry, ClassValue):
                waiting[0:0] = entry.bases

    def find(self, name: str, *, after: ClassValue | None = None) -> object:
        """Return what the class or the nearest base binds, else None; `after` as in `super()`."""
        skipping = after is not None
        for entry in self.ancestry():
            if skipping:
                skipping = entry is not after
            elif isinstance(entry, ClassValue) and name in entry.names:
                return entry.names[name]
        return None

    def outside(self) -> str:
        """Return the name of the first base from outside the pack, or an empty text."""
        names = (entry.name for entry in self.ancestry() if isinstance(entry, Opaque))
        return next(names, "")


class InstanceValue:
    """An object of a class of the pack."""

    __slots__ = ("cls", "names")

    def __init__(self, cls: ClassValue) -> None:
        self.cls = cls
        self.names: dict[str, object] = {}


class Method:
    """A function of the pack with its first argument, or a method of a literal (by name)."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: FunctionValue | str, receiver: object) -> None:
        self.function = function
        self.receiver = receiver


class Super:
    """`super()`: the receiver, and the class after which to look."""

    __slots__ = ("after", "receiver")

    def __init__(self, after: ClassValue, receiver: object) -> None:
        self.after = after
        self.receiver = receiver


class PathValue:
    """A `pathlib.Path`."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def shown_names(names: Iterable[object]) -> list[str]:
    """Return the names of a namespace, sorted; a pack can put other keys into `globals()`."""
    return sorted(name for name in names if isinstance(name, str))


def is_scalar(value: object) -> bool:
    """Tell whether a value is a literal that cannot hold others."""
    return value is None or isinstance(value, (str, int, float))


def truth(value: object) -> bool | None:
    """Return whether a value counts as true, or None if that is not known."""
    if value is None or isinstance(value, (str, int, float, list, tuple, dict)):
        return bool(value)
    if isinstance(value, (ClassValue, FunctionValue, ModuleValue, Method, PathValue)):
        return True
    return None


def join(first: object, second: object) -> object:
    """Return what is known when either of two values may be meant."""
    if first is second or second is None or second is UNKNOWN:
        return first
    if first is None or first is UNKNOWN:
        return second
    if isinstance(first, dict) and isinstance(second, dict):
        return {**second, **first}
    if isinstance(first, (list, tuple, Opaque)) or isinstance(second, (list, tuple, Opaque)):
        return Opaque("or", (first, second), called=True)
    return first
