"""A locked project all of whose parts are on the loopback: what images are built from in tests."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uv
from msgspec.structs import replace

from comfylock.lockfile.schema import ComfyuiPin, ImagePin, Lock, ModelPin, PythonPin, WorkflowEntry
from comfylock.lockfile.write import write_lock
from tests.locks import SHA, from_file, from_git, hub_model, release
from tests.services.comfyui_stand_in import FILES
from tests.services.git_repository import Content, Program, Submodule
from tests.services.git_server import GitServer, git_serving
from tests.services.hub import Hub, hub_serving
from tests.services.loopback import Answer, Service, serving
from tests.services.node_archive import node_zip, pack_files
from tests.services.package_index import Release, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfylock.lockfile.schema import PackPin

BASE = "localhost/base:latest"
PYTHON = "3.11"
"""What the base has."""

WEIGHTS = {"ae.safetensors": b"vae " * 999, "base.safetensors": b"base " * 999, "v.pt": b"v " * 99}
PACKAGES = (Release("torch", "2.8.0+cpu"), Release("numpy", "2.1.0"))


class ImageWorld:
    """The services, and a project folder with its lock and pylock."""

    def __init__(self, git: GitServer, hub: Hub, files: Service, folder: str) -> None:
        self.git = git
        self.hub = hub
        self.files = files
        """What stands in for every host with files: `/HOST/path`."""
        self.folder = folder
        self.version = 1
        """Raise it for another release of the pack `alpha`."""
        self.weights = dict(WEIGHTS)
        self._commits: dict[tuple[str, str], str] = {}

    def build_arguments(self) -> list[str]:
        """Return what leads a build to the services."""
        values = {
            "BASE_IMAGE": BASE,
            "TOOLS_IMAGE": BASE,
            "GIT_MIRROR": f"{self.git.url}/",
            "FILE_MIRROR": f"{self.files.url}/",
            "HF_ENDPOINT": self.hub.url,
        }
        words = [f"--build-arg={name}={value}" for name, value in values.items()]
        return [*words, f"--build-context=uv={os.path.dirname(uv.find_uv_bin())}"]

    def write(self, **changes: object) -> Lock:
        """Publish everything and write the project; return its lock."""
        lock = replace(self._lock(), **changes)
        with open(os.path.join(self.folder, "comfy.lock"), "wb") as file:
            file.write(write_lock(lock))
        return lock

    def _lock(self) -> Lock:
        commit, tree = self._committed("github.com/comfyanonymous/ComfyUI", FILES)
        pylock = self._pylock()
        packs = (self._alpha(), self._gamma(), self._single())
        return Lock(
            comfyui=ComfyuiPin(
                "==0.3.64",
                "0.3.64",
                "https://github.com/comfyanonymous/ComfyUI",
                commit,
                tree,
            ),
            images=tuple(
                ImagePin(name, "linux/amd64", BASE, BASE, f"sha256:{SHA}")
                for name in ("cpu", "cu128", "runpod")
            ),
            python=(
                PythonPin(
                    f"linux-x86_64-py{PYTHON}-cu128",
                    "pylock.comfy.toml",
                    hashlib.sha256(pylock).hexdigest(),
                    SHA,
                    len(PACKAGES),
                    "2.8.0+cpu",
                ),
            ),
            workflows=(WorkflowEntry("a.json", tuple(sorted(pack.name for pack in packs))),),
            packs=packs,
            models=self._models(),
        )

    def _alpha(self) -> PackPin:
        version = f"1.{self.version}.0"
        files = pack_files(("AlphaNode",), pyproject__toml=f'[project]\nversion = "{version}"\n')
        # No engine may remember these bytes from another run.
        data = node_zip({**files, "deep/er/ünïcode name.txt": self.files.url.encode()})
        pin = release(version=version, sha256=sha256(data), size=len(data), provides=("AlphaNode",))
        self._publish(pin.url or "", data)
        return pin

    def _gamma(self) -> PackPin:
        lib, _ = self._committed("github.com/carl/deps", {"lib.py": "VALUE = 1\n"})
        files: dict[str, Content] = {
            **pack_files(("GammaNode",)),
            "run.sh": Program("#!/bin/sh\n"),
            "deps/sub module": Submodule(lib),
        }
        commit, tree = self._committed("github.com/carl/gamma", files)
        return from_git(
            commit=commit,
            tree=tree,
            submodules=(f"deps/sub module {lib} https://github.com/carl/deps",),
            provides=("GammaNode", "GpuNode"),
            needs_gpu=("nodes.py:12 torch.cuda.current_device()",),
        )

    def _committed(self, name: str, files: Mapping[str, Content]) -> tuple[str, str]:
        """Commit files once; return the commit and its tree."""
        repository = self.git.repository(name)
        tree = repository.tree(files)
        if (name, tree) not in self._commits:
            self._commits[name, tree] = repository.commit(files)
        return self._commits[name, tree], tree

    def _uploaded(self, name: str, path: str, data: bytes) -> str:
        """Upload a file once; return its commit."""
        key = (name, sha256(data))
        if key not in self._commits:
            self._commits[key] = self.hub.add(name, {path: data}, private=name == "org/closed")
        return self._commits[key]

    def _single(self) -> PackPin:
        data = pack_files(("SingleNode",))["__init__.py"]
        pin = from_file(sha256=sha256(data), size=len(data), provides=("SingleNode",))
        self._publish(pin.url or "", data)
        return pin

    def _models(self) -> tuple[ModelPin, ...]:
        names = {"org/repo": "ae.safetensors", "org/closed": "base.safetensors"}
        found = []
        for repository, name in names.items():
            data = self.weights[name]
            commit = self._uploaded(repository, name, data)
            folder = "vae" if name == "ae.safetensors" else "checkpoints"
            found.append(
                hub_model(
                    name,
                    folder,
                    repository=repository,
                    commit=commit,
                    sha256=sha256(data),
                    size=len(data),
                    private=repository == "org/closed",
                )
            )
        data = self.weights["v.pt"]
        self._publish("https://civitai.com/api/download/models/22?fileId=33", data)
        pin = ModelPin(
            "sub dir/v $(touch x) 'q'.pt",
            "loras",
            "civitai",
            version_id=22,
            file_id=33,
            sha256=sha256(data),
        )
        return (*found, pin)

    def _pylock(self) -> bytes:
        lines = ['lock-version = "1.0"', 'created-by = "test"']
        for each in PACKAGES:
            data = wheel(each)
            self._publish(f"https://files.example.org/{each.file}", data)
            address = f"{self.files.url}/files.example.org/{each.file}"
            lines += [
                "",
                "[[packages]]",
                f'name = "{each.name}"',
                f'version = "{each.version}"',
                f'wheels = [{{ url = "{address}", hashes = {{ sha256 = "{sha256(data)}" }} }}]',
            ]
        text = "\n".join([*lines, ""]).encode()
        with open(os.path.join(self.folder, "pylock.comfy.toml"), "wb") as file:
            file.write(text)
        return text

    def _publish(self, url: str, data: bytes) -> None:
        parts = urlsplit(url)
        self.files.answers[f"/{parts.netloc}{parts.path}"] = Answer(
            data, content_type="application/octet-stream", ranges=True
        )


def sha256(data: bytes) -> str:
    """Return a digest in hex."""
    return hashlib.sha256(data).hexdigest()


@contextmanager
def image_world(folder: str) -> Iterator[ImageWorld]:
    """Yield a project in a folder, and the services that it is built from."""
    project, root = os.path.join(folder, "project"), os.path.join(folder, "git")
    os.makedirs(project)
    os.makedirs(root)
    with ExitStack() as stack:
        git = stack.enter_context(git_serving(root))
        hub = stack.enter_context(hub_serving())
        files = stack.enter_context(serving())
        yield ImageWorld(git, hub, files, project)
