"""Which commit a branch, a tag or some digits mean, as far as branches and tags tell."""

from __future__ import annotations

from typing import Self

from msgspec import Struct

from comfylock.names import printable
from comfylock.patterns import Pattern
from comfylock.sources.git_faults import no_such_revision
from comfylock.sources.git_remote import COMMIT
from comfylock.sources.interface import Missing, Refs
from comfylock.versions import version_key

_SHORT = Pattern(r"[0-9a-fA-F]{4,63}\Z")
_SHOWN = 5
"""Commits that a message lists."""


class Named(Struct, frozen=True):
    """The commit that a revision means."""

    commit: str
    tag: str | None = None
    """The tag that it was asked for by, else the newest that names it."""
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, commits: tuple[str, ...], refs: Refs, revision: str) -> Self | Missing:
        """Return the only commit that was found; none and several are nothing to pin."""
        if not commits:
            return no_such_revision(refs.repository, revision)
        if len(commits) > 1:
            told = ", ".join(f"`{commit}`" for commit in commits[:_SHOWN])
            return Missing(
                "ambiguous",
                f"`{printable(revision)}` begins several commits of `{refs.repository}`: {told}",
                "Give more digits of the commit",
            )
        return cls(commits[0], _newest_tag(refs, commits[0]))


def named(refs: Refs, revision: str | None) -> Named | Missing:
    """Return the commit that a revision means, from branches and tags alone. No network.

    A full commit means itself, whatever names branches and tags have.
    """
    if revision is None:
        return _default(refs)
    if COMMIT.match(revision.lower()):
        return Named.of((revision.lower(),), refs, revision)
    if revision.startswith("refs/heads/"):
        return _branch(refs, revision.removeprefix("refs/heads/"), revision)
    if revision.startswith("refs/tags/"):
        return _tag(refs, revision.removeprefix("refs/tags/"), revision)
    if revision in refs.tags:
        return _tag(refs, revision, revision)
    if revision in refs.branches:
        return _branch(refs, revision, revision)
    if refs.head is None and not refs.branches and not refs.tags:
        return _empty(refs)
    return _short(refs, revision)


def is_short(revision: str) -> bool:
    """Say whether a text may be the first digits of a commit."""
    return _SHORT.match(revision) is not None


def _default(refs: Refs) -> Named | Missing:
    if refs.head is not None:
        return Named(refs.head, _newest_tag(refs, refs.head))
    if not refs.branches:
        return _empty(refs)
    return Missing(
        "no-such-revision",
        f"`{refs.repository}` has no default branch",
        f"Name one of its branches, such as `{min(refs.branches)}`",
    )


def _empty(refs: Refs) -> Missing:
    return Missing("no-such-revision", f"`{refs.repository}` is empty: it has no commits")


def _branch(refs: Refs, name: str, revision: str) -> Named | Missing:
    commit = refs.branches.get(name)
    return Named.of((commit,) if commit else (), refs, revision)


def _tag(refs: Refs, name: str, revision: str) -> Named | Missing:
    commit = refs.tags.get(name)
    if commit is None:
        return no_such_revision(refs.repository, revision)
    other = refs.branches.get(name)
    if other in {None, commit} or revision != name:
        return Named(commit, name)
    told = f"`{printable(name)}` is a tag and a branch of `{refs.repository}`; the tag was taken"
    return Named(commit, name, (told,))


def _short(refs: Refs, revision: str) -> Named | Missing:
    """Look for the tips that begin with these digits; older commits are not known here."""
    if not is_short(revision):
        return no_such_revision(refs.repository, revision)
    tips = {*refs.branches.values(), *refs.tags.values()}
    return Named.of(
        tuple(sorted(tip for tip in tips if tip.startswith(revision.lower()))), refs, revision
    )


def _newest_tag(refs: Refs, commit: str) -> str | None:
    names = [name for name, tagged in refs.tags.items() if tagged == commit]
    return max(names, key=lambda name: (version_key(name), name), default=None)
