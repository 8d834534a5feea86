"""Is ComfyUI's pin still what the workflows and the project ask for? (P12)"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.lockfile.drift import Drift, Kind
from comfylock.names import repository_key
from comfylock.ranges import parse_range
from comfylock.versions import is_version, version_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.lockfile.schema import ComfyuiPin
    from comfylock.requirements import ComfyuiRule, Requirements

NAME = "comfyui"
"""The subject of every reason, and what `--upgrade-package` takes."""


def comfyui_drift(pin: ComfyuiPin | None, needs: Requirements) -> tuple[Drift, ...]:
    """Return why ComfyUI has to be chosen anew; empty if it may stay as it is."""
    rule = needs.comfyui
    if rule is None:
        return () if pin is None else tuple(_too_old(pin, needs))
    if not needs.workflows and not (rule.version or rule.revision):
        return ()
    minimum = needs.minimum
    asked = f"ComfyUI {minimum[0]} or newer" if minimum else "ComfyUI"
    if pin is None or pin.commit is None:
        path = minimum[1] if minimum else None
        return (Drift("MissingPack", path, NAME, f"{asked} is needed and not locked"),)
    return tuple(_unruly(pin, rule)) + tuple(_too_old(pin, needs))


def _unruly(pin: ComfyuiPin, rule: ComfyuiRule) -> Iterator[Drift]:
    if rule.repository and repository_key(rule.repository) != repository_key(pin.repository or ""):
        yield _drift("RuleChanged", f"ComfyUI is to be taken from {rule.repository} now")
    elif rule.revision is not None:
        is_commit = len(rule.revision) >= 7 and (pin.commit or "").startswith(rule.revision.lower())
        if rule.revision != pin.requested and not is_commit:
            yield _drift("RuleChanged", f"ComfyUI is to be taken at `{rule.revision}` now")
    elif rule.version is not None:
        wanted = parse_range(rule.version)
        if wanted is None or not wanted.admits(pin.version or ""):
            have = pin.version or "a commit"
            yield _drift("RangeExcludesPin", f"ComfyUI is to be `{rule.version}`, {have} is locked")


def _too_old(pin: ComfyuiPin, needs: Requirements) -> Iterator[Drift]:
    """Yield that a workflow needs a newer version; what a commit is, nobody can tell."""
    minimum = needs.minimum
    if minimum is None or pin.version is None or not is_version(pin.version):
        return
    if version_key(pin.version) < version_key(minimum[0]):
        told = f"ComfyUI {minimum[0]} or newer is needed, {pin.version} is locked"
        yield Drift("RangeExcludesPin", minimum[1], NAME, told)


def _drift(kind: Kind, message: str) -> Drift:
    return Drift(kind, None, NAME, message)
