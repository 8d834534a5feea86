"""Workflows in GLB files: the extras of the asset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from comfylock.workflow.embedded.json_text import Pair, decode, text_of
from comfylock.workflow.embedded.source import DamagedError

if TYPE_CHECKING:
    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source


class _Asset(msgspec.Struct):
    extras: msgspec.Raw = msgspec.Raw(b"null")


class _Scene(msgspec.Struct):
    asset: _Asset = msgspec.field(default_factory=_Asset)


def read(source: Source, found: Findings) -> None:
    """Find the documents of a GLB file; its geometry is not read.

    Source: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html#glb-file-format-specification
    """
    head = source.exactly(0, 20)
    if head[16:20] != b"JSON":
        raise DamagedError("does not begin with JSON")
    text = text_of(source.exactly(20, int.from_bytes(head[12:16], "little")))
    scene = decode(text.rstrip("\0 "), _Scene)
    if scene is None:
        raise DamagedError("has a JSON part that cannot be read")
    pair = decode(str(memoryview(scene.asset.extras), "utf-8"), Pair)
    if pair is not None:
        found.pair(pair)
