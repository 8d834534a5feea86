"""Two environments side by side: locks, machines, or one of each; one row for what differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from comfylock.findings import About
from comfylock.lockfile.pack_needs import names_of
from comfylock.names import printable, repository_key
from comfylock.verifying.findings import observe
from comfylock.verifying.matching import folder_name
from comfylock.verifying.python_packages import TOOLS

if TYPE_CHECKING:
    from comfylock.findings import Finding
    from comfylock.lockfile.schema import Lock, ModelPin, PackPin
    from comfylock.python.wanted import Package
    from comfylock.verifying.inventory import InstalledModel, InstalledPack, Inventory

SHORT = 10
INTERPRETER = ("python", "python")
"""Python itself, of which not every side tells the version."""


class Row(Struct, frozen=True, order=True):
    """One thing that is not the same on both sides."""

    about: About
    name: str
    left: str | None
    """What tells it from the other side's; None if it is not there."""
    right: str | None


class Comparison(Struct, frozen=True):
    """Two environments."""

    left: str
    """What the first one is called: its file, or the lock."""
    right: str
    rows: tuple[Row, ...] = ()
    """Only what differs, sorted."""
    same: int = 0
    """Things that are the same on both sides."""


class Side(Struct, frozen=True):
    """One environment, reduced to what can be compared."""

    name: str
    things: dict[tuple[str, str], Thing]
    """Kind and name to what it is."""
    parts: frozenset[str]
    """Kinds that this side tells anything about."""


class Thing(Struct, frozen=True):
    """What one side says about one thing; what is None is not known and differs from nothing."""

    label: str
    facts: Mapping[str, str | frozenset[str] | None] = {}
    """A set is what any one of will do."""
    aliases: tuple[str, ...] = ()
    """Other names of it."""

    def differs(self, other: Thing) -> bool:
        """Say whether any fact that both sides know is not the same."""
        return any(_differ(value, other.facts.get(key)) for key, value in self.facts.items())


def _differ(one: str | frozenset[str] | None, two: str | frozenset[str] | None) -> bool:
    if one is None or two is None:
        return False
    if isinstance(one, frozenset) and isinstance(two, str):
        return two not in one
    if isinstance(two, frozenset) and isinstance(one, str):
        return one not in two
    return one != two


def compare(left: Side, right: Side) -> Comparison:
    """Return what differs between two environments, in what both of them tell about."""
    parts = left.parts & right.parts
    mine = {key: thing for key, thing in left.things.items() if key[0] in parts}
    theirs = _renamed({k: t for k, t in right.things.items() if k[0] in parts}, mine)
    rows: list[Row] = []
    same = 0
    for key in sorted({*mine, *theirs}):
        one, two = mine.get(key), theirs.get(key)
        if key == INTERPRETER and (one is None or two is None):
            continue
        if one is not None and two is not None and not one.differs(two):
            same += 1
            continue
        shown = _labels(one, two)
        rows.append(Row(cast("About", key[0]), key[1], *shown))
    return Comparison(left.name, right.name, tuple(sorted(rows, key=_order)), same)


def _order(row: Row) -> tuple[str, str]:
    return row.about, row.name


def _labels(one: Thing | None, two: Thing | None) -> tuple[str | None, str | None]:
    """Return what to show of both: with the fact that differs, where the labels do not tell."""
    first = one.label if one is not None else None
    second = two.label if two is not None else None
    if one is None or two is None or first != second:
        return first, second
    for key, value in one.facts.items():
        other = two.facts.get(key)
        if isinstance(value, str) and isinstance(other, str) and value != other:
            if key == "state":
                return _own_change(value, other), _own_change(other, value)
            return f"{first}, {key} {value[:SHORT]}", f"{second}, {key} {other[:SHORT]}"
    return first, second


def _own_change(state: str, other: str) -> str:
    """Return the first local change that the other side does not have, its digest cut short."""
    only = sorted(set(state.splitlines()) - set(other.splitlines()))
    told, mark, digest = (only[0] if only else "").rpartition(" sha256 ")
    return f"{told} {digest[:SHORT]}" if mark else digest


def _renamed(
    things: dict[tuple[str, str], Thing], mine: dict[tuple[str, str], Thing]
) -> dict[tuple[str, str], Thing]:
    """Return one side's things under the names that the other side has for them."""
    known: dict[tuple[str, str], tuple[str, str]] = {}
    for (about, name), thing in mine.items():
        for alias in thing.aliases:
            known.setdefault((about, alias), (about, name))
    found: dict[tuple[str, str], Thing] = {}
    for (about, name), thing in things.items():
        key = (about, name)
        if key not in mine:
            names = [(about, alias) for alias in (name, *thing.aliases)]
            key = next((known[n] for n in names if n in known), key)
            key = next((n for n in names if n in mine), key)
        found[key if key not in found else (about, name)] = thing
    return found


def lock_side(name: str, lock: Lock, python: tuple[Package, ...] | None) -> Side:
    """Return what a lock says."""
    things = {("pack", pin.name): _pack_thing(pin) for pin in lock.packs}
    places: dict[str, list[ModelPin]] = {}
    for model in lock.models:
        places.setdefault(model.place, []).append(model)
    things |= {("model", place): _model_thing(models) for place, models in places.items()}
    parts = {"pack", "model"}
    if lock.comfyui is not None and (lock.comfyui.version or lock.comfyui.commit):
        pin = lock.comfyui
        facts = {"version": (pin.version or "").removeprefix("v") or None, "commit": pin.commit}
        facts["state"] = ""
        label = pin.version or (pin.commit or "")[:SHORT]
        things["comfyui", "comfyui"] = Thing(label, facts)
        parts.add("comfyui")
    if python is not None:
        parts.add("python")
        for each in python:
            things["python", each.name] = Thing(each.version or each.url or "", _python(each))
    return Side(name, things, frozenset(parts))


def _python(package: Package) -> dict[str, str | None]:
    return {"version": package.version, "commit": package.commit}


def _pack_thing(pin: PackPin) -> Thing:
    is_release = pin.source == "comfy-registry"
    facts = {
        "source": pin.source,
        "version": pin.version if is_release else None,
        "commit": pin.commit if pin.source == "git" else None,
        "remote": repository_key(pin.repository) if pin.repository else None,
        "digest": pin.sha256 if pin.source == "file" else None,
        "state": "",
    }
    label = pin.version if is_release else (pin.commit or pin.sha256 or "")[:SHORT]
    return Thing(label or "", facts, (*names_of(pin), folder_name(pin).lower()))


def _model_thing(alternatives: list[ModelPin]) -> Thing:
    labels = []
    for pin in alternatives:
        known = f"sha256 {pin.sha256[:SHORT]}" if pin.sha256 else f"{pin.size or 'unknown'} bytes"
        labels.append(f"{known} ({pin.tier})" if pin.tier else known)
    digests = {pin.sha256 for pin in alternatives}
    sizes = {str(pin.size) if pin.size is not None else None for pin in alternatives}
    return Thing(" or ".join(labels), {"sha256": _any_of(digests), "size": _any_of(sizes)})


def _any_of(values: set[str | None]) -> str | frozenset[str] | None:
    """Return a fact; None if any of its values is not known."""
    known = frozenset(value for value in values if value is not None)
    if len(known) < len(values):
        return None
    return known if len(known) > 1 else next(iter(known))


def inventory_side(name: str, found: Inventory) -> Side:
    """Return what an inventory says; disabled packs count as absent."""
    things: dict[tuple[str, str], Thing] = {}
    for pack in found.packs:
        if pack.is_disabled:
            continue
        key = pack.name if ("pack", pack.name) not in things else f"{pack.name} in {pack.folder}"
        things["pack", key] = _installed_thing(pack)
    things |= {("model", model.name): _file_thing(model) for model in found.models}
    parts = {"pack", "model"}
    if found.comfyui is not None:
        here = found.comfyui
        facts = {"version": here.version, "commit": here.commit, "state": _state(here.changes)}
        label = here.version or (here.commit or "")[:SHORT]
        things["comfyui", "comfyui"] = Thing(label + _edited(here.changes), facts)
        parts.add("comfyui")
    if found.python is not None:
        parts.add("python")
        if found.python_version:
            facts = {"version": found.python_version}
            things[INTERPRETER] = Thing(found.python_version, facts)
        for each in found.python:
            if each.name in TOOLS:
                continue
            facts = {"version": each.version, "commit": each.commit}
            things["python", each.name] = Thing(each.version or "", facts)
    return Side(name, things, frozenset(parts))


def _installed_thing(pack: InstalledPack) -> Thing:
    source = None if pack.source == "folder" else pack.source
    facts = {
        "source": source,
        "version": pack.version if pack.source == "comfy-registry" else None,
        "commit": pack.commit,
        "remote": pack.remote,
        "digest": pack.digest,
        "state": _state(pack.changes),
    }
    known = pack.commit[:SHORT] if pack.commit else pack.version or (pack.digest or "")[:SHORT]
    aliases = (pack.folder.lower(), *((pack.remote,) if pack.remote else ()))
    return Thing(known + _edited(pack.changes), facts, aliases)


def _state(changes: tuple[str, ...]) -> str:
    return "\n".join(changes)


def _edited(changes: tuple[str, ...]) -> str:
    return f" with {len(changes)} local changes" if changes else ""


def _file_thing(model: InstalledModel) -> Thing:
    label = f"sha256 {model.sha256[:SHORT]}" if model.sha256 else f"{model.size} bytes"
    return Thing(label, {"sha256": model.sha256, "size": str(model.size)})


def row_finding(row: Row, comparison: Comparison) -> Finding:
    """Return a row as a finding."""
    left = f"`{comparison.left}` has {printable(row.left, 120)}" if row.left is not None else None
    right = f"`{comparison.right}` {printable(row.right, 120)}" if row.right is not None else None
    if left is None:
        told = f"`{row.name}` is in `{comparison.right}` only: {printable(row.right or '', 120)}"
    elif right is None:
        told = f"`{row.name}` is in `{comparison.left}` only: {printable(row.left or '', 120)}"
    else:
        told = f"`{row.name}` differs: {left}, {right}"
    mend = "install both from one lock: comfylock verify --installed DIR tells what differs from it"
    return observe("differs", row.about, row.name, told, None, mend, row.left, row.right)
