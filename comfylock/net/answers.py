"""Answers kept for one run: who asks the same again, or at once, gets the same."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.net.interface import Known, Question

T = TypeVar("T")


class InMemory:
    """Answers of this process; each question is fetched once, errors included."""

    def __init__(self) -> None:
        self._futures: dict[Question, Future[Any]] = {}
        self._lock = Lock()

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        """Return the answer, from the first thread that asked."""
        del kind
        with self._lock:
            future = self._futures.get(question)
            is_first = future is None
            if future is None:
                future = self._futures[question] = Future()
        if is_first:
            try:
                future.set_result(fetch(None).value)
            except BaseException as error:
                future.set_exception(error)
                raise
        answer: T = future.result()
        return answer

    def known(self, question: Question, kind: type[T]) -> T | None:
        """Return an answer that is there already; None for one that is on its way, or an error."""
        del kind
        with self._lock:
            future = self._futures.get(question)
        if future is None or not future.done() or future.exception() is not None:
            return None
        answer: T = future.result()
        return answer
