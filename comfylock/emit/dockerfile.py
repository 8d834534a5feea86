"""A Dockerfile for the locked environment: on a plain CUDA image, or on RunPod's worker.

What changes seldom comes first, and nothing that is fetched is fetched again because something
else changed: each pack and each model has a stage of its own, and gets into the image by
`COPY --link`. Files that ComfyUI and packs write to belong to group 0, as OpenShift has it, since
`COPY --link --chown` would give away the folders above them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.emit.image_builds import builds_of, tools_of
from comfylock.emit.image_parts import (
    is_baked,
    notes_of,
    refuse_missing_jupyter,
    rendered,
)
from comfylock.emit.image_words import NAME, placed
from comfylock.emit.interface import Emitted
from comfylock.emit.quoting import (
    DockerWord,
    HereLine,
    bash,
    bash_words,
    comment,
    docker,
    here_line,
)
from comfylock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.emit.image_builds import Build
    from comfylock.emit.plan import Plan
    from comfylock.emit.quoting import Comment

USER = "comfy"

SYSTEM = ("ca-certificates", "git")
"""Debian packages that ComfyUI or the proof at the end need."""


def generate(plan: Plan) -> tuple[Emitted, ...]:
    """Return the Dockerfile.

    Raises:
        EmitError: the lock has no ComfyUI, no base image or no Python packages.
        UsageError: a model has alternatives and none is chosen, or settings do not fit the base.
    """
    builds, notes = builds_of(plan)
    is_standalone = plan.settings.base == "standalone"
    if not is_standalone:
        _refuse_changes(plan)
    if plan.settings.jupyter:
        refuse_missing_jupyter(builds)
    data = rendered(
        "dockerfile.jinja",
        plan,
        builds,
        plan.variants,
        **_layout(plan),
        is_standalone=is_standalone,
        dockerfile=comment(placed(plan, NAME)),
        has_jupyter=plan.settings.jupyter,
        other_platforms=tuple(_other_platforms(builds)),
        build_names=comment(", ".join(build.name for build in builds)),
        variant_names=comment(", ".join(variant.name for variant in plan.variants)),
        tools_image=DockerWord("${TOOLS_IMAGE}"),
        python=bash("/opt/venv/bin/python"),
    )
    return (Emitted(NAME, data, notes=(*notes, *notes_of(plan))),)


def _other_platforms(builds: tuple[Build, ...]) -> Iterator[Comment]:
    """Yield what is given to a build for each that runs on another platform than the first."""
    for build in builds:
        if (tools := tools_of(build, builds)) is not None:
            words = f"--build-arg ACCELERATOR={build.name} --build-arg TOOLS_IMAGE={tools}"
            yield comment(f"--platform {build.platform} {words}")


def _refuse_changes(plan: Plan) -> None:
    """Refuse what would change how the worker starts."""
    settings = plan.settings
    for name, is_set in (
        ("user", settings.user not in {None, "root"}),
        ("jupyter", settings.jupyter),
    ):
        if is_set:
            told = f"`{name}` does not fit RunPod's worker, whose start script and handler stay"
            raise UsageError(told, hint=f'leave `{name}` out, or use `base = "standalone"`')


def _layout(plan: Plan) -> dict[str, Any]:
    """Return where things are in the image, and what they are made from."""
    settings, places = plan.settings, plan.places(in_image=True)
    is_standalone = settings.base == "standalone"
    comfyui = plan.required_comfyui() if is_standalone else plan.comfyui
    words = None
    if comfyui is not None:
        words = bash_words((comfyui.repository, comfyui.commit, comfyui.tree or "-"))
    user = settings.user or (USER if is_standalone else "root")
    packages = {*plan.system_packages, *(SYSTEM if is_standalone else ())}
    if settings.models == "runtime":
        packages.add("curl")
    return {
        "comfyui": docker(places.comfyui),
        "comfyui_words": words,
        "system_packages": bash_words(sorted(packages)),
        "user": None if user == "root" else bash(user),
        "home": docker(f"/home/{user}"),
        "volume": docker(places.volume) if places.volume else None,
        "models_dir": docker(places.models),
        "port": docker(str(settings.port)),
        "model_paths": _model_paths(plan),
        "model_paths_file": docker(f"{places.comfyui}/extra_model_paths.yaml"),
    }


def _model_paths(plan: Plan) -> tuple[HereLine, ...]:
    """Return what leads ComfyUI to the volume's models, if that is where they are."""
    if is_baked(plan) or plan.places(in_image=True).volume is None:
        return ()
    from comfylock.emit import model_paths  # noqa: PLC0415 - it loads YAML

    (file,) = model_paths.generate(plan)
    return tuple(map(here_line, file.data.decode().splitlines()))
