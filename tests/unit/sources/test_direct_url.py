from __future__ import annotations

import hashlib
from functools import partial
from threading import Event, Timer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from comfylock.errors import SourceUnavailableError
from comfylock.net.answers import Cached, InMemory
from comfylock.net.cache import Cache
from comfylock.references import PlainUrl
from comfylock.sources.direct_url import DirectUrl, may_be_visited
from comfylock.sources.file_front import KEPT, Front, TooLargeError
from comfylock.sources.interface import Missing, ModelFacts
from tests.services.file_host import FileHost, file_host_serving
from tests.services.web import Fault, Reply, document, moved
from tests.unit.sources.loopback_client import client_for, trust_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from comfylock.net.http import Http
    from comfylock.net.interface import Answers

LIMIT = 1 << 20
WEIGHTS = b"weights " * 1000
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture
def host() -> Iterator[FileHost]:
    with file_host_serving() as running:
        yield running


@pytest.fixture
def http(host: FileHost) -> Iterator[Http]:
    with client_for(host) as client:
        yield client


@pytest.fixture
def source(host: FileHost, http: Http) -> DirectUrl:
    return source_over(InMemory(), host, http)


def source_over(answers: Answers, host: FileHost, http: Http) -> DirectUrl:
    return DirectUrl(answers, http, is_allowed=allowed_on(host), limit=LIMIT)


def allowed_on(host: FileHost) -> Callable[[str], bool]:
    """Everything that this host has."""
    hosts = trust_for(host).configured
    return lambda url: urlsplit(url).netloc in hosts


def missing(source: DirectUrl, url: str) -> Missing:
    found = source.find(PlainUrl(url))
    assert isinstance(found, Missing), found
    assert not found.message.endswith(".")
    return found


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"elsewhere": True},
        {"head": 405},
        {"head": 403},
        {"head": 501},
        {"etag": None, "date": None},
        {"content_type": "text/plain"},
    ],
)
def test_a_file_is_read_to_its_end(
    host: FileHost, source: DirectUrl, settings: dict[str, Any]
) -> None:
    url = host.add("/files/model%20one.pth", WEIGHTS, **settings)
    expected = ModelFacts(
        source="url", sha256=SHA256, size=len(WEIGHTS), verified="downloaded", url=url
    )
    assert source.find(PlainUrl(url)) == expected
    asked = len(host.asked)
    assert source.find(PlainUrl(url)) == expected
    assert len(host.asked) == asked


def test_a_file_is_two_requests(host: FileHost, source: DirectUrl) -> None:
    source.find(PlainUrl(host.add("/a.pth", WEIGHTS)))
    assert host.paths() == ["HEAD /a.pth", "GET /a.pth"]


# what is no file


def test_a_login_page_is_no_file(host: FileHost, source: DirectUrl) -> None:
    found = missing(source, host.add("/private/a.safetensors", login=True))
    assert found == Missing(
        "not-a-file",
        f"`a.safetensors` on {host.host} gave a web page (`Sign in to go on`) instead of a file",
        "open the address in a browser; a login or a consent page may stand before the file",
    )


@pytest.mark.parametrize(
    ("content", "settings", "words"),
    [
        (b"<p>untitled", {"content_type": "text/html"}, "a web page or an error message"),
        (b"<!doctype html><title>T</title>", {}, "a web page (`T`)"),
        (b'{"error": "quota"}', {"content_type": "application/json"}, "an error message"),
        (b"{}", {"content_type": "application/problem+json"}, "an error message"),
        (b'{"success": false}', {"content_type": "application/json"}, "an error message"),
        (b"", {}, "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", {}, "git-lfs pointer"),
    ],
)
def test_pages_pointers_and_nothing_are_no_files(
    host: FileHost, source: DirectUrl, content: bytes, settings: dict[str, Any], words: str
) -> None:
    found = missing(source, host.add("/a.pth", content, **settings))
    assert found.reason == "not-a-file"
    assert words in found.message


def test_a_page_that_is_asked_for_is_no_file_either(host: FileHost, source: DirectUrl) -> None:
    url = host.add("/models/index.html", b"<html>", content_type="text/html")
    assert missing(source, url).reason == "not-a-file"


def test_a_json_file_is_a_file(host: FileHost, source: DirectUrl) -> None:
    content = b'{"architectures": ["T5"]}'
    url = host.add("/config.json", content, content_type="application/json")
    found = source.find(PlainUrl(url))
    assert isinstance(found, ModelFacts)
    assert found.size == len(content)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "needs-token"), (403, "needs-token"), (404, "not-found"), (410, "gone"), (451, "legal")],
)
@pytest.mark.parametrize("head", [200, 0])
def test_refusals_say_why(
    host: FileHost, source: DirectUrl, status: int, reason: str, head: int
) -> None:
    url = host.add("/a.pth", status=status, head=head or status)
    found = missing(source, url)
    assert found.reason == reason
    assert found.message.startswith(f"`a.pth` on {host.host} ")


def test_an_odd_status_is_the_hosts_fault(host: FileHost, source: DirectUrl) -> None:
    url = host.add("/a.pth", status=418)
    with pytest.raises(SourceUnavailableError, match=r"answered 418 for `a\.pth`"):
        source.find(PlainUrl(url))


@pytest.mark.parametrize("settings", [{}, {"head": 405}, {"endless": True}])
def test_too_large_files_are_not_taken(
    host: FileHost, source: DirectUrl, settings: dict[str, Any]
) -> None:
    found = missing(source, host.add("/a.pth", bytes(LIMIT + 1), **settings))
    assert found == Missing("too-large", f"`a.pth` on {host.host} is larger than 1 MiB")
    if not settings:
        assert host.paths() == ["HEAD /a.pth"]


def test_small_limits_are_told_in_bytes(host: FileHost, http: Http) -> None:
    source = DirectUrl(InMemory(), http, is_allowed=lambda _: True, limit=10)
    assert missing(source, host.add("/a.pth")).message.endswith("is larger than 10 bytes")


# where nobody goes


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/a.pth",
        "http://github.com/a.pth",
        "ftp://github.com/a.pth",
        "file:///etc/passwd",
        "https://me:secret@github.com/a.pth",
        "https://github.com/a.pth?token=secret-enough",
        "https://github.com/a\nb",
        "https://[",
        "",
        "https:///a",
        "https://github.com.evil.test/a",
    ],
)
def test_addresses_elsewhere_are_not_visited(host: FileHost, source: DirectUrl, url: str) -> None:
    found = missing(source, url)
    assert found.reason == "not-allowed"
    assert "secret" not in found.message
    assert host.asked == []


def test_the_hint_names_the_host(source: DirectUrl) -> None:
    assert missing(source, "https://evil.test/x").hint == (
        '`[trust] allow-hosts = ["evil.test"]` in comfylock.toml adds it'
    )


def test_a_redirect_into_a_private_network_is_refused(host: FileHost, source: DirectUrl) -> None:
    url = host.add("/a.pth")
    host.faults["/a.pth"] = Fault(moved("http://10.0.0.1/a.pth"))
    assert missing(source, url).reason == "not-allowed"


def test_who_is_allowed() -> None:
    is_allowed = partial(may_be_visited, configured=frozenset({"box:80", "files.test"}))
    assert is_allowed("https://github.com/a")
    assert is_allowed("https://anywhere.example/a")
    assert is_allowed("http://box:80/a")
    assert is_allowed("http://files.test/a")
    assert not is_allowed("http://github.com/a")
    assert not is_allowed("http://box:81/a")
    assert not is_allowed("https://github.com/../a")
    assert not is_allowed("ftp://github.com/a")
    assert not is_allowed("file:///etc/passwd")


# what has not changed is not read again


class Now:
    time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


def reasked(
    tmp_path: Path, host: FileHost, http: Http, change: dict[str, Any], **settings: Any
) -> list[str]:
    """What is asked for when an answer has become old."""
    now = Now()
    url = host.add("/a.pth", WEIGHTS, **settings)
    first = source_over(Cached(Cache(str(tmp_path), now)), host, http).find(PlainUrl(url))
    assert isinstance(first, ModelFacts)
    now.time += 10_000
    for name, value in change.items():
        setattr(host.files["/a.pth"], name, value)
    host.asked.clear()
    again = source_over(Cached(Cache(str(tmp_path), now)), host, http).find(PlainUrl(url))
    assert isinstance(again, ModelFacts)
    assert again.sha256 == hashlib.sha256(host.files["/a.pth"].content).hexdigest()
    return [request.method for request in host.asked]


LATER = "Sun, 02 Mar 2025 12:00:00 GMT"


@pytest.mark.parametrize(
    ("settings", "change", "expected"),
    [
        ({}, {}, ["HEAD"]),
        ({"etag": None}, {}, ["HEAD"]),
        ({}, {"date": LATER}, ["HEAD"]),
        ({}, {"content": b"others"}, ["HEAD", "GET"]),
        ({"etag": None}, {"date": LATER}, ["HEAD", "GET"]),
        ({"etag": None}, {"content": b"shorter"}, ["HEAD", "GET"]),
        ({"etag": "weak"}, {}, ["HEAD", "GET"]),
        ({"etag": None, "date": None}, {}, ["HEAD", "GET"]),
        ({}, {"etag": None}, ["HEAD", "GET"]),
        ({"head": 405}, {}, ["HEAD", "GET"]),
    ],
)
def test_an_unchanged_file_is_not_read_again(
    tmp_path: Path,
    host: FileHost,
    http: Http,
    settings: dict[str, Any],
    change: dict[str, Any],
    expected: list[str],
) -> None:
    assert reasked(tmp_path, host, http, change, **settings) == expected


def test_refusals_are_not_kept(tmp_path: Path, host: FileHost, http: Http) -> None:
    cache = Cache(str(tmp_path), Now())
    url = host.add("/a.pth", status=403)
    assert missing(source_over(Cached(cache), host, http), url).reason == "needs-token"
    host.files["/a.pth"].status = 200
    assert isinstance(source_over(Cached(cache), host, http).find(PlainUrl(url)), ModelFacts)


# faults


def test_a_reset_is_taken_up_again(host: FileHost, source: DirectUrl) -> None:
    url = host.add("/a.pth", WEIGHTS, head=405)
    host.faults["/a.pth"] = Fault(times=2, resets=True)
    found = source.find(PlainUrl(url))
    assert isinstance(found, ModelFacts)
    assert found.sha256 == SHA256


def test_the_wrong_length_is_the_hosts_fault(host: FileHost, source: DirectUrl) -> None:
    url = host.add("/a.pth", WEIGHTS, promised=len(WEIGHTS) + 9)
    with pytest.raises(SourceUnavailableError):
        source.find(PlainUrl(url))


def test_a_slow_host_is_waited_for(host: FileHost, source: DirectUrl) -> None:
    event = Event()
    host.faults["/a.pth"] = Fault(until=event)
    Timer(0.05, event.set).start()
    assert isinstance(source.find(PlainUrl(host.add("/a.pth"))), ModelFacts)


@pytest.mark.parametrize("reply", [Reply(500), Reply(429), document({}, 503)])
def test_overload_names_the_host(host: FileHost, source: DirectUrl, reply: Reply) -> None:
    host.faults["/a.pth"] = Fault(reply)
    with pytest.raises(SourceUnavailableError, match=r"127\.0\.0\.1"):
        source.find(PlainUrl(host.add("/a.pth")))


def test_a_front_counts_all_and_keeps_little() -> None:
    front = Front(KEPT * 3)
    for _ in range(3):
        front.write(b"x" * KEPT)
    assert (front.tell(), len(front.getvalue())) == (KEPT * 3, KEPT)
    with pytest.raises(TooLargeError):
        front.write(b"y")
    front.seek(0)
    front.truncate()
    front.write(b"again")
    assert (front.tell(), front.getvalue()) == (5, b"again")
