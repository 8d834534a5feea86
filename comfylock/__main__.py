"""`python -m comfylock` and the `comfylock` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from comfylock import __version__  # noqa: PLC0415

        sys.stdout.write(f"comfylock {__version__}\n")
        return
    import gc  # noqa: PLC0415

    # Start-up makes many objects and no garbage; looking for it would cost 5 % of the time.
    gc.set_threshold(50_000, 20, 50)
    _import_msgspec()
    from comfylock.cli.main import main as run  # noqa: PLC0415 - `--version` needs none of it

    sys.exit(run(sys.argv[1:]))


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
