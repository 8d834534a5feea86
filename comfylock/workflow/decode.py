"""What JSON text says, whatever its encoding and small faults, or one sentence why not.

The fast decoder comes first; what it refuses (NaN, Infinity, a byte order mark, UTF-16, Latin-1)
gets a second, tolerant look, and only then an error with line and column.
"""

from __future__ import annotations

import codecs
from typing import Any

import msgspec

MAX_JSON_BYTES = 64 * 1024 * 1024
"""Larger JSON is refused: a workflow is kilobytes, rarely a few megabytes."""

_ANY = msgspec.json.Decoder()
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class NotJsonError(ValueError):
    """The bytes are not JSON; the message is one sentence with line and column."""


def decode_json(data: bytes) -> tuple[Any, str | None]:
    """Return the JSON value that the bytes hold, and a remark if the encoding had to be guessed.

    NaN and Infinity become None, as in a browser; lone surrogates become U+FFFD.

    Raises:
        NotJsonError: with one sentence, line and column.
    """
    if len(data) > MAX_JSON_BYTES:
        raise NotJsonError(f"larger than {MAX_JSON_BYTES >> 20} MiB, too large for a workflow")
    try:
        return _ANY.decode(data), None
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    except RecursionError:
        raise NotJsonError("nested too deeply to be a workflow") from None
    text, remark = to_text(data)
    return _decode_tolerantly(text), remark


def to_text(data: bytes) -> tuple[str, str | None]:
    """Return the bytes as text, and a remark if they are neither UTF-8 nor marked.

    By byte order mark, by the look of UTF-16, as UTF-8, else as Latin-1.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace"), None
    if len(data) >= 4 and data[1] == 0 and data[3] == 0:
        return data.decode("utf-16-le", errors="replace"), None
    if len(data) >= 4 and data[0] == 0 and data[2] == 0:
        return data.decode("utf-16-be", errors="replace"), None
    try:
        return data.decode(), None
    except UnicodeDecodeError as error:
        remark = f"is not UTF-8 (byte {error.start}) and was read as Latin-1; save it as UTF-8"
        return data.decode("latin-1"), remark


def _decode_tolerantly(text: str) -> Any:
    import json  # noqa: PLC0415 - only damaged or unusual files need it

    if not text.strip():
        raise NotJsonError("the file is empty")
    try:
        value = json.loads(text, parse_constant=lambda _: None, strict=False)
    except json.JSONDecodeError as error:
        raise NotJsonError(_describe(error, text)) from None
    except RecursionError:
        raise NotJsonError("nested too deeply to be a workflow") from None
    except ValueError:
        raise NotJsonError("holds a number of thousands of digits") from None
    return _without_surrogates(value, text)


def _describe(error: Any, text: str) -> str:
    where = f"line {error.lineno}, column {error.colno}"
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
        return f"ends in the middle of a value at {where}; the file is cut off"
    return f"is not JSON at {where}: {error.msg[0].lower()}{error.msg[1:]}"


def _without_surrogates(value: Any, text: str) -> Any:
    """Return the value with lone surrogates replaced: they cannot be written out again."""
    if "\\ud" not in text and "\\uD" not in text:
        return value
    return _clean(value, 0)


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if depth > 200:  # two frames a level, of a thousand that Python has
        raise NotJsonError("nested too deeply to be a workflow")
    if isinstance(value, list):
        return [_clean(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_clean(key, depth + 1): _clean(item, depth + 1) for key, item in value.items()}
    return value
