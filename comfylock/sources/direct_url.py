"""Files at any other https address: read to the end and hashed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from comfylock.links import clean_url
from comfylock.names import printable
from comfylock.net.interface import Question
from comfylock.redaction import redact
from comfylock.sources.hashed_download import HASHED, MAX_FILE, hashed
from comfylock.sources.interface import Missing, ModelFacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.net.http import Http
    from comfylock.net.interface import Answers
    from comfylock.references import PlainUrl

SERVICE = "url"


def may_be_visited(url: str, configured: frozenset[str]) -> bool:
    """Say whether an address may be asked for at all.

    Which hosts a workflow may name was decided when it was read; comfylock.toml and the registry
    may name any. Plain http is for the hosts that a person configured.
    """
    return clean_url(url, configured) is not None


class DirectUrl:
    """Addresses of hosts that have no source of their own."""

    def __init__(
        self,
        answers: Answers,
        http: Http,
        *,
        is_allowed: Callable[[str], bool],
        limit: int = MAX_FILE,
    ) -> None:
        """Visit only what `is_allowed` says may be; `limit` is the most bytes of a file."""
        self._answers = answers
        self._http = http
        self._is_allowed = is_allowed
        self._limit = limit

    def find(self, reference: PlainUrl) -> ModelFacts | Missing:
        """Return what an address holds, hashed; a web page is no file.

        Uses the network: one request for the head and one for all of it, or the head alone
        where that says that nothing has changed.

        Raises:
            SourceUnavailableError: the host cannot be reached, or breaks off.
        """
        url = reference.url
        missing = self._forbidden(url)
        if missing is not None:
            return missing
        found = self._answers.ask(
            Question(SERVICE, "file", url),
            HASHED,
            lambda known: hashed(self._http, url, known, limit=self._limit),
        )
        if isinstance(found, Missing):
            return found
        return ModelFacts(
            source="url", sha256=found.sha256, size=found.size, verified="downloaded", url=url
        )

    def _forbidden(self, url: str) -> Missing | None:
        """Return why an address is not visited; None if it is."""
        try:
            parts = urlsplit(url)
            host = parts.netloc.rpartition("@")[2]
        except ValueError:
            parts, host = urlsplit(""), ""
        if parts.scheme not in {"http", "https"} or not host or not url.isprintable():
            told = f"`{printable(url.rpartition('@')[2], 80)}` is no web address"
            return Missing("not-allowed", told, "correct it in the workflow or in comfylock.toml")
        shown = printable(host, 80)
        if redact(url) != url:
            told = f"the address on `{shown}` holds a password, a token or a signature"
            return Missing("not-allowed", told, "take it out: a lock holds no secrets")
        if not self._is_allowed(url):
            told = f"`{shown}` is not on the list of hosts whose files are taken"
            hint = f'`[trust] allow-hosts = ["{shown}"]` in comfylock.toml adds it'
            return Missing("not-allowed", told, hint)
        return None
