"""What is newer than what runs below the packs: ComfyUI's release, and where images' tags lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.lockfile.comfyui_needs import NAME
from comfylock.lockfile.diff import label
from comfylock.lockfile.document import image_key
from comfylock.references.image import parse_image
from comfylock.resolve.newest import SHORT, Newer
from comfylock.resolve.pack_policy import newest_tag
from comfylock.sources.interface import Missing
from comfylock.versions import is_version, version_key

if TYPE_CHECKING:
    from comfylock.lockfile.schema import ComfyuiPin, ImagePin
    from comfylock.resolve.newest import Status
    from comfylock.sources.interface import GitSource, ImageSource


def newer_comfyui(pin: ComfyuiPin, git: GitSource) -> Newer:
    """Compare ComfyUI with its newest release. Uses the network."""

    def entry(status: Status, **more: str | None) -> Newer:
        return Newer("comfyui", NAME, "git", label(pin), status, **more)

    if pin.repository is None or pin.commit is None:
        return entry("unknown", note="it is not pinned")
    refs = git.refs(pin.repository)
    if isinstance(refs, Missing):
        return entry("unknown", note=refs.message)
    tag = newest_tag(refs.tags)
    if tag is None or refs.tags[tag] == pin.commit:
        return entry("current", note=None if tag else "its repository has no releases")
    if pin.version is not None and is_version(pin.version):
        if version_key(tag) <= version_key(pin.version):
            return entry("current")
    elif pin.requested in refs.branches:
        head = refs.branches[pin.requested]
        if head == pin.commit:
            return entry("current")
        return entry("outdated", newest=head[:SHORT], commit=head)
    found = git.pin(pin.repository, tag, read=False)
    date = None if isinstance(found, Missing) else found.facts.date
    return entry("outdated", newest=tag.removeprefix("v"), date=date, commit=refs.tags[tag])


def newer_image(pin: ImagePin, images: ImageSource) -> Newer:
    """Compare an image with what its tag leads to today. Uses the network."""

    def entry(status: Status, **more: str | None) -> Newer:
        return Newer("image", image_key(pin), "image", pin.digest[7 : 7 + SHORT], status, **more)

    reference = parse_image(pin.requested)
    if reference is None or reference.digest is not None:
        return entry("current", note="one digest was asked for")
    found = images.find(reference, pin.platform)
    if isinstance(found, Missing):
        return entry("unknown", note=found.message)
    if found.manifest == pin.digest:
        return entry("current")
    return entry("outdated", newest=found.manifest[7 : 7 + SHORT])
