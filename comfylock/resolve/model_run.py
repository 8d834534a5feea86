"""All models of a resolution: which pins stay, and the questions for the others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.lockfile.satisfy import model_drift, offers_of
from comfylock.resolve.gaps import changed_digest, model_gap
from comfylock.resolve.models import Unpinned, pin_model
from comfylock.resolve.wishes import model_wishes
from comfylock.sources.model_services import find_model

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Gap, Lock, ModelPin
    from comfylock.requirements import Requirements
    from comfylock.resolve.outcome import Moves, Notice, Pinned, Unreachable
    from comfylock.resolve.side_by_side import Pending, SideBySide
    from comfylock.resolve.sources import Sources
    from comfylock.resolve.wishes import ModelWish
    from comfylock.sources.interface import Missing, ModelFacts


class ModelRun:
    """Begins to ask when made, so that packs and models are learnt at the same time."""

    def __init__(
        self, needs: Requirements, old: Lock, moves: Moves, sources: Sources, side: SideBySide
    ) -> None:
        self._wishes = model_wishes(needs)
        self._old = {pin.key: pin for pin in old.models}
        self._moves = moves
        self._sources = sources
        self.kept: dict[str, ModelPin] = {}
        open_wishes: dict[str, ModelWish] = {}
        offers = offers_of(needs)
        for key in sorted(self._wishes):
            wish, pin = self._wishes[key], self._old.get(key)
            stays = pin is not None and not moves.moves(key, wish.place, wish.name)
            if pin is not None and stays and not model_drift(pin, needs, offers):
                self.kept[key] = replace(pin, groups=wish.groups)
            else:
                open_wishes[key] = wish
        self._pending: Pending[str, Pinned | Unpinned] = side.start(
            {key: partial(pin_model, wish, self._find) for key, wish in open_wishes.items()}
        )

    def finish(
        self, failures: list[Unreachable]
    ) -> tuple[dict[str, ModelPin], list[Gap], list[Notice]]:
        """Return all pins by key, what could not be pinned, and what there is to say."""
        pins = dict(self.kept)
        gaps: list[Gap] = []
        notices: list[Notice] = []
        for key, found in self._pending.collect(failures).items():
            wish = self._wishes[key]
            if isinstance(found, Unpinned):
                gaps.append(model_gap(wish, found))
                continue
            pin: ModelPin = found.pin  # type: ignore[assignment] # pin_model gives no pack
            changed = changed_digest(self._old.get(key), pin)
            if changed is not None and not self._moves.names(key, wish.place, wish.name):
                gaps.append(model_gap(wish, Unpinned(changed)))
                continue
            pins[key] = pin
            notices += found.notices
        return pins, gaps, notices

    def _find(self, url: str, name: str) -> ModelFacts | Missing:
        return find_model(self._sources.reference(url), name, self._sources)
