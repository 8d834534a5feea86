"""A whole installation against a lock: ComfyUI, packs, models; each file is hashed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfylock.verifying.comfyui import comfyui_checked
from comfylock.verifying.digests import Digests, Trouble
from comfylock.verifying.findings import Checked, joined
from comfylock.verifying.look import shown, troubled
from comfylock.verifying.models import model_looks
from comfylock.verifying.packs import Archives, Ground, pack_looks
from comfylock.verifying.shelf import Shelf

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from comfylock.findings import Finding
    from comfylock.lockfile.schema import Lock
    from comfylock.sources.git_command import Commands
    from comfylock.verifying.folders import Folders


@dataclass(frozen=True, slots=True)
class Installation:
    """A ComfyUI on this machine, and what it takes to look at it."""

    folder: str
    folders: Folders
    commands: Commands
    executor: Executor
    archives: Archives
    digests: Digests
    groups: frozenset[str] | None = frozenset()
    """The groups that must be installed; None: all of them."""

    @property
    def ground(self) -> Ground:
        """Return what packs are looked for with."""
        return Ground(
            self.folder,
            self.folders.custom_nodes,
            self.commands,
            self.executor,
            self.archives,
            self.groups,
        )


def installed(lock: Lock, place: Installation) -> Checked:
    """Return what of an installation is as locked, and what is not. No network."""
    comfyui = (
        place.executor.submit(comfyui_checked, lock.comfyui, place.folder, place.commands)
        if lock.comfyui is not None
        else None
    )
    shelf = Shelf(place.folders, place.folder)
    looks = model_looks(lock.models, shelf, place.groups)
    looks += pack_looks(lock.packs, place.ground)
    digests = place.digests.find(path for look in looks for path in look.wanted)
    parts = [Checked(tuple(_settings(place))), *(look.judged(digests) for look in looks)]
    if comfyui is not None:
        parts.append(comfyui.result())
    return joined(parts)


def _settings(place: Installation) -> list[Finding]:
    """Return what could not be understood of where models are."""
    return [
        troubled("file", shown(path, place.folder), shown(path, place.folder), _trouble(told))
        for path, told in place.folders.problems
    ]


def _trouble(told: str) -> Trouble:
    return Trouble("unreadable", told)
