"""What the kinds that make images have in common: words for their templates, the pinned uv."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.emit.quoting import (
    DockerWord,
    HereLine,
    comment,
    docker,
    docker_image,
    here_line,
)
from comfylock.emit.steps import GitStep
from comfylock.lockfile.mark import lock_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.emit.image_builds import Build
    from comfylock.emit.plan import Plan
    from comfylock.emit.quoting import DockerImage  # noqa: TC004 - words are never decoded
    from comfylock.emit.steps import PackStep

NAME = "Dockerfile"

UV = (
    "uv==0.13.9 \\",
    "    --hash=sha256:d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19 \\",
    "    --hash=sha256:ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
)
"""What installs Python packages, for glibc on x86_64 and arm64; tests hold it against pip."""

TOKENS = {"huggingface": "HF_TOKEN", "civitai": "CIVITAI_TOKEN"}
"""Service to the environment variable with its token."""

LANES = 4
"""Packs and models that are fetched at the same time: BuildKit begins all that it can at once."""

SECRETS = {"huggingface": "hf_token", "civitai": "civitai_token"}
"""Service to the build secret with its token."""


class BuildWords(Struct, frozen=True):
    """A base with its Python packages, quoted."""

    name: DockerWord
    platform: str
    image: DockerImage | None
    """None: somebody else brings it."""
    reference: DockerWord
    digest: DockerWord
    python_version: DockerWord
    file: DockerWord | None
    sum: HereLine | None


def build_words(build: Build) -> BuildWords:
    """Return a build as templates print it.

    Raises:
        EmitError: the pylock that the image copies is not beside the lock.
    """
    python, image = build.python, build.image
    if python is not None:
        python.pylock()
    return BuildWords(
        name=docker(build.name),
        platform=build.platform,
        image=docker_image(image.reference, image.digest) if image else None,
        reference=docker(image.reference if image else ""),
        digest=docker(image.digest if image else ""),
        python_version=docker(python.target.python if python else "3"),
        file=docker(python.file) if python else None,
        sum=HereLine(f"{python.sha256}  /run/pylock/pylock.comfy.toml") if python else None,
    )


def common_words(plan: Plan) -> dict[str, Any]:
    """Return the values that all of these templates ask for."""
    return {
        "mark": comment(lock_mark(plan.digest)),
        "digest": docker(plan.digest),
        "image_name": docker(plan.settings.image_name),
        "unpinned": tuple(comment(str(each)) for each in plan.unpinned),
        "uv": tuple(map(HereLine, UV)),
        "secrets": tuple(map(comment, _secrets(plan))),
        "is_runtime": plan.settings.models == "runtime",
        "is_ssh": any(is_ssh(pack) for pack in plan.packs),
    }


def _secrets(plan: Plan) -> Iterator[str]:
    """Yield how the tokens are given to a build that needs them."""
    if plan.settings.models == "bake":
        for service in sorted({model.service for model in plan.models} & SECRETS.keys()):
            yield f"id={SECRETS[service]},env={TOKENS[service]}"


def is_ssh(pack: PackStep) -> bool:
    """Say whether a pack is fetched by ssh, with the keys of whoever builds."""
    return isinstance(pack, GitStep) and pack.repository.startswith("ssh:")


def lane(name: str) -> DockerWord:
    """Return the cache that something is fetched with, which BuildKit gives to one step at a time.

    It follows from the name alone, as it is part of what BuildKit knows a step by: a pack more
    must not make others be fetched again.
    """
    number = int(hashlib.sha256(name.encode()).hexdigest(), 16) % LANES + 1
    words = f"type=cache,id=comfylock-{number},target=/var/cache/comfylock,sharing=locked"
    return DockerWord(f"--mount={words}")


def placed(plan: Plan, name: str) -> str:
    """Return where a file that is emitted belongs, seen from the folder of the lock."""
    folder = plan.settings.output
    return f"{folder}/{name}" if folder else name


def secrets_needed(plan: Plan) -> dict[str, str]:
    """Return the build secrets without which a model cannot be had, with their variables.

    Others may be given as well; files that name one make whoever has none stumble over it.
    """
    if plan.settings.models != "bake":
        return {}
    services = sorted({model.service for model in plan.models if model.needs_token})
    return {SECRETS[each]: TOKENS[each] for each in services if each in SECRETS}


def requirement_lines(plan: Plan) -> tuple[HereLine, ...]:
    """Return what ComfyUI and the packs ask for, each line once; nobody has locked it."""
    comfyui = plan.comfyui.requirements if plan.comfyui else ()
    lines = dict.fromkeys([*comfyui, *(line for pack in plan.packs for line in pack.requirements)])
    return tuple(here_line(line) for line in lines)
