"""Which images a lock gives: one for each accelerator that has Python packages and a base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.errors import EmitError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.emit.plan import Plan
    from comfylock.emit.steps import (  # noqa: TC004 - builds are never decoded
        ImageStep,
        PythonStep,
    )

PLATFORMS = {"linux-x86_64": "linux/amd64", "linux-arm64": "linux/arm64"}
"""Platforms of Python packages that images are built for, as images call them."""


class Build(Struct, frozen=True):
    """One image that can be built."""

    name: str
    """What the build argument ACCELERATOR calls it: `cu128`, `cu128-arm64`."""
    accelerator: str
    platform: str
    image: ImageStep
    python: PythonStep | None
    """None: the lock has no packages, and the settings let packs bring their own."""


def builds_of(plan: Plan) -> tuple[tuple[Build, ...], tuple[str, ...]]:
    """Return what can be built, the default first, and notes about what cannot.

    The default is the first that has a GPU: the oldest CUDA, which the most drivers run.

    Raises:
        EmitError: there is nothing to build on, or no Python packages.
        UsageError: the settings name an image that the lock does not have.
    """
    if not plan.python and plan.settings.pack_requirements:
        return tuple(_without_packages(plan)), ()
    steps = [s for s in plan.required_python() if s.target.platform in PLATFORMS]
    if not steps:
        told = "the lock has no Python packages for Linux, which images run"
        raise EmitError(told, hint="add a `linux-…` target to `[python]` of comfylock.toml")
    steps.sort(key=lambda step: (step.target.accelerator == "cpu", step.target.name))
    found: list[Build] = []
    notes: list[str] = []
    for step in steps:
        platform = PLATFORMS[step.target.platform]
        try:
            image = plan.required_image(step.target.accelerator, platform)
        except EmitError as error:
            if step is steps[-1] and not found:
                raise
            notes.append(f"{step.target.name} is left out: {error}")
        else:
            name = _name(step.target.accelerator, platform, step, steps)
            found.append(Build(name, step.target.accelerator, platform, image, step))
    return tuple(found), tuple(notes)


def _name(accelerator: str, platform: str, step: PythonStep, steps: list[PythonStep]) -> str:
    """Return a name that no other build has."""
    name = accelerator if platform == "linux/amd64" else f"{accelerator}-{platform[6:]}"
    same = [each for each in steps if each.target.accelerator == accelerator]
    pythons = {each.target.python for each in same}
    return name if len(pythons) == 1 else f"{name}-py{step.target.python}"


def _without_packages(plan: Plan) -> Iterator[Build]:
    """Yield builds on the lock's images alone."""
    wanted = plan.settings.image or ("runpod" if plan.settings.base == "runpod" else None)
    images = [i for i in plan.images if wanted in (None, i.name) and i.platform == "linux/amd64"]
    for image in images or [plan.required_image(wanted or "default")]:
        yield Build(image.name, image.name, image.platform, image, None)
