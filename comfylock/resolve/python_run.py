"""The Python packages of a resolution, target by target: what stays, what is chosen anew."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from comfylock.errors import LockParseError
from comfylock.lockfile.markers import conflict_lines, split_conflict
from comfylock.lockfile.pack_needs import rule_of
from comfylock.lockfile.python_needs import asked_of, file_fault, file_of
from comfylock.lockfile.schema import Gap, PythonPin
from comfylock.names import quoted
from comfylock.python.pylock import read_pylock
from comfylock.python.requirement_lines import read_list
from comfylock.python.settings import PythonSettings
from comfylock.python.targets import parse_target
from comfylock.python.torch import TRIO
from comfylock.python.wanted import Indexes, Upgrade
from comfylock.resolve.outcome import Notice, Packages
from comfylock.resolve.python_packages import PythonRequest, PythonResolution, resolve_python
from comfylock.resolve.python_union import COMFYUI
from comfylock.sources.interface import Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from comfylock.lockfile.schema import ComfyuiPin, Lock, PackPin
    from comfylock.python.asked import Asked, Reading
    from comfylock.python.wanted import Compiled
    from comfylock.requirements import Requirements
    from comfylock.resolve.conflicts import Conflict, Remedy
    from comfylock.resolve.outcome import Moves, Unreachable
    from comfylock.resolve.side_by_side import SideBySide
    from comfylock.resolve.sources import Sources


class PythonRun:
    """Begins to ask when made; ComfyUI and the packs must be settled by then."""

    def __init__(
        self,
        needs: Requirements,
        old: Lock,
        moves: Moves,
        settled: tuple[ComfyuiPin | None, Sequence[PackPin]],
        companions: Mapping[str, bytes],
        sources: Sources,
        side: SideBySide,
    ) -> None:
        self._needs = needs
        self._comfyui, self._packs = settled
        self._sources = sources
        self._kept: dict[str, PythonPin] = {}
        self._files: dict[str, bytes] = {}
        before = {pin.target: pin for pin in old.python}
        moved = self._moved(moves, companions, before.values())
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in companions.items()}
        questions: dict[str, Callable[[], PythonResolution]] = {}
        for target in needs.python.targets:
            pin = before.get(target)
            if pin is not None and not moved and self._stays(pin, digests):
                self._kept[target] = pin
                self._files[pin.file] = companions[pin.file]
                continue
            earlier = companions.get(pin.file) if pin is not None else None
            questions[target] = partial(self._choose, target, earlier, moved)
        self._pending = side.start(questions)

    def _stays(self, pin: PythonPin, digests: Mapping[str, str]) -> bool:
        asked = asked_of(pin.target, self._comfyui, self._packs, self._needs)
        if pin.asked != asked or pin.file != file_of(pin.target, self._needs):
            return False
        return file_fault(pin, digests) is None

    @staticmethod
    def _moved(
        moves: Moves, companions: Mapping[str, bytes], pins: Iterable[PythonPin]
    ) -> Upgrade | None:
        """Return which packages may move; None if nobody asked for that."""
        known = {name for pin in pins for name in names_in(companions.get(pin.file, b""))}
        named = {name: version for name, version in moves.packages.items() if name in known}
        if not named and not moves.everything:
            return None
        texts = (f"{name}=={version}" if version else name for name, version in named.items())
        return Upgrade(moves.everything, tuple(sorted(texts)))

    def _choose(
        self, target: str, earlier: bytes | None, moved: Upgrade | None
    ) -> PythonResolution:
        request = PythonRequest(
            settings=self._settings(),
            earlier=readable(earlier) if earlier is not None else None,
            upgrade=moved or Upgrade(),
            versions_of=self._versions_of,
        )
        return resolve_python(self._readings(), parse_target(target), self._sources.python, request)

    def _readings(self) -> list[Reading]:
        readings = [read_list(pin.name, pin.dependencies) for pin in self._packs]
        if self._comfyui is not None:
            readings.append(read_list(COMFYUI, self._comfyui.dependencies))
        return readings

    def _settings(self) -> PythonSettings:
        rule = self._needs.python
        ignored = {
            pin.name: own.ignored
            for pin in self._packs
            if (own := rule_of(pin, self._needs)) is not None and own.ignored
        }
        return PythonSettings(
            constraints=rule.constraints,
            overrides=rule.overrides,
            ignored=ignored,
            allowed_builds=rule.builds,
            indexes=Indexes(rule.index, rule.extra_indexes, rule.torch_index),
            hosts=rule.hosts,
            trio=TRIO if rule.torch is None else rule.torch,
        )

    def _versions_of(self, pack: str) -> list[tuple[str, tuple[Asked, ...]]]:
        """Return the versions of a registry pack other than the pinned one, the newest first."""
        pin = next((pin for pin in self._packs if pin.name == pack), None)
        if pin is None or pin.source != "comfy-registry":
            return []
        listed = self._sources.registry.listing(pack)
        if isinstance(listed, Missing):
            return []
        return [
            (each.version, read_list(pack, each.dependencies).asked)
            for each in listed.versions
            if each.version != pin.version and each.status == "active" and each.dependencies
        ]

    def finish(self, failures: list[Unreachable]) -> Packages:
        """Wait for the choices; package indexes that did not answer are added to the failures."""
        found = self._pending.collect(failures)
        pins, files, gaps = dict(self._kept), dict(self._files), []
        for target, one in found.items():
            if one.compiled is None:
                gaps.append(conflict_gap(target, one.conflicts))
                continue
            pin = self._pin(target, one.compiled)
            pins[target], files[pin.file] = pin, one.compiled.pylock
        notices = {notice for one in found.values() for notice in notices_of(one)}
        return Packages(
            pins=tuple(pins[target] for target in sorted(pins)),
            files=files,
            gaps=tuple(gaps),
            notices=tuple(sorted(notices)),
            resolutions=tuple(found[target] for target in sorted(found)),
            kept=len(self._kept),
        )

    def _pin(self, target: str, compiled: Compiled) -> PythonPin:
        return PythonPin(
            target=target,
            file=file_of(target, self._needs),
            sha256=compiled.sha256,
            asked=asked_of(target, self._comfyui, self._packs, self._needs),
            packages=len(compiled.packages),
            torch=compiled.versions.get("torch"),
            builds=tuple(sorted(each.name for each in compiled.packages if each.is_built)),
        )


def names_in(pylock: bytes) -> frozenset[str]:
    """Return the packages of a pylock, of our side of a merge; none if it cannot be read."""
    data = readable(pylock)
    return frozenset(each.name for each in read_pylock(data)) if data else frozenset()


def readable(pylock: bytes) -> bytes | None:
    """Return a pylock, of a merge that left conflict markers our side; None if it is neither."""
    try:
        data = split_conflict(pylock).ours if conflict_lines(pylock) else pylock
        return data if read_pylock(data) else None
    except LockParseError:
        return None


def notices_of(resolution: PythonResolution) -> list[Notice]:
    """Return what a person should know of the lines that did not take part as they stand."""
    found = [
        Notice(each.pack, "protected", f"{each.file}:{each.line}: `{each.text}` {each.message}")
        for each in resolution.attempts
    ]
    for fault in resolution.faults:
        place = f"{fault.file}:{fault.line}" if fault.line else fault.file
        found.append(Notice(fault.pack, "requirement", f"{place}: {fault.message}"))
    for package in resolution.compiled.packages if resolution.compiled is not None else ():
        if package.is_built:
            told = f"`{package.name}` has no wheel: installing it runs its own code"
            found.append(Notice(resolution.target.name, "built", told))
    return found


def conflict_gap(target: str, conflicts: Sequence[Conflict]) -> Gap:
    """Return the gap that a target leaves whose packages cannot be had together."""
    told = "; ".join(one.message for one in conflicts) or "there is no set of packages that fits"
    best = next((remedy for one in conflicts for remedy in one.remedies), None)
    return Gap(
        kind="python",
        name=target,
        reason="conflict",
        message=told,
        tried=tuple(one.detail for one in conflicts if one.detail),
        hint=remedy_hint(best) if best is not None else None,
    )


def remedy_hint(remedy: Remedy) -> str:
    """Return a remedy as the line of comfylock.toml, or the command, that applies it."""
    kind, value = remedy.kind, remedy.value
    if kind == "pack-version":
        return f"comfylock lock --upgrade-package {remedy.pack}=={value}"
    if kind == "ignore":
        return f"[packs.{quoted(remedy.pack)}] ignore-requirements = [{quoted(value)}]"
    if kind in {"override", "torch"}:
        requirement = Requirement(value)
        table = "overrides" if kind == "override" else "constraints"
        return f"[python.{table}] {quoted(requirement.name)} = {quoted(str(requirement.specifier))}"
    if kind == "allow-build":
        return f"[python] allow-builds = [{quoted(value)}]"
    if kind == "python":
        return f"lock for Python {value}: another entry of `targets` under [python]"
    return f"take `{value}` out of [python.constraints]"
