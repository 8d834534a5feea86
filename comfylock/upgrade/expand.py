"""Which inputs a class really has, once the values that decide about more inputs are known.

Source: `get_finalized_class_inputs` in `comfy_api/latest/_io.py` of ComfyUI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from comfylock.definitions.signature import AUTOGROW, DYNAMIC_CHOICE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.definitions.signature import InputSignature

MAX_DEPTH = 8


def expanded(
    inputs: Iterable[InputSignature], live: dict[str, Any], prefix: str = "", depth: int = 0
) -> Iterator[InputSignature]:
    """Yield the inputs under the names that a prompt gives them: `format`, `format.codec`."""
    for entry in inputs:
        named = replace(entry, name=prefix + entry.name) if prefix else entry
        if not entry.is_dynamic:
            yield named
        elif entry.type == AUTOGROW:
            yield from _grown(named)
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
