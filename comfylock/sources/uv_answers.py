"""What uv says when it does not succeed: no solution, or somebody who cannot be reached.

Source: crates/uv-resolver/src/error.rs and pubgrub/report.rs of uv; held by tests on a real one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from comfylock.errors import OfflineError, SourceUnavailableError
from comfylock.patterns import Pattern
from comfylock.python.wanted import Cause, NoSolution
from comfylock.redaction import redact

if TYPE_CHECKING:
    from comfylock.sources.uv_command import UvOutcome

MAX_MESSAGE = 2000
QUESTION = "comfylock-question"
"""What the project is called that uv is asked about."""

_URL = Pattern(r"(?:https?|ssh|git)://[^\s'`)\"]+")
_NETWORK = Pattern(
    r"Failed to fetch|error sending request|Git operation failed|HTTP status"
    r"|Request failed after|client error|dns error|timed out|Could not connect"
)
_LOGIN = Pattern(r"\(401 [A-Z][a-z]+\)|authentication credentials|returned a 403 Forbidden")
_OFFLINE = Pattern(r"network was disabled|network connectivity is disabled")
_UNCACHED = Pattern(r"(?:Because )?([A-Za-z0-9._-]+) was not found in the cache")
_UNBUILT = Pattern(
    r"[Ww]heels are required for `([^`]+)`"
    r"|[Bb]uilding source distributions for `([^`]+)` is disabled"
)
_NO_REPOSITORY = Pattern(
    r"find remote ref|failed to find (?:branch|tag)|not appear to be a git repository"
    r"|[Rr]epository (?:'[^']*' )?not found|could not read Username|not our ref"
)
"""What git says where a repository or a revision is not there, or not for everybody."""

_BUILD_OFF = Pattern(
    r"[Bb]uilding (?:from source|source distributions) (?:is|for `[^`]+` is) disabled"
)
_NAME = Pattern(r"(?<![\w./@-])([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?(?=[=<>!~]=?|\b)")
_PLATFORM = Pattern(r"no wheels? with a matching platform")
_PYTHON = Pattern(r"does not satisfy Python|matching Python (?:ABI|implementation)")
_MISSING = Pattern(r"was not found in the package registry|there (?:is|are) no versions? of")
_FOR_URL = Pattern(r"\s+for url \([^)]*\)")
_END = Pattern(r",? ?(?:And )?we can conclude that your requirements are unsatisfiable")
_LABEL = Pattern(
    r"^[\s\u00d7\u2502\u2570\u251c\u2500\u25b6]*(?:(?:error|cause|hint|warning|help):)?\s*"
)
"""What stands before a sentence; older versions of uv draw lines, and break theirs."""


def answer_of(outcome: UvOutcome, host: str, secrets: frozenset[str]) -> NoSolution:
    """Return why there is no solution. `host` is the index's, where uv names no other.

    Raises:
        OfflineError: the network would have been needed.
        SourceUnavailableError: an index or a git host did not answer; it is named.
    """
    plain = redact(outcome.text, secrets).splitlines()
    lines = [line for line in (_LABEL.sub("", each).strip() for each in plain) if line]
    text = " ".join(lines)
    if _OFFLINE.search(text):
        missing = _UNCACHED.search(text)
        what = f"`{missing[1]}`" if missing is not None else "some package"
        raise OfflineError(
            host,
            f"{what} is not in uv's cache, and the network must not be used",
            hint="run once without `--offline`",
        )
    if _LOGIN.search(text):
        raise SourceUnavailableError(_host(text) or host, "wants a user and a password that fit")
    if _NO_REPOSITORY.search(text):
        return NoSolution("not-found", _message(text), _names(text))
    is_network = _NETWORK.search(text) is not None and not _BUILD_OFF.search(text)
    if is_network and "No solution found" not in text:
        raise SourceUnavailableError(_host(text) or host, f"cannot be reached ({_last(lines)})")
    return NoSolution(_cause(text), _message(text), _names(text), _unbuilt(text))


def _host(text: str) -> str:
    match = _URL.search(text)
    return urlsplit(match[0]).netloc.rpartition("@")[2] if match is not None else ""


def _last(lines: list[str]) -> str:
    return _FOR_URL.sub("", lines[-1])[:200].rstrip(".") if lines else "no reason given"


def _cause(text: str) -> Cause:
    if _PLATFORM.search(text):
        return "platform"
    if _UNBUILT.search(text) or _BUILD_OFF.search(text):
        return "no-wheel"
    if _PYTHON.search(text):
        return "python"
    if _MISSING.search(text):
        return "not-found"
    is_conflict = "No solution found" in text or "conflicting URLs" in text
    return "conflict" if is_conflict else "refused"


def _message(text: str) -> str:
    """Return what uv said, in our words where it speaks of the question."""
    plain = text.removeprefix("No solution found when resolving dependencies").strip(": ")
    plain = _END.sub("", plain).replace(f"{QUESTION} depends on", "the packs ask for")
    return plain[:MAX_MESSAGE].rstrip(".")


def _names(text: str) -> tuple[str, ...]:
    """Return every word that could be a package's name; who reads it knows which are."""
    words = (match[1].rstrip("._-") for match in _NAME.finditer(text.lower()))
    return tuple(sorted({canonicalize_name(word) for word in words if word}))


def _unbuilt(text: str) -> tuple[str, ...]:
    found = {match[1] or match[2] for match in _UNBUILT.finditer(text)}
    return tuple(sorted(canonicalize_name(name.split("=")[0]) for name in found))
