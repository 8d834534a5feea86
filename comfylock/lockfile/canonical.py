"""The one order of a lock's entries and lists, and what must hold between its entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from comfylock.lockfile.document import gap_key, image_key
from comfylock.lockfile.entries import entry_faults
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
    from collections.abc import Callable, Iterable, Iterator

    from comfylock.lockfile.document import Entry
    from comfylock.lockfile.schema import Lock

    Fault = tuple[str, str]

E = TypeVar("E", Options, ImagePin, PythonPin, WorkflowEntry, PackPin, ModelPin, Gap)

SETS: dict[type[Entry], tuple[str, ...]] = {
    Options: ("inputs", "targets"),
    ComfyuiPin: (),
    ImagePin: (),
    PythonPin: ("builds",),
    WorkflowEntry: ("packs", "models", "groups"),
    PackPin: (
        "aliases",
        "submodules",
        "provides",
        "missing",
        "evidence",
        "runs_code",
        "system_packages",
        "needs_gpu",
        "groups",
        "os",
        "accelerators",
    ),
    ModelPin: ("mirrors", "groups"),
    Gap: ("workflows", "aliases"),
}
"""Lists whose order means nothing: written sorted, each text once."""


def canonical(lock: Lock) -> Lock:
    """Return the lock with its entries and lists in order (P3)."""
    return replace(
        lock,
        options=_tidy(lock.options),
        images=_in_order(lock.images, lambda image: (image.name, image.platform)),
        python=_in_order(lock.python, lambda pin: (pin.target,)),
        workflows=_in_order(lock.workflows, lambda entry: (entry.path,)),
        packs=_in_order(lock.packs, lambda pin: (pin.name,)),
        models=_in_order(lock.models, lambda pin: (pin.key,)),
        unresolved=_in_order(lock.unresolved, lambda gap: (gap.kind, gap.name)),
        tool={name: lock.tool[name] for name in sorted(lock.tool)},
        unknown=tuple(sorted(set(lock.unknown))),
    )


def _in_order(entries: Iterable[E], key: Callable[[E], tuple[str, ...]]) -> tuple[E, ...]:
    return tuple(sorted(map(_tidy, entries), key=key))


def _tidy(entry: E) -> E:
    changed = {}
    for field in SETS[type(entry)]:
        items = getattr(entry, field)
        if len(items) > 1:
            tidied = tuple(sorted(set(items)))
            if tidied != items:
                changed[field] = tidied
    return replace(entry, **changed) if changed else entry


def lock_faults(lock: Lock) -> tuple[Fault, ...]:
    """Return everything that a reader would refuse, as (path, sentence); empty for a sound lock.

    For whoever makes a lock of strangers' names and wants to know before writing it.
    """
    return tuple(sorted(value_faults(lock))) + tuple(reference_faults(lock))


def value_faults(
    lock: Lock, *, texts: bool = True, places: dict[str, list[int]] | None = None
) -> Iterator[Fault]:
    """Yield what is wrong with single entries.

    `places` are the numbers that the entries of each table had before some were left out.
    """
    if lock.revision < 0:
        yield "revision", "must be a whole number"
    for key, fault in entry_faults(lock.options, texts=texts):
        yield f"options.{key}", fault
    if lock.comfyui is not None:
        for key, fault in entry_faults(lock.comfyui, texts=texts):
            yield f"comfyui.{key}", fault
    tables: tuple[tuple[str, tuple[Entry, ...]], ...] = (
        ("image", lock.images),
        ("python", lock.python),
        ("workflow", lock.workflows),
        ("pack", lock.packs),
        ("model", lock.models),
        ("unresolved", lock.unresolved),
    )
    for table, entries in tables:
        for index, entry in enumerate(entries):
            for key, fault in entry_faults(entry, texts=texts):
                place = index if places is None else places[table][index]
                yield f"{table}[{place}].{key}", fault


def reference_faults(lock: Lock) -> Iterator[Fault]:
    """Yield what does not fit together: names given twice, and names of what is not there."""
    packs = [pin.name for pin in lock.packs]
    models = [pin.key for pin in lock.models]
    yield from _twice("image", "name", [image_key(image) for image in lock.images])
    yield from _twice("python", "target", [pin.target for pin in lock.python])
    yield from _twice("python", "file", [pin.file for pin in lock.python])
    yield from _twice("workflow", "path", [entry.path for entry in lock.workflows])
    yield from _twice("pack", "name", packs)
    yield from _twice("model", "name", models)
    yield from _twice("unresolved", "name", [gap_key(gap) for gap in lock.unresolved])
    known_packs = {*packs, *(gap.name for gap in lock.unresolved if gap.kind == "pack")}
    known_models = {*models, *(gap.name for gap in lock.unresolved if gap.kind == "model")}
    for index, entry in enumerate(lock.workflows):
        path = f"workflow[{index}]"
        yield from _absent(f"{path}.packs", entry.packs, known_packs)
        yield from _absent(f"{path}.models", entry.models, known_models)


def _twice(table: str, key: str, names: list[str]) -> Iterator[Fault]:
    if len(set(names)) == len(names):
        return
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in first:
            yield f"{table}[{index}].{key}", f"`{name}` is in {table}[{first[name]}] already"
        first.setdefault(name, index)


def _absent(path: str, names: tuple[str, ...], known: set[str]) -> Iterator[Fault]:
    for index, name in enumerate(names):
        if name not in known:
            yield f"{path}[{index}]", f"`{name}` is neither pinned nor unresolved"
