"""Is a pack's pin still what the project and the workflows ask for? (P12)"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.lockfile.addresses import is_file_of
from comfylock.lockfile.drift import Drift, Kind, in_order
from comfylock.names import repository_key
from comfylock.ranges import parse_range
from comfylock.versions import is_version, version_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfylock.lockfile.schema import PackPin
    from comfylock.requirements import ClassNeed, PackRule, Requirements

    Stamps = Mapping[str, Mapping[str, str]]

FIRM = frozenset({"config", "cnr_id", "aux_id"})
"""Evidence that names the pack beyond doubt."""

HEX = "0123456789abcdef"


def pack_drift(
    pin: PackPin, needs: Requirements, stamps: Stamps | None = None
) -> tuple[Drift, ...]:
    """Return why a pack's pin has to be chosen anew; empty if it may stay.

    Only what concerns the choice itself: which class types it provides and which groups need
    it can be written down anew without moving it. `stamps` is `stamps_of(needs)`, for whoever
    asks about many pins.
    """
    rule = rule_of(pin, needs)
    found: set[Drift] = set()
    if rule is not None:
        found |= {Drift(kind, None, pin.name, message) for kind, message in _ruled(pin, rule)}
    if needs.prefer == "authored" and (rule is None or not _decides(rule)):
        found |= set(_stamped(pin, stamps_of(needs) if stamps is None else stamps))
    return in_order(found)


def names_of(pin: PackPin) -> tuple[str, ...]:
    """Return the names by which workflows and rules may mean a pack, its own first."""
    names = [pin.name, *pin.aliases]
    if pin.repository is not None:
        key = repository_key(pin.repository)
        names += [key, key.partition("/")[2]] if key.startswith("github.com/") else [key]
    return tuple(dict.fromkeys(names))


def asked_names(need: ClassNeed) -> tuple[str, ...]:
    """Return the names of the pack that a class type is thought to be from."""
    # Where comfylock.toml names another pack, the id on the nodes is that of the one it replaces.
    names = (need.pack, need.stamped_id if need.evidence != "config" else None)
    return tuple(name for name in names if name is not None)


def firm_packs(needs: Requirements) -> dict[str, set[str]]:
    """Return the packs that any workflow firmly says its class types are from, by class type."""
    found: dict[str, set[str]] = {}
    for workflow in needs.workflows:
        for need in workflow.classes:
            if need.pack is not None and need.evidence in FIRM:
                found.setdefault(need.class_type, set()).add(need.pack)
    return found


def stamps_of(needs: Requirements) -> dict[str, dict[str, str]]:
    """Return each pack's stamps, by the names it is asked by, with the last workflow of each."""
    found: dict[str, dict[str, str]] = {}
    for workflow in needs.workflows:
        for need in workflow.classes:
            if need.stamps:
                for name in asked_names(need):
                    told = found.setdefault(name, {})
                    told.update((stamp.strip(), workflow.path) for stamp in need.stamps)
    return found


def rule_of(pin: PackPin, needs: Requirements) -> PackRule | None:
    """Return what comfylock.toml says about a pinned pack."""
    rules = needs.pack_rules
    return next((rules[name] for name in names_of(pin) if name in rules), None) if rules else None


def _decides(rule: PackRule) -> bool:
    """Say whether a rule leaves nothing to the stamps of the workflows."""
    return bool(rule.version or rule.git or rule.revision or rule.url)


def _ruled(pin: PackPin, rule: PackRule) -> Iterator[tuple[Kind, str]]:
    """Yield what a rule and a pin disagree about."""
    if rule.url is not None:
        if pin.source != "file" or not is_file_of(rule.url, pin):
            yield "RuleChanged", f"`{pin.name}` is to be taken from {rule.url} now"
        elif rule.sha256 is not None and rule.sha256 != pin.sha256:
            yield "DigestDiffers", f"`{pin.name}` is to have sha256 {rule.sha256} now"
    elif rule.git is not None and not _is_from(pin, rule.git):
        yield "RuleChanged", f"`{pin.name}` is to be taken from {rule.git} now"
    elif rule.revision is not None and not _is_at(pin, rule.revision):
        yield "RuleChanged", f"`{pin.name}` is to be taken at `{rule.revision}` now"
    elif rule.version is not None and not _is_admitted(pin, rule.version):
        have = f"{pin.version} is locked" if pin.version else "it is locked by its commit"
        told = f"`{pin.name}` is to be `{rule.version}`, {have}"
        yield "RangeExcludesPin", told


def _is_from(pin: PackPin, repository: str) -> bool:
    key = repository_key(repository)
    return pin.source == "git" and (key in names_of(pin) or key.partition("/")[2] in names_of(pin))


def _is_at(pin: PackPin, revision: str) -> bool:
    if pin.source != "git":
        return False
    if revision in (pin.requested, pin.version):
        return True
    return _is_commit(revision) and (pin.commit or "").startswith(revision.lower())


def _is_admitted(pin: PackPin, text: str) -> bool:
    wanted = parse_range(text)
    if pin.source == "comfy-registry" and wanted is not None:
        return wanted.admits(pin.version or "")
    # A pack without releases in the registry is taken from git, whatever versions are asked for.
    return text == pin.requested or (wanted is not None and wanted.admits(pin.version or ""))


def _stamped(pin: PackPin, told_by_name: Stamps) -> Iterator[Drift]:
    """Yield what newer stamps ask for. Stamps are wishes: what is newer than all of them does."""
    stamps: dict[str, str] = {}
    for name in names_of(pin):
        stamps.update(told_by_name.get(name, {}))
    versions = [stamp for stamp in stamps if is_version(stamp)]
    newest = max(versions, key=lambda text: (version_key(text), text), default=None)
    if newest is not None and _is_newer(newest, pin):
        told = f"`{pin.name}` is stamped {newest}, newer than what is locked"
        yield Drift("StampChanged", stamps[newest], pin.name, told)
    commits = [stamp.lower() for stamp in stamps if _is_commit(stamp)]
    asked = (pin.requested or "").lower()
    if pin.source != "git" or not _is_commit(asked) or asked in commits:
        return
    if not any((pin.commit or "").startswith(commit) for commit in commits):
        told = f"`{pin.name}` is locked for the stamp `{asked}`, which no workflow has"
        yield Drift("StampChanged", None, pin.name, told)


def _is_newer(stamp: str, pin: PackPin) -> bool:
    """Say whether a stamped version is newer than what was asked for and what is pinned."""
    have = [text for text in (pin.requested, pin.version) if text is not None and is_version(text)]
    return bool(have) and all(version_key(stamp) > version_key(text) for text in have)


def _is_commit(text: str) -> bool:
    return 7 <= len(text) <= 64 and not text.lower().strip(HEX)
