"""What packs ask for, line by line, and what was wrong with a line."""

from __future__ import annotations

from msgspec import Struct


class Asked(Struct, frozen=True, order=True):
    """One requirement, and who wrote it where."""

    name: str
    """Normalised; empty for an address that does not say what it holds."""
    specifier: str = ""
    """`<2,>=1.20`, in the order of its text."""
    extras: tuple[str, ...] = ()
    marker: str = ""
    url: str = ""
    """An address to take it from, with `git+` where it is a repository; without secrets."""
    pack: str = ""
    file: str = ""
    """Relative to the pack; `registry` for what the registry declares."""
    line: int = 0
    """Counted from 1; for a list, its entry."""
    text: str = ""
    """As it was written, without comment and secrets."""
    is_constraint: bool = False
    """It limits a package that others ask for."""

    @property
    def requirement(self) -> str:
        """The requirement as PEP 508 has it; an address alone where there is no name."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        if self.url:
            marker = f" ; {self.marker}" if self.marker else ""
            return (f"{self.name}{extras} @ {self.url}" if self.name else self.url) + marker
        marker = f" ; {self.marker}" if self.marker else ""
        return f"{self.name}{extras}{self.specifier}{marker}"

    @property
    def place(self) -> str:
        """`pack: requirements.txt:3`."""
        return f"{self.pack}: {self.file}:{self.line}"


class Option(Struct, frozen=True, order=True):
    """A line that would change how everything is installed (`--index-url …`)."""

    pack: str
    file: str
    line: int
    name: str
    """`--index-url`, `--pre`, …: the long form."""
    text: str


class Fault(Struct, frozen=True, order=True):
    """A line that could not be read; it costs that line alone."""

    pack: str
    file: str
    line: int
    """0 for the whole file."""
    message: str
    """One sentence without a full stop."""


class Attempt(Struct, frozen=True, order=True):
    """A line that tried to move torch, or where packages come from; it was left out."""

    pack: str
    file: str
    line: int
    text: str
    message: str


class Reading(Struct, frozen=True):
    """Everything that one pack's texts say, in the order of its files and lines."""

    asked: tuple[Asked, ...] = ()
    options: tuple[Option, ...] = ()
    faults: tuple[Fault, ...] = ()
