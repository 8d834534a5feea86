"""A bill of materials: everything that is locked, for scanners and auditors.

Source: https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from comfylock.emit.interface import Emitted
from comfylock.emit.sbom_components import (
    COMFYUI,
    comfyui_component,
    image_component,
    model_component,
    pack_component,
    python_components,
)
from comfylock.lockfile.mark import NAME as MARK
from comfylock.lockfile.mark import lock_mark

if TYPE_CHECKING:
    from comfylock.emit.plan import Plan

NAME = "sbom.cdx.json"
ROOT = "environment"

Component = dict[str, Any]


def generate(plan: Plan) -> tuple[Emitted, ...]:
    """Return the bill of all that is locked, whatever group it is in; without a time.

    Raises:
        EmitError: a pylock is not beside the lock.
    """
    python, asked = python_components(plan)
    components: list[Component] = []
    if plan.comfyui is not None:
        components.append(comfyui_component(plan.comfyui))
    components += map(pack_component, plan.packs)
    components += map(model_component, plan.models)
    components += map(image_component, plan.images)
    components += python
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_serial_number(plan)}",
        "version": 1,
        "metadata": _metadata(plan),
        "components": components,
        "dependencies": _dependencies(plan, components, asked),
    }
    if python:
        # Who of them asks for whom is not in a pylock.
        refs = [component["bom-ref"] for component in python]
        document["compositions"] = [{"aggregate": "incomplete", "dependencies": refs}]
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return (Emitted(NAME, f"{text}\n".encode(), notes=_notes(plan)),)


def _serial_number(plan: Plan) -> uuid.UUID:
    """Return the same number for the same lock and targets."""
    targets = " ".join(step.target.name for step in plan.python)
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{lock_mark(plan.digest)} {targets}".strip())


def _metadata(plan: Plan) -> dict[str, Any]:
    properties = [{"name": MARK, "value": plan.digest}]
    properties += [{"name": "comfylock:not-pinned", "value": str(each)} for each in plan.unpinned]
    return {
        "tools": {"components": [{"type": "application", "name": "comfylock"}]},
        "component": {"type": "application", "bom-ref": ROOT, "name": "comfyui-environment"},
        "properties": properties,
    }


def _dependencies(
    plan: Plan, components: list[Component], asked: dict[str, list[str]]
) -> list[dict[str, Any]]:
    """Return who needs whom; whatever nobody else needs, the environment does."""
    edges: dict[str, list[str]] = {component["bom-ref"]: [] for component in components}
    for ref, needed in asked.items():
        edges[ref] += needed
    if plan.comfyui is not None:
        for pack in plan.packs:
            edges[f"pack:{pack.name}"].append(COMFYUI)
    needed_by_others = {ref for needs in edges.values() for ref in needs}
    roots = [ref for ref in edges if ref not in needed_by_others or ref == COMFYUI]
    found = {ROOT: roots, **edges}
    return [{"ref": ref, "dependsOn": sorted(set(needs))} for ref, needs in sorted(found.items())]


def _notes(plan: Plan) -> tuple[str, ...]:
    names = plan.system_packages
    if not names:
        return ()
    return (f"Debian packages have no locked version and are left out: {', '.join(names)}",)
