from __future__ import annotations

import pytest

from comfylock.config.emit import EmitSettings
from tests.settings import fault, faults, settings

ALL = """
[emit]
output = "deploy/pod/"
kinds = ["sbom", "script", "sbom"]
layout = "runpod-volume"
volume = "/data/models"
comfyui-dir = "/srv/ComfyUI"
models = "bake"
variants = ["full", "video", "full"]
targets = ["cu128", "linux-x86_64-py3.12-cpu"]
base = "runpod"
image = "worker"
installer = "comfy node install"
user = "artist"
system-packages = ["git", "ffmpeg"]
jupyter = true
port = 80
tier = "fp8"
image-name = "ghcr.io/me/comfyui"
pack-requirements = true
install-scripts = true
allow-unpinned = true
"""


def test_every_setting_is_read() -> None:
    read = settings(ALL).emit
    assert read == EmitSettings(
        output="deploy/pod",
        kinds=("script", "sbom"),
        layout="runpod-volume",
        volume="/data/models",
        comfyui_dir="/srv/ComfyUI",
        models="bake",
        variants=("full", "video"),
        targets=("cu128", "linux-x86_64-py3.12-cpu"),
        base="runpod",
        image="worker",
        installer="comfy node install",
        user="artist",
        system_packages=("ffmpeg", "git"),
        jupyter=True,
        port=80,
        tier="fp8",
        image_name="ghcr.io/me/comfyui",
        pack_requirements=True,
        install_scripts=True,
        allow_unpinned=True,
    )


def test_nobody_says_anything() -> None:
    assert settings("").emit is None
    assert settings("[emit]").emit is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('layout = "pod"', "emit.layout must be one of `workspace`, `runpod-volume`, `plain`"),
        ('models = "copy"', "emit.models must be one of `bake`, `volume`, `runtime`"),
        ('base = "cuda"', "emit.base must be one of `standalone`, `runpod`"),
        ('installer = "pip"', "emit.installer must be one of `direct`, `comfy-node-install`"),
        ('kinds = ["scripts"]', "emit.kinds[0] must be one of `script`, "),
        ("variants = []", "emit.variants must name at least one"),
        ('variants = ["A B"]', "emit.variants[0] must be a lower-case word"),
        ("port = 0", "emit.port must be from 1 to "),
        ("port = 65536", "emit.port must be from 1 to 65535"),
        ("jupyter = 1", "emit.jupyter must be true or false"),
        (
            'system-packages = ["-y"]',
            "emit.system-packages[0] must be the name of a Debian package",
        ),
        (
            'system-packages = ["a=1"]',
            "emit.system-packages[0] must be the name of a Debian package",
        ),
        ('user = "Root"', "emit.user must be a user's name in small letters"),
        ('image-name = "a:tag"', "emit.image-name must be an image's name without a tag"),
        ('output = "../up"', "emit.output must be a path inside the project"),
        ('output = "/etc"', "emit.output must be a path inside the project"),
        ('zzz = ""', "emit.zzz is no setting; known: output, kinds, "),
        ('ports = ""', "emit.ports is no setting; did you mean `port`?"),
    ],
)
def test_what_is_wrong_with_a_setting(line: str, message: str) -> None:
    assert faults(f"[emit]\n{line}")[0].startswith(message)


@pytest.mark.parametrize("key", ["volume", "comfyui-dir"])
@pytest.mark.parametrize(
    "path",
    ["relative", "/", "/a/../b", "/a/", "/-x", "/a b", "/$(x)", "~/x", "C:/x", "/a\\nb", "/.x"],
)
def test_folders_are_plain_and_absolute(key: str, path: str) -> None:
    told = fault(f'[emit]\n{key} = "{path}"')
    assert told.startswith(f"emit.{key} must be an absolute path")
