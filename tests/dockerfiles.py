"""A Dockerfile as its instructions, read by the rules of its reference and not by ours."""

from __future__ import annotations

import re
import shlex

from msgspec import Struct

HERE = re.compile(r"<<'(\w+)'")


class Instruction(Struct, frozen=True):
    """One instruction, its continued lines joined."""

    word: str
    text: str
    here: tuple[str, ...] = ()
    """The lines of its here-document."""

    @property
    def words(self) -> list[str]:
        """Its words as variables are expanded and quotes removed; an unexpanded `$` stays."""
        return [word.replace("\\$", "$") for word in shlex.split(self.text)]


def instructions(text: str) -> list[Instruction]:
    """Return the instructions of a Dockerfile.

    Source: https://docs.docker.com/reference/dockerfile/#format
    """
    found: list[Instruction] = []
    lines = iter(text.split("\n"))
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        whole = line
        while whole.endswith("\\"):
            whole = whole[:-1] + next(lines)
        word, _, rest = whole.strip().partition(" ")
        here: list[str] = []
        marked = HERE.search(rest) if word == "COPY" else None
        if marked is not None:
            while (inner := next(lines)) != marked[1]:
                here.append(inner)
        found.append(Instruction(word, rest.strip(), tuple(here)))
    return found


def stages(text: str) -> dict[str, list[Instruction]]:
    """Return the instructions of each stage by its name; the last has none."""
    found: dict[str, list[Instruction]] = {}
    current: list[Instruction] = []
    for each in instructions(text):
        if each.word == "FROM":
            name = each.text.partition(" AS ")[2]
            assert name not in found, f"two stages are called {name}"
            current = found.setdefault(name, [])
        current.append(each)
    return found
