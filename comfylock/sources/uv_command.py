"""Running uv: none of the user's settings takes part, and a run has a budget of time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.errors import SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_OUTPUT = 1 << 20
"""Characters of what uv says that are looked at."""

_LEFT_OUT = ("UV_", "PIP_", "PYTHON", "VIRTUAL_ENV", "CONDA_", "COMFYLOCK_", "HF_", "CIVITAI_")
"""Beginnings of variables that would change what uv chooses, or that are none of its business."""

_KEPT = frozenset({"UV_CREDENTIALS_DIR"})
_TOKENS = frozenset({"GITHUB_TOKEN", "GH_TOKEN", "HUGGING_FACE_HUB_TOKEN", "NETRC"})


class UvLimits(Struct, frozen=True):
    """What one run of uv may cost."""

    seconds: float = 600.0
    retries: int = 3
    """New tries where an index is in trouble, with growing pauses."""
    request_seconds: int = 30
    """Seconds that one request may be silent."""


class UvOutcome(Struct, frozen=True):
    """What uv said."""

    status: int
    text: str


def find_uv() -> str:
    """Return the path of the uv program that came with comfylock.

    Raises:
        SourceUnavailableError: it is not installed.
    """
    try:
        import uv  # noqa: PLC0415 - only locking Python packages needs it

        return os.fsdecode(uv.find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        hint = "Install it beside comfylock: `pip install uv`"
        raise SourceUnavailableError("uv", "is not installed", hint=hint) from error


def run_uv(
    program: str, arguments: list[str], folder: str, limits: UvLimits, environ: Mapping[str, str]
) -> UvOutcome:
    """Return what a command of uv says; it runs in `folder`.

    Raises:
        SourceUnavailableError: it cannot be started, or takes too long.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
            [program, *arguments],
            cwd=folder,
            env=_environment(environ, limits),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise SourceUnavailableError("uv", "cannot be started") from error
    try:
        _, err = process.communicate(timeout=limits.seconds)
    except subprocess.TimeoutExpired as error:
        message = f"did not finish within {limits.seconds:g} s"
        raise SourceUnavailableError("uv", message) from error
    finally:
        _end(process)
    return UvOutcome(process.returncode, err.decode("utf-8", "replace")[:MAX_OUTPUT])


def _environment(environ: Mapping[str, str], limits: UvLimits) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environ.items()
        if name in _KEPT or not (name.startswith(_LEFT_OUT) or name in _TOKENS)
    }
    return {
        **kept,
        "COLUMNS": "100000",  # uv breaks its lines there
        "GIT_ASKPASS": "",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "NO_COLOR": "1",
        "SSH_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "UV_HTTP_RETRIES": str(limits.retries),
        "UV_HTTP_TIMEOUT": str(limits.request_seconds),
        "UV_PYTHON_DOWNLOADS": "never",
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    """End uv and the git that it started."""
    if process.returncode is not None:
        return
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)  # it is there until somebody waits for it
    process.communicate()
