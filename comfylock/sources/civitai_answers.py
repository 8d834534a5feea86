"""CivitAI's answers reduced to what a lock needs; its numbers and names are never taken on trust.

Source: https://developer.civitai.com/docs/api/public-rest
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field

from comfylock.links import sha256_of
from comfylock.names import is_text, printable

MAX_NUMBER = 10**15
MAX_FILES = 1000
MAX_VERSIONS = 10_000


class VersionFile(Struct, frozen=True):
    """A file of a model version."""

    id: int
    name: str
    sha256: str | None = None
    """None while CivitAI is still reading it."""
    size: int | None = None
    """Bytes; None unless it is certain."""
    traits: dict[str, str] = {}
    """`type`, `format`, `size` (pruned or full), `fp`, as download addresses name them."""
    is_primary: bool = False
    warnings: tuple[str, ...] = ()


class Version(Struct, frozen=True, tag="version"):
    """A version of a model."""

    id: int
    model_id: int | None
    name: str
    files: tuple[VersionFile, ...]
    """Sorted by number."""
    gated: str | None = None
    private: bool = False
    off: str | None = None
    """Why nobody can download it, if so."""


class _File(Struct, frozen=True):
    """A file as it is on the wire."""

    id: Any = None
    name: Any = None
    size_kb: Any = field(default=None, name="sizeKB")
    type: Any = None
    metadata: dict[str, Any] | None = None
    primary: Any = None
    pickle: Any = field(default=None, name="pickleScanResult")
    virus: Any = field(default=None, name="virusScanResult")
    hashes: dict[str, Any] | None = None


class _Named(Struct, frozen=True):
    """The model in an answer about a version."""

    mode: Any = None


class _Version(Struct, frozen=True, rename="camel"):
    """A version as it is on the wire."""

    id: Any = None
    model_id: Any = None
    name: Any = None
    status: Any = None
    availability: Any = None
    usage_control: Any = None
    early_access_ends_at: Any = None
    model: _Named | None = None
    files: list[_File] | None = None


class _Model(Struct, frozen=True, rename="camel"):
    """A model as it is on the wire, its versions the newest first."""

    id: Any = None
    mode: Any = None
    model_versions: list[_Version] | None = None


def version_of(body: bytes) -> Version | None:
    """Return the version that an answer describes; None if it makes no sense."""
    try:
        wire = msgspec.json.decode(body, type=_Version)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return _version(wire, _number(wire.model_id), wire.model and wire.model.mode)


def newest_of(body: bytes, model_id: int) -> Version | None:
    """Return the newest published version of a model; None if the answer makes no sense."""
    try:
        wire = msgspec.json.decode(body, type=_Model)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if wire.id != model_id:
        return None
    for version in (wire.model_versions or [])[:MAX_VERSIONS]:
        if _text(version.status) in {None, "Published"}:
            return _version(version, model_id, wire.mode)
    return Version(0, model_id, "", (), off="it has no published version")


def _version(wire: _Version, model_id: int | None, mode: object) -> Version | None:
    version_id = _number(wire.id)
    if version_id is None:
        return None
    files = (_file(file) for file in (wire.files or [])[:MAX_FILES])
    return Version(
        version_id,
        model_id,
        _text(wire.name) or "",
        tuple(sorted((file for file in files if file is not None), key=lambda file: file.id)),
        gated=_gate(wire),
        private=wire.availability == "Private",
        off=_off(wire.usage_control, mode),
    )


def _off(usage: object, mode: object) -> str | None:
    if mode == "TakenDown":
        return "it has been taken down"
    if mode == "Archived":
        return "it has been archived, so its files cannot be downloaded"
    if _text(usage) in {None, "Download"}:
        return None
    return "its author allows its use on CivitAI only, not to download it"


def _gate(wire: _Version) -> str | None:
    """Say what stands before the download. A date alone may be past, so the state counts more."""
    state = _text(wire.availability)
    if state is None:
        return "early-access" if wire.early_access_ends_at else None
    return {"EarlyAccess": "early-access", "Private": "login"}.get(state)


def _file(wire: _File) -> VersionFile | None:
    number, name = _number(wire.id), _text(wire.name)
    if number is None or name is None:
        return None
    details = wire.metadata or {}
    traits = {"type": wire.type, **{key: details.get(key) for key in ("format", "size", "fp")}}
    return VersionFile(
        number,
        name,
        sha256=sha256_of((wire.hashes or {}).get("SHA256"), None),
        size=exact_size(wire.size_kb),
        traits={key: text for key, value in traits.items() if (text := _text(value))},
        is_primary=wire.primary is True,
        warnings=tuple(
            f"CivitAI's {kind} scan of `{printable(name, 80)}` says `{printable(result, 40)}`"
            for kind, result in (("pickle", wire.pickle), ("virus", wire.virus))
            if isinstance(result, str) and result not in {"", "Success"}
        ),
    )


def exact_size(kibibytes: object) -> int | None:
    """Return a size in bytes, where `sizeKB` can only mean one.

    It is often rounded. A whole number of bytes that is no multiple of 128 has more than three
    decimals in KiB, so it was not rounded to three or fewer; rounding to four or more moves it by
    less than half a byte, off every whole one but its own.
    """
    if type(kibibytes) is not float or not 0 < kibibytes < 1 << 40:
        return None
    size = kibibytes * 1024
    return int(size) if size.is_integer() and int(size) % 128 else None


def _number(value: object) -> int | None:
    return value if type(value) is int and 0 < value < MAX_NUMBER else None


def _text(value: object) -> str | None:
    if not isinstance(value, str) or not 0 < len(value) <= 255 or not is_text(value):
        return None
    return value if value.isprintable() else None
