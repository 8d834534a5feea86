"""What differs between two sets of definitions, and whom each difference hits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from comfylock.definitions.signature import CHOICE
from comfylock.upgrade.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.definitions.signature import (
        ClassSignature,
        DefinitionSet,
        InputSignature,
    )

Grade = Literal["breaks", "may-break", "behaviour", "harmless"]
"""`may-break`: only workflows that use a certain value or link; a check of them tells."""

ChangeKind = Literal[
    "class-removed",
    "class-added",
    "input-required",
    "input-optional",
    "input-removed",
    "became-required",
    "became-optional",
    "type-changed",
    "choices-removed",
    "choices-added",
    "range-changed",
    "default-changed",
    "outputs-changed",
    "output-node-changed",
    "widgets-moved",
    "deprecated",
]

GRADES: tuple[Grade, ...] = ("breaks", "may-break", "behaviour", "harmless")


class Change(Struct, frozen=True, order=True):
    """One difference; `api` and `ui` are what it means for workflows in either format."""

    class_type: str
    kind: ChangeKind
    input: str
    """Empty where it is about the whole class."""
    message: str
    """One sentence without a full stop."""
    api: Grade
    ui: Grade

    @property
    def grade(self) -> Grade:
        """Return the graver of the two."""
        return min(self.api, self.ui, key=GRADES.index)


def compare(old: DefinitionSet, new: DefinitionSet) -> tuple[Change, ...]:
    """Return every difference, sorted by class type.

    Where one set is of ComfyUI alone, class types of packs are left out; where one is of source
    and the other a server's, so are defaults and ranges that source does not tell.
    """
    found: list[Change] = []
    core_only = old.is_core_only != new.is_core_only
    for name in sorted(old.classes.keys() | new.classes.keys()):
        before, after = old.classes.get(name), new.classes.get(name)
        if core_only and not (before or after or _NOTHING).is_core:
            continue
        if before is None:
            found.append(_change(name, "class-added", "", "is new", "harmless"))
        elif after is None:
            found.append(_removed(name, new))
        elif before != after:
            found += _class(before, after)
    if (old.kind == "source") == (new.kind == "source"):
        return tuple(found)
    source = old if old.kind == "source" else new
    return tuple(each for each in found if not _is_untold(each, source))


def _is_untold(change: Change, source: DefinitionSet) -> bool:
    """Say whether a default or a range may differ only because source does not show it."""
    entry = _entry(source, change)
    if entry is None:
        return False
    if change.kind == "range-changed":
        return entry.minimum is None and entry.maximum is None
    return change.kind == "default-changed" and not entry.has_default


def _entry(found: DefinitionSet, change: Change) -> InputSignature | None:
    signature = found.classes.get(change.class_type)
    return signature.input(change.input) if signature is not None else None


def _removed(name: str, new: DefinitionSet) -> Change:
    if new.is_partial:
        told = "is not found, where not all that is registered could be read"
        return _change(name, "class-removed", "", told, "may-break")
    return _change(name, "class-removed", "", "is gone", "breaks")


def _class(before: ClassSignature, after: ClassSignature) -> Iterator[Change]:
    name = after.class_type
    if not (before.is_partial or after.is_partial):
        yield from _inputs(before, after)
        yield from _outputs(before, after)
    if before.is_output != after.is_output:
        told = "puts something out now" if after.is_output else "puts nothing out any more"
        yield _change(
            name,
            "output-node-changed",
            "",
            told,
            "behaviour" if after.is_output else "may-break",
        )
    if after.deprecated and not before.deprecated:
        yield _change(name, "deprecated", "", "is deprecated now", "harmless")


def _inputs(before: ClassSignature, after: ClassSignature) -> Iterator[Change]:
    name = after.class_type
    old = {entry.name: entry for entry in before.inputs}
    new = {entry.name: entry for entry in after.inputs}
    for key, entry in new.items():
        if key not in old:
            yield _added(name, entry)
        elif old[key] != entry:
            yield from _input(name, old[key], entry)
    for key in old:
        if key not in new:
            told = "is gone; a value given for it is ignored"
            yield _change(name, "input-removed", key, told, "behaviour")
    moved = _moved(before, after)
    if moved is not None:
        told = "takes the place of another widget: files without names of widgets shift"
        yield Change(name, "widgets-moved", moved, told, "harmless", "may-break")


def _added(name: str, entry: InputSignature) -> Change:
    if not entry.required:
        return _change(name, "input-optional", entry.name, "is new and optional", "harmless")
    if entry.is_dynamic:
        told = "is new and stands for inputs that depend on its value"
        return Change(name, "input-required", entry.name, told, "may-break", "harmless")
    told = "is new and required"
    if entry.has_default:
        told += f", with the default {shown(entry.default)}"
    is_filled = entry.widget and (entry.files or entry.fallback() is not None)
    return Change(
        name, "input-required", entry.name, told, "breaks", "harmless" if is_filled else "breaks"
    )


def _input(name: str, before: InputSignature, after: InputSignature) -> Iterator[Change]:
    key = after.name
    if after.required and not before.required:
        ui: Grade = "harmless" if after.widget else "may-break"
        told = "is required now"
        yield Change(name, "became-required", key, told, "may-break", ui)
    elif before.required and not after.required:
        yield _change(name, "became-optional", key, "is optional now", "harmless")
    if before.type != after.type or before.widget != after.widget:
        yield _type_change(name, before, after)
        return
    yield from _choices(name, before, after)
    if (before.minimum, before.maximum) != (after.minimum, after.maximum):
        told = f"takes {_range(after)} instead of {_range(before)}"
        yield _change(name, "range-changed", key, told, _range_grade(before, after))
    if before.has_default != after.has_default or before.default != after.default:
        old = shown(before.default) if before.has_default else "none"
        new = shown(after.default) if after.has_default else "none"
        grade: Grade = "harmless" if after.required else "behaviour"
        told = f"has the default {new} instead of {old}"
        yield Change(name, "default-changed", key, told, grade, "behaviour")


def _type_change(name: str, before: InputSignature, after: InputSignature) -> Change:
    if before.type == after.type:
        told = "is a widget now" if after.widget else "is a socket now, without a widget"
        ui: Grade = "harmless" if after.widget or not after.required else "may-break"
        return Change(name, "type-changed", after.name, told, "harmless", ui)
    old, new = set(before.type.split(",")), set(after.type.split(","))
    told = f"takes {shown(after.type)} instead of {shown(before.type)}"
    grade: Grade = "harmless" if old <= new or "*" in new else "may-break"
    return _change(name, "type-changed", after.name, told, grade)


def _choices(name: str, before: InputSignature, after: InputSignature) -> Iterator[Change]:
    if before.files or after.files or after.type != CHOICE:
        return
    old, new = before.choices or (), after.choices or ()
    if before.choices is None or after.choices is None:
        return
    gone = [each for each in old if each not in new]
    came = [each for each in new if each not in old]
    if gone:
        told = f"no longer offers {_few(gone)}"
        yield _change(name, "choices-removed", after.name, told, "may-break")
    if came:
        told = f"also offers {_few(came)}"
        yield _change(name, "choices-added", after.name, told, "harmless")


def _outputs(before: ClassSignature, after: ClassSignature) -> Iterator[Change]:
    old = [each.type for each in before.outputs]
    new = [each.type for each in after.outputs]
    names = [each.name for each in before.outputs], [each.name for each in after.outputs]
    if old == new and (names[0] == names[1] or sorted(names[0]) != sorted(names[1])):
        return
    if new[: len(old)] == old:
        told = f"also gives {_few(new[len(old) :])}" if new != old else "gives them in other places"
        grade: Grade = "harmless" if new != old else "behaviour"
    else:
        told = f"gives {_few(new) or 'nothing'} instead of {_few(old) or 'nothing'}"
        grade = "may-break"
    yield _change(after.class_type, "outputs-changed", "", told, grade)


def _moved(before: ClassSignature, after: ClassSignature) -> str | None:
    """Return the first widget that stands where another one stood; None if none does.

    Widgets at the end may come and go: nothing after them shifts.
    """
    old, new = list(_places(before)), list(_places(after))
    for former, now in zip(old, new, strict=False):
        if former != now:
            return now or former or None
    return None


def _places(signature: ClassSignature) -> Iterator[str]:
    """Yield whose value each place of `widgets_values` holds; empty for the editor's own."""
    uploads, was_required = 0, True
    for entry in signature.inputs:
        if not entry.widget:
            continue
        if was_required and not entry.required:
            yield from [""] * uploads
            uploads, was_required = 0, False
        yield entry.name
        yield from [""] * entry.trailing
        uploads += entry.upload


def _range(entry: InputSignature) -> str:
    low = "anything" if entry.minimum is None else str(entry.minimum)
    high = "anything" if entry.maximum is None else str(entry.maximum)
    return "any value" if low == high == "anything" else f"{low} to {high}"


def _range_grade(before: InputSignature, after: InputSignature) -> Grade:
    """Grade a change of range: a wider one takes all that was taken."""
    lower = after.minimum is None or (
        before.minimum is not None and after.minimum <= before.minimum
    )
    higher = after.maximum is None or (
        before.maximum is not None and after.maximum >= before.maximum
    )
    return "harmless" if lower and higher else "behaviour"


def _few(values: list[str]) -> str:
    told = ", ".join(shown(each) for each in values[:4])
    return f"{told} and {len(values) - 4} more" if len(values) > 4 else told


def _change(name: str, kind: ChangeKind, key: str, told: str, grade: Grade) -> Change:
    return Change(name, kind, key, told, grade, grade)


class _Nothing(Struct):
    is_core: bool = True


_NOTHING = _Nothing()
