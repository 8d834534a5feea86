"""Tokens: where a machine keeps them, and which request may carry which."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx

from comfylock.errors import ConfigError
from comfylock.net.guard import host_name, port_of
from comfylock.net.trust import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.net.trust import Trust

HUGGINGFACE_NAMES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_API_TOKEN")
CIVITAI_NAMES = ("CIVITAI_TOKEN", "CIVITAI_API_TOKEN", "CIVITAI_API_KEY")
GITHUB_NAMES = ("GITHUB_TOKEN", "GH_TOKEN")
MAX_TOKEN_BYTES = 4096

OWN_HOSTS = {
    "huggingface": ("huggingface.co", "hf.co"),
    "civitai": ("civitai.com",),
    "github": ("api.github.com",),
}
"""The hosts that may see a service's token, beside its configured endpoint."""


def load_credentials(environ: Mapping[str, str], home: str) -> Credentials:
    """Return the tokens of an environment and of the Hub's own token file.

    Raises:
        ConfigError: a token is none: it holds a line break or other odd characters.
    """
    return Credentials(
        huggingface=_named(environ, HUGGINGFACE_NAMES) or _hub_file(environ, home),
        civitai=_named(environ, CIVITAI_NAMES),
        github=_named(environ, GITHUB_NAMES),
    )


def check_tokens(credentials: Credentials) -> None:
    """Refuse tokens that cannot stand in a header.

    Raises:
        ConfigError: one holds a line break or another odd character.
    """
    for name in OWN_HOSTS:
        _checked(getattr(credentials, name) or "", "the credentials", name)


def service_of(trust: Trust, url: httpx.URL) -> str | None:
    """Return the service whose token a request to a URL may carry; None if it may carry none.

    Where services share a mirror's host, the endpoint whose path the URL continues decides.
    """
    if origin(url) == ("https", host_name(url), 443):
        for service, hosts in OWN_HOSTS.items():
            if host_name(url) in hosts:
                return service
    bases = {
        "huggingface": httpx.URL(trust.endpoints.huggingface),
        "civitai": httpx.URL(trust.endpoints.civitai),
        "github": httpx.URL(trust.endpoints.github_api),
    }
    matching = [
        (len(base.path), service)
        for service, base in bases.items()
        if origin(base) == origin(url) and f"{url.path}/".startswith(f"{base.path.rstrip('/')}/")
    ]
    return max(matching)[1] if matching else None


def origin(url: httpx.URL) -> tuple[str, str, int]:
    """Return what two URLs of one server have in common: scheme, host, port."""
    return url.scheme, host_name(url), port_of(url)


def _named(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    for name in names:
        token = _checked(environ.get(name, ""), "the environment", name)
        if token:
            return token
    return None


def _hub_file(environ: Mapping[str, str], home: str) -> str | None:
    """Return what the Hub's token file holds. Source: huggingface_hub's environment variables."""
    caches = environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    folder = environ.get("HF_HOME") or os.path.join(caches, "huggingface")
    path = environ.get("HF_TOKEN_PATH") or os.path.join(folder, "token")
    if path.startswith("~/"):
        path = os.path.join(home, path[2:])
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_TOKEN_BYTES + 1)
    except OSError:
        return None
    return _checked(data.decode("utf-8", "replace"), path, "")


def _checked(text: str, file: str, name: str) -> str | None:
    """Return a token without the space around it; the faults never repeat it."""
    token = text.strip()
    if len(token) > MAX_TOKEN_BYTES:
        raise ConfigError(file, ((name, "is too long for a token"),))
    if not all("!" <= character <= "~" for character in token):
        what = "holds a line break or another character that no token has"
        raise ConfigError(file, ((name, what),))
    return token or None
