"""Files of the user's own repository at a revision: local objects alone, never a network.

Nothing of the repository takes part: no hook, pager, filter, replaced object or lazy fetch.
"""

from __future__ import annotations

import os
from typing import Any

from comfylock.errors import UsageError
from comfylock.names import printable
from comfylock.sources.interface import Missing

MAX_REVISION = 500
"""Characters."""

_OPTIONS = (
    "--no-replace-objects",
    "--no-optional-locks",
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    f"core.hooksPath={os.devnull}",
    "-c",
    "log.showSignature=false",
    "-c",
    "safe.bareRepository=explicit",
)

_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LANGUAGE": "C",
    "LC_ALL": "C",
}


def file_at(folder: str, revision: str, path: str, limit: int) -> bytes | Missing:
    """Return what a file held at a revision of the repository that a folder is in.

    `path` is the repository's, with `/`; one that starts with `./` is the folder's. An empty
    revision is what is staged. A file that was not there yet is `no-such-file`.

    Raises:
        UsageError: the folder is in no repository, git refuses it or is not installed, or the
            file is larger than `limit` bytes.
    """
    if len(revision) > MAX_REVISION or revision.startswith("-") or not revision.isprintable():
        return _no_revision(revision)
    if not os.access(folder, os.X_OK):  # GitPython would take the current one instead
        raise UsageError(f"{folder}: there is no such folder, or it is closed to you")
    status, _, err = _git(folder, "rev-parse", "--is-inside-work-tree")
    if status:
        raise _no_repository(folder, err)
    if revision:
        status, out, _ = _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        if status:
            return _no_revision(revision)
        revision = out.decode().strip()
    status, out, _ = _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}:{path}")
    if status:
        return Missing("no-such-file", f"there is no file `{printable(path)}` at that revision")
    return _blob(folder, out.decode().strip(), printable(path), limit)


def _blob(folder: str, blob: str, path: str, limit: int) -> bytes | Missing:
    """Return a blob's bytes, once it is known to be one and not too large."""
    status, kind, err = _git(folder, "cat-file", "-t", blob)
    if not status and kind.strip() != b"blob":
        return Missing("no-such-file", f"`{path}` is no file at that revision")
    if not status:
        status, size, err = _git(folder, "cat-file", "-s", blob)
    if not status and int(size) > limit:
        raise UsageError(f"`{path}` is larger than {limit >> 20} MiB at that revision")
    if not status:
        status, out, err = _git(folder, "cat-file", "blob", blob)
    if status:
        hint = "a partial clone lacks old files: `git fetch` them"
        raise UsageError(f"git cannot read `{path}` at that revision: {_first(err)}", hint=hint)
    return out


def _git(folder: str, *arguments: str) -> tuple[int, bytes, str]:
    """Return how a local command of git ended, what it printed and what it complained of."""
    git = _client()
    program = git.GIT_PYTHON_GIT_EXECUTABLE or "git"
    try:
        status, out, err = git(folder).execute(
            [program, *_OPTIONS, *arguments],
            env={**_ENVIRONMENT, **_place()},
            with_extended_output=True,
            with_exceptions=False,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
        )
    except (OSError, _not_found()) as error:
        hint = "install git (https://git-scm.com) and see that it is on the PATH"
        raise UsageError("git is not installed", hint=hint) from error
    return status, out, err if isinstance(err, str) else err.decode("utf-8", "replace")


def _place() -> dict[str, str]:
    """Return where a git hook says that its repository is, seen from any folder."""
    folder = os.environ.get("GIT_DIR")
    if not folder:
        return {}
    tree = os.environ.get("GIT_WORK_TREE") or os.getcwd()
    place = {"GIT_DIR": folder, "GIT_WORK_TREE": tree}
    if index := os.environ.get("GIT_INDEX_FILE"):
        place["GIT_INDEX_FILE"] = index
    return {name: os.path.abspath(path) for name, path in place.items()}


def _client() -> Any:
    # GitPython looks for git when it is imported, and must not fail the import without one.
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git  # noqa: PLC0415 - it costs a tenth of a second

    return git.cmd.Git


def _not_found() -> type[Exception]:
    import git  # noqa: PLC0415 - loaded by now

    return git.exc.GitCommandNotFound


def _no_revision(revision: str) -> Missing:
    hint = "`git log` and `git tag` list revisions; a clone may have to fetch them first"
    told = f"there is no revision `{printable(revision)}`"
    return Missing("no-such-revision", told, hint)


def _no_repository(folder: str, err: str) -> UsageError:
    place = os.path.abspath(folder)
    if "dubious ownership" in err or "unsafe repository" in err:
        return UsageError(
            f"git does not trust the repository of {place}: it belongs to another user",
            hint=f"if you trust it: git config --global --add safe.directory {place}",
        )
    if "not a git repository" in err or "must be run in a work tree" in err:
        return UsageError(
            f"{place} is in no git repository", hint="comfylock diff OLD.lock NEW.lock"
        )
    return UsageError(f"git cannot read the repository of {place}: {_first(err)}")


def _first(err: str) -> str:
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    return printable(lines[0].removeprefix("fatal: ")) if lines else "no reason given"
