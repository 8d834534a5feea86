"""Who claims a class type first, and which name patterns can be trusted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comfylock.names import COMFYUI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.registry.build_facts import BuildInputs
    from comfylock.registry.build_packs import Packs

_MAX_FOREIGN = 0.1
_MAX_PATTERN = 200
_REPEATED_GROUP = re.compile(r"\)[*+{?]")
"""A repeated group can take for ever on a name made for it; no honest pattern has one."""


def preemptions(inputs: BuildInputs, packs: Packs) -> dict[str, list[str]]:
    """Return the packs that claim a class type before all others."""
    claims: dict[str, set[str]] = {}
    for manager in inputs.managers:
        for url, names in manager.preemptions.items():
            pack = packs.name(url)
            for name in names if pack and pack != COMFYUI else ():
                claims.setdefault(name, set()).add(str(pack))
    return {name: sorted(claim) for name, claim in claims.items()}


def patterns(
    inputs: BuildInputs,
    packs: Packs,
    class_types: Mapping[str, list[str]],
    core: Mapping[str, str],
) -> tuple[list[list[str]], list[list[str]]]:
    """Return the name patterns kept and dropped, as (regular expression, pack).

    A pattern is dropped if it cannot be compiled or repeats a group, if it hits a core class
    type, or if more than one in ten of the class types it hits belong to other packs only.
    """
    kept: set[tuple[str, str]] = set()
    dropped: set[tuple[str, str]] = set()
    for manager in inputs.managers:
        for url, text in manager.patterns.items():
            pack = packs.name(url)
            if pack is not None and pack != COMFYUI:
                good = is_trusted(text, pack, class_types, core)
                (kept if good else dropped).add((text, pack))
    return [list(pair) for pair in sorted(kept)], [list(pair) for pair in sorted(dropped - kept)]


def is_trusted(
    text: str, pack: str, class_types: Mapping[str, list[str]], core: Mapping[str, str]
) -> bool:
    """Say whether a name pattern can be compiled in peace and hits little but its pack's names."""
    if len(text) > _MAX_PATTERN or _REPEATED_GROUP.search(text):
        return False
    try:
        search = re.compile(text).search
    except re.error:
        return False
    if any(search(name) for name in core):
        return False
    hits = [owners for name, owners in class_types.items() if search(name)]
    foreign = sum(pack not in owners for owners in hits)
    return foreign <= _MAX_FOREIGN * len(hits)
