"""What proves an image at its end, run on a folder that is laid out as one."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from comfylock.lockfile.write import write_lock
from tests.emitted.spoils import SPOILS
from tests.emitted.test_start_script import embedded
from tests.services.comfyui_stand_in import MAIN
from tests.services.image_world import image_world, sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comfylock.lockfile.schema import Lock


class Installed:
    """ComfyUI with packs and models, as the steps of an image lay it out."""

    def __init__(self, root: Path, lock: Lock) -> None:
        self.root = root
        self.lock = lock
        self.comfyui = root / "opt" / "ComfyUI"
        self.own = root / "opt" / "comfylock"
        self.script = root / "verify"
        self.script.write_text(embedded("/opt/comfylock/verify"))

    def write(self, lock: Lock | None = None, *more: str) -> None:
        """Write the lock and what is to be found."""
        data = write_lock(lock or self.lock)
        (self.own / "comfy.lock").write_bytes(data)
        rows = [
            f"lock\t{sha256(data)}",
            "comfyui\tx",
            "pack\talpha\talpha\talone",
            "pack\tcarl/gamma\tgamma\talone",
            "pack\tdora/single\tsingle.py\talone",
            *(
                f"model\t{model.sha256}\t{model.size or 0}\tmodels/{model.folder}/{model.name}"
                for model in self.lock.models
            ),
            *more,
        ]
        (self.own / "contents").write_text("".join(f"{row}\n" for row in rows))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, self.script, *words],
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": str(self.root),
                "COMFYUI_DIR": str(self.comfyui),
                "COMFYLOCK_DIR": str(self.own),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Fetch everything once, by the script that images are built with."""
    folder = tmp_path_factory.mktemp("verify")
    with image_world(str(folder / "world")) as world:
        lock = world.write()
        root = folder / "root"
        script = folder / "fetch"
        script.write_text(embedded("/usr/local/bin/fetch"))
        nodes = "/opt/ComfyUI/custom_nodes"

        def fetch(*words: str) -> None:
            environment = {
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": str(folder),
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"url.{world.git.url}/.insteadOf",
                "GIT_CONFIG_VALUE_0": "https://",
            }
            subprocess.run(["bash", script, *words], env=environment, check=True)

        core = lock.comfyui
        assert core is not None
        fetch("git", f"{root}/opt/ComfyUI", core.repository or "", core.commit or "", "-")
        for pack in lock.packs:
            if pack.source == "git":
                inner = pack.submodules[0].rsplit(" ", 2)
                words = [f"{root}{nodes}/gamma", pack.repository or "", pack.commit or ""]
                fetch("git", *words, pack.tree or "", *inner)
                continue
            path = (pack.url or "").replace("https://", "/")
            data = world.files.answers[path].body
            if pack.source == "file":
                (root / nodes[1:] / "single.py").write_bytes(data)
            else:
                (folder / "pack.zip").write_bytes(data)
                fetch("unpack", str(root), f"{nodes}/alpha", str(folder / "pack.zip"))
        contents = {sha256(data): data for data in world.weights.values()}
        for model in lock.models:
            file = root / "opt/ComfyUI/models" / (model.folder or "") / model.name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(contents[model.sha256 or ""])
        found = Installed(root, lock)
        found.write()
        yield found


@pytest.fixture
def installed(whole: Installed, tmp_path: Path) -> Installed:
    """A copy that may be spoiled."""
    shutil.copytree(whole.root, tmp_path / "root", symlinks=True)
    return Installed(tmp_path / "root", whole.lock)


def test_as_locked(installed: Installed) -> None:
    done = installed.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "as locked: ComfyUI 0.3.64, 3 packs, 3 models\n"


def test_what_running_leaves_behind_is_no_difference(installed: Installed) -> None:
    for folder in ("alpha", "gamma"):
        cache = installed.comfyui / "custom_nodes" / folder / "__pycache__"
        cache.mkdir()
        (cache / "x.pyc").write_bytes(b"x")
    assert installed.run().returncode == 0


@pytest.mark.parametrize("what", SPOILS)
def test_a_spoiled_byte(installed: Installed, what: str) -> None:
    command, told = SPOILS[what]
    subprocess.run(["bash", "-c", command], cwd=installed.comfyui, check=True)
    done = installed.run()
    assert done.returncode == 1
    assert told in done.stderr
    assert done.stdout == ""
    assert all(line.startswith("differs: ") for line in done.stderr.splitlines())


def test_a_spoiled_byte_that_git_would_pass_over(installed: Installed) -> None:
    """The same size and time, and an index that vouches for it."""
    folder = installed.comfyui / "custom_nodes" / "gamma"
    file = folder / "__init__.py"
    subprocess.run(
        ["git", "-C", folder, "update-index", "--assume-unchanged", file.name], check=True
    )
    file.write_bytes(file.read_bytes()[:-1] + b"#")
    assert "custom_nodes/gamma:  M __init__.py" in installed.run().stderr


def test_an_install_script_may_leave_files_of_its_own(installed: Installed) -> None:
    text = (installed.own / "contents").read_text()
    (installed.own / "contents").write_text(text.replace("\talone", "\tran"))
    for folder in ("alpha", "gamma"):
        (installed.comfyui / "custom_nodes" / folder / "made.txt").write_text("x")
    assert installed.run().returncode == 0
    (installed.comfyui / "custom_nodes/alpha/__init__.py").write_text("x")
    assert "was changed" in installed.run().stderr


def test_another_lock(installed: Installed) -> None:
    with (installed.own / "comfy.lock").open("a") as file:
        file.write("# x\n")
    done = installed.run()
    assert done.returncode == 1
    assert "comfy.lock is not the one" in done.stderr


def test_packages_that_are_not_those_of_the_lock(installed: Installed) -> None:
    text = 'lock-version = "1.0"\n[[packages]]\nname = "Ms_Gspec"\nversion = "0.0.1"\n'
    text += '[[packages]]\nname = "msgspec"\nversion = "0.0.1"\n'
    text += '[[packages]]\nname = "only-elsewhere"\nversion = "1"\nmarker = "os_name == \'nt\'"\n'
    (installed.own / "pylock.comfy.toml").write_text(text)
    pins = tuple(replace(pin, sha256=sha256(text.encode())) for pin in installed.lock.python)
    installed.write(replace(installed.lock, python=pins), "python\tamong")
    told = installed.run().stderr
    assert "ms-gspec is not installed" in told
    assert "locked is 0.0.1" in told
    assert "only-elsewhere" not in told
    assert "is not locked" not in told
    installed.write(replace(installed.lock, python=pins), "python\tonly")
    assert "differs: pytest" in installed.run().stderr
    installed.write(None, "python\tonly")
    assert "pylock.comfy.toml is none that comfy.lock names" in installed.run().stderr


def test_comfyui_is_asked_which_nodes_it_has(installed: Installed) -> None:
    done = installed.run("--start")
    assert done.returncode == 0, done.stderr
    assert "3 class types that ComfyUI has" in done.stdout
    assert "not looked at: GpuNode of carl/gamma: a GPU is needed by nodes.py:12" in done.stdout
    packs = [
        replace(pack, provides=("AlphaNode", "Beta")) if pack.name == "alpha" else pack
        for pack in installed.lock.packs
    ]
    installed.write(replace(installed.lock, packs=tuple(packs)))
    done = installed.run("--start")
    assert done.returncode == 1
    assert done.stderr == "differs: ComfyUI has no Beta, which alpha should provide\n"


def test_a_comfyui_that_does_not_start(installed: Installed) -> None:
    text = MAIN.replace(
        "server = Threading", "raise SystemExit('no torch here')\nserver = Threading"
    )
    (installed.comfyui / "main.py").write_text(text)
    rows = (installed.own / "contents").read_text().splitlines()
    kept = [row for row in rows if not row.startswith("comfyui")]
    (installed.own / "contents").write_text("".join(f"{row}\n" for row in kept))
    done = installed.run("--start")
    assert done.returncode == 1
    assert "no torch here" in done.stderr
    assert "ComfyUI does not start" in done.stderr


def test_it_runs_on_the_oldest_python_that_images_have() -> None:
    ast.parse(embedded("/opt/comfylock/verify"), feature_version=(3, 9))
