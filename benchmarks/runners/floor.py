"""The floor: reading the same files and decoding them with the same decoder, nothing else."""

from __future__ import annotations

from benchmarks.runners.rounds import serve
from comfylock.workflow.ui_nodes import UI_DECODER


def decode_all(paths: list[str]) -> None:
    """Read and decode every file."""
    for path in paths:
        with open(path, "rb", buffering=0) as stream:
            UI_DECODER.decode(stream.read())


if __name__ == "__main__":
    serve(decode_all)
