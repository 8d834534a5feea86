from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from comfylock.errors import LockVersionError
from comfylock.lockfile.canonical import canonical
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.satisfy import unsatisfied
from comfylock.lockfile.schema import Lock, Options
from comfylock.lockfile.write import write_lock
from tests.locks import full, release, small, small_needs

ROOT = Path(__file__).parents[3]

EMPTY = b"""\
# Written by comfylock. Do not edit by hand.
# Is it current?   comfylock lock --check
# Move one entry:  comfylock lock --upgrade-package NAME

version = 1

[options]
prefer = "authored"
"""


def lines(lock: Lock) -> list[str]:
    return write_lock(lock).decode().split("\n")


def test_p19_an_empty_lock_has_a_header_of_three_lines_and_no_version_of_comfylock() -> None:
    assert write_lock(Lock()) == EMPTY


def test_p3_the_small_lock_byte_for_byte() -> None:
    text = write_lock(small()).decode()
    assert text.removeprefix(EMPTY.decode()) == (
        'inputs = [\n    "workflows",\n]\n\n'
        '[[workflow]]\npath = "workflows/a.json"\n'
        'packs = [\n    "alpha",\n]\nmodels = [\n    "vae/ae.safetensors",\n]\n\n'
        '[[pack]]\nname = "alpha"\nsource = "comfy-registry"\nrequested = "1.2.0"\n'
        'version = "1.2.0"\nurl = "https://cdn.comfy.org/ann/alpha/1.2.0/node.zip"\n'
        f'sha256 = "{"ab" * 32}"\nsize = 1234\nverified = "downloaded"\n'
        'provides = [\n    "AlphaNode",\n]\n\n'
        '[[model]]\nname = "ae.safetensors"\nfolder = "vae"\nsource = "huggingface"\n'
        'requested = "main"\nrepository = "org/repo"\n'
        'commit = "0123456789abcdef0123456789abcdef01234567"\npath = "ae.safetensors"\n'
        f'sha256 = "{"ab" * 32}"\nsize = 335304388\nverified = "upstream"\n'
        'origin = "workflow"\n'
    )


def test_p4_nothing_of_the_moment_or_the_machine_is_written() -> None:
    assert write_lock(full()) == write_lock(full())
    assert b"\r" not in write_lock(full())


@pytest.mark.parametrize("seed", ["1", "2"])
def test_p3_neither_hash_seeds_nor_locales_matter(seed: str) -> None:
    code = (
        "import sys\nfrom comfylock.lockfile.satisfy import unsatisfied\n"
        "from comfylock.lockfile.write import write_lock\n"
        "from tests.locks import full, small_needs\n"
        "sys.stdout.buffer.write(write_lock(full()))\nsys.stdout.buffer.flush()\n"
        "print([drift.message for drift in unsatisfied(full(), small_needs())])\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "tr_TR.ISO-8859-9"}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True
    )
    told = [drift.message for drift in unsatisfied(full(), small_needs())]
    assert done.stdout == write_lock(full()) + f"{told}{os.linesep}".encode()


def test_p1_p6_p7_p10_what_was_asked_why_and_what_runs_stand_beside_the_pin() -> None:
    text = write_lock(full()).decode()
    for line in (
        'requested = ">=1.2,<2"',
        '    "workflows/portrait ü.json: cnr_id",',
        '    "zeta",',
        '    "install.py",',
        '    "Linux",',
        '    "linux-x86_64",',
    ):
        assert f"\n{line}\n" in text


def test_p11_tables_of_others_are_kept() -> None:
    lock = read_lock(write_lock(full()))
    assert lock.tool == full().tool
    assert read_lock(write_lock(lock)).tool == full().tool


def test_p17_a_long_entry_leaves_the_others_alone() -> None:
    packs = tuple(release(f"pack{index}") for index in range(6))
    before = lines(small(packs=(*small().packs, *packs)))
    long = release("pack9", dependencies=tuple(f"requirement-number-{i}" for i in range(60)))
    after = lines(small(packs=(*small().packs, *packs, long)))
    at = after.index('name = "pack9"') - 1
    assert after[:at] + after[at + len(after) - len(before) :] == before


def test_p17_edges_name_targets_only() -> None:
    before = lines(small())
    after = lines(small(packs=(release(version="1.3.0", provides=("AlphaNode",)),)))
    changed = [line for line in after if line not in before]
    assert changed == [
        'requested = "1.3.0"',
        'version = "1.3.0"',
        'url = "https://cdn.comfy.org/ann/alpha/1.3.0/node.zip"',
    ]


def test_p8_a_newer_revision_is_kept_and_its_unknown_keys_are_not_lost_silently() -> None:
    lock = small(revision=3)
    assert b"version = 1\nrevision = 3\n" in write_lock(lock)
    lossy = replace(lock, unknown=("pack[0].colour",))
    with pytest.raises(LockVersionError, match=r"would lose: `pack\[0\].colour`") as caught:
        write_lock(lossy)
    assert caught.value.hint
    assert b"revision" not in write_lock(lossy, force=True)


def test_lists_are_written_in_order_once_and_lists_with_an_order_as_they_are() -> None:
    pin = release(provides=("B", "A", "B"), rejected=("z", "a"), dependencies=("b", "a"))
    lock = canonical(small(packs=(pin,), options=Options(inputs=("b", "a"))))
    assert lock.packs[0].provides == ("A", "B")
    assert lock.packs[0].rejected == ("z", "a")
    assert lock.packs[0].dependencies == ("b", "a")
    assert lock.options.inputs == ("a", "b")
