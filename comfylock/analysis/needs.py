"""What a lock has to satisfy: workflow reports and the project's settings make requirements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.names import COMFYUI
from comfylock.requirements import ClassNeed, ModelNeed, Offer, WorkflowNeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from comfylock.model import ClassUse, ModelUse, WorkflowReport


def workflow_needs(
    reports: Iterable[WorkflowReport], place: Callable[[str], str], *, include_inactive: bool
) -> tuple[WorkflowNeed, ...]:
    """Return what workflows need from packs and as models, sorted by path.

    `place` turns a report's path into the one that the lock has. What only muted and bypassed
    nodes need is left out unless asked for; core class types always are.
    """
    needs = [
        WorkflowNeed(
            path=place(report.path),
            classes=tuple(
                _class_need(use)
                for use in report.class_types
                if _is_needed(use) and (use.count or include_inactive)
            ),
            models=_model_needs(
                model for model in report.models if include_inactive or not model.inactive
            ),
            minimum=report.minimum,
        )
        for report in reports
    ]
    return tuple(sorted(needs, key=lambda need: need.path))


def _is_needed(use: ClassUse) -> bool:
    """Say whether a class type is somebody's to provide: not core, not the editor's own."""
    if use.kind == "core" or use.pack == COMFYUI:
        return False
    return use.kind != "frontend-only" or use.pack is not None


def _class_need(use: ClassUse) -> ClassNeed:
    return ClassNeed(
        use.class_type,
        use.pack,
        use.evidence if use.pack is not None else "",  # type: ignore[arg-type] # same words
        use.versions,
        use.stamped_id,
        use.candidates,
        is_ambiguous=use.kind == "ambiguous",
    )


def _model_needs(models: Iterable[ModelUse]) -> tuple[ModelNeed, ...]:
    """Return each model once, sorted, with the offers of every node that names it."""
    merged: dict[str, ModelNeed] = {}
    for model in models:
        offers = tuple(
            Offer(source.url, source.origin, source.sha256)  # type: ignore[arg-type] # same words
            for source in model.sources
        )
        need = ModelNeed(model.name, model.folder, offers)
        known = merged.get(need.key)
        if known is None:
            merged[need.key] = need
        elif known.offers != offers:
            both = dict.fromkeys((*known.offers, *offers))
            merged[need.key] = ModelNeed(model.name, model.folder, tuple(both))
    return tuple(merged[key] for key in sorted(merged))
