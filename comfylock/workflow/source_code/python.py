"""What the syntax nodes of Python mean.

Source: https://github.com/tree-sitter/tree-sitter-python (src/node-types.json)
"""

from __future__ import annotations

from comfylock.workflow.source_code import common
from comfylock.workflow.source_code.literals import Quotes, unescape
from comfylock.workflow.source_code.terms import (
    UNKNOWN,
    Entry,
    Joined,
    Lambda,
    Literal,
    Member,
    Name,
    Record,
    Sequence,
    Signature,
    Splice,
    Term,
    Type,
    key_text,
)
from comfylock.workflow.source_code.walk import Build, Frame, Grammar, Walk


def _string(walk: Walk, frame: Frame) -> Term | None:
    text = walk.text(frame.node)
    quotes = Quotes(text)
    if not quotes.text:
        return None
    holes = [term for term in frame.terms() if isinstance(term, Splice)]
    if not holes:
        inside = text[quotes.first : len(text) - quotes.last]
        return Literal(inside if quotes.raw else unescape(inside, python=True))
    at = frame.node.start_byte + quotes.first
    parts: list[Term] = []
    for hole in holes:
        parts += [_piece(walk, at, hole.start, quotes), hole.value]
        at = hole.end
    parts.append(_piece(walk, at, frame.node.end_byte - quotes.last, quotes))
    return common.join(walk, parts, frame.node.start_byte, frame.node.start_point[0] + 1)


def _piece(walk: Walk, first: int, last: int, quotes: Quotes) -> Literal:
    text = walk.data[first:last].decode("utf-8", "replace")
    text = text.replace("{{", "{").replace("}}", "}")
    return Literal(text if quotes.raw else unescape(text, python=True), start=first)


def _hole(_walk: Walk, frame: Frame) -> Term:
    plain = len(frame.parts) == 1
    return Splice(frame.parts[0].term if plain else UNKNOWN, frame.node.end_byte)


def _neighbours(walk: Walk, frame: Frame) -> Term:
    parts: list[Term] = []
    for term in frame.terms():
        parts += term.parts if isinstance(term, Joined) else [term]
        walk.forget(term)
    return common.join(walk, parts, frame.node.start_byte, frame.node.start_point[0] + 1)


def _binary(walk: Walk, frame: Frame) -> Term | None:
    left, right = frame.part("left") or UNKNOWN, frame.part("right") or UNKNOWN
    operator = frame.node.child_by_field_name("operator")
    match None if operator is None else operator.type:
        case "+":
            return common.joined(walk, left, right)
        case "or":
            return common.one_of([left, right])
        case "and":
            return right
        case "|":
            return Record([Entry(None, left), Entry(None, right)], walk.scope)
    return None


def _conditional(_walk: Walk, frame: Frame) -> Term | None:
    terms = frame.terms()
    return common.one_of([terms[0], terms[2]]) if len(terms) == 3 else None


def _dictionary(walk: Walk, frame: Frame) -> Term:
    entries = [term for term in frame.terms() if isinstance(term, Entry)]
    record = Record(entries, walk.scope)
    walk.facts.records.append(record)
    return record


def _call(walk: Walk, frame: Frame) -> Term:
    callee = frame.part("function")
    arguments = frame.part("arguments")
    if isinstance(callee, Name) and callee.text == "dict" and isinstance(arguments, Sequence):
        items = arguments.items
        entries = [item if isinstance(item, Entry) else Entry(None, item) for item in items]
        record = Record(entries, walk.scope, start=arguments.start, line=callee.line)
        record.height = 1 + arguments.height
        walk.facts.records.append(record)
        return record
    return common.call(walk, frame)


def _assignment(walk: Walk, frame: Frame) -> Term | None:
    left, right = frame.part("left", "name") or UNKNOWN, frame.part("right", "value")
    scope = walk.scope
    annotated = frame.node.child_by_field_name("type") is not None
    if annotated and scope.kind == "class" and isinstance(left, Name) and scope.owner is not None:
        scope.owner.fields.append(Signature(left.text, right))
    if right is not None:
        walk.bind(left, right, declare=scope)
    return right


def _merged(walk: Walk, frame: Frame) -> None:
    left, right = frame.part("left") or UNKNOWN, frame.part("right") or UNKNOWN
    if isinstance(right, Record):
        for entry in right.entries:
            if entry.key is not None:
                walk.assign(Member(left, entry.key), entry.value)


def _function(walk: Walk, frame: Frame) -> Term:
    name = frame.part("name")
    result = Lambda(frame.function)
    if isinstance(name, Name):
        if walk.scope.kind == "class" and walk.scope.owner is not None:
            frame.function.owner, frame.function.method = walk.scope.owner, name.text
            if name.text == "__init__":
                walk.scope.owner.constructor = frame.function
        walk.scope.declare(name.text, result)
    return result


def _class(walk: Walk, frame: Frame) -> Term:
    name, bases = frame.part("name"), frame.part("superclasses")
    if isinstance(bases, Sequence):
        frame.definition.bases = [term for term in bases.items if isinstance(term, Name | Member)]
    result = Type(frame.definition)
    if isinstance(name, Name):
        walk.scope.declare(name.text, result)
    return result


def _default(_walk: Walk, frame: Frame) -> Term:
    return common.one_of([frame.part("name") or UNKNOWN, frame.part("value") or UNKNOWN])


def _rest(_walk: Walk, frame: Frame) -> Term:
    mark = "**" if frame.kind.startswith("dictionary") else "*"
    return Entry(Literal(mark), frame.parts[0].term if frame.parts else UNKNOWN)


def _loop(walk: Walk, frame: Frame) -> None:
    left, right = frame.part("left"), frame.part("right")
    if left is not None and right is not None:
        common.loop(walk, left, right, walk.scope)


def _subscript(walk: Walk, frame: Frame) -> Term:
    term = common.member(walk, frame)
    assert isinstance(term, Member)
    if key_text(term.key) is None and isinstance(term.key, Literal):
        term.key = UNKNOWN
    return term


_BUILD: dict[str, Build] = {
    "identifier": common.name,
    "true": common.constant,
    "false": common.constant,
    "none": common.constant,
    "integer": common.number,
    "float": common.number,
    "unary_operator": common.unary,
    "string": _string,
    "interpolation": _hole,
    "concatenated_string": _neighbours,
    "binary_operator": _binary,
    "boolean_operator": _binary,
    "conditional_expression": _conditional,
    "dictionary": _dictionary,
    "pair": common.entry,
    "keyword_argument": common.entry,
    "dictionary_splat": common.spread,
    "list": common.sequence,
    "tuple": common.sequence,
    "expression_list": common.sequence,
    "pattern_list": common.sequence,
    "tuple_pattern": common.sequence,
    "list_pattern": common.sequence,
    "argument_list": common.sequence,
    "attribute": common.member,
    "subscript": _subscript,
    "call": _call,
    "assignment": _assignment,
    "named_expression": _assignment,
    "augmented_assignment": _merged,
    "function_definition": _function,
    "lambda": _function,
    "class_definition": _class,
    "parameters": common.parameters,
    "lambda_parameters": common.parameters,
    "default_parameter": _default,
    "typed_default_parameter": _default,
    "list_splat_pattern": _rest,
    "dictionary_splat_pattern": _rest,
    "for_statement": _loop,
    "for_in_clause": _loop,
    "expression_statement": common.statement,
}

GRAMMAR = Grammar(
    build=_BUILD,
    transparent=frozenset({"parenthesized_expression", "await", "typed_parameter"}),
    leaves=frozenset({"identifier", "integer", "float", "true", "false", "none"}),
    ignored=frozenset(
        {
            "comment",
            "type",
            "type_alias_statement",
            "string_start",
            "string_content",
            "string_end",
            "keyword_separator",
            "positional_separator",
            "line_continuation",
            "import_statement",
            "import_from_statement",
        }
    ),
    functions=frozenset({"function_definition", "lambda"}),
    classes=frozenset({"class_definition"}),
    blocks=frozenset(),
)
