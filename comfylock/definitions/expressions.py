"""What an expression of a pack's source is worth, as far as that can be told.

Nothing of the pack is executed: its syntax tree is walked, and only literals, names, and the
handful of operations in `operations` are worked out. All else is an `Opaque` value.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from comfylock.definitions.operations import (
    binary,
    compare,
    entry_of,
    formatted,
    items_of,
    put,
    unary,
)
from comfylock.definitions.values import (
    UNKNOWN,
    UNKNOWN_NAMES,
    Defaults,
    FunctionValue,
    Incomplete,
    Opaque,
    Scope,
    is_scalar,
    join,
    place_of,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.definitions.budget import Budget


_QUOTING = frozenset({ord("r"), ord("a")})
"""What `!r` and `!a` are in the tree of an f-string."""


def _unreadable(node: ast.expr, scope: Scope) -> Incomplete:
    """Return the mark of entries that stand in an expression which could not be read."""
    return Incomplete(f"takes what `{ast.unparse(node)[:80]}` gives", place_of(node, scope))


class Evaluator:
    """Works out expressions; calls, attributes and assignment are its heirs'."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.place = ""
        """Where the call stands that is being worked out."""
        self._handlers: dict[type[ast.expr], Callable[..., object]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.Call: self._call,
            ast.Dict: self._dict,
            ast.List: self._list,
            ast.Set: self._list,
            ast.Tuple: self._tuple,
            ast.JoinedStr: self._joined,
            ast.BinOp: self._binary,
            ast.BoolOp: self._boolean,
            ast.UnaryOp: self._unary,
            ast.Compare: self._compare,
            ast.IfExp: self._choice,
            ast.Lambda: self.function,
            ast.NamedExpr: self._named,
            ast.Await: self._await,
            ast.ListComp: self._list_comprehension,
            ast.SetComp: self._list_comprehension,
            ast.GeneratorExp: self._list_comprehension,
            ast.DictComp: self._dict_comprehension,
        }

    def call(self, callee: object, args: list[object], options: dict[str, object]) -> object:
        """Return what a call gives."""
        raise NotImplementedError

    def attribute(self, value: object, name: str) -> object:
        """Return what an attribute of a value is."""
        raise NotImplementedError

    def assign(self, target: ast.expr, value: object, scope: Scope) -> None:
        """Bind a target of an assignment."""
        raise NotImplementedError

    def builtin(self, name: str) -> object:
        """Return what a name means that nothing in the file binds."""
        raise NotImplementedError

    def super_of(self, scope: Scope) -> object:
        """Return what `super()` is at a place."""
        raise NotImplementedError

    def evaluate(self, node: ast.expr, scope: Scope) -> object:
        """Return the value of an expression."""
        self.budget.spend()
        handler = self._handlers.get(type(node))
        if handler is None:
            return UNKNOWN
        with self.budget.nested() as allowed:
            return handler(node, scope) if allowed else UNKNOWN

    def _constant(self, node: ast.Constant, _: Scope) -> object:
        value = node.value
        return value if value is None or isinstance(value, (str, int, float)) else UNKNOWN

    def _name(self, node: ast.Name, scope: Scope) -> object:
        home = scope.find(node.id)
        return self.builtin(node.id) if home is None else home.names[node.id]

    def _attribute(self, node: ast.Attribute, scope: Scope) -> object:
        return self.attribute(self.evaluate(node.value, scope), node.attr)

    def _subscript(self, node: ast.Subscript, scope: Scope) -> object:
        value = self.evaluate(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            bounds = [node.slice.lower, node.slice.upper, node.slice.step]
            known = [None if b is None else self.evaluate(b, scope) for b in bounds]
            return entry_of(value, known, self.budget)
        key = self.evaluate(node.slice, scope)
        if isinstance(value, Defaults) and is_scalar(key) and key not in value:
            value[key] = self.call(value.factory, [], {})
        return entry_of(value, key, self.budget)

    def _call(self, node: ast.Call, scope: Scope) -> object:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return self.super_of(scope)
        callee = self.evaluate(node.func, scope)
        if isinstance(callee, Opaque) and callee.name in {"builtins.globals", "builtins.locals"}:
            return (scope.module.scope if callee.name.endswith("globals") else scope).names
        args = self._elements(node.args, scope)
        options: dict[str, object] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg is not None:
                options[keyword.arg] = value
            else:
                self._add_options(value, options)
        self.place = place_of(node, scope)
        return self.call(callee, args, options)

    def _add_options(self, value: object, options: dict[str, object]) -> None:
        """Add what `**value` gives to a call's options."""
        if not isinstance(value, dict):
            options[UNKNOWN_NAMES] = value
            return
        self.budget.spend(len(value))
        for key, entry in value.items():
            if isinstance(key, str):
                options[key] = entry
            elif isinstance(key, Incomplete):
                options[UNKNOWN_NAMES] = entry

    def _elements(self, nodes: list[ast.expr], scope: Scope) -> list[object]:
        found: list[object] = []
        for node in nodes:
            if not isinstance(node, ast.Starred):
                found.append(self.evaluate(node, scope))
                continue
            value = self.evaluate(node.value, scope)
            items = items_of(value, self.budget)
            found.extend([Opaque("starred", (value,))] if items is None else items)
        return found

    def _list(self, node: ast.List | ast.Set, scope: Scope) -> object:
        return self._elements(node.elts, scope)

    def _tuple(self, node: ast.Tuple, scope: Scope) -> object:
        return tuple(self._elements(node.elts, scope))

    def _dict(self, node: ast.Dict, scope: Scope) -> object:
        found: dict[object, object] = {}
        for key, value_node in zip(node.keys, node.values, strict=True):
            value = self.evaluate(value_node, scope)
            if key is not None:
                put(found, self.evaluate(key, scope), value, place_of(key, scope))
            elif isinstance(value, dict):
                self.budget.spend(len(value))
                found.update(value)
            else:
                found[_unreadable(value_node, scope)] = value
        return found

    def _joined(self, node: ast.JoinedStr, scope: Scope) -> object:
        parts: list[object] = []
        for part in node.values:
            if not isinstance(part, ast.FormattedValue):
                parts.append(self.evaluate(part, scope))
                continue
            value = self.evaluate(part.value, scope)
            if part.conversion in _QUOTING:
                value = repr(value) if isinstance(value, str) else UNKNOWN
            specification = (
                "" if part.format_spec is None else self.evaluate(part.format_spec, scope)
            )
            parts.append(formatted(value, specification))
        if all(isinstance(part, str) for part in parts):
            text = "".join(str(part) for part in parts)
            self.budget.spend(len(text) // 64)
            return text
        return Opaque("text", tuple(parts), called=True)

    def _binary(self, node: ast.BinOp, scope: Scope) -> object:
        left, right = self.evaluate(node.left, scope), self.evaluate(node.right, scope)
        return binary(node.op, left, right, self.budget, place_of(node, scope))

    def _boolean(self, node: ast.BoolOp, scope: Scope) -> object:
        stop = isinstance(node.op, ast.Or)
        result: object = None
        for position, part in enumerate(node.values):
            value = self.evaluate(part, scope)
            result = value if position == 0 else join(result, value)
            known = truth(value)
            if known is stop:
                return result
            if known is not None:
                result = value if position == len(node.values) - 1 else None
        return result

    def _unary(self, node: ast.UnaryOp, scope: Scope) -> object:
        return unary(node.op, self.evaluate(node.operand, scope))

    def _compare(self, node: ast.Compare, scope: Scope) -> object:
        left = self.evaluate(node.left, scope)
        result: object = True
        for operator, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(right_node, scope)
            result = compare(operator, left, right, self.budget)
            if result is not True:
                return result
            left = right
        return result

    def _choice(self, node: ast.IfExp, scope: Scope) -> object:
        known = truth(self.evaluate(node.test, scope))
        if known is not None:
            return self.evaluate(node.body if known else node.orelse, scope)
        return join(self.evaluate(node.body, scope), self.evaluate(node.orelse, scope))

    def function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
    ) -> FunctionValue:
        """Return a function with the defaults of its parameters."""
        function = FunctionValue(node, scope)
        function.defaults = [self.evaluate(default, scope) for default in node.args.defaults]
        function.named_defaults = {
            argument.arg: self.evaluate(default, scope)
            for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            if default is not None
        }
        return function

    def _named(self, node: ast.NamedExpr, scope: Scope) -> object:
        value = self.evaluate(node.value, scope)
        self.assign(node.target, value, scope)
        return value

    def _await(self, node: ast.Await, scope: Scope) -> object:
        return self.evaluate(node.value, scope)

    def _list_comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope
    ) -> object:
        found: list[object] = []
        inner = Scope(scope.module, scope, scope.owner)
        sources = self._repeat(
            node.generators, inner, lambda: found.append(self.evaluate(node.elt, inner))
        )
        if sources:
            return Opaque("each", (*sources, *found), called=True)
        return found

    def _dict_comprehension(self, node: ast.DictComp, scope: Scope) -> object:
        found: dict[object, object] = {}
        inner = Scope(scope.module, scope, scope.owner)

        def keep() -> None:
            key = self.evaluate(node.key, inner)
            put(found, key, self.evaluate(node.value, inner), place_of(node.key, scope))

        if self._repeat(node.generators, inner, keep):
            found[_unreadable(node, scope)] = None
        return found

    def _repeat(
        self, generators: list[ast.comprehension], scope: Scope, action: Callable[[], None]
    ) -> list[object]:
        """Run an action for each item; return the tests of items that are not known, if any are."""
        if not generators:
            action()
            return []
        first, rest = generators[0], generators[1:]
        source = self.evaluate(first.iter, scope)
        items = items_of(source, self.budget)
        unknown: list[object] = [] if items is not None else [UNKNOWN]
        for item in [Opaque("item", (source,))] if items is None else items:
            self.budget.spend()
            self.assign(first.target, item, scope)
            values = [self.evaluate(test, scope) for test in first.ifs]
            tests = [truth(value) for value in values]
            if items is None:
                unknown.extend(value for value in values if isinstance(value, Opaque))
            if False not in tests:
                unknown.extend(self._repeat(rest, scope, action))
        return unknown[:16]
