"""Everything that is asked of Python packages, in one question."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct
from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from comfylock.links import ALLOWED_HOSTS
from comfylock.python.asked import Asked, Attempt, Fault, Reading
from comfylock.python.settings import PythonSettings
from comfylock.python.targets import Target
from comfylock.python.torch import protect
from comfylock.python.wanted import Upgrade, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable

COMFYUI = "comfyui"
"""The name under which ComfyUI's own requirements are read."""


class PackageUnion(Struct, frozen=True):
    """The lines of ComfyUI and all packs for one target, and what limits them."""

    target: Target
    settings: PythonSettings
    lines: tuple[Asked, ...] = ()
    """Sorted by pack, file and line."""
    trio: tuple[str, ...] = ()
    """torch and its libraries in the versions of the target: `torch==2.8.0+cu128`."""
    from_torch: tuple[str, ...] = ()
    """Of these, the names that torch's own index provides."""
    moves: tuple[str, ...] = ()
    """Versions that a person asks for in this run: `numpy==2.1.0`."""

    def wanted(self, earlier: bytes | None = None, upgrade: Upgrade = Upgrade()) -> Wanted:  # noqa: B008 - frozen
        """Return the question to a package resolver."""
        settings = self.settings
        asked = {each.requirement for each in self.lines if not each.is_constraint}
        limits = {each.requirement for each in self.lines if each.is_constraint and not each.url}
        return Wanted(
            target=self.target,
            requirements=tuple(sorted(asked | set(settings.trio) | set(self.from_torch))),
            constraints=tuple(sorted(limits | {*settings.constraints, *self.moves, *self.trio})),
            overrides=tuple(sorted(settings.overrides)),
            allowed_builds=tuple(sorted(settings.allowed_builds)),
            indexes=settings.indexes,
            from_torch=tuple(sorted(set(settings.trio) | set(self.from_torch))),
            earlier=earlier,
            upgrade=upgrade,
        )


class Sifted(Struct, frozen=True):
    """Lines that take part, and all that does not."""

    lines: tuple[Asked, ...] = ()
    taken: tuple[Asked, ...] = ()
    """About torch and its libraries."""
    ignored: tuple[Asked, ...] = ()
    """As comfylock.toml says."""
    elsewhere: tuple[Asked, ...] = ()
    """For other targets, as their markers say."""
    attempts: tuple[Attempt, ...] = ()
    faults: tuple[Fault, ...] = ()


def sift(readings: Iterable[Reading], target: Target, settings: PythonSettings) -> Sifted:
    """Return which of the lines count for a target, each list sorted by pack, file and line."""
    all_readings = tuple(readings)
    asked = sorted((each for one in all_readings for each in one.asked), key=place_of)
    verdicts = [(each, _applies(each, target)) for each in asked]
    here = [each for each, applies in verdicts if applies]
    wanted = [each for each in here if not _is_ignored(each, settings)]
    protected = protect(wanted, (each for one in all_readings for each in one.options))
    faults = [fault for one in all_readings for fault in one.faults]
    faults += [
        Fault(each.pack, each.file, each.line, f"`{each.marker}` compares what has no order")
        for each, applies in verdicts
        if applies is None
    ]
    refused = {each: told for each in protected.asked if (told := _refused(each, settings))}
    faults += [Fault(each.pack, each.file, each.line, told) for each, told in refused.items()]
    return Sifted(
        lines=tuple(each for each in protected.asked if each not in refused),
        taken=protected.taken,
        ignored=tuple(each for each in here if _is_ignored(each, settings)),
        elsewhere=tuple(each for each, applies in verdicts if applies is False),
        attempts=protected.attempts,
        faults=tuple(sorted(faults)),
    )


def place_of(asked: Asked) -> tuple[str, str, int, str]:
    """Return what sorts lines by where they stand."""
    return (asked.pack, asked.file, asked.line, asked.requirement)


def _applies(asked: Asked, target: Target) -> bool | None:
    """Say whether a line is meant for a target; None: its marker cannot be evaluated."""
    if not asked.marker:
        return True
    try:
        return Marker(asked.marker).evaluate({**target.markers, "extra": ""})
    except (InvalidVersion, RecursionError, UndefinedComparison, UndefinedEnvironmentName):
        return None


def _is_ignored(asked: Asked, settings: PythonSettings) -> bool:
    entries = settings.ignored.get(asked.pack, ())
    return any(
        each in {asked.text, asked.requirement} or canonicalize_name(each) == asked.name
        for each in entries
        if each
    )


def _refused(asked: Asked, settings: PythonSettings) -> str:
    """Return why an address is not visited; nothing where it is, or there is none."""
    if not asked.url:
        return ""
    parts = urlsplit(asked.url.removeprefix("git+"))
    place = parts.netloc.rpartition("@")[2].lower()
    name = place.partition(":")[0]
    if place in settings.hosts or name in settings.hosts:
        return ""
    usual = any(name == host or name.endswith(f".{host}") for host in ALLOWED_HOSTS)
    if usual and parts.scheme in {"https", "ssh"} and ":" not in place:
        return ""
    return f"`{asked.text}` leads to `{place}`, where packages are not fetched from"
