"""Which inputs a class really has, once the values that decide about more inputs are known.

Source: `get_finalized_class_inputs` in `comfy_api/latest/_io.py` of ComfyUI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from comfylock.definitions.signature import AUTOGROW, DYNAMIC_CHOICE, DYNAMIC_GROUP
from comfylock.upgrade.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.definitions.signature import InputSignature

MAX_DEPTH = 8


class DynamicInputError(Exception):
    """Values for a group of rows are not what it takes; says why in a few words."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def expanded(
    inputs: Iterable[InputSignature], live: dict[str, Any], prefix: str = "", depth: int = 0
) -> Iterator[InputSignature]:
    """Yield the inputs under the names that a prompt gives them: `format`, `format.codec`.

    Raises:
        DynamicInputError: the rows of a group are not what it takes.
    """
    for entry in inputs:
        named = replace(entry, name=prefix + entry.name) if prefix else entry
        if not entry.is_dynamic:
            yield named
        elif entry.type == AUTOGROW:
            yield from _grown(named)
        elif entry.type == DYNAMIC_GROUP:
            yield from _rows(named, live)
        elif named.name in live and depth < MAX_DEPTH:
            value = live[named.name]
            for key, inner in entry.options:
                if entry.type != DYNAMIC_CHOICE or (isinstance(value, str) and key == value):
                    yield from expanded(inner, live, f"{named.name}.", depth + 1)
                    yield named
                    break


def _grown(entry: InputSignature) -> Iterator[InputSignature]:
    """Yield the template once for each of its names, the first few required."""
    template = entry.options[0][1] if entry.options else ()
    for inner in template[:1]:
        for place, name in enumerate(entry.names):
            yield replace(
                inner,
                name=f"{entry.name}.{name}",
                required=inner.required and place < entry.at_least,
                widget=False,
            )


def _rows(entry: InputSignature, live: dict[str, Any]) -> Iterator[InputSignature]:
    """Yield the fields of each row that is given: `rows.0.name`, `rows.2.name`."""
    fields = {inner.name: inner for inner in (entry.options[0][1] if entry.options else ())}
    most = int(entry.maximum or 0)
    rows: set[int] = set()
    for key in live:
        if not key.startswith(f"{entry.name}."):
            continue
        place, _, field = key[len(entry.name) + 1 :].partition(".")
        is_place = place.isascii() and place.isdecimal() and str(int(place[:9])) == place
        if not is_place or field not in fields:
            raise DynamicInputError(key, f"{shown(key)} is no field of a row")
        if int(place) >= most:
            raise DynamicInputError(key, f"{shown(key)} is beyond the last of {most} rows")
        rows.add(int(place))
    if not entry.at_least <= len(rows) <= most:
        told = f"has {len(rows)} rows; {entry.at_least} to {most} are taken"
        raise DynamicInputError(entry.name, told)
    for row in sorted(rows):
        for name, inner in fields.items():
            yield replace(inner, name=f"{entry.name}.{row}.{name}")
