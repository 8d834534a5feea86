"""All container images of a resolution: which stay, and the questions for the others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.lockfile.document import image_key
from comfylock.lockfile.image_needs import gap_name, locked_images, wanted_images
from comfylock.lockfile.schema import Gap, ImagePin
from comfylock.references.image import parse_image
from comfylock.resolve.outcome import Notice
from comfylock.sources.interface import ImageFacts, Missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.lockfile.schema import Lock
    from comfylock.requirements import ImageRule, Requirements
    from comfylock.resolve.outcome import Moves, Unreachable
    from comfylock.resolve.side_by_side import SideBySide
    from comfylock.sources.interface import ImageSource


class Images(Struct, frozen=True):
    """The images of a lock, and what there is to say about them."""

    pins: tuple[ImagePin, ...] = ()
    gaps: tuple[Gap, ...] = ()
    notices: tuple[Notice, ...] = ()


class ImageRun:
    """Begins to ask when made."""

    def __init__(
        self, needs: Requirements, old: Lock, moves: Moves, source: ImageSource, side: SideBySide
    ) -> None:
        locked = locked_images(old)
        self.kept: list[ImagePin] = []
        questions: dict[str, Callable[[], tuple[ImageRule, str, ImageFacts | Missing]]] = {}
        for (name, platform), rule in wanted_images(needs).items():
            pin = locked.get((name, platform))
            stays = pin is not None and pin.requested == rule.reference
            if pin is not None and stays and not moves.moves(name, image_key(pin)):
                self.kept.append(pin)
            else:
                questions[gap_name(name, platform)] = partial(_find, source, rule, platform)
        self._pending = side.start(questions)

    def finish(self, failures: list[Unreachable]) -> Images:
        """Wait for the answers; registries that gave none are added to the failures."""
        pins, gaps, notices = [*self.kept], [], []
        for rule, platform, found in self._pending.collect(failures).values():
            name = gap_name(rule.name, platform)
            if isinstance(found, Missing):
                gaps.append(Gap("image", name, found.reason, found.message, hint=found.hint))
                continue
            notices += [Notice(name, "doubt", told) for told in found.warnings]
            pins.append(
                ImagePin(
                    name=rule.name,
                    platform=platform,
                    requested=rule.reference,
                    reference=found.reference.partition("@")[0],
                    digest=found.manifest,
                    index=found.index,
                    size=found.size,
                )
            )
        pins.sort(key=image_key)
        return Images(tuple(pins), tuple(gaps), tuple(notices))


def _find(
    source: ImageSource, rule: ImageRule, platform: str
) -> tuple[ImageRule, str, ImageFacts | Missing]:
    reference = parse_image(rule.reference)
    if reference is None:
        return rule, platform, Missing("not-an-image", f"`{rule.reference}` names no image")
    return rule, platform, source.find(reference, platform)
