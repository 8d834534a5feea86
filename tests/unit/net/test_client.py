from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import httpx
import pytest

from comfylock.errors import SourceUnavailableError, UsageError
from comfylock.net.client import MAX_REDIRECTS, Client

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "https://lists.example/a/b.json"


def client(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    return Client("tests/1", httpx.MockTransport(answer))


def fixed(response: httpx.Response) -> Client:
    return client(lambda _: response)


def test_a_file_is_what_was_sent() -> None:
    with fixed(httpx.Response(200, content=b"{}")) as opened:
        assert opened.get(URL, 2) == b"{}"


@pytest.mark.parametrize("status", [204, 206, 301, 304, 401, 403, 404, 429, 500, 503])
def test_any_status_but_200_is_a_fault(status: int) -> None:
    with (
        fixed(httpx.Response(status)) as opened,
        pytest.raises(SourceUnavailableError) as caught,
    ):
        opened.get(f"{URL}?token=secret", 10)
    assert str(caught.value) == f"lists.example: answered {status} for /a/b.json"
    assert (caught.value.service, caught.value.exit_code) == ("lists.example", 3)


def test_the_limit_counts_what_is_unpacked() -> None:
    packed = gzip.compress(bytes(5 << 20))
    headers = {"Content-Encoding": "gzip"}
    with fixed(httpx.Response(200, content=packed, headers=headers)) as opened:
        assert len(opened.get(URL, 5 << 20)) == 5 << 20
    with (
        fixed(httpx.Response(200, content=packed, headers=headers)) as opened,
        pytest.raises(SourceUnavailableError, match="gave more than 4 MiB"),
    ):
        opened.get(URL, 4 << 20)


def test_what_cannot_be_unpacked_is_a_fault() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        stream = httpx.ByteStream(b"no gzip")
        return httpx.Response(200, stream=stream, headers={"Content-Encoding": "gzip"})

    with client(answer) as opened, pytest.raises(SourceUnavailableError, match="cannot be reached"):
        opened.get(URL, 100)


def test_a_redirect_keeps_to_https() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/safe":
            return httpx.Response(200, content=b"x")
        target = "http://lists.example/safe" if request.url.path == "/down" else "/safe"
        return httpx.Response(302, headers={"Location": target})

    with client(answer) as opened:
        assert opened.get("https://lists.example/up", 9) == b"x"
        assert opened.get("http://lists.example/down", 9) == b"x"
        with pytest.raises(SourceUnavailableError, match="without https"):
            opened.get("https://lists.example/down", 9)


def test_redirects_are_counted() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(302, headers={"Location": f"/{len(asked)}"})

    with client(answer) as opened, pytest.raises(SourceUnavailableError, match="redirects"):
        opened.get(URL, 9)
    assert len(asked) == MAX_REDIRECTS + 1


def test_a_fault_without_words_is_named_by_its_kind() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    with client(answer) as opened, pytest.raises(SourceUnavailableError, match="ReadTimeout"):
        opened.get(URL, 9)


@pytest.mark.parametrize("url", ["", "x", "ftp://a/b", "file:///a", "https://", "http://a:b:c/"])
def test_what_is_no_address_is_never_asked(url: str) -> None:
    with fixed(httpx.Response(200)) as opened, pytest.raises(UsageError, match="is no "):
        opened.get(url, 9)


def test_passwords_are_not_repeated() -> None:
    with fixed(httpx.Response(200)) as opened, pytest.raises(UsageError) as caught:
        opened.get("ftp://alice:hunter2@a/b", 9)
    assert "hunter2" not in str(caught.value)
    with fixed(httpx.Response(404)) as opened, pytest.raises(SourceUnavailableError) as failed:
        opened.get("https://alice:hunter2@a.example/b", 9)
    assert "hunter2" not in str(failed.value)
    with fixed(httpx.Response(200)) as opened, pytest.raises(UsageError) as odd:
        opened.get("http://alice:hunter2@a:b:c/", 9)
    assert "hunter2" not in str(odd.value)
