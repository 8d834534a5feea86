"""Where the editor stores the value of an input.

Source: `widgets_values` of a node, written by `LGraphNode.serialize` of ComfyUI's frontend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comfylock.model import ClassDefinition


def widget_index(definition: ClassDefinition, name: str) -> int | None:
    """Return the position of an input in `widgets_values`; None if it has none.

    Required inputs come before optional ones; a seed's control and an upload button take a
    place after their input's.
    """
    position = 0
    for entry in definition.inputs:
        if not entry.widget:
            continue
        if entry.name == name:
            return position
        position += 1 + entry.trailing
    return None
