"""What sources ask of the network: answers that may come from a cache or a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Question(Struct, frozen=True, order=True):
    """One thing to learn from a service; equal questions have equal answers."""

    service: str
    """`comfy-registry`, `git`, `huggingface`, `civitai`, `github` or `url`."""
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
