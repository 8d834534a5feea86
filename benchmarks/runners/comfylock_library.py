"""comfylock's library call."""

from __future__ import annotations

from benchmarks.runners.rounds import serve
from comfylock import analyze

if __name__ == "__main__":
    serve(analyze)
