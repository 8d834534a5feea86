"""The kinds of output: what each is for, and who makes it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from comfylock.emit.interface import Generator


class Kind(Struct, frozen=True):
    """One kind of output."""

    summary: str
    """What it is for, in a few words."""
    module: str
    """The module in comfylock.emit whose `generate` makes it."""


TABLE: dict[str, Kind] = {
    "script": Kind("a bash script that installs it all on a machine", "script"),
    "dockerfile": Kind("an image, on a CUDA base or RunPod's worker", "dockerfile"),
    "fragment": Kind("packs, Python packages and models for a Dockerfile of one's own", "fragment"),
    "bake": Kind("docker buildx bake: every accelerator in every variant", "bake"),
    "compose": Kind("docker compose: a GPU, a volume and a health check", "compose"),
    "model-paths": Kind("extra_model_paths.yaml for a network volume", "model_paths"),
    "snapshot": Kind("a snapshot for ComfyUI-Manager", "snapshot"),
    "requirements": Kind("requirements.txt with digests, for pip", "requirements"),
    "sbom": Kind("a CycloneDX bill of materials", "sbom"),
    "ci": Kind("a GitHub workflow that checks and renews", "ci"),
}
"""Kinds by name, in the order of comfylock.config.emit.KINDS."""


def generator(kind: str) -> Generator:
    """Return what makes a kind of TABLE; it is loaded when asked for."""
    made: Generator = import_module(f"comfylock.emit.{TABLE[kind].module}").generate
    return made
