"""Every locked model against what is on disk, and the model files that are not locked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.verifying import mends
from comfylock.verifying.digests import Trouble
from comfylock.verifying.disk import inside
from comfylock.verifying.findings import Checked, Item, judged, observe
from comfylock.verifying.look import Settled, shown, troubled
from comfylock.verifying.model_file import Copy, ModelLook, model_item
from comfylock.verifying.packs import is_optional
from comfylock.verifying.shelf import SUFFIXES, Shelf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from comfylock.findings import Finding
    from comfylock.lockfile.schema import ModelPin
    from comfylock.verifying.disk import Walk
    from comfylock.verifying.look import Look

PARTIAL = (".aria2", ".crdownload", ".download", ".incomplete", ".part", ".partial", ".tmp")
"""What downloads that did not come to their end are called."""


def model_looks(
    pins: Iterable[ModelPin], shelf: Shelf, groups: frozenset[str] | None
) -> list[Look]:
    """Return a look at each locked model, and what is said about the others."""
    owners: dict[str, str] = {}
    places: dict[str, list[ModelPin]] = {}
    for pin in pins:
        places.setdefault(pin.place, []).append(pin)
        if pin.sha256:
            owners.setdefault(pin.sha256, pin.key)
    copies = {place: _copies(several[0], shelf) for place, several in places.items()}
    looks: list[Look] = [
        _look(_sorted(several), copies[place], shelf, owners, groups)
        for place, several in places.items()
    ]
    known = {copy.identity for found in copies.values() for copy in found}
    looks.append(Settled(_extras(shelf, known)))
    for path, told in shelf.unreadable():
        place = shown(path, shelf.base)
        trouble = Trouble("unreadable", f"cannot be read: {told}")
        looks.append(Settled(Checked((troubled("model", place, place, trouble),))))
    return looks


def _sorted(alternatives: list[ModelPin]) -> list[ModelPin]:
    """Return what may be installed in one place, what any machine can take first."""
    return sorted(alternatives, key=lambda pin: (pin.vram or 0, pin.key))


def _copies(pin: ModelPin, shelf: Shelf) -> list[Copy]:
    """Return the files of a model's name in the order in which ComfyUI finds them."""
    found: list[Copy] = []
    for folder in shelf.places(pin.folder):
        walked = shelf.walked(folder)
        if pin.name in walked.files:
            status = walked.files[pin.name]
            path = inside(folder, pin.name)
            identity = _identity(path, status)
            found.append(Copy(path, status.st_size, walked.links.get(pin.name), identity))
    return found


def _identity(path: str, status: os.stat_result) -> tuple[int, int]:
    """Return what two names of one file have in common; some file systems have no inodes."""
    return (status.st_dev, status.st_ino) if status.st_ino else (-1, hash(path))


def _look(
    alternatives: list[ModelPin],
    copies: list[Copy],
    shelf: Shelf,
    owners: Mapping[str, str],
    groups: frozenset[str] | None,
) -> Look:
    pin = alternatives[0]
    if copies:
        return ModelLook(alternatives, copies, shelf.base, owners)
    finding = _elsewhere(alternatives, shelf)
    if finding is None and all(is_optional(each.groups, groups) for each in alternatives):
        told = f"`{pin.key}` is not there; only groups need it: {', '.join(pin.groups)}"
        item = replace(model_item(pin, None), status="missing")
        return Settled(Checked((observe("group-absent", "model", pin.key, told),), (item,)))
    if finding is None:
        target = shelf.target(pin)
        told = f"`{pin.key}` is not there{_others(alternatives, pin)}"
        place = shown(target, shelf.base)
        mend = mends.model(pin, target)
        finding = observe("model-missing", "model", pin.key, told, place, mend)
    return Settled(Checked((finding,), (judged(model_item(pin, None), [finding]),)))


def _others(alternatives: Sequence[ModelPin], pin: ModelPin) -> str:
    """Return the end of a sentence that names the alternatives of a model that is not right."""
    named = [f"`{each.tier}`" for each in alternatives if each is not pin]
    return f", and neither is an alternative: {', '.join(named)}" if named else ""


def _elsewhere(alternatives: list[ModelPin], shelf: Shelf) -> Finding | None:
    """Return what is in the place of a model that is not there, or where else it is."""
    pin = alternatives[0]
    target = shelf.target(pin)
    sizes = {each.size for each in alternatives}
    for folder in shelf.places(pin.folder):
        found = _near(pin, folder, shelf.walked(folder), target, shelf.base)
        if found is not None:
            return found
    base = pin.name.rpartition("/")[2]
    for folder, key in shelf.all_folders().items():
        for name, status in shelf.walked(folder).files.items():
            same = name.rpartition("/")[2] == base and sizes & {None, status.st_size}
            if same and f"{key}/{name}" != pin.place:
                path = inside(folder, name)
                place = shown(path, shelf.base)
                told = f"`{pin.key}` is not there, and `{place}` has its name and size"
                mend = mends.move(path, target)
                return observe("model-misplaced", "model", pin.key, told, place, mend)
    return None


def _near(pin: ModelPin, folder: str, walked: Walk, target: str, base: str) -> Finding | None:
    path = inside(folder, pin.name)
    place = shown(path, base)
    if pin.name in walked.dangling:
        link = walked.links.get(pin.name, "")
        told = f"`{place}` is a symbolic link to `{link}`, where nothing is"
        mend = f"{mends.remove(path)} && {mends.model(pin, path)}"
        return observe("model-dangling", "model", pin.key, told, place, mend)
    if os.path.isdir(path) or pin.name in walked.odd:
        told = f"`{place}` is no file"
        mend = f"{mends.move(path, path + '.other')} && {mends.model(pin, path)}"
        return observe("model-not-a-file", "model", pin.key, told, place, mend)
    for name in walked.files:
        other = inside(folder, name)
        if name.lower() == pin.name.lower():
            told = f"`{shown(other, base)}` differs from `{pin.key}` in capital letters"
            mend = mends.move(other, path)
            where = shown(other, base)
            return observe("model-case", "model", pin.key, told, where, mend, pin.name, name)
        if name.startswith(pin.name) and name.lower().endswith(PARTIAL):
            told = f"`{shown(other, base)}` is a download that did not come to its end"
            mend = mends.model(pin, target)
            return observe("model-partial", "model", pin.key, told, shown(other, base), mend)
    return None


def _extras(shelf: Shelf, known: set[tuple[int, int]]) -> Checked:
    """Return the model files that are not locked; `known` are those that are, by inode."""
    findings: list[Finding] = []
    items: list[Item] = []
    seen = set(known)
    for folder, key in shelf.all_folders().items():
        for name, status in shelf.walked(folder).files.items():
            path = inside(folder, name)
            identity = _identity(path, status)
            if identity in seen or not name.lower().endswith(SUFFIXES):
                continue
            seen.add(identity)
            place = shown(path, shelf.base)
            named, told = f"{key}/{name}", f"`{place}` is not locked"
            findings.append(observe("model-extra", "model", named, told, place))
            items.append(Item("model", named, "extra", size=status.st_size))
    return Checked(tuple(findings), tuple(items))
