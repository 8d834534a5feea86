from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest
from msgspec import Struct

from comfylock.errors import OfflineError, SourceUnavailableError
from comfylock.net.answers import Cached, InMemory
from comfylock.net.answers import Offline as Answerless
from comfylock.net.cache import Cache
from comfylock.net.interface import Known, Question, ask_many, known_answer
from comfylock.net.recording import Recording, Replay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


def question(key: str) -> Question:
    return Question("comfy-registry", "pack", key)


def questions(*keys: str) -> list[Question]:
    return [question(key) for key in keys]


class Requests:
    """Answers three questions a request, and remembers which were asked together."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def fetch(self, wanted: tuple[Question, ...]) -> dict[Question, Known[str]]:
        self.made.append("".join(each.key for each in wanted))
        return {each: Known(each.key.upper()) for each in wanted[:3]}


class Deaf:
    """Answers that cannot say what they know."""

    def __init__(self) -> None:
        self.memory = InMemory()

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        return self.memory.ask(question, kind, fetch)


class Offline:
    """Answers that must not use the network and know one thing."""

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        assert kind is str
        if question.key == "a":
            return fetch(None).value
        raise OfflineError("Comfy Registry", "is not asked")


def test_unknown_answers_are_fetched_together() -> None:
    requests = Requests()
    found = ask_many(InMemory(), questions(*"abcda"), str, requests.fetch)
    assert found == {question(key): key.upper() for key in "abcd"}
    assert requests.made == ["abcd", "d"]


def test_known_answers_take_no_place_in_a_request() -> None:
    answers, requests = InMemory(), Requests()
    ask_many(answers, questions("b", "d"), str, requests.fetch)
    ask_many(answers, questions(*"abcdef"), str, requests.fetch)
    ask_many(answers, questions(*"fedcba"), str, requests.fetch)
    assert requests.made == ["bd", "acef", "f"]


def test_answers_that_cannot_peek_are_asked_one_by_one_and_fetched_together() -> None:
    answers, requests = Deaf(), Requests()
    assert known_answer(answers, question("a"), str) is None
    ask_many(answers, questions("a"), str, requests.fetch)
    assert list(ask_many(answers, questions(*"ab"), str, requests.fetch).values()) == ["A", "B"]
    assert requests.made == ["a", "b"]


def test_what_must_not_be_asked_is_left_out() -> None:
    assert ask_many(Offline(), questions(*"ab"), str, Requests().fetch) == {question("a"): "A"}


def test_errors_are_not_known_and_come_again() -> None:
    def unreachable(_: tuple[Question, ...]) -> dict[Question, Known[str]]:
        raise SourceUnavailableError("Comfy Registry", "cannot be reached")

    answers = InMemory()
    for _ in range(2):
        with pytest.raises(SourceUnavailableError):
            ask_many(answers, questions("a"), str, unreachable)
    assert known_answer(answers, question("a"), str) is None


# answers that outlive a run


class Pack(Struct, frozen=True, tag="pack"):
    name: str


A = question("a")


class Now:
    time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


def test_fresh_answers_of_the_disk_are_known_and_stale_ones_are_not(tmp_path: Path) -> None:
    now = Now()
    cache = Cache(str(tmp_path), now, max_age=10)
    Cached(cache).ask(A, Pack, lambda _: Known(Pack("a")))
    later = Cached(cache)
    assert later.known(question("b"), Pack) is None
    assert later.known(A, Pack) == later.known(A, Pack) == Pack("a")
    assert later.counts() == {"comfy-registry": (1, 0)}
    now.time += 11
    assert Cached(cache).known(A, Pack) is None
    offline = Answerless(cache)
    assert offline.known(A, Pack) == offline.known(A, Pack) == Pack("a")
    assert offline.known(question("b"), Pack) is None


def test_what_is_known_is_recorded_too(tmp_path: Path) -> None:
    inner = InMemory()
    inner.ask(A, Pack, lambda _: Known(Pack("a")))
    recording = Recording(inner, str(tmp_path))
    assert recording.known(question("b"), Pack) is None
    assert recording.known(A, Pack) == recording.known(A, Pack) == Pack("a")
    replay = Replay(str(tmp_path))
    assert replay.known(A, Pack) == Pack("a")
    assert replay.known(question("b"), Pack) is None
