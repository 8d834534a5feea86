"""What a ComfyUI-Manager snapshot says is installed: JSON, or the YAML of its command line."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from comfylock.errors import UsageError
from comfylock.names import printable

MAX_SNAPSHOT_BYTES = 16 * 1024 * 1024
MAX_YAML_BYTES = 1024 * 1024
"""YAML is read a thousand times slower than JSON."""

_SECTIONS = ("git_custom_nodes", "cnr_custom_nodes", "file_custom_nodes")
_NOTHING = frozenset({"null", "none", "~"})
"""How YAML says that there is nothing."""


class InstalledPack(Struct, frozen=True):
    """One pack of a snapshot, in its own words."""

    kind: Literal["git", "registry", "file"]
    name: str
    """The repository's address, the registry id, or the file's name."""
    pin: str | None = None
    """The commit or version, if a text is given for it."""
    is_disabled: bool = False


class Snapshot(Struct, frozen=True):
    """What was installed when a snapshot was taken."""

    comfyui: str | None = None
    """ComfyUI's commit."""
    packs: tuple[InstalledPack, ...] = ()
    """Sorted by kind and name."""
    python_packages: int = 0


def load_snapshot(file: str) -> Snapshot:
    """Return what a snapshot file says.

    Raises:
        UsageError: it cannot be read, or is no snapshot.
    """
    try:
        with open(file, "rb") as stream:
            data = stream.read(MAX_SNAPSHOT_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    return read_snapshot(data, file)


def read_snapshot(data: bytes, file: str) -> Snapshot:
    """Return what a snapshot's bytes say.

    Source: save_snapshot_with_postfix in ComfyUI-Manager's manager_core.py.

    Raises:
        UsageError: they are no snapshot.
    """
    if len(data) > MAX_SNAPSHOT_BYTES:
        raise UsageError(f"{file} is larger than {MAX_SNAPSHOT_BYTES >> 20} MiB")
    document = _decoded(data, file)
    inner = document.get("custom_nodes")
    body = inner if isinstance(inner, dict) else document
    if not any(section in body for section in _SECTIONS):
        raise _no_snapshot(file, f"it has none of `{'`, `'.join(_SECTIONS)}`")
    pips = document.get("pips") or body.get("pips")
    packs = [*_git(body), *_registry(body), *_files(body)]
    return Snapshot(
        comfyui=_pin(document.get("comfyui") or body.get("comfyui")),
        packs=tuple(sorted(packs, key=lambda pack: (pack.kind, pack.name))),
        python_packages=len(pips) if isinstance(pips, dict | list) else 0,
    )


def _git(body: dict[str, Any]) -> list[InstalledPack]:
    section = body.get("git_custom_nodes")
    found = []
    for url, entry in section.items() if isinstance(section, dict) else ():
        commit = entry.get("hash") if isinstance(entry, dict) else entry
        found.append(InstalledPack("git", url, _pin(commit), is_disabled=_disabled(entry)))
    return found


def _registry(body: dict[str, Any]) -> list[InstalledPack]:
    section = body.get("cnr_custom_nodes")
    items = section.items() if isinstance(section, dict) else ()
    return [InstalledPack("registry", name, _pin(version)) for name, version in items]


def _files(body: dict[str, Any]) -> list[InstalledPack]:
    section = body.get("file_custom_nodes")
    entries = section if isinstance(section, list) else []
    return [
        InstalledPack("file", entry["filename"], is_disabled=_disabled(entry))
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("filename"), str)
    ]


def _pin(value: object) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text if text and text.lower() not in _NOTHING else None


def _disabled(entry: object) -> bool:
    """Say whether a pack is switched off; read from YAML, `true` is a word."""
    value = entry.get("disabled") if isinstance(entry, dict) else None
    return value is True or (isinstance(value, str) and value.lower() in {"true", "yes", "on"})


def _decoded(data: bytes, file: str) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = _from_yaml(data, file)
    if not isinstance(document, dict):
        raise _no_snapshot(file, "it holds no table")
    return document


def _from_yaml(data: bytes, file: str) -> Any:
    """Return what a YAML text holds, every value as the text it is written as.

    A version `1.10` is no number, and a commit of digits neither. Aliases are refused: no
    snapshot has any, and a few lines of them can mean gigabytes.
    """
    if len(data) > MAX_YAML_BYTES:
        raise UsageError(f"{file} is no JSON, and too large for YAML")
    import yaml  # noqa: PLC0415 - few snapshots are YAML

    class Loader(yaml.BaseLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("it has aliases")
            return super().compose_node(parent, index)

    try:
        return yaml.load(data.decode("utf-8-sig"), Loader)  # noqa: S506 - it builds texts alone
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _no_snapshot(file, "it is neither JSON nor YAML") from error


def _no_snapshot(file: str, why: str) -> UsageError:
    return UsageError(
        f"{printable(file)} is no snapshot of ComfyUI-Manager: {why}",
        hint="save one in ComfyUI-Manager, or with `cm-cli save-snapshot --output FILE`",
    )
