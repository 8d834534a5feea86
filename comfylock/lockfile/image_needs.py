"""Are the locked container images those that the project asks for? Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.lockfile.drift import Drift

if TYPE_CHECKING:
    from comfylock.lockfile.schema import ImagePin, Lock
    from comfylock.requirements import ImageRule, Requirements


def wanted_images(needs: Requirements) -> dict[tuple[str, str], ImageRule]:
    """Return what is asked for, by name and platform, sorted."""
    found = {(rule.name, platform): rule for rule in needs.images for platform in rule.platforms}
    return dict(sorted(found.items()))


def locked_images(lock: Lock) -> dict[tuple[str, str], ImagePin]:
    """Return what is locked, by name and platform."""
    return {(image.name, image.platform): image for image in lock.images}


def image_drift(lock: Lock, needs: Requirements) -> tuple[Drift, ...]:
    """Return why images have to be locked anew; empty if all may stay."""
    wanted, locked = wanted_images(needs), locked_images(lock)
    open_names = {gap.name for gap in lock.unresolved if gap.kind == "image"}
    found = []
    for (name, platform), rule in wanted.items():
        image = locked.get((name, platform))
        if image is None:
            if gap_name(name, platform) not in open_names:
                told = f"the image `{name}` is not locked for `{platform}`"
                found.append(Drift("ImageChanged", None, name, told))
        elif image.requested != rule.reference:
            told = f"the image `{name}` is to be `{rule.reference}` now"
            found.append(Drift("ImageChanged", None, name, told))
    for name, platform in sorted(locked.keys() - wanted.keys()):
        told = f"nothing asks for the image `{name}` for `{platform}`"
        found.append(Drift("ImageChanged", None, name, told))
    for text in sorted(open_names - {gap_name(*key) for key in wanted}):
        told = f"the image `{text}` is unresolved, and not asked for"
        found.append(Drift("OrphanGap", None, text, told))
    return tuple(found)


def gap_name(name: str, platform: str) -> str:
    """Return what an image for a platform is called that could not be locked."""
    return f"{name} {platform}"
