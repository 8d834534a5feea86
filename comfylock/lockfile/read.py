"""A lock's bytes as values, or everything that is wrong with them.

What passes here is safe to be looked up, compared and quoted; a lock is a stranger's word.
"""

from __future__ import annotations

from typing import Any

import msgspec

from comfylock.errors import LockConflictError, LockParseError
from comfylock.lockfile.canonical import canonical, reference_faults, value_faults
from comfylock.lockfile.converters import upgraded, version_of
from comfylock.lockfile.document import Document
from comfylock.lockfile.markers import conflict_lines
from comfylock.lockfile.schema import REVISION, VERSION, Lock
from comfylock.lockfile.toml import parse_toml

MAX_LOCK_BYTES = 64 * 1024 * 1024

MAX_DEPTH = 64
"""Of tables and lists in `[tool]`; nothing else is nested."""

TOO_DEEP = "is nested too deeply"

Fault = tuple[str, str]


def read_lock(data: bytes, file: str = "comfy.lock") -> Lock:
    """Return the lock that bytes hold; CRLF and a byte order mark do not matter.

    Raises:
        LockConflictError: there are conflict markers.
        LockVersionError: it is of a newer format.
        LockParseError: with every fault.
    """
    if len(data) > MAX_LOCK_BYTES:
        limit = MAX_LOCK_BYTES >> 20
        raise LockParseError(file, (("", f"has {len(data)} bytes, more than {limit} MiB"),))
    lines = conflict_lines(data)
    if lines:
        raise LockConflictError(file, lines)
    text = _decoded(data, file)
    document: dict[str, Any] | None = None
    reason: Exception | None = None
    try:
        document = parse_toml(text)
    except (ValueError, RecursionError) as error:
        reason = error
    version = version_of(document, text, file)
    if document is None or version is None:
        told = TOO_DEEP if isinstance(reason, RecursionError) else f"is not TOML: {reason}"
        raise LockParseError(file, (("", told),)) from reason
    texts = "\\" in text or not text.replace("\n", "").isprintable()
    return _lock(upgraded(document, version), version, file, texts=texts)


def _decoded(data: bytes, file: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = f"is not UTF-8: byte {error.start}"
        raise LockParseError(file, (("", fault),)) from error
    return text.replace("\r\n", "\n") if "\r" in text else text


def _lock(document: dict[str, Any], version: int, file: str, *, texts: bool) -> Lock:
    """Return the lock of a document of the present version."""
    if _is_deep(document.get("tool")):
        raise LockParseError(file, (("tool", TOO_DEEP),))
    document["version"] = VERSION
    for pin in _tables(document.get("model")):
        pin.setdefault("folder", None)
    try:
        lock = msgspec.convert(document, Document).as_lock()
        faults = list(value_faults(lock, texts=texts))
        faults += reference_faults(lock)
    except msgspec.ValidationError:
        lock, faults = _mended(document)
    if faults:
        raise LockParseError(file, tuple(faults))
    return canonical(msgspec.structs.replace(lock, version=version))


def _mended(document: dict[str, Any]) -> tuple[Lock, list[Fault]]:
    """Return what can be understood of a document, and all faults."""
    from comfylock.lockfile.structure import Structure  # noqa: PLC0415 - only for faults

    revision = document.get("revision", 0)
    structure = Structure(is_tolerant=type(revision) is int and revision > REVISION)
    found = msgspec.convert(structure.mend(document), Document)
    lock = found.as_lock(tuple(structure.unknown))
    known = {path for path, _ in structure.faults}
    more = list(value_faults(lock, places=structure.places))
    if structure.is_whole:
        more += reference_faults(lock)
    return lock, structure.faults + [fault for fault in more if fault[0] not in known]


def _tables(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _is_deep(value: Any) -> bool:
    """Say whether tables and lists stand inside each other beyond all use."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for nested in level for item in _items(nested)]
        if not level:
            return False
    return True


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
