"""Which images a lock gives: one for each accelerator that has Python packages and a base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

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

AMD64 = "linux/amd64"


class Build(Struct, frozen=True):
    """One image that can be built."""

    name: str
    """What the build argument ACCELERATOR calls it: `cu128`, `cu128-arm64`."""
    accelerator: str
    platform: str
    image: ImageStep | None
    """None: it is built on what somebody else brings."""
    python: PythonStep | None
    """None: the lock has no packages, and the settings let packs bring their own."""


def tools_of(build: Build, builds: tuple[Build, ...]) -> str | None:
    """Return the stage to fetch with, for a build on which the first one's programs do not run."""
    return None if build.platform == builds[0].platform else f"base-{build.name}"


def builds_of(plan: Plan) -> tuple[tuple[Build, ...], tuple[str, ...]]:
    """Return what can be built, the default first, and notes about what cannot.

    Raises:
        EmitError: there is nothing to build on, or no Python packages.
        UsageError: the settings name an image that the lock does not have.
    """
    if not plan.python and plan.settings.pack_requirements:
        return tuple(_without_packages(plan)), ()
    found: list[Build] = []
    notes: list[str] = []
    builds = targets_of(plan)
    for build in builds:
        try:
            image = plan.required_image(build.accelerator, build.platform)
        except EmitError as error:
            if build is builds[-1] and not found:
                raise
            notes.append(f"there is no image for {build.name}: {error}")
        else:
            found.append(replace(build, image=image))
    return tuple(found), tuple(notes)


def targets_of(plan: Plan) -> tuple[Build, ...]:
    """Return the targets that images can have, the default first, without what they are built on.

    The default is the first that has a GPU, on x86_64 if there is one: the oldest CUDA, which the
    most drivers run.

    Raises:
        EmitError: the lock has no Python packages for Linux, and the settings need them.
    """
    if not plan.python and plan.settings.pack_requirements:
        return (Build("any", "any", AMD64, None, None),)
    steps = [s for s in plan.required_python() if s.target.platform in PLATFORMS]
    if not steps:
        told = "the lock has no Python packages for Linux, which images run"
        raise EmitError(told, hint="add a `linux-…` target to `[python]` of comfylock.toml")
    steps.sort(key=_rank)
    return tuple(
        Build(
            _name(step, steps), step.target.accelerator, PLATFORMS[step.target.platform], None, step
        )
        for step in steps
    )


def _rank(step: PythonStep) -> tuple[bool, bool, str]:
    target = step.target
    return target.accelerator == "cpu", target.platform != "linux-x86_64", target.name


def _name(step: PythonStep, steps: list[PythonStep]) -> str:
    """Return a name that no other build has: no longer than that takes."""
    target = step.target
    parts = [target.accelerator]
    if target.platform != "linux-x86_64":
        parts.append(target.platform.removeprefix("linux-"))
    same = {each.target.python for each in steps if each.target.accelerator == target.accelerator}
    if len(same) > 1:
        parts.append(f"py{target.python}")
    return "-".join(parts)


def _without_packages(plan: Plan) -> Iterator[Build]:
    """Yield builds on the lock's images alone."""
    wanted = plan.settings.image or ("runpod" if plan.settings.base == "runpod" else None)
    found = [i for i in plan.images if wanted in {None, i.name} and i.platform == AMD64]
    for image in found or [plan.required_image(wanted or "default")]:
        yield Build(image.name, image.name, image.platform, image, None)
