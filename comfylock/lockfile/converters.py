"""Older formats of the lock, made into the present one step by step (P8, P9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.errors import LockParseError, LockVersionError
from comfylock.lockfile.schema import VERSION
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Converter = Callable[[dict[str, Any]], dict[str, Any]]

CONVERTERS: dict[int, Converter] = {}
"""Version to what makes a document of it one of the next version; kept for ever."""

_VERSION_LINE = Pattern(r"(?:[ \t]*(?:#.*)?\r?\n|(?!version\b)\w+ *=.*\n)*version *= *(\d{1,9})\b")


def version_of(document: dict[str, Any] | None, text: str, file: str) -> int | None:
    """Return the version of a lock, also of one whose rest cannot be read; None: not told.

    Raises:
        LockVersionError: it is newer than this release.
        LockParseError: it is none.
    """
    if document is None:
        match = _VERSION_LINE.match(text)
        version: Any = int(match[1]) if match else None
        if version is None:
            return None
    elif "version" not in document:
        raise LockParseError(file, (("version", "is missing"),))
    else:
        version = document["version"]
    if type(version) is not int or version < 1:
        raise LockParseError(file, (("version", "must be a whole number from 1 on"),))
    if version > VERSION:
        raise LockVersionError(
            f"{file}: lock version {version}, this comfylock reads up to {VERSION}",
            hint=f"install a release of comfylock that writes lock version {version}, or newer",
        )
    return version


def upgraded(
    document: dict[str, Any],
    version: int,
    *,
    present: int = VERSION,
    converters: Mapping[int, Converter] = CONVERTERS,
) -> dict[str, Any]:
    """Return a document of some version as one of the present version."""
    while version < present:
        document = converters[version](document)
        version += 1
    return document
