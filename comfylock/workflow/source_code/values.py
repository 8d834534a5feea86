"""Several possible values of one place, put together."""

from __future__ import annotations

from comfylock.workflow.source_code.reading import DYNAMIC, Alternatives

MAX_VALUES = 64
"""Alternatives of one place that are kept."""


def among(value: object, others: list[object]) -> bool:
    """Tell whether a value is one of some; unlike `in`, 1 is neither 1.0 nor True."""
    return any(type(value) is type(other) and value == other for other in others)


def pack(values: list[object]) -> object:
    """Return several possible values as one: itself, `Alternatives`, or `DYNAMIC`."""
    known: list[object] = []
    for value in values:
        options = value.values if isinstance(value, Alternatives) else (value,)
        known += [v for v in options if v is not DYNAMIC and not among(v, known)]
    if len(known) > 1:
        return Alternatives(tuple(known[:MAX_VALUES]))
    return known[0] if known else DYNAMIC


def merge(values: list[object]) -> dict[str, object]:
    """Return the dicts among some values as one, each key with all that it may be."""
    result: dict[str, object] = {}
    for value in values:
        if isinstance(value, dict):
            for key, item in value.items():
                result[key] = pack([result[key], item]) if key in result else item
    return result
