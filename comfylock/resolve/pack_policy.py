"""Which version of a pack is wanted: pure decisions over what services said.

The author's stamp, if it still exists and is not flagged; where workflows disagree, the newest
stamp; without a stamp the newest active release; for git without releases the default branch.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.names import quoted
from comfylock.resolve.outcome import Notice
from comfylock.sources.interface import Missing, RegistryVersion
from comfylock.versions import is_version, version_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfylock.ranges import VersionRange
    from comfylock.resolve.wishes import PackWish
    from comfylock.sources.interface import Reason, RegistryPack

COMMIT = re.compile(r"[0-9a-f]{7,64}\Z")
MOVING = frozenset({"nightly", "latest", "main", "master"})
"""Stamps that name no version: a pin cannot be made of them (P2)."""

SHOWN = 3
"""Stamps that a disagreement names."""

USABLE = frozenset({"active", "pending"})


class Stamps(Struct, frozen=True):
    """What nodes say about a pack's version, sorted out."""

    version: str | None = None
    """The newest version stamped, without a leading `v`."""
    commits: tuple[str, ...] = ()
    """Short and full commits, sorted."""
    notices: tuple[Notice, ...] = ()


class Choice(Struct, frozen=True):
    """The version decided for, or why there is none."""

    version: RegistryVersion | None = None
    missing: Missing | None = None
    notices: tuple[Notice, ...] = ()


def read_stamps(wish: PackWish) -> Stamps:
    """Return the newest stamped version and all stamped commits, and who disagrees."""
    texts = sorted({stamp.strip() for stamp, _ in wish.stamps})
    versions = [text for text in texts if is_version(text)]
    commits = tuple(t.lower() for t in texts if not is_version(t) and COMMIT.match(t.lower()))
    moving = sorted({text.lower() for text in texts} & MOVING)
    notices = []
    versions.sort(key=lambda text: (version_key(text), text))
    if len(versions) + len(commits) > 1:
        notices.append(Notice(wish.name, "stamps-differ", _disagreement(wish, versions, commits)))
    notices += [
        Notice(wish.name, "unpinned-request", f"stamped `{text}`, which is no version")
        for text in moving
    ]
    newest = versions[-1] if versions else None
    return Stamps(newest.removeprefix("v") if newest else None, commits, tuple(notices))


def _disagreement(wish: PackWish, versions: list[str], commits: tuple[str, ...]) -> str:
    """Say what workflows are stamped with: the newest first, a few of many."""
    stamps = [*reversed(versions), *(commit[:12] for commit in commits)]
    told = [_with_workflow(text, wish) for text in stamps[:SHOWN]]
    more = f" and {len(stamps) - SHOWN} other stamps" if len(stamps) > SHOWN else ""
    return f"workflows disagree: {', '.join(told)}{more}"


def _with_workflow(stamp: str, wish: PackWish) -> str:
    said = stamp.lower()
    workflows = sorted(path for text, path in wish.stamps if text.strip().lower().startswith(said))
    more = f" and {len(workflows) - 1} more" if len(workflows) > 1 else ""
    return f"{stamp} in {workflows[0]}{more}"


def choose_stamped(
    name: str, stamp: str, found: RegistryVersion | Missing, latest: RegistryVersion | None
) -> Choice:
    """Decide about the version that the author had: taken unless it is gone or flagged."""
    if not isinstance(found, Missing) and found.status in USABLE:
        return Choice(found, notices=_status_notices(name, found))
    why = found.message if isinstance(found, Missing) else f"version {stamp} is {found.status}"
    if latest is None:
        return Choice(missing=_stamp_gone(name, stamp, found))
    told = f"{why}; the newest active release {latest.version} is taken instead"
    notice = Notice(name, "stamp-missing", told)
    return Choice(latest, notices=(notice, *_status_notices(name, latest)))


def _stamp_gone(name: str, stamp: str, found: RegistryVersion | Missing) -> Missing:
    """Return why neither the stamped version nor any other can be taken."""
    if isinstance(found, Missing):
        message = f"{found.message}, and no active release to take instead"
        return Missing(found.reason, message, _fork_hint(name))
    message = f"version {stamp} of `{name}` is {found.status}, and there is no active release"
    is_there = found.status == "flagged"
    hint = _pin_hint(name, stamp) if is_there else _fork_hint(name)
    return Missing(_reason(found), message, hint)


def choose_exact(name: str, version: str, found: RegistryVersion | Missing) -> Choice:
    """Decide about a version that the project asks for: taken unless it is gone or banned."""
    if isinstance(found, Missing):
        return Choice(missing=found)
    if found.status in {"banned", "deleted"}:
        message = f"version {version} of `{name}` is {found.status} in the Comfy Registry"
        return Choice(
            missing=Missing(_reason(found), message, f"ask for another version of `{name}`")
        )
    return Choice(found, notices=_status_notices(name, found))


def choose_newest(
    name: str, versions: Sequence[RegistryVersion], wanted: VersionRange | None, asked: str
) -> Choice:
    """Decide among versions, the newest first: active before pending, flagged never."""
    admitted = [v for v in versions if wanted is None or wanted.admits(v.version)]
    for status in ("active", "pending"):
        for version in admitted:
            if version.status == status:
                return Choice(version, notices=_status_notices(name, version))
    flagged = [v.version for v in admitted if v.status == "flagged"]
    if flagged:
        message = f"every release of `{name}`{asked} is flagged: {', '.join(flagged[:3])}"
        return Choice(missing=Missing("flagged", message, _pin_hint(name, flagged[0])))
    known = ", ".join(v.version for v in versions[:3])
    message = f"`{name}` has no release{asked}" + (f"; the newest are {known}" if known else "")
    return Choice(missing=Missing("no-such-version", message, None))


def newest_tag(tags: Iterable[str]) -> str | None:
    """Return the newest release tag: a version that is no pre-release; None if there is none."""
    releases = [t for t in tags if is_version(t) and _is_release(t)]
    return max(releases, key=lambda tag: (version_key(tag), tag), default=None)


def tag_of_version(version: str, tags: Iterable[str]) -> str | None:
    """Return the tag that names a version, with or without a `v` before it."""
    wanted = version_key(version)
    same = sorted(tag for tag in tags if is_version(tag) and version_key(tag) == wanted)
    return same[-1] if same else None


def banned(pack: RegistryPack, name: str) -> Missing | None:
    """Return why a pack must not be taken at all, if so."""
    if pack.status == "active":
        return None
    return Missing(pack.status, f"`{name}` is {pack.status} in the Comfy Registry")


def _is_release(tag: str) -> bool:
    return version_key(tag)[3] > 0


def _reason(version: RegistryVersion) -> Reason:
    reasons: dict[str, Reason] = {"banned": "banned", "deleted": "deleted"}
    return reasons.get(version.status, "flagged")


def _fork_hint(name: str) -> str:
    return f'[packs] {quoted(name)} = {{ git = "https://…" }}  # its repository, or a fork of it'


def _pin_hint(name: str, version: str) -> str:
    return f"[packs] {quoted(name)} = {quoted(version)}  # takes it nevertheless"


def _status_notices(name: str, version: RegistryVersion) -> tuple[Notice, ...]:
    notices = []
    if version.status in {"pending", "flagged"}:
        why = "not scanned yet" if version.status == "pending" else "held back by the scanner"
        message = f"version {version.version} is {version.status} in the Comfy Registry: {why}"
        notices.append(Notice(name, version.status, message))
    if version.deprecated:
        message = f"version {version.version} is deprecated by its publisher"
        notices.append(Notice(name, "deprecated", message))
    return tuple(notices)
