"""Which argument of a call goes to which parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.definitions.values import UNKNOWN, UNKNOWN_NAMES, Incomplete

if TYPE_CHECKING:
    from comfylock.definitions.values import FunctionValue


def bind_arguments(
    function: FunctionValue, args: list[object], options: dict[str, object]
) -> dict[str, object]:
    """Return the names that a call binds; a parameter that gets nothing is unknown."""
    declared = function.node.args
    names = [argument.arg for argument in (*declared.posonlyargs, *declared.args)]
    bound: dict[str, object] = dict.fromkeys(names, UNKNOWN)
    if function.defaults:
        bound.update(zip(names[-len(function.defaults) :], function.defaults, strict=False))
    bound.update(zip(names, args, strict=False))
    for argument in declared.kwonlyargs:
        bound[argument.arg] = function.named_defaults.get(argument.arg, UNKNOWN)
    known = set(bound)
    bound.update({name: value for name, value in options.items() if name in known})
    if declared.vararg is not None:
        bound[declared.vararg.arg] = tuple(args[len(names) :])
    if declared.kwarg is not None:
        rest = {k: v for k, v in options.items() if k not in known}
        bound[declared.kwarg.arg] = with_unknown_names(rest, "")
    return bound


def with_unknown_names(options: dict[str, object], place: str) -> dict[object, object]:
    """Return a call's options as a dict has them, marked where some have no known name."""
    named: dict[object, object] = {k: v for k, v in options.items() if k != UNKNOWN_NAMES}
    if UNKNOWN_NAMES in options:
        named[Incomplete("takes names that are not known", place)] = options[UNKNOWN_NAMES]
    return named
