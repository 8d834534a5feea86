"""The part of a verification that looks at this machine's disk. No network."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from comfylock.errors import UsageError, WriteError
from comfylock.net.answers import Offline
from comfylock.net.cache import Cache
from comfylock.ops.cache import cache_folder, cache_root
from comfylock.sources.git_command import Commands, Limits
from comfylock.verifying.comfyui import comfyui_fault
from comfylock.verifying.digests import Digests
from comfylock.verifying.findings import Checked, observe
from comfylock.verifying.folders import folders_of
from comfylock.verifying.installed import Installation, installed
from comfylock.verifying.python_environment import (
    Distribution,
    Environment,
    NoEnvironmentError,
    distributions,
    environment_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfylock.findings import Finding
    from comfylock.lockfile.schema import Lock, PackPin
    from comfylock.ops.verify_request import VerifyRequest
    from comfylock.verifying.digests import Progress
    from comfylock.verifying.inventory import Inventory

DIGESTS = "digests.json"
"""Where digests of files are remembered, in the cache's folder."""

USUAL = ("venv", ".venv", "../venv", "../.venv", "../python_embeded")
"""Where ComfyUI's environment is, from its folder, if nobody says."""


def not_comfyui(folder: str) -> Finding | None:
    """Return the finding for a folder that is no ComfyUI."""
    fault = comfyui_fault(folder)
    if fault is None:
        return None
    inner = os.path.join(folder, "ComfyUI")
    mend = f"--installed {inner}" if comfyui_fault(inner) is None else "--installed DIR"
    return observe("not-comfyui", "comfyui", folder, f"`{folder}` {fault}", mend=mend)


def installed_checked(lock: Lock, place: Installation) -> Checked:
    """Compare an installation with a lock."""
    return installed(lock, place)


@contextmanager
def installation(
    request: VerifyRequest, environ: Mapping[str, str], progress: Progress | None
) -> Iterator[Installation]:
    """Yield an installation with all that it takes to look at it.

    Raises:
        UsageError: a folder of models that was named is not there.
    """
    import tempfile  # noqa: PLC0415 - costs 8 ms, and not every run needs it

    from comfylock.threads import threads  # noqa: PLC0415

    folder = os.path.abspath(request.installed or ".")
    for root in request.model_roots:
        if not os.path.isdir(root):
            raise UsageError(f"{root}: there is no such folder")
    count = max(4, os.cpu_count() or 1)
    with (
        tempfile.TemporaryDirectory(prefix="comfylock-verify-") as scratch,
        threads(count, "comfylock") as executor,
    ):
        made = Installation(
            folder=folder,
            folders=folders_of(
                folder, roots=request.model_roots, files=request.path_files, environ=environ
            ),
            commands=Commands(scratch, Limits()),
            executor=executor,
            archives=_Archives(environ),
            digests=Digests(
                os.path.join(cache_root(environ), DIGESTS), time.time_ns, progress=progress
            ),
            groups=None if request.groups is None else frozenset(request.groups),
        )
        try:
            yield made
        finally:  # what an interrupted run has read is not read again
            made.digests.save()


class _Archives:
    """What the cache knows of the archives of the Comfy Registry. No network."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._answers = Offline(Cache(cache_folder(environ), time.time))

    def files(self, pin: PackPin) -> Mapping[str, str] | None:
        """Return path to sha256 of the archive that a pin names; None if nobody knows."""
        from comfylock.sources.comfy_registry_archive import known_files  # noqa: PLC0415 - 35 ms

        return known_files(self._answers, pin)


Packages = tuple[Environment, list[Distribution]]


def packages_of(request: VerifyRequest) -> tuple[Packages | None, tuple[Finding, ...]]:
    """Return the Python environment that was named, or is ComfyUI's, with its packages."""
    asked = request.python
    if asked is None and request.installed is not None:
        places = (os.path.normpath(os.path.join(request.installed, each)) for each in USUAL)
        asked = next((place for place in places if os.path.isdir(place)), None)
    if asked is None:
        return None, ()
    try:
        environment = environment_of(asked)
    except NoEnvironmentError as error:
        if request.python is None:
            return None, ()
        mend = "--python EXE, the interpreter that runs ComfyUI"
        return None, (observe("unreadable", "python", asked, str(error), asked, mend),)
    found, faults = distributions(environment)
    told = [
        observe("unreadable", "python", path, f"`{path}` {why}", path, "chmod -R u+rX " + path)
        for path, why in faults
    ]
    return (environment, found), tuple(told)


def write_inventory_file(path: str, inventory: Inventory) -> None:
    """Write an inventory.

    Raises:
        WriteError: it cannot be written.
    """
    from comfylock.files import write_atomically  # noqa: PLC0415 - as above
    from comfylock.verifying.inventory import write_inventory  # noqa: PLC0415

    try:
        write_atomically(path, write_inventory(inventory))
    except OSError as error:
        raise WriteError(path, f"cannot be written: {error.strerror or error}") from error
