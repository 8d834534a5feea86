"""What the syntax nodes of JavaScript and TypeScript mean.

Source: https://github.com/tree-sitter/tree-sitter-javascript and
https://github.com/tree-sitter/tree-sitter-typescript (src/node-types.json)
"""

from __future__ import annotations

from comfylock.workflow.source_code import common
from comfylock.workflow.source_code.javascript_kinds import (
    BLOCKS,
    CLASSES,
    FUNCTIONS,
    IGNORED,
    TRANSPARENT,
)
from comfylock.workflow.source_code.literals import unescape
from comfylock.workflow.source_code.terms import (
    UNKNOWN,
    Choice,
    Entry,
    Lambda,
    Literal,
    Member,
    Name,
    Record,
    Scope,
    Splice,
    Term,
    Type,
    key_text,
)
from comfylock.workflow.source_code.walk import Build, Frame, Grammar, Walk


def _key(walk: Walk, frame: Frame) -> Term:
    return Literal(walk.text(frame.node))


def _string(walk: Walk, frame: Frame) -> Term:
    return Literal(unescape(walk.text(frame.node)[1:-1], python=False))


def _template(walk: Walk, frame: Frame) -> Term:
    holes = [term for term in frame.terms() if isinstance(term, Splice)]
    if not holes:
        return _string(walk, frame)
    at = frame.node.start_byte + 1
    parts: list[Term] = []
    for hole in holes:
        parts += [_piece(walk, at, hole.start), hole.value]
        at = hole.end
    parts.append(_piece(walk, at, frame.node.end_byte - 1))
    return common.join(walk, parts, frame.node.start_byte, frame.node.start_point[0] + 1)


def _piece(walk: Walk, first: int, last: int) -> Literal:
    text = walk.data[first:last].decode("utf-8", "replace")
    return Literal(unescape(text, python=False), start=first)


def _hole(_walk: Walk, frame: Frame) -> Term:
    return Splice(frame.parts[0].term if frame.parts else UNKNOWN, frame.node.end_byte)


def _binary(walk: Walk, frame: Frame) -> Term | None:
    left, right = frame.part("left") or UNKNOWN, frame.part("right") or UNKNOWN
    operator = frame.node.child_by_field_name("operator")
    match None if operator is None else operator.type:
        case "+":
            return common.joined(walk, left, right)
        case "||" | "??":
            return common.one_of([left, right])
        case "&&":
            return right
    return None


def _object(walk: Walk, frame: Frame) -> Term:
    record = Record([_entry(term) for term in frame.terms()], walk.scope)
    if frame.kind == "object":
        walk.facts.records.append(record)
    return record


def _entry(term: Term) -> Entry:
    """Return what stands in an object: a pair, or a name that is its own key."""
    if isinstance(term, Entry):
        return term
    name = term.options[0] if isinstance(term, Choice) else term
    if isinstance(name, Name):
        return Entry(common.literal_key(name), term)
    return Entry(UNKNOWN, UNKNOWN)


def _method(walk: Walk, frame: Frame) -> Term:
    name = frame.part("name") or UNKNOWN
    frame.function.method = key_text(name)
    result = Lambda(frame.function)
    owner = walk.scope.owner
    if walk.scope.kind == "class" and owner is not None:
        frame.function.owner = owner
        if frame.function.method == "constructor":
            owner.constructor = frame.function
        walk.scope.declare(frame.function.method or "", result)
    return Entry(name, result)


def _field(walk: Walk, frame: Frame) -> None:
    name, value = key_text(frame.part("name", "property")), frame.part("value")
    if name is None or value is None or walk.scope.kind != "class":
        return
    walk.scope.declare(name, value)
    if isinstance(value, Lambda):
        value.function.owner, value.function.method = walk.scope.owner, name


def _function(walk: Walk, frame: Frame) -> Term:
    single = frame.part("parameter")
    if single is not None:
        common.parameter(walk, frame.function, single, frame.inner)
    result = Lambda(frame.function)
    name = frame.part("name")
    if isinstance(name, Name):
        walk.scope.declare(name.text, result)
    return result


def _class(walk: Walk, frame: Frame) -> Term:
    frame.definition.bases = [p.term for p in frame.parts if p.kind == "class_heritage"]
    result = Type(frame.definition)
    name = frame.part("name")
    if isinstance(name, Name):
        walk.scope.declare(name.text, result)
    return result


def _declarator(walk: Walk, frame: Frame) -> None:
    name, value = frame.part("name"), frame.part("value")
    scope = walk.scope
    if walk.frames[-1].kind == "variable_declaration":
        scope = _function_scope(scope)
    if isinstance(name, Name):
        scope.declare(name.text)
    if name is not None and value is not None:
        walk.bind(name, value, declare=scope)


def _function_scope(scope: Scope) -> Scope:
    while scope.kind == "block" and scope.parent is not None:
        scope = scope.parent
    return scope


def _assignment(walk: Walk, frame: Frame) -> Term | None:
    left, right = frame.part("left"), frame.part("right")
    if left is None or right is None:
        return None
    operator = frame.node.child_by_field_name("operator")
    if operator is None or operator.type in {"??=", "||=", "&&="}:
        walk.bind(left, right)
    return right


def _assign_pattern(_walk: Walk, frame: Frame) -> Term:
    left = frame.part("left", "pattern", "name") or UNKNOWN
    return common.one_of([left, frame.part("right", "value") or UNKNOWN])


def _parameter(walk: Walk, frame: Frame) -> Term:
    term = frame.part("pattern") or UNKNOWN
    if frame.part("value") is not None:
        term = _assign_pattern(walk, frame)
    modifiers = {"accessibility_modifier", "readonly"}
    public = any(child.type in modifiers for child in frame.node.children)
    return Entry(Literal("public"), term) if public else term


def _rest(_walk: Walk, frame: Frame) -> Term:
    return Entry(Literal("*"), frame.parts[0].term if frame.parts else UNKNOWN)


def _loop(walk: Walk, frame: Frame) -> None:
    left, right = frame.part("left"), frame.part("right")
    operator = frame.node.child_by_field_name("operator")
    if left is None or right is None or operator is None or operator.type != "of":
        return
    declared = frame.node.child_by_field_name("kind") is not None
    common.loop(walk, left, right, frame.inner if declared else None)


def _enum_member(walk: Walk, frame: Frame) -> None:
    name, value = key_text(frame.part("name")), frame.part("value")
    if name is not None and value is not None:
        walk.scope.declare(name, value)


def _call(walk: Walk, frame: Frame) -> Term:
    call = common.call(walk, frame)
    callee = call.callee
    if not isinstance(callee, Member) or key_text(callee.key) != "assign":
        return call
    if not isinstance(callee.base, Name) or callee.base.text != "Object":
        return call
    merged = Record([Entry(None, item) for item in call.arguments], walk.scope)
    merged.start, merged.line = call.start, call.line
    return merged


_BUILD: dict[str, Build] = {
    "identifier": common.name,
    "type_identifier": common.name,
    "this": common.name,
    "super": common.name,
    "shorthand_property_identifier": common.name,
    "shorthand_property_identifier_pattern": common.name,
    "property_identifier": _key,
    "private_property_identifier": _key,
    "true": common.constant,
    "false": common.constant,
    "null": common.constant,
    "undefined": common.constant,
    "number": common.number,
    "unary_expression": common.unary,
    "string": _string,
    "template_string": _template,
    "template_substitution": _hole,
    "binary_expression": _binary,
    "ternary_expression": common.choice,
    "object": _object,
    "object_pattern": _object,
    "pair": common.entry,
    "pair_pattern": common.entry,
    "spread_element": common.spread,
    "array": common.sequence,
    "array_pattern": common.sequence,
    "arguments": common.sequence,
    "member_expression": common.member,
    "subscript_expression": common.member,
    "call_expression": _call,
    "new_expression": common.call,
    "variable_declarator": _declarator,
    "assignment_expression": _assignment,
    "augmented_assignment_expression": _assignment,
    "assignment_pattern": _assign_pattern,
    "object_assignment_pattern": _assign_pattern,
    "formal_parameters": common.parameters,
    "required_parameter": _parameter,
    "optional_parameter": _parameter,
    "rest_pattern": _rest,
    "method_definition": _method,
    "public_field_definition": _field,
    "field_definition": _field,
    "enum_assignment": _enum_member,
    "for_in_statement": _loop,
    "expression_statement": common.statement,
}

GRAMMAR = Grammar(
    build=_BUILD
    | dict.fromkeys(FUNCTIONS - {"method_definition"}, _function)
    | dict.fromkeys(CLASSES, _class),
    transparent=TRANSPARENT,
    leaves=frozenset({"string"}),
    ignored=IGNORED,
    functions=FUNCTIONS,
    classes=CLASSES,
    blocks=BLOCKS,
)
