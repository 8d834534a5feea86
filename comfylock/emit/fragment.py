"""The part of a Dockerfile from the packs on, for somebody who has ComfyUI in one already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.emit.image_builds import targets_of
from comfylock.emit.image_parts import notes_of, refuse_misfits, rendered
from comfylock.emit.image_words import placed
from comfylock.emit.interface import Emitted
from comfylock.emit.quoting import BashWord, bash_words, comment, docker

if TYPE_CHECKING:
    from comfylock.emit.plan import Plan

NAME = "Dockerfile.fragment"


def generate(plan: Plan) -> tuple[Emitted, ...]:
    """Return the fragment, of the first variant and the first target.

    Raises:
        EmitError: the lock has no Python packages, and the settings do not do without.
        UsageError: a model has alternatives and none is chosen.
    """
    refuse_misfits(plan)
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
        tools_image=docker("base"),
        is_standalone=False,
        python=BashWord('"$PYTHON"'),
    )
    return (Emitted(NAME, data, notes=tuple(notes_of(plan))),)
