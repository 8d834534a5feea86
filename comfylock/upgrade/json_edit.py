"""Values written into JSON text while every other byte stays as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SPACE = " \t\n\r"
_DECODER = json.JSONDecoder(strict=False)

Path = tuple[str | int, ...]
"""Keys and places that lead from the top to a value."""


class NotFoundError(ValueError):
    """The text has no such value, or none that can be written to."""


class Edit(Struct, frozen=True):
    """A value for one key of the object at a path."""

    path: Path
    key: str
    value: Any


class _Member(Struct):
    key: str
    before: int
    """Where the white space in front of the key begins."""
    start: int
    colon: int
    """Where the key ends."""
    value: int
    end: int


class Piece(Struct, frozen=True, order=True):
    """What takes the place of a part of a text."""

    start: int
    end: int
    text: str


def edited(text: str, pieces: Iterable[Piece]) -> str:
    """Return the text with the pieces in it."""
    parts: list[str] = []
    place = 0
    for piece in sorted(pieces):
        parts += [text[place : piece.start], piece.text]
        place = piece.end
    return "".join([*parts, text[place:]])


def pieces_of(text: str, edits: Iterable[Edit]) -> list[Piece]:
    """Return what to put into the text for the edits, in order.

    A new key comes last in its object, spaced as the key before it; an old one keeps its place.

    Raises:
        NotFoundError: the text has no object at one of the paths.
    """
    pieces: list[Piece] = []
    added: dict[int, list[str]] = {}
    objects = _Objects(text)
    for edit in edits:
        start = objects.find(edit.path)
        members = objects.members(start)
        held = next((each for each in reversed(members) if each.key == edit.key), None)
        encoded = json.dumps(edit.value)
        if held is not None:
            pieces.append(Piece(held.value, held.end, encoded))
        elif members:
            last = members[-1]
            space, colon = text[last.before : last.start], text[last.colon : last.value]
            if len(members) == 1 and not space and colon.endswith(" "):
                space = " "  # in front of the first key stands less than after a comma
            told = f",{space}{json.dumps(edit.key)}{colon}{encoded}"
            added.setdefault(last.end, []).append(told)
        else:
            told = f"{json.dumps(edit.key)}: {encoded}"
            lead = ", " if start + 1 in added else ""
            added.setdefault(start + 1, []).append(lead + told)
    pieces += [Piece(place, place, "".join(told)) for place, told in added.items()]
    return sorted(pieces)


def path_to(value: Any, wanted: Any) -> Path | None:
    """Return the path to a value inside another, by identity; None if it is not part of it."""
    waiting: list[tuple[Any, Path]] = [(value, ())]
    while waiting:
        here, path = waiting.pop()
        if here is wanted:
            return path
        if isinstance(here, dict):
            waiting += [(each, (*path, key)) for key, each in here.items()]
        elif isinstance(here, list):
            waiting += [(each, (*path, place)) for place, each in enumerate(here)]
    return None


def put(value: Any, edits: Iterable[Edit]) -> None:
    """Make the same edits to a decoded value."""
    for edit in edits:
        here = value
        for key in edit.path:
            here = here[key]
        here[edit.key] = edit.value


class _Objects:
    """The objects of a text, each taken apart once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._members: dict[int, list[_Member]] = {}
        self._values: dict[int, dict[str, int]] = {}
        self._items: dict[tuple[int, int], int] = {}

    def find(self, path: Sequence[str | int]) -> int:
        """Return where the object at a path begins."""
        place = _skip(self._text, 1 if self._text[:1] == "\ufeff" else 0)
        for key in path:
            if isinstance(key, int):
                place = self._item(place, key)
                continue
            value = self._value(place, key)
            if value is None:
                raise NotFoundError(f"there is no `{key}`")
            place = value
        if self._text[place : place + 1] != "{":
            raise NotFoundError("there is no object")
        return place

    def members(self, start: int) -> list[_Member]:
        """Return the members of the object that begins at a place."""
        found = self._members.get(start)
        if found is None:
            found = self._members[start] = _members(self._text, start)
        return found

    def _value(self, start: int, key: str) -> int | None:
        values = self._values.get(start)
        if values is None:  # of a key that stands twice, the last one counts
            values = {member.key: member.value for member in self.members(start)}
            self._values[start] = values
        return values.get(key)

    def _item(self, start: int, wanted: int) -> int:
        found = self._items.get((start, wanted))
        if found is None:
            found = self._items[start, wanted] = _item(self._text, start, wanted)
        return found


def _members(text: str, start: int) -> list[_Member]:
    """Return the members of the object that begins at a place."""
    if text[start : start + 1] != "{":
        raise NotFoundError("there is no object")
    found: list[_Member] = []
    before = start + 1
    place = _skip(text, before)
    while text[place : place + 1] == '"':
        key, colon = _decoded(text, place)
        value = _skip(text, _skip(text, colon) + 1)
        end = _end(text, value)
        found.append(_Member(key, before, place, colon, value, end))
        before = _skip(text, end) + 1
        place = _skip(text, before)
    return found


def _item(text: str, start: int, wanted: int) -> int:
    """Return where an item of the list that begins at a place begins."""
    if text[start : start + 1] != "[":
        raise NotFoundError("there is no list")
    place = _skip(text, start + 1)
    for _ in range(wanted):
        place = _skip(text, _skip(text, _end(text, place)) + 1)
    return place


def _end(text: str, start: int) -> int:
    return _decoded(text, start)[1]


def _decoded(text: str, start: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise NotFoundError("it cannot be read") from error


def _skip(text: str, place: int) -> int:
    while text[place : place + 1] and text[place] in _SPACE:
        place += 1
    return place
