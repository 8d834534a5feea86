"""Operators on what is known: bounded in size, never calling into the pack."""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING

from comfylock.definitions.values import (
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Incomplete,
    ModuleValue,
    Opaque,
    PathValue,
    is_scalar,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.definitions.budget import Budget

TEXT_LIMIT = 100_000
"""Characters of a text that is put together."""

POWER_BASE, POWER_LIMIT = 16, 64
"""The largest base and exponent that are worked out."""

NUMBER_LIMIT = 2**64
"""A greater number is not worked out."""

_WIDE = re.compile(r"[0-9]{4,}|\*")
"""A width or precision that could make a text of gigabytes."""

_ARITHMETIC: dict[type[ast.operator], Callable[[int | float, int | float], int | float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}

_ORDER: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def binary(
    kind: ast.operator, left: object, right: object, budget: Budget, place: str = ""
) -> object:
    """Return `left kind right`; `place` is where it stands."""
    if isinstance(left, str) and isinstance(kind, ast.Mod):
        return percent(left, right)
    if isinstance(left, PathValue) and isinstance(kind, ast.Div) and isinstance(right, str):
        return PathValue(right if right.startswith("/") else f"{left.text}/{right}")
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return _number(kind, left, right)
    if isinstance(kind, ast.Add):
        together = _concatenation(left, right, budget)
        if together is not None:
            return together
    if isinstance(kind, ast.BitOr) and isinstance(left, dict) and isinstance(right, dict):
        budget.spend(len(left) + len(right))
        return {**left, **right}
    if isinstance(kind, ast.BitOr) and isinstance(left, dict):
        return {**left, Incomplete("is merged with something unknown", place): right}
    if isinstance(kind, ast.BitOr) and isinstance(right, dict):
        return {**right, Incomplete("is merged with something unknown", place): left}
    if isinstance(kind, ast.Mult) and isinstance(left, str) and type(right) is int:
        return left * right if len(left) * right <= TEXT_LIMIT else UNKNOWN
    if isinstance(kind, ast.Mult) and isinstance(left, list) and isinstance(right, int):
        budget.spend(len(left) * max(0, right))
        return left * right
    return Opaque("operation", (left, right), called=True)


def _concatenation(left: object, right: object, budget: Budget) -> object:
    if isinstance(left, str) and isinstance(right, str):
        budget.spend((len(left) + len(right)) // 64)
        return left + right if len(left) + len(right) <= TEXT_LIMIT else UNKNOWN
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        budget.spend(len(left) + len(right))
        both = [*left, *right]
        return both if isinstance(left, list) else tuple(both)
    return None


def _number(kind: ast.operator, left: float, right: float) -> object:
    if isinstance(kind, ast.Pow):
        return _power(left, right)
    work = _ARITHMETIC.get(type(kind))
    if work is None or max(abs(left), abs(right)) > NUMBER_LIMIT:
        return UNKNOWN
    try:
        return work(left, right)
    except (ArithmeticError, ValueError):
        return UNKNOWN


def _power(base: float, exponent: float) -> object:
    """Return a small power, such as the `2 ** 64 - 1` of a seed's range."""
    if abs(base) > POWER_BASE or not isinstance(exponent, int) or not 0 <= exponent <= POWER_LIMIT:
        return UNKNOWN
    result: float = base**exponent
    return result


def percent(template: str, values: object) -> object:
    """Return `template % values`, if all of it is known and small."""
    known = values if isinstance(values, tuple) else (values,)
    if not all(is_scalar(value) for value in known) or _WIDE.search(template):
        return Opaque("text", (template, values), called=True)
    try:
        return (template % known)[:TEXT_LIMIT]
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN


def formatted(value: object, specification: object = "") -> object:
    """Return a value as `format()` writes it, or something opaque."""
    if not is_scalar(value) or not isinstance(specification, str) or _WIDE.search(specification):
        return Opaque("text", (value,), called=True)
    try:
        return format(value, specification)
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN


def unary(kind: ast.unaryop, value: object) -> object:
    """Return `kind value`."""
    if isinstance(kind, ast.Not) and (is_scalar(value) or isinstance(value, (list, dict, tuple))):
        return not value
    if isinstance(value, (int, float)):
        if isinstance(kind, ast.USub):
            return -value
        if isinstance(kind, ast.UAdd):
            return value
    return UNKNOWN


def compare(kind: ast.cmpop, left: object, right: object, budget: Budget) -> object:
    """Return whether a comparison holds, or something opaque."""
    if isinstance(kind, (ast.In, ast.NotIn)):
        found = _contains(right, left, budget)
        return UNKNOWN if found is None else found is isinstance(kind, ast.In)
    if isinstance(kind, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)):
        same = _same(left, right)
        return UNKNOWN if same is None else same is isinstance(kind, (ast.Is, ast.Eq))
    order = _ORDER.get(type(kind))
    if order and isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return order(left, right)
    return UNKNOWN


def _same(left: object, right: object) -> bool | None:
    if is_scalar(left) and is_scalar(right):
        return left == right
    solid = (ClassValue, FunctionValue, ModuleValue)
    if isinstance(left, solid) or isinstance(right, solid):
        return None if isinstance(left, Opaque) or isinstance(right, Opaque) else left is right
    if isinstance(left, Opaque) and isinstance(right, Opaque):
        return _same_name(left, right)
    if left is None or right is None:
        return None if isinstance(left, Opaque) or isinstance(right, Opaque) else False
    return None


def _same_name(left: Opaque, right: Opaque) -> bool | None:
    """Compare two members of an enumeration from outside: `IO.INT` and `IO.STRING`."""
    if left.called or right.called or left.base or right.base or not left.name:
        return None
    if left.name == right.name:
        return True
    home, other = left.name.rpartition(".")[0], right.name.rpartition(".")[0]
    return False if home == other and home.rpartition(".")[2][:1].isupper() else None


def _contains(container: object, item: object, budget: Budget) -> bool | None:
    if not is_scalar(item):
        return None
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    if isinstance(container, dict):
        budget.spend(len(container) // 8)
        if any(isinstance(key, Incomplete) for key in container):
            return True if item in container else None
        return item in container
    if isinstance(container, (list, tuple)):
        budget.spend(len(container))
        if any(is_scalar(entry) and entry == item for entry in container):
            return True
        return False if all(is_scalar(entry) for entry in container) else None
    return None


def items_of(value: object, budget: Budget) -> list[object] | None:
    """Return what a loop over a value goes through, or None if that is not known."""
    if isinstance(value, (list, tuple)):
        found = list(value)
    elif isinstance(value, dict):
        found = [shown_key(key) for key in value]
    elif isinstance(value, str):
        found = list(value[:TEXT_LIMIT])
    elif isinstance(value, ClassValue):
        found = [
            entry
            for name, entry in value.names.items()
            if not _is_reserved(str(name)) and not isinstance(entry, FunctionValue)
        ]
    else:
        return None
    budget.spend(len(found))
    return found


def _is_reserved(name: str) -> bool:
    """Say whether a name in an enumeration is none of its members: `__doc__`, `_ignore_`."""
    return name.startswith("__") or (name.startswith("_") and name.endswith("_"))


def shown_key(key: object) -> object:
    """Return a key as a loop meets it: what could not be read stays something unknown."""
    return Opaque("item") if isinstance(key, Incomplete) else key


def put(target: dict[object, object], key: object, value: object, place: str = "") -> None:
    """Set an entry of a dict; a key that cannot be told marks the dict as incomplete."""
    solid = is_scalar(key) or isinstance(key, (ClassValue, FunctionValue))
    if solid or (isinstance(key, tuple) and all(is_scalar(part) for part in key)):
        target[key] = value
    else:
        target[Incomplete("takes a name that is put together when it runs", place)] = value


def entry_of(value: object, key: object, budget: Budget) -> object:
    """Return `value[key]`; a slice is given as a list of its three bounds."""
    if isinstance(key, list):
        if isinstance(value, (list, tuple, str)) and all(b is None or type(b) is int for b in key):
            budget.spend(len(value) // 8)
            return value[slice(*key)] if key[2] != 0 else UNKNOWN
        return Opaque("part", (value,), called=True)
    if isinstance(value, dict) and (is_scalar(key) or isinstance(key, tuple)):
        known = isinstance(key, str) or not isinstance(key, tuple) or all(map(is_scalar, key))
        if known and key in value:
            return value[key]
    elif isinstance(value, (list, tuple, str)) and isinstance(key, int):
        if -len(value) <= key < len(value):
            return value[key]
    elif isinstance(value, ClassValue) and isinstance(key, str):
        return value.find(key)
    return Opaque("entry", (value, key), called=True)
