"""ONNX: the files beside it that a model names for its tensors' bytes, and where they lead.

Source: onnx.proto; the tensors' `external_data`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.model_files.facts import FileFacts, Trait
from comfylock.names import leaves_its_folder, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.model_files.part import Part

MAX_FIELDS = 2_000_000
MAX_DEPTH = 24

_CHILDREN = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
"""Message to its fields that lead to a tensor's external data."""


def look_at_onnx(part: Part) -> FileFacts:
    """Return what an ONNX model is, and every file outside its folder that it names."""
    traits: dict[str, Trait] = {}
    budget = MAX_FIELDS
    waiting = [("model", 0, part.size, 0)]
    while waiting:
        kind, at, end, depth = waiting.pop()
        for number, start, length in _fields(part, at, end):
            budget -= 1
            if budget < 0:
                trait = Trait("suspicious", "unread", "is too large to be looked into to its end")
                return FileFacts("onnx", traits=(*traits.values(), trait))
            child = _CHILDREN[kind].get(number)
            if child == "entry":
                trait_of = _entry(part, start, start + length)
                if trait_of is not None and len(traits) < 100:
                    traits.setdefault(trait_of.detail, trait_of)
            elif child is not None and depth < MAX_DEPTH:
                waiting.append((child, start, start + length, depth + 1))
    return FileFacts("onnx", traits=tuple(sorted(traits.values())))


def _entry(part: Part, at: int, end: int) -> Trait | None:
    values = {n: part.read(start, min(length, 4096)) for n, start, length in _fields(part, at, end)}
    if values.get(1) != b"location":
        return None
    path = values.get(2, b"").decode("utf-8", "replace").replace("\\", "/")
    if not leaves_its_folder(path):
        return None
    detail = f"takes a tensor's bytes from `{printable(path)}`, outside its folder"
    return Trait("dangerous", "outside", detail)


def _fields(part: Part, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, place and length of the fields that have a length; stops at nonsense."""
    while at < end:
        key, at = _number(part, at, end)
        kind = key & 7
        if kind == 0:
            _, at = _number(part, at, end)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        elif kind == 2:
            length, at = _number(part, at, end)
            if length > end - at:
                return
            yield key >> 3, at, length
            at += length
        else:
            return


def _number(part: Part, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    for byte in part.read(at, min(10, end - at)):
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            return value, at
    return 7, end  # no number: a kind of field that there is not
