"""Which folder on disk is which locked pack: by what it says it is, else by its name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from comfylock.lockfile.pack_needs import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.lockfile.schema import PackPin
    from comfylock.verifying.pack_folders import PackFolder


@dataclass(frozen=True, slots=True)
class Matches:
    """Every locked pack with its folders, and the folders that are nobody's."""

    by_pack: dict[str, tuple[PackFolder, ...]]
    """Name to folders: loaded ones first, the most telling first; empty if it is not there."""
    extra: tuple[PackFolder, ...]


def match(pins: Iterable[PackPin], folders: Iterable[PackFolder]) -> Matches:
    """Return who is who; each folder is one pack's at the most."""
    given, left = list(pins), list(folders)
    found: dict[str, list[PackFolder]] = {pin.name: [] for pin in given}
    for says in (_by_identity, _by_name):
        for pin in given:
            # A name alone is no second witness where a folder says by itself that it is the pack.
            if says is _by_name and any(not each.is_disabled for each in found[pin.name]):
                continue
            mine = [folder for folder in left if says(pin, folder)]
            left = [folder for folder in left if folder not in mine]
            found[pin.name] += mine
    for name, mine in found.items():
        own = folder_name(next(pin for pin in given if pin.name == name))
        mine.sort(key=partial(_place, own))
    return Matches({name: tuple(mine) for name, mine in found.items()}, tuple(left))


def folder_name(pin: PackPin) -> str:
    """Return the name under which a pack is installed."""
    if pin.source == "file":
        path = pin.path or (pin.url or "").partition("?")[0]
        return path.rstrip("/").rpartition("/")[2]
    if pin.source == "git" and pin.repository:
        return pin.repository.rpartition("/")[2]
    return pin.name.rpartition("/")[2]


def _place(own: str, folder: PackFolder) -> tuple[bool, bool, bool, str]:
    """Return where a folder stands among those of a pack whose own name is `own`."""
    is_other = folder.name.lower() != own.lower()
    return folder.is_disabled, is_other, folder.name != own, folder.path


def _by_identity(pin: PackPin, folder: PackFolder) -> bool:
    if folder.is_file != (pin.source == "file"):
        return False
    return bool(folder.identities & set(names_of(pin)))


def _by_name(pin: PackPin, folder: PackFolder) -> bool:
    if folder.is_file != (pin.source == "file"):
        return False
    names = {folder_name(pin), *(name.rpartition("/")[2] for name in names_of(pin))}
    if pin.source == "file":
        names = {folder_name(pin)}
    return folder.name.lower() in {name.lower() for name in names}
