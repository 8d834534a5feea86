"""numpy's .npy: an array of objects is a pickle behind a header.

Source: numpy/lib/format.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.model_files.facts import FileFacts, Trait
from comfylock.model_files.pickles import walk_row
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from comfylock.model_files.part import Part

MAGIC = b"\x93NUMPY"
MAX_HEADER = 1 << 20
_OBJECTS = Pattern(r"""['"][|<>=]?O\d*['"]|object""")
"""A type of objects, or a field of that name, which does no harm."""

_NAMED = Pattern(r"""\(['"](?:O|[Oo]bject)['"],""")
"""A field of that name."""

_MAYBE = Pattern(r"O|[Oo]bject|\\")
"""What a type of objects cannot do without, however it is written."""


def look_at_array(part: Part, place: str = "") -> FileFacts:
    """Return what an .npy file is and does."""
    head = part.read(0, 12)
    if len(head) < 10:
        return FileFacts("npy", traits=(Trait("suspicious", "broken", "is cut off", place),))
    wide = head[6] >= 2
    length = int.from_bytes(head[8:12] if wide else head[8:10], "little")
    start = 12 if wide else 10
    if length > MAX_HEADER:
        detail = "has a header too large for an array's"
        return FileFacts("npy", traits=(Trait("suspicious", "broken", detail, place),))
    header = part.read(start, length).decode("latin-1")
    if _MAYBE.search(header) is None:
        return FileFacts("npy")
    row = walk_row(part.feed(start + length), place)
    if row.is_meant or (_OBJECTS.search(header) and (row.count or row.imports)):
        return FileFacts("npy", has_pickle=True, traits=row.traits)
    if _OBJECTS.search(header) is None or _NAMED.search(header):
        return FileFacts("npy")
    detail = "says that it holds objects, but no pickle follows"
    return FileFacts("npy", traits=(Trait("suspicious", "broken", detail, place),))
