"""A running ComfyUI against a lock: the class types it offers, its models, its versions.

Source: `/object_info`, `/system_stats` and `/models/{folder}` of ComfyUI's server.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.lockfile.pack_needs import names_of
from comfylock.names import normalise_model_path, printable
from comfylock.verifying import mends
from comfylock.verifying.findings import Checked, Item, judged, observe
from comfylock.verifying.matching import folder_name
from comfylock.verifying.python_packages import same_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from comfylock.findings import Finding
    from comfylock.lockfile.schema import Lock, PackPin
    from comfylock.python.wanted import Package

MAX_EXTRA = 200
"""Packs of a server that are not locked and are named."""

OWN_FILES = frozenset({"websocket_image_save"})
"""What ComfyUI's own repository has in `custom_nodes`."""


class ServerFacts(Struct, frozen=True):
    """What a server says of itself."""

    address: str
    """Without user and password."""
    modules: dict[str, str]
    """Class type to the Python module that it is from, empty where it does not say."""
    comfyui: str | None = None
    python: str | None = None
    torch: str | None = None
    models: dict[str, frozenset[str]] = {}
    """Folder key to the files that it sees there; keys that it does not know are absent."""


def modules_of(document: object) -> dict[str, str] | None:
    """Return class type to Python module of an `/object_info`; None if it is none."""
    if not isinstance(document, dict):
        return None
    found: dict[str, str] = {}
    for name, entry in document.items():
        module = entry.get("python_module") if isinstance(entry, dict) else None
        found[str(name)] = module if isinstance(module, str) else ""
    return found


def versions_of(document: object) -> tuple[str | None, str | None, str | None]:
    """Return the versions of ComfyUI, Python and torch in a `/system_stats`."""
    system: Any = document.get("system") if isinstance(document, dict) else None
    table: dict[str, Any] = system if isinstance(system, dict) else {}
    python = _text(table.get("python_version"))
    return (
        _text(table.get("comfyui_version")),
        python.split()[0] if python else None,
        _text(table.get("pytorch_version")),
    )


def _text(value: object) -> str | None:
    return printable(value, 80) if isinstance(value, str) and value.strip() else None


def server_checked(
    lock: Lock,
    facts: ServerFacts,
    frontend_only: Collection[str],
    python: str | None,
    packages: tuple[Package, ...] | None,
) -> Checked:
    """Compare a server with a lock; `frontend_only` are class types that no server has."""
    checked = _versions(lock, facts, python, packages)
    folders = {name: pin.name for pin in lock.packs for name in _folders(pin)}
    for pin in lock.packs:
        checked += _pack(pin, facts, frontend_only, folders)
    for model in {model.place: model for model in reversed(lock.models)}.values():
        seen = facts.models.get(model.folder or "")
        if model.folder is None or seen is None or model.name in seen:
            continue
        told = f"the server does not see `{model.place}`"
        mend = "comfylock verify --installed DIR, where the server's files are"
        finding = observe("server-model", "model", model.key, told, facts.address, mend)
        checked += Checked((finding,))
    return checked + Checked(tuple(_extra(facts, folders)))


def _folders(pin: PackPin) -> set[str]:
    """Return the names of folders that a pack may be in, as modules have them."""
    names = {folder_name(pin), *(name.rpartition("/")[2] for name in names_of(pin))}
    return {name.removesuffix(".py").lower() for name in names}


def _folder_of(module: str) -> str | None:
    """Return the folder that a module of a pack is from; None for ComfyUI's own."""
    first, _, rest = module.partition(".")
    return rest if first == "custom_nodes" and rest else None


def _pack(
    pin: PackPin,
    facts: ServerFacts,
    frontend_only: Collection[str],
    folders: Mapping[str, str],
) -> Checked:
    findings: list[Finding] = []
    expected = [c for c in pin.provides if c not in frontend_only and c not in pin.missing]
    for class_type in expected:
        if class_type not in facts.modules:
            told = f"the server does not offer `{printable(class_type, 80)}` of `{pin.name}`"
            mend = "look into the server's log for why the pack was not loaded; then restart it"
            findings.append(observe("server-class", "pack", pin.name, told, facts.address, mend))
            continue
        folder = _folder_of(facts.modules[class_type])
        owner = folders.get((folder or "").lower())
        is_core = folder is None and bool(facts.modules[class_type])
        if is_core or (owner is not None and owner != pin.name):
            origin = f"`{owner}`" if owner is not None else "ComfyUI itself"
            told = f"`{printable(class_type, 80)}` is from {origin} there, locked is `{pin.name}`"
            mend = f'"{class_type}" under [class-types] in comfylock.toml says which is meant'
            findings.append(observe("server-origin", "pack", pin.name, told, facts.address, mend))
    if not expected:
        return Checked()
    item = Item("pack", pin.name, "unproven", pin.version, proof="class types of a server")
    return Checked(tuple(findings), (judged(item, findings),))


def _extra(facts: ServerFacts, folders: Mapping[str, str]) -> Iterator[Finding]:
    found = {_folder_of(module) for module in facts.modules.values()}
    unknown = sorted(f for f in found if f and f not in OWN_FILES and f.lower() not in folders)
    for folder in unknown[:MAX_EXTRA]:
        told = f"the server has loaded `custom_nodes/{printable(folder, 80)}`, which is not locked"
        mend = mends.disable(f"custom_nodes/{folder}")
        yield observe("server-extra", "pack", folder, told, facts.address, mend)


def _versions(
    lock: Lock, facts: ServerFacts, python: str | None, packages: tuple[Package, ...] | None
) -> Checked:
    findings: list[Finding] = []
    wanted = (lock.comfyui.version or "").removeprefix("v") if lock.comfyui is not None else ""
    if wanted and facts.comfyui is not None and facts.comfyui.removeprefix("v") != wanted:
        told = f"the server runs ComfyUI {facts.comfyui}, locked is {wanted}"
        mend = "install the locked one and restart the server"
        findings.append(
            observe(
                "server-version",
                "comfyui",
                "comfyui",
                told,
                facts.address,
                mend,
                wanted,
                facts.comfyui,
            )
        )
    torch = next((p.version for p in packages or () if p.name == "torch"), None)
    if python and facts.python and not f"{facts.python}.".startswith(f"{python}."):
        findings.append(_other("Python", python, facts.python, facts.address))
    if torch and facts.torch and not same_version(torch, facts.torch):
        findings.append(_other("torch", torch, facts.torch, facts.address))
    if not wanted or facts.comfyui is None:
        return Checked(tuple(findings))
    item = Item("comfyui", "comfyui", "unproven", wanted, facts.comfyui, proof="a server's version")
    mine = [finding for finding in findings if finding.about == "comfyui"]
    return Checked(tuple(findings), (judged(item, mine),))


def _other(what: str, locked: str, found: str, address: str) -> Finding:
    told = f"the server runs {what} {found}, locked is {locked}"
    mend = "install the locked packages and restart the server"
    name = what.lower()
    return observe("server-python", "python", name, told, address, mend, locked, found)


def seen_names(document: object) -> frozenset[str] | None:
    """Return the files of a `/models/{folder}` answer, `/` between parts; None if it is none."""
    if not isinstance(document, list):
        return None
    return frozenset(normalise_model_path(each) for each in document if isinstance(each, str))
