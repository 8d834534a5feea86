"""Reading one table of a settings file: values of the right kind, or a fault with its path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.names import printable
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Faults = list[tuple[str, str]]
MAX_INTEGER = 2**53 - 1
"""The largest number that JSON readers everywhere agree on."""

_USER_INFO = Pattern(r"//[^/]*@")
_QUERY = Pattern(r"[?#].*")


class Table:
    """A table, its path in the file, and the faults of the whole file."""

    def __init__(self, value: dict[str, Any], path: str, faults: Faults) -> None:
        self.value = value
        self.path = path
        self.faults = faults

    def __contains__(self, key: str) -> bool:
        """Say whether the key is written there."""
        return key in self.value

    def fault(self, message: str, key: str | None = None) -> None:
        """Note what is wrong with the table or one of its keys."""
        path = self.path if key is None else f"{self.path}.{key}" if self.path else key
        self.faults.append((path, message))

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Fault every key that is no setting, with the nearest one that is."""
        for key in self.value:
            if key in known:
                continue
            import difflib  # noqa: PLC0415 - only mistakes need it

            nearest = difflib.get_close_matches(key, list(known), 1, 0.6)
            advice = f"did you mean `{nearest[0]}`?" if nearest else f"known: {', '.join(known)}"
            self.fault(f"is no setting; {advice}", shown(key))

    def table(self, key: str) -> Table:
        """Return the table under a key; an empty one where there is none."""
        value = self.value.get(key, {})
        path = f"{self.path}.{key}" if self.path else key
        if not isinstance(value, dict):
            self.fault("must be a table", key)
            value = {}
        return Table(value, path, self.faults)

    def quoted(self, key: str) -> str:
        """Return the path of a key that a person chose."""
        return f'{self.path}."{shown(key)}"'

    def text(self, key: str) -> str | None:
        """Return a text that is more than blanks, trimmed; None where there is none."""
        value = self.value.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self.fault("must be a text", key)
            return None
        return value.strip()

    def flag(self, key: str) -> bool:
        """Return a yes or no; no where there is none."""
        value = self.value.get(key, False)
        if not isinstance(value, bool):
            self.fault("must be true or false", key)
            return False
        return value

    def number(self, key: str, least: int = 1) -> int | None:
        """Return a whole number of at least so much; None where there is none."""
        value = self.value.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault("must be a whole number", key)
            return None
        if not least <= value <= MAX_INTEGER:
            self.fault(f"must be from {least} to {MAX_INTEGER}", key)
            return None
        return value

    def texts(self, key: str, what: str) -> Iterator[tuple[int, str]]:
        """Yield the texts of a list with their places; faults name the entry."""
        value = self.value.get(key, [])
        if not isinstance(value, list):
            self.fault(f"must be a list of {what}", key)
            return
        for index, entry in enumerate(value):
            if isinstance(entry, str) and entry.strip():
                yield index, entry.strip()
            else:
                self.fault("must be a text", f"{key}[{index}]")


def shown(key: str) -> str:
    """Return a key as faults name it: one line, without what may be a secret in an address."""
    if "://" in key:
        key = _QUERY.sub("", _USER_INFO.sub("//", key))
    return printable(key, 120)
