"""What text an expression of a pack's scripts stands for.

Scripts are parsed, never run: a text, a constant, a static of a class, an entry of an object, or
what a function makes of them that only returns an expression.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from comfylock.definitions.javascript_facts import read_facts, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tree_sitter import Node

    from comfylock.definitions.javascript_facts import Facts

DEPTH = 16
"""Names that stand for other names that are followed."""

STEPS = 20_000
"""Expressions of a pack that are looked at."""

TEXT_LIMIT = 1024
"""Characters of a text that is put together."""


class Names:
    """Follows names through a pack's scripts; each is parsed when it is first needed."""

    def __init__(self, scripts: Mapping[str, bytes]) -> None:
        self.scripts = scripts
        self._facts: dict[str, Facts] = {}
        self._left = STEPS
        self._stems: dict[str, str] = {}
        for file in sorted(scripts, reverse=True):
            self._stems[posixpath.splitext(posixpath.basename(file))[0]] = file

    def facts(self, file: str) -> Facts:
        """Return what a script says."""
        held = self._facts.get(file)
        if held is None:
            held = self._facts[file] = read_facts(self.scripts[file], file)
        return held

    def resolve(
        self, node: Node, file: str, given: dict[str, str] | None = None, depth: int = DEPTH
    ) -> str | None:
        """Return the text that an expression stands for, or None."""
        self._left -= 1
        if depth <= 0 or self._left < 0:
            return None
        kind = node.type
        if kind in {"string", "template_string"}:
            return self._text(node, file, given, depth)
        if kind == "identifier":
            return self._name(text_of(node), file, given, depth)
        if kind == "binary_expression":
            return self._sum(node, file, given, depth)
        if kind == "member_expression":
            return self._member(node, file, depth)
        if kind == "call_expression":
            return self._call(node, file, given, depth)
        if kind in {"parenthesized_expression", "as_expression", "satisfies_expression"}:
            inner = node.named_children
            return self.resolve(inner[0], file, given, depth - 1) if inner else None
        return None

    def _text(self, node: Node, file: str, given: dict[str, str] | None, depth: int) -> str | None:
        parts: list[str] = []
        for child in node.named_children:
            if child.type == "escape_sequence":
                parts.append(_unescaped(text_of(child)))
            elif child.type == "template_substitution" and child.named_children:
                inner = self.resolve(child.named_children[0], file, given, depth - 1)
                if inner is None:
                    return None
                parts.append(inner)
            else:
                parts.append(text_of(child))
            if sum(map(len, parts[-2:])) > TEXT_LIMIT:
                return None
        return "".join(parts)

    def _name(self, name: str, file: str, given: dict[str, str] | None, depth: int) -> str | None:
        if given is not None and name in given:
            return given[name]
        if depth <= 0:
            return None
        facts = self.facts(file)
        if name in facts.constants:
            return self.resolve(facts.constants[name], file, None, depth - 1)
        other = self._imported(name, file)
        return None if other is None else self._name(other[1], other[0], None, depth - 1)

    def _sum(self, node: Node, file: str, given: dict[str, str] | None, depth: int) -> str | None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None or operator is None:
            return None
        first = self.resolve(left, file, given, depth - 1)
        if operator.type in {"||", "??"}:
            return first or self.resolve(right, file, given, depth - 1)
        second = self.resolve(right, file, given, depth - 1)
        if operator.type != "+" or first is None or second is None:
            return None
        return first + second if len(first) + len(second) <= TEXT_LIMIT else None

    def _member(self, node: Node, file: str, depth: int) -> str | None:
        holder, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        if holder is None or name is None or holder.type != "identifier":
            return None
        return self.static(text_of(holder), text_of(name), file, depth - 1)

    def static(self, holder: str, name: str, file: str, depth: int) -> str | None:
        """Return `holder.name`: a static of a class or a base, or an entry of an object."""
        self._left -= 1
        if depth <= 0 or self._left < 0:
            return None
        facts = self.facts(file)
        value = facts.statics.get((holder, name)) or _entry(facts.constants.get(holder), name)
        if value is not None:
            return self.resolve(value, file, None, depth - 1)
        constant = facts.constants.get(holder)
        if constant is not None and constant.type == "identifier":
            return self.static(text_of(constant), name, file, depth - 1)
        other = self._imported(holder, file)
        if other is not None:
            inner = name if other[1] == "*" else other[1]
            if other[1] == "*":
                return self._name(inner, other[0], None, depth - 1)
            return self.static(inner, name, other[0], depth - 1)
        if holder not in facts.classes:
            return None
        if name == "name":
            return holder
        base = facts.classes[holder]
        return self.static(base, name, file, depth - 1) if base else None

    def _call(self, node: Node, file: str, given: dict[str, str] | None, depth: int) -> str | None:
        callee, passed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if callee is None or passed is None or callee.type != "identifier":
            return None
        name, home = text_of(callee), file
        if name not in self.facts(home).functions:
            other = self._imported(name, home)
            if other is None:
                return None
            home, name = other
        function = self.facts(home).functions.get(name)
        if function is None:
            return None
        values = [self.resolve(n, file, given, depth - 1) for n in passed.named_children[:8]]
        pairs = zip(function.parameters, values, strict=False)
        inner = {parameter: value for parameter, value in pairs if value is not None}
        return self.resolve(function.result, home, inner, depth - 1)

    def registers(self, holder: str, method: str, file: str) -> str | None:
        """Return the static by which `holder.method()` registers the class, if it does."""
        cls: str | None = holder
        for _ in range(DEPTH):
            facts = self.facts(file)
            constant = facts.constants.get(cls or "")
            if constant is not None and constant.type == "identifier":
                cls = text_of(constant)
                continue
            if cls not in facts.classes:
                other = self._imported(cls or "", file)
                if other is None:
                    return None
                file, cls = other
                continue
            for setup in facts.setups:
                if (setup.cls, setup.method) == (cls, method):
                    return setup.static
            if facts.methods.get((cls, method)) is False:
                return None
            cls = facts.classes[cls]
        return None

    def _imported(self, name: str, file: str) -> tuple[str, str] | None:
        """Return the script that an imported name comes from, and its name there."""
        entry = self.facts(file).imports.get(name)
        if entry is None:
            return None
        source, exported = entry
        path = source.partition("?")[0]
        exact = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
        stem = posixpath.splitext(exact)[0]
        for candidate in (exact, *(f"{stem}{end}" for end in (".js", ".ts", ".mjs"))):
            if candidate in self.scripts:
                return candidate, exported
        same = self._stems.get(posixpath.basename(stem))
        return (same, exported) if same is not None and same != file else None


def _entry(node: Node | None, name: str) -> Node | None:
    """Return the value of a key in an object literal, also one that is frozen."""
    if node is not None and node.type in {"as_expression", "satisfies_expression"}:
        node = node.named_children[0]
    if node is not None and node.type == "call_expression":
        passed = node.child_by_field_name("arguments")
        node = passed.named_children[0] if passed is not None and passed.named_children else None
    if node is None or node.type != "object":
        return None
    for pair in node.named_children:
        if pair.type == "pair" and text_of(pair.child_by_field_name("key")).strip("\"'") == name:
            return pair.child_by_field_name("value")
    return None


def _unescaped(sequence: str) -> str:
    r"""Return the character that `\n`, `\u1F600` or `\u{1F600}` stands for."""
    simple = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
    body = sequence[1:]
    if body[:1] in {"u", "x"}:
        digits = body[1:].strip("{}")
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            return ""
    return simple.get(body, body.strip("\r\n"))
