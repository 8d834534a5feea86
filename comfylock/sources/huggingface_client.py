"""What the Hub's own client learns about a repository at a revision, its faults in our words.

huggingface_hub is imported when the first question is asked: it costs a start 0.2 s. Its HTTP
library differs by version, so faults are told apart by names and statuses, not by classes.
"""

from __future__ import annotations

import logging
import os
import random
import ssl
import time
from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct

from comfylock.errors import OfflineError, SourceUnavailableError
from comfylock.names import printable
from comfylock.sources.huggingface_answers import Listing, Refusal, listing_of, refusal_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from huggingface_hub import HfApi

_KINDS = {"datasets": "dataset", "spaces": "space"}
_TRANSPORT = frozenset({"HTTPError", "RequestException"})
"""Roots of the faults of httpx, its successors, and requests."""

AT_ONCE = 16
"""Requests to the Hub at the same time."""

_import_lock = Lock()
_is_quiet: ContextVar[bool] = ContextVar("_is_quiet", default=False)


class Patience(Struct, frozen=True):
    """How often, and for how long, a service that asks for time is asked again."""

    attempts: int = 4
    budget: float = 60.0
    """Seconds of waiting for one question."""
    timeout: float = 30.0
    """Seconds without a byte."""
    sleep: Callable[[float], None] = time.sleep


class HubClient:
    """Asks one endpoint of the Hub; threads may share it."""

    def __init__(
        self, endpoint: str, token: str | None, user_agent: str, patience: Patience
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.service = urlsplit(self.endpoint).netloc
        self._token = (token or "").strip() or None
        self._user_agent = user_agent
        self._patience = patience
        self._turns = BoundedSemaphore(AT_ONCE)

    @property
    def has_token(self) -> bool:
        """Say whether requests carry a token."""
        return self._token is not None

    @cached_property
    def _api(self) -> HfApi:
        _import_quietly()
        from huggingface_hub import HfApi  # noqa: PLC0415 - costs 0.2 s

        # `False` means no token; None would let the client look for one by itself. The header
        # replaces one that tells of installed libraries.
        headers = {"user-agent": self._user_agent}
        return HfApi(endpoint=self.endpoint, token=self._token or False, headers=headers)

    def listing(self, repository: str, revision: str) -> Listing | Refusal:
        """Return a repository's files at a revision, or why there is none. Uses the network.

        One request; a second one where a redirect from an old name loses half of the question.

        Raises:
            SourceUnavailableError: the Hub cannot be reached or makes no sense.
        """
        if self._token is not None and not _can_be_sent(self._token):
            return Refusal(401)
        answer = self._asked(repository, revision)
        if isinstance(answer, Listing) and answer.repository != repository and answer.is_bare:
            return self._asked(answer.repository, revision)
        return answer

    def _asked(self, repository: str, revision: str) -> Listing | Refusal:
        """Ask until there is an answer or patience is at its end."""
        waited = 0.0
        attempt = 0
        while True:
            attempt += 1
            answer = self._tried(repository, revision)
            if not isinstance(answer, _Again):
                return answer
            wait = answer.seconds
            if wait is None:
                wait = 0.5 * 2**attempt * (1 + random.random()) / 2  # noqa: S311 - spreads load
            waited += wait
            if attempt >= self._patience.attempts or waited > self._patience.budget:
                raise SourceUnavailableError(self.service, answer.message, hint=answer.hint)
            self._patience.sleep(wait)

    def _tried(self, repository: str, revision: str) -> Listing | Refusal | _Again:
        kind, name = _kind_and_name(repository)
        try:
            with self._turns, _quiet():
                info = self._api.repo_info(
                    name,
                    repo_type=kind,
                    revision=revision,
                    files_metadata=True,
                    timeout=self._patience.timeout,
                )
            listing = listing_of(info, repository, revision)
        except Exception as error:  # noqa: BLE001 - the client's faults have no common root
            return self._judged(error)
        if listing is None:
            raise SourceUnavailableError(self.service, f"gave odd facts about `{repository}`")
        return listing

    def _judged(self, error: Exception) -> Refusal | _Again:
        """Return what a fault of the client means.

        Raises:
            SourceUnavailableError: it is nothing that time or a person's other words would mend.
        """
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if "OfflineModeIsEnabled" in kinds:
            hint = "unset HF_HUB_OFFLINE"
            raise OfflineError(self.service, "HF_HUB_OFFLINE forbids to ask", hint=hint) from error
        if "HFValidationError" in kinds:
            return Refusal(404, "RepoNotFound")
        response: Any = getattr(error, "response", None)
        if "HfHubHTTPError" in kinds and response is not None:
            status = int(response.status_code)
            headers = {key.lower(): str(value) for key, value in response.headers.items()}
            if status == 429 or status >= 500:
                return self._busy(status, headers)
            return refusal_of(status, headers)
        if kinds & _TRANSPORT and "ValueError" not in kinds:
            return _Again(_told(error, kinds))
        raise SourceUnavailableError(self.service, "gave an answer that cannot be read") from error

    def _busy(self, status: int, headers: dict[str, str]) -> _Again:
        seconds = _wait_of(headers)
        if status != 429:
            return _Again(f"answered {status}", seconds)
        hint = None if self.has_token else "set HF_TOKEN: the limits are higher with a token"
        told = "" if seconds is None else f", to be asked again in {seconds:.0f} s"
        return _Again(f"has had too many requests{told}", seconds, hint)


def _told(error: Exception, kinds: set[str]) -> str:
    """Say what broke, in the transport's words only where they cannot hold a secret."""
    if any("Timeout" in kind for kind in kinds):
        return "did not answer in time"
    if not any("ConnectError" in kind or "ConnectionError" in kind for kind in kinds):
        return "broke off in the middle of its answer"
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not valid: {printable(cause.verify_message)}"
        if isinstance(cause, ConnectionRefusedError):
            return "cannot be reached: connection refused"
    return f"cannot be reached: {printable(str(error))}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what led to it, a few at the most."""
    found: BaseException | None = error
    for _ in range(10):
        if found is not None:
            yield found
            found = found.__cause__ or found.__context__


def _import_quietly() -> None:
    """Import the client so that it sends no telemetry.

    It would also ask the Hub for a list of coding agents, to tell in its user agent which one
    runs it, and keep that list in the user's home. The switch is read at import alone; who has
    imported the client before has made that choice.
    """
    with _import_lock:
        given = os.environ.get("HF_HUB_DISABLE_TELEMETRY")
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
        try:
            import huggingface_hub.constants  # noqa: F401, PLC0415 - costs 0.2 s
        finally:
            if given is None:
                del os.environ["HF_HUB_DISABLE_TELEMETRY"]
            else:
                os.environ["HF_HUB_DISABLE_TELEMETRY"] = given


def _can_be_sent(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token


class _Again(Struct, frozen=True):
    """A fault that may pass."""

    message: str
    seconds: float | None = None
    """How long the service asks to wait."""
    hint: str | None = None


def _wait_of(headers: dict[str, str]) -> float | None:
    """Return the seconds that a service asks for.

    Source: https://huggingface.co/docs/hub/rate-limits (`"api";r=0;t=55`: used up for 55 s).
    """
    text = headers.get("retry-after", "").strip()
    if text.isdecimal() and len(text) < 9:
        return float(text)
    fields = dict(
        part.strip().partition("=")[::2] for part in headers.get("ratelimit", "").split(";")
    )
    if fields.get("r") == "0" and fields.get("t", "").isdecimal() and len(fields["t"]) < 9:
        return float(fields["t"]) + 1
    return None


def _kind_and_name(repository: str) -> tuple[str, str]:
    prefix, _, rest = repository.partition("/")
    return (_KINDS[prefix], rest) if prefix in _KINDS and rest else ("model", repository)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the client from writing warnings to the terminal while this thread calls it."""
    for handler in logging.getLogger("huggingface_hub").handlers:
        if _speaks not in handler.filters:
            handler.addFilter(_speaks)
    token = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(token)


def _speaks(record: logging.LogRecord) -> bool:
    del record
    return not _is_quiet.get()
