"""Tables of names that are written as text, many in a line."""

from __future__ import annotations


def words(text: str) -> list[str]:
    """Return the words of a text, in order."""
    return text.split()
