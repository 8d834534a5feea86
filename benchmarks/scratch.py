"""What is measured and against what: fetched once into the user's cache, never into the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

TEMPLATES = ("comfyui-workflow-templates-json", "0.1.123")
"""ComfyUI's own workflow templates, the public data that is measured on."""

PEERS = {
    "comfygit": ("comfygit==0.7.1",),
    "manager": ("comfyui-manager==4.3", "aiohttp"),
}
"""The peers' packages by environment; the Manager counts on ComfyUI for aiohttp."""

NOT_WORKFLOWS = ("index", "fuse_options")
"""How the files begin that lie beside the templates."""


def scratch_folder() -> str:
    """Return the folder where downloads and environments are kept between runs."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(cache, "comfylock-benchmarks")


def template_paths(scratch: str) -> list[str]:
    """Return the official templates' paths, sorted; fetched with pip if they are not there."""
    name, version = TEMPLATES
    folder = os.path.join(scratch, f"templates-{version}")
    if not os.path.isdir(folder):
        os.makedirs(scratch, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=scratch) as download:
            wanted = f"{name}=={version}"
            _pip(sys.executable, "download", "--no-deps", "--dest", download, wanted)
            unpacked = os.path.join(download, "unpacked")
            _unpack(download, unpacked)
            os.rename(unpacked, folder)
    return [
        os.path.join(folder, name)
        for name in sorted(os.listdir(folder))
        if not name.startswith(NOT_WORKFLOWS)
    ]


def _unpack(download: str, folder: str) -> None:
    """Unpack the JSON files of the one wheel in a folder, without their paths."""
    os.mkdir(folder)
    wheel = next(name for name in os.listdir(download) if name.endswith(".whl"))
    with zipfile.ZipFile(os.path.join(download, wheel)) as archive:
        for member in archive.namelist():
            if "/templates/" in member and member.endswith(".json"):
                target = os.path.join(folder, os.path.basename(member))
                with archive.open(member) as source, open(target, "wb") as stream:
                    shutil.copyfileobj(source, stream)


def peer_python(scratch: str, peer: str) -> str | None:
    """Return the interpreter of a peer's environment, made if missing; None if it cannot be."""
    folder = os.path.join(scratch, peer)
    python = os.path.join(folder, "bin", "python")
    ready = os.path.join(folder, "ready")
    if os.path.exists(ready):
        return python
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        _pip(python, "install", *PEERS[peer])
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"{peer} cannot be installed and is left out: {error}", file=sys.stderr)
        return None
    with open(ready, "w", encoding="ascii"):
        return python


def node_map_path(scratch: str) -> str | None:
    """Return the path of the node map that the Manager's package ships; None without it."""
    python = peer_python(scratch, "manager")
    if python is None:
        return None
    code = "import importlib.util as u; print(u.find_spec('comfyui_manager').origin)"
    asked = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return os.path.join(os.path.dirname(asked.stdout.strip()), "extension-node-map.json")


def peer_versions(scratch: str) -> list[str]:
    """Return the packages measured with their versions; peers that are not installed left out."""
    versions = ["==".join(TEMPLATES)]
    for peer, packages in PEERS.items():
        if not os.path.exists(os.path.join(scratch, peer, "ready")):
            continue
        python = os.path.join(scratch, peer, "bin", "python")
        name = packages[0].partition("==")[0]
        code = f"from importlib.metadata import version; print(version({name!r}))"
        asked = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
        versions.append(f"{name}=={asked.stdout.strip()}")
    return versions


def _pip(python: str, *arguments: str) -> None:
    command = [python, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
