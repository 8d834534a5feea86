"""Every pin at its service: is it still there, with the same bytes, and may it still be had?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from comfylock.errors import RefusedError, SourceUnavailableError
from comfylock.verifying.findings import Checked
from comfylock.verifying.upstream_models import model_checked
from comfylock.verifying.upstream_packs import (
    comfyui_checked,
    file_checked,
    git_checked,
    image_checked,
    registry_checked,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor

    from comfylock.lockfile.schema import Lock, PackPin
    from comfylock.references import Reference
    from comfylock.sources.interface import (
        CivitaiSource,
        FileSource,
        GitSource,
        HubSource,
        ImageSource,
        Missing,
        PackRegistry,
        RegistryPack,
        RegistryVersion,
        ReleaseSource,
        RepositoryFileSource,
        UrlSource,
    )

Away = tuple[str, tuple[str, ...]]
"""What a service that did not answer says, and what could therefore not be learnt."""


class Upstream(Protocol):
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
    def hub(self) -> HubSource:
        """Hugging Face."""

    @property
    def civitai(self) -> CivitaiSource:
        """CivitAI."""

    @property
    def releases(self) -> ReleaseSource:
        """GitHub's releases."""

    @property
    def repository_files(self) -> RepositoryFileSource:
        """Files of repositories."""

    @property
    def urls(self) -> UrlSource:
        """Any other address."""

    @property
    def images(self) -> ImageSource:
        """Registries of container images."""

    @property
    def reference(self) -> Callable[[str], Reference]:
        """What an address means."""


class Reporter(Protocol):
    """Is told how far the questions are."""

    def begin(self, count: int) -> None:
        """Note that so many more are to be asked."""

    def done(self, subject: str) -> None:
        """Note that one of them is answered."""


class _Asking:
    """Questions under way, and what services that do not answer cost."""

    def __init__(self, executor: Executor, reporter: Reporter | None) -> None:
        self._executor, self._reporter = executor, reporter
        self._away: dict[str, set[str]] = {}

    def answers(self, questions: Mapping[str, Callable[[], Checked]]) -> Checked:
        """Return what came of all questions; each key is what one is about."""
        if self._reporter is not None:
            self._reporter.begin(len(questions))
        futures = {key: self._executor.submit(ask) for key, ask in questions.items()}
        checked = Checked()
        for key, future in futures.items():
            try:
                checked += future.result()
            except (SourceUnavailableError, RefusedError) as error:
                self._away.setdefault(str(error), set()).add(key)
            if self._reporter is not None:
                self._reporter.done(key)
        return checked

    def missed(self, error: Exception, *subjects: str) -> None:
        """Note that a service did not answer."""
        self._away.setdefault(str(error), set()).update(subjects)

    def away(self) -> tuple[Away, ...]:
        """Return who did not answer, sorted."""
        return tuple((told, tuple(sorted(self._away[told]))) for told in sorted(self._away))


def upstream(
    lock: Lock,
    services: Upstream,
    executor: Executor,
    reporter: Reporter | None = None,
    more: Mapping[str, Callable[[], Checked]] | None = None,
) -> tuple[Checked, tuple[Away, ...]]:
    """Return what the services say of every pin, and which of them did not answer.

    `more` are questions besides, by what they are about. Uses the network through `services`,
    side by side: two requests for all packs of the Comfy Registry and a few for each; a few for
    each other pin.
    """
    asking = _Asking(executor, reporter)
    listed = [pin for pin in lock.packs if pin.source == "comfy-registry"]
    packs, versions = _registry(asking, services.registry, listed)
    questions: dict[str, Callable[[], Checked]] = dict(more or {})
    for pin in listed:
        pair = (pin.name, pin.version or "")
        if pin.name in packs and pair in versions:
            known = (packs[pin.name], versions[pair])
            questions[pin.name] = partial(registry_checked, pin, known, services.registry)
    for pin in lock.packs:
        if pin.source == "git":
            questions[pin.name] = partial(git_checked, pin, services.git)
        elif pin.source == "file":
            questions[pin.name] = partial(file_checked, pin, services.files)
    for model in lock.models:
        questions[model.key] = partial(model_checked, model, services)
    for image in lock.images:
        key = f"{image.name} {image.platform}"
        questions[key] = partial(image_checked, image, services.images)
    if lock.comfyui is not None and lock.comfyui.commit is not None:
        questions["comfyui"] = partial(comfyui_checked, lock.comfyui, services.git)
    return asking.answers(questions), asking.away()


def _registry(
    asking: _Asking, registry: PackRegistry, pins: list[PackPin]
) -> tuple[dict[str, RegistryPack | Missing], dict[tuple[str, str], RegistryVersion | Missing]]:
    """Return what the Comfy Registry says of all packs and versions, asked for at once."""
    if not pins:
        return {}, {}
    names = tuple(sorted(pin.name for pin in pins))
    try:
        pairs = tuple(sorted((pin.name, pin.version or "") for pin in pins))
        return registry.packs(names), registry.versions(pairs)
    except (SourceUnavailableError, RefusedError) as error:
        asking.missed(error, *names)
        return {}, {}
