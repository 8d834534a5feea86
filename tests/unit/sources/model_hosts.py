"""What the tests of Hugging Face and CivitAI share: a client, and answers that are kept."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from comfylock.net.answers import InMemory
from comfylock.net.http import Http
from comfylock.net.interface import Known, Question
from comfylock.net.trust import Credentials, Endpoints, Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.services.web import StandIn

T = TypeVar("T")


@contextmanager
def http_for(service: StandIn, token: str | None = None) -> Iterator[Http]:
    """Yield a client that takes a stand-in for Hugging Face and CivitAI, with its token."""
    trust = Trust(
        endpoints=Endpoints(huggingface=service.url, civitai=service.url),
        credentials=Credentials(huggingface=token, civitai=token),
        configured=frozenset({service.host, service.content_host}),
    )
    with Http("tests/1", trust) as http:
        yield http


class Disk:
    """Answers that survive a run as their bytes do; `is_stale` has all of them asked again."""

    def __init__(self) -> None:
        self.kept: dict[Question, tuple[bytes, dict[str, str]]] = {}
        self.is_stale = False
        self._run = InMemory()

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        """Return a kept answer, decoded anew."""

        def from_disk(_: Known[T] | None) -> Known[T]:
            body, validators = self.kept.get(question, (b"", {}))
            known: Known[T] | None = None
            if body:
                known = Known(msgspec.json.decode(body, type=kind), validators)
                if not self.is_stale or question.is_lasting:
                    return known
            fresh = fetch(known)
            if fresh.is_kept:
                self.kept[question] = (msgspec.json.encode(fresh.value), fresh.validators)
            return fresh

        return self._run.ask(question, kind, from_disk)

    def next_run(self, *, is_stale: bool = False) -> None:
        """Forget what only lives in memory."""
        self._run = InMemory()
        self.is_stale = is_stale

    def text(self) -> str:
        """Everything that is kept, questions too."""
        told: list[Any] = [(msgspec.to_builtins(q), body) for q, body in self.kept.items()]
        return repr(told)
