"""Questions asked side by side; a service that does not answer costs its subjects, not the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from comfylock.errors import RefusedError, SourceUnavailableError
from comfylock.resolve.outcome import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor, Future

K = TypeVar("K")
T = TypeVar("T")


class Reporter(Protocol):
    """Is told how far a resolution is."""

    def begin(self, count: int) -> None:
        """Note that so many more things are to be learnt."""

    def done(self, subject: str) -> None:
        """Note that one of them is."""


class Pending(Generic[K, T]):
    """Answers under way, by subject."""

    def __init__(self, futures: dict[K, Future[T]], reporter: Reporter | None) -> None:
        self._futures = futures
        self._reporter = reporter

    def collect(self, failures: list[Unreachable]) -> dict[K, T]:
        """Wait for all answers; subjects of services that did not give one become failures."""
        answers: dict[K, T] = {}
        for subject, future in self._futures.items():
            try:
                answers[subject] = future.result()
            except (SourceUnavailableError, RefusedError) as error:
                subjects = subject if isinstance(subject, tuple) else (str(subject),)
                hint = error.hint or ""
                failures.append(Unreachable(error.service, str(error), subjects, hint))
            if self._reporter is not None:
                self._reporter.done(str(subject))
        return answers


class SideBySide:
    """Runs questions on an executor's threads; a subject is a name, or a tuple of several."""

    def __init__(self, executor: Executor, reporter: Reporter | None = None) -> None:
        self._executor = executor
        self._reporter = reporter

    def start(self, questions: Mapping[K, Callable[[], T]]) -> Pending[K, T]:
        """Begin to ask; the questions must not wait for others of the same executor."""
        if self._reporter is not None:
            self._reporter.begin(len(questions))
        futures = {key: self._executor.submit(ask) for key, ask in questions.items()}
        return Pending(futures, self._reporter)

    def ask(
        self, questions: Mapping[K, Callable[[], T]], failures: list[Unreachable]
    ) -> dict[K, T]:
        """Return the answers, by subject."""
        return self.start(questions).collect(failures)


def by_service(failures: list[Unreachable]) -> tuple[Unreachable, ...]:
    """Return one entry for each service and message, its subjects sorted."""
    merged: dict[tuple[str, str], set[str]] = {}
    hints: dict[tuple[str, str], str] = {}
    for failure in failures:
        key = (failure.service, failure.message)
        merged.setdefault(key, set()).update(failure.subjects)
        hints[key] = max(hints.get(key, ""), failure.hint)
    return tuple(
        Unreachable(*key, tuple(sorted(merged[key])), hints[key]) for key in sorted(merged)
    )
