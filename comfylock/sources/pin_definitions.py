"""What the class types of a pin take, read from its source and kept: a commit, or an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec import Struct

from comfylock.definitions.pack_files import PYTHON_SIZE, TOTAL_SIZE, collect_files
from comfylock.definitions.set_file import write_set
from comfylock.definitions.signature_source import source_signatures
from comfylock.sources.git_urls import repository_url
from comfylock.sources.interface import Missing
from comfylock.sources.source_facts import wanted_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from comfylock.sources.comfy_registry import ComfyRegistry
    from comfylock.sources.git import Git
    from comfylock.sources.git_scratch import Scratch


class SetText(Struct, frozen=True, tag="definitions"):
    """A set of definitions, as its file has it."""

    text: str


_KIND = cast("type[SetText | Missing]", SetText | Missing)


class PinDefinitions:
    """Definitions of pinned versions; what was read once is known for ever."""

    def __init__(self, git: Git, registry: ComfyRegistry) -> None:
        self._git = git
        self._registry = registry

    def of_commit(self, repository: str, commit: str) -> SetText | Missing:
        """Return what a repository declares at a full commit. Uses the network; runs nothing.

        Raises:
            SourceUnavailableError: the host cannot be reached or does not answer usefully.
        """
        url = repository_url(repository)
        if isinstance(url, Missing):
            return url
        key = f"{url}@{commit}"
        return self._git.ask(
            "definitions",
            key,
            _KIND,
            lambda: _at_commit(self._git.scratch(url), commit),
            lasting=True,
        )

    def of_version(self, name: str, version: str) -> SetText | Missing:
        """Return what a pack's version in the Comfy Registry declares. Uses the network.

        Raises:
            SourceUnavailableError: the registry cannot be reached, or the archive not fetched.
        """
        pair = (name, version)
        found = self._registry.versions((pair,))[pair]
        if isinstance(found, Missing):
            return found
        return self._registry.looked_into(found, "definitions", _KIND, set_text)


def set_text(names: Iterable[str], read: Callable[[str], bytes | None]) -> SetText:
    """Return what source files declare, as a set's text."""
    found, _ = source_signatures(collect_files(sorted(names), read))
    return SetText(write_set(found).decode())


def _at_commit(scratch: Scratch, commit: str) -> SetText | Missing:
    with scratch.lock:
        objects = scratch.commit(commit)
        if isinstance(objects, Missing):
            return objects
        ids = {entry.path: entry.id for entry in objects.entries(commit) if entry.is_file}
        wanted = [ids[name] for name in wanted_files(ids, with_classes=True)]
        data = scratch.files(objects, wanted, PYTHON_SIZE, total=TOTAL_SIZE)
    return set_text(ids, lambda name: data.get(ids[name]))
