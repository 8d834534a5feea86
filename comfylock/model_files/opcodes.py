"""One opcode of a pickle after the other, with what it holds: the same bytes as an unpickler.

pickletools' table with a reader of our own: pickletools.genops reads as much as an opcode claims
to hold, refuses texts that unpicklers take, and so loses the place that they go on from.
"""

from __future__ import annotations

import codecs
import pickletools
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from comfylock.model_files.feed import Feed

MAX_TEXT = 4096
"""Bytes of a text that are kept; no name that matters is longer."""

MAX_BYTES = 1 << 20
"""Bytes of a bytes object that are kept, to see whether there is a pickle in it."""


class Long:
    """A text or bytes too long to keep, or that nobody could decode: its value is not known."""


LONG = Long()

Value = str | bytes | int | float | Long | tuple["Value", "Value"] | None


class Operation(NamedTuple):
    """An opcode as it stands in the stream."""

    name: str
    value: Value
    at: int
    """Where it begins."""


class Broken(NamedTuple):
    """Why there is no further opcode: an unpickler would stop here with an error."""

    reason: str
    at: int


_TABLE = {ord(op.code): (op.name, op.arg.name if op.arg else "") for op in pickletools.opcodes}
_FIXED = {"uint1": 1, "uint2": 2, "int4": 4, "uint4": 4, "uint8": 8, "float8": 8}
_COUNTED = {
    "string1": 1,
    "string4": 4,
    "bytes1": 1,
    "bytes4": 4,
    "bytes8": 8,
    "bytearray8": 8,
    "unicodestring1": 1,
    "unicodestring4": 4,
    "unicodestring8": 8,
    "long1": 1,
    "long4": 4,
}
_SIGNED = frozenset({"string4", "long4"})
"""Counts that an unpickler reads as signed; below zero it refuses them."""


def read_operation(feed: Feed) -> Operation | Broken | None:
    """Return the next opcode; None at the end of the bytes."""
    at = feed.position
    code = feed.take(1)
    if not code:
        return None
    if code[0] not in _TABLE:
        return Broken(f"byte 0x{code[0]:02x} is no opcode", at)
    name, kind = _TABLE[code[0]]
    if not kind:
        return Operation(name, None, at)
    value = _argument(feed, kind)
    return value._replace(at=at) if isinstance(value, Broken) else Operation(name, value, at)


def _argument(feed: Feed, kind: str) -> Value | Broken:
    if kind in _FIXED:
        data = feed.take(_FIXED[kind])
        if len(data) < _FIXED[kind]:
            return Broken("it ends within an opcode", 0)
        return int.from_bytes(data, "little", signed=kind == "int4")
    if kind in _COUNTED:
        return _counted(feed, kind)
    if kind == "stringnl_noescape_pair":
        module, name = _line(feed), _last_line(feed)
        if isinstance(module, Broken) or not name:
            return Broken("it ends within a name", 0)
        return _utf8(module), _utf8(name)
    line = _line(feed)
    return line if isinstance(line, Broken) else _from_line(line, kind)


def _last_line(feed: Feed) -> bytes:
    """Return a line as pickle.py reads it: at the end of the bytes without the last of them.

    Unpicklers that are made of it, as those of dill and joblib, call `os.system` by `ios`, a line
    end and `system!`; CPython's own one refuses.
    """
    line, has_ended = feed.line(MAX_TEXT + 1)
    return line if has_ended else line[:-1]


def _line(feed: Feed) -> bytes | Broken:
    line, has_ended = feed.line(MAX_TEXT + 1)
    return line if has_ended else Broken("it ends within a line", 0)


def _counted(feed: Feed, kind: str) -> Value | Broken:
    width = _COUNTED[kind]
    data = feed.take(width)
    count = int.from_bytes(data, "little", signed=kind in _SIGNED)
    if len(data) < width or count < 0:
        return Broken("it ends within an opcode" if count >= 0 else "a length is below zero", 0)
    is_text = kind.startswith(("unicode", "string", "long"))
    if count > (MAX_TEXT if is_text else MAX_BYTES):
        return LONG if feed.skip(count) else Broken("it ends within a value", 0)
    held = feed.take(count)
    if len(held) < count:
        return Broken("it ends within a value", 0)
    if kind.startswith("unicode"):
        return _utf8(held)
    if kind.startswith("string"):
        return _native(held)
    return int.from_bytes(held, "little", signed=True) if kind.startswith("long") else held


def _from_line(line: bytes, kind: str) -> Value:
    if len(line) > MAX_TEXT:
        return LONG
    if kind == "unicodestringnl":
        try:
            return str(line, "raw-unicode-escape")
        except ValueError:
            return LONG
    if kind == "stringnl":
        return _quoted(line)
    if kind == "stringnl_noescape":
        return _utf8(line)
    try:
        return int(line)
    except ValueError:  # `I01`, `0x10`, `5L` and real faults: only an index has to be known
        return LONG


def _quoted(line: bytes) -> Value:
    """Return a text of protocol 0, in quotes and escaped."""
    line = line.strip()
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        return LONG
    try:
        return _native(codecs.escape_decode(line[1:-1])[0])
    except ValueError:
        return LONG


def _utf8(data: bytes) -> Value:
    try:
        return LONG if len(data) > MAX_TEXT else data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return LONG


def _native(data: bytes) -> Value:
    """Return a text of Python 2, which loaders decode by the encoding that they choose."""
    return data.decode("latin-1")
