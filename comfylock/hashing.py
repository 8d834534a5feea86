"""Digests: sha256 of streams, the ids that git gives to blobs."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

CHUNK = 1 << 20
"""Bytes read at once."""


def sha256_of_stream(stream: BinaryIO) -> tuple[str, int]:
    """Return the sha256 (lower-case hex) of a stream from where it stands, and its length."""
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def git_blob_id(data: bytes) -> str:
    """Return the id that git gives to a file's content (sha1 of `blob LENGTH`, NUL, content)."""
    digest = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()
