"""What moved between two choices of Python packages for one target."""

from __future__ import annotations

from msgspec import Struct

from comfylock.errors import LockParseError
from comfylock.python.pylock import read_pylock


class PackageChange(Struct, frozen=True, order=True):
    """One package that came, went or moved."""

    name: str
    old: str | None
    """Its version, or the commit or address of one without; None: it was not there."""
    new: str | None


def package_changes(old: bytes, new: bytes) -> tuple[PackageChange, ...]:
    """Return what differs between two pylocks, by name; nothing if one cannot be read."""
    try:
        before, after = _versions(old), _versions(new)
    except LockParseError:
        return ()
    names = sorted(before.keys() | after.keys())
    found = (PackageChange(name, before.get(name), after.get(name)) for name in names)
    return tuple(change for change in found if change.old != change.new)


def _versions(pylock: bytes) -> dict[str, str]:
    packages = read_pylock(pylock)
    return {each.name: each.version or each.commit or each.url or "" for each in packages}
