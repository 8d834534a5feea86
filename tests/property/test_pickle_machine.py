"""Beside CPython's own unpickler: whatever it imports or calls, the walker has told.

The real unpickler runs with names that lead to stand-ins, so that nothing happens but the telling.
"""

from __future__ import annotations

import io
import pickle
from contextlib import suppress
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from comfylock.model_files.feed import held
from comfylock.model_files.imported import in_python3
from comfylock.model_files.pickle_walk import walk
from comfylock.model_files.trusted_names import TRUSTED
from tests.pickle_attacks import attacks, line, old, text


class StandIn:
    """A class for every name; tells when it is called or its state is set."""

    told: list[tuple[str, str]]
    name: tuple[str, str]

    def __new__(cls, *_: Any, **__: Any) -> Any:
        cls.told.append(cls.name)
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...

    def __setitem__(self, key: Any, value: Any) -> None: ...

    def append(self, item: Any) -> None: ...

    def extend(self, items: Any) -> None: ...

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return self is other


class Watched(pickle.Unpickler):
    """CPython's unpickler, with stand-ins for all that it imports."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.imported: set[tuple[str, str]] = set()
        self.called: list[tuple[str, str]] = []

    def find_class(self, module: str, name: str) -> Any:
        self.imported.add((module, name))
        return type("StandIn", (StandIn,), {"told": self.called, "name": (module, name)})

    def persistent_load(self, pid: Any) -> Any:
        return pid


NAMES = [("torch", "FloatStorage"), ("os", "system"), ("pack.a", "b"), ("collections", "Counter")]
PIECES = [
    *(b"c" + line(*name) for name in NAMES),
    *(b"i" + line(*name) for name in NAMES),
    *(text(part) for name in NAMES for part in name),
    *(old(part) for name in NAMES[:2] for part in name),
    *[b"q\x00", b"q\x01", b"q\x02", b"h\x00", b"h\x01", b"h\x02", b"p1\n", b"g1\n", b"r\x03\0\0\0"],
    *[b"j\x03\0\0\0", b"\x94", b"\x93", b"\x93", b"R", b"R", b"R", b"(", b"(", b"(", b"t", b"l"],
    *[b"d", b"\x85", b"\x86", b"\x87", b")", b"]", b"}", b"\x8f", b"\x90", b"\x91", b"a", b"e"],
    *[b"s", b"u", b"0", b"0", b"1", b"2", b"2", b"o", b"o", b"\x81", b"\x92", b"b", b"N", b"K\x01"],
    *[b"\x88", b"I0x1\n", b"L7\n", b"F1e1\n", b"Q", b"C\x01a", b"U\x02os", b"\x80\x04"],
    *[b"\x80\x02", b"\x95\0\0\0\0\0\0\0\0", b"."],
]  # fmt: skip


def agrees(data: bytes) -> None:
    watched = Watched(data)
    with suppress(Exception):  # whatever it says, what came before counts
        watched.load()
    facts = walk(held(data))
    words = {trait.word for trait in facts.traits}
    assert {in_python3(*name) for name in watched.imported} <= {*facts.names}, facts
    calls = {t.detail.split("`")[1] for t in facts.traits if t.word == "call"}
    for name in {*watched.called}:
        is_told = ".".join(name) in calls or "computed-call" in words
        assert is_told or in_python3(*name) in TRUSTED, (name, facts)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))
@example(b"".join(PIECES))
def test_random_programs(data: bytes) -> None:
    agrees(data)
    agrees(b"\x80\x04" + data + b".")


@given(
    st.lists(
        st.sampled_from(
            [
                *(b"c" + line(*name) for name in NAMES),
                b"\x8c\x02os\x8c\x06system\x93",
                b")R",
                b"N\x85R",
                b")\x81",
                b"}b",
                b"Nb",
                b"q\x00",
                b"h\x00",
                b"2",
                b"0",
                b"(N",
                b"t",
                b"\x85",
                b"R",
                b"(o",
                b"]a",
                b"\x86R",
                b")}\x92",
            ]
        ),
        max_size=25,
    ).map(b"".join)
)
def test_programs_that_go_far(data: bytes) -> None:
    agrees(b"\x80\x04" + data + b".")


def test_the_attacks_too() -> None:
    for attack in attacks("never-made").values():
        agrees(attack.data)
