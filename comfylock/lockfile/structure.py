"""What is wrong with a document's keys and types: all of it, each with its path.

The types themselves decide whether a document is sound; this is asked only if it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect

from comfylock.lockfile.document import MANY, SINGLE, Document

if TYPE_CHECKING:
    from collections.abc import Iterable

    Fault = tuple[str, str]

TABLES = tuple(field.name for field in msgspec.structs.fields(Document))


class Structure:
    """A document being looked through; `document` is what is left of it when faults are gone."""

    def __init__(self, *, is_tolerant: bool) -> None:
        self.faults: list[Fault] = []
        self.unknown: list[str] = []
        self.is_whole = True
        """No entry had to be left out."""
        self.places: dict[str, list[int]] = {}
        """Table to the numbers that its entries have in the file."""
        self._is_tolerant = is_tolerant

    def mend(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the document without what cannot be understood; note what that was."""
        mended: dict[str, Any] = {}
        for name, value in document.items():
            if name not in TABLES:
                self._strange(name, name, TABLES, "a lock")
            elif name in SINGLE:
                entry = self._entry(value, SINGLE[name], name, name)
                if entry is not None:
                    mended[name] = entry
            elif name in MANY:
                mended[name] = self._entries(value, name)
            elif name == "tool":
                mended[name] = self._tool(value)
            elif type(value) is int and value >= 0:
                mended[name] = value
            else:
                self.faults.append((name, "must be a whole number"))
        return mended

    def _entries(self, value: Any, table: str) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            self.faults.append((table, f"must be written as `[[{table}]]`"))
            return []
        found = {
            index: self._entry(item, MANY[table], f"{table}[{index}]", table)
            for index, item in enumerate(value)
        }
        entries = {index: entry for index, entry in found.items() if entry is not None}
        self.places[table] = list(entries)
        return list(entries.values())

    def _entry(
        self, value: Any, kind: type[msgspec.Struct], path: str, table: str
    ) -> dict[str, Any] | None:
        """Return what is sound in an entry; None if it lacks what every one needs."""
        if not isinstance(value, dict):
            self.faults.append((path, "must be a table"))
            self.is_whole = False
            return None
        described = inspect.type_info(kind)
        assert isinstance(described, inspect.StructType)
        fields = {field.encode_name: field for field in described.fields}
        mended: dict[str, Any] = {}
        for key, item in value.items():
            where = f"{path}.{key}"
            if key not in fields:
                self._strange(where, key, fields, f"`[{table}]`")
                continue
            fault = _type_fault(item, fields[key].type)
            if fault is None:
                mended[key] = item
            else:
                self.faults.append((where, fault))
        return mended if self._has_all(mended, value, fields, path) else None

    def _has_all(
        self, mended: dict[str, Any], value: dict[str, Any], fields: dict[str, Any], path: str
    ) -> bool:
        missing = [key for key, field in fields.items() if field.required and key not in mended]
        self.faults += [(f"{path}.{key}", "is missing") for key in missing if key not in value]
        self.is_whole = self.is_whole and not missing
        return not missing

    def _tool(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.faults.append(("tool", "must be a table"))
            return {}
        for name, table in value.items():
            if not isinstance(table, dict):
                self.faults.append((f"tool.{name}", "must be a table"))
        return {name: table for name, table in value.items() if isinstance(table, dict)}

    def _strange(self, path: str, key: str, known: Iterable[str], where: str) -> None:
        """Note a key that nobody knows: from a newer revision, or misspelled."""
        if self._is_tolerant:
            self.unknown.append(path)
            return
        import difflib  # noqa: PLC0415 - only for faults

        near = difflib.get_close_matches(key[:80], known, 1, 0.6)
        advice = f"; did you mean `{near[0]}`?" if near else ""
        self.faults.append((path, f"is no key of {where}{advice}"))


def _type_fault(value: Any, kind: inspect.Type) -> str | None:
    """Return what is wrong with the type of a value; a truth value is no number."""
    if value is None:  # a key that is not there
        return None
    if isinstance(kind, inspect.UnionType):
        kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    if isinstance(kind, inspect.VarTupleType):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return None
        return "must be a list of texts"
    if isinstance(kind, inspect.LiteralType):
        words = [str(word) for word in kind.values]
        if value in words:
            return None
        return f"must be `{'`, `'.join(words[:-1])}` or `{words[-1]}`"
    if isinstance(kind, inspect.BoolType):
        return None if isinstance(value, bool) else "must be true or false"
    if isinstance(kind, inspect.IntType):
        return None if type(value) is int else "must be a whole number"
    return None if isinstance(value, str) else "must be a text"
