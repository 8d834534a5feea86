"""Python packages: by uv or pip, each with its digest, into the environment that was named."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from comfylock.config.emit import EmitSettings
from comfylock.emit.planning import plan_of
from comfylock.emit.script import generate
from comfylock.errors import EmitError
from tests.emitted.machine import make_python
from tests.emitted.studio import ONE, TWO, pylock, python_pin
from tests.services.package_index import package_index, release, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emitted.machine import Machine
    from tests.emitted.studio import Studio
    from tests.services.loopback import Service

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def index() -> Iterator[Service]:
    with package_index(ONE, TWO) as (service, _):
        yield service


@pytest.fixture
def own(machine: Machine) -> Machine:
    """A machine with a Python of its own."""
    machine.python = make_python(machine.root / "environment")
    return machine


def _emit(machine: Machine, studio: Studio, data: bytes, version: str = VERSION) -> None:
    lock = studio.lock(packs=(), models=(), python=(python_pin(data, version),))
    machine.emit(lock, pylocks={"pylock.comfy.toml": data})


def _installed(machine: Machine) -> str:
    code = "import two; print(two.VERSION)"
    done = subprocess.run(
        [machine.python, "-I", "-c", code], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def test_uv_installs_the_pylock(own: Machine, studio: Studio, index: Service) -> None:
    _emit(own, studio, pylock(index.url, ONE, TWO))
    done = own.run()
    assert done.code == 0, done.err
    assert _installed(own) == "2.1"
    index.asked.clear()
    before = own.files(own.root / "environment")
    again = own.run()
    assert again.outcomes()["2 Python packages"] == "present"
    assert not index.asked
    assert own.files(own.root / "environment") == before


def test_a_wheel_with_other_bytes_is_refused(own: Machine, studio: Studio, index: Service) -> None:
    data = pylock(index.url, ONE, TWO)
    path = f"/files/simple/{TWO.file}"
    index.answers[path] = replace(index.answers[path], body=wheel(release("two==2.1", "uno")))
    _emit(own, studio, data)
    done = own.run()
    assert done.code == 1
    assert "failed: 2 Python packages: error: " in done.err
    assert "ash mismatch" in done.err
    assert _installed(own) == ""


def test_another_python_is_refused(own: Machine, studio: Studio, index: Service) -> None:
    _emit(own, studio, pylock(index.url, ONE, TWO), version="3.9")
    done = own.run()
    assert done.code == 1
    assert f"PYTHON is {VERSION}" in done.err
    assert "locked is 3.9 " in done.err


def test_a_changed_package_is_put_right(own: Machine, studio: Studio, index: Service) -> None:
    _emit(own, studio, pylock(index.url, ONE, TWO))
    own.run()
    folder = next((own.root / "environment/lib").glob("python*/site-packages"))
    (folder / "two-2.1.dist-info").rename(folder / "two-9.dist-info")
    other = "Metadata-Version: 2.1\nName: two\nVersion: 9\n"
    (folder / "two-9.dist-info/METADATA").write_text(other)
    record = folder / "two-9.dist-info/RECORD"
    record.write_text(record.read_text().replace("two-2.1", "two-9"))
    told = own.run("--verify")
    assert told.code == 1
    assert "1 of 2 packages differ: two 9, locked is 2.1" in told.err
    assert own.run().code == 0


@pytest.mark.large
def test_pip_installs_the_pylock_where_there_is_no_uv(
    machine: Machine, studio: Studio, index: Service
) -> None:
    environment = machine.root / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    machine.python = str(environment / "bin/python")
    _emit(machine, studio, pylock(index.url, ONE, TWO))
    path = f"{machine.root / 'stubs'}:/usr/bin:/bin"
    done = machine.run(PATH=path, PIP_NO_INDEX="1")
    assert done.code == 0, done.err
    assert _installed(machine) == "2.1"
    index.asked.clear()
    assert "nothing to do" in machine.run(PATH=path).err
    assert not index.asked


def test_an_unlocked_python_needs_a_word(own: Machine, studio: Studio) -> None:
    lock = studio.lock(packs=(studio.archive(dependencies=("one>=1", "--no-index")),), models=())
    with pytest.raises(EmitError, match="the lock has no Python packages") as caught:
        own.emit(lock)
    assert "--pack-requirements" in str(caught.value.hint)


def test_what_packs_ask_for_is_installed_unlocked_on_demand(
    own: Machine, studio: Studio, index: Service
) -> None:
    pack = studio.archive(
        dependencies=("two>=2 # requirements.txt:1", "--extra-index-url http://x")
    )
    own.emit(studio.lock(packs=(pack,), models=()), pack_requirements=True)
    assert "--extra-index-url" not in "".join(
        line for line in own.script.read_text().splitlines() if not line.startswith("  #")
    )
    simple = f"{index.url}/simple/"
    done = own.run(UV_DEFAULT_INDEX=simple)
    assert done.code == 0, done.err
    assert _installed(own) == "2.1"
    index.asked.clear()
    assert "nothing to do" in own.run(UV_DEFAULT_INDEX=simple).err
    assert not index.asked


def test_each_target_has_a_script(studio: Studio) -> None:
    data = pylock("http://127.0.0.1:1", ONE, TWO)
    pin = python_pin(data, VERSION)
    target = f"linux-x86_64-py{VERSION}-cu128"
    other = replace(pin, target=target, file="pylock.comfy-gpu.toml")
    windows = replace(pin, target=target.replace("linux", "windows"), file="pylock.comfy-w.toml")
    lock = studio.lock(packs=(), models=(), python=(pin, other, windows))
    files = {"pylock.comfy.toml": data, "pylock.comfy-gpu.toml": data}
    plan = plan_of(lock, "ab" * 32, companions=files)
    names = [f"install-linux-x86_64-py{VERSION}-{each}.sh" for each in ("cpu", "cu128")]
    assert [file.name for file in generate(plan)] == names
    one = plan_of(lock, "ab" * 32, EmitSettings(targets=("cu128",)), companions=files)
    assert [file.name for file in generate(one)] == ["install.sh"]
    with pytest.raises(EmitError, match="not beside"):
        generate(plan_of(lock, "ab" * 32))


def test_install_py_runs_only_where_that_is_allowed(own: Machine, studio: Studio) -> None:
    text = "import os; open('ran', 'a').write('x'); print(os.environ.get('HF_TOKEN'))\n"
    files = {"__init__.py": b"", "install.py": text.encode()}
    pack = studio.archive(files=files, runs_code=("install.py",))
    lock = studio.lock(packs=(pack,), models=())
    own.emit(lock)
    assert own.run().code == 0
    ran = own.packs / "alpha/ran"
    assert not ran.exists()
    own.emit(lock, install_scripts=True)
    assert own.run().code == 0
    assert ran.read_text() == "x"
    assert "nothing to do" in own.run().err
    assert ran.read_text() == "x"


def test_an_install_py_that_fails_is_named(own: Machine, studio: Studio) -> None:
    files = {"__init__.py": b"", "install.py": b"raise SystemExit('no compiler here')\n"}
    pack = studio.archive(files=files, runs_code=("install.py",))
    own.emit(studio.lock(packs=(pack,), models=()), install_scripts=True)
    done = own.run()
    assert done.code == 1
    assert "failed: pack alpha 1.0.0: its install.py failed" in done.err
    assert "no compiler here" in done.err
