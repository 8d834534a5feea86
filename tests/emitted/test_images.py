"""Images built for real from what is emitted, with every service on the loopback."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from msgspec.structs import replace

from tests.emitted.engine import (
    Container,
    asked,
    build,
    built,
    docker,
    emitted,
    inside,
    require_engine,
)
from tests.emitted.spoils import SPOILS
from tests.services.hub import TOKEN
from tests.services.image_world import BASE, ImageWorld, image_world

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.system

TAG = "comfylock-test"
CHECK = "--build-arg=CHECK_NODES=1"


@pytest.fixture(scope="module", autouse=True)
def _engine() -> Iterator[None]:
    require_engine()
    yield
    names = docker("image", "ls", "--format={{.Repository}}:{{.Tag}}", f"{TAG}*").stdout.split()
    if names:
        docker("image", "rm", "--force", *names)


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageWorld]:
    with image_world(str(tmp_path_factory.mktemp("world"))) as found:
        found.write()
        yield found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def told_by(port: int) -> dict[str, object]:
    with urlopen(f"http://127.0.0.1:{port}/system_stats", timeout=10) as answer:
        found: dict[str, object] = json.load(answer)["system"]
    return found


def test_an_image_with_everything_in_it(world: ImageWorld) -> None:
    text = emitted(world, models="bake")
    run = built(world, text, CHECK)
    assert (
        "as locked: ComfyUI 0.3.64, 3 packs, 3 models, 2 Python packages, 3 class types"
        in run.stderr
    )
    assert "not looked at: GpuNode of carl/gamma: a GPU is needed by nodes.py:12" in run.stderr
    before = asked(world)
    again = built(world, text, CHECK)
    ran = [
        step for step in re.findall(r"^#\d+ (.*)$", again.stderr, re.MULTILINE) if " RUN " in step
    ]
    assert again.stderr.count("CACHED") >= len(ran) > 10
    assert asked(world) == before
    listed = inside(TAG, "find", "/opt/ComfyUI/models", "-type", "f")
    assert "/opt/ComfyUI/models/loras/sub dir/v $(touch x) 'q'.pt\n" in listed
    assert "as locked: " in inside(TAG, "cat", "/opt/comfylock/verified")
    assert inside(TAG, "/opt/comfylock/start", "verify").startswith("as locked: ")
    assert inside(TAG, "id", "-u").strip() == "1000"
    labels = json.loads(docker("image", "inspect", TAG).stdout)[0]["Config"]["Labels"]
    assert labels["comfy.lock.sha256"] in text.splitlines()[0]


def test_nobody_but_comfyui_needs_to_write(world: ImageWorld) -> None:
    built(world, emitted(world, models="bake"))
    script = (
        "for d in output input user temp models models/vae custom_nodes custom_nodes/alpha; do"
        " touch /opt/ComfyUI/$d/x || exit 1; done;"
        " for f in /opt/ComfyUI/main.py /opt/venv/x /opt/comfylock/verify /opt/x; do"
        " ! touch $f 2> /dev/null || exit 2; done"
    )
    inside(TAG, "bash", "-c", script)
    inside(TAG, "bash", "-c", script, options=("--user=4242:0",))


def test_no_secret_is_in_the_image(world: ImageWorld) -> None:
    built(world, emitted(world, models="bake"))
    assert TOKEN not in docker("history", "--no-trunc", TAG).stdout
    assert TOKEN not in docker("image", "inspect", TAG).stdout
    places = ("/opt", "/root", "/home", "/tmp", "/etc", "/var")
    words = ("--network=none", "--user=0", "--entrypoint=grep", TAG, "-rlF", TOKEN, *places)
    found = docker("run", "--rm", *words).stdout
    assert found == ""
    hosts = world.hub.tokens_by_host()
    assert hosts[world.hub.host] >= {TOKEN}
    assert hosts[world.hub.content_host] == {None}
    assert all("Authorization" not in request.headers for request in world.files.asked)


def test_a_changed_pack_fetches_no_model_and_a_changed_model_no_pack(world: ImageWorld) -> None:
    built(world, emitted(world, models="bake"))
    before = asked(world)
    world.version = 2
    world.write()
    built(world, emitted(world, models="bake"))
    after = asked(world)
    assert (after["hub"], after["git"]) == (before["hub"], before["git"])
    assert after["files"] == before["files"] + 1, "the new archive alone"
    assert inside(TAG, "cat", "/opt/ComfyUI/custom_nodes/alpha/pyproject.toml").count("1.2.0") == 1
    world.weights["ae.safetensors"] = b"another vae" * 99
    world.write()
    built(world, emitted(world, models="bake"))
    last = asked(world)
    assert (last["files"], last["git"]) == (after["files"], after["git"])
    assert last["hub"] > after["hub"]
    assert inside(TAG, "cat", "/opt/ComfyUI/models/vae/ae.safetensors").startswith("another vae")


def test_a_layer_for_each_model(world: ImageWorld) -> None:
    built(world, emitted(world, models="bake", variants=["standard", "minimal"]))
    history = docker("history", "--no-trunc", "--format={{.CreatedBy}}", TAG).stdout.splitlines()
    # The newest first: what changes often is on top of what changes seldom.
    order = [index for index, line in enumerate(history) if line.startswith("COPY /out/ / ")]
    assert len(order) == 5, "three models, the packs, ComfyUI"
    (venv,) = (index for index, line in enumerate(history) if line.startswith("COPY /opt/venv"))
    assert max(order) < venv
    built(
        world,
        emitted(world, models="bake", variants=["standard", "minimal"]),
        "--build-arg=VARIANT=minimal",
    )
    assert "put_vae_here" in inside(TAG, "ls", "/opt/ComfyUI/models/vae")
    assert "ae.safetensors" not in inside(TAG, "ls", "/opt/ComfyUI/models/vae")


IN_IMAGE = {
    **SPOILS,
    "package": (
        "sed -i 's/^Version: .*/Version: 9.9/' /opt/venv/lib/*/site-packages/torch-*/METADATA",
        "torch is 9.9, locked is 2.8.0+cpu",
    ),
    "no package": ("rm -r /opt/venv/lib/python3*/site-packages/numpy-*", "numpy is not installed"),
    "lock": ("printf '# x' >> /opt/comfylock/comfy.lock", "comfy.lock is not the one"),
}


def test_a_spoiled_byte_is_found_at_the_end(world: ImageWorld) -> None:
    text = emitted(world, models="bake")
    built(world, text)
    head, end = text.split("FROM image AS verified")
    for what, (command, told) in IN_IMAGE.items():
        spoiled = f"FROM image AS spoiled\nUSER 0\nRUN {command}\n\nFROM spoiled AS verified"
        run = build(world, head + spoiled + end)
        assert run.returncode != 0, what
        assert told in run.stderr, (what, run.stderr[-2000:])


def test_a_lock_that_moved_on_fails_the_build(world: ImageWorld) -> None:
    text = emitted(world)
    world.version = 2
    world.write()
    run = build(world, text)
    assert run.returncode != 0
    assert "comfy.lock is not the one that this Dockerfile was emitted from" in run.stderr


def test_a_class_type_that_no_pack_has_fails_the_build(world: ImageWorld) -> None:
    lock = world.write()
    packs = [
        replace(pack, provides=("Alpha2",)) if pack.name == "alpha" else pack for pack in lock.packs
    ]
    world.write(packs=tuple(packs))
    text = emitted(world)
    built(world, text)
    run = build(world, text, CHECK)
    assert run.returncode != 0
    assert "ComfyUI has no Alpha2, which alpha should provide" in run.stderr


def test_a_container_from_start_to_end(world: ImageWorld) -> None:
    port = free_port()
    built(world, emitted(world, models="bake", port=port))
    options = ("--network=host", "--health-interval=1s", "--health-start-period=30s")
    with Container(*options, TAG, "--verbose=INFO") as container:
        container.until_healthy()
        told = told_by(port)
        assert told["uid"] == 1000
        argv = told["argv"]
        assert isinstance(argv, list)
        assert {"--cpu", "--verbose=INFO", "--output-directory=/workspace/output"} <= set(argv)
        assert "there is no GPU: ComfyUI works on the CPU" in container.log
        begun = time.monotonic()
        assert container.stop() == 0
        assert time.monotonic() - begun < 8, "it did not hear the signal"
        assert "Stopped server" in container.log
    assert docker("run", "--rm", "--network=none", "-e", "REQUIRE_GPU=1", TAG).returncode == 1


def test_a_health_check_that_says_no(world: ImageWorld) -> None:
    built(world, emitted(world, port=free_port()))
    assert docker("run", "--rm", "--network=none", TAG, "health").returncode == 1


def test_models_that_come_when_a_container_starts(world: ImageWorld, tmp_path: object) -> None:
    port = free_port()
    built(world, emitted(world, models="runtime", port=port))
    volume = str(tmp_path)
    os.chmod(volume, 0o777)
    settings = {
        "HF_ENDPOINT": world.hub.url,
        "FILE_MIRROR": f"{world.files.url}/",
        "HF_TOKEN": TOKEN,
        "FETCH_MODELS": "wait",
    }
    words = [f"--env={name}={value}" for name, value in settings.items()]
    options = ("--network=host", f"--volume={volume}:/workspace", *words)
    with Container(*options, TAG) as container:
        container.wait_for("To see the GUI")
        assert os.path.getsize(os.path.join(volume, "models/vae/ae.safetensors")) == 3996
        assert os.path.exists(os.path.join(volume, "models/loras/sub dir/v $(touch x) 'q'.pt"))
        assert os.path.exists(os.path.join(volume, "output/.written"))
        assert container.stop() == 0
    before = asked(world)
    with Container(*options, TAG) as container:
        container.wait_for("To see the GUI")
    assert asked(world) == before, "what is there is not asked for"


WORKER = f"""\
FROM {BASE}
RUN git clone -q $CORE /comfyui && git -C /comfyui checkout -q $OLD && echo kept > /comfyui/kept
RUN python3 -m venv /opt/venv && touch /handler.py && \\
    printf '#!/bin/bash\\necho the worker itself starts\\n' > /start.sh && chmod +x /start.sh
CMD ["/start.sh"]
"""


def worker(world: ImageWorld) -> None:
    """Make an image that is laid out as RunPod's worker, with an older ComfyUI."""
    core = world.git.repository("github.com/comfyanonymous/ComfyUI")
    old = core.commit({"main.py": "print('old')\n", "gone.py": "x = 1\n"}, branch="old", parents=())
    text = WORKER.replace("$CORE", f"{world.git.url}/github.com/comfyanonymous/ComfyUI")
    path = os.path.join(world.folder, "Dockerfile.worker")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("$OLD", old))
    run = docker("build", "--network=host", "-t", f"{TAG}-worker", "-f", path, world.folder)
    assert run.returncode == 0, run.stderr


def test_on_the_worker_its_start_script_and_handler_stay(world: ImageWorld) -> None:
    worker(world)
    text = emitted(world, base="runpod", layout="runpod-volume", models="volume")
    run = built(world, text, CHECK, f"--build-arg=BASE_IMAGE={TAG}-worker")
    assert "as locked: ComfyUI 0.3.64, 3 packs, 0 models" in run.stderr
    said = docker("run", "--rm", "--network=none", TAG).stdout
    assert said == "the worker itself starts\n"
    script = "ls / /comfyui; cat /comfyui/extra_model_paths.yaml"
    listed = inside(TAG, "bash", "-c", script)
    assert {"handler.py", "start.sh", "kept", "main.py"} <= set(listed.split())
    assert "gone.py" not in listed
    assert "base_path: /runpod-volume/" in listed
    assert inside(TAG, "id", "-u").strip() == "0"


def test_on_the_worker_models_come_before_it_starts(world: ImageWorld, tmp_path: object) -> None:
    worker(world)
    text = emitted(world, base="runpod", layout="runpod-volume", models="runtime")
    built(world, text, f"--build-arg=BASE_IMAGE={TAG}-worker")
    settings = {"HF_ENDPOINT": world.hub.url, "FILE_MIRROR": f"{world.files.url}/"}
    words = [f"--env={name}={value}" for name, value in settings.items()]
    options = ["run", "--rm", "--network=host", f"--volume={tmp_path}:/runpod-volume", *words]
    refused = docker(*options, TAG)
    assert refused.returncode == 1, "a private model, and no token"
    assert "the worker itself starts" not in refused.stdout
    said = docker(*options, f"--env=HF_TOKEN={TOKEN}", TAG)
    assert said.stdout == "the worker itself starts\n", said.stderr
    assert os.path.getsize(os.path.join(str(tmp_path), "models/vae/ae.safetensors")) == 3996


MINE = f"""\
FROM {BASE} AS base
RUN mkdir -p /opt/ComfyUI/custom_nodes && python3 -m venv /opt/mine
ENV PATH=/opt/mine/bin:$PATH MINE=1

"""


def test_a_fragment_behind_somebody_elses_dockerfile(world: ImageWorld) -> None:
    text = emitted(world, "fragment", models="bake")
    fetching = f"--build-context=fetching=docker-image://{BASE}"
    words = ("--build-arg=PYTHON=/opt/mine/bin/python", fetching)
    run = built(world, MINE + text, *words)
    assert "as locked: 3 packs, 3 models, 2 Python packages" in run.stderr
    assert inside(TAG, "bash", "-c", "echo $MINE; ls /opt/ComfyUI/custom_nodes").split() == [
        "1",
        "alpha",
        "gamma",
        "single.py",
    ]
    alone = f"--build-context=base=docker-image://{TAG}-mine"
    run = docker("build", "--network=host", "-t", f"{TAG}-mine", "--target=base", world.folder)
    assert run.returncode == 0, run.stderr
    built(world, text, *words, alone)
    assert "gamma" in inside(TAG, "ls", "/opt/ComfyUI/custom_nodes")


def test_bake_and_compose_build_the_same_image(world: ImageWorld) -> None:
    if docker("buildx", "version").returncode or docker("compose", "version").returncode:
        pytest.skip("there is no docker buildx or no docker compose")
    port = free_port()
    settings: dict[str, Any] = {"models": "bake", "port": port, "image_name": f"{TAG}-made"}
    built(world, emitted(world, **settings))
    for kind, name in (("bake", "docker-bake.hcl"), ("compose", "compose.yaml")):
        with open(os.path.join(world.folder, name), "w", encoding="utf-8") as file:
            file.write(emitted(world, kind, **settings))
    override = os.path.join(world.folder, "override.yaml")
    with open(override, "w", encoding="utf-8") as stream:
        stream.write(
            "services:\n  comfyui:\n    network_mode: host\n    ports: !reset []\n"
            "    deploy: !reset {}\n    pull_policy: never\n"
        )
    arguments = [word.partition("=")[2] for word in world.build_arguments()]
    sets = [
        word
        for each in arguments
        for word in (
            "--set",
            f"*.contexts.{each}" if each.startswith("uv=") else f"*.args.{each}",
        )
    ]
    # Bake's own language has no word for the network of a build; compose's has.
    network = os.path.join(world.folder, "network.yaml")
    with open(network, "w", encoding="utf-8") as stream:
        stream.write("services:\n  cu128-standard:\n    build: {context: ., network: host}\n")
    words = ["-f", os.path.join(world.folder, "docker-bake.hcl"), "-f", network]
    context = ["--set", f"*.context={world.folder}", "--load"]
    run = docker("buildx", "bake", *words, *context, *sets, HF_TOKEN=TOKEN)
    assert run.returncode == 0, run.stderr[-3000:]
    name = f"{TAG}-made:cu128-standard"
    assert inside(name, "cat", "/opt/comfylock/verified").startswith("as locked: ")
    compose = ["compose", "-f", os.path.join(world.folder, "compose.yaml"), "-f", override]
    run = docker(*compose, "up", "--detach", "--no-build", HF_TOKEN=TOKEN)
    try:
        assert run.returncode == 0, run.stderr
        end = time.monotonic() + 60
        while True:
            try:
                assert told_by(port)["uid"] == 1000
                break
            except OSError:
                assert time.monotonic() < end, docker(*compose, "logs", HF_TOKEN=TOKEN).stdout
                time.sleep(0.2)
    finally:
        docker(*compose, "down", "--volumes", HF_TOKEN=TOKEN)
