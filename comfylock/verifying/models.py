"""Every locked model against what is on disk, and the model files that are not locked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.lockfile.diff import label
from comfylock.net.pages import is_page
from comfylock.sources.file_front import KEPT, is_lfs_pointer
from comfylock.verifying import mends
from comfylock.verifying.digests import Trouble
from comfylock.verifying.disk import Walk, read_small
from comfylock.verifying.findings import Checked, Item, judged, observe
from comfylock.verifying.look import Settled, shown, troubled
from comfylock.verifying.packs import is_optional
from comfylock.verifying.shelf import SUFFIXES, Shelf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfylock.findings import Finding
    from comfylock.lockfile.schema import ModelPin
    from comfylock.verifying.look import Look

PARTIAL = (".aria2", ".crdownload", ".download", ".incomplete", ".part", ".partial", ".tmp")
"""What downloads that did not come to their end are called."""

_LARGEST_STAND_IN = 1 << 20
"""Bytes of a page or a pointer in the place of a model."""


class Copy(Struct, frozen=True):
    """One file that has a model's name."""

    path: str
    size: int
    link: str | None = None
    identity: tuple[int, int] = (0, 0)
    """Device and inode of what it leads to."""


def model_looks(
    pins: Iterable[ModelPin], shelf: Shelf, groups: frozenset[str] | None
) -> list[Look]:
    """Return a look at each locked model, and what is said about the others."""
    given = list(pins)
    owners = {pin.sha256: pin.key for pin in given if pin.sha256}
    copies = {pin.key: _copies(pin, shelf) for pin in given}
    looks: list[Look] = [_look(pin, copies[pin.key], shelf, owners, groups) for pin in given]
    known = {copy.identity for found in copies.values() for copy in found}
    looks.append(Settled(_extras(shelf, known)))
    for path, told in shelf.unreadable():
        place = shown(path, shelf.base)
        trouble = Trouble("unreadable", f"cannot be read: {told}")
        looks.append(Settled(Checked((troubled("model", place, place, trouble),))))
    return looks


def _copies(pin: ModelPin, shelf: Shelf) -> list[Copy]:
    """Return the files of a model's name in the order in which ComfyUI finds them."""
    found: list[Copy] = []
    for folder in shelf.places(pin.folder):
        walked = shelf.walked(folder)
        if pin.name in walked.files:
            status = walked.files[pin.name]
            path = os.path.join(folder, *pin.name.split("/"))
            identity = _identity(path, status)
            found.append(Copy(path, status.st_size, walked.links.get(pin.name), identity))
    return found


def _identity(path: str, status: os.stat_result) -> tuple[int, int]:
    """Return what two names of one file have in common; some file systems have no inodes."""
    return (status.st_dev, status.st_ino) if status.st_ino else (-1, hash(path))


def _look(
    pin: ModelPin,
    copies: list[Copy],
    shelf: Shelf,
    owners: Mapping[str, str],
    groups: frozenset[str] | None,
) -> Look:
    if copies:
        return ModelLook(pin, copies, shelf, owners)
    finding = _elsewhere(pin, shelf)
    if finding is None and is_optional(pin.groups, groups):
        told = f"`{pin.key}` is not there; only groups need it: {', '.join(pin.groups)}"
        item = replace(_item(pin, None), status="missing")
        return Settled(Checked((observe("group-absent", "model", pin.key, told),), (item,)))
    if finding is None:
        target = shelf.target(pin)
        finding = observe(
            "model-missing",
            "model",
            pin.key,
            f"`{pin.key}` is not there",
            shown(target, shelf.base),
            mends.model(pin, target),
        )
    return Settled(Checked((finding,), (judged(_item(pin, None), [finding]),)))


def _elsewhere(pin: ModelPin, shelf: Shelf) -> Finding | None:
    """Return what is in the place of a model that is not there, or where else it is."""
    target = shelf.target(pin)
    for folder in shelf.places(pin.folder):
        found = _near(pin, folder, shelf.walked(folder), target, shelf.base)
        if found is not None:
            return found
    base = pin.name.rpartition("/")[2]
    for folder, key in shelf.all_folders().items():
        for name, status in shelf.walked(folder).files.items():
            same = name.rpartition("/")[2] == base and pin.size in (None, status.st_size)
            if same and f"{key}/{name}" != pin.key:
                path = os.path.join(folder, *name.split("/"))
                place = shown(path, shelf.base)
                told = f"`{pin.key}` is not there, and `{place}` has its name and size"
                mend = mends.move(path, target)
                return observe("model-misplaced", "model", pin.key, told, place, mend)
    return None


def _near(pin: ModelPin, folder: str, walked: Walk, target: str, base: str) -> Finding | None:
    path = os.path.join(folder, *pin.name.split("/"))
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
        other = os.path.join(folder, *name.split("/"))
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


def _item(pin: ModelPin, size: int | None) -> Item:
    return Item("model", pin.key, "verified", label(pin), size=size if size is not None else None)


class ModelLook:
    """One model that is there, under its name, once or several times."""

    def __init__(
        self, pin: ModelPin, copies: list[Copy], shelf: Shelf, owners: Mapping[str, str]
    ) -> None:
        self._pin, self._copies, self._shelf, self._owners = pin, copies, shelf, owners
        alike = [copy.path for copy in copies if pin.size in (None, copy.size)]
        self.wanted = tuple(alike) if pin.sha256 else ()

    def judged(self, digests: Mapping[str, str | Trouble]) -> Checked:
        """Say whether the file that ComfyUI finds first is the locked one."""
        pin, first = self._pin, self._copies[0]
        findings = self._of(first, digests)
        wrong = any(finding.severity == "error" for finding in findings)
        good = next((c for c in self._copies[1:] if digests.get(c.path) == pin.sha256), None)
        if wrong and good is not None and pin.sha256:
            place, other = self._shown(first), self._shown(good)
            told = f"`{place}` is found before `{other}`, which is the locked file"
            mend = mends.move(first.path, first.path + ".other")
            findings.append(observe("model-shadowed", "model", pin.key, told, place, mend))
        proof = "size and sha256" if pin.sha256 else "name" if pin.size is None else "size"
        item = _item(pin, first.size)
        if not pin.sha256:
            item = replace(item, status="unproven")
        return Checked(tuple(findings), (replace(judged(item, findings), proof=proof),))

    def _of(self, copy: Copy, digests: Mapping[str, str | Trouble]) -> list[Finding]:
        pin = self._pin
        findings: list[Finding] = []
        if copy.link is not None:
            told = f"`{self._shown(copy)}` is a symbolic link to `{copy.link}`"
            findings.append(observe("model-link", "model", pin.key, told, self._shown(copy)))
        if pin.size is not None and copy.size != pin.size:
            findings.append(self._other_size(copy))
        elif pin.sha256 is None:
            findings.append(self._unhashed(copy))
        elif digests[copy.path] != pin.sha256:
            actual = digests[copy.path]
            if isinstance(actual, Trouble):
                findings.append(troubled("model", pin.key, self._shown(copy), actual))
            else:
                findings.append(self._other_bytes(copy, actual))
        return findings

    def _unhashed(self, copy: Copy) -> Finding:
        pin = self._pin
        told = f"`{pin.key}` is there; no sha256 of it is locked: "
        told += pin.unhashed or "the user brings the file"
        mend = "comfylock lock --require-hashes names every such model"
        return observe("model-unhashed", "model", pin.key, told, self._shown(copy), mend)

    def _other_size(self, copy: Copy) -> Finding:
        pin, place = self._pin, self._shown(copy)
        what = _stand_in(copy)
        if what is not None:
            kind, told = "model-stand-in", f"`{place}` is {what} and no model"
        elif copy.size < (pin.size or 0):
            kind = "model-truncated"
            told = f"`{place}` has {copy.size:,} of {pin.size:,} bytes"
        else:
            kind, told = "model-size", f"`{place}` has {copy.size:,} bytes, locked are {pin.size:,}"
        mend = mends.model(pin, copy.path)
        return observe(kind, "model", pin.key, told, place, mend, str(pin.size), str(copy.size))

    def _other_bytes(self, copy: Copy, actual: str) -> Finding:
        pin, place = self._pin, self._shown(copy)
        owner = self._owners.get(actual)
        if owner is not None:
            kind, told = "model-swapped", f"`{place}` holds the bytes of `{owner}`"
        else:
            kind, told = "model-digest", f"`{place}` has the locked size and other bytes"
        mend = mends.model(pin, copy.path)
        return observe(kind, "model", pin.key, told, place, mend, pin.sha256, actual)

    def _shown(self, copy: Copy) -> str:
        return shown(copy.path, self._shelf.base)


def _stand_in(copy: Copy) -> str | None:
    """Return what a small file is that should be a model."""
    if copy.size > _LARGEST_STAND_IN:
        return None
    try:
        data = read_small(copy.path, _LARGEST_STAND_IN)
    except OSError:
        return None
    front = (data or b"")[:KEPT]
    if is_lfs_pointer(front):
        return "a git-lfs pointer"
    return "a web page or an error message" if front and is_page("", front, "") else None


def _extras(shelf: Shelf, known: set[tuple[int, int]]) -> Checked:
    """Return the model files that are not locked; `known` are those that are, by inode."""
    findings: list[Finding] = []
    items: list[Item] = []
    seen = set(known)
    for folder, key in shelf.all_folders().items():
        for name, status in shelf.walked(folder).files.items():
            path = os.path.join(folder, *name.split("/"))
            identity = _identity(path, status)
            if identity in seen or not name.lower().endswith(SUFFIXES):
                continue
            seen.add(identity)
            place = shown(path, shelf.base)
            named, told = f"{key}/{name}", f"`{place}` is not locked"
            findings.append(observe("model-extra", "model", named, told, place))
            items.append(Item("model", named, "extra", size=status.st_size))
    return Checked(tuple(findings), tuple(items))
