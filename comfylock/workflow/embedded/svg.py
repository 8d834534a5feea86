"""Workflows in SVG files: the metadata element."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from comfylock.workflow.embedded.json_text import text_of
from comfylock.workflow.embedded.source import MAX_VALUE, DamagedError

if TYPE_CHECKING:
    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source

_OPEN = "<metadata"
_CLOSE = "</metadata>"
_CDATA = "<![CDATA["
_CDATA_END = "]]>"


def read(source: Source, found: Findings) -> None:
    """Find the documents of an SVG file.

    Source: ComfyUI's SaveSVGNode, which puts `{"prompt": …, "workflow": …}` as CDATA into a
    `metadata` element; it does not mind a `]]>` inside.
    """
    data = source.up_to(0, min(source.size, MAX_VALUE))
    wide = data[:2] in {b"\xff\xfe", b"\xfe\xff"}
    text = data.decode("utf-16", "replace") if wide else text_of(data)
    at = text.find(_OPEN)
    while at >= 0:
        source.step()
        start = text.find(">", at) + 1
        if not start:
            raise DamagedError("ends inside its metadata")
        if text[start - 2] == "/":
            at = text.find(_OPEN, start)
            continue
        content, end = _content(text, start)
        found.wrapped(content)
        at = text.find(_OPEN, end)
    if source.size > len(data):
        raise DamagedError(f"is larger than {MAX_VALUE >> 20} MiB")
    if not text.rstrip("\0\t\r\n ").endswith(">"):
        raise DamagedError("ends too early")


def _content(text: str, start: int) -> tuple[str, int]:
    """Return the text of an element that begins at an offset, and where it ends."""
    parts = []
    at = start
    while True:
        cdata, close = text.find(_CDATA, at), text.find(_CLOSE, at)
        if close < 0:
            raise DamagedError("ends inside its metadata")
        if cdata < 0 or close < cdata:
            parts.append(html.unescape(text[at:close]))
            return "".join(parts), close
        end = _cdata_end(text, cdata)
        parts += [html.unescape(text[at:cdata]), text[cdata + len(_CDATA) : end]]
        at = end + len(_CDATA_END)


def _cdata_end(text: str, start: int) -> int:
    end = text.find(_CDATA_END, start)
    if end < 0:
        raise DamagedError("ends inside its metadata")
    return end
