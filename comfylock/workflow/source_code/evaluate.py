"""What a term can be, as far as literals, constants and the calls in the same file tell.

Nothing is run. A name bound several times, a ternary, a parameter with several callers: all that
it may be counts. Work is bounded by a budget over the whole file, recursion by a depth.
"""

from __future__ import annotations

from comfylock.workflow.source_code.arguments import argument
from comfylock.workflow.source_code.common import MAX_OPTIONS
from comfylock.workflow.source_code.reading import DYNAMIC
from comfylock.workflow.source_code.terms import (
    ABSENT,
    EACH,
    MAX_HEIGHT,
    UNKNOWN,
    Binding,
    Call,
    Choice,
    Class,
    Facts,
    Function,
    Joined,
    Literal,
    Member,
    Name,
    Parameter,
    Record,
    Sequence,
    Term,
    Type,
    key_text,
)
from comfylock.workflow.source_code.values import among, merge, pack
from comfylock.workflow.source_code.walk import RECEIVERS

Head = tuple[Term, Binding | None]
"""A term that is no reference any more, and what its parameters are bound to."""

_NOTHING: list[Head] = [(UNKNOWN, None)]
SMALL_SHARE = 500
LARGE_SHARE = 30_000
"""What one place may take of the budget, so that a knot does not hide the rest of the file:
little where a callee or a string is looked up, much where a node is."""
_UNTOLD = (UNKNOWN, ABSENT)
_SAME = frozenset({"freeze", "structuredClone", "deepcopy", "copy", "String", "str", "list"})
"""Functions that give back what they are given."""


class Evaluator:
    """Looks up terms; `calls` says who calls a function and is filled in by `calls.link`."""

    def __init__(self, facts: Facts) -> None:
        self.steps = 300_000 + 3 * facts.terms
        """What is left of the budget."""
        self.entangled = False
        """Whether the budget, or one place's share of it, was too small for something."""
        self.share = SMALL_SHARE
        self._limit = 0
        self.calls: dict[int, list[Call]] = {}
        self.needs: list[Function] | None = None
        """While a list: functions whose parameters were met and that nothing binds."""
        self._active: set[tuple[int, int]] = set()
        self._indexes: dict[int, dict[str, int]] = {}

    def values(self, term: Term, binding: Binding | None = None, depth: int = 0) -> list[object]:
        """Return all that a term may be, `DYNAMIC` among it if that is not all; never empty."""
        if isinstance(term, Literal):
            return [term.value]
        found: list[object] = []
        for head, inner in self.expand(term, binding, depth):
            for value in self._convert(head, inner, depth + 1):
                if len(found) < MAX_OPTIONS and not among(value, found):
                    found.append(value)
        return found or [DYNAMIC]

    def value(self, term: Term, binding: Binding | None = None, depth: int = 0) -> object:
        """Return a term's one value, its `Alternatives`, or `DYNAMIC`."""
        return pack(self.values(term, binding, depth))

    def texts(self, term: Term, binding: Binding | None = None, depth: int = 0) -> list[str]:
        """Return the strings that a term may be as a key; numbers as their digits."""
        if (text := key_text(term)) is not None:
            return [text]
        values = self.values(term, binding, depth)
        return [str(v) for v in values if isinstance(v, str | int) and not isinstance(v, bool)]

    def _convert(self, head: Term, binding: Binding | None, depth: int) -> list[object]:
        if isinstance(head, Literal):
            return [head.value]
        if depth > MAX_HEIGHT:
            return [DYNAMIC]
        if isinstance(head, Sequence):
            return [[self.value(item, binding, depth) for item in head.items]]
        if isinstance(head, Joined):
            return self._join(head, binding, depth)
        if isinstance(head, Record):
            return [self._record(head, binding, depth)]
        return [DYNAMIC]

    def _join(self, term: Joined, binding: Binding | None, depth: int) -> list[object]:
        texts = [""]
        quoted = False
        for part in term.parts:
            values = self.values(part, binding, depth)
            quoted = quoted or any(isinstance(value, str) for value in values)
            plain = [str(v) for v in values if isinstance(v, str) or type(v) is int]
            if len(plain) < len(values) or len(plain) * len(texts) > MAX_OPTIONS:
                return [DYNAMIC]
            if len(plain) == 1 == len(texts):
                texts[0] += plain[0]
            else:
                texts = [text + end for text in texts for end in plain]
            if not self.spend(sum(map(len, texts)) >> 10):
                return [DYNAMIC]
        return list(texts) if quoted else [DYNAMIC]

    def _record(self, term: Record, binding: Binding | None, depth: int) -> dict[str, object]:
        result: dict[str, object] = {}
        for entry in term.entries:
            if entry.key is not None:
                keys = self.texts(entry.key, binding, depth)
                value = self.value(entry.value, binding, depth) if keys else DYNAMIC
                result.update(dict.fromkeys(keys, value))
                continue
            heads = self.expand(entry.value, binding, depth)
            merged = merge([v for head in heads for v in self._convert(*head, depth + 1)])
            result.update(merged)
        return result

    def expand(self, term: Term, binding: Binding | None = None, depth: int = 0) -> list[Head]:
        """Follow names, members, parameters and choices to the terms that they stand for."""
        if not depth:
            self._limit = max(self.steps - self.share, 0)
        if depth > MAX_HEIGHT or not self.spend(1):
            return _NOTHING
        if isinstance(term, Name):
            return self._name(term, binding, depth)
        if isinstance(term, Choice):
            return self._choice(term, binding, depth)
        if isinstance(term, Parameter):
            return self._parameter(term, binding, depth)
        if isinstance(term, Member):
            return self._member(term, binding, depth) or _NOTHING
        if isinstance(term, Call):
            return self._call(term, binding, depth)
        return [(term, binding)]

    def spend(self, steps: int) -> bool:
        """Take from the budget; False if there is nothing left for this place."""
        self.steps -= steps
        if self.steps < self._limit:
            self.entangled = True
        return self.steps >= self._limit

    def _choice(self, term: Choice, binding: Binding | None, depth: int) -> list[Head]:
        if not term.fallback:
            return self._all(term.options, binding, depth)
        heads = self._all(term.options[:1], binding, depth)
        given = [head for head in heads if head[0] is not ABSENT]
        if len(given) == len(heads) and all(head is not UNKNOWN for head, _ in given):
            return given
        return given + self._all(term.options[1:], binding, depth)

    def _name(self, term: Name, binding: Binding | None, depth: int) -> list[Head]:
        terms = term.scope.find(term.text)
        return self._guarded((id(terms), -1), terms, binding, depth) if terms else _NOTHING

    def _all(self, terms: list[Term], binding: Binding | None, depth: int) -> list[Head]:
        heads: list[Head] = []
        for term in terms[:MAX_OPTIONS]:
            if len(heads) < MAX_OPTIONS:
                heads += self.expand(term, binding, depth + 1)
        return heads[:MAX_OPTIONS]

    def _guarded(
        self, key: tuple[int, int], terms: list[Term], binding: Binding | None, depth: int
    ) -> list[Head]:
        """Follow terms unless that is what is being done already: `x = x + 1`."""
        if key in self._active:
            return _NOTHING
        self._active.add(key)
        try:
            return self._all(terms, binding, depth)
        finally:
            self._active.discard(key)

    def _parameter(self, term: Parameter, binding: Binding | None, depth: int) -> list[Head]:
        function = term.function
        default = function.parameters[term.index].default
        bound = None if binding is None else binding.of(function)
        if bound is not None:
            given = argument(bound, function, term.index)
            terms = [given or default or UNKNOWN]
        elif self.needs is not None:
            self.needs.append(function)
            return _NOTHING
        else:
            calls = self.calls.get(id(function), [])[:MAX_OPTIONS]
            passed = [argument(call, function, term.index) for call in calls]
            # Other files may call it too, so UNKNOWN stays among what it may be.
            terms = [t for t in (default, *passed, UNKNOWN) if t is not None]
        return self._guarded((id(function), term.index), terms, binding, depth)

    def _call(self, term: Call, binding: Binding | None, depth: int) -> list[Head]:
        callee, arguments = term.callee, term.arguments
        name = callee.text if isinstance(callee, Name) else None
        if isinstance(callee, Member):
            name = key_text(callee.key)
        if name in _SAME and arguments:
            return self.expand(arguments[0], binding, depth + 1)
        if name in {"get", "getenv"} and len(arguments) == 2 and isinstance(callee, Member):
            return self._all([Member(callee.base, arguments[0]), arguments[1]], binding, depth)
        return [(term, binding)]

    def _member(self, term: Member, binding: Binding | None, depth: int) -> list[Head]:
        keys = None
        if term.key is not EACH and term.key is not UNKNOWN:
            keys = self._keys(term.key, binding, depth + 1)
        base = term.base
        if isinstance(base, Name) and base.text in RECEIVERS and base.scope.owner is not None:
            return self._attribute(base.scope.owner, keys, binding, depth)
        found: list[Head] = []
        for head, inner in self.expand(base, binding, depth + 1):
            if len(found) < MAX_OPTIONS:
                inside = self._inside(head, term.key is EACH, keys, inner, depth + 1)
                found += inside or _NOTHING
        return found[:MAX_OPTIONS]

    def _keys(self, key: Term, binding: Binding | None, depth: int) -> list[str] | None:
        """Return what a key may be; None if it may be any."""
        if (text := key_text(key)) is not None:
            return [text]
        texts = self.texts(key, binding, depth)
        return texts if texts and DYNAMIC not in self.values(key, binding, depth) else None

    def _inside(
        self, head: Term, each: bool, keys: list[str] | None, binding: Binding | None, depth: int
    ) -> list[Head]:
        """Return what is under one of the keys (None: under any) of one term."""
        if isinstance(head, Record):
            if each:
                return self._all([e.key for e in head.entries if e.key], binding, depth)
            return self._entries(head, keys, binding, depth)
        if isinstance(head, Sequence):
            return self._all(_items(head, keys), binding, depth)
        if isinstance(head, Type):
            return self._attribute(head.definition, keys, binding, depth)
        if isinstance(head, Call) and isinstance(head.callee, Name):
            heads = self._guarded((id(head), -1), [head.callee], binding, depth)
            made = [t for t, _ in heads if isinstance(t, Type)]
            return [h for t in made for h in self._attribute(t.definition, keys, binding, depth)]
        if isinstance(head, Literal) and keys == ["value"]:  # the member of an Enum
            return [(head, binding)]
        return []

    def _entries(
        self, record: Record, keys: list[str] | None, binding: Binding | None, depth: int
    ) -> list[Head]:
        entries = record.entries
        if keys is None:
            chosen = [e.value if e.key is not None else Member(e.value, UNKNOWN) for e in entries]
            return self._all(chosen, binding, depth)
        found: list[Head] = []
        index = self._index(record, binding, depth + 1)
        for key in keys:
            after = index.get(key, -1)
            if after >= 0:
                found += self.expand(entries[after].value, binding, depth + 1)
            spreads = [e for e in entries[after + 1 :][-MAX_OPTIONS:] if e.key is None]
            for entry in spreads:
                heads = self._member(Member(entry.value, Literal(key)), binding, depth + 1)
                found += [head for head in heads if head[0] not in _UNTOLD]
            if not spreads and after < 0:
                found.append((ABSENT, None))
        return found

    def _index(self, record: Record, binding: Binding | None, depth: int) -> dict[str, int]:
        """Return where a record's keys are; computed keys are looked up once."""
        index = self._indexes.get(id(record))
        if index is None:
            index = self._indexes[id(record)] = {}
            self.spend(len(record.entries) >> 4)
            for place, entry in enumerate(record.entries):
                for key in self.texts(entry.key, binding, depth) if entry.key is not None else ():
                    index[key] = place
        return index

    def _attribute(
        self, owner: Class, keys: list[str] | None, binding: Binding | None, depth: int
    ) -> list[Head]:
        if keys is None:
            return []
        terms = [term for key in keys for term in owner.attributes.get(key, ())]
        if terms:
            return self._guarded((id(terms[0]), -1), terms, binding, depth)
        inherited: list[Head] = []
        for base in owner.bases[:8]:
            for head, _ in self.expand(base, None, depth + 1):
                if isinstance(head, Type):
                    inherited += self._attribute(head.definition, keys, binding, depth + 8)
        return inherited


def _items(head: Sequence, keys: list[str] | None) -> list[Term]:
    if keys is None:
        return head.items
    places = [int(key) for key in keys if key.isdecimal() and len(key) < 8]
    return [head.items[place] for place in places if place < len(head.items)]
