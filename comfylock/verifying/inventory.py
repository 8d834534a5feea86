"""What is installed on one machine, as values that another machine can be compared with.

No absolute path, host, user or moment is in it: two equal installations have equal inventories.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec
from msgspec import Struct

from comfylock.errors import UsageError
from comfylock.names import printable

SCHEMA = "comfylock.inventory"
VERSION = 1
MAX_INVENTORY = 128 << 20
"""Bytes."""


class InstalledComfyui(Struct, frozen=True):
    """ComfyUI itself."""

    version: str | None = None
    commit: str | None = None
    """None where git did not check it out."""
    changes: tuple[str, ...] = ()
    """Files that are not of the commit, each with its state and digest, sorted."""


class InstalledPack(Struct, frozen=True, order=True):
    """One pack."""

    name: str
    """Registry id or `owner/repo`, lower case; its folder where nothing tells."""
    folder: str
    source: Literal["comfy-registry", "git", "file", "folder"]
    version: str | None = None
    commit: str | None = None
    remote: str | None = None
    """git: `host/owner/repo`."""
    digest: str | None = None
    """sha256 over names and bytes of all its files; git: None, its commit and changes tell."""
    changes: tuple[str, ...] = ()
    is_disabled: bool = False


class InstalledModel(Struct, frozen=True, order=True):
    """One model file."""

    name: str
    """`folder/name`."""
    size: int
    sha256: str | None
    """None if it could not be read."""


class InstalledPackage(Struct, frozen=True, order=True):
    """One Python package."""

    name: str
    version: str | None
    commit: str | None = None
    """Of the repository that it was installed from."""


class Inventory(Struct, frozen=True):
    """Everything that is installed; lists sorted by name."""

    schema: str = SCHEMA
    version: int = VERSION
    comfyui: InstalledComfyui | None = None
    packs: tuple[InstalledPack, ...] = ()
    models: tuple[InstalledModel, ...] = ()
    python_version: str | None = None
    python: tuple[InstalledPackage, ...] | None = None
    """None: no environment was looked at."""


def write_inventory(inventory: Inventory) -> bytes:
    """Return an inventory's bytes: equal ones for equal inventories."""
    return msgspec.json.format(msgspec.json.encode(inventory), indent=2) + b"\n"


def is_inventory(data: bytes) -> bool:
    """Say whether a file means to be an inventory; a lock never begins like one."""
    return data.lstrip()[:1] == b"{" and f'"{SCHEMA}"'.encode() in data[:200]


def read_inventory(data: bytes, file: str) -> Inventory:
    """Return the inventory that a file holds.

    Raises:
        UsageError: it is none, or of a newer format.
    """
    shown = printable(file)
    hint = "comfylock verify --installed DIR --inventory FILE"
    if len(data) > MAX_INVENTORY:
        raise UsageError(f"{shown} is larger than {MAX_INVENTORY >> 20} MiB", hint=hint)
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.schema == SCHEMA and head.version > VERSION:
            told = f"{shown} is an inventory of version {head.version}, this comfylock reads up to"
            raise UsageError(f"{told} {VERSION}", hint="use a newer comfylock")
        if head.schema != SCHEMA:
            raise UsageError(f"{shown} is no inventory", hint=hint)
        found = msgspec.json.decode(data, type=Inventory)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        told = printable(str(error), 120)
        raise UsageError(f"{shown} is no inventory: {told}", hint=hint) from error
    return found


class _Head(Struct):
    schema: str = ""
    version: int = 0


def digest_of_files(files: dict[str, str]) -> str:
    """Return one sha256 for names and digests of many files."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{files[name]}  ".encode() + name.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()
