"""Files that were emitted: written where they belong, and held against what a lock gives."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from comfylock.errors import UsageError, WriteError
from comfylock.files import holds, write_together
from comfylock.lockfile.mark import MAX_MARKED, marked_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.config.emit import EmitSettings
    from comfylock.emit.interface import Emitted  # noqa: TC004 - never decoded
    from comfylock.ops.emit import EmitOutcome

PROJECT_FOLDER = ".github/"
"""What GitHub looks for in a repository's own folder and in no other."""

SCANNED = 4 << 10
"""Bytes of a file with another name that are looked into for a mark: its head."""

Fault = Literal["missing", "other-lock", "differs", "unchecked", "not-executable", "unreadable"]


class Placed(Struct, frozen=True):
    """An emitted file with where it goes."""

    kind: str
    path: str
    file: Emitted


class Difference(Struct, frozen=True):
    """A file that is not what the lock gives."""

    path: str
    fault: Fault
    message: str
    """A sentence without a full stop."""


def placed(
    outcome: EmitOutcome, project: str, output: str | None, *, is_one: bool
) -> tuple[Placed, ...]:
    """Return where each file goes: below a folder, or to one path.

    Without `output`, below the folder that comfylock.toml names, GitHub's files below the
    project. With `is_one` and a single file, `output` is that file's path unless it is a folder
    or ends with a slash.

    Raises:
        UsageError: nobody says where, or several files have one path.
    """
    files = [(made.kind, file) for made in outcome.made for file in made.files]
    if output is None:
        folder = output_folder(project, outcome.plan.settings)
        return tuple(
            Placed(kind, _joined(project if _is_githubs(file) else folder, file.name), file)
            for kind, file in files
        )
    is_folder = output.endswith(("/", os.sep)) or os.path.isdir(output) or not is_one
    if is_folder:
        return tuple(Placed(kind, _joined(output, file.name), file) for kind, file in files)
    if len(files) != 1:
        names = ", ".join(f"`{file.name}`" for _, file in files)
        raise UsageError(f"this gives {names}: give a folder with `-o DIR/`")
    return (Placed(files[0][0], output, files[0][1]),)


def output_folder(project: str, settings: EmitSettings) -> str:
    """Return the folder that comfylock.toml names.

    Raises:
        UsageError: it names none.
    """
    if settings.output is None:
        hint = 'give `-o DIR`, or `output = "deploy"` in `[emit]` of comfylock.toml'
        raise UsageError("nobody says where the files belong", hint=hint)
    return os.path.join(project, settings.output)


def write_emitted(places: Iterable[Placed]) -> tuple[Placed, ...]:
    """Write all of the files or none; return those that were not there like that.

    Raises:
        WriteError: one cannot be written.
    """
    places = tuple(places)
    for place in places:
        obstacle = _obstacle(place.path)
        if obstacle is not None:
            raise WriteError(place.path, f"cannot be written: {obstacle}")
    changed = [place for place in places if not holds(place.path, place.file.data)]
    try:
        write_together({place.path: place.file.data for place in changed})
        for place in places:
            if place.file.is_executable and _make_executable(place.path) and place not in changed:
                changed.append(place)
    except OSError as error:
        # The system names the temporary file, which nobody knows.
        where = os.path.dirname(os.fsdecode(error.filename or "")) or places[0].path
        raise WriteError(where, f"cannot be written: {error.strerror}") from error
    return tuple(changed)


def _obstacle(path: str) -> str | None:
    """Say what stands in the way of a file, as far as can be seen without writing."""
    if os.path.isdir(path):
        return "it is a folder"
    folder = os.path.dirname(os.path.abspath(path))
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        return f"`{folder}` is no folder"
    return None if os.access(folder, os.W_OK | os.X_OK) else f"nobody may write to `{folder}`"


def differences(
    places: Iterable[Placed], digest: str, *, wanted: Iterable[str], is_all: bool = True
) -> tuple[Difference, ...]:
    """Return what is wrong with the files that are there.

    A file that is missing is wrong if its kind is `wanted`. Beside them, other files of the same
    folders that carry another lock's digest are told, and if these are the files of all kinds,
    those with this lock's digest too: nothing says whether they are right.
    """
    places = tuple(places)
    wanted = frozenset(wanted)
    found = [fault for place in places if (fault := _difference(place, digest, wanted))]
    known = {os.path.abspath(place.path) for place in places}
    folders = {os.path.dirname(path) for path in known}
    strays = _strays(folders, known, digest)
    return (*found, *(each for each in strays if is_all or each.fault != "unchecked"))


def _difference(place: Placed, digest: str, wanted: frozenset[str]) -> Difference | None:
    path = place.path
    try:
        with open(path, "rb") as stream:
            data = stream.read(max(MAX_MARKED, len(place.file.data)) + 1)
            mode = os.fstat(stream.fileno()).st_mode
    except FileNotFoundError:
        if place.kind not in wanted:
            return None
        return Difference(path, "missing", "is not there")
    except OSError as error:
        return Difference(path, "unreadable", f"cannot be read: {error.strerror}")
    if data != place.file.data:
        return _told(path, marked_digest(data), digest)
    if place.file.is_executable and os.name == "posix" and not mode & stat.S_IXUSR:
        return Difference(path, "not-executable", "may not be executed: `chmod +x` it")
    return None


def _told(path: str, mark: str | None, digest: str) -> Difference:
    if mark not in {None, digest}:
        return Difference(path, "other-lock", f"is of another lock, sha256 {mark}")
    told = "is not what the lock gives: changed by hand, or emitted with other settings"
    return Difference(path, "differs", told)


def _strays(folders: set[str], known: set[str], digest: str) -> Iterator[Difference]:
    """Yield files nobody asked about that say of which lock they are."""
    for folder in sorted(folders):
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        for name in names:
            path = os.path.join(folder, name)
            mark = None if path in known or not os.path.isfile(path) else _mark_at(path)
            if mark is None:
                continue
            shown = os.path.relpath(path)
            if mark == digest:
                told = "cannot be checked: it says that it is of this lock, which with these"
                yield Difference(shown, "unchecked", f"{told} settings gives no such file")
            else:
                yield Difference(shown, "other-lock", f"is of another lock, sha256 {mark}")


def _mark_at(path: str) -> str | None:
    try:
        with open(path, "rb") as stream:
            return marked_digest(stream.read(SCANNED))
    except OSError:
        return None


def _is_githubs(file: Emitted) -> bool:
    return file.name.startswith(PROJECT_FOLDER)


def _joined(folder: str, name: str) -> str:
    return os.path.join(folder, *name.split("/"))


def _make_executable(path: str) -> bool:
    mode = stat.S_IMODE(os.stat(path).st_mode)
    wanted = mode | ((mode & 0o444) >> 2)
    if mode == wanted:
        return False
    os.chmod(path, wanted)
    return True
