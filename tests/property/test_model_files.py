"""No bytes make the walker raise, hang or grow, and what runs is never called harmless."""

from __future__ import annotations

import io
import pickle
import pickletools
import struct
import time
import tracemalloc
import zipfile
import zlib

from hypothesis import given
from hypothesis import strategies as st

from comfylock.model_files.budget import Budget
from comfylock.model_files.feed import held
from comfylock.model_files.look import look_at
from comfylock.model_files.pickle_walk import Limits, walk
from tests.checkpoints import ordinary, zipped
from tests.pickle_attacks import attacks, named, text

ATTACKS = [attack.data for attack in attacks("never-made").values()]
SEEDS = [*ATTACKS, *ordinary().values(), zipped(ATTACKS[0], {"0": 4})]
NAMES = st.sampled_from(
    ["a.pt", "a.pkl", "a.safetensors", "a.npy", "a.npz", "a.onnx", "a.h5", "a.gguf", "a", "a.keras"]
)
HEADS = st.sampled_from(
    [b"", b"\x80\x04", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\x1f\x8b", b"\x78\x9c", b"BZh9",
     b"\x08\x07\x3a", b"7z\xbc\xaf\x27\x1c", b"\x89HDF\r\n\x1a\n", b"\xfd7zXZ\x00", b"GGUF"]
)  # fmt: skip
OPCODES = st.sampled_from([op.code.encode("latin-1") for op in pickletools.opcodes])
PIECES = st.one_of(
    OPCODES,
    st.binary(max_size=6),
    st.sampled_from([b"0\n", b"1\n", b"os\nmkdir\n", text("os"), text("system"), b"\xff" * 8]),
)


@given(st.lists(PIECES, max_size=60).map(b"".join))
def test_any_opcodes(data: bytes) -> None:
    facts = walk(held(data), Limits(operations=500, stack=100))
    assert facts.operations <= 500
    assert facts.end <= len(data)


@given(HEADS, st.binary(max_size=600), NAMES)
def test_any_bytes(head: bytes, data: bytes, name: str) -> None:
    look_at(io.BytesIO(head + data), name)


@given(st.sampled_from(SEEDS), st.data(), NAMES)
def test_sound_files_with_any_damage(seed: bytes, data: st.DataObject, name: str) -> None:
    changed = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(changed)))
    look_at(io.BytesIO(bytes(changed[:cut])), name)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
    ),
    max_leaves=20,
)


@given(VALUES, st.integers(0, 5))
def test_plain_values_are_plain(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    facts = walk(held(data))
    assert (facts.is_whole, facts.end, facts.grade) == (True, len(data), "plain")


@given(VALUES, st.integers(0, 5), st.sampled_from(ATTACKS))
def test_whatever_stands_before_an_attack_it_is_told(
    value: object, protocol: int, attack: bytes
) -> None:
    data = pickle.dumps(value, protocol)[:-1] + b"0" + attack
    assert look_at(io.BytesIO(data), "a.pkl").grade == "dangerous"


@given(st.text(alphabet="abcxyz_.", max_size=12), st.text(alphabet="abcxyz_.", max_size=12))
def test_a_call_of_what_torch_does_not_know_is_dangerous(module: str, name: str) -> None:
    data = b"\x80\x04" + named(module, name) + b")R."
    assert walk(held(data)).grade == "dangerous"


def peak_of(data: bytes, name: str = "a.pkl") -> tuple[int, float]:
    """Bytes held at most while a file is looked into, beyond the file itself, and seconds."""
    tracemalloc.start()
    began = time.process_time()
    look_at(io.BytesIO(data), name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - len(data), time.process_time() - began


def test_claims_of_length_take_no_memory() -> None:
    for opcode, width in ((b"B", 4), (b"X", 4), (b"\x8d", 8), (b"\x8e", 8), (b"\x96", 8)):
        for length in (2**31 - 1, 2 ** (8 * width) - 1):
            data = b"\x80\x05" + opcode + length.to_bytes(width, "little") + b"x" * 100
            assert peak_of(data)[0] < 4_000_000
    for line_of in (b"V", b"S'", b"I", b"L", b"F", b"g", b"p", b"cos\n", b"i", b"P"):
        assert peak_of(b"\x80\x02" + line_of + b"1" * 3_000_000)[0] < 8_000_000


def test_depth_takes_no_stack() -> None:
    for piece in (b"(", b"]", b"}", b"\x85", b"(t", b"l", b"2", b"\x86"):
        data = b"\x80\x02N" + piece * 6_000 + b"."
        memory, seconds = peak_of(data)
        assert memory < 60_000_000
        assert seconds < 60


def test_pickles_in_pickles_end() -> None:
    inner = attacks("never-made")["global-reduce"].data
    for _ in range(200):
        inner = b"\x80\x04B" + len(inner).to_bytes(4, "little") + inner + b"0" + inner[:20] + b"N."
    memory, seconds = peak_of(inner)
    assert memory < 50_000_000
    assert seconds < 60


def overlapping(count: int, packed: bytes, size: int) -> bytes:
    """A zip whose members all stand for the same bytes: each counts the next headers as its own."""
    name = b"a.pkl"
    head = 30 + len(name)
    body = b"".join(
        struct.pack(
            "<4s5H3L2H",
            *(b"PK\3\4", 20, 0, 8, 0, 0, 0, len(packed), size, len(name), head * (count - 1 - i)),
        )
        + name
        for i in range(count)
    )
    directory = b"".join(
        struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, len(packed), size, 5, 0, 0, 0, 0, 0, head * i),
        )
        + name
        for i in range(count)
    )
    body += packed
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + end


def test_many_members_of_the_same_bytes_are_read_once() -> None:
    ops = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = ops.compress(b"\x80\x02" + b"N0" * 20_000 + b"N.") + ops.flush()
    data = overlapping(1000, packed, 40_004)
    facts = look_at(io.BytesIO(data), "a.pt", Budget(operations=50_000))
    assert facts.has_pickle
    assert facts.grade != "dangerous"


def test_what_is_beyond_the_budget_is_told() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"{number}.pkl", b"\x80\x02" + b"N0" * 5_000 + b"N.")
    for budget in (Budget(operations=50_000), Budget(size=50_000)):
        facts = look_at(io.BytesIO(out.getvalue()), "a.pt", budget)
        assert ("dangerous", "unread") in {(trait.grade, trait.word) for trait in facts.traits}
    assert look_at(io.BytesIO(out.getvalue()), "a.pt").traits == ()
