"""The mark that ties a file to the lock it was emitted from: the sha256 of the lock's bytes."""

from __future__ import annotations

from comfylock.patterns import Pattern

NAME = "comfy.lock sha256"
"""What stands before the digest, in comments, labels and keys alike."""

MAX_MARKED = 8 << 20
"""Bytes that are looked into; the mark stands in the first lines of nearly every kind."""

_MARK = Pattern(
    rf"{NAME.replace('.', '[.]')}\"?\s{{0,9}}(?:[:=]|,\s{{0,80}}\"value\"\s{{0,9}}:)\s{{0,9}}\"?"
    r"([0-9a-f]{64})(?![0-9a-f])"
)


def lock_mark(digest: str) -> str:
    """Return the mark as a comment or a label carries it."""
    return f"{NAME}: {digest}"


def marked_digest(data: bytes) -> str | None:
    """Return the digest of the lock that a file says it was emitted from; None if it says none.

    Knows the mark in comments (`# comfy.lock sha256: …`), as a key with a value, and as a
    CycloneDX property.
    """
    match = _MARK.search(data[:MAX_MARKED].decode("utf-8", "replace"))
    return match[1] if match else None
