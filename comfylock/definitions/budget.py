"""How much work may be spent on a stranger's source before reading stops."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class BudgetExceededError(Exception):
    """The work allowed is used up; whoever granted it reports a problem."""


class Budget:
    """Steps and nesting that are left; one for each pack."""

    def __init__(self, steps: int, depth: int) -> None:
        self.left = steps
        self.depth = depth

    def spend(self, steps: int = 1) -> None:
        """Use up steps, before the work is done.

        Raises:
            BudgetExceededError: none are left.

        """
        self.left -= steps
        if self.left < 0:
            raise BudgetExceededError

    @contextmanager
    def nested(self, levels: int = 1) -> Iterator[bool]:
        """Go deeper; yields whether that is allowed."""
        self.depth -= levels
        try:
            yield self.depth >= 0
        finally:
            self.depth += levels

    @contextmanager
    def allowance(self, steps: int) -> Iterator[None]:
        """Allow one task no more than so many of the steps."""
        reserve = max(0, self.left - steps)
        self.left -= reserve
        try:
            yield
        finally:
            self.left = max(0, self.left) + reserve
