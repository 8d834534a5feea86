"""Why is this Python package locked, and at that version? Who asks for it, in which lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.errors import LockParseError
from comfylock.lockfile.comfyui_needs import NAME
from comfylock.lockfile.pack_needs import rule_of
from comfylock.ops.companions import read_companions
from comfylock.resolve.chains import AskedLine, PackageChain, PackagePin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.lockfile.schema import Lock, PackPin
    from comfylock.requirements import Requirements


def package_chains(
    project: str, lock: Lock, needs: Requirements, name: str
) -> tuple[PackageChain, ...]:
    """Return what is behind the name of a Python package; nothing where none is called so."""
    if not lock.python and not _may_be_asked(lock, name):
        return ()
    from packaging.requirements import Requirement  # noqa: PLC0415 - few names are of packages
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    wanted = canonicalize_name(name.strip())
    limits = tuple(
        f"{table}: {text}"
        for table, texts in (
            ("[python.constraints]", needs.python.constraints),
            ("[python.overrides]", needs.python.overrides),
        )
        for text in texts
        if canonicalize_name(Requirement(text).name) == wanted
    )
    chain = PackageChain(
        wanted,
        pins=tuple(_pins(project, lock, wanted)),
        lines=tuple(_lines(lock, needs, wanted)),
        limits=limits,
    )
    return (chain,) if chain.pins or chain.lines else ()


def _may_be_asked(lock: Lock, name: str) -> bool:
    """Say whether any requirement might be about a package, without reading them all."""
    first = name.strip().lower().replace("_", "-").partition("-")[0]
    texts = [text for pin in lock.packs for text in pin.dependencies]
    texts += lock.comfyui.dependencies if lock.comfyui is not None else ()
    return any(first in text.lower() for text in texts)


def _pins(project: str, lock: Lock, wanted: str) -> Iterator[PackagePin]:
    from comfylock.python.pylock import read_pylock  # noqa: PLC0415 - few names are of packages

    beside = read_companions(project, lock)
    for pin in lock.python:
        try:
            packages = read_pylock(beside.get(pin.file, b""), pin.file)
        except LockParseError:  # `lock --check` says what is wrong with it
            continue
        for package in packages:
            if package.name == wanted:
                version = package.version or package.commit or package.url or ""
                yield PackagePin(pin.target, version, pin.file, package.is_built)


def _lines(lock: Lock, needs: Requirements, wanted: str) -> Iterator[AskedLine]:
    from comfylock.python.requirement_lines import read_list  # noqa: PLC0415 - see above

    owners: list[tuple[str, tuple[str, ...], PackPin | None]] = []
    if lock.comfyui is not None:
        owners.append((NAME, lock.comfyui.dependencies, None))
    owners += [(pin.name, pin.dependencies, pin) for pin in lock.packs]
    for owner, dependencies, pin in owners:
        rule = rule_of(pin, needs) if pin is not None else None
        ignored = rule.ignored if rule is not None else ()
        for line in read_list(owner, dependencies).asked:
            if line.name == wanted:
                is_ignored = line.name in ignored or line.text in ignored
                yield AskedLine(owner, line.text, f"{line.file}:{line.line}", is_ignored)
