"""The commands that mend what was found, each to be copied into a shell; none is ever run here."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from comfylock.references.addresses import address_of

if TYPE_CHECKING:
    from comfylock.lockfile.schema import ModelPin, PackPin

RELOCK = "comfylock lock"


def quote(path: str) -> str:
    """Return a path as one word of a shell, never an option; as seen from where the user is."""
    try:
        near = os.path.relpath(path) if os.path.isabs(path) else path
    except (ValueError, OSError):  # another drive, or a folder that is gone
        near = path
    path = path if near.split(os.sep)[0] == os.pardir else near
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def in_checkout(path: str, *words: str) -> str:
    """Return a git command that works in a checkout."""
    return " ".join(["git", "-C", quote(path), *(shlex.quote(word) for word in words)])


def checkout(path: str, repository: str | None, commit: str) -> str:
    """Return what takes a checkout to a commit, fetched from where it was locked."""
    fetch = in_checkout(path, "fetch", repository or "origin", commit)
    return f"{fetch} && {in_checkout(path, 'checkout', '--detach', commit)}"


def put_aside(path: str, file: str) -> str:
    """Return what undoes the changes of one file and keeps them; git wants a name for that."""
    who = ("-c", "user.name=comfylock", "-c", "user.email=comfylock@localhost")
    return in_checkout(path, *who, "stash", "push", "--", file)


def clone(path: str, repository: str, commit: str) -> str:
    """Return what makes a checkout at a commit."""
    made = f"git clone --no-checkout {shlex.quote(repository)} {quote(path)}"
    return f"{made} && {in_checkout(path, 'checkout', '--detach', commit)}"


def install(pin: PackPin, path: str) -> str:
    """Return what installs a pack at its pin, in a folder."""
    if pin.source == "git":
        return clone(path, pin.repository or "", pin.commit or "")
    if pin.source == "file":
        return fetch(pin.url or "", path)
    return f"comfy node install {shlex.quote(f'{pin.name}@{pin.version}')}"


def reinstall(pin: PackPin, path: str) -> str:
    """Return what puts a registry's archive in the place of what is there."""
    return f"{move(path, path + '.disabled')} && {install(pin, path)}"


def fetch(url: str, path: str) -> str:
    """Return what downloads a file to its place."""
    return f"curl -fL --create-dirs -o {quote(path)} {shlex.quote(url)}"


def model(pin: ModelPin, path: str) -> str:
    """Return what brings a model's bytes to their place."""
    url = address_of(pin)
    return fetch(url, path) if url else f"copy the file to {quote(path)}"


def move(old: str, new: str) -> str:
    """Return what renames."""
    return f"mv {quote(old)} {quote(new)}"


def remove(path: str) -> str:
    """Return what removes a file, or a folder whose name ends in a separator."""
    return f"rm {'-r ' if path.endswith(os.sep) else ''}{quote(path)}"


def disable(path: str) -> str:
    """Return what keeps ComfyUI from loading a pack, and can be undone."""
    return move(path, f"{path.rstrip(os.sep)}.disabled")


def package(python: str | None, *words: str) -> str:
    """Return a command for the packages of an environment."""
    where = f" --python {quote(python)}" if python else ""
    return f"uv pip {words[0]}{where} " + " ".join(shlex.quote(word) for word in words[1:])
