"""Every kind of finding: how grave it is, and what it means. Stable; part of `--json`.

docs/verify.md says the same in a table, and a test holds the two together.
"""

from __future__ import annotations

from comfylock.findings import Meaning


def _error(told: str) -> Meaning:
    return Meaning("error", told)


def _bytes(told: str) -> Meaning:
    return Meaning("error", told, is_integrity=True)


def _unreadable(told: str) -> Meaning:
    return Meaning("error", told, is_unreadable=True)


def _warning(told: str) -> Meaning:
    return Meaning("warning", told)


def _note(told: str) -> Meaning:
    return Meaning("note", told)


def _open(told: str) -> Meaning:
    return Meaning("note", told, is_open=True)


KINDS: dict[str, Meaning] = {
    # files
    "workflow-unread": Meaning("warning", "nodes of a workflow could not be read", is_open=True),
    "workflows-absent": _note("no locked workflow is here, so none was compared with the lock"),
    "companion-stale": _error("a file was emitted from another state of the lock"),
    "companion-missing": _error("a file that the lock names is not there"),
    "companion-changed": _bytes("a file that the lock names holds other bytes"),
    "lock-unreadable": _unreadable("the lock cannot be read, or is of a newer format"),
    # anything that cannot be looked at
    "unreadable": _unreadable("it cannot be read"),
    "vanished": _unreadable("it went away while it was looked at"),
    "changing": _unreadable("it changed while it was hashed"),
    "unwritten": _unreadable("the inventory cannot be written"),
    "not-comfyui": _unreadable("the folder is no ComfyUI"),
    # ComfyUI
    "comfyui-commit": _error("ComfyUI is at another commit"),
    "comfyui-version": _error("ComfyUI is of another version"),
    "comfyui-edited": _bytes("a file of ComfyUI was changed"),
    "comfyui-missing-file": _error("a file of ComfyUI is not there"),
    "comfyui-untracked": _error("a file is in ComfyUI's folder that is not of its commit"),
    "comfyui-staged": _warning("git has a change of ComfyUI prepared for a commit"),
    "comfyui-remote": _warning("ComfyUI was cloned from another repository"),
    "comfyui-damaged": _error("ComfyUI's git folder is damaged"),
    "comfyui-unproven": _open("ComfyUI is no git checkout, so only its version was compared"),
    # packs
    "pack-missing": _error("a locked pack is not installed"),
    "pack-disabled": _error("a locked pack is installed and disabled"),
    "pack-duplicate": _error("a locked pack is installed twice"),
    "pack-extra": _error("a pack is installed that is not locked; ComfyUI runs its code"),
    "pack-source": _error("a pack is installed from another kind of source"),
    "pack-version": _error("a pack is installed in another version"),
    "pack-commit": _error("a pack is at another commit"),
    "pack-tree": _bytes("a pack's files are not those of its commit"),
    "pack-edited": _bytes("a file of a pack was changed"),
    "pack-file-missing": _error("a file of a pack is not there"),
    "pack-code-added": _error("a file that can be run was added to a pack"),
    "pack-file-added": _warning("a file was added to a pack"),
    "pack-untracked": _error("a file is in a pack's checkout that is not of its commit"),
    "pack-staged": _warning("git has a change of a pack prepared for a commit"),
    "pack-remote": _error("a pack was cloned from another repository"),
    "pack-damaged": _error("a pack's git folder is damaged, or holds forged objects"),
    "pack-submodule-missing": _error("a submodule of a pack is not there"),
    "pack-submodule-commit": _error("a submodule of a pack is at another commit"),
    "pack-list": _error("a pack's `.tracking` is not the list of its archive"),
    "pack-link": _note("a pack's folder is a symbolic link"),
    "pack-unproven": _open("a pack's bytes could not be compared with its archive"),
    # models
    "model-missing": _error("a locked model is not there"),
    "model-misplaced": _error("a locked model is in another folder"),
    "model-case": _error("a locked model is there under a name in other letters"),
    "model-partial": _error("a locked model is there as an unfinished download"),
    "model-truncated": _bytes("a model is shorter than locked"),
    "model-size": _bytes("a model is longer than locked"),
    "model-digest": _bytes("a model has the locked size and other bytes"),
    "model-swapped": _bytes("a model holds the bytes of another locked model"),
    "model-not-a-file": _error("a folder or a device is where a model should be"),
    "model-stand-in": _bytes("a web page or a git-lfs pointer is where a model should be"),
    "model-dangling": _error("a model is a symbolic link that leads nowhere"),
    "model-shadowed": _error("another file of the same name is found before the locked one"),
    "model-alternative": _note("one of a model's alternatives is there"),
    "model-link": _note("a model is a symbolic link; what it leads to was checked"),
    "model-extra": _note("a model is there that is not locked"),
    "model-unhashed": _open("a model has no locked sha256, so its bytes could not be compared"),
    "group-absent": _note("something is not there that only groups need"),
    # Python
    "python-missing": _error("a locked Python package is not installed"),
    "python-version": _error("a Python package is installed in another version"),
    "python-source": _error("a Python package is installed from another commit or address"),
    "python-extra": _warning("a Python package is installed that is not locked"),
    "python-duplicate": _error("a Python package is installed twice"),
    "python-broken": _error("a Python package is half installed, or half removed"),
    "python-editable": _warning("a Python package runs from a source folder"),
    "python-startup": _error("Python runs a file at its start that no installed package has"),
    "python-stray": _warning("a module is there that no installed package has"),
    "python-interpreter": _error("the environment has another version of Python"),
    "python-unlocked": _note("the lock has no Python packages to compare an environment with"),
    "python-unproven": _note("Python packages are locked and no environment was looked at"),
    # a running server
    "server-class": _error("a server does not offer a class type that is locked"),
    "server-model": _error("a server does not see a model that is locked"),
    "server-version": _error("a server runs another version of ComfyUI"),
    "server-python": _error("a server runs another version of Python or torch"),
    "server-origin": _error("a server has a class type from another pack"),
    "server-extra": _warning("a server has loaded a pack that is not locked"),
    "server-answer": _unreadable("a server's answer makes no sense"),
    # two environments
    "differs": _error("two environments are not the same"),
    # services
    "upstream-gone": _error("a pin is not there any more"),
    "upstream-digest": _bytes("a service gives other bytes for a pin"),
    "upstream-refused": _error("a pin is there and nobody may have it"),
    "upstream-banned": _error("a pack was banned or deleted"),
    "upstream-flagged": _error("a pack's version was flagged since it was locked"),
    "upstream-status": _warning("a pack's version has another status than when it was locked"),
    "upstream-deprecated": _warning("a pack's version was deprecated since it was locked"),
    "upstream-gated": _error("a model was put behind a gate since it was locked"),
    "upstream-licence": _warning("a model's licence has changed"),
    "upstream-moved": _warning("a repository or pack has another name by now"),
    "upstream-history": _warning("no branch or tag leads to a pinned commit any more"),
    "upstream-tag": _warning("a tag leads to another commit than when it was locked"),
    "upstream-address": _warning("a service names another address for a pin"),
    "upstream-mirror": _warning("a mirror does not hold the pinned bytes any more"),
    "upstream-unproven": _open("nobody can be asked about a pin"),
}
"""Kind to what it means; the kinds of docs/lockfile.md are findings too, each an error."""


def meaning(kind: str) -> Meaning:
    """Return what a kind means; a reason why a lock is not current is an error."""
    return KINDS.get(kind) or _error("the lock is not what the workflows need")
