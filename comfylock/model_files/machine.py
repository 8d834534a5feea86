"""The unpickler's machine without its effects: a stack, marks, a memo, and nothing that runs.

It follows CPython's `_pickle.c` opcode by opcode, so that it knows which text becomes a name and
which name is called. Where two unpicklers differ, it goes on: rather too much than too little.
"""

from __future__ import annotations

from typing import Any

from comfylock.model_files.facts import Trait
from comfylock.model_files.imported import Imports, Name
from comfylock.model_files.opcodes import LONG, Operation

MAX_TRAITS = 200
TOO_LARGE = "too-large"
MAX_ITEMS = 16
"""Items, fields and names of a container that are remembered."""


class Stopped(Exception):  # noqa: N818 - a real unpickler's error, no error of ours
    """An unpickler would stop here with an error."""


class Holder:
    """A tuple, list, set or dictionary: its first items, and the names in it at any depth."""

    __slots__ = ("fields", "items", "names")

    def __init__(self, items: list[Any]) -> None:
        self.items: list[Any] = []
        self.fields: dict[str, Any] = {}
        self.names: list[Name] = []
        self.extend(items)

    def extend(self, items: list[Any]) -> None:
        """Take in more items."""
        self.items += items[: MAX_ITEMS - len(self.items)]
        for item in items:
            self._take_names(item)

    def put(self, pairs: list[Any]) -> None:
        """Take in keys and values that follow each other."""
        for key, value in zip(pairs[::2], pairs[1::2], strict=False):
            if type(key) is str and len(self.fields) < MAX_ITEMS:
                self.fields[key] = value
            self._take_names(key)
            self._take_names(value)

    def _take_names(self, item: Any) -> None:
        if type(item) is Name:
            names = [item]
        elif type(item) is Holder:
            names = item.names
        elif type(item) is Made and type(item.state) is Holder:
            names = item.state.names
        else:
            return
        for name in names:
            if name.is_used or name.is_trusted:
                continue
            if len(self.names) < MAX_ITEMS:
                self.names.append(name)
            else:  # nobody remembers it any further, so the worst is taken
                name.is_used = True


class Made:
    """What a call gave."""

    __slots__ = ("arguments", "by", "state")

    def __init__(self, by: Any, arguments: Any) -> None:
        self.by = by
        self.arguments = arguments
        self.state: Any = None


class Machine:
    """Stack, marks and memo while a pickle is walked through."""

    def __init__(self, limit: int) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.imports = Imports()
        self.traits: dict[tuple[str, str], Trait] = {}
        self._limit = limit

    def note(self, trait: Trait) -> None:
        """Keep a trait, each once; the dangerous ones have room of their own."""
        limit = 2 * MAX_TRAITS if trait.grade == "dangerous" else MAX_TRAITS
        if len(self.traits) < limit:
            self.traits.setdefault((trait.word, trait.detail), trait)

    # the stack

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        if len(self.stack) >= self._limit:
            raise Stopped(TOO_LARGE)
        self.stack.append(value)

    def pop(self) -> Any:
        """Take the topmost value; what lies below a mark is out of reach."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Stopped("it takes what is not there")
        return self.stack.pop()

    def top(self) -> Any:
        """Return the topmost value."""
        if not self.stack:
            raise Stopped("it takes what is not there")
        return self.stack[-1]

    def drop(self) -> None:
        """Take away the topmost value or mark."""
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.pop()

    def mark(self) -> None:
        """Remember where the stack is now."""
        if len(self.marks) >= self._limit:
            raise Stopped(TOO_LARGE)
        self.marks.append(len(self.stack))

    def since_mark(self) -> list[Any]:
        """Take everything since the last mark."""
        if not self.marks:
            raise Stopped("it goes back to a mark that is not there")
        at = self.marks.pop()
        values = self.stack[at:]
        del self.stack[at:]
        return values

    # the memo

    def remember(self, index: Any) -> None:
        """Keep the topmost value under a number."""
        if len(self.memo) >= self._limit:
            raise Stopped(TOO_LARGE)
        if type(index) is int:
            self.memo[index] = self.top()

    def recall(self, index: Any) -> None:
        """Push what was kept."""
        if index not in self.memo:
            raise Stopped("it recalls what it never kept")
        self.push(self.memo[index])

    # names and calls

    def name(self, operation: Operation, module: Any, name: Any) -> Any:
        """Import a name; one that is no text in the stream is dangerous by itself."""
        if type(module) is str and type(name) is str:
            return self.imports.add(module, name, operation.at)
        detail = "imports a name that is not written there but made while loading"
        if module is LONG or name is LONG:
            detail = "imports a name that is too long or no text"
        self.note(Trait("dangerous", "computed-name", detail, f"byte {operation.at}"))
        return LONG

    def call(self, operation: Operation, what: Any, arguments: Any) -> Made:
        """Note that something is called, and with which names."""
        if type(what) is Name:
            what.is_used = True
        else:
            detail = "calls something that is no name but was made while loading"
            self.note(Trait("dangerous", "computed-call", detail, f"byte {operation.at}"))
        use(arguments)
        return Made(what, arguments)

    def build(self, operation: Operation) -> None:
        """Note that something's state is set."""
        state = self.pop()
        target = self.top()
        self.change(operation, target)
        if isinstance(target, Made):
            target.state = state if target.state is None else Holder([target.state, state])

    def change(self, operation: Operation, target: Any) -> None:
        """Note that an opcode changes something: `append` is whatever its state calls so."""
        if type(target) is Name:
            target.is_used = True
            detail = f"changes `{target.text}` itself"
            self.note(Trait("dangerous", "changed-name", detail, f"byte {operation.at}"))
        elif isinstance(target, Made):
            use(target.state)

    def persistent(self, operation: Operation, value: Any) -> None:
        """Note a reference outside the pickle, unless it is torch's to a tensor's bytes."""
        items = value.items if type(value) is Holder else []
        kind = items[1] if len(items) > 1 else None
        if items[:1] == ["module"] and type(kind) is Name:  # a class, with its source beside it
            self.push(kind)
            return
        is_torch = len(items) >= 5 and items[0] == "storage" and type(kind) is Name
        if not is_torch:
            detail = "refers to something outside in another way than torch does"
            self.note(Trait("suspicious", "odd-reference", detail, f"byte {operation.at}"))
            use(value)
        elif type(kind) is Name and not kind.is_trusted:
            kind.is_used = True
        self.push(LONG)


def use(value: Any) -> None:
    """Mark the names in arguments as called: a function may call what it is given."""
    if type(value) is Name:
        value.is_used = True
    elif type(value) is Holder:
        for name in value.names:
            name.is_used = True
