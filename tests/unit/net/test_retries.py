from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.errors import SourceUnavailableError
from comfylock.net.faults import Fault
from comfylock.net.limits import Failed, Hosts
from comfylock.net.retries import is_refusal, refusal
from tests.services.loopback import Answer, Service, document

if TYPE_CHECKING:
    from comfylock.net.http import Http
    from tests.unit.net.conftest import Clock

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT


WAITS: dict[str, tuple[int, dict[str, str], float]] = {
    "seconds": (429, {"Retry-After": "7"}, 7),
    "date": (503, {"Retry-After": "Fri, 15 Jan 2027 08:00:20 GMT"}, 20),
    "past date": (503, {"Retry-After": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0),
    "Hub": (429, {"RateLimit": '"api";r=0;t=12'}, 13),
    "Hub, both": (429, {"RateLimit": '"api";r=0;t=12', "Retry-After": "3"}, 3),
    "GitHub": (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800000030"}, 31),
    "GitHub, late": (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1700000000"}, 1),
    "GitHub, secondary": (403, {"Retry-After": "9"}, 9),
}


@pytest.mark.parametrize("kind", WAITS)
def test_a_service_says_how_long_to_wait(
    http: Http, service: Service, clock: Clock, kind: str
) -> None:
    status, headers, expected = WAITS[kind]
    service.queued["/a"] = [Answer(status=status, headers=headers)]
    service.answers["/a"] = document(1)
    assert http.request("GET", f"{service.url}/a").status == 200
    assert sum(clock.slept) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "soon"},
        {"Retry-After": "-3"},
        {"Retry-After": "9" * 30},
        {"Retry-After": "Fri, 99 Jan 2027 08:00:20 GMT"},
        {"RateLimit": '"api";r=3;t=12'},
        {"RateLimit": "nonsense"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "x"},
        {"X-RateLimit-Remaining": "0"},
    ],
)
def test_words_that_say_nothing_leave_it_to_backoff(
    http: Http, service: Service, clock: Clock, headers: dict[str, str]
) -> None:
    service.queued["/a"] = [Answer(status=429, headers=headers)]
    service.answers["/a"] = document(1)
    http.request("GET", f"{service.url}/a")
    assert clock.slept == [0.25]


def test_pulls_that_are_used_up_come_back_in_hours(
    http: Http, service: Service, clock: Clock
) -> None:
    left = {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600"}
    service.answers["/a"] = Answer(status=429, headers=left)
    with pytest.raises(SourceUnavailableError, match=r"has no pulls left for now$") as caught:
        http.request("GET", f"{service.url}/a")
    assert "mirror" in (caught.value.hint or "")
    assert (clock.slept, len(service.asked)) == ([], 1)


@pytest.mark.parametrize("left", ["7;w=21600", "0", "none", "10;w=1", "0;w=x"])
def test_other_words_about_pulls_leave_it_to_backoff(
    http: Http, service: Service, clock: Clock, left: str
) -> None:
    service.queued["/a"] = [Answer(status=429, headers={"RateLimit-Remaining": left})]
    service.answers["/a"] = document(1)
    http.request("GET", f"{service.url}/a")
    assert clock.slept == [0.25]


def test_a_date_without_a_zone_is_utc() -> None:
    told = refusal(429, {"retry-after": "Fri, 15 Jan 2027 08:00:05 -0000"}, NOW)[1]
    assert told == 5


def test_backoff_doubles_and_its_jitter_is_full(http: Http, service: Service, clock: Clock) -> None:
    clock.chance = 0.0
    service.queued["/a"] = [Answer(status=503)] * 3
    service.answers["/a"] = document(1)
    http.request("GET", f"{service.url}/a")
    assert clock.slept == [0, 0, 0]


def test_a_wait_beyond_the_budget_is_not_begun(http: Http, service: Service, clock: Clock) -> None:
    service.answers["/a"] = Answer(status=429, headers={"Retry-After": "100"})
    with pytest.raises(SourceUnavailableError) as caught:
        http.request("GET", f"{service.url}/a")
    assert str(caught.value) == "127.0.0.1: answered 429; try again in 101 seconds"
    assert (clock.slept, len(service.asked)) == ([], 1)


def test_github_says_when_to_come_back(http: Http, service: Service, clock: Clock) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800003600"}
    service.answers["/a"] = Answer(status=403, headers=headers)
    with pytest.raises(SourceUnavailableError) as caught:
        http.request("GET", f"{service.url}/a")
    assert str(caught.value) == (
        "127.0.0.1: has no requests left for now; try again after 2027-01-15 09:00 UTC"
    )
    assert caught.value.hint == "a token raises the limit: set GITHUB_TOKEN"
    with pytest.raises(SourceUnavailableError, match="after 2027-01-15 09:00 UTC"):
        http.request("GET", f"{service.url}/b")
    assert (clock.slept, len(service.asked)) == ([], 1)


def test_the_budget_holds_for_all_attempts(http: Http, service: Service, clock: Clock) -> None:
    service.answers["/a"] = Answer(status=503, headers={"Retry-After": "25"})
    with pytest.raises(SourceUnavailableError, match="answered 503; try again in 26 seconds"):
        http.request("GET", f"{service.url}/a")
    assert clock.slept == [25, 25]


def test_who_comes_later_waits_too(http: Http, service: Service, clock: Clock) -> None:
    hosts = http._hosts
    service.answers["/a"] = document(1)
    hosts.rest(service.place, clock.time + 5)
    hosts.rest(service.place, clock.time + 3)
    http.request("GET", f"{service.url}/a")
    assert clock.slept == [5]
    hosts.rest(service.place, clock.time + 500)
    with pytest.raises(SourceUnavailableError, match="left alone; try again after 2027-"):
        http.request("GET", f"{service.url}/a")
    assert clock.slept == [5]


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {"x-ratelimit-remaining": "0"}, False),
        (403, {}, False),
        (403, {"x-ratelimit-remaining": "12"}, False),
        (403, {"x-ratelimit-remaining": "0"}, True),
        (403, {"retry-after": "1"}, True),
        (404, {}, False),
        (429, {}, True),
        (500, {}, True),
        (599, {}, True),
    ],
)
def test_what_is_no_answer(status: int, headers: dict[str, str], *, expected: bool) -> None:
    assert is_refusal(status, headers) is expected


def test_the_first_reason_stays() -> None:
    hosts = Hosts(2, {"a.example": 1})
    hosts.give_up(Failed("a.example:443", Fault("is away")))
    hosts.give_up(Failed("a.example:443", Fault("is gone")))
    down = hosts.down("a.example:443")
    assert down is not None
    assert str(down) == "is away"
    with pytest.raises(Failed, match="is away"), hosts.turn("a.example:443"):
        pass
    assert hosts.sent() == {}
