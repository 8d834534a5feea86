"""From a lock and settings to a plan, refusing what is not pinned or does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.config.emit import VARIANTS, EmitSettings
from comfylock.emit.pinned import comfyui_step, gaps, model_steps, pack_steps
from comfylock.emit.plan import Plan, Variant
from comfylock.emit.steps import ImageStep, PythonStep, Unpinned
from comfylock.errors import EmitError, LockParseError, UsageError
from comfylock.lockfile.canonical import canonical, reference_faults, value_faults
from comfylock.python.targets import parse_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.lockfile.schema import Lock

MAX_TOLD = 5
"""Unpinned things that an error names."""


def plan_of(
    lock: Lock,
    digest: str,
    settings: EmitSettings | None = None,
    *,
    companions: Mapping[str, bytes] | None = None,
    previous: Plan | None = None,
) -> Plan:
    """Return what to install and how.

    `digest` is the sha256 of the lock's bytes; `companions` are the pylocks that are there, by
    their names, already held against the lock's digests.

    Raises:
        EmitError: something is not pinned, and the settings do not allow that.
        UsageError: the settings name a group, target or tier that the lock does not have.
        LockParseError: the lock was not read from a file and holds what none may.
    """
    settings = settings or EmitSettings()
    _prove(lock)
    lock = canonical(lock)
    packs = pack_steps(lock.packs)
    models, unpinned = model_steps(lock.models)
    unpinned = (*gaps(lock), *unpinned)
    _refuse(unpinned, settings)
    groups = tuple(sorted({group for step in (*packs, *models) for group in step.groups}))
    tiers = {model.tier for model in models if model.tier}
    if settings.tier is not None and settings.tier not in tiers:
        raise UsageError(f"no model has a tier `{settings.tier}`", hint=_known("tiers", tiers))
    return Plan(
        digest=digest,
        settings=settings,
        comfyui=comfyui_step(lock.comfyui),
        packs=packs,
        models=models,
        python=_python(lock, settings, companions or {}),
        images=tuple(
            ImageStep(name=i.name, platform=i.platform, reference=i.reference, digest=i.digest)
            for i in lock.images
        ),
        groups=groups,
        variants=tuple(_variant(name, groups) for name in settings.variants),
        class_types=tuple(sorted({name for pack in packs for name in pack.class_types})),
        unpinned=unpinned,
        inputs=lock.options.inputs,
        previous=previous,
    )


def _prove(lock: Lock) -> None:
    """Hold a lock against its own rules once more: a library's user may have made it by hand."""
    faults = [*value_faults(lock), *reference_faults(lock)]
    if faults:
        raise LockParseError("comfy.lock", tuple(faults))


def _refuse(unpinned: tuple[Unpinned, ...], settings: EmitSettings) -> None:
    if not unpinned or settings.allow_unpinned:
        return
    told = "; ".join(map(str, unpinned[:MAX_TOLD]))
    more = f"; and {len(unpinned) - MAX_TOLD} more" if len(unpinned) > MAX_TOLD else ""
    raise EmitError(
        f"not everything is pinned: {told}{more}",
        hint="complete comfylock.toml and run `comfylock lock`, or give `--allow-unpinned`",
    )


def _variant(name: str, groups: tuple[str, ...]) -> Variant:
    match name:
        case "minimal":
            return Variant(name, (), has_models=False)
        case "standard":
            return Variant(name, ())
        case "full":
            return Variant(name, groups)
        case "dev":
            return Variant(name, groups, is_dev=True)
    if name not in groups:
        known = _known("variants", {*VARIANTS, *groups})
        raise UsageError(f"there is no variant or group `{name}`", hint=known)
    return Variant(name, (name,))


def _python(
    lock: Lock, settings: EmitSettings, companions: Mapping[str, bytes]
) -> tuple[PythonStep, ...]:
    steps = tuple(
        PythonStep(
            target=parse_target(pin.target),
            file=pin.file,
            sha256=pin.sha256,
            torch=pin.torch,
            builds=pin.builds,
            data=companions.get(pin.file),
        )
        for pin in lock.python
    )
    if not settings.targets:
        return steps
    for wanted in settings.targets:
        if not any(wanted in (step.target.name, step.target.accelerator) for step in steps):
            known = _known("targets", {step.target.name for step in steps})
            raise UsageError(f"the lock has no target `{wanted}`", hint=known)
    wanted_targets = settings.targets
    return tuple(
        step
        for step in steps
        if step.target.name in wanted_targets or step.target.accelerator in wanted_targets
    )


def _known(what: str, names: set[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in sorted(names))
    return f"{what} of this lock: {listed or 'none'}"
