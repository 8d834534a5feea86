"""Files whose host publishes no digest: asked after cheaply, read to the end, hashed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from comfylock.errors import RefusedError, SourceUnavailableError
from comfylock.names import printable
from comfylock.net.interface import Known
from comfylock.net.pages import is_page
from comfylock.sources.file_front import Front, TooLargeError, is_lfs_pointer, title_of
from comfylock.sources.interface import Missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.net.http import Http

MAX_FILE = 64 << 30
"""Bytes."""

_UNLIMITED = 1 << 62

PAGE_HINT = "open the address in a browser; a login or a consent page may stand before the file"


class Hashed(Struct, frozen=True, tag="hashed"):
    """A file that was read to its end."""

    sha256: str
    size: int
    """Bytes."""


HASHED = cast("type[Hashed | Missing]", Hashed | Missing)


def hashed(
    http: Http, url: str, known: Known[Hashed | Missing] | None, *, limit: int = MAX_FILE
) -> Known[Hashed | Missing]:
    """Return a file's digest; an unchanged file is not read again. Uses the network.

    Refusals are not kept: whoever mends them wants to be believed at once.

    Raises:
        SourceUnavailableError: the host cannot be reached, or breaks off.
    """
    try:
        return _hashed(http, url, known, limit)
    except RefusedError as error:
        told = f"{_shown(url)} must not be fetched: {error.message}"
        return Known(Missing("not-allowed", told, error.hint), is_kept=False)


def _hashed(
    http: Http, url: str, known: Known[Hashed | Missing] | None, limit: int
) -> Known[Hashed | Missing]:
    head = _head(http, url)
    if isinstance(head, Missing):
        return Known(head, is_kept=False)
    old = known.value if known is not None else None
    if known is not None and isinstance(old, Hashed):
        is_same = _says_unchanged(head, old.size, known.validators)
        if is_same:
            return known
    if _length(head) > limit:
        return Known(_too_large(url, limit), is_kept=False)
    front = Front(limit)
    try:
        answer = http.download(url, limit=_UNLIMITED, sink=front)
    except TooLargeError:
        return Known(_too_large(url, limit), is_kept=False)
    missing = (
        _no_file(url, front.getvalue(), answer.headers)
        if answer.status == 200
        else refusal(answer.status, url)
    )
    if missing is not None:
        return Known(missing, is_kept=False)
    validators = {k: v for k in VALIDATORS if (v := answer.headers.get(k))}
    return Known(Hashed(answer.sha256, answer.size), validators)


VALIDATORS = ("etag", "last-modified")
_FINAL = frozenset({401, 404, 410, 451})
"""Statuses that say the same whether the file is asked for or only its head."""


def _head(http: Http, url: str) -> Mapping[str, str] | Missing:
    """Return the headers of a file; none where the host does not speak HEAD."""
    try:
        answer = http.request("HEAD", url, headers={"Accept-Encoding": "identity"})
    except SourceUnavailableError:
        return {}  # some break off or answer 501; the download decides
    if answer.status in _FINAL:
        return refusal(answer.status, url)
    return answer.headers if answer.status == 200 else {}


def is_unchanged(http: Http, url: str, size: int, validators: Mapping[str, str]) -> bool:
    """Say whether a host says that a file is what it was. Uses the network: one request."""
    try:
        head = _head(http, url)
    except (RefusedError, SourceUnavailableError):
        return False
    return not isinstance(head, Missing) and _says_unchanged(head, size, validators)


def _says_unchanged(head: Mapping[str, str], size: int, validators: Mapping[str, str]) -> bool:
    """Say whether a strong ETag, or else date and length, are what they were."""
    etag, old = head.get("etag", ""), validators.get("etag", "")
    if etag or old:
        return etag == old and etag.startswith('"')
    date = head.get("last-modified")
    is_same_date = date is not None and date == validators.get("last-modified")
    return is_same_date and _length(head) == size


def _length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _too_large(url: str, limit: int) -> Missing:
    size = f"{limit >> 20} MiB" if limit >> 20 else f"{limit} bytes"
    return Missing("too-large", f"{_shown(url)} is larger than {size}")


def _no_file(url: str, front: bytes, headers: Mapping[str, str]) -> Missing | None:
    """Return what came instead of a file; None if a file came."""
    shown, path = _shown(url), urlsplit(url).path
    if not front:
        return Missing("not-a-file", f"{shown} is empty", PAGE_HINT)
    if is_lfs_pointer(front):
        told = f"{shown} is a git-lfs pointer, which stands in git for a file kept elsewhere"
        return Missing("not-a-file", told, "use the address of the file itself")
    # A page is no model, even where the address names one.
    path = "" if path.lower().endswith(("html", ".htm")) else path
    if not is_page(headers.get("content-type", ""), front, path):
        return None
    title = title_of(front)
    what = f"a web page (`{title}`)" if title else "a web page or an error message"
    return Missing("not-a-file", f"{shown} gave {what} instead of a file", PAGE_HINT)


def refusal(status: int, url: str) -> Missing:
    """Return what a status means for a file.

    Raises:
        SourceUnavailableError: nothing that is said about files.
    """
    shown = _shown(url)
    other = "name another source in comfylock.toml"
    match status:
        case 401:
            return Missing("needs-token", f"{shown} is for those who log in only", other)
        case 403:
            return Missing("needs-token", f"{shown} is not given to strangers", other)
        case 404:
            return Missing("not-found", f"{shown} is not there", other)
        case 410:
            return Missing("gone", f"{shown} is there no longer", other)
        case 451:
            return Missing("legal", f"{shown} was taken down for legal reasons", other)
    raise SourceUnavailableError(urlsplit(url).netloc, f"answered {status} for {shown}")


def _shown(url: str) -> str:
    """Return a file's name and host: an address may hold what nobody should see."""
    parts = urlsplit(url)
    name = unquote(parts.path.rstrip("/").rpartition("/")[2])
    host = printable(parts.netloc.rpartition("@")[2], 80)
    return f"`{printable(name, 80)}` on {host}" if name else f"`{host}`"
