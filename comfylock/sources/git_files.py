"""Files of git repositories: models in plain git or Git LFS, and where a file's address leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from msgspec import Struct
from msgspec.structs import replace

from comfylock.names import printable
from comfylock.patterns import Pattern
from comfylock.sources.git_objects import is_contained
from comfylock.sources.git_remote import COMMIT
from comfylock.sources.interface import GitPin, Missing, ModelFacts, Refs

if TYPE_CHECKING:
    from comfylock.references import RepositoryFile
    from comfylock.sources.git import Git
    from comfylock.sources.git_objects import Entry, Objects
    from comfylock.sources.git_scratch import Scratch

POINTER_SIZE = 1024
"""Bytes; a pointer of Git LFS is smaller than that."""

_POINTER = Pattern(
    r"version https://git-lfs\.github\.com/spec/v1\n(?:[^\n]*\n)*?"
    r"oid sha256:([0-9a-f]{64})\n(?:[^\n]*\n)*?size (\d{1,18})\n"
)
_MODEL = cast("type[ModelFacts | Missing]", ModelFacts | Missing)


class Located(Struct, frozen=True):
    """A file's address, taken apart and proven as far as its commit."""

    pin: GitPin
    path: str


class RepositoryFiles:
    """Model files in git repositories."""

    def __init__(self, git: Git) -> None:
        self._git = git

    def find(self, reference: RepositoryFile) -> ModelFacts | Missing:
        """Return a file at the commit that its revision means.

        A file in Git LFS is known by its pointer; any other is fetched and hashed.

        Raises:
            SourceUnavailableError: the host cannot be reached or does not answer usefully.
        """
        found = locate(self._git, reference.repository, reference.location)
        if isinstance(found, Missing):
            return found
        facts, path = found.pin.facts, found.path
        model = self._git.ask(
            "file",
            f"{facts.repository}@{facts.commit}:{path}",
            _MODEL,
            lambda: _model(self._git.scratch(facts.repository), facts.commit, path),
            lasting=True,
        )
        if isinstance(model, Missing):
            return model
        return replace(model, requested=moving(found.pin), warnings=found.pin.warnings)


def locate(git: Git, repository: str, location: str) -> Located | Missing:
    """Return commit and path of a `revision/path` in which the revision may hold `/` too."""
    refs = git.refs(repository)
    if isinstance(refs, Missing):
        return refs
    revision, path = _parted(refs, unquote(location.strip("/")))
    if not path or not is_contained(path):
        return no_such_file(refs.repository, revision, path or location)
    found = git.resolve(repository, None if revision == "HEAD" else revision)
    if isinstance(found, Missing):
        return found
    pin, _ = found
    return Located(replace(pin, requested=revision), path)


def moving(pin: GitPin) -> str | None:
    """Return what was asked for, where that is not the commit itself."""
    return None if pin.requested == pin.facts.commit else pin.requested


def file_of(scratch: Scratch, commit: str, path: str) -> tuple[Objects, Entry] | Missing:
    """Return the entry of a regular file in a commit; the commit is fetched if it is not here."""
    objects = scratch.commit(commit)
    if isinstance(objects, Missing):
        return objects
    entry = next((entry for entry in objects.entries(commit) if entry.path == path), None)
    if entry is None:
        return no_such_file(scratch.url, commit, path)
    if not entry.is_file:
        shown = f"`{printable(path)}` of `{scratch.url}`"
        return Missing("not-a-file", f"{shown} is a link or a submodule and no file")
    return objects, entry


def no_such_file(repository: str, revision: str, path: str) -> Missing:
    """Say that a commit does not hold a file."""
    where = f"`{repository}` at `{printable(revision)}`"
    return Missing("no-such-file", f"{where} has no file `{printable(path)}`")


def _parted(refs: Refs, location: str) -> tuple[str, str]:
    """Return revision and path; the longest branch or tag that fits, else the first part."""
    first, _, rest = location.partition("/")
    if COMMIT.match(first.lower()):
        return first.lower(), rest
    for prefix, names in (("refs/heads/", refs.branches), ("refs/tags/", refs.tags)):
        if location.startswith(prefix):
            name = _longest(location.removeprefix(prefix), list(names))
            return f"{prefix}{name}", location.removeprefix(f"{prefix}{name}").strip("/")
    name = _longest(location, [*refs.branches, *refs.tags])
    return name, location.removeprefix(name).strip("/")


def _longest(location: str, names: list[str]) -> str:
    fitting = [name for name in names if location.startswith(f"{name}/")]
    return max(fitting, key=len, default=location.partition("/")[0])


def _model(scratch: Scratch, commit: str, path: str) -> ModelFacts | Missing:
    with scratch.lock:
        found = file_of(scratch, commit, path)
        if isinstance(found, Missing):
            return found
        objects, entry = found
        if not objects.kinds([entry.id]):
            refused = scratch.fetch_files(objects, [entry.id])
            if refused is not None:
                return refused
        pointer = pointer_of(objects, entry.id)
        sha256, size = pointer or objects.digest(entry.id)
    return ModelFacts(
        source="git",
        sha256=sha256,
        size=size,
        verified="upstream" if pointer else "downloaded",
        repository=scratch.url,
        commit=commit,
        path=path,
    )


def pointer_of(objects: Objects, blob: str) -> tuple[str, int] | None:
    """Return sha256 and size that a pointer of Git LFS names; None if a file is none.

    Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
    """
    if objects.kinds([blob]).get(blob, ("", 0))[1] > POINTER_SIZE:
        return None
    text = objects.blobs([blob]).get(blob, b"").decode("utf-8", "replace")
    match = _POINTER.match(text)
    return (match[1], int(match[2])) if match is not None else None
