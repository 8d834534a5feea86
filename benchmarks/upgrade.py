"""What `check`, `check-upgrade` and `--fix` say of real definitions, templates and workflows.

Needs a folder of recorded `/object_info` answers (`comfyui-<version>.json`); recordings of a
server's verdicts (`*.jsonl`, by `benchmarks.prompt_verdicts`) and checkouts of ComfyUI
(`comfyui-<version>/`) in it are used where they are.
"""

from __future__ import annotations

import glob
import os
import shutil
import time
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from benchmarks.prompt_agreement import compare as agreement
from benchmarks.prompts import Maker, prompts
from benchmarks.table import Row, at_least, exactly, ratio
from comfylock.analysis.analyzer import Settings
from comfylock.definitions.set_file import write_set
from comfylock.definitions.signature_source import read_source
from comfylock.ops.analyze import analyze
from comfylock.ops.definitions import load_definitions
from comfylock.ops.registry import usable_registry
from comfylock.ops.upgrade_check import Comparison
from comfylock.ops.upgrade_fix import fix_file
from comfylock.ops.workflow_check import Checker, read_workflows
from comfylock.upgrade.changes import compare
from comfylock.upgrade.documents import Document, prompt_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfylock.definitions.signature import ClassSignature, DefinitionSet
    from comfylock.registry.store import Registry
    from comfylock.upgrade.interface import PromptNode

    Workflows = list[tuple[str, Document]]

KNOWN_BREAKS = {
    ("0.3.40", "0.3.64"): {("DualCFGGuider", "style")},
    ("0.3.64", "0.6.0"): {
        *(
            (name, "")
            for name in (
                "FluxProCannyNode",
                "FluxProDepthNode",
                "Load3DAnimation",
                "LoadImageSetFromFolderNode",
                "LoadImageTextSetFromFolderNode",
                "PikaImageToVideoNode2_2",
                "PikaScenesV2_2",
                "PikaStartEndFrameNode2_2",
                "PikaTextToVideoNode2_2",
                "Pikadditions",
                "Pikaffects",
                "Pikaswaps",
                "Preview3DAnimation",
                "SaveLoRANode",
            )
        ),
        ("ImageScaleToTotalPixels", "resolution_steps"),
        ("TrainLoraNode", "bucket_mode"),
        ("WanContextWindowsManual", "freenoise"),
        ("ContextWindowsManual", "freenoise"),
    },
}
"""What is known to break every API workflow that has it, between versions of ComfyUI."""

MADE = 3000
"""Prompts made to be broken by an upgrade and mended."""


def measure(
    folder: str, paths: Sequence[str], corpus: str | None, scratch: str, runs: int
) -> tuple[list[Row], list[str]]:
    """Return the figures, and what is behind those that are not as they should be."""
    registry, _ = usable_registry(".")
    sets = load_sets(folder, registry)
    details: list[str] = []
    templates = _read(paths)
    workflows = _read([corpus]) if corpus else []
    rows = [*_sizes(sets), *_breaks(sets, details)]
    for version, found in sets.items():
        rows += _verdicts(f"templates.{version}", "644 templates", templates, found, registry)
        if workflows:
            rows += _verdicts(f"corpus.{version}", "the corpus", workflows, found, registry)
    rows += _agreements(folder, details)
    rows += _sources(folder, sets, details)
    rows += _fixes(sets, registry, templates, workflows, scratch, details)
    rows += _speed(sets, registry, paths, runs)
    return rows, details


def load_sets(folder: str, registry: Registry) -> dict[str, DefinitionSet]:
    """Return the recorded definitions by version, oldest first."""
    found = [
        load_definitions([path], registry)[0]
        for path in sorted(glob.glob(os.path.join(folder, "comfyui-*.json")))
    ]
    by_version = {os.path.basename(each.name)[8:-5]: each for each in found}
    return dict(sorted(by_version.items(), key=lambda item: tuple(map(int, item[0].split(".")))))


def _read(paths: Sequence[str]) -> Workflows:
    return [found for found in read_workflows(paths) if isinstance(found, tuple)]


def _sizes(sets: dict[str, DefinitionSet]) -> list[Row]:
    return [
        Row(
            f"upgrade.set.{version}",
            "a saved set, of the answer's size",
            f"{len(write_set(found)) / 1000:.0f} kB of {os.path.getsize(found.name) / 1000:.0f} kB",
        )
        for version, found in sets.items()
    ]


def _breaks(sets: dict[str, DefinitionSet], details: list[str]) -> list[Row]:
    """Return whether the known breaks are found, all of them and no others."""
    rows: list[Row] = []
    for (old, new), known in KNOWN_BREAKS.items():
        if old not in sets or new not in sets:
            continue
        changes = compare(sets[old], sets[new])
        found = {(each.class_type, each.input) for each in changes if each.api == "breaks"}
        grades = Counter(each.grade for each in changes)
        told = ", ".join(f"{count} {grade}" for grade, count in sorted(grades.items()))
        name = f"upgrade.breaks.{old}-{new}"
        rows.append(exactly(name, f"of {len(known)} known breaks", len(found & known), len(known)))
        rows.append(exactly(f"{name}.others", "called breaks besides", len(found - known), 0, told))
        details += [f"{name}: {each}" for each in sorted(found ^ known)]
    return rows


def _verdicts(
    name: str, what: str, workflows: Workflows, found: DefinitionSet, registry: Registry
) -> list[Row]:
    """Return how many workflows work, break, or cannot be judged for want of packs."""
    checker = Checker(found, registry, core_only=True)
    counts = Counter(checker.check(document, path).verdict for path, document in workflows)
    told = ", ".join(f"{counts[each]} {each}" for each in ("works", "partly", "breaks", "unjudged"))
    return [Row(f"upgrade.{name}", f"{what} against it", told)]


def _agreements(folder: str, details: list[str]) -> list[Row]:
    rows: list[Row] = []
    for path in sorted(glob.glob(os.path.join(folder, "*.jsonl"))):
        with open(path, "rb") as stream:
            counts, differences = agreement(stream.read())
        total = counts.pop("prompts")
        told = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
        agreed = (total - counts["unexplained"]) / max(total, 1)
        name = f"upgrade.agreement.{os.path.basename(path)[:-6]}"
        what = f"of {total} prompts the same, or explained"
        rows.append(at_least(name, what, agreed, 0.99, told))
        details += [
            f"{name}: {each.what}: theirs {sorted(each.theirs - each.ours)}, "
            f"ours {sorted(each.ours - each.theirs)}"
            for each in differences
            if not each.reason
        ]
    return rows


def _sources(folder: str, sets: dict[str, DefinitionSet], details: list[str]) -> list[Row]:
    """Return how much of a server's answer its source tells."""
    rows: list[Row] = []
    for version, served in sets.items():
        root = os.path.join(folder, f"comfyui-{version}")
        if not os.path.isdir(root):
            continue
        start = time.perf_counter()
        read, _ = read_source(root)
        seconds = time.perf_counter() - start
        same = [
            name
            for name, theirs in served.classes.items()
            if name in read.classes and _inputs(read.classes[name]) == _inputs(theirs)
        ]
        name, count = f"upgrade.source.{version}", len(served.classes)
        told = f"{len(same)} of {count}, {seconds:.1f} s"
        rows.append(
            at_least(name, "class types with the same inputs", len(same) / count, 0.95, told)
        )
        claimed = sorted(read.classes.keys() - served.classes.keys())
        rows.append(exactly(f"{name}.claimed", "class types that are not there", len(claimed), 0))
        differences = compare(read, served)
        rows.append(exactly(f"{name}.differs", "differences besides", len(differences), 0))
        details += [f"{name}: {each}" for each in sorted(served.classes.keys() - set(same))]
        details += [f"{name}: {each}" for each in differences]
    return rows


def _inputs(signature: ClassSignature) -> tuple[set[str], set[str]]:
    required = {each.name for each in signature.inputs if each.required}
    return required, {each.name for each in signature.inputs} - required


def _fixes(
    sets: dict[str, DefinitionSet],
    registry: Registry,
    templates: Workflows,
    workflows: Workflows,
    scratch: str,
    details: list[str],
) -> list[Row]:
    """Return what becomes of every API workflow that 0.3.64 takes and 0.6.0 does not."""
    if not {"0.3.64", "0.6.0"} <= sets.keys():
        return []
    old, new = sets["0.3.64"], sets["0.6.0"]
    comparison = Comparison(old, new, registry)
    before = Checker(old, registry, core_only=True)
    folder = os.path.join(scratch, "fixes")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    counts: Counter[str] = Counter()
    for number, (what, prompt) in enumerate(_prompts(old, before, templates, workflows)):
        impact = comparison.impact(Document(prompt=prompt), what)
        if impact.old == "breaks" or not _is_worse(impact.hits):
            continue
        counts["broken"] += 1
        counts["mendable"] += impact.is_fixed
        outcome = _mended(comparison, prompt, os.path.join(folder, f"{number}.json"))
        counts[outcome] += 1
        if outcome == "wrong":
            details.append(f"upgrade.fix: {what}: {impact.hits[:3]}")
    told = f"{counts['broken']} broken, {counts['left']} by what no default mends"
    return [
        exactly(
            "upgrade.fix", "API workflows mended", counts["accepted"], counts["mendable"], told
        ),
        exactly("upgrade.fix.wrong", "changed otherwise, or still refused", counts["wrong"], 0),
    ]


def _is_worse(found: Sequence[object]) -> bool:
    return any(getattr(hit, "grade", "") == "breaks" for hit in found)


def _prompts(
    old: DefinitionSet, checker: Checker, templates: Workflows, workflows: Workflows
) -> list[tuple[str, dict[str, PromptNode]]]:
    """Return API workflows: those of the corpus, what the editor makes of the others, made ones."""
    found = [(path, checker.prompt(each)[0]) for path, each in (*templates, *workflows)]
    kept = stocked(old)
    made = [(what, prompt_of(each)) for what, each in prompts(kept, MADE, 5) if what == "good"]
    aimed = [
        (f"good {name}", prompt_of(each))
        for name in sorted(name for name, _ in KNOWN_BREAKS["0.3.64", "0.6.0"])
        for each in _around(kept, name)
    ]
    return [*found, *made, *aimed]


def stocked(found: DefinitionSet) -> DefinitionSet:
    """Return a set as a machine has it on which every folder has one file."""
    classes = {
        name: msgspec.structs.replace(
            each,
            inputs=tuple(
                msgspec.structs.replace(entry, choices=("a file",)) if entry.files else entry
                for entry in each.inputs
            ),
        )
        for name, each in found.classes.items()
    }
    return msgspec.structs.replace(found, classes=classes)


def _around(found: DefinitionSet, name: str) -> list[dict[str, object]]:
    """Return prompts that use a class type, with something behind it that is an output."""
    made: list[dict[str, object]] = []
    maker = Maker(found, 3)
    if name not in maker.classes:
        return []
    for _ in range(20):
        prompt: dict[str, object] = {}
        key = maker.node(prompt, name, 1)
        for slot, output in enumerate(maker.classes[name].outputs):
            for taker in maker.outputs:
                takes = [e for e in maker.classes[taker].inputs if e.type == output.type]
                if takes:
                    last = maker.node(prompt, taker, 9)
                    node = prompt[last]
                    assert isinstance(node, dict)
                    node["inputs"][takes[0].name] = [key, slot]
                    break
        made.append(prompt)
    return made


def _mended(comparison: Comparison, prompt: dict[str, PromptNode], path: str) -> str:
    """Return what became of a file: `accepted`, `left` (nothing helps) or `wrong`."""
    document = {
        key: {"class_type": node.class_type, "inputs": node.inputs} for key, node in prompt.items()
    }
    with open(path, "wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(document), indent=2))
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    fixed = fix_file(path, comparison)
    if fixed is None:
        return "left"
    with open(path, encoding="utf-8") as stream:
        after = stream.read()
    for fix in fixed.fixes:
        document[fix.node]["inputs"][fix.input] = fix.value
    if msgspec.json.decode(after.encode()) != document or not _is_subsequence(text, after):
        return "wrong"
    if fixed.left:
        return "left"
    return "accepted" if not comparison.new.judge(prompt_of(document))[1] else "wrong"


def _is_subsequence(text: str, longer: str) -> bool:
    """Say whether all lines are still there, in order, apart from a comma at the end."""
    lines = iter(longer.splitlines())
    bare = (line.rstrip(",") for line in lines)
    return all(any(line.rstrip(",") == each for each in bare) for line in text.splitlines())


def _speed(
    sets: dict[str, DefinitionSet], registry: Registry, paths: Sequence[str], runs: int
) -> list[Row]:
    versions = list(sets)
    found = sets[versions[-1]]
    checks, analyses, diffs = [], [], []
    for _ in range(max(3, runs // 3)):
        start = time.perf_counter()
        checker = Checker(found, registry)
        for path, document in read_workflows(paths):  # type: ignore[misc]
            checker.check(document, path)
        checks.append(time.perf_counter() - start)
        start = time.perf_counter()
        analyze(list(paths), registry=registry, settings=Settings())
        analyses.append(time.perf_counter() - start)
        start = time.perf_counter()
        old, _ = load_definitions([sets[versions[0]].name], registry)
        new, _ = load_definitions([found.name], registry)
        compare(old, new)
        diffs.append(time.perf_counter() - start)
    return [
        ratio("upgrade.speed", "templates checked / analyzed", (min(checks), min(analyses)), 3),
        Row(
            "upgrade.speed.diff",
            "two answers read and compared",
            f"{min(diffs) * 1000:.0f} ms",
            "< 200 ms",
            min(diffs) < 0.2,
        ),
    ]
