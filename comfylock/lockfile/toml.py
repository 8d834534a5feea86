"""TOML text to plain values: a lock as comfylock writes it at once, any other by a whole parser."""

from __future__ import annotations

from typing import Any

SINGLE = frozenset({"[options]", "[comfyui]"})
MANY = frozenset(
    f"[[{name}]]" for name in ("image", "python", "workflow", "pack", "model", "unresolved")
)
WORDS = {"true": True, "false": False}


def parse_toml(text: str) -> dict[str, Any]:
    """Return the document that a text holds.

    Raises:
        ValueError: it is not TOML.
        RecursionError: it is nested too deeply.
    """
    document = parse_regular(text)
    if document is None:
        import tomli  # noqa: PLC0415 - not needed for a lock as comfylock writes it

        document = tomli.loads(text)
    return document


def parse_regular(text: str) -> dict[str, Any] | None:
    """Return the document of a text in the layout of `write`, or None if there is more to it.

    This layout has one value on a line and nothing that must be unescaped, so it takes a
    quarter of the time of a parser, and its import is saved. Whatever is taken here means the
    same to every TOML parser.
    """
    if "\\" in text or not text.replace("\n", "").isprintable():
        return None
    document: dict[str, Any] = {}
    here = document
    items: list[str] | None = None
    for line in text.split("\n"):
        if items is not None:
            if line[:5] == '    "' and line[-2:] == '",' and line.count('"') == 2:
                items.append(line[5:-2])
            elif line == "]":
                items = None
            else:
                return None
        elif not line or line[0] == "#":
            continue
        elif line[0] == "[":
            opened = _table(document, line)
            if opened is None:
                return None
            here = opened
        else:
            key, _, text_of_value = line.partition(" = ")
            value = _value(text_of_value)
            if value is None or key in here or not _is_bare(key):
                return None
            if here is document and isinstance(value, list):  # `pack = []` before `[[pack]]`
                return None
            here[key] = value
            items = value if text_of_value == "[" else None
    return document if items is None else None


def _table(document: dict[str, Any], line: str) -> dict[str, Any] | None:
    """Open the table that a header names; None for another header, or one that is there."""
    table: dict[str, Any] = {}
    if line in MANY:
        tables = document.setdefault(line[2:-2], [])
        if not isinstance(tables, list):
            return None
        tables.append(table)
    elif line in SINGLE and line[1:-1] not in document:
        document[line[1:-1]] = table
    else:
        return None
    return table


def _value(text: str) -> Any:
    """Return the value that a text means; an empty list for an opening bracket; else None."""
    if text[:1] == '"':
        return text[1:-1] if text[-1] == '"' and text.count('"') == 2 else None
    if text in {"[", "[]"}:
        return []
    if text in WORDS:
        return WORDS[text]
    if text.isascii() and text.isdigit() and len(text) < 19 and (text == "0" or text[0] != "0"):
        return int(text)
    return None


def _is_bare(key: str) -> bool:
    return key.isascii() and key.replace("-", "").replace("_", "").isalnum()
