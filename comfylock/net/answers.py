"""Answers kept for one run: who asks the same again, or at once, gets the same."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from comfylock.errors import OfflineError, SourceUnavailableError
from comfylock.net.interface import Known
from comfylock.redaction import holds_secret, mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from comfylock.net.cache import Cache
    from comfylock.net.interface import Question

T = TypeVar("T")

SHORTEST = 8
"""Characters of a secret that is looked for in answers; digests hold every shorter word."""


class InMemory:
    """Answers of this process; each question is fetched once, errors included.

    `secrets` that a service repeats are masked before anyone sees its answer.
    """

    def __init__(self, *, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(each for each in secrets if len(each) >= SHORTEST)
        self._futures: dict[Question, Future[Any]] = {}
        self._owners: dict[Question, int] = {}
        self._waiting: dict[int, Question] = {}
        self._asked: Counter[str] = Counter()
        self._fetched: Counter[str] = Counter()
        self._lock = Lock()

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        """Return the answer, from the first thread that asked."""
        return self.once(question, lambda: self.fetched(question, kind, fetch, None).value)

    def once(self, question: Question, find: Callable[[], T]) -> T:
        """Return what the first thread found that asked this question.

        A thread that would wait for itself, over others, finds the answer on its own.
        """
        me = get_ident()
        with self._lock:
            future = self._futures.get(question)
            is_first = future is None
            if future is None:
                self._asked[question.service] += 1
                future = self._futures[question] = Future()
                self._owners[question] = me
            elif not future.done():
                if self._is_circle(question, me):
                    future = None
                else:
                    self._waiting[me] = question
        if future is None:
            return find()
        if is_first:
            self._find(question, future, find)
        try:
            answer: T = future.result()
        finally:
            with self._lock:
                self._waiting.pop(me, None)
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

    def fetched(
        self,
        question: Question,
        kind: type[T],
        fetch: Callable[[Known[T] | None], Known[T]],
        stale: Known[T] | None,
    ) -> Known[T]:
        """Ask the service, and count it.

        Raises:
            SourceUnavailableError: nothing of use is left without the secrets that it repeats.
        """
        with self._lock:
            self._fetched[question.service] += 1
        known = fetch(stale)
        return _without_secrets(question, kind, known, self._secrets) if self._secrets else known

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return by service how many questions there were, and how many went to it; sorted."""
        with self._lock:
            services = sorted(self._asked)
            return {each: (self._asked[each], self._fetched[each]) for each in services}

    def _find(self, question: Question, future: Future[Any], find: Callable[[], Any]) -> None:
        try:
            future.set_result(find())
        except BaseException as error:
            future.set_exception(error)
            raise
        finally:
            with self._lock:
                self._owners.pop(question, None)

    def _is_circle(self, question: Question, me: int) -> bool:
        """Say whether waiting for a question would be waiting for this very thread."""
        wanted: Question | None = question
        while wanted is not None:
            owner = self._owners.get(wanted)
            if owner == me:
                return True
            wanted = None if owner is None else self._waiting.get(owner)
        return False


class Cached:
    """Answers from the disk while they are fresh, else from the service."""

    def __init__(self, cache: Cache, memory: InMemory | None = None) -> None:
        self._cache = cache
        self._memory = memory or InMemory()

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        """Return the answer; a stale one is given to `fetch` to be revalidated."""

        def find() -> T:
            kept, is_fresh = self._cache.find(question, kind)
            if kept is not None and is_fresh:
                return kept.value
            known = self._memory.fetched(question, kind, fetch, kept)
            if known.is_kept:
                self._cache.keep(question, kind, known)
            return known.value

        return self._memory.once(question, find)

    def known(self, question: Question, kind: type[T]) -> T | None:
        """Return an answer of this run, or a fresh one from the disk."""
        answer = self._memory.known(question, kind)
        if answer is not None:
            return answer
        kept, is_fresh = self._cache.find(question, kind)
        return self._memory.once(question, lambda: kept.value) if kept and is_fresh else None

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return by service how many questions there were, and how many went to it; sorted."""
        return self._memory.counts()


class Offline:
    """Answers from the disk alone, however old."""

    def __init__(self, cache: Cache, memory: InMemory | None = None) -> None:
        self._cache = cache
        self._memory = memory or InMemory()

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        """Return the answer if it is known.

        Raises:
            OfflineError: nobody knows it.
        """
        del fetch

        def find() -> T:
            kept, _ = self._cache.find(question, kind)
            if kept is None:
                shown = self._cache.shown(question)
                message = f"the answer about {question.kind} of `{shown}` is not known offline"
                raise OfflineError(question.service, message, hint="run once without --offline")
            return kept.value

        return self._memory.once(question, find)

    def known(self, question: Question, kind: type[T]) -> T | None:
        """Return an answer of this run or from the disk, however old."""
        answer = self._memory.known(question, kind)
        if answer is not None:
            return answer
        kept, _ = self._cache.find(question, kind)
        return self._memory.once(question, lambda: kept.value) if kept else None

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return by service how many questions there were; none went to it."""
        return self._memory.counts()


def _without_secrets(
    question: Question, kind: type[T], known: Known[T], secrets: tuple[str, ...]
) -> Known[T]:
    """Return an answer as it was, or with what is secret in it masked."""
    try:
        told = msgspec.json.encode((known.value, known.validators)).decode()
    except (UnicodeEncodeError, RecursionError):  # halves of characters from a service
        told = repr(known)
    if not holds_secret(told, secrets):
        return known
    try:
        masked = mask(msgspec.json.encode(known.value).decode(), secrets)
        return Known(msgspec.json.decode(masked, type=kind), is_kept=known.is_kept)
    except (UnicodeEncodeError, RecursionError, msgspec.MsgspecError) as error:
        told = "repeats a secret in its answer"
        raise SourceUnavailableError(question.service, told) from error
