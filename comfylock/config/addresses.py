"""Addresses that a person writes into settings: services, hosts, repositories, files.

Each function returns what is wrong, in words that never repeat a secret.
"""

from __future__ import annotations

import re

from comfylock.links import clean_url, host_of
from comfylock.patterns import Pattern
from comfylock.redaction import FIELDS

_HOST = r"(?!-)[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::\d{1,5})?"
_HOST_ONLY = Pattern(rf"{_HOST}\Z")
_SERVICE = Pattern(rf"(https?)://({_HOST})((?:/[A-Za-z0-9._~%-]+)*)/*\Z", re.IGNORECASE)
_GIT = Pattern(rf"(https?)://({_HOST})/[^\s?#@\\]+\Z", re.IGNORECASE)
_SSH = Pattern(rf"ssh://(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?{_HOST}/[^\s?#@\\:]+\Z", re.IGNORECASE)
_SHORT_SSH = Pattern(
    r"[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[A-Za-z0-9._~][^\s?#@\\:]*\Z"
)
_USER_INFO = Pattern(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@")
_PASSWORD = Pattern(r"ssh://[^/?#:]*:[^/?#]*@", re.IGNORECASE)
_SECRET = Pattern(rf"(?i)[?&#;](?:{FIELDS}|[a-z_-]*token|key)=")
_REVISION = Pattern(r"[^\s~^:?*\[\\\x00-\x20\x7f]{1,255}\Z")

TELLS_TOO_MUCH = "must hold no password, token or signature; tokens belong into the environment"
"""What is said of every address with a secret; the address is not repeated."""


def host_fault(text: str) -> str | None:
    """Say what is wrong with `host` or `host:port`."""
    if _HOST_ONLY.match(text) and ".." not in text and _port_is_right(text):
        return None
    return "must be a host name, such as `models.example.com` or `127.0.0.1:8080`"


def service_address(text: str, service: str) -> str | None:
    """Return a service's base address in one spelling, without a final slash; None if it is none.

    http is right here: a person configured it. CivitAI's is kept without `/api/v1`.
    """
    match = _SERVICE.match(text)
    if match is None or ".." in text or len(text) > 1000 or not _port_is_right(match[2]):
        return None
    address = f"{match[1].lower()}://{match[2].lower()}{match[3]}"
    return address.removesuffix("/api/v1") if service == "civitai" else address


def service_fault(text: str) -> str:
    """Say what is wrong with an address that `service_address` did not take."""
    if has_secret(text):
        return TELLS_TOO_MUCH
    return "must be an address such as `https://mirror.example.com`, without a query"


def has_secret(text: str) -> bool:
    """Say whether an address carries a user's name, a password, a token or a signature.

    The user's name of ssh (`ssh://git@host/…`) is none.
    """
    if text.lower().startswith("ssh://"):
        return _PASSWORD.match(text) is not None or _SECRET.search(text) is not None
    return _USER_INFO.match(text) is not None or _SECRET.search(text) is not None


def file_fault(text: str, hosts: frozenset[str]) -> str | None:
    """Say what is wrong with a file's address; http only on hosts that a person configured."""
    if has_secret(text):
        return TELLS_TOO_MUCH
    url = clean_url(text, hosts)
    if url is None and text.startswith("http://"):
        return "must be an https URL; http is for hosts of `trust.allow-hosts`"
    if url is None or not all(c.isprintable() for c in text) or not _port_is_right(host_of(url)):
        return "must be an https URL"
    return None


def git_fault(text: str, hosts: frozenset[str]) -> str | None:
    """Say what is wrong with a repository's address: https, `ssh://git@…` or `git@host:…`."""
    if has_secret(text):
        return TELLS_TOO_MUCH
    wrong = ".." in text or not all(c.isprintable() for c in text) or len(text) > 1500
    web = _GIT.match(text)
    if web and not wrong and _port_is_right(web[2]):
        if web[1].lower() == "https" or web[2].lower() in hosts:
            return None
        return "must be an https or ssh address; http is for hosts of `trust.allow-hosts`"
    if not wrong and (_SSH.match(text) or _SHORT_SSH.match(text)):
        return None
    return "must be a repository's address: `https://…`, `ssh://git@host/…` or `git@host:…`"


def revision_fault(text: str) -> str | None:
    """Say what is wrong with a tag, branch or commit."""
    is_name = (
        _REVISION.match(text) is not None
        and all(c.isprintable() for c in text)
        and not text.startswith(("-", "/", "."))
        and not text.endswith(("/", ".lock", "."))
        and not any(part in text for part in ("..", "@{", "//"))
    )
    if is_name:
        return None
    return "must be a tag, a branch or a commit"


def _port_is_right(host: str) -> bool:
    _, colon, port = host.rpartition(":")
    return not colon or 0 < int(port) < 65536
