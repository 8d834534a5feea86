"""Reading media in the tests: what was found, and how many bytes that took."""

from __future__ import annotations

import io
from typing import BinaryIO, cast

from comfylock.workflow.embedded import HEAD_SIZE, Embedded, read_embedded, sniff


class CountingStream:
    """A stream that has only what readers may use, and counts."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.bytes_read = 0
        self.reads = 0

    def seek(self, offset: int) -> int:
        return self._stream.seek(offset)

    def read(self, size: int) -> bytes:
        assert size >= 0
        data = self._stream.read(size)
        self.reads += 1
        self.bytes_read += len(data)
        return data


def embedded(data: bytes, container: str | None = None, size: int | None = None) -> Embedded:
    """What is found in bytes; the container is sniffed unless given."""
    name = container or sniff(data[:HEAD_SIZE])
    assert name is not None
    return read_embedded(io.BytesIO(data), name, len(data) if size is None else size)


def found(data: bytes, container: str | None = None) -> list[tuple[str, str]]:
    """The documents found in bytes that are not damaged."""
    result = embedded(data, container)
    assert result.problem is None
    return [(document.key, document.text) for document in result.documents]


def counted(stream: BinaryIO, container: str, size: int) -> tuple[Embedded, CountingStream]:
    """What is found in a stream, and the count of what was read."""
    counting = CountingStream(stream)
    return read_embedded(cast("BinaryIO", counting), container, size), counting
