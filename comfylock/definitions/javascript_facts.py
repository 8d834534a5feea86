"""What one script says of names: constants, statics of classes, imports, registrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

NODE_LIMIT = 3_000_000
"""Syntax nodes of a script that are looked at."""

REGISTER = frozenset({"registerNodeType", "registerNodeDef"})
"""Methods that make a node type known. Source: LiteGraph and `ComfyApp` of ComfyUI's frontend."""

_JAVASCRIPT = Language(tree_sitter_javascript.language())
_TYPESCRIPT = Language(tree_sitter_typescript.language_typescript())


class Function(NamedTuple):
    """A function that only returns an expression of its parameters."""

    parameters: tuple[str, ...]
    result: Node


class Setup(NamedTuple):
    """A static method that registers the class it is called on, by one of its statics."""

    cls: str
    method: str
    static: str


class Call(NamedTuple):
    """A call `holder.method(…)`."""

    holder: str
    method: str


class Facts:
    """What one script says; all names of a file share one table, whatever their scope."""

    def __init__(self) -> None:
        self.constants: dict[str, Node] = {}
        self.statics: dict[tuple[str, str], Node] = {}
        self.classes: dict[str, str] = {}
        self.functions: dict[str, Function] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        self.registrations: list[Node] = []
        self.setups: list[Setup] = []
        self.calls: list[Call] = []
        self.methods: dict[tuple[str, str], bool] = {}
        """Static methods by class and name, and whether they call the base's."""


def text_of(node: Node | None) -> str:
    """Return the source text of a syntax node."""
    data = None if node is None else node.text
    return "" if data is None else data.decode("utf-8", "replace")


def read_facts(data: bytes, file: str) -> Facts:
    """Return what a script says; parts that are not valid are passed over."""
    language = _TYPESCRIPT if file.endswith(("ts", "tsx")) else _JAVASCRIPT
    facts = Facts()
    for node, cls, method in _walk(Parser(language).parse(data).root_node):
        kind = node.type
        if kind == "variable_declarator":
            _declare(node, facts)
        elif kind == "assignment_expression":
            _assign(node, facts)
        elif kind in {"class_declaration", "class"}:
            _class(node, facts)
        elif kind in {"field_definition", "public_field_definition"}:
            _static(node, cls, facts)
        elif kind == "function_declaration":
            _function(text_of(node.child_by_field_name("name")), node, facts)
        elif kind == "method_definition":
            _method(node, cls, facts)
        elif kind == "import_statement":
            _import(node, facts)
        elif kind == "call_expression":
            _call(node, cls, method, facts)
    return facts


def _walk(root: Node) -> Iterator[tuple[Node, str, str]]:
    """Yield each node with the class and the static method around it, in source order."""
    waiting = [(root, "", "")]
    seen = 0
    while waiting and seen < NODE_LIMIT:
        node, cls, method = waiting.pop()
        seen += 1
        yield node, cls, method
        if node.type in {"class_declaration", "class"}:
            cls, method = class_name(node), ""
        elif node.type == "method_definition":
            static = any(child.type == "static" for child in node.children)
            method = text_of(node.child_by_field_name("name")) if static else ""
        waiting.extend((child, cls, method) for child in reversed(node.named_children))


def class_name(node: Node) -> str:
    """Return the name a class goes by: its own, or that of the variable it is assigned to."""
    named = node.child_by_field_name("name")
    if named is None and node.parent is not None and node.parent.type == "variable_declarator":
        named = node.parent.child_by_field_name("name")
    return text_of(named)


def _declare(node: Node, facts: Facts) -> None:
    named, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if named is None or value is None or named.type != "identifier":
        return
    name = text_of(named)
    facts.constants.setdefault(name, value)
    if value.type in {"arrow_function", "function_expression"}:
        _function(name, value, facts)


def _assign(node: Node, facts: Facts) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        return
    if left.type == "identifier":
        facts.constants.setdefault(text_of(left), right)
    elif left.type == "member_expression":
        holder = left.child_by_field_name("object")
        if holder is not None and holder.type == "identifier":
            name = text_of(left.child_by_field_name("property"))
            facts.statics.setdefault((text_of(holder), name), right)


def _class(node: Node, facts: Facts) -> None:
    heritage = next((c for c in node.named_children if c.type == "class_heritage"), None)
    base = heritage.named_children[0] if heritage is not None and heritage.named_children else None
    if base is not None and base.type == "extends_clause":
        base = base.child_by_field_name("value")
    facts.classes.setdefault(class_name(node), text_of(base)[:200])


def _static(node: Node, cls: str, facts: Facts) -> None:
    value = node.child_by_field_name("value")
    named = node.child_by_field_name("property") or node.child_by_field_name("name")
    if cls and value is not None and any(child.type == "static" for child in node.children):
        facts.statics.setdefault((cls, text_of(named)), value)


def _method(node: Node, cls: str, facts: Facts) -> None:
    if any(child.type == "static" for child in node.children):
        facts.methods.setdefault((cls, text_of(node.child_by_field_name("name"))), False)


def _function(name: str, node: Node, facts: Facts) -> None:
    """Keep a function whose body is an expression or a single `return`."""
    body = node.child_by_field_name("body")
    declared = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
    if body is None or declared is None:
        return
    if body.type == "statement_block":
        statements = body.named_children
        if len(statements) != 1 or statements[0].type != "return_statement":
            return
        body = statements[0].named_children[0] if statements[0].named_children else None
    if body is None:
        return
    nodes = declared.named_children if declared.type == "formal_parameters" else [declared]
    parameters = tuple(text_of(n.child_by_field_name("pattern") or n) for n in nodes)
    facts.functions.setdefault(name, Function(parameters, body))


def _import(node: Node, facts: Facts) -> None:
    source = text_of(node.child_by_field_name("source")).strip("\"'`")
    for clause in node.named_children:
        for part in clause.named_children if clause.type == "import_clause" else ():
            if part.type == "identifier":
                facts.imports.setdefault(text_of(part), (source, "default"))
            elif part.type == "namespace_import":
                facts.imports.setdefault(text_of(part.named_children[0]), (source, "*"))
            elif part.type == "named_imports":
                _named_imports(part, source, facts)


def _named_imports(node: Node, source: str, facts: Facts) -> None:
    for entry in node.named_children:
        name = text_of(entry.child_by_field_name("name"))
        alias = entry.child_by_field_name("alias")
        if name:
            facts.imports.setdefault(text_of(alias) or name, (source, name))


def _call(node: Node, cls: str, method: str, facts: Facts) -> None:
    callee, given = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if callee is None or given is None or callee.type not in {"member_expression", "identifier"}:
        return
    called = callee.child_by_field_name("property") if callee.type != "identifier" else callee
    name = text_of(called)
    if name not in REGISTER:
        holder = callee.child_by_field_name("object")
        if holder is not None and holder.type == "identifier":
            facts.calls.append(Call(text_of(holder), name))
        elif holder is not None and holder.type == "super" and method == name:
            facts.methods[cls, method] = True
        return
    first = next((part for part in given.named_children if part.type != "comment"), None)
    if first is None:
        return
    if first.type == "member_expression" and text_of(first.child_by_field_name("object")) == "this":
        facts.setups.append(Setup(cls, method, text_of(first.child_by_field_name("property"))))
    else:
        facts.registrations.append(first)
