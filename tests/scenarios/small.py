"""A small project with one subject of every service, whose world a test may change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.builders import Json, stamped, ui
from tests.scenarios.studio import loader
from tests.services.civitai import Upload
from tests.services.node_archive import pack_files

if TYPE_CHECKING:
    from tests.scenarios.place import Place
    from tests.services.world import World

HUB = "https://huggingface.co/owner/weights/resolve/main/weights.safetensors"
CIVITAI = "https://civitai.com/api/download/models/5"
RELEASE = "https://github.com/owner/release/releases/download/v1/asset.pth"

SUBJECTS = {
    "comfy-registry": ("alpha", "gamma"),
    "git": ("owner/beta",),
    "huggingface": ("checkpoints/weights.safetensors",),
    "civitai": ("checkpoints/civitai.safetensors",),
    "github": ("checkpoints/asset.pth",),
    "files": ("checkpoints/plain.safetensors",),
}
"""Service to what it has of the project."""


def fill(world: World) -> None:
    """Publish one subject of every service, two of the registry."""
    world.registry.publish("alpha", "1.0.0", ("AlphaNode",))
    world.registry.publish("alpha", "1.1.0", ("AlphaNode",))
    world.registry.publish("gamma", "2.0.0", ("GammaNode",))
    beta = world.git.repository("github.com/owner/beta")
    beta.tag("v1.0.0", beta.commit(pack_files(("BetaNode",))))
    world.hub.add(
        "owner/weights", {"weights.safetensors": b"weights " * 9}, card={"license": "mit"}
    )
    world.civitai.add(5, Upload(50, "civitai.safetensors", b"civitai"))
    world.github.add("owner/release", "v1", asset__pth=b"asset")
    world.files.add("/plain.safetensors", b"plain " * 9)


def models(world: World) -> dict[str, str]:
    """File name to address."""
    return {
        "weights.safetensors": HUB,
        "civitai.safetensors": CIVITAI,
        "asset.pth": RELEASE,
        "plain.safetensors": f"{world.files.url}/plain.safetensors",
    }


def workflow(world: World, alpha: str = "1.0.0") -> Json:
    """A workflow that needs everything, `alpha` in a version."""
    return ui(
        stamped(1, "AlphaNode", cnr_id="alpha", ver=alpha),
        stamped(2, "BetaNode", aux_id="owner/beta"),
        stamped(3, "GammaNode", cnr_id="gamma"),
        *(loader(at, name, (url,)) for at, (name, url) in enumerate(models(world).items(), 10)),
    )


def write(place: Place) -> None:
    """Write the project."""
    place.write("workflows/main.json", workflow(place.world))


def publish_news(world: World) -> None:
    """Let everything have something newer."""
    world.registry.publish("alpha", "1.2.0", ("AlphaNode",))
    world.registry.publish("gamma", "2.1.0", ("GammaNode",))
    beta = world.git.repository("github.com/owner/beta")
    files = {**pack_files(("BetaNode",)), "news.txt": b"news"}
    beta.tag("v1.1.0", beta.commit(files, when="1700009999 +0000"))
    world.hub.add("owner/weights", {"weights.safetensors": b"newer weights"})
