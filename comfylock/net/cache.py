"""Answers kept on disk: one small file for each question, for any number of processes."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from comfylock.names import printable
from comfylock.net.interface import Known, Question
from comfylock.redaction import holds_secret, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

FORMAT = 1
MAX_AGE = 600.0
"""Seconds for which an answer that may change is taken as it is."""

MAX_ENTRY_BYTES = 32 << 20
HEAD = b'{"comfylock":'
"""How every entry begins, of whatever format."""


class _Entry(Struct):
    comfylock: int
    question: Question
    kind: str
    fetched: float
    validators: dict[str, str]
    value: msgspec.Raw


class Cache:
    """Answers below a folder, which is made when the first is kept.

    `now` gives seconds since 1970. Files that are damaged or of another format count as absent.
    A folder that cannot be used is told to `warn` once and is no error. An entry that holds one
    of `secrets` is not written. With `doubts`, answers that cannot change may have changed too:
    whoever verifies asks again.
    """

    def __init__(
        self,
        folder: str,
        now: Callable[[], float],
        max_age: float = MAX_AGE,
        *,
        secrets: Iterable[str] = (),
        warn: Callable[[str], None] | None = None,
        doubts: bool = False,
    ) -> None:
        self.folder = folder
        self._now = now
        self._max_age = max_age
        self._secrets = tuple(secrets)
        self._warn = warn
        self._doubts = doubts

    def find(self, question: Question, kind: type[T]) -> tuple[Known[T] | None, bool]:
        """Return the kept answer, None if there is none, and whether it is fresh."""
        entry = self._read(question)
        if entry is None or entry.kind != fingerprint(kind):
            return None, False
        try:
            value = msgspec.json.decode(entry.value, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None, False
        age = self._now() - entry.fetched
        is_lasting = question.is_lasting and not self._doubts
        is_fresh = is_lasting or 0 <= age < self._max_age
        return Known(value, entry.validators), is_fresh

    def keep(self, question: Question, kind: Any, known: Known[Any]) -> bool:
        """Keep an answer as fetched now; False if it was not possible or holds a secret."""
        try:
            value = msgspec.Raw(msgspec.json.encode(known.value))
            entry = _Entry(
                FORMAT, question, fingerprint(kind), self._now(), known.validators, value
            )
            data = msgspec.json.encode(entry)
        except (UnicodeEncodeError, RecursionError):  # halves of characters from a service
            return False
        if len(data) > MAX_ENTRY_BYTES or holds_secret(data.decode(), self._secrets):
            return False
        try:
            _write(self._path(question), data)
        except OSError as error:
            self._tell(f"the cache {self.folder} cannot be written: {error.strerror}")
            return False
        return True

    def shown(self, question: Question) -> str:
        """Return what a question is about, for one line of a message."""
        return printable(redact(question.key, self._secrets))

    def _read(self, question: Question) -> _Entry | None:
        try:
            with open(self._path(question), "rb") as stream:
                data = stream.read(MAX_ENTRY_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._tell(f"the cache {self.folder} cannot be read: {error.strerror}")
            return None
        try:
            entry = msgspec.json.decode(data, type=_Entry)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        is_right = entry.comfylock == FORMAT and entry.question == question
        return entry if is_right else None

    def _path(self, question: Question) -> str:
        name = digest_of(question)
        return os.path.join(self.folder, name[:2], f"{name}.json")

    def _tell(self, message: str) -> None:
        warn, self._warn = self._warn, None
        if warn is not None:
            warn(message)


def digest_of(question: Question) -> str:
    """Return the sha256 of a question, which names its entry."""
    parts = (question.service, question.kind, question.key, question.is_lasting)
    text = msgspec.json.encode([*map(_whole, parts)])
    return hashlib.sha256(text).hexdigest()


def fingerprint(kind: Any) -> str:
    """Return what changes when the shape of a type of answers changes."""
    return _fingerprint(kind)


@lru_cache(maxsize=256)
def _fingerprint(kind: Any) -> str:
    schema = msgspec.json.encode(msgspec.json.schema(kind), order="deterministic")
    return f"{getattr(kind, '__name__', kind)}:{hashlib.sha256(schema).hexdigest()[:16]}"


def _whole(part: Any) -> Any:
    """Return a text that can be encoded, whatever a stranger put into it."""
    return part.encode("utf-8", "backslashreplace").decode() if isinstance(part, str) else part


def _write(path: str, data: bytes) -> None:
    """Put a file in place at once; unlike a person's files, it need not survive a power cut."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    temporary = f"{path}.{os.getpid()}-{get_ident()}.tmp"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
