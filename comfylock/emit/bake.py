"""`docker-bake.hcl`: every accelerator of the lock in every variant, from the one Dockerfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.emit.image_builds import builds_of, tools_of
from comfylock.emit.image_words import NAME as DOCKERFILE
from comfylock.emit.image_words import placed, secrets_needed
from comfylock.emit.interface import Emitted
from comfylock.emit.quoting import HclString, comment, hcl
from comfylock.emit.templating import render
from comfylock.errors import EmitError
from comfylock.lockfile.mark import lock_mark
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.emit.image_builds import Build
    from comfylock.emit.plan import Plan, Variant

NAME = "docker-bake.hcl"

MAX_TAG = 100
"""Characters of a tag, with room for a suffix; 128 are allowed."""

_ODD = Pattern(r"[^A-Za-z0-9_-]")


class Target(Struct, frozen=True):
    """One image, quoted."""

    name: HclString
    platform: HclString
    tag: HclString
    accelerator: HclString
    variant: HclString
    python_version: HclString | None
    tools_image: HclString | None


def generate(plan: Plan) -> tuple[Emitted, ...]:
    """Return the bake file.

    Raises:
        EmitError: there is nothing to build on, or a name is too long for a tag.
        UsageError: the settings name an image that the lock does not have.
    """
    builds, notes = builds_of(plan)
    targets = tuple(_targets(plan, builds))
    text = render(
        "bake.jinja",
        HclString,
        mark=comment(lock_mark(plan.digest)),
        name=comment(placed(plan, NAME)),
        default=comment(targets[0].name.strip('"')),
        image_name=hcl(plan.settings.image_name),
        dockerfile=hcl(placed(plan, DOCKERFILE)),
        secrets=tuple(hcl(f"id={id_},env={name}") for id_, name in secrets_needed(plan).items()),
        targets=targets,
    )
    return (Emitted(NAME, text.encode(), notes=notes),)


def tag_of(build: Build, variant: Variant) -> str:
    """Return the tag of an image.

    Raises:
        EmitError: the variant's name is too long for one.
    """
    tag = f"{build.name}-{variant.name}"
    if len(tag) > MAX_TAG:
        raise EmitError(f"`{variant.name[:40]}…` is too long for the tag of an image")
    return tag


def _targets(plan: Plan, builds: tuple[Build, ...]) -> Iterator[Target]:
    """Yield the images, the default one first; bake takes no dots in names."""
    taken: set[str] = set()
    for build in builds:
        for variant in plan.variants:
            tag = tag_of(build, variant)
            name = _ODD.sub("_", tag)
            while name in taken:
                name += "_"
            taken.add(name)
            python = build.python.target.python if build.python else None
            is_ours = plan.settings.base == "standalone"
            yield Target(
                name=hcl(name),
                platform=hcl(build.platform),
                tag=HclString('"${IMAGE}:' + hcl(tag)[1:-1] + '${SUFFIX}"'),
                accelerator=hcl(build.name),
                variant=hcl(variant.name),
                python_version=hcl(python) if python and is_ours else None,
                tools_image=hcl(tools) if (tools := tools_of(build, builds)) else None,
            )
