"""What the kinds that make images have in common: words for their templates, the pinned uv."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.emit.quoting import (
    BashWord,
    HereLine,
    comment,
    docker,
    docker_image,
    here_line,
)
from comfylock.emit.steps import GitStep
from comfylock.lockfile.mark import lock_mark

if TYPE_CHECKING:
    from comfylock.emit.image_builds import Build
    from comfylock.emit.plan import Plan
    from comfylock.emit.quoting import (  # noqa: TC004 - words are never decoded
        DockerImage,
        DockerWord,
    )
    from comfylock.emit.steps import PackStep

NAME = "Dockerfile"

UV = (
    "uv==0.13.9 \\",
    "    --hash=sha256:d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19 \\",
    "    --hash=sha256:ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
)
"""What installs Python packages, for glibc on x86_64 and arm64; tests hold it against pip."""

MOUNTS = "--mount=type=bind,from=ca,target=/run/ca --mount=type=secret,id=netrc,target=/root/.netrc"
"""What every step that reaches for the network is given."""


class BuildWords(Struct, frozen=True):
    """A base with its Python packages, quoted."""

    name: DockerWord
    image: DockerImage
    reference: DockerWord
    digest: DockerWord
    python_version: DockerWord
    file: DockerWord | None
    sum: HereLine | None


def build_words(build: Build) -> BuildWords:
    """Return a build as templates print it."""
    python = build.python
    return BuildWords(
        name=docker(build.name),
        image=docker_image(build.image.reference, build.image.digest),
        reference=docker(build.image.reference),
        digest=docker(build.image.digest),
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
        "mounts": BashWord(MOUNTS),
        "uv": tuple(map(HereLine, UV)),
        "is_ssh": any(is_ssh(pack) for pack in plan.packs),
    }


def is_ssh(pack: PackStep) -> bool:
    """Say whether a pack is fetched by ssh, with the keys of whoever builds."""
    return isinstance(pack, GitStep) and pack.repository.startswith("ssh:")


def requirement_lines(plan: Plan) -> tuple[HereLine, ...]:
    """Return what ComfyUI and the packs ask for, each line once; nobody has locked it."""
    comfyui = plan.comfyui.requirements if plan.comfyui else ()
    lines = dict.fromkeys([*comfyui, *(line for pack in plan.packs for line in pack.requirements)])
    return tuple(here_line(line) for line in lines)
