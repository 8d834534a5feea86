"""Texts and addresses without secrets: tokens, passwords, signatures."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from comfylock.patterns import Pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping

MASK = "***"
"""What stands where a secret was."""

FIELDS = (
    r"(?:[a-z_-]*[_-])?token|[a-z_-]*api[_-]?key|auth|authorization|[a-z_-]*secret|password|passwd"
    r"|jwt|sig|signature|policy|credential|key-pair-id|x-(?:amz|goog)-[a-z-]+"
)
"""Names of query fields whose values let somebody in, as a regular expression, lower case.

Source: AWS Signature Version 4, CloudFront, Google Cloud Storage and Azure signed URLs.
"""

_NAME = Pattern(rf"(?i)(?:{FIELDS})\Z")
_VARIABLE = Pattern(r"(?i).*(?:token|api_?key|secret|password|passwd|credential)s?\Z")
_FIELD = Pattern(r"([?&;#]|&amp;|\A)([A-Za-z0-9_.%+-]{1,80})=([^&;#\s\"'<>`\\]*)")
_USER_INFO = Pattern(r"(?<=:)//[^/?#\s\"'<>`]*@")
_TOKENS = Pattern(
    r"(?<![A-Za-z0-9])(?:hf_[A-Za-z0-9]{12,}|gh[opsur]_[A-Za-z0-9]{8,}|github_pat_[A-Za-z0-9_]{8,})"
)
_SCHEMES = Pattern(r"(?i)\b(bearer\s+|authorization\W{1,4}(?:basic|token)\s+)[^\s\"',;<>`]+")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text without known secrets and without what looks like one.

    `secrets` are found percent-encoded and JSON-escaped too.
    """
    text = mask(text, secrets)
    text = _USER_INFO.sub(f"//{MASK}@", text)
    text = _FIELD.compiled.sub(_without_value, text)
    text = _SCHEMES.compiled.sub(lambda match: match[1] + MASK, text)
    return _TOKENS.sub(MASK, text)


def mask(text: str, secrets: Iterable[str]) -> str:
    """Return a text without known secrets; what merely looks like one stays."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = _spellings(secret).sub(MASK, text)
    return text


def redact_url(url: str, secrets: Iterable[str] = ()) -> str:
    """Return an address without user-info, fragment and the query fields that hold secrets.

    What is left names the same thing; only who may fetch it is gone.
    """
    address = _USER_INFO.sub("//", url.partition("#")[0])
    path, mark, query = address.partition("?")
    kept = [each for each in query.split("&") if each and not _is_secret_field(each)]
    return redact(path + mark * bool(kept) + "&".join(kept), secrets)


def holds_secret(text: str, secrets: Iterable[str]) -> bool:
    """Say whether a text holds one of the secrets, in any spelling that `redact` knows."""
    return any(_spellings(secret).search(text) for secret in secrets if secret)


def secrets_of(url: str) -> frozenset[str]:
    """Return the secret values that an address holds: its password, its secret query fields."""
    found = set()
    match = _USER_INFO.search(url)
    if match is not None:
        found.update(match[0][2:-1].split(":", 1))
    for field in url.partition("?")[2].partition("#")[0].split("&"):
        if _is_secret_field(field):
            found.add(field.partition("=")[2])
    return frozenset(value for value in found if len(value) >= 8)


def environment_secrets(environ: Mapping[str, str]) -> frozenset[str]:
    """Return what an environment holds under names of secrets: tokens, keys, passwords.

    Values shorter than 8 characters are left out: too much else looks like them.
    """
    found = {value.strip() for name, value in environ.items() if _VARIABLE.match(name)}
    return frozenset(value for value in found if len(value) >= 8)


def _is_secret_field(field: str) -> bool:
    return _NAME.match(_decoded(field.partition("=")[0])) is not None


def _without_value(match: re.Match[str]) -> str:
    if _NAME.match(_decoded(match[2])) is None:
        return match[0]
    return f"{match[1]}{match[2]}={MASK}"


def _decoded(name: str) -> str:
    from urllib.parse import unquote_plus  # noqa: PLC0415 - analyses never come here

    return unquote_plus(name).strip()


@lru_cache(maxsize=64)
def _spellings(secret: str) -> re.Pattern[str]:
    import re  # noqa: PLC0415

    def spelling(character: str) -> str:
        encoded = "".join(f"%(?:25)*(?i:{byte:02x})" for byte in character.encode())
        return rf"(?:\\{{0,4}}{re.escape(character)}|{encoded})"

    return re.compile("".join(map(spelling, secret)))
