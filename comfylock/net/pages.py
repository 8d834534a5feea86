"""Is this a web page, or a service's message, where a file should be?"""

from __future__ import annotations

SNIFFED = 512
"""Bytes from the front that decide."""

_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_PAGE_STARTS = (b"<!doctype html", b"<html", b"<head", b"<script", b"<body")
_MESSAGE_STARTS = (b'{"error"', b'{"message"', b'{"code"', b'{"detail"')
_PAGE_NAMES = (".html", ".htm", ".xhtml")
_JSON_NAMES = (".json", ".jsonl", ".ndjson", ".ipynb", ".index", ".map", ".geojson")


def is_page(content_type: str, first: bytes, path: str) -> bool:
    """Say whether what comes is no file, by its type, its first bytes and the address's path."""
    kind = content_type.partition(";")[0].strip().lower()
    name = path.lower()
    start = first.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not name.endswith(_PAGE_NAMES) and (kind in _PAGES or start.startswith(_PAGE_STARTS)):
        return True
    if name.endswith(_JSON_NAMES):
        return False
    is_json = kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
    return is_json or b"".join(start.split()).startswith(_MESSAGE_STARTS)
