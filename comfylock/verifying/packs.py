"""Every locked pack against what is installed, and what is installed besides."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from comfylock.errors import SourceUnavailableError
from comfylock.hashing import NotAFileError
from comfylock.lockfile.diff import label
from comfylock.lockfile.pack_needs import names_of
from comfylock.sources.git_checkout import read_checkout
from comfylock.sources.git_folder import CheckoutError
from comfylock.verifying import mends
from comfylock.verifying.digests import Trouble
from comfylock.verifying.findings import Checked, Item, judged, observe
from comfylock.verifying.git_packs import SHORT, Locked, checkout_findings
from comfylock.verifying.look import Settled, shown, troubled
from comfylock.verifying.matching import folder_name, match
from comfylock.verifying.pack_folders import PackFolder, pack_folders
from comfylock.verifying.plain_tree import plain_tree_id
from comfylock.verifying.registry_packs import RegistryLook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor

    from comfylock.findings import Finding
    from comfylock.lockfile.schema import PackPin
    from comfylock.sources.git_command import Commands
    from comfylock.verifying.look import Look


class Archives(Protocol):
    """Whoever knows what is in the archives of the Comfy Registry."""

    def files(self, pin: PackPin) -> Mapping[str, str] | None:
        """Return path to sha256 of the archive that a pin names; None if nobody knows."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where packs are looked for, and with what."""

    base: str
    """ComfyUI's folder."""
    custom_nodes: tuple[str, ...]
    commands: Commands
    executor: Executor
    archives: Archives
    groups: frozenset[str] | None = None
    """The groups that must be there; None: all of them."""


def pack_looks(pins: tuple[PackPin, ...], ground: Ground) -> list[Look]:
    """Return a look at each locked pack, and what is said about the others."""
    folders, faults = pack_folders(ground.custom_nodes, ground.commands, ground.executor)
    matches = match(pins, folders)
    looks: list[Look] = []
    started = [
        ground.executor.submit(_look, pin, matches.by_pack[pin.name], ground) for pin in pins
    ]
    looks += [future.result() for future in started]
    for path, told in faults:
        place = shown(path, ground.base)
        finding = troubled("pack", place, place, Trouble("unreadable", told))
        looks.append(Settled(Checked((finding,))))
    looks += [_extra(folder, ground.base) for folder in matches.extra if not folder.is_disabled]
    return looks


def _look(pin: PackPin, mine: tuple[PackFolder, ...], ground: Ground) -> Look:
    loaded = [folder for folder in mine if not folder.is_disabled]
    if not loaded:
        return Settled(_absent(pin, mine, ground))
    folder, *others = loaded
    place = shown(folder.path, ground.base)
    more = [_twice(pin, place, shown(each.path, ground.base), each.path) for each in others]
    if folder.link is not None:
        told = f"`{place}` is a symbolic link to `{folder.link}`"
        more.append(observe("pack-link", "pack", pin.name, told, place))
    if folder.trouble is not None:
        trouble = Trouble("unreadable", folder.trouble)
        more.append(troubled("pack", pin.name, place, trouble))
        return Settled(_checked(pin, more))
    return _Joined(_by_source(pin, folder, place, ground), pin, tuple(more))


class _Joined:
    """A look with findings that were known before."""

    def __init__(self, look: Look, pin: PackPin, more: tuple[Finding, ...]) -> None:
        self._look, self._pin, self._more = look, pin, more
        self.wanted = look.wanted

    def judged(self, digests: Mapping[str, str | Trouble]) -> Checked:
        """Return all findings, and the item that they make."""
        found = self._look.judged(digests)
        items = tuple(judged(item, [*found.findings, *self._more]) for item in found.items)
        return Checked(found.findings + self._more, items)


def _by_source(pin: PackPin, folder: PackFolder, place: str, ground: Ground) -> Look:
    if pin.source == "file":
        return _FileLook(pin, folder, place)
    if pin.source == "comfy-registry":
        if folder.git is not None:
            return Settled(_checked(pin, [_other_source(pin, folder, place)]))
        return RegistryLook(pin, folder, ground.base, ground.archives.files(pin))
    if folder.git is None:
        if folder.tracking is not None:
            return Settled(_checked(pin, [_other_source(pin, folder, place)]))
        return Settled(_plain(pin, folder, place))
    return Settled(_checkout(pin, folder, place, ground.commands))


def _checkout(pin: PackPin, folder: PackFolder, place: str, commands: Commands) -> Checked:
    """Compare a checkout with a commit."""
    locked = Locked(
        "pack",
        pin.name,
        folder.path,
        place,
        pin.repository,
        pin.commit or "",
        names=frozenset(names_of(pin)),
    )
    try:
        found = read_checkout(commands, folder.path, found=folder.git)
    except CheckoutError as error:
        finding = troubled("pack", pin.name, place, Trouble("unreadable", str(error)))
        return _checked(pin, [finding])
    except SourceUnavailableError as error:
        trouble = Trouble("unreadable", f"cannot be looked at: git {error}")
        return _checked(pin, [troubled("pack", pin.name, place, trouble)])
    if found is None:
        trouble = Trouble("vanished", "went away while it was looked at")
        return _checked(pin, [troubled("pack", pin.name, place, trouble)])
    return _checked(pin, checkout_findings(locked, found), "commit and every file")


def _plain(pin: PackPin, folder: PackFolder, place: str) -> Checked:
    """Compare a folder without git, such as an image has it, with a commit's tree."""
    modules = dict(line.rsplit(" ", 2)[:2] for line in pin.submodules)
    algorithm = "sha256" if len(pin.tree or "") == 64 else "sha1"
    try:
        found = plain_tree_id(folder.path, modules, algorithm)
    except (OSError, NotAFileError) as error:
        reason = getattr(error, "strerror", None) or "it holds something that is no file"
        trouble = Trouble("unreadable", f"cannot be read: {reason}")
        return _checked(pin, [troubled("pack", pin.name, place, trouble)])
    if found == pin.tree:
        return _without_modules(pin, folder, place, tuple(modules))
    aside = mends.move(folder.path, folder.path + ".disabled")
    told = f"the files in `{place}` are not those of commit {(pin.commit or '')[:SHORT]}"
    mend = f"{aside} && {mends.install(pin, folder.path)}"
    finding = observe("pack-tree", "pack", pin.name, told, place, mend, pin.tree, found)
    return _checked(pin, [finding])


def _without_modules(
    pin: PackPin, folder: PackFolder, place: str, modules: tuple[str, ...]
) -> Checked:
    """Say that a commit's own files are right; without git nobody knows those of submodules."""
    if not modules:
        return _checked(pin, [], "every file of the commit's tree")
    aside = mends.move(folder.path, folder.path + ".disabled")
    mend = f"{aside} && {mends.install(pin, folder.path)}"
    findings = []
    for path in modules:
        below = f"{place}/{path}"
        if _is_filled(os.path.join(folder.path, *path.split("/"))):
            told = f"the files of submodule `{below}` were not compared, as it is no git checkout"
            findings.append(observe("pack-unproven", "pack", pin.name, told, below, mend))
        else:
            told = f"submodule `{below}` is not there"
            findings.append(observe("pack-submodule-missing", "pack", pin.name, told, below, mend))
    checked = _checked(pin, findings, "every file but those of submodules")
    items = (
        replace(item, status="unproven") for item in checked.items if item.status == "verified"
    )
    return replace(checked, items=tuple(items) or checked.items)


def _is_filled(folder: str) -> bool:
    try:
        return bool(os.listdir(folder))
    except OSError:
        return False


class _FileLook:
    """One pack that is a single file."""

    def __init__(self, pin: PackPin, folder: PackFolder, place: str) -> None:
        self._pin, self._folder, self._place = pin, folder, place
        self.wanted: tuple[str, ...] = (folder.path,)

    def judged(self, digests: Mapping[str, str | Trouble]) -> Checked:
        """Compare its bytes."""
        pin, actual = self._pin, digests[self._folder.path]
        if isinstance(actual, Trouble):
            return _checked(pin, [troubled("pack", pin.name, self._place, actual)])
        if actual == pin.sha256:
            return _checked(pin, [], "every byte")
        told = f"`{self._place}` is not the file that is locked"
        mend = mends.install(pin, self._folder.path)
        finding = observe(
            "pack-edited", "pack", pin.name, told, self._place, mend, pin.sha256, actual
        )
        return _checked(pin, [finding])


def _checked(pin: PackPin, findings: list[Finding], proof: str = "") -> Checked:
    item = Item("pack", pin.name, "verified", label(pin), size=pin.size, proof=proof)
    return Checked(tuple(findings), (judged(item, findings),))


def _absent(pin: PackPin, disabled: tuple[PackFolder, ...], ground: Ground) -> Checked:
    target = os.path.join(ground.custom_nodes[0], folder_name(pin))
    if disabled:
        place = shown(disabled[0].path, ground.base)
        told = f"`{pin.name}` is installed in `{place}` and disabled"
        mend = mends.move(disabled[0].path, os.path.join(ground.custom_nodes[0], disabled[0].name))
        finding = observe("pack-disabled", "pack", pin.name, told, place, mend)
        return _checked(pin, [finding])
    if is_optional(pin.groups, ground.groups):
        told = f"`{pin.name}` is not installed; only {_of_groups(pin.groups)} it"
        finding = observe("group-absent", "pack", pin.name, told)
        item = replace(_checked(pin, []).items[0], status="missing", proof="")
        return Checked((finding,), (item,))
    told = f"`{pin.name}` is not installed"
    mend = mends.install(pin, target)
    return _checked(
        pin, [observe("pack-missing", "pack", pin.name, told, shown(target, ground.base), mend)]
    )


def is_optional(groups: tuple[str, ...], wanted: frozenset[str] | None) -> bool:
    """Say whether something may be absent: only groups need it, and none that is asked for."""
    return bool(groups) and wanted is not None and not wanted & set(groups)


def _of_groups(groups: tuple[str, ...]) -> str:
    named = ", ".join(f"`{group}`" for group in groups)
    return f"group {named} needs" if len(groups) == 1 else f"groups {named} need"


def _twice(pin: PackPin, place: str, other: str, path: str) -> Finding:
    told = f"`{pin.name}` is installed in `{place}` and again in `{other}`"
    return observe("pack-duplicate", "pack", pin.name, told, other, mends.disable(path))


def _other_source(pin: PackPin, folder: PackFolder, place: str) -> Finding:
    if folder.git is not None:
        actual = f"a checkout at commit {(folder.git.head or 'none')[:SHORT]}"
    else:
        actual = f"version {folder.version} of the Comfy Registry"
    expected = label(pin)
    wanted = "the Comfy Registry" if pin.source == "comfy-registry" else "git"
    told = f"`{place}` is {actual}, locked is {expected} from {wanted}"
    mend = mends.reinstall(pin, folder.path)
    return observe("pack-source", "pack", pin.name, told, place, mend, expected, actual)


def _extra(folder: PackFolder, base: str) -> Settled:
    place = shown(folder.path, base)
    if folder.trouble is not None:
        trouble = Trouble("unreadable", folder.trouble)
        return Settled(Checked((troubled("pack", folder.name, place, trouble),)))
    name = folder.registry_id or min(folder.identities, key=len, default=folder.name)
    version = folder.version or (folder.git.head if folder.git is not None else None)
    told = f"`{place}` is not locked, and ComfyUI runs its code"
    finding = observe(
        "pack-extra", "pack", name, told, place, mends.disable(folder.path), None, version
    )
    item = Item("pack", name, "extra", found=version, error=told)
    return Settled(Checked((finding,), (item,)))


def scan_only(ground: Ground) -> tuple[list[PackFolder], list[tuple[str, str]]]:
    """Return every pack on disk, for an inventory."""
    return pack_folders(ground.custom_nodes, ground.commands, ground.executor)
