"""Locks and needs for tests: one lock with every kind of entry and key, and small ones."""

from __future__ import annotations

from typing import Any

from comfylock.lockfile.schema import (
    ComfyuiPin,
    Gap,
    ImagePin,
    Lock,
    ModelPin,
    Options,
    PackPin,
    PythonPin,
    WorkflowEntry,
)
from comfylock.requirements import (
    ClassNeed,
    ModelNeed,
    Offer,
    Requirements,
    WorkflowNeed,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TREE = "89abcdef0123456789abcdef0123456789abcdef"
SHA = "ab" * 32
OTHER_SHA = "cd" * 32


def release(name: str = "alpha", version: str = "1.2.0", **fields: Any) -> PackPin:
    """A pack of the registry."""
    values: dict[str, Any] = {
        "requested": version,
        "url": f"https://cdn.comfy.org/ann/{name}/{version}/node.zip",
        "sha256": SHA,
        "size": 1234,
        "verified": "downloaded",
    }
    return PackPin(name, "comfy-registry", version=version, **{**values, **fields})


def from_git(name: str = "carl/gamma", **fields: Any) -> PackPin:
    """A pack from git."""
    values: dict[str, Any] = {
        "repository": f"https://github.com/{name}",
        "commit": COMMIT,
        "tree": TREE,
    }
    return PackPin(name, "git", **{**values, **fields})


def from_file(name: str = "dora/single", **fields: Any) -> PackPin:
    """A pack that is one file."""
    values: dict[str, Any] = {
        "repository": f"https://github.com/{name}",
        "commit": COMMIT,
        "path": "nodes/single.py",
        "url": f"https://raw.githubusercontent.com/{name}/{COMMIT}/nodes/single.py",
        "sha256": SHA,
        "size": 99,
        "verified": "downloaded",
    }
    return PackPin(name, "file", **{**values, **fields})


def hub_model(name: str = "ae.safetensors", folder: str | None = "vae", **fields: Any) -> ModelPin:
    """A model from Hugging Face."""
    values: dict[str, Any] = {
        "requested": "main",
        "repository": "org/repo",
        "commit": COMMIT,
        "path": name,
        "sha256": SHA,
        "size": 335304388,
        "verified": "upstream",
        "origin": "workflow",
    }
    return ModelPin(name, folder, "huggingface", **{**values, **fields})


def image(name: str = "cu128", **fields: Any) -> ImagePin:
    """A container image for one platform."""
    tag = "nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04"
    values: dict[str, Any] = {
        "platform": "linux/amd64",
        "requested": tag,
        "reference": f"docker.io/{tag}",
        "digest": f"sha256:{SHA}",
    }
    return ImagePin(name, **{**values, **fields})


def python_pin(target: str = "linux-x86_64-py3.12-cu128", **fields: Any) -> PythonPin:
    """The Python packages for one target."""
    values: dict[str, Any] = {
        "file": "pylock.comfy.toml",
        "sha256": SHA,
        "asked": OTHER_SHA,
        "packages": 87,
    }
    return PythonPin(target, **{**values, **fields})


def small(**fields: Any) -> Lock:
    """A lock of one workflow with one pack and one model."""
    values: dict[str, Any] = {
        "options": Options(inputs=("workflows",)),
        "workflows": (WorkflowEntry("workflows/a.json", ("alpha",), ("vae/ae.safetensors",)),),
        "packs": (release(provides=("AlphaNode",)),),
        "models": (hub_model(),),
    }
    return Lock(**{**values, **fields})


def url_of(pin: ModelPin, revision: str = "main") -> str:
    """Where a model of Hugging Face is."""
    return f"https://huggingface.co/{pin.repository}/resolve/{revision}/{pin.path}"


def small_needs(*more: ClassNeed, **fields: Any) -> Requirements:
    """What the small lock was made from, and more class types."""
    offer = Offer(url_of(hub_model()), "workflow")
    workflow = WorkflowNeed(
        "workflows/a.json",
        (ClassNeed("AlphaNode", "alpha", "cnr_id", ("1.2.0",)), *more),
        (ModelNeed("ae.safetensors", "vae", (offer,)),),
    )
    return Requirements(**{"workflows": (workflow,), "inputs": ("workflows",), **fields})


def full() -> Lock:
    """A lock with every kind of entry and every key."""
    return Lock(
        options=Options(
            "latest", ("one.json", "workflows"), ("linux-x86_64", "windows-x86_64"), True
        ),
        comfyui=ComfyuiPin(
            ">=0.3.64",
            "0.3.64",
            "https://github.com/comfyanonymous/ComfyUI",
            COMMIT,
            TREE,
            ("torch # requirements.txt:1", "numpy>=1.25.0 # requirements.txt:4"),
        ),
        images=(
            image("cu128", index=f"sha256:{OTHER_SHA}", size=1 << 32),
            image("cu128", platform="linux/arm64"),
        ),
        python=(
            python_pin("linux-x86_64-py3.12-cpu", file="pylock.comfy-cpu.toml"),
            python_pin(torch="2.8.0+cu128", builds=("insightface",)),
        ),
        workflows=(
            WorkflowEntry("one.json#2", ("unfound",), ("loras/unknown.pt",)),
            WorkflowEntry(
                "workflows/portrait ü.json",
                ("alpha", "carl/gamma", "dora/single"),
                (
                    "checkpoints/base.safetensors",
                    "loras/sub/detail.safetensors@fp8",
                    "loose.bin",
                    "upscale_models/x4.pth",
                    "vae/ae.safetensors",
                    "vae/mine.safetensors",
                    "vae_approx/tae.pth",
                ),
                ("video",),
            ),
        ),
        packs=(
            release(
                aliases=("ann/alpha", "old-alpha"),
                requested=">=1.2,<2",
                date="2025-03-01T12:00:00Z",
                status="pending",
                deprecated=True,
                dependencies=("torch", "--extra-index-url https://example.org/whl", "numpy>=1"),
                provides=("AlphaNode", "Node 👁", 'Quoted "Node" \\ more'),
                missing=("AlphaNode",),
                evidence=("workflows/portrait ü.json: cnr_id",),
                rejected=("zeta", "beta"),
                runs_code=("install.py",),
                system_packages=("ffmpeg", "libgl1"),
                needs_gpu=("nodes.py:12 torch.cuda.current_device()",),
                groups=("video",),
                os=("Linux", "Windows"),
                accelerators=("cuda",),
            ),
            from_git(
                requested="v1",
                version="v1.0",
                date="2025-03-01T12:00:00Z",
                submodules=(f"deps/sub module {COMMIT} https://github.com/carl/deps",),
            ),
            from_file(),
        ),
        models=(
            ModelPin(
                "base.safetensors",
                "checkpoints",
                "civitai",
                model_id=11,
                version_id=22,
                file_id=33,
                sha256=SHA,
                size=5,
                verified="upstream",
                gated="login",
                private=True,
                origin="config",
                mirrors=("https://example.org/base.safetensors",),
            ),
            ModelPin(
                "loose.bin",
                None,
                "url",
                url="https://example.org/files/loose.bin?version=2",
                unhashed="the host gives no file to an anonymous user",
                origin="note",
            ),
            ModelPin(
                "sub/detail.safetensors",
                "loras",
                "github-release",
                requested="latest",
                repository="https://github.com/ann/models",
                tag="v2.0",
                path="detail.safetensors",
                sha256=SHA,
                origin="node",
                groups=("video",),
                tier="fp8",
                vram=12,
            ),
            ModelPin(
                "tae.pth",
                "vae_approx",
                "git",
                requested="main",
                repository="https://github.com/ann/models",
                commit=COMMIT,
                path="vae/tae.pth",
                sha256=SHA,
                size=7,
                verified="downloaded",
                origin="registry",
            ),
            hub_model(licence="apache-2.0", gated="auto"),
            ModelPin("mine.safetensors", "vae", "local", origin="config"),
            hub_model(
                "x4.pth", "upscale_models", repository="datasets/org/repo", requested="refs/pr/1"
            ),
        ),
        unresolved=(
            Gap(
                "class-type",
                "Shared",
                "ambiguous",
                "`Shared` may be from any of beta, alpha",
                ("the Comfy Registry's reverse lookup: not found",),
                ("one.json#2",),
                hint='[class-types] "Shared" = "beta"',
            ),
            Gap("comfyui", "comfyui", "offline", "nobody could be asked"),
            Gap("model", "loras/unknown.pt", "no-source", "nobody says where it is from"),
            Gap(
                "pack",
                "unfound",
                "not-found",
                "nobody knows a pack called `unfound`",
                aliases=("lost/unfound",),
            ),
        ),
        tool={
            "other": {"key": [1, 2.5, {"a": True}], "inner": {"text": "two\nlines"}},
            "other-2": {},
        },
    )
