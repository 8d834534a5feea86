"""Workflows that hide in pictures, videos, sounds, 3D models and tensors.

ComfyUI writes the JSON of a run into what it saves. `sniff` tells which container a file is,
`read_embedded` finds the JSON in it, reading headers only. Files are input from strangers:
nothing that they hold raises, sizes and steps are bounded, and what could not be read is said.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from comfylock.workflow.embedded.document import Embedded, EmbeddedDocument, Findings
from comfylock.workflow.embedded.signature import HEAD_SIZE, sniff
from comfylock.workflow.embedded.source import DamagedError, Source

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["CONTAINERS", "HEAD_SIZE", "Embedded", "EmbeddedDocument", "read_embedded", "sniff"]

CONTAINERS = {
    "png": "PNG",
    "webp": "WebP",
    "jpeg": "JPEG",
    "avif": "AVIF",
    "mp4": "MP4",
    "webm": "WebM",
    "flac": "FLAC",
    "ogg": "Ogg",
    "mp3": "MP3",
    "glb": "GLB",
    "svg": "SVG",
    "safetensors": "safetensors",
}
"""What `sniff` returns and how people write it; each has a module of that name here."""


def read_embedded(stream: BinaryIO, container: str, size: int) -> Embedded:
    """Return the workflows that a media file carries.

    `stream` is seekable and `size` bytes long; `container` is what `sniff` said.

    Raises:
        OSError: the stream could not be read.
        ValueError: there is no such container.
    """
    if container not in CONTAINERS:
        raise ValueError(f"unknown container `{container}`")
    # Loaded on demand: a run over a folder of JSON files needs none of them.
    reader = import_module(f"{__name__}.{container}")
    found = Findings()
    try:
        reader.read(Source(stream, size), found)
    except DamagedError as error:
        found.note(str(error))
    if found.problem is not None:
        found.problem = f"the {CONTAINERS[container]} file {found.problem}"
    return found.result()
