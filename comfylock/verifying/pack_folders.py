"""Which packs there are in `custom_nodes`, loaded or disabled, and what each says it is.

Source: init_external_custom_nodes in ComfyUI's nodes.py; ComfyUI-Manager's node_package.py.
"""

from __future__ import annotations

import os
import stat
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.definitions.project_file import read_project
from comfylock.names import normalise_registry_id, normalise_repository, repository_key
from comfylock.sources.git_folder import CheckoutError, GitFolder, git_folder
from comfylock.verifying.disk import read_small

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor

    from comfylock.sources.git_command import Commands

DISABLED = ".disabled"
TRACKING = ".tracking"
PROJECT = "pyproject.toml"
MAX_TRACKING = 16 << 20
MAX_PROJECT = 1 << 20
OWN = frozenset({"websocket_image_save.py", "example_node.py.example"})
"""Files that ComfyUI's own repository has there."""

_SIGNS = frozenset({"__init__.py", "prestartup_script.py", "install.py", ".git", TRACKING, PROJECT})
"""What makes a folder a pack: ComfyUI or its Manager would run something of it, or made it."""


class PackFolder(Struct, frozen=True):
    """One pack on disk."""

    path: str
    name: str
    """Of the folder or file, without what disables it."""
    is_disabled: bool = False
    is_file: bool = False
    link: str | None = None
    """What it leads to, if it is a symbolic link."""
    git: GitFolder | None = None
    registry_id: str | None = None
    version: str | None = None
    """What its pyproject.toml says."""
    tracking: tuple[str, ...] | None = None
    """The files that the Comfy Registry's installer wrote, as it wrote them down."""
    trouble: str | None = None
    """Why it cannot be looked at: the second half of a sentence."""

    @property
    def identities(self) -> frozenset[str]:
        """Return the names that its own files give it."""
        found = {self.registry_id} if self.registry_id else set()
        key = remote_key(self.git)
        if key is not None:
            found |= {key, key.removeprefix("github.com/")}
        return frozenset(found)


def remote_key(git: GitFolder | None) -> str | None:
    """Return `host/owner/repo` of a checkout's remote; None if it names no repository.

    Whatever else it may be, such as an address with a password, is nobody's name.
    """
    normal = normalise_repository(git.remote) if git is not None and git.remote else None
    return repository_key(normal) if normal is not None else None


def pack_folders(
    places: Iterable[str], commands: Commands, executor: Executor
) -> tuple[list[PackFolder], list[tuple[str, str]]]:
    """Return the packs below `custom_nodes` folders, sorted, and what could not be listed."""
    entries: list[tuple[str, str, bool]] = []
    faults: list[tuple[str, str]] = []
    for place in places:
        for folder, hidden in ((place, False), (os.path.join(place, DISABLED), True)):
            try:
                names = sorted(os.listdir(folder))
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                faults.append((folder, f"cannot be listed: {error.strerror}"))
                continue
            entries += [(folder, name, hidden) for name in names]
    found = executor.map(partial(_pack, commands), entries)
    return [each for each in found if each is not None], faults


def _pack(commands: Commands, entry: tuple[str, str, bool]) -> PackFolder | None:
    """Return what one entry is; None if ComfyUI would not load it and nobody disabled it."""
    folder, name, hidden = entry
    path = os.path.join(folder, name)
    is_disabled = hidden or name.endswith(DISABLED)
    shown = name.removesuffix(DISABLED).partition("@")[0] if is_disabled else name
    if name in {"__pycache__", DISABLED}:
        return None
    link = os.readlink(path) if os.path.islink(path) else None
    if link is not None and not os.path.exists(path):
        return None
    plain = PackFolder(path, shown, is_disabled=is_disabled, link=link)
    try:
        status = os.stat(path)
        if stat.S_ISREG(status.st_mode):
            if name in OWN:
                return None
            return replace(plain, is_file=True) if shown.endswith(".py") else None
        if not stat.S_ISDIR(status.st_mode):
            return None
        is_pack = not _SIGNS.isdisjoint(os.listdir(path))
        return _described(commands, plain) if is_pack else None
    except OSError as error:
        return replace(plain, trouble=f"cannot be read: {error.strerror}")


def _described(commands: Commands, plain: PackFolder) -> PackFolder:
    """Return what a pack's own files say it is."""
    git, trouble = None, None
    try:
        git = git_folder(commands, plain.path)
        with os.scandir(plain.path):
            pass  # a folder that cannot be listed is said to be so here
    except CheckoutError as error:
        trouble = str(error)
    project = read_small(os.path.join(plain.path, PROJECT), MAX_PROJECT)
    listed = read_small(os.path.join(plain.path, TRACKING), MAX_TRACKING)
    tracking = None
    if listed is not None:
        lines = listed.decode("utf-8", "surrogateescape").splitlines()
        tracking = tuple(line.strip().replace("\\", "/") for line in lines if line.strip())
    return replace(
        plain,
        git=git,
        registry_id=_registry_id(plain.path, git, project),
        version=_version(project),
        tracking=tracking,
        trouble=trouble,
    )


def _registry_id(path: str, git: GitFolder | None, project: bytes | None) -> str | None:
    """Return the registry id that the Manager noted, or that the pack itself says."""
    if git is not None:
        noted = read_small(os.path.join(path, ".git", ".cnr-id"), 1000)
        if noted is not None:
            return normalise_registry_id(noted.decode("utf-8", "replace"))
    return read_project(project)[0]


def _version(project: bytes | None) -> str | None:
    """Return the version of a pyproject.toml, in the registry's three parts."""
    if project is None:
        return None
    import tomllib  # noqa: PLC0415 - few runs look at packs

    try:
        document = tomllib.loads(project.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    table = document.get("project")
    version = table.get("version") if isinstance(table, dict) else None
    return three_parts(version) if isinstance(version, str) else None


def three_parts(version: str) -> str:
    """Return a version as the registry normalises it: `v2.5` is `2.5.0`."""
    text = version.strip().removeprefix("v").removeprefix("V")
    numbers, mark, rest = _parted(text)
    parts = numbers.split(".")
    if all(part.isdigit() for part in parts):
        parts = [str(int(part)) for part in parts] + ["0"] * (3 - len(parts))
        return ".".join(parts) + mark + rest
    return text


def _parted(text: str) -> tuple[str, str, str]:
    at = min((text.find(mark) for mark in "-+" if mark in text), default=-1)
    return (text, "", "") if at < 0 else (text[:at], text[at], text[at + 1 :])
