"""How a registry wants to be asked: its challenge, and the token that anybody gets for it.

Source: https://distribution.github.io/distribution/spec/auth/token
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from comfylock.patterns import Pattern

MAX_TOKEN = 1 << 15
"""Characters; NVIDIA's and GitHub's have some thousands at most."""

_SCHEME = Pattern(r"(?i)(?:\A|,)\s*bearer\s+(?=[a-z_]+\s*=)")
_FIELD = Pattern(r'\s*,?\s*([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.){0,2048})"|([^\s",]{1,2048}))')
_ESCAPED = Pattern(r"\\(.)")
_TOKEN = Pattern(r"[!-~]+\Z")


class Challenge(Struct, frozen=True):
    """Where a registry's tokens come from, and what to ask for."""

    realm: str
    service: str = ""
    scope: str = ""

    @property
    def host(self) -> str:
        """Host and port of the realm."""
        return urlsplit(self.realm).netloc.lower()

    def address(self, repository: str) -> str:
        """Return the address that gives a token for reading a repository, and nothing more."""
        scopes = self.scope.split() or [f"repository:{repository}:pull"]
        fields = [("service", self.service)] if self.service else []
        fields += [("scope", scope) for scope in scopes]
        mark = "&" if "?" in self.realm else "?"
        return f"{self.realm}{mark}{urlencode(fields)}"


class _Payload(Struct):
    token: Any = None
    access_token: Any = None


def read_challenge(header: str) -> Challenge | None:
    """Return what a `WWW-Authenticate` header asks for; None if not for a bearer token.

    A realm that is no plain address counts as none.
    """
    start = _SCHEME.search(header)
    if start is None:
        return None
    fields = _fields(header[start.end() :])
    realm = fields.get("realm", "")
    if not _is_address(realm):
        return None
    return Challenge(realm, fields.get("service", ""), fields.get("scope", ""))


def read_token(body: bytes) -> str | None:
    """Return the token in an answer; None if there is none that can stand in a header."""
    try:
        payload = msgspec.json.decode(body, type=_Payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    token = payload.token or payload.access_token
    if not isinstance(token, str) or len(token) > MAX_TOKEN or not _TOKEN.match(token):
        return None
    return token


def _fields(text: str) -> dict[str, str]:
    """Return the fields of one challenge; another that follows has a scheme before its fields."""
    found: dict[str, str] = {}
    place = 0
    while match := _FIELD.compiled.match(text, place):
        value = match[3] if match[2] is None else _ESCAPED.sub(r"\1", match[2])
        found.setdefault(match[1].lower(), value)
        place = match.end()
    return found


def _is_address(realm: str) -> bool:
    try:
        parts = urlsplit(realm)
        _ = parts.port
    except ValueError:
        return False
    is_plain = realm.isascii() and realm.isprintable() and " " not in realm
    is_bare = "@" not in parts.netloc and not parts.fragment
    return is_plain and is_bare and parts.scheme in {"http", "https"} and bool(parts.hostname)
