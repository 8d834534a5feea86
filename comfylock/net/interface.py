"""What sources ask of the network: answers that may come from a cache or a recording."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from comfylock.errors import OfflineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")


class Question(Struct, frozen=True, order=True):
    """One thing to learn from a service; equal questions have equal answers."""

    service: str
    """`comfy-registry`, `git`, `huggingface`, `civitai`, `github`, `image` or `url`."""
    kind: str
    """What is asked for, such as `pack` or `refs`."""
    key: str
    """About what, without secrets: an id, a canonical URL, a repository and a revision."""
    is_lasting: bool = False
    """The answer can never change: it is about a commit, a digest, or bytes already hashed."""


class Known(Struct, Generic[T], frozen=True):
    """An answer, and what a service needs to say that it has not changed."""

    value: T
    validators: dict[str, str] = {}
    """`etag`, `last-modified`; empty where the service gives none."""
    is_kept: bool = True
    """False for what must be asked again next time: a refusal that a token may lift."""


class Answers(Protocol):
    """Answers from the service, from a cache, or from a recording."""

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        """Return the answer to a question; `fetch` is called only if nobody knows it yet.

        `kind` is what msgspec decodes the answer to (a Struct or a tagged union of them).
        `fetch` gets the stale answer, if there is one, to revalidate. Threads that ask the same
        at once share one fetch.

        Raises:
            SourceUnavailableError: the service cannot be reached, or must not be and nobody knows.
        """


@runtime_checkable
class Peekable(Protocol):
    """Answers that can say what they know without asking anybody."""

    def known(self, question: Question, kind: type[T]) -> T | None:
        """Return an answer that needs no fetch; None if it would need one, or is not known."""


def known_answer(answers: Answers, question: Question, kind: type[T]) -> T | None:
    """Return an answer that needs no fetch, where the answers can tell."""
    return answers.known(question, kind) if isinstance(answers, Peekable) else None


def ask_many(
    answers: Answers,
    questions: Iterable[Question],
    kind: type[T],
    fetch_some: Callable[[tuple[Question, ...]], dict[Question, Known[T]]],
) -> dict[Question, T]:
    """Return the answers to many questions; what nobody knows is fetched together.

    `fetch_some` gets what is not known, in order, and answers the first of it and as many more
    as one request takes; it is called again for the rest. A question that nobody can answer
    without the network, when that must not be used, is left out.

    Raises:
        SourceUnavailableError: the service cannot be reached.
    """
    wanted = tuple(dict.fromkeys(questions))
    found = {question: known_answer(answers, question, kind) for question in wanted}
    open_questions = tuple(question for question in wanted if found[question] is None)
    fetched: dict[Question, Known[T]] = {}

    def answer(question: Question, _: Known[T] | None) -> Known[T]:
        if question not in fetched:
            rest = open_questions[open_questions.index(question) :]
            fetched.update(fetch_some(tuple(each for each in rest if each not in fetched)))
        return fetched[question]

    for question in open_questions:
        with suppress(OfflineError):
            found[question] = answers.ask(question, kind, partial(answer, question))
    return {question: value for question, value in found.items() if value is not None}
