"""A Python environment made of files, and the lock of its packages."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.lockfile.python_needs import asked_of
from comfylock.lockfile.schema import PythonPin
from comfylock.ops.project import project_config, project_needs
from comfylock.ops.registry import project_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.installation import Tree

TARGET = "linux-x86_64-py3.12-cpu"
PACKAGES = {
    "numpy": "2.1.0",
    "pillow": "11.0.0",
    "torch": "2.8.0+cpu",
    "typing-extensions": "4.12.2",
}
COMMIT = "e" * 40
"""Of the repository that one more package is from."""


def add_environment(tree: Tree, target: str = TARGET) -> Path:
    """Lock packages, make an environment that has them; return its interpreter."""
    lines = ['lock-version = "1.0"', 'created-by = "comfylock"']
    for name, version in PACKAGES.items():
        wheel = f"https://example.org/{name}-{version}-py3-none-any.whl"
        digest = f'{{ url = "{wheel}", hashes = {{ sha256 = "{"ab" * 32}" }} }}'
        lines += ["", "[[packages]]", f'name = "{name}"', f'version = "{version}"']
        lines += ["wheels = [", f"    {digest},", "]"]
    vcs = f'{{ type = "git", url = "https://github.com/ann/tool", commit-id = "{COMMIT}" }}'
    lines += ["", "[[packages]]", 'name = "tool"', 'version = "1.0"', f"vcs = {vcs}"]
    data = ("\n".join(lines) + "\n").encode()
    (tree.project / "pylock.comfy.toml").write_bytes(data)
    settings = tree.project / "comfylock.toml"
    settings.write_text(settings.read_text() + f'\n[python]\ntargets = ["{target}"]\n')
    lock = tree.read()
    config = project_config(str(tree.project), {})
    needs = project_needs(str(tree.project), ("workflows",), config, project_registry("."))
    pin = PythonPin(
        target,
        "pylock.comfy.toml",
        hashlib.sha256(data).hexdigest(),
        asked_of(target, lock.comfyui, lock.packs, needs.requirements),
        len(PACKAGES) + 1,
        torch=PACKAGES["torch"],
    )
    tree.write(replace(lock, python=(pin,)))
    return make(tree.root / "environment")


def make(folder: Path) -> Path:
    """Make the environment alone."""
    site = folder / "lib/python3.12/site-packages"
    site.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin/python").write_text("#!/bin/sh\necho run > ran\n")
    (folder / "bin/python").chmod(0o755)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.4\n")
    for name, version in {**PACKAGES, "pip": "25.0", "tool": "1.0"}.items():
        add(site, name, version)
    # One package has a file that is run at every start.
    (site / "own.pth").write_text("import os; os.system('touch ran')\n")
    (site / "typing_extensions-4.12.2.dist-info/RECORD").write_text(
        'own.pth,,\n"typing_more/__init__.py",,\n'
    )
    (site / "typing_more").mkdir()
    (site / "typing_more/__init__.py").write_text("A = 1\n")
    (site / "_virtualenv.pth").write_text("import _virtualenv")
    (site / "_virtualenv.py").write_text("A = 1\n")
    told = f'{{"url": "https://github.com/ann/tool", "vcs_info": {{"commit_id": "{COMMIT}"}}}}'
    (site / "tool-1.0.dist-info/direct_url.json").write_text(told)
    return folder / "bin/python"


def add(site: Path, name: str, version: str) -> Path:
    """Install a package."""
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    spelled = name.replace("-", "_").title()
    text = f"Metadata-Version: 2.1\nName: {spelled}\nVersion: {version}\n\nName: other\n"
    (folder / "METADATA").write_text(text)
    (folder / "RECORD").write_text("")
    return folder
