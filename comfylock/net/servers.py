"""Whom a question to a running ComfyUI trusts: the address that somebody gave, nobody else."""

from __future__ import annotations

import httpx

from comfylock.errors import UsageError
from comfylock.names import printable
from comfylock.net.addresses import is_local_name, literal_address
from comfylock.net.guard import host_name, port_of
from comfylock.net.trust import Trust

HINT = "is that ComfyUI's address, such as http://127.0.0.1:8188?"


def server_trust(address: str, configured: frozenset[str]) -> tuple[str, Trust]:
    """Return a server's base address, without a final slash, and what may be reached for it.

    Plain http is for this machine and for the `configured` hosts. No token goes there.

    Raises:
        UsageError: it is no address of a server.
    """
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, UnicodeError):
        raise UsageError(f"`{printable(address)}` is no address") from None
    if url.scheme not in {"http", "https"} or not host_name(url) or url.userinfo or url.query:
        told = f"`{printable(url.host or address)}` is no server's address"
        if url.userinfo:
            told += " with a name or password before it; leave that out"
        elif url.query:
            told += " with `?` and more behind it; leave that out"
        raise UsageError(told, hint=HINT)
    path = url.path.rstrip("/").removesuffix("/object_info").rstrip("/")
    base = str(url.copy_with(path=path or "/", fragment=None)).rstrip("/")
    host = host_name(url)
    literal = literal_address(host)
    if is_local_name(host) or (literal is not None and literal.is_loopback):
        shown = f"[{host}]" if ":" in host else host
        configured |= {f"{shown}:{port_of(url)}"}
    return base, Trust(configured=configured)
