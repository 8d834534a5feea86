"""Compressed bytes as a feed: a little at a time, so that a bomb stays small."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING, Any

from comfylock.model_files.feed import CHUNK, Feed

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.model_files.budget import Budget

MAX_UNPACKED = 256 << 20
"""Bytes of one compressed stream that are looked into."""

MAGICS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x5d\x00\x00": "lzma",
    b"\x78\x01": "zlib",
    b"\x78\x5e": "zlib",
    b"\x78\x9c": "zlib",
    b"\x78\xda": "zlib",
}
"""First bytes to compression; those that joblib and zip know."""


UNREADABLE = {
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"Rar!\x1a\x07": "rar",
    b"\x1f\x9d": "compress",
}
"""First bytes to compressions that are not looked into."""

JOBLIB = b"ZF0x"
"""How old joblib began its files: these, a length in 19 places, and zlib."""

JOBLIB_HEAD = 21


def unpacked(source: Feed, method: str) -> Feed:
    """Return the unpacked bytes of a compressed feed; they end where it is damaged or too large.

    `method` is `deflate`, or a value of MAGICS.
    """
    budget = source.budget
    if method in {"deflate", "gzip", "zlib"}:
        wbits = {"deflate": -15, "gzip": 31, "zlib": 15}[method]
        return Feed(
            _bounded(_zlib_puller(source, zlib.decompressobj(wbits)), budget), budget=budget
        )
    if method == "bz2":
        return Feed(_bounded(_puller(source, bz2.BZ2Decompressor()), budget), budget=budget)
    limit = 64 << 20
    decompressor = lzma.LZMADecompressor(memlimit=limit)
    return Feed(_bounded(_puller(source, decompressor), budget), budget=budget)


def _bounded(pull: Callable[[int], bytes], budget: Budget) -> Callable[[int], bytes]:
    left = MAX_UNPACKED

    def bounded(count: int) -> bytes:
        nonlocal left
        try:
            allowed = budget.bytes(min(count, left))
            data = pull(allowed) if allowed else b""
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
            data = b""
        left -= len(data)
        if not data:
            left = 0
        return data

    return bounded


def _zlib_puller(source: Feed, inflate: Any) -> Callable[[int], bytes]:
    pending = b""

    def pull(count: int) -> bytes:
        nonlocal pending
        while not inflate.eof:
            data = pending or source.take(CHUNK)
            found: bytes = inflate.decompress(data, count)
            pending = inflate.unconsumed_tail
            if found or not data:
                return found
        return b""

    return pull


def _puller(source: Feed, decompressor: Any) -> Callable[[int], bytes]:
    def pull(count: int) -> bytes:
        while not decompressor.eof:
            data = source.take(CHUNK) if decompressor.needs_input else b""
            if decompressor.needs_input and not data:
                return b""
            found: bytes = decompressor.decompress(data, count)
            if found:
                return found
        return b""

    return pull
