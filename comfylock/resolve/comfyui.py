"""ComfyUI itself: the version asked for, or the oldest that all workflows run on, as a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.lockfile.comfyui_needs import NAME
from comfylock.lockfile.schema import ComfyuiPin, Gap
from comfylock.names import normalise_repository
from comfylock.ranges import parse_range
from comfylock.requirements import ComfyuiRule
from comfylock.resolve.outcome import Notice
from comfylock.resolve.pack_policy import newest_tag, tag_of_version
from comfylock.sources.interface import GitPin, Missing
from comfylock.versions import is_version, version_key

if TYPE_CHECKING:
    from comfylock.requirements import Requirements
    from comfylock.resolve.outcome import Moves
    from comfylock.sources.interface import GitSource

REPOSITORY = "https://github.com/comfyanonymous/ComfyUI"
"""Where ComfyUI is; GitHub leads from here to wherever it has moved since."""

ANY = "*"
"""What is requested where nothing says which version."""


class Settled(Struct, frozen=True):
    """What came of looking for ComfyUI."""

    pin: ComfyuiPin | None = None
    gap: Gap | None = None
    notices: tuple[Notice, ...] = ()


def pin_comfyui(needs: Requirements, moves: Moves, git: GitSource) -> Settled:
    """Return ComfyUI's pin. Uses the network.

    A version or revision asked for is taken; else the oldest release that all workflows run on,
    or the newest where that is preferred or ComfyUI is to move.

    Raises:
        SourceUnavailableError: the host of the repository does not answer.
    """
    rule = needs.comfyui or ComfyuiRule()
    repository = rule.repository or REPOSITORY
    requested = rule.revision or rule.version or _minimum(needs)
    asked = moves.version_of(NAME) or rule.revision
    found = _at(git, repository, asked) if asked else _release(needs, moves, git, repository)
    if isinstance(found, Missing):
        line = "[comfyui] pin = false  # where whoever installs has it"
        gap = Gap("comfyui", NAME, found.reason, found.message, hint=found.hint or line)
        return Settled(ComfyuiPin(requested), gap)
    facts = found.facts
    version = found.tag.removeprefix("v") if found.tag and is_version(found.tag) else None
    notices = [Notice(NAME, "provenance", text) for text in found.warnings]
    minimum = needs.minimum
    if minimum and version and version_key(version) < version_key(minimum[0]):
        told = f"{minimum[1]} needs ComfyUI {minimum[0]}, {version} was asked for"
        notices.append(Notice(NAME, "doubt", told))
    pin = ComfyuiPin(
        requested=requested,
        version=version,
        repository=normalise_repository(repository) or repository,
        commit=facts.commit,
        tree=facts.tree,
        dependencies=facts.contents.requirements,
    )
    return Settled(pin, notices=tuple(notices))


def _at(git: GitSource, repository: str, asked: str) -> GitPin | Missing:
    """Return a revision, or the release whose version somebody gave without its `v`."""
    if not is_version(asked):
        return git.pin(repository, asked, read=False)
    refs = git.refs(repository)
    if isinstance(refs, Missing):
        return refs
    tag = tag_of_version(asked, refs.tags)
    if tag is None:
        newest = newest_tag(refs.tags)
        told = f"{repository} has no release {asked}" + (
            f"; the newest is {newest}" if newest else ""
        )
        return Missing("no-such-version", told)
    return git.pin(repository, tag, read=False)


def _release(
    needs: Requirements, moves: Moves, git: GitSource, repository: str
) -> GitPin | Missing:
    refs = git.refs(repository)
    if isinstance(refs, Missing):
        return refs
    rule = needs.comfyui or ComfyuiRule()
    text = rule.version or _minimum(needs)
    wanted = parse_range(text)
    minimum = needs.minimum
    least = version_key(minimum[0]) if minimum else version_key("0")
    tags = [
        tag
        for tag in refs.tags
        if newest_tag([tag])
        and (wanted is None or wanted.admits(tag.removeprefix("v")))
        and (rule.version is not None or version_key(tag) >= least)
    ]
    tags.sort(key=lambda tag: (version_key(tag), tag))
    if not tags:
        return Missing("no-such-version", f"{repository} has no release in `{text}`")
    takes_newest = needs.prefer == "latest" or moves.moves(NAME) or text == ANY
    suited = [tag for tag in tags if version_key(tag) >= least]
    chosen = tags[-1] if takes_newest or not suited else suited[0]
    return git.pin(repository, chosen, read=False)


def _minimum(needs: Requirements) -> str:
    minimum = needs.minimum
    return f">={minimum[0]}" if minimum else ANY
