"""Who calls which function of the same file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.workflow.source_code.terms import (
    Call,
    Class,
    Facts,
    Function,
    Lambda,
    Literal,
    Member,
    Name,
    Parameter,
    Record,
    Sequence,
    Term,
    Type,
    key_text,
)
from comfylock.workflow.source_code.walk import RECEIVERS

if TYPE_CHECKING:
    from comfylock.workflow.source_code.evaluate import Evaluator

_CONTAINERS = frozenset({"Set", "Map", "WeakSet", "WeakMap", "Array", "set", "list", "dict"})
"""What has methods of its own that are called `add`, `set` or `get`."""


def link(facts: Facts, evaluator: Evaluator) -> None:
    """Fill in the evaluator's `calls`: function to calls, in the order in which they end."""
    for definition in facts.classes:
        _data_class(definition)
    methods: dict[str, list[Function]] = {}
    for function in facts.functions:
        if function.method is not None:
            methods.setdefault(function.method, []).append(function)
    calls: dict[int, list[Call]] = {}
    for call in facts.calls:
        for function in _called(call, evaluator, methods):
            calls.setdefault(id(function), []).append(call)
    evaluator.calls = calls


def _data_class(definition: Class) -> None:
    """Give a class with nothing but annotated attributes the constructor that it gets."""
    if definition.constructor is None and definition.fields:
        function = Function(definition, "__init__", definition.fields)
        definition.constructor = function
        for index, parameter in enumerate(definition.fields):
            attribute = definition.attributes.setdefault(parameter.name, [])
            attribute.append(Parameter(function, index))


def _called(call: Call, evaluator: Evaluator, methods: dict[str, list[Function]]) -> list[Function]:
    callee = call.callee
    if _is_super(callee, call.arguments):
        bases = [] if call.scope.owner is None else call.scope.owner.bases
        return [f for base in bases[:8] for f in _targets(base, evaluator)]
    found = _targets(callee, evaluator)
    if found or not isinstance(callee, Member):
        return found
    named = methods.get(key_text(callee.key) or "", [])
    return named[:8] if named and not _known(callee.base, evaluator) else []


def _is_super(callee: Term, arguments: list[Term]) -> bool:
    """Tell whether this is `super(…)` of JavaScript or `super().__init__(…)` of Python."""
    if isinstance(callee, Member) and key_text(callee.key) == "__init__":
        base = callee.base
        callee = base.callee if isinstance(base, Call) else base
    elif not arguments or (isinstance(arguments[-1], Name) and arguments[-1].text in RECEIVERS):
        return False
    return isinstance(callee, Name) and callee.text == "super"


def _targets(callee: Term, evaluator: Evaluator) -> list[Function]:
    found: list[Function] = []
    for head, _ in evaluator.expand(callee):
        function = head.function if isinstance(head, Lambda) else None
        if isinstance(head, Type):
            function = _constructor(head.definition, evaluator)
        if function is not None and all(function is not other for other in found):
            found.append(function)
    return found


def _constructor(definition: Class, evaluator: Evaluator, depth: int = 0) -> Function | None:
    """Return a class's constructor, or the one that it inherits."""
    if definition.constructor is not None or depth > 8:
        return definition.constructor
    for base in definition.bases[:8]:
        for head, _ in evaluator.expand(base):
            if isinstance(head, Type):
                return _constructor(head.definition, evaluator, depth + 1)
    return None


def _known(base: Term, evaluator: Evaluator) -> bool:
    """Tell whether it is known what a method is called on, and so that it is no method here."""
    for head, _ in evaluator.expand(base):
        if isinstance(head, Record | Sequence | Literal):
            return True
        callee = head.callee if isinstance(head, Call) else None
        if isinstance(callee, Name) and callee.text in _CONTAINERS:
            return True
    return False
