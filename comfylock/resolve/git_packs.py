"""Packs from git: the revision asked for, the stamped one, the newest release, or HEAD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.lockfile.schema import PackPin
from comfylock.names import normalise_repository
from comfylock.resolve.outcome import Notice, Pinned
from comfylock.resolve.pack_pins import missing_notices, not_provided, with_contents
from comfylock.resolve.pack_policy import newest_tag, read_stamps, tag_of_version
from comfylock.sources.interface import GitPin, Missing

if TYPE_CHECKING:
    from comfylock.resolve.pack_policy import Stamps
    from comfylock.resolve.wishes import PackWish
    from comfylock.sources.interface import GitSource


def pin_from_git(
    git: GitSource, wish: PackWish, repository: str, asked: str | None, *, follows_stamps: bool
) -> Pinned | Missing:
    """Return the pin of a pack at the revision asked for, or at the one that policy takes.

    Uses the network.

    Raises:
        SourceUnavailableError: the host does not answer.
    """
    read = bool(wish.class_types)
    if asked is not None:
        found = git.pin(repository, asked, read=read)
    else:
        stamps = read_stamps(wish) if follows_stamps else None
        found = _by_policy(git, repository, stamps, read=read)
    return found if isinstance(found, Missing) else _pinned(wish, found, repository)


def _by_policy(
    git: GitSource, repository: str, stamps: Stamps | None, *, read: bool
) -> GitPin | Missing:
    told: list[str] = []
    if stamps is not None and stamps.commits:
        found, told = _stamped(git, repository, stamps.commits, read=read)
        if found is not None:
            return _with_warnings(found, told)
    refs = git.refs(repository)
    if isinstance(refs, Missing):
        return refs
    if stamps is not None and stamps.version is not None:
        tag = tag_of_version(stamps.version, refs.tags)
        if tag is not None:
            return git.pin(repository, tag, read=read)
        told.append(f"{repository} has no tag for the stamped version {stamps.version}")
    newest = git.pin(repository, newest_tag(refs.tags), read=read)
    return newest if isinstance(newest, Missing) else _with_warnings(newest, told)


def _stamped(
    git: GitSource, repository: str, commits: tuple[str, ...], *, read: bool
) -> tuple[GitPin | None, list[str]]:
    """Return the newest of some stamped commits that exist, and which of them do not."""
    found: list[GitPin] = []
    told: list[str] = []
    for commit in commits:
        answer = git.pin(repository, commit, read=read)
        if isinstance(answer, Missing):
            told.append(f"{repository} has no commit {commit}, which a workflow is stamped with")
        else:
            found.append(answer)
    newest = max(found, key=lambda one: (one.facts.date, one.facts.commit), default=None)
    return newest, told


def _with_warnings(pin: GitPin, more: list[str]) -> GitPin:
    return replace(pin, warnings=(*pin.warnings, *more)) if more else pin


def _pinned(wish: PackWish, found: GitPin, asked: str) -> Pinned:
    facts = found.facts
    missing = not_provided(wish, None, facts.contents)
    notices = _notices(wish.name, found, asked)
    pin = PackPin(
        name=wish.name,
        source="git",
        version=found.tag,
        repository=facts.repository,
        commit=facts.commit,
        tree=facts.tree,
        date=facts.date,
        submodules=facts.submodules,
        missing=missing,
    )
    notices += missing_notices(wish.name, facts.commit[:12], missing)
    return Pinned(with_contents(pin, facts.contents), tuple(notices))


def _notices(name: str, found: GitPin, asked: str) -> list[Notice]:
    """Return what the source warns of; that a repository has moved is said once."""
    today = found.facts.repository
    if normalise_repository(today) == normalise_repository(asked):
        return [Notice(name, "provenance", text) for text in found.warnings]
    others = [text for text in found.warnings if asked not in text or today not in text]
    notices = [Notice(name, "provenance", text) for text in others]
    return [*notices, Notice(name, "renamed", f"`{asked}` has moved to `{today}`")]
