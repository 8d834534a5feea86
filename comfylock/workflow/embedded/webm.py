"""Workflows in WebM and Matroska files: the tags, wherever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from comfylock.workflow.embedded.document import tag_key
from comfylock.workflow.embedded.json_text import text_of
from comfylock.workflow.embedded.source import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source

_SEGMENT = 0x18538067
_CLUSTER = 0x1F43B675
_SEEK_HEAD = 0x114D9B74
_SEEK = 0x4DBB
_SEEK_ID = 0x53AB
_SEEK_POSITION = 0x53AC
_TAGS = 0x1254C367
_TAG = 0x7373
_SIMPLE_TAG = 0x67C8
_TAG_NAME = 0x45A3
_TAG_STRING = 0x4487
_MAX_DEPTH = 8
_MAX_NAME = 256


class _Element(NamedTuple):
    kind: int
    start: int
    end: int
    """Not behind the end of what holds it."""
    cut: bool
    """It claims to be longer than what holds it."""


def read(source: Source, found: Findings) -> None:
    """Find the documents of a WebM or Matroska file; frames are skipped by size.

    Source: RFC 8794 (EBML), RFC 9559 sections 5.1.1 (`SeekHead`) and 5.1.8 (`Tags`).
    """
    segments = 0
    for element in _elements(source, 0, source.size):
        if element.kind == _SEGMENT:
            segments += 1
            if _has_tags(source, element, found):
                return
    if not segments:
        raise DamagedError("has no segment")


def _has_tags(source: Source, segment: _Element, found: Findings) -> bool:
    """Read the tags of a segment, up to its frames if they were found before; else all of it."""
    seen: set[int] = set()
    for element in _elements(source, segment.start, segment.end):
        if element.kind == _SEEK_HEAD:
            _follow(source, segment, element, found, seen)
        elif element.kind == _TAGS and element.start not in seen:
            _read_tags(source, element, found)
            seen.add(element.start)
        elif element.kind == _CLUSTER and seen:
            break
    return bool(seen)


def _follow(
    source: Source, segment: _Element, index: _Element, found: Findings, seen: set[int]
) -> None:
    """Read the tags that an index points to, and those of the indexes that it points to."""
    places = list(_places(source, segment, index))
    visited = set()
    for place in places:
        if place in visited or place < segment.start:
            continue
        visited.add(place)
        if place >= segment.end:
            raise DamagedError("ends before its tags")
        element = next(_elements(source, place, segment.end), None)
        if element is None:
            continue
        if element.kind == _SEEK_HEAD:
            places += _places(source, segment, element)
        elif element.kind == _TAGS and element.start not in seen:
            seen.add(element.start)
            _read_tags(source, element, found)
            if element.cut:
                raise DamagedError("ends inside its tags")


def _places(source: Source, segment: _Element, index: _Element) -> Iterator[int]:
    for entry in _elements(source, index.start, index.end):
        fields = {
            field.kind: int.from_bytes(source.up_to(field.start, min(8, field.end - field.start)))
            for field in _elements(source, entry.start, entry.end if entry.kind == _SEEK else 0)
        }
        if fields.get(_SEEK_ID) in {_TAGS, _SEEK_HEAD} and _SEEK_POSITION in fields:
            yield segment.start + fields[_SEEK_POSITION]


def _read_tags(source: Source, holder: _Element, found: Findings, depth: int = 0) -> None:
    name, value = "", None
    for element in _elements(source, holder.start, holder.end):
        if element.kind in {_TAG, _SIMPLE_TAG} and depth < _MAX_DEPTH:
            _read_tags(source, element, found, depth + 1)
        elif element.kind == _TAG_NAME:
            length = min(element.end - element.start, _MAX_NAME)
            name = text_of(source.up_to(element.start, length))
        elif element.kind == _TAG_STRING:
            value = element
    if value is not None and tag_key(name):
        found.tag(name, source.exactly(value.start, value.end - value.start))


def _elements(source: Source, start: int, end: int) -> Iterator[_Element]:
    """Yield the elements between two offsets, reading their headers only.

    An element that is cut short is yielded as far as it goes before the error is raised. The
    children of a cluster of unknown size are yielded as its siblings.
    """
    while start < end:
        source.step()
        head = source.up_to(start, min(12, end - start))
        id_width, size_width = _width(head[:1]), 0
        if 0 < id_width <= 4:
            size_width = _width(head[id_width : id_width + 1])
        content = id_width + size_width
        if not size_width:
            raise DamagedError("has a damaged element" if len(head) == 12 else "ends too early")
        if content > len(head):
            raise DamagedError("ends too early")
        kind = int.from_bytes(head[:id_width], "big")
        stop = _stop(kind, start + content, end, head[id_width:content])
        yield _Element(kind, start + content, min(stop, end), stop > end)
        if stop > end:
            raise DamagedError("ends too early")
        start = stop


def _width(first: bytes) -> int:
    """Return how many bytes a variable-width number has, 0 if its first byte is none."""
    return 9 - first[0].bit_length() if first and first[0] else 0


def _stop(kind: int, content: int, end: int, number: bytes) -> int:
    unknown = (1 << 7 * len(number)) - 1
    size = int.from_bytes(number, "big") & unknown
    if size != unknown:
        return content + size
    if kind == _SEGMENT:
        return end
    if kind == _CLUSTER:
        return content
    raise DamagedError("has an element of unknown size")
