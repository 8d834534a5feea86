"""Two locks with a common ancestor, or without, as one: entry by entry (P18).

What one side alone changed is taken. What workflows need of a pin is joined; the pin itself is
never a mixture: where both sides hold different ones, the merge says so and ours stands until
somebody decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from comfylock.lockfile.canonical import canonical
from comfylock.lockfile.document import gap_key, image_key
from comfylock.lockfile.schema import (
    Gap,
    ImagePin,
    Lock,
    ModelPin,
    Options,
    PackPin,
    PythonPin,
    WorkflowEntry,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Item = ImagePin | PythonPin | PackPin | ModelPin | WorkflowEntry | Gap
T = TypeVar("T", bound=Item)

SETS: dict[type[Item], tuple[str, ...]] = {
    ImagePin: (),
    PythonPin: (),
    PackPin: ("aliases", "provides", "missing", "evidence", "rejected"),
    ModelPin: ("mirrors",),
    WorkflowEntry: ("packs", "models"),
    Gap: ("workflows", "aliases"),
}
"""Lists that follow from the workflows: what either side added is in, what one removed is out."""

SOFT: dict[type[Item], tuple[str, ...]] = {
    ImagePin: (),
    PythonPin: (),
    PackPin: ("requested",),
    ModelPin: ("requested", "origin"),
    WorkflowEntry: (),
    Gap: (),
}
"""What says why and is no part of the pin: where both changed it, the greater text stands."""

NARROWING: dict[type[Item], tuple[str, ...]] = {
    ImagePin: (),
    PythonPin: (),
    PackPin: ("groups",),
    ModelPin: ("groups",),
    WorkflowEntry: ("groups",),
    Gap: (),
}
"""Lists of which an empty one means everything."""


Kind = Literal["pack", "model", "image", "python", "comfyui", "options", "tool"]
KINDS: dict[type, Kind] = {
    ImagePin: "image",
    PythonPin: "python",
    PackPin: "pack",
    ModelPin: "model",
}
"""Entries of which only one side's can stand."""


class Conflict(Struct, frozen=True):
    """One thing that both sides changed, each in its own way."""

    kind: Kind
    name: str
    """The pack's name, the model's `folder/name`, the image, the target, the option or the tool."""
    ours: Any
    """The pin or value of that side; None: it was removed there."""
    theirs: Any


class Merged(Struct, frozen=True):
    """The one lock, and what must be decided; for that it holds ours."""

    lock: Lock
    conflicts: tuple[Conflict, ...] = ()
    """Sorted by kind and name."""


def merge(base: Lock | None, ours: Lock, theirs: Lock) -> Merged:
    """Return what two sides make together; without a base nothing counts as removed."""
    merging = _Merging(has_base=base is not None)
    known = canonical(base if base is not None else Lock())
    ours, theirs = canonical(ours), canonical(theirs)
    images = merging.entries(
        *({image_key(i): i for i in lock.images} for lock in (known, ours, theirs))
    )
    python = merging.entries(
        *({p.target: p for p in lock.python} for lock in (known, ours, theirs))
    )
    workflows = merging.entries(
        *({entry.path: entry for entry in lock.workflows} for lock in (known, ours, theirs))
    )
    packs = merging.entries(*({p.name: p for p in lock.packs} for lock in (known, ours, theirs)))
    models = merging.entries(*({m.key: m for m in lock.models} for lock in (known, ours, theirs)))
    gaps = merging.entries(
        *({gap_key(gap): gap for gap in lock.unresolved} for lock in (known, ours, theirs))
    )
    for lock in (ours, theirs):
        _restore(lock, workflows, packs, models, gaps)
    _drop_filled(gaps, packs, models, ours, theirs)
    _part_files(python, merging.conflicts, ours, theirs)
    merged = Lock(
        options=merging.options(known.options, ours.options, theirs.options),
        comfyui=merging.value("comfyui", "comfyui", known.comfyui, ours.comfyui, theirs.comfyui),
        images=tuple(images.values()),
        python=tuple(python.values()),
        workflows=tuple(workflows.values()),
        packs=tuple(packs.values()),
        models=tuple(models.values()),
        unresolved=tuple(gaps.values()),
        tool=merging.tools(known.tool, ours.tool, theirs.tool),
        version=max(ours.version, theirs.version),
        revision=max(ours.revision, theirs.revision),
        unknown=(*ours.unknown, *theirs.unknown),
    )
    conflicts = sorted(merging.conflicts, key=lambda conflict: (conflict.kind, conflict.name))
    return Merged(canonical(merged), tuple(conflicts))


class _Merging:
    def __init__(self, *, has_base: bool) -> None:
        self._has_base = has_base
        self.conflicts: list[Conflict] = []

    def value(self, kind: Any, name: str, base: Any, ours: Any, theirs: Any) -> Any:
        """Return the value that stands, noting a conflict; None is an absent one."""
        if ours == theirs:
            return ours
        if self._has_base and ours == base:
            return theirs
        if self._has_base and theirs == base:
            return ours
        if not self._has_base and (ours is None or theirs is None):
            return theirs if ours is None else ours
        self.conflicts.append(Conflict(kind, name, ours, theirs))
        return theirs if ours is None else ours

    def entries(
        self, base: Mapping[str, T], ours: Mapping[str, T], theirs: Mapping[str, T]
    ) -> dict[str, T]:
        """Return the entries of both sides by key."""
        found: dict[str, T] = {}
        for key in sorted(ours.keys() | theirs.keys()):
            entry = self._entry(key, base.get(key), ours.get(key), theirs.get(key))
            if entry is not None:
                found[key] = entry
        return found

    def _entry(self, key: str, base: T | None, ours: T | None, theirs: T | None) -> T | None:
        if ours is not None and theirs is not None:
            return self._both(key, base, ours, theirs)
        kept = ours if ours is not None else theirs
        assert kept is not None
        if base is None or _pinned(kept) != _pinned(base):
            if base is not None and type(kept) in KINDS:
                self.conflicts.append(Conflict(KINDS[type(kept)], key, ours, theirs))
            return kept
        # One side removed it, the other at most wrote down anew who needs it.
        is_needed_more = isinstance(kept, WorkflowEntry) and kept != base
        return kept if is_needed_more else None

    def _both(self, key: str, base: T | None, ours: T, theirs: T) -> T:
        """Return an entry that both sides have: one side's pin, both sides' needs."""
        chosen = ours
        mine, other = _pinned(ours), _pinned(theirs)
        before = None if base is None else _pinned(base)
        if mine != other and mine == before:
            chosen = theirs
        elif other not in (mine, before):
            if isinstance(ours, Gap):  # no pin: one sentence is as good as the other
                chosen = max((ours, theirs), key=_pinned)
            else:
                kind: Kind = KINDS.get(type(ours), "model")
                self.conflicts.append(Conflict(kind, key, ours, theirs))
        joined: dict[str, Any] = {}
        entry: Item = ours
        for fields, join in ((SETS, _joined), (SOFT, _softly), (NARROWING, _narrowed)):
            for field in fields[type(entry)]:
                known = None if base is None else getattr(base, field)
                joined[field] = join(known, getattr(ours, field), getattr(theirs, field))
        return replace(chosen, **joined)

    def options(self, base: Options, ours: Options, theirs: Options) -> Options:
        names = ("prefer", "include_inactive")
        values = {
            name: self.value(
                "options", name, getattr(base, name), getattr(ours, name), getattr(theirs, name)
            )
            for name in names
        }
        return Options(
            inputs=_joined(base.inputs, ours.inputs, theirs.inputs),
            targets=_narrowed(
                base.targets if self._has_base else None, ours.targets, theirs.targets
            ),
            **values,
        )

    def tools(
        self, base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]
    ) -> dict[str, Any]:
        found = {
            name: self.value("tool", name, base.get(name), ours.get(name), theirs.get(name))
            for name in sorted(ours.keys() | theirs.keys())
        }
        return {name: table for name, table in found.items() if table is not None}


def _part_files(
    python: dict[str, PythonPin], conflicts: list[Conflict], ours: Lock, theirs: Lock
) -> None:
    """Leave out targets whose packages stand in a file that another target has too.

    Of a target that both sides changed, each side's file counts, so that it does not matter whose
    is whose.
    """
    sides = [{pin.target: pin for pin in lock.python} for lock in (ours, theirs)]
    told = {conflict.name for conflict in conflicts if conflict.kind == "python"}
    taken: set[str] = set()
    for target in sorted(python):
        pins = [side[target] for side in sides if target in side] if target in told else []
        files = {pin.file for pin in (*pins, python[target])}
        if taken.isdisjoint(files):
            taken |= files
            continue
        if target not in told:
            conflicts.append(Conflict("python", target, *(side.get(target) for side in sides)))
        del python[target]


def _pinned(entry: Item) -> Any:
    """Return an entry without what follows from the workflows: the pin itself."""
    kind = type(entry)
    loose = {*SETS[kind], *SOFT[kind], *NARROWING[kind]}
    return tuple(getattr(entry, field) for field in entry.__struct_fields__ if field not in loose)


def _joined(base: Any, ours: Any, theirs: Any) -> Any:
    """Return a list with what either side added and without what either removed."""
    if theirs in (ours, base):
        return ours
    if ours == base:
        return theirs
    before = set(base or ())
    removed = (before - set(ours)) | (before - set(theirs))
    return tuple(sorted({*ours, *theirs} - removed))


def _softly(base: Any, ours: Any, theirs: Any) -> Any:
    """Return what was changed; of two changes the greater text, whoever's it is."""
    if ours in (base, theirs):
        return theirs
    return ours if theirs == base else max(ours or "", theirs or "")


def _narrowed(base: Any, ours: Any, theirs: Any) -> Any:
    """Join lists of which an empty one means everything."""
    if ours == base:
        return theirs
    if theirs == base:
        return ours
    return () if not ours or not theirs else tuple(sorted({*ours, *theirs}))


def _restore(
    lock: Lock,
    workflows: Mapping[str, WorkflowEntry],
    packs: dict[str, PackPin],
    models: dict[str, ModelPin],
    gaps: dict[str, Gap],
) -> None:
    """Bring back the pins that one side removed and a workflow of the other needs."""
    needed_packs = {name for entry in workflows.values() for name in entry.packs}
    needed_models = {key for entry in workflows.values() for key in entry.models}
    for pin in lock.packs:
        if pin.name in needed_packs and pin.name not in packs:
            packs[pin.name] = pin
    for model in lock.models:
        if model.key in needed_models and model.key not in models:
            models[model.key] = model
    for gap in lock.unresolved:
        is_pack = gap.kind == "pack" and gap.name in needed_packs - packs.keys()
        if is_pack or (gap.kind == "model" and gap.name in needed_models - models.keys()):
            gaps.setdefault(gap_key(gap), gap)


def _drop_filled(
    gaps: dict[str, Gap],
    packs: Mapping[str, PackPin],
    models: Mapping[str, ModelPin],
    ours: Lock,
    theirs: Lock,
) -> None:
    """Drop what one side has pinned and the other could not."""
    for key, gap in list(gaps.items()):
        is_in_both = gap in ours.unresolved and gap in theirs.unresolved
        names: Mapping[str, object] = {"pack": packs, "model": models}.get(gap.kind, {})
        if gap.name in names and not is_in_both:
            del gaps[key]
