"""A checkout against the commit that is locked: its files, its remote, its submodules."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfylock.names import repository_key
from comfylock.redaction import redact_url
from comfylock.verifying import mends
from comfylock.verifying.findings import observe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.findings import About, Finding
    from comfylock.sources.git_checkout import Change, Checkout, Module

SHORT = 10
"""Digits of a commit that are shown."""

_KINDS = {
    "edited": "edited",
    "missing": "file-missing",
    "untracked": "untracked",
    "staged": "staged",
    "hidden": "code-added",
}
_TOLD = {
    "edited": "is not as commit {} has it",
    "missing": "is not there, commit {} has it",
    "untracked": "is not of commit {}",
    "staged": "is prepared for a commit after {}",
    "hidden": "can be run and is not of commit {}; git was told to overlook it",
}


@dataclass(frozen=True, slots=True)
class Locked:
    """What a checkout should be."""

    about: About
    name: str
    path: str
    """The checkout's folder."""
    place: str
    """The same as findings show it."""
    repository: str | None
    commit: str
    prefix: str = "pack"
    """What kinds of findings begin with."""
    names: frozenset[str] = frozenset()
    """Other names of the repository: `host/owner/repo`, or without the host."""

    @property
    def told(self) -> str:
        """What a sentence about the whole of it begins with."""
        return "ComfyUI" if self.place == "." else f"`{self.place}`"


def checkout_findings(locked: Locked, found: Checkout) -> list[Finding]:
    """Return every way in which a checkout is not what is locked."""
    findings: list[Finding] = []
    if found.damage is not None:
        findings.append(_damaged(locked, found.damage))
    if found.commit != locked.commit:
        findings.append(_other_commit(locked, found))
    findings += _remote(locked, found)
    findings += [_change(locked, found, change) for change in found.changes]
    findings += _modules(locked, found)
    return findings


def _finding(locked: Locked, kind: str, message: str, mend: str, **more: str | None) -> Finding:
    name = {
        "comfyui-file-missing": "comfyui-missing-file",
        "comfyui-code-added": "comfyui-untracked",
    }
    full = f"{locked.prefix}-{kind}"
    given = {"place": locked.place, **more}
    return observe(name.get(full, full), locked.about, locked.name, message, mend=mend, **given)


def _damaged(locked: Locked, told: str) -> Finding:
    aside = mends.move(locked.path, locked.path + ".disabled")
    again = mends.clone(locked.path, locked.repository or "", locked.commit)
    return _finding(locked, "damaged", f"{locked.told} {told}", f"{aside} && {again}")


def _other_commit(locked: Locked, found: Checkout) -> Finding:
    at = f"commit {found.commit[:SHORT]}" if found.commit else "no commit at all"
    told = f"{locked.told} is at {at}, locked is {locked.commit[:SHORT]}"
    mend = mends.checkout(locked.path, locked.repository, locked.commit)
    return _finding(locked, "commit", told, mend, expected=locked.commit, actual=found.commit)


def _remote(locked: Locked, found: Checkout) -> Iterator[Finding]:
    if locked.repository is None:
        return
    if found.remote is not None and _is_of(found.remote, locked):
        return
    shown = redact_url(found.remote) if found.remote is not None else None
    told = f"is a clone of `{shown}`" if shown else "has no remote"
    words = ("set-url", "origin") if found.remote is not None else ("add", "origin")
    yield _finding(
        locked,
        "remote",
        f"{locked.told} {told}, locked is `{locked.repository}`",
        mends.in_checkout(locked.path, "remote", *words, locked.repository),
        expected=locked.repository,
        actual=shown,
    )


def _is_of(remote: str, locked: Locked) -> bool:
    key = repository_key(remote)
    names = {repository_key(locked.repository or ""), *locked.names}
    return bool({key, key.removeprefix("github.com/")} & names)


def _change(locked: Locked, found: Checkout, change: Change) -> Finding:
    place = f"{locked.place}/{change.path}"
    told = _TOLD[change.state].format((found.commit or "")[:SHORT])
    path = os.path.join(locked.path, *change.path.split("/"))
    if change.state in ("untracked", "hidden"):
        mend = mends.remove(path)
    elif change.state == "staged":
        mend = mends.in_checkout(locked.path, "restore", "--staged", "--", change.path)
    elif change.state == "missing":
        mend = mends.in_checkout(locked.path, "restore", "--", change.path)
    else:
        mend = mends.put_aside(locked.path, change.path)
    return _finding(locked, _KINDS[change.state], f"`{place}` {told}", mend, place=place)


def _modules(locked: Locked, found: Checkout) -> Iterator[Finding]:
    for module in found.modules:
        yield from _module(locked, module)


def _module(locked: Locked, module: Module) -> Iterator[Finding]:
    place = f"{locked.place}/{module.path}"
    path = os.path.join(locked.path, *module.path.split("/"))
    update = mends.in_checkout(locked.path, "submodule", "update", "--init", "--recursive")
    if module.told is not None:
        told = f"submodule `{place}` {module.told}"
        yield _finding(locked, "damaged", told, update, place=place)
    elif module.checkout is None:
        told = f"submodule `{place}` is not there"
        yield _finding(locked, "submodule-missing", told, update, place=place)
    else:
        inner = Locked(locked.about, locked.name, path, place, None, module.commit, locked.prefix)
        for finding in checkout_findings(inner, module.checkout):
            if finding.kind.endswith("-commit"):
                actual = (module.checkout.commit or "no commit")[:SHORT]
                told = f"submodule `{place}` is at {actual}, locked is {module.commit[:SHORT]}"
                yield _finding(
                    locked,
                    "submodule-commit",
                    told,
                    update,
                    place=place,
                    expected=module.commit,
                    actual=module.checkout.commit,
                )
            else:
                yield finding
