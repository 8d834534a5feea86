"""From requirements and an old lock to a new one: what still does stays, the rest is asked for.

All questions run side by side; the answers are put together by name, so that neither threads
nor the order of files reach the lock. Nothing is raised for a service that does not answer:
`Resolution.unreachable` says what could not be learnt, and such a lock must not be written.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from comfylock.lockfile.comfyui_needs import NAME, comfyui_drift
from comfylock.lockfile.model_needs import needed_keys
from comfylock.lockfile.schema import Gap, Lock, Options, WorkflowEntry
from comfylock.resolve.comfyui import Settled, pin_comfyui
from comfylock.resolve.images import ImageRun
from comfylock.resolve.model_run import ModelRun
from comfylock.resolve.outcome import Packages, Resolution, Unreachable
from comfylock.resolve.pack_run import PackRun
from comfylock.resolve.side_by_side import SideBySide, by_service
from comfylock.resolve.wishes import rule_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from concurrent.futures import Executor

    from comfylock.lockfile.schema import ComfyuiPin, PackPin
    from comfylock.registry.store import Registry
    from comfylock.requirements import Requirements
    from comfylock.resolve.outcome import Moves
    from comfylock.resolve.python_run import PythonRun
    from comfylock.resolve.side_by_side import Pending, Reporter
    from comfylock.resolve.sources import Sources
    from comfylock.resolve.wishes import Assignment


BROKEN = frozenset({"mismatch", "not-an-archive"})
"""Reasons of gaps where bytes are not what somebody promised; no flag lets such a lock through."""


def resolve(
    needs: Requirements,
    old: Lock,
    moves: Moves,
    sources: Sources,
    registry: Registry,
    executor: Executor,
    reporter: Reporter | None = None,
    companions: Mapping[str, bytes] | None = None,
) -> Resolution:
    """Return a lock that satisfies the requirements, as far as services can tell.

    Pins of `old` that still do are kept without a question, unless `moves` names them.
    `companions` are the files beside the old lock that it names. Uses the network only through
    `sources`.
    """
    side = SideBySide(executor, reporter)
    failures: list[Unreachable] = []
    models = ModelRun(needs, old, moves, sources, side)
    images = ImageRun(needs, old, moves, sources.images, side)
    comfyui = _start_comfyui(needs, old, moves, sources, side)
    packs = PackRun(needs, old, moves, sources, registry, side)
    assignment = packs.run(failures)
    settled = Settled(old.comfyui if needs.comfyui is not None else None)
    if comfyui is not None:
        settled = comfyui.collect(failures).get(NAME, settled)
    pinned = (settled.pin, tuple(packs.pins.values()))
    python = _start_python(needs, old, moves, pinned, companions or {}, sources, side, failures)
    model_pins, model_gaps, notices = models.finish(failures)
    containers = images.finish(failures)
    packages = python.finish(failures) if python is not None else Packages(old.python)
    own = (settled.gap,) if settled.gap is not None else ()
    gaps = _sorted([*packs.gaps, *model_gaps, *own, *containers.gaps, *packages.gaps], failures)
    lock = Lock(
        options=_options(needs),
        comfyui=settled.pin,
        workflows=_workflows(needs, assignment, packs.names),
        packs=tuple(packs.pins[name] for name in sorted(packs.pins)),
        models=tuple(model_pins[key] for key in sorted(model_pins)),
        unresolved=gaps,
        images=containers.pins,
        python=packages.pins,
        tool=old.tool,
        revision=old.revision,
        unknown=old.unknown,
    )
    told = (packs.notices, notices, settled.notices, containers.notices, packages.notices)
    return Resolution(
        lock=lock,
        notices=tuple(sorted({notice for some in told for notice in some})),
        gaps=gaps,
        mismatches=tuple(gap for gap in gaps if gap.reason in BROKEN),
        unreachable=by_service(failures),
        kept=packs.kept + len(models.kept) + len(images.kept) + packages.kept,
        files=packages.files,
        python=packages.resolutions,
    )


def _sorted(gaps: Iterable[Gap], failures: list[Unreachable]) -> tuple[Gap, ...]:
    """Return gaps by kind and name; what is only not known offline becomes a failure."""
    found = []
    for gap in gaps:
        if gap.reason == "offline":
            failures.append(Unreachable("offline", gap.message, (gap.name,)))
        else:
            found.append(gap)
    return tuple(sorted(found, key=lambda gap: (gap.kind, gap.name)))


def _options(needs: Requirements) -> Options:
    return Options(
        prefer=needs.prefer,
        inputs=needs.inputs,
        targets=needs.targets,
        include_inactive=needs.include_inactive,
    )


def _start_python(
    needs: Requirements,
    old: Lock,
    moves: Moves,
    pinned: tuple[ComfyuiPin | None, tuple[PackPin, ...]],
    companions: Mapping[str, bytes],
    sources: Sources,
    side: SideBySide,
    failures: list[Unreachable],
) -> PythonRun | None:
    """Begin to choose Python packages; None if none are wanted, or for what is not all known."""
    if failures or not (needs.python.targets or old.python):
        return None
    from comfylock.resolve.python_run import PythonRun  # noqa: PLC0415 - few ask for it

    return PythonRun(needs, old, moves, pinned, companions, sources, side)


def _start_comfyui(
    needs: Requirements, old: Lock, moves: Moves, sources: Sources, side: SideBySide
) -> Pending[str, Settled] | None:
    """Begin to look for ComfyUI; None if it stays as it is, or is not wanted."""
    if needs.comfyui is None or not (needs.workflows or needs.comfyui.version):
        return None
    if not comfyui_drift(old.comfyui, needs) and not moves.moves(NAME):
        return None
    return side.start({NAME: partial(pin_comfyui, needs, moves, sources.git)})


def _workflows(
    needs: Requirements, assignment: Assignment, names: Mapping[str, str]
) -> tuple[WorkflowEntry, ...]:
    entries = []
    for need in needs.workflows:
        packs = {names.get(name, name) for name in assignment.by_workflow.get(need.path, ())}
        models = {
            key
            for model in need.models
            for key in needed_keys(needs, model)
            if not (
                (rule := rule_for(needs.model_rules, model.key, model.name)) and rule.is_ignored
            )
        }
        entries.append(
            WorkflowEntry(
                path=need.path,
                packs=tuple(sorted(packs)),
                models=tuple(sorted(models)),
                groups=needs.groups_of(need.path),
            )
        )
    return tuple(sorted(entries, key=lambda entry: entry.path))
