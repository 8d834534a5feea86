"""What one entry of a lock must and may hold, by its source; every fault with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.lockfile import values
from comfylock.lockfile.schema import (
    ComfyuiPin,
    Gap,
    ImagePin,
    ModelPin,
    Options,
    PackPin,
    PythonPin,
    WorkflowEntry,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.lockfile.document import Entry
    from comfylock.lockfile.values import Rule

    Fault = tuple[str, str]

RULES: dict[type[Entry], dict[str, Rule]] = {
    Options: {"inputs": values.input_fault, "targets": values.word_fault},
    ComfyuiPin: {
        "requested": values.request_fault,
        "version": values.version_fault,
        "repository": values.repository_fault,
        "commit": values.commit_fault,
        "tree": values.commit_fault,
    },
    ImagePin: {
        "name": values.word_fault,
        "platform": values.platform_fault,
        "requested": values.image_fault,
        "reference": values.image_fault,
        "digest": values.image_digest_fault,
        "index": values.image_digest_fault,
    },
    PythonPin: {
        "target": values.word_fault,
        "file": values.pylock_fault,
        "sha256": values.digest_fault,
        "asked": values.digest_fault,
        "torch": values.version_fault,
        "builds": values.word_fault,
    },
    WorkflowEntry: {
        "path": values.path_fault,
        "packs": values.pack_fault,
        "models": values.model_fault,
        "groups": values.word_fault,
    },
    PackPin: {
        "name": values.pack_fault,
        "requested": values.request_fault,
        "aliases": values.pack_fault,
        "repository": values.repository_fault,
        "commit": values.commit_fault,
        "tree": values.commit_fault,
        "path": values.path_fault,
        "url": values.address_fault,
        "sha256": values.digest_fault,
        "date": values.date_fault,
        "status": values.one_of("pending", "flagged"),
        "submodules": values.submodule_fault,
        "runs_code": values.path_fault,
        "system_packages": values.debian_fault,
        "groups": values.word_fault,
    },
    ModelPin: {
        "name": values.model_fault,
        "folder": values.folder_fault,
        "requested": values.request_fault,
        "commit": values.commit_fault,
        "tag": values.tag_fault,
        "url": values.address_fault,
        "sha256": values.digest_fault,
        "gated": values.one_of("auto", "manual", "login"),
        "origin": values.one_of("config", "node", "workflow", "note", "registry"),
        "mirrors": values.address_fault,
        "groups": values.word_fault,
        "tier": values.word_fault,
    },
    Gap: {
        "reason": values.word_fault,
        "workflows": values.path_fault,
        "aliases": values.pack_fault,
    },
}
"""Field to what its text, or each of its texts, may be."""

PACK_RULES: dict[str, dict[str, Rule]] = {
    "comfy-registry": {"version": values.version_fault},
    "git": {"version": values.tag_fault},
    "file": {},
}
MODEL_RULES: dict[str, dict[str, Rule]] = {
    "huggingface": {"repository": values.hub_fault, "path": values.path_fault},
    "civitai": {},
    "github-release": {"repository": values.repository_fault, "path": values.asset_fault},
    "git": {"repository": values.repository_fault, "path": values.path_fault},
    "url": {},
    "local": {},
}
"""What is ruled otherwise by each source."""

PACK_SOURCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "comfy-registry": (
        ("version", "url", "sha256", "size"),
        ("verified", "status", "deprecated", "os", "accelerators", "date"),
    ),
    "git": (("repository", "commit", "tree"), ("version", "date", "submodules")),
    "file": (("url", "sha256", "size"), ("verified", "repository", "commit", "path", "date")),
}
"""Source to the keys that it must have and those that it may have beside what all have."""

MODEL_SOURCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "huggingface": (("repository", "commit", "path"), ("requested",)),
    "civitai": (("version_id", "file_id"), ("model_id", "requested")),
    "github-release": (("repository", "tag", "path"), ("requested",)),
    "git": (("repository", "commit", "path"), ("requested",)),
    "url": (("url",), ("requested",)),
    "local": ((), ()),
}


def _owned(sources: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for kinds in sources.values() for keys in kinds for key in keys))


_PACK_KEYS, _MODEL_KEYS = _owned(PACK_SOURCES), _owned(MODEL_SOURCES)
_NUMBERS: dict[type[Entry], tuple[str, ...]] = {
    ImagePin: ("size",),
    PythonPin: ("packages",),
    PackPin: ("size",),
    ModelPin: ("size", "model_id", "version_id", "file_id", "vram"),
}


def entry_faults(entry: Entry, *, texts: bool = True) -> Iterator[Fault]:
    """Yield what is wrong with an entry as (key, sentence).

    With `texts` off, nobody needs to look for control characters: there are none.
    """
    if texts:
        yield from _control_characters(entry)
    yield from _ruled(entry, RULES[type(entry)])
    for field in _NUMBERS.get(type(entry), ()):
        value = getattr(entry, field)
        if value is not None and (fault := values.number_fault(value)):
            yield spelled(field), fault
    if isinstance(entry, PackPin):
        yield from _ruled(entry, PACK_RULES[entry.source])
        yield from _owners(entry, PACK_SOURCES, _PACK_KEYS)
        if not set(entry.missing) <= set(entry.provides):
            yield "missing", "must be among `provides`"
    elif isinstance(entry, ComfyuiPin):
        if (entry.repository is None) != (entry.commit is None):
            yield "commit", "says nothing without `repository`, nor that without it"
    elif isinstance(entry, ModelPin):
        yield from _ruled(entry, MODEL_RULES[entry.source])
        yield from _owners(entry, MODEL_SOURCES, _MODEL_KEYS)
        yield from _digest(entry)
        if entry.vram is not None and entry.tier is None:
            yield "vram", "says nothing without `tier`"


def _ruled(entry: Entry, rules: dict[str, Rule]) -> Iterator[Fault]:
    for field, rule in rules.items():
        value = getattr(entry, field)
        if type(value) is str:
            fault = rule(value)
            if fault is not None:
                yield spelled(field), fault
        elif value:
            for index, item in enumerate(value):
                fault = rule(item)
                if fault is not None:
                    yield f"{spelled(field)}[{index}]", fault


def _owners(
    pin: PackPin | ModelPin,
    sources: dict[str, tuple[tuple[str, ...], tuple[str, ...]]],
    owned: tuple[str, ...],
) -> Iterator[Fault]:
    """Yield the keys that a source must have and those that it cannot have."""
    needed, allowed = sources[pin.source]
    for field in owned:
        value = getattr(pin, field)
        if value is None or value == () or value is False:
            if field in needed:
                yield spelled(field), f"is missing; `{pin.source}` needs it"
        elif field not in needed and field not in allowed:
            yield spelled(field), f"does not belong to `{pin.source}`"


def _digest(pin: ModelPin) -> Iterator[Fault]:
    """Hold that a digest is there, or why not (P5)."""
    if pin.sha256 is None:
        if pin.unhashed is None and pin.source != "local":
            yield "sha256", "is missing; without it `unhashed` must say why"
        if pin.verified is not None:
            yield "verified", "says nothing without `sha256`"
    elif pin.unhashed is not None:
        yield "unhashed", "contradicts `sha256`"


def _control_characters(entry: Entry) -> Iterator[Fault]:
    for field in entry.__struct_fields__:
        value = getattr(entry, field)
        if type(value) is str:
            if fault := values.text_fault(value):
                yield spelled(field), fault
        elif type(value) is tuple:
            for index, item in enumerate(value):
                if fault := values.text_fault(item):
                    yield f"{spelled(field)}[{index}]", fault


def spelled(field: str) -> str:
    """Return a field's name as the file has it."""
    return field.replace("_", "-")
