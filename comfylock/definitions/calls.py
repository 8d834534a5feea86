"""Which argument of a call goes to which parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.definitions.values import UNKNOWN

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
        bound[declared.kwarg.arg] = {k: v for k, v in options.items() if k not in known}
    return bound
