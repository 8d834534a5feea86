"""Repositories that turn out to be one: old names that a host leads to where another name is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.names import repository_key
from comfylock.resolve.identity import Identity, united
from comfylock.resolve.outcome import Pinned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfylock.lockfile.schema import PackPin


def today(identity: Identity, found: object) -> str | None:
    """Return where the repository of a git pack has moved to, as names spell it; None: nowhere.

    A revision that the project names is of the repository that it names.
    """
    if identity.source != "git" or identity.place is None or identity.revision is not None:
        return None
    place = found.pin.repository if isinstance(found, Pinned) else None
    key = repository_key(place) if isinstance(place, str) else None
    return None if key == repository_key(identity.place) else key


def joined(
    identities: Iterable[Identity], found: Mapping[str, object]
) -> tuple[list[Identity], list[Identity]]:
    """Return the identities whose places are their own, and those made of several."""
    before = list(identities)
    moved = {i.wish.name: key for i in before if (key := today(i, found.get(i.wish.name)))}
    if not moved:
        return before, []
    placed = [
        replace(i, place=f"https://{moved[i.wish.name]}") if i.wish.name in moved else i
        for i in before
    ]
    names = {i.wish.name: i for i in before}
    alone, together = [], []
    for each in united(placed):
        first = names[each.wish.name]
        if each.wish == first.wish:
            alone.append(first)
        else:
            together.append(each)
    return alone, together


def at_home(place: str, pins: Iterable[PackPin]) -> str | None:
    """Return the pinned pack whose repository is at a place, as names spell it."""
    own = (p.name for p in pins if p.repository and repository_key(p.repository) == place)
    return next(own, None)
