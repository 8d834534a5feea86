from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

import httpcore
import httpx
import pytest

from comfylock.errors import RefusedError, SourceUnavailableError
from comfylock.net.addresses import is_public, literal_address
from comfylock.net.guard import Guard, resolve
from comfylock.net.http import Http
from comfylock.net.transport import GuardedBackend, GuardedTransport
from comfylock.net.trust import Endpoints, Trust
from tests.services.loopback import Service, document, serving

if TYPE_CHECKING:
    from tests.unit.net.conftest import Clock

CLOSED = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8%eth0",
    "::127.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::10.0.0.1",
    "2001:0:808:808::f5ff:fffe",  # Teredo to 10.0.0.1
]
OPEN = ["8.8.8.8", "140.82.121.4", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("text", CLOSED[:20] + CLOSED[21:])
def test_addresses_that_are_nobodys_business(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", OPEN)
def test_addresses_of_the_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7f.0.0.0x1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("[::1]", "::1"),
        ("fe80::1%25eth0", "fe80::1"),
    ],
)
def test_every_spelling_of_an_address(host: str, address: str) -> None:
    assert str(literal_address(host)) == address


@pytest.mark.parametrize("host", ["example.com", "", "a b", "1.2.3.4.5", "deadbeef", "\xfc.de"])
def test_names_are_no_addresses(host: str) -> None:
    assert literal_address(host) is None


def allowed(guard: Guard, url: str) -> bool:
    try:
        guard.check(httpx.URL(url))
    except RefusedError:
        return False
    return True


def test_only_https_to_the_public() -> None:
    guard = Guard(Trust())
    assert allowed(guard, "https://example.com/a")
    assert allowed(guard, "https://8.8.8.8/")
    for url in (
        "http://example.com/",
        "https://localhost/",
        "https://a.localhost./",
        "https://x.localdomain/",
        "https://127.1/",
        "ftp://example.com/",
        "https:///a",
    ):
        assert not allowed(guard, url), url


def test_what_a_person_configured_is_right() -> None:
    endpoints = Endpoints(registry="http://127.0.0.1:8188/r", civitai="https://mirror.example")
    configured = frozenset({"Models.LAN", "10.0.0.7:81", "[::1]:9"})
    guard = Guard(Trust(endpoints=endpoints, configured=configured))
    for url in (
        "http://127.0.0.1:8188/other",
        "http://models.lan/",
        "http://models.lan:8080/",
        "http://10.0.0.7:81/",
        "http://[::1]:9/",
        "https://mirror.example/",
    ):
        assert allowed(guard, url), url
    for url in (
        "http://127.0.0.1:8189/",
        "http://10.0.0.7/",
        "http://[::1]/",
        "http://mirror.example/",
        "http://api.comfy.org/",
    ):
        assert not allowed(guard, url), url


def test_the_hint_says_how_to_allow_it() -> None:
    with pytest.raises(RefusedError) as caught:
        Guard(Trust()).check(httpx.URL("https://192.168.0.2/"))
    assert caught.value.hint == "if that is meant: COMFYLOCK_ALLOW_HOSTS=192.168.0.2"


# names are resolved once, and what was checked is connected to


@pytest.mark.parametrize("answer", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["fe80::1%lo"]])
def test_a_name_that_leads_inside_is_refused(answer: list[str], clock: Clock) -> None:
    guard = Guard(Trust(), lambda _host, _port: answer)
    with (
        Http("t", Trust(), GuardedTransport(guard, {}), timing=clock.timing()) as http,
        pytest.raises(RefusedError) as caught,
    ):
        http.request("GET", "https://rebinding.example/")
    assert str(caught.value) == "rebinding.example: is inside a private network"
    assert clock.slept == []


def test_a_name_is_resolved_once_for_a_connection(service: Service) -> None:
    asked = []

    def once(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    service.answers["/a"] = document(1)
    place = f"files.example:{service.place.rpartition(':')[2]}"
    trust = Trust(configured=frozenset({place}))
    with Http("t", trust, GuardedTransport(Guard(trust, once), {})) as http:
        assert http.request("GET", f"http://{place}/a").status == 200
    assert asked == [("files.example", int(place.rpartition(":")[2]))]
    assert service.asked[0].headers["Host"] == place


def test_the_next_address_is_tried(service: Service) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        guard = Guard(Trust(configured=frozenset({"a.example"})), lambda *_: ["::1", "127.0.0.1"])
        port = int(service.place.rpartition(":")[2])
        GuardedBackend(guard).connect_tcp("a.example", port, 5).close()


def test_time_for_connecting_is_for_all_addresses() -> None:
    ticks = iter([0.0, 0.0, 11.0])
    guard = Guard(Trust(configured=frozenset({"a.example"})), lambda *_: ["127.0.0.1"] * 3)
    with serving() as gone:
        port = int(gone.place.rpartition(":")[2])
    backend = GuardedBackend(guard, lambda: next(ticks))
    with pytest.raises(httpcore.ConnectError, match="refused"):
        backend.connect_tcp("a.example", port, 10.0)
    assert list(ticks) == []
    with pytest.raises(httpcore.ConnectError, match="refused"):
        GuardedBackend(guard).connect_tcp("a.example", port)
    empty = Guard(Trust(configured=frozenset({"a.example"})), lambda *_: [])
    with pytest.raises(httpcore.ConnectError, match="no address"):
        GuardedBackend(empty).connect_tcp("a.example", port, 10.0)


def test_the_machines_own_resolver() -> None:
    assert "127.0.0.1" in resolve("localhost", 80)
    with pytest.raises(OSError, match="no name"):
        resolve(f"{'a' * 64}.example", 80)


# proxies


def test_a_proxy_resolves_names_itself(service: Service, clock: Clock) -> None:
    service.answers["/a"] = document(1)
    trust = Trust(configured=frozenset({"only-the-proxy.example", service.place}))
    proxies = {"http": service.url.replace("//", "//alice:hunter2password@"), "no": "127.0.0.1"}
    with Http("t", trust, timing=clock.timing(), proxies=proxies) as http:
        assert http.request("GET", "http://only-the-proxy.example/a").status == 200
        assert http.request("GET", f"{service.url}/a").status == 200
    assert service.asked[0].target == "http://only-the-proxy.example/a"
    assert service.asked[0].headers["Proxy-Authorization"].startswith("Basic ")
    assert service.asked[1].target == "/a"
    assert "Proxy-Authorization" not in service.asked[1].headers


def test_a_proxy_does_not_open_the_private_network(service: Service) -> None:
    with Http("t", Trust(), proxies={"all": service.place}) as http:
        for url in ("https://10.0.0.1/", "https://localhost/", "https://0x7f.1/"):
            with pytest.raises(RefusedError):
                http.request("GET", url)
    assert service.asked == []


@pytest.mark.parametrize("address", ["127.0.0.1:1", "http://127.0.0.1:1"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_away_is_not_told_as_the_service(
    clock: Clock, address: str, scheme: str
) -> None:
    proxies = {"all": address.replace("127", "alice:hunter2password@127")}
    trust = Trust(configured=frozenset({"somewhere.example"}))
    with (
        Http("t", trust, timing=clock.timing(), proxies=proxies) as http,
        pytest.raises(SourceUnavailableError) as caught,
    ):
        http.request("GET", f"{scheme}://somewhere.example/a")
    told = "cannot be reached through the proxy: there is no connection to 127.0.0.1:1, four times"
    assert str(caught.value) == f"somewhere.example: {told}"
