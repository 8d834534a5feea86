"""The nodes that a source file builds: where an object gets a `class_type`, and which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.workflow.source_code.reading import DYNAMIC
from comfylock.workflow.source_code.terms import (
    Assignment,
    Binding,
    Call,
    Class,
    Entry,
    Facts,
    Function,
    Literal,
    Member,
    Name,
    Parameter,
    Record,
    Term,
    key_text,
)
from comfylock.workflow.source_code.values import merge
from comfylock.workflow.source_code.walk import RECEIVERS

if TYPE_CHECKING:
    from comfylock.workflow.source_code.evaluate import Evaluator

MAX_PLACES = 100_000
"""Nodes and calls of functions that build nodes, in one file."""
_MAX_CHAIN = 6
"""Functions that pass a class type on to one another."""

_COMPUTED = "the `class_type` is computed, so this node was not counted"
_PARTLY = "the `class_type` may be another than what was counted"
_NODE_KEYS = frozenset({"class_type", "_meta", "id", "title", "is_changed", "None"})
"""Keys that a node without `inputs` may have; beside others `class_type` means something else,
a server's error report about a node or a thing of another trade."""
_SCHEMAS = frozenset({"z", "zod", "t", "Joi", "yup", "v", "Type", "String", "str"})
"""What stands for a type where an object describes nodes instead of being one."""


class Draft(Struct, eq=False):
    """A node as far as it is put together."""

    class_type: str
    start: int
    line: int
    inputs: dict[str, object]
    id: str | None = None
    title: str | None = None
    made: int = -1
    """Start of the object; `start` is the call's where a function made it."""
    base: Term | None = None
    """What the source calls the node where it was not made by a literal."""
    binding: Binding | None = None


class Construct(Struct, eq=False):
    """A place that makes a node, with the terms that say which."""

    start: int
    line: int
    class_type: Term
    inputs: Term | None = None
    title: Term | None = None
    base: Term | None = None
    silent: bool = False
    """It is a node only if its class type can be told."""


class Builder:
    """Turns constructs into drafts, and says which it could not."""

    def __init__(self, facts: Facts, evaluator: Evaluator) -> None:
        self.facts = facts
        self.evaluator = evaluator
        self.drafts: dict[tuple[int, str], Draft] = {}
        self.faults: dict[int, tuple[int, str]] = {}
        """Start to line and sentence."""
        self.unread = 0
        self._places = 0

    @property
    def full(self) -> bool:
        """Whether there were more places than are read."""
        return self._places >= MAX_PLACES

    def run(self) -> list[Draft]:
        """Return the drafts in source order."""
        facts = self.facts
        found = [_of_record(r) for r in facts.records]
        found += [_of_assignment(a) for a in facts.assignments]
        found += [_of_class(c) for c in facts.classes]
        local = {id(call) for calls in self.evaluator.calls.values() for call in calls}
        found += [_of_call(call) for call in facts.calls if id(call) not in local]
        for construct in found:
            if construct is not None:
                self._build(construct)
        return sorted(self.drafts.values(), key=lambda d: (d.start, d.class_type))

    def _build(self, construct: Construct) -> None:
        waiting: list[tuple[Binding | None, int]] = [(None, 0)]
        while waiting and self._places < MAX_PLACES:
            self._places += 1
            binding, depth = waiting.pop()
            values, needs = self._class_types(construct, binding, strict=True)
            calls = self.evaluator.calls.get(id(needs[0]), []) if needs else []
            if calls and depth < _MAX_CHAIN:
                bindings = [Binding(needs[0], call, binding) for call in reversed(calls)]
                waiting += [(bound, depth + 1) for bound in bindings]
                continue
            if needs:
                values, _ = self._class_types(construct, binding, strict=False)
            self._emit(construct, binding, values)

    def _class_types(
        self, construct: Construct, binding: Binding | None, *, strict: bool
    ) -> tuple[list[object], list[Function]]:
        needs: list[Function] = []
        self.evaluator.needs = needs if strict else None
        try:
            return self.evaluator.values(construct.class_type, binding), needs
        finally:
            self.evaluator.needs = None

    def _emit(self, construct: Construct, binding: Binding | None, values: list[object]) -> None:
        names = [value for value in values if isinstance(value, str) and value]
        line = construct.line if binding is None else binding.call.line
        if DYNAMIC in values and not construct.silent:
            start = construct.start if binding is None else binding.call.start
            self.unread += not names and start not in self.faults
            self.faults.setdefault(start, (line, _PARTLY if names else _COMPUTED))
        for name in names:
            draft = self._draft(construct, binding, name, line)
            known = self.drafts.get((draft.start, name))
            if known is None or len(known.inputs) < len(draft.inputs):
                self.drafts[draft.start, name] = draft

    def _draft(self, construct: Construct, binding: Binding | None, name: str, line: int) -> Draft:
        evaluator, keys = self.evaluator, self.facts.keys
        start = construct.start if binding is None else binding.call.start
        values = [] if construct.inputs is None else evaluator.values(construct.inputs, binding)
        key, title = keys.get(start) or keys.get(construct.start), construct.title
        return Draft(
            name,
            start,
            line,
            merge(values),
            id=None if key is None else _only(evaluator.texts(key, binding)),
            title=None if title is None else next(iter(evaluator.texts(title, binding)), None),
            made=construct.start,
            base=construct.base,
            binding=binding,
        )


def _only(texts: list[str]) -> str | None:
    """Return a node's id if it has just one; what may be several ids is none."""
    return texts[0] if len(texts) == 1 else None


def _of_record(record: Record) -> Construct | None:
    """Return the node that an object literal is, or is by what it spreads."""
    keys = {key_text(entry.key): entry.value for entry in record.entries}
    explicit = keys.get("class_type")
    spread = any(
        not isinstance(e.value, Record) if e.key is None else not isinstance(e.key, Literal)
        for e in record.entries
    )
    if explicit is None and not spread:
        return None
    if "inputs" not in keys and not spread and not _NODE_KEYS.issuperset(map(str, keys)):
        return None
    if explicit is not None and _is_schema(explicit):
        return None
    return Construct(
        record.start,
        record.line,
        Member(record, Literal("class_type")),
        Member(record, Literal("inputs")),
        Member(Member(record, Literal("_meta")), Literal("title")),
        silent=explicit is None,
    )


def _is_schema(term: Term) -> bool:
    """Tell whether a value describes a type: `z.string()`, `String`."""
    for _ in range(8):
        if isinstance(term, Call):
            term = term.callee
        elif isinstance(term, Member):
            term = term.base
    return isinstance(term, Name) and term.text in _SCHEMAS and term.scope.find(term.text) is None


def _of_assignment(assignment: Assignment) -> Construct | None:
    """Return the node that `x.class_type = …` makes."""
    target = assignment.target
    if key_text(target.key) != "class_type":
        return None
    base = target.base
    own = isinstance(base, Name) and base.text in RECEIVERS
    inputs = Member(base, Literal("inputs")) if own else None
    return Construct(assignment.start, assignment.line, assignment.value, inputs, base=base)


def _of_class(definition: Class) -> Construct | None:
    """Return the node that each instance of a Python data class with `class_type` is."""
    names = [parameter.name for parameter in definition.fields]
    function = definition.constructor
    if "class_type" not in names or function is None or function.parameters != definition.fields:
        return None
    class_type = Parameter(function, names.index("class_type"))
    inputs = Parameter(function, names.index("inputs")) if "inputs" in names else None
    return Construct(definition.start, definition.line, class_type, inputs, silent=True)


def _of_call(call: Call) -> Construct | None:
    """Return the node that `Node(class_type=…, inputs=…)` of another file is."""
    keywords = {
        key_text(term.key): term.value for term in call.arguments if isinstance(term, Entry)
    }
    if "class_type" not in keywords or "inputs" not in keywords:
        return None
    return Construct(call.start, call.line, keywords["class_type"], keywords["inputs"])
