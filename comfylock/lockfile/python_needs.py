"""Are the locked Python packages those that are asked for today? Pure; nothing is parsed for it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from comfylock.lockfile.drift import Drift
from comfylock.lockfile.pack_needs import rule_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from comfylock.lockfile.schema import ComfyuiPin, Lock, PackPin, PythonPin
    from comfylock.requirements import Requirements

SINGLE_FILE = "pylock.comfy.toml"
"""The pylock of a project with one target."""


def file_of(target: str, needs: Requirements) -> str:
    """Return what the pylock of a target is called beside the lock."""
    if len(needs.python.targets) == 1:
        return SINGLE_FILE
    from comfylock.python.targets import parse_target  # noqa: PLC0415 - few have several

    return parse_target(target).file_name


def asked_of(
    target: str, comfyui: ComfyuiPin | None, packs: Iterable[PackPin], needs: Requirements
) -> str:
    """Return the sha256 of everything that shapes the Python packages of a target."""
    lines = [f"target {target}"]
    if comfyui is not None:
        lines += [f"comfyui {text}" for text in comfyui.dependencies]
    ignored: list[str] = []
    for pin in sorted(packs, key=lambda pin: pin.name):
        lines += [f"pack {pin.name} {text}" for text in pin.dependencies]
        rule = rule_of(pin, needs)
        if rule is not None:
            ignored += [f"ignored {pin.name} {text}" for text in rule.ignored]
    lines += [f"{name} {text}" for name, texts in _settings(needs) for text in texts]
    return hashlib.sha256("\n".join([*lines, *ignored]).encode()).hexdigest()


def _settings(needs: Requirements) -> Iterator[tuple[str, tuple[str, ...]]]:
    rule = needs.python
    yield "constraint", rule.constraints
    yield "override", rule.overrides
    yield "build", rule.builds
    yield "index", (rule.index,) if rule.index else ()
    yield "extra-index", rule.extra_indexes
    yield "torch-index", (rule.torch_index,) if rule.torch_index else ()
    if rule.torch is not None:
        yield "torch", (" ".join(rule.torch),)


def python_drift(
    lock: Lock, needs: Requirements, digests: Mapping[str, str] | None = None
) -> tuple[Drift, ...]:
    """Return why Python packages have to be chosen anew; empty if all may stay.

    `digests` are the sha256 of the files beside the lock, by name; without them nobody looked.
    """
    pins = {pin.target: pin for pin in lock.python}
    open_targets = {gap.name for gap in lock.unresolved if gap.kind == "python"}
    found = []
    for target in needs.python.targets:
        pin = pins.pop(target, None)
        if pin is None and target not in open_targets:
            told = f"no Python packages are locked for `{target}`"
            found.append(Drift("TargetMissing", None, target, told))
        elif pin is not None and (why := _why(pin, lock, needs, digests)):
            found.append(Drift("PackagesChanged", None, target, why))
    for target in sorted(open_targets.difference(needs.python.targets)):
        told = f"the Python packages for `{target}` are unresolved, and not asked for"
        found.append(Drift("OrphanGap", None, target, told))
    for target in pins:
        told = f"the lock has Python packages for `{target}`, which is not asked for"
        found.append(Drift("OptionChanged", None, target, told))
    return tuple(found)


def _why(
    pin: PythonPin, lock: Lock, needs: Requirements, digests: Mapping[str, str] | None
) -> str | None:
    target = pin.target
    if pin.asked != asked_of(target, lock.comfyui, lock.packs, needs):
        return f"what is asked of the Python packages for `{target}` has changed"
    if pin.file != file_of(target, needs):
        return f"the Python packages for `{target}` belong into `{file_of(target, needs)}` now"
    return file_fault(pin, digests) if digests is not None else None


def file_fault(pin: PythonPin, digests: Mapping[str, str]) -> str | None:
    """Say what is wrong with the file that holds the packages of a target."""
    digest = digests.get(pin.file)
    if digest is None:
        return f"`{pin.file}` is missing"
    return None if digest == pin.sha256 else f"`{pin.file}` was changed after it was locked"
