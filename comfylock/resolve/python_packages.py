"""Which Python packages does the whole environment get? ComfyUI's and every pack's, in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.python.asked import Asked, Attempt, Fault, Reading
from comfylock.python.settings import PythonSettings
from comfylock.python.targets import Target
from comfylock.python.torch import TRIO, is_protected, unmet
from comfylock.python.wanted import Compiled, NoSolution, Upgrade
from comfylock.resolve.conflicts import Conflict, Effort, Trials, VersionsOf, explain
from comfylock.resolve.python_union import PackageUnion, Sifted, sift

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.python.wanted import PackageSource


class PythonRequest(Struct, frozen=True):
    """What shapes a choice of packages beside what is asked for."""

    settings: PythonSettings = PythonSettings()
    earlier: bytes | None = None
    """The pylock of before; its versions stay where they still fit."""
    upgrade: Upgrade = Upgrade()
    offline: bool = False
    versions_of: VersionsOf | None = None
    """Other versions of a pack, for remedies: the best first, each with what it asks for."""
    effort: Effort = Effort()
    """What explaining may cost where there is no solution."""


class PythonResolution(Struct, frozen=True):
    """The packages for one target, or why there are none."""

    target: Target
    compiled: Compiled | None
    """None: see `conflicts`."""
    asked: dict[str, tuple[Asked, ...]] = {}
    """Pack to the lines that took part, in the order of its files; sorted by pack."""
    attempts: tuple[Attempt, ...] = ()
    """Lines that did not get the torch, or the index, that they ask for."""
    faults: tuple[Fault, ...] = ()
    """Lines that could not be read, or that lead where nobody may go."""
    ignored: tuple[Asked, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def resolve_python(
    readings: Iterable[Reading], target: Target, source: PackageSource, request: PythonRequest
) -> PythonResolution:
    """Return the packages that do what all of the lines ask; ComfyUI's are the pack `comfyui`.

    torch and its libraries are chosen first, for the target alone, and fixed for everything
    else; nothing that a pack asks for, or needs in turn, moves them.

    Raises:
        SourceUnavailableError: an index did not answer (OfflineError: and must not be asked).
    """
    sifted = sift(readings, target, request.settings)
    moves = tuple(text for text in request.upgrade.packages if "==" in text)
    union = PackageUnion(target, request.settings, sifted.lines, moves=moves)
    chosen = _with_trio(union, source, request)
    answer: Compiled | NoSolution
    if isinstance(chosen, NoSolution):
        answer, union = chosen, replace(union, lines=())
    else:
        union = chosen
        wanted = union.wanted(request.earlier, request.upgrade)
        answer = source.compile(wanted, offline=request.offline)
    if isinstance(answer, Compiled):
        return _resolution(sifted, union, answer)
    trials = Trials(source, request.effort, offline=request.offline)
    trials.know(union, answer)
    conflicts = explain(union, trials, request.versions_of)
    return replace(_resolution(sifted, union, None), conflicts=conflicts)


def _with_trio(
    union: PackageUnion, source: PackageSource, request: PythonRequest
) -> PackageUnion | NoSolution:
    """Return the union with torch and its libraries fixed to what the target has."""
    alone = replace(union, lines=())
    wanted = alone.wanted(request.earlier, request.upgrade)
    answer = source.compile(wanted, offline=request.offline)
    index = wanted.indexes.torch or union.target.torch_index
    own: set[str] = set()
    if isinstance(answer, NoSolution) and index is not None:
        # Some builds of torch need libraries that no other index has (ROCm's triton).
        indexes = replace(wanted.indexes, extra=(index, *wanted.indexes.extra))
        first = answer
        answer = source.compile(replace(wanted, indexes=indexes), offline=request.offline)
        if isinstance(answer, NoSolution):
            return first
        own = {name for name in answer.versions if is_protected(name) and name not in TRIO}
    if isinstance(answer, NoSolution):
        return answer
    pins = [f"{name}=={ver}" for name, ver in answer.versions.items() if is_protected(name)]
    return replace(union, trio=tuple(sorted(pins)), from_torch=tuple(sorted(own)))


def _resolution(sifted: Sifted, union: PackageUnion, compiled: Compiled | None) -> PythonResolution:
    asked: dict[str, list[Asked]] = {}
    for each in sifted.lines:
        asked.setdefault(each.pack, []).append(each)
    versions = compiled.versions if compiled is not None else {}
    late = unmet(sifted.taken, versions) if compiled is not None else ()
    return PythonResolution(
        target=union.target,
        compiled=compiled,
        asked={pack: tuple(lines) for pack, lines in sorted(asked.items())},
        attempts=tuple(sorted({*sifted.attempts, *late})),
        faults=sifted.faults,
        ignored=sifted.ignored,
    )
