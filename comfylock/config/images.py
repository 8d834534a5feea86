"""The table `[images]`: container images to lock, by accelerator or any other word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.config.tables import Table
from comfylock.patterns import Pattern
from comfylock.references.image import image_fault, parse_platform
from comfylock.requirements import ImageRule

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE_KEYS = ("reference", "platforms")
IMAGE_NAME = Pattern(r"[a-z0-9][a-z0-9.-]{0,62}\Z")
USUAL = ("linux/amd64",)


def read_images(table: Table) -> tuple[ImageRule, ...]:
    """Return the images of a project, sorted by name."""
    return tuple(sorted(_rules(table), key=lambda rule: rule.name))


def _rules(table: Table) -> Iterator[ImageRule]:
    for name, value in table.value.items():
        path = table.quoted(name)
        if IMAGE_NAME.match(name) is None:
            what = "must be a word of small letters and digits, such as `cu128`"
            table.faults.append((path, what))
            continue
        entry = {"reference": value} if isinstance(value, str) else value
        if not isinstance(entry, dict):
            table.faults.append((path, "must be an image such as `debian:12`, or a table"))
            continue
        inner = Table(entry, path, table.faults)
        inner.refuse_unknown(IMAGE_KEYS)
        reference = inner.text("reference")
        if reference is None:
            inner.fault("is missing", "reference")
        elif (fault := image_fault(reference)) is not None:
            inner.fault(fault, "reference")
        else:
            yield ImageRule(name, reference, _platforms(inner))


def _platforms(table: Table) -> tuple[str, ...]:
    found: set[str] = set()
    for index, text in table.texts("platforms", "platforms, such as `linux/amd64`"):
        platform = parse_platform(text)
        if platform is None:
            table.fault("must be a platform such as `linux/amd64`", f"platforms[{index}]")
        else:
            found.add(str(platform))
    return tuple(sorted(found)) or USUAL
