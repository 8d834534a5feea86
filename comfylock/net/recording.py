"""Answers written down to be given again: the same run, without the services."""

from __future__ import annotations

import hashlib
import os
import re
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from comfylock.errors import OfflineError, UsageError
from comfylock.files import write_atomically
from comfylock.names import printable
from comfylock.net.answers import InMemory
from comfylock.net.cache import digest_of
from comfylock.net.interface import Answers, Question, known_answer
from comfylock.redaction import mask, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from comfylock.net.interface import Known

T = TypeVar("T")

FORMAT = 1
MAX_BYTES = 64 << 20
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Counted(Answers, Protocol):
    """Answers that can say how many there were."""

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return by service how many questions there were, and how many went to it; sorted."""


class _Entry(Struct):
    question: Question
    value: msgspec.Raw
    version: int = FORMAT


class Recording:
    """Passes questions on, and writes each with its answer into a folder, for people to read.

    The same answers give the same files. `secrets` are masked should a service repeat one.
    """

    def __init__(self, inner: Counted, folder: str, *, secrets: Iterable[str] = ()) -> None:
        self._inner = inner
        self._folder = folder
        self._secrets = tuple(secrets)
        self._written: set[Question] = set()
        self._lock = Lock()

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        """Return the inner answer, once it is written down.

        Raises:
            UsageError: the folder cannot be written.
        """
        answer = self._inner.ask(question, kind, fetch)
        self._write_once(question, answer)
        return answer

    def known(self, question: Question, kind: type[T]) -> T | None:
        """Return what needs no fetch, once it is written down.

        Raises:
            UsageError: the folder cannot be written.
        """
        answer = known_answer(self._inner, question, kind)
        if answer is not None:
            self._write_once(question, answer)
        return answer

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return by service how many questions there were, and how many went to it; sorted."""
        return self._inner.counts()

    def _write_once(self, question: Question, answer: Any) -> None:
        with self._lock:
            is_new = question not in self._written
            self._written.add(question)
        if is_new:
            self._write(question, answer)

    def _write(self, question: Question, answer: Any) -> None:
        path = os.path.join(self._folder, file_of(question))
        content = {"question": question, "value": answer, "version": FORMAT}
        try:
            text = msgspec.json.encode(content, order="sorted").decode()
            text = msgspec.json.format(mask(text, self._secrets), indent=2)
            write_atomically(path, f"{text}\n".encode())
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}") from error
        except UnicodeEncodeError as error:
            what = "holds half of a character and cannot be recorded"
            raise UsageError(f"{question.service}: an answer {what}") from error


class Replay:
    """Answers from a recording alone."""

    def __init__(self, folder: str, memory: InMemory | None = None) -> None:
        self._folder = folder
        self._memory = memory or InMemory()

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        """Return the answer that was recorded.

        Raises:
            OfflineError: the question is not in the recording.
            UsageError: a file of the recording is damaged or of a newer format.
        """
        del fetch
        return self._memory.once(question, lambda: self._read(question, kind))

    def known(self, question: Question, kind: type[T]) -> T | None:
        """Return the answer if it was recorded.

        Raises:
            UsageError: a file of the recording is damaged or of a newer format.
        """
        if not os.path.exists(os.path.join(self._folder, file_of(question))):
            return None
        return self._memory.once(question, lambda: self._read(question, kind))

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return by service how many questions there were; none went to it."""
        return self._memory.counts()

    def _read(self, question: Question, kind: type[T]) -> T:
        path = os.path.join(self._folder, file_of(question))
        try:
            with open(path, "rb") as stream:
                data = stream.read(MAX_BYTES)
        except (FileNotFoundError, NotADirectoryError) as error:
            key = printable(redact(question.key))
            message = f"{question.kind} of `{key}` is not in the recording {self._folder}"
            raise OfflineError(question.service, message, hint="record it again") from error
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from error
        try:
            entry = msgspec.json.decode(data, type=_Entry)
            if entry.version > FORMAT:
                raise UsageError(f"{path} was recorded by a newer comfylock")
            return msgspec.json.decode(entry.value, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UsageError(f"{path} is no answer as comfylock records them") from error


def file_of(question: Question) -> str:
    """Return where in a recording a question is: readable, and different for each."""
    shown = _UNSAFE.sub("-", redact(question.key)).strip("-.")[:60]
    name = f"{shown}-{digest_of(question)[:12]}.json" if shown else f"{digest_of(question)}.json"
    return os.path.join(_folder_name(question.service), _folder_name(question.kind), name)


def _folder_name(text: str) -> str:
    name = _UNSAFE.sub("-", text).strip("-.")[:60]
    return name or hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]
