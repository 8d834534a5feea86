"""Is a lock meant for this place? (P10)"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.errors import UsageError

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock


def require_target(lock: Lock, target: str) -> None:
    """Return if a lock may be used for a target; one that names no targets is for all.

    Raises:
        UsageError: naming the lock's targets.
    """
    targets = lock.options.targets
    if not targets or target in targets:
        return
    raise UsageError(
        f"the lock is for `{'`, `'.join(targets)}`, not for `{target}`",
        hint=f"add `{target}` to `targets` in comfylock.toml and run `comfylock lock`",
    )
