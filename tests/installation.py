"""A ComfyUI on disk that is exactly as its lock says, made of real git and real archives."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from msgspec.structs import replace

from comfylock.lockfile.read import read_lock
from comfylock.lockfile.schema import ComfyuiPin, Lock, ModelPin, Options, PackPin, WorkflowEntry
from comfylock.lockfile.write import write_lock
from comfylock.net.cache import Cache
from comfylock.net.interface import Known, Question
from comfylock.sources.interface import ArchiveFacts, Missing
from tests.builders import encoded, node, stamped, ui
from tests.services.git_repository import Repository, Submodule
from tests.services.node_archive import node_zip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.services.git_repository import Content

COMFYUI = "https://github.com/comfyanonymous/ComfyUI"
GAMMA = "https://github.com/carl/gamma"
INNER = "https://github.com/carl/inner"
DETAIL = b"detail " * 40
MODELS = {
    ("checkpoints", "base.safetensors"): b"base " * 50,
    ("loras", "sub/detail.safetensors"): DETAIL,
    ("loras", "sub/other.safetensors"): DETAIL[::-1],
    ("text_encoders", "clip_l.safetensors"): b"clip " * 30,
    ("vae", "ae.safetensors"): b"vae bytes " * 20,
}
"""Folder and name to bytes; two of them have one size."""

PLACES = {
    "text_encoders": "ComfyUI/models/clip",
    "loras": "volume/loras",
}
"""Folder keys whose files are not in the folder of their name: relative to the tree."""

LOADERS = {
    "checkpoints": "CheckpointLoaderSimple",
    "loras": "LoraLoader",
    "text_encoders": "CLIPLoader",
    "vae": "VAELoader",
}
"""Folder key to a class type that loads from it."""

ALPHA = {
    "__init__.py": b"NODE_CLASS_MAPPINGS = {}\n",
    "nodes/alpha.py": b"class Alpha: pass\n",
    "js/alpha.js": b"app.register()\n",
    "pyproject.toml": b'[project]\nname = "alpha"\nversion = "1.2.0"\n[tool.comfy]\n',
    "README.md": b"# alpha\n",
}
GAMMA_FILES: dict[str, Content] = {
    "__init__.py": "NODE_CLASS_MAPPINGS = {}\n",
    "gamma.py": "class Gamma: pass\n",
    ".gitignore": "*.log\n__pycache__/\n",
}
SINGLE = b"NODE_CLASS_MAPPINGS = {'Single': object}\n"
COMFYUI_FILES: dict[str, Content] = {
    "main.py": "print('ComfyUI')\n",
    "nodes.py": "NODE_CLASS_MAPPINGS = {}\n",
    "comfyui_version.py": '__version__ = "0.3.64"\n',
    ".gitignore": "/custom_nodes/\n/models/\n/output/\n/user/\n__pycache__/\n*.log\n",
    "custom_nodes/websocket_image_save.py": "pass\n",
    "input/example.png": b"\x89PNG",
    "output/_output_images_will_be_put_here": b"",
}


def digest(data: bytes) -> str:
    """The sha256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


class Tree(Struct):
    """A project beside a ComfyUI, a volume with more models, remotes, a cache."""

    root: Path

    @property
    def project(self) -> Path:
        """The folder of the lock."""
        return self.root / "project"

    @property
    def comfyui(self) -> Path:
        """ComfyUI's folder."""
        return self.root / "ComfyUI"

    @property
    def nodes(self) -> Path:
        """Where packs are."""
        return self.comfyui / "custom_nodes"

    @property
    def cache(self) -> Path:
        """The cache's folder."""
        return self.root / "cache"

    def model(self, key: str) -> Path:
        """Where a model is, by `folder/name`."""
        folder, _, name = key.partition("/")
        return self.root / PLACES.get(folder, f"ComfyUI/models/{folder}") / name

    def git(self, folder: Path, *words: str) -> str:
        """Run git as a user would; every address leads to the remotes on this disk."""
        command = ["git", "-c", "user.name=Ann", "-c", "user.email=a@example.org", *words]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, env=self.variables(), check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def variables(self) -> dict[str, str]:
        """The environment of a user whose git reaches the remotes."""
        return {
            **os.environ,
            "COMFYLOCK_CACHE_DIR": str(self.cache),
            "GIT_ALLOW_PROTOCOL": "file",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.root}/remotes/.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/",
        }

    def read(self) -> Lock:
        """The lock."""
        return read_lock((self.project / "comfy.lock").read_bytes())

    def write(self, lock: Lock) -> None:
        """Write another lock."""
        (self.project / "comfy.lock").write_bytes(write_lock(lock))

    def copy(self, folder: Path) -> Tree:
        """Copy all of it to another place."""
        shutil.copytree(self.root, folder, symlinks=True)
        made = Tree(folder)
        made.write_paths()
        return made

    def write_paths(self) -> None:
        """Say where the volume is."""
        text = f"volume:\n    base_path: {self.root}/volume\n    loras: loras\n"
        (self.comfyui / "extra_model_paths.yaml").write_text(text)


def build(root: Path) -> Tree:
    """Make everything."""
    tree = Tree(root)
    remotes = root / "remotes"
    inner = _remote(remotes / "carl/inner").commit({"inner.py": "A = 1\n"})
    gamma = _remote(remotes / "carl/gamma")
    told = f'[submodule "deps/inner"]\n\tpath = deps/inner\n\turl = {INNER}\n'
    commit = gamma.commit({**GAMMA_FILES, ".gitmodules": told, "deps/inner": Submodule(inner)})
    core = _remote(remotes / "comfyanonymous/ComfyUI")
    release = core.commit(COMFYUI_FILES)
    core.tag("v0.3.64", release)
    _clone(tree, COMFYUI, tree.comfyui, release)
    _clone(tree, GAMMA, tree.nodes / "gamma", commit)
    tree.git(tree.nodes / "gamma", "submodule", "update", "--init", "-q")
    archive = node_zip(ALPHA)
    install(ALPHA, tree.nodes / "alpha")
    (tree.nodes / "single.py").write_bytes(SINGLE)
    for (folder, name), data in MODELS.items():
        path = tree.model(f"{folder}/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tree.comfyui / "models/vae/put_vae_here").write_bytes(b"")
    tree.write_paths()
    pins = (
        alpha_pin(archive),
        PackPin(
            "carl/gamma",
            "git",
            repository=GAMMA,
            commit=commit,
            tree=tree.git(tree.nodes / "gamma", "rev-parse", "HEAD^{tree}").strip(),
            submodules=(f"deps/inner {inner} {INNER}",),
            provides=("GammaNode",),
        ),
        PackPin(
            "dora/single",
            "file",
            repository="https://github.com/dora/single",
            commit="c" * 40,
            path="single.py",
            url=f"https://raw.githubusercontent.com/dora/single/{'c' * 40}/single.py",
            sha256=digest(SINGLE),
            size=len(SINGLE),
            verified="downloaded",
        ),
    )
    _project(tree, pins, ComfyuiPin("0.3.64", "0.3.64", COMFYUI, release, core.tree(COMFYUI_FILES)))
    learn(tree, pins[0], ALPHA)
    return tree


def alpha_pin(archive: bytes, **fields: Any) -> PackPin:
    """The pin of the registry's pack."""
    values: dict[str, Any] = {
        "requested": "1.2.0",
        "version": "1.2.0",
        "url": "https://cdn.comfy.org/ann/alpha/1.2.0/node.zip",
        "sha256": digest(archive),
        "size": len(archive),
        "verified": "downloaded",
        "provides": ("AlphaNode",),
    }
    return PackPin("alpha", "comfy-registry", **{**values, **fields})


def install(files: Mapping[str, bytes], folder: Path) -> None:
    """Unpack a registry's archive as ComfyUI-Manager does."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / ".tracking").write_text("\n".join(files))


def learn(tree: Tree, pin: PackPin, files: Mapping[str, bytes]) -> None:
    """Keep what `lock` learns of an archive."""
    facts = ArchiveFacts(
        pin.sha256 or "", pin.size or 0, files={n: digest(files[n]) for n in sorted(files)}
    )
    key = f"{pin.name}@{pin.version} {pin.url}"
    question = Question("comfy-registry", "archive", key, is_lasting=True)
    kind = cast("type[ArchiveFacts | Missing]", ArchiveFacts | Missing)
    assert Cache(str(tree.cache / "answers"), time.time).keep(question, kind, Known(facts))


def _project(tree: Tree, packs: tuple[PackPin, ...], comfyui: ComfyuiPin) -> None:
    models = []
    stamps = []
    for (folder, name), data in MODELS.items():
        url = f"https://huggingface.co/org/repo/resolve/main/{name}"
        stamps.append((name, {"name": name, "url": url, "directory": folder}))
        models.append(
            ModelPin(
                name,
                folder,
                "huggingface",
                requested="main",
                repository="org/repo",
                commit="a" * 40,
                path=name,
                sha256=digest(data),
                size=len(data),
                verified="upstream",
                origin="node",
            )
        )
    loaders = [
        node(at, LOADERS[stamp["directory"]], name, properties={"models": [stamp]})
        for at, (name, stamp) in enumerate(stamps, 10)
    ]
    single = node(3, "SingleNode")
    workflow = ui(
        stamped(1, "AlphaNode", cnr_id="alpha", ver="1.2.0"),
        stamped(2, "GammaNode", aux_id="carl/gamma"),
        single,
        *loaders,
    )
    path = tree.project / "workflows/main.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(encoded(workflow))
    settings = (
        '[class-types]\n"SingleNode" = "dora/single"\n\n[packs]\n'
        '"dora/single" = { url = "https://raw.githubusercontent.com/dora/single/'
        + "c"
        * 40
        + '/single.py" }\n'
        '[comfyui]\nversion = "0.3.64"\n'
    )
    (tree.project / "comfylock.toml").write_text(settings)
    packs = (
        packs[0],
        packs[1],
        replace(packs[2], provides=("SingleNode",)),
    )
    lock = Lock(
        options=Options(inputs=("workflows",)),
        comfyui=comfyui,
        workflows=(
            WorkflowEntry(
                "workflows/main.json",
                ("alpha", "carl/gamma", "dora/single"),
                tuple(sorted(f"{folder}/{name}" for folder, name in MODELS)),
            ),
        ),
        packs=packs,
        models=tuple(sorted(models, key=lambda model: model.key)),
    )
    tree.write(lock)


def _remote(path: Path) -> Repository:
    path.parent.mkdir(parents=True, exist_ok=True)
    return Repository(str(path))


def _clone(tree: Tree, url: str, folder: Path, commit: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    existing = folder.exists()
    assert not existing
    tree.git(tree.root, "clone", "-q", "--no-checkout", url, str(folder))
    tree.git(folder, "checkout", "-q", "--detach", commit)
