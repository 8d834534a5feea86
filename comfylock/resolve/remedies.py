"""What would solve a conflict? Nothing is offered that was not tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace
from packaging.requirements import Requirement

from comfylock.python.asked import Asked, Reading
from comfylock.python.targets import PYTHONS
from comfylock.python.torch import TRIO, is_protected
from comfylock.resolve.conflict_parts import Part, Smallest, SpentError, Trials
from comfylock.resolve.python_union import COMFYUI, PackageUnion, sift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.python.wanted import Compiled

VersionsOf = Callable[[str], Sequence[tuple[str, tuple[Asked, ...]]]]
"""A pack's versions, the best first, each with the lines that it asks for."""

MAX_VERSIONS = 8
"""Versions of one pack that are tried; those that ask for the same count once."""

MAX_REMEDIES = 8
NEIGHBOURS = 3
"""Other versions of Python that are tried."""

RemedyKind = Literal[
    "pack-version",
    "torch",
    "constraint",
    "override",
    "ignore",
    "python",
    "allow-build",
]


class Remedy(Struct, frozen=True):
    """One change that would solve a conflict."""

    kind: RemedyKind
    value: str
    """The version, the requirement or the line, by kind."""
    message: str
    """What to do, in one sentence without a full stop."""
    pack: str = ""
    is_tried: bool = True
    """False: to try it would run a package's own code."""


def find_remedies(
    union: PackageUnion, one: Smallest, trials: Trials, versions_of: VersionsOf | None
) -> tuple[Remedy, ...]:
    """Return what solves a conflict, the mildest change first.

    `union` is the question with this conflict and no other.
    """
    found = [
        Remedy("allow-build", name, f"Let `{name}` be built, which runs its code", is_tried=False)
        for name in one.answer.unbuilt
    ]
    for remedy in _candidates(union, one, trials, versions_of):
        if len(found) >= MAX_REMEDIES:
            break
        if _solved(apply_remedy(union, remedy, versions_of), trials) is not None:
            found.append(remedy)
    return tuple(found)


def _solved(union: PackageUnion, trials: Trials) -> Compiled | None:
    """Return the packages for a question; None where there are none, or it cannot be told."""
    try:
        return trials.solves(union)
    except SpentError:
        return None


def apply_remedy(
    union: PackageUnion, remedy: Remedy, versions_of: VersionsOf | None
) -> PackageUnion:
    """Return a question as it would be with a remedy."""
    settings = union.settings
    if remedy.kind == "pack-version":
        listed = versions_of(remedy.pack) if versions_of is not None else ()
        lines = next((lines for version, lines in listed if version == remedy.value), ())
        others = [line for line in union.lines if line.pack != remedy.pack]
        new = sift((Reading(lines),), union.target, settings).lines
        return replace(union, lines=(*others, *new))
    if remedy.kind == "ignore":
        kept = [each for each in union.lines if _named(each) != (remedy.pack, remedy.value)]
        return replace(union, lines=tuple(kept))
    if remedy.kind == "python":
        return replace(union, target=replace(union.target, python=remedy.value))
    if remedy.kind == "override":
        return replace(
            union, settings=replace(settings, overrides=_with(settings.overrides, remedy))
        )
    if remedy.kind == "allow-build":
        builds = (*settings.allowed_builds, remedy.value)
        return replace(union, settings=replace(settings, allowed_builds=builds))
    if remedy.kind == "torch":
        limits = _with(settings.constraints, remedy)
        return replace(union, trio=(), settings=replace(settings, constraints=limits))
    limits = tuple(text for text in settings.constraints if text != remedy.value)
    return replace(union, settings=replace(settings, constraints=limits))


def _with(texts: tuple[str, ...], remedy: Remedy) -> tuple[str, ...]:
    name = Requirement(remedy.value).name
    return (*(each for each in texts if Requirement(each).name != name), remedy.value)


def _named(line: Asked) -> tuple[str, str]:
    return line.pack, line.text or line.requirement


def _candidates(
    union: PackageUnion, one: Smallest, trials: Trials, versions_of: VersionsOf | None
) -> Iterator[Remedy]:
    packs = sorted({part.owner for part in one.parts} - {"", COMFYUI})
    if versions_of is not None:
        for pack in packs:
            yield from _versions(union, pack, versions_of)
    for part in one.parts:
        if part.kind == "constraint":
            message = f"Take `{part.text}` out of the constraints"
            yield Remedy("constraint", part.text, message)
    yield from _torch(union, one, trials)
    yield from _overrides(union, one, trials)
    for part in one.parts:
        if part.line is not None and part.owner != COMFYUI:
            pack, text = _named(part.line)
            yield Remedy("ignore", text, f"Ignore the line `{text}` of `{pack}`", pack)
    if one.answer.cause in {"python", "no-wheel"}:
        for python in _neighbours(union.target.python):
            yield Remedy("python", python, f"Use Python {python}")


def _neighbours(python: str) -> list[str]:
    """Return the versions of Python next to one, the nearest first."""
    here = PYTHONS.index(python)
    others = [each for each in range(len(PYTHONS)) if each != here]
    others.sort(key=lambda each: (abs(each - here), each < here))
    return [PYTHONS[each] for each in others[:NEIGHBOURS]]


def _versions(union: PackageUnion, pack: str, versions_of: VersionsOf) -> Iterator[Remedy]:
    """Yield versions of a pack, one of each sort, the first that ask for something else."""
    seen = {_sort(line for line in union.lines if line.pack == pack)}
    for version, lines in versions_of(pack):
        sifted = sift((Reading(lines),), union.target, union.settings).lines
        if _sort(sifted) in seen:
            continue
        seen.add(_sort(sifted))
        if len(seen) > MAX_VERSIONS + 1:
            return
        yield Remedy("pack-version", version, f"Use version {version} of `{pack}`", pack)


def _sort(lines: Iterator[Asked] | Sequence[Asked]) -> frozenset[str]:
    return frozenset(line.requirement for line in lines)


def _torch(union: PackageUnion, one: Smallest, trials: Trials) -> Iterator[Remedy]:
    """Yield the torch that the lines could live with, if its index has one."""
    if not any(part.kind == "target" for part in one.parts):
        return
    free = _solved(replace(union, trio=()), trials)
    if free is None:
        return
    pins = {Requirement(text).name: text for text in union.trio}
    for name in TRIO:
        version = free.versions.get(name)
        if version is not None and pins.get(name) != f"{name}=={version}":
            text = f"{name}=={version}"
            yield Remedy("torch", text, f"Constrain `{text}` for this target")
            return


def _overrides(union: PackageUnion, one: Smallest, trials: Trials) -> Iterator[Remedy]:
    """Yield versions that could stand for what the lines, or what they need, disagree about."""
    asked = {part.name for part in one.parts if part.name and not is_protected(part.name)}
    offered: set[str] = set()
    for part in one.parts:
        if part.line is None or part.line.url or not part.line.specifier:
            continue
        same = [each for each in one.parts if each.name == part.name]
        if len(same) > 1 and part.text not in offered:
            offered.add(part.text)
            text = f"{part.line.name}{part.line.specifier}"
            yield Remedy("override", text, f"Override `{text}` for everybody")
    if one.answer.cause != "conflict":
        return
    for name in _between(one, asked):
        version = _version_without(union, one.parts, name, trials)
        if version is not None:
            text = f"{name}=={version}"
            yield Remedy("override", text, f"Override `{text}` for everybody")


def _between(one: Smallest, asked: set[str]) -> list[str]:
    """Return names that the resolver speaks of with versions, and that no line of ours asks."""
    import re  # noqa: PLC0415 - Pattern cannot escape

    found = []
    for name in one.answer.names:
        spoken = re.compile(rf"(?<![\w.-]){re.escape(name)}[=<>!~]=?\d", re.IGNORECASE)
        if name not in asked and not is_protected(name) and spoken.search(one.answer.message):
            found.append(name)
    return found


def _version_without(
    union: PackageUnion, parts: Sequence[Part], name: str, trials: Trials
) -> str | None:
    """Return the version that a package gets once nobody limits it."""
    loose = replace(union.settings, overrides=(*union.settings.overrides, name))
    answer = _solved(replace(union, settings=loose), trials)
    return answer.versions.get(name) if answer is not None and parts else None
