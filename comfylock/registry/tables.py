"""The registry's files as look-up tables, fast for a few names and for many.

A canonical file (one entry a line) is searched as it lies. The bundled ones are known to be
sorted, so a look-up halves its way to the line; others are searched from the front, which costs
a twentieth of decoding the whole, and are decoded after some look-ups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import msgspec

from comfylock.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
D = TypeVar("D")

PATIENCE = 8
"""Look-ups after which decoding everything is cheaper than searching on."""

MANY = 2000
"""The same where files are known to be sorted."""


class Table(Generic[T]):
    """Entries by name, from several files; the first that has a name decides."""

    def __init__(self, layers: list[Layer[T]]) -> None:
        self._layers = layers
        self._known: dict[str, T | None] = {}
        self._all: dict[str, T] | None = None
        self._is_sorted = all(layer.is_sorted for layer in layers)

    @overload
    def get(self, name: str) -> T | None: ...

    @overload
    def get(self, name: str, default: D) -> T | D: ...

    def get(self, name: str, default: Any = None) -> Any:
        """Return the entry of a name, or the default."""
        entry = self._find(name)
        return default if entry is None else entry

    def _find(self, name: str) -> T | None:
        if self._all is not None:
            return self._all.get(name)
        if name in self._known:
            return self._known[name]
        if len(self._known) >= (MANY if self._is_sorted else PATIENCE):
            return self.all().get(name)
        entry = None
        for layer in self._layers:
            entry = layer.find(name)
            if entry is not None:
                break
        self._known[name] = entry
        return entry

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())

    def all(self) -> dict[str, T]:
        """Return every entry by name."""
        if self._all is None:
            merged: dict[str, T] = {}
            for layer in reversed(self._layers):
                merged.update(layer.decode())
            self._all = merged
            self._known.clear()
        return self._all


class Layer(Generic[T]):
    """One file of entries; raises RegistryError where it is damaged.

    `is_sorted` is a promise: one entry a line, by the bytes of the encoded names.
    """

    def __init__(self, data: bytes, entries: Any, path: str, *, is_sorted: bool = False) -> None:
        self.is_sorted = is_sorted
        self._data = data
        self._path = path
        self._entries = entries
        self._entry = msgspec.json.Decoder(entries)
        self._decoded: dict[str, T] | None = None
        if not _is_canonical(data):
            self.decode()

    def find(self, name: str) -> T | None:
        """Return one entry without decoding the others."""
        if self._decoded is not None:
            return self._decoded.get(name)
        data = self._data
        try:
            key = b"\n" + msgspec.json.encode(name) + b":"
        except UnicodeEncodeError:  # half a character, which no file can hold
            return None
        start = _seek(data, key[1:]) if self.is_sorted else data.find(key) + 1
        if start <= 0:
            return None
        start += len(key) - 1
        end = data.find(b"\n", start)
        try:
            entry: T = self._entry.decode(data[start:end].removesuffix(b","))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise damaged(self._path, error) from error
        return entry

    def decode(self) -> dict[str, T]:
        """Return all entries."""
        if self._decoded is None:
            decoder: msgspec.json.Decoder[dict[str, T]] = msgspec.json.Decoder(
                dict[str, self._entries]  # type: ignore[name-defined]
            )
            try:
                self._decoded = decoder.decode(self._data)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise damaged(self._path, error) from error
            self._data = b""
        return self._decoded


def _seek(data: bytes, key: bytes) -> int:
    """Return where the line begins that starts with a key, in lines that are sorted; -1: none."""
    low, high = data.find(b"\n") + 1, len(data)
    while low < high:
        middle = (low + high) // 2
        start = max(low, data.rfind(b"\n", low, middle) + 1)
        found = data[start : start + len(key)]
        if found == key:
            return start
        if found > key or found[:1] == b"}":
            high = start
        else:
            low = data.find(b"\n", start) + 1 or high
    return -1


def _is_canonical(data: bytes) -> bool:
    """Say whether a file has one entry a line, as far as its frame and its first entry tell."""
    if not (data.startswith(b'{\n"') and data.endswith(b"\n}\n")):
        return False
    first = data[2 : data.index(b"\n", 2)]
    try:
        msgspec.json.decode(b"{" + first.removesuffix(b",") + b"}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def damaged(path: str, error: Exception) -> RegistryError:
    """Return the error for a registry file that cannot be decoded."""
    return RegistryError(
        path,
        f"is damaged: {error}",
        hint="remove it, or write it anew with `comfylock registry`",
    )
