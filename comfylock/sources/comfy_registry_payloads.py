"""What the Comfy Registry's answers mean: any field may be absent, null, empty or odd.

Source: https://docs.comfy.org/registry/overview and the OpenAPI document behind it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
from msgspec import Struct, field

from comfylock.names import is_text, normalise_registry_id, normalise_repository, printable
from comfylock.patterns import Pattern
from comfylock.redaction import redact, redact_url
from comfylock.sources.interface import Missing, RegistryPack, RegistryVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T", bound=Struct)

MAX_DEPENDENCIES = 1000
MAX_TEXT = 1000
"""Characters of a dependency or a class type."""

VERSION = Pattern(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,99}\Z")
"""What may stand for a version in an address and a key."""

_THREE_PARTS = Pattern(r"[vV=]*(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?([-+].{1,60})?\Z")
_USER = Pattern(r"(?<=://)[^/@\s]*@")

_OS = (("windows", "windows"), ("linux", "linux"), ("mac", "macos"), ("darwin", "macos"))
_ACCELERATORS = (
    ("cuda", "cuda"),
    ("rocm", "rocm"),
    ("metal", "metal"),
    ("intel", "intel"),
    ("ascend", "ascend"),
)
_STATUSES: dict[str, Literal["active", "pending", "flagged", "banned", "deleted"]] = {
    "": "active",
    "Active": "active",
    "Pending": "pending",
    "Flagged": "flagged",
    "Banned": "banned",
    "Deleted": "deleted",
}
_EXTRACTIONS: dict[object, Literal["pending", "success", "failed"]] = {
    "pending": "pending",
    "success": "success",
    "failed": "failed",
}


class NodePage(Struct):
    """A page of packs."""

    nodes: list[Any] | None = None
    total_pages: Any = field(default=None, name="totalPages")


class Bulk(Struct):
    """The answer about many versions."""

    node_versions: list[Any] | None = None


class ClassPage(Struct):
    """A page of class types."""

    comfy_nodes: list[Any] | None = None
    pages: Any = field(default=None, name="totalNumberOfPages")


class _Node(Struct):
    id: Any = None
    status: Any = None
    repository: Any = None
    latest_version: Any = None


class _Version(Struct):
    node_id: Any = None
    version: Any = None
    status: Any = None
    url: Any = field(default=None, name="downloadUrl")
    deprecated: Any = None
    dependencies: Any = None
    created: Any = field(default=None, name="createdAt")
    os: Any = field(default=None, name="supported_os")
    accelerators: Any = field(default=None, name="supported_accelerators")
    extraction: Any = field(default=None, name="comfy_node_extract_status")


class _Identifier(Struct):
    node_id: Any = None
    version: Any = None


class _Item(Struct):
    identifier: Any = None
    status: Any = None
    node_version: Any = None


class _Class(Struct):
    comfy_node_name: Any = None
    comfy_node_id: Any = None


class _Error(Struct):
    error: Any = None
    message: Any = None


def decoded(body: bytes, kind: type[T]) -> T | None:
    """Return an answer; None for what is none."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def decoded_list(body: bytes) -> list[Any] | None:
    """Return a list; an empty one for null, None for what is none."""
    try:
        return msgspec.json.decode(body, type=list[Any] | None) or []
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def decoded_any(body: bytes) -> Any:
    """Return a document; None for what is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _converted(raw: Any, kind: type[T]) -> T | None:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError:
        return None


def told(body: bytes) -> str:
    """Return what an error answer says, in any of its three shapes, safe to show; else nothing."""
    found = decoded(body, _Error) or _Error()
    said = next((text for text in (found.message, found.error) if text and _is_str(text)), "")
    return printable(redact(said[:MAX_TEXT]), 120)


def pack_of(
    raw: Any, version: Callable[[Any, str], RegistryVersion | None]
) -> RegistryPack | Missing | None:
    """Return a pack; Missing for a banned or deleted one; None for what is no pack."""
    node = _converted(raw, _Node)
    name = normalise_registry_id(node.id) if node is not None and _is_str(node.id) else None
    if node is None or name is None:
        return None
    status = str(node.status or "").removeprefix("NodeStatus")
    if status in {"Banned", "Deleted"}:
        return refusal(name, "banned" if status == "Banned" else "deleted")
    repository = normalise_repository(node.repository) if _is_str(node.repository) else None
    latest = version(node.latest_version, name) if node.latest_version else None
    if latest is not None and latest.status != "active":
        latest = None
    return RegistryPack(name, "active", repository, latest)


def refusal(name: str, status: Literal["banned", "deleted"]) -> Missing:
    """Return why a pack of this status cannot be had."""
    hint = "take it from its repository in comfylock.toml if you trust it, or replace its nodes"
    return Missing(status, f"`{name}` is {status} in the Comfy Registry", hint)


def version_of(
    raw: Any, name: str, canonical: Callable[[str], tuple[str, bool]]
) -> RegistryVersion | None:
    """Return a version of a pack; None for what is none.

    `canonical` says where an archive is, and whether the endpoint serves it.
    """
    found = _converted(raw, _Version)
    if found is None or not _is_str(found.version) or not VERSION.match(found.version):
        return None
    own = normalise_registry_id(found.node_id) if _is_str(found.node_id) else None
    url, is_mirrored = canonical(found.url) if _is_str(found.url) else ("", False)
    return RegistryVersion(
        id=own or name,
        version=found.version,
        # A status that is not known yet is one that a person has to look at.
        status=_STATUSES.get(str(found.status or "").removeprefix("NodeVersionStatus"), "flagged"),
        url=redact_url(url),
        deprecated=found.deprecated is True,
        dependencies=_dependencies(found.dependencies),
        date=_date(found.created),
        os=() if _is_any_os(found.os) else _short(found.os, _OS),
        accelerators=_short(found.accelerators, _ACCELERATORS),
        extraction=_EXTRACTIONS.get(found.extraction) if _is_str(found.extraction) else None,
        is_mirrored=is_mirrored,
    )


def bulk_items(
    bulk: Bulk, version: Callable[[Any, str], RegistryVersion | None]
) -> dict[tuple[str, str], RegistryVersion | None]:
    """Return what a bulk answer says by (id, version): None for not found; no entry if unclear."""
    found: dict[tuple[str, str], RegistryVersion | None] = {}
    for raw in bulk.node_versions or ():
        item = _converted(raw, _Item) or _Item()
        asked = _converted(item.identifier, _Identifier) or _Identifier()
        name = normalise_registry_id(asked.node_id) if _is_str(asked.node_id) else None
        if name is None or not _is_str(asked.version):
            continue
        if item.status == "not_found":
            found[name, asked.version] = None
        elif item.status == "success":
            given = version(item.node_version, name)
            if given is not None and is_same_version(given.version, asked.version):
                found[name, asked.version] = given
    return found


def class_types_of(rows: Iterable[Any]) -> set[str]:
    """Return the class types of a page."""
    found = set()
    for raw in rows:
        row = _converted(raw, _Class) or _Class()
        name = row.comfy_node_name or row.comfy_node_id
        if _is_str(name) and len(name) <= MAX_TEXT and is_text(name):
            found.add(name)
    return found


def three_part(version: str) -> str | None:
    """Return a version as the registry spells it: `v1.2` is `1.2.0`; None for what is none."""
    match = _THREE_PARTS.match(version.strip())
    if match is None:
        return None
    numbers = ".".join(str(int(part or 0)) for part in match.groups()[:3])
    return numbers + (match[4] or "")


def is_same_version(one: str, other: str) -> bool:
    """Say whether two spellings mean one version."""
    return one == other or three_part(one) == three_part(other) is not None


def number(raw: Any, default: int) -> int:
    """Return a number that a service gives, if it is one."""
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else default


def _is_str(raw: Any) -> bool:
    return isinstance(raw, str)


def _texts(raw: Any) -> list[str]:
    return [text for text in raw if isinstance(text, str)] if isinstance(raw, list) else []


def _dependencies(raw: Any) -> tuple[str, ...]:
    clean = (redact(_USER.sub("", text)).strip() for text in _texts(raw)[:MAX_DEPENDENCIES])
    return tuple(text for text in clean if text and text.isprintable() and len(text) <= MAX_TEXT)


def _is_any_os(raw: Any) -> bool:
    return any("independent" in text.lower() for text in _texts(raw))


def _short(raw: Any, names: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    texts = [text.lower() for text in _texts(raw)]
    return tuple(sorted({short for word, short in names for text in texts if word in text}))


def _date(raw: Any) -> str | None:
    """Return a moment in UTC to the second; None for what is none."""
    try:
        moment = datetime.fromisoformat(raw)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment.year >= 1970 else None
