"""Pickles made to run something: nothing is run, and everything is told."""

from __future__ import annotations

import io
import pickle
import pickletools
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from comfylock.model_files.feed import held
from comfylock.model_files.look import look_at
from comfylock.model_files.pickle_walk import walk
from tests.pickle_attacks import CALLABLES, attacks, line, named, split

if TYPE_CHECKING:
    from pathlib import Path

    from comfylock.model_files.facts import FileFacts

NAMES = sorted(attacks("x"))
LOADER = """
import pickle, sys
with open(sys.argv[1], "rb") as file:
    while True:
        try:
            pickle.load(file)
        except EOFError:
            break
"""


def look(data: bytes, name: str = "model.pkl") -> FileFacts:
    return look_at(io.BytesIO(data), name)


@pytest.mark.parametrize("name", NAMES)
def test_an_attack_is_told_and_not_run(tmp_path: Path, name: str) -> None:
    made = tmp_path / "made"
    attack = attacks(str(made))[name]
    facts = look(attack.data)
    assert facts.grade == "dangerous", facts
    assert facts.has_pickle
    assert not made.exists()


@pytest.mark.parametrize("name", [name for name in NAMES if attacks("x")[name].fires])
def test_an_attack_is_a_real_one(tmp_path: Path, name: str) -> None:
    """Else the test above would prove nothing."""
    made = tmp_path / "made"
    file = tmp_path / "file"
    file.write_bytes(attacks(str(made))[name].data)
    command = [sys.executable, "-c", LOADER, str(file)]
    subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert made.is_dir()


def test_every_opcode_is_walked() -> None:
    """Each opcode by itself, with what it needs before it, is taken up to the end."""
    seen = set()
    for data in [*(attack.data for attack in attacks("x").values()), *ordinary()]:
        try:
            for op, _, _ in pickletools.genops(data):
                seen.add(op.name)
        except ValueError:
            pass  # what genops refuses
    missing = {op.name for op in pickletools.opcodes} - seen
    assert missing <= {"BINUNICODE8", "READONLY_BUFFER", "NEXT_BUFFER", "PERSID", "LONG4"}, missing


def ordinary() -> list[bytes]:
    value: list[object] = [
        1,
        300,
        70000,
        -1,
        2**40,
        2**2100,
        1.5,
        None,
        True,
        False,
        "x",
        "y" * 300,
        b"z",
    ]
    value += [
        b"z" * 300,
        bytearray(b"w"),
        (),
        (1,),
        (1, 2),
        (1, 2, 3),
        (1, 2, 3, 4),
        [1],
        {1: 2},
        {1: 2, 3: 4},
    ]
    value += [{1, 2}, frozenset({3}), {"a": value[:3]}]
    return [
        *(pickle.dumps(value, protocol) for protocol in range(6)),
        *(pickle.dumps([value] * 300, protocol) for protocol in (1, 4)),
    ]


@pytest.mark.parametrize("data", ordinary())
def test_plain_values_are_plain(data: bytes) -> None:
    facts = walk(held(data))
    assert (facts.traits, facts.is_whole, facts.end) == ((), True, len(data))


@pytest.mark.parametrize("dotted", CALLABLES)
@pytest.mark.parametrize("way", ["global", "inst", "stack"])
def test_every_callable_of_the_literature(dotted: str, way: str) -> None:
    module, name = split(dotted)
    data = {
        "global": b"c" + line(module, name) + b"(tR.",
        "inst": b"(i" + line(module, name) + b".",
        "stack": b"\x80\x04" + named(module, name) + b")R.",
    }[way]
    facts = look(data)
    assert facts.grade == "dangerous"
    assert [t.word for t in facts.traits if t.grade == "dangerous"] == ["call"]
    assert f"`{module}.{name}`" in facts.traits[0].detail


@pytest.mark.parametrize(
    "dotted", ["os.system", "builtins.eval", "torch.hub.load", "runpy.run_path"]
)
def test_what_is_only_named_and_known_to_be_dangerous_is_so(dotted: str) -> None:
    module, name = split(dotted)
    assert look(b"\x80\x02c" + line(module, name) + b".").grade == "dangerous"


def test_a_name_that_is_only_held_is_suspicious() -> None:
    held_in = b"\x80\x02}c" + line("some_pack.callbacks", "Best") + b"K\x01s."
    facts = look(held_in)
    assert facts.grade == "suspicious"
    assert "which torch does not know" in facts.traits[0].detail


@pytest.mark.parametrize(
    "dots", ["torch._utils._rebuild_tensor_v22", "torch._utils._rebuild", "torc.Size"]
)
def test_one_letter_beside_a_trusted_name_is_not_trusted(dots: str) -> None:
    module, _, name = dots.rpartition(".")
    assert look(b"\x80\x02c" + line(module, name) + b")R.").grade == "dangerous"


@pytest.mark.parametrize("opcode", [b"\x97", b"N\x98", b"P12\n", b"N\x97\x98"])
def test_what_no_model_has_is_suspicious(opcode: bytes) -> None:
    data = b"\x80\x05" + opcode + b"."
    facts = walk(held(data))
    assert facts.is_whole
    assert opcode == b"N\x98" or facts.grade == "suspicious"


def test_a_name_without_a_line_end_is_called_by_unpicklers_in_python(tmp_path: Path) -> None:
    """CPython's own refuses it; those of dill and joblib are made of pickle.py's."""
    made = tmp_path / "made"
    data = f"(S'{made}'\nios\nmkdir!".encode()
    for name in ("model.joblib", "model.pkl", "model.ckpt"):
        facts = look(data, name)
        assert facts.grade == "dangerous"
        assert any("`os.mkdir`" in trait.detail for trait in facts.traits)
    assert not made.exists()
    file = tmp_path / "file"
    file.write_bytes(data)
    loader = "import pickle, sys; pickle._Unpickler(open(sys.argv[1], 'rb')).load()"
    subprocess.run([sys.executable, "-c", loader, str(file)], capture_output=True, check=False)
    assert made.is_dir()


@pytest.mark.parametrize("data", [b"(I think", b"(cos", b"(ios\n", b"(ios"])
def test_what_ends_before_a_name_calls_nothing(data: bytes) -> None:
    assert look(data).grade != "dangerous"
