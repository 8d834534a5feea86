"""Names that are to move: is there anything of that name?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from comfylock.lockfile.schema import Lock
    from comfylock.ops.project import Needs
    from comfylock.resolve.outcome import Moves


def check_moves(
    moves: Moves, needs: Needs, old: Lock, companions: Mapping[str, bytes]
) -> frozenset[str]:
    """Refuse to move what is not there: a misspelt name would move nothing, silently.

    Returns the names that may yet turn out to be those of packs that only a service knows.
    """
    if not moves.packages:
        return frozenset()
    from comfylock.resolve.python_run import names_in  # noqa: PLC0415 - only moves need it

    known = locked_names(old)
    for need in needs.requirements.workflows:
        known |= {c.pack for c in need.classes if c.pack} | {
            c.stamped_id or "" for c in need.classes
        }
        known |= {name for model in need.models for name in (model.key, model.name)}
    known |= {name for data in companions.values() for name in names_in(data)}
    known |= {rule.name for rule in needs.requirements.images}
    known |= {"comfyui", *needs.requirements.pack_rules, *needs.requirements.model_rules}
    lowered = frozenset(name.lower() for name in known)
    is_open = any(not c.pack for need in needs.requirements.workflows for c in need.classes)
    unknown = frozenset(moves.packages) - lowered
    if not is_open:
        refuse_unknown(unknown, lowered)
    return unknown


def locked_names(lock: Lock) -> set[str]:
    """Return every name under which something of a lock may move."""
    names = {name for pin in lock.packs for name in (pin.name, *pin.aliases)}
    return names | {name for pin in lock.models for name in (pin.key, pin.name)}


def refuse_unknown(names: frozenset[str], known: Collection[str]) -> None:
    """Return if all names are known.

    Raises:
        UsageError: for the first that is not, with the nearest that is.
    """
    lowered = {name.lower() for name in known}
    for name in sorted(names):
        if name not in lowered:
            from difflib import get_close_matches  # noqa: PLC0415 - only mistakes need it

            nearest = get_close_matches(name, sorted(lowered), 1, 0.6)
            hint = f"did you mean `{nearest[0]}`?" if nearest else "comfylock tree"
            raise UsageError(f"nothing called `{name}` is locked or needed", hint=hint)
