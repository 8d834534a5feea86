"""Requirements files as texts: their encoding, their logical lines, their comments."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILE = 1 << 20
"""Bytes of one file."""
MAX_LINES = 2000
MAX_LINE = 2000
"""Characters of one logical line."""

_COMMENT = Pattern(r"(?:^|\s+)#.*$")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Marks at the front of a text; the ones of UTF-32 begin like those of UTF-16."""


def decoded(data: bytes) -> str:
    """Return a text in whatever encoding it was saved; every byte means something in the last."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if len(data) > 3 and not any(data[1:16:2]):
        return data.decode("utf-16-le", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    r"""Yield what a text asks, with the number of the line that it begins on.

    Comments and empty lines are left out; a `\` at the end of a line takes in the next.
    Source: https://pip.pypa.io/en/stable/reference/requirements-file-format/
    """
    whole, begins = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        begins = begins or number
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment:
            whole += line[:-1]
            continue
        clean = _COMMENT.sub("", whole + line).strip().lstrip("\ufeff")
        if clean:
            yield begins, clean
        whole, begins = "", 0
    clean = _COMMENT.sub("", whole).strip()
    if clean:
        yield begins, clean
