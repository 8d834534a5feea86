"""Arrays that joblib writes as raw bytes into the middle of a pickle: how many bytes to pass over.

Source: joblib/numpy_pickle.py, NumpyArrayWrapper.read_array.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from comfylock.model_files.imported import Name
from comfylock.model_files.machine import Holder, Made
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from comfylock.model_files.feed import Feed

MAX_DIMENSIONS = 16
_DTYPE = Pattern(r"[<>=|]?([a-zA-Z])(\d{0,9})\Z")
_WIDTH = {"U": 4}


def is_array_wrapper(value: Any) -> bool:
    """Say whether a value is joblib's stand-in for an array whose bytes follow."""
    return (
        isinstance(value, Made)
        and type(value.by) is Name
        and value.by.key[0].startswith("joblib.")
        and value.by.key[1] in {"NumpyArrayWrapper", "NDArrayWrapper"}
    )


def array_bytes(wrapper: Made, feed: Feed) -> int | Literal["pickle"] | None:
    """Return how many bytes follow, or that a pickle does; None where that cannot be told.

    Passes over the padding before them.
    """
    fields = wrapper.state.fields if type(wrapper.state) is Holder else {}
    dtype = fields.get("dtype")
    shape = fields.get("shape")
    if not isinstance(dtype, Made) or type(dtype.arguments) is not Holder:
        return None
    if type(shape) is not Holder or len(shape.items) >= MAX_DIMENSIONS:
        return None
    letters = dtype.arguments.items[0] if dtype.arguments.items else None
    match = _DTYPE.match(letters) if isinstance(letters, str) else None
    if match is None or match[1] in "VM":
        return None
    if match[1] == "O":
        return "pickle"
    count = int(match[2] or 1) * _WIDTH.get(match[1], 1)
    for length in shape.items:
        if type(length) is not int or length < 0:
            return None
        count *= length
    if type(fields.get("numpy_array_alignment_bytes")) is int:
        padding = feed.take(1)
        if padding and not feed.skip(padding[0]):
            return None
    return count
