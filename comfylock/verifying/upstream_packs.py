"""Packs and ComfyUI at their services: status, bytes, commits, names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.lockfile.diff import label
from comfylock.names import printable, repository_key
from comfylock.references.image import parse_image
from comfylock.sources.interface import Missing, RegistryPack, RegistryVersion, VersionList
from comfylock.verifying.findings import Checked, Item, judged, observe
from comfylock.versions import is_version, version_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.findings import About, Finding
    from comfylock.lockfile.schema import ComfyuiPin, ImagePin, PackPin
    from comfylock.sources.interface import (
        FileSource,
        GitPin,
        GitSource,
        ImageSource,
        PackRegistry,
        Reason,
    )


AVAILABLE = 5
"""Versions that are listed."""

SHORT = 10
_KINDS: dict[Reason, str] = {
    "needs-token": "upstream-refused",
    "token-refused": "upstream-refused",
    "not-allowed": "upstream-refused",
    "gated": "upstream-gated",
    "banned": "upstream-banned",
    "deleted": "upstream-banned",
    "flagged": "upstream-flagged",
    "mismatch": "upstream-digest",
    "unhashed": "upstream-unproven",
    "offline": "upstream-unproven",
    "no-source": "upstream-unproven",
}
"""What reasons mean; every other one that it is gone."""

BYTES = "the same bytes at its service"


def missing_finding(about: About, name: str, missing: Missing) -> Finding:
    """Return the finding for a pin that its service does not give."""
    kind = _KINDS.get(missing.reason, "upstream-gone")
    mend = missing.hint or move(name)
    return observe(kind, about, name, missing.message, None, mend)


def move(name: str) -> str:
    """Return what chooses another pin."""
    return f"comfylock lock --upgrade-package {name}"


def registry_checked(
    pin: PackPin,
    known: tuple[RegistryPack | Missing, RegistryVersion | Missing],
    registry: PackRegistry,
) -> Checked:
    """Compare a version of the Comfy Registry. Uses the network for archive and versions."""
    pack, version = known
    findings: list[Finding] = []
    if isinstance(pack, Missing):
        findings.append(missing_finding("pack", pin.name, pack))
        return _checked(pin, findings)
    if pack.status != "active":
        told = f"`{pin.name}` is {pack.status} in the Comfy Registry"
        findings.append(observe("upstream-banned", "pack", pin.name, told, mend=move(pin.name)))
    if pack.id != pin.name:
        told = f"`{pin.name}` is called `{pack.id}` in the Comfy Registry today"
        findings.append(observe("upstream-moved", "pack", pin.name, told, mend="comfylock lock -U"))
    if isinstance(version, Missing):
        findings.append(missing_finding("pack", pin.name, version))
    else:
        findings += _status(pin, version)
        findings += _archive(pin, version, registry)
    listing = registry.listing(pack.id) if pack.status == "active" else VersionList()
    versions = listing.versions if isinstance(listing, VersionList) else ()
    available = tuple(each.version for each in versions[:AVAILABLE])
    return _checked(pin, findings, available)


def _status(pin: PackPin, version: RegistryVersion) -> list[Finding]:
    """Compare what the registry thinks of a version with what it thought when it was locked."""
    before, now = pin.status or "active", version.status
    findings: list[Finding] = []
    told = f"`{pin.name}` {pin.version} is {now} in the Comfy Registry, it was {before}"
    if now in ("banned", "deleted"):
        findings.append(observe("upstream-banned", "pack", pin.name, told, mend=move(pin.name)))
    elif now == "flagged" and before != "flagged":
        findings.append(observe("upstream-flagged", "pack", pin.name, told, mend=move(pin.name)))
    elif now != before:
        mend = move(f"{pin.name}=={pin.version}")
        findings.append(observe("upstream-status", "pack", pin.name, told, mend=mend))
    if version.deprecated and not pin.deprecated:
        told = f"`{pin.name}` {pin.version} was deprecated since it was locked"
        findings.append(observe("upstream-deprecated", "pack", pin.name, told, mend=move(pin.name)))
    return findings


def _archive(pin: PackPin, version: RegistryVersion, registry: PackRegistry) -> list[Finding]:
    """Compare the bytes at the locked address."""
    findings: list[Finding] = []
    if version.url and version.url != pin.url:
        told = f"the Comfy Registry names another archive for `{pin.name}` {pin.version}: "
        told += f"`{printable(version.url, 120)}`"
        mend = move(f"{pin.name}=={pin.version}")
        findings.append(
            observe("upstream-address", "pack", pin.name, told, None, mend, pin.url, version.url)
        )
    is_same = version.url == pin.url
    asked = version if is_same else replace(version, url=pin.url or "", is_mirrored=None)
    found = registry.archive(asked, read=False)
    if isinstance(found, Missing):
        findings.append(missing_finding("pack", pin.name, found))
    elif found.sha256 != pin.sha256:
        told = (
            f"the archive of `{pin.name}` {pin.version} holds other bytes than when it was locked"
        )
        findings.append(other_bytes("pack", pin.name, told, pin.sha256, found.sha256))
    return findings


def other_bytes(
    about: About, name: str, told: str, expected: str | None, actual: str | None
) -> Finding:
    """Return the finding for bytes that a service exchanged; no command takes them unseen."""
    mend = f"ask its author why; `comfylock why {name}` tells where it is from"
    return observe("upstream-digest", about, name, told, None, mend, expected, actual)


def git_checked(pin: PackPin, git: GitSource) -> Checked:
    """Compare a commit. Uses the network."""
    found = git.pin(pin.repository or "", pin.commit, read=False)
    if isinstance(found, Missing):
        return _checked(pin, [missing_finding("pack", pin.name, found)])
    findings = _commit("pack", pin.name, pin, found)
    refs = git.refs(pin.repository or "")
    tags = {} if isinstance(refs, Missing) else refs.tags
    if pin.version is not None and pin.version in tags and tags[pin.version] != pin.commit:
        findings.append(_tag("pack", pin.name, pin.version, tags[pin.version]))
    return _checked(pin, findings, newest_tags(tags))


def newest_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags that are versions, the newest first."""
    versions = [tag for tag in tags if is_version(tag)]
    return tuple(sorted(versions, key=lambda tag: (version_key(tag), tag), reverse=True))[
        :AVAILABLE
    ]


def _commit(about: About, name: str, pin: PackPin | ComfyuiPin, found: GitPin) -> list[Finding]:
    facts, findings = found.facts, []
    if repository_key(facts.repository) != repository_key(pin.repository or ""):
        told = f"`{pin.repository}` has moved to `{facts.repository}`"
        findings.append(observe("upstream-moved", about, name, told, mend=move(name)))
    if pin.tree is not None and facts.tree != pin.tree:
        told = f"commit {facts.commit[:SHORT]} of `{pin.repository}` has another tree than locked"
        findings.append(other_bytes(about, name, told, pin.tree, facts.tree))
    if not facts.on_branch:
        told = f"no branch or tag of `{facts.repository}` leads to {facts.commit[:SHORT]} any more"
        findings.append(observe("upstream-history", about, name, told, mend=move(name)))
    return findings


def _tag(about: About, name: str, tag: str, commit: str) -> Finding:
    told = f"tag `{tag}` leads to commit {commit[:SHORT]} by now"
    return observe("upstream-tag", about, name, told, mend=move(name), actual=commit)


def file_checked(pin: PackPin, files: FileSource) -> Checked:
    """Compare a pack that is one file. Uses the network."""
    found = files.file(pin.url or "")
    if isinstance(found, Missing):
        return _checked(pin, [missing_finding("pack", pin.name, found)])
    if found.sha256 == pin.sha256:
        return _checked(pin, [])
    told = f"the file of `{pin.name}` holds other bytes than when it was locked"
    return _checked(pin, [other_bytes("pack", pin.name, told, pin.sha256, found.sha256)])


def comfyui_checked(pin: ComfyuiPin, git: GitSource) -> Checked:
    """Compare ComfyUI's commit. Uses the network."""
    item = Item("comfyui", "comfyui", "verified", label(pin), proof="its commit at its host")
    found = git.pin(pin.repository or "", pin.commit, read=False)
    if isinstance(found, Missing):
        finding = missing_finding("comfyui", "comfyui", found)
        return Checked((finding,), (judged(item, [finding]),))
    findings = _commit("comfyui", "comfyui", pin, found)
    refs = git.refs(pin.repository or "")
    tags = {} if isinstance(refs, Missing) else refs.tags
    for tag in (pin.version or "", f"v{pin.version}"):
        if tag in tags and tags[tag] != pin.commit:
            findings.append(_tag("comfyui", "comfyui", tag, tags[tag]))
    item = replace(item, available=newest_tags(tags))
    return Checked(tuple(findings), (judged(item, findings),))


def image_name(pin: ImagePin) -> str:
    """Return what a report calls an image."""
    return f"{pin.name} {pin.platform}"


def image_checked(pin: ImagePin, images: ImageSource) -> Checked:
    """Compare a container image at its digest. Uses the network."""
    name = image_name(pin)
    item = Item("image", name, "verified", pin.digest[7:17], size=pin.size, proof=BYTES)
    reference = parse_image(f"{pin.reference.partition('@')[0]}@{pin.digest}")
    if reference is None:
        return Checked(items=(replace(item, status="unproven", proof=""),))
    found = images.find(reference, pin.platform)
    if isinstance(found, Missing):
        finding = missing_finding("image", name, found)
        return Checked((finding,), (judged(item, [finding]),))
    if pin.digest in (found.manifest, found.index):
        return Checked(items=(item,))
    told = f"`{pin.reference}` is another image at its digest than when it was locked"
    finding = other_bytes("image", name, told, pin.digest, found.manifest)
    return Checked((finding,), (judged(item, [finding]),))


def _checked(pin: PackPin, findings: list[Finding], available: tuple[str, ...] = ()) -> Checked:
    proof = "its commit at its host" if pin.source == "git" else BYTES
    item = Item(
        "pack",
        pin.name,
        "verified",
        label(pin),
        available=available,
        size=pin.size,
        proof=proof,
    )
    return Checked(tuple(findings), (judged(item, findings),))
