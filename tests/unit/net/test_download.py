from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import httpx
import pytest

from comfylock.errors import SourceUnavailableError
from comfylock.net.http import Download, Http
from comfylock.net.pages import is_page
from comfylock.net.retries import Patience
from comfylock.net.trust import Trust
from tests.services.loopback import Answer, Service, document, page, redirect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.net.conftest import Clock

DATA = bytes(range(256)) * 40
SHA256 = hashlib.sha256(DATA).hexdigest()
TAGGED = {"ETag": '"1"'}


def whole(download: Download, sink: io.BytesIO | None = None) -> bool:
    right = (download.status, download.sha256, download.size) == (200, SHA256, len(DATA))
    return right and (sink is None or sink.getvalue() == DATA)


def test_a_file_is_hashed_and_stored(http: Http, service: Service, other: Service) -> None:
    service.answers["/a"] = redirect(f"{other.url}/b?sig=x")
    other.answers["/b"] = Answer(DATA, headers=TAGGED)
    sink = io.BytesIO()
    answer = http.download(f"{service.url}/a", limit=len(DATA), sink=sink)
    assert whole(answer, sink)
    assert answer.url == f"{other.url}/b"
    assert answer.headers["etag"] == '"1"'
    assert other.asked[0].headers["Accept-Encoding"] == "identity"
    assert whole(http.download(f"{service.url}/a", limit=1 << 20))


@pytest.mark.parametrize("status", [204, 401, 403, 404])
def test_any_other_status_has_no_bytes(http: Http, service: Service, status: int) -> None:
    service.answers["/a"] = Answer(b"no" if status != 204 else b"", status)
    sink = io.BytesIO()
    answer = http.download(f"{service.url}/a", limit=100, sink=sink)
    assert (answer.status, answer.sha256, sink.getvalue()) == (status, "", b"")


@pytest.mark.parametrize("endless", [True, False])
def test_the_limit(http: Http, service: Service, *, endless: bool) -> None:
    service.answers["/a"] = Answer(DATA, endless=endless)
    with pytest.raises(SourceUnavailableError, match="gave more than 9000 bytes"):
        http.download(f"{service.url}/a", limit=9000)
    assert len(service.asked) == 1


def test_a_broken_download_is_taken_up_again(http: Http, service: Service) -> None:
    cut = Answer(DATA[:5000], headers=TAGGED, missing=len(DATA) - 5000)
    service.queued["/a"] = [cut]
    service.answers["/a"] = Answer(DATA, headers=TAGGED, ranges=True)
    sink = io.BytesIO()
    assert whole(http.download(f"{service.url}/a", limit=1 << 20, sink=sink), sink)
    asked = service.asked[1].headers
    assert (asked["Range"], asked["If-Range"]) == ("bytes=5000-", '"1"')
    assert "Range" not in service.asked[0].headers


def test_a_part_that_breaks_off_as_well(http: Http, service: Service) -> None:
    part = {**TAGGED, "Content-Range": f"bytes 5000-{len(DATA) - 1}/{len(DATA)}"}
    service.queued["/a"] = [
        Answer(DATA[:5000], headers=TAGGED, missing=len(DATA) - 5000),
        Answer(DATA[5000:7000], 206, headers=part, missing=len(DATA) - 7000),
    ]
    service.answers["/a"] = Answer(DATA, headers=TAGGED, ranges=True)
    sink = io.BytesIO()
    assert whole(http.download(f"{service.url}/a", limit=1 << 20, sink=sink), sink)
    assert service.asked[2].headers["Range"] == "bytes=7000-"


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"1"'}, {"Last-Modified": "yesterday"}])
def test_without_a_strong_validator_it_begins_again(
    http: Http, service: Service, headers: dict[str, str]
) -> None:
    service.queued["/a"] = [Answer(b"other" * 99, headers=headers, missing=5)]
    service.answers["/a"] = Answer(DATA, headers=headers)
    sink = io.BytesIO(b"before")
    sink.seek(6)
    assert whole(http.download(f"{service.url}/a", limit=1 << 20, sink=sink))
    assert sink.getvalue() == b"before" + DATA
    assert "Range" not in service.asked[1].headers


def test_a_file_that_has_changed_begins_again(http: Http, service: Service) -> None:
    service.queued["/a"] = [Answer(b"old" * 5000, headers={"ETag": '"0"'}, missing=5)]
    service.answers["/a"] = Answer(DATA, headers=TAGGED, ranges=True)
    sink = io.BytesIO()
    assert whole(http.download(f"{service.url}/a", limit=1 << 20, sink=sink), sink)


@pytest.mark.parametrize(
    "part",
    [
        Answer(b"x", 416),
        Answer(b"x", 206),
        Answer(b"x", 206, headers={"Content-Range": "bytes 0-9/10"}),
        Answer(DATA[5000:], 206, headers={"ETag": '"2"', "Content-Range": "bytes 5000-9/*"}),
    ],
)
def test_a_part_that_does_not_fit_begins_again(http: Http, service: Service, part: Answer) -> None:
    service.queued["/a"] = [Answer(DATA[:5000], headers=TAGGED, missing=9), part]
    service.answers["/a"] = Answer(DATA, headers=TAGGED)
    sink = io.BytesIO()
    assert whole(http.download(f"{service.url}/a", limit=1 << 20, sink=sink), sink)
    assert "Range" not in service.asked[2].headers


def test_a_part_that_nobody_asked_for(http: Http, service: Service) -> None:
    headers = {"Content-Range": "bytes 0-9/10"}
    service.answers["/a"] = Answer(b"x" * 10, 206, headers=headers)
    with pytest.raises(SourceUnavailableError, match="sent a part that nobody asked for"):
        http.download(f"{service.url}/a", limit=1 << 20)


def test_a_file_that_is_gone_after_it_broke_off(http: Http, service: Service) -> None:
    service.queued["/a"] = [Answer(DATA, headers=TAGGED, missing=9)]
    sink = io.BytesIO()
    answer = http.download(f"{service.url}/a", limit=1 << 20, sink=sink)
    assert (answer.status, answer.sha256, sink.getvalue()) == (404, "", b"")


def test_it_breaks_off_to_the_end(http: Http, service: Service) -> None:
    service.answers["/a"] = Answer(DATA, missing=9)
    with pytest.raises(SourceUnavailableError, match=f"broke off after {len(DATA)} bytes, four"):
        http.download(f"{service.url}/a", limit=1 << 20)


def test_progress_earns_patience(http: Http, service: Service) -> None:
    data = b"x" * (5 << 20)
    service.queued["/a"] = [Answer(data[: 1 << 20], headers=TAGGED, missing=4 << 20)]
    for start in (1 << 20, 2 << 20, 3 << 20, 4 << 20):
        part = {**TAGGED, "Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        piece = data[start : start + (1 << 20)]
        missing = len(data) - start - len(piece)
        service.queued["/a"].append(Answer(piece, 206, headers=part, missing=missing))
    assert http.download(f"{service.url}/a", limit=1 << 30).size == len(data)
    assert len(service.asked) == 5


def test_a_length_that_a_transport_does_not_check(clock: Clock) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Length": "9"}, stream=httpx.ByteStream(b"x"))

    with (
        Http("t", Trust(), httpx.MockTransport(answer), timing=clock.timing()) as http,
        pytest.raises(SourceUnavailableError, match="broke off after 1 bytes"),
    ):
        http.download("https://a.example/b", limit=100)


def test_a_trickle_is_not_waited_for(service: Service, clock: Clock) -> None:
    service.answers["/a"] = Answer(b"x" * 10, endless=True)
    ticking = iter(range(0, 10_000_000, 8))
    timing = clock.timing()
    slow = type(timing)(lambda: next(ticking), timing.now, timing.sleep, timing.random)
    trust = Trust(configured=frozenset({service.place}))
    patience = Patience(attempts=1, budget=60)
    with (
        Http("t", trust, timing=slow, patience=patience) as http,
        pytest.raises(SourceUnavailableError, match="is too slow: "),
    ):
        http.download(f"{service.url}/a", limit=1 << 24)


def test_somebody_may_watch(service: Service, clock: Clock) -> None:
    seen: list[tuple[str, int, int | None]] = []
    service.answers["/a"] = Answer(DATA)
    trust = Trust(configured=frozenset({service.place}))
    watch = lambda *told: seen.append(told)  # noqa: E731 - one line
    with Http("t", trust, timing=clock.timing(), on_bytes=watch) as http:
        http.download(f"{service.url}/a?token=secret", limit=1 << 20)
    assert seen[-1] == (f"{service.url}/a", len(DATA), len(DATA))


# pages


@pytest.mark.parametrize(
    "answer",
    [page(), Answer(b"  <!DOCTYPE html><p>", content_type="x/y"), document({"error": "login"})],
)
def test_a_page_is_no_file(http: Http, service: Service, answer: Answer) -> None:
    service.answers["/a.safetensors"] = answer
    sink = io.BytesIO()
    url = f"{service.url}/a.safetensors"
    got = http.download(url, limit=1 << 20, sink=sink, refuse_pages=True)
    assert (got.status, got.is_page, got.sha256, sink.getvalue()) == (200, True, "", b"")
    assert not http.download(url, limit=1 << 20).is_page


def test_a_file_is_read_whole_after_the_look(http: Http, service: Service) -> None:
    service.answers["/a.safetensors"] = Answer(DATA, content_type="application/octet-stream")
    service.answers["/empty"] = Answer(b"", content_type="application/octet-stream")
    sink = io.BytesIO()
    url = f"{service.url}/a.safetensors"
    assert whole(http.download(url, limit=1 << 20, sink=sink, refuse_pages=True), sink)
    empty = http.download(f"{service.url}/empty", limit=1, refuse_pages=True)
    assert (empty.size, empty.is_page) == (0, False)


@pytest.mark.parametrize(
    ("kind", "first", "path", "expected"),
    [
        ("text/html; charset=utf-8", b"", "/a.bin", True),
        ("TEXT/HTML", b"", "/a", True),
        ("text/html", b"<html>", "/a.html", False),
        ("application/xhtml+xml", b"", "/a.pth", True),
        ("text/plain", b"\xef\xbb\xbf\n<HTML>", "/a.pth", True),
        ("application/json", b"{}", "/config.json", False),
        ("application/json", b"{}", "/api/download/models/1", True),
        ("application/problem+json; x=y", b"", "/a.zip", True),
        ("application/octet-stream", b'{ "error" : 1}', "/a.zip", True),
        ("application/octet-stream", b'{"error": 1}', "/a.JSON", False),
        ("application/octet-stream", b'\x08\x00\x00{"x"', "/a.safetensors", False),
        ("", b"import torch", "/node.py", False),
        ("image/svg+xml", b"<svg>", "/a.svg", False),
    ],
)
def test_what_a_page_is(kind: str, first: bytes, path: str, *, expected: bool) -> None:
    assert is_page(kind, first, path) is expected


def test_a_slow_file_may_take_its_time_while_it_comes(service: Service, clock: Clock) -> None:
    data = b"x" * (2 << 20)
    service.answers["/a"] = Answer(data)
    ticking = iter(range(0, 10_000_000, 3))
    timing = clock.timing()
    slow = type(timing)(lambda: next(ticking), timing.now, timing.sleep, timing.random)
    trust = Trust(configured=frozenset({service.place}))
    with Http("t", trust, timing=slow, patience=Patience(attempts=1, budget=60)) as http:
        assert http.download(f"{service.url}/a", limit=1 << 30).size == len(data)
    assert next(ticking) > 60


class Trickle(httpx.SyncByteStream):
    """A body without an end, from a transport that knows no patience."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b"x"


def test_a_trickle_is_not_waited_for_whatever_the_transport(clock: Clock) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Trickle()))
    ticking = iter(range(0, 10_000_000, 8))
    timing = clock.timing()
    slow = type(timing)(lambda: next(ticking), timing.now, timing.sleep, timing.random)
    patience = Patience(attempts=1, budget=60)
    with Http("t", Trust(), transport, timing=slow, patience=patience) as http:
        with pytest.raises(SourceUnavailableError, match="is too slow: "):
            http.download("https://a.example/b", limit=1 << 24)
        with pytest.raises(SourceUnavailableError, match="is too slow: "):
            http.request("GET", "https://a.example/b")
