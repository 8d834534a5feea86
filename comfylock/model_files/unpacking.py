"""Compressed bytes as a feed: a little at a time, so that a bomb stays small."""

from __future__ import annotations

import bz2
import lzma
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

from comfylock.model_files.feed import CHUNK, Feed

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.model_files.budget import Budget

MAX_UNPACKED = 256 << 20
"""Bytes of one compressed stream that are looked into."""

MAX_DICTIONARY = 256 << 20
"""Bytes of memory that unpacking xz or lzma may take; `xz -9` takes 65 MiB."""

MAGICS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x5d\x00": "lzma",
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


def compression(head: bytes) -> str:
    """Return by what a file is compressed that begins so, as `unpacked` knows it; empty if not."""
    return next((method for magic, method in MAGICS.items() if head.startswith(magic)), "")


def unpacked(source: Feed, method: str) -> Feed:
    """Return the unpacked bytes of a compressed feed; they end where it is damaged or too large.

    `method` is `deflate`, or a value of MAGICS.
    """
    budget = source.budget
    if method in {"deflate", "gzip", "zlib"}:
        wbits = {"deflate": -15, "gzip": 31, "zlib": 15}[method]
        return Feed(_bounded(_zlib_puller(source, wbits), budget), budget=budget)
    make: Callable[[], Any] = bz2.BZ2Decompressor
    if method != "bz2":
        make = partial(lzma.LZMADecompressor, memlimit=MAX_DICTIONARY)
    return Feed(_bounded(_puller(source, make), budget), budget=budget)


def _bounded(pull: Callable[[int], bytes], budget: Budget) -> Callable[[int], bytes]:
    left = MAX_UNPACKED

    def bounded(count: int) -> bytes:
        nonlocal left
        try:
            allowed = budget.bytes(min(count, left))
            data = pull(allowed) if allowed else b""
        except lzma.LZMAError as error:
            data = b""
            budget.is_spent = budget.is_spent or "Memory" in str(error)
        except (zlib.error, OSError, EOFError, ValueError):
            data = b""
        left -= len(data)
        if not data:
            left = 0
        return data

    return bounded


def _zlib_puller(source: Feed, wbits: int) -> Callable[[int], bytes]:
    inflate, pending = zlib.decompressobj(wbits), b""

    def pull(count: int) -> bytes:
        nonlocal inflate, pending
        while True:
            if inflate.eof:
                pending = _next(source, inflate.unused_data) if wbits > 0 else b""
                if not pending:
                    return b""
                inflate = zlib.decompressobj(wbits)
            data = pending or source.take(CHUNK)
            found = inflate.decompress(data, count)
            pending = inflate.unconsumed_tail
            if found or not data:
                return found

    return pull


def _puller(source: Feed, make: Callable[[], Any]) -> Callable[[int], bytes]:
    decompressor, pending = make(), b""

    def pull(count: int) -> bytes:
        nonlocal decompressor, pending
        while True:
            if decompressor.eof:
                pending = _next(source, decompressor.unused_data)
                if not pending:
                    return b""
                decompressor = make()
            data = pending or (source.take(CHUNK) if decompressor.needs_input else b"")
            pending = b""
            if decompressor.needs_input and not data:
                return b""
            found: bytes = decompressor.decompress(data, count)
            if found:
                return found

    return pull


def _next(source: Feed, rest: bytes) -> bytes:
    """Return what follows a compressed stream: readers go on with the next one, zeros between."""
    rest = rest.lstrip(b"\0")
    while not rest:
        data = source.take(CHUNK)
        if not data:
            return b""
        rest = data.lstrip(b"\0")
    return rest if source.budget.operation() else b""
