"""A merge that somebody has to decide, as a file with conflict markers. Pure.

Git's own markers fall where lines happen to differ and tear entries apart. These stand around
whole entries, and `markers.split_conflict` reads three sound locks back from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from comfylock.errors import LockParseError
from comfylock.lockfile.document import image_key
from comfylock.lockfile.markers import BASE, MIDDLE, OURS, THEIRS, split_conflict
from comfylock.lockfile.merge import Merged, merge
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.write import write_lock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.lockfile.merge import Conflict
    from comfylock.lockfile.schema import Lock

    Entries = dict[tuple[str, str], Any]
    """Kind and name of a conflict to what one lock has there."""


TABLES = ("image", "python", "pack", "model", "tool")
"""Kinds of conflicts of which a lock has many entries."""


def conflicted(base: Lock | None, ours: Lock, theirs: Lock, merged: Merged) -> bytes:
    """Return a merge with markers around what it could not decide; the rest is merged already.

    Where the sides would make no sense by themselves, all of both stands between markers.

    Raises:
        LockVersionError: a lock was read from a newer revision and would lose keys.
    """
    before: Entries = {}
    if base is not None:
        before = {(c.kind, c.name): _found(base, c) for c in merged.conflicts}
    mine, other = _with(merged, _sides(merged, "ours")), _with(merged, _sides(merged, "theirs"))
    known = write_lock(_with(merged, before)) if base is not None else None
    # What both sides added, the merged workflows need and the ancestor lacks: it is left out then.
    for ancestor in dict.fromkeys((known, None)):
        data = _marked(write_lock(mine), ancestor, write_lock(other))
        if _says(data, merged):
            return data
    whole = write_lock(base) if base is not None else None
    return _between(write_lock(ours), whole, write_lock(theirs))


def _with(merged: Merged, values: Entries) -> Lock:
    """Return the merged lock with these entries instead of its own; None removes one."""
    lock = merged.lock
    tables: dict[str, dict[str, Any]] = {kind: _table(lock, kind) for kind in TABLES}
    options: dict[str, Any] = {}
    comfyui = lock.comfyui
    for (kind, name), value in values.items():
        if kind == "comfyui":
            comfyui = value
        elif kind == "options":
            options[name] = value
        else:
            tables[kind].pop(name, None)
            if value is not None:
                tables[kind][name] = value
    return replace(
        lock,
        images=tuple(tables["image"].values()),
        python=tuple(tables["python"].values()),
        packs=tuple(tables["pack"].values()),
        models=tuple(tables["model"].values()),
        options=replace(lock.options, **options),
        tool=tables["tool"],
        comfyui=comfyui,
    )


def _table(lock: Lock, kind: str) -> dict[str, Any]:
    """Return the entries of a kind by the names that conflicts give them."""
    if kind == "image":
        return {image_key(image): image for image in lock.images}
    if kind == "python":
        return {pin.target: pin for pin in lock.python}
    if kind == "pack":
        return {pin.name: pin for pin in lock.packs}
    return {pin.key: pin for pin in lock.models} if kind == "model" else dict(lock.tool)


def _sides(merged: Merged, side: str) -> Entries:
    return {(c.kind, c.name): getattr(c, side) for c in merged.conflicts}


def _found(lock: Lock, conflict: Conflict) -> Any:
    """Return what a lock has in place of a conflict."""
    if conflict.kind == "options":
        return getattr(lock.options, conflict.name)
    if conflict.kind == "comfyui":
        return lock.comfyui
    return _table(lock, conflict.kind).get(conflict.name)


def _marked(ours: bytes, base: bytes | None, theirs: bytes) -> bytes:
    """Return three texts as one: entries that both sides have once, the others between markers."""
    mine, other = _blocks(ours), _blocks(theirs)
    both = set(mine) & set(other)
    common = [block for block in mine if block in both]
    sides = [_parted(mine, both), _parted(other, both)]
    before = _parted(_blocks(base), both) if base is not None else None
    found = []
    for place in range(len(common) + 1):
        pair = [b"".join(side[place]) for side in sides]
        known = b"".join(before[place]) if before and place < len(before) else None
        found.append(pair[0] if pair[0] == pair[1] else _between(pair[0], known, pair[1]))
        found += common[place : place + 1]
    return b"".join(found)


def _blocks(data: bytes) -> list[bytes]:
    """Return the entries of a written lock, each with the blank line before it."""
    first, *rest = data.removesuffix(b"\n").split(b"\n\n[")
    return [first + b"\n", *(b"\n[" + block + b"\n" for block in rest)]


def _parted(blocks: Iterable[bytes], at: set[bytes]) -> list[list[bytes]]:
    """Return the blocks before, between and after some others."""
    parts: list[list[bytes]] = [[]]
    for block in blocks:
        if block in at:
            parts.append([])
        else:
            parts[-1].append(block)
    return parts


def _between(ours: bytes, base: bytes | None, theirs: bytes) -> bytes:
    """Return a conflict, with the common ancestor if there is one."""
    known = [BASE + b" base\n", base] if base is not None else []
    return b"".join(
        [OURS + b" ours\n", ours, *known, MIDDLE + b"\n", theirs, THEIRS + b" theirs\n"]
    )


def _says(data: bytes, merged: Merged) -> bool:
    """Say whether a file with markers reads back as the merge that it was made of."""
    try:
        sides = split_conflict(data)
        base = None if sides.base is None else read_lock(sides.base)
        again = merge(base, read_lock(sides.ours), read_lock(sides.theirs))
    except LockParseError:
        return False
    return _outcome(again) == _outcome(merged)


def _outcome(merged: Merged) -> tuple[bytes, list[tuple[str, str]]]:
    return write_lock(merged.lock), [(c.kind, c.name) for c in merged.conflicts]
