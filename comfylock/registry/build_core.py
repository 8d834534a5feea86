"""ComfyUI's own class types: the first version that has each, and what was removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.names import COMFYUI
from comfylock.registry.build_urls import pack_key
from comfylock.versions import Key, version_key

if TYPE_CHECKING:
    from comfylock.registry.build_facts import BuildInputs, CoreHistory

_Release = tuple[Key, str]


class Core:
    """What is known of ComfyUI's class types.

    `since` is exact where the history has the version that brought the class type. Newer
    ones get the lowest version that is known to have it and lies above the last one known
    to lack it: editors stamp the version of the last release on what was added since.
    """

    def __init__(self, inputs: BuildInputs, frontend_only: frozenset[str]) -> None:
        self._history = max(
            inputs.histories, key=lambda each: (len(each.versions), each.commit), default=None
        )
        self._sightings = _sightings(inputs)
        self._lacking = _lacking(inputs)
        names = set(self._sightings) | set(self._history.class_types if self._history else ())
        names |= _undisputed(inputs)
        unstamped = _unstamped(inputs, names)
        for name, versions in unstamped.items():
            self._sightings.setdefault(name, set()).update(versions)
            self._lacking.setdefault(name, max(map(_end, inputs.histories), default=_NEVER))
        names |= set(unstamped)
        self.since = {
            name: self._since(name) for name in sorted(names - frontend_only) if name.strip()
        }
        self.removed = {name: gone for name in self.since if (gone := self._gone(name))}

    def _since(self, name: str) -> str:
        first, _ = self._recorded(name)
        if first:
            return "" if self._history and first == self._history.versions[0] else first
        floor = self._lacking.get(name, _NEVER)
        newer = [key for key in self._sightings.get(name, ()) if key > floor]
        return min(newer)[1] if newer and floor > _NEVER else ""

    def _gone(self, name: str) -> str:
        """Return the version that no longer has a class type, unless a later one shows it."""
        _, gone = self._recorded(name)
        seen = max(self._sightings.get(name, ()), default=_NEVER)
        return gone if gone and _release(gone) > seen else ""

    def _recorded(self, name: str) -> tuple[str, str]:
        return self._history.class_types.get(name, ("", "")) if self._history else ("", "")


def _release(version: str) -> _Release:
    return version_key(version), version


_NEVER = _release("")


def _sightings(inputs: BuildInputs) -> dict[str, set[_Release]]:
    """Return the versions that are known to have each class type."""
    seen: dict[str, set[_Release]] = {}
    for state in inputs.states:
        for name in state.class_types:
            seen.setdefault(name, set()).add(_release(state.version))
    for templates in inputs.templates:
        for name, versions in templates.stamps.items():
            seen.setdefault(name, set()).update(_release(version) for version in versions)
    return seen


def _lacking(inputs: BuildInputs) -> dict[str, _Release]:
    """Return the last version that is known to lack each class type that a later one has.

    A history knows only what it could read: it does not count against an older answer.
    """
    end = max((_end(history) for history in inputs.histories), default=_NEVER)
    known = {name for history in inputs.histories for name in history.class_types}
    names = {name for templates in inputs.templates for name in templates.stamps}
    names |= {name for state in inputs.states for name in state.class_types}
    lacking: dict[str, _Release] = {}
    for name in names - known:
        having = [_release(s.version) for s in inputs.states if name in s.class_types]
        oldest = min(having, default=None)
        before = [_release(s.version) for s in inputs.states if name not in s.class_types]
        before.append(end)
        lacking[name] = max((key for key in before if not oldest or key < oldest), default=_NEVER)
    return lacking


def _end(history: CoreHistory) -> _Release:
    return _release(history.versions[-1]) if history.versions else _NEVER


def _unstamped(inputs: BuildInputs, known: set[str]) -> dict[str, set[_Release]]:
    """Return further class types of official templates, which are made to run without packs.

    A template with a class type that a pack's own source has was made with packs after all, and
    says nothing.
    """
    packs: set[str] = set()
    for recorded in inputs.recorded:
        packs.update(recorded.class_types, recorded.earlier, recorded.frontend_only)
    found: dict[str, set[_Release]] = {}
    for template in (each for templates in inputs.templates for each in templates.unstamped):
        names = set(template.class_types) - known
        if names & packs:
            continue
        for name in names:
            found.setdefault(name, set()).update(
                [_release(template.minimum)] if template.minimum else []
            )
    return found


def _undisputed(inputs: BuildInputs) -> set[str]:
    """Return class types that only the documentation or the Manager knows as core.

    They count unless a pack is listed with them: both sources lag behind or run ahead.
    """
    documented = {name for each in inputs.documents for name in each.class_types}
    claimed: set[str] = set()
    for manager in inputs.managers:
        for url, names in manager.class_types.items():
            if pack_key(url) == COMFYUI:
                documented.update(names)
            else:
                claimed.update(names)
    for recorded in inputs.recorded:
        claimed.update(recorded.class_types, recorded.earlier)
    return documented - claimed
