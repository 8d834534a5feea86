"""A Dockerfile for the locked environment: on a plain CUDA image, or on RunPod's worker.

What changes seldom comes first, and nothing that is fetched is fetched again because something
else changed: each pack and each model has a stage of its own, and gets into the image by
`COPY --link`. Files that ComfyUI and packs write to belong to group 0, as OpenShift has it, since
`COPY --link --chown` would give away the folders above them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.emit.image_builds import builds_of
from comfylock.emit.image_stages import chosen_models, model_stages, pack_stages, variant_stage
from comfylock.emit.image_words import NAME, build_words, common_words, requirement_lines
from comfylock.emit.interface import Emitted
from comfylock.emit.quoting import (
    BashWord,
    DockerImage,
    DockerJson,
    DockerWord,
    HereLine,
    bash,
    bash_words,
    comment,
    docker,
    here_line,
)
from comfylock.emit.templating import render
from comfylock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.emit.plan import Plan

SYSTEM = ("ca-certificates", "git")
"""Debian packages that ComfyUI or the proof at the end need."""

USER = "comfy"


def generate(plan: Plan) -> tuple[Emitted, ...]:
    """Return the Dockerfile.

    Raises:
        EmitError: the lock has no ComfyUI, no base image or no Python packages.
        UsageError: a model has alternatives and none is chosen; the installer is not `direct`.
    """
    if plan.settings.installer != "direct":
        told = f"an image holds each pack against its digest, which `{plan.settings.installer}`"
        raise UsageError(f"{told} cannot", hint='use `installer = "direct"`')
    builds, notes = builds_of(plan)
    is_standalone = plan.settings.base == "standalone"
    words = common_words(plan)
    places = plan.places(in_image=True)
    packs = pack_stages(plan, places.custom_nodes)
    models = model_stages(plan, f"{places.comfyui}/models") if is_baked(plan) else {}
    facts = tuple(_facts(plan, has_comfyui=is_standalone or plan.comfyui is not None))
    text = render(
        "dockerfile.jinja",
        BashWord,
        DockerImage,
        DockerJson,
        DockerWord,
        HereLine,
        **words,
        **_layout(plan),
        is_standalone=is_standalone,
        builds=tuple(map(build_words, builds)),
        build_names=comment(", ".join(build.name for build in builds)),
        packs=tuple(packs.values()),
        models=tuple(models.values()),
        variants=tuple(
            variant_stage(plan, variant, packs, models, facts) for variant in plan.variants
        ),
        variant_names=comment(", ".join(variant.name for variant in plan.variants)),
        has_pylock=any(build.python for build in builds),
        has_builds=any(build.python and build.python.builds for build in builds),
        requirements=requirement_lines(plan) if not plan.python else (),
        python=bash("/opt/venv/bin/python"),
    )
    return (Emitted(NAME, text.encode(), notes=(*notes, *_notes(plan))),)


def is_baked(plan: Plan) -> bool:
    """Say whether models are part of the image."""
    return plan.settings.models == "bake"


def _layout(plan: Plan) -> dict[str, Any]:
    """Return where things are in the image."""
    settings, places = plan.settings, plan.places(in_image=True)
    is_standalone = settings.base == "standalone"
    comfyui = plan.required_comfyui() if is_standalone else plan.comfyui
    user = settings.user or (USER if is_standalone else "root")
    source = None
    if comfyui is not None:
        source = bash_words((comfyui.repository, comfyui.commit, comfyui.tree or "-"))
    packages = plan.system_packages
    return {
        "comfyui": docker(places.comfyui),
        "comfyui_out": docker(f"/out{places.comfyui}"),
        "comfyui_words": source,
        "system_packages": bash_words(sorted({*packages, *SYSTEM} if is_standalone else packages)),
        "user": None if user == "root" else bash(user),
        "home": docker(f"/home/{user}"),
        "volume": docker(places.volume) if places.volume else None,
        "port": docker(str(settings.port)),
        "model_paths": _model_paths(plan),
        "model_paths_file": docker(f"{places.comfyui}/extra_model_paths.yaml"),
    }


def _model_paths(plan: Plan) -> tuple[HereLine, ...]:
    """Return what leads ComfyUI to the volume's models, if they are there."""
    if is_baked(plan) or plan.places(in_image=True).volume is None:
        return ()
    from comfylock.emit import model_paths  # noqa: PLC0415 - it loads YAML

    (file,) = model_paths.generate(plan)
    return tuple(HereLine(line) for line in file.data.decode().splitlines())


def _facts(plan: Plan, *, has_comfyui: bool) -> Iterator[HereLine]:
    if has_comfyui:
        yield here_line("comfyui", plan.required_comfyui().commit)
    if plan.python:
        yield here_line("python", "only" if plan.settings.base == "standalone" else "among")


def _notes(plan: Plan) -> Iterator[str]:
    scripts = [pack.name for pack in plan.packs if pack.runs_code]
    if scripts:
        yield f"not run while the image is built: what {', '.join(scripts)} would run on install"
    if is_baked(plan):
        for model in chosen_models(plan):
            if model.url is None:
                yield f"`{model.key}` is not in the image: whoever has the file brings it"
