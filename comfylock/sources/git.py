"""Any git host: branches and tags by `ls-remote`, commits proven by fetching them."""

from __future__ import annotations

import os
import shutil
import tempfile
from threading import Lock
from typing import TYPE_CHECKING, Self, TypeVar, cast

from msgspec.structs import replace

from comfylock.errors import SourceUnavailableError
from comfylock.names import printable
from comfylock.net.interface import Known, Question
from comfylock.sources.git_command import Commands, Limits
from comfylock.sources.git_facts import (
    Commits,
    Fetched,
    commit_facts,
    commits_of,
    reachable,
    source_facts,
)
from comfylock.sources.git_remote import is_ref_name, remote_ref, remote_refs
from comfylock.sources.git_revision import Named, is_short, named
from comfylock.sources.git_scratch import Scratch
from comfylock.sources.git_urls import host_of, repository_url
from comfylock.sources.interface import CommitFacts, GitPin, Missing, Refs, SourceFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from comfylock.net.interface import Answers

T = TypeVar("T")

MAX_PROVEN = 16
"""Submodules of one commit that are fetched, to see whether they are there."""

# What msgspec decodes answers to; a union is no `type` to mypy.
_REFS = cast("type[Refs | Missing]", Refs | Missing)
_FETCHED = cast("type[Fetched | Missing]", Fetched | Missing)
_COMMITS = cast("type[Commits | Missing]", Commits | Missing)
_SOURCE = cast("type[SourceFacts | Missing]", SourceFacts | Missing)


class Git:
    """Answers about repositories of any git host; threads may share it. A context manager.

    What it fetches lies in a temporary folder below `scratch` until it is closed. `tokens` are
    by base address (`https://github.com/`): each is sent below its own alone.
    """

    def __init__(
        self,
        answers: Answers,
        *,
        scratch: str | None = None,
        limits: Limits | None = None,
        tokens: Mapping[str, str] | None = None,
    ) -> None:
        self._answers = answers
        self._tokens = dict(tokens or {})
        self._parent = scratch
        self._limits = limits or Limits()
        self._lock = Lock()
        self._commands: Commands | None = None
        self._scratches: dict[str, Scratch] = {}
        self._is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over = True  # a thread that was left behind begins nothing anew
        self.close()

    def close(self) -> None:
        """End what is running and remove what was fetched; a later call begins anew."""
        with self._lock:
            commands, self._commands = self._commands, None
            self._scratches.clear()
        if commands is not None:
            commands.close()
            shutil.rmtree(commands.folder, ignore_errors=True)

    def refs(self, repository: str) -> Refs | Missing:
        """Return branches and tags of a remote; `repository` of the answer is where it is now.

        Raises:
            SourceUnavailableError: the host cannot be reached or does not answer usefully.
        """
        url = repository_url(repository)
        if isinstance(url, Missing):
            return url
        return self.ask("refs", url, _REFS, lambda: remote_refs(self._running(), url))

    def pin(self, repository: str, revision: str | None, *, read: bool) -> GitPin | Missing:
        """Return the commit that a branch, tag, short or full commit means, proven by a fetch.

        None means the default branch. A name that is both tag and branch means the tag. With
        `read`, the class types of the source are read too.

        Raises:
            SourceUnavailableError: the host cannot be reached or does not answer usefully.
        """
        found = self.resolve(repository, revision)
        if isinstance(found, Missing):
            return found
        pin, warnings = found
        if not read:
            return replace(pin, warnings=(*pin.warnings, *warnings))
        contents = self._source(pin.facts.repository, pin.facts.commit)
        if isinstance(contents, Missing):
            return contents
        facts = replace(pin.facts, contents=contents)
        return replace(pin, facts=facts, warnings=(*pin.warnings, *warnings))

    def resolve(
        self, repository: str, revision: str | None
    ) -> tuple[GitPin, tuple[str, ...]] | Missing:
        """Return a revision as `pin` does, and apart from it what there is to say of the tree."""
        refs = self.refs(repository)
        if isinstance(refs, Missing):
            return refs
        found = self._named(refs, revision)
        if isinstance(found, Missing):
            return found
        fetched = self._commit(refs.repository, found.commit)
        if isinstance(fetched, Missing):
            return fetched
        on_branch = self._is_on_branch(refs, found.commit)
        if isinstance(on_branch, Missing):
            return on_branch
        warnings = [*_moved(repository, refs.repository), *found.warnings]
        if not on_branch:
            told = "a fork's commit, or history that was rewritten"
            warnings.append(
                f"commit `{found.commit}` is on no branch of `{refs.repository}`: {told}"
            )
        doubts = self._doubts(fetched.facts)
        if isinstance(doubts, Missing):
            return doubts
        facts = replace(fetched.facts, on_branch=on_branch)
        pin = GitPin(facts, revision, found.tag, tuple(warnings))
        return pin, (*fetched.warnings, *doubts)

    def _doubts(self, facts: CommitFacts) -> list[str] | Missing:
        """Return what is wrong with a commit's submodules, as far as they are proven by a fetch.

        Only those beside the repository are: a stranger's `.gitmodules` leads nowhere else.
        """
        told = []
        base = facts.repository.split("/")[:3]  # scheme and host
        for text in facts.submodules[:MAX_PROVEN]:
            path, commit, url = text.rsplit(" ", 2)
            if url.split("/")[:3] != base:
                continue
            found = self._commit(url, commit)
            shown = f"submodule `{printable(path)}` of `{facts.repository}`"
            if isinstance(found, Missing):
                if found.reason == "offline":
                    return found
                told.append(f"{shown} cannot be had: {found.message}")
            elif found.facts.submodules or found.warnings:
                told.append(f"{shown} has submodules of its own, which are not locked")
        return told

    def ask(
        self, kind: str, key: str, answer: type[T], find: Callable[[], T], *, lasting: bool = False
    ) -> T:
        """Return the answer to a question about a repository; `find` fetches it.

        That something is not there may change at any time and is asked again in the next run.
        """

        def fetch(_: Known[T] | None) -> Known[T]:
            value = find()
            return Known(value, is_kept=not isinstance(value, Missing))

        return self._answers.ask(Question("git", kind, key, lasting), answer, fetch)

    def scratch(self, url: str) -> Scratch:
        """Return what was fetched of a repository so far."""
        commands = self._running()
        with self._lock:
            if url not in self._scratches:
                folder = os.path.join(commands.folder, str(len(self._scratches)))
                self._scratches[url] = Scratch(commands, url, folder, host_of(url))
            return self._scratches[url]

    def _running(self) -> Commands:
        with self._lock:
            if self._is_over:
                raise SourceUnavailableError("git", "was interrupted")
            if self._commands is None:
                folder = tempfile.mkdtemp(prefix="comfylock-git-", dir=self._parent)
                self._commands = Commands(folder, self._limits, self._tokens)
            return self._commands

    def _named(self, refs: Refs, revision: str | None) -> Named | Missing:
        found = named(refs, revision)
        if isinstance(found, Named) or revision is None or found.reason == "ambiguous":
            return found
        if revision.startswith("refs/") and is_ref_name(revision):
            commits = self._other_ref(refs.repository, revision)
        elif is_short(revision) and refs.branches:
            commits = self._abbreviated(refs, revision.lower())
        else:
            return found
        return (
            commits if isinstance(commits, Missing) else Named.of(commits.commits, refs, revision)
        )

    def _other_ref(self, url: str, name: str) -> Commits | Missing:
        """Ask for a ref that is neither branch nor tag."""

        def find() -> Commits | Missing:
            found = remote_ref(self._running(), url, name)
            return found if isinstance(found, Missing) else Commits((found,))

        return self.ask("ref", f"{url}@{name}", _COMMITS, find)

    def _abbreviated(self, refs: Refs, short: str) -> Commits | Missing:
        """Ask for the commits that begin with these digits."""
        url, like = refs.repository, min(refs.branches.values())
        return self.ask(
            "short-commit",
            f"{url}@{short}",
            _COMMITS,
            lambda: commits_of(self.scratch(url), short, like),
        )

    def _commit(self, url: str, commit: str) -> Fetched | Missing:
        return self.ask(
            "commit",
            f"{url}@{commit}",
            _FETCHED,
            lambda: commit_facts(self.scratch(url), commit),
            lasting=True,
        )

    def _source(self, url: str, commit: str) -> SourceFacts | Missing:
        return self.ask(
            "source",
            f"{url}@{commit}",
            _SOURCE,
            lambda: source_facts(self.scratch(url), commit),
            lasting=True,
        )

    def _is_on_branch(self, refs: Refs, commit: str) -> bool | Missing:
        """Ask whether a branch or tag leads to a commit; for a tip nobody need be asked."""
        if commit in refs.branches.values() or commit in refs.tags.values():
            return True
        url = refs.repository
        found = self.ask(
            "ancestry", f"{url}@{commit}", _COMMITS, lambda: reachable(self.scratch(url), commit)
        )
        return found if isinstance(found, Missing) else commit in found.commits


def _moved(asked: str, found: str) -> list[str]:
    given = str(repository_url(asked))
    if given.removesuffix(".git").lower() == found.removesuffix(".git").lower():
        return []
    return [f"`{given}` has moved to `{found}`"]
