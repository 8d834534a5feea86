"""A lock's entries as steps: addresses, folders, and what is not pinned among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.emit.steps import (
    ArchiveStep,
    ComfyuiStep,
    FileStep,
    GitStep,
    ModelStep,
    Submodule,
    Unpinned,
)
from comfylock.errors import EmitError
from comfylock.lockfile.layout import model_place, pack_folders
from comfylock.names import printable
from comfylock.references.addresses import address_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.emit.steps import PackStep, Service
    from comfylock.lockfile.schema import ComfyuiPin, Lock, ModelPin, PackPin

SERVICES: dict[str, Service] = {
    "huggingface": "huggingface",
    "civitai": "civitai",
    "github-release": "github",
    "git": "other",
    "url": "other",
    "local": "local",
}


PART = ".part"
"""What the name of a file that is not whole yet ends in."""

MIB_OF_GB = 1000
"""MiB that a card of one GB has at the least: one of 24 GB reports 24,564."""


def comfyui_step(pin: ComfyuiPin | None) -> ComfyuiStep | None:
    """Return ComfyUI's step; None if it is not locked, or without a commit."""
    if pin is None or pin.repository is None or pin.commit is None:
        return None
    requirements = _requirements(pin.dependencies)
    return ComfyuiStep(pin.repository, pin.commit, pin.tree, pin.version, requirements)


def gaps(lock: Lock) -> Iterator[Unpinned]:
    """Yield what the lock itself says is not pinned."""
    for gap in lock.unresolved:
        yield Unpinned(gap.kind, gap.name, gap.message)
    if lock.comfyui is not None and lock.comfyui.commit is None:
        yield Unpinned("comfyui", lock.comfyui.requested, "it has no commit")


def pack_steps(pins: Iterable[PackPin]) -> tuple[PackStep, ...]:
    """Return the packs by name, each with its entry in `custom_nodes`."""
    pins = tuple(pins)
    folders = pack_folders(pins)
    return tuple(_pack(pin, folders[pin.name]) for pin in pins)


def _pack(pin: PackPin, folder: str) -> PackStep:
    common: dict[str, Any] = {
        "name": pin.name,
        "folder": folder,
        "version": pin.version,
        "groups": pin.groups,
        "requirements": _requirements(pin.dependencies),
        "runs_code": pin.runs_code,
        "system_packages": pin.system_packages,
        "class_types": tuple(name for name in pin.provides if name not in pin.missing),
        "remarks": tuple(_remarks(pin)),
    }
    if pin.source == "git":
        return GitStep(
            repository=_there(pin.repository),
            commit=_there(pin.commit),
            tree=_there(pin.tree),
            submodules=tuple(Submodule(*text.rsplit(" ", 2)) for text in pin.submodules),
            **common,
        )
    kind = ArchiveStep if pin.source == "comfy-registry" else FileStep
    size = 0 if pin.size is None else pin.size
    return kind(url=_there(pin.url), sha256=_there(pin.sha256), size=size, **common)


def _remarks(pin: PackPin) -> Iterator[str]:
    if pin.status is not None:
        yield f"the Comfy Registry says it is {pin.status}"
    if pin.deprecated:
        yield "the Comfy Registry says it is deprecated"
    if pin.missing:
        yield f"it was found not to provide {', '.join(pin.missing)}"
    for text in pin.dependencies:
        if text.startswith("-"):
            yield f"it asks for `{_bare(text)}`, which is not given to pip"


def model_steps(
    pins: Iterable[ModelPin],
) -> tuple[tuple[ModelStep, ...], tuple[Unpinned, ...]]:
    """Return the models by key, and those that are not pinned.

    Raises:
        EmitError: two of them cannot be in one folder together.
    """
    steps: list[ModelStep] = []
    unpinned: list[Unpinned] = []
    for pin in pins:
        place = model_place(pin)
        if place is None:
            reason = "it has no folder below `models`; name it `folder/name` in comfylock.toml"
            unpinned.append(Unpinned("model", pin.key, reason))
        elif pin.sha256 is None and pin.source != "local":
            reason = f"it has no sha256: {pin.unhashed or 'nobody says why'}"
            unpinned.append(Unpinned("model", pin.key, reason))
        else:
            steps.append(_model(pin, place))
    _refuse_meetings(steps)
    steps.sort(key=lambda step: (step.key, -(step.vram or 0), step.tier or ""))
    return tuple(steps), tuple(unpinned)


def _model(pin: ModelPin, place: str) -> ModelStep:
    return ModelStep(
        key=pin.place,
        folder=_there(pin.folder),
        path=place,
        service=_service(pin),
        url=None if pin.source == "local" else _there(address_of(pin)),
        sha256=pin.sha256,
        size=pin.size,
        mirrors=pin.mirrors,
        needs_token=pin.private or pin.gated is not None,
        licence=pin.licence,
        groups=pin.groups,
        tier=pin.tier,
        vram=None if pin.vram is None else pin.vram * MIB_OF_GB,
    )


def _service(pin: ModelPin) -> Service:
    if pin.source == "git" and (pin.repository or "").startswith("https://github.com/"):
        return "github"
    return SERVICES[pin.source]


def _refuse_meetings(steps: list[ModelStep]) -> None:
    """Refuse a path twice, also in other letters, and a file in the way of another.

    Where that needs a folder, or is kept until it is whole.
    """
    taken: dict[str, ModelStep] = {}
    for step in steps:
        other = taken.setdefault(step.path.casefold(), step)
        if other.key != step.key:
            raise _meeting(other, step)
    for step in steps:
        whole = taken.get(step.path.casefold().removesuffix(PART))
        if whole is not None and whole.path != step.path:
            raise _meeting(whole, step)
        parts = step.path.casefold().split("/")
        for count in range(1, len(parts)):
            above = taken.get("/".join(parts[:count]))
            if above is not None:
                raise _meeting(above, step)


def _meeting(first: ModelStep, second: ModelStep) -> EmitError:
    names = f"`{printable(first.key, 120)}` and `{printable(second.key, 120)}`"
    return EmitError(f"models {names} cannot both be in one folder", hint="rename one of them")


def _requirements(texts: Iterable[str]) -> tuple[str, ...]:
    """Return requirements in their order; options of pip that stand among them are left out."""
    return tuple(_bare(text) for text in texts if not text.startswith("-"))


def _bare(text: str) -> str:
    """Return a requirement without where it stands (`numpy<2 # requirements.txt:3`)."""
    return text.partition(" # ")[0].strip()


def _there(value: str | None) -> str:
    """Return a value that the lock's rules say is there."""
    if value is None:
        raise EmitError("the lock lacks what its own rules ask for", hint="comfylock lock")
    return value
