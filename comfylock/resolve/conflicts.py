"""Why is there no solution? The packs and the very lines that disagree, and what would help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from comfylock.python.asked import Asked
from comfylock.python.wanted import NoSolution
from comfylock.resolve.conflict_parts import (
    Effort,
    Part,
    Smallest,
    SpentError,
    Trials,
    parts_of,
    smallest,
    union_of,
)
from comfylock.resolve.python_union import COMFYUI, PackageUnion
from comfylock.resolve.remedies import Remedy, VersionsOf, find_remedies

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Conflict", "Effort", "Remedy", "Trials", "VersionsOf", "explain"]

Kind = Literal[
    "direct",
    "transitive",
    "torch",
    "python",
    "platform",
    "no-wheel",
    "not-found",
    "refused",
]
"""What sort of disagreement it is; stable, part of `--json`."""

MAX_CONFLICTS = 10
MAX_NAMED = 6
"""Lines that a sentence names; more of them only where the effort ran out."""


class Conflict(Struct, frozen=True):
    """The smallest set of lines that cannot be had together."""

    kind: Kind
    message: str
    """One sentence that names the packs and their lines, without a full stop."""
    lines: tuple[Asked, ...]
    packs: tuple[str, ...]
    """Whose lines they are, sorted."""
    limits: tuple[str, ...] = ()
    """What of comfylock.toml, the target and this run's wishes takes part."""
    detail: str = ""
    """What the resolver says about these lines alone."""
    is_smallest: bool = True
    """False: the effort ran out, and fewer lines may do."""
    remedies: tuple[Remedy, ...] = ()
    """Each was applied and gave a solution, unless it says that it was not tried."""


def explain(
    union: PackageUnion, trials: Trials, versions_of: VersionsOf | None
) -> tuple[Conflict, ...]:
    """Return every conflict of a question without a solution, each with what would solve it.

    One is found, one of its lines is left out, and the rest is asked again; a remedy is tried
    on the question without the other conflicts.
    """
    rest = list(parts_of(union))
    found: list[tuple[Smallest, Part | None]] = []
    try:
        while len(found) < MAX_CONFLICTS:
            answer = trials.answer(union_of(union, rest))
            if not isinstance(answer, NoSolution):
                break
            one = smallest(union, rest, answer, trials)
            cut = _least_wanted(one.parts)
            found.append((one, cut))
            if cut is None:
                break
            rest.remove(cut)
    except SpentError:
        pass
    return tuple(_conflict(union, one, cut, rest, trials, versions_of) for one, cut in found)


def _least_wanted(parts: Sequence[Part]) -> Part | None:
    """Return the part that is easiest to do without: this run's wish, a pack's line, ComfyUI's."""
    ranks = {"target": 0, "constraint": 1, "line": 2, "move": 3}
    ordered = sorted(
        enumerate(parts),
        key=lambda each: (ranks[each[1].kind], each[1].owner not in {COMFYUI, ""}, each[0]),
    )
    return ordered[-1][1] if ordered else None


def _conflict(
    union: PackageUnion,
    one: Smallest,
    cut: Part | None,
    rest: Sequence[Part],
    trials: Trials,
    versions_of: VersionsOf | None,
) -> Conflict:
    kind = _kind(one)
    order = {part: number for number, part in enumerate(parts_of(union))}
    ours = {*rest, *([cut] if cut is not None else [])}
    whole = union_of(union, sorted(ours, key=lambda part: order[part]))
    lines = tuple(part.line for part in one.parts if part.line is not None)
    return Conflict(
        kind=kind,
        message=_sentence(kind, one, union),
        lines=lines,
        packs=tuple(sorted({line.pack for line in lines})),
        limits=tuple(part.text for part in one.parts if part.line is None),
        detail=one.answer.message,
        is_smallest=one.is_smallest,
        remedies=find_remedies(whole, one, trials, versions_of),
    )


def _kind(one: Smallest) -> Kind:
    cause = one.answer.cause
    if len(one.parts) == 1 or cause in {"no-wheel", "refused"}:
        return "not-found" if cause == "conflict" else cause
    if any(part.kind == "target" for part in one.parts):
        return "torch"
    if one.is_smallest and len({part.name for part in one.parts}) == 1:
        return "direct"
    return "transitive"


def _sentence(kind: Kind, one: Smallest, union: PackageUnion) -> str:
    who = [_who(part) for part in one.parts if part.kind != "target"]
    asked = _listed(who) if who else f"The target asks for `{'`, `'.join(union.settings.trio)}`"
    return f"{asked}{_ending(kind, one, union)}"


def _who(part: Part) -> str:
    if part.kind == "move":
        return f"`--upgrade-package {part.text}` was given"
    if part.line is None:
        return f"comfylock.toml limits `{part.text}`"
    line = part.line
    verb = "limits" if line.is_constraint else "asks for"
    return f"`{line.pack}` {verb} `{line.text or line.requirement}` ({line.file}:{line.line})"


def _listed(texts: list[str]) -> str:
    if len(texts) > MAX_NAMED:
        return f"{', '.join(texts[:MAX_NAMED])} and {len(texts) - MAX_NAMED} more lines"
    if len(texts) == 1:
        return texts[0]
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def _ending(kind: Kind, one: Smallest, union: PackageUnion) -> str:
    target = union.target
    if kind == "torch":
        pins = ", ".join(f"`{part.text}`" for part in one.parts if part.kind == "target")
        return f", which does not go with {pins} of the target `{target.accelerator}`"
    if kind == "no-wheel":
        names = ", ".join(f"`{name}`" for name in one.answer.unbuilt) or "it"
        return f", and {names} has no wheel and would have to be built by code of its own"
    return {
        "direct": "; no version does both",
        "transitive": "; what these need in turn does not go together",
        "python": f", which has nothing for Python {target.python}",
        "platform": f", which has no wheel for `{target.platform}`",
        "not-found": ", which no package index has",
        "refused": ", which cannot be resolved",
    }[kind]
