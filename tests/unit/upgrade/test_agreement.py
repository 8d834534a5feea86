"""Does `check` say what a real ComfyUI said of the recorded prompts?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.prompt_agreement import RAISED, compare, load
from benchmarks.prompts import BREAKS
from comfylock.definitions.signature_source import read_source

HERE = Path(__file__).parents[2]
RECORDINGS = {
    version: HERE / "verdicts" / f"comfyui-{version}.jsonl"
    for version in ("0.3.64", "0.6.0", "0.33.0")
}
"""Older rules and newer: without `dependency_cycle` and choices of newer classes, and with."""


@pytest.mark.parametrize("version", RECORDINGS)
def test_every_prompt_is_judged_alike_or_the_difference_has_a_reason(version: str) -> None:
    source, _ = read_source(str(HERE / "upgrade_pack"))
    counts, differences = compare(RECORDINGS[version].read_bytes(), [source])
    assert [each for each in differences if not each.reason] == []
    assert counts["prompts"] >= 500
    # Cycles have no word of their own before 0.20.0, null inputs none since 0.14.0; nothing else
    # may differ much.
    silent = counts["recursion"] + counts["server error"]
    assert counts["same"] + silent >= 0.99 * counts["prompts"]
    assert silent <= 0.05 * counts["prompts"]


@pytest.mark.parametrize("version", RECORDINGS)
def test_the_recording_has_every_kind_of_fault_and_of_break(version: str) -> None:
    _, prompts = load(RECORDINGS[version].read_bytes())
    is_new = version == "0.33.0"
    assert {each.what for each in prompts} == set(BREAKS)
    kinds = Counter(kind for each in prompts for _, kind, _ in each.kinds)
    assert set(kinds) >= {
        "missing_node_type" if is_new else "invalid_prompt",
        "prompt_no_outputs",
        "prompt_outputs_failed_validation",
        "required_input_missing",
        "bad_linked_input",
        "return_type_mismatch",
        "invalid_input_type",
        "value_smaller_than_min",
        "value_bigger_than_max",
        "value_not_in_list",
        *RAISED,
        *(["dependency_cycle"] if is_new else []),
    }
    assert sum(not each.kinds for each in prompts) >= 100
