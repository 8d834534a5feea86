"""Is a model's licence allowed? Names as Hugging Face, CivitAI and SPDX write them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from comfylock.patterns import Pattern

Verdict = Literal["allowed", "denied", "not-allowed", "unknown"]

_NO_ANSWERS = frozenset({"", "unknown", "other", "none", "noassertion", "n/a"})
"""What people write who do not say which licence it is."""

_ALIASES = {
    "apache": "apache-2.0",
    "apache-2": "apache-2.0",
    "apache2": "apache-2.0",
    "apache-license-2.0": "apache-2.0",
    "apache-software-license-2.0": "apache-2.0",
    "mit-license": "mit",
    "expat": "mit",
    "gplv3": "gpl-3.0",
    "gpl-3": "gpl-3.0",
    "agplv3": "agpl-3.0",
    "agpl-3": "agpl-3.0",
    "lgplv3": "lgpl-3.0",
    "gplv2": "gpl-2.0",
    "gpl-2": "gpl-2.0",
    "cc0": "cc0-1.0",
    "bsd3": "bsd-3-clause",
    "openrail-plus-plus": "openrail++",
    "creativeml-open-rail-m": "creativeml-openrail-m",
}
_BLANKS = Pattern(r"[\s_]+")
_SPLIT = Pattern(r"(?i)\s+(or|and)\s+")
_PREFIX = Pattern(r"^(?:licen[cs]e[:\s-]+|the-)")
_SUFFIX = Pattern(r"-(?:only|or-later)$|\+$")


def normalise_licence(text: str) -> str:
    """Return the one spelling of a licence's name: small letters, `-` between words."""
    name = _BLANKS.sub("-", text.strip().strip("()").lower())
    name = _PREFIX.sub("", name)
    if name != "openrail++":
        name = _SUFFIX.sub("", name)
    return _ALIASES.get(name, name)


def judge_licence(
    licence: str | None, allowed: tuple[str, ...], denied: tuple[str, ...]
) -> Verdict:
    """Say whether a licence is allowed; of `A OR B` the better counts, of `A AND B` the worse."""
    text = (licence or "").strip()
    parts = _SPLIT.sub("\n\\1\n", text).split("\n")
    names = [normalise_licence(part) for part in parts[::2]]
    verdicts = [_one(name, allowed, denied) for name in names]
    joins = {word.lower() for word in parts[1::2]}
    order: tuple[Verdict, ...] = ("allowed", "unknown", "not-allowed", "denied")
    ranked = sorted(verdicts, key=order.index)
    return ranked[0] if joins == {"or"} else ranked[-1]


def _one(name: str, allowed: tuple[str, ...], denied: tuple[str, ...]) -> Verdict:
    if any(_matches(name, pattern) for pattern in denied):
        return "denied"
    if not allowed or any(_matches(name, pattern) for pattern in allowed):
        return "allowed"
    return "unknown" if name in _NO_ANSWERS else "not-allowed"


def _matches(name: str, pattern: str) -> bool:
    if not name:
        return False
    pattern = pattern.strip().lower()
    return fnmatchcase(name, normalise_licence(pattern)) or fnmatchcase(name, pattern)
