"""Which workflow and prompt does a piece of JSON hold? Reads no more of it than that."""

from __future__ import annotations

import re
from io import StringIO
from typing import TypeVar

import msgspec

_T = TypeVar("_T")

_MAX_LAYERS = 4
_PADDING = "\ufeff\0 \t\r\n"

# A string is matched up to its end or the end of the text, so that each character is seen once.
_STRING_OR_NON_NUMBER = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|-?Infinity|NaN', re.DOTALL)


class Pair(msgspec.Struct):
    """The JSON texts below the two keys, and whether the object is itself a workflow."""

    workflow: msgspec.Raw = msgspec.Raw()
    prompt: msgspec.Raw = msgspec.Raw()
    nodes: msgspec.Raw = msgspec.Raw()


def decode(text: str, shape: type[_T]) -> _T | None:
    """Return JSON text as a given shape, or None if it is neither JSON nor of that shape.

    Takes the `NaN` and `Infinity` that Python writes for `null`.
    """
    try:
        return msgspec.json.decode(text, type=shape)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        pass
    if "NaN" not in text and "Infinity" not in text:
        return None
    try:
        return msgspec.json.decode(_strict(text), type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _strict(text: str) -> str:
    # Not `re.sub`: that would hold a list of millions of pieces.
    out = StringIO()
    at = 0
    for match in _STRING_OR_NON_NUMBER.finditer(text):
        if match[0][0] != '"':
            out.write(text[at : match.start()] + "null")
            at = match.end()
    return out.getvalue() + text[at:]


def unquote(text: str) -> str:
    """Return the text below up to four layers of JSON string quoting, without padding."""
    text = text.strip(_PADDING)
    for _ in range(_MAX_LAYERS):
        if not text.startswith('"'):
            break
        text = (decode(text, str) or "").strip(_PADDING)
    return text


def raw_text(raw: msgspec.Raw) -> str:
    """Return an undecoded JSON value as text; empty if there was none."""
    return str(memoryview(raw), "utf-8", "replace")


def text_of(data: bytes) -> str:
    """Return bytes as text: UTF-8 where they are that, else Latin-1."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
