"""A checkout's git folder, read as files: where HEAD is, which remote, which kind of ids.

Nothing of it takes part in what git is told: a stranger may have written it.
Source: https://git-scm.com/docs/gitrepository-layout
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.names import printable
from comfylock.sources.git_remote import COMMIT, is_ref_name

if TYPE_CHECKING:
    from comfylock.sources.git_command import Commands

MAX_SMALL = 1 << 20
"""Bytes of a configuration or a list of patterns."""

MAX_PACKED = 64 << 20
MAX_HOPS = 5
TAKEN = ("core.autocrlf", "core.eol", "core.filemode", "core.safecrlf")
"""Settings of a checkout's own that say what an unchanged file looks like; all are words."""
_WORDS = frozenset({"true", "false", "input", "lf", "crlf", "native", "warn", "yes", "no"})


class CheckoutError(Exception):
    """A checkout that cannot be looked at: the second half of a sentence."""


class GitFolder(Struct, frozen=True):
    """What the files of a git folder say."""

    own: str
    """The folder of this checkout: HEAD and index."""
    common: str
    """The folder of the repository: objects, refs, settings."""
    head: str | None
    """The commit; None before the first one."""
    branch: str | None
    """None if HEAD is detached."""
    remote: str | None
    """The address that it is fetched from, as it is written there."""
    settings: dict[str, str] = {}
    is_shallow: bool = False
    algorithm: str = "sha1"


def git_folder(commands: Commands, path: str) -> GitFolder | None:
    """Return the git folder of a checkout; None if the folder has none.

    Raises:
        CheckoutError: it has one that cannot be understood.
    """
    own = _own(path)
    if own is None:
        return None
    told = small_file(os.path.join(own, "commondir"), MAX_SMALL)
    common = own
    if told is not None:
        common = os.path.normpath(os.path.join(own, told.decode("utf-8", "replace").strip()))
    settings = _settings(commands, os.path.join(common, "config"))
    if settings.get("extensions.refstorage", "files") != "files":
        raise CheckoutError("keeps its branches in a form that cannot be read yet (reftable)")
    head, branch = _head(own, common)
    return GitFolder(
        own,
        common,
        head,
        branch,
        _remote(settings, branch),
        {name: settings[name] for name in TAKEN if settings.get(name, "").lower() in _WORDS},
        is_shallow=os.path.exists(os.path.join(common, "shallow")),
        algorithm="sha256" if settings.get("extensions.objectformat") == "sha256" else "sha1",
    )


def small_file(path: str, limit: int) -> bytes | None:
    """Return a regular file's bytes; None if there is none.

    Raises:
        CheckoutError: it cannot be read, or is far too large.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CheckoutError(f"cannot be read: {error.strerror}") from error
    with open(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise CheckoutError(f"has a `{os.path.basename(path)}` of more than {limit >> 20} MiB")
    return data


def _own(path: str) -> str | None:
    """Return the git folder that `.git` is, or leads to."""
    place = os.path.join(path, ".git")
    try:
        status = os.stat(place)
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(place):
            raise CheckoutError("has a `.git` that leads nowhere") from None
        return None
    except OSError as error:
        raise CheckoutError(f"cannot be read: {error.strerror}") from error
    if stat.S_ISREG(status.st_mode):
        told = (small_file(place, MAX_SMALL) or b"").decode("utf-8", "replace").strip()
        if not told.startswith("gitdir:"):
            raise CheckoutError("has a `.git` that is neither folder nor link")
        place = os.path.normpath(os.path.join(path, told.removeprefix("gitdir:").strip()))
    if not os.path.isfile(os.path.join(place, "HEAD")):
        raise CheckoutError("has a `.git` without a HEAD")
    return place


def _settings(commands: Commands, path: str) -> dict[str, str]:
    """Return a configuration's settings, names in lower case, included files left out."""
    if small_file(path, MAX_SMALL) is None:
        return {}
    done = commands.run("config", "--no-includes", "-z", "--file", path, "--list")
    if done.status:
        raise CheckoutError("has a `.git/config` that git does not understand")
    found: dict[str, str] = {}
    for line in done.out.decode("utf-8", "replace").split("\0"):
        name, _, value = line.partition("\n")
        if name:
            found[name] = value  # the last one counts; sections and keys are in lower case
    return found


def _remote(settings: dict[str, str], branch: str | None) -> str | None:
    """Return the address of the branch's remote, else of `origin`, else of the only one."""
    name = settings.get(f"branch.{branch}.remote", "origin")
    urls = {
        key.removeprefix("remote.").removesuffix(".url"): value
        for key, value in settings.items()
        if key.startswith("remote.") and key.endswith(".url")
    }
    only = next(iter(urls.values())) if len(urls) == 1 else None
    return urls.get(name) or urls.get("origin") or only


def _head(own: str, common: str) -> tuple[str | None, str | None]:
    """Return the commit and the branch that HEAD leads to."""
    text = (small_file(os.path.join(own, "HEAD"), MAX_SMALL) or b"").decode("utf-8", "replace")
    branch: str | None = None
    for _ in range(MAX_HOPS):
        text = text.strip()
        if COMMIT.match(text):
            return text, branch
        if not text.startswith("ref:"):
            raise CheckoutError("has a HEAD that is neither commit nor branch")
        name = text.removeprefix("ref:").strip()
        if not name.startswith("refs/") or not is_ref_name(name):
            raise CheckoutError(f"has a HEAD that leads to `{printable(name, 80)}`")
        if branch is None:
            branch = name.removeprefix("refs/heads/")
        target = _ref(own, common, name)
        if target is None:
            return None, branch
        text = target
    raise CheckoutError("has a HEAD that leads in circles")


def _ref(own: str, common: str, name: str) -> str | None:
    """Return what a branch holds: a file of its own, else a line of `packed-refs`."""
    for folder in dict.fromkeys((own, common)):
        loose = small_file(os.path.join(folder, *name.split("/")), MAX_SMALL)
        if loose is not None and loose.strip():
            return loose.decode("utf-8", "replace")
    packed = small_file(os.path.join(common, "packed-refs"), MAX_PACKED) or b""
    for line in packed.decode("utf-8", "replace").splitlines():
        commit, _, found = line.partition(" ")
        if found == name and COMMIT.match(commit):
            return commit
    return None
