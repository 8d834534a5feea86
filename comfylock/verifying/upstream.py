"""Every pin at its service: is it still there, with the same bytes, and may it still be had?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from comfylock.errors import RefusedError, SourceUnavailableError
from comfylock.sources.model_services import ModelServices
from comfylock.verifying.findings import Checked, Item, joined
from comfylock.verifying.upstream_models import model_checked
from comfylock.verifying.upstream_packs import (
    comfyui_checked,
    file_checked,
    git_checked,
    image_checked,
    image_name,
    registry_checked,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from comfylock.findings import About
    from comfylock.lockfile.schema import Lock, PackPin
    from comfylock.sources.interface import (
        FileSource,
        GitSource,
        ImageSource,
        PackRegistry,
    )

Away = tuple[str, tuple[str, ...]]
"""What a service that did not answer says, and what could therefore not be learnt."""


class Upstream(ModelServices, Protocol):
    """One of each kind of service."""

    @property
    def registry(self) -> PackRegistry:
        """The Comfy Registry."""

    @property
    def git(self) -> GitSource:
        """Any git host."""

    @property
    def files(self) -> FileSource:
        """Packs that are one file."""

    @property
    def images(self) -> ImageSource:
        """Registries of container images."""


class Reporter(Protocol):
    """Is told how far the questions are."""

    def begin(self, count: int) -> None:
        """Note that so many more are to be asked."""

    def done(self, subject: str) -> None:
        """Note that one of them is answered."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be asked of a service."""

    about: About
    name: str
    """Of the item that the answer makes."""
    ask: Callable[[], Checked]
    told: str | None = None
    """What it is about for people, if that is not the name."""


class _Asking:
    """Questions under way, and what services that do not answer cost."""

    def __init__(self, executor: Executor, reporter: Reporter | None) -> None:
        self._executor, self._reporter = executor, reporter
        self._away: dict[str, set[str]] = {}

    def answers(self, questions: Sequence[Question]) -> Checked:
        """Return what came of all questions; what nobody answered is unknown."""
        if self._reporter is not None:
            self._reporter.begin(len(questions))
        futures = [self._executor.submit(question.ask) for question in questions]
        parts = []
        for question, future in zip(questions, futures, strict=True):
            told = question.told or question.name
            try:
                parts.append(future.result())
            except (SourceUnavailableError, RefusedError) as error:
                self._away.setdefault(str(error), set()).add(told)
                parts.append(_unknown(question.about, question.name, error))
            if self._reporter is not None:
                self._reporter.done(told)
        return joined(parts)

    def missed(self, error: Exception, *packs: str) -> Checked:
        """Note that a service did not answer about packs; return what is said of them."""
        self._away.setdefault(str(error), set()).update(packs)
        return joined(_unknown("pack", name, error) for name in packs)

    def away(self) -> tuple[Away, ...]:
        """Return who did not answer, sorted."""
        return tuple((told, tuple(sorted(self._away[told]))) for told in sorted(self._away))


def _unknown(about: About, name: str, error: Exception) -> Checked:
    return Checked(items=(Item(about, name, "unknown", error=str(error)),))


def upstream(
    lock: Lock,
    services: Upstream,
    executor: Executor,
    reporter: Reporter | None = None,
    more: Sequence[Question] = (),
) -> tuple[Checked, tuple[Away, ...]]:
    """Return what the services say of every pin, and which of them did not answer.

    `more` are questions besides. Uses the network through `services`, side by side: two requests
    for all packs of the Comfy Registry and a few for each; a few for each other pin.
    """
    asking = _Asking(executor, reporter)
    listed = [pin for pin in lock.packs if pin.source == "comfy-registry"]
    questions, missed = _registry(asking, services.registry, listed)
    for pin in lock.packs:
        if pin.source == "git":
            questions.append(Question("pack", pin.name, partial(git_checked, pin, services.git)))
        elif pin.source == "file":
            questions.append(Question("pack", pin.name, partial(file_checked, pin, services.files)))
    for model in lock.models:
        questions.append(Question("model", model.key, partial(model_checked, model, services)))
    for image in lock.images:
        ask = partial(image_checked, image, services.images)
        questions.append(Question("image", image_name(image), ask))
    if lock.comfyui is not None and lock.comfyui.commit is not None:
        ask = partial(comfyui_checked, lock.comfyui, services.git)
        questions.append(Question("comfyui", "comfyui", ask))
    return missed + asking.answers([*questions, *more]), asking.away()


def _registry(
    asking: _Asking, registry: PackRegistry, pins: list[PackPin]
) -> tuple[list[Question], Checked]:
    """Return what to ask about packs of the Comfy Registry; it is asked for all of them at once."""
    if not pins:
        return [], Checked()
    names = tuple(sorted(pin.name for pin in pins))
    try:
        pairs = tuple(sorted((pin.name, pin.version or "") for pin in pins))
        packs, versions = registry.packs(names), registry.versions(pairs)
    except (SourceUnavailableError, RefusedError) as error:
        return [], asking.missed(error, *names)
    questions = []
    for pin in pins:
        known = (packs[pin.name], versions[pin.name, pin.version or ""])
        ask = partial(registry_checked, pin, known, registry)
        questions.append(Question("pack", pin.name, ask))
    return questions, Checked()
