"""Does `check` say what a real ComfyUI said of the recorded prompts?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from benchmarks.prompt_agreement import RAISED, compare, load
from benchmarks.prompts import BREAKS
from comfylock.definitions.signature_source import read_source

HERE = Path(__file__).parents[2]
RECORDING = HERE / "verdicts" / "comfyui-0.3.64.jsonl"


def test_every_prompt_is_judged_alike_or_the_difference_has_a_reason() -> None:
    source, _ = read_source(str(HERE / "upgrade_pack"))
    counts, differences = compare(RECORDING.read_bytes(), [source])
    assert [each for each in differences if not each.reason] == []
    assert counts["prompts"] >= 500
    # Cycles are where 0.3.64 has no word of its own; nothing else may differ much.
    assert counts["same"] + counts["recursion"] >= 0.99 * counts["prompts"]
    assert counts["recursion"] <= 0.05 * counts["prompts"]


def test_the_recording_has_every_kind_of_fault_and_of_break() -> None:
    _, prompts = load(RECORDING.read_bytes())
    assert {each.what for each in prompts} == set(BREAKS)
    kinds = Counter(kind for each in prompts for _, kind, _ in each.kinds)
    assert set(kinds) >= {
        "invalid_prompt",
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
    }
    assert sum(not each.kinds for each in prompts) >= 100
