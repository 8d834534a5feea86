"""The report of `analyze` for machines. The shape is public: docs/json.md describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.cli.envelope import line, success
from comfylock.names import COMFYUI

if TYPE_CHECKING:
    from comfylock.model import ClassEntry, ModelEntry, ModelUse, PackEntry, Report, WorkflowReport
    from comfylock.ops.analyze import Outcome


def report_json(report: Report, *, ok: bool) -> bytes:
    """Return the whole report in its envelope."""
    data = {
        "workflows": [workflow_object(workflow) for workflow in report.workflows],
        "class_types": [_class_object(entry) for entry in report.class_types],
        "packs": [_pack_object(pack) for pack in report.packs],
        "models": [_model_object(model) for model in report.models],
        "comfyui": {"minimum": report.minimum},
        "problems": list(report.problems),
    }
    return success("analyze", data, ok=ok)


def workflow_line(workflow: WorkflowReport) -> bytes:
    """Return one workflow as one line: its entry of the report, and why."""
    entry = workflow_object(workflow)
    entry["resolved"] = [
        {
            "class_type": use.class_type,
            "kind": use.kind,
            "pack": use.pack,
            "evidence": use.evidence,
            "candidates": use.candidates,
            "count": use.count,
            "inactive": use.inactive,
            "versions": use.versions,
            "conflicts": use.conflicts,
        }
        for use in workflow.class_types
    ]
    entry["sources"] = {_path(model): model.sources for model in workflow.models}
    entry["comfyui"] = {"minimum": workflow.minimum}
    return line(entry)


def problem_line(outcome: Outcome) -> bytes:
    """Return an input that could not be read as one line."""
    return line({"path": outcome.path, "error": outcome.problem})


def workflow_object(workflow: WorkflowReport) -> dict[str, Any]:
    """Return one workflow's entry of the report."""
    packs = {use.pack for use in workflow.class_types if use.pack and use.pack != COMFYUI}
    return {
        "path": workflow.path,
        "format": workflow.format,
        "nodes": workflow.nodes,
        "inactive": workflow.inactive,
        "unread": workflow.unread,
        "class_types": sorted({use.class_type for use in workflow.class_types}),
        "packs": sorted(packs),
        "models": sorted({_path(model) for model in workflow.models}),
        "assets": sorted({asset.name for asset in workflow.assets}),
        "problems": workflow.problems,
    }


def _path(model: ModelUse) -> str:
    return f"{model.folder}/{model.name}" if model.folder else model.name


def _class_object(entry: ClassEntry) -> dict[str, Any]:
    return {
        "class_type": entry.class_type,
        "kind": entry.kind,
        "pack": entry.pack,
        "evidence": entry.evidence,
        "candidates": entry.candidates,
        "workflows": entry.workflows,
        "count": entry.count,
        "inactive": entry.inactive,
        "since": entry.since,
        "conflicts": entry.conflicts,
    }


def _pack_object(pack: PackEntry) -> dict[str, Any]:
    return {
        "name": pack.name,
        "registry_id": pack.registry_id,
        "repository": pack.repository,
        "versions_seen": pack.versions_seen,
        "class_types": pack.class_types,
        "workflows": pack.workflows,
        "evidence": pack.evidence,
        "inactive": pack.inactive,
    }


def _model_object(model: ModelEntry) -> dict[str, Any]:
    return {
        "name": model.name,
        "folder": model.folder,
        "class_type": model.class_type,
        "input": model.input,
        "sources": model.sources,
        "inactive": model.inactive,
        "workflows": model.workflows,
    }
