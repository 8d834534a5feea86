"""Bake and compose files, as their readers see them; the tools themselves where there are any."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from msgspec.structs import replace

from comfylock.emit.kinds import generator
from comfylock.errors import EmitError
from comfylock.lockfile.mark import marked_digest
from tests.image_plans import buildable, plan, text_of
from tests.locks import SHA, image, python_pin

if TYPE_CHECKING:
    from pathlib import Path


def has_plugin(name: str) -> bool:
    if shutil.which("docker") is None:
        return False
    done = subprocess.run(["docker", name, "version"], capture_output=True, check=False)
    return done.returncode == 0


def printed(tmp_path: Path, **settings: Any) -> dict[str, Any]:
    """Return what bake makes of the file."""
    if not has_plugin("buildx"):
        pytest.skip("there is no docker buildx")
    path = tmp_path / "docker-bake.hcl"
    path.write_text(text_of("bake", **settings))
    done = subprocess.run(
        ["docker", "buildx", "bake", "-f", path, "--print", "all"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def composed(**settings: Any) -> dict[str, Any]:
    text = text_of("compose", **settings)
    assert marked_digest(text.encode()) == SHA
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_every_accelerator_in_every_variant(tmp_path: Path) -> None:
    found = printed(tmp_path, variants=("standard", "dev"), output="deploy/images")
    assert found["group"]["all"]["targets"] == [
        "cu128-standard",
        "cu128-dev",
        "cpu-standard",
        "cpu-dev",
    ]
    target = found["target"]["cpu-dev"]
    assert target["args"] == {"ACCELERATOR": "cpu", "VARIANT": "dev", "PYTHON_VERSION": "3.12"}
    assert target["tags"] == ["comfyui:cpu-dev"]
    assert target["platforms"] == ["linux/amd64"]
    assert (target["context"], target["dockerfile"]) == (".", "deploy/images/Dockerfile")
    assert target["secret"] == ["id=civitai_token,env=CIVITAI_TOKEN", "id=hf_token,env=HF_TOKEN"]


def test_tokens_only_where_a_model_needs_them() -> None:
    assert "hf_token" in text_of("bake")
    assert "hf_token" not in text_of("bake", models="volume")
    assert "hf_token" not in text_of("compose", models="runtime")


def test_names_that_bake_does_not_take() -> None:
    lock = replace(
        buildable(),
        python=(
            python_pin("linux-x86_64-py3.12-rocm6.2", file="pylock.a.toml"),
            python_pin("linux-arm64-py3.12-cu128", file="pylock.b.toml"),
            python_pin("linux-x86_64-py3.11-cu128", file="pylock.c.toml"),
            python_pin("linux-x86_64-py3.12-cu128", file="pylock.d.toml"),
        ),
        images=(image("cu128"), image("cu128", platform="linux/arm64"), image("rocm6.2")),
    )
    text = text_of("bake", lock)
    names = [line.split('"')[1] for line in text.splitlines() if line.startswith("target ")]
    assert names == [
        "_locked",
        "cu128-py3_11-standard",
        "cu128-py3_12-standard",
        "rocm6_2-standard",
        "cu128-arm64-py3_12-standard",
    ]
    assert '"${IMAGE}:rocm6.2-standard${SUFFIX}"' in text
    tools = "base-cu128-arm64-py3.12"
    assert text.count("TOOLS_IMAGE") == text.count(f'TOOLS_IMAGE    = "{tools}"') == 1
    found = yaml.safe_load(text_of("compose", lock))["services"]
    used = [each["build"]["args"].get("TOOLS_IMAGE") for each in found.values()]
    assert used == [None, None, None, tools], "no program of another CPU"
    assert found["comfyui-rocm6.2"]["devices"] == ["/dev/kfd", "/dev/dri"]


def test_a_name_that_no_tag_has_room_for() -> None:
    group = "g" * 100
    lock = buildable()
    packs = tuple(replace(pack, groups=(group,)) for pack in lock.packs)
    with pytest.raises(EmitError, match="is too long for the tag"):
        generator("bake")(plan(replace(lock, packs=packs), variants=(group,)))


def test_a_service_with_what_it_needs() -> None:
    found = composed(output="deploy/x", port=9000)
    service = found["services"]["comfyui"]
    assert service["build"]["context"] == "../.."
    assert service["build"]["dockerfile"] == "deploy/x/Dockerfile"
    assert service["ports"] == ["127.0.0.1:${PORT:-9000}:9000"]
    assert service["volumes"] == ["volume:/workspace"]
    assert service["healthcheck"]["test"] == ["CMD", "/opt/comfylock/start", "health"]
    assert service["env_file"] == [{"path": "comfyui.env", "required": False}]
    (device,) = service["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    cpu = found["services"]["comfyui-cpu"]
    assert cpu["profiles"] == ["cpu"]
    assert "deploy" not in cpu
    assert found["secrets"]["hf_token"] == {"environment": "HF_TOKEN"}


def test_without_a_volume_each_folder_has_one() -> None:
    found = composed(layout="plain", models="volume")
    assert found["services"]["comfyui"]["volumes"] == [
        "input:/opt/ComfyUI/input",
        "output:/opt/ComfyUI/output",
        "user:/opt/ComfyUI/user",
        "models:/opt/ComfyUI/models",
    ]
    assert "models" not in composed(layout="plain")["volumes"]


def test_the_worker_answers_by_itself() -> None:
    service = composed(base="runpod", layout="runpod-volume")["services"]["comfyui"]
    assert service["environment"] == {"SERVE_API_LOCALLY": "true"}
    assert service["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]
    assert "healthcheck" not in service


@pytest.mark.parametrize(
    "settings",
    [{}, {"layout": "plain"}, {"base": "runpod", "layout": "runpod-volume"}, {"models": "runtime"}],
)
def test_compose_takes_it(tmp_path: Path, settings: dict[str, Any]) -> None:
    if not has_plugin("compose"):
        pytest.skip("there is no docker compose")
    path = tmp_path / "compose.yaml"
    path.write_text(text_of("compose", **settings))
    done = subprocess.run(
        ["docker", "compose", "-f", path, "--profile", "*", "config", "-q"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
