"""Which services a run speaks to: the environment over `comfylock.toml` over the services' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from msgspec.structs import replace

from comfylock.errors import ConfigError, UsageError
from comfylock.links import ALLOWED_HOSTS
from comfylock.names import printable
from comfylock.net.credentials import load_credentials
from comfylock.net.guard import endpoint_hosts, host_name
from comfylock.net.trust import Endpoints, Trust
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VARIABLES = {
    "registry": "COMFYLOCK_REGISTRY_URL",
    "huggingface": "HF_ENDPOINT",
    "civitai": "COMFYLOCK_CIVITAI_URL",
    "github_api": "COMFYLOCK_GITHUB_API_URL",
    "manager": "COMFYLOCK_MANAGER_URL",
}
"""Field of Endpoints to the variable that sets it."""

HOSTS = "COMFYLOCK_ALLOW_HOSTS"
_ENVIRONMENT = "the environment"

_HOST = Pattern(
    r"(?:[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?\Z"
)


def load_trust(
    environ: Mapping[str, str], configured: Mapping[str, str], hosts: Iterable[str], home: str
) -> Trust:
    """Return what a run may reach, and with which tokens.

    `configured` is `[endpoints]` of `comfylock.toml`, by the fields of Endpoints; `hosts` are
    those that it allows, `host` or `host:port`. The environment wins.

    Raises:
        ConfigError: with every fault of the environment, each named by its variable.
    """
    faults: list[tuple[str, str]] = []
    given = dict(configured)
    names = dict.fromkeys(configured, "")
    for field, variable in VARIABLES.items():
        if environ.get(variable, "").strip():
            given[field], names[field] = environ[variable].strip(), variable
    values = {}
    for field, text in sorted(given.items()):
        shown = names[field] or f"endpoints.{field}"
        address, fault = _base(text) if field in VARIABLES else ("", "is no service")
        if fault:
            faults.append((shown, fault))
        else:
            values[field] = address.removesuffix("/api/v1") if field == "civitai" else address
    added = {host.strip().lower() for host in hosts} - ALLOWED_HOSTS
    added |= _listed(environ.get(HOSTS, ""), faults)
    if faults:
        raise ConfigError(_ENVIRONMENT, tuple(faults))
    endpoints = replace(Endpoints(), **values)
    return Trust(
        endpoints=endpoints,
        credentials=load_credentials(environ, home),
        hosts=ALLOWED_HOSTS | added,
        configured=frozenset(added) | endpoint_hosts(endpoints),
    )


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


def _base(text: str) -> tuple[str, str]:
    """Return a base address without a final slash, or what is wrong with it."""
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, UnicodeError):
        return "", "is no address"
    if url.scheme not in {"http", "https"} or not host_name(url):
        return "", "is no https address"
    if url.userinfo:
        return "", "must hold no user name and no password"
    if url.query or url.fragment:
        return "", "must be a base address, without `?` and `#`"
    return str(url).rstrip("/"), ""


def _listed(text: str, faults: list[tuple[str, str]]) -> set[str]:
    """Return the hosts of a comma-separated list."""
    found = {each.strip().lower() for each in text.split(",")} - {""}
    if not all(_HOST.match(each) for each in found):
        what = "must be host names with a comma between, such as `models.example.com,10.0.0.1:8080`"
        faults.append((HOSTS, what))
    return found
