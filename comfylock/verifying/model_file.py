"""One model that is where it belongs: is it the locked file, or which alternative, or what else?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.lockfile.diff import label
from comfylock.net.pages import is_page
from comfylock.sources.file_front import KEPT, is_lfs_pointer
from comfylock.verifying import mends
from comfylock.verifying.digests import Trouble
from comfylock.verifying.disk import read_small
from comfylock.verifying.findings import Checked, Item, judged, observe
from comfylock.verifying.look import shown, troubled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.findings import Finding
    from comfylock.lockfile.schema import ModelPin

_LARGEST_STAND_IN = 1 << 20
"""Bytes of a page or a pointer in the place of a model."""


class Copy(Struct, frozen=True):
    """One file that has a model's name."""

    path: str
    size: int
    link: str | None = None
    identity: tuple[int, int] = (0, 0)
    """Device and inode of what it leads to."""


def model_item(pin: ModelPin, size: int | None) -> Item:
    """Return the line of a model that is as it should be, unless findings say otherwise."""
    return Item("model", pin.key, "verified", label(pin), size=size)


class ModelLook:
    """One model that is there, under its name, once or several times.

    Of `alternatives` any one will do; there is one, unless the lock has tiers.
    """

    def __init__(
        self,
        alternatives: list[ModelPin],
        copies: list[Copy],
        base: str,
        owners: Mapping[str, str],
    ) -> None:
        self._alternatives = alternatives
        self._pin = alternatives[0]
        self._copies, self._base, self._owners = copies, base, owners
        sizes = {pin.size for pin in alternatives if pin.sha256}
        self.wanted = tuple(copy.path for copy in copies if sizes & {None, copy.size})

    def judged(self, digests: Mapping[str, str | Trouble]) -> Checked:
        """Say whether the file that ComfyUI finds first is the locked one."""
        first = self._copies[0]
        pin = self._pin = self._nearest(first, digests)
        findings = self._of(first, digests)
        wrong = any(finding.severity == "error" for finding in findings)
        locked = {each.sha256 for each in self._alternatives if each.sha256}
        good = next((c for c in self._copies[1:] if digests.get(c.path) in locked), None)
        if wrong and good is not None:
            place, other = self._shown(first), self._shown(good)
            told = f"`{place}` is found before `{other}`, which is the locked file"
            mend = mends.move(first.path, first.path + ".other")
            findings.append(observe("model-shadowed", "model", pin.key, told, place, mend))
        if not wrong and len(self._alternatives) > 1:
            findings.append(self._which(first))
        proof = "size and sha256" if pin.sha256 else "name" if pin.size is None else "size"
        item = model_item(pin, first.size)
        if not pin.sha256:
            item = replace(item, status="unproven")
        return Checked(tuple(findings), (replace(judged(item, findings), proof=proof),))

    def _nearest(self, copy: Copy, digests: Mapping[str, str | Trouble]) -> ModelPin:
        """Return the alternative that a file is; else the one of its size, or nearest to it."""
        actual = digests.get(copy.path)
        for pin in self._alternatives:
            if pin.sha256 and actual == pin.sha256:
                return pin

        def distance(pin: ModelPin) -> int:
            return abs(pin.size - copy.size) if pin.size is not None else 0

        return min(self._alternatives, key=distance)

    def _which(self, copy: Copy) -> Finding:
        pin, place = self._pin, self._shown(copy)
        names = ", ".join(f"`{each.tier}`" for each in self._alternatives)
        told = f"`{place}` is the alternative `{pin.tier}` of {names}"
        return observe("model-alternative", "model", pin.key, told, place)

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
        told += self._nor()
        mend = mends.model(pin, copy.path)
        return observe(kind, "model", pin.key, told, place, mend, str(pin.size), str(copy.size))

    def _other_bytes(self, copy: Copy, actual: str) -> Finding:
        pin, place = self._pin, self._shown(copy)
        owner = self._owners.get(actual)
        if owner is not None:
            kind, told = "model-swapped", f"`{place}` holds the bytes of `{owner}`"
        else:
            kind, told = "model-digest", f"`{place}` has the locked size and other bytes"
        told += self._nor()
        mend = mends.model(pin, copy.path)
        return observe(kind, "model", pin.key, told, place, mend, pin.sha256, actual)

    def _nor(self) -> str:
        named = [f"`{each.tier}`" for each in self._alternatives if each is not self._pin]
        tier = f" (as `{self._pin.tier}`)" if named else ""
        return f"{tier}; it is none of its alternatives either: {', '.join(named)}" if named else ""

    def _shown(self, copy: Copy) -> str:
        return shown(copy.path, self._base)


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
