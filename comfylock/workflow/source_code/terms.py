"""One small language for the expressions of Python, JavaScript and TypeScript.

A term is what the front ends make of an expression. Statements leave no term, only facts:
which records, calls and assignments there are and in which scope. Terms compare by identity.
"""

from __future__ import annotations

from msgspec import Struct, field

MAX_HEIGHT = 60
"""Terms nested deeper than this are read as unknown; no workflow comes near."""


class Term(Struct, eq=False, kw_only=True):
    """An expression of which nothing is known, and the root of all others."""

    start: int = -1
    """Byte offset, unique among records and among calls; -1 until the walk has set it."""
    line: int = 0
    height: int = 0


class Literal(Term, eq=False):
    """A string, number, truth value or None."""

    value: str | float | bool | None


class Name(Term, eq=False):
    """An identifier and the scope it stands in."""

    text: str
    scope: Scope


class Member(Term, eq=False):
    """`base.key` or `base[key]`; a key that is no literal may be any."""

    base: Term
    key: Term


class Entry(Term, eq=False):
    """A key with its value, a keyword argument, or (key None) a spread; a part, no value."""

    key: Term | None
    value: Term


class Record(Term, eq=False):
    """An object literal, a dict display, `dict(…)`; later entries win."""

    entries: list[Entry]
    scope: Scope


class Sequence(Term, eq=False):
    """An array, list or tuple."""

    items: list[Term]


class Joined(Term, eq=False):
    """Strings put together: `+`, templates, f-strings, neighbours in Python."""

    parts: list[Term]


class Choice(Term, eq=False):
    """One of several: a ternary, `??`, `||`, `or`, a default."""

    options: list[Term]
    fallback: bool = False
    """A default: the later options count only where the first cannot be told."""


class Call(Term, eq=False):
    """A call or `new`, with positional and keyword arguments in order."""

    callee: Term
    arguments: list[Term]
    scope: Scope


class Splice(Term, eq=False):
    """The hole in a template and the term in it; a part, no value."""

    value: Term
    end: int


class Lambda(Term, eq=False):
    """A function as a value."""

    function: Function


class Type(Term, eq=False):
    """A class or enum as a value."""

    definition: Class


class Parameter(Term, eq=False):
    """What is passed to a function at a position."""

    function: Function
    index: int


class Signature(Struct, eq=False):
    """One parameter: its name for keywords, its default, and whether it collects the rest."""

    name: str
    default: Term | None = None
    rest: str = ""
    """`*` takes further positions, `**` further keywords."""


class Function(Struct, eq=False):
    """A function, arrow, lambda or method."""

    owner: Class | None = None
    method: str | None = None
    """The name it is called by on an object; None for a plain function."""
    parameters: list[Signature] = field(default_factory=list)


class Class(Struct, eq=False):
    """A class or enum, with what is assigned to its attributes anywhere in its body."""

    bases: list[Term] = field(default_factory=list)
    attributes: dict[str, list[Term]] = field(default_factory=dict)
    fields: list[Signature] = field(default_factory=list)
    """Annotated attributes in order: the parameters of a Python data class."""
    constructor: Function | None = None
    line: int = 0
    start: int = 0


class Scope(Struct, eq=False):
    """Where names live: a module, function, block or class body."""

    parent: Scope | None
    kind: str
    owner: Class | None = None
    function: Function | None = None
    names: dict[str, list[Term]] = field(default_factory=dict)

    def find(self, name: str) -> list[Term] | None:
        """Return what the name is bound to as seen from here; None if this file never says."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope.kind != "class" or scope is self):
                return scope.names[name]
            scope = scope.parent
        return None

    def declare(self, name: str, *terms: Term) -> None:
        """Bind a name here, beside what it is bound to already."""
        self.names.setdefault(name, []).extend(terms)


class Binding(Struct, eq=False):
    """What the parameters of one function are: the arguments of one call; a chain of these."""

    function: Function
    call: Call
    outer: Binding | None = None

    def of(self, function: Function) -> Call | None:
        """Return the call that binds a function's parameters; None if none does."""
        binding: Binding | None = self
        while binding is not None:
            if binding.function is function:
                return binding.call
            binding = binding.outer
        return None


class Assignment(Struct, eq=False):
    """`target = value` where the target is a member of something."""

    target: Member
    value: Term
    scope: Scope
    line: int
    start: int


class Facts(Struct, eq=False):
    """What one walk over a source file found, in the order in which it ended there."""

    records: list[Record] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    keys: dict[int, Term] = field(default_factory=dict)
    """Start of a record or call to the key that it is stored under."""
    strings: dict[int, Literal] = field(default_factory=dict)
    """Start to string, for those that are a value of their own."""
    joins: dict[int, Joined] = field(default_factory=dict)
    """Start to joined strings."""
    functions: list[Function] = field(default_factory=list)
    classes: list[Class] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    """Lines that do not parse."""
    terms: int = 0
    complete: bool = True
    """False if the file has more parts than are read."""


UNKNOWN = Term(start=0)
"""The term for everything computed; as a key: any of the values."""

ABSENT = Term(start=0)
"""The term for what is known not to be there: a key that a record lacks."""

EACH = Term(start=0)
"""As a key: what a loop over the base gives, items of a list but keys of a dict."""


def key_text(term: Term | None) -> str | None:
    """Return the text of a literal key, numbers as their digits; None for a computed one."""
    if isinstance(term, Literal) and isinstance(term.value, str | int) and term.value is not True:
        return str(term.value)
    return None
