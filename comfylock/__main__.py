"""`python -m comfylock` and the `comfylock` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] in (["--version"], ["-V"]) and sys.stdout is not None:
        from comfylock import __version__  # noqa: PLC0415

        try:
            sys.stdout.write(f"comfylock {__version__}\n")
            sys.stdout.flush()
        except OSError:
            pass  # a full disk, a reader that went away: told below
        else:
            return
    import gc  # noqa: PLC0415

    # Start-up makes many objects and no garbage; looking for it would cost 5 % of the time.
    gc.set_threshold(50_000, 20, 50)
    _import_msgspec()
    from comfylock.cli.main import EXIT_INTERRUPTED  # noqa: PLC0415 - `--version` needs none of it
    from comfylock.cli.main import main as run  # noqa: PLC0415

    _heed_termination()
    code = run(sys.argv[1:])
    if code == EXIT_INTERRUPTED:
        _leave(code)
    sys.exit(code)


def _heed_termination() -> None:
    """Let what asks this process to end do so as Ctrl-C does: what it began is tidied up."""
    import signal  # noqa: PLC0415

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _leave(code: int) -> None:
    """End now: Python would wait for every thread, and so for services that do not answer."""
    import os  # noqa: PLC0415

    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    os._exit(code)


def _import_msgspec() -> None:
    """Import msgspec without typing_extensions, which costs as much as an empty Python's start.

    msgspec takes from there what every Python that comfylock runs on has in `typing`.
    """
    missing = "typing_extensions" not in sys.modules
    if missing:
        sys.modules["typing_extensions"] = None  # type: ignore[assignment] # "cannot be imported"
    import msgspec  # noqa: F401, PLC0415

    if missing:
        del sys.modules["typing_extensions"]


if __name__ == "__main__":
    main()
