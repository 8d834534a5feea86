from __future__ import annotations

import gzip
import os
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import httpx
import pytest
import trustme

from comfylock.errors import ConfigError, RefusedError, SourceUnavailableError
from comfylock.net.guard import Guard
from comfylock.net.http import Http
from comfylock.net.retries import Patience
from comfylock.net.transport import GuardedTransport
from comfylock.net.trust import Credentials, Endpoints, Trust
from tests.services.loopback import Answer, Service, document, redirect, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.net.conftest import Clock


def failing(http: Http, url: str, **options: int) -> SourceUnavailableError:
    with pytest.raises(SourceUnavailableError) as caught:
        http.request("GET", url, **options)  # type: ignore[arg-type]
    return caught.value


def test_an_answer_is_what_was_sent(http: Http, service: Service) -> None:
    service.answers["/a"] = Answer(b"{}", headers={"ETag": '"1"', "Last-Modified": "yesterday"})
    answer = http.request("GET", f"{service.url}/a", headers={"X-Own": "1"})
    assert (answer.status, answer.body, answer.url) == (200, b"{}", f"{service.url}/a")
    assert answer.validators == {"etag": '"1"', "last-modified": "yesterday"}
    sent = service.asked[0].headers
    assert (sent["User-Agent"], sent["X-Own"]) == ("tests/1", "1")
    assert http.sent() == {service.place: 1}


@pytest.mark.parametrize("status", [204, 304, 400, 401, 403, 404, 410, 451])
def test_what_a_service_refuses_is_an_answer(http: Http, service: Service, status: int) -> None:
    service.answers["/a"] = Answer(status=status)
    assert http.request("GET", f"{service.url}/a").status == status
    assert len(service.asked) == 1


def test_a_body_is_sent(http: Http, service: Service) -> None:
    service.answers["/bulk"] = document([])
    http.request("POST", f"{service.url}/bulk", body=b"[1]")
    assert (service.asked[0].method, service.asked[0].body) == ("POST", b"[1]")


def test_connections_are_kept(http: Http, service: Service) -> None:
    service.answers["/a"] = Answer(b"x", keeps=True)
    service.answers["/moved"] = Answer(b"on", 302, headers={"Location": "/a"}, keeps=True)
    for _ in range(3):
        http.request("GET", f"{service.url}/moved")
    assert (http.sent(), service.connections) == ({service.place: 6}, 1)


def test_the_limit_counts_what_is_unpacked(http: Http, service: Service) -> None:
    packed = gzip.compress(bytes(3 << 20))
    service.answers["/a"] = Answer(packed, headers={"Content-Encoding": "gzip"})
    assert len(http.request("GET", f"{service.url}/a", limit=3 << 20).body) == 3 << 20
    assert str(failing(http, f"{service.url}/a", limit=2 << 20)) == (
        "127.0.0.1: gave more than 2 MiB"
    )


def test_too_much_is_not_even_read(http: Http, service: Service) -> None:
    service.answers["/a"] = Answer(b"x" * 11)
    service.answers["/b"] = Answer(b"x" * 11, endless=True)
    assert str(failing(http, f"{service.url}/a", limit=10)).endswith("gave more than 10 bytes")
    assert str(failing(http, f"{service.url}/b", limit=10)).endswith("gave more than 10 bytes")
    assert http.request("HEAD", f"{service.url}/a", limit=10).status == 200
    assert len(service.asked) == 3


def test_what_cannot_be_unpacked_is_a_fault(http: Http, service: Service) -> None:
    service.answers["/a"] = Answer(b"no gzip", headers={"Content-Encoding": "gzip"})
    assert "cannot be unpacked" in str(failing(http, f"{service.url}/a"))
    assert len(service.asked) == 1


def test_a_body_that_never_ends_in_time(service: Service, clock: Clock) -> None:
    service.answers["/a"] = Answer(b"x" * 100, endless=True)
    ticking = iter(range(0, 100_000, 7))
    timing = clock.timing()
    slow = type(timing)(lambda: next(ticking), timing.now, timing.sleep, timing.random)
    trust = Trust(configured=frozenset({service.place}))
    with Http("t", trust, timing=slow, patience=Patience(attempts=1, budget=60)) as http:
        assert "is too slow: " in str(failing(http, f"{service.url}/a", limit=1 << 30))


# redirects


def test_redirects_are_followed_and_counted(http: Http, service: Service, other: Service) -> None:
    service.answers["/a"] = redirect(f"{other.url}/b#part", 307)
    other.answers["/b"] = redirect("/c", 308)
    other.answers["/c"] = document(1)
    answer = http.request("GET", f"{service.url}/a")
    assert (answer.url, answer.body) == (f"{other.url}/c", b"1")
    service.answers["/circle"] = redirect("/circle")
    assert str(failing(http, f"{service.url}/circle")) == "127.0.0.1: more than 5 redirects"
    assert service.paths().count("/circle") == 6


def test_a_redirect_can_be_an_answer(http: Http, service: Service) -> None:
    service.answers["/a"] = redirect("https://signed.example/a?X-Amz-Signature=abc&v=1")
    answer = http.request("GET", f"{service.url}/a", follow=False)
    assert (answer.status, answer.headers["location"]) == (302, "https://signed.example/a?v=1")
    service.answers["/b"] = Answer(b"here", 301)
    assert http.request("GET", f"{service.url}/b").body == b"here"


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [(303, "POST", "GET"), (302, "POST", "GET"), (307, "POST", "POST"), (303, "HEAD", "HEAD")],
)
def test_methods_change_as_browsers_do_it(
    http: Http, service: Service, status: int, method: str, then: str
) -> None:
    service.answers["/a"] = redirect("/b", status)
    service.answers["/b"] = document(1)
    body = b"{}" if method == "POST" else None
    http.request(method, f"{service.url}/a", body=body, headers={"Content-Type": "x/y"})
    assert service.asked[1].method == then
    assert service.asked[1].body == (b"{}" if then == "POST" else b"")
    assert ("Content-Type" in service.asked[1].headers) == (then == "POST")


def test_a_redirect_to_nonsense(http: Http, service: Service) -> None:
    service.answers["/a"] = redirect("http://a:b:c/")
    assert str(failing(http, f"{service.url}/a")) == "127.0.0.1: leads to what is no address"


FORBIDDEN = {
    "http://example.com/": "leads to `example.com`, which is an address without https",
    "https://127.0.0.1/": "is inside a private network",
    "https://localhost/": "is inside a private network",
    "https://2130706433/": "is inside a private network",
    "https://0x7f000001/": "is inside a private network",
    "https://0177.1/": "is inside a private network",
    "https://[::1]/": "is inside a private network",
    "https://[::ffff:10.0.0.1]/": "is inside a private network",
    "https://169.254.169.254/latest/meta-data": "is inside a private network",
    "file:///etc/passwd": "leads to what is not an https address",
}


@pytest.mark.parametrize("target", FORBIDDEN)
def test_redirects_to_forbidden_places_are_refused(
    http: Http, service: Service, target: str
) -> None:
    service.answers["/a"] = redirect(target)
    with pytest.raises(RefusedError) as caught:
        http.request("GET", f"{service.url}/a")
    assert str(caught.value).startswith("127.0.0.1: leads to ")
    assert FORBIDDEN[target] in str(caught.value)
    assert (caught.value.code, caught.value.exit_code) == ("refused", 3)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "host", ["xn--a.example", "xn--zzzzzzz99.example", "%41.example", "b\xfccher.de"]
)
def test_names_that_nobody_can_decode(http: Http, service: Service, host: str) -> None:
    service.answers["/a"] = redirect(f"http://{host}/")
    with pytest.raises(RefusedError, match="without https"):
        http.request("GET", f"{service.url}/a")
    with pytest.raises(RefusedError, match="without https"):
        http.download(f"http://{host}/", limit=1)


@pytest.mark.parametrize("url", ["", "x", "ftp://a/b", "https://", "http://a:b:c/", "http://a.b/"])
def test_what_is_no_address_is_never_asked(url: str) -> None:
    with Http("t", Trust()) as http, pytest.raises(RefusedError):
        http.request("GET", url)


# faults


def test_nobody_listens(http: Http, service: Service, clock: Clock) -> None:
    with serving() as gone:
        url = gone.url
    trust = Trust(configured=frozenset({gone.place}))
    with Http("t", trust, timing=clock.timing()) as opened:
        error = failing(opened, url)
    assert str(error) == "127.0.0.1: cannot be reached: connection refused, four times"
    assert (error.service, error.exit_code) == ("127.0.0.1", 3)
    assert error.__cause__ is not None
    assert clock.slept == [0.25, 0.5, 1.0]
    del http, service


@pytest.mark.parametrize(("number", "slept"), [(socket.EAI_NONAME, 0), (socket.EAI_AGAIN, 3)])
def test_a_name_that_is_not_found(clock: Clock, number: int, slept: int) -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(number, "not known")

    guard = Guard(Trust(), unknown)
    with Http("t", Trust(), GuardedTransport(guard, {}), timing=clock.timing()) as http:
        error = failing(http, "https://nowhere.example/")
    assert str(error).startswith("nowhere.example: cannot be reached: its name is not found")
    assert len(clock.slept) == slept


def test_a_name_that_cannot_be_one(clock: Clock) -> None:
    with Http("t", Trust(), timing=clock.timing(), proxies={}) as http:
        error = failing(http, f"https://{'a' * 64}.example/")
    assert "cannot be reached: its name is not found" in str(error)


def test_a_certificate_that_nobody_signed(clock: Clock) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with serving(context, "localhost") as service:
        trust = Trust(configured=frozenset({service.place}))
        with Http("t", trust, timing=clock.timing()) as http:
            error = failing(http, service.url)
    assert str(error).startswith("localhost: its certificate is not valid: ")
    assert clock.slept == []


def test_a_certificate_that_is_right(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = trustme.CA()
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(tmp_path / "ca.pem"))
    with serving(context, "localhost") as service:
        service.answers["/"] = document(1)
        trust = Trust(configured=frozenset({service.place}))
        with Http("t", trust, timing=clock.timing()) as http:
            assert http.request("GET", f"{service.url}/").body == b"1"


FAULTS: dict[str, tuple[Answer, str]] = {
    "silent": (Answer(raw=b""), "closed the connection without an answer"),
    "another protocol": (Answer(raw=b"SSH-2.0-x\r\n\r\n"), "answered with what is not HTTP"),
    "cut short": (Answer(b"x" * 20, missing=5), "broke off after 20 bytes"),
    "reset": (Answer(b"x" * 4000, resets=True), "broke off after 2000 bytes"),
    "broken": (Answer(status=500), "answered 500"),
    "busy": (Answer(status=503), "answered 503"),
    "too many": (Answer(status=429), "answered 429"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_is_named_after_four_attempts(
    http: Http, service: Service, clock: Clock, fault: str
) -> None:
    service.answers["/a"], expected = FAULTS[fault]
    assert str(failing(http, f"{service.url}/a")) == f"127.0.0.1: {expected}, four times"
    assert len(service.asked) == 4
    assert clock.slept == [0.25, 0.5, 1.0]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_is_not_even_told(http: Http, service: Service, fault: str) -> None:
    service.queued["/a"] = [FAULTS[fault][0]] * 3
    service.answers["/a"] = document(1)
    assert http.request("GET", f"{service.url}/a").body == b"1"


def test_a_status_that_will_not_change_is_asked_once(http: Http, service: Service) -> None:
    service.answers["/a"] = Answer(status=501)
    assert str(failing(http, f"{service.url}/a")) == "127.0.0.1: answered 501"
    assert len(service.asked) == 1


def test_a_host_that_is_down_is_not_asked_again(http: Http, service: Service) -> None:
    service.answers["/a"] = Answer(status=503)
    first = failing(http, f"{service.url}/a")
    second = failing(http, f"{service.url}/b")
    assert str(first) == str(second)
    assert first is not second
    assert len(service.asked) == 4


def test_many_threads_give_up_together(http: Http, service: Service) -> None:
    gate = Event()
    service.answers["/a"] = Answer(status=503, waits_for=gate)
    with ThreadPoolExecutor(40) as pool:
        running = [pool.submit(failing, http, f"{service.url}/a") for _ in range(40)]
        gate.set()
        messages = {str(each.result()) for each in running}
    assert messages == {"127.0.0.1: answered 503, four times"}
    assert len(service.asked) <= 4 * 8


def test_an_answer_that_breaks_off_does_not_blame_the_host(http: Http, service: Service) -> None:
    service.answers["/a"] = Answer(b"x", missing=5)
    service.answers["/b"] = document(1)
    failing(http, f"{service.url}/a")
    assert http.request("GET", f"{service.url}/b").status == 200


def test_few_requests_at_once(service: Service, clock: Clock) -> None:
    gate = Event()
    service.answers["/a"] = Answer(b"1", waits_for=gate)
    trust = Trust(configured=frozenset({service.place}))
    with (
        Http("t", trust, timing=clock.timing(), at_once={"127.0.0.1": 3}) as http,
        ThreadPoolExecutor(12) as pool,
    ):
        running = [pool.submit(http.request, "GET", f"{service.url}/a") for _ in range(12)]
        while service.busy < 3:
            Event().wait(0.005)
        gate.set()
        assert {each.result().status for each in running} == {200}
    assert service.most == 3


def test_a_fault_without_words_is_named_by_its_kind(clock: Clock) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    url = "https://lists.example/a"
    with Http("t", Trust(), httpx.MockTransport(answer), timing=clock.timing()) as http:
        assert "timed out waiting for its answer, four times" in str(failing(http, url))

    def connecting(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("", request=request)

    with Http("t", Trust(), httpx.MockTransport(connecting), timing=clock.timing()) as http:
        assert "timed out while connecting, four times" in str(failing(http, url))

    def proxied(request: httpx.Request) -> httpx.Response:
        raise httpx.ProxyError("407 Proxy Authentication Required", request=request)

    with Http("t", Trust(), httpx.MockTransport(proxied), timing=clock.timing()) as http:
        assert "cannot be reached through the proxy: 407" in str(failing(http, url))

    def unsafe(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("handshake", request=request) from ssl.SSLError("wrong version")

    with Http("t", Trust(), httpx.MockTransport(unsafe), timing=clock.timing()) as http:
        assert "cannot be reached: the TLS handshake failed, four" in str(failing(http, url))


# credentials


def with_tokens(hub: str, civitai: str, github: str = "https://api.github.com") -> Trust:
    return Trust(
        Endpoints(huggingface=hub, civitai=civitai, github_api=github),
        Credentials("hf_hubsecret1", "civitaisecret", "ghp_gitsecret1"),
    )


def authorization(service: Service) -> list[str | None]:
    return [asked.headers.get("Authorization") for asked in service.asked]


def test_each_service_sees_its_own_token(service: Service, other: Service, clock: Clock) -> None:
    for each in (service, other):
        each.answers["/a"] = document(1)
    service.answers["/away"] = redirect(f"{other.url}/a")
    with Http("t", with_tokens(service.url, other.url), timing=clock.timing()) as http:
        http.request("GET", f"{service.url}/a")
        http.request("GET", f"{other.url}/a")
        http.request("GET", f"{service.url}/away")
    assert authorization(service) == ["Bearer hf_hubsecret1"] * 2
    assert authorization(other) == ["Bearer civitaisecret", None]


def test_services_on_one_mirror_are_told_apart(service: Service, clock: Clock) -> None:
    trust = with_tokens(f"{service.url}/hub", f"{service.url}/civitai", f"{service.url}/hub/git")
    with Http("t", trust, timing=clock.timing()) as http:
        for path in ("/hub/a", "/civitai/a", "/hub/git/a", "/hubble/a", "/"):
            http.request("GET", f"{service.url}{path}")
    assert authorization(service) == [
        "Bearer hf_hubsecret1",
        "Bearer civitaisecret",
        "Bearer ghp_gitsecret1",
        None,
        None,
    ]


def test_the_services_own_hosts_get_tokens_over_https_alone() -> None:
    seen = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen[str(request.url)] = request.headers.get("authorization")
        return httpx.Response(200)

    tokens = with_tokens("https://huggingface.co", "https://civitai.com")
    trust = Trust(credentials=tokens.credentials, configured=frozenset({"huggingface.co"}))
    urls = [
        "https://huggingface.co/a",
        "https://hf.co/a",
        "https://civitai.com/a",
        "https://api.github.com/a",
        "https://github.com/a",
        "https://cdn.huggingface.co/a",
        "https://huggingface.co:8443/a",
        "http://huggingface.co/a",
    ]
    with Http("t", trust, httpx.MockTransport(answer)) as http:
        for url in urls:
            http.request("GET", url)
    assert [seen[url] for url in urls] == [
        "Bearer hf_hubsecret1",
        "Bearer hf_hubsecret1",
        "Bearer civitaisecret",
        "Bearer ghp_gitsecret1",
        None,
        None,
        None,
        None,
    ]


def test_a_callers_own_credentials_stay_with_the_first_host(
    http: Http, service: Service, other: Service
) -> None:
    service.answers["/a"] = redirect("/b")
    service.answers["/b"] = redirect(f"{other.url}/c")
    other.answers["/c"] = document(1)
    headers = {"Authorization": "Bearer own", "Cookie": "a=b", "Accept": "x/y"}
    http.request("GET", f"{service.url}/a", headers=headers)
    assert authorization(service) == ["Bearer own", "Bearer own"]
    assert authorization(other) == [None]
    assert "Cookie" not in other.asked[0].headers
    assert other.asked[0].headers["Accept"] == "x/y"


def test_a_password_in_an_address_becomes_a_header(
    http: Http, service: Service, other: Service
) -> None:
    service.answers["/a"] = redirect(f"{other.url}/c".replace("http://", "http://eve:x@"))
    other.answers["/c"] = document(1)
    answer = http.request("GET", f"{service.url}/a".replace("http://", "http://alice:hunter2@"))
    assert answer.url == f"{other.url}/c"
    assert authorization(service) == ["Basic YWxpY2U6aHVudGVyMg=="]
    assert authorization(other) == [None]


def test_a_challenge_is_told_without_secrets(http: Http, service: Service) -> None:
    told = 'Bearer realm="https://auth.example.com/token",scope="x hunter2secret"'
    for path, status in (("/a", 401), ("/b", 200)):
        service.answers[path] = Answer(status=status, headers={"WWW-Authenticate": told})
    long = {"WWW-Authenticate": f"Bearer {'x' * 4096}"}
    service.answers["/c"] = Answer(status=401, headers=long)
    sent = {"Authorization": "Bearer hunter2secret"}
    answers = [http.request("GET", f"{service.url}{path}", headers=sent) for path in ("/a", "/b")]
    assert answers[0].challenge == told.replace("hunter2secret", "***")
    assert answers[1].challenge == ""
    assert http.request("GET", f"{service.url}/c").challenge == ""
    assert all("www-authenticate" not in answer.headers for answer in answers)


def test_where_a_stranger_sends_no_token_goes_along(service: Service, clock: Clock) -> None:
    service.answers["/b"] = document(1)
    service.answers["/a"] = redirect("/b")
    trust = Trust(Endpoints(civitai=service.url), Credentials(civitai="civitaisecret"))
    with Http("t", trust, timing=clock.timing()) as http:
        http.request("GET", f"{service.url}/a", is_anonymous=True)
        assert authorization(service) == [None, None]
        http.request("GET", f"{service.url}/a")
        assert authorization(service)[2:] == ["Bearer civitaisecret"] * 2


def test_cookies_are_not_kept(http: Http, service: Service) -> None:
    service.answers["/a"] = Answer(b"1", headers={"Set-Cookie": "session=1"})
    for _ in range(2):
        assert "set-cookie" not in http.request("GET", f"{service.url}/a").headers
    assert all("Cookie" not in asked.headers for asked in service.asked)


def test_a_token_with_a_line_break_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        Http("t", Trust(credentials=Credentials(civitai="sec\r\nret")))
    assert "line break" in str(caught.value)
    assert "sec" not in str(caught.value)


def test_tokens_are_not_shown() -> None:
    trust = with_tokens("https://a.example", "https://b.example")
    assert "secret" not in repr(trust) + str(trust)
    assert "secret" not in str(trust.credentials.__rich_repr__())


def test_headers_that_trickle_in_are_not_waited_for(service: Service, clock: Clock) -> None:
    service.answers["/a"] = Answer(raw=b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 90_000)
    ticking = iter(range(0, 100_000, 9))
    timing = clock.timing()
    slow = type(timing)(lambda: next(ticking), timing.now, timing.sleep, timing.random)
    trust = Trust(configured=frozenset({service.place}))
    with Http("t", trust, timing=slow, patience=Patience(attempts=1, budget=20)) as http:
        assert "timed out waiting for its answer" in str(failing(http, f"{service.url}/a"))


def test_a_clock_that_runs_out_over_tls(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = trustme.CA()
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(tmp_path / "ca.pem"))
    gate = Event()
    timing = clock.timing()
    patience = Patience(attempts=1, budget=0.05)
    with serving(context, "localhost") as service:
        service.answers["/"] = Answer(b"1", waits_for=gate)
        trust = Trust(configured=frozenset({service.place}))
        with Http("t", trust, timing=timing, patience=patience) as http:
            assert "timed out waiting for its answer" in str(failing(http, f"{service.url}/"))
            gate.set()
