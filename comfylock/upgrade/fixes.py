"""What has to be written into a prompt so that newer definitions take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct

from comfylock.upgrade.expand import DynamicInputError, expanded
from comfylock.upgrade.interface import PromptNode
from comfylock.upgrade.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.definitions.signature import ClassSignature, DefinitionSet, InputSignature
    from comfylock.upgrade.interface import Fault
    from comfylock.upgrade.validate import Prompt, Validator

MAX_ROUNDS = 4
"""A value written in may bring inputs of its own along."""


class Fix(Struct, frozen=True):
    """One value to write."""

    node: str
    class_type: str
    input: str
    value: Any
    old: Any = UNSET
    """The value that it takes the place of; UNSET where there was none."""

    @property
    def message(self) -> str:
        """Return what is written, in a few words."""
        if self.old is UNSET:
            return f"`{self.input}` is given {shown(self.value)}"
        return f"`{self.input}` becomes {shown(self.value)} instead of {shown(self.old)}"


def plan(
    prompt: Prompt, validator: Validator, old: DefinitionSet | None, new: DefinitionSet
) -> tuple[tuple[Fix, ...], Prompt, tuple[Fault, ...]]:
    """Return what to write, the prompt with it, and the faults that are left.

    A fix that would not lead to fewer faults is not proposed.
    """
    fixes: list[Fix] = []
    faults = validator.judge(prompt).faults
    for _ in range(MAX_ROUNDS):
        found = list(_fixes(prompt, faults, old, new))
        if not found:
            break
        prompt = applied(prompt, found)
        fixes += found
        faults = validator.judge(prompt).faults
    return tuple(fixes), prompt, faults


def applied(prompt: Prompt, fixes: Iterable[Fix]) -> Prompt:
    """Return the prompt with the fixes in it; the given one stays as it is."""
    changed = dict(prompt)
    for fix in fixes:
        node = changed[fix.node]
        inputs = {**node.inputs, fix.input: fix.value}
        changed[fix.node] = PromptNode(node.class_type, inputs, node.is_whole)
    return changed


def _fixes(
    prompt: Prompt,
    faults: Iterable[Fault],
    old: DefinitionSet | None,
    new: DefinitionSet,
) -> Iterable[Fix]:
    for fault in faults:
        signature = new.classes.get(fault.class_type)
        inputs = prompt[fault.node].inputs if fault.node in prompt else None
        if signature is None or not isinstance(inputs, dict):
            continue
        entry = _entry(signature, fault.input, inputs)
        if entry is None:
            continue
        if fault.kind == "required_input_missing":
            value = entry.fallback()
            if value is not UNSET and value is not None:
                yield Fix(fault.node, fault.class_type, fault.input, _wrapped(value))
        elif fault.kind == "value_not_in_list":
            before = old.classes.get(fault.class_type) if old is not None else None
            former = before.input(fault.input) if before is not None else None
            given = inputs[fault.input]
            value = renamed(given, former, entry)
            if value is not UNSET:
                yield Fix(fault.node, fault.class_type, fault.input, value, given)


def _entry(signature: ClassSignature, name: str, inputs: dict[str, Any]) -> InputSignature | None:
    plain = signature.input(name)
    if plain is not None or "." not in name:
        return plain
    try:
        return next((e for e in expanded(signature.inputs, inputs) if e.name == name), None)
    except DynamicInputError:
        return None


def _wrapped(value: Any) -> Any:
    """Return a value as a prompt holds it: a plain list would be taken for a link."""
    return {"__value__": value} if isinstance(value, list) else value


def renamed(value: Any, before: InputSignature | None, after: InputSignature) -> Any:
    """Return what a gone choice is called now; UNSET unless exactly one thing can be meant.

    It is the one choice that differs in case, spaces and separators alone; or, where one choice
    went and one came and the default moved from the one to the other, that one.
    """
    choices = after.choices or ()
    if not isinstance(value, str):
        return UNSET
    alike = [each for each in choices if isinstance(each, str) and _key(each) == _key(value)]
    if alike:
        return alike[0] if len(alike) == 1 else UNSET
    if before is None or before.choices is None:
        return UNSET
    gone = [each for each in before.choices if each not in choices]
    came = [each for each in choices if each not in before.choices]
    if gone == [value] and len(came) == 1 and (before.default, after.default) == (value, came[0]):
        return came[0]
    return UNSET


def _key(text: str) -> str:
    """Return what spellings of one choice have in common."""
    return "".join(c for c in text.casefold().replace("\\", "/") if c not in " _-")
