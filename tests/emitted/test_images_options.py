"""Images with what users can ask for besides: each option built for real, programs that cannot be
had here stood in for on PATH."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from comfylock.lockfile.schema import ModelPin
from tests.emitted.engine import built, docker, emitted, inside, require_engine
from tests.locks import from_git
from tests.services.authority import authority_in
from tests.services.file_host import FileHost
from tests.services.image_world import BASE, ImageWorld, image_world, sha256
from tests.services.package_index import package_index, release
from tests.services.web import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.system

TAG = "comfylock-test-options"
WEIGHTS = b"weights " * 500

PREPARED = f"""\
FROM {BASE}
RUN git clone --quiet --bare $PACK /srv/our/pack.git
COPY <<'EOF' /usr/local/bin/apt-get
#!/bin/sh
echo "$@" >> /apt-asked
EOF
COPY <<'EOF' /usr/local/bin/ssh
#!/bin/bash
grep -q '^git.example.com ' ~/.ssh/known_hosts && [[ -S $SSH_AUTH_SOCK ]] || exit 255
command=${{*: -1}}
path=${{command#*\\'}}
exec git-upload-pack "/srv${{path%\\'}}.git"
EOF
COPY <<'EOF' /usr/local/bin/comfy-node-install
#!/bin/bash
set -e
[[ "$*" == alpha@1.1.0 && -s $PIP_CONSTRAINT ]]
curl --fail --silent --output /alpha.zip $ARCHIVE
python3 -m zipfile -e /alpha.zip $COMFYUI_DIR/custom_nodes/alpha
touch $COMFYUI_DIR/custom_nodes/alpha/of-its-own
EOF
RUN chmod +x /usr/local/bin/*
"""
"""A base with stand-ins: apt-get writes down what it is asked for, ssh has one repository."""


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageWorld]:
    require_engine()
    with image_world(str(tmp_path_factory.mktemp("world"))) as found:
        yield found
    docker("image", "rm", "--force", TAG, f"{TAG}-base")


def prepare(world: ImageWorld, pack: str) -> None:
    """Make the base."""
    archive = f"{world.files.url}/cdn.comfy.org/ann/alpha/1.1.0/node.zip"
    path = os.path.join(world.folder, "Dockerfile.base")
    with open(path, "w", encoding="utf-8") as file:
        file.write(PREPARED.replace("$PACK", pack).replace("$ARCHIVE", archive))
    run = docker("build", "--network=host", "-t", f"{TAG}-base", "-f", path, world.folder)
    assert run.returncode == 0, run.stderr


def key_in(folder: Path) -> str:
    """Make a key for ssh."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - slow to load
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )

    data = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    path = folder / "key"
    path.write_bytes(data)
    path.chmod(0o600)
    return str(path)


def test_what_a_company_needs(world: ImageWorld, tmp_path: Path) -> None:
    """An authority of its own, a pack by ssh, unlocked packages, install.py, a user's name."""
    files = {
        "__init__.py": "NODE_CLASS_MAPPINGS = {}\n",
        "install.py": "import one; open('ran', 'w').write('x')\n",
    }
    repository = world.git.repository("git.example.com/our/pack")
    pack = from_git(
        "git.example.com/our/pack",
        repository="ssh://git@git.example.com/our/pack",
        commit=repository.commit(files),
        tree=repository.tree(files),
        runs_code=("install.py",),
        dependencies=("one>=1",),
    )
    model = ModelPin(
        "w.pt",
        "vae",
        "url",
        url="https://models.example.com/w.pt",
        sha256=sha256(WEIGHTS),
        size=len(WEIGHTS),
    )
    prepare(world, f"{world.git.url}/git.example.com/our/pack")
    world.write(packs=(pack,), models=(model,), python=(), workflows=())
    host = FileHost()
    (tmp_path / "known").write_text("git.example.com ssh-ed25519 AAAA\n")
    authority = authority_in(tmp_path / "ca", "localhost")
    with running(host, tls=authority) as service, package_index(release("one==1.5")) as (_, index):
        host.add("/models.example.com/w.pt", WEIGHTS)
        text = emitted(
            world,
            models="bake",
            image="cpu",
            user="artist",
            system_packages=["less"],
            pack_requirements=True,
            install_scripts=True,
        )
        run = built(
            world,
            text,
            f"--build-arg=BASE_IMAGE={TAG}-base",
            f"--build-arg=TOOLS_IMAGE={TAG}-base",
            f"--build-arg=FILE_MIRROR=https://localhost:{service.url.rpartition(':')[2]}/",
            f"--build-arg=UV_DEFAULT_INDEX={index}",
            "--build-arg=CA_BUNDLE=/run/ca/ca.pem",
            f"--build-context=ca={tmp_path / 'ca'}",
            f"--secret=id=known_hosts,src={tmp_path / 'known'}",
            f"--ssh=default={key_in(tmp_path)}",
            tag=TAG,
        )
    assert "as locked: ComfyUI 0.3.64, 1 packs, 1 models" in run.stderr
    assert inside(TAG, "id", "-un").strip() == "artist"
    assert inside(TAG, "cat", "/opt/ComfyUI/custom_nodes/pack/ran") == "x"
    assert inside(TAG, "/opt/venv/bin/python", "-c", "import one") == ""
    asked = inside(TAG, "cat", "/apt-asked").splitlines()
    assert any(line.startswith("install ") and line.endswith(" less") for line in asked)
    search = "find / -xdev -name known_hosts -o -xdev -name ca.pem"
    assert inside(TAG, *search.split(), options=("--user=0",)) == ""


def test_packs_by_another_installer(world: ImageWorld) -> None:
    lock = world.write()
    world.write(packs=tuple(replace(pack, provides=()) for pack in lock.packs))
    prepare(world, f"{world.git.url}/github.com/carl/gamma")
    text = emitted(world, models="volume", installer="comfy-node-install")
    run = built(
        world,
        text,
        f"--build-arg=BASE_IMAGE={TAG}-base",
        f"--build-arg=TOOLS_IMAGE={TAG}-base",
        tag=TAG,
    )
    assert "as locked: ComfyUI 0.3.64, 3 packs, 0 models" in run.stderr
    listed = inside(TAG, "ls", "/opt/ComfyUI/custom_nodes/alpha")
    assert {"of-its-own", "__init__.py"} <= set(listed.split())
    assert inside(TAG, "touch", "/opt/ComfyUI/custom_nodes/alpha/x") == "", "its group may write"
