"""One pass over a syntax tree, children before parents, with a stack of its own.

The front ends (`python`, `javascript`) say in a `Grammar` what each kind of syntax node means;
this module keeps the place, the scopes and the facts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct, field
from tree_sitter import Node

from comfylock.workflow.source_code.terms import (
    MAX_HEIGHT,
    UNKNOWN,
    Assignment,
    Call,
    Choice,
    Class,
    Entry,
    Facts,
    Function,
    Lambda,
    Literal,
    Member,
    Name,
    Record,
    Scope,
    Sequence,
    Term,
    key_text,
)

if TYPE_CHECKING:
    from tree_sitter import Tree

MAX_PARTS = 2_000_000
"""Syntax nodes read in one file: a million inputs, and an end to the memory they cost."""

RECEIVERS = frozenset({"this", "self", "cls"})
"""What a method calls its own object."""


class Part(Struct, eq=False):
    """What a child of a syntax node left: its role (tree-sitter: field), kind and term."""

    role: str | None
    kind: str
    term: Term


class Frame(Struct, eq=False):
    """A syntax node that the walk is inside of."""

    node: Node
    kind: str
    role: str | None
    outer: Scope
    inner: Scope
    parts: list[Part] = field(default_factory=list)

    @property
    def function(self) -> Function:
        """The function that this syntax node is."""
        assert self.inner.function is not None
        return self.inner.function

    @property
    def definition(self) -> Class:
        """The class that this syntax node is."""
        assert self.inner.owner is not None
        return self.inner.owner

    def part(self, *roles: str) -> Term | None:
        """Return the term of the first child in one of these roles."""
        return next((part.term for part in self.parts if part.role in roles), None)

    def terms(self) -> list[Term]:
        """Return the terms of all children."""
        return [part.term for part in self.parts]


Build = Callable[["Walk", Frame], Term | None]


class Grammar(Struct, frozen=True):
    """What the kinds of syntax nodes of one language mean."""

    build: dict[str, Build]
    """Kind to the function that makes its term; others are unknown."""
    transparent: frozenset[str]
    """Kinds that mean what their first child means."""
    leaves: frozenset[str]
    """Kinds whose children are not visited."""
    ignored: frozenset[str]
    """Kinds that are not looked at: comments and types."""
    functions: frozenset[str]
    classes: frozenset[str]
    blocks: frozenset[str]
    """Kinds with a scope of their own."""


class Walk:
    """The place in the tree, and the facts so far."""

    def __init__(self, data: bytes, grammar: Grammar) -> None:
        self.data = data
        self.grammar = grammar
        self.facts = Facts()
        self.module = Scope(None, "module")
        self.frames: list[Frame] = []
        self._pending: list[tuple[Scope, str, Term]] = []

    @property
    def scope(self) -> Scope:
        """The scope that the innermost open syntax node stands in."""
        return self.frames[-1].inner if self.frames else self.module

    def text(self, node: Node) -> str:
        """Return a node's text."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def run(self, tree: Tree) -> Facts:
        """Visit every node and return the facts."""
        cursor = tree.walk()
        while True:
            node = cursor.node
            if node is not None and self._enter(node, cursor.field_name):
                if cursor.goto_first_child():
                    continue
                self._leave()
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    self._settle()
                    return self.facts
                self._leave()

    def _enter(self, node: Node, name: str | None) -> bool:
        """Open a frame; False if the node and all below it is passed over."""
        kind = node.type
        if node.is_error or node.is_missing:
            self.facts.errors.append(node.start_point[0] + 1)
        if not node.is_named or kind in self.grammar.ignored or not self.facts.complete:
            return False
        self.facts.terms += 1
        self.facts.complete = self.facts.terms < MAX_PARTS
        outer = self.scope
        frame = Frame(node, kind, name, outer, outer)
        if kind in self.grammar.functions:
            function = Function()
            frame.inner = Scope(outer, "function", outer.owner, function)
            self.facts.functions.append(function)
        elif kind in self.grammar.classes:
            line, start = node.start_point[0] + 1, node.start_byte
            owner = Class(line=line, start=start)
            frame.inner = Scope(outer, "class", owner, outer.function, owner.attributes)
            self.facts.classes.append(owner)
        elif kind in self.grammar.blocks:
            frame.inner = Scope(outer, "block", outer.owner, outer.function)
        self.frames.append(frame)
        if kind in self.grammar.leaves:
            self._leave()
            return False
        return True

    def _leave(self) -> None:
        frame = self.frames.pop()
        term = self._term(frame)
        if self.frames:
            self.frames[-1].parts.append(Part(frame.role, frame.kind, term))

    def _term(self, frame: Frame) -> Term:
        if frame.kind in self.grammar.transparent:
            return frame.parts[0].term if frame.parts else UNKNOWN
        build = self.grammar.build.get(frame.kind)
        term = None if build is None else build(self, frame)
        if term is None:
            return UNKNOWN
        if term.start < 0:
            term.start = frame.node.start_byte
            term.line = frame.node.start_point[0] + 1
            self._register(term)
        if not term.height:
            term.height = 1 + max((part.term.height for part in frame.parts), default=0)
        return UNKNOWN if term.height > MAX_HEIGHT else term

    def _register(self, term: Term) -> None:
        if isinstance(term, Literal):
            if isinstance(term.value, str):
                self.facts.strings[term.start] = term
        elif isinstance(term, Entry) and term.key is not None:
            self.store(term.key, term.value)

    def forget(self, term: Term | None) -> None:
        """Take a string back: it is no value of its own (a part, a key, a docstring)."""
        if isinstance(term, Term):
            self.facts.strings.pop(term.start, None)
            self.facts.joins.pop(term.start, None)

    def store(self, key: Term, value: Term) -> None:
        """Remember under which key a record or the result of a call is stored."""
        for option in value.options if isinstance(value, Choice) else (value,):
            if isinstance(option, Record | Call):
                self.facts.keys[option.start] = key

    def bind(self, target: Term, value: Term, *, declare: Scope | None = None) -> None:
        """Bind a name or pattern to a value; without `declare` it is declared elsewhere."""
        if isinstance(target, Name):
            if declare is not None:
                declare.declare(target.text, value)
            else:
                self._pending.append((target.scope, target.text, value))
        elif isinstance(target, Member):
            self.assign(target, value)
        elif isinstance(target, Choice):
            self.bind(
                target.options[0],
                Choice([value, *target.options[1:]], fallback=True),
                declare=declare,
            )
        elif isinstance(target, Record):
            for entry in target.entries:
                if entry.key is not None:
                    self.bind(entry.value, Member(value, entry.key), declare=declare)
        elif isinstance(target, Sequence):
            for index, item in enumerate(target.items):
                self.bind(item, Member(value, Literal(index)), declare=declare)

    def assign(self, target: Member, value: Term) -> None:
        """Note `base.key = value`; on the own object it is an attribute of the class too."""
        frame = self.frames[-1] if self.frames else None
        scope, node = self.scope, None if frame is None else frame.node
        line = 0 if node is None else node.start_point[0] + 1
        start = 0 if node is None else node.start_byte
        self.facts.assignments.append(Assignment(target, value, scope, line, start))
        own = isinstance(target.base, Name) and target.base.text in RECEIVERS
        name = key_text(target.key)
        if own and name is not None and scope.owner is not None:
            scope.owner.attributes.setdefault(name, []).append(value)
        elif not own:
            self.store(target.key, value)
        if isinstance(value, Lambda) and name is not None:
            value.function.method = name

    def _settle(self) -> None:
        for scope, name, value in self._pending:
            place = scope.find(name)
            if place is None:
                self.module.declare(name, value)
            else:
                place.append(value)
