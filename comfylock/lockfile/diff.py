"""What changed from one lock to another: by name, with every field, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from comfylock.lockfile.canonical import canonical
from comfylock.lockfile.document import gap_key, image_key
from comfylock.lockfile.entries import spelled
from comfylock.lockfile.schema import (
    ComfyuiPin,
    Gap,
    ImagePin,
    ModelPin,
    Options,
    PackPin,
    PythonPin,
    WorkflowEntry,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.lockfile.document import Entry
    from comfylock.lockfile.schema import Lock

SHORT = 10
"""Digits of a commit or digest that are shown."""


class FieldChange(Struct, frozen=True):
    """One key of an entry that changed."""

    field: str
    """As the file spells it."""
    old: Any
    new: Any


class Change(Struct, frozen=True):
    """One entry that was added, removed or changed."""

    kind: Literal["added", "removed", "changed"]
    name: str
    summary: str
    """What to show of it: `1.1.0 -> 1.2.0`, `1.2.0`."""
    fields: tuple[FieldChange, ...] = ()
    """In the order of the schema; empty unless changed."""


class Changes(Struct, frozen=True):
    """All that differs between two locks, each sorted by name."""

    options: tuple[Change, ...] = ()
    comfyui: tuple[Change, ...] = ()
    images: tuple[Change, ...] = ()
    python: tuple[Change, ...] = ()
    workflows: tuple[Change, ...] = ()
    packs: tuple[Change, ...] = ()
    models: tuple[Change, ...] = ()
    unresolved: tuple[Change, ...] = ()
    tool: tuple[Change, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Say whether the locks mean the same."""
        return not any(getattr(self, name) for name in self.__struct_fields__)


def diff(old: Lock, new: Lock) -> Changes:
    """Return what changed from an old lock to a new one; order and layout are no change."""
    old, new = canonical(old), canonical(new)
    return Changes(
        options=_changes({"options": old.options}, {"options": new.options}),
        comfyui=_changes(_one(old.comfyui), _one(new.comfyui)),
        images=_changes(
            {image_key(image): image for image in old.images},
            {image_key(image): image for image in new.images},
        ),
        python=_changes({p.target: p for p in old.python}, {p.target: p for p in new.python}),
        workflows=_changes(
            {entry.path: entry for entry in old.workflows},
            {entry.path: entry for entry in new.workflows},
        ),
        packs=_changes({p.name: p for p in old.packs}, {p.name: p for p in new.packs}),
        models=_changes({m.key: m for m in old.models}, {m.key: m for m in new.models}),
        unresolved=_changes(
            {gap_key(gap): gap for gap in old.unresolved},
            {gap_key(gap): gap for gap in new.unresolved},
        ),
        tool=tuple(_tools(old.tool, new.tool)),
    )


def _one(pin: ComfyuiPin | None) -> dict[str, ComfyuiPin]:
    return {} if pin is None else {"comfyui": pin}


def _changes(old: dict[str, Any], new: dict[str, Any]) -> tuple[Change, ...]:
    found = []
    for name in sorted(old.keys() | new.keys()):
        before: Any = old.get(name)
        after: Any = new.get(name)
        if name not in old:
            found.append(Change("added", name, label(new[name])))
        elif name not in new:
            found.append(Change("removed", name, label(old[name])))
        elif before != after:
            fields = tuple(_fields(before, after))
            found.append(Change("changed", name, _summary(before, after, fields), fields))
    return tuple(found)


def _fields(old: Entry, new: Entry) -> Iterator[FieldChange]:
    for field in old.__struct_fields__:
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield FieldChange(spelled(field), before, after)


def _summary(old: Entry, new: Entry, fields: tuple[FieldChange, ...]) -> str:
    before, after = label(old), label(new)
    if before != after:
        return f"{before} -> {after}"
    return ", ".join(_field_summary(change) for change in fields)


def _field_summary(change: FieldChange) -> str:
    if isinstance(change.new, tuple):
        added = [f"+{name}" for name in change.new if name not in change.old]
        gone = [f"-{name}" for name in change.old if name not in change.new]
        return f"{change.field} {' '.join(added + gone) or 'in another order'}"
    return f"{change.field} {_shown(change.old)} -> {_shown(change.new)}"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    is_digest = len(text) in {40, 64} and not text.strip("0123456789abcdef")
    return text[:SHORT] if is_digest else text


def label(entry: Entry) -> str:
    """Return what tells one pin of a thing from another: a version, or a commit and its date."""
    if isinstance(entry, PackPin):
        return entry.version or _commit(entry) or f"sha256 {_shown(entry.sha256)}"
    if isinstance(entry, ComfyuiPin):
        return entry.version or _shown(entry.commit or entry.requested)
    if isinstance(entry, ModelPin):
        return _model(entry)
    if isinstance(entry, Gap):
        return entry.reason
    if isinstance(entry, ImagePin):
        return f"{entry.reference} {entry.digest[7 : 7 + SHORT]}"
    if isinstance(entry, PythonPin):
        torch = f", torch {entry.torch}" if entry.torch else ""
        return f"{entry.packages} packages{torch}, sha256 {_shown(entry.sha256)}"
    if isinstance(entry, WorkflowEntry):
        return f"{_counted(entry.packs, 'pack')}, {_counted(entry.models, 'model')}"
    assert isinstance(entry, Options)
    return entry.prefer


def _commit(pin: PackPin) -> str | None:
    if pin.commit is None:
        return None
    return f"{pin.commit[:SHORT]} ({pin.date[:10]})" if pin.date else pin.commit[:SHORT]


def _model(pin: ModelPin) -> str:
    if pin.source == "civitai":
        return f"version {pin.version_id}, file {pin.file_id}"
    if pin.commit is not None:
        return f"{pin.repository} {pin.commit[:SHORT]}"
    return pin.tag or f"{pin.source}, sha256 {_shown(pin.sha256)}"


def _tools(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield Change("added", name, f"[tool.{name}]")
        elif name not in new:
            yield Change("removed", name, f"[tool.{name}]")
        elif old[name] != new[name]:
            fields = (FieldChange(name, old[name], new[name]),)
            yield Change("changed", name, f"[tool.{name}]", fields)


def _counted(things: tuple[str, ...], noun: str) -> str:
    return f"{len(things)} {noun}" + ("" if len(things) == 1 else "s")
