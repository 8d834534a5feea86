"""What is assigned to a node after it was built: `wf["4"].inputs.ckpt_name = "x"`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.workflow.source_code.terms import (
    Call,
    Entry,
    Facts,
    Literal,
    Member,
    Name,
    Record,
    Term,
    key_text,
)
from comfylock.workflow.source_code.values import merge, pack
from comfylock.workflow.source_code.walk import RECEIVERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.workflow.source_code.evaluate import Evaluator
    from comfylock.workflow.source_code.nodes import Draft

_MAX_ALIASES = 8
Place = tuple[str, str | int]
"""How a node is known: by its id in the workflow, or by where it was built."""


class Attacher:
    """Finds the drafts that an assignment means, and puts the values into their inputs."""

    def __init__(self, drafts: list[Draft], evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._drafts: dict[Place, list[Draft]] = {}
        for draft in drafts:
            places = [] if draft.base is None else self._nodes(draft.base)
            places += [("start", draft.start), ("start", draft.made)]
            if draft.id is not None:
                places.append(("id", draft.id))
            for place in dict.fromkeys(places):
                self._drafts.setdefault(place, []).append(draft)

    def run(self, facts: Facts) -> None:
        """Put every assigned value beside what its input holds already."""
        for assignment in facts.assignments:
            self._assign(assignment.target, assignment.value)
        for call in facts.calls:
            for target, value in _updates(call):
                self._assign(target, value)

    def _assign(self, target: Member, value: Term) -> None:
        places = self._inputs(target.base)
        key: Term | None = target.key
        if not places and key_text(key) == "inputs":
            places, key = self._nodes(target.base), None
        for draft in [draft for place in places for draft in self._drafts.get(place, ())]:
            if not self._evaluator.spend(1):
                return
            self._put(draft, key, value)

    def _put(self, draft: Draft, key: Term | None, value: Term) -> None:
        """Set one input, or without a key all that a dict holds."""
        evaluator, inputs = self._evaluator, draft.inputs
        if key is None:
            update = merge(evaluator.values(value, draft.binding))
        else:
            item = evaluator.value(value, draft.binding)
            update = dict.fromkeys(evaluator.texts(key, draft.binding), item)
        for name, item in update.items():
            inputs[name] = pack([inputs[name], item]) if name in inputs else item

    def _inputs(self, term: Term) -> list[Place]:
        """Return the nodes whose `inputs` a term is."""
        for _ in range(_MAX_ALIASES):
            if isinstance(term, Member):
                return self._nodes(term.base) if key_text(term.key) == "inputs" else []
            bound = term.scope.find(term.text) if isinstance(term, Name) else None
            if bound is None or len(bound) != 1:
                return []
            term = bound[0]
        return []

    def _nodes(self, term: Term) -> list[Place]:
        """Return the nodes that a term is."""
        waiting: list[tuple[Term, int]] = [(term, 0)]
        found: list[Place] = []
        while waiting and len(found) < _MAX_ALIASES:
            term, depth = waiting.pop()
            if depth > _MAX_ALIASES:
                continue
            if isinstance(term, Record | Call):
                found.append(("start", term.start))
            elif isinstance(term, Name):
                bound = term.scope.find(term.text) or []
                waiting += [(t, depth + 1) for t in bound[:_MAX_ALIASES]]
            elif isinstance(term, Member):
                own = self._own(term)
                waiting += [(t, depth + 1) for t in own[:_MAX_ALIASES]]
                found += [] if own else [("id", k) for k in self._evaluator.texts(term.key)]
        return found

    def _own(self, term: Member) -> list[Term]:
        """Return what an attribute of the own object was set to."""
        base = term.base
        if isinstance(base, Name) and base.text in RECEIVERS and base.scope.owner is not None:
            return base.scope.owner.attributes.get(key_text(term.key) or "", [])
        return []


def _updates(call: Call) -> Iterator[tuple[Member, Term]]:
    """Give the assignments that `x.update(…)` and `Object.assign(x, …)` stand for."""
    callee = call.callee
    if not isinstance(callee, Member) or not call.arguments:
        return
    name, target, sources = key_text(callee.key), callee.base, call.arguments
    if name == "assign":
        target, *sources = call.arguments
    elif name != "update":
        return
    for source in sources:
        for entry in source.entries if isinstance(source, Record) else [source]:
            if isinstance(entry, Entry) and isinstance(entry.key, Literal):
                yield Member(target, entry.key), entry.value
