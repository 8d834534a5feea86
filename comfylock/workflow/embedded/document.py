"""The workflow texts found in one file, gathered under one set of rules."""

from __future__ import annotations

import msgspec

from comfylock.workflow.embedded.json_text import Pair, decode, raw_text, text_of, unquote
from comfylock.workflow.embedded.source import MAX_READ, DamagedError

KEYS = ("workflow", "prompt")
"""`workflow` is the editor's format, `prompt` the API's; documents come in this order."""

MAX_DOCUMENTS = 16
"""Distinct documents that are kept under one key."""

_COMMENTS = frozenset(("comment", "description"))


class EmbeddedDocument(msgspec.Struct, frozen=True):
    """One workflow as a media file carries it."""

    key: str
    """`workflow` (the editor's format) or `prompt` (the API's)."""
    text: str
    """JSON text of an object or a list; not checked, may hold bare `NaN`."""


class Embedded(msgspec.Struct, frozen=True):
    """All workflows that one media file carries."""

    documents: tuple[EmbeddedDocument, ...] = ()
    """Workflows first, then prompts, each in file order, without repetitions."""
    problem: str | None = None
    """Why some may have been missed: one sentence without a full stop."""


class Findings:
    """Gathers what a container reader finds: filters, unwraps, and sets limits."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {key: [] for key in KEYS}
        self._budget = MAX_READ
        self.problem: str | None = None

    def note(self, problem: str) -> None:
        """Keep why something may have been missed; the first reason stays."""
        self.problem = self.problem or problem

    def tag(self, name: str, value: bytes | str) -> None:
        """Take a named value: a workflow, a prompt, or a `comment` that wraps both."""
        key = tag_key(name)
        if key == "comment":
            self.wrapped(value)
        elif key is not None:
            self._add(key, self._text(value))

    def labelled(self, value: bytes | str) -> None:
        """Take text such as `workflow:{…}`, or JSON that holds both keys."""
        name, colon, rest = self._text(value).partition(":")
        if colon and name.strip().lower() in KEYS:
            self._add(name.strip().lower(), rest)
        else:
            self.wrapped(value)

    def wrapped(self, value: bytes | str) -> None:
        """Take a JSON object that has the two keys, or is itself a workflow; else ignore it."""
        text = unquote(self._text(value))
        if not text.startswith("{"):
            return
        pair = decode(text, Pair)
        if pair is None:
            if '"workflow"' in text or '"prompt"' in text:
                self.note("holds metadata that is not valid JSON")
            return
        found = [(key, raw_text(getattr(pair, key))) for key in KEYS]
        for key, inner in found:
            self._add(key, inner)
        if not any(inner for _, inner in found):
            self._bare(pair, text)

    def pair(self, pair: Pair) -> None:
        """Take both keys of an object that was decoded already."""
        for key in KEYS:
            self._add(key, self._text(raw_text(getattr(pair, key))))

    def result(self) -> Embedded:
        """Return everything found so far, in order."""
        documents = [EmbeddedDocument(key, text) for key in KEYS for text in self._texts[key]]
        return Embedded(tuple(documents), self.problem)

    def _bare(self, pair: Pair, text: str) -> None:
        if raw_text(pair.nodes).startswith("["):
            self._add("workflow", text)
        elif '"class_type"' in text:
            self._add("prompt", text)

    def _text(self, value: bytes | str) -> str:
        # Hostile files point many times at the same bytes: all of them count.
        self._budget -= len(value)
        if self._budget < 0:
            raise DamagedError(f"holds more than {MAX_READ >> 20} MiB of metadata")
        return value if isinstance(value, str) else text_of(value)

    def _add(self, key: str, value: str) -> None:
        text = unquote(value)
        # Other programs keep plain words under `prompt`.
        if not text.startswith(("{", "[")) or text in self._texts[key]:
            return
        if len(self._texts[key]) == MAX_DOCUMENTS:
            self.note(f"holds more than {MAX_DOCUMENTS} different documents named `{key}`")
            return
        self._texts[key].append(text)


def tag_key(name: str) -> str | None:
    """Return `workflow`, `prompt` or `comment` if a tag's name means that, else None.

    ffmpeg turns a `comment` into a `DESCRIPTION` where it writes Vorbis comments. Case and a
    reverse domain in front (`com.apple.quicktime.comment`) make no difference.
    """
    key = name.strip("\0 ").rpartition(".")[2].lower()
    if key in _COMMENTS:
        return "comment"
    return key if key in KEYS else None
