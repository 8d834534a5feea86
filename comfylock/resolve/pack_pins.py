"""What a pack's pin says beside its version: what is needed of it, and what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.names import repository_key
from comfylock.python.requirement_lines import read_list
from comfylock.python.system_packages import for_packages, for_programs
from comfylock.resolve.outcome import Notice
from comfylock.resolve.pack_policy import read_stamps

if TYPE_CHECKING:
    from comfylock.lockfile.schema import PackPin
    from comfylock.resolve.wishes import PackWish
    from comfylock.sources.interface import ClassTypes, SourceFacts


def with_contents(pin: PackPin, contents: SourceFacts, declared: tuple[str, ...] = ()) -> PackPin:
    """Return a fresh pin with what a pack's own files say that a build must know.

    `declared` are the requirements that the registry tells; the files' own count without them.
    """
    asked = declared or contents.requirements
    lines = read_list(pin.name, asked).asked
    programs = {*contents.programs, *("git" for line in lines if line.url.startswith("git+"))}
    system = {*for_packages(line.name for line in lines), *for_programs(programs)}
    return replace(
        pin,
        dependencies=asked,
        runs_code=contents.runs_code,
        system_packages=tuple(sorted(system)),
        needs_gpu=contents.needs_gpu,
    )


def derived(pin: PackPin, wish: PackWish) -> PackPin:
    """Return a fresh pin with everything that follows from the workflows, not from a service."""
    stamps = read_stamps(wish)
    rule = wish.rule
    asked = (rule.revision or rule.version) if rule is not None else None
    requested = asked or stamps.version or (stamps.commits[-1] if stamps.commits else None)
    return needed(replace(pin, requested=requested), wish)


def needed(pin: PackPin, wish: PackWish) -> PackPin:
    """Return a pin with what the workflows need of it today; what was requested stays."""
    own = _short(pin.repository)
    asked = _short(wish.rule.git) if wish.rule is not None else None
    others = {*wish.aliases, *wish.ids, *((asked,) if asked else ())} - {wish.name, own}
    return replace(
        pin,
        name=wish.name,
        aliases=tuple(sorted(others)),
        provides=tuple(sorted(wish.class_types)),
        missing=tuple(name for name in pin.missing if name in wish.class_types),
        evidence=tuple(sorted(wish.evidence)),
        # A candidate that turned out to be this very pack was not rejected.
        rejected=tuple(sorted(wish.rejected - {wish.name, own, *others})),
        groups=wish.groups,
    )


def _short(repository: str | None) -> str | None:
    """Return a repository as packs are named after it: `owner/repo`, or with its host."""
    return repository_key(repository).removeprefix("github.com/") if repository else None


def not_provided(
    wish: PackWish, listed: ClassTypes | None, contents: SourceFacts
) -> tuple[str, ...]:
    """Return the class types that a version was found not to have, as far as anyone can tell."""
    known = set(listed.names or ()) if listed is not None else set()
    read = contents.class_types
    if read:
        known |= set(read)
    return tuple(sorted(wish.class_types - known)) if known else ()


def missing_notices(name: str, version: str, missing: tuple[str, ...]) -> list[Notice]:
    """Return a notice for each class type that a version does not provide."""
    return [
        Notice(name, "not-provided", f"{version} does not provide `{class_type}`")
        for class_type in missing
    ]
