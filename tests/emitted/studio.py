"""A lock with a thing of every kind, all of it served by a world."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.lockfile.schema import ComfyuiPin, Lock, ModelPin, PackPin, PythonPin
from comfylock.python.pylock import canonical, digest_of
from tests.services.civitai import TOKEN as CIVITAI_TOKEN
from tests.services.civitai import Upload
from tests.services.git_repository import Program, Submodule
from tests.services.github_api import Attached
from tests.services.hub import TOKEN as HF_TOKEN
from tests.services.node_archive import node_zip, pack_files
from tests.services.package_index import Release, release, wheel

if TYPE_CHECKING:
    from tests.services.git_server import GitServer
    from tests.services.world import World  # noqa: TC004 - studios are never decoded

MIRROR = "https://mirror.example.com/files/two.safetensors"

__all__ = ["CIVITAI_TOKEN", "HF_TOKEN", "Studio", "weights"]

COMFYUI = {
    "main.py": "print('ComfyUI')\n",
    "comfyui_version.py": '__version__ = "0.3.64"\n',
    "requirements.txt": "one\n",
    "models/checkpoints/put_checkpoints_here": "",
    "models/configs/v1-inference.yaml": "model: {}\n",
    "custom_nodes/example_node.py.example": "",
    "custom_nodes/websocket_image_save.py": "",
    "input/example.png": "png",
    "output/_output_images_will_be_put_here": "",
}


def weights(name: str, size: int = 20_000) -> bytes:
    """Bytes of a model, other ones for each name."""
    block = hashlib.sha256(name.encode()).digest()
    return (block * (size // len(block) + 1))[:size]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Studio(Struct):
    """What was published, and pins of it."""

    world: World
    size: int = 20_000
    """Bytes of each model."""

    def comfyui(self, version: str = "0.3.64", **more: str) -> ComfyuiPin:
        """Publish a ComfyUI."""
        files = {**COMFYUI, "comfyui_version.py": f'__version__ = "{version}"\n', **more}
        repository = _git(self.world.git, "github.com/comfyanonymous/ComfyUI")
        commit = repository.commit(files, branch=f"v{version}", parents=())
        url = "https://github.com/comfyanonymous/ComfyUI"
        return ComfyuiPin(version, version, url, commit, repository.tree(files))

    def archive(self, name: str = "alpha", version: str = "1.0.0", **fields: Any) -> PackPin:
        """Publish a pack of the registry."""
        files = fields.pop("files", None) or {
            **pack_files([f"{name.title()}Node"]),
            "pyproject.toml": f'[project]\nname = "{name}"\nversion = "{version}"\n'.encode(),
            "web/js/é 'quoted'.js": b"//",
        }
        data = fields.pop("data", None) or node_zip(files)
        self.world.registry.publish(name, version, [f"{name.title()}Node"], archive=data)
        return PackPin(
            name,
            "comfy-registry",
            version=version,
            url=f"https://cdn.comfy.org/{name}-people/{name}/{version}/node.zip",
            **{"sha256": sha(data), "size": len(data), "verified": "downloaded", **fields},
        )

    def git_pack(self, name: str = "carl/gamma", text: str = "V = 1\n", **fields: Any) -> PackPin:
        """Publish a pack with a submodule."""
        inner = _git(self.world.git, f"github.com/{name}-deps").commit({"lib.py": text})
        files = {
            "__init__.py": text,
            "run.sh": Program("#!/bin/sh\n"),
            "deps/lib": Submodule(inner),
            ".gitmodules": f'[submodule "x"]\npath = deps/lib\nurl = ../{name}-deps\n',
        }
        repository = _git(self.world.git, f"github.com/{name}")
        commit = repository.commit(files)
        return PackPin(
            name,
            "git",
            repository=f"https://github.com/{name}",
            commit=commit,
            tree=repository.tree(files),
            submodules=(f"deps/lib {inner} https://github.com/{name}-deps",),
            **fields,
        )

    def file_pack(self, name: str = "dora/single", **fields: Any) -> PackPin:
        """Publish a pack that is one file."""
        data = b"NODE_CLASS_MAPPINGS = {}\n"
        self.world.files.add(f"/{name}.py", data)
        url = f"https://models.example.com/{name}.py"
        return PackPin(name, "file", url=url, sha256=sha(data), size=len(data), **fields)

    def hub_model(self, name: str = "ae.safetensors", **fields: Any) -> ModelPin:
        """Publish a gated model on the Hub."""
        data = weights(name, self.size)
        commit = self.world.hub.add("org/repo", {f"vae/{name}": data}, gated="auto")
        self.world.hub.granted.add("org/repo")
        return ModelPin(
            name,
            "vae",
            "huggingface",
            repository="org/repo",
            commit=commit,
            path=f"vae/{name}",
            gated="auto",
            **{"sha256": sha(data), "size": len(data), **fields},
        )

    def civitai_model(self, name: str = "base.safetensors", **fields: Any) -> ModelPin:
        """Publish a model on CivitAI that wants a login."""
        data = weights(name, self.size)
        self.world.civitai.add(22, Upload(33, name, data), wants_login=True)
        pin = {"sha256": sha(data), "size": len(data), "gated": "login", **fields}
        return ModelPin(name, "checkpoints", "civitai", version_id=22, file_id=33, **pin)

    def release_model(self, name: str = "x4.pth", **fields: Any) -> ModelPin:
        """Publish an asset of a release."""
        data = weights(name, self.size)
        self.world.github.add("ann/models", "v1", **{name.replace(".", "__"): Attached(data)})
        return ModelPin(
            name,
            "upscale_models",
            "github-release",
            repository="https://github.com/ann/models",
            tag="v1",
            path=name,
            **{"sha256": sha(data), "size": len(data), **fields},
        )

    def url_model(self, name: str = "sub dir/it's.safetensors", **fields: Any) -> ModelPin:
        """Publish a file on a host, and on a mirror that has it too."""
        data = weights(name, self.size)
        self.world.files.add("/files/one.safetensors", data)
        self.world.files.add("/files/two.safetensors", data)
        return ModelPin(
            name,
            "loras",
            "url",
            url="https://models.example.com/files/one.safetensors",
            **{"sha256": sha(data), "size": len(data), "mirrors": (MIRROR,), **fields},
        )

    def lock(self, **fields: Any) -> Lock:
        """A lock with a thing of every kind; one model is in the group `video`."""
        values = dict(fields)
        if "comfyui" not in values:
            values["comfyui"] = self.comfyui()
        if "packs" not in values:
            values["packs"] = (self.archive(), self.git_pack(), self.file_pack())
        if "models" not in values:
            of_group = self.url_model(groups=("video",))
            others = (self.release_model(), self.hub_model())
            values["models"] = (self.civitai_model(), of_group, *others)
        return Lock(**values)


def _git(server: GitServer, name: str) -> Any:
    return server.repository(name)


def pylock(url: str, *releases: Release) -> bytes:
    """The pylock of wheels that are served below an address."""
    packages = [
        {
            "name": each.name,
            "version": each.version,
            "wheels": [
                {
                    "url": f"{url}/files/simple/{each.file}",
                    "size": len(wheel(each)),
                    "hashes": {"sha256": sha(wheel(each))},
                }
            ],
        }
        for each in releases
    ]
    import tomli_w  # noqa: PLC0415 - few tests need it

    text = tomli_w.dumps({"lock-version": "1.0", "created-by": "test", "packages": packages})
    return canonical(text.encode())


def python_pin(data: bytes, version: str) -> PythonPin:
    """The lock's entry for a pylock."""
    target = f"linux-x86_64-py{version}-cpu"
    return PythonPin(target, "pylock.comfy.toml", digest_of(data), "ab" * 32, 2)


ONE, TWO = release("one==1.0"), release("two==2.1", "one")
