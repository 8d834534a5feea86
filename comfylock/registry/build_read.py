"""Read the registry's inputs from disk: packages, recorded definitions, a git directory."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import msgspec

from comfylock.errors import RegistryError
from comfylock.registry.build_facts import (
    BuildInputs,
    CoreHistory,
    CoreState,
    Documents,
    FormerLists,
    Frontend,
    ManagerLists,
    RecordedPack,
    Templates,
)
from comfylock.registry.build_git import git_directory
from comfylock.registry.build_manager import read_manager
from comfylock.registry.build_record import (
    declared_repository,
    is_comfyui,
    is_manager,
    record_comfyui,
    record_manager,
    record_pack,
)
from comfylock.registry.build_templates import read_templates
from comfylock.registry.build_trees import Folder, Tree, Wheel, read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LISTS = (
    "custom-node-list.json",
    "extension-node-map.json",
    "github-stats.json",
    "model-list.json",
)
_REGISTERED = re.compile(rb"registerNodeType\([`\"']([A-Za-z][\w ]{0,80})[`\"']")
_VERSION = re.compile(r"\d+(?:\.\d+)+")

_UNREADABLE = (
    EOFError,
    OSError,
    RuntimeError,  # zipfile's word for encrypted and for unknown compression; RecursionError
    UnicodeDecodeError,
    msgspec.MsgspecError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What damaged files raise."""


class _Found:
    """What was found so far, by kind."""

    def __init__(self) -> None:
        self.managers: list[ManagerLists] = []
        self.templates: list[Templates] = []
        self.documents: list[Documents] = []
        self.states: list[CoreState] = []
        self.histories: list[CoreHistory] = []
        self.recorded: list[RecordedPack] = []
        self.former: list[FormerLists] = []
        self.frontends: list[Frontend] = []

    def __len__(self) -> int:
        return sum(len(kind) for kind in vars(self).values())

    def inputs(self) -> BuildInputs:
        """Return it as the input of `compile_registry`."""
        return BuildInputs(
            managers=tuple(self.managers),
            templates=tuple(self.templates),
            documents=tuple(self.documents),
            states=tuple(self.states),
            histories=tuple(self.histories),
            recorded=tuple(self.recorded),
            former=tuple(self.former),
            frontends=tuple(self.frontends),
        )


def read_inputs(paths: Iterable[str]) -> BuildInputs:
    """Return the facts in wheels, unpacked packages, recordings, git directories and answers.

    A recording or an answer of `/object_info` is a JSON file; the version that answered is
    taken from its file name.

    Raises:
        RegistryError: a path is missing, damaged, or nothing that a registry is made of.
    """
    found = _Found()
    for path in paths:
        before = len(found)
        try:
            _read(path, found)
        except _UNREADABLE as error:
            reason = getattr(error, "strerror", None) or error
            raise RegistryError(path, f"cannot be read: {reason}") from error
        if len(found) == before:
            raise RegistryError(path, "nothing in it that a registry is compiled from")
    return found.inputs()


def _read(path: str, found: _Found) -> None:
    directory = git_directory(path)
    if directory is not None:
        _read_git(directory, found)
    elif os.path.isdir(path):
        _read_folder(path, found)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            _read_package(Wheel(archive), found)
    else:
        _read_json(path, found)


def _read_git(directory: str, found: _Found) -> None:
    """Read a history: ComfyUI's, the Manager's, or that of a pack that names its repository."""
    if is_comfyui(directory):
        found.histories.append(record_comfyui(directory))
    elif is_manager(directory):
        found.former.append(record_manager(directory))
    elif (repository := declared_repository(directory)) is not None:
        found.recorded.append(record_pack(directory, repository))


def _read_folder(path: str, found: _Found) -> None:
    names = sorted(os.listdir(path))
    if any(name.endswith(".dist-info") for name in names):
        _read_package(Folder(path), found)
        return
    lists = [name for name in names if name in _LISTS]
    if lists:
        files = {name: msgspec.json.decode(read_file(os.path.join(path, name))) for name in lists}
        found.managers.append(read_manager("", files))
        return
    for name in names:
        if name.endswith(".json"):
            _read_json(os.path.join(path, name), found)


def _read_package(tree: Tree, found: _Found) -> None:
    """Read every package that a folder or wheel holds; its metadata tells the version."""
    for top in tree.tops():
        package, _, rest = top.partition("-")
        version = rest.removesuffix(".dist-info")
        if version == rest:
            continue
        if package == "comfyui_manager":
            _read_manager(tree, version, found)
        elif package == "comfyui_workflow_templates_json":
            names = tree.names(f"{package}/templates")
            workflows = (
                (name.rpartition("/")[2], _decode(tree, name))
                for name in names
                if name.endswith(".json")
            )
            found.templates.append(read_templates(version, workflows))
        elif package == "comfyui_embedded_docs":
            parts = [name.split("/") for name in tree.names(f"{package}/docs")]
            folders = sorted({part[2] for part in parts if len(part) == 4})
            found.documents.append(Documents(version=version, class_types=tuple(folders)))
        elif package == "comfyui_frontend_package":
            scripts = [name for name in tree.names(f"{package}/static") if name.endswith(".js")]
            types = {each for name in scripts for each in _registered(tree.read(name))}
            found.frontends.append(Frontend(version=version, node_types=tuple(sorted(types))))


def _registered(script: bytes) -> Iterator[str]:
    """Yield the node types that a minified script registers by a literal name."""
    for match in _REGISTERED.finditer(script):
        yield match[1].decode("utf-8", "replace")


def _read_manager(tree: Tree, version: str, found: _Found) -> None:
    """Read the Manager's lists; releases before 4.0.5 carry none."""
    folder = "comfyui_manager"
    present = set(tree.names(folder))
    wanted = [name for name in _LISTS if f"{folder}/{name}" in present]
    if wanted:
        files = {name: _decode(tree, f"{folder}/{name}") for name in wanted}
        found.managers.append(read_manager(version, files))


def _decode(tree: Tree, name: str) -> Any:
    return msgspec.json.decode(tree.read(name))


def _read_json(path: str, found: _Found) -> None:
    data = msgspec.json.decode(read_file(path))
    if not isinstance(data, dict):
        return
    if "versions" in data and "commit" in data:
        found.histories.append(msgspec.convert(data, CoreHistory))
    elif "former" in data and "commit" in data:
        found.former.append(msgspec.convert(data, FormerLists))
    elif "repository" in data and "commit" in data:
        found.recorded.append(msgspec.convert(data, RecordedPack))
    elif (kind := _list_kind(data)) is not None:
        found.managers.append(read_manager("", {kind: data}))
    elif data and all(isinstance(each, dict) and "input" in each for each in data.values()):
        version = _VERSION.search(os.path.basename(path))
        found.states.append(CoreState(version[0] if version else "", tuple(sorted(data))))


def _list_kind(data: dict[str, Any]) -> str | None:
    """Return which of the Manager's lists a JSON object is, told by its shape."""
    if isinstance(data.get("custom_nodes"), list):
        return "custom-node-list.json"
    if isinstance(data.get("models"), list):
        return "model-list.json"
    # A row that somebody spoilt costs that row, not the list.
    rows = sum(isinstance(v, list) and bool(v) and isinstance(v[0], list) for v in data.values())
    return "extension-node-map.json" if rows * 2 > len(data) else None
