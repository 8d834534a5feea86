"""What all looks at a disk have in common: digests that come later, paths that are shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from comfylock.verifying.findings import Checked, observe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.findings import About, Finding
    from comfylock.verifying.digests import Trouble


Found = "Mapping[str, str | Trouble]"
"""Absolute path to sha256, or why there is none."""


class Look(Protocol):
    """Something that was looked at and can be judged once its files are hashed."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """The files whose digests it needs, by absolute path."""

    def judged(self, digests: Mapping[str, str | Trouble]) -> Checked:
        """Return what comes of them."""


class Settled:
    """What needs no digest."""

    wanted: tuple[str, ...] = ()

    def __init__(self, checked: Checked) -> None:
        self._checked = checked

    def judged(self, digests: Mapping[str, str | Trouble]) -> Checked:
        """Return what was known from the start."""
        del digests
        return self._checked


def shown(path: str, base: str) -> str:
    """Return a path as findings name it: below a folder if it is there, `/` between parts."""
    try:
        relative = os.path.relpath(path, base)
    except ValueError:  # another drive
        relative = path
    if relative.split(os.sep)[0] == os.pardir:
        relative = path
    return relative.replace(os.sep, "/")


def troubled(about: About, subject: str, place: str, trouble: Trouble) -> Finding:
    """Return the finding for a file that has no digest."""
    kind = "unreadable" if trouble.kind == "not-a-file" else trouble.kind
    mends = {
        "vanished": "run it again when nobody changes the files",
        "changing": "run it again when nobody changes the files",
        "unreadable": "run it as a user who may read the file",
    }
    return observe(kind, about, subject, f"`{place}` {trouble.told}", place, mends[kind])
