"""Is reality what the lock says? The parts of a verification, wired together and run."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.errors import ComfylockError, UsageError
from comfylock.ops.cache import cache_folder, cache_root
from comfylock.ops.check import exists
from comfylock.ops.project import lock_path
from comfylock.verify.environments import Comparison
from comfylock.verify.findings import Checked, Finding, Item, exit_code, in_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.lockfile.schema import Lock, PackPin
    from comfylock.verify.digests import Progress
    from comfylock.verify.installed import Installation

DIGESTS = "digests.json"
"""Where digests of files are remembered, in the cache's folder."""


class VerifyRequest(Struct, frozen=True):
    """What a run of `verify` is asked for; the files are always compared."""

    project: str = "."
    paths: tuple[str, ...] = ()
    installed: str | None = None
    """ComfyUI's folder."""
    model_roots: tuple[str, ...] = ()
    """Further folders that hold `checkpoints`, `loras` and so on."""
    path_files: tuple[str, ...] = ()
    """Further `extra_model_paths.yaml`."""
    groups: tuple[str, ...] | None = ()
    """The groups that must be installed; None: all of them."""


class VerifyOutcome(Struct, frozen=True):
    """What became of it."""

    lock: str
    parts: tuple[str, ...]
    """What was looked at: `files`, `installed`, `python`, `server`, `upstream`, `against`."""
    findings: tuple[Finding, ...] = ()
    items: tuple[Item, ...] = ()
    comparison: Comparison | None = None
    """Two environments side by side, if that was asked for."""
    unreachable: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Services that did not answer: a sentence, and what could therefore not be learnt."""
    hashed: int = 0
    """Files that were read to be hashed; the others had not changed."""

    def exit_code(self, *, strict: bool = False) -> int:
        """Return what it means to a shell; with `strict` warnings fail too."""
        return exit_code(self.findings, strict=strict, away=bool(self.unreachable))


class _Run:
    """One verification, part by part."""

    def __init__(
        self, request: VerifyRequest, environ: Mapping[str, str], progress: Progress | None
    ) -> None:
        self.request, self.environ, self.progress = request, environ, progress
        self.checked = Checked()
        self.parts: list[str] = []
        self.hashed = 0

    def add(self, part: str, checked: Checked) -> None:
        """Note what came of a part."""
        self.parts.append(part)
        self.checked += checked


def verify(
    request: VerifyRequest,
    environ: Mapping[str, str] | None = None,
    *,
    progress: Progress | None = None,
) -> VerifyOutcome:
    """Compare a lock with what it is about. What differs is in the outcome, not raised.

    Raises:
        UsageError: the request makes no sense, or there is no lock and nothing else to look at.
        ConfigError, LockParseError, LockVersionError, LockConflictError: something is faulty.
    """
    run = _Run(request, os.environ if environ is None else environ, progress)
    lock = _lock(run)
    if lock is not None:
        from comfylock.ops.verify_files import files_checked  # noqa: PLC0415 - as above

        checked = files_checked(request.project, request.paths, lock, run.environ)
        run.add("files", checked)
    if request.installed is not None:
        _installed(run, lock)
    ordered = in_order(run.checked)
    return VerifyOutcome(
        lock_path(request.project),
        tuple(run.parts),
        ordered.findings,
        ordered.items,
        hashed=run.hashed,
    )


def _lock(run: _Run) -> Lock | None:
    """Return the lock; None, and a finding, if it cannot be read and there is more to look at."""
    try:
        return exists(run.request.project)
    except ComfylockError as error:
        if run.request.installed is None:
            raise
        path = lock_path(run.request.project)
        mend = error.hint or "git restore comfy.lock"
        finding = Finding("lock-unreadable", "file", path, str(error), path, mend)
        run.checked += Checked((finding,))
        return None


def _installed(run: _Run, lock: Lock | None) -> None:
    """Compare an installation with the lock."""
    folder = run.request.installed or "."
    from comfylock.verify.comfyui import comfyui_fault  # noqa: PLC0415 - not every run needs it

    fault = comfyui_fault(folder)
    if fault is not None:
        inner = os.path.join(folder, "ComfyUI")
        mend = f"--installed {inner}" if comfyui_fault(inner) is None else "--installed DIR"
        told = f"`{folder}` {fault}"
        run.add("installed", Checked((Finding("not-comfyui", "comfyui", folder, told, mend=mend),)))
        return
    with ExitStack() as stack:
        place = _place(run, folder, stack)
        if lock is not None:
            from comfylock.verify.installed import installed  # noqa: PLC0415 - as above

            run.add("installed", installed(lock, place))
        place.digests.save()
        run.hashed = place.digests.hashed


def _place(run: _Run, folder: str, stack: ExitStack) -> Installation:
    """Return an installation with all that it takes to look at it."""
    import tempfile  # noqa: PLC0415 - as above
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    from comfylock.sources.git_command import Commands, Limits  # noqa: PLC0415
    from comfylock.verify.digests import Digests  # noqa: PLC0415
    from comfylock.verify.folders import folders_of  # noqa: PLC0415
    from comfylock.verify.installed import Installation  # noqa: PLC0415

    request, environ = run.request, run.environ
    scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="comfylock-verify-"))
    executor = stack.enter_context(ThreadPoolExecutor(max(4, os.cpu_count() or 1), "comfylock"))
    for root in request.model_roots:
        if not os.path.isdir(root):
            raise UsageError(f"{root}: there is no such folder")
    return Installation(
        folder=os.path.abspath(folder),
        folders=folders_of(
            folder, roots=request.model_roots, files=request.path_files, environ=environ
        ),
        commands=Commands(scratch, Limits()),
        executor=executor,
        archives=_Archives(environ),
        digests=Digests(
            os.path.join(cache_root(environ), DIGESTS), time.time_ns, progress=run.progress
        ),
        groups=None if request.groups is None else frozenset(request.groups),
    )


class _Archives:
    """What the cache knows of the archives of the Comfy Registry. No network."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        from comfylock.net.answers import Offline  # noqa: PLC0415 - as above
        from comfylock.net.cache import Cache  # noqa: PLC0415

        self._answers: Any = Offline(Cache(cache_folder(environ), time.time))

    def files(self, pin: PackPin) -> Mapping[str, str] | None:
        """Return path to sha256 of the archive that a pin names; None if nobody knows."""
        from comfylock.sources.comfy_registry_archive import known_files  # noqa: PLC0415

        return known_files(self._answers, pin)
