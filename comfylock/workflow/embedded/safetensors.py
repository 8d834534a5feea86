"""Workflows in safetensors and `.latent` files: the metadata in the header."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from comfylock.workflow.embedded.json_text import Pair, decode, text_of
from comfylock.workflow.embedded.source import DamagedError

if TYPE_CHECKING:
    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source

MAX_HEADER = 25_000_000
"""Bytes; the Hugging Face Hub reads no longer headers either."""


class _Header(msgspec.Struct):
    metadata: Pair | None = msgspec.field(name="__metadata__", default=None)


def read(source: Source, found: Findings) -> None:
    """Find the documents of a safetensors file; its tensors are not read.

    Source: https://github.com/huggingface/safetensors#format
    """
    length = int.from_bytes(source.exactly(0, 8), "little")
    if length > MAX_HEADER:
        raise DamagedError(f"has a header of more than {MAX_HEADER // 10**6} MB")
    header = decode(text_of(source.exactly(8, length)), _Header)
    if header is None:
        raise DamagedError("has a header that cannot be read")
    if header.metadata is not None:
        found.pair(header.metadata)
