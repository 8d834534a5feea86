"""What was read from one source file: the nodes it builds, in plain values."""

from __future__ import annotations

from enum import Enum
from typing import Final

from msgspec import Struct

from comfylock.model import Problem


class Dynamic(Enum):
    """The kind of value that only running the program would tell; `DYNAMIC` is its one member."""

    DYNAMIC = "dynamic"


DYNAMIC: Final = Dynamic.DYNAMIC
"""Stands where a literal would stand if the source did not compute it."""


class Alternatives(Struct, frozen=True):
    """The literals one place may hold: both arms of a ternary, a default and what is passed.

    Two or more, in source order, each once. What is computed besides them is left out.
    """

    values: tuple[object, ...]


class SourceNode(Struct, frozen=True):
    """One node that the source builds, or may build where it chooses between class types."""

    class_type: str
    line: int
    """Counted from 1: where the object starts, or the call of the function that builds it."""
    inputs: dict[str, object] = {}
    """Input to literal: str, int, float, bool, None, list, dict, `Alternatives` or `DYNAMIC`."""
    id: str | None = None
    """The node's key in the workflow where that is a literal."""
    title: str | None = None
    """`_meta.title` where that is a literal."""


class SourceReading(Struct, frozen=True):
    """All that one source file says about workflows, in source order."""

    nodes: tuple[SourceNode, ...] = ()
    embedded: tuple[tuple[int, str], ...] = ()
    """Line and text of string literals that look like a workflow in JSON."""
    loose_models: tuple[tuple[int, str], ...] = ()
    """Line and text of model file names that no input holds; only where there are nodes."""
    unread: int = 0
    """Places whose nodes were not counted: their class type, or the text around them, is computed,
    or the source there does not parse. Each has a problem."""
    problems: tuple[Problem, ...] = ()
    """What could not be read; `path` is `line N`."""


def alternatives(value: object) -> tuple[object, ...]:
    """Return the literals that an input's value may be; none if it is computed."""
    if isinstance(value, Alternatives):
        return value.values
    return () if value is DYNAMIC else (value,)
