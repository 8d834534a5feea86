"""The part of a Dockerfile from the packs on, for somebody who has ComfyUI in one already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.emit.image_builds import AMD64, targets_of
from comfylock.emit.image_parts import notes_of, rendered
from comfylock.emit.image_words import placed
from comfylock.emit.interface import Emitted
from comfylock.emit.quoting import BashWord, bash_words, comment, docker, docker_image

if TYPE_CHECKING:
    from comfylock.emit.plan import Plan
    from comfylock.emit.quoting import DockerImage, DockerWord

NAME = "Dockerfile.fragment"


def _fetching(plan: Plan) -> DockerImage | DockerWord:
    """Return what packs and models are fetched in: an image of the lock, if there is one."""
    images = [image for image in plan.images if image.platform == AMD64]
    images.sort(key=lambda image: (image.name != "cpu", image.name))
    return docker_image(images[0].reference, images[0].digest) if images else docker("base")


def generate(plan: Plan) -> tuple[Emitted, ...]:
    """Return the fragment, of the first variant and the first target.

    Raises:
        EmitError: the lock has no Python packages, and the settings do not do without.
        UsageError: a model has alternatives and none is chosen.
    """
    build = targets_of(plan)[0]
    data = rendered(
        "fragment.jinja",
        plan,
        (build,),
        plan.variants[:1],
        name=comment(placed(plan, NAME)),
        comfyui=docker(plan.places(in_image=True).comfyui),
        system_packages=bash_words(plan.system_packages),
        python_version=comment(build.python.target.name if build.python else "any version"),
        fetching=_fetching(plan),
        tools_image=docker("fetching"),
        is_standalone=False,
        python=BashWord('"$PYTHON"'),
    )
    return (Emitted(NAME, data, notes=tuple(notes_of(plan))),)
