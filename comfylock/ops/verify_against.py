"""Two environments side by side, each a lock, a project, an inventory or this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from comfylock.errors import UsageError
from comfylock.lockfile.read import MAX_LOCK_BYTES, read_lock
from comfylock.ops.project import LOCK
from comfylock.verifying.environments import (
    Comparison,
    Side,
    compare,
    inventory_side,
    lock_side,
    row_finding,
)
from comfylock.verifying.findings import Checked
from comfylock.verifying.inventory import MAX_INVENTORY, is_inventory, read_inventory

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.lockfile.schema import Lock
    from comfylock.python.wanted import Package


def side_of(path: str, packages: Callable[[str, Lock], tuple[Package, ...] | None]) -> Side:
    """Return the environment that a file says, or the lock of a project's folder.

    `packages` finds the Python packages that a lock in a folder has.

    Raises:
        UsageError: there is no such file, or it is neither.
        LockParseError, LockVersionError, LockConflictError: it is a lock that cannot be read.
    """
    file = os.path.join(path, LOCK) if os.path.isdir(path) else path
    try:
        with open(file, "rb") as stream:
            data = stream.read(max(MAX_INVENTORY, MAX_LOCK_BYTES) + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    if is_inventory(data) or data.lstrip()[:1] == b"{":
        return inventory_side(path, read_inventory(data, file))
    lock = read_lock(data, file)
    return lock_side(path, lock, packages(os.path.dirname(file) or ".", lock))


def against(left: Side, right: Side) -> tuple[Checked, Comparison]:
    """Return what differs between two environments, as findings and as a table."""
    comparison = compare(left, right)
    return Checked(tuple(row_finding(row, comparison) for row in comparison.rows)), comparison
