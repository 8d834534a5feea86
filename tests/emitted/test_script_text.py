"""The script as text: sound for shellcheck, the same each time, and what a reviewer sees first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from comfylock.config.emit import EmitSettings
from comfylock.emit.planning import plan_of
from comfylock.emit.script import generate
from comfylock.errors import UsageError
from tests.locks import SHA, from_git, full, release, small

SNAPSHOT = Path(__file__).parent / "script-of-everything.sh"
PYLOCK = f"""\
lock-version = "1.0"
created-by = "comfylock"

[[packages]]
name = "numpy"
version = "2.1.0"
wheels = [
    {{ url = "https://example.org/numpy.whl", hashes = {{ sha256 = "{SHA}" }} }},
]
""".encode()


def _everything() -> str:
    """The script of a lock with everything in it, with a way back to another."""
    lock = full()
    settings = EmitSettings(allow_unpinned=True, targets=("cu128",), install_scripts=True)
    files = {pin.file: PYLOCK for pin in lock.python}
    plan = plan_of(lock, SHA, settings, companions=files)
    tiers = [
        replace(model, tier=tier, vram=vram)
        for model in plan.models
        if model.key == "vae/ae.safetensors"
        for tier, vram in (("fp16", 24000), ("fp8", None))
    ]
    others = [model for model in plan.models if model.key != "vae/ae.safetensors"]
    earlier = plan_of(small(), "cd" * 32, EmitSettings())
    made = replace(plan, models=(*others, *tiers), previous=earlier)
    return generate(made)[0].data.decode()


def test_shellcheck_has_nothing_to_say(tmp_path: Path) -> None:
    file = tmp_path / "install.sh"
    file.write_text(_everything())
    program = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run(
        [program, "--severity=style", "--norc", file], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0


def test_what_a_reviewer_sees_is_as_it_was_reviewed() -> None:
    """Reviewed by a person; after a change: `python -m tests.emitted.test_script_text`."""
    assert _reviewed(_everything()) == SNAPSHOT.read_text()


def _reviewed(text: str) -> str:
    """What comes from the lock: all before the script's own parts, and its end."""
    head, _, rest = text.partition("# --- What is locked, one index")
    return head + "[…]\n" + rest[rest.index("present_versions() {") :]


def test_the_same_lock_gives_the_same_bytes() -> None:
    assert _everything() == _everything()


def test_groups_that_would_share_a_switch_are_refused() -> None:
    packs = (release(groups=("a-b",)), from_git(groups=("a.b",)))
    plan = plan_of(small(packs=packs, workflows=()), SHA)
    with pytest.raises(UsageError, match="would both be switched by `ENABLE_A_B`"):
        generate(plan)


def test_what_is_not_pinned_stands_there_as_a_comment() -> None:
    lines = _everything().splitlines()
    assert (
        "# Not pinned and not installed: pack `unfound`: nobody knows a pack called `unfound`"
        in lines
    )


if __name__ == "__main__":
    SNAPSHOT.write_text(_reviewed(_everything()))
