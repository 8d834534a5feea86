"""Whether `check` says of recorded prompts what a real ComfyUI said, and why where it does not.

Some differences are no faults of either side. They are counted apart, by reason:

- `set order`: ComfyUI goes through inputs and outputs in the order of a Python set. Where one of
  them makes it raise, what it said of the others by then is a matter of chance; so is which of two
  words it uses for a node that raises and is an output and somebody's source at once.
- `recursion`: versions without `dependency_cycle` run into Python's recursion limit in a cycle
  and name no error, or a node at random.
- `server error`: newer versions answer 500 without a word where `inputs` of any node is null;
  `check` says that ComfyUI itself fails at that node.
- `own code`: a class judges its inputs by code that only running it could tell the outcome of.

`invalid_prompt` is what `missing_node_type` was called before 0.12.0: no difference.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from comfylock.definitions.set_file import read_set
from comfylock.definitions.signature import DefinitionSet, merged
from comfylock.upgrade.documents import prompt_of
from comfylock.upgrade.interface import rules_of
from comfylock.upgrade.validate import Validator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.upgrade.interface import Judgement
    from comfylock.upgrade.validate import Prompt

Errors = set[tuple[str, str, str]]
"""Node, kind, input."""

RAISED = frozenset({"exception_during_validation", "exception_during_inner_validation"})
TOP = "prompt_outputs_failed_validation"


class Recorded(Struct):
    """One prompt and what a server said of it."""

    what: str
    prompt: dict[str, Any]
    status: int
    kinds: list[tuple[str, str, str]]


class Difference(Struct):
    """One prompt of which the two sides say different things."""

    what: str
    reason: str
    """Empty: nothing explains it."""
    theirs: Errors
    ours: Errors


def load(data: bytes) -> tuple[DefinitionSet, list[Recorded]]:
    """Return the set and the prompts of a recording."""
    first, *rest = data.splitlines()
    found = read_set(msgspec.json.decode(first))
    return found, [msgspec.json.decode(line, type=Recorded) for line in rest]


def compare(
    data: bytes, sources: Iterable[DefinitionSet] = ()
) -> tuple[Counter[str], list[Difference]]:
    """Return how many prompts agree, by reason, and those that do not.

    `sources` add what only source tells: which inputs a class judges by itself.
    """
    held, prompts = load(data)
    validator = Validator(merged((held, *sources)), rules_of(held.comfyui))
    counts: Counter[str] = Counter()
    differences: list[Difference] = []
    for recorded in prompts:
        prompt = prompt_of(recorded.prompt)
        judgement = validator.judge(prompt)
        theirs, ours = _theirs(recorded), _ours(judgement)
        counts["prompts"] += 1
        if theirs == ours and _verdict(recorded) == judgement.verdict:
            counts["same"] += 1
            continue
        reason = _reason(validator, recorded, prompt, judgement)
        counts[reason or "unexplained"] += 1
        differences.append(Difference(recorded.what, reason, theirs, ours))
    return counts, differences


def _verdict(recorded: Recorded) -> str:
    if recorded.status != 200:
        return "breaks"
    return "partly" if recorded.kinds else "works"


def _theirs(recorded: Recorded) -> Errors:
    return {
        (node, "missing_node_type" if kind == "invalid_prompt" else kind, _input(kind, name))
        for node, kind, name in recorded.kinds
        if kind != TOP
    }


def _ours(judgement: Judgement) -> Errors:
    found: Errors = {
        (each.node, each.kind, _input(each.kind, each.input)) for each in judgement.faults
    }
    is_missing = any(kind == "missing_node_type" for _, kind, _ in found)
    return {("", "missing_node_type", "")} if is_missing else found


def _input(kind: str, name: str) -> str:
    return "" if kind in RAISED else name


def _reason(validator: Validator, recorded: Recorded, prompt: Prompt, judgement: Judgement) -> str:
    """Return why two sides may differ; empty if nothing explains it."""
    theirs, ours = _theirs(recorded), _ours(judgement)
    if recorded.status not in (200, 400):
        nodes = recorded.prompt.values()
        has_null = any("inputs" in node and node["inputs"] is None for node in nodes)
        is_told = any(kind in RAISED for _, kind, _ in ours)
        return "server error" if has_null and is_told else ""
    own = {node for node in prompt if _has_own_code(validator, prompt[node].class_type)}
    if ours <= theirs and all(
        node in own and kind in _OWN_KINDS for node, kind, _ in theirs - ours
    ):
        return "own code"
    return _by_order(validator, recorded, prompt, judgement)


_OWN_KINDS = RAISED | {"custom_validation_failed"}


def _has_own_code(validator: Validator, kind: Any) -> bool:
    signature = validator.classes.get(kind)
    return signature is not None and bool(signature.checks or signature.checks_all)


def _by_order(
    validator: Validator, recorded: Recorded, prompt: Prompt, judgement: Judgement
) -> str:
    """Return whether cycles or the order of a set explain a difference."""
    theirs, ours = _theirs(recorded), _ours(judgement)
    cyclic = {node for node, kind, _ in ours if kind == "dependency_cycle"}
    if cyclic:
        rest = {each for each in ours if each[0] not in cyclic}
        return "recursion" if rest >= {e for e in theirs if e[1] not in RAISED} else ""
    raising = {node for node, kind, _ in ours | theirs if kind in RAISED}
    if not raising or raising != {node for node, kind, _ in ours if kind in RAISED}:
        return ""
    behind = _behind(prompt, raising)
    certain = {each for each in ours if each[0] not in behind | raising}
    possible = {each for each in ours if each[0] not in raising}
    for node in behind & prompt.keys():
        local = validator.local(prompt, node, [])
        possible |= {(node, fault.kind, fault.input) for fault in local.faults}
    others = {each for each in theirs if each[0] not in raising}
    is_same = _verdict(recorded) == judgement.verdict or not certain
    return "set order" if certain <= others <= possible and is_same else ""


def _behind(prompt: Prompt, raising: set[str]) -> set[str]:
    """Return the nodes that the raising ones wait for."""
    waiting, found = list(raising), set()
    while waiting:
        node = prompt.get(waiting.pop())
        inputs = node.inputs if node is not None and isinstance(node.inputs, dict) else {}
        for value in inputs.values():
            origin = value[0] if isinstance(value, list) and value else None
            if isinstance(origin, str) and origin not in found:
                found.add(origin)
                waiting.append(origin)
    return found
