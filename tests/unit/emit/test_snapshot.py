from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comfylock.config.emit import EmitSettings
from comfylock.emit.planning import plan_of
from comfylock.emit.snapshot import generate
from comfylock.lockfile.mark import marked_digest
from comfylock.lockfile.schema import ComfyuiPin, Lock
from tests.locks import COMMIT, SHA, from_file, from_git, python_pin, release, small

if TYPE_CHECKING:
    from comfylock.emit.interface import Emitted

PYLOCK = f"""
lock-version = "1.0"
created-by = "comfylock"

[[packages]]
name = "numpy"
version = "2.1.0"
wheels = [{{ url = "https://example.org/numpy.whl", hashes = {{ sha256 = "{SHA}" }} }}]

[[packages]]
name = "fromgit"
vcs = {{ type = "git", url = "https://github.com/a/b", commit-id = "{COMMIT}" }}

[[packages]]
name = "direct"
archive = {{ url = "https://example.org/direct-1.zip", hashes = {{ sha256 = "{SHA}" }} }}
""".encode()


def emitted(lock: Lock, *, is_there: bool = True, **settings: Any) -> Emitted:
    companions = {pin.file: PYLOCK for pin in lock.python} if is_there else {}
    (file,) = generate(plan_of(lock, SHA, EmitSettings(**settings), companions=companions))
    return file


def snapshot(lock: Lock, **settings: Any) -> dict[str, Any]:
    file = emitted(lock, **settings)
    assert marked_digest(file.data) == SHA
    decoded: dict[str, Any] = json.loads(file.data)
    return decoded


def notes(lock: Lock, **settings: Any) -> str:
    return "\n".join(emitted(lock, **settings).notes)


def test_every_pack_is_there_by_its_source() -> None:
    comfyui = ComfyuiPin("0.3.64", "0.3.64", "https://github.com/a/ComfyUI", COMMIT)
    packs = (release("alpha", groups=("video",)), from_git("carl/gamma"), from_file())
    found = snapshot(small(packs=packs, comfyui=comfyui, workflows=()))
    assert found["comfyui"] == COMMIT
    assert found["cnr_custom_nodes"] == {"alpha": "1.2.0"}
    assert found["git_custom_nodes"] == {
        "https://github.com/carl/gamma": {"hash": COMMIT, "disabled": False}
    }
    assert found["file_custom_nodes"] == [{"filename": "single.py", "disabled": False}]
    assert found["pips"] == {}


def test_packages_are_named_as_pip_freeze_does() -> None:
    assert snapshot(small(python=(python_pin(),)))["pips"] == {
        "numpy==2.1.0": "",
        "fromgit": f"git+https://github.com/a/b@{COMMIT}",
        "direct": "https://example.org/direct-1.zip",
    }


def test_packages_of_one_target_or_none() -> None:
    pins = (python_pin(), python_pin("linux-x86_64-py3.12-cpu", file="pylock.cpu.toml"))
    assert snapshot(small(python=pins))["pips"] == {}
    assert "choose one of the targets (cpu, cu128)" in notes(small(python=pins))
    assert "numpy==2.1.0" in snapshot(small(python=pins), targets=("cpu",))["pips"]
    lock = small(python=(python_pin(),))
    assert "`pylock.comfy.toml` is not there" in notes(lock, is_there=False)


def test_what_the_format_cannot_say_is_said() -> None:
    told = notes(
        small(
            packs=(
                from_git("x/comfyui-manager-tools"),
                from_file(groups=("video",)),
            ),
            comfyui=ComfyuiPin("0.3.64", "0.3.64", "https://github.com/a/ComfyUI", COMMIT),
            workflows=(),
        )
    )
    for part in (
        "compares no digests",
        "when the snapshot is restored again, from inside `custom_nodes`",
        "does not move ComfyUI itself",
        "does not fetch the file of `dora/single`",
        "passes over `x/comfyui-manager-tools`",
        "holds no models: 1 are left out",
        "everything is in it, also video",
    ):
        assert part in told
    assert notes(Lock()) == (
        "ComfyUI-Manager compares no digests: whoever restores trusts the services"
    )
