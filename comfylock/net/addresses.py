"""Which network addresses are open to everybody: never loopback, private or reserved ones."""

from __future__ import annotations

import ipaddress
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 behind IPv6. Source: RFC 6052."""


def literal_address(host: str) -> Address | None:
    """Return the address that a host spells out, as every system's resolver reads it, else None.

    `2130706433`, `0x7f.1` and `0177.0.0.1` are 127.0.0.1 too.
    """
    text = host.strip("[]").partition("%")[0].rstrip(".")
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except (OSError, UnicodeEncodeError):
        return None


def is_public(address: Address) -> bool:
    """Say whether an address belongs to the public network, also what is embedded in it."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def is_local_name(host: str) -> bool:
    """Say whether a name means this machine by definition. Source: RFC 6761."""
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith((".localhost", ".localdomain"))


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
