"""Whether ComfyUI takes a literal value for an input, or an output for a link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.definitions.signature import ANY, CHOICE, MATCHED
from comfylock.names import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.definitions.signature import InputSignature, OutputSignature
    from comfylock.upgrade.interface import FaultKind, Rules

_CASTS: dict[str, Callable[[Any], Any]] = {
    "INT": int,
    "FLOAT": float,
    "STRING": str,
    "BOOLEAN": bool,
}
"""How ComfyUI makes a value of the type; what fails here fails there."""

SHOWN_CHOICES = 6
_Refusal = tuple["FaultKind", str]


class RaisedError(Exception):
    """ComfyUI's own code would raise here instead of reporting; says why in a few words."""


def judge_literal(
    entry: InputSignature, value: Any, rules: Rules, *, judged_elsewhere: bool
) -> _Refusal | None:
    """Return why a literal value is refused, None if it is taken.

    Raises:
        RaisedError: ComfyUI itself would fail at it.
    """
    if value.__class__ is dict and "__value__" in value:
        value = value["__value__"]
    cast = _CASTS.get(entry.type)
    if cast is not None:
        try:
            value = cast(value)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return "invalid_input_type", f"{shown(value)} cannot be read as {entry.type}"
    if judged_elsewhere:
        return None
    try:
        if entry.minimum is not None and value < entry.minimum:
            return "value_smaller_than_min", f"{shown(value)} is less than {entry.minimum}"
        if entry.maximum is not None and value > entry.maximum:
            return "value_bigger_than_max", f"{shown(value)} is more than {entry.maximum}"
    except TypeError as error:
        raise RaisedError(f"{shown(value)} cannot be compared with a number") from error
    if entry.choices is None or not (entry.listed or rules.is_modern):
        return None
    return _judge_choice(entry, value, entry.choices)


def _judge_choice(entry: InputSignature, value: Any, choices: tuple[Any, ...]) -> _Refusal | None:
    values = value if entry.several and isinstance(value, list) else (value,)
    for each in values:
        if each not in choices:
            return "value_not_in_list", f"{shown(each)} is not one of {listed(choices)}"
    return None


def is_compatible(output: OutputSignature, entry: InputSignature, rules: Rules) -> bool:
    """Say whether ComfyUI links an output to an input.

    Source: `validate_node_input` in `comfy_execution/validation.py`.
    """
    received, wanted = output.type, entry.type
    if ANY in (received, wanted) or MATCHED in (received, wanted) or entry.is_dynamic:
        return True
    if output.choices is not None or entry.listed:
        return _lists_match(output, entry, rules)
    if received == wanted:
        return True
    taken = {each.strip() for each in wanted.split(",")}
    given = {each.strip() for each in received.split(",")}
    return ANY in taken or ANY in given or not taken.isdisjoint(given)


def _lists_match(output: OutputSignature, entry: InputSignature, rules: Rules) -> bool:
    """Say whether two types match of which one is a list of choices."""
    if output.choices is None:
        return False
    if not entry.listed:
        return entry.type == CHOICE and rules.is_modern
    if entry.choices is None:
        return True  # the machine's files, which may be the same on both sides
    return tuple(map(str, entry.choices)) == output.choices


def shown(value: Any) -> str:
    """Return a value for a message: short, on one line, in backticks."""
    if isinstance(value, dict | list) and not value:
        text = str(value)
    elif isinstance(value, dict):
        text = "an object"
    elif isinstance(value, list):
        text = "a list"
    else:
        text = "true" if value is True else "false" if value is False else str(value)[:200]
    text = "null" if value is None else text
    return f"`{printable(text, 60)}`" if not text.startswith(("a ", "an ")) else text


def listed(choices: tuple[Any, ...]) -> str:
    """Return choices for a message, the first few of them."""
    names = [shown(each) for each in choices[:SHOWN_CHOICES]]
    more = len(choices) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "") if names else "none at all"
