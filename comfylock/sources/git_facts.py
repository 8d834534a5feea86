"""What is learnt from fetched commits; each function uses the network for what is not here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.sources.git_faults import no_such_revision
from comfylock.sources.git_tree import contents_of, large_files, submodules_of
from comfylock.sources.interface import CommitFacts, Missing, SourceFacts

if TYPE_CHECKING:
    from comfylock.sources.git_scratch import Scratch


class Fetched(Struct, frozen=True, tag="fetched"):
    """A commit's facts, and what a person should know about it."""

    facts: CommitFacts
    warnings: tuple[str, ...] = ()


class Commits(Struct, frozen=True, tag="commits"):
    """The commits that something may mean, sorted."""

    commits: tuple[str, ...] = ()


def commit_facts(scratch: Scratch, commit: str) -> Fetched | Missing:
    """Return what a commit holds; an answer is the proof that it exists."""
    with scratch.lock:
        objects = scratch.commit(commit)
        if isinstance(objects, Missing):
            return objects
        found = objects.commit(commit)
        if found is None:
            return no_such_revision(scratch.url, commit)
        entries = objects.entries(commit)
        submodules, warnings = submodules_of(scratch, objects, entries, scratch.url)
        warnings += large_files(scratch, objects, entries, scratch.url)
        contents = contents_of(scratch, objects, entries, with_classes=False)
    facts = CommitFacts(
        repository=scratch.url,
        commit=commit,
        tree=found.tree,
        date=found.date,
        submodules=submodules,
        contents=contents,
    )
    return Fetched(facts, warnings)


def source_facts(scratch: Scratch, commit: str) -> SourceFacts | Missing:
    """Return what a commit's source declares, class types included."""
    with scratch.lock:
        objects = scratch.commit(commit)
        if isinstance(objects, Missing):
            return objects
        return contents_of(scratch, objects, objects.entries(commit), with_classes=True)


def commits_of(scratch: Scratch, short: str, like: str) -> Commits | Missing:
    """Return the commits below branches and tags that begin with these digits.

    `like` is any commit of the repository: it tells the kind of its ids.
    """
    with scratch.lock:
        objects = scratch.history(like)
        if isinstance(objects, Missing):
            return objects
        listed = objects.ask("rev-parse", f"--disambiguate={short}") or b""
        kinds = objects.kinds(listed.decode("ascii", "replace").split())
        return Commits(tuple(sorted(name for name, (kind, _) in kinds.items() if kind == "commit")))


def reachable(scratch: Scratch, commit: str) -> Commits | Missing:
    """Return the commit itself if a branch or tag leads to it, else none."""
    with scratch.lock:
        objects = scratch.history(commit)
        if isinstance(objects, Missing):
            return objects
        if not objects.kinds([commit]):
            return Commits()
        leads = objects.ask("for-each-ref", "--count=1", f"--contains={commit}")
        return Commits((commit,) if leads else ())
