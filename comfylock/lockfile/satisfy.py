"""Does a lock satisfy what workflows and the project need? Pure; every reason at once (P12-P14).

The lock is current if every need is met by a pin, no pin is without a need, and what the lock
records of workflows, groups and options is still so. A need whose evidence is weak is met by
whatever pin provides its class type, so that news of a registry never make a lock stale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.lockfile.comfyui_needs import comfyui_drift
from comfylock.lockfile.drift import Drift, in_order
from comfylock.lockfile.image_needs import image_drift
from comfylock.lockfile.meeting import Meeting
from comfylock.lockfile.model_needs import model_drift, model_rule, offers_of
from comfylock.lockfile.pack_needs import names_of, pack_drift, rule_of, stamps_of
from comfylock.lockfile.python_needs import python_drift

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from comfylock.lockfile.schema import Gap, Lock
    from comfylock.requirements import Requirements

__all__ = [
    "Drift",
    "comfyui_drift",
    "joined_groups",
    "model_drift",
    "offers_of",
    "pack_drift",
    "stamps_of",
    "unsatisfied",
]


def unsatisfied(
    lock: Lock,
    needs: Requirements,
    *,
    allow_unresolved: bool = False,
    require_hashes: bool = False,
    digests: Mapping[str, str] | None = None,
) -> tuple[Drift, ...]:
    """Return every reason why a lock is not current, in order; empty if it is.

    With `allow_unresolved`, what the lock records as unresolved counts as met; with
    `require_hashes`, models without a sha256 do not. `digests` are the sha256 of the files
    beside the lock, by name, for whoever has looked at them.
    """
    meeting = Meeting(lock, needs)
    found = {*_options(lock, needs), *meeting.drift}
    if not any(gap.kind == "comfyui" for gap in lock.unresolved):
        found |= set(comfyui_drift(lock.comfyui, needs))
    found |= {*python_drift(lock, needs, digests), *image_drift(lock, needs)}
    found |= set(_packs(lock, needs, meeting))
    found |= set(_models(lock, needs, meeting))
    for gap in lock.unresolved:
        found |= set(_gap(gap, meeting, allow=allow_unresolved))
    if require_hashes:
        for model in lock.models:
            if model.sha256 is None:
                why = f": {model.unhashed}" if model.unhashed else ""
                message = f"`{model.key}` has no sha256{why}"
                found.add(Drift("Unhashed", None, model.key, message))
    return in_order(found)


def joined_groups(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the groups of what several workflows need; none if one of them is in no group."""
    given = list(groups)
    return () if not all(given) else tuple(sorted({name for names in given for name in names}))


def _options(lock: Lock, needs: Requirements) -> Iterator[Drift]:
    options = lock.options
    compared: dict[str, tuple[str | bool, str | bool]] = {
        "prefer": (options.prefer, needs.prefer),
        "inputs": (_listed(options.inputs), _listed(needs.inputs)),
        "include-inactive": (options.include_inactive, needs.include_inactive),
    }
    for name, (locked, wanted) in compared.items():
        if locked != wanted:
            message = f"`{name}` is {_told(wanted)} now, {_told(locked)} is locked"
            yield Drift("OptionChanged", None, name, message)
    locked_for, wanted_for = set(options.targets), set(needs.targets)
    for target in wanted_for - locked_for:
        message = f"the lock is not for `{target}`"
        yield Drift("TargetMissing", None, target, message)
    for target in locked_for - wanted_for:
        message = f"the lock is for `{target}`, which is not asked for"
        yield Drift("OptionChanged", None, "targets", message)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names)))


def _told(value: str | bool) -> str:
    return f"`{value}`" if isinstance(value, str) and value else str(value).lower() or "nothing"


def _packs(lock: Lock, needs: Requirements, meeting: Meeting) -> Iterator[Drift]:
    stamps = stamps_of(needs)
    for pin in lock.packs:
        rule = rule_of(pin, needs)
        users = meeting.pack_users(pin.name)
        if not users and not (rule is not None and rule.is_required):
            yield Drift("OrphanPin", None, pin.name, f"nothing needs the pack `{pin.name}`")
            continue
        yield from pack_drift(pin, needs, stamps)
        for name in sorted(set(pin.provides) - meeting.classes_of(pin.name)):
            message = f"`{pin.name}` is locked for `{name}`, which nothing needs of it"
            yield Drift("OrphanNodeType", None, name, message)
        own = rule.groups if rule is not None else ()
        groups = own or joined_groups(needs.groups_of(path) for path in sorted(users))
        yield from _groups(pin.name, pin.groups, groups if users else own)
    locked = {name for pin in lock.packs for name in names_of(pin)}
    locked |= {gap.name for gap in lock.unresolved if gap.kind == "pack"}
    for name, rule in needs.pack_rules.items():
        if rule.is_required and name not in locked:
            message = f"comfylock.toml asks for the pack `{name}`, which is not locked"
            yield Drift("MissingPack", None, name, message)


def _models(lock: Lock, needs: Requirements, meeting: Meeting) -> Iterator[Drift]:
    offers = offers_of(needs)
    for pin in lock.models:
        rule = model_rule(needs, pin.key, pin.name)
        users = meeting.model_users(pin.key)
        is_asked_for = rule is not None and rule.is_required and rule.key == pin.key
        if not users and not is_asked_for:
            yield Drift("OrphanModel", None, pin.key, f"nothing needs the model `{pin.key}`")
            continue
        yield from model_drift(pin, needs, offers)
        exact = needs.model_rules.get(pin.key)
        own = exact.groups if exact is not None else ()
        groups = own or joined_groups(needs.groups_of(path) for path in sorted(users))
        yield from _groups(pin.key, pin.groups, groups if users else own)
    locked = {pin.key for pin in lock.models}
    locked |= {gap.name for gap in lock.unresolved if gap.kind == "model"}
    for key, rule in needs.model_rules.items():
        is_one = rule.is_required and not rule.is_ignored and not rule.tiers
        if is_one and key not in locked:
            message = f"comfylock.toml asks for the model `{key}`, which is not locked"
            yield Drift("MissingModel", None, key, message)


def _groups(name: str, locked: tuple[str, ...], wanted: tuple[str, ...]) -> Iterator[Drift]:
    if set(locked) != set(wanted):
        message = f"`{name}` is in {_group_names(wanted)} now, locked in {_group_names(locked)}"
        yield Drift("GroupChanged", None, name, message)


def _group_names(groups: tuple[str, ...]) -> str:
    return f"the groups {_listed(groups)}" if groups else "no group"


def _gap(gap: Gap, meeting: Meeting, *, allow: bool) -> Iterator[Drift]:
    if not allow:
        message = f"`{gap.name}` is unresolved: {gap.message}"
        yield Drift("Unresolved", None, gap.name, message)
    for workflow in sorted(set(gap.workflows) - meeting.gap_users(gap)):
        message = f"`{gap.name}` is unresolved for this workflow, which does not need it"
        yield Drift("OrphanGap", workflow, gap.name, message)
