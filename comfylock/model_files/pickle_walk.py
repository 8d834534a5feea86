"""Walks through one pickle as an unpickler would, runs nothing, and tells what would have run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.model_files.effects import EFFECTS
from comfylock.model_files.facts import PickleFacts, Trait
from comfylock.model_files.feed import held
from comfylock.model_files.joblib_arrays import array_bytes, is_array_wrapper
from comfylock.model_files.machine import TOO_LARGE, Machine, Stopped
from comfylock.model_files.opcodes import Broken, Operation, read_operation
from comfylock.model_files.tables import words

if TYPE_CHECKING:
    from comfylock.model_files.feed import Feed


class Limits(Struct, frozen=True):
    """How much of a pickle is looked into; what is beyond is told as not read."""

    operations: int = 4_000_000
    stack: int = 1_000_000
    """Values on the stack, marks, and entries of the memo."""
    nesting: int = 3
    """Pickles in bytes in pickles."""
    nested: int = 64 << 20
    """Bytes of pickles in pickles, all together."""


DEFAULT_LIMITS = Limits()
VALUES = frozenset(
    words(
        """
    STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 UNICODE
    SHORT_BINUNICODE BINUNICODE BINUNICODE8
    """
    )
)
"""Opcodes of texts and bytes, which may hold a pickle themselves."""


def walk(feed: Feed, limits: Limits = DEFAULT_LIMITS) -> PickleFacts:
    """Return what the pickle at a feed's place would do; the feed is then right behind it.

    Never raises for what the bytes say, and never keeps more than the limits allow.
    """
    walker = _Walker(feed, limits)
    while walker.is_going:
        walker.step()
    return walker.facts()


class _Walker:
    def __init__(self, feed: Feed, limits: Limits) -> None:
        self.feed = feed
        self.limits = limits
        self.machine = Machine(limits.stack)
        self.operations = 0
        self.nested = 0
        self.is_going = True
        self.is_whole = False
        self.result: Any = None

    def step(self) -> None:
        """Take one opcode."""
        operation = read_operation(self.feed)
        if operation is None:
            self._break("it ends without STOP", self.feed.position)
        elif isinstance(operation, Broken):
            self._break(operation.reason, operation.at)
        elif self.operations >= self.limits.operations or not self.feed.budget.operation():
            self._stop_reading(operation.at)
        else:
            self.operations += 1
            try:
                self._do(operation)
            except Stopped as reason:
                if str(reason) == TOO_LARGE:
                    self._stop_reading(operation.at)
                else:
                    self._break(str(reason), operation.at)

    def _do(self, operation: Operation) -> None:
        if operation.name == "STOP":
            self.result = self.machine.pop()
            self.is_whole = True
            self.is_going = False
        elif operation.name == "BUILD":
            self._build(operation)
        elif operation.name in VALUES:
            self.machine.push(operation.value)
            self._look_into(operation)
        else:
            EFFECTS[operation.name](self.machine, operation)

    def facts(self) -> PickleFacts:
        """Return all that was found."""
        traits = [*self.machine.imports.traits(), *self.machine.traits.values()]
        return PickleFacts(
            tuple(sorted(traits)),
            self.machine.imports.keys,
            self.operations,
            self.feed.position,
            self.is_whole,
            self.result if type(self.result) is int else None,
        )

    def _look_into(self, operation: Operation) -> None:
        """Push bytes or a text, after a look whether there is a pickle in them."""
        value = operation.value
        data = value.encode("latin-1", "replace") if isinstance(value, str) else value
        if not isinstance(data, bytes) or len(data) < 4 or not self.limits.nesting:
            return
        if self.nested + len(data) > self.limits.nested or not may_be_pickle(data):
            return
        self.nested += len(data)
        found = self._walk_inside(held(data, self.feed.budget))
        if is_meant(found):
            for trait in found.traits:
                detail = f"in a pickle inside it: {trait.detail}"
                place = f"byte {operation.at}"
                self.machine.note(Trait(trait.grade, f"nested-{trait.word}", detail, place))
            note = Trait(
                "suspicious", "nested", "holds a pickle in a value", f"byte {operation.at}"
            )
            self.machine.note(note)

    def _build(self, operation: Operation) -> None:
        """Set a state; joblib's arrays follow theirs as raw bytes between two opcodes."""
        self.machine.build(operation)
        target = self.machine.top()
        if not is_array_wrapper(target):
            return
        follows = array_bytes(target, self.feed)
        if follows is None:
            self._break("bytes of an unknown number follow that are no opcodes", operation.at)
        elif follows == "pickle" and not self.limits.nesting:
            self._stop_reading(operation.at)
        elif follows == "pickle":
            for trait in self._walk_inside(self.feed).traits:
                self.machine.note(trait)
        elif not self.feed.skip(follows):
            self._break("it ends within an array", operation.at)

    def _walk_inside(self, feed: Feed) -> PickleFacts:
        """Return what an inner pickle would do, on the account of this one."""
        inner = Limits(
            self.limits.operations - self.operations,
            self.limits.stack,
            self.limits.nesting - 1,
            self.limits.nested - self.nested,
        )
        found = walk(feed, inner)
        self.operations += found.operations
        return found

    def _break(self, reason: str, at: int) -> None:
        self.is_going = False
        if self.operations:
            detail = f"cannot be loaded whole: {reason}"
            self.machine.note(Trait("suspicious", "broken", detail, f"byte {at}"))

    def _stop_reading(self, at: int) -> None:
        self.is_going = False
        detail = "is too large to be looked into to its end"
        self.machine.note(Trait("dangerous", "unread", detail, f"byte {at}"))


def may_be_pickle(data: bytes) -> bool:
    """Say whether bytes begin as a pickle does that imports something, of any protocol."""
    return (data[:1] == b"\x80" and data[1] <= 5) or data[:1] in (b"c", b"(", b"]", b"}")


def is_meant(facts: PickleFacts) -> bool:
    """Say whether bytes are a pickle by intent: random ones do not import, call and end well."""
    is_called = any(trait.word in CALLS for trait in facts.traits)
    return bool(facts.names) and (is_called or (facts.is_whole and facts.operations > 2))


CALLS = frozenset({"call", "computed-call"})
"""Words of traits that say that something is called."""
