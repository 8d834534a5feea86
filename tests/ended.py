"""What came of a command."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct


class Ended(Struct, frozen=True):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What its envelope holds."""
        return json.loads(self.out)["data"]
