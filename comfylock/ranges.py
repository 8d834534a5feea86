"""Ranges of versions (`>=1.2,<2`, `^1.2`, `~=1.4`, `1.2.*`), in the order of our versions."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from comfylock.patterns import Pattern
from comfylock.versions import Key, is_version, version_key

MAX_LENGTH = 400

_CLAUSE = Pattern(
    r"(===?|=|!=|>=|<=|~=|>|<|\^|~)?\s*v?"
    r"(\d{1,9}(?:\.\d{1,9}){0,3})(\.\*)?((?:[-+]|\.(?=[A-Za-z])|(?<=\d)(?=[A-Za-z]))[0-9A-Za-z.+-]{1,60})?\Z"
)


class Bound(Struct, frozen=True):
    """One comparison that a version has to stand."""

    operator: str
    """`==`, `!=`, `>=`, `<=`, `>` or `<`."""
    key: Key


class VersionRange(Struct, frozen=True):
    """Versions that somebody would take."""

    text: str
    """As it was written."""
    bounds: tuple[Bound, ...] = ()
    """All must hold."""
    excluded: tuple[tuple[Key, Key], ...] = ()
    """From (and with) the one to (and without) the other: `!=1.2.*`."""
    named: frozenset[tuple[int, int, int]] = frozenset()
    """Releases of which pre-releases were named."""
    exact: str | None = None
    """The version, where only one would do."""

    def admits(self, version: str) -> bool:
        """Say whether a version is in the range; pre-releases only where one is named.

        `>=1.2.0-rc.1` takes 1.2.0-rc.2 and 1.3.0, but not 1.3.0-beta.
        """
        if not is_version(version):
            return False
        key = version_key(version)
        if key[3] == 0 and key[:3] not in self.named:
            return False
        if any(first <= key < last for first, last in self.excluded):
            return False
        return all(_holds(key, bound) for bound in self.bounds)


@lru_cache(maxsize=1024)
def parse_range(text: str) -> VersionRange | None:
    """Return the range that a text means; None if it means none.

    Clauses stand between commas: a version by itself, or after `==`, `!=`, `>=`, `<=`, `>`,
    `<`, `~=` and `~` (the last number may grow), `^` (all after the first that is not 0 may);
    `1.2.*` and `*`.
    """
    if len(text) > MAX_LENGTH:
        return None
    bounds: list[Bound] = []
    excluded: list[tuple[Key, Key]] = []
    named: set[tuple[int, int, int]] = set()
    exact: str | None = None
    clauses = [clause.strip() for clause in text.split(",")]
    for clause in clauses:
        if clause == "*":
            continue
        match = _CLAUSE.match(clause)
        if match is None:
            return None
        operator, numbers, star, rest = match.groups()
        operator = {None: "==", "=": "==", "===": "=="}.get(operator, operator)
        version = numbers + (rest or "")
        parts = [int(part) for part in numbers.split(".")]
        if operator in {"==", "!="} and star and not rest:
            last = _next(parts, len(parts) - 1)
            if operator == "!=":
                excluded.append((_floor(parts), last))
            else:
                bounds += [Bound(">=", version_key(numbers)), Bound("<", last)]
            continue
        if star or (operator == "~=" and len(parts) < 2):
            return None
        key = version_key(version)
        if key[3] == 0 and operator != "!=":
            named.add(key[:3])
        if operator in {"~=", "~", "^"}:
            bounds += [Bound(">=", key), Bound("<", _next(parts, _fixed(operator, parts)))]
        else:
            bounds.append(Bound(operator, key))
            exact = version if operator == "==" and len(clauses) == 1 else exact
    return VersionRange(text, tuple(bounds), tuple(excluded), frozenset(named), exact)


def _fixed(operator: str, parts: list[int]) -> int:
    """Return the place of the last number that must stay as it is."""
    if operator == "~=":
        return len(parts) - 2
    if operator == "~":
        return min(1, len(parts) - 1)
    return next((place for place, part in enumerate(parts) if part), len(parts) - 1)


def _floor(parts: list[int]) -> Key:
    """Return what sorts before a release and all its pre-releases."""
    major, minor, patch = (*parts, 0, 0)[:3]
    if len(parts) == 4:
        return (major, minor, patch, 2, ((0, parts[3], ""),))
    return (major, minor, patch, -1, ())


def _next(parts: list[int], place: int) -> Key:
    """Return what sorts before the next version that differs in a place."""
    return _floor([*parts[:place], parts[place] + 1])


def _holds(key: Key, bound: Bound) -> bool:
    match bound.operator:
        case "==":
            return key == bound.key
        case "!=":
            return key != bound.key
        case ">=":
            return key >= bound.key
        case "<=":
            return key <= bound.key
        case ">":
            return key > bound.key
        case _:
            return key < bound.key
