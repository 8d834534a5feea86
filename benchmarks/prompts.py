"""Prompts made from a set of definitions: good ones, and ones broken on purpose in every way.

Deterministic: the same set and the same number give the same prompts.
"""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any

from comfylock.definitions.own_checks import FILE_CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from comfylock.definitions.signature import ClassSignature, DefinitionSet, InputSignature

Prompt = dict[str, Any]

MAX_DEPTH = 2
OPTIONAL_SHARE = 0.4
UNKNOWABLE = ("aspect_ratio", "images")
"""Inputs that a class judges by code that only running it tells the outcome of."""

LITERALS: dict[str, Any] = {"INT": 3, "FLOAT": 0.5, "STRING": "a text", "BOOLEAN": True}


class Maker:
    """Makes prompts of the class types of one set."""

    def __init__(self, definitions: DefinitionSet, seed: int) -> None:
        self.classes = {k: v for k, v in definitions.classes.items() if _is_usable(v)}
        self.random = random.Random(seed)
        self.outputs = sorted(name for name, each in self.classes.items() if each.is_output)
        self.makers: dict[str, list[tuple[str, int]]] = {}
        for name in sorted(self.classes):
            for slot, output in enumerate(self.classes[name].outputs):
                self.makers.setdefault(output.type, []).append((name, slot))

    def good(self) -> Prompt:
        """Return a prompt in which every value fits."""
        prompt: Prompt = {}
        for _ in range(self.random.choice((1, 1, 2))):
            self.node(prompt, self.random.choice(self.outputs), 0)
        return prompt

    def node(self, prompt: Prompt, class_type: str, depth: int) -> str:
        """Add a node and what it needs; return its id."""
        inputs: Prompt = {}
        for entry in self.classes[class_type].inputs:
            if entry.required or self.random.random() < OPTIONAL_SHARE:
                inputs[entry.name] = self.value(prompt, entry, depth)
        key = str(len(prompt) + 1)
        prompt[key] = {"class_type": class_type, "inputs": inputs}
        return key

    def value(self, prompt: Prompt, entry: InputSignature, depth: int) -> Any:
        """Return a literal or a link that fits."""
        if entry.widget and self.random.random() < 0.9:
            return self.literal(entry)
        for kind in self.random.sample(entry.type.split(","), len(entry.type.split(","))):
            makers = self.makers.get(kind, ())
            if makers and kind != "COMBO" and depth < MAX_DEPTH:
                name, slot = self.random.choice(makers)
                same = [k for k, node in prompt.items() if node["class_type"] == name]
                if same and self.random.random() < 0.5:
                    return [self.random.choice(same), slot]
                return [self.node(prompt, name, depth + 1), slot]
        return self.literal(entry)

    def literal(self, entry: InputSignature) -> Any:
        """Return a literal within range, or of the choices."""
        if entry.name == "aspect_ratio" and entry.type == "STRING":
            return "16:9"
        if entry.choices:
            return self.random.choice(entry.choices)
        if entry.type == "INT":
            low, high = int(entry.minimum or 0), int(min(entry.maximum or 100, 100))
            return self.random.randint(low, max(low, high))
        if entry.type == "FLOAT":
            least, most = float(entry.minimum or 0), float(min(entry.maximum or 100, 100))
            return round(self.random.uniform(least, max(least, most)), 2)
        return LITERALS.get(entry.type, "something")

    def spots(
        self, prompt: Prompt, fits: Callable[[InputSignature, Any], bool]
    ) -> list[tuple[str, InputSignature]]:
        """Return the nodes and inputs that are given and fit."""
        return [
            (key, entry)
            for key, node in prompt.items()
            for entry in self.signature(node).inputs
            if entry.name in node["inputs"] and fits(entry, node["inputs"][entry.name])
        ]

    def signature(self, node: Prompt) -> ClassSignature:
        """Return the signature of a node's class type."""
        return self.classes[node["class_type"]]

    def put(
        self, prompt: Prompt, fits: Callable[[InputSignature, Any], bool], *values: Any
    ) -> bool:
        """Put one of the values into an input that fits; say whether there was one."""
        spots = self.spots(prompt, fits)
        if spots:
            key, entry = self.random.choice(spots)
            prompt[key]["inputs"][entry.name] = self.random.choice(values)
        return bool(spots)


def prompts(definitions: DefinitionSet, count: int, seed: int = 7) -> Iterator[tuple[str, Prompt]]:
    """Yield so many prompts, each with the name of what was done to it."""
    maker = Maker(definitions, seed)
    names = list(BREAKS)
    made = 0
    while made < count:
        name = names[made % len(names)]
        prompt = maker.good()
        if not BREAKS[name](maker, prompt):
            prompt, name = maker.good(), "good"
        yield name, copy.deepcopy(prompt)
        made += 1


def _is_usable(signature: ClassSignature) -> bool:
    """Say whether a good node of a class can be made: no folder that it needs is empty."""
    files = FILE_CHECKS.get(signature.class_type, ())
    if any(each.name in files and not each.choices for each in signature.inputs):
        return False
    if any(each in signature.checks for each in UNKNOWABLE):
        return False
    return all(each.choices != () for each in signature.inputs if each.required)


def _literal(_entry: InputSignature, value: Any) -> bool:
    return not isinstance(value, list)


def _link(_entry: InputSignature, value: Any) -> bool:
    return isinstance(value, list)


def _of(*kinds: str) -> Callable[[InputSignature, Any], bool]:
    return lambda entry, value: entry.type in kinds and not isinstance(value, list)


def _leave(_maker: Maker, _prompt: Prompt) -> bool:
    return True


def _class_gone(maker: Maker, prompt: Prompt) -> bool:
    prompt[maker.random.choice(list(prompt))]["class_type"] = "NoSuchClass"
    return True


def _no_class(maker: Maker, prompt: Prompt) -> bool:
    del prompt[maker.random.choice(list(prompt))]["class_type"]
    return True


def _no_output(maker: Maker, prompt: Prompt) -> bool:
    for key in [k for k, node in prompt.items() if maker.signature(node).is_output]:
        del prompt[key]
    return True


def _empty(_maker: Maker, prompt: Prompt) -> bool:
    prompt.clear()
    return True


def _drop(required: bool) -> Callable[[Maker, Prompt], bool]:
    def drop(maker: Maker, prompt: Prompt) -> bool:
        spots = maker.spots(prompt, lambda entry, _: entry.required is required)
        for key, entry in maker.random.sample(spots, min(len(spots), maker.random.choice((1, 2)))):
            prompt[key]["inputs"].pop(entry.name, None)
        return bool(spots)

    return drop


def _below(maker: Maker, prompt: Prompt) -> bool:
    spots = maker.spots(prompt, lambda e, v: _literal(e, v) and e.minimum is not None)
    return _set(maker, prompt, spots, lambda entry: (entry.minimum or 0) - 1)


def _above(maker: Maker, prompt: Prompt) -> bool:
    spots = maker.spots(prompt, lambda e, v: _literal(e, v) and e.maximum is not None)
    return _set(maker, prompt, spots, lambda entry: (entry.maximum or 0) + 1)


def _edge(maker: Maker, prompt: Prompt) -> bool:
    spots = maker.spots(prompt, lambda e, v: _literal(e, v) and e.maximum is not None)
    return _set(maker, prompt, spots, lambda entry: entry.maximum)


def _set(
    maker: Maker,
    prompt: Prompt,
    spots: list[tuple[str, InputSignature]],
    value: Callable[[InputSignature], Any],
) -> bool:
    if spots:
        key, entry = maker.random.choice(spots)
        prompt[key]["inputs"][entry.name] = value(entry)
    return bool(spots)


def _wrong_choice(maker: Maker, prompt: Prompt) -> bool:
    return maker.put(
        prompt, lambda e, v: _of("COMBO")(e, v) and bool(e.choices), "no such", 0, None
    )


def _no_number(maker: Maker, prompt: Prompt) -> bool:
    return maker.put(prompt, _of("INT", "FLOAT"), "abc", None, {}, "1.5.2", {"a": 1})


def _odd_number(maker: Maker, prompt: Prompt) -> bool:
    return maker.put(prompt, _of("INT", "FLOAT"), "2", True, 2.0, " 2 ", {"__value__": 2})


def _odd_text(maker: Maker, prompt: Prompt) -> bool:
    return maker.put(prompt, _of("STRING", "BOOLEAN"), 5, None, "", {}, {"__value__": ["a"]})


def _bad_link(maker: Maker, prompt: Prompt) -> bool:
    return maker.put(prompt, lambda *_: True, [], ["1"], ["1", 0, 0], [1, 2, 3])


def _dangling(maker: Maker, prompt: Prompt) -> bool:
    return maker.put(prompt, _link, ["999", 0], [1, 0], ["", 0])


def _bad_slot(maker: Maker, prompt: Prompt) -> bool:
    spots = maker.spots(prompt, _link)
    if spots:
        key, entry = maker.random.choice(spots)
        prompt[key]["inputs"][entry.name][1] = maker.random.choice((99, "0", -99, None, 0.0))
    return bool(spots)


def _other_slot(maker: Maker, prompt: Prompt) -> bool:
    spots = maker.spots(prompt, _link)
    if spots:
        key, entry = maker.random.choice(spots)
        prompt[key]["inputs"][entry.name][1] = maker.random.choice((-1, 0, 1))
    return bool(spots)


def _mismatch(maker: Maker, prompt: Prompt) -> bool:
    spots = maker.spots(prompt, lambda *_: True)
    for _ in range(20 if spots else 0):
        key, entry = maker.random.choice(spots)
        origin = maker.random.choice(list(prompt))
        outputs = maker.signature(prompt[origin]).outputs
        wrong = [place for place, each in enumerate(outputs) if each.type != entry.type]
        if wrong and origin != key:
            prompt[key]["inputs"][entry.name] = [origin, maker.random.choice(wrong)]
            return True
    return False


def _cycle(maker: Maker, prompt: Prompt) -> bool:
    spots = maker.spots(prompt, _link)
    for key, entry in maker.random.sample(spots, len(spots)):
        for later, node in prompt.items():
            for slot, each in enumerate(maker.signature(node).outputs):
                if each.type == entry.type and _waits(prompt, later, key):
                    prompt[key]["inputs"][entry.name] = [later, slot]
                    return True
    return False


def _waits(prompt: Prompt, key: str, goal: str) -> bool:
    """Say whether a node waits for another, or is that."""
    waiting, seen = [key], set()
    while waiting:
        here = waiting.pop()
        if here == goal:
            return True
        if here not in seen:
            seen.add(here)
            links = prompt[here]["inputs"].values()
            waiting += [value[0] for value in links if isinstance(value, list)]
    return False


def _unknown_input(maker: Maker, prompt: Prompt) -> bool:
    prompt[maker.random.choice(list(prompt))]["inputs"]["not_declared"] = "whatever"
    return True


def _no_inputs(maker: Maker, prompt: Prompt) -> bool:
    del prompt[maker.random.choice(list(prompt))]["inputs"]
    return True


def _null_inputs(maker: Maker, prompt: Prompt) -> bool:
    prompt[maker.random.choice(list(prompt))]["inputs"] = None
    return True


def _literal_for_link(maker: Maker, prompt: Prompt) -> bool:
    return maker.put(prompt, _link, "a text", 5, None, {})


def _two_faults(maker: Maker, prompt: Prompt) -> bool:
    first = _wrong_choice(maker, prompt)
    return _below(maker, prompt) or _drop(required=True)(maker, prompt) or first


def _one_output_of_two(maker: Maker, prompt: Prompt) -> bool:
    other = maker.good()
    if not _drop(required=True)(maker, other):
        return False
    for key, node in other.items():
        for name, value in node["inputs"].items():
            if isinstance(value, list):
                node["inputs"][name] = [f"b{value[0]}", value[1]]
        prompt[f"b{key}"] = node
    return True


BREAKS: dict[str, Callable[[Maker, Prompt], bool]] = {
    "good": _leave,
    "required input missing": _drop(required=True),
    "optional input left out": _drop(required=False),
    "below the minimum": _below,
    "above the maximum": _above,
    "at the maximum": _edge,
    "not one of the choices": _wrong_choice,
    "not a number": _no_number,
    "a number in other words": _odd_number,
    "an odd text": _odd_text,
    "class type gone": _class_gone,
    "no class type": _no_class,
    "no output": _no_output,
    "empty": _empty,
    "not a link": _bad_link,
    "link to no node": _dangling,
    "link to no output": _bad_slot,
    "link to another output": _other_slot,
    "link of the wrong type": _mismatch,
    "literal where a link belongs": _literal_for_link,
    "cycle": _cycle,
    "unknown input": _unknown_input,
    "no inputs": _no_inputs,
    "inputs are null": _null_inputs,
    "two faults": _two_faults,
    "one output of two": _one_output_of_two,
}
"""What is done to a good prompt, by name; False if it had no place for it."""
