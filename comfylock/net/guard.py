"""Where requests may go: https to the public network, anything else only if configured."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from comfylock.errors import RefusedError
from comfylock.names import printable
from comfylock.net.addresses import is_local_name, is_public, literal_address
from comfylock.net.trust import Endpoints

if TYPE_CHECKING:
    import httpx

    from comfylock.net.trust import Trust

_PRIVATE = "is inside a private network"
PORTS = {"http": 80, "https": 443}

Resolve = Callable[[str, int], list[str]]
"""Host and port to addresses, in the order in which to try them."""


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, each once. Uses the network.

    Raises:
        OSError: the name is not known.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a part longer than names have
        raise socket.gaierror(socket.EAI_NONAME, "no name") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def endpoint_hosts(endpoints: Endpoints) -> frozenset[str]:
    """Return `host:port` of the endpoints that are not the services' own."""
    given, own = msgspec.structs.astuple(endpoints), msgspec.structs.astuple(Endpoints())
    pairs = zip(given, own, strict=True)
    return frozenset(_host_and_port(url) for url, known in pairs if url != known)


class Guard:
    """Decides about addresses before anything is sent to them."""

    def __init__(self, trust: Trust, resolve: Resolve = resolve) -> None:
        self._configured = {each.lower() for each in trust.configured}
        self._configured |= endpoint_hosts(trust.endpoints)
        self._resolve = resolve

    def is_configured(self, host: str, port: int) -> bool:
        """Say whether a person has named this host, or this port of it."""
        host = host.lower()
        shown = f"[{host}]" if ":" in host else host
        return not self._configured.isdisjoint({host, shown, f"{shown}:{port}"})

    def check(self, url: httpx.URL, led_by: str | None = None) -> None:
        """Refuse an address by its spelling: scheme, name, literal address. No network.

        `led_by` is the host that redirects there.

        Raises:
            RefusedError: it must not be visited.
        """
        if url.scheme not in PORTS or not host_name(url):
            raise _refusal(host_name(url), "is not an https address", led_by)
        if self.is_configured(host_name(url), port_of(url)):
            return
        if url.scheme != "https":
            raise _refusal(host_name(url), "is an address without https", led_by)
        address = literal_address(host_name(url))
        if is_local_name(host_name(url)) or (address is not None and not is_public(address)):
            raise _refusal(host_name(url), _PRIVATE, led_by)

    def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses to connect to for a name, all of them checked. Uses the network.

        Raises:
            RefusedError: the name leads into a private network.
            OSError: the name is not known.
        """
        found = self._resolve(host, port)
        if not self.is_configured(host, port):
            plain = (each.partition("%")[0] for each in found)
            if not all(is_public(ipaddress.ip_address(each)) for each in plain):
                raise _refusal(host, _PRIVATE, None)
        return found


def host_name(url: httpx.URL) -> str:
    """Return a URL's host as it is sent; httpx's own words fail on names that nobody can decode."""
    return url.raw_host.decode("ascii", "replace")


def port_of(url: httpx.URL) -> int:
    """Return the port that a URL means."""
    return url.port or PORTS.get(url.scheme, 0)


def _host_and_port(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{parts.port or PORTS.get(parts.scheme, 0)}"


def _refusal(host: str, what: str, led_by: str | None) -> RefusedError:
    shown = printable(host)
    hint = f"if that is meant: COMFYLOCK_ALLOW_HOSTS={shown}" if host else None
    if led_by is None:
        return RefusedError(shown or "the address", what, hint=hint)
    told = f"leads to `{shown}`, which {what}" if host else f"leads to what {what}"
    return RefusedError(printable(led_by), told, hint=hint)
