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
_MAX_SAME = 64
"""Nodes of one id that an assignment reaches; a program has as many as it has variants."""
Place = tuple[str, str | int]
"""How a node is known: by its id in the workflow, or by where it was built."""


class Attacher:
    """Finds the drafts that an assignment means, and puts the values into their inputs."""

    def __init__(self, drafts: list[Draft], evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._drafts: dict[Place, list[Draft]] = {}
        for draft in drafts:
            places = [place for base in draft.bases for place in self._nodes(base)]
            places.append(("start", draft.start))
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
        update: dict[str, object] = {}
        places = self._inputs(target.base)
        if places:
            item = self._evaluator.value(value)
            update = dict.fromkeys(self._evaluator.texts(target.key), item)
        elif key_text(target.key) == "inputs":
            places = self._nodes(target.base)
            update = merge(self._evaluator.values(value)) if places else {}
        for place in places:
            for draft in self._drafts.get(place, [])[:_MAX_SAME]:
                for key, item in update.items():
                    draft.inputs[key] = (
                        pack([draft.inputs[key], item]) if key in draft.inputs else item
                    )

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
