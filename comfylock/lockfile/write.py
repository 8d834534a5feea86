"""A lock as bytes: the same for equal locks, on every machine (P3, P4, P17, P19).

Each entry is written by itself and flat: TOML writers choose a layout for a whole array of
tables by its longest row, so that one long entry would rewrite all the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.errors import LockVersionError
from comfylock.lockfile.canonical import canonical
from comfylock.lockfile.document import MANY, SINGLE
from comfylock.lockfile.schema import REVISION, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.lockfile.document import Entry
    from comfylock.lockfile.schema import Lock

HEADER = """\
# Written by comfylock. Do not edit by hand.
# Is it current?   comfylock lock --check
# Move one entry:  comfylock lock --upgrade-package NAME
"""

ALWAYS = frozenset({"prefer"})
"""Keys that are written even where they hold what is meant without them."""

_FIELDS = {"image": "images", "workflow": "workflows", "pack": "packs", "model": "models"}
"""Tables whose name in `Lock` is another."""


def write_lock(lock: Lock, *, force: bool = False) -> bytes:
    """Return the one spelling of a lock.

    Raises:
        LockVersionError: it was read from a newer revision and would lose keys; `force` drops
            them.
    """
    if not force:
        refuse_loss(lock)
    revision = REVISION if lock.unknown else lock.revision
    blocks = [HEADER, f"version = {VERSION}\n" + (f"revision = {revision}\n" if revision else "")]
    blocks += _blocks(canonical(lock))
    return "\n".join(blocks).encode()


def refuse_loss(lock: Lock) -> None:
    """Return if all of a lock can be written again.

    Raises:
        LockVersionError: it was read from a newer revision and would lose keys.
    """
    if lock.unknown:
        told = "`, `".join(lock.unknown[:5])
        raise LockVersionError(
            f"the lock has keys that this comfylock does not know and would lose: `{told}`",
            hint="install a newer release of comfylock",
        )


def _blocks(lock: Lock) -> Iterator[str]:
    import tomli_w  # noqa: PLC0415 - not for those who only read

    for table in SINGLE:
        entry = getattr(lock, table)
        if entry is not None:
            yield f"[{table}]\n" + tomli_w.dumps(_flat(entry))
    for table in MANY:
        for entry in getattr(lock, _FIELDS.get(table, table)):
            yield f"[[{table}]]\n" + tomli_w.dumps(_flat(entry))
    for name, tables in lock.tool.items():
        yield tomli_w.dumps({"tool": {name: tables}})


def _flat(entry: Entry) -> dict[str, Any]:
    """Return what an entry says, in the schema's order, without what goes without saying."""
    fields = entry.__struct_fields__
    # The defaults are those of the last fields; None stands for an absent key.
    defaults = entry.__struct_defaults__
    first = len(fields) - len(defaults)
    flat = {}
    for place, (field, key) in enumerate(zip(fields, entry.__struct_encode_fields__, strict=True)):
        value = getattr(entry, field)
        default = defaults[place - first] if place >= first else None
        if key in ALWAYS or value != default:
            flat[key] = value
    return flat
