"""Whether class types find their packs, in real workflows whose stamps say which are right.

The workflows and their labels are not part of the project: a folder with `manifest.json`,
`pack_aliases.json` and `workflows/` is given with `--corpus`.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from benchmarks.labels import CORE, Aliases, Occurrence, is_fork, labelled
from benchmarks.node_map import NodeMap
from benchmarks.stamps import ORIGIN_STAMPS, without_stamps
from benchmarks.table import Row, at_least, exactly
from comfylock import analyze_each
from comfylock.names import COMFYUI
from comfylock.registry.store import shared_registry
from comfylock.workflow.decode import NotJsonError, decode_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from comfylock.model import ClassUse
    from comfylock.ops.analyze import Outcome

SHOWN = 25
Verdicts = dict[str, Counter[tuple[str, str]]]
"""Kind to (class type, remark) and how often."""

KINDS = ("right", "wrong", "fork", "ambiguous", "unknown", "unseen")
"""`fork`: the label is a fork of the same name, which nothing but a stamp can tell."""


def measure(corpus: str, node_map: str | None) -> tuple[list[Row], list[str]]:
    """Return the figures for the corpus, and what was not right."""
    manifest, groups = (_load(corpus, name) for name in ("manifest.json", "pack_aliases.json"))
    aliases = Aliases(groups)
    occurrences, left = labelled(manifest, aliases)
    files = sorted(manifest)
    paths = [os.path.join(corpus, "workflows", name) for name in files]
    outcomes = dict(zip(files, analyze_each(paths), strict=True))
    rows, details = _reading(manifest, outcomes)
    visible = _judged(occurrences, outcomes, aliases)
    rows += _stamped_rows(visible, left)
    judged, documents = _stripped(corpus, occurrences)
    hidden = dict(zip(documents, analyze_each(list(documents.values())), strict=True))
    blind = _judged(judged, hidden, aliases)
    rows += _hidden_rows(blind)
    if node_map is not None:
        baseline = _judged_by_map(judged, NodeMap(node_map, aliases))
        rows.append(Row("corpus.node-map", "the Manager's map alone", _shares(baseline)))
    details += _worst("stamps visible", visible) + _worst("stamps hidden", blind)
    return rows, details


def _load(corpus: str, name: str) -> Any:
    with open(os.path.join(corpus, name), "rb") as stream:
        return json.load(stream)


def _reading(manifest: dict[str, Any], outcomes: dict[str, Outcome]) -> tuple[list[Row], list[str]]:
    """Return how many files were read, refused with a sentence, and silently empty."""
    read = [name for name, outcome in outcomes.items() if outcome.reports]
    refused = {name: outcome.problem for name, outcome in outcomes.items() if outcome.problem}
    silent = [
        name
        for name, outcome in outcomes.items()
        if not outcome.problem
        and not any(report.nodes or report.problems for report in outcome.reports)
    ]
    lost = [name for name in refused if _has_nodes(manifest[name]["truth"])]
    note = f"{len(read)} read, {len(refused)} refused, {len(lost)} of them with nodes inside"
    row = exactly("corpus.silent", "files silently empty", len(silent), 0, note)
    details = [f"refused: {name}: {problem}" for name, problem in refused.items()]
    return [row], [*details, *(f"silently empty: {name}" for name in silent)]


def _has_nodes(truth: dict[str, Any]) -> bool:
    return bool(truth.get("classes") or truth.get("api_classes"))


def _stripped(
    corpus: str, occurrences: Sequence[Occurrence]
) -> tuple[list[Occurrence], dict[str, bytes]]:
    """Return what is in JSON files, and these files without stamps; media cannot be rewritten."""
    documents: dict[str, bytes] = {}
    for name in sorted({occurrence.file for occurrence in occurrences}):
        with open(os.path.join(corpus, "workflows", name), "rb") as stream:
            data = stream.read()
        try:
            value, _ = decode_json(data)
        except NotJsonError:
            continue
        documents[name] = json.dumps(without_stamps(value, ORIGIN_STAMPS)).encode()
    return [item for item in occurrences if item.file in documents], documents


def _judged(
    occurrences: Sequence[Occurrence], outcomes: dict[str, Outcome], aliases: Aliases
) -> Verdicts:
    packs = shared_registry().packs
    names: dict[str, set[str]] = {}

    def labels(pack: str) -> set[str]:
        if pack not in names:
            names[pack] = aliases.of_pack(pack, packs.get(pack)) if pack != COMFYUI else {CORE}
        return names[pack]

    verdicts = _no_verdicts()
    for item in occurrences:
        uses = [
            use
            for report in outcomes[item.file].reports
            for use in report.class_types
            if use.class_type.strip() == item.class_type.strip()
        ]
        kind, remark = _verdict(uses, item.label, labels)
        verdicts[kind][item.class_type, f"{item.label} {remark}"] += item.times
    return verdicts


def _verdict(
    uses: Sequence[ClassUse], label: str, labels: Callable[[str], set[str]]
) -> tuple[str, str]:
    """Return what the report says about a class type that should belong to a pack."""
    packs = [use.pack for use in uses if use.pack is not None]
    if any(label in labels(pack) for pack in packs):
        return "right", ""
    if any(is_fork(label, labels(pack)) for pack in packs):
        return "fork", f"not {', '.join(packs)}"
    if packs:
        return "wrong", f"not {', '.join(packs)} ({uses[0].evidence})"
    if not uses:
        return "unseen", ""
    if uses[0].kind == "unknown":
        return "unknown", ""
    return "ambiguous", f"among {', '.join(uses[0].candidates)}"


def _judged_by_map(occurrences: Sequence[Occurrence], node_map: NodeMap) -> Verdicts:
    verdicts = _no_verdicts()
    for item in occurrences:
        packs = node_map.packs_of(item.class_type)
        if len(packs) > 1:
            kind = "ambiguous"
        elif item.label in packs:
            kind = "right"
        elif is_fork(item.label, packs):
            kind = "fork"
        else:
            kind = "wrong" if packs else "unknown"
        verdicts[kind][item.class_type, item.label] += item.times
    return verdicts


def _no_verdicts() -> Verdicts:
    return {kind: Counter() for kind in KINDS}


def _share(verdicts: Verdicts, kind: str) -> float:
    return verdicts[kind].total() / max(sum(counts.total() for counts in verdicts.values()), 1)


def _shares(verdicts: Verdicts) -> str:
    total = sum(counts.total() for counts in verdicts.values())
    parts = [f"{_share(verdicts, kind):.2%} {kind}" for kind in verdicts if verdicts[kind]]
    return f"{', '.join(parts)} of {total:,}"


def _stamped_rows(verdicts: Verdicts, left: dict[str, int]) -> list[Row]:
    wrong = verdicts["wrong"].total()
    noise = ", ".join(f"{count:,} {reason}" for reason, count in left.items())
    return [
        at_least("corpus.stamped", "packs right, stamps visible", _share(verdicts, "right"), 0.995),
        exactly("corpus.stamped.wrong", "wrong", wrong, 0, _shares(verdicts)),
        Row("corpus.left-out", "occurrences that cannot be judged", noise),
    ]


def _hidden_rows(verdicts: Verdicts) -> list[Row]:
    wrong = _share(verdicts, "wrong")
    return [
        at_least("corpus.hidden", "packs right, stamps hidden", _share(verdicts, "right"), 0.8),
        Row("corpus.hidden.wrong", "wrong", f"{wrong:.4f}", "<= 0.002", wrong <= 0.002),
        Row("corpus.hidden.all", "shares, stamps hidden", _shares(verdicts)),
    ]


def _worst(what: str, verdicts: Verdicts) -> list[str]:
    return [
        f"{what}, {kind}: {count:4} x {class_type}: {remark}"
        for kind in KINDS[1:]
        for (class_type, remark), count in verdicts[kind].most_common(SHOWN)
    ]
