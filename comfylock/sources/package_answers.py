"""Choices of Python packages as answers like all others: cached, recorded, replayed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, cast

import msgspec

from comfylock.net.interface import Known, Question
from comfylock.python.wanted import Compiled, NoSolution

if TYPE_CHECKING:
    from comfylock.net.interface import Answers
    from comfylock.python.wanted import PackageSource, Wanted

SERVICE = "python"

_ANSWER = cast("type[Compiled | NoSolution]", Compiled | NoSolution)


class AnsweredPackages:
    """Asks a resolver once for each question."""

    def __init__(self, answers: Answers, source: PackageSource) -> None:
        self._answers = answers
        self._source = source

    def compile(self, wanted: Wanted, *, offline: bool = False) -> Compiled | NoSolution:
        """Return the packages for a question; `offline` is for the resolver's own cache.

        Raises:
            OfflineError: nobody may be asked, and the answer is not known.
            SourceUnavailableError: an index does not answer.
        """
        text = msgspec.json.encode(wanted, order="deterministic")
        name = f"{wanted.target.name} {hashlib.sha256(text).hexdigest()}"
        question = Question(SERVICE, "packages", name)

        def fetch(_: Known[Compiled | NoSolution] | None) -> Known[Compiled | NoSolution]:
            return Known(self._source.compile(wanted, offline=offline))

        return self._answers.ask(question, _ANSWER, fetch)


class UncachedPackages:
    """Asks a resolver that has all answers in its own cache, or none; no network."""

    def __init__(self, source: PackageSource) -> None:
        self._source = source

    def compile(self, wanted: Wanted, *, offline: bool = False) -> Compiled | NoSolution:
        """Return the packages for a question.

        Raises:
            OfflineError: the resolver's cache has not got everything.
        """
        del offline
        return self._source.compile(wanted, offline=True)
