"""What is found in ComfyUI's own templates, whose stamps say what should be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.api_format import live_nodes, to_api
from benchmarks.stamps import MODEL_STAMPS, without_stamps
from benchmarks.table import Row, at_least, exactly
from benchmarks.widget_names import all_nodes, learn_orders
from comfylock import analyze, analyze_each
from comfylock.names import COMFYUI, SUBGRAPH_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfylock import Report, WorkflowReport

FILES, NODES, NODES_IN_SUBGRAPHS = 644, 9794, 4597
"""What the pinned version of the templates holds."""

USED_PACKS = {"comfyui_essentials"}
"""Two templates do use its `ImageRemoveAlpha+`, without a stamp; no other pack is needed."""

Pairs = set[tuple[str, str]]
"""Templates and names of model files."""


class Templates(NamedTuple):
    """The templates, decoded, by file name."""

    workflows: dict[str, dict[str, Any]]
    core: set[str]
    """The class types that their author stamped as ComfyUI's own."""


def load(paths: Sequence[str]) -> Templates:
    """Return the decoded templates."""
    workflows = {}
    for path in paths:
        with open(path, "rb") as stream:
            workflows[path] = json.load(stream)
    core = {
        node["type"]
        for workflow in workflows.values()
        for node in all_nodes(workflow)
        if (node.get("properties") or {}).get("cnr_id") == "comfy-core"
    }
    return Templates(workflows, {name for name in core if SUBGRAPH_ID.match(name) is None})


def measure_ui(paths: Sequence[str]) -> tuple[list[Row], list[str]]:
    """Return the figures for the templates as they are, and what missed."""
    templates = load(paths)
    report = analyze(paths)
    top = sum(len(workflow["nodes"]) for workflow in templates.workflows.values())
    inside = report.totals.nodes - top
    rows = [
        exactly("templates.read", "workflows read", report.totals.workflows, FILES),
        exactly("templates.nodes", "nodes read", report.totals.nodes, NODES),
        exactly("templates.subgraphs", "nodes seen in subgraphs", inside, NODES_IN_SUBGRAPHS),
        exactly("templates.unread", "nodes or files not read", _unread(report), 0),
        *_kinds("templates", report, templates.core),
    ]
    truth = {
        (path, name)
        for path, workflow in templates.workflows.items()
        for node in all_nodes(workflow)
        for name in _stamped_models(node)
    }
    found = _found(report.workflows, paths)
    rows += _models("templates.models", "models, stamps visible", found, truth, (1.0, 1.0))
    hidden = _analyzed(
        without_stamps(workflow, MODEL_STAMPS) for workflow in templates.workflows.values()
    )
    blind = _found(hidden, paths)
    rows += _models("templates.hidden", "models, stamps removed", blind, truth, (0.995, 0.997))
    details = [f"pack: {pack.name} for {pack.class_types}" for pack in report.packs]
    return rows, [*details, *_differences("stamps removed", blind, truth)]


def measure_api(paths: Sequence[str]) -> tuple[list[Row], list[str]]:
    """Return the figures for the templates turned into API format, and what missed."""
    templates = load(paths)
    orders = learn_orders(templates.workflows.values())
    converted = [to_api(workflow, orders) for workflow in templates.workflows.values()]
    report = analyze([json.dumps(workflow).encode() for workflow in converted if workflow])
    kept = [path for path, workflow in zip(paths, converted, strict=True) if workflow]
    truth = {
        (path, name)
        for path in kept
        for _, node in live_nodes(templates.workflows[path])
        for name in _stamped_models(node)
    }
    found = _found(report.workflows, kept)
    nodes = sum(map(len, converted))
    rows = [
        exactly("api.read", "templates in API format read", report.totals.workflows, len(kept)),
        exactly("api.nodes", "nodes read", report.totals.nodes, nodes),
        *_kinds("api", report, templates.core),
        *_models("api.models", "models, API format", found, truth, (0.995, 0.997)),
    ]
    details = [f"pack: {pack.name} for {pack.class_types}" for pack in report.packs]
    return rows, [*details, *_differences("API format", found, truth)]


def _kinds(name: str, report: Report, core: set[str]) -> list[Row]:
    """Return what became of ComfyUI's own class types, and the packs that nobody needs."""
    others = {entry.class_type for entry in report.class_types if entry.pack != COMFYUI}
    taken = sorted(others & core)
    packs = [pack.name for pack in report.packs if pack.name not in {COMFYUI, *USED_PACKS}]
    return [
        exactly(f"{name}.core", "core types not seen as core", len(taken), 0, _few(taken)),
        exactly(f"{name}.packs", "packs reported that none uses", len(packs), 0, _few(packs)),
    ]


def _models(
    name: str, what: str, found: Pairs, truth: Pairs, targets: tuple[float, float]
) -> list[Row]:
    right = len(found & truth)
    recall, precision = right / max(len(truth), 1), right / max(len(found), 1)
    return [
        at_least(f"{name}.recall", what, recall, targets[0], f"{right} of {len(truth)}"),
        at_least(f"{name}.precision", what, precision, targets[1], f"{right} of {len(found)}"),
    ]


def _analyzed(workflows: Iterable[dict[str, Any]]) -> list[WorkflowReport]:
    documents = [json.dumps(workflow).encode() for workflow in workflows]
    return [report for outcome in analyze_each(documents) for report in outcome.reports]


def _found(reports: Iterable[WorkflowReport], paths: Sequence[str]) -> Pairs:
    """Return the models of each template; the reports stand in the order of the paths."""
    return {
        (path, _base(model.name))
        for path, report in zip(paths, reports, strict=True)
        for model in report.models
    }


def _stamped_models(node: dict[str, Any]) -> list[str]:
    entries = (node.get("properties") or {}).get("models") or ()
    return [_base(entry["name"]) for entry in entries]


def _base(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _unread(report: Report) -> int:
    return report.totals.unread + len(report.problems)


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown}, …" if len(names) > 5 else shown


def _differences(what: str, found: Pairs, truth: Pairs) -> list[str]:
    missed = [f"{what}, missed: {_base(path)}: {name}" for path, name in sorted(truth - found)]
    extra = [f"{what}, beyond: {_base(path)}: {name}" for path, name in sorted(found - truth)]
    return missed + extra
