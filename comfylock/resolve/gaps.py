"""What could not be pinned, as the lock and the messages have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.lockfile.schema import Gap, ModelPin
from comfylock.names import quoted
from comfylock.sources.interface import Missing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.lockfile.schema import PackPin
    from comfylock.requirements import ClassNeed
    from comfylock.resolve.models import Unpinned
    from comfylock.resolve.wishes import ModelWish, PackWish


def pack_gap(wish: PackWish, missing: Missing) -> Gap:
    """Return the gap that a pack leaves."""
    return Gap(
        kind="pack",
        name=wish.name,
        reason=missing.reason,
        message=missing.message,
        hint=missing.hint,
        workflows=tuple(sorted(wish.workflows)),
        aliases=tuple(sorted((wish.aliases | wish.ids) - {wish.name})),
    )


def model_gap(wish: ModelWish, unpinned: Unpinned) -> Gap:
    """Return the gap that a model leaves."""
    return Gap(
        kind="model",
        name=wish.key,
        reason=unpinned.missing.reason,
        message=unpinned.missing.message,
        hint=unpinned.missing.hint,
        tried=unpinned.tried if len(unpinned.tried) > 1 else (),
        workflows=tuple(sorted(wish.workflows)),
    )


def class_gap(need: ClassNeed, workflows: Iterable[str], *, was_asked: bool) -> Gap:
    """Return the gap that a class type of no known pack leaves, with the line that fills it."""
    name = quoted(need.class_type)
    tried: tuple[str, ...] = ()
    if need.is_ambiguous:
        reason = "ambiguous"
        packs = ", ".join(need.candidates)
        message = f"`{need.class_type}` may be from any of {packs}"
        first, *others = need.candidates or ("owner/repo",)
        more = f"  # or {', '.join(others[:3])}" if others else ""
        hint = f"[class-types] {name} = {quoted(first)}{more}"
    else:
        reason = "unknown"
        message = f"no pack is known that provides `{need.class_type}`"
        hint = f'[class-types] {name} = "owner/repo"'
        if was_asked:
            tried = ("the Comfy Registry's reverse lookup: not found",)
    return Gap(
        kind="class-type",
        name=need.class_type,
        reason=reason,
        message=message,
        hint=hint,
        tried=tried,
        workflows=tuple(sorted(workflows)),
    )


def changed_digest(old: PackPin | ModelPin | None, new: PackPin | ModelPin) -> Missing | None:
    """Return why a pin must not replace another: the same version holds other bytes (P21)."""
    if old is None or not old.sha256 or not new.sha256 or old.sha256 == new.sha256:
        return None
    if _identity(old) != _identity(new):
        return None
    message = (
        f"the bytes changed under the same version: the lock has sha256 {old.sha256}, "
        f"{new.url or new.repository or 'the source'} gives {new.sha256}"
    )
    hint = (
        "replaced upstream, a broken download, or tampering; if the change is right, "
        f"comfylock lock --upgrade-package {new.key if isinstance(new, ModelPin) else new.name}"
    )
    return Missing("mismatch", message, hint)


def _identity(pin: PackPin | ModelPin) -> tuple[object, ...]:
    """Return everything of a pin that says which bytes it means, but their digest."""
    if isinstance(pin, ModelPin):
        return (
            *(pin.source, pin.key, pin.repository, pin.commit, pin.path, pin.url),
            *(pin.tag, pin.model_id, pin.version_id, pin.file_id),
        )
    return (pin.source, pin.name, pin.version, pin.repository, pin.commit, pin.path, pin.url)
