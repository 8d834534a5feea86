"""Which argument of a call a parameter takes."""

from __future__ import annotations

from comfylock.workflow.source_code.terms import (
    Call,
    Entry,
    Function,
    Literal,
    Member,
    Record,
    Sequence,
    Term,
    key_text,
)


def argument(call: Call, function: Function, index: int) -> Term | None:
    """Return what a call passes for a parameter; None if that is left to the default."""
    parameter = function.parameters[index]
    if parameter.rest == "**":
        return _keywords(call, function)
    positional = [term for term in call.arguments if not isinstance(term, Entry)]
    if parameter.rest == "*":
        return Sequence(positional[index:])
    if index < len(positional):
        return positional[index]
    return _keyword(call, parameter.name)


def _keyword(call: Call, name: str) -> Term | None:
    found = None
    for term in call.arguments:
        if isinstance(term, Entry) and name:
            if term.key is None:
                found = Member(term.value, Literal(name))
            elif key_text(term.key) == name:
                return term.value
    return found


def _keywords(call: Call, function: Function) -> Record:
    """Return the keyword arguments that no parameter takes by name."""
    named = {parameter.name for parameter in function.parameters if not parameter.rest}
    entries = [term for term in call.arguments if isinstance(term, Entry)]
    return Record([entry for entry in entries if key_text(entry.key) not in named], call.scope)
