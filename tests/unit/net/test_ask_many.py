from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest

from comfylock.errors import OfflineError, SourceUnavailableError
from comfylock.net.answers import InMemory
from comfylock.net.interface import Known, Question, ask_many, known_answer

if TYPE_CHECKING:
    from collections.abc import Callable

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
