"""Looking into bytes as if they were a model file."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

from comfylock.model_files.look import look_at
from tests.checkpoints import Writer
from tests.pickle_attacks import attacks

if TYPE_CHECKING:
    from comfylock.model_files.facts import FileFacts

EVIL = attacks("made-by-an-attack")["stack-global"].data
OLD_EVIL = attacks("made-by-an-attack")["global-reduce"].data
CLEAN = Writer().pickle({"a": 1})


def look(data: bytes, name: str = "model.pt") -> FileFacts:
    """What the bytes are and do."""
    return look_at(io.BytesIO(data), name)


def words(facts: FileFacts) -> set[str]:
    """What was said of a file."""
    return {trait.word for trait in facts.traits}


def object_array(data: bytes, descr: str = "|O", version: int = 1) -> bytes:
    """An .npy file: a header, and what stands behind it."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': (1,), }}\n".encode()
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data
