"""What Python's built-in functions give for what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.definitions.calls import with_unknown_names
from comfylock.definitions.operations import items_of
from comfylock.definitions.values import (
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Incomplete,
    InstanceValue,
    ModuleValue,
    Opaque,
    PathValue,
    is_scalar,
    shown_names,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.definitions.expressions import Evaluator

RANGE_LIMIT = 10_000
"""Items of a `range` that is written out."""


def call_builtin(
    machine: Evaluator, name: str, args: list[object], options: dict[str, object]
) -> object:
    """Return what a built-in function gives; opaque if it is not one of those known here."""
    work = _TABLE.get(name)
    known = UNKNOWN if work is None else work(machine, args, options)
    if known is UNKNOWN:
        return Opaque(f"builtins.{name}", tuple(args), options, called=True)
    return known


def _dict(machine: Evaluator, args: list[object], options: dict[str, object]) -> object:
    found: dict[object, object] = {}
    unknown = Incomplete("is made of something unknown", machine.place)
    if args and isinstance(args[0], dict):
        found.update(args[0])
    elif args:
        pairs = items_of(args[0], machine.budget)
        if pairs is None:
            found[unknown] = args[0]
        for pair in pairs or []:
            if isinstance(pair, (tuple, list)) and len(pair) == 2 and is_scalar(pair[0]):
                found[pair[0]] = pair[1]
            else:
                found[unknown] = pair
    found.update(with_unknown_names(options, machine.place))
    machine.budget.spend(len(found))
    return found


def _list(machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    if not args:
        return []
    items = items_of(args[0], machine.budget)
    return UNKNOWN if items is None else items


def _set(machine: Evaluator, args: list[object], options: dict[str, object]) -> object:
    items = _list(machine, args, options)
    if not isinstance(items, list):
        return UNKNOWN
    kept: dict[object, object] = {}
    for item in items:
        kept.setdefault(item if is_scalar(item) else id(item), item)
    return list(kept.values())


def _tuple(machine: Evaluator, args: list[object], options: dict[str, object]) -> object:
    items = _list(machine, args, options)
    return tuple(items) if isinstance(items, list) else UNKNOWN


def _text(_machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    if not args:
        return ""
    if isinstance(args[0], PathValue):
        return args[0].text
    return str(args[0]) if is_scalar(args[0]) else UNKNOWN


def _number(_machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    value = args[0] if args else 0
    if isinstance(value, str) and len(value) < 20 and value.strip().lstrip("+-").isdecimal():
        return int(value)
    return int(value) if isinstance(value, (int, bool)) else UNKNOWN


def _truth(_machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    known = truth(args[0]) if args else False
    return UNKNOWN if known is None else known


def _length(_machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    if not args or not isinstance(args[0], (str, list, tuple, dict)):
        return UNKNOWN
    is_open = isinstance(args[0], dict) and any(isinstance(key, Incomplete) for key in args[0])
    return UNKNOWN if is_open else len(args[0])


def _range(machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    bounds = [a for a in args if isinstance(a, int)]
    if (
        len(bounds) != len(args)
        or not 1 <= len(bounds) <= 3
        or (len(bounds) == 3 and not bounds[2])
    ):
        return UNKNOWN
    found = range(*bounds)
    try:
        size = len(found)
    except OverflowError:
        return UNKNOWN
    if size > RANGE_LIMIT:
        return UNKNOWN
    machine.budget.spend(size)
    return list(found)


def _zip(machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    columns = [items_of(a, machine.budget) for a in args]
    known = [column for column in columns if column is not None]
    return list(zip(*known, strict=False)) if len(known) == len(columns) else UNKNOWN


def _enumerate(machine: Evaluator, args: list[object], options: dict[str, object]) -> object:
    items = items_of(args[0], machine.budget) if args else None
    start = args[1] if len(args) > 1 else options.get("start", 0)
    if items is None or not isinstance(start, int):
        return UNKNOWN
    return list(enumerate(items, start))


def _sorted(machine: Evaluator, args: list[object], options: dict[str, object]) -> object:
    items = items_of(args[0], machine.budget) if args else None
    if items is None:
        return UNKNOWN
    texts = [item for item in items if isinstance(item, str)]
    if "key" not in options and len(texts) == len(items):
        return sorted(texts, reverse=truth(options.get("reverse")) is True)
    return items


def _reversed(machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    items = items_of(args[0], machine.budget) if args else None
    return UNKNOWN if items is None else items[::-1]


def _map(machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    items = items_of(args[1], machine.budget) if len(args) == 2 else None
    return UNKNOWN if items is None else [machine.call(args[0], [item], {}) for item in items]


def _filter(machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    items = items_of(args[1], machine.budget) if len(args) == 2 else None
    if items is None:
        return UNKNOWN
    tested = [(item, machine.call(args[0], [item], {})) for item in items]
    return [item for item, answer in tested if truth(answer) is not False]


def _getattr(machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    if len(args) < 2 or not isinstance(args[1], str):
        return UNKNOWN
    if len(args) > 2 and _hasattr(machine, args, {}) is False:
        return args[2]
    return machine.attribute(args[0], args[1])


def _hasattr(_machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    if len(args) < 2 or not isinstance(args[1], str):
        return UNKNOWN
    value, name = args[0], args[1]
    if isinstance(value, ModuleValue):
        return name in value.scope.names
    if isinstance(value, ClassValue):
        return True if value.find(name) is not None else (UNKNOWN if value.outside() else False)
    if isinstance(value, InstanceValue):
        return True if name in value.names or value.cls.find(name) is not None else UNKNOWN
    return UNKNOWN


def _setattr(_machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    if (
        len(args) == 3
        and isinstance(args[0], (ClassValue, InstanceValue))
        and isinstance(args[1], str)
    ):
        args[0].names[args[1]] = args[2]
    return None


def _isinstance(_machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    if len(args) != 2 or not isinstance(args[1], Opaque):
        return UNKNOWN
    name = args[1].name.rpartition(".")[2]
    value = args[0]
    if name == "type" and isinstance(
        value, (ClassValue, FunctionValue, str, dict, list, ModuleValue)
    ):
        return isinstance(value, ClassValue)
    if isinstance(value, (str, dict, list, tuple, bool, int, float)):
        return type(value).__name__ == name
    return UNKNOWN


def _issubclass(_machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    if len(args) != 2 or not isinstance(args[0], ClassValue) or not isinstance(args[1], ClassValue):
        return UNKNOWN
    if any(entry is args[1] for entry in args[0].ancestry()):
        return True
    return UNKNOWN if args[0].outside() else False


def _vars(_machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    value = args[0] if args else None
    if isinstance(value, ModuleValue):
        return value.scope.names
    return value.names if isinstance(value, (ClassValue, InstanceValue)) else UNKNOWN


def _dir(machine: Evaluator, args: list[object], options: dict[str, object]) -> object:
    names = _vars(machine, args, options)
    return shown_names(names) if isinstance(names, dict) else UNKNOWN


def _type(_machine: Evaluator, args: list[object], _: dict[str, object]) -> object:
    """Return the class of an object, or the class that a call with three arguments makes."""
    if len(args) == 1 and isinstance(args[0], InstanceValue):
        return args[0].cls
    if len(args) == 3 and isinstance(args[0], str):
        bases = args[1] if isinstance(args[1], tuple) else ()
        module = next((base.module for base in bases if isinstance(base, ClassValue)), None)
        made = ClassValue(args[0], bases, module or ModuleValue("", "", package=False), 0)
        if isinstance(args[2], dict):
            made.names.update({k: v for k, v in args[2].items() if isinstance(k, str)})
        return made
    return UNKNOWN


_TABLE: dict[str, Callable[[Evaluator, list[object], dict[str, object]], object]] = {
    "bool": _truth,
    "dict": _dict,
    "dir": _dir,
    "enumerate": _enumerate,
    "filter": _filter,
    "frozenset": _set,
    "getattr": _getattr,
    "hasattr": _hasattr,
    "int": _number,
    "isinstance": _isinstance,
    "issubclass": _issubclass,
    "iter": _list,
    "len": _length,
    "list": _list,
    "map": _map,
    "print": lambda _machine, _args, _options: None,
    "range": _range,
    "reversed": _reversed,
    "set": _set,
    "setattr": _setattr,
    "sorted": _sorted,
    "str": _text,
    "tuple": _tuple,
    "type": _type,
    "vars": _vars,
    "zip": _zip,
}
