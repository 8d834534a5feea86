"""The smallest part of a question that has no solution by itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from comfylock.errors import SourceUnavailableError
from comfylock.python.asked import Asked
from comfylock.python.wanted import Compiled, NoSolution, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from comfylock.python.wanted import PackageSource
    from comfylock.resolve.python_union import PackageUnion


class Effort(Struct, frozen=True):
    """What an explanation may cost."""

    runs: int = 150
    """Questions to the package resolver."""
    seconds: float = 120.0
    """After that nothing new is asked."""


class SpentError(Exception):
    """An explanation has cost what it may, or somebody is needed who does not answer."""


class Trials:
    """Asks a package resolver, each question once, as long as the effort lasts."""

    def __init__(
        self,
        source: PackageSource,
        effort: Effort,
        *,
        offline: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._effort = effort
        self._offline = offline
        self._clock = clock
        self._end = clock() + effort.seconds
        self._answers: dict[Wanted, Compiled | NoSolution] = {}

    @property
    def runs(self) -> int:
        """How many questions were asked."""
        return len(self._answers)

    def answer(self, union: PackageUnion) -> Compiled | NoSolution:
        """Return the answer to a question.

        Raises:
            SpentError: it is new, and nothing new may be asked, or nobody answers.
        """
        wanted = union.wanted()
        known = self._answers.get(wanted)
        if known is None:
            if len(self._answers) >= self._effort.runs or self._clock() > self._end:
                raise SpentError
            try:
                known = self._source.compile(wanted, offline=self._offline)
            except SourceUnavailableError as error:
                # The first answer was had; what explains it may be more than is in the cache.
                raise SpentError from error
            self._answers[wanted] = known
        return known

    def know(self, union: PackageUnion, answer: Compiled | NoSolution) -> None:
        """Take an answer that somebody has got already."""
        self._answers[union.wanted()] = answer

    def solves(self, union: PackageUnion) -> Compiled | None:
        """Return the packages for a question; None if there are none.

        Raises:
            SpentError: as `answer`.
        """
        answer = self.answer(union)
        return answer if isinstance(answer, Compiled) else None


class Part(Struct, frozen=True):
    """One thing that is asked: a line, a limit of comfylock.toml or this run, torch's version."""

    kind: Literal["target", "constraint", "line", "move"]
    text: str
    """The requirement."""
    line: Asked | None = None

    @property
    def name(self) -> str:
        """The package that it is about; empty for a bare address."""
        if self.line is not None:
            return self.line.name
        return canonicalize_name(Requirement(self.text).name)

    @property
    def owner(self) -> str:
        """The pack that asks; `` for what no pack says."""
        return self.line.pack if self.line is not None else ""


def parts_of(union: PackageUnion) -> tuple[Part, ...]:
    """Return everything that a question asks, what is hardest to change first."""
    return (
        *(Part("target", text) for text in union.trio),
        *(Part("constraint", text) for text in union.settings.constraints),
        *(Part("line", each.requirement, each) for each in union.lines),
        *(Part("move", text) for text in union.moves),
    )


def union_of(union: PackageUnion, parts: Sequence[Part]) -> PackageUnion:
    """Return a question that asks these parts alone."""
    limits = tuple(part.text for part in parts if part.kind == "constraint")
    return replace(
        union,
        lines=tuple(part.line for part in parts if part.line is not None),
        trio=tuple(part.text for part in parts if part.kind == "target"),
        moves=tuple(part.text for part in parts if part.kind == "move"),
        settings=replace(union.settings, constraints=limits),
    )


class Smallest(Struct, frozen=True):
    """Parts that have no solution together."""

    parts: tuple[Part, ...]
    answer: NoSolution
    """What the resolver says about just these."""
    is_smallest: bool
    """Without any one of them there would be a solution; False: the effort ran out."""


def smallest(
    union: PackageUnion, parts: Sequence[Part], answer: NoSolution, trials: Trials
) -> Smallest:
    """Return the smallest set of parts without a solution; `answer` is the one to all of them."""
    parts = tuple(parts)
    try:
        parts, answer = _narrowed(union, parts, answer, trials)
        groups: dict[str, list[Part]] = {}
        for part in parts:
            groups.setdefault(part.owner or part.text, []).append(part)
        blocks = _quick_explain(union, [tuple(group) for group in groups.values()], trials)
        parts = tuple(part for block in blocks for part in block)
        singles = _quick_explain(union, [(part,) for part in parts], trials)
        parts = tuple(part for block in singles for part in block)
        last = trials.answer(union_of(union, parts))
    except SpentError:
        return Smallest(_spoken_of(parts, answer), answer, is_smallest=False)
    return Smallest(parts, last if isinstance(last, NoSolution) else answer, is_smallest=True)


def _narrowed(
    union: PackageUnion, parts: tuple[Part, ...], answer: NoSolution, trials: Trials
) -> tuple[tuple[Part, ...], NoSolution]:
    """Return fewer parts, by the names that the resolver spoke of, as long as that leads on."""
    while True:
        named = _spoken_of(parts, answer)
        if len(named) == len(parts):
            return parts, answer
        again = trials.answer(union_of(union, named))
        if isinstance(again, Compiled):
            return parts, answer
        parts, answer = named, again


def _spoken_of(parts: tuple[Part, ...], answer: NoSolution) -> tuple[Part, ...]:
    """Return the parts about packages that the resolver names; bare addresses may be anything."""
    names = {*answer.names, ""}
    return tuple(part for part in parts if part.name in names)


def _quick_explain(
    union: PackageUnion, blocks: list[tuple[Part, ...]], trials: Trials
) -> list[tuple[Part, ...]]:
    """Return the smallest set of blocks without a solution, in their order.

    Source: U. Junker, QUICKXPLAIN: Preferred Explanations and Relaxations, AAAI 2004.
    """

    def fails(chosen: list[tuple[Part, ...]]) -> bool:
        parts = [part for block in chosen for part in block]
        return trials.solves(union_of(union, parts)) is None

    def explain(
        background: list[tuple[Part, ...]], *, is_new: bool, rest: list[tuple[Part, ...]]
    ) -> list[tuple[Part, ...]]:
        if is_new and fails(background):
            return []
        if len(rest) == 1:
            return rest
        half = len(rest) // 2
        first, second = rest[:half], rest[half:]
        later = explain([*background, *first], is_new=True, rest=second)
        sooner = explain([*background, *later], is_new=bool(later), rest=first)
        return [*sooner, *later]

    return explain([], is_new=True, rest=blocks) if len(blocks) > 1 else blocks
