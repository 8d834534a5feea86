"""Pickles in a row, as loaders read them, and what may hide between and behind them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.model_files.facts import PickleFacts, Trait
from comfylock.model_files.feed import CHUNK, Feed
from comfylock.model_files.pickle_walk import CALLS, DEFAULT_LIMITS, Limits, is_meant, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.model_files.part import Part

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
"""The first pickle of a file that torch wrote before 1.6. Source: torch/serialization.py."""

LEGACY_PICKLES = 5
"""Magic, protocol, system, object, keys of storages; the storages' bytes follow."""

MAX_PICKLES = 10_000
MAX_SEARCHED = 512 << 20
"""Bytes behind a pickle that are searched for another one."""

MAX_HIDDEN = 200
MAX_SPENT = 1_000_000
OVERLAP = 512

_BEGINS = re.compile(
    rb"\x80[\x02-\x05]|[ci][A-Za-z_][\w.]{0,99}\n[A-Za-z_][\w.]{0,99}\n|\x8c[\x01-\x63][a-z_][\w.]{1,99}"
)
"""How pickles begin that import something."""


class Row(Struct, frozen=True):
    """What the pickles of a stream would do."""

    traits: tuple[Trait, ...] = ()
    count: int = 0
    """Pickles that are whole."""
    imports: bool = False
    operations: int = 0
    is_legacy: bool = False

    @property
    def is_meant(self) -> bool:
        """Say whether the bytes are pickles by intent, whatever they are named."""
        return (self.imports and self.count > 0) or any(t.word in CALLS for t in self.traits)


def walk_row(feed: Feed, place: str = "", limits: Limits = DEFAULT_LIMITS) -> Row:
    """Return what the pickles at a feed's place would do, one loaded after the other."""
    traits: list[Trait] = []
    spent, count, has_names, is_legacy = 0, 0, False, False
    while count < (LEGACY_PICKLES if is_legacy else MAX_PICKLES):
        left = after(limits, spent)
        base = feed.position
        facts = walk(feed, left)
        spent += facts.operations
        has_names = has_names or bool(facts.names)
        if count and not facts.is_whole and not is_meant(facts):
            traits += _behind(count, base, place, is_legacy=is_legacy)
            break
        traits += placed(facts, place, f"pickle {count + 1}" if count else "")
        if not facts.is_whole:
            break
        is_legacy = is_legacy or (not count and facts.first == TORCH_MAGIC)
        count += 1
        if not feed.peek(1):
            break
    if count >= MAX_PICKLES:
        detail = f"holds more than {MAX_PICKLES:,} pickles, the rest was not looked into"
        traits.append(Trait("dangerous", "unread", detail, place))
    return Row(tuple(traits), count, has_names, spent, is_legacy)


def _behind(count: int, at: int, place: str, *, is_legacy: bool) -> list[Trait]:
    if is_legacy:
        return [Trait("suspicious", "broken", "is cut off between its pickles", place)]
    detail = f"goes on behind its last pickle ({count} read) with bytes that are none"
    return [Trait("suspicious", "after-stop", detail, joined(place, f"byte {at}"))]


def after(limits: Limits, spent: int) -> Limits:
    """Return limits after so many operations."""
    left = max(limits.operations - spent, 0)
    return Limits(left, limits.stack, limits.nesting, limits.nested)


def placed(facts: PickleFacts, place: str, which: str = "") -> Iterator[Trait]:
    """Yield a pickle's traits with the place of the pickle before theirs."""
    for trait in facts.traits:
        yield Trait(trait.grade, trait.word, trait.detail, joined(place, which, trait.place))


def joined(*parts: str) -> str:
    """Return the parts of a place that are there, from the outermost in."""
    return ", ".join(part for part in parts if part)


def hidden(part: Part, start: int, place: str = "") -> list[Trait]:
    """Return what pickles found between other bytes would do; at most 512 MiB are searched.

    For streams of which a loader reads some bytes by itself and goes on with another pickle.
    """
    found: list[Trait] = []
    spent = 0
    step = CHUNK * 4
    for base in range(start, min(part.size, start + MAX_SEARCHED), step):
        data = part.read(base, step + OVERLAP)
        for match in _BEGINS.finditer(data):
            if match.start() >= step:
                break
            if spent > MAX_SPENT or len(found) > MAX_HIDDEN:
                return [*found, _unsearched(place)]
            at = base + match.start()
            facts = _hidden_at(part, at)
            spent += facts.operations + 10
            if is_meant(facts) and facts.grade == "dangerous":
                found += placed(facts, place, f"hidden at byte {at}")
    if part.size - start > MAX_SEARCHED:
        found.append(_unsearched(place))
    return found


def _hidden_at(part: Part, at: int) -> PickleFacts:
    """Return what a pickle from a place on would do, with the mark that may stand before it."""
    inner = part.feed(at)
    begin = b"("

    def pull(count: int) -> bytes:
        nonlocal begin
        data, begin = begin or inner.take(count), b""
        return data

    return walk(Feed(pull, budget=part.budget), Limits(20_000, 20_000, 1))


def _unsearched(place: str) -> Trait:
    detail = "has too much between its pickles to be searched to its end"
    return Trait("dangerous", "unread", detail, place)
