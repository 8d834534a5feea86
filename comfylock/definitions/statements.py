"""What a file's statements bind, when every way that could be taken is taken.

A branch is left out only if its condition is known. Of two branches the bindings are joined;
what they do to a shared dict or list adds up. A loop over known items runs for each of them,
any other loop once.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from comfylock.definitions.expressions import Evaluator
from comfylock.definitions.operations import binary, items_of, put
from comfylock.definitions.values import (
    UNKNOWN,
    ClassValue,
    FunctionValue,
    InstanceValue,
    Opaque,
    Scope,
    Super,
    join,
    place_of,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.definitions.budget import Budget

RETURN, BREAK, CONTINUE = "return", "break", "continue"
"""Why a block ended early."""

WHILE_LIMIT = 100
"""Rounds of a `while` loop that are followed."""

_KINDS = {"classmethod": "class", "staticmethod": "static"}


class Executor(Evaluator):
    """Works out statements; imports and calls are its heir's."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget)
        self._statements: dict[type[ast.stmt], Callable[..., str | None]] = {
            ast.Expr: self._expression,
            ast.Assign: self._assign,
            ast.AnnAssign: self._annotated,
            ast.AugAssign: self._augmented,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class,
            ast.If: self._if,
            ast.For: self._for,
            ast.AsyncFor: self._for,
            ast.While: self._while,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Try: self._try,
            ast.TryStar: self._try,
            ast.Return: self._return,
            ast.Raise: lambda _node, _scope: RETURN,
            ast.Break: lambda _node, _scope: BREAK,
            ast.Continue: lambda _node, _scope: CONTINUE,
            ast.Global: self._global,
            ast.Nonlocal: self._nonlocal,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.Delete: self._delete,
            ast.Match: self._match,
        }

    def import_names(self, node: ast.Import, scope: Scope) -> None:
        """Bind what an `import` names."""
        raise NotImplementedError

    def import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        """Bind what a `from … import` names."""
        raise NotImplementedError

    def run(self, body: list[ast.stmt], scope: Scope) -> str | None:
        """Work through statements; return why they ended early, if they did."""
        for node in body:
            self.budget.spend()
            handler = self._statements.get(type(node))
            if handler is None:
                continue
            with self.budget.nested() as allowed:
                ended = handler(node, scope) if allowed else None
            if ended is not None:
                return ended
        return None

    def super_of(self, scope: Scope) -> object:
        """Return what `super()` is in a method."""
        home: Scope | None = scope
        while home is not None and home.receiver is None:
            home = home.parent
        if home is None or home.owner is None:
            return UNKNOWN
        return Super(home.owner, home.receiver)

    def assign(self, target: ast.expr, value: object, scope: Scope) -> None:
        """Bind the target of an assignment, a loop or a `with`."""
        if isinstance(target, ast.Name):
            scope.bind(target.id, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target.elts, value, scope)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value, scope)
        elif isinstance(target, ast.Subscript):
            self._assign_entry(target, value, scope)
        elif isinstance(target, ast.Attribute):
            holder = self.evaluate(target.value, scope)
            if isinstance(holder, (ClassValue, InstanceValue)):
                holder.names[target.attr] = value
            elif isinstance(holder, Opaque) and holder.called:
                holder.options[target.attr] = value

    def _assign_entry(self, target: ast.Subscript, value: object, scope: Scope) -> None:
        container = self.evaluate(target.value, scope)
        if isinstance(target.slice, ast.Slice):
            return
        key = self.evaluate(target.slice, scope)
        if isinstance(container, dict):
            put(container, key, value, place_of(target, scope))
        elif isinstance(container, list) and (at := _place(container, key)) is not None:
            container[at] = value

    def _unpack(self, targets: list[ast.expr], value: object, scope: Scope) -> None:
        items = None if isinstance(value, str) else items_of(value, self.budget)
        starred = any(isinstance(target, ast.Starred) for target in targets)
        missing = len(targets) - len(items or ())
        if items is None or (missing != 0 if not starred else missing > 1):
            items = [Opaque("item", (value,))] * len(targets)
        after = 0
        for position, target in enumerate(targets):
            if isinstance(target, ast.Starred):
                after = len(items) - len(targets)
                self.assign(target.value, items[position : position + after + 1], scope)
            else:
                self.assign(target, items[position + after], scope)

    def _expression(self, node: ast.Expr, scope: Scope) -> None:
        if isinstance(node.value, (ast.Yield, ast.YieldFrom)):
            if node.value.value is not None:
                scope.returns.append(self.evaluate(node.value.value, scope))
            return
        self.evaluate(node.value, scope)

    def _assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self.evaluate(node.value, scope)
        for target in node.targets:
            self.assign(target, value, scope)

    def _annotated(self, node: ast.AnnAssign, scope: Scope) -> None:
        owner = scope.owner
        if owner is not None and owner.names is scope.names and isinstance(node.target, ast.Name):
            owner.fields[node.target.id] = None
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value, scope), scope)

    def _augmented(self, node: ast.AugAssign, scope: Scope) -> None:
        held = self.evaluate(node.target, scope)
        added = self.evaluate(node.value, scope)
        if isinstance(held, list) and isinstance(node.op, ast.Add):
            items = items_of(added, self.budget)
            held.extend([Opaque("starred", (added,))] if items is None else items)
        elif isinstance(held, dict) and isinstance(node.op, ast.BitOr) and isinstance(added, dict):
            self.budget.spend(len(added))
            held.update(added)
        else:
            self.assign(node.target, binary(node.op, held, added, self.budget), scope)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        value: object = self.function(node, scope)
        for decorator in reversed(node.decorator_list):
            value = self._decorated(decorator, value, scope)
        scope.bind(node.name, value)

    def _decorated(self, decorator: ast.expr, value: object, scope: Scope) -> object:
        found = self.evaluate(decorator, scope)
        if isinstance(found, Opaque):
            name = found.name.rpartition(".")[2]
            if isinstance(value, FunctionValue):
                value.kind = _KINDS.get(name, "property" if "property" in name else value.kind)
            return value
        if isinstance(found, ClassValue) and isinstance(value, FunctionValue):
            value.kind = "property" if "property" in found.name.lower() else value.kind
            return value
        result = self.call(found, [value], {})
        return value if result is None or isinstance(result, Opaque) else result

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        bases = tuple(self.evaluate(base, scope) for base in node.bases)
        value = ClassValue(node.name, bases, scope.module, node.lineno)
        body = Scope(scope.module, scope, value)
        body.names = value.names
        for base in bases:
            hook = base.find("__init_subclass__") if isinstance(base, ClassValue) else None
            if hook is not None:
                value.names["__init_subclass__ of a base"] = hook
        self.run(node.body, body)
        result: object = value
        for function in value.names.values():
            if isinstance(function, FunctionValue) and function.scope is body:
                function.owner, function.scope = value, scope
        for decorator in reversed(node.decorator_list):
            result = self._decorated(decorator, result, scope)
        scope.bind(node.name, result)
        hook = value.names.pop("__init_subclass__ of a base", None)
        if isinstance(hook, FunctionValue):
            self.call(hook, [value], {})

    def _if(self, node: ast.If, scope: Scope) -> str | None:
        known = truth(self.evaluate(node.test, scope))
        if known is not None:
            return self.run(node.body if known else node.orelse, scope)
        return self._either([node.body, node.orelse], scope)

    def _either(self, branches: list[list[ast.stmt]], scope: Scope) -> str | None:
        """Run each branch on the same start; join what they bind."""
        start = dict(scope.names)
        merged: dict[str, object] = {}
        endings: list[str | None] = []
        for branch in branches:
            scope.names.clear()
            scope.names.update(start)
            ended = self.run(branch, scope)
            endings.append(ended)
            if ended is None or len(endings) == 1:
                for name, value in scope.names.items():
                    merged[name] = join(merged[name], value) if name in merged else value
            self.budget.spend(len(start) // 16)
        scope.names.clear()
        scope.names.update(merged)
        return endings[0] if len(set(endings)) == 1 else None

    def _match(self, node: ast.Match, scope: Scope) -> str | None:
        self.evaluate(node.subject, scope)
        self._either([case.body for case in node.cases] + [[]], scope)
        return None

    def _for(self, node: ast.For | ast.AsyncFor, scope: Scope) -> str | None:
        source = self.evaluate(node.iter, scope)
        items = items_of(source, self.budget)
        for item in [Opaque("item", (source,))] if items is None else items:
            self.assign(node.target, item, scope)
            ended = self.run(node.body, scope)
            if ended == BREAK:
                return None
            if ended == RETURN and items is not None:
                return RETURN
        return self.run(node.orelse, scope)

    def _while(self, node: ast.While, scope: Scope) -> str | None:
        """Run the body as often as the test is known to hold; once if it is not known."""
        for _ in range(1 if isinstance(node.test, ast.Constant) else WHILE_LIMIT):
            known = truth(self.evaluate(node.test, scope))
            if known is False:
                return self.run(node.orelse, scope)
            ended = self.run(node.body, scope)
            if ended == RETURN and known:
                return RETURN
            if known is None or ended == BREAK:
                break
        return None

    def _with(self, node: ast.With | ast.AsyncWith, scope: Scope) -> str | None:
        for item in node.items:
            value = self.evaluate(item.context_expr, scope)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value, scope)
        return self.run(node.body, scope)

    def _try(self, node: ast.Try | ast.TryStar, scope: Scope) -> str | None:
        """Take the body as it stands; a handler only adds names that are still unbound."""
        ended = self.run(node.body, scope) or self.run(node.orelse, scope)
        self.budget.spend(len(scope.names) // 16)
        kept = {n: v for n, v in scope.names.items() if v is not None and v is not UNKNOWN}
        for handler in node.handlers:
            self.run(handler.body, scope)
        scope.names.update(kept)
        return self.run(node.finalbody, scope) or ended

    def _return(self, node: ast.Return, scope: Scope) -> str:
        scope.returns.append(None if node.value is None else self.evaluate(node.value, scope))
        return RETURN

    def _global(self, node: ast.Global, scope: Scope) -> None:
        scope.globals.update(node.names)

    def _nonlocal(self, node: ast.Nonlocal, scope: Scope) -> None:
        scope.outer.update(node.names)

    def _import(self, node: ast.Import, scope: Scope) -> None:
        self.import_names(node, scope)

    def _import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        self.import_from(node, scope)

    def _delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                scope.names.pop(target.id, None)
            elif isinstance(target, ast.Subscript):
                container = self.evaluate(target.value, scope)
                key = self.evaluate(target.slice, scope)
                if isinstance(container, dict) and isinstance(key, str):
                    container.pop(key, None)
                elif isinstance(container, list) and (at := _place(container, key)) is not None:
                    del container[at]


def _place(items: list[object], key: object) -> int | None:
    """Return the place in a list that a key means; None if there is none."""
    return key if type(key) is int and -len(items) <= key < len(items) else None
