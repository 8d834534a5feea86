"""Making an inventory of an installation: every pack, model and package, locked or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.errors import SourceUnavailableError
from comfylock.sources.git_checkout import read_checkout
from comfylock.sources.git_folder import CheckoutError
from comfylock.sources.hidden_code import MADE
from comfylock.verifying.comfyui import checkout_of, version_of
from comfylock.verifying.digests import Trouble
from comfylock.verifying.disk import inside, walk
from comfylock.verifying.inventory import (
    InstalledComfyui,
    InstalledModel,
    InstalledPack,
    InstalledPackage,
    Inventory,
    digest_of_files,
)
from comfylock.verifying.look import shown, troubled
from comfylock.verifying.pack_folders import TRACKING, PackFolder, pack_folders, remote_key
from comfylock.verifying.shelf import SUFFIXES, Shelf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.findings import Finding
    from comfylock.sources.git_checkout import Checkout
    from comfylock.verifying.installed import Installation
    from comfylock.verifying.python_environment import Distribution, Environment


def inventory_of(
    place: Installation,
    environment: Environment | None = None,
    packages: list[Distribution] | None = None,
) -> tuple[Inventory, tuple[Finding, ...]]:
    """Return what is installed, and what could not be looked at. No network."""
    findings: list[Finding] = []
    shelf = Shelf(place.folders, place.folder)
    models = _models(shelf)
    folders, faults = pack_folders(place.folders.custom_nodes, place.commands, place.executor)
    for path, told in [*faults, *shelf.unreadable()]:
        name = shown(path, place.folder)
        findings.append(troubled("file", name, name, Trouble("unreadable", told)))
    files = {folder.path: _files(folder) for folder in folders if folder.git is None}
    wanted = [path for found in files.values() for path in found.values()]
    digests = place.digests.find([*wanted, *(path for path, _ in models.values())])
    packs = place.executor.map(
        lambda folder: _pack(place, folder, files.get(folder.path, {}), digests), folders
    )
    return (
        Inventory(
            comfyui=_comfyui(place, findings),
            packs=tuple(sorted(packs)),
            models=tuple(_model(name, *models[name], digests) for name in sorted(models)),
            python_version=environment.version if environment is not None else None,
            python=_python(packages),
        ),
        tuple(findings),
    )


def _models(shelf: Shelf) -> dict[str, tuple[str, int]]:
    """Return name to path and size of every model; the first of a name, as ComfyUI finds it."""
    found: dict[str, tuple[str, int]] = {}
    for folder, key in shelf.all_folders().items():
        for name, status in shelf.walked(folder).files.items():
            if name.lower().endswith(SUFFIXES):
                path = inside(folder, name)
                found.setdefault(f"{key}/{name}", (path, status.st_size))
    return found


def _model(name: str, path: str, size: int, digests: Mapping[str, str | Trouble]) -> InstalledModel:
    digest = digests[path]
    return InstalledModel(name, size, digest if isinstance(digest, str) else None)


def _files(folder: PackFolder) -> dict[str, str]:
    """Return name to path of a pack's files, without what is made while it is used."""
    if folder.is_file:
        return {folder.name: folder.path}
    found = walk(folder.path, follows=False, skips=lambda _, name: name in MADE)
    return {name: inside(folder.path, name) for name in found.files if name != TRACKING}


def _pack(
    place: Installation,
    folder: PackFolder,
    files: Mapping[str, str],
    digests: Mapping[str, str | Trouble],
) -> InstalledPack:
    checkout = _checkout(place, folder)
    name = folder.registry_id or min(folder.identities, key=len, default=folder.name.lower())
    if folder.git is not None:
        remote = remote_key(folder.git)
        return InstalledPack(
            name,
            folder.name,
            "git",
            folder.version,
            folder.git.head,
            remote,
            changes=_changes(checkout),
            is_disabled=folder.is_disabled,
        )
    known = {name: d for name, path in files.items() if isinstance(d := digests[path], str)}
    is_whole = len(known) == len(files)
    if folder.is_file:
        digest = next(iter(known.values()), None)
        return InstalledPack(
            name, folder.name, "file", digest=digest, is_disabled=folder.is_disabled
        )
    return InstalledPack(
        name,
        folder.name,
        "comfy-registry" if folder.tracking is not None else "folder",
        folder.version,
        digest=digest_of_files(known) if is_whole else None,
        is_disabled=folder.is_disabled,
    )


def _checkout(place: Installation, folder: PackFolder) -> Checkout | None:
    if folder.git is None:
        return None
    try:
        return read_checkout(place.commands, folder.path, found=folder.git)
    except (CheckoutError, SourceUnavailableError):
        return None


def _changes(checkout: Checkout | None) -> tuple[str, ...]:
    """Return what a checkout's files are otherwise than its commit has them."""
    if checkout is None:
        return ("it cannot be looked at",)
    found = [f"{change.state} {change.path}" for change in checkout.changes]
    if checkout.damage is not None:
        found.append(checkout.damage)
    for module in checkout.modules:
        at = module.checkout.commit if module.checkout is not None else None
        if at != module.commit:
            found.append(f"submodule {module.path} at {at or 'nothing'}")
        found += [f"{module.path}: {each}" for each in _changes(module.checkout) if at]
    return tuple(sorted(found))


def _comfyui(place: Installation, findings: list[Finding]) -> InstalledComfyui:
    version = version_of(place.folder)
    try:
        checkout = checkout_of(place.folder, place.commands)
    except (CheckoutError, SourceUnavailableError) as error:
        findings.append(troubled("comfyui", "comfyui", ".", Trouble("unreadable", str(error))))
        return InstalledComfyui(version)
    if checkout is None:
        return InstalledComfyui(version)
    return InstalledComfyui(version, checkout.commit, _changes(checkout))


def _python(packages: list[Distribution] | None) -> tuple[InstalledPackage, ...] | None:
    if packages is None:
        return None
    whole = [each for each in packages if each.fault is None]
    return tuple(sorted({InstalledPackage(each.name, each.version, each.commit) for each in whole}))
