"""What do a pack's requirement texts ask for? Each bad line costs that line alone.

A lock holds the lines of files with their place behind ` # `, so that they mean the same without
the files: `numpy<2 # requirements.txt:3`.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.names import printable
from comfylock.patterns import Pattern
from comfylock.python.asked import Asked, Fault, Option, Reading
from comfylock.python.one_line import LineError, read_requirement, without_quotes
from comfylock.python.requirement_text import (
    MAX_FILE,
    MAX_LINE,
    MAX_LINES,
    decoded,
    logical_lines,
)
from comfylock.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Read = Callable[[str], bytes | None]

_GIT_USER = "ssh://git@"
_USER = Pattern(r"(?<=://)[^/@\s]*:[^/@\s]*@|(?<=https://)[^/@\s]*@|(?<=http://)[^/@\s]*@")

REQUIREMENTS = "requirements.txt"
PROJECT = "pyproject.toml"
DECLARED = "registry"
"""What stands for a file where the registry declares the requirements."""

SHOWN = 200
"""Characters of a line that is too long for a requirement and kept to say so."""

MAX_INCLUDES = 20
"""Files that one requirements file may take in."""

CONSTRAINT = "constraint"
"""Stands behind the place of a line that only limits what others ask for."""

_PLACE = Pattern(r"(.*) # ([^#]+):([0-9]{1,6})( constraint)?\Z")
_OPTION = Pattern(r"(--[a-z][a-z-]*|-[A-Za-z])(?:\s*=)?\s*(.*)\Z")
_LONG = {"-i": "--index-url", "-f": "--find-links", "-e": "--editable", "-r": "--requirement"}
_LONG |= {"-c": "--constraint", "-U": "--upgrade", "--pypi-url": "--index-url"}
_HARMLESS = frozenset(
    [
        "--no-cache-dir",
        "--only-binary",
        "--prefer-binary",
        "--progress-bar",
        "--quiet",
        "--require-hashes",
        "--upgrade",
        "--upgrade-strategy",
        "--use-pep517",
    ]
)
"""Options that change nothing about what would be chosen here."""

_CHANGING = frozenset(
    [
        "--extra-index-url",
        "--find-links",
        "--force-reinstall",
        "--index-url",
        "--no-binary",
        "--no-build-isolation",
        "--no-deps",
        "--no-index",
        "--pre",
        "--target",
        "--trusted-host",
        "--use-feature",
    ]
)
"""Options that would change it, for this pack and every other."""


class _Reader:
    """Reads the files of one pack, each once."""

    def __init__(self, pack: str, read: Read) -> None:
        self.pack = pack
        self.read = read
        self.seen: set[tuple[str, bool]] = set()
        self.asked: list[Asked] = []
        self.options: list[Option] = []
        self.faults: list[Fault] = []
        self.lines: list[str] = []
        """Every line that asks for something or cannot be read, with its place."""

    def reading(self) -> Reading:
        """Return what was found so far."""
        return Reading(tuple(self.asked), tuple(self.options), tuple(self.faults))

    def fault(self, file: str, line: int, message: str) -> None:
        """Note a fault; 0 for the whole file."""
        if not line:
            self.lines.append(f"{message} # {file}:0")
        self.faults.append(Fault(self.pack, file, line, message))

    def file(self, name: str, *, is_constraint: bool) -> bool:
        """Read a requirements file; False if it is not there."""
        data = self.read(name)
        if data is None:
            return False
        if len(data) > MAX_FILE:
            self.fault(name, 0, "is too large for a requirements file")
            return True
        for count, (number, line) in enumerate(logical_lines(decoded(data))):
            if count == MAX_LINES:
                self.fault(name, number, f"has more than {MAX_LINES} lines; the rest is not read")
                break
            self.line(name, number, line, is_constraint=is_constraint)
        return True

    def line(self, file: str, number: int, text: str, *, is_constraint: bool = False) -> None:
        """Read one logical line without its comment."""
        self._keep(file, number, text, is_constraint=is_constraint)
        if len(text) > MAX_LINE:
            self.fault(file, number, "is too long for a requirement")
            return
        text = without_quotes(text)
        match = _OPTION.match(text)
        if match is not None:
            self._option(file, number, (match[1], match[2].strip()), is_constraint=is_constraint)
            return
        try:
            asked = read_requirement(text)
        except LineError as error:
            self.fault(file, number, str(error))
            return
        place = {"pack": self.pack, "file": file, "line": number}
        self.asked.append(replace(asked, **place, is_constraint=is_constraint))

    def _option(
        self, file: str, number: int, given: tuple[str, str], *, is_constraint: bool
    ) -> None:
        name, value = _LONG.get(given[0], given[0]), given[1]
        shown = redact(f"{given[0]} {value}".strip())
        if name in {"--requirement", "--constraint"}:
            self._include(file, number, value, is_constraint or name == "--constraint")
        elif name == "--editable":
            self.line(file, number, value, is_constraint=is_constraint)
        elif name in _CHANGING:
            self.options.append(Option(self.pack, file, number, name, shown))
        elif name not in _HARMLESS:
            self.fault(file, number, f"`{shown}` is no option of a requirements file")

    def _include(self, file: str, number: int, value: str, is_constraint: bool) -> None:
        value = value.strip("'\"").replace("\\", "/")
        name = posixpath.normpath(posixpath.join(posixpath.dirname(file), value))
        if not value or "://" in value or name.startswith(("/", "..")) or ":" in name:
            shown = redact(value)
            self.fault(file, number, f"`{shown}` lies outside the pack and is not read")
        elif (name, is_constraint) in self.seen:
            self.lines.pop()  # a file that takes in itself, or twice the same one
        elif len(self.seen) >= MAX_INCLUDES:
            self.fault(file, number, f"more than {MAX_INCLUDES} files are taken in")
        else:
            self.seen.add((name, is_constraint))
            kept = self.lines.pop()  # its own lines stand for it
            if not self.file(name, is_constraint=is_constraint):
                self.lines.append(kept)
                self.fault(file, number, f"`{name}` is not in the pack")

    def _keep(self, file: str, number: int, text: str, *, is_constraint: bool) -> None:
        mark = f" {CONSTRAINT}" if is_constraint else ""
        place = f" # {file}:{number}{mark}" if number else ""
        shown = printable(_without_secrets(text), SHOWN if len(text) > MAX_LINE else MAX_LINE)
        self.lines.append(shown + place)


def read_pack(pack: str, read: Read) -> Reading:
    """Return what a pack's own files ask for: requirements.txt, else pyproject.toml.

    `read` gives the bytes of a file of the pack by its path with `/`, None where there is none;
    it is never asked for anything outside the pack.
    """
    reader = _Reader(pack, read)
    reader.seen.add((REQUIREMENTS, False))
    if not reader.file(REQUIREMENTS, is_constraint=False):
        _read_project(reader)
    return reader.reading()


def flat_lines(read: Read) -> tuple[str, ...]:
    """Return every line of a pack's files as a lock holds it: with its place, without secrets.

    Files that are taken in (`-r`) are there in the place of the line that takes them in. `read`
    is the one of `read_pack`.
    """
    reader = _Reader("", read)
    reader.seen.add((REQUIREMENTS, False))
    if not reader.file(REQUIREMENTS, is_constraint=False):
        _read_project(reader)
    return tuple(reader.lines[:MAX_LINES])


def read_list(pack: str, lines: Iterable[str], file: str = DECLARED) -> Reading:
    """Return what a list of requirements asks for, as the registry or a lock holds it.

    Lines with a place behind them are at that place. Includes (`-r`) cannot be followed here and
    are faults.
    """
    reader = _Reader(pack, lambda _: None)
    for number, line in enumerate(lines, 1):
        placed = _PLACE.match(line)
        if placed is not None:
            _read_placed(reader, placed[1].strip(), placed[2], int(placed[3]), placed[4])
            continue
        for _, text in logical_lines(line):
            reader.line(file, number, text)
    return reader.reading()


def _read_placed(reader: _Reader, text: str, file: str, number: int, mark: str | None) -> None:
    if number:
        reader.line(file, number, text, is_constraint=mark is not None)
    else:
        reader.fault(file, 0, text)


def without_place(line: str) -> str:
    """Return a line of a lock as its pack wrote it."""
    placed = _PLACE.match(line)
    return placed[1].strip() if placed is not None else line


def _without_secrets(text: str) -> str:
    """Return a line without tokens and passwords; the `git` of `ssh://git@` is none."""
    return _GIT_USER.join(redact(part) for part in _USER.sub("", text).split(_GIT_USER))


def _read_project(reader: _Reader) -> None:
    data = reader.read(PROJECT)
    if data is None:
        return
    import tomli  # noqa: PLC0415 - few packs have nothing else

    try:
        document = tomli.loads(decoded(data[:MAX_FILE]))
    except (ValueError, RecursionError):
        reader.fault(PROJECT, 0, "is not TOML")
        return
    project = document.get("project")
    lines = project.get("dependencies", []) if isinstance(project, dict) else []
    if not isinstance(lines, list):
        reader.fault(PROJECT, 0, "`project.dependencies` is not a list")
        return
    for number, line in enumerate(lines[:MAX_LINES], 1):
        if isinstance(line, str):
            reader.line(PROJECT, number, line)
        else:
            reader.fault(PROJECT, 0, f"entry {number} of `project.dependencies` is not a text")
