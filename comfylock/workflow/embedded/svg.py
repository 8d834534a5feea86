"""Workflows in SVG files: the metadata or description element."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comfylock.workflow.embedded.json_text import text_of
from comfylock.workflow.embedded.source import MAX_VALUE, DamagedError

if TYPE_CHECKING:
    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source

_OPEN = re.compile(r"<(metadata|desc)(?:\s[^<>]*)?(?<!/)>")
_CDATA = "<![CDATA["
_CDATA_END = "]]>"
_ENTITY = re.compile(r"&(?:#x([0-9A-Fa-f]{1,5})|#([0-9]{1,6})|(lt|gt|quot|apos|amp));")
_ENTITIES = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}


def read(source: Source, found: Findings) -> None:
    """Find the documents of an SVG file.

    Source: ComfyUI's SaveSVGNode puts `{"prompt": …, "workflow": …}` as CDATA into `metadata`;
    ComfyUI-Custom-Scripts exports a picture of the graph with the workflow itself in `desc`.
    """
    data = source.up_to(0, min(source.size, MAX_VALUE))
    wide = data[:2] in {b"\xff\xfe", b"\xfe\xff"}
    text = data.decode("utf-16", "replace") if wide else text_of(data)
    opening = _OPEN.search(text)
    while opening:
        source.step()
        content, end = _content(text, opening.end(), f"</{opening[1]}>")
        found.wrapped(content)
        opening = _OPEN.search(text, end)
    if source.size > len(data):
        raise DamagedError(f"is larger than {MAX_VALUE >> 20} MiB")
    if not text.rstrip("\0\t\r\n ").endswith(("</svg>", "</svg:svg>", "/>", "-->")):
        raise DamagedError("ends too early")


def _content(text: str, start: int, closing: str) -> tuple[str, int]:
    """Return the text of an element whose content begins at an offset, and where it ends."""
    parts = []
    at, close = start, -1
    while True:
        if close < at:
            close = _find(text, closing, at)
        cdata = text.find(_CDATA, at, close)
        if cdata < 0:
            parts.append(_ENTITY.sub(_character, text[at:close]))
            return "".join(parts), close
        end = _find(text, _CDATA_END, cdata)
        parts += [_ENTITY.sub(_character, text[at:cdata]), text[cdata + len(_CDATA) : end]]
        at = end + len(_CDATA_END)


def _find(text: str, what: str, start: int) -> int:
    at = text.find(what, start)
    if at < 0:
        raise DamagedError(f"has no `{what}` where one is needed")
    return at


def _character(match: re.Match[str]) -> str:
    hexadecimal, decimal, name = match.groups()
    return _ENTITIES[name] if name else chr(int(hexadecimal or decimal, 16 if hexadecimal else 10))
