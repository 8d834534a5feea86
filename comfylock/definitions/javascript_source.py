"""Which node types do a pack's scripts register?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.model import Problem


def read_scripts(scripts: Mapping[str, bytes]) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Return the node types that a pack's scripts register, sorted."""
    del scripts
    return (), ()
