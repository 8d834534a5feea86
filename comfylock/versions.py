"""Versions in order: dotted numbers with an optional pre-release, as packs and ComfyUI use them."""

from __future__ import annotations

from functools import lru_cache

from comfylock.patterns import Pattern

_VERSION = Pattern(
    r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:[-.+]?([0-9A-Za-z.+-]{1,60}))?\Z"
)

Key = tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]
"""Sorts as SemVer does: a pre-release before its release."""


@lru_cache(maxsize=4096)
def version_key(text: str) -> Key:
    """Return what sorts versions; anything that is none sorts before all of them."""
    text = text.strip()
    match = _VERSION.match(text)
    if match is None:
        return (-1, 0, 0, 0, ((0, 0, text),))
    major, minor, patch, rest = match.groups()
    numbers = (int(major), int(minor or 0), int(patch or 0))
    separator = text[len(text) - len(rest) - 1] if rest else "+"
    if not rest or separator == "+":
        return (*numbers, 1, ())
    parts = rest.split("+", 1)[0].split(".")
    tail = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)
    # `1.2.3.4` has a fourth number and comes after `1.2.3`; anything else comes before it.
    return (*numbers, 2 if separator == "." and parts[0].isdigit() else 0, tail)


@lru_cache(maxsize=4096)
def is_version(text: str) -> bool:
    """Say whether a text is a version and not a commit or a word."""
    match = _VERSION.match(text.strip())
    return match is not None and (match[2] is not None or len(text.strip()) < 5)
