"""A made-up project: 50 packs and 100 models in 100 workflows, and services that hold them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.services.civitai import Upload
from tests.services.github_api import Attached
from tests.services.node_archive import pack_files

if TYPE_CHECKING:
    from tests.services.world import World


class Plan(NamedTuple):
    """How much of each there is."""

    workflows: int = 100
    releases: int = 25
    """Packs that are stamped with a version of the Comfy Registry."""
    repositories: int = 25
    """Packs that are stamped with a repository alone."""
    hub: int = 62
    """Files on Hugging Face, two of them small ones."""
    hub_repositories: int = 50
    civitai: int = 18
    assets: int = 10
    """Assets, each of a release of its own."""
    plain: int = 10

    @property
    def facts(self) -> dict[str, tuple[int, str]]:
        """Service to how many requests must be sent, and for which facts."""
        small = min(2, self.hub)
        return {
            "comfy-registry": (
                2 + 2 * self.releases,
                f"{self.releases} packs in 1, their versions in 1, class types and archive of each",
            ),
            "git": (
                4 * (self.repositories + 1),
                "2 for the refs of a repository, ComfyUI's too, 2 for its commit",
            ),
            "huggingface": (
                self.hub_repositories + small,
                "1 for a repository, 1 for a small file",
            ),
            "civitai": (self.civitai, "1 for a version"),
            "github": (self.assets, "1 for a release"),
            "files": (2 * self.plain, "HEAD and GET of a file"),
        }


def fill(world: World, plan: Plan) -> None:
    """Publish all packs and models."""
    for number in range(plan.releases):
        pack = f"bench-release-{number:02}"
        for version in ("1.0.0", "1.1.0"):
            world.registry.publish(pack, version, (f"Release{number:02}",))
    for number in range(plan.repositories):
        made = world.git.repository(f"github.com/bench/repository-{number:02}")
        made.commit(pack_files((f"Repository{number:02}",)))
    for repository, names in _hub_files(plan).items():
        world.hub.add(repository, {name: f"made up {name}".encode() for name in names})
    for number in range(plan.civitai):
        upload = Upload(5000 + number, f"civitai-{number:02}.safetensors", b"made up")
        world.civitai.add(500 + number, upload, model_id=50 + number)
    for number in range(plan.assets):
        name = f"asset-{number:02}__pt"
        world.github.add(f"bench/assets-{number:02}", "v1", **{name: Attached(b"made up")})
    for number in range(plan.plain):
        world.files.add(f"/plain-{number:02}.safetensors", f"made up {number}".encode() * 500)


def _hub_files(plan: Plan) -> dict[str, list[str]]:
    files: dict[str, list[str]] = {}
    for number in range(plan.hub):
        ending = "pt2" if number < 2 else "safetensors"
        repository = f"bench/models-{number % plan.hub_repositories:02}"
        files.setdefault(repository, []).append(f"hub-{number:02}.{ending}")
    return files


def addresses(plan: Plan, files_url: str) -> dict[str, str]:
    """Return every model's name and address."""
    found = {
        name: f"https://huggingface.co/{repository}/resolve/main/{name}"
        for repository, names in _hub_files(plan).items()
        for name in names
    }
    for number in range(plan.civitai):
        found[f"civitai-{number:02}.safetensors"] = (
            f"https://civitai.com/api/download/models/{500 + number}"
        )
    for number in range(plan.assets):
        name = f"asset-{number:02}.pt"
        found[name] = f"https://github.com/bench/assets-{number:02}/releases/download/v1/{name}"
    for number in range(plan.plain):
        name = f"plain-{number:02}.safetensors"
        found[name] = f"{files_url}/{name}"
    return dict(sorted(found.items()))


def write_workflows(folder: str, plan: Plan, files_url: str) -> None:
    """Write the workflows; together they need every pack and every model."""
    os.makedirs(folder, exist_ok=True)
    models = list(addresses(plan, files_url).items())
    for number in range(plan.workflows):
        chosen = [models[at % len(models)] for at in (number, number * 7 + 3)]
        rest = models[plan.workflows + number :: plan.workflows]
        nodes = [
            *(_release((number * 2 + k) % plan.releases) for k in range(2) if plan.releases),
            *(_repository((number + k) % plan.repositories) for k in range(1) if plan.repositories),
            *(_loader(name, url) for name, url in [*chosen, *rest]),
            *({"type": kind, "widgets_values": [number]} for kind in _CORE),
        ]
        placed = [{"id": at, "pos": [at, 0], "mode": 0, **each} for at, each in enumerate(nodes, 1)]
        last = {"last_node_id": len(placed), "last_link_id": 0}
        content = {**last, "nodes": placed, "links": [], "groups": [], "version": 0.4}
        with open(os.path.join(folder, f"{number:03}.json"), "w", encoding="utf-8") as stream:
            json.dump(content, stream)


_CORE = ("KSampler", "VAEDecode", "VAEEncode", "CLIPTextEncode", "EmptyLatentImage", "SaveImage")


def _release(number: int) -> dict[str, Any]:
    stamps = {"cnr_id": f"bench-release-{number:02}", "ver": "1.0.0"}
    return {"type": f"Release{number:02}", "properties": stamps}


def _repository(number: int) -> dict[str, Any]:
    return {
        "type": f"Repository{number:02}",
        "properties": {"aux_id": f"bench/repository-{number:02}"},
    }


def _loader(name: str, url: str) -> dict[str, Any]:
    told = {"name": name, "url": url, "directory": "checkpoints"}
    return {
        "type": "CheckpointLoaderSimple",
        "widgets_values": [name],
        "properties": {"models": [told]},
    }
