"""Whom a fetch of ComfyUI-Manager's lists trusts: the address that somebody gave, nobody else."""

from __future__ import annotations

import httpx

from comfylock.errors import UsageError
from comfylock.names import printable
from comfylock.net.guard import host_name
from comfylock.net.trust import Endpoints, Trust


def manager_trust(address: str) -> Trust:
    """Return the trust for fetching the Manager's lists from an address, without any token.

    A name and a password in the address are right: they go to its own server alone.

    Raises:
        UsageError: it is no address.
    """
    shown = f"`{printable(address.rpartition('@')[2])}`"
    try:
        url = httpx.URL(address)
        base = str(url.copy_with(userinfo=b""))
    except (httpx.InvalidURL, UnicodeError):
        raise UsageError(f"{shown} is no URL") from None
    if url.scheme not in {"http", "https"} or not host_name(url):
        raise UsageError(f"{shown} is no https address")
    return Trust(endpoints=Endpoints(manager=base))
