"""What is newer than each pin: asked side by side, and nothing moved."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from comfylock.lockfile.diff import label
from comfylock.references import CivitaiFile, HubFile, ReleaseAsset, RepositoryFile
from comfylock.references.addresses import LATEST
from comfylock.resolve.outcome import Unreachable
from comfylock.resolve.pack_policy import newest_tag
from comfylock.resolve.side_by_side import SideBySide, by_service
from comfylock.sources.interface import Missing, RegistryPack
from comfylock.versions import version_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Executor

    from comfylock.lockfile.schema import ModelPin, PackPin
    from comfylock.resolve.side_by_side import Reporter
    from comfylock.resolve.sources import Sources
    from comfylock.sources.interface import GitSource, ModelFacts, Refs

Status = Literal["outdated", "current", "unknown"]
KINDS = ("comfyui", "image", "pack", "model")
SHORT = 10
"""Digits of a commit that are shown."""


class Newer(Struct, frozen=True):
    """One pin, and what there is today."""

    kind: Literal["comfyui", "image", "pack", "model"]
    name: str
    """As `tree` prints it."""
    source: str
    locked: str
    """What tells the pin from others: `1.2.0`, a commit and its date."""
    status: Status
    newest: str | None = None
    """None unless it is outdated."""
    date: str | None = None
    """UTC, when the newest was published or committed, where somebody says so."""
    note: str | None = None
    """Why nothing newer is known, or what a person should know; a sentence."""
    commit: str | None = None
    """The newest in full, where it is a commit."""
    renamed: str | None = None
    """What a pack is called today, where it has another name."""


class Survey(Struct, frozen=True):
    """All pins that were asked for."""

    entries: tuple[Newer, ...]
    """ComfyUI, images, packs, models, each sorted by name; without those that nobody answered
    for."""
    unreachable: tuple[Unreachable, ...] = ()


def survey(
    packs: Iterable[PackPin],
    models: Iterable[ModelPin],
    sources: Sources,
    executor: Executor,
    reporter: Reporter | None = None,
    environment: Mapping[str, Callable[[], Newer]] | None = None,
) -> Survey:
    """Return what is newer than these pins. Uses the network through `sources`.

    One question for all packs of the Comfy Registry; one for each other pin that can have a
    successor, and one more for the date of what a git repository has newer. `environment` are
    the questions about what runs below the packs, by name.
    """
    side = SideBySide(executor, reporter)
    given, files = list(packs), list(models)
    listed = {pin.name: pin for pin in given if pin.source == "comfy-registry"}
    others = {pin.name: partial(_pack, sources, pin) for pin in given if pin.name not in listed}
    asked = {pin.key: partial(_model, sources, pin) for pin in files}
    ids = tuple(sorted(listed))
    questions = {ids: partial(sources.registry.packs, ids)} if ids else {}
    registry, repositories, hosts = side.start(questions), side.start(others), side.start(asked)
    below = side.start(environment or {})
    failures: list[Unreachable] = []
    found = [*below.collect(failures).values(), *repositories.collect(failures).values()]
    for answers in registry.collect(failures).values():
        found += [_listed(listed[name], answers[name]) for name in ids]
    found += hosts.collect(failures).values()
    ordered = sorted(found, key=lambda one: (KINDS.index(one.kind), one.name))
    return Survey(tuple(ordered), by_service(failures))


def _entry(pin: PackPin | ModelPin, status: Status, **more: str | None) -> Newer:
    kind: Literal["pack", "model"] = "model" if hasattr(pin, "key") else "pack"
    name: str = getattr(pin, "key", pin.name)
    return Newer(kind, name, pin.source, label(pin), status, **more)


def _listed(pin: PackPin, answer: RegistryPack | Missing) -> Newer:
    """Compare a version with the newest active one."""
    if isinstance(answer, Missing):
        return _entry(pin, "unknown", note=answer.message)
    if answer.status != "active":
        told = f"`{pin.name}` is {answer.status} in the Comfy Registry"
        return _entry(pin, "unknown", note=told)
    note = renamed = None
    if answer.id != pin.name:
        renamed = answer.id
        note = f"`{pin.name}` is called `{answer.id}` in the Comfy Registry today"
    latest = answer.latest
    if latest is None:
        return _entry(pin, "unknown", note=note or "it has no active version", renamed=renamed)
    if version_key(latest.version) <= version_key(pin.version or ""):
        return _entry(pin, "current", note=note, renamed=renamed)
    newest, date = latest.version, latest.date
    return _entry(pin, "outdated", newest=newest, date=date, note=note, renamed=renamed)


def _pack(sources: Sources, pin: PackPin) -> Newer:
    """Compare a pack of a repository with its newest release, or with its branch."""
    if pin.repository is None or pin.commit is None:
        return _entry(pin, "unknown", note="its address tells no versions")
    if pin.source == "file":
        where = RepositoryFile(pin.repository, f"HEAD/{pin.path}")
        return _same_file(pin, sources.repository_files.find(where), None)
    refs = sources.git.refs(pin.repository)
    if isinstance(refs, Missing):
        return _entry(pin, "unknown", note=refs.message)
    for revision, commit in _candidates(pin, refs):
        if commit == pin.commit:
            return _entry(pin, "current")
        newer = _dated(sources.git, pin, revision)
        if newer is not None:
            return newer
    return _entry(pin, "current")


def _candidates(pin: PackPin, refs: Refs) -> list[tuple[str | None, str]]:
    """Return the revisions that may be newer than a pin, with their commits, the likeliest first.

    The branch that was asked for; else the newest release, and the default branch for a commit
    that no release has.
    """
    if pin.requested is not None and pin.requested in refs.branches:
        return [(pin.requested, refs.branches[pin.requested])]
    tag = newest_tag(refs.tags)
    found: list[tuple[str | None, str]] = [(tag, refs.tags[tag])] if tag is not None else []
    is_release = pin.version is not None and pin.version in refs.tags
    if not (found and is_release) and refs.head is not None:
        found.append((None, refs.head))
    return found


def _dated(git: GitSource, pin: PackPin, revision: str | None) -> Newer | None:
    """Return a revision as newer than a pin; None if it is older."""
    found = git.pin(pin.repository or "", revision, read=False)
    if isinstance(found, Missing):
        return _entry(pin, "unknown", note=found.message)
    facts = found.facts
    if pin.date is not None and facts.date <= pin.date:
        return None
    is_tag = revision is not None and revision != pin.requested
    shown = revision if is_tag else facts.commit[:SHORT]
    return _entry(pin, "outdated", newest=shown, date=facts.date, commit=facts.commit)


def _model(sources: Sources, pin: ModelPin) -> Newer:
    """Compare a model with what its source has today where the pin was taken."""
    ask = _question(sources, pin)
    if isinstance(ask, str):
        return _entry(pin, "unknown" if pin.source in ("url", "local") else "current", note=ask)
    found = ask()
    if isinstance(found, Missing):
        return _entry(pin, "unknown", note=found.message)
    if pin.source == "civitai":
        if found.version_id == pin.version_id:
            return _entry(pin, "current")
        return _entry(pin, "outdated", newest=f"version {found.version_id}, file {found.file_id}")
    return _same_file(pin, found, found.tag)


def _question(sources: Sources, pin: ModelPin) -> Callable[[], ModelFacts | Missing] | str:
    """Return what to ask about a model; a sentence where there is nothing to ask."""
    repository, path = pin.repository or "", pin.path or ""
    if pin.source == "local":
        return "the user brings it"
    if pin.source == "url":
        return "its address tells no versions"
    if pin.source == "civitai":
        if pin.model_id is None:
            return "the lock does not say which model of CivitAI it is"
        return partial(sources.civitai.find, CivitaiFile(model_id=pin.model_id), pin.name)
    if pin.source == "github-release":
        return partial(sources.releases.find, ReleaseAsset(repository, LATEST, path))
    if pin.requested is None or pin.requested == pin.commit:
        return "one commit was asked for"
    if pin.source == "huggingface":
        return partial(sources.hub.find, HubFile(repository, pin.requested, path))
    where = RepositoryFile(repository, f"{pin.requested}/{path}")
    return partial(sources.repository_files.find, where)


def _same_file(pin: PackPin | ModelPin, found: ModelFacts | Missing, shown: str | None) -> Newer:
    """Compare a file with what is there today: by its bytes, else by its commit."""
    if isinstance(found, Missing):
        return _entry(pin, "unknown", note=found.message)
    if pin.sha256 is not None and found.sha256 is not None:
        is_same = pin.sha256 == found.sha256
    else:
        is_same = (pin.commit, getattr(pin, "tag", None)) == (found.commit, found.tag)
    if is_same:
        return _entry(pin, "current")
    newest = shown or (found.commit or found.sha256 or "")[:SHORT]
    return _entry(pin, "outdated", newest=newest, commit=found.commit)
