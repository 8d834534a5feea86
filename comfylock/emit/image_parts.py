"""The values of those templates that Dockerfiles and fragments of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.emit.image_packs import is_left_to_others, pack_stages
from comfylock.emit.image_stages import chosen_models, model_stages, variant_stage
from comfylock.emit.image_words import build_words, common_words, requirement_lines
from comfylock.emit.quoting import (
    BashWord,
    DockerImage,
    DockerJson,
    DockerWord,
    HereLine,
    docker,
    here_line,
)
from comfylock.emit.templating import render
from comfylock.errors import EmitError
from comfylock.python.pylock import read_pylock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comfylock.emit.image_builds import Build
    from comfylock.emit.plan import Plan, Variant

PLACES = (BashWord, DockerImage, DockerJson, DockerWord, HereLine)
"""Where values stand in a Dockerfile."""

JUPYTER = "jupyterlab"


def rendered(
    template: str, plan: Plan, builds: Sequence[Build], variants: Sequence[Variant], **more: Any
) -> bytes:
    """Return a Dockerfile, or a part of one."""
    places = plan.places(in_image=True)
    packs = pack_stages(plan, places.custom_nodes)
    models = model_stages(plan, f"{places.comfyui}/models") if is_baked(plan) else {}
    facts = tuple(_facts(plan, is_own=template == "dockerfile.jinja"))
    values: dict[str, Any] = {
        **common_words(plan),
        "comfyui_out": docker(f"/out{places.comfyui}"),
        "builds": tuple(map(build_words, builds)),
        "packs": tuple(packs.values()),
        "models": tuple(models.values()),
        "variants": tuple(variant_stage(plan, each, packs, models, facts) for each in variants),
        "has_pylock": any(build.python for build in builds),
        "has_builds": any(build.python and build.python.builds for build in builds),
        "requirements": () if plan.python else requirement_lines(plan),
        **more,
    }
    return render(template, *PLACES, **values).encode()


def is_baked(plan: Plan) -> bool:
    """Say whether models are part of the image."""
    return plan.settings.models == "bake"


def refuse_missing_jupyter(builds: Sequence[Build]) -> None:
    """Refuse JupyterLab where it is not among the locked packages.

    Raises:
        EmitError: it is not, or a pylock is not there.
    """
    for build in builds:
        names = {p.name for p in read_pylock(build.python.pylock())} if build.python else set()
        if JUPYTER not in names:
            raise EmitError(
                f"`{JUPYTER}` is not among the locked Python packages for {build.name}",
                hint="lock a pack that asks for it, or leave `jupyter` out",
            )


def _facts(plan: Plan, *, is_own: bool) -> Iterator[HereLine]:
    """Yield what is proven in every variant besides packs and models."""
    if is_own and plan.comfyui is not None:
        yield here_line("comfyui", plan.comfyui.commit)
    if plan.python:
        settings = plan.settings
        runs_none = settings.installer == "direct" and not settings.install_scripts
        is_all = is_own and settings.base == "standalone" and runs_none
        yield here_line("python", "only" if is_all else "among")


def notes_of(plan: Plan) -> Iterator[str]:
    """Yield what somebody should know who builds an image."""
    if plan.settings.installer != "direct":
        told = f"`{plan.settings.installer}` fetches packs itself and runs what it wants to"
        yield f"{told}; afterwards each file of them is compared with the locked archive"
    idle = [
        pack.name
        for pack in plan.packs
        if pack.runs_code
        and not plan.settings.install_scripts
        and not is_left_to_others(plan, pack)
    ]
    if idle:
        yield f"not run while the image is built: what {', '.join(idle)} would run on install"
    if is_baked(plan):
        for model in chosen_models(plan):
            if model.url is None:
                yield f"`{model.key}` is not in the image: whoever has the file brings it"
