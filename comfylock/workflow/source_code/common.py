"""What Python, JavaScript and TypeScript have in common: calls, parameters, loops, strings."""

from __future__ import annotations

from comfylock.workflow.source_code.literals import number as parse_number
from comfylock.workflow.source_code.terms import (
    EACH,
    UNKNOWN,
    Call,
    Choice,
    Entry,
    Function,
    Joined,
    Lambda,
    Literal,
    Member,
    Name,
    Parameter,
    Scope,
    Sequence,
    Signature,
    Term,
)
from comfylock.workflow.source_code.walk import RECEIVERS, Frame, Walk

_CONSTANTS = {"true": True, "false": False, "null": None, "undefined": None, "none": None}


def name(walk: Walk, frame: Frame) -> Term:
    """Return what an identifier stands for."""
    return Name(walk.text(frame.node), walk.scope)


def constant(_walk: Walk, frame: Frame) -> Term:
    """Return a word that is a value by itself."""
    return Literal(_CONSTANTS[frame.kind])


def number(walk: Walk, frame: Frame) -> Term | None:
    """Return a numeric literal; None where it is none that both languages know."""
    value = parse_number(walk.text(frame.node))
    return None if value is None else Literal(value)


def unary(walk: Walk, frame: Frame) -> Term | None:
    """Return a negated number; any other operator is computed."""
    term = frame.part("argument")
    negative = walk.data[frame.node.start_byte : frame.node.start_byte + 1] == b"-"
    if not negative or not isinstance(term, Literal) or not isinstance(term.value, int | float):
        return None
    return Literal(-term.value)


_STRINGS = frozenset({"string", "template_string", "concatenated_string"})
_FOR_EACH = frozenset({"map", "forEach", "flatMap"})
MAX_OPTIONS = 64
"""Alternatives of one place that are told apart."""


def sequence(_walk: Walk, frame: Frame) -> Term:
    """Return a list, tuple or argument list."""
    return Sequence(frame.terms())


def spread(_walk: Walk, frame: Frame) -> Term:
    """Return `...x` or `**x`."""
    return Entry(None, frame.parts[0].term if frame.parts else UNKNOWN)


def literal_key(term: Term | None) -> Term | None:
    """Return an identifier in the place of a key as the text it stands for."""
    if not isinstance(term, Name):
        return term
    return Literal(term.text, start=term.start, line=term.line, height=1)


def member(_walk: Walk, frame: Frame) -> Term:
    """Return `a.b` or `a["b"]`."""
    base = frame.part("object", "value") or UNKNOWN
    name = literal_key(frame.part("property", "attribute"))
    key = name or frame.part("index", "subscript") or UNKNOWN
    _walk.forget(key)
    return Member(base, key)


def entry(_walk: Walk, frame: Frame) -> Term:
    """Return a pair of an object literal or dict, or a keyword argument."""
    key = frame.part("key", "name")
    if frame.kind == "keyword_argument":
        key = literal_key(key)
    value = frame.part("value") or UNKNOWN
    if isinstance(value, Lambda) and isinstance(key, Literal):
        value.function.method = str(key.value)
    return Entry(key or UNKNOWN, value)


def call(walk: Walk, frame: Frame) -> Call:
    """Return a call, known by where its arguments begin, as calls in a chain begin together."""
    callee = frame.part("function", "constructor") or UNKNOWN
    arguments = frame.part("arguments")
    items = arguments.items if isinstance(arguments, Sequence) else []
    result = Call(callee, items, walk.scope)
    result.start = frame.node.start_byte if arguments is None else arguments.start
    result.line = (arguments or callee).line or frame.node.start_point[0] + 1
    result.height = 1 + max((term.height for term in (callee, *items)), default=0)
    walk.facts.calls.append(result)
    for item in items:
        if isinstance(item, Entry):
            walk.facts.keys.pop(item.value.start, None)  # an argument's name is no node id
    if isinstance(callee, Member) and items and isinstance(items[0], Lambda):
        name = callee.key
        if isinstance(name, Literal) and name.value in _FOR_EACH:
            each = Call(items[0], [Member(callee.base, EACH)], walk.scope)
            each.start, each.line = items[0].start, items[0].line
            walk.facts.calls.append(each)
    return result


def choice(_walk: Walk, frame: Frame) -> Term:
    """Return both arms of a ternary, or both sides of `or`; chains become one choice."""
    return one_of(frame.terms()[-2:])


def one_of(terms: list[Term]) -> Term:
    """Return a choice between terms, those that are choices themselves opened."""
    options: list[Term] = []
    for term in terms:
        inner = term.options if isinstance(term, Choice) else [term]
        options.extend(inner if len(inner) < MAX_OPTIONS else [term])
    return Choice(options)


def joined(walk: Walk, left: Term, right: Term) -> Term:
    """Return `left + right`; a chain grows one list, so that its length costs nothing more."""
    walk.forget(right)
    walk.forget(left)
    if isinstance(left, Joined):
        left.parts.append(right)
        walk.facts.joins[left.start] = left
        return left
    return join(walk, [left, right], left.start, left.line)


def join(walk: Walk, parts: list[Term], start: int, line: int) -> Joined:
    """Return strings put together, known by where the first begins."""
    for part in parts:
        walk.forget(part)
    result = Joined(parts)
    result.start, result.line = start, line
    walk.facts.joins[start] = result
    return result


def statement(walk: Walk, frame: Frame) -> Term | None:
    """Drop a statement; one that is nothing but a string is a docstring or a directive."""
    if len(frame.parts) == 1 and frame.parts[0].kind in _STRINGS:
        walk.forget(frame.parts[0].term)
    return None


def parameters(walk: Walk, frame: Frame) -> None:
    """Take the parameters of the function that is open, and bind their names in it."""
    scope = frame.inner
    if scope.function is None:
        return
    for term in frame.terms():
        parameter(walk, scope.function, term, scope)


def parameter(walk: Walk, function: Function, term: Term, scope: Scope) -> None:
    """Take one parameter: a name or pattern, with a default, collecting, or an attribute."""
    mark = term.key if isinstance(term, Entry) else None
    target: Term = term.value if isinstance(term, Entry) else term
    default = None
    if isinstance(target, Choice):
        default = one_of(target.options[1:])
        target = target.options[0]
    name = target.text if isinstance(target, Name) else ""
    if name in RECEIVERS and not function.parameters:
        return
    rest = str(mark.value) if isinstance(mark, Literal) else ""
    public = rest == "public"
    function.parameters.append(Signature(name, default, "" if public else rest))
    value = Parameter(function, len(function.parameters) - 1)
    walk.bind(target, value, declare=scope)
    if public:
        walk.assign(Member(Name("this", scope), Literal(name)), value)


def loop(walk: Walk, left: Term, right: Term, scope: Scope | None) -> None:
    """Bind what a loop runs over to the names that it sets."""
    base, kind = _iterated(right)
    if kind == "pairs":
        if isinstance(left, Sequence) and len(left.items) == 2:
            walk.bind(left.items[1], base, declare=scope)
        return
    walk.bind(left, base, declare=scope)


def _iterated(term: Term) -> tuple[Term, str]:
    """Return one element of what is looped over, and whether the loop gives pairs with it."""
    if isinstance(term, Call):
        name, base = _called(term)
        if name == "enumerate":
            return Member(base, EACH), "pairs"
        if name in {"items", "entries"}:
            return Member(base, UNKNOWN), "pairs"
        if name == "values":
            return Member(base, UNKNOWN), ""
    return Member(term, EACH), ""


def _called(term: Call) -> tuple[object, Term]:
    """Return a call's name and the object it works on: `x.items()`, `Object.entries(x)`."""
    first = term.arguments[0] if term.arguments else UNKNOWN
    if isinstance(term.callee, Name):
        return term.callee.text, first
    if not isinstance(term.callee, Member) or not isinstance(term.callee.key, Literal):
        return None, UNKNOWN
    base = term.callee.base
    static = isinstance(base, Name) and base.text == "Object"
    return term.callee.key.value, first if static else base
