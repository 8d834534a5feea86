"""What ComfyUI's own `/prompt` would say of a prompt, error by error, without a server.

Source: `validate_prompt` and `validate_inputs` in `execution.py` of ComfyUI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.definitions.own_checks import FILE_CHECKS, INPUT_TYPES
from comfylock.model import Problem
from comfylock.names import printable
from comfylock.upgrade.expand import DynamicInputError, expanded
from comfylock.upgrade.interface import Fault, Judgement, PromptNode, Rules
from comfylock.upgrade.values import RaisedError, is_compatible, judge_literal, shown

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from comfylock.definitions.signature import (
        ClassSignature,
        DefinitionSet,
        InputSignature,
        OutputSignature,
    )
    from comfylock.upgrade.interface import FaultKind

Prompt = dict[str, PromptNode]
"""Nodes by id, in the file's order."""


class _Local(Struct, gc=False):
    """What one node shows by itself, whoever asks for it."""

    faults: list[Fault]
    upstream: list[str]
    raised: str | None = None
    """ComfyUI's own code would raise at this node: why."""


class Validator:
    """Judges prompts against one set; a class because what is worked out for one serves all."""

    def __init__(
        self,
        definitions: DefinitionSet,
        rules: Rules | None = None,
        *,
        unknown: Container[object] = (),
    ) -> None:
        """`unknown` are class types of which the set says nothing, so that anything goes."""
        self.classes: Mapping[str, ClassSignature] = definitions.classes
        self.has_files = definitions.has_files
        self.rules = rules or Rules()
        self.unknown = unknown
        self._dynamic: dict[str, bool] = {}

    def judge(self, prompt: Prompt) -> Judgement:
        """Return what ComfyUI would say."""
        if not prompt:
            return _refused([_fault("", "", "", "prompt_no_outputs", "the prompt is empty")])
        missing = self._missing(prompt)
        if missing:
            return _refused(missing)
        outputs = [key for key, node in prompt.items() if self._is_output(node)]
        if not outputs:
            told = "no node of it puts anything out"
            return _refused([_fault("", "", "", "prompt_no_outputs", told)])
        return _Run(self, prompt).judge(outputs)

    def _missing(self, prompt: Prompt) -> list[Fault]:
        """Return the nodes of class types that are not there; nothing else is looked at then."""
        found: list[Fault] = []
        for key, node in prompt.items():
            kind = node.class_type
            if not node.is_whole:
                found.append(_fault(key, "", "", "missing_node_type", "has no class type"))
            elif not isinstance(kind, str) or (
                kind not in self.classes and kind not in self.unknown
            ):
                told = f"there is no class type {shown(kind)}"
                found.append(_fault(key, str(kind), "", "missing_node_type", told))
        return found

    def _is_output(self, node: PromptNode) -> bool:
        signature = self.classes.get(node.class_type)
        # Of a class type that nothing is known of, an output may be what it is.
        return signature is None or signature.is_output or signature.is_partial

    def local(self, prompt: Prompt, key: str, doubts: list[Problem]) -> _Local:
        """Return what a node shows by itself, and what it asks for."""
        node = prompt[key]
        signature = self.classes.get(node.class_type)
        local = _Local([], [])
        if signature is None:
            doubts.append(Problem(key, f"nothing is known of {shown(node.class_type)}"))
            local.upstream = [each for each in _linked(node.inputs) if each in prompt]
            return local
        inputs = node.inputs
        try:
            for entry in self._entries(signature, inputs):
                if entry.name in inputs:
                    self._judge_input(prompt, key, signature, entry, local)
                elif entry.required:
                    told = "is required and not given"
                    fault = _fault(key, node.class_type, entry.name, "required_input_missing", told)
                    local.faults.append(fault)
        except DynamicInputError as error:
            told = str(error)
            fault = _fault(key, node.class_type, error.name, "invalid_dynamic_input", told)
            local.faults, local.upstream = [fault], []
        except (RaisedError, TypeError, KeyError) as error:
            local.raised = str(error) if isinstance(error, RaisedError) else "has no inputs"
        else:
            local.raised = _unasked(signature, inputs)
        if signature.is_partial:
            doubts.append(Problem(key, f"not all of {shown(node.class_type)} could be read"))
        return local

    def _entries(self, signature: ClassSignature, inputs: Any) -> Iterable[InputSignature]:
        kind = signature.class_type
        dynamic = self._dynamic.get(kind)
        if dynamic is None:
            dynamic = any(entry.is_dynamic for entry in signature.inputs)
            self._dynamic[kind] = dynamic
        if dynamic and isinstance(inputs, dict):
            return list(expanded(signature.inputs, inputs))
        return signature.inputs

    def _judge_input(
        self,
        prompt: Prompt,
        key: str,
        signature: ClassSignature,
        entry: InputSignature,
        local: _Local,
    ) -> None:
        value = prompt[key].inputs[entry.name]
        refusal: tuple[FaultKind, str] | None
        if value.__class__ is list:
            refusal = self._judge_link(prompt, signature, entry, value, local)
        else:
            own = signature.checks_all or entry.name in signature.checks
            refusal = judge_literal(entry, value, self.rules, judged_elsewhere=own)
            if own and self.has_files and entry.name in FILE_CHECKS.get(signature.class_type, ()):
                refusal = refusal or _judge_file(entry, value)
        if refusal is not None:
            local.faults.append(_fault(key, signature.class_type, entry.name, *refusal))

    def _fits(self, output: OutputSignature, entry: InputSignature) -> bool:
        return is_compatible(output, entry, self.rules)

    def _judge_link(
        self,
        prompt: Prompt,
        signature: ClassSignature,
        entry: InputSignature,
        value: list[Any],
        local: _Local,
    ) -> tuple[FaultKind, str] | None:
        if len(value) != 2:
            told = f"a link is a node's id and a slot, not a list of {len(value)}"
            return "bad_linked_input", told
        origin, slot = value
        if not isinstance(origin, str) or origin not in prompt:
            raise RaisedError(f"`{printable(entry.name)}` is linked to {shown(origin)}: no node")
        source = self.classes.get(prompt[origin].class_type)
        if source is not None and not (source.is_partial and _beyond(source, slot)):
            if not isinstance(slot, int) or not -len(source.outputs) <= slot < len(source.outputs):
                told = f"{shown(slot)} of {shown(source.class_type)}, which has no such output"
                raise RaisedError(f"`{printable(entry.name)}` is linked to output {told}")
            output = source.outputs[slot]
            if INPUT_TYPES not in signature.checks and not self._fits(output, entry):
                told = f"takes {shown(entry.type)} and is linked to {shown(output.type)}"
                return "return_type_mismatch", told
        local.upstream.append(origin)
        return None


class _Run:
    """One prompt being judged: which nodes are asked for, and what comes of each."""

    def __init__(self, validator: Validator, prompt: Prompt) -> None:
        self.validator = validator
        self.prompt = prompt
        self.doubts: list[Problem] = []
        self.locals: dict[str, _Local] = {}
        self.valid: dict[str, bool] = {}
        self.cyclic: dict[str, str] = {}

    def judge(self, outputs: list[str]) -> Judgement:
        """Walk back from every output, as ComfyUI does."""
        asked: set[str] = set()
        for output in outputs:
            if output not in self.valid:
                asked.add(output)
                self._visit(output)
        faults = self._faults(asked)
        accepted = any(self.valid[output] for output in outputs)
        return Judgement(tuple(faults), accepted, tuple(self.doubts))

    def _visit(self, start: str) -> None:
        """Judge a node and all that it asks for; a loop, so that no depth is too deep."""
        path: list[str] = [start]
        on_path = {start: 0}
        known = [1]
        waiting = [iter(self._enter(start).upstream)]
        while path:
            key = path[-1]
            following = next((k for k in waiting[-1] if k not in self.valid), None)
            if following is None:
                self._leave(key)
                del on_path[path.pop()]
                waiting.pop()
                lowest = known.pop()
                if known:
                    known[-1] = min(known[-1], lowest)
            elif following in on_path:
                self._close(path, on_path[following], known)
            else:
                on_path[following] = len(path)
                path.append(following)
                known.append(len(path))
                waiting.append(iter(self._enter(following).upstream))

    def _close(self, path: list[str], start: int, known: list[int]) -> None:
        """Note that the nodes of a path wait for each other, from a place to its end.

        `known` has for each place down to which one that is known already, so that a node with
        many ways back does not cost the length of the path for each.
        """
        told = " → ".join(printable(each, 40) for each in [*path[start : start + 8], path[start]])
        place = len(path) - 1
        while place >= start:
            if known[place] <= place:
                place = known[place] - 1
            else:
                self.cyclic.setdefault(path[place], told)
                place -= 1
        known[-1] = min(known[-1], start)

    def _enter(self, key: str) -> _Local:
        local = self.validator.local(self.prompt, key, self.doubts)
        self.locals[key] = local
        return local

    def _leave(self, key: str) -> None:
        local = self.locals[key]
        is_valid = not local.faults and local.raised is None and key not in self.cyclic
        self.valid[key] = is_valid and all(self.valid.get(k, False) for k in local.upstream)

    def _faults(self, asked: set[str]) -> list[Fault]:
        """Return the faults of the nodes that were asked for, in the prompt's order."""
        found: list[Fault] = []
        for key, node in self.prompt.items():
            local = self.locals.get(key)
            if local is None:
                continue
            kind = str(node.class_type)
            if key in self.cyclic:
                told = f"it waits for itself: {self.cyclic[key]}"
                found.append(_fault(key, kind, "", "dependency_cycle", told))
            if local.raised is None:
                found += local.faults
            elif key in asked:
                found.append(_fault(key, kind, "", "exception_during_validation", local.raised))
            else:
                name: FaultKind = "exception_during_inner_validation"
                found.append(_fault(key, kind, "", name, local.raised))
        return found


def _fault(node: str, kind: str, name: str, fault: FaultKind, message: str) -> Fault:
    return Fault(node, kind, name, fault, message)


def _refused(faults: list[Fault]) -> Judgement:
    return Judgement(tuple(faults), is_accepted=False)


def _unasked(signature: ClassSignature, inputs: Any) -> str | None:
    """Return why a class that judges inputs by itself cannot: one of them is not there.

    Where it must name a file, a link counts as that: before the run nothing comes of it.
    """
    files = FILE_CHECKS.get(signature.class_type, ()) if signature.is_core else ()
    for name in signature.checks:
        entry = signature.input(name)
        if entry is None or not entry.required:
            continue
        if name not in inputs:
            return f"`{printable(name)}` is required and not given"
        if name in files and inputs[name].__class__ is list:
            return f"`{printable(name)}` must name a file before the run, and is linked"
    return None


def _judge_file(entry: InputSignature, value: Any) -> tuple[FaultKind, str] | None:
    """Return why a file of the input folder is refused, where its files are known."""
    known = entry.choices
    if not isinstance(value, str):
        raise RaisedError(f"{shown(value)} is no name of a file")
    if known is None or value in known or value.endswith("]"):
        return None
    return "custom_validation_failed", f"there is no file {shown(value)} in the input folder"


def _linked(inputs: Any) -> list[str]:
    """Return the nodes that values look like links to."""
    values = inputs.values() if isinstance(inputs, dict) else ()
    return [
        value[0]
        for value in values
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)
    ]


def _beyond(source: ClassSignature, slot: Any) -> bool:
    return isinstance(slot, int) and slot >= len(source.outputs)
