"""Was a lock edited by hand? What is well-formed and still cannot be what comfylock wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.errors import LockParseError

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock, PackPin

HINT = "comfylock lock --upgrade-package NAME==VERSION moves a pack; git restores the file"


def refuse_edited(lock: Lock, file: str) -> None:
    """Refuse a lock whose pins contradict themselves.

    Raises:
        LockParseError: with every such pin.
    """
    faults = tuple(
        (f"pack[{index}].version", f"is {pin.version}, `url` is of another: edited by hand")
        for index, pin in enumerate(lock.packs)
        if not _is_of_its_version(pin)
    )
    if faults:
        raise LockParseError(file, faults, hint=HINT)


def _is_of_its_version(pin: PackPin) -> bool:
    """Say whether an archive's address has the version of its pin.

    Source: the registry's own addresses, `https://cdn.comfy.org/PUBLISHER/ID/VERSION/node.zip`.
    """
    parts = (pin.url or "").split("/")
    is_release = pin.source == "comfy-registry" and parts[2:3] == ["cdn.comfy.org"]
    return not is_release or len(parts) != 7 or parts[5] == pin.version
