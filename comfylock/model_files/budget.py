"""How much of one file is looked into, whatever is in it: opcodes, and bytes read or unpacked.

A zip may hold a hundred thousand members over the same bytes, each of which is harmless to read.
"""

from __future__ import annotations

OPERATIONS = 6_000_000
BYTES = 1 << 30


class Budget:
    """What is left for a file; every reader of it takes from the same one."""

    def __init__(self, operations: int = OPERATIONS, size: int = BYTES) -> None:
        self._operations = operations
        self._bytes = size
        self.is_spent = False

    def operation(self) -> bool:
        """Take one opcode; say whether there was one left."""
        if self._operations <= 0:
            self.is_spent = True
            return False
        self._operations -= 1
        return True

    def bytes(self, count: int) -> int:
        """Take up to so many bytes; return how many may be read."""
        allowed = min(count, self._bytes)
        self._bytes -= allowed
        if allowed < count:
            self.is_spent = True
        return allowed
